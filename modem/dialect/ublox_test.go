package dialect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

func FuzzUblox(f *testing.F) { fuzz(f, ublox) }

func BenchmarkDecodeUblox(b *testing.B) {
	benchmark(b, Ident{Manufacturer: "u-blox", Model: "SARA-R510M8S"}, []Answer{
		{Command: "+UCGED?", Final: "OK", Lines: []string{"+UCGED: 2", "6,4,001,01",
			"2525,5,50,50,e8fe,1a2d001,1,<redacted>,8001,01,28,31,13.75,3,1,10,28,-50,-6,0,255,255,0"}},
		{Command: "+CEREG?", Final: "OK", Lines: []string{`+CEREG: 3,1,"E8FE","1A2D001",7`}}})
}

// The TMSI of +UCGED goes wherever it is, and nothing else does.
func TestUbloxTMSI(t *testing.T) {
	for _, x := range []struct{ row, want string }{
		{"2525,5,50,50,e8fe,1a2d001,1,d60814d1,8001,01,28,31,13.75,3", "2525,5,50,50,e8fe,1a2d001,1,<redacted>,8001,01,28,31,13.75,3"},
		{`5110,12,10,10,830e,162,-86,-14,131,-1,3,255,128,"FB306E02"`, `5110,12,10,10,830e,162,-86,-14,131,-1,3,255,128,"<redacted>"`},
		{"2525,5,50,50,e8fe,1a2d001,1d60814d1,8001,01,28,31,13.75,3", "2525,5,50,50,e8fe,1a2d001,<redacted>,8001,01,28,31,13.75,3"},
		{"1009,0,5265,11,d5bd,00,36,-1,30,30,1,1", "1009,0,5265,11,d5bd,00,36,-1,30,30,1,1"},
		{"1,4,250,1,1234,001234567,1721,223,103,50,6,62,62,18", "1,4,250,1,1234,001234567,1721,223,103,50,6,62,62,18"}, // Fibocom
	} {
		for _, head := range []string{"AT+UCGED?\n", ""} {
			if head != "" && x.row[0] == '1' && x.row[1] == ',' {
				continue
			}
			_, n, err := DecodeText(strings.NewReader(head+"+UCGED: 2\n6,4,001,01\n"+x.row+"\nOK\n"), ublox)
			require.NoError(t, err)
			out, _, err := DecodeText(strings.NewReader(head+x.row+"\n+CREG: 1\nOK\n"), ublox)
			require.NoError(t, err)
			require.Contains(t, out[0].Observation.Raw, x.want)
			for _, r := range n.Rejects {
				require.NotContains(t, strings.ToLower(r.Line), "60814d1")
			}
		}
	}
}

// Rows without a prefix mean nothing without the rows before them.
func TestUbloxRows(t *testing.T) {
	const head, network, row = "+UCGED: 2", "6,4,001,01", "2525,5,50,50,e8fe,1a2d001,1,<redacted>,8001,01,28,31,13.75,3,1,10,28,-50,-6,0,255,255,0"
	require.NotNil(t, decode(ublox, head, network, row).Serving)
	for _, lines := range [][]string{{network, row}, {head, row}, {head, "+CREG: 1", row}, {"+UCGED: 5", network, row}} {
		require.Nil(t, decode(ublox, lines...).Serving, lines)
	}
	o := decode(ublox, head, network, row, row)
	require.Equal(t, cell.Some(uint32(2525)), o.Serving.ARFCN)
	require.Equal(t, cell.NoService, decode(ublox, head, "6,3,fff,fff", "65535,255,255,255,ffff,0000000,65535,<redacted>,ffff,ff,255,255,255,1,255,255,255,255,255,0,255,255,0").State)
}

// Any one comma lost or doubled in a whole answer gives nothing that is not there.
func TestUbloxCommas(t *testing.T) {
	for _, answer := range [][]string{
		{"+UCGED: 2", "6,4,001,01", "2525,5,50,50,e8fe,1a2d001,1,<redacted>,8001,01,28,31,13.75,3,1,10,28,-50,-6,0,255,255,0"},
		{"+UCGED: 2", "6,310,410", `5110,12,10,10,830e,162,-86,-14,131,-1,3,255,128,"<redacted>"`},
		{"+UCGED: 2", "3,4,222,01", "4400,5,1a2d001,0b2c,80,9,4,62,42,255"},
		{"+UCGED: 2", "2,4,222,01", "1009,0,5265,1d,d5bd,00,36,1,2,255"},
		{"+UCGED: 2", "2,222,1", "1009,0,5265,11,d5bd,00,36,-1,30,30,1,1"},
	} {
		whole := ublox.Decode([]Answer{{Lines: answer}})
		require.NotNil(t, whole.Observation.Serving)
		require.Empty(t, whole.Rejects)
		commas(t, ublox, answer, &whole)
	}
}

// commas loses and doubles each comma of an answer.
func commas(t *testing.T, d *Dialect, answer []string, whole *Decoded) {
	t.Helper()
	for i, line := range answer {
		for at := range len(line) {
			if line[at] != ',' {
				continue
			}
			for _, broken := range []string{line[:at] + line[at+1:], line[:at] + "," + line[at:]} {
				lines := append([]string{}, answer...)
				lines[i] = broken
				one := d.Decode([]Answer{{Lines: lines}})
				sane(t, &one.Observation)
				requirePart(t, &one, whole, broken)
			}
		}
	}
}
