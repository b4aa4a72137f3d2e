package analyzer_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world makes what a modem might report: a few cells, wavering levels, falls, rejects, nonsense.
type world struct {
	rnd  *rand.Rand
	now  time.Time
	wild bool // broken input too
}

func (w *world) next() cell.Record {
	r := w.rnd
	w.now = w.now.Add(time.Duration(500+r.IntN(1500)) * time.Millisecond)
	o := &cell.Observation{Time: w.now, Sensor: fmt.Sprintf("s%d", r.IntN(2)), State: cell.Idle, Raw: []string{fmt.Sprintf("+X: %d", r.IntN(9))}}
	if r.IntN(40) == 0 {
		o.State = cell.Searching
		return o
	}
	rat := cell.RAT(1 + r.IntN(4))
	if r.IntN(4) != 0 {
		rat = cell.LTE
	}
	n := uint64(r.IntN(4)) + uint64(w.now.Unix()/300%5)*3
	c := &cell.Cell{RAT: rat, MCC: "272", MNC: "03", ID: cell.Some(n*256 + 1), Area: cell.Some(cell.Area(100 + n/3)),
		PCI: cell.Some(uint16(n)), ARFCN: cell.Some(uint32(1300 + n%2))}
	level := cell.DBm(-110 + r.IntN(60))
	if rat == cell.GSM || rat == cell.UMTS {
		c.RSSI = cell.Some(level)
	} else {
		c.RSRP, c.RSRQ = cell.Some(level), cell.Some(cell.DB(-5-r.IntN(12)))
	}
	if r.IntN(60) == 0 {
		c.Area = cell.Some(cell.Area(r.IntN(70000)))
	}
	if r.IntN(30) == 0 {
		c.Placeholder, c.Area = cell.FieldArea, cell.Opt[cell.Area]{}
	}
	o.Serving = c
	if r.IntN(3) == 0 {
		o.Neighbours = []cell.Cell{}
		for range r.IntN(4) {
			o.Neighbours = append(o.Neighbours, cell.Cell{RAT: cell.LTE, PCI: cell.Some(uint16(r.IntN(9))), ARFCN: cell.Some(uint32(1300)), RSRP: cell.Some(cell.DBm(-100))})
		}
	}
	if r.IntN(5) == 0 {
		o.Registration = []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1 + 2*(r.IntN(20)/19))), Cause: cell.Some(uint16(r.IntN(20)))}}
	}
	if r.IntN(2) == 0 {
		o.Position = &cell.Position{Lat: 51.9 + float64(r.IntN(100))/1000, Lon: -8.4}
	}
	if w.wild {
		w.spoil(o)
	}
	return o
}

func (w *world) spoil(o *cell.Observation) {
	r := w.rnd
	switch r.IntN(30) {
	case 0:
		o.Time = o.Time.Add(-time.Duration(r.IntN(100)) * time.Hour)
	case 1:
		w.now = w.now.Add(-time.Duration(r.IntN(100)) * time.Hour)
	case 2:
		w.now = w.now.Add(time.Duration(r.IntN(9000)) * time.Hour)
	case 3:
		o.Position = &cell.Position{Lat: math.NaN(), Lon: math.Inf(1), Speed: cell.Some(math.NaN())}
	case 4:
		o.Time = time.Time{}
	case 5:
		o.Time = time.Unix(math.MaxInt32*40, 0)
	case 6:
		o.Serving.RSRP = cell.Some(cell.DBm(math.NaN()))
	case 7:
		o.Serving.RSRP, o.Serving.RSSI = cell.Some(cell.DBm(9999)), cell.Some(cell.DBm(math.Inf(-1)))
	case 8:
		o.Serving.ID = cell.Some(uint64(math.MaxUint64))
	case 9:
		o.Serving.RAT, o.Serving.PCI, o.Serving.Area = 0, cell.Some(uint16(math.MaxUint16)), cell.Some(cell.Area(math.MaxUint32))
	case 10:
		o.Serving = &cell.Cell{}
	case 11:
		o.Serving.RAT = cell.RAT(200)
	case 12:
		o.Registration = []cell.Registration{{Domain: "?"}, {Domain: cell.CS, Status: cell.Some(uint8(255))}}
	case 13:
		o.Neighbours = make([]cell.Cell, 500)
	}
}

