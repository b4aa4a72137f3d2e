package transfer_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
	"vigie/storage/transfer"
)

// judged is a store with events, verdicts and notes.
func judged(t *testing.T) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	require.NoError(t, s.Append(t.Context(), storagetest.Day(20)...))
	evs := storagetest.Events(4)
	require.NoError(t, s.PutEvents(t.Context(), evs...))
	for i, j := range []storage.Judgement{storage.Suspicious, storage.Benign} {
		_, err := s.AddVerdict(t.Context(), storage.Verdict{Event: evs[i].ID, Judgement: j, Author: "ada", Reason: "a van", Time: storagetest.Start.Add(time.Hour)})
		require.NoError(t, err)
	}
	require.NoError(t, s.UndoVerdict(t.Context(), evs[1].ID, "bob", storagetest.Start.Add(2*time.Hour)))
	id := storage.NewRemarkID()
	for _, r := range []storage.Remark{{Kind: storage.CaseName, Case: id, Text: "the march"}, {Kind: storage.Include, Case: id, Event: evs[0].ID}, {Kind: storage.Note, Event: evs[1].ID, Text: "seen again"}} {
		r.Time = storagetest.Start.Add(3 * time.Hour)
		_, err := s.AddRemark(t.Context(), r)
		require.NoError(t, err)
	}
	return s
}

// wrote are the verdicts and remarks of a store, as their lines.
func wrote(t *testing.T, s *storage.Store) string {
	t.Helper()
	all, _, err := transfer.WrittenIn(t.Context(), s, nil)
	require.NoError(t, err)
	var text []byte
	for i := range all {
		text, err = all[i].Append(text)
		require.NoError(t, err)
	}
	return string(text)
}

// taken imports the files of a directory into a new store.
func taken(t *testing.T, dir string, ids ...age.Identity) (*storage.Store, *transfer.Importer) {
	t.Helper()
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	im, err := transfer.NewImporter(t.Context(), s, "", func(int) {})
	require.NoError(t, err)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	m := &transfer.Merge{Each: func(in *transfer.Input, r cell.Record) { im.Rename(in.Store, r) }, Other: func(in *transfer.Input, line []byte) { im.Line(t.Context(), in, line) }}
	var rows [][]string
	for _, f := range files {
		path := filepath.Join(dir, f.Name())
		if strings.HasSuffix(path, ".sealed") {
			_, err := im.Unseal(t.Context(), path, ids)
			require.NoError(t, err)
		} else {
			rows = append(rows, []string{path})
		}
	}
	require.NoError(t, m.Open(t.Context(), rows, nil))
	defer m.Close()
	for recs := m.Read(); recs != nil; recs = m.Read() {
		require.NoError(t, im.Add(t.Context(), recs...))
	}
	require.NoError(t, im.Finish(t.Context()))
	require.Zero(t, m.Counts().Skipped)
	return s, im
}

// What people decided and wrote goes along, sealed or not, in one file of its own that is written only when there is something new.
func TestSyncCarriesWhatPeopleWrote(t *testing.T) {
	t.Parallel()
	id := identity(t)
	for name, to := range map[string][]age.Recipient{"plain": nil, "sealed": {id.Recipient()}} {
		t.Run(name, func(t *testing.T) {
			s, dir := judged(t), t.TempDir()
			o := transfer.Options{To: to}
			done, err := transfer.Sync(t.Context(), s, dir, o)
			require.NoError(t, err)
			require.Equal(t, 5, done.Written)
			home, im := taken(t, dir, id)
			require.Equal(t, wrote(t, s), wrote(t, home))
			require.Equal(t, 5, im.Written)
			files := list(t, dir)

			_, err = transfer.Sync(t.Context(), s, dir, o)
			require.NoError(t, err)
			require.Equal(t, files, list(t, dir), "nothing is new")
			_, err = s.AddVerdict(t.Context(), storage.Verdict{Event: "event-0003", Judgement: storage.Unsure, Time: storagetest.Start.Add(4 * time.Hour)})
			require.NoError(t, err)
			_, err = transfer.Sync(t.Context(), s, dir, o)
			require.NoError(t, err)
			require.Len(t, list(t, dir), len(files), "it takes the place of the old one")
			home, _ = taken(t, dir, id)
			require.Equal(t, wrote(t, s), wrote(t, home))
			for _, f := range list(t, dir) {
				text, err := os.ReadFile(filepath.Join(dir, f))
				require.NoError(t, err)
				require.NotContains(t, string(text), "the march")
			}
		})
	}
}

