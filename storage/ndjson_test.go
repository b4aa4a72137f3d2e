package storage_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// recorded reads a recording as replay does, and fails when a line cannot be read or the file ends badly.
func recorded(t testing.TB, path string) (recs []cell.Record) {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	r := cell.NewReader(f, path)
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return recs
		}
		require.NoError(t, err)
		recs = append(recs, rec)
	}
}

func TestNDJSONIsASink(t *testing.T) {
	for _, name := range []string{"rec.ndjson", "rec.ndjson.gz"} {
		t.Run(name, func(t *testing.T) {
			storagetest.Sink(t, func(t testing.TB) storagetest.Subject {
				path := filepath.Join(t.TempDir(), name)
				return storagetest.Subject{
					Open: func(t testing.TB) storage.Sink {
						n, err := storage.OpenNDJSON(path)
						require.NoError(t, err)
						return n
					},
					Records: func(t testing.TB) []cell.Record { return recorded(t, path) },
				}
			})
		})
	}
}

// A recording that was cut off anywhere loses what was cut, is appended to, and reads without a complaint.
func TestCutRecordingIsMended(t *testing.T) {
	for _, name := range []string{"rec.ndjson", "rec.ndjson.gz"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			day := storagetest.Day(60)
			n, err := storage.OpenNDJSON(path)
			require.NoError(t, err)
			for _, r := range day {
				require.NoError(t, n.Append(r))
			}
			require.NoError(t, n.Close())
			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			later := &cell.Gap{Time: storagetest.Start.Add(time.Hour), Sensor: "roof-1", Reason: "after"}
			rnd := rand.New(rand.NewPCG(1, 1))
			for i := range 60 {
				cut := rnd.IntN(len(whole) + 1)
				tail := []byte(nil)
				if i%3 == 0 {
					tail = make([]byte, rnd.IntN(5000)) // as some file systems leave it
				}
				require.NoError(t, os.WriteFile(path, append(bytes.Clone(whole[:cut]), tail...), 0o600))
				n, err := storage.OpenNDJSON(path)
				require.NoError(t, err)
				require.NoError(t, n.Append(later))
				require.NoError(t, n.Close())
				f, err := os.Open(path)
				require.NoError(t, err)
				r := cell.NewReader(f, path)
				var recs []cell.Record
				for {
					rec, err := r.Next()
					if err == io.EOF {
						break
					}
					require.NoError(t, err, "cut at %d", cut)
					recs = append(recs, rec)
				}
				require.NoError(t, f.Close())
				require.LessOrEqual(t, r.Counts().Skipped, 1, "cut at %d", cut)
				require.Equal(t, later, recs[len(recs)-1])
				require.Equal(t, day[:len(recs)-1], recs[:len(recs)-1], "cut at %d", cut)
				require.GreaterOrEqual(t, len(recs), cut*len(day)/len(whole)/2, "more is lost than was cut")
			}
		})
	}
}

func TestRecordingSurvivesKill(t *testing.T) {
	rounds := 15
	if testing.Short() {
		rounds = 3
	}
	for _, name := range []string{"rec.ndjson", "rec.ndjson.gz"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
			path := filepath.Join(t.TempDir(), name)
			next := 0
			for range rounds {
				acked := killed(t, "ndjson", path, next, []int{1, 20, 300}[rnd.IntN(3)], rnd)
				n, err := storage.OpenNDJSON(path)
				require.NoError(t, err)
				require.NoError(t, n.Close())
				recs := recorded(t, path)
				require.GreaterOrEqual(t, len(recs), acked)
				for i, r := range recs {
					require.Equal(t, numbered(i), r)
				}
				next = len(recs)
			}
			t.Logf("%d records in %d lives", next, rounds)
		})
	}
}

func TestNDJSONRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rec.ndjson.gz")
	n, err := storage.OpenNDJSON(path)
	require.NoError(t, err)
	_, err = storage.OpenNDJSON(path)
	require.ErrorIs(t, err, storage.ErrLocked)
	require.NoError(t, n.Append(storagetest.Day(3)...))
	require.NoError(t, n.Sync())
	require.NoError(t, n.Close())
	require.NoError(t, n.Close())
	require.Error(t, n.Sync())

	// What is not ours is not touched.
	for name, text := range map[string]string{"letter.gz": "dear sir", "appended.gz": ""} {
		path := filepath.Join(dir, name)
		if text == "" {
			var b bytes.Buffer
			gz := gzip.NewWriter(&b)
			_, _ = gz.Write([]byte("{}\n"))
			_ = gz.Close()
			text = b.String() + "and a note"
		}
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err = storage.OpenNDJSON(path)
		require.ErrorIs(t, err, storage.ErrForeign)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(after))
	}
	for _, path := range []string{dir, filepath.Join(dir, "none", "rec.ndjson"), "/dev/null"} {
		_, err = storage.OpenNDJSON(path)
		require.Error(t, err)
		t.Log(err)
	}
}

func TestRecordingOnFullDisk(t *testing.T) {
	for _, name := range []string{"rec.ndjson", "rec.ndjson.gz"} {
		t.Run(name, func(t *testing.T) {
			dir := mounted(t, "256k")
			path := filepath.Join(dir, name)
			n, err := storage.OpenNDJSON(path)
			require.NoError(t, err)
			acked := 0
			for err == nil {
				var recs []cell.Record
				for i := range 40 {
					recs = append(recs, numbered(acked+i))
				}
				if err = n.Append(recs...); err == nil {
					acked += 40
				}
			}
			require.ErrorIs(t, err, storage.ErrFull)
			require.Len(t, recorded(t, path), acked)
			require.NoError(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=1m"))
			require.NoError(t, n.Append(numbered(acked)))
			require.NoError(t, n.Close())
			for i, r := range recorded(t, path) {
				require.Equal(t, numbered(i), r)
			}
		})
	}
}

func BenchmarkNDJSON(b *testing.B) {
	day := storagetest.Day(10_000)
	for _, name := range []string{"rec.ndjson", "rec.ndjson.gz"} {
		for _, batch := range []int{1, 500} {
			b.Run(fmt.Sprintf("%s/batch=%d", strings.TrimPrefix(name, "rec."), batch), func(b *testing.B) {
				path := filepath.Join(b.TempDir(), name)
				n, err := storage.OpenNDJSON(path)
				require.NoError(b, err)
				done := 0
				for b.Loop() {
					at := 1 + done%9000
					require.NoError(b, n.Append(day[at:at+batch]...))
					done += batch
				}
				require.NoError(b, n.Close())
				info, err := os.Stat(path)
				require.NoError(b, err)
				b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "obs/s")
				b.ReportMetric(float64(info.Size())/float64(done), "B/obs")
			})
		}
	}
}