func lines(t require.TestingT, events []analyzer.Event) []string {
	var out []string
	for _, e := range events {
		b, err := json.Marshal(e)
		require.NoError(t, err)
		out = append(out, string(b))
	}
	return out
}

// replay feeds records to a new engine with every rule and returns the events at the end, in order.
func replay(recs []cell.Record) []analyzer.Event {
	e := analyzer.New(rules.All(), analyzer.Options{})
	last := map[string]analyzer.Event{}
	for _, ev := range feed(e, recs) {
		last[ev.ID] = ev
	}
	list := slices.Collect(maps.Values(last))
	analyzer.SortEvents(list)
	return list
}

// A restart with the saved state changes nothing, whenever it happens, and nothing depends on how often events are taken.
func TestRestartChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{rnd: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), now: start}
		n := rapid.IntRange(1, 500).Draw(t, "observations")
		cut := rapid.IntRange(0, n).Draw(t, "cut")
		a, b := analyzer.New(rules.All(), analyzer.Options{}), analyzer.New(rules.All(), analyzer.Options{})
		var fromA, fromB []string
		for i := range n {
			r := w.next()
			if i == cut {
				state, err := b.Save()
				require.NoError(t, err)
				b = analyzer.New(rules.All(), analyzer.Options{})
				require.NoError(t, b.Restore(state))
			}
			a.Feed(r)
			b.Feed(r)
			fromA, fromB = append(fromA, lines(t, a.Take())...), append(fromB, lines(t, b.Take())...)
		}
		a.Finish()
		b.Finish()
		require.Equal(t, append(fromA, lines(t, a.Take())...), append(fromB, lines(t, b.Take())...))
		require.Equal(t, a.Counts(), b.Counts())
	})
}

// A damaged state is refused, and leaves the engine unchanged.
func TestRestoreDamaged(t *testing.T) {
	e := analyzer.New(rules.All(), analyzer.Options{})
	w := &world{rnd: rand.New(rand.NewPCG(3, 3)), now: start}
	for range 300 {
		e.Feed(w.next())
	}
	good, err := e.Save()
	require.NoError(t, err)
	fresh := analyzer.New(rules.All(), analyzer.Options{})
	for i := 0; i < len(good); i += 1 + len(good)/200 {
		bad := append([]byte(nil), good...)
		bad[i] ^= 0x40
		require.Error(t, fresh.Restore(bad))
		require.Error(t, fresh.Restore(good[:i]))
	}
	require.Zero(t, fresh.Counts().Observations)
	require.NoError(t, fresh.Restore(good))
	require.Equal(t, e.Counts(), fresh.Counts())
}

// Sensors do not affect each other: the events of one depend on its own records only.
func TestSensorsAreApart(t *testing.T) {
	w := &world{rnd: rand.New(rand.NewPCG(4, 4)), now: start}
	var recs []cell.Record
	for range 3000 {
		recs = append(recs, w.next())
	}
	together := replay(recs)
	var apart []analyzer.Event
	for _, sensor := range []string{"s0", "s1"} {
		var own []cell.Record
		for _, r := range recs {
			if r.From() == sensor {
				own = append(own, r)
			}
		}
		apart = append(apart, replay(own)...)
	}
	analyzer.SortEvents(apart)
	require.Equal(t, lines(t, apart), lines(t, together))
}

