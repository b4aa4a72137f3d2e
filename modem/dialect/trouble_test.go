package dialect

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// One bad column costs that column, and is named; what the number of columns, quotes, labels or the band show to be sure is
// kept, also of rows of a number of columns that no manual has.
func TestOneBadColumn(t *testing.T) {
	for _, x := range []struct{ family, line, want, rejects string }{
		// levels out of their scale
		{"fibocom", `2,9,,,FFFFFFF,00FFFFFFF,627264,420,,396,396,60`, `"neighbours":[{"rat":"NR","pci":420,"arfcn":627264,"rsrq":-13.5,"placeholder":["area","cell_id"]}]`, "bad_value rsrp"},
		{"fibocom", `2,9,,,FFFFFFF,00FFFFFFF,633984,420,,41,41,657`, `"neighbours":[{"rat":"NR","pci":420,"arfcn":633984,"rsrp":-116,"placeholder":["area","cell_id"]}]`, "bad_value rsrq"},
		{"quectel", `+QCSQ: "LTE",52,-83,207,-14`, `"serving":{"rat":"LTE","rsrp":-83,"rsrq":-14}`, "bad_value rssi"},
		{"quectel", `+QCSQ: "LTE",52,-8,207,-140`, ``, "bad_value rssi, rsrp, rsrq"},
		{"quectel", `+QENG: "servingcell","NOCONN","LTE","FDD",262,03,2FAA03,187,6200,20,3,3,2AFB,-305,-11,-76,10,23`, `"serving":{"rat":"LTE","mcc":"262","mnc":"03","cell_id":3123715,"pci":187,"arfcn":6200,"band":20}`, "bad_value rsrp"},
		{"quectel", `+QENG: "servingcell","NOCONN","LTE","FDD",262,03,2FAA03,187,6200,3,3,3,2AFB,-305,-11,-76,10,23`, ``, "bad_value"}, // 6200 is not in B3
		{"quectel", `+QENG: "neighbourcell intra","LTE",6300,188,-12,-505,-75,-20,23,4,12,10,62`, `"neighbours":[{"rat":"LTE","pci":188,"arfcn":6300,"rsrq":-12,"rssi":-75,"priority":4,"thresh_low":10,"srxlev":23}]`, "bad_value rsrp"},
		{"huawei", `^MONSC: LTE,460,00,38400,D975244,8,24C8,-85,-10,54`, `"serving":{"rat":"LTE","mcc":"460","mnc":"00","area":9416,"cell_id":228020804,"pci":8,"arfcn":38400,"rsrp":-85,"rsrq":-10}`, "bad_value rssi"},
		{"simcom", `+CPSI: LTE,Online,250-02,0x0EF8,22060,58,EUTRAN-BAND3,1725,9,3,-108,-889,-614,19`, `"serving":{"rat":"LTE","mcc":"250","mnc":"02","area":3832,"cell_id":22060,"pci":58,"arfcn":1725,"band":3,"rsrp":-88.9,"rsrq":-10.8,"rssi":-61.4,"sinr":19}`, "bad_value bandwidth_khz"},
		{"fibocom", `+RSRP: 46,325,-71.00,112,325,-7.-50`, `"serving":{"rat":"LTE","pci":46,"arfcn":325,"rsrp":-71},"neighbours":[{"rat":"LTE","pci":112,"arfcn":325}]`, "bad_value rsrp"},
		{"generic", `+CESQ: 99,99,255,255,77,45`, `"serving":{"rat":"LTE","rsrp":-96}`, "bad_value rsrq"},
		// -1 is a level that is not measured yet, dashes are nothing
		{"fibocom", `1,4,262,02,BFD3,2D4201,6300,48,120,50,-1,-1,-1,-1`, `"serving":{"rat":"LTE","mcc":"262","mnc":"02","area":49107,"cell_id":2966017,"pci":48,"arfcn":6300,"band":20,"bandwidth_khz":10000,"placeholder":["rsrp","rsrq"]}`, ""},
		{"quectel", `+QENG: "servingcell","NOCONN","LTE","FDD",262,03,2FAA03,187,6200,20,3,3,2AFB,-1,-1,-1,-1,23`, `"serving":{"rat":"LTE","mcc":"262","mnc":"03","area":11003,"cell_id":3123715,"pci":187,"arfcn":6200,"band":20,"bandwidth_khz":10000,"srxlev":23,"placeholder":["rsrp","rsrq","rssi","sinr"]}`, ""},
		{"huawei", `^MONNC: LTE,1300,44,-1,-1,-1`, `"neighbours":[{"rat":"LTE","pci":68,"arfcn":1300,"placeholder":["rsrp","rsrq"]}]`, ""},
		{"quectel", `+QENG: "servingcell","NOCONN","LTE","FDD",262,03,2FAA03,187,6200,20,3,3,2AFB,-95,-1,-76,-1,23`, `"serving":{"rat":"LTE","mcc":"262","mnc":"03","area":11003,"cell_id":3123715,"pci":187,"arfcn":6200,"band":20,"bandwidth_khz":10000,"rsrp":-95,"rsrq":-1,"rssi":-76,"sinr":-1,"srxlev":23}`, ""},
		{"generic", `+CESQ: 99,99,255,255,-1,-1`, ``, ""},
		{"quectel", `+QENG: "servingcell","NOCONN","LTE","FDD",262,03,2FAA03,187,6200,20,3,3,2AFB,---,----,--,-,23`, `"serving":{"rat":"LTE","mcc":"262","mnc":"03","area":11003,"cell_id":3123715,"pci":187,"arfcn":6200,"band":20,"bandwidth_khz":10000,"srxlev":23}`, ""},
		// %XMONITOR of 12 to 16 columns
		{"nordic", `%XMONITOR: 1,"Operator","OP","20065","003F",7,20,"0012BEFF",334,6200,66,44,""`, xmonitored, ""},
		{"nordic", `%XMONITOR: 1,"Operator","OP","20065","003F",7,20,"0012BEFF",334,6200,66,44,"","11100000"`, xmonitored, ""},
		{"nordic", `%XMONITOR: 1,"Operator","OP","20065","003F",14,20,"0012BEFF",334,6200,66,44`, xmonitored, ""},
		{"nordic", `%XMONITOR: 1,"Operator","OP","20065","003F",7,,20,"0012BEFF",334,6200,66,44`, ``, "unknown_layout"},
		{"nordic", `%XMONITOR: 1,"Operator","OP","20065","003F",7,20,"0012BEFF",334,6200,66,144,""`, strings.Replace(xmonitored, `,"sinr":19`, ``, 1), "bad_value sinr"},
		// +CPSI: NR5G_NSA
		{"simcom", `+CPSI: NR5G_NSA,58,643296,-12,-86,8.5`, `"secondary":[{"rat":"NR","pci":58,"arfcn":643296,"rsrp":-86,"rsrq":-12,"sinr":8.5}]`, ""},
		{"simcom", `+CPSI: NR5G_NSA,644,NR5G_BAND78,627264,-960,-120,95`, `"secondary":[{"rat":"NR","pci":644,"arfcn":627264,"band":78,"rsrp":-96,"rsrq":-12,"sinr":9.5}]`, ""},
		{"simcom", `+CPSI: NR5G_NSA,644,NR5G_BAND78,627264`, `"secondary":[{"rat":"NR","pci":644,"arfcn":627264,"band":78}]`, "truncated"},
		{"simcom", `+CPSI: NR5G_NSA,644,NR5G_BAND41,627264`, ``, "truncated"},
		// rows of other numbers of columns
		{"quectel", `+QENG: "servingcell","NOCONN","GSM",460,00,2D0D,1F2E,45,2,0,-71,5,0,0,0`, `"serving":{"rat":"GSM","mcc":"460","mnc":"00","area":11533,"cell_id":7982,"pci":45,"arfcn":2,"rssi":-71}`, "truncated"},
		{"quectel", `+QENG: "servingcell","NOCONN","GSM",460,00,2D0D,1F2E,45,2,0,12,5`, `"serving":{"rat":"GSM","mcc":"460","mnc":"00","area":11533,"cell_id":7982,"pci":45,"arfcn":2}`, "truncated"},
		{"quectel", `+QENG: "servingcell","NOCONN","GSM",460,00,2D0D,1F2E,45,2`, ``, "truncated"},
		{"quectel", `+QENG: "servingcell","NOCONN","GSM",460,00,2D0D1F2E,45,2,0,-71,5,0,0,0,0`, ``, "truncated"},
		{"quectel", `+QENG: "servingcell","NOCONN","LTE","FDD",262,03,2FAA03,187,6200,20,3,3`, `"serving":{"rat":"LTE","mcc":"262","mnc":"03","cell_id":3123715,"pci":187,"arfcn":6200,"band":20}`, "truncated"},
		{"quectel", `+QENG: "servingcell","NOCONN","NR5G-SA","TDD",460,11,5AB620705,524,590A2C,176190,5,3,-88`, `"serving":{"rat":"NR","mcc":"460","mnc":"11","area":5835308,"cell_id":24350164741,"pci":524,"arfcn":176190,"band":5}`, "truncated"},
		{"simcom", `+CPSI: LTE,Online,250-02,0x0EF8,22060,58,EUTRAN-BAND3,1725,3,3,-108,-889,-614`, `"serving":{"rat":"LTE","mcc":"250","mnc":"02","area":3832,"cell_id":22060,"pci":58,"arfcn":1725,"band":3}`, "truncated"},
		{"simcom", `+CPSI: GSM,Online,460-01,0x182d,12401,27 EGSM 900,-64`, `"serving":{"rat":"GSM","mcc":"460","mnc":"01","area":6189,"cell_id":12401,"arfcn":27,"band":900}`, "truncated"},
		{"fibocom", `1,9,460,11,590A2C,5AB620705,176190,524,505,75,6,57,57,73,1`, `"serving":{"rat":"NR","mcc":"460","mnc":"11","area":5835308,"cell_id":24350164741,"pci":524,"arfcn":176190,"band":5}`, "unknown_layout"},
		{"huawei", `^MONSC: LTE,460,00,38400,D975244,8,24C8,-85,-10,-54,1,2`, `"serving":{"rat":"LTE","mcc":"460","mnc":"00","area":9416,"cell_id":228020804,"pci":8,"arfcn":38400}`, "unknown_layout"},
		{"huawei", `^MONSC: LTE,460,00,38400,D975244,8,24C8,-85,-10,-54,1`, ``, "unknown_layout"}, // a comma too many?
		{"quectel", `+QCAINFO: "SCC",275,75,"LTE BAND 1",2,280,-99,-14,-67,-4,0,1`, `"secondary":[{"rat":"LTE","pci":280,"arfcn":275,"band":1}]`, "unknown_layout"},
		{"quectel", `+QCAINFO: "SCC",275,75,"LTE BAND 3",2,280,-99,-14,-67,-4,0,1`, ``, "unknown_layout"},
		{"sierra", "!GSTATUS:\nSystem mode:   LTE   PS state:    Attached\nLTE band:      B7    LTE bw: ---\nLTE Rx chan:   3350\nNR5G band:       ---            NR5G bw:         ---\nNR5G Rx chan:    ---   NR5G RSRP (dBm): ---", `"serving":{"rat":"LTE","arfcn":3350,"band":7}`, ""},
	} {
		d, err := ByName(x.family)
		require.NoError(t, err)
		got := d.Decode([]Answer{{Lines: strings.Split(x.line, "\n"), Final: "OK"}})
		sane(t, &got.Observation)
		o := got.Observation
		o.Raw, o.State = nil, ""
		if len(o.Neighbours) == 0 {
			o.Neighbours = nil
		}
		require.Equal(t, "{"+x.want+"}", string(bytes.TrimSpace(cell.AppendRecord(nil, &o))), x.line)
		var rejects []string
		for _, r := range got.Rejects {
			rejects = append(rejects, strings.TrimSpace(string(r.Reason)+" "+r.Columns))
		}
		require.Equal(t, x.rejects, strings.Join(rejects, "; "), x.line)
	}
}

