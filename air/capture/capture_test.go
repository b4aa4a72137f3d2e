package capture

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
	"vigie/modem/diag"
)

var update = flag.Bool("update", false, "rewrite the expected messages in testdata")

// lines decodes a capture to NDJSON, with all leaves.
func lines(t require.TestingT, file []byte) (string, *Capture) {
	c := Open(NewReader(bytes.NewReader(file)))
	require.NotNil(t, c, "not taken for a capture")
	var out []byte
	require.NoError(t, c.Read(context.Background(), func(p *Packet) error {
		if err := p.Decode(true); err != nil {
			c.Counts.Undecoded(string(p.Message.Layer), err)
		}
		out = append(cell.AppendRecord(out, &p.Message), '\n')
		return nil
	}))
	return string(out), c
}

// captures are the recordings in testdata: written by a program, network 001-01, invented values.
func captures(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.qmdl")
	require.NoError(t, err)
	require.Len(t, names, 12)
	return names
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return b
}

func TestGoldenMessages(t *testing.T) {
	for _, name := range captures(t) {
		got, _ := lines(t, read(t, name))
		golden := strings.TrimSuffix(name, ".qmdl") + ".ndjson"
		if *update {
			require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
		}
		require.Equal(t, string(read(t, golden)), got, "run make golden and read the diff")
	}
}

