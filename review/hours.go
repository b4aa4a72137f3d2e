package review

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Which rules could see, hour by hour. It is asked of what was recorded and not of the modem of today: modems and firmware
// change, a receiver loses its position, an answer stays out. Rules that saw the same hours share a row.

// could is what a rule could see in an hour.
type could string

const (
	couldAll    could = "all"    // all of it
	couldPart   could = "part"   // some of it
	couldNot    could = "not"    // watched, without what the rule needs
	couldBlind  could = "blind"  // a recorded gap
	couldOff    could = "off"    // no records
	couldUnsaid could = "unsaid" // before the first record, or not yet
)

// ruleHours is a row: the rules that saw the same in every hour of a day.
type ruleHours struct {
	Rules   []analyzer.Rule
	Missing []string // what was needed and not recorded, in the words of the interchange format
	Hours   []hour
}

type hour struct {
	From       time.Time
	Could      could
	Seen, Said int // steps of ten minutes: in which the rule could see, and of which something is known
	watched    int
}

// dayHours is a day of a sensor.
type dayHours struct {
	From  time.Time
	Rows  []ruleHours
	Heads []time.Time // when each hour begins
}

// factCache remembers what was recorded in the steps of past days.
type factCache struct {
	mu   sync.Mutex
	days map[heardKey]factDay
}

type factDay struct {
	facts []cell.Fields // of each step; 0: nothing
	read  time.Time
	final bool
}

const (
	mostFacts  = 2000 // days of sensors: 2 MB
	firstLook  = 8    // records of a step
	secondLook = 40   // and where something that the source promises is not among them
)

// mayFail are the fields that a source can promise and yet not have: an answer that stays out, a position that is not found.
// Of what comes only now and then (a cause, a timing advance) its absence says nothing.
const mayFail = cell.FieldNeighbours | cell.FieldRegistration | cell.FieldPosition

// facts is what was recorded in each step, as far as rules need it.
func (d *Desk) facts(ctx context.Context, store int, sensor string, from time.Time, heard []bool) ([]cell.Fields, error) {
	key, now := heardKey{store, sensor, from.Unix(), len(heard)}, d.now()
	d.fact.mu.Lock()
	old, ok := d.fact.days[key]
	d.fact.mu.Unlock()
	if ok && (old.final || now.Sub(old.read) < heardAgain) {
		return old.facts, nil
	}
	facts := make([]cell.Fields, len(heard))
	for i, h := range heard {
		at := from.Add(time.Duration(i) * step)
		if ok && i < len(old.facts) && old.facts[i] != 0 && at.Add(step).Before(old.read) { // it is over, and was read then
			facts[i] = old.facts[i]
			continue
		}
		if !h {
			continue
		}
		stretches, err := d.recorded(ctx, d.o.Stores[store], sensor, at, at.Add(step))
		if err != nil {
			return nil, err
		}
		for _, part := range stretches {
			f, err := d.fieldsIn(ctx, d.o.Stores[store], sensor, part.From, part.To)
			if err != nil {
				return nil, err
			}
			facts[i] |= f
		}
	}
	var seen cell.Fields // of sources that do not say: what they showed at all, for what comes only now and then
	for _, f := range facts {
		if f&untold != 0 {
			seen |= f &^ mayFail
		}
	}
	for i, f := range facts {
		if f&untold != 0 {
			facts[i] |= seen
		}
	}
	d.fact.mu.Lock()
	defer d.fact.mu.Unlock()
	if d.fact.days == nil || len(d.fact.days) >= mostFacts {
		d.fact.days = map[heardKey]factDay{}
	}
	d.fact.days[key] = factDay{facts, now, now.Sub(from.Add(time.Duration(len(heard))*step)) > 24*time.Hour && slices.Contains(heard, true)}
	return facts, nil
}