const xmonitored = `"serving":{"rat":"LTE","mcc":"200","mnc":"65","area":63,"cell_id":1228543,"pci":334,"arfcn":6200,"band":20,"rsrp":-75,"sinr":19}`

// Two commands that name one cell make one neighbour of it; another PLMN, area, cell id or channel makes another.
func TestNeighbourOnce(t *testing.T) {
	x := fibocom.Decode([]Answer{{Lines: []string{
		`+RSRP: 113,1325,-82.00,113,3774,-86.00,111,1325,-84.00`,
		`+RSRQ: 113,1325,-10.50,113,3774,-16.00,111,1325,-8.50`,
		`+XMCI: 4,510,11,"0x7D18","0x04E23D06","0x0071","0x0000052D","0x00004B7D","0xFFFFFFFF",59,19,14,"0x00000000","0x00000000"`,
		`+XMCI: 5,000,000,"0xFFFE","0xFFFFFFFF","0x0071","0x00000EBE","0xFFFFFFFF","0xFFFFFFFF",55,8,255,"0x7FFFFFFF","0x00000000"`,
	}}})
	require.Len(t, x.Observation.Neighbours, 2)
	require.Equal(t, cell.Some(cell.DBm(-86)), x.Observation.Neighbours[0].RSRP)
	require.Equal(t, cell.Some(cell.DB(-16)), x.Observation.Neighbours[0].RSRQ)

	lte := func(pci uint16, arfcn uint32) cell.Cell {
		return cell.Cell{RAT: cell.LTE, PCI: cell.Some(pci), ARFCN: cell.Some(arfcn)}
	}
	named := func(c cell.Cell, mcc, mnc string, id uint64) cell.Cell {
		c.MCC, c.MNC, c.ID = mcc, mnc, cell.Some(id)
		return c
	}
	for _, y := range []struct {
		a, b cell.Cell
		same bool
	}{
		{lte(1, 1300), lte(1, 1300), true},
		{lte(1, 1300), lte(2, 1300), false},
		{lte(1, 1300), lte(1, 1301), false},
		{lte(1, 1300), named(lte(1, 1300), "262", "01", 5), true},
		{named(lte(1, 1300), "262", "01", 5), named(lte(1, 1300), "262", "1", 5), true},
		{named(lte(1, 1300), "262", "01", 5), named(lte(1, 1300), "262", "02", 5), false}, // shared by two networks
		{named(lte(1, 1300), "262", "01", 5), named(lte(1, 1300), "262", "01", 6), false},
		{named(cell.Cell{RAT: cell.LTE}, "262", "01", 5), named(lte(1, 1300), "262", "01", 5), true},
		{cell.Cell{RAT: cell.LTE, ARFCN: cell.Some(uint32(1300))}, cell.Cell{RAT: cell.LTE, ARFCN: cell.Some(uint32(1300))}, false}, // a frequency without a cell
		{lte(1, 1300), cell.Cell{RAT: cell.UMTS, PCI: cell.Some(uint16(1)), ARFCN: cell.Some(uint32(1300))}, false},
	} {
		require.Equal(t, y.same, len(distinct([]cell.Cell{y.a, y.b})) == 1, "%+v %+v", y.a, y.b)
	}
	require.Nil(t, distinct(nil))
	require.NotNil(t, distinct([]cell.Cell{}))
}
