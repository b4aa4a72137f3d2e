package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

func FuzzFibocom(f *testing.F) { fuzz(f, fibocom) }

func BenchmarkDecodeFibocom(b *testing.B) {
	benchmark(b, Ident{Manufacturer: "Fibocom", Model: "FM350-GL"}, []Answer{
		{Command: "+GTCCINFO?", Final: "OK", Lines: []string{"+GTCCINFO:",
			"1,4,250,1,1234,001234567,1721,223,103,50,6,62,62,18",
			"1,9,,,FFFFFFF,00FFFFFFF,723322,143,5079,500,13,68,68,80",
			"2,4,,,FFFF,00FFFFFFF,1721,160,,53,53,0"}},
		{Command: "+GTCAINFO?", Final: "OK", Lines: []string{"+GTCAINFO:",
			"PCC:5079,143,723322,500,500,3,1,1,4,-86", "PCC:103,223,1721,50,50,2,1,3,3,-78",
			"SCC 1:2,0,101,296,350,50,255,2,255,2,255,-78"}}})
}

// benchmark decodes a round of typical answers of one modem.
func benchmark(b *testing.B, id Ident, round []Answer) {
	d := For(id)
	x := d.Decode(round)
	require.NotNil(b, x.Observation.Serving)
	require.Empty(b, x.Rejects)
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(round)
	}
	b.ReportMetric(float64(len(round))*float64(b.N)/b.Elapsed().Seconds(), "replies/s")
}

// Channels and PCIs of +GTCCINFO are hex on some models and decimal on others: the model decides, then the rows, then
// the titles. If rows contradict each other, neither is read.
func TestFibocomBase(t *testing.T) {
	const both = "1,4,262,02,BFD3,2D4201,100,12,,50,16,42,42,26" // channel 100 or 256, PCI 12 or 18, no band
	fm350, fm150 := Ident{Model: "FM350-GL"}, Ident{Model: "FM150-AE"}
	for _, x := range []struct {
		id    Ident
		lines []string
		want  int
	}{
		{fm350, []string{both}, 10},
		{fm150, []string{both}, 16},
		{Ident{}, []string{both}, 10},
		{Ident{}, []string{"LTE service cell:", both}, 16},
		{Ident{}, []string{both, "2,4,,,,,64,EA,,12,12,10"}, 16},
		{Ident{}, []string{"LTE service cell:", both, "2,4,,,,,6300,48,,12,12,10"}, 10}, // 6300 hex is no channel
		{Ident{}, []string{"1,4,262,02,BFD3,2D4201,6300,30,120,50,16,42,42,26"}, 10},
		{Ident{}, []string{"+GTCCINFO: 1,4,262,02,BFD3,2D4201,189C,30,120,50,16,42,42,26"}, 16},
		{Ident{}, []string{"1,9,,,FFFFFFF,00FFFFFFF,641760,940,5078,450,19,76,76,84"}, 10},
		{Ident{}, []string{"2,4,,,,,64,EA,,12,12,10", "2,4,,,,,6300,480,,12,12,10"}, 0},
		{Ident{}, nil, 10},
	} {
		require.Equal(t, x.want, fibocomBase(x.id, x.lines), "%v", x.lines)
	}
	x := fibocom.As(fm350).Decode([]Answer{{Lines: []string{"1,4,262,02,BFD3,2D4201,189C,30,120,50,16,42,42,26"}}})
	require.Nil(t, x.Observation.Serving, "an FM350 that prints hex is something new")
	require.Len(t, x.Rejects, 1)
}

func TestFibocomBand(t *testing.T) {
	for _, x := range []struct {
		rat  cell.RAT
		s    string
		want cell.Band
	}{
		{cell.LTE, "103", 3}, {cell.LTE, "166", 66}, {cell.LTE, "40", 40}, {cell.LTE, "0", 0}, {cell.LTE, "x", 0},
		{cell.NR, "501", 1}, {cell.NR, "5028", 28}, {cell.NR, "5078", 78}, {cell.NR, "50257", 257}, {cell.NR, "78", 78},
		{cell.NR, "50", 50}, {cell.UMTS, "8", 8}, {cell.NR, "50999", 0},
	} {
		require.Equal(t, x.want, gtBand(x.rat, x.s).Or(0), x.s)
	}
}

// An NR row next to an LTE row is the second leg of EN-DC, else the serving cell.
func TestFibocomNR(t *testing.T) {
	const lte, nr = "1,4,262,1,05D5,0019BF801,1300,358,103,100,13,60,60,22", "1,9,262,01,010203,0000012345,641760,940,5078,450,19,76,76,84"
	o := decode(fibocom, lte, nr)
	require.Equal(t, cell.LTE, o.Serving.RAT)
	require.Len(t, o.Secondary, 1)
	o = decode(fibocom, nr, lte)
	require.Equal(t, cell.LTE, o.Serving.RAT)
	require.Len(t, o.Secondary, 1)
	o = decode(fibocom, nr)
	require.Equal(t, cell.NR, o.Serving.RAT)
	require.Empty(t, o.Secondary)
}

func TestJoinXMCI(t *testing.T) {
	head, tail := `+XMCI: 4,1,`, `"0x1",2`
	require.Equal(t, []string{head + tail, head + tail, "OK"}, joinXMCI([]string{head, tail, head, tail, "OK"}))
	whole := []string{head, "OK", tail}
	require.Equal(t, whole, joinXMCI(whole))
	require.Empty(t, joinXMCI(nil))
}