// A year without records, and a clock that jumps and comes back, are no reason for an alert.
func TestGapsAndJumpsAreQuiet(t *testing.T) {
	e := analyzer.New(rules.All(), analyzer.Options{})
	e.Feed(roof())
	day := quietDay(3000)
	shift := func(from, to int, d time.Duration) {
		for _, o := range day[from:to] {
			o.Time = o.Time.Add(d)
		}
	}
	shift(1000, 3000, 365*24*time.Hour)
	shift(1500, 1501, 100*365*24*time.Hour) // impossible
	shift(1600, 1601, 30*24*time.Hour)      // a glitch, and back
	shift(2000, 2100, -time.Hour)           // an hour twice
	day[2500], day[2501] = day[2501], day[2500]
	for _, o := range day {
		e.Feed(o)
	}
	for _, ev := range e.Take() {
		require.Less(t, ev.Severity, analyzer.Medium, ev.Summary)
	}
	c := e.Counts()
	require.Equal(t, 1, c.Skipped["impossible time"])
	require.NotZero(t, c.Skipped["out of order"])
	require.NotZero(t, c.Noted["clock set back"])
	require.NotZero(t, c.Noted["clock leapt forward"])
}

// Broken input is counted; it does not panic, and the engine still works after it.
func TestBrokenInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{rnd: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2)), now: start, wild: true}
		e := analyzer.New(rules.All(), analyzer.Options{})
		total := 0
		for range rapid.IntRange(1, 600).Draw(t, "observations") {
			e.Feed(w.next())
			total++
			lines(t, e.Take())
		}
		c := e.Counts()
		for _, n := range c.Skipped {
			total -= n
		}
		require.Equal(t, total, c.Observations)
	})
}

// quietDay is a home cell at one observation a second whose level wavers, with a neighbour list every five seconds.
func quietDay(n int) []*cell.Observation {
	rnd := rand.New(rand.NewPCG(1, 1))
	var out []*cell.Observation
	for i := range n {
		o := &cell.Observation{Time: start.Add(time.Duration(i) * time.Second), Sensor: "roof", State: cell.Idle,
			Serving: &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(4660)), ID: cell.Some(uint64(2820612)),
				PCI: cell.Some(uint16(101)), ARFCN: cell.Some(uint32(1300)), Band: cell.Some(cell.Band(3)), RSRP: cell.Some(cell.DBm(-94 + rnd.IntN(5))),
				RSRQ: cell.Some(cell.DB(-10)), SINR: cell.Some(cell.DB(12))}}
		if i%5 == 0 {
			for k := range 4 {
				o.Neighbours = append(o.Neighbours, cell.Cell{RAT: cell.LTE, ARFCN: cell.Some(uint32(1300)), PCI: cell.Some(uint16(k)), RSRP: cell.Some(cell.DBm(-105))})
			}
			o.Registration = []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1)), AcT: cell.Some(uint8(7))}}
		}
		out = append(out, o)
	}
	return out
}

func roof() *cell.Source {
	return &cell.Source{Version: 1, Sensor: "roof", Mode: cell.Fixed, AT: true, Reports: cell.Some(^cell.Fields(0))}
}

func TestQuietObservationAllocatesNothing(t *testing.T) {
	day := quietDay(5000)
	e := analyzer.New(rules.All(), analyzer.Options{})
	e.Feed(roof())
	for _, o := range day[:2000] {
		e.Feed(o)
	}
	next := 2000
	require.Zero(t, testing.AllocsPerRun(2500, func() {
		e.Feed(day[next])
		next++
	}))
	require.Empty(t, e.Take())
}

