// Package evidencetest makes up what the tests of evidence and review look at: the town, nine days of a sensor on a roof and an hour
// of one in a bag, with a quiet network, a night without the modem, a machine that was off, and two staged captures. It is the same
// every time. It refuses to be part of the program: only tests may import it.
package evidencetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

var (
	Start    = time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)
	Now      = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	Captured = time.Date(2026, 11, 22, 21, 14, 7, 0, time.UTC)
	OnTheWay = time.Date(2026, 11, 22, 14, 31, 20, 0, time.UTC)
)

func LTECell(id uint64, tac cell.Area, pci uint16, earfcn uint32, rsrp float64) *cell.Cell {
	return &cell.Cell{RAT: cell.LTE, MCC: "206", MNC: "01", Area: cell.Some(tac), ID: cell.Some(id), PCI: cell.Some(pci), ARFCN: cell.Some(earfcn), Band: cell.Some(cell.Band(3)),
		RSRP: cell.Some(cell.DBm(rsrp)), RSRQ: cell.Some(cell.DB(math.Round(-10 + (rsrp+90)/8))), SINR: cell.Some(cell.DB(12))}
}

func qeng(c *cell.Cell) string {
	if c.RAT == cell.GSM {
		return fmt.Sprintf(`+QENG: "servingcell","NOCONN","GSM",%s,%s,%X,%X,%d,%d`, c.MCC, c.MNC, c.Area.Or(0), c.ID.Or(0), c.PCI.Or(0), c.ARFCN.Or(0))
	}
	return fmt.Sprintf(`+QENG: "servingcell","NOCONN","LTE","FDD",%s,%s,%X,%d,%d,3,5,5,%X,%.0f,%.0f,-62,12`, c.MCC, c.MNC, c.ID.Or(0), c.PCI.Or(0), c.ARFCN.Or(0), c.Area.Or(0), float64(c.RSRP.Or(0)), float64(c.RSRQ.Or(0)))
}

const Reports = cell.FieldRAT | cell.FieldState | cell.FieldMCC | cell.FieldMNC | cell.FieldArea | cell.FieldCellID | cell.FieldPCI | cell.FieldARFCN | cell.FieldRSRP | cell.FieldRSRQ |
	cell.FieldSINR | cell.FieldNeighbours | cell.FieldRegistration | cell.FieldCause

func Records() []cell.Record { return append(roofRecords(), bagRecords()...) }

// roofRecords is the fixed sensor: an observation a minute, every second around the capture.
func roofRecords() []cell.Record {
	rnd := rand.New(rand.NewPCG(7, 11))
	gapFrom, gapTo := Start.Add(74*time.Hour+10*time.Minute), Start.Add(77*time.Hour+41*time.Minute)
	offFrom, offTo := Start.Add(133*time.Hour), Start.Add(135*time.Hour+30*time.Minute)
	recs := []cell.Record{
		&cell.Source{Version: 1, Sensor: "roof-1", Mode: cell.Fixed, Model: "EC25", Firmware: "EC25EFAR06A01M4G", Reports: cell.Some(Reports)},
		&cell.Gap{Time: gapFrom, Sensor: "roof-1", Reason: "unplugged"}, &cell.Gap{Time: gapFrom, Until: gapTo, Sensor: "roof-1", Reason: "unplugged"},
		&cell.Health{Time: gapTo.Add(time.Second), Sensor: "roof-1", Reason: "unknown_token", Detail: "a state word that no manual names", Count: 3, Raw: []string{`+QENG: "servingcell","HOLD"`}}}
	home := []*cell.Cell{LTECell(11016962, 4660, 101, 1300, -96), LTECell(11016963, 4660, 102, 1300, -101), LTECell(11017218, 4660, 240, 6300, -103)}
	on := 0
	for at := Start; at.Before(Now); {
		now := at
		at = at.Add(time.Minute)
		if d := now.Sub(Captured); d > -11*time.Minute && d < 11*time.Minute {
			at = now.Add(time.Second)
		}
		if now.After(gapFrom) && now.Before(gapTo) || now.After(offFrom) && now.Before(offTo) {
			continue
		}
		if rnd.IntN(300) == 0 {
			on = rnd.IntN(len(home))
		}
		drift := 3 * math.Sin(float64(now.Unix())/4000)
		c := *home[on]
		c.RSRP = cell.Some(cell.DBm(math.Round(float64(c.RSRP.Or(0)) + drift + rnd.Float64()*4 - 2)))
		o := &cell.Observation{Time: now, Sensor: "roof-1", State: cell.Idle, Serving: &c, Neighbours: []cell.Cell{}}
		for i, n := range home {
			if i != on {
				o.Neighbours = append(o.Neighbours, cell.Cell{RAT: cell.LTE, PCI: n.PCI, ARFCN: n.ARFCN, RSRP: cell.Some(cell.DBm(math.Round(float64(n.RSRP.Or(0)) - 4 + rnd.Float64()*6)))})
			}
		}
		if now.Unix()%60 == 0 {
			o.Registration = []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1)), AcT: cell.Some(uint8(7)), Area: cell.Some(cell.Area(4660))}}
		}
		stage(o, now.Sub(Captured))
		speak(o)
		recs = append(recs, o)
	}
	return recs
}

