package storage_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// An older copy of an event takes nothing back.
func TestTakeEvent(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "review.db"), storage.Options{Create: true})
	e := storagetest.Events(1)[0]
	e.State = analyzer.Open
	later, closed := e, e
	later.Last = e.Last.Add(1e9)
	closed = later
	closed.State = analyzer.Closed
	take := func(e analyzer.Event) (changed bool) {
		require.NoError(t, s.Update(ctx, func(tx *storage.Tx) (err error) { changed, err = tx.TakeEvent(e); return err }))
		return changed
	}
	require.True(t, take(later))
	require.False(t, take(e))
	require.False(t, take(later))
	require.True(t, take(closed))
	require.False(t, take(later))
	got, err := s.Event(t.Context(), e.ID)
	require.NoError(t, err)
	require.Equal(t, closed, got)
}

// An event comes back from its line as it was.
func TestEventLine(t *testing.T) {
	for _, e := range storagetest.Events(50) {
		line, err := storage.AppendEntry(nil, &cell.Encoder{}, storage.Entry{Event: &e})
		require.NoError(t, err)
		got, err := storage.EventOfLine(line)
		require.NoError(t, err)
		require.Equal(t, e, got)

		var s analyzer.Signal
		s.Say("%s had been known under area %d", &analyzer.Ident{Has: cell.FieldCellID, RAT: cell.LTE, ID: 2}, 7)
		e.Phrases, e.Findings[1].Phrases = []analyzer.Phrase{s.Phrase}, []analyzer.Phrase{s.Phrase, {Format: "<&>"}}
		line, err = storage.AppendEntry(nil, &cell.Encoder{}, storage.Entry{Event: &e})
		require.NoError(t, err)
		for _, line := range [][]byte{line, storage.AppendEventBody(nil, &e)} {
			got, err := storage.EventOfLine(line)
			require.NoError(t, err)
			require.Equal(t, e, got)
			later := bytes.Replace(line, []byte(`"phrases":{`), []byte(`"phrases":7,"later":{`), 1)
			got, err = storage.EventOfLine(later)
			require.NoError(t, err)
			require.Equal(t, analyzer.Worded{Event: e}.Take(), got)
		}
	}
	rapid.Check(t, func(rt *rapid.T) { // values that no modem reports come back as the format can say them, and then stay so
		e := storagetest.Event().Draw(rt, "event")
		var lines [3]string
		for i := range lines {
			line, err := storage.AppendEntry(nil, &cell.Encoder{}, storage.Entry{Event: &e})
			if err != nil {
				rt.Skip("JSON has no word for a time or number of it")
			}
			require.Equal(rt, 1, bytes.Count(line, []byte("\n")))
			lines[i] = string(line)
			e, err = storage.EventOfLine(line)
			require.NoError(rt, err)
		}
		require.Equal(rt, lines[1], lines[2])
	})
	for _, bad := range []string{"", "{}", `{"kind":"event","event":3}`, `{"kind":"event","body":"AAAA"}`, `{"kind":"store","store":"x"}`} {
		_, err := storage.EventOfLine([]byte(bad))
		require.Error(t, err, bad)
		require.Empty(t, storage.StoreOfLine([]byte(bad)), bad)
	}
}
