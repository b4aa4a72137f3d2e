package airtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/air"
	"vigie/air/airtest"
	"vigie/cell"
)

// told gives messages to a Recorder, and collects what it emits as lines.
type told struct {
	t     *testing.T
	r     air.Recorder
	at    time.Time
	cell  cell.Message // PCI and ARFCN of what comes
	lines []string
}

func newTold(t *testing.T) *told {
	x := &told{t: t, at: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), cell: cell.Message{PCI: cell.Some(uint16(101)), ARFCN: cell.Some(uint32(1300))}}
	x.r.Emit = func(r cell.Record) { x.lines = append(x.lines, string(cell.AppendRecord(nil, r))) }
	return x
}

func (x *told) rrc(m airtest.RRC) {
	x.t.Helper()
	payload, err := air.EncodeRRC(m.Channel, m.Value)
	require.NoError(x.t, err)
	msg := cell.Message{RAT: cell.LTE, Layer: cell.RRC, Channel: m.Channel, Time: x.at, PCI: x.cell.PCI, ARFCN: x.cell.ARFCN}
	require.NoError(x.t, air.DecodeRRC(&msg, payload, true))
	x.r.Message(&msg, payload)
}

func (x *told) nas(log uint16, payload ...byte) {
	msg := cell.Message{RAT: cell.LTE, Layer: cell.NAS, Time: x.at, Log: log}
	_ = air.DecodeNAS(&msg, payload)
	x.r.Message(&msg, payload)
}

// since returns what was emitted, and forgets it.
func (x *told) since() []string {
	all := x.lines
	x.lines = nil
	return all
}

var aCell = airtest.Cell{PLMNs: []string{"001-01", "001-02"}, TAC: 4660, CellID: 0x1ABCDE1, Band: 3, QRxLevMin: -120, ValueTag: 7, Blocks: [][]string{{"sibType3"}, {"sibType5", "sibType6"}}}

// What a cell says is told once, when its blocks are there; again when it changes, with what has; and daily.
func TestRecorderTellsBroadcasts(t *testing.T) {
	x := newTold(t)
	x.rrc(airtest.SIB1(aCell))
	require.Equal(t, []string{`{"time":"2026-06-01T00:00:00Z","serving":{"rat":"LTE","mcc":"001","mnc":"01","area":4660,"cell_id":28036577,"pci":101,"arfcn":1300,"band":3}}`}, x.since())
	x.at = x.at.Add(time.Second)
	x.rrc(airtest.SystemInformation(airtest.SIB3(5), airtest.SIB4(101, 7)))
	x.at = x.at.Add(time.Second)
	x.rrc(airtest.SystemInformation(airtest.SIB5(airtest.Offer{Channel: 6300, Priority: 4}), airtest.SIB6([]airtest.Offer{{Channel: 10713, Priority: 1}}, nil), airtest.SIB7(airtest.Offer{Channel: 600, Priority: -1})))
	require.Empty(t, x.since())
	x.at = x.at.Add(9 * time.Second)
	x.rrc(airtest.SIB1(aCell)) // the same
	require.Equal(t, []string{
		`{"kind":"broadcast","time":"2026-06-01T00:00:11Z","rat":"LTE","arfcn":1300,"pci":101,"plmns":["001-01","001-02"],"area":4660,"cell_id":28036577,"band":3,"barred":false,"intra_freq_reselection":true,` +
			`"csg":false,"q_rx_lev_min":-120,"si_count":2,"value_tag":7,"sibs":[1,3,4,5,6,7],"serving_priority":5,"carriers":[["LTE",6300,4],["UMTS",10713,1],["GSM",600,null]],"neighbour_pcis":[101,7]}`,
		`{"time":"2026-06-01T00:00:11Z","serving":{"rat":"LTE","mcc":"001","mnc":"01","area":4660,"cell_id":28036577,"pci":101,"arfcn":1300,"band":3,"priority":5}}`}, x.since())

	x.rrc(airtest.SystemInformation(airtest.SIB6([]airtest.Offer{{Channel: 10713, Priority: 7}}, nil)))
	require.Contains(t, x.since()[0], `["UMTS",10713,7],["GSM",600,null]],"neighbour_pcis":[101,7],"changed":["carriers"]}`)
	moved := aCell
	moved.TAC, moved.ValueTag = 9, 8
	x.at = x.at.Add(time.Second)
	x.rrc(airtest.SIB1(moved))
	changed := x.since()
	require.Len(t, changed, 2, "and the serving cell has another area")
	require.Contains(t, changed[0], `"changed":["area","value_tag"]}`)

	x.at = x.at.Add(23 * time.Hour)
	x.rrc(airtest.SIB1(moved))
	require.Len(t, x.since(), 1, "an observation")
	x.at = x.at.Add(time.Hour)
	x.rrc(airtest.SIB1(moved))
	daily := x.since()
	require.Len(t, daily, 2)
	require.Contains(t, daily[0], `"kind":"broadcast"`)
	require.NotContains(t, daily[0], `changed`)

	other := aCell // another cell at the same place: what the one before said in other blocks is not its own
	other.CellID = 5
	x.rrc(airtest.SIB1(other))
	again := x.since()
	require.Contains(t, again[0], `"cell_id":5`)
	require.Contains(t, again[0], `"sibs":[1],"changed":["area","cell_id","value_tag"]}`)
}