// bagRecords is the sensor on the move, an hour at one a second.
func bagRecords() []cell.Record {
	rnd := rand.New(rand.NewPCG(8, 12))
	recs := []cell.Record{&cell.Source{Version: 1, Sensor: "bag", Mode: cell.Mobile, Model: "EG21", Firmware: "EG21GGBR07A08M2G", Reports: cell.Some(Reports&^cell.FieldCause | cell.FieldPosition)}}
	from := OnTheWay.Add(-30 * time.Minute)
	for i := range 3600 {
		walk, pci := float64(i)/3600, uint16(20+i/420*7)
		o := &cell.Observation{Time: from.Add(time.Duration(i) * time.Second), Sensor: "bag", State: cell.Idle,
			Serving:    LTECell(uint64(11020000+i/420*256+1), 4660+cell.Area(i/1300), pci, 1300, math.Round(-88-12*math.Abs(math.Sin(float64(i)/210))+rnd.Float64()*5)),
			Neighbours: []cell.Cell{{RAT: cell.LTE, PCI: cell.Some(pci + 7), ARFCN: cell.Some(uint32(1300)), RSRP: cell.Some(cell.DBm(-104 + rnd.IntN(8)))}}}
		if i%10 == 0 {
			o.Position = &cell.Position{Lat: 50.846 + walk*.018 + .001*math.Sin(walk*9), Lon: 4.352 + walk*.02 + .002*math.Cos(walk*12), Accuracy: cell.Some(8.0), Source: "gpsd"}
		}
		stage(o, o.Time.Sub(OnTheWay))
		speak(o)
		recs = append(recs, o)
	}
	return recs
}

// speak gives an observation the lines that a modem would have printed for it.
func speak(o *cell.Observation) {
	o.Raw = []string{qeng(o.Serving)}
	for i := range o.Neighbours {
		n := &o.Neighbours[i]
		o.Raw = append(o.Raw, fmt.Sprintf(`+QENG: "neighbourcell intra","LTE",%d,%d,-13,%.0f,-70,0,20,7,2,16,20`, n.ARFCN.Or(0), n.PCI.Or(0), float64(n.RSRP.Or(0))))
	}
	for _, r := range o.Registration {
		if r.Cause.Known() {
			o.Raw = append(o.Raw, fmt.Sprintf(`+CEREG: 5,%d,,,,%d,%d`, r.Status.Or(0), r.CauseType.Or(0), r.Cause.Or(0)))
		} else {
			o.Raw = append(o.Raw, fmt.Sprintf(`+CEREG: 5,%d,"%X",,%d`, r.Status.Or(0), r.Area.Or(0), r.AcT.Or(0)))
		}
	}
}

// stage lays a capture over an observation: a strong unknown LTE cell for six seconds that rejects, then 2G for half a
// minute.
func stage(o *cell.Observation, since time.Duration) {
	switch s := since.Seconds(); {
	case s >= 0 && s < 6:
		o.Serving, o.Neighbours = LTECell(2, 39321, 3, 3600, -45), []cell.Cell{}
		if s >= 3 {
			o.State = cell.Limited
			o.Registration = []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(3)), AcT: cell.Some(uint8(7)), CauseType: cell.Some(uint8(0)), Cause: cell.Some(uint16(15))}}
		}
	case s >= 6 && s < 36:
		o.Serving = &cell.Cell{RAT: cell.GSM, MCC: "206", MNC: "01", Area: cell.Some(cell.Area(1000)), ID: cell.Some(uint64(7)), PCI: cell.Some(uint16(12)), ARFCN: cell.Some(uint32(62)), Band: cell.Some(cell.Band(900)), RSSI: cell.Some(cell.DBm(-48 - math.Mod(s, 4)))}
		o.Neighbours = []cell.Cell{}
		o.Registration = []cell.Registration{{Domain: cell.CS, Status: cell.Some(uint8(1)), AcT: cell.Some(uint8(0)), Area: cell.Some(cell.Area(1000)), CellID: cell.Some(uint64(7))}}
	}
}

