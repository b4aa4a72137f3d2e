package cell

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func readAll(t testing.TB, r *Reader) []Record {
	t.Helper()
	var out []Record
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return out
		}
		require.NoError(t, err)
		out = append(out, rec)
	}
}

// The example of every kind of line comes back byte for byte: every key of the format is in this file.
func TestFormatComesBackByteForByte(t *testing.T) {
	want, err := os.ReadFile("testdata/format.ndjson")
	require.NoError(t, err)
	r := NewReader(bytes.NewReader(want), "format.ndjson")
	r.OnSkip = func(e *LineError) { t.Error(e) }
	var got []byte
	var enc Encoder
	for _, rec := range readAll(t, r) {
		if _, isSource := rec.(*Source); !isSource {
			require.NotEmpty(t, rec.From(), "the sensor of the source line is in force")
		}
		got = enc.Append(got, rec)
	}
	require.Equal(t, string(want), string(got))
	require.Empty(t, r.Counts().UnknownKeys)
	require.Empty(t, r.Counts().BadValues)
	require.Equal(t, 4, r.Counts().Observations)

	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err = z.Write(want)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.Len(t, readAll(t, NewReader(&zipped, "format.ndjson.gz")), r.Counts().Lines)
}

func TestAbsentIsNotZeroAndNotAskedIsNotNone(t *testing.T) {
	in := `{"time":"2026-11-23T20:00:00Z","serving":{"rat":"LTE","rsrq":0,"sinr":-0,"ta":0},"neighbours":[]}
{"time":"2026-11-23T20:00:01Z","serving":{"rat":"LTE","area":null}}`
	recs := readAll(t, NewReader(strings.NewReader(in), "x"))
	a, b := recs[0].(*Observation), recs[1].(*Observation)
	require.Equal(t, Some(DB(0)), a.Serving.RSRQ)
	require.Equal(t, Some(uint16(0)), a.Serving.TA)
	require.False(t, a.Serving.RSRP.Known())
	require.NotNil(t, a.Neighbours)
	require.Empty(t, a.Neighbours)
	require.Nil(t, b.Neighbours)
	require.False(t, b.Serving.Area.Known())
	require.Equal(t, `{"time":"2026-11-23T20:00:00Z","serving":{"rat":"LTE","rsrq":0,"sinr":0,"ta":0},"neighbours":[]}`, string(AppendRecord(nil, a)))
}

// A line that has a time and only keys of something else becomes no observation.
func TestForeignLineIsNoObservation(t *testing.T) {
	for text, is := range map[string]bool{
		`{"time":"2026-11-23T20:00:00Z"}`:                                                            true,
		`{"time":"2026-11-23T20:00:00Z","sensor":"x"}`:                                               true,
		`{"time":"2026-11-23T20:00:00Z","state":"asleep","new":1}`:                                   true,
		`{"time":"2026-11-23T20:00:00Z","new":1}`:                                                    false,
		`{"event":"x","judgement":"benign","reason":"y","author":"z","time":"2026-11-23T20:00:00Z"}`: false,
	} {
		r := NewReader(strings.NewReader(text), "x")
		require.Len(t, readAll(t, r), map[bool]int{true: 1}[is], text)
		require.Equal(t, map[bool]int{false: 1}[is], r.Counts().Skipped, text)
	}
}

