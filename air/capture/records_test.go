package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/modem/diag"
)

// recordsOf are the records of a capture as lines.
func recordsOf(t *testing.T, file []byte, sensor string) string {
	t.Helper()
	c := Open(NewReader(bytes.NewReader(file)))
	require.NotNil(t, c)
	r := c.NewRecords(t.Context(), sensor)
	defer r.Close()
	var enc cell.Encoder
	var out []byte
	n := 0
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			require.Equal(t, n, r.Counts().Lines)
			require.Equal(t, n, r.Counts().Observations+r.Counts().Others)
			return string(out)
		}
		require.NoError(t, err)
		out = enc.Append(out, rec)
		n++
	}
}

// Each committed capture gives the same records twice; they are read back as they were written, in order of time.
func TestRecordsTwice(t *testing.T) {
	files, err := filepath.Glob("testdata/*.qmdl")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		file, err := os.ReadFile(name)
		require.NoError(t, err)
		text := recordsOf(t, file, "stick")
		require.Equal(t, text, recordsOf(t, file, "stick"), name)
		require.True(t, strings.HasPrefix(text, `{"vigie":1,"sensor":"stick","set":"diag","reports":["rat","mcc","mnc","area","cell_id","pci",`), text)

		in := cell.NewReader(strings.NewReader(text), name)
		var enc cell.Encoder
		var again []byte
		var last time.Time
		for {
			rec, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			again = enc.Append(again, rec)
			require.False(t, rec.When().Before(last), "%s: %s is before what came before", name, again)
			last = rec.When()
		}
		require.Equal(t, text, string(again), name)
		require.Empty(t, in.Counts().BadValues)
		require.Empty(t, in.Counts().UnknownKeys)
	}
}

func TestRecordsOfAttach(t *testing.T) {
	file, err := os.ReadFile("testdata/redirect-geran.qmdl")
	require.NoError(t, err)
	text := recordsOf(t, file, "s")
	for _, want := range []string{`"serving":{"rat":"LTE","mcc":"001","mnc":"01"`, `"kind":"broadcast"`, `"message":"rrcConnectionRelease","fields":{"release_cause":"other","redirect":"geran"`} {
		require.Contains(t, text, want)
	}
}

// stream is a DIAG stream of log packets of a code, each at milliseconds since 1980.
type stream []byte

func (s *stream) log(code uint16, ms uint64, body []byte) {
	n := uint16(12 + len(body))
	p := binary.LittleEndian.AppendUint16([]byte{0x10, 0}, n)
	p = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(p, n), code)
	p = binary.LittleEndian.AppendUint64(p, ms*4/5<<16)
	*s = append(*s, diag.AppendFrame(nil, append(p, body...))...)
}

func (s *stream) identityRequest(ms uint64, kind byte) {
	s.log(0xB0EC, ms, []byte{1, 9, 5, 0, 7, 0x55, kind})
}

