package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

// The tests below hold docs/evasions.md: what is still seen of an attacker who knows the rules, and what is not.

const siteLine = `{"vigie":1,"sensor":"roof","mode":"fixed","reports":["rat","state","mcc","mnc","area","cell_id","pci","arfcn","rsrp","rsrq","registration","neighbours"]}`

// script writes a trace: a line for each stretch, at a fixed site, as the traces of testdata do.
type script struct {
	b  strings.Builder
	at int
}

func (s *script) hold(seconds, step int, state, serving string) {
	fmt.Fprintf(&s.b, "%ds x%d %ds {\"state\":%q", s.at, max(1, seconds/step), step, state)
	if serving != "" {
		fmt.Fprintf(&s.b, ",\"serving\":%s", serving)
	}
	s.b.WriteString("}\n")
	s.at += seconds
}

func (s *script) on(seconds int, serving string) { s.hold(seconds, 1, "idle", serving) }

func lteCell(id, area, rsrp int) string {
	return fmt.Sprintf(`{"rat":"LTE","mcc":"272","mnc":"03","area":%d,"cell_id":%d,"pci":%d,"arfcn":1300,"rsrp":%d,"rsrq":-10}`, area, id, id%504, rsrp)
}

func gsmCell(id, area, rssi int) string {
	return fmt.Sprintf(`{"rat":"GSM","mcc":"272","mnc":"03","area":%d,"cell_id":%d,"rssi":%d}`, area, id, rssi)
}

// home is a site that has watched two cells for some hours.
func home(hours int) *script {
	s := &script{}
	s.b.WriteString(siteLine + "\n")
	for range hours {
		s.hold(1800, 10, "idle", lteCell(2820612, 4660, -94))
		s.hold(1800, 10, "idle", lteCell(2820868, 4660, -97))
	}
	s.on(60, lteCell(2820612, 4660, -94))
	return s
}

func (s *script) alerts(t *testing.T) []analyzer.Event {
	t.Helper()
	var list []analyzer.Event
	for _, e := range replay(expand(t, s.b.String())) {
		if e.Severity >= analyzer.Medium {
			list = append(list, e)
		}
	}
	return list
}

func names(list []analyzer.Event, rule string) bool {
	for _, e := range list {
		for _, f := range e.Findings {
			if f.Rule == rule {
				return true
			}
		}
	}
	return false
}

func TestPerfectClone(t *testing.T) {
	for _, c := range []struct {
		gain int
		seen bool
	}{{30, true}, {20, true}, {8, false}} {
		s := home(6)
		s.on(2, lteCell(2820612, 4660, -94+c.gain/2))
		s.on(120, lteCell(2820612, 4660, -94+c.gain))
		s.on(60, lteCell(2820612, 4660, -94))
		require.Equal(t, c.seen, len(s.alerts(t)) > 0, "gain %d dB", c.gain)
	}
}

func TestSlowPower(t *testing.T) {
	s := home(6)
	for rsrp := -94; rsrp <= -80; rsrp++ {
		s.hold(300, 10, "idle", lteCell(2820612, 4660, rsrp))
	}
	require.Empty(t, s.alerts(t), "a slow rise within reason is learned")
	s = home(6)
	s.on(600, lteCell(2820612, 4660, -50))
	require.True(t, names(s.alerts(t), "too-strong"))
}

func TestThereFromTheStart(t *testing.T) {
	s := &script{}
	s.b.WriteString(siteLine + "\n")
	s.on(300, lteCell(90112345, 39321, -50))
	s.on(300, lteCell(2820612, 4660, -94))
	require.Empty(t, s.alerts(t), "nothing is known yet that it could be unlike")
	s.on(3, lteCell(90112346, 39321, -60))
	s.on(30, gsmCell(17, 911, -45))
	s.on(60, lteCell(2820612, 4660, -94))
	require.NotEmpty(t, s.alerts(t), "but several causes at once alert even then")
}