// What is bad is counted and named; what is good in the same line or file is kept.
func TestBadInputKeepsWhatIsGood(t *testing.T) {
	in := strings.Join([]string{
		"\xef\xbb\xbf" + `{"vigie":1,"sensor":"s","mode":"roof","reports":["rat","smell"],"colour":"red"}`,
		`{"time":"2026-11-23T20:00:00Z","serving":{"rat":"LTE","mnc":3,"mcc":"272","area":70000,"cell_id":-1,"pci":504,"rsrp":"loud","rsrq":1e999,"arfcn":1300.5,"band":3e0}}`,
		`{"time":"2026-11-23T20:00:01Z","serving":{"rat":"CDMA","cell_id":1},"state":"asleep","new":{"deep":[1,{"x":null}]}}`,
		`{"time":"yesterday"}`,
		`{"serving":{"rat":"LTE"}}`,
		`not json`,
		`{"time":"2026-11-23T20:00:02Z"} {}`,
		`{"vigie":2}`,
		`{"kind":"dance","time":"2026-11-23T20:00:02Z"}`,
		`{"time":"2026-11-23T20:00:03Z","position":{"lat":91,"lon":0},"registration":[{"domain":"xs","status":3}]}`,
		``,
		"\x00\x01\x02",
	}, "\r\n")
	var skipped []int
	r := NewReader(strings.NewReader(in), "bad.ndjson")
	r.OnSkip = func(e *LineError) {
		skipped = append(skipped, e.Line)
		require.Contains(t, e.Error(), "bad.ndjson:")
	}
	recs := readAll(t, r)
	require.Equal(t, []int{4, 5, 6, 7, 8, 9, 12}, skipped)
	require.Len(t, recs, 4)
	s := recs[0].(*Source)
	require.Equal(t, Some(FieldRAT), s.Reports)
	require.Empty(t, s.Mode)
	o := recs[1].(*Observation)
	require.Equal(t, "s", o.Sensor)
	require.Equal(t, Cell{RAT: LTE, MCC: "272", Band: Some(Band(3))}, *o.Serving)
	require.Nil(t, recs[2].(*Observation).Serving)
	require.Nil(t, recs[3].(*Observation).Position)
	require.Equal(t, []Registration{{Status: Some(uint8(3))}}, recs[3].(*Observation).Registration)
	c := r.Counts()
	require.Equal(t, map[string]int{"colour": 1, "reports smell": 1, "new": 1}, c.UnknownKeys)
	require.Equal(t, map[string]int{"mode": 1, "mnc": 1, "area": 1, "cell_id": 1, "pci": 1, "rsrp": 1, "rsrq": 1, "arfcn": 1,
		"rat": 1, "state": 1, "position": 1, "lat": 1, "domain": 1}, c.BadValues)
	require.Equal(t, 7, c.Skipped)
	require.Equal(t, 11, c.Lines)
}

func TestBrokenGzipGivesWhatCameBefore(t *testing.T) {
	var lines bytes.Buffer
	for i := range 5000 {
		lines.Write(AppendRecord(nil, &Observation{Time: time.Unix(int64(i), 0), Raw: []string{strings.Repeat("x", i%50)}}))
		lines.WriteByte('\n')
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(lines.Bytes())
	require.NoError(t, w.Close())
	r := NewReader(bytes.NewReader(z.Bytes()[:z.Len()/2]), "cut.ndjson.gz")
	n := 0
	for {
		_, err := r.Next()
		if err != nil {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.ErrorContains(t, err, "cut.ndjson.gz: after line")
			break
		}
		n++
	}
	require.Greater(t, n, 1000)
	require.Zero(t, r.Counts().Skipped)
	_, err := NewReader(strings.NewReader("\x1f\x8bnot really"), "no.gz").Next()
	require.ErrorContains(t, err, "broken gzip")
}

func TestLongLineIsSkippedNotLoaded(t *testing.T) {
	long := io.MultiReader(strings.NewReader(`{"time":"2026-11-23T20:00:00Z","raw":["`), io.LimitReader(xs{}, MaxLine+1),
		strings.NewReader("\"]}\n"+`{"time":"2026-11-23T20:00:01Z"}`))
	r := NewReader(long, "long")
	var bad *LineError
	r.OnSkip = func(e *LineError) { bad = e }
	require.Len(t, readAll(t, r), 1)
	require.ErrorIs(t, bad, errTooLong)
	require.Equal(t, 1, bad.Line)
}

type xs struct{}

func (xs) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// A small file cannot fill the memory: lists end somewhere.
func TestListsAreBounded(t *testing.T) {
	line := `{"time":"2026-11-23T20:00:00Z","neighbours":[` + strings.TrimSuffix(strings.Repeat(`{"rat":"LTE"},`, 50_000), ",") + `],"raw":[` +
		strings.TrimSuffix(strings.Repeat(`"x",`, 1000), ",") + `],"registration":[` + strings.TrimSuffix(strings.Repeat(`{},`, 300), ",") + `]}`
	r := NewReader(strings.NewReader(line), "x")
	o := readAll(t, r)[0].(*Observation)
	require.Len(t, o.Neighbours, MaxList)
	require.Len(t, o.Raw, MaxList)
	require.Len(t, o.Registration, MaxList)
	require.Equal(t, map[string]int{"neighbours": 50_000 - MaxList, "raw": 1000 - MaxList, "registration": 300 - MaxList}, r.Counts().BadValues)
}

func TestReaderPassesOnErrors(t *testing.T) {
	boom := errors.New("disk gone")
	r := NewReader(io.MultiReader(strings.NewReader(`{"time":"2026-11-23T20:00:01Z"}`+"\n"), failing{boom}), "f")
	_, err := r.Next()
	require.NoError(t, err)
	_, err = r.Next()
	require.ErrorIs(t, err, boom)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Whatever can be held can be written and read back the same.
func TestRoundTripProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawObservation(t)
		line := AppendRecord(nil, o)
		require.True(t, json.Valid(line), "%s", line)
		r := NewReader(bytes.NewReader(line), "x")
		r.OnSkip = func(e *LineError) { t.Fatalf("%v in %s", e, line) }
		got, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, o, got, "%s", line)
		require.Empty(t, r.Counts().BadValues)
	})
}