// What waits to be told is told when the recording ends, and when too many cells are known.
func TestRecorderForgetsCells(t *testing.T) {
	x := newTold(t)
	for pci := range 600 {
		x.cell.PCI, x.cell.ARFCN = cell.Some(uint16(pci%500)), cell.Some(uint32(pci/500))
		c := aCell
		c.CellID = uint32(pci)
		x.rrc(airtest.SIB1(c))
	}
	require.Equal(t, 600-512, strings.Count(strings.Join(x.since(), "\n"), `"kind":"broadcast"`))
	x.r.Flush()
	require.Len(t, x.since(), 512)
	x.r.Flush()
	require.Empty(t, x.since())
}

// Of a capture without channel and PCI, blocks belong to the cell whose block 1 came last.
func TestRecorderWithoutChannel(t *testing.T) {
	x := newTold(t)
	x.cell = cell.Message{}
	x.rrc(airtest.SIB1(aCell))
	x.rrc(airtest.SystemInformation(airtest.SIB3(2)))
	other := aCell
	other.CellID = 6
	x.rrc(airtest.SIB1(other))
	x.rrc(airtest.SystemInformation(airtest.SIB3(4)))
	x.r.Flush()
	all := strings.Join(x.since(), "\n")
	require.Regexp(t, `"cell_id":28036577,.*"serving_priority":2`, all)
	require.Regexp(t, `"cell_id":6,.*"serving_priority":4`, all)
}

// Dedicated messages that can matter are told at once, without who it is; what cannot is not.
func TestRecorderKeepsWhatMatters(t *testing.T) {
	x := newTold(t)
	for _, m := range []airtest.RRC{airtest.Request("mo-Data"), airtest.Reject(10), airtest.SecurityMode(0, 2), airtest.Handover(7, 1, 1), airtest.Reestablish(3, "otherFailure"),
		airtest.HandoverTo("geran"), airtest.Release("other", airtest.RedirectGSM(600))} {
		x.rrc(m)
	}
	x.nas(0xB0EC, 7, 0x55, 1)                                                 // identity request
	x.nas(0xB0ED, 7, 0x56, 8, 0x29, 0x62, 0x10, 0x32, 0x54, 0x76, 0x98, 0x10) // its answer
	kept := x.since()
	for i, name := range []string{"rrcConnectionRequest", "rrcConnectionReject", "securityModeCommand", "rrcConnectionReconfiguration", "rrcConnectionReestablishmentRequest",
		"mobilityFromEUTRACommand", "rrcConnectionRelease", "identity-request", "identity-response"} {
		require.Contains(t, kept[i], `"message":"`+name+`"`)
		require.Contains(t, kept[i], `"payload":"`)
		require.NotContains(t, kept[i], "leaves")
	}
	require.Len(t, kept, 9)
	require.Contains(t, kept[8], `"fields":{"security":0,"identity":1},"payload":"0756080900000000000000"}`)
	require.NotContains(t, kept[3], "c0de", "the new C-RNTI")

	x.rrc(airtest.Reconfiguration())
	x.rrc(airtest.NASDown([]byte{7, 0x55, 1})) // logged as NAS too
	x.rrc(airtest.Paging(3, false))
	x.nas(0xB0EC, 0x27, 1, 2, 3, 4, 5, 7, 0x55, 1) // ciphered
	x.nas(0xB0EA, 0x37, 1, 2, 3, 4, 5, 7, 0x5D, 2) // logged plain too
	x.nas(0xB0ED, 0xC7, 1, 2, 3)                   // service request
	x.nas(0xB0E2, 2, 1, 0xC1)                      // session management
	x.r.Flush()
	require.Empty(t, x.since())
}

