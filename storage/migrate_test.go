package storage_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
)

// The way back from the current schema to that of older programs.
var backTo = map[int]string{
	7: `DROP TABLE remark`,
	6: `DROP TABLE remark`,
	5: `DROP TABLE remark`,
	4: `DROP TABLE remark; DROP TABLE reach`,
	3: `DROP TABLE remark; DROP TABLE reach; DROP TABLE base_made;
		ALTER TABLE raw_base ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 0;
		ALTER TABLE raw_base ADD COLUMN own INTEGER NOT NULL DEFAULT 0;
		UPDATE raw_base SET own = 90, first_seq = used.first FROM (SELECT base, min(seq) AS first FROM raw GROUP BY base) AS used WHERE used.base = raw_base.id`,
	2: `DROP TABLE remark; DROP TABLE reach; DROP TABLE base_made; DROP TABLE summary; DROP TABLE swept; ALTER TABLE event DROP COLUMN bare`,
	1: `DROP TABLE remark; DROP TABLE reach; DROP TABLE base_made; DROP TABLE summary; DROP TABLE swept; ALTER TABLE event DROP COLUMN bare; DROP TABLE aside; DROP TABLE aside_count`,
}

// inside does something to the file of a store that nobody has open.
func inside(t testing.TB, path string, do func(*sql.DB)) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	do(db)
	require.NoError(t, db.Close())
}

func bases(t testing.TB, path string) (n int) {
	inside(t, path, func(db *sql.DB) { require.NoError(t, db.QueryRow("SELECT count(*) FROM raw_base").Scan(&n)) })
	return n
}

// noisy is a second whose raw lines are like nothing before every now and then, so that there are many bases.
func noisy(i int) *cell.Observation {
	o, rnd := second(i), rand.New(rand.NewPCG(uint64(i/70), 1))
	var b strings.Builder
	for range 40 {
		fmt.Fprintf(&b, "%08x ", rnd.Uint32())
	}
	o.Raw = []string{b.String(), fmt.Sprint("the second ", i)}
	if i%7 == 0 {
		o.Sensor = "cellar"
	}
	return o
}

// A store of an older schema opens at once, however large it is: nothing in it is rewritten. Then it can do what a new one can,
// and its raw lines survive what is deleted next to them.
func TestOlderSchemas(t *testing.T) {
	t.Parallel()
	for schema, back := range backTo {
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			t.Parallel()
			const n = 20_000
			path := filepath.Join(t.TempDir(), "s.db")
			s := open(t, path, storage.Options{Create: true})
			for i := 0; i < n; i += 500 {
				var recs []cell.Record
				for k := i; k < i+500; k++ {
					recs = append(recs, noisy(k))
				}
				require.NoError(t, s.Append(ctx, recs...))
			}
			require.NoError(t, s.PutEvents(ctx, eventAt("kept", 3000, 3100)))
			require.NoError(t, s.Close())
			inside(t, path, func(db *sql.DB) {
				_, err := db.Exec(back + fmt.Sprintf("; DELETE FROM goose_db_version WHERE version_id > %d; PRAGMA user_version=%[1]d", schema))
				require.NoError(t, err)
			})
			require.Greater(t, bases(t, path), 200)

			s, err := storage.Open(ctx, path, storage.Options{ReadOnly: true})
			if schema >= 5 { // its tables are those of today, but for remarks
				require.NoError(t, err)
				_, err = s.Event(ctx, "kept")
				remarks, none := s.Remarks(ctx)
				require.Empty(t, remarks)
				require.NoError(t, errors.Join(err, none, s.Close()))
				w, err := storage.OpenVerdictWriter(ctx, path, storage.Options{})
				require.NoError(t, err)
				_, err = w.AddRemark(ctx, storage.Remark{Event: "kept", Kind: storage.Note, Text: "x", Time: second(1).Time})
				require.ErrorIs(t, err, storage.ErrReadOnly)
				require.NoError(t, w.Close())
			} else {
				require.ErrorIs(t, err, storage.ErrReadOnly)
				require.ErrorContains(t, err, "open it once for writing")
			}
			s, err = storage.Open(ctx, path, storage.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { s.Close() })
			info, err := os.Stat(path)
			require.NoError(t, err)
			log, err := os.Stat(path + "-wal")
			require.NoError(t, err)
			require.Less(t, log.Size(), info.Size()/20, "what opening wrote")
			intact := func(want int) {
				t.Helper()
				got := 0
				for e, err := range s.Records(ctx, storage.Query{Kinds: storage.Observations}) {
					require.NoError(t, err)
					i := int(e.Record.When().Sub(second(0).Time) / time.Second)
					require.Equal(t, noisy(i), e.Record)
					got++
				}
				require.Equal(t, want, got)
				require.NoError(t, s.Check(ctx))
			}
			intact(n)

			// By age: what is around the event stays, and with it the bases of that time and no others.
			sum := purge(t, s, storage.Retention{FullRate: time.Second, Margin: time.Minute}, noisy(9_600).Time)
			require.Positive(t, sum.Records)
			intact(n - int(sum.Records))
			require.NoError(t, s.Close())
			left := bases(t, path)
			require.InDelta(t, float64(n-int(sum.Records))/70, float64(left), 15)

			// By hand: the raw lines of the other sensor do not need what is gone.
			s, err = storage.Open(ctx, path, storage.Options{})
			require.NoError(t, err)
			for i := n; i < n+500; i++ {
				require.NoError(t, s.Append(ctx, noisy(i)))
			}
			gone, err := s.Delete(ctx, storage.DeleteQuery{Sensor: "cellar"}, false)
			require.NoError(t, err)
			intact(n + 500 - int(sum.Records) - int(gone.Records))

			// And in the end nothing is left but the base that is in use.
			purge(t, s, storage.Retention{FullRate: time.Second, Events: time.Second}, noisy(n+100_000).Time)
			require.NoError(t, s.Append(ctx, noisy(n+100_000)))
			intact(1)
			require.NoError(t, s.Close())
			require.LessOrEqual(t, bases(t, path), 1)
		})
	}
}