// A device begins in 1980 and learns the time; it may be set back, too. A clock record says by how much and since when, and records
// stay in the order in which they came. Logs that are a little out of order are no clock that was set.
func TestRecordsWhenTheClockIsSet(t *testing.T) {
	const years = 45 * 365 * 24 * 3600 * 1000
	var s stream
	s.identityRequest(1_000, 1)
	s.identityRequest(5_000, 2)
	s.identityRequest(years, 3)
	s.identityRequest(years-200, 1) // another task of the device
	s.identityRequest(years-60_000, 2)
	require.Equal(t, `{"vigie":1,"sensor":"s","set":"diag","reports":["rat","mcc","mnc","area","cell_id","pci","arfcn","band","bandwidth_khz","rsrp","rsrq","priority","neighbours","broadcast","signalling","paging"]}
{"kind":"message","frame":1,"rat":"LTE","layer":"nas","channel":"EMM","direction":"down","log":"b0ec","time":"1980-01-06T00:00:01Z","message":"identity-request","fields":{"security":0,"identity":1},"payload":"075501"}
{"kind":"message","frame":2,"rat":"LTE","layer":"nas","channel":"EMM","direction":"down","log":"b0ec","time":"1980-01-06T00:00:05Z","message":"identity-request","fields":{"security":0,"identity":2},"payload":"075502"}
{"kind":"clock","time":"2024-12-25T00:00:00Z","offset_ms":1419119995000,"since":"1980-01-06T00:00:01Z"}
{"kind":"message","frame":3,"rat":"LTE","layer":"nas","channel":"EMM","direction":"down","log":"b0ec","time":"2024-12-25T00:00:00Z","message":"identity-request","fields":{"security":0,"identity":3},"payload":"075503"}
{"kind":"message","frame":4,"rat":"LTE","layer":"nas","channel":"EMM","direction":"down","log":"b0ec","time":"2024-12-25T00:00:00Z","message":"identity-request","fields":{"security":0,"identity":1},"payload":"075501"}
{"kind":"clock","time":"2024-12-24T23:59:00Z","offset_ms":-60000,"since":"2024-12-25T00:00:00Z"}
{"kind":"message","frame":5,"rat":"LTE","layer":"nas","channel":"EMM","direction":"down","log":"b0ec","time":"2024-12-24T23:59:00Z","message":"identity-request","fields":{"security":0,"identity":2},"payload":"075502"}
`, recordsOf(t, s, "s"))
}

// The serving cell that the modem names is an observation, at once and then every ten seconds.
func TestRecordsOfServing(t *testing.T) {
	body := []byte{3, 101, 0}
	for _, v := range []uint32{1300, 19300} {
		body = binary.LittleEndian.AppendUint32(body, v)
	}
	body = append(body, 100, 100)
	body = binary.LittleEndian.AppendUint32(body, 28036577)
	body = binary.LittleEndian.AppendUint16(body, 4660)
	body = binary.LittleEndian.AppendUint32(body, 3)
	body = binary.LittleEndian.AppendUint16(body, 1)
	body = append(body, 2, 1, 0, 0)
	var s stream
	for _, ms := range []uint64{1_000, 2_000, 11_000} {
		s.log(diag.LogServing, ms, body)
	}
	s.log(diag.LogServing, 12_000, []byte{9})
	text := recordsOf(t, s, "")
	require.Equal(t, 2, strings.Count(text, `"serving":{"rat":"LTE","mcc":"001","mnc":"01","area":4660,"cell_id":28036577,"pci":101,"arfcn":1300,"band":3,"bandwidth_khz":20000}}`), text)
	c := Open(NewReader(bytes.NewReader(s)))
	for range c.Records(t.Context(), "") {
	}
	require.Equal(t, 1, c.Counts.Of("serving_skipped_version_9"))
}

// Who stops early reads no further; a context that ended is the error.
func TestRecordsEndEarly(t *testing.T) {
	var s stream
	s.identityRequest(1_000, 1)
	s.identityRequest(2_000, 2)
	n := 0
	for _, err := range Open(NewReader(bytes.NewReader(s))).Records(t.Context(), "") {
		require.NoError(t, err)
		if n++; n == 2 {
			break
		}
	}
	require.Equal(t, 2, n)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range Open(NewReader(io.MultiReader(bytes.NewReader(s), strings.NewReader(strings.Repeat("~", 200<<10))))).Records(ctx, "") {
		last = err
	}
	require.ErrorIs(t, last, context.Canceled)
}

// A comment that does not fit says that it was cut, between two characters.
func TestLongCommentSaysThatItWasCut(t *testing.T) {
	long := strings.Repeat("é", 40_000)
	got := shortened(long)
	require.LessOrEqual(t, len(got), 0xFFFF)
	require.True(t, strings.HasSuffix(got, "é (cut)"))
	require.Equal(t, strings.Repeat("x", 0xFFFF), shortened(strings.Repeat("x", 0xFFFF)))
}
