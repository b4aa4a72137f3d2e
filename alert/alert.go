package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// Alerts follows a store and tells what is in it. One goroutine, that of Follow, owns what was decided and what waits; each
// message on its way has one of its own.
type Alerts struct {
	store *storage.Store

	offers   chan offer
	results  chan result
	reloads  chan *setup
	troubles chan cell.Health
	wakes    chan struct{}
	gone     chan struct{} // closed when Follow has ended

	*setup
	st      *state
	dirty   bool            // st is not stored as it is
	sensors map[string]bool // of which anything was heard
	shown   *blink          // what the LED shows: the first of its pattern
	ctx     context.Context // of Follow

	mu     sync.Mutex
	status map[string]*Status
}

type offer struct {
	entries []storage.Entry
	done    chan<- error
}

type result struct {
	to     *outlet
	box    *box
	bundle *bundle
	err    error
}

// Status is how it stands with a destination.
type Status struct {
	Name    string
	Waiting int       // notices
	Sent    int       // messages since the start
	Last    time.Time // when it last took a message; zero: not since the start
	Problem string    // why it takes nothing; "": it does
}

// Cursor is the name of the durable cursor, and of what was decided up to it.
const Cursor = "alert"

// New opens what o names, and connects to nothing yet.
func New(s *storage.Store, o Options) (*Alerts, error) {
	a := &Alerts{store: s, offers: make(chan offer), results: make(chan result), reloads: make(chan *setup), troubles: make(chan cell.Health, 8),
		wakes: make(chan struct{}, 1), gone: make(chan struct{}), sensors: map[string]bool{}, status: map[string]*Status{}}
	var err error
	a.setup, err = a.prepare(o)
	return a, err
}

func (a *Alerts) wake() {
	select {
	case a.wakes <- struct{}{}:
	default:
	}
}

// Reload takes other options, while Follow runs. When they cannot be used it says why, and all stays as it was.
func (a *Alerts) Reload(o Options) error {
	set, err := a.prepare(o)
	if err != nil {
		return err
	}
	select {
	case a.reloads <- set:
	case <-a.gone:
	}
	return nil
}

// Trouble tells people what the store cannot hold a record of now, since it takes nothing perhaps: that something Vigie stands
// on does not work. With a reason that the store will hold later, it is told once. It never waits.
func (a *Alerts) Trouble(sensor, reason, text string) {
	select {
	case a.troubles <- cell.Health{Sensor: sensor, Reason: reason, Detail: text}:
	default:
	}
}

// Status is how it stands with each destination.
func (a *Alerts) Status() (all []Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.status {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(x, y Status) int { return strings.Compare(x.Name, y.Name) })
	return all
}

// Follow tells what comes to the store until ctx ends, beginning where it was; in a store in which it never was, with what
// comes from now on. It returns the error of ctx, or of a store that cannot be read. It may be called once.
func (a *Alerts) Follow(ctx context.Context) error {
	defer close(a.gone)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a.ctx = ctx
	if err := a.load(ctx); err != nil {
		return err
	}
	a.setup.start(ctx)
	defer func() { a.setup.close() }()
	followed := make(chan error, 1)
	go func() { followed <- a.follow(ctx) }()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case o := <-a.offers:
			a.decide(o.entries)
			o.done <- a.save(ctx)
		case r := <-a.results:
			a.finish(r)
		case set := <-a.reloads:
			a.setup.close()
			a.setup, a.shown = set, nil
			a.setup.start(ctx)
			a.settle()
			a.w.Log("the new destinations are in use: " + strings.Join(a.names(), ", "))
		case r := <-a.troubles:
			now := time.Now()
			r.Time = now
			a.put(a.st.health(&r, &a.w, now))
		case <-a.wakes:
			for _, out := range a.outlets {
				if out.mqtt != nil {
					a.box(out).retry = time.Time{}
				}
			}
		case <-timer.C:
		case err := <-followed:
			return err
		case <-ctx.Done():
			err := <-followed
			if saving := a.save(context.WithoutCancel(ctx)); saving != nil {
				a.w.Log("what waits to be told could not be stored: " + clean(saving.Error()))
			}
			return err
		}
		next := a.work(time.Now())
		timer.Stop()
		if !next.IsZero() {
			timer.Reset(max(0, time.Until(next)))
		}
	}
}

