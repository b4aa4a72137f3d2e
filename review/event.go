package review

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// eventPage is all that the page of an event shows.
type eventPage struct {
	Event     analyzer.Event // cleaned
	Entry     *entry
	Store     string
	Several   bool // more than one store
	Source    *cell.Source
	Cells     []cellView
	Story     []moment
	StoryLeft int
	Findings  []findingView
	Words     []exchange
	WordsLeft int
	Chart     *sketch
	Baseline  *baseline // nil: the sensor was on the move
	Minutes   int       // of the chart, those of which only summaries are left
	Series    *series
	Checks    []string // keys of words
	Earlier   []*entry // of this sensor, before
	Similar   []*entry // by rule or cell
	Also      []also   // that other sensors saw at the same time
	Verdicts  []storage.Verdict
	Standing  *storage.Verdict
	Next      string // id of the event after this one in the inbox, and before
	Previous  string
	Rerun     bool
	Map       *ownMap // of the user; nil: the coarse one
	Records   int
	Cut       bool
}

type findingView struct {
	analyzer.Finding
	Rule    string
	Today   *analyzer.Rule // nil: there is no such rule any more
	Here    int            // events of this sensor with this rule
	On      int            // on so many days
	Days    int            // of so many since this sensor was first heard
	Outdate bool           // found by another version than today's
}

// cellView is a cell of an event, and what the store knows of it.
type cellView struct {
	Name  string
	Known []knownView
	Query string // address of its page
}

func (d *Desk) showEvent(w http.ResponseWriter, r *http.Request) {
	p, err := d.eventPage(r.Context(), r.PathValue("id"), zone(r))
	if errors.Is(err, storage.ErrNotFound) && d.o.Elsewhere != nil {
		d.showElsewhere(w, r, r.PathValue("id"))
		return
	}
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.render(w, r, http.StatusOK, "event", "event.title", p)
}

func (d *Desk) eventPage(ctx context.Context, id string, z *time.Location) (*eventPage, error) {
	e, s, err := d.lookup(ctx, id)
	if err != nil {
		return nil, err
	}
	stored, err := s.Event(ctx, e.key)
	if err != nil {
		return nil, err
	}
	cs, err := d.corrections(ctx, s)
	if err != nil {
		return nil, err
	}
	stored, _ = cs.Event(stored)
	from, to := spanOf(&stored)
	w, err := d.window(ctx, s, stored.Sensor, from, to, true)
	if err != nil {
		return nil, err
	}
	p := &eventPage{Event: d.cleanEvent(stored), Entry: e, Store: s.Name, Several: len(d.o.Stores) > 1, Source: w.Source,
		Rerun: d.o.Rerun != nil, Map: readMap(d.o.Tiles), Records: len(w.Records), Cut: w.Cut}
	p.Series = draw(w, &p.Event)
	if fixed(w.Source) { // else the same hours of other days were at other places
		if p.Baseline, err = d.baseline(ctx, s, stored.Sensor, from, to); err != nil {
			return nil, err
		}
	}
	p.Chart = sketchOf(p.Series, p.Baseline, z)
	p.Minutes = len(w.Minutes)
	p.Story, p.StoryLeft = tell(w, &p.Event)
	p.Words, p.WordsLeft = d.words(w, &stored)
	all, err := d.entries(ctx)
	if err != nil {
		return nil, err
	}
	if p.Findings, err = d.findings(ctx, &p.Event, e, all, z); err != nil {
		return nil, err
	}
	p.Earlier, p.Similar = alike(e, all)
	if p.Also, err = d.beside(ctx, e); err != nil {
		return nil, err
	}
	p.Checks = checks(&p.Event, w.Source)
	if p.Cells, err = d.cellViews(ctx, s, p.Event.Cells); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(o *entry) bool { return o.ID == e.ID }); i >= 0 {
		if i+1 < len(all) {
			p.Next = all[i+1].ID
		}
		if i > 0 {
			p.Previous = all[i-1].ID
		}
	}
	if p.Verdicts, err = d.verdicts(ctx, s, e.key); err != nil {
		return nil, err
	}
	for i := range p.Verdicts {
		if p.Verdicts[i].Undone.IsZero() {
			p.Standing = &p.Verdicts[i]
		}
	}
	return p, nil
}

