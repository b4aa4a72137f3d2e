package storage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// days yields n observations with four neighbours, one a second, in batches; without raw lines if so wished.
func days(n, batch int, raw bool) func(yield func([]cell.Record) bool) {
	day := storagetest.Day(min(n, 20_000))
	return func(yield func([]cell.Record) bool) {
		for done := 0; done < n; {
			recs := make([]cell.Record, min(batch, n-done))
			for i := range recs {
				o := *day[1+done%(len(day)-1)].(*cell.Observation)
				o.Time = storagetest.Start.Add(time.Duration(done) * time.Second)
				if !raw {
					o.Raw = nil
				}
				recs[i] = &o
				done++
			}
			if !yield(recs) {
				return
			}
		}
	}
}

// cpu is the time that this process has computed. On a machine that others use too, only rates by it can be compared.
func cpu() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkAppend: the targets are 50,000 observations/s batched, and 200 bytes an observation without its raw lines.
func BenchmarkAppend(b *testing.B) {
	const n = 50_000
	for _, key := range [][]byte{nil, []byte("0123456789abcdef0123456789abcdef")} {
		for _, raw := range []bool{false, true} {
			for _, batch := range []int{1, 100, 1000} {
				b.Run(fmt.Sprintf("encrypted=%v/raw=%v/batch=%d", key != nil, raw, batch), func(b *testing.B) {
					size, used := int64(0), 0.0
					for b.Loop() {
						b.StopTimer()
						s := open(b, filepath.Join(b.TempDir(), "vigie.db"), storage.Options{Create: true, Key: key})
						batches := slices.Collect(days(n, batch, raw))
						runtime.GC()
						used -= cpu()
						b.StartTimer()
						for _, recs := range batches {
							require.NoError(b, s.Append(ctx, recs...))
						}
						b.StopTimer()
						used += cpu()
						st, err := s.Stats(ctx)
						require.NoError(b, err)
						size = st.Bytes
						require.NoError(b, s.Close())
						b.StartTimer()
					}
					b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "obs/s")
					b.ReportMetric(n*float64(b.N)/used, "obs/cpu-s")
					b.ReportMetric(float64(size)/n, "B/obs")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}

// BenchmarkReplayDay: the target for a day at 1 Hz, with reading, analysis and store, is 2 seconds.
func BenchmarkReplayDay(b *testing.B) {
	batches := slices.Collect(days(86_400, 1000, true))
	replay := func(b *testing.B, s *storage.Store) {
		for _, recs := range batches {
			require.NoError(b, s.Append(ctx, recs...))
		}
	}
	b.Run("new", func(b *testing.B) {
		used := -cpu()
		for b.Loop() {
			s := open(b, filepath.Join(b.TempDir(), "vigie.db"), storage.Options{Create: true})
			replay(b, s)
			require.NoError(b, s.Close())
		}
		b.ReportMetric((used+cpu())/float64(b.N), "cpu-s/day")
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/day")
	})
	b.Run("again", func(b *testing.B) {
		s := open(b, filepath.Join(b.TempDir(), "vigie.db"), storage.Options{Create: true})
		replay(b, s)
		used := -cpu()
		for b.Loop() {
			replay(b, s)
		}
		b.ReportMetric((used+cpu())/float64(b.N), "cpu-s/day")
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/day")
	})
}

// BenchmarkEventStored is one round of watching that ends in an event: record, event and sync. The target from the last
// byte of the answer to here is 50 ms at the 99th percentile.
func BenchmarkEventStored(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "vigie.db"), storage.Options{Create: true})
	var took []time.Duration
	i := 0
	for b.Loop() {
		began := time.Now()
		require.NoError(b, s.Update(ctx, func(t *storage.Tx) error {
			if _, err := t.Append(numbered(i)); err != nil {
				return err
			}
			return t.PutEvents(numberedEvent(i))
		}))
		took = append(took, time.Since(began))
		i++
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
}

func large(b *testing.B, n int) string {
	path := filepath.Join(b.TempDir(), "vigie.db")
	s := open(b, path, storage.Options{Create: true})
	for recs := range days(n, 2000, true) {
		require.NoError(b, s.Append(ctx, recs...))
	}
	require.NoError(b, s.Close())
	return path
}

// BenchmarkOpen opens a store of a million observations, check at start included.
func BenchmarkOpen(b *testing.B) {
	path := large(b, 1_000_000)
	for b.Loop() {
		s := open(b, path, storage.Options{})
		require.NoError(b, s.Close())
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/open")
}

// BenchmarkStream reads 300,000 observations and reports the largest heap seen, which must not grow with their number.
func BenchmarkStream(b *testing.B) {
	const n = 300_000
	s := open(b, large(b, n), storage.Options{})
	for _, q := range map[string]storage.Query{"all": {}, "noraw": {NoRaw: true}} {
		b.Run(fmt.Sprintf("noraw=%v", q.NoRaw), func(b *testing.B) {
			most := uint64(0)
			for b.Loop() {
				i := 0
				for _, err := range s.Records(ctx, q) {
					require.NoError(b, err)
					if i++; i%20_000 == 0 {
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						most = max(most, m.HeapAlloc)
					}
				}
				require.Equal(b, n, i)
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "obs/s")
			b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	day := storagetest.Day(1000)[1:]
	var buf []byte
	size := 0
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		buf = storage.EncodeRecord(buf[:0], day[i%len(day)])
		size += len(buf)
		i++
	}
	b.ReportMetric(float64(size)/float64(i), "B/obs")
}

func BenchmarkDecode(b *testing.B) {
	var stored [][]byte
	for _, r := range storagetest.Day(1000)[1:] {
		stored = append(stored, storage.EncodeRecord(nil, r))
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := storage.DecodeRecord(stored[i%len(stored)], storage.Observations, "roof-1", 1); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// written is how many bytes this process has made the disk write so far, by the kernel's count.
func written(tb testing.TB) (n int64) {
	text, err := os.ReadFile("/proc/self/io")
	require.NoError(tb, err)
	_, after, ok := strings.Cut(string(text), "\nwrite_bytes: ")
	require.True(tb, ok)
	_, err = fmt.Sscan(after, &n)
	require.NoError(tb, err)
	return n
}

// BenchmarkWritten is an hour of watching at a record a second, each second synced: what a flash card has to bear, in MB
// an hour. The hour is played without waiting.
func BenchmarkWritten(b *testing.B) {
	for _, gather := range []bool{false, true} {
		b.Run(fmt.Sprintf("gather=%v", gather), func(b *testing.B) {
			var total int64
			for b.Loop() {
				s := open(b, filepath.Join(b.TempDir(), "vigie.db"), storage.Options{Create: true})
				total -= written(b)
				i := 0
				for recs := range days(3600, 1, true) {
					if gather {
						_, ok, err := s.AppendLater(ctx, recs...)
						require.NoError(b, err)
						require.True(b, ok)
					} else {
						require.NoError(b, s.Append(ctx, recs...))
					}
					i++
					require.NoError(b, storage.SyncNow(s, i%10 == 0))
				}
				require.NoError(b, s.Close())
				total += written(b)
			}
			b.ReportMetric(float64(total)/1e6/float64(b.N), "MB/h")
			b.ReportMetric(0, "ns/op")
		})
	}
}