// fieldsIn is what a source reported in a time: what it says it reports, without what it promised and did not have; of a
// source that says nothing, what is seen. Where only summaries are left, they are asked. It is never 0 for what was observed.
func (d *Desk) fieldsIn(ctx context.Context, s Store, sensor string, from, to time.Time) (cell.Fields, error) {
	var has, promised cell.Fields
	told := false
	middle := from.Add(to.Sub(from) / 2)
	for look, from := range []time.Time{from, from, middle} { // the first records may be a burst that asks for little
		most, n := secondLook, 0
		if look == 0 {
			most = firstLook
		}
		for e, err := range s.Records(ctx, storage.Query{Sensor: sensor, From: from, To: to, Kinds: storage.Observations | storage.Sources, NoRaw: true, Limit: most}) {
			if err != nil {
				return 0, err
			}
			switch r := e.Record.(type) {
			case *cell.Source:
				f, ok := r.Reports.Get()
				promised, told = promised|f, told || ok
			case *cell.Observation:
				has |= r.Fields()
				n++
			}
		}
		if n == 0 && look == 0 {
			return d.fieldsLeft(ctx, s, sensor, from, to)
		}
		if n < most || has.Has(promised&mayFail) && told {
			break
		}
	}
	return reported(has, promised, told), nil
}

// reported is what a source reported, of what was seen and what it promised.
func reported(has, promised cell.Fields, told bool) cell.Fields {
	if told {
		has |= promised &^ mayFail
	}
	if !has.Has(cell.FieldNeighbours) {
		has &^= cell.FieldNeighbourIdentity | cell.FieldNeighbourPriority
	}
	if promised&cell.FieldCause != 0 && !has.Has(cell.FieldRegistration) {
		has &^= cell.FieldCause
	}
	if !told {
		has |= untold
	}
	return has | watched
}

// Marks of a step, in bits that are no field's.
const (
	watched cell.Fields = 1 << 31 // something was observed, whatever it was
	untold  cell.Fields = 1 << 30 // by a source that does not say what it reports
)

// fieldsLeft asks the summaries of a time. They tell who was heard and how strong; for the rest its source is believed.
func (d *Desk) fieldsLeft(ctx context.Context, s Store, sensor string, from, to time.Time) (cell.Fields, error) {
	var has, promised cell.Fields
	told, n := false, 0
	for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: sensor, From: from, To: to}) {
		if err != nil {
			return 0, err
		}
		if m.Source != nil {
			f, ok := m.Source.Reports.Get()
			promised, told = promised|f, told || ok
		}
		n++
		for i := range m.Cells {
			switch m.Cells[i].Role {
			case storage.RoleServing:
				has |= m.Cells[i].Cell.Fields()
			case storage.RoleNeighbour:
				has |= cell.FieldNeighbours
			case storage.RoleSecondary:
				has |= cell.FieldSecondary
			}
		}
	}
	if n == 0 {
		return 0, nil
	}
	return reported(has|promised&(mayFail&^cell.FieldNeighbours), promised, told), nil
}