func TestWarmsUp(t *testing.T) {
	s := home(6)
	for range 20 { // days of an honest-looking cell
		s.hold(1800, 10, "idle", lteCell(90112345, 4660, -93))
		s.hold(1800, 10, "idle", lteCell(2820612, 4660, -94))
	}
	for _, e := range s.alerts(t) {
		require.Len(t, e.Findings, 1)
		require.Equal(t, "new-resident", e.Findings[0].Rule, "a new cell that behaves becomes normal, once its coming is reported")
	}
	s.on(60, lteCell(90112345, 4660, -93))
	s.on(30, gsmCell(17, 911, -45))
	s.on(60, lteCell(2820612, 4660, -94))
	require.True(t, names(s.alerts(t), "downgrade-2g"), "what it then does is seen as with any cell")
}

func TestFloodOfCells(t *testing.T) {
	s := home(6)
	for k := range 300 {
		s.on(20, lteCell(50000000+k*256, 4660, -95))
	}
	s.hold(3600, 10, "idle", lteCell(2820612, 4660, -94))
	before := len(s.alerts(t))
	s.on(60, lteCell(2820612, 4999, -92))
	s.on(60, lteCell(2820612, 4660, -94))
	require.Greater(t, len(s.alerts(t)), before, "a clone under another area weighs as before")
}

func TestReservedValues(t *testing.T) {
	s := home(6)
	s.on(5, lteCell(90112345, 4670, -80))
	barred := strings.Replace(lteCell(90112345, 4670, -80), `"area":4670,`, `"placeholder":["area"],`, 1)
	s.hold(30, 1, "limited", barred)
	s.on(60, lteCell(2820612, 4660, -94))
	require.True(t, names(s.alerts(t), "lost-area"))

	s = home(6)
	s.hold(20, 1, "searching", "")
	s.hold(10, 1, "idle", strings.Replace(lteCell(2820612, 4660, -94), `"area":4660,`, `"placeholder":["area"],`, 1))
	s.on(60, lteCell(2820612, 4660, -94))
	require.Empty(t, s.alerts(t), "a reset looks like this")
}

func TestAfterAnOutage(t *testing.T) {
	s := home(6)
	s.hold(30, 1, "searching", "")
	s.on(60, lteCell(2820612, 4999, -92))
	require.Empty(t, s.alerts(t), "after a break in service a changed area may be a re-plan")
	s.on(5, lteCell(2820612, 4999, -92))
	s.on(30, gsmCell(17, 911, -45))
	require.NotEmpty(t, s.alerts(t), "with a fall to 2G it is not")
}

func TestFakeReplan(t *testing.T) {
	s := home(6)
	s.hold(30, 1, "searching", "")
	s.on(60, lteCell(2820612, 4999, -92))
	s.on(60, lteCell(2820868, 4660, -97))
	require.True(t, names(s.alerts(t), "area-code-mismatch"), "the other cell kept its area: only one changed")
}

func TestNoiseCannotSilence(t *testing.T) {
	s := home(6)
	for k := range 20 { // twice a day, for ten days
		s.on(60, lteCell(2820612, 5000+k, -93))
		for range 6 {
			s.hold(3600, 60, "idle", lteCell(2820612, 4660, -94))
			s.hold(3600, 60, "idle", lteCell(2820868, 4660, -97))
		}
		s.on(60, lteCell(2820612, 4660, -94))
	}
	before := len(s.alerts(t))
	s.on(5, lteCell(2820612, 39321, -75))
	s.on(30, gsmCell(17, 911, -45))
	s.on(60, lteCell(2820612, 4660, -94))
	require.Greater(t, len(s.alerts(t)), before)
}

// A clone under another area that stays for hours does not become the cell: it alerts again when it comes back.
func TestPatientClone(t *testing.T) {
	s := home(6)
	clone := lteCell(2820612, 39321, -60)
	s.hold(2*3600, 10, "idle", clone)
	s.on(600, lteCell(2820612, 4660, -94))
	once := len(s.alerts(t))
	require.NotZero(t, once)
	s.hold(24*3600, 60, "idle", lteCell(2820612, 4660, -94))
	s.on(120, clone)
	s.on(60, lteCell(2820612, 4660, -94))
	again := s.alerts(t)
	require.Greater(t, len(again), once)
	require.True(t, names(again[len(again)-1:], "area-code-mismatch"))
}