func opt[T any](t *rapid.T, g *rapid.Generator[T], name string) Opt[T] {
	if rapid.Bool().Draw(t, name+" known") {
		return Some(g.Draw(t, name))
	}
	return Opt[T]{}
}

func drawCell(t *rapid.T) Cell {
	rat := rapid.SampledFrom([]RAT{GSM, UMTS, LTE, NR}).Draw(t, "rat")
	level := rapid.Map(rapid.IntRange(-2000, 100), func(n int) DBm { return DBm(n) / 10 })
	ratio := rapid.Map(rapid.IntRange(-400, 400), func(n int) DB { return DB(n) / 10 })
	return Cell{RAT: rat, MCC: rapid.StringMatching(`[0-9]{0,3}`).Draw(t, "mcc"), MNC: rapid.StringMatching(`[0-9]{0,3}`).Draw(t, "mnc"),
		Area: opt(t, rapid.Map(rapid.Uint32Range(0, uint32(rat.MaxArea())), func(v uint32) Area { return Area(v) }), "area"),
		ID:   opt(t, rapid.Uint64Range(0, rat.MaxCellID()), "id"), PCI: opt(t, rapid.Uint16Range(0, rat.MaxPCI()), "pci"),
		ARFCN: opt(t, rapid.Uint32Range(0, 3279165), "arfcn"), Band: opt(t, rapid.Map(rapid.Uint16Range(0, 1900), func(v uint16) Band { return Band(v) }), "band"),
		Bandwidth: opt(t, rapid.Map(rapid.Uint32Range(0, 400000), func(v uint32) KHz { return KHz(v) }), "bw"),
		RSRP:      opt(t, level, "rsrp"), RSRQ: opt(t, ratio, "rsrq"), RSSI: opt(t, level, "rssi"), SINR: opt(t, ratio, "sinr"),
		RSCP: opt(t, level, "rscp"), EcIo: opt(t, ratio, "ecio"), TA: opt(t, rapid.Uint16Range(0, 1282), "ta"),
		Priority: opt(t, rapid.Uint8Range(0, 7), "prio"), ThreshHigh: opt(t, ratio, "high"), ThreshLow: opt(t, ratio, "low"),
		SRxLev: opt(t, ratio, "srxlev"), Placeholder: Fields(rapid.Uint32Range(0, uint32(FieldPaging)*2-1).Draw(t, "placeholder"))}
}

func drawCells(t *rapid.T, name string) []Cell {
	if !rapid.Bool().Draw(t, name) {
		return nil
	}
	return append([]Cell{}, rapid.SliceOfN(rapid.Custom(drawCell), 0, 3).Draw(t, name)...)
}

func drawObservation(t *rapid.T) *Observation {
	o := &Observation{Time: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC(),
		Sensor: rapid.String().Draw(t, "sensor"), State: rapid.SampledFrom([]State{"", Searching, Limited, Idle, Connected, NoService}).Draw(t, "state"),
		Neighbours: drawCells(t, "nb"), Secondary: drawCells(t, "sec"), Survey: rapid.Bool().Draw(t, "survey")}
	if rapid.Bool().Draw(t, "serving") {
		c := drawCell(t)
		o.Serving = &c
	}
	if rapid.Bool().Draw(t, "reg") {
		u8 := rapid.Uint8()
		o.Registration = append([]Registration{}, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Registration {
			return Registration{Domain: rapid.SampledFrom([]Domain{"", CS, PS, EPS, FGS}).Draw(t, "dom"), Status: opt(t, u8, "st"), AcT: opt(t, u8, "act"),
				Area:   opt(t, rapid.Map(rapid.Uint32Range(0, 1<<24-1), func(v uint32) Area { return Area(v) }), "ra"),
				CellID: opt(t, rapid.Uint64Range(0, 1<<36-1), "rc"), CauseType: opt(t, u8, "ct"), Cause: opt(t, rapid.Uint16(), "c")}
		}), 0, 3).Draw(t, "regs")...)
	}
	if rapid.Bool().Draw(t, "pos") {
		o.Position = &Position{Lat: rapid.Float64Range(-90, 90).Draw(t, "lat"), Lon: rapid.Float64Range(-180, 180).Draw(t, "lon"),
			Accuracy: opt(t, rapid.Float64Range(0, 1e6), "acc"), Speed: opt(t, rapid.Float64Range(0, 300), "v"),
			Source: rapid.SampledFrom([]string{"", "gnss", "gpsd"}).Draw(t, "src")}
	}
	if raw := rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "raw"); len(raw) > 0 {
		o.Raw = raw
	}
	return o
}