// findings says for each finding what its rule is today, and how often and on how many days it was seen here.
func (d *Desk) findings(ctx context.Context, e *analyzer.Event, own *entry, all []*entry, z *time.Location) ([]findingView, error) {
	first, last := own.First, own.Last
	sensors, err := d.sensors(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range sensors {
		if s.Name == own.Sensor && s.Store == own.Store && !s.First.IsZero() {
			first, last = minTime(first, s.First), maxTime(last, s.Last)
		}
	}
	span := int(midnight(last, z).Add(36*time.Hour).Sub(midnight(first, z)) / (24 * time.Hour))
	var views []findingView
	for _, f := range e.Findings[:min(len(e.Findings), 40)] {
		v := findingView{Finding: f, Rule: plainTo(f.Rule, 80)}
		if r, ok := d.rules[f.Rule]; ok {
			v.Today, v.Outdate = &r, r.Version != f.Version
		}
		days := map[time.Time]bool{midnight(own.First, z): true}
		for _, o := range all {
			if o.Sensor == own.Sensor && slices.Contains(o.Rules, v.Rule) {
				v.Here++
				days[midnight(o.First, z)] = true
			}
		}
		v.Here, v.On, v.Days = max(v.Here, 1), len(days), max(span, len(days))
		views = append(views, v)
	}
	return views, nil
}

// alike finds the events of the same sensor just before, and those that share a cell or most rules.
func alike(e *entry, all []*entry) (earlier, similar []*entry) {
	type scored struct {
		*entry
		n int
	}
	var found []scored
	for _, o := range all {
		if o.ID == e.ID {
			continue
		}
		if o.Sensor == e.Sensor && o.Opened.Before(e.Opened) && len(earlier) < 5 {
			earlier = append(earlier, o)
		}
		n := 0
		for _, c := range e.Cells {
			if slices.Contains(o.Cells, c) {
				n += 3
			}
		}
		for _, r := range e.Rules {
			if slices.Contains(o.Rules, r) {
				n++
			}
		}
		if n > 0 {
			found = append(found, scored{o, n})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int {
		return cmp.Or(b.n-a.n, cmp.Compare(a.Opened.Sub(e.Opened).Abs(), b.Opened.Sub(e.Opened).Abs()))
	})
	for _, f := range found[:min(len(found), 6)] {
		similar = append(similar, f.entry)
	}
	return earlier, similar
}

// fixed tells whether a source stays at one place; one that does not say is on the move.
func fixed(s *cell.Source) bool { return s != nil && s.Mode == cell.Fixed }

// checks are what to look at next whatever the rules (which have advice of their own), as far as this event gives reason to.
func checks(e *analyzer.Event, s *cell.Source) []string {
	keys := []string{"check.others", "check.days"}
	if s != nil && s.Skew {
		keys = append(keys, "check.skew")
	}
	if !fixed(s) {
		keys = append(keys, "check.place")
	}
	if len(e.Cells) > 0 {
		keys = append(keys, "check.cell")
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (d *Desk) cellViews(ctx context.Context, s Store, cells []cell.Cell) ([]cellView, error) {
	var views []cellView
	for i := range cells[:min(len(cells), 12)] {
		c := &cells[i]
		v := cellView{Name: cell.Describe(c)}
		if id, ok := c.ID.Get(); ok {
			known, err := d.known(ctx, s, storage.CellQuery{RAT: c.RAT, ID: cell.Some(id)}, 6)
			if err != nil {
				return nil, err
			}
			v.Known, v.Query = known, cellAddress(c.RAT, c.MCC, c.MNC, id)
		}
		views = append(views, v)
	}
	return views, nil
}

// verdicts are all that were given, the newest first, safe to show.
func (d *Desk) verdicts(ctx context.Context, s Store, id string) ([]storage.Verdict, error) {
	all, err := s.Verdicts(ctx, id)
	if err != nil {
		return nil, err
	}
	slices.Reverse(all)
	for i := range all {
		v := &all[i]
		v.Reason, v.Author, v.UndoneBy = plainTo(d.scrub(v.Reason), 4000), plainTo(d.scrub(v.Author), 80), plainTo(d.scrub(v.UndoneBy), 80)
	}
	return slices.Clip(all), nil
}