// A cell with a number from nowhere is odd at once; one that copies the habits of its network is not.
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		id  int
		odd bool
	}{{402118*256 + 187, true}, {11017*256 + 6, false}} {
		s := home(1)
		for _, id := range []int{11018*256 + 4, 11018*256 + 5, 11018*256 + 6, 11017*256 + 4, 11019*256 + 5} {
			s.hold(600, 10, "idle", lteCell(id, 4660, -95))
		}
		s.on(60, lteCell(c.id, 4660, -94))
		odd := false
		for _, e := range replay(expand(t, s.b.String())) {
			odd = odd || names([]analyzer.Event{e}, "stray-number")
		}
		require.Equal(t, c.odd, odd, "cell %d", c.id)
	}
}

// What stray-number says is true of the number that it is said of: not of an identity that ends otherwise when printed.
func TestStrayNumberSaysWhatItSaw(t *testing.T) {
	said := func(s *script) (all []string) {
		for _, e := range replay(expand(t, s.b.String())) {
			for _, f := range e.Findings {
				if f.Rule == "stray-number" {
					all = append(all, f.Summary)
				}
			}
		}
		return all
	}
	umts := func(rnc, id int) string {
		return fmt.Sprintf(`{"rat":"UMTS","mcc":"272","mnc":"03","area":4660,"cell_id":%d,"pci":%d,"arfcn":10788,"rscp":-90}`, rnc<<16+id, id%512)
	}
	s := &script{}
	s.b.WriteString(siteLine + "\n")
	for i := range 300 {
		s.hold(120, 10, "idle", umts(700, i*10+1+i%3))
	}
	s.on(60, umts(701, 5551)) // another controller near by; that its cell ends in 1 is as usual
	require.Len(t, said(s), 1)
	require.Contains(t, said(s)[0], "has a controller number that none of the 300 cells of its network known here has.")

	s = home(1)
	for i := range 60 {
		s.hold(300, 10, "idle", lteCell((11000+i/3)*256+4+i%3, 4660, -95))
	}
	s.on(60, lteCell(11003*256+187, 4660, -95))
	require.Len(t, said(s), 1)
	require.Contains(t, said(s)[0], "LTE cell 2816955 (area 4660) has a cell number 187, as none of the 60 cells of its network known here has.")
}

// Modems that do not name their network may be on two: then one that falls says nothing of the other.
func TestKitOfTwoNetworksWithoutNames(t *testing.T) {
	for _, name := range []string{"", `"mcc":"272","mnc":"03",`} {
		s := &script{}
		for _, sensor := range []string{"a", "b"} {
			fmt.Fprintf(&s.b, `{"vigie":1,"sensor":%q,"mode":"mobile","kit":"bag","reports":["rat","state","mcc","mnc","area","cell_id","pci","arfcn","rsrp","rsrq","rssi"]}`+"\n", sensor)
		}
		for i := range 640 {
			b := `"rat":"LTE","area":4660,"cell_id":2820612,"pci":101,"arfcn":1300,"rsrp":-93`
			if i >= 600 {
				b = `"rat":"GSM","area":5,"cell_id":77,"rssi":-70`
			}
			fmt.Fprintf(&s.b, "%ds x1 1s {\"sensor\":\"a\",\"state\":\"idle\",\"serving\":{%s\"rat\":\"LTE\",\"area\":77,\"cell_id\":99999,\"pci\":7,\"arfcn\":6300,\"rsrp\":-93}}\n", i, name)
			fmt.Fprintf(&s.b, "%ds x1 1s {\"sensor\":\"b\",\"state\":\"idle\",\"serving\":{%s%s}}\n", i, name, b)
		}
		require.Equal(t, name != "", names(replay(expand(t, s.b.String())), "modems-disagree"), name)
	}
}

