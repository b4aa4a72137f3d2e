package evidence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Which rules could see, hour by hour. It is read from what was recorded and not from today's modem: modems and firmware change, a
// receiver loses its position, an answer stays out.

// Visibility is what a rule could see in an hour.
type Visibility string

// The kinds of visibility.
const (
	SawAll     Visibility = "all"    // in all of it
	SawPart    Visibility = "part"   // in some of it
	SawNothing Visibility = "not"    // watched, without what the rule needs
	SawBlind   Visibility = "blind"  // a recorded gap
	SawOff     Visibility = "off"    // no records
	SawUnknown Visibility = "unsaid" // before the first record, or not yet
)

// Hour is what a rule could see in an hour.
type Hour struct {
	From        time.Time
	Visibility  Visibility
	Seen, Known int // steps in which the rule could see, and steps of which anything is known
	watched     int
}

// RuleHours are the rules that could see the same in every hour of a period.
type RuleHours struct {
	Rules   []analyzer.Rule
	Missing []string // what was needed and not recorded, in the words of the interchange format
	Hours   []Hour
}

// Lacks is what was missing, as one text.
func (r RuleHours) Lacks() string { return strings.Join(r.Missing, ", ") }

// Hours are the hours of a day of a sensor, rows of more rules first.
type Hours struct {
	From  time.Time
	Rows  []RuleHours
	Heads []time.Time // the beginning of each hour
}

// Hours returns which rules could see in each hour of a day, of which c is the coverage.
func (s *Sensor) Hours(ctx context.Context, c *Coverage, from, to time.Time) (*Hours, error) {
	n := int(to.Sub(from) / Step)
	heard, err := s.Store.heardSteps(ctx, s.Key, from, Step, n)
	if err != nil {
		return nil, err
	}
	fields, err := s.Store.fieldSteps(ctx, s.Key, from, heard)
	if err != nil {
		return nil, err
	}
	day := daySteps{sensor: s, from: from, now: s.Store.o.Now(), fields: fields, blind: blindSteps(c, from, n)}
	v := &Hours{From: from}
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		v.Heads = append(v.Heads, at)
	}
	rows := map[string]int{} // by what was seen: the place in v.Rows
	for _, r := range s.Store.o.Rules {
		row, missing := day.row(r)
		key := fmt.Sprint(missing, row.Hours)
		if i, ok := rows[key]; ok {
			v.Rows[i].Rules = append(v.Rows[i].Rules, r)
			continue
		}
		rows[key] = len(v.Rows)
		v.Rows = append(v.Rows, row)
	}
	slices.SortStableFunc(v.Rows, func(a, b RuleHours) int { return len(b.Rules) - len(a.Rules) })
	return v, nil
}

// daySteps is what is known of the steps of a day.
type daySteps struct {
	sensor *Sensor
	from   time.Time
	now    time.Time
	fields []cell.Fields
	blind  []bool
}

// row is what a rule could see in each hour, and what it lacked.
func (d *daySteps) row(r analyzer.Rule) (RuleHours, cell.Fields) {
	const steps = int(time.Hour / Step)
	row := RuleHours{Rules: []analyzer.Rule{r}}
	var missing cell.Fields
	for first := 0; first < len(d.fields); first += steps {
		h, lacked := d.hour(r, first, min(first+steps, len(d.fields)))
		row.Hours, missing = append(row.Hours, h), missing|lacked
	}
	row.Missing = missing.Words()
	return row, missing
}

// hour is what a rule could see in the steps of an hour, and what it lacked in those that it could not see.
func (d *daySteps) hour(r analyzer.Rule, first, end int) (h Hour, missing cell.Fields) {
	h.From = d.from.Add(time.Duration(first) * Step)
	gaps := 0
	for i := first; i < end; i++ {
		begins := d.from.Add(time.Duration(i) * Step)
		if !begins.Add(Step).After(d.sensor.First) || !begins.Before(d.now) || d.fields[i] == 0 && begins.Add(Step).After(d.now) {
			continue
		}
		h.Known++
		switch {
		case d.blind[i]:
			gaps++
		case d.fields[i] == 0:
		case d.fields[i].Has(r.Needs):
			h.Seen++
			h.watched++
		default:
			h.watched++
			missing |= r.Needs &^ d.fields[i]
		}
	}
	switch {
	case h.Known == 0:
		h.Visibility = SawUnknown
	case h.Seen == h.Known:
		h.Visibility = SawAll
	case h.Seen > 0:
		h.Visibility = SawPart
	case h.watched > 0:
		h.Visibility = SawNothing
	case gaps > 0:
		h.Visibility = SawBlind
	default:
		h.Visibility = SawOff
	}
	return h, missing
}

// blindSteps are those of which more than half lies in recorded gaps.
func blindSteps(c *Coverage, from time.Time, n int) []bool {
	blind := make([]bool, n)
	for i := range blind {
		at, in := from.Add(time.Duration(i)*Step), time.Duration(0)
		for _, g := range c.Gaps {
			in += max(Earlier(g.To, at.Add(Step)).Sub(Later(g.From, at)), 0)
		}
		blind[i] = in > Step/2
	}
	return blind
}