func eventID(n int) string { return fmt.Sprintf("%016x", 0xa11ce0000+uint64(n)*0x9e3779b97f4a7) }

func Events() []analyzer.Event {
	evs := []analyzer.Event{CaptureEvent(1, "roof-1", Captured, analyzer.High), CaptureEvent(2, "bag", OnTheWay, analyzer.Medium)}
	mine := LTECell(11016963, 4661, 102, 1300, -99)
	kinds := []struct {
		after    time.Duration
		severity analyzer.Severity
		lasted   time.Duration
	}{{9 * time.Hour, analyzer.Low, 0}, {31 * time.Hour, analyzer.Medium, 90 * time.Second}, {52*time.Hour + 13*time.Minute, analyzer.Low, 6 * time.Minute},
		{101*time.Hour + 7*time.Minute, analyzer.Info, 0}, {131 * time.Hour, analyzer.Low, 24 * time.Minute}, {158 * time.Hour, analyzer.Medium, 38 * time.Minute}}
	for i, k := range kinds {
		t := Start.Add(k.after)
		summary, rule, cause := "LTE cell 11016963 (area 4661) had been known under area 4660.", "area-code-mismatch", "the operator moved this cell to another area: it then keeps the new one, and other cells follow"
		if i%2 == 1 {
			summary, rule, cause = "LTE cell 11016963 (area 4661) rose by 18 dB within seconds to -83 dBm and stayed there.", "level-step", "the sensor or something near it was moved: a window, a door, a vehicle that drove away"
		}
		found := fmt.Sprintf("%s Seen here %d times before, in %.1f days of watching. It weighs %.1f.", summary, 2+i, k.after.Hours()/24, 3.1+float64(i)/2)
		evs = append(evs, analyzer.Event{ID: eventID(10 + i), Sensor: "roof-1", Severity: k.severity, State: analyzer.Closed, First: t, Opened: t, Last: t.Add(k.lasted),
			Score: 3.1 + float64(i)/2, Cells: []cell.Cell{*mine}, Summary: summary, InnocentCauses: []string{cause},
			Findings: []analyzer.Finding{{Rule: rule, Version: 1, Severity: analyzer.Low, First: t, Last: t, Summary: found, Evidence: []analyzer.Evidence{{Time: t, Raw: []string{qeng(mine)}}}}}})
	}
	return evs
}

// What the rules say of a capture, in their own words, so that it has its French.
const (
	Area   = "LTE cell 2 (area 39321) had been known under area 4660"
	Denied = "EPS registration was rejected with cause 15 (no suitable cells in this area) on LTE cell 2 (area 39321), by a network that had accepted it"
	Fall   = "the modem fell from LTE at -45 dBm to a 2G cell never seen here at -48 dBm: GSM cell 7 (area 1000)"
	rare   = ". Not seen here before, in 7.9 days of watching. It weighs 4.2."
)

