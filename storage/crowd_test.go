package storage_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
)

// crowd makes records of one time, of two sensors, some of which differ in their raw lines only.
func crowd(n int) (recs []cell.Record) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for i := range n {
		recs = append(recs, &cell.Observation{Time: at, Sensor: fmt.Sprint("roof-", i%2), State: cell.Idle,
			Serving: &cell.Cell{RAT: cell.LTE, ID: cell.Some(uint64(i / 4))}, Raw: []string{fmt.Sprint("+X: ", i%4), "OK"}[:1+i%4/3]})
	}
	return recs
}

func appended(t *testing.T, s *storage.Store, recs []cell.Record) (n int64) {
	t.Helper()
	for len(recs) > 0 {
		most := min(len(recs), 1000)
		require.NoError(t, s.Update(ctx, func(tx *storage.Tx) error {
			before := tx.Seq()
			after, err := tx.Append(recs[:most]...)
			n += after - before
			return err
		}))
		recs = recs[most:]
	}
	return n
}

// Of many records of one time each is stored once, and finding that out takes no longer for the last than for the first: 12,000
// would take many minutes.
func TestManyRecordsOfOneTime(t *testing.T) {
	t.Parallel()
	path, recs := filepath.Join(t.TempDir(), "s.db"), crowd(12_000)
	s := open(t, path, storage.Options{Create: true})
	require.EqualValues(t, len(recs), appended(t, s, recs))
	require.Zero(t, appended(t, s, recs))
	require.NoError(t, s.Close())

	s = open(t, path, storage.Options{}) // which knows them from the file only
	require.Zero(t, appended(t, s, recs[len(recs)/2:]))
	more := crowd(len(recs) + 500)
	require.EqualValues(t, 500, appended(t, s, more))
	require.Error(t, s.Update(ctx, func(tx *storage.Tx) error {
		_, err := tx.Append(crowd(len(recs) + 600)...)
		require.NoError(t, err)
		return fmt.Errorf("taken back")
	}))
	require.EqualValues(t, 100, appended(t, s, crowd(len(recs)+600)), "what was taken back is not there")

	_, err := s.Delete(ctx, storage.DeleteQuery{Sensor: "roof-0"}, false)
	require.NoError(t, err)
	require.EqualValues(t, len(recs)/2+300, appended(t, s, crowd(len(recs)+600)), "what was deleted is not there")
}

// Times that take turns are as fast as one after the other.
func TestManyRecordsOfSomeTimes(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
	var recs []cell.Record
	for i, r := range crowd(8_000) {
		o := r.(*cell.Observation)
		o.Time = o.Time.Add(time.Duration(i%10) * time.Second)
		recs = append(recs, o)
	}
	require.EqualValues(t, len(recs), appended(t, s, recs))
	require.Zero(t, appended(t, s, recs))
}
