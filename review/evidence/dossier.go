package evidence

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Dossier is what is known of one event, as pages and reports show it.
type Dossier struct {
	Entry     *Entry
	Event     analyzer.Event // without identities, at the corrected times; coarse if that was asked for
	Source    *cell.Source   // of its sensor; nil: unknown
	Cells     []EventCell
	Findings  []Finding
	Grading   *Grading // nil: the findings do not say what they weighed
	Timeline  []Moment
	Exchanges []Exchange
	Messages  []Signal
	Series    *Series
	Baseline  *Baseline // nil: the sensor was moving, so that the same hours of other days were at other places
	Coarse    bool      // places are coarse, or left out
	Checks    []string  // what to look at next whatever the rules: keys of the catalogue of words
	Verdicts  []storage.Verdict

	Records       int  // in the window around it
	Cut           bool // there are more
	Minutes       int  // of the window, those of which only summaries are left
	TimelineLeft  int  // moments that are left out
	ExchangesLeft int
	MessagesLeft  int
}

// DossierOptions are how much of a dossier is handed on.
type DossierOptions struct {
	Zone   *time.Location // of days
	Within *Selection     // that it is part of, and whose Trim holds; nil: everything is shown
	Coarse *Coarsener     // nil: nothing is replaced
}

// Dossier returns what is known of the event with this id. The error wraps storage.ErrNotFound if no store has it.
func (l *Library) Dossier(ctx context.Context, id string, o DossierOptions) (*Dossier, error) {
	e, err := l.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	return l.DossierOf(ctx, e, o)
}

// DossierOf returns what is known of the event of an entry.
func (l *Library) DossierOf(ctx context.Context, e *Entry, o DossierOptions) (*Dossier, error) {
	_, event, err := e.Events(ctx)
	if err != nil {
		return nil, err
	}
	from, to := Around(&event)
	w, err := e.Store.Window(ctx, e.sensor, from, to, o.Coarse == nil)
	if err != nil {
		return nil, err
	}
	trimmed := o.Within != nil && o.Within.TrimmedIn(e.Store)
	if trimmed {
		w.trim(o.Within.trims, e.Shift)
	}
	d := &Dossier{Entry: e, Event: event, Coarse: o.Coarse != nil, Source: w.Source, Records: len(w.Records), Cut: w.Cut, Minutes: len(w.Minutes), Checks: checks(&event, w.Source)}
	if o.Coarse == nil {
		if err := d.exact(ctx, w, trimmed); err != nil {
			return nil, err
		}
	} else {
		d.Event = o.Coarse.Event(event)
		w.coarsen(o.Coarse)
		d.Cells = eventCells(d.Event.Cells)
	}
	if d.Findings, err = l.findings(ctx, &d.Event, e, o.Zone); err != nil {
		return nil, err
	}
	if d.Grading, err = l.grade(ctx, e, &event, stays(w.Source)); err != nil {
		return nil, err
	}
	d.Timeline, d.TimelineLeft = w.Timeline(&d.Event)
	d.Messages, d.MessagesLeft = w.Messages(&d.Event)
	d.Series = w.Series(&d.Event)
	return d, nil
}

// exact adds what a coarse dossier does not have. What was gathered from all of a store is left out if anything of it is trimmed.
func (d *Dossier) exact(ctx context.Context, w *Window, trimmed bool) (err error) {
	s := d.Entry.Store
	d.Exchanges, d.ExchangesLeft = w.Exchanges(&d.Event)
	d.Cells = eventCells(d.Event.Cells)
	if !trimmed {
		d.Cells = d.Cells[:min(len(d.Cells), maxEventCells)]
		if err := s.fillCells(ctx, d.Cells); err != nil {
			return err
		}
		if stays(w.Source) {
			if d.Baseline, err = s.Baseline(ctx, d.Entry.sensor, w.From, w.To); err != nil {
				return err
			}
		}
	}
	d.Verdicts, err = d.Entry.Verdicts(ctx)
	return err
}

// stays reports whether a source stays at one place; one that does not say is taken to move.
func stays(s *cell.Source) bool { return s != nil && s.Mode == cell.Fixed }

// checks are what to look at next as far as this event gives reason to; the rules have advice of their own.
func checks(e *analyzer.Event, s *cell.Source) []string {
	keys := []string{"check.days", "check.others"}
	if len(e.Cells) > 0 {
		keys = append(keys, "check.cell")
	}
	if !stays(s) {
		keys = append(keys, "check.place")
	}
	if s != nil && s.Skew {
		keys = append(keys, "check.skew")
	}
	slices.Sort(keys)
	return keys
}