// hours says which rules could see in each hour of a day, of which c is the cover.
func (d *Desk) hours(ctx context.Context, a *alive, c *cover, from, to time.Time) (*dayHours, error) {
	n := int(to.Sub(from) / step)
	heard, err := d.heardSteps(ctx, a.Store, a.key, from, n)
	if err != nil {
		return nil, err
	}
	facts, err := d.facts(ctx, a.Store, a.key, from, heard)
	if err != nil {
		return nil, err
	}
	blind := blindSteps(c, from, n)
	v := &dayHours{From: from}
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		v.Heads = append(v.Heads, at)
	}
	byRow := map[string]int{}
	now := d.now()
	for _, r := range d.o.Rules {
		row := ruleHours{Rules: []analyzer.Rule{r}}
		var missing cell.Fields
		for at := 0; at < n; at += int(time.Hour / step) {
			h := hour{From: from.Add(time.Duration(at) * step)}
			gaps := 0
			for i := at; i < min(at+int(time.Hour/step), n); i++ {
				begins := from.Add(time.Duration(i) * step)
				if !begins.Add(step).After(a.First) || !begins.Before(now) || facts[i] == 0 && begins.Add(step).After(now) {
					continue
				}
				h.Said++
				switch {
				case blind[i]:
					gaps++
				case facts[i] == 0:
				case facts[i].Has(r.Needs):
					h.Seen++
					h.watched++
				default:
					h.watched++
					missing |= r.Needs &^ facts[i]
				}
			}
			switch {
			case h.Said == 0:
				h.Could = couldUnsaid
			case h.Seen == h.Said:
				h.Could = couldAll
			case h.Seen > 0:
				h.Could = couldPart
			case h.watched > 0:
				h.Could = couldNot
			case gaps > 0:
				h.Could = couldBlind
			default:
				h.Could = couldOff
			}
			row.Hours = append(row.Hours, h)
		}
		row.Missing = missing.Words()
		key := fmt.Sprint(missing, row.Hours)
		if i, ok := byRow[key]; ok {
			v.Rows[i].Rules = append(v.Rows[i].Rules, r)
			continue
		}
		byRow[key] = len(v.Rows)
		v.Rows = append(v.Rows, row)
	}
	slices.SortStableFunc(v.Rows, func(a, b ruleHours) int { return len(b.Rules) - len(a.Rules) })
	return v, nil
}

// blindSteps are those of which more than half lies in recorded gaps.
func blindSteps(c *cover, from time.Time, n int) []bool {
	blind := make([]bool, n)
	for i := range blind {
		at, in := from.Add(time.Duration(i)*step), time.Duration(0)
		for _, g := range c.Gaps {
			if a, b := maxTime(g.From, at), minTime(g.To, at.Add(step)); b.After(a) {
				in += b.Sub(a)
			}
		}
		blind[i] = in > step/2
	}
	return blind
}

// Hour says in words what a rule could see in an hour.
func (p *page) Hour(h hour) string {
	if h.Could == couldPart {
		return p.T("could.part", h.Seen*int(step/time.Minute), h.Said*int(step/time.Minute))
	}
	return p.T("could." + string(h.Could))
}

// Oclock is the hour of the day.
func (p *page) Oclock(t time.Time) string { return t.In(p.Zone).Format("15") }

// apiHours is the same for programs.
func (d *Desk) apiHours(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	all, err := d.sensors(ctx)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	i := slices.IndexFunc(all, func(a alive) bool { return a.Name == r.PathValue("name") })
	if i < 0 {
		d.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	a := &all[i]
	from, ok := readTime(r.URL.Query().Get("day"), time.UTC, false)
	if !ok {
		from = a.Last
	}
	from = midnight(from, time.UTC)
	c, err := d.coverDay(ctx, a, from, from.AddDate(0, 0, 1))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	v, err := d.hours(ctx, a, c, from, from.AddDate(0, 0, 1))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	type row struct {
		Rules   []string `json:"rules"`
		Missing []string `json:"missing,omitempty"`
		Hours   []could  `json:"hours"`
	}
	rows := []row{}
	for _, h := range v.Rows {
		one := row{Missing: h.Missing}
		for _, rule := range h.Rules {
			one.Rules = append(one.Rules, rule.ID)
		}
		for _, x := range h.Hours {
			one.Hours = append(one.Hours, x.Could)
		}
		rows = append(rows, one)
	}
	writeJSON(w, http.StatusOK, map[string]any{"day": from.Format(time.DateOnly), "rows": rows})
}

// coverDay is what a sensor saw in a day.
func (d *Desk) coverDay(ctx context.Context, a *alive, from, to time.Time) (*cover, error) {
	gaps, err := d.gaps(ctx, d.o.Stores[a.Store], a.key, from, to)
	if err != nil {
		return nil, err
	}
	c, err := d.cover(ctx, a.Store, a.key, from, to, a.First, gaps)
	return &c, err
}

// Lacks says what was missing.
func (r ruleHours) Lacks() string { return strings.Join(r.Missing, ", ") }
