package storage_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// Acknowledged pending records are there after a kill, in order and with the numbers that they were given.
func TestKilledWhileAppendingLater(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	for _, name := range []string{"plain.db", "keyed.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
			path := filepath.Join(t.TempDir(), name)
			o := crashOptions(path)
			o.Create = true
			require.NoError(t, open(t, path, o).Close())
			next := 0
			for range rounds {
				acked := killed(t, "gather", path, next, []int{1000, 7}[rnd.IntN(2)], rnd)
				if text, err := os.ReadFile(path + "-tail"); err == nil && name == "keyed.db" {
					require.NotContains(t, string(text), "servingcell", "encrypted, as the store is")
				}
				s := open(t, path, crashOptions(path))
				require.NoError(t, s.Check(ctx))
				next = 0
				for e, err := range s.Records(ctx, storage.Query{}) {
					require.NoError(t, err)
					require.Equal(t, numbered(next), e.Record)
					next++
					require.EqualValues(t, next, e.Seq)
				}
				require.GreaterOrEqual(t, next, acked, "acknowledged and lost")
				require.NoFileExists(t, path+"-tail")
				require.NoError(t, s.Close())
			}
			t.Logf("%d records in %d lives", next, rounds)
		})
	}
}

// Readers in this process see pending records; records that may be stored already are left to Append; what a file holds of
// other generations, or is cut off, is skipped.
func TestAppendLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path, storage.Options{Create: true})
	require.NoError(t, s.Append(ctx, second(0)))
	changed := s.Changed()
	seq, ok, err := s.AppendLater(ctx, second(1), second(2))
	require.NoError(t, err)
	require.True(t, ok)
	require.EqualValues(t, 3, seq)
	select {
	case <-changed:
		t.Fatal("followers see it with the transaction")
	default:
	}
	for _, again := range []cell.Record{second(2), second(1), &cell.Source{Sensor: "roof"}} {
		_, ok, err := s.AppendLater(ctx, again)
		require.NoError(t, err)
		require.False(t, ok)
	}
	require.Equal(t, []int{0, 1, 2}, times(t, s))
	<-changed
	_, _, err = s.AppendLater(ctx, second(3))
	require.NoError(t, err)
	require.NoError(t, s.Append(ctx, second(2), second(3), second(4)))
	st, err := s.Stats(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 5, st.Seq, "what is gathered is not stored twice")
	wrong := s.Update(ctx, func(*storage.Tx) error { return os.ErrInvalid })
	require.ErrorIs(t, wrong, os.ErrInvalid)
	_, _, err = s.AppendLater(ctx, second(5))
	require.NoError(t, err)
	require.ErrorIs(t, s.Update(ctx, func(*storage.Tx) error { return os.ErrInvalid }), os.ErrInvalid)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5}, times(t, s), "it outlives a transaction that failed")

	_, _, err = s.AppendLater(ctx, second(6), second(7))
	require.NoError(t, err)
	left, err := os.ReadFile(path + "-tail") // as a crash would leave it
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoFileExists(t, path+"-tail")
	for name, c := range map[string]struct {
		file []byte
		want int
	}{"whole": {left, 8}, "cut": {left[:len(left)-1], 8}, "empty": {nil, 8}, "noise": {[]byte(strings.Repeat("noise", 100)), 8}} {
		require.NoError(t, os.WriteFile(path+"-tail", c.file, 0o600))
		s = open(t, path, storage.Options{})
		require.Len(t, times(t, s), c.want, name)
		require.NoError(t, s.Check(ctx))
		require.NoError(t, s.Close())
	}

	// The same file next to a store that never had the records in a transaction.
	other := filepath.Join(t.TempDir(), "other.db")
	o := open(t, other, storage.Options{Create: true})
	require.NoError(t, o.Close())
	require.NoError(t, os.WriteFile(other+"-tail", left, 0o600))
	readOnly := open(t, other, storage.Options{ReadOnly: true})
	require.Len(t, readOnly.Notices(), 1, "a reader says that something waits")
	require.NoError(t, readOnly.Close())
	o = open(t, other, storage.Options{})
	require.Equal(t, []int{6, 7}, times(t, o), "what a crash left is taken")
}

