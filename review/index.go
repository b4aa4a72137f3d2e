package review

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// entry is what the inbox knows of an event. Its evidence stays in the store.
type entry struct {
	ID       string // safe to show
	Sensor   string
	Store    int
	Severity analyzer.Severity
	State    analyzer.State
	First    time.Time
	Opened   time.Time
	Last     time.Time
	Score    float64
	Summary  string
	Rules    []string
	Cells    []string // in one line each
	Places   []string // networks and area codes: "272-03", "272-03-4660"
	Verdict  *storage.Verdict
	Shift    time.Duration // by how much its recorded times were wrong; the times above are those that really were
	was      [3]time.Time  // first, opened and last as recorded
	sighting analyzer.Sighting
	key      string // the ID as the store has it
	sensor   string // as the store has it
	seq      int64
}

// mostEntries bounds the index: the newest of each store are kept. A page says when there are more.
const mostEntries = 20000

// index is the list of events, newest first, brought up to date by reading what changed since the last time.
type index struct {
	mu     sync.Mutex
	stores []indexed
	list   []*entry // by Opened, newest first; replaced, never changed, so that a reader may keep it
	byID   map[string]*entry
	more   bool // older events than these are in the stores
}

type indexed struct {
	seq    int64
	mark   int64
	clocks storage.Corrections // by which the times of byID are right
	byID   map[string]*entry
}

// entries brings the index up to date and returns it.
func (d *Desk) entries(ctx context.Context) ([]*entry, error) {
	x := &d.index
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stores == nil {
		x.stores = make([]indexed, len(d.o.Stores))
		for i := range x.stores {
			x.stores[i] = indexed{mark: -1, byID: map[string]*entry{}}
		}
	}
	changed := false
	for i := range x.stores {
		c, err := d.refresh(ctx, i, &x.stores[i])
		if err != nil {
			return nil, err
		}
		changed = changed || c
	}
	if changed || x.list == nil {
		x.list, x.byID = []*entry{}, map[string]*entry{}
		for i := range x.stores {
			for _, e := range x.stores[i].byID {
				x.list, x.byID[e.ID] = append(x.list, e), e
			}
		}
		slices.SortFunc(x.list, func(a, b *entry) int {
			return cmp.Or(b.Opened.Compare(a.Opened), cmp.Compare(a.ID, b.ID))
		})
		if len(x.list) > mostEntries {
			for _, e := range x.list[mostEntries:] {
				delete(x.stores[e.Store].byID, e.key)
				delete(x.byID, e.ID)
			}
			x.list, x.more = x.list[:mostEntries:mostEntries], true
		}
	}
	return x.list, nil
}

func (d *Desk) refresh(ctx context.Context, n int, x *indexed) (changed bool, err error) {
	s := d.o.Stores[n]
	cs, err := d.corrections(ctx, s)
	if err != nil {
		return false, err
	}
	if !maps.EqualFunc(cs, x.clocks, slices.Equal) {
		x.clocks, changed = cs, true
		for id, e := range x.byID {
			copied := *e // others may be reading e
			copied.correct(cs)
			x.byID[id] = &copied
		}
	}
	for {
		const page = 500
		entries, err := s.EventsSince(ctx, x.seq, page)
		if err != nil {
			return false, err
		}
		for _, e := range entries {
			next := d.entry(n, e)
			next.correct(cs)
			if old := x.byID[next.key]; old != nil {
				next.Verdict = old.Verdict
			}
			x.byID[next.key] = next
			x.seq, changed = e.Seq, true
		}
		if len(entries) == 0 {
			break
		}
	}
	mark, err := s.VerdictMark(ctx)
	if err != nil || mark == x.mark && !changed {
		return changed, err
	}
	verdicts, err := s.StandingVerdicts(ctx)
	if err != nil {
		return false, err
	}
	for id, e := range x.byID {
		copied := *e // others may be reading e
		copied.Verdict = nil
		if v, ok := verdicts[id]; ok {
			v.Author, v.Reason = d.scrub(v.Author), d.scrub(v.Reason)
			copied.Verdict = &v
		}
		x.byID[id] = &copied
	}
	x.mark = mark
	return true, nil
}

func (d *Desk) entry(n int, from storage.Entry) *entry {
	ev := d.cleanEvent(*from.Event)
	e := &entry{ID: plainTo(ev.ID, 64), key: from.Event.ID, sensor: from.Event.Sensor, Sensor: plainTo(ev.Sensor, 80), Store: n, Severity: ev.Severity, State: analyzer.State(plainTo(string(ev.State), 20)), First: ev.First, Opened: ev.Opened,
		Last: ev.Last, Score: ev.Score, Summary: plainTo(ev.Summary, longest-40), seq: from.Seq, was: [3]time.Time{ev.First, ev.Opened, ev.Last}}
	e.sighting = analyzer.SightingOf(&ev)
	e.sighting.Sensor = strconv.Itoa(n) + " " + ev.Sensor // those of two stores are two
	for i := range ev.Findings {
		if r := plainTo(ev.Findings[i].Rule, 80); !slices.Contains(e.Rules, r) {
			e.Rules = append(e.Rules, r)
		}
	}
	for i := range ev.Cells[:min(len(ev.Cells), 16)] {
		c := &ev.Cells[i]
		e.Cells = append(e.Cells, cell.Describe(c))
		e.Places = append(e.Places, places(c)...)
	}
	return e
}

// places are what a cell says of where it is.
func places(c *cell.Cell) []string {
	p := c.PLMN()
	if !p.Known() {
		return nil
	}
	ps := []string{p.String()}
	if a, ok := c.Area.Get(); ok {
		ps = append(ps, fmt.Sprintf("%s-%d", p, a))
	}
	return ps
}

// lookup finds an event by its id: its light form, and the store that has it.
func (d *Desk) lookup(ctx context.Context, id string) (*entry, Store, error) {
	if _, err := d.entries(ctx); err != nil {
		return nil, Store{}, err
	}
	d.index.mu.Lock()
	e := d.index.byID[id]
	d.index.mu.Unlock()
	if e != nil {
		return e, d.o.Stores[e.Store], nil
	}
	for n, s := range d.o.Stores { // older than the index reaches
		ev, err := s.Event(ctx, id)
		if err != nil {
			continue
		}
		e := d.entry(n, storage.Entry{Event: &ev})
		if cs, err := d.corrections(ctx, s); err == nil {
			e.correct(cs)
		}
		if v, ok, err := s.VerdictOf(ctx, id); err == nil && ok {
			v.Author, v.Reason = d.scrub(v.Author), d.scrub(v.Reason)
			e.Verdict = &v
		}
		return e, s, nil
	}
	return nil, Store{}, fmt.Errorf("event %q: %w", plainTo(id, 64), storage.ErrNotFound)
}