// Events reads the event, without identities: at the recorded times, and at the corrected ones.
func (e *Entry) Events(ctx context.Context) (stored, corrected analyzer.Event, err error) {
	if e.Elsewhere() {
		return e.remote.stored, e.remote.corrected, nil
	}
	raw, err := e.Store.Event(ctx, e.Key)
	if err != nil {
		return stored, corrected, err
	}
	cs, err := e.Store.Corrections(ctx)
	if err != nil {
		return stored, corrected, err
	}
	stored = e.Store.clean.CleanEvent(raw)
	return stored, e.correctedEvent(cs, stored), nil
}

// correctedEvent is a clean event of the entry at the corrected times. Corrections name the sensor as it is stored.
func (e *Entry) correctedEvent(cs storage.Corrections, clean analyzer.Event) analyzer.Event {
	name := clean.Sensor
	clean.Sensor = e.sensor
	clean, _ = cs.Event(clean)
	clean.Sensor = name
	return clean
}

// Verdicts are all that were given on the event, the newest first, without identities and safe to show.
func (e *Entry) Verdicts(ctx context.Context) ([]storage.Verdict, error) {
	all, err := e.Store.Verdicts(ctx, e.Key)
	if err != nil {
		return nil, err
	}
	slices.Reverse(all)
	c := e.Store.clean
	for i := range all {
		v := &all[i]
		v.Reason, v.Author, v.UndoneBy = PlainTo(c.Scrub(v.Reason), 4000), c.SensorName(v.Author), c.SensorName(v.UndoneBy)
	}
	return slices.Clip(all), nil
}

// EventCell is a cell of an event, and what the store knows of it.
type EventCell struct {
	cell.Cell
	Name  string
	Known []KnownCell // nil: not asked, or nothing
}

const (
	maxEventCells = 12
	maxKnownForms = 6
	maxFindings   = 40
)

// eventCells are the cells of an event, without what else is known of them.
func eventCells(cells []cell.Cell) (all []EventCell) {
	for _, c := range cells {
		all = append(all, EventCell{Cell: c, Name: cell.Describe(&c)})
	}
	return all
}

// fillCells adds what a store knows of cells.
func (s *Store) fillCells(ctx context.Context, cells []EventCell) (err error) {
	for i := range cells {
		c := &cells[i]
		if id, ok := c.ID.Get(); ok {
			if c.Known, err = s.KnownCells(ctx, storage.CellQuery{RAT: c.RAT, ID: cell.Some(id)}, maxKnownForms); err != nil {
				return err
			}
		}
	}
	return nil
}

// Finding is a finding of an event, with what its rule is today, and how often and on how many days it was found by the sensor.
type Finding struct {
	analyzer.Finding
	Rule     string         // safe to show
	Today    *analyzer.Rule // nil: there is no such rule any more
	Count    int            // events of this sensor with this rule
	On       int            // on how many days
	Days     int            // of how many since this sensor was first heard
	Outdated bool           // found by another version than today's
}

// findings looks up the findings of an event, at most the first 40.
func (l *Library) findings(ctx context.Context, e *analyzer.Event, own *Entry, z *time.Location) (list []Finding, err error) {
	all, err := l.Entries(ctx)
	if err != nil {
		return nil, err
	}
	first, last := own.First, own.Last
	begins, ends, err := own.Store.Span(ctx, own.sensor)
	if err != nil {
		return nil, err
	}
	if !begins.IsZero() {
		first, last = Earlier(first, begins), Later(last, ends)
	}
	span := int(Midnight(last, z).Add(36*time.Hour).Sub(Midnight(first, z)) / (24 * time.Hour))
	for _, f := range e.Findings[:min(len(e.Findings), maxFindings)] {
		v := Finding{Finding: f, Rule: PlainTo(f.Rule, 80)}
		if r, ok := l.rules[f.Rule]; ok {
			v.Today, v.Outdated = &r, r.Version != f.Version
		}
		days := map[time.Time]bool{Midnight(own.First, z): true}
		for _, o := range all {
			if o.Sensor == own.Sensor && slices.Contains(o.Rules, v.Rule) {
				v.Count++
				days[Midnight(o.First, z)] = true
			}
		}
		v.Count, v.On, v.Days = max(v.Count, 1), len(days), max(span, len(days))
		list = append(list, v)
	}
	return list, nil
}

const (
	maxEarlier = 5
	maxSimilar = 6
)

// Alike returns, of a list that is newest first, the events of the same sensor just before e, and those that share cells or rules
// with it, most alike first.
func (e *Entry) Alike(all []*Entry) (earlier, similar []*Entry) {
	type scored struct {
		*Entry
		n int
	}
	var found []scored
	for _, o := range all {
		if o.ID == e.ID {
			continue
		}
		if o.Sensor == e.Sensor && o.Opened.Before(e.Opened) && len(earlier) < maxEarlier {
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
	for _, f := range found[:min(len(found), maxSimilar)] {
		similar = append(similar, f.Entry)
	}
	return earlier, similar
}