// What is stored is what was given, in the file, in the database and in the table of cells, whatever the caller does with its
// records afterwards: nothing of them is kept, so each is encoded once.
func TestAppendLaterKeepsNoRecordOfTheCaller(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path, storage.Options{Create: true})
	given := func() []cell.Record {
		o := storagetest.Day(2)[1].(*cell.Observation)
		o.Serving.ID, o.Serving.Area = cell.Some[uint64](0x1a2b3c), cell.Some[cell.Area](7)
		return []cell.Record{o, &cell.Health{Sensor: o.Sensor, Time: o.Time.Add(time.Second), Reason: "unreadable", Raw: []string{"+QENG: 1", "+QENG: 2"}}}
	}
	lent := given()
	_, ok, err := s.AppendLater(ctx, lent...)
	require.NoError(t, err)
	require.True(t, ok)
	o, h := lent[0].(*cell.Observation), lent[1].(*cell.Health)
	o.Sensor, o.Time, o.Raw[0] = "cellar", o.Time.Add(time.Hour), "changed"
	o.Serving.ID, o.Serving.RSRP = cell.Some[uint64](1), cell.Some[cell.DBm](-1)
	o.Neighbours[0] = cell.Cell{}
	h.Sensor, h.Time, h.Reason, h.Raw[1] = "cellar", h.Time.Add(time.Hour), "changed", "changed"

	inFile, err := storage.ReadJournal(path)
	require.NoError(t, err)
	require.Equal(t, given(), inFile)
	require.ErrorIs(t, s.Update(ctx, func(*storage.Tx) error { return os.ErrInvalid }), os.ErrInvalid)
	_, ok, err = s.AppendLater(ctx, given()...)
	require.NoError(t, err)
	require.False(t, ok, "it is known after a transaction that failed")
	require.NoError(t, s.Append(ctx, given()...), "and adds nothing")
	var stored []cell.Record
	for e, err := range s.Records(ctx, storage.Query{}) {
		require.NoError(t, err)
		stored = append(stored, e.Record)
	}
	require.Equal(t, given(), stored)
	first := given()[0].(*cell.Observation)
	known := storage.KnownCells(t, s)
	i := slices.IndexFunc(known, func(k storage.KnownCell) bool { return k.ID == 0x1a2b3c })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, first.Sensor, known[i].Sensor)
	require.EqualValues(t, 1, known[i].Count)
	require.Equal(t, first.Serving.RSRP, known[i].Strongest)
	require.False(t, slices.ContainsFunc(known, func(k storage.KnownCell) bool { return k.ID == 1 || k.Sensor == "cellar" }))
	from, to, err := s.Span(ctx, first.Sensor)
	require.NoError(t, err)
	require.Equal(t, first.Time, from)
	require.Equal(t, first.Time.Add(time.Second), to)
	st, err := s.Stats(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, st.Observations)
	require.EqualValues(t, 1, st.Others)
}

// Hundreds of random cuts and flips of the file cost at most its end.
func TestJournalDamage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "s.db"), storage.Options{Create: true})
	for i := range 20 {
		_, _, err := s.AppendLater(ctx, numbered(i))
		require.NoError(t, err)
	}
	left, err := os.ReadFile(filepath.Join(dir, "s.db-tail"))
	require.NoError(t, err)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		bad := append([]byte(nil), left[:rnd.IntN(len(left)+1)]...)
		if len(bad) > 0 && i%2 == 0 {
			bad[rnd.IntN(len(bad))] ^= 1 << rnd.IntN(8)
		}
		name := filepath.Join(dir, "t"+strconv.Itoa(i%4))
		require.NoError(t, os.WriteFile(name+"-tail", bad, 0o600))
		recs, err := storage.ReadJournal(name)
		require.NoError(t, err)
		for j, r := range recs {
			require.Equal(t, cell.Record(numbered(j)), r)
		}
	}
}