// follow carries the store to Write. A store that does not take the cursor for a while, on a full disk, is no end.
func (a *Alerts) follow(ctx context.Context) error {
	for {
		err := storage.Follow(ctx, a.store, Cursor, a, storage.FollowOptions{Lag: time.Minute})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, storage.ErrClosed) || errors.Is(err, storage.ErrDamaged) {
			return err
		}
		select {
		case <-time.After(10 * time.Second):
		case <-ctx.Done():
		}
	}
}

// Write takes entries of the store. It returns when what they mean is decided and stored, not when it has been told.
func (a *Alerts) Write(ctx context.Context, entries []storage.Entry) error {
	done := make(chan error, 1)
	select {
	case a.offers <- offer{entries, done}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close does nothing: Follow ends with its context.
func (a *Alerts) Close() error { return nil }

func (a *Alerts) load(ctx context.Context) error {
	text, seq, err := a.store.LoadState(ctx, Cursor)
	if err != nil {
		return err
	}
	a.st = newState()
	if text != nil {
		if err := json.Unmarshal(text, a.st); err != nil {
			a.w.Log("what waited to be told cannot be read, and is given up: " + clean(err.Error()))
			a.st = newState()
		}
		a.st.Seq = seq
	} else if at, err := a.store.Cursor(ctx, Cursor); err != nil {
		return err
	} else if at == 0 {
		stats, err := a.store.Stats(ctx)
		if err != nil {
			return err
		}
		a.st.Seq, a.dirty = stats.Seq, true
		if err := a.store.SetCursor(ctx, Cursor, stats.Seq); err != nil {
			return err
		}
	}
	sensors, err := a.store.Sensors(ctx)
	if err != nil {
		return err
	}
	for _, s := range sensors {
		a.sensors[s.Name] = true
	}
	a.settle()
	return a.save(ctx)
}

// settle gives up what waits for destinations that are no longer there.
func (a *Alerts) settle() {
	names := a.names()
	for name, b := range a.st.Boxes {
		if !slices.Contains(names, name) {
			if n := len(b.Waiting) + b.Over.N; n > 0 {
				a.w.Log(fmt.Sprintf("%s is no longer there; what waited for it is given up: %d", name, n))
			}
			delete(a.st.Boxes, name)
			a.dirty = true
		}
	}
	for _, out := range a.outlets {
		b := a.box(out)
		b.retry, b.failures = time.Time{}, min(b.failures, 1) // the address may be another one
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for name := range a.status {
		if !slices.Contains(names, name) {
			delete(a.status, name)
		}
	}
}

func (a *Alerts) names() (all []string) {
	for _, out := range a.outlets {
		all = append(all, out.Name)
	}
	return all
}

func (a *Alerts) box(out *outlet) *box {
	b := a.st.Boxes[out.Name]
	if b == nil {
		b = &box{}
		a.st.Boxes[out.Name] = b
	}
	return b
}

func (a *Alerts) save(ctx context.Context) error {
	if !a.dirty {
		return nil
	}
	text, err := json.Marshal(a.st)
	if err != nil {
		return err
	}
	if err := a.store.SaveState(ctx, Cursor, text, a.st.Seq); err != nil {
		return err
	}
	a.dirty = false
	return nil
}

// decide takes entries into what is to be told.
func (a *Alerts) decide(entries []storage.Entry) {
	now := time.Now()
	for _, e := range entries {
		if e.Record != nil {
			a.sensors[e.Record.From()] = true
		}
		if _, source := e.Record.(*cell.Source); source || e.Seq <= a.st.Seq { // a source line has the number of the record behind it
			continue
		}
		notices, changed := a.st.take(e, &a.w, now)
		a.st.Seq = max(a.st.Seq, e.Seq)
		a.put(notices)
		a.dirty = a.dirty || changed
	}
}

// put lays notices into every box.
func (a *Alerts) put(notices []Notice) {
	for _, n := range notices {
		a.dirty = true
		for _, out := range a.outlets {
			a.box(out).add(n, out.machine() || a.w.tells(TellClosed))
		}
	}
}

// work does what the time asks for: decides, shows, sends. It returns when it is to be called again; zero: when something
// comes.
func (a *Alerts) work(now time.Time) time.Time {
	notices, next := a.st.tick(&a.w, now, a.seen)
	a.put(notices)
	if a.led != nil {
		pattern, until := a.st.ledPattern(now)
		next = sooner(next, until)
		if a.shown != &pattern[0] {
			a.shown = &pattern[0]
			a.led.show(pattern)
		}
	}
	var going []func() // what is offered is stored first, so that after a crash the same is offered again
	for _, out := range a.outlets {
		if out.mqtt != nil {
			out.mqtt.show(a.standing())
		}
		b := a.box(out)
		a.mu.Lock()
		a.statusOf(out.Name).Waiting = len(b.Waiting) + b.Over.N
		a.mu.Unlock()
		bundle, again := b.due(&a.w, now, out.machine())
		next = sooner(next, again)
		if bundle == nil {
			continue
		}
		m := compose(bundle, &a.w, now)
		b.offer(bundle)
		a.dirty = true
		going = append(going, func() {
			ctx, cancel := context.WithTimeout(a.ctx, sendTimeout)
			defer cancel()
			err := out.sender.send(ctx, m)
			select {
			case a.results <- result{out, b, bundle, err}:
			case <-a.gone:
			}
		})
	}
	if a.dirty {
		_ = a.save(a.ctx) // else with the next entry, or at the end; what is sent meanwhile may be sent again after a crash
	}
	for _, send := range going {
		go send()
	}
	return next
}

// standing is how things stand with every sensor that was heard of.
func (a *Alerts) standing() []Standing {
	all := a.st.standing()
	for sensor := range a.sensors {
		if !slices.ContainsFunc(all, func(s Standing) bool { return s.Sensor == sensor }) {
			all = append(all, Standing{Sensor: sensor})
		}
	}
	slices.SortFunc(all, func(x, y Standing) int { return strings.Compare(x.Sensor, y.Sensor) })
	return all
}

// seen tells whether somebody gave a verdict on an event.
func (a *Alerts) seen(event string) bool {
	_, ok, err := a.store.VerdictOf(a.ctx, event)
	return err == nil && ok
}

// statusOf is to be called with mu held.
func (a *Alerts) statusOf(name string) *Status {
	s := a.status[name]
	if s == nil {
		s = &Status{Name: name}
		a.status[name] = s
	}
	return s
}

// finish takes note of how a message fared.
func (a *Alerts) finish(r result) {
	if a.ctx.Err() != nil {
		r.box.busy = false
		return
	}
	if a.st.Boxes[r.to.Name] != r.box {
		return // to a destination that is no longer there
	}
	now := time.Now()
	r.box.sent(r.bundle, r.err, now)
	a.dirty = true
	a.mu.Lock()
	s := a.statusOf(r.to.Name)
	was := s.Problem
	s.Problem = ""
	if r.err != nil {
		s.Problem = r.to.redact(r.err).Error()
	} else {
		s.Sent, s.Last = s.Sent+1, now
	}
	problem := s.Problem
	a.mu.Unlock()
	switch {
	case problem != "" && problem != was:
		a.w.Log(fmt.Sprintf("%s: %s; it is tried again, and nothing is lost", r.to.Name, problem))
	case problem == "" && was != "":
		a.w.Log(r.to.Name + " takes messages again")
	}
}