func CaptureEvent(n int, sensor string, at time.Time, severity analyzer.Severity) analyzer.Event {
	strange := LTECell(2, 39321, 3, 3600, -45)
	gsm := cell.Cell{RAT: cell.GSM, MCC: "206", MNC: "01", Area: cell.Some(cell.Area(1000)), ID: cell.Some(uint64(7)), PCI: cell.Some(uint16(12)), ARFCN: cell.Some(uint32(62))}
	phrase := func(format string, args ...any) analyzer.Phrase {
		var s analyzer.Signal
		s.Say(format, args...)
		return s.Phrase
	}
	lte := analyzer.Ident{Has: cell.FieldCellID | cell.FieldArea, RAT: cell.LTE, ID: 2, Area: 39321}
	area := phrase("%s had been known under area %d", &lte, 4660)
	denied := phrase("%s registration was rejected with cause %d (%s) on %s, by a network that had accepted it", "EPS", 15, "no suitable cells in this area", &lte)
	fall := phrase("the modem fell from %s at %.0f dBm to %s at %.0f dBm: %s", cell.LTE, -45.0, "a 2G cell never seen here", -48.0,
		&analyzer.Ident{Has: cell.FieldCellID | cell.FieldArea, RAT: cell.GSM, ID: 7, Area: 1000})
	with := func(p analyzer.Phrase) []analyzer.Phrase {
		return []analyzer.Phrase{p, phrase("%s, in %.1f days of watching", "Not seen here before", 7.9), phrase("It weighs %.1f", 4.2)}
	}
	return analyzer.Event{ID: eventID(n), Sensor: sensor, Severity: severity, State: analyzer.Closed, First: at, Opened: at.Add(3 * time.Second), Last: at.Add(36 * time.Second), Score: 12.6,
		Cells:          []cell.Cell{{RAT: cell.LTE, MCC: "206", MNC: "01", Area: strange.Area, ID: strange.ID, PCI: strange.PCI, ARFCN: strange.ARFCN}, gsm},
		Summary:        Area + "; " + Denied + "; " + Fall + ".",
		Phrases:        []analyzer.Phrase{area, denied, fall},
		InnocentCauses: []string{"the subscription ended, was blocked or is not paid", "a roaming agreement does not hold in this area", "a voice call on a network that sends calls to 2G"},
		Findings: []analyzer.Finding{
			{Rule: "area-code-mismatch", Version: 1, Severity: analyzer.Medium, First: at, Last: at.Add(5 * time.Second), Summary: Area + rare, Phrases: with(area),
				Evidence: []analyzer.Evidence{{Time: at, Raw: []string{qeng(strange)}}}},
			{Rule: "registration-rejected", Version: 1, Severity: analyzer.Medium, First: at.Add(3 * time.Second), Last: at.Add(5 * time.Second), Summary: Denied + rare, Phrases: with(denied),
				Evidence: []analyzer.Evidence{{Time: at.Add(3 * time.Second), Raw: []string{`+CEREG: 5,3,,,,0,15`}}}},
			{Rule: "downgrade-2g", Version: 2, Severity: severity, First: at.Add(6 * time.Second), Last: at.Add(36 * time.Second), Summary: Fall + rare, Phrases: with(fall),
				Evidence: []analyzer.Evidence{{Time: at.Add(5 * time.Second), Raw: []string{qeng(strange)}}, {Time: at.Add(6 * time.Second), Raw: []string{qeng(&gsm)}}}},
		}}
}

var Rules = []analyzer.Rule{
	{ID: "downgrade-2g", Version: 2, Title: "Forced down to 2G", Needs: cell.FieldRAT, Cause: "fall", Min: analyzer.Low, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Strong, Innocent: []string{"a call carried over 2G (CSFB)", "the edge of 4G coverage"}},
	{ID: "registration-rejected", Version: 2, Title: "Registration refused on the home network", Needs: cell.FieldRegistration | cell.FieldCause, Cause: "reject", Min: analyzer.Low, Max: analyzer.High, Status: analyzer.Experimental, Telling: analyzer.Defining, Innocent: []string{"a SIM that is not active"}},
	{ID: "area-code-mismatch", Version: 1, Title: "A known cell under another area code", Needs: cell.FieldArea | cell.FieldCellID, Cause: "identity", Min: analyzer.Low, Max: analyzer.High, Status: analyzer.Experimental, Telling: analyzer.Strong, Innocent: []string{"the operator renumbers"}},
	{ID: "level-step", Version: 1, Title: "A sudden step in level", Needs: cell.FieldRSRP, Cause: "sound", Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Supporting, Innocent: []string{"people walking past"}},
	{ID: "timing-jump", Version: 1, Title: "Timing advance against level", Needs: cell.FieldTA, Cause: "sound", Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Moderate},
}

// WrongClock is a day of a sensor whose clock was nine hours slow until it was set at ten: what it stamped 0:00 to 1:00 was 9:00 to
// 10:00. e is an event of that time as it was stamped, and right when it really began.
func WrongClock() (recs []cell.Record, e analyzer.Event, right time.Time) {
	const slow = 9 * time.Hour
	day := Start.AddDate(0, 0, 3)
	observe := func(at time.Time) *cell.Observation {
		return &cell.Observation{Time: at, Sensor: "kit", State: cell.Idle, Serving: LTECell(11016962, 4660, 101, 1300, -96), Neighbours: []cell.Cell{}}
	}
	recs = []cell.Record{&cell.Source{Version: 1, Sensor: "kit", Mode: cell.Mobile, Reports: cell.Some(Reports)}}
	for i := range 3600 {
		o := observe(day.Add(time.Duration(i) * time.Second))
		o.Registration = []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1))}}
		stage(o, o.Time.Sub(day.Add(30*time.Minute)))
		speak(o)
		recs = append(recs, o)
	}
	recs = append(recs, &cell.Clock{Time: day.Add(10 * time.Hour), Sensor: "kit", Offset: slow, Since: day})
	for i := range 3600 {
		o := observe(day.Add(10*time.Hour + time.Duration(i)*time.Second))
		speak(o)
		recs = append(recs, o)
	}
	e = CaptureEvent(1, "kit", day.Add(30*time.Minute), analyzer.High)
	return recs, e, e.First.Add(slow)
}
