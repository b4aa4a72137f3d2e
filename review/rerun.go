package review

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/storage"
)

// rerunPage sets what the store holds beside what today's rules make of the same records.
type rerunPage struct {
	From, To time.Time
	Sensor   string
	Event    string // id; "" for a period
	Pairs    []pair
	Took     time.Duration
	Same     int
}

// pair is an event as it is stored and as it would be today; one side may be missing.
type pair struct {
	Then, Now *analyzer.Event
	Changes   []change
}

// Summary is the sentence under which a pair stands.
func (p pair) Summary() string {
	if p.Then != nil {
		return p.Then.Summary
	}
	return p.Now.Summary
}

// change is a difference between two forms of one event: as it is stored, as it would be.
type change struct {
	Key   string
	Sides [2]any // see page.Put
}

func (d *Desk) showRerun(w http.ResponseWriter, r *http.Request) {
	if d.o.Rerun == nil {
		d.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	done, ok := d.takeHeavy(w, r)
	if !ok {
		return
	}
	defer done()
	h, err := d.chosen(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	started := d.now()
	p := &rerunPage{From: h.from, To: h.to, Event: h.id}
	for _, s := range h.sensors {
		now, err := d.again(r.Context(), s, h.from, h.to)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		then, err := d.stored(r.Context(), s.store, s.key, h.from, h.to)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		p.Sensor = s.Name
		cs, err := d.corrections(r.Context(), s.store)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		p.Pairs = append(p.Pairs, d.compare(corrected(cs, then), corrected(cs, now))...)
	}
	for i := range p.Pairs {
		if p.Pairs[i].Then != nil && p.Pairs[i].Now != nil && len(p.Pairs[i].Changes) == 0 {
			p.Same++
		}
	}
	p.Took = d.now().Sub(started)
	d.render(w, r, http.StatusOK, "rerun", "rerun.title", p)
}

// takeHeavy takes one of the few places for long answers.
func (d *Desk) takeHeavy(w http.ResponseWriter, r *http.Request) (done func(), ok bool) {
	select {
	case d.heavy <- struct{}{}:
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(10 * time.Minute))
		return func() { <-d.heavy }, true
	default:
		w.Header().Set("Retry-After", "30")
		d.refuse(w, r, http.StatusServiceUnavailable, "refuse.busy")
		return nil, false
	}
}

// stored are the events of a time, with the times that were recorded.
func (d *Desk) stored(ctx context.Context, s Store, sensor string, from, to time.Time) ([]analyzer.Event, error) {
	return d.eachStretch(ctx, s, sensor, from, to, func(from, to time.Time) (all []analyzer.Event, err error) {
		for e, err := range s.Events(ctx, storage.EventQuery{Sensor: sensor, From: from, To: to}) {
			if err != nil {
				return nil, err
			}
			all = append(all, e)
		}
		return all, nil
	})
}

// again is what today's rules make of the records of a time, with the times that were recorded.
func (d *Desk) again(ctx context.Context, s chosenSensor, from, to time.Time) ([]analyzer.Event, error) {
	return d.eachStretch(ctx, s.store, s.key, from, to, func(from, to time.Time) ([]analyzer.Event, error) {
		return d.o.Rerun(ctx, s.store.Store, s.key, from, to)
	})
}

// eachStretch asks for events wherever a time was recorded, and takes each once.
func (d *Desk) eachStretch(ctx context.Context, s Store, sensor string, from, to time.Time, ask func(from, to time.Time) ([]analyzer.Event, error)) ([]analyzer.Event, error) {
	stretches, err := d.recorded(ctx, s, sensor, from, to)
	if err != nil {
		return nil, err
	}
	var all []analyzer.Event
	taken := map[string]bool{}
	for _, part := range stretches {
		found, err := ask(part.From, part.To)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			if !taken[e.ID] {
				taken[e.ID], all = true, append(all, e)
			}
		}
	}
	return all, nil
}

// compare pairs events that tell of the same: with the same id, else those that overlap in time.
func (d *Desk) compare(then, now []analyzer.Event) []pair {
	used := map[int]bool{}
	match := func(fits func(b *analyzer.Event) bool) int {
		for i := range now {
			if !used[i] && fits(&now[i]) {
				return i
			}
		}
		return -1
	}
	var pairs []pair
	for i := range then {
		old := d.cleanEvent(then[i])
		p := pair{Then: &old}
		a := &then[i]
		n := match(func(b *analyzer.Event) bool { return a.ID == b.ID })
		if n < 0 {
			n = match(func(b *analyzer.Event) bool { return !a.First.After(b.Last) && !b.First.After(a.Last) })
		}
		if n >= 0 {
			used[n] = true
			fresh := d.cleanEvent(now[n])
			p.Now, p.Changes = &fresh, changes(&old, &fresh)
		}
		pairs = append(pairs, p)
	}
	for i := range now {
		if !used[i] {
			fresh := d.cleanEvent(now[i])
			pairs = append(pairs, pair{Now: &fresh})
		}
	}
	return pairs
}

func changes(a, b *analyzer.Event) []change {
	var cs []change
	add := func(key string, x, y any) {
		if x != y {
			cs = append(cs, change{key, [2]any{x, y}})
		}
	}
	add("rerun.severity", a.Severity, b.Severity)
	add("rerun.score", a.Score, b.Score)
	add("rerun.summary", sentence(a.Summary), sentence(b.Summary))
	add("rerun.rules", ruleNames(a), ruleNames(b))
	add("rerun.times", utcTime(a.First)+" – "+utcTime(a.Last), utcTime(b.First)+" – "+utcTime(b.Last))
	return cs
}

func ruleNames(e *analyzer.Event) string {
	var names []string
	for _, f := range e.Findings {
		names = append(names, fmt.Sprintf("%s v%d", f.Rule, f.Version))
	}
	slices.Sort(names)
	return join(slices.Compact(names)...)
}
