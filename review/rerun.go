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

// change is a difference between two forms of one event.
type change struct{ Key, Then, Now string }

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
		now, err := d.o.Rerun(r.Context(), s.store.Store, s.key, h.from, h.to)
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
		p.Pairs = append(p.Pairs, d.compare(then, now)...)
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

func (d *Desk) stored(ctx context.Context, s Store, sensor string, from, to time.Time) ([]analyzer.Event, error) {
	var all []analyzer.Event
	for e, err := range s.Events(ctx, storage.EventQuery{Sensor: sensor, From: from, To: to}) {
		if err != nil {
			return nil, err
		}
		all = append(all, e)
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
	add := func(key, x, y string) {
		if x != y {
			cs = append(cs, change{key, plain(x), plain(y)})
		}
	}
	add("rerun.severity", a.Severity.String(), b.Severity.String())
	add("rerun.score", number(a.Score), number(b.Score))
	add("rerun.summary", a.Summary, b.Summary)
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