// A clone of a known cell, its reject and the fall to a 2G cell that follows are one event, not two.
func TestCaptureIsOneEvent(t *testing.T) {
	e := analyzer.New(rules.All(), analyzer.Options{})
	e.Feed(roof())
	day := quietDay(4000)
	for _, o := range day {
		e.Feed(o)
	}
	require.Empty(t, e.Take())
	at := day[len(day)-1].Time
	clone := *day[len(day)-1].Serving
	clone.Area, clone.RSRP = cell.Some(cell.Area(12060)), cell.Some(cell.DBm(-50))
	next := func(o cell.Observation) {
		at = at.Add(time.Second)
		o.Time, o.Sensor = at, "roof"
		e.Feed(&o)
	}
	next(cell.Observation{State: cell.Idle, Serving: &clone})
	next(cell.Observation{State: cell.Idle, Serving: &clone})
	next(cell.Observation{State: cell.Limited, Registration: []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(3)), CauseType: cell.Some(uint8(0)), Cause: cell.Some(uint16(15))}}})
	for range 3 {
		next(cell.Observation{State: cell.Limited, Serving: &cell.Cell{RAT: cell.GSM, MCC: clone.MCC, MNC: clone.MNC, Area: cell.Some(cell.Area(12061)),
			ID: cell.Some(uint64(3633)), PCI: cell.Some(uint16(35)), ARFCN: cell.Some(uint32(62)), RSSI: cell.Some(cell.DBm(-47))}})
	}
	e.Finish()
	events := map[string]analyzer.Event{}
	for _, ev := range e.Take() {
		events[ev.ID] = ev
	}
	require.Len(t, events, 1)
	for _, ev := range events {
		require.Equal(t, analyzer.High, ev.Severity)
		require.Len(t, ev.Cells, 2)
	}
}

// toys returns n rules that never report, and a last one that reports every stay once.
func toys(n int) []analyzer.Rule {
	list := make([]analyzer.Rule, 0, n+1)
	for i := range n {
		list = append(list, analyzer.Rule{ID: fmt.Sprintf("quiet-%d", i), Needs: cell.FieldRAT, Cause: "toy",
			Observe: func(*analyzer.View, *analyzer.Signal) bool { return false }})
	}
	return append(list, analyzer.Rule{ID: "last", Version: 1, Title: "a stay", Needs: cell.FieldRAT, Cause: "last",
		Min: analyzer.Low, Max: analyzer.High, Telling: analyzer.Defining, Innocent: []string{"none"},
		Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
			on := v.On()
			if on == nil || !v.Once(on) {
				return false
			}
			s.P = 1e-4
			s.Suspect(&on.Cell)
			s.Say("%s is a cell", &on.Cell)
			return true
		}})
}

func lteCell(id uint64) *cell.Cell {
	return &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(4660)), ID: cell.Some(id), RSRP: cell.Some(cell.DBm(-90))}
}

// The number of rules has no limit: one after the 64th is fed, and reports a stay once. A restart is not a new stay, even if it
// changes the order of the rules.
func TestTwoHundredRules(t *testing.T) {
	list := toys(200)
	e := analyzer.New(list, analyzer.Options{})
	evidence := func() (n int) {
		e.Finish()
		for _, ev := range e.Take() {
			require.Equal(t, "last", ev.Findings[0].Rule)
			n += len(ev.Findings[0].Evidence)
		}
		return n
	}
	at := start
	feed := func(id uint64, n int) {
		for range n {
			at = at.Add(time.Second)
			e.Feed(&cell.Observation{Time: at, Sensor: "roof", State: cell.Idle, Serving: lteCell(id)})
		}
	}
	feed(1, 10)
	require.Equal(t, 1, evidence())
	feed(1, 10)
	require.Equal(t, 1, evidence())
	state, err := e.Save()
	require.NoError(t, err)
	list[0], list[200] = list[200], list[0]
	e = analyzer.New(list, analyzer.Options{})
	require.NoError(t, e.Restore(state))
	feed(1, 10)
	require.Equal(t, 1, evidence(), "the stay had been reported before the restart")
	feed(2, 10)
	feed(1, 10)
	require.Equal(t, 3, evidence(), "another cell, and the first again, are two more stays")
	o := &cell.Observation{Time: at, Sensor: "roof", State: cell.Idle, Serving: lteCell(1)}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		o.Time = o.Time.Add(time.Second)
		e.Feed(o)
	}), "a quiet observation")
}
