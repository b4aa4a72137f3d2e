package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

func FuzzNordic(f *testing.F) { fuzz(f, nordic) }

func BenchmarkDecodeNordic(b *testing.B) {
	benchmark(b, Ident{Manufacturer: "Nordic Semiconductor ASA", Model: "nRF9160-SICA"}, []Answer{
		{Command: "%XMONITOR", Final: "OK", Lines: []string{
			`%XMONITOR: 1,"","","44020","107E",7,8,"0199F10A",5,3750,49,31,"","11100000","11100000","01001001"`}},
		{Command: "%NCELLMEAS", Final: "OK", Lines: []string{
			`%NCELLMEAS: 0,"0199F10A","44020","107E",65535,3750,5,49,27,107504,3750,251,33,4,0,475,107,26,14,25,475,58,26,17,25`}}})
}

// Two layouts share a prefix: the search type of the command decides, or the number of columns if it is unknown.
func TestNordicSearchType(t *testing.T) {
	const plain = `%NCELLMEAS: 0,"0199F10A","44020","107E",48,3750,5,49,27,107504,3750,251,33,4,0`
	const gci = `%NCELLMEAS: 0,"0199F10A","44020","107E",48,1000,3750,5,49,27,107504,1,0,"0199F20B","44020","107E",65535,0,3850,9,39,20,107600,0,0`
	for _, x := range []struct {
		command, line string
		pci           cell.Opt[uint16]
		neighbours    int
		sweep         int
		rejects       int
	}{
		{"", plain, cell.Some(uint16(5)), 1, 0, 0},
		{"%NCELLMEAS", plain, cell.Some(uint16(5)), 1, 0, 0},
		{"%NCELLMEAS=2", plain, cell.Some(uint16(5)), 1, 0, 0},
		{"%NCELLMEAS=5", plain, cell.Opt[uint16]{}, 0, 0, 1},
		{"", gci, cell.Some(uint16(5)), 1, 0, 0},
		{"%NCELLMEAS=3", gci, cell.Some(uint16(5)), 0, 1, 0},
		{"%NCELLMEAS=5", gci, cell.Some(uint16(5)), 0, 1, 0},
		{"%NCELLMEAS", gci, cell.Opt[uint16]{}, 0, 0, 1},
	} {
		d := nordic.Decode([]Answer{{Command: x.command, Lines: []string{x.line}, Final: "OK"}})
		var pci cell.Opt[uint16]
		if s := d.Observation.Serving; s != nil {
			pci = s.PCI
			require.Equal(t, cell.Some(uint16(3)), s.TA, "48 basic time units are three steps")
		}
		require.Equal(t, x.pci, pci, "%s %s", x.command, x.line)
		require.Len(t, d.Observation.Neighbours, x.neighbours, "%s %s", x.command, x.line)
		require.Len(t, d.Sweep, x.sweep, "%s %s", x.command, x.line)
		require.Len(t, d.Rejects, x.rejects, "%s %s", x.command, x.line)
	}
}

// The extended reports of TS 36.133 go below 0, where the buckets are numbered from another end.
func TestNordicIndexes(t *testing.T) {
	for text, want := range map[string]cell.Cell{
		`%CESQ: 97,1,34,2`:   {RAT: cell.LTE, RSRP: cell.Some(cell.DBm(-44)), RSRQ: cell.Some(cell.DB(-3))},
		`%CESQ: 0,1,0,2`:     {RAT: cell.LTE, RSRP: cell.Some(cell.DBm(-141)), RSRQ: cell.Some(cell.DB(-20))},
		`%CESQ: -1,1,-1,2`:   {RAT: cell.LTE, RSRP: cell.Some(cell.DBm(-141)), RSRQ: cell.Some(cell.DB(-20))},
		`%CESQ: -16,1,-29,2`: {RAT: cell.LTE, RSRP: cell.Some(cell.DBm(-156)), RSRQ: cell.Some(cell.DB(-34))},
		`%CESQ: 45,1,46,2`:   {RAT: cell.LTE, RSRP: cell.Some(cell.DBm(-96)), RSRQ: cell.Some(cell.DB(3))},
	} {
		require.Equal(t, want, *decode(nordic, text).Serving, text)
	}
}

// %XMONITOR and %NCELLMEAS of one round are of one cell; a modem that moved in between is not put together.
func TestNordicRound(t *testing.T) {
	const monitor = `%XMONITOR: 1,"","","44020","107E",7,8,"0199F10A",5,3750,49,31`
	o := decode(nordic, monitor, `%NCELLMEAS: 0,"0199F10A","44020","107E",48,3750,5,49,27,107504`)
	require.Equal(t, cell.Some(uint16(3)), o.Serving.TA)
	require.Equal(t, cell.Some(cell.Band(8)), o.Serving.Band)
	o = decode(nordic, monitor, `%NCELLMEAS: 0,"0199F20B","44020","107E",48,3850,9,49,27,107504`)
	require.False(t, o.Serving.TA.Known())
	require.Equal(t, cell.Some(uint64(0x199F10A)), o.Serving.ID)
}
