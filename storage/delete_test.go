package storage_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// The cell that is to be forgotten, and every form in which a file could hold it.
const (
	plantedID   = 0x0BADCAFE
	plantedText = "0BADCAFE"
)

var plantedForms = [][]byte{
	[]byte(plantedText), []byte(fmt.Sprint(plantedID)),
	binary.BigEndian.AppendUint32(nil, plantedID), binary.LittleEndian.AppendUint32(nil, plantedID), binary.AppendUvarint(nil, plantedID),
}

// findings are the files next to path that hold the planted cell, with the form in which they do.
func findPlanted(t testing.TB, path string) (found []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	require.NoError(t, err)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		for i, form := range plantedForms {
			if bytes.Contains(text, form) {
				found = append(found, fmt.Sprintf("%s form %d", filepath.Base(f), i))
			}
		}
	}
	return found
}

func planted(i int) *cell.Observation {
	o := second(i)
	o.Serving = &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "05", ID: cell.Some(uint64(plantedID)), Area: cell.Some(cell.Area(77)), RSRP: cell.Some(cell.DBm(-70))}
	o.Raw = []string{fmt.Sprintf("+QENG: \"servingcell\",%s,%d,of which the lines are long enough to be compared with a base, and never the same: %x", plantedText, i, i*7919)}
	return o
}

// plant makes a store with ordinary hours, and the planted cell for ten minutes in the middle: in records, raw lines and
// their bases, an event, the state of the analyzer, what a server refused, a summary, the table of cells, and in pages that
// were freed and written over since.
func plant(t *testing.T, path string, o storage.Options) *storage.Store {
	o.Create = true
	s := open(t, path, o)
	for hour := range 3 {
		seconds(t, s, hour*3600, 1800)
		if hour == 1 {
			var recs []cell.Record
			for i := range 600 {
				recs = append(recs, planted(hour*3600+1800+i))
				if len(recs) == 50 {
					require.NoError(t, s.Append(ctx, recs...))
					recs = nil
				}
			}
			e := eventAt("planted", hour*3600+1800, hour*3600+2400)
			e.Cells = []cell.Cell{*planted(1).Serving}
			e.Findings[0].Evidence = []analyzer.Evidence{{Time: planted(hour*3600 + 1900).Time, Raw: planted(1).Raw}}
			require.NoError(t, s.PutEvents(ctx, e, eventAt("other", 600, 700)))
			_, err := s.AddVerdict(ctx, storage.Verdict{Event: "planted", Judgement: storage.Suspicious, Time: storagetest.Start, Reason: "cell " + plantedText})
			require.NoError(t, err)
		}
		seconds(t, s, hour*3600+2500, 1000)
	}
	require.NoError(t, s.SaveState(ctx, "analyzer", []byte("learned "+plantedText), 1))
	require.NoError(t, s.SaveState(ctx, "settings usb", []byte("restore these"), 0))
	return s
}

// What a person deletes is in no byte of the files afterwards, whatever its form; all else is as it was.
func TestDeleteIsComplete(t *testing.T) {
	t.Parallel()
	from, to := second(3600+1800).Time, second(3600+2400).Time
	for name, c := range map[string]struct {
		swept bool
		what  storage.DeleteQuery
	}{
		"time":       {what: storage.DeleteQuery{From: from, To: to, KeepStates: []string{"settings "}}},
		"event":      {what: storage.DeleteQuery{Event: "planted", KeepStates: []string{"settings "}}},
		"sensor":     {what: storage.DeleteQuery{Sensor: "roof", KeepStates: []string{"settings "}}},
		"all":        {what: storage.DeleteQuery{KeepStates: []string{"settings "}}},
		"summarised": {swept: true, what: storage.DeleteQuery{From: from, To: to, KeepStates: []string{"settings "}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "s.db")
			s := plant(t, path, storage.Options{})
			other := second(5)
			other.Sensor = "other"
			require.NoError(t, s.Append(ctx, other))
			if c.swept { // the records go by age, the summaries and what is near the event stay
				purge(t, s, storage.Retention{FullRate: time.Minute, Margin: time.Second}, second(24*3600).Time)
			}
			if name == "all" || name == "sensor" { // and what waits in the tail
				_, ok, err := s.AppendLater(ctx, planted(20_000))
				require.NoError(t, err)
				require.True(t, ok)
			}
			require.NotEmpty(t, findPlanted(t, path))
			before := times(t, s)

			counted, err := s.Delete(ctx, c.what, true)
			require.NoError(t, err)
			require.Equal(t, before, times(t, s), "only counted")
			gone, err := s.Delete(ctx, c.what, false)
			require.NoError(t, err)
			require.Equal(t, counted, gone)
			require.EqualValues(t, 1, gone.Verdicts)
			require.Empty(t, findPlanted(t, path), "while the store is open")
			require.NoError(t, s.Check(ctx))

			for _, k := range storage.KnownCells(t, s) {
				require.NotEqual(t, uint64(plantedID), k.ID)
			}
			settings, _, err := s.LoadState(ctx, "settings usb")
			require.NoError(t, err)
			require.Equal(t, "restore these", string(settings))
			st, err := s.Stats(ctx)
			require.NoError(t, err)
			require.EqualValues(t, len(times(t, s)), st.Observations)
			if name == "time" {
				var want []int
				for _, i := range before {
					if i < 3600+1800 || i >= 3600+2400 {
						want = append(want, i)
					}
				}
				require.Equal(t, want, times(t, s))
				var gaps []*cell.Gap
				for e, err := range s.Records(ctx, storage.Query{Kinds: storage.Gaps}) {
					require.NoError(t, err)
					gaps = append(gaps, e.Record.(*cell.Gap))
				}
				require.Equal(t, []*cell.Gap{{Time: from, Sensor: "roof", Until: to.Add(-time.Second), Reason: "deleted"}}, gaps)
				for e, err := range s.Records(ctx, storage.Query{Kinds: storage.Observations, Sensor: "roof"}) {
					require.NoError(t, err)
					i := int(e.Record.When().Sub(storagetest.Start) / time.Second)
					require.Equal(t, second(i), e.Record, "what is left has its raw lines")
				}
			}
			require.NoError(t, s.Append(ctx, second(100_000))) // it can go on
			require.NoError(t, s.Close())
			require.Empty(t, findPlanted(t, path), "once it is closed")
			s = open(t, path, storage.Options{})
			require.NoError(t, s.Check(ctx))
		})
	}
}

// Who reads the store keeps its log from being emptied: that is said, and the next try ends it.
func TestDeleteNamesAReader(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the reader")
	}
	path := filepath.Join(t.TempDir(), "s.db")
	s := plant(t, path, storage.Options{})
	reader := open(t, path, storage.Options{ReadOnly: true})
	for range reader.Cells(ctx, storage.CellQuery{}) { // a view that stays open
		_, err := s.Delete(ctx, storage.DeleteQuery{}, false)
		require.ErrorIs(t, err, storage.ErrLocked)
		break
	}
	_, err := s.Delete(ctx, storage.DeleteQuery{}, false)
	require.NoError(t, err)
	require.Empty(t, findPlanted(t, path))
}

func TestDeleteNamesWhatIsNotThere(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
	_, err := s.Delete(ctx, storage.DeleteQuery{Event: "none"}, false)
	require.ErrorIs(t, err, storage.ErrNotFound)
}
