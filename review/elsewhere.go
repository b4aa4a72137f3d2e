package review

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Other sensors may write their events to a server that all share. The inbox lists those too, under a tab of their own: they
// can be read here and not decided, because the raw lines, and with them all that a decision needs, stay in the stores of
// those sensors.

const (
	elsewhereEvery = time.Minute      // so often the server is asked, while somebody looks
	elsewhereWait  = 3 * time.Second  // a page waits so long for the first answer
	elsewhereTakes = 30 * time.Second // an answer may take
	mostElsewhere  = 5000             // events, the newest
)

// elsewhere is the last answer of the server.
type elsewhere struct {
	mu     sync.Mutex
	events map[string]analyzer.Event
	list   []*entry // newest first; replaced, never changed
	failed bool     // the last time
	asked  time.Time
	asking chan struct{} // closed when the answer is there; nil: nobody asks
}

// remote lists the events that are on the server and in no store here. failed: the server did not answer, or not to the end.
func (d *Desk) remote(ctx context.Context) (list []*entry, failed bool, err error) {
	if d.o.Elsewhere == nil {
		return nil, false, nil
	}
	x := &d.elsewhere
	x.mu.Lock()
	if x.asking == nil && (x.asked.IsZero() || d.now().Sub(x.asked) >= elsewhereEvery) {
		x.asked, x.asking = d.now(), make(chan struct{})
		go d.ask(x.asking)
	}
	first, asking := x.events == nil, x.asking
	x.mu.Unlock()
	if first && asking != nil {
		wait := time.NewTimer(elsewhereWait)
		defer wait.Stop()
		select {
		case <-asking:
		case <-wait.C:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
	if _, err := d.entries(ctx); err != nil {
		return nil, false, err
	}
	x.mu.Lock()
	all, failed := x.list, x.failed
	x.mu.Unlock()
	d.index.mu.Lock()
	defer d.index.mu.Unlock()
	for _, e := range all {
		if d.index.byID[e.ID] == nil {
			list = append(list, e)
		}
	}
	return list, failed, nil
}

// ask asks the server for all events.
func (d *Desk) ask(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), elsewhereTakes)
	defer cancel()
	go func() {
		select {
		case <-d.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	events, list := map[string]analyzer.Event{}, []*entry{}
	var failure error
	for ev, err := range d.o.Elsewhere(ctx) {
		if err != nil {
			failure = err
			break
		}
		e := d.entry(nowhere, storage.Entry{Event: &ev})
		if _, again := events[e.ID]; !again {
			list = append(list, e)
		}
		events[e.ID] = ev
		if len(list) >= 2*mostElsewhere {
			list = newest(list, events)
		}
	}
	if failure == nil {
		failure = d.correctElsewhere(ctx, list, events)
	}
	list = newest(list, events)
	x := &d.elsewhere
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.failed = failure != nil; !x.failed || x.events == nil {
		x.events, x.list = events, list
	}
	x.asking = nil
	close(done)
	if failure != nil {
		d.log.Warn("review: the shared server", "err", d.scrub(failure.Error()))
	}
}

// correctElsewhere gives events of the server the times that really were.
func (d *Desk) correctElsewhere(ctx context.Context, list []*entry, events map[string]analyzer.Event) error {
	if d.o.Clocks == nil {
		return nil
	}
	sensors := map[string]bool{}
	for _, e := range list {
		sensors[e.sensor] = true
	}
	cs, err := d.o.Clocks(ctx, slices.Collect(maps.Keys(sensors)))
	if err != nil {
		return err
	}
	for _, e := range list {
		e.correct(cs)
		events[e.ID], _ = cs.Event(events[e.ID])
	}
	return nil
}

// newest keeps the newest events.
func newest(list []*entry, events map[string]analyzer.Event) []*entry {
	slices.SortFunc(list, func(a, b *entry) int { return cmp.Or(b.Opened.Compare(a.Opened), cmp.Compare(a.ID, b.ID)) })
	for _, e := range list[min(len(list), mostElsewhere):] {
		delete(events, e.ID)
	}
	return list[:min(len(list), mostElsewhere)]
}

// nowhere is the store of an event that is in none of ours.
const nowhere = -1

// Elsewhere tells whether an event is in no store here.
func (e *entry) Elsewhere() bool { return e.Store == nowhere }

// elsewherePage is an event of another sensor.
type elsewherePage struct {
	Event analyzer.Event
	Entry *entry
	Cells []string
	Also  []also
}

// showElsewhere shows an event that is on the server alone.
func (d *Desk) showElsewhere(w http.ResponseWriter, r *http.Request, id string) {
	list, _, err := d.remote(r.Context())
	i := slices.IndexFunc(list, func(e *entry) bool { return e.ID == id })
	if err == nil && i < 0 {
		err = errors.Join(storage.ErrNotFound)
	}
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.elsewhere.mu.Lock()
	ev, ok := d.elsewhere.events[id]
	d.elsewhere.mu.Unlock()
	if !ok {
		d.fail(w, r, storage.ErrNotFound)
		return
	}
	p := &elsewherePage{Event: d.cleanEvent(ev), Entry: list[i]}
	for j := range p.Event.Cells[:min(len(p.Event.Cells), 12)] {
		p.Cells = append(p.Cells, cell.Describe(&p.Event.Cells[j]))
	}
	if p.Also, err = d.beside(r.Context(), p.Entry); err != nil {
		d.fail(w, r, err)
		return
	}
	d.render(w, r, http.StatusOK, "elsewhere", "event.title", p)
}

// Events is a list of events that may end with an error.
type Events = iter.Seq2[analyzer.Event, error]