// Equal messages in a row are one and a number; what differs, or comes more than a minute later, is told by itself.
func TestRecorderCountsRepeats(t *testing.T) {
	x := newTold(t)
	identity := func(after time.Duration) {
		x.at = x.at.Add(after)
		x.nas(0xB0EC, 7, 0x55, 1)
	}
	identity(0)
	require.Len(t, x.since(), 1)
	identity(6 * time.Second)
	identity(6 * time.Second)
	require.Empty(t, x.since())
	x.nas(0xB0EC, 7, 0x55, 2)
	require.Equal(t, []string{
		`{"kind":"message","rat":"LTE","layer":"nas","channel":"EMM","log":"b0ec","time":"2026-06-01T00:00:06Z","message":"identity-request","fields":{"security":0,"identity":1},"count":2,"payload":"075501"}`,
		`{"kind":"message","rat":"LTE","layer":"nas","channel":"EMM","log":"b0ec","time":"2026-06-01T00:00:12Z","message":"identity-request","fields":{"security":0,"identity":2},"payload":"075502"}`}, x.since())
	x.at = x.at.Add(2 * time.Minute)
	x.nas(0xB0EC, 7, 0x55, 2)
	require.Len(t, x.since(), 1)
	x.nas(0xB0EC, 7, 0x55, 2)
	x.r.Flush()
	require.Contains(t, x.since()[0], `"count":1`)
}

// Of pagings only the sums of a minute are told, and only if somebody was paged by IMSI; who was is not.
func TestRecorderSumsUpPagings(t *testing.T) {
	x := newTold(t)
	x.rrc(airtest.Paging(4, false))
	x.at = x.at.Add(time.Minute)
	x.rrc(airtest.Paging(2, false, "001010123456789"))
	x.at = x.at.Add(30 * time.Second)
	x.rrc(airtest.Paging(1, false))
	require.Empty(t, x.since())
	x.at = x.at.Add(time.Minute)
	x.rrc(airtest.Paging(1, false))
	require.Equal(t, []string{`{"kind":"message","rat":"LTE","layer":"rrc","channel":"PCCH","direction":"down","time":"2026-06-01T00:01:30Z","message":"paging","fields":{"records":4,"imsi_records":1},"count":2}`}, x.since())
	x.r.Flush()
	require.Empty(t, x.since())
}

// A measurement report is an observation: the serving cell with its levels, and the cells next to it, on the channel that the network
// asked about.
func TestRecorderObservesMeasurements(t *testing.T) {
	x := newTold(t)
	x.rrc(airtest.SIB1(aCell))
	x.since()
	x.at = x.at.Add(time.Second)
	x.rrc(airtest.Measurement(45, 7))
	require.Equal(t, []string{`{"time":"2026-06-01T00:00:01Z","serving":{"rat":"LTE","mcc":"001","mnc":"01","area":4660,"cell_id":28036577,"pci":101,"arfcn":1300,"band":3,"rsrp":-96,"rsrq":-10},` +
		`"neighbours":[{"rat":"LTE","pci":7,"rsrp":-96}]}`}, x.since())
	x.rrc(airtest.Measure(6300))
	x.rrc(airtest.Measurement(45, 7))
	require.Contains(t, x.since()[0], `"neighbours":[{"rat":"LTE","pci":7,"arfcn":6300,"rsrp":-96}]`)
	x.rrc(airtest.Release("other", nil))
	x.since()
	x.rrc(airtest.Measurement(45))
	require.NotContains(t, x.since()[0], "neighbours", "absent: none were asked about")
	x.cell.PCI = cell.Some(uint16(9)) // it has moved, and block 1 was not read
	x.rrc(airtest.Measurement(45, 7))
	require.Equal(t, []string{`{"time":"2026-06-01T00:00:01Z","serving":{"rat":"LTE","pci":9,"arfcn":1300,"rsrp":-96,"rsrq":-10},"neighbours":[{"rat":"LTE","pci":7,"rsrp":-96}]}`}, x.since())
}

// The same messages give the same records, to the byte, although cells are kept in a map.
func TestRecorderIsDeterministic(t *testing.T) {
	var first string
	for range 5 {
		x := newTold(t)
		for i := range 40 {
			x.cell.PCI = cell.Some(uint16(i))
			c := aCell
			c.CellID = uint32(i)
			x.rrc(airtest.SIB1(c))
		}
		x.at = x.at.Add(time.Minute)
		x.rrc(airtest.Release("other", nil))
		all := fmt.Sprint(x.since())
		if first == "" {
			first = all
		}
		require.Equal(t, first, all)
	}
}