// fieldDay says which fields were recorded in the steps of a day.
type fieldDay struct {
	fields []cell.Fields // of each step; 0: nothing was recorded
	read   time.Time
	final  bool
}

const (
	maxFieldDays = 2000 // days of sensors of a store: 2 MB
	firstLook    = 8    // records of a step that are read
	secondLook   = 40   // and, if something that the source promises is not among them
)

// Marks of a step, in bits that are no field's.
const (
	observed   cell.Fields = 1 << 31 // something was recorded, whatever it was
	undeclared cell.Fields = 1 << 30 // by a source that does not say what it reports
)

// mayFail are the fields that a source can promise and yet not have: an answer that stays out, a position that is not found.
// Fields that come only now and then (a cause, a timing advance) are not among them: their absence means nothing.
const mayFail = cell.FieldNeighbours | cell.FieldRegistration | cell.FieldPosition

// fieldSteps returns which fields were recorded in each step, as far as rules need them.
func (s *Store) fieldSteps(ctx context.Context, sensor string, from time.Time, heard []bool) ([]cell.Fields, error) {
	key, now := dayKey{sensor, from.Unix(), len(heard)}, s.o.Now()
	old, ok := s.fields.get(key)
	if ok && (old.final || now.Sub(old.read) < presentAge) {
		return old.fields, nil
	}
	fields := make([]cell.Fields, len(heard))
	for i, h := range heard {
		at := from.Add(time.Duration(i) * Step)
		switch {
		case ok && i < len(old.fields) && old.fields[i] != 0 && at.Add(Step).Before(old.read): // it was over when it was read
			fields[i] = old.fields[i]
		case h:
			var err error
			if fields[i], err = s.fieldsOf(ctx, sensor, at, at.Add(Step)); err != nil {
				return nil, err
			}
		}
	}
	shareUndeclared(fields)
	end := from.Add(time.Duration(len(heard)) * Step)
	s.fields.put(key, fieldDay{fields, now, now.Sub(end) > finalAfter && slices.Contains(heard, true)}, maxFieldDays)
	return fields, nil
}

// shareUndeclared gives the steps of sources that do not say what they report what such sources showed in any step, except for
// what may fail.
func shareUndeclared(fields []cell.Fields) {
	var seen cell.Fields
	for _, f := range fields {
		if f&undeclared != 0 {
			seen |= f &^ mayFail
		}
	}
	for i, f := range fields {
		if f&undeclared != 0 {
			fields[i] |= seen
		}
	}
}

// fieldsOf returns which fields were recorded in a period.
func (s *Store) fieldsOf(ctx context.Context, sensor string, from, to time.Time) (all cell.Fields, err error) {
	stretches, err := s.Recorded(ctx, sensor, from, to)
	if err != nil {
		return 0, err
	}
	for _, part := range stretches {
		f, err := s.recordedFields(ctx, sensor, part.From, part.To)
		if err != nil {
			return 0, err
		}
		all |= f
	}
	return all, nil
}

// recordedFields returns what a source reported in a period of recorded time: what it says that it reports, without what it
// promised and did not have; of a source that says nothing, what is seen. Where only summaries are left, they are read. It is never
// 0 for what was observed.
func (s *Store) recordedFields(ctx context.Context, sensor string, from, to time.Time) (cell.Fields, error) {
	var has, promised cell.Fields
	declared := false
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
				promised, declared = promised|f, declared || ok
			case *cell.Observation:
				has |= r.Fields()
				n++
			}
		}
		if n == 0 && look == 0 {
			return s.summarisedFields(ctx, sensor, from, to)
		}
		if n < most || has.Has(promised&mayFail) && declared {
			break
		}
	}
	return reportedFields(has, promised, declared), nil
}

// summarisedFields reads the summaries of a period. They show who was heard and how strong; for the rest the source is believed.
func (s *Store) summarisedFields(ctx context.Context, sensor string, from, to time.Time) (cell.Fields, error) {
	var has, promised cell.Fields
	declared, n := false, 0
	for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: sensor, From: from, To: to}) {
		if err != nil {
			return 0, err
		}
		if m.Source != nil {
			f, ok := m.Source.Reports.Get()
			promised, declared = promised|f, declared || ok
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
	return reportedFields(has|promised&(mayFail&^cell.FieldNeighbours), promised, declared), nil
}

// reportedFields is what a source reported, given what was seen and what it promised.
func reportedFields(has, promised cell.Fields, declared bool) cell.Fields {
	if declared {
		has |= promised &^ mayFail
	}
	if !has.Has(cell.FieldNeighbours) {
		has &^= cell.FieldNeighbourIdentity | cell.FieldNeighbourPriority
	}
	if promised&cell.FieldCause != 0 && !has.Has(cell.FieldRegistration) {
		has &^= cell.FieldCause
	}
	if !declared {
		has |= undeclared
	}
	return has | observed
}