// New networks of ships, aircraft and satellites come each year: a table that does not list one may be old.
func TestNetworkOfNoCountry(t *testing.T) {
	what, p := unusedPLMN(cell.PLMN{MCC: "901", MNC: "98"})
	require.Contains(t, what, "built-in table")
	require.Equal(t, 0.02, p)
	what, p = unusedPLMN(cell.PLMN{MCC: "211", MNC: "01"})
	require.Contains(t, what, "no country")
	require.Equal(t, 1e-3, p)
}

// A transmitter that alerted does not teach its own numbers: the next one like it is as odd.
func TestNumbersOfAnAlertAreNotLearned(t *testing.T) {
	s := home(1)
	for _, id := range []int{11018*256 + 4, 11018*256 + 5, 11018*256 + 6, 11017*256 + 4, 11019*256 + 5} {
		s.hold(600, 10, "idle", lteCell(id, 4660, -95))
	}
	s.on(30, lteCell(402118*256+187, 39321, -45))
	s.on(30, gsmCell(17, 911, -45))
	s.hold(3600, 10, "idle", lteCell(11018*256+4, 4660, -95))
	require.NotEmpty(t, s.alerts(t))
	s.on(60, lteCell(402119*256+187, 4660, -94))
	all := replay(expand(t, s.b.String()))
	require.True(t, names(all[len(all)-1:], "stray-number"))
}

// A cell of 2G with the number of the LTE cell that the modem came from is believed after 15 seconds.
func TestEcho(t *testing.T) {
	for seconds, seen := range map[int]bool{10: false, 60: true} {
		s := home(6)
		s.on(seconds, gsmCell(2820612&0xffff, 4660, -45))
		s.on(60, lteCell(2820612, 4660, -94))
		require.Equal(t, seen, names(s.alerts(t), "downgrade-2g"), seconds)
	}
}

// A strange cell that refuses with cause 25 is a femtocell of a closed group; one with another cause is not, nor one that is on a test network.
func TestClosedGroup(t *testing.T) {
	for _, c := range []struct {
		cause, mcc string
		alert      bool
	}{{"25", "272", false}, {"15", "272", true}, {"25", "001", true}} {
		s := home(6)
		for range 3 {
			odd := strings.Replace(lteCell(90112345, 39321, -50), `"272"`, `"`+c.mcc+`"`, 1)
			s.hold(10, 1, "limited", odd+`,"registration":[{"domain":"eps","status":3,"act":7,"cause_type":0,"cause":`+c.cause+`}]`)
			s.on(300, lteCell(2820612, 4660, -94))
		}
		require.Equal(t, c.alert, len(s.alerts(t)) > 0, c)
		require.NotEmpty(t, replay(expand(t, s.b.String())), "it is kept at low")
	}
}

// A network that sends calls to 2G, as the modem says that it is connected; and the same while it is idle.
func TestCallOn2G(t *testing.T) {
	for state, alert := range map[string]bool{"connected": false, "idle": true} {
		s := home(6)
		for k := range 4 {
			s.hold(40, 1, state, gsmCell(20417+10*k, 911, -75))
			s.on(400, lteCell(2820612, 4660, -94))
		}
		require.Equal(t, alert, len(s.alerts(t)) > 0, state)
	}
}

// Another sector of a base station that has alerted joins its event: one transmitter is one event.
func TestSectorsOfOneTransmitter(t *testing.T) {
	s := home(6)
	for k := range 3 {
		s.on(120, lteCell(402118*256+180+k, 4660, -52))
		s.on(60, lteCell(2820612, 4660, -94))
	}
	require.Len(t, s.alerts(t), 1)
	s = home(6)
	for k := range 3 {
		s.on(120, lteCell((402118+90*k)*256+180, 4660, -52))
		s.on(60, lteCell(2820612, 4660, -94))
	}
	require.Greater(t, len(s.alerts(t)), 1, "three transmitters are not")
}