// The cursor takes and refuses what the standard decoder takes and refuses, and reads strings alike.
func FuzzCursorAgainstStandard(f *testing.F) {
	data, err := os.ReadFile("testdata/format.ndjson")
	require.NoError(f, err)
	for _, l := range bytes.Split(data, []byte("\n")) {
		f.Add(l)
	}
	f.Add([]byte(`{"a":"\ud83d\ude00\ud800\u0000\"","b":[-0.5e+3,true,null,{}]}`))
	f.Add([]byte("{\"a\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := cursor{b: b}
		err := c.skip()
		if err == nil {
			err = c.end()
		}
		if errors.Is(err, errDepth) {
			return
		}
		require.Equal(t, json.Valid(b), err == nil, "%q: %v", b, err)
		var want string
		if json.Unmarshal(b, &want) == nil && bytes.HasPrefix(bytes.TrimSpace(b), []byte(`"`)) {
			c = cursor{b: b}
			got, err := c.text()
			require.NoError(t, err)
			require.Equal(t, want, string(got))
			var back string
			require.NoError(t, json.Unmarshal(appendText(nil, want), &back))
			require.Equal(t, want, back)
		}
	})
}

// No input makes the reader panic; what it takes, it writes and reads again the same.
func FuzzReader(f *testing.F) {
	data, err := os.ReadFile("testdata/format.ndjson")
	require.NoError(f, err)
	f.Add(data)
	for _, l := range bytes.SplitAfter(data, []byte("\n")) {
		f.Add(l)
	}
	f.Add([]byte("\x1f\x8b"))
	f.Add([]byte(`{"time":"2026-11-23T20:00:00+14:00","serving":{"rat":"LTE","rsrp":-0.0}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b), "fuzz")
		for range 1000 {
			rec, err := r.Next()
			if err != nil {
				return
			}
			if o, ok := rec.(*Observation); ok && (o.Time.IsZero() || o.Time.Year() < 0 || o.Time.Year() > 9999) {
				continue
			}
			line := AppendRecord(nil, rec)
			again, err := NewReader(bytes.NewReader(line), "again").Next()
			require.NoError(t, err, "%s", line)
			require.Equal(t, string(line), string(AppendRecord(nil, again)))
		}
	})
}

func BenchmarkReadObservation(b *testing.B) {
	data, err := os.ReadFile("testdata/format.ndjson")
	require.NoError(b, err)
	line := bytes.Split(data, []byte("\n"))[1]
	d := decoder{intern: map[string]string{}}
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.record(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteObservation(b *testing.B) {
	data, err := os.ReadFile("testdata/format.ndjson")
	require.NoError(b, err)
	r := NewReader(bytes.NewReader(data), "x")
	_, _ = r.Next()
	rec, err := r.Next()
	require.NoError(b, err)
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendRecord(buf[:0], rec)
	}
}

// Lines that are for a store are handed on whole, however long, and are no records; other long lines are still skipped.
func TestLinesForAStore(t *testing.T) {
	long := EventLine + `"event":{"summary":"` + strings.Repeat("x", 3*MaxLine) + `"}}`
	text := StoreLine + `"store":"0123456789abcdef"}` + "\n" + long + "\n" + `{"time":"2026-11-23T20:00:00Z"}` + "\n" + `{"time":"2026-11-23T20:00:01Z","raw":["` + strings.Repeat("x", MaxLine) + `"]}` + "\n"
	r := NewReader(strings.NewReader(text), "piece")
	var other []string
	r.OnOther = func(line []byte) { other = append(other, string(line)) }
	_, err := r.Next()
	require.NoError(t, err)
	_, err = r.Next()
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, []string{StoreLine + `"store":"0123456789abcdef"}`, long}, other)
	c := r.Counts()
	require.Equal(t, [4]int{4, 1, 2, 1}, [4]int{c.Lines, c.Observations, c.Aside, c.Skipped})
}

// An offset that no time.Duration holds is a bad value, and does not become one of the other sign.
func TestClockOffsetOutOfRange(t *testing.T) {
	for offset, bad := range map[string]int{"-9000000000000": 0, "262019876543217": 1} {
		r := NewReader(strings.NewReader(`{"vigie":1,"sensor":"a"}`+"\n"+`{"kind":"clock","time":"2026-01-01T00:00:00Z","sensor":"a","offset_ms":`+offset+"}\n"), "x")
		for {
			rec, err := r.Next()
			if err != nil {
				break
			}
			if c, ok := rec.(*Clock); ok {
				require.LessOrEqual(t, c.Offset, time.Duration(0))
			}
		}
		require.Equal(t, bad, r.Counts().BadValues["offset_ms"], offset)
	}
}
