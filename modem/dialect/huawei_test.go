package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

func FuzzHuawei(f *testing.F) { fuzz(f, huawei) }

func BenchmarkDecodeHuawei(b *testing.B) {
	benchmark(b, Ident{Manufacturer: "huawei", Model: "E3372"}, []Answer{
		{Command: "^MONSC", Final: "OK", Lines: []string{"^MONSC: LTE,460,00,38400,D975244,8,24C8,-85,-10,-54"}},
		{Command: "^HCSQ?", Final: "OK", Lines: []string{`^HCSQ:"LTE",66,55,166,18`}},
		{Command: "^MONNC", Final: "OK", Lines: []string{"^MONNC: LTE,38400,1F,-92,-11,-60", "^MONNC: GSM,1,70,9,,,-69"}}})
}

// The scale of the levels is decided by the row.
func TestBalongLevels(t *testing.T) {
	for _, x := range []struct {
		row  string
		want cell.Cell
	}{
		{"^MONNC: NR,504990,17C,-82,-14,20", cell.Cell{RSRP: cell.Some(cell.DBm(-82)), RSRQ: cell.Some(cell.DB(-14)), SINR: cell.Some(cell.DB(20))}},
		{"^MONNC: NR,504990,17C,-656,-112,160", cell.Cell{RSRP: cell.Some(cell.DBm(-82)), RSRQ: cell.Some(cell.DB(-14)), SINR: cell.Some(cell.DB(20))}},
		{"^MONNC: NR,504990,17C,-157,-44,-24", cell.Cell{Placeholder: cell.FieldRSRP | cell.FieldRSRQ}},
		{"^MONNC: NR,504990,17C,-1256,-348,-188", cell.Cell{Placeholder: cell.FieldRSRP | cell.FieldRSRQ}},
	} {
		x.want.RAT, x.want.ARFCN, x.want.PCI = cell.NR, cell.Some(uint32(504990)), cell.Some(uint16(0x17C))
		require.Equal(t, []cell.Cell{x.want}, decode(huawei, x.row).Neighbours, x.row)
	}
}

// A service state of none is no service only where no RAT is named.
func TestServiceState(t *testing.T) {
	for row, want := range map[string]cell.State{
		`^SYSINFOEX: 0,0,0,1,,0,"NO SERVICE",0,"NO SERVICE"`: cell.NoService,
		`^SYSINFOEX: 1,0,0,1,,6,"LTE",101,"LTE"`:             cell.Limited,
		`^SYSINFOEX: 3,0,0,1,,3,"WCDMA",41,"WCDMA"`:          cell.Limited,
		`^SYSINFOEX: 2,3,0,1,,6,"LTE",101,"LTE"`:             "",
		`^SYSINFO:0,255,0,0,1`:                               cell.NoService,
		`^SYSINFO:4,3,0,5,1`:                                 "",
	} {
		require.Equal(t, want, decode(huawei, row).State, row)
	}
	require.Equal(t, cell.Limited, decode(zte, `^SYSINFO:1,0,0,17,1`).State)
}

func TestRejInfo(t *testing.T) {
	o := decode(huawei, `^REJINFO:46000,2,13,0,0,13,"26F8","FF","4202"`)
	require.Equal(t, []cell.Registration{{Domain: cell.CS, Area: cell.Some(cell.Area(0x26F8)), CellID: cell.Some(uint64(0x4202)),
		CauseType: cell.Some(uint8(0)), Cause: cell.Some(uint16(13))}}, o.Registration)
	require.Nil(t, o.Serving, "it says nothing of where the modem is")
	require.Equal(t, cell.FGS, decode(huawei, `^REJINFO:46000,1,27,5,4,27`).Registration[0].Domain)
	require.Equal(t, cell.PS, decode(huawei, `^REJINFO:46000,1,7,1,5,7`).Registration[0].Domain)
	require.True(t, huawei.Hint(`^REJINFO:46000,1,27,5,4,27`))
}