func packed(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(b)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

func TestGzip(t *testing.T) {
	var file []byte
	for _, name := range captures(t) {
		file = append(file, read(t, name)...)
	}
	want, plain := lines(t, file)
	got, c := lines(t, packed(t, file))
	require.True(t, c.Gzip)
	require.Equal(t, want, got)
	require.Equal(t, plain.Counts.Map(), c.Counts.Map())

	whole := packed(t, file)
	got, c = lines(t, whole[:len(whole)/2])
	require.NotEmpty(t, got)
	require.True(t, strings.HasPrefix(want, got), "what came before the cut is read")
	require.Equal(t, 1, c.Counts.Of("gzip_cut"))

	damaged := bytes.Clone(whole)
	damaged[len(damaged)-6] ^= 1 // of its check sequence
	got, c = lines(t, damaged)
	require.Equal(t, want, got)
	require.Equal(t, 1, c.Counts.Of("gzip_cut"))
}

func TestWhatIsNoCapture(t *testing.T) {
	for name, file := range map[string][]byte{
		"empty":          {},
		"text":           []byte("AT+QENG=\"servingcell\"\r\n+QENG: \"servingcell\",\"NOCONN\"\r\nOK\r\n"),
		"text with ~":    []byte("~ a ~~ b ~\n"),
		"garbled text":   []byte("\x00\x01+CREG: 2,1\r\n~~~OK\r\n+CREG: 2,1\r\n+CREG: 2,1\r\n"),
		"UTF-16":         []byte("\xFF\xFE~\x00O\x00K\x00~\x00\r\x00\n\x00"),
		"gzipped text":   packed(t, []byte("+CREG: 2,1\r\n")),
		"half a gzip":    packed(t, []byte("+CREG: 2,1\r\n"))[:5],
		"a picture":      []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"),
		"NDJSON":         []byte(`{"time":"2026-06-01T00:00:00Z","raw":["~"]}` + "\n"),
		"pcap cut short": {0xD4, 0xC3, 0xB2, 0xA1, 2, 0},
	} {
		in := NewReader(bytes.NewReader(file))
		require.Nil(t, Open(in), name)
		rest, err := io.ReadAll(in)
		require.NoError(t, err)
		require.Equal(t, file, append([]byte{}, rest...), "%s: nothing is lost", name)
	}
	c := Open(NewReader(bytes.NewReader(bytes.Repeat([]byte{0x9E, 0xB0, 3, 4, 0x7E}, 40))))
	require.NotNil(t, c, "a stream whose every CRC is wrong")
	require.NoError(t, c.Read(context.Background(), func(*Packet) error { t.Error("a message of it"); return nil }))
	require.Contains(t, c.Counts.Hint(), "the CRC of every frame is wrong")
}

func TestEncryptedLogs(t *testing.T) {
	var file []byte
	for i := range 9 {
		file = diag.AppendFrame(file, []byte{0x9E, byte(i), 0x80, 0x81})
	}
	got, c := lines(t, file)
	require.Empty(t, got)
	require.Equal(t, map[string]int{"encrypted log": 9}, c.Counts.NotRead())
	require.Contains(t, c.Counts.Hint(), "encrypted")
}

// logFrame is a log packet in a frame.
func logFrame(code uint16, body []byte) []byte {
	p := []byte{0x10, 0}
	p = binary.LittleEndian.AppendUint16(p, uint16(12+len(body)))
	p = binary.LittleEndian.AppendUint16(p, uint16(12+len(body)))
	p = binary.LittleEndian.AppendUint16(p, code)
	p = binary.LittleEndian.AppendUint64(p, 1171382400800<<16)
	return diag.AppendFrame(nil, append(p, body...))
}

var attachRequest = []byte{7, 0x41, 0x11, 11, 0xF6, 0, 0xF1, 0x10, 0x80, 1, 1, 0xC0, 0x12, 0x34, 0x56, 2, 0x80, 0x20, 0, 4, 2, 1, 0xD0, 0x11}

func TestCountsByName(t *testing.T) {
	file := logFrame(0xB0ED, append([]byte{1, 9, 12, 0}, attachRequest...))
	file = append(file, logFrame(0xB0ED, []byte{1})...)
	file = append(file, logFrame(0xB0C0, []byte{77, 0})...)
	file = append(file, logFrame(0xB821, []byte{9, 0, 0, 0})...)
	file = append(file, diag.AppendFrame(nil, append([]byte{0x98, 1, 0, 0, 1, 0, 0, 0}, 0x7D, 5))...)
	file = append(file, diag.AppendFrame(nil, []byte{0x10, 0, 9})...)
	file = append(file, 1, 2, 3, 4, 0x7E, 5, 6)
	_, c := lines(t, file)
	require.Equal(t, map[string]int{
		"frames": 7, "messages": 1, "ok": 6, "bad": 1, "bad_crc": 1, "log_B0ED": 2, "log_B0C0": 1, "log_B821": 1, "cmd_7d": 1, "multi_radio": 1,
		"short": 1, "nas_skipped_short": 1, "rrc_skipped_version_77": 1, "unended": 1,
	}, c.Counts.Map())
	require.Equal(t, 1, c.Counts.NotRead()["5G message"])
}

func TestDLFHasTheSameMessages(t *testing.T) {
	stream := read(t, "testdata/benign-attach.qmdl")
	want, _ := lines(t, stream)
	var file []byte
	var d diag.Deframer
	d.Feed(stream, func(f diag.Frame) { file = append(file, f.Content[4:]...) })
	got, c := lines(t, file)
	require.Equal(t, DLF, c.Kind)
	require.Equal(t, want, got)

	_, c = lines(t, file[:len(file)-1])
	require.Equal(t, 1, c.Counts.Of("unended"))
}

// Damage anywhere loses what it hits, and nothing panics or hangs.
func TestDamage(t *testing.T) {
	var files [][]byte
	for _, name := range captures(t) {
		file := read(t, name)
		files = append(files, file, packed(t, file), asPCAP(t, file), asPCAPNG(t, file))
	}
	rapid.Check(t, func(t *rapid.T) {
		file := bytes.Clone(rapid.SampledFrom(files).Draw(t, "file"))
		for range rapid.IntRange(0, 6).Draw(t, "damage") {
			file[rapid.IntRange(0, len(file)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		file = file[:rapid.IntRange(0, len(file)).Draw(t, "length")]
		readAndScrub(t, file)
	})
}

// readAndScrub reads a file and its scrubbed copy: both say the same.
func readAndScrub(t require.TestingT, file []byte) {
	c := Open(NewReader(bytes.NewReader(file)))
	if c == nil {
		return
	}
	want, _ := lines(t, file)
	var out bytes.Buffer
	require.NoError(t, c.Scrub(context.Background(), &out))
	again := Open(NewReader(bytes.NewReader(out.Bytes())))
	if again == nil { // all that made it a capture was removed
		require.Empty(t, want)
		return
	}
	got, _ := lines(t, out.Bytes())
	require.Equal(t, want, got)
}

func FuzzCapture(f *testing.F) {
	for _, name := range []string{"testdata/benign-attach.qmdl", "testdata/eg25-leading-10.qmdl"} {
		file := read(f, name)
		f.Add(file)
		f.Add(asPCAP(f, file))
		f.Add(asPCAPNG(f, file))
	}
	f.Fuzz(func(t *testing.T, file []byte) { readAndScrub(t, file) })
}

func TestReadingEndsWithItsContext(t *testing.T) {
	file := read(t, "testdata/benign-attach.qmdl")
	var dlf []byte
	var d diag.Deframer
	d.Feed(file, func(f diag.Frame) { dlf = append(dlf, f.Content[4:]...) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, file := range [][]byte{file, dlf, asPCAP(t, file), asPCAPNG(t, file)} {
		c := Open(NewReader(bytes.NewReader(file)))
		require.ErrorIs(t, c.Read(ctx, func(*Packet) error { return nil }), context.Canceled, c.Kind)
	}
}
