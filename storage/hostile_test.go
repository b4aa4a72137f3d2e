package storage_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

var update = flag.Bool("update", false, "rewrite schemas.txt")

// schemas.txt is what the migrations make, version by version.
func TestGoldenSchemas(t *testing.T) {
	var b strings.Builder
	for version := 1; version <= storage.SchemaVersion; version++ {
		lines, err := storage.MigratedSchema(ctx, version)
		require.NoError(t, err)
		fmt.Fprintf(&b, "schema %d\n%s\n", version, strings.Join(lines, "\n"))
	}
	if *update {
		require.NoError(t, os.WriteFile("schemas.txt", []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile("schemas.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "a migration changed: make golden")
}

// Two statements that SQLite reads differently never become one line.
func TestSchemaLines(t *testing.T) {
	line := func(statement string) string { return storage.SchemaLine("table", "a", "a", statement) }
	good := line("CREATE TABLE a (b TEXT, -- what it's for\n  c INTEGER\n) STRICT")
	require.Equal(t, "table a a CREATE TABLE a(b TEXT,c INTEGER)STRICT", good)
	require.Equal(t, good, line("CREATE TABLE a(\n\tb TEXT,\n\tc INTEGER) STRICT -- of before"))
	for _, other := range []string{
		"CREATE TABLE a (b TEXT, c INTEGER) STRICT, d", "CREATE TABLE a (b TEXT, c\u00a0INTEGER) STRICT", "CREATE TABLE a (b TEXT, c\vINTEGER) STRICT",
		"CREATE TABLE a (b TEXT, \"--\n\" TEXT, c INTEGER) STRICT", "CREATE TABLE a (b TEXT, c INTEGER /* */) STRICT", "CREATE TABLE a (b TEXT, c INTEGER DEFAULT '--\n') STRICT",
		"CREATE TABLE a (b TEXT, [--\n] TEXT, c INTEGER) STRICT", "CREATE TABLE a (bTEXT, c INTEGER) STRICT", "CREATE TABLE a (b TEXT c INTEGER) STRICT", "CREATE TABLE a (b TEXT, c INTEGER) STRICT\x00",
	} {
		require.NotEqual(t, good, line(other), "%q", other)
	}
	require.NotEqual(t, storage.SchemaLine("index", "a", "b c", ""), storage.SchemaLine("index", "a b", "c", ""))
}

// A store that somebody made to hurt is refused, or every way to read it ends. VIGIE_HOSTILE=1 tries the large ones too.
func TestHostileStores(t *testing.T) {
	t.Parallel()
	for _, h := range storagetest.HostileStores {
		if h.Large && os.Getenv("VIGIE_HOSTILE") == "" {
			continue
		}
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "s.db")
			h.Make(t, path)
			limited, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			for _, o := range []storage.Options{{ReadOnly: true, Passphrase: h.Passphrase}, {Passphrase: h.Passphrase}} {
				s, err := storage.Open(limited, path, o)
				if h.Refused != nil {
					require.ErrorIs(t, err, h.Refused)
					t.Log(err)
					continue
				}
				if err != nil {
					t.Logf("read-only %v: %v", o.ReadOnly, err)
					requireNamed(t, err)
					continue
				}
				for what, err := range readAll(limited, s) {
					if err != nil {
						t.Logf("%s: %v", what, err)
						requireNamed(t, err)
					}
				}
				require.NoError(t, limited.Err(), "it does not end")
				if !o.ReadOnly {
					_, err := s.AddVerdict(limited, storage.Verdict{Event: "event-0005", Judgement: storage.Suspicious})
					t.Log("a verdict: ", err)
					t.Log("a record: ", s.Append(limited, second(5000)))
				}
				_ = s.Close()
			}
			w, err := storage.OpenVerdictWriter(limited, path, storage.Options{Passphrase: h.Passphrase})
			if err == nil {
				require.NoError(t, w.Close())
			}
			if h.Refused != nil && !errors.Is(h.Refused, storage.ErrDamaged) { // it looks up one event, and reads no more
				require.ErrorIs(t, err, h.Refused)
			}
			if _, err := os.Stat(path + storagetest.Precious); strings.Contains(h.Name, "delete") {
				require.NoError(t, err, "a file of the user was deleted")
			}
		})
	}
}

// requireNamed requires that an error says that the store is damaged, or what is not there.
func requireNamed(t *testing.T, err error) {
	t.Helper()
	require.True(t, errors.Is(err, storage.ErrDamaged) || errors.Is(err, storage.ErrNotFound), "%v", err)
}

// readAll reads a store in every way, and returns how each ended.
func readAll(ctx context.Context, s *storage.Store) map[string]error {
	ends := map[string]error{}
	try := func(what string, err error) { ends[what] = err }
	for _, q := range []storage.Query{{}, {NoRaw: true}, {Kinds: storage.Clocks}, {AfterSeq: 5}, {Sensor: "roof-1", From: time.Unix(0, 0)}} {
		try(fmt.Sprint("records ", q), last(s.Records(ctx, q)))
	}
	for _, q := range []storage.EventQuery{{}, {Newest: true}, {Rule: "area-code-mismatch"}, {Verdict: storage.Benign}, {RAT: cell.LTE}} {
		try(fmt.Sprint("events ", q), last(s.Events(ctx, q)))
	}
	try("summaries", last(s.Summaries(ctx, storage.SummaryQuery{})))
	try("cells", last(s.Cells(ctx, storage.CellQuery{})))
	_, err := s.Stats(ctx)
	try("stats", err)
	_, err = s.Sensors(ctx)
	try("sensors", err)
	_, _, err = s.Span(ctx, "roof-1")
	try("span", err)
	_, err = s.GivenVerdicts(ctx)
	try("verdicts", err)
	_, err = s.Verdicts(ctx, "event-0001")
	try("verdicts of an event", err)
	_, err = s.VerdictMark(ctx)
	try("mark", err)
	_, err = s.Remarks(ctx)
	try("remarks", err)
	_, err = s.AllVerdicts(ctx)
	try("all verdicts", err)
	_, _, err = s.LoadState(ctx, "analyzer")
	try("state", err)
	_, err = s.ID(ctx)
	try("id", err)
	_, err = s.Event(ctx, "event-0002")
	try("event", err)
	_, err = s.Corrections(ctx)
	try("corrections", err)
	_, err = s.EventsSince(ctx, 0, 500)
	try("events since", err)
	_, err = s.Heard(ctx, "roof-1", time.Unix(0, 0), time.Hour, 48)
	try("heard", err)
	changes := s.Changes(storage.ChangesOptions{Sources: true, Raw: true})
	for seq := int64(0); ; {
		entries, err := changes.After(ctx, seq, 500)
		try("changes", err)
		if len(entries) == 0 {
			break
		}
		seq = entries[len(entries)-1].Seq
	}
	try("check", s.Check(ctx))
	return ends
}

// last is the error with which a list ends.
func last[T any](list func(func(T, error) bool)) (end error) {
	for _, err := range list {
		end = err
	}
	return end
}

// What a hostile modem prints never stands in the way of what comes after: too much of it is left out, and says so.
func TestTooMuchToStore(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
	long := strings.Repeat("x", 64<<10)
	o := second(0)
	o.Raw = nil
	for range 200 {
		o.Raw = append(o.Raw, long)
	}
	require.NoError(t, s.Append(ctx, o))
	require.NoError(t, s.Append(ctx, o), "again")
	later := second(1)
	later.Raw = o.Raw
	_, ok, err := s.AppendLater(ctx, later)
	require.NoError(t, err)
	require.True(t, ok)
	e := eventAt("long", 0, 1)
	evidence := []analyzer.Evidence{{Time: o.Time, Raw: o.Raw}, {Time: o.Time, Raw: o.Raw}}
	e.Findings = []analyzer.Finding{{Rule: "one", Evidence: evidence}, {Rule: "other", Evidence: evidence}}
	require.NoError(t, s.PutEvents(ctx, e))
	n := 0
	for entry, err := range s.Records(ctx, storage.Query{Kinds: storage.Observations}) {
		require.NoError(t, err)
		raw := entry.Record.(*cell.Observation).Raw
		require.Equal(t, long, raw[0])
		require.Regexp(t, `^\(the last \d+ of 200 lines were too long to store\)$`, raw[len(raw)-1])
		n++
	}
	require.Equal(t, 2, n)
	got, err := s.Event(ctx, "long")
	require.NoError(t, err)
	require.Contains(t, got.Findings[0].Evidence[0].Raw[len(got.Findings[0].Evidence[0].Raw)-1], "too long to store")
	require.Len(t, o.Raw, 200, "the caller's record is not changed")
	require.NoError(t, s.SaveState(ctx, "analyzer", make([]byte, 20<<20), 1))
	state, _, err := s.LoadState(ctx, "analyzer")
	require.NoError(t, err)
	require.Len(t, state, 20<<20)
	_, err = s.Backup(ctx, filepath.Join(t.TempDir(), "copy.db"))
	require.NoError(t, err)
}

// FuzzOpen changes bytes of a store, and with seal the checksums of its pages fit again: whatever they are, opening and reading end, without
// a panic.
func FuzzOpen(f *testing.F) {
	path := filepath.Join(f.TempDir(), "s.db")
	storagetest.SmallStore(f, path, "")
	text, err := os.ReadFile(path)
	require.NoError(f, err)
	for _, at := range []uint32{0, 18, 20, 28, 52, 56, 100, 103, 105, 108, 4096, 4100, 8192} {
		f.Add([]byte{0xff, 0, 1}, at, true)
	}
	for page := range uint32(len(text) / 4096) {
		f.Add([]byte{2, 5, 10, 13}, page*4096, true)
		f.Add([]byte{0, 200, 1}, page*4096+4000, true)
	}
	f.Add([]byte{1}, uint32(5000), false)
	f.Fuzz(func(t *testing.T, change []byte, at uint32, seal bool) {
		data := append([]byte{}, text...)
		copy(data[int(at)%len(data):], change)
		if seal {
			storagetest.Seal(data)
		}
		path := filepath.Join(t.TempDir(), "s.db")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		limited, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		for _, o := range []storage.Options{{ReadOnly: true}, {}} {
			s, err := storage.Open(limited, path, o)
			if err != nil {
				continue
			}
			readAll(limited, s)
			_ = s.Close()
		}
		require.NoError(t, limited.Err(), "it does not end")
	})
}

// FuzzTail opens a store, plain and encrypted, next to which a fuzzer left the file of pending records: changed anywhere, or with frames that
// have the right checksum and seal.
func FuzzTail(f *testing.F) {
	key := []byte("0123456789abcdef0123456789abcdef")
	text := map[bool][]byte{}
	for _, sealed := range []bool{false, true} {
		path := filepath.Join(f.TempDir(), "s.db")
		o := storage.Options{Create: true}
		if sealed {
			o.Key = key
		}
		s := open(f, path, o)
		require.NoError(f, s.Append(ctx, storagetest.Day(3)...))
		require.NoError(f, s.Close())
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		text[sealed] = data
	}
	for _, r := range storagetest.Day(3) {
		if _, source := r.(*cell.Source); !source {
			f.Add(storage.PendingBody(r), true, true)
			f.Add(storage.PendingBody(r), true, false)
		}
	}
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0}, false, false)
	f.Add([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 1}, true, true)
	f.Fuzz(func(t *testing.T, body []byte, framed, sealed bool) {
		path := filepath.Join(t.TempDir(), "s.db")
		require.NoError(t, os.WriteFile(path, text[sealed], 0o600))
		o := storage.Options{}
		if sealed {
			o.Key = key
		}
		if framed {
			frame, err := storage.TailFrame(path, o.Key, body)
			require.NoError(t, err)
			body = append(frame, frame...)
		}
		require.NoError(t, os.WriteFile(path+"-tail", body, 0o600))
		s, err := storage.Open(ctx, path, o)
		if err != nil {
			require.ErrorIs(t, err, storage.ErrDamaged)
			return
		}
		n := 0
		for _, err := range s.Records(ctx, storage.Query{}) {
			require.NoError(t, err)
			n++
		}
		require.GreaterOrEqual(t, n, 3, "what the store had is lost")
		require.NoError(t, s.Close())
	})
}