func list(t *testing.T, dir string) (names []string) {
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

// What is written of an event that may not leave stays, and so does a case that holds such an event. What stays is counted.
func TestTrimmedEventsKeepWhatIsWrittenOfThem(t *testing.T) {
	t.Parallel()
	s, dir := judged(t), t.TempDir()
	filter := func(e storage.Entry) transfer.Decision {
		if e.Event != nil && e.Event.ID == "event-0000" {
			return transfer.Withhold
		}
		return transfer.Send
	}
	done, err := transfer.Sync(t.Context(), s, dir, transfer.Options{Filter: filter})
	require.NoError(t, err)
	require.Equal(t, 2, done.Written, "a verdict that was taken back, and a note")
	require.Equal(t, 3, done.WrittenLeft)
	require.Equal(t, 1, done.Left.Events)
	require.Equal(t, storagetest.Events(1)[0].First, done.Left.First)
	home, _ := taken(t, dir)
	require.NotContains(t, wrote(t, home), "the march")
	require.Contains(t, wrote(t, home), "seen again")
	_, err = transfer.Sync(t.Context(), s, dir, transfer.Options{})
	require.NoError(t, err)
	home, _ = taken(t, dir)
	require.Equal(t, wrote(t, s), wrote(t, home), "later all of it may")
}

// A stream ends with what people wrote; a sensor that is called otherwise here takes its verdicts along.
func TestStreamIntoAStoreWithASensorOfThatName(t *testing.T) {
	t.Parallel()
	s := judged(t)
	var stream bytes.Buffer
	done, err := transfer.Stream(t.Context(), s, &stream, transfer.Options{})
	require.NoError(t, err)
	require.Equal(t, 5, done.Written)
	home, err := storage.Open(t.Context(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer home.Close()
	require.NoError(t, home.Append(t.Context(), storagetest.Day(3)...)) // another roof-1
	im, err := transfer.NewImporter(t.Context(), home, "", func(int) {})
	require.NoError(t, err)
	m := &transfer.Merge{Each: func(in *transfer.Input, r cell.Record) { im.Rename(in.Store, r) }, Other: func(in *transfer.Input, line []byte) { im.Line(t.Context(), in, line) }}
	require.NoError(t, m.Open(t.Context(), [][]string{{"-"}}, &stream))
	defer m.Close()
	for recs := m.Read(); recs != nil; recs = m.Read() {
		require.NoError(t, im.Add(t.Context(), recs...))
	}
	require.NoError(t, im.Finish(t.Context()))
	require.Equal(t, 5, im.Written)
	require.Zero(t, im.WrittenLeft)
	for e, err := range home.Events(t.Context(), storage.EventQuery{Verdict: storage.Suspicious}) {
		require.NoError(t, err)
		require.Regexp(t, `^roof-1-[0-9a-f]{4}$`, e.Sensor)
		return
	}
	t.Fatal("the verdict did not find its event")
}

// Verdicts about events that are not here are left out and counted; they become nothing else.
func TestWhatIsWrittenOfUnknownEvents(t *testing.T) {
	t.Parallel()
	s := judged(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.ndjson"), []byte(wrote(t, s)), 0o600))
	home, im := taken(t, dir)
	require.Equal(t, 4, im.WrittenLeft)
	require.Equal(t, 1, im.Written, "the name of the case")
	st, err := home.Stats(context.Background())
	require.NoError(t, err)
	require.Zero(t, st.Observations, "no empty observation")
}
