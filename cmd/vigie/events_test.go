package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/modem/at"
	"vigie/review/evidence"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// A person types the beginning of an id; it names one event, or the error shows that it does not.
func TestEventByTheBeginningOfItsID(t *testing.T) {
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true, Create: true})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.PutEvents(t.Context(), storagetest.Events(12)...))
	alone := storagetest.Events(1)[0]
	alone.ID = "0e8c878e"
	require.NoError(t, s.PutEvents(t.Context(), alone))
	known, err := evidence.New(evidence.Options{Stores: []evidence.Named{{Store: s}}, Scrub: at.Scrub, Now: time.Now})
	require.NoError(t, err)
	for id, want := range map[string]string{
		"0e8c":       "0e8c878e",
		"event-0003": "event-0003",
		"event-0011": "event-0011",
		"event-0":    `12 events begin with "event-0"`,
		"event-001":  `2 events begin with "event-001"`,
		"event-0012": `no event "event-0012" in the store`,
		"":           `no event "" in the store`,
	} {
		e, err := findEvent(t.Context(), known, id)
		if err != nil {
			require.EqualError(t, err, want)
			continue
		}
		require.Equal(t, want, e.ID)
	}
}

// A store of an older Vigie is not changed by reading it; the hint shows how to update it.
func TestOlderStore(t *testing.T) {
	db := filepath.Join(t.TempDir(), "s.db")
	s, err := storage.Open(t.Context(), db, storage.Options{Create: true})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	storagetest.Inside(t, db, "DROP TABLE reach", "DROP TABLE remark", "DELETE FROM goose_db_version WHERE version_id > 4", "PRAGMA user_version=4")
	_, stderr, status := vigie(t, "events", "--store", db)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "vigie import --store DB /dev/null")
}
