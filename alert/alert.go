package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// Alerts follows a store and reports what is in it. One goroutine, that of Follow, owns the decisions and the outboxes; each message
// that is being sent has a goroutine of its own.
type Alerts struct {
	store *storage.Store

	offers        chan offer
	results       chan result
	reloads       chan *config
	healthReports chan cell.Health
	retries       chan struct{}
	watchings     chan []string
	stopped       chan struct{} // closed when Follow returns

	*config
	st       *state
	dirty    bool            // st differs from what is stored
	sensors  map[string]bool // every sensor that has a record
	watched  []string        // the sensors that are watched here; nil: not known, and all are shown
	ledShown *blink          // the first step of the pattern on the LED
	ctx      context.Context // of Follow

	mu     sync.Mutex
	status map[string]*Status
}

type offer struct {
	entries []storage.Entry
	done    chan<- error
}

type result struct {
	to     *outlet
	box    *outbox
	bundle *batch
	err    error
}

// Status describes one destination.
type Status struct {
	Name    string
	Waiting int       // notices in its outbox
	Sent    int       // messages since the start
	Last    time.Time // when it last accepted a message; zero: not since the start
	Problem string    // why the last message failed; empty: it did not
}

// Cursor is the name of the durable cursor in the store, and of the state that belongs to it.
const Cursor = "alert"

// New checks the options and opens the LED. It connects to nothing yet. Errors have a hint.
func New(s *storage.Store, o Options) (*Alerts, error) {
	a := &Alerts{store: s, offers: make(chan offer), results: make(chan result), reloads: make(chan *config), healthReports: make(chan cell.Health, 8),
		retries: make(chan struct{}, 1), watchings: make(chan []string, 1), stopped: make(chan struct{}), sensors: map[string]bool{}, status: map[string]*Status{}}
	var err error
	a.config, err = a.configure(o)
	return a, err
}

func (a *Alerts) retryNow() {
	select {
	case a.retries <- struct{}{}:
	default:
	}
}

// Reload replaces the options while Follow runs. If they are not valid it returns an error and changes nothing.
func (a *Alerts) Reload(o Options) error {
	set, err := a.configure(o)
	if err != nil {
		return err
	}
	select {
	case a.reloads <- set:
	case <-a.stopped:
	}
	return nil
}

// Trouble reports a failure that the store cannot record now, for instance because it is the store that fails. If the store records
// the same reason later, that is not reported again. Trouble never blocks.
func (a *Alerts) Trouble(sensor, reason, text string) {
	select {
	case a.healthReports <- cell.Health{Sensor: sensor, Reason: reason, Detail: text}:
	default:
	}
}

// Watching says which sensors are watched here. The state of others is no longer shown on panels: who was renamed or taken away
// has none. Call it once, before or while Follow runs.
func (a *Alerts) Watching(sensors []string) {
	select {
	case a.watchings <- slices.Clone(sensors):
	case <-a.stopped:
	}
}

// Status describes every destination, in the order of their names.
func (a *Alerts) Status() (all []Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.status {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(x, y Status) int { return strings.Compare(x.Name, y.Name) })
	return all
}

// Follow reports what is added to the store until ctx ends. It continues where it stopped; in a store that it has never followed it
// begins with what is added from now on. It returns the error of ctx, or that of a store that cannot be read. Call it once.
func (a *Alerts) Follow(ctx context.Context) error {
	defer close(a.stopped)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a.ctx = ctx
	if err := a.load(ctx); err != nil {
		return err
	}
	a.config.start(ctx)
	defer func() { a.config.close() }()
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
			a.sendDone(r)
		case set := <-a.reloads:
			a.config.close()
			a.config, a.ledShown = set, nil
			a.config.start(ctx)
			a.discardRemoved()
			a.policy.Log("the new destinations are in use: " + strings.Join(a.names(), ", "))
		case sensors := <-a.watchings:
			a.watched = sensors
			for sensor := range a.st.Gaps {
				if !slices.Contains(sensors, sensor) {
					delete(a.st.Gaps, sensor)
					a.dirty = true
				}
			}
		case r := <-a.healthReports:
			now := time.Now()
			r.Time = now
			a.enqueue(a.st.health(&r, &a.policy, now))
		case <-a.retries:
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
				a.policy.Log("the messages that wait could not be stored: " + clean(saving.Error()))
			}
			return err
		}
		next := a.step(time.Now())
		timer.Stop()
		if !next.IsZero() {
			timer.Reset(max(0, time.Until(next)))
		}
	}
}

// follow passes the entries of the store to Write. It keeps trying while the store cannot be written, on a full disk for instance.
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

// Write implements storage.Sink. It returns when the decisions about the entries are stored, not when the messages are sent.
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

// Close implements storage.Sink. It does nothing: Follow ends with its context.
func (a *Alerts) Close() error { return nil }

func (a *Alerts) load(ctx context.Context) error {
	text, seq, err := a.store.LoadState(ctx, Cursor)
	if err != nil {
		return err
	}
	a.st = newState()
	if text != nil {
		if err := json.Unmarshal(text, a.st); err != nil {
			a.policy.Log("the messages that waited cannot be read and are discarded: " + clean(err.Error()))
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
	a.discardRemoved()
	return a.save(ctx)
}

// discardRemoved drops the outboxes of destinations that were removed from the options.
func (a *Alerts) discardRemoved() {
	names := a.names()
	for name, b := range a.st.Boxes {
		if !slices.Contains(names, name) {
			if n := len(b.Waiting) + b.Over.N; n > 0 {
				a.policy.Log(fmt.Sprintf("%s was removed from the addresses; messages that waited for it and are discarded: %d", name, n))
			}
			delete(a.st.Boxes, name)
			a.dirty = true
		}
	}
	for _, out := range a.outlets {
		b := a.box(out)
		b.retry, b.failures = time.Time{}, min(b.failures, 1) // the address may have changed
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

func (a *Alerts) box(out *outlet) *outbox {
	b := a.st.Boxes[out.Name]
	if b == nil {
		b = &outbox{}
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

// decide turns entries of the store into notices.
func (a *Alerts) decide(entries []storage.Entry) {
	now := time.Now()
	for _, e := range entries {
		if e.Record != nil {
			a.sensors[e.Record.From()] = true
		}
		if _, source := e.Record.(*cell.Source); source || e.Seq <= a.st.Seq { // a source has the sequence number of the record after it
			continue
		}
		notices, changed := a.st.take(e, &a.policy, now)
		a.st.Seq = max(a.st.Seq, e.Seq)
		a.enqueue(notices)
		a.dirty = a.dirty || changed
	}
}

// enqueue adds notices to every outbox.
func (a *Alerts) enqueue(notices []Notice) {
	for _, n := range notices {
		a.dirty = true
		for _, out := range a.outlets {
			a.box(out).add(n, out.isMachine() || a.policy.wants(TellClosed))
		}
	}
}

// step does what is due at this time: it decides, shows and sends. It returns when to call it again; zero: with the next entry.
func (a *Alerts) step(now time.Time) time.Time {
	notices, next := a.st.tick(&a.policy, now, a.judged)
	a.enqueue(notices)
	if a.led != nil {
		pattern, until := a.st.ledPattern(now)
		next = earliest(next, until)
		if a.ledShown != &pattern[0] {
			a.ledShown = &pattern[0]
			a.led.show(pattern)
		}
	}
	var going []func() // run after the state is stored, so that the same message is sent again after a crash
	for _, out := range a.outlets {
		if out.mqtt != nil {
			out.mqtt.show(a.sensorStates(), a.gone())
		}
		b := a.box(out)
		a.mu.Lock()
		a.statusOf(out.Name).Waiting = len(b.Waiting) + b.Over.N
		a.mu.Unlock()
		bundle, again := b.due(&a.policy, now, out.isMachine())
		next = earliest(next, again)
		if bundle == nil {
			continue
		}
		m := compose(bundle, &a.policy, now)
		b.offer(bundle)
		a.dirty = true
		going = append(going, func() {
			ctx, cancel := context.WithTimeout(a.ctx, sendTimeout)
			defer cancel()
			err := out.sender.send(ctx, m)
			select {
			case a.results <- result{out, b, bundle, err}:
			case <-a.stopped:
			}
		})
	}
	if a.dirty {
		_ = a.save(a.ctx) // if it fails, it is stored with the next entry; a crash until then sends these messages again
	}
	for _, send := range going {
		go send()
	}
	return next
}

// mostShown is how many names of sensors are remembered that panels may still show.
const mostShown = 50

// gone are the names of sensors that panels may still show, and that are not watched any more.
func (a *Alerts) gone() []string {
	if a.watched == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(a.sensors)) {
		if !slices.Contains(a.st.Shown, name) {
			a.st.Shown, a.dirty = append(a.st.Shown, name), true
		}
	}
	for _, name := range a.watched {
		if !slices.Contains(a.st.Shown, name) {
			a.st.Shown, a.dirty = append(a.st.Shown, name), true
		}
	}
	a.st.Shown = a.st.Shown[max(0, len(a.st.Shown)-mostShown):]
	return slices.DeleteFunc(slices.Clone(a.st.Shown), func(name string) bool { return slices.Contains(a.watched, name) })
}

// sensorStates describes every sensor that is watched, or if that is not known that has a record, in the order of their names.
func (a *Alerts) sensorStates() []SensorState {
	all := a.st.sensorStates()
	if a.watched != nil {
		all = slices.DeleteFunc(all, func(s SensorState) bool { return !slices.Contains(a.watched, s.Sensor) })
		for _, sensor := range a.watched {
			if !slices.ContainsFunc(all, func(s SensorState) bool { return s.Sensor == sensor }) {
				all = append(all, SensorState{Sensor: sensor})
			}
		}
		slices.SortFunc(all, func(x, y SensorState) int { return strings.Compare(x.Sensor, y.Sensor) })
		return all
	}
	for sensor := range a.sensors {
		if !slices.ContainsFunc(all, func(s SensorState) bool { return s.Sensor == sensor }) {
			all = append(all, SensorState{Sensor: sensor})
		}
	}
	slices.SortFunc(all, func(x, y SensorState) int { return strings.Compare(x.Sensor, y.Sensor) })
	return all
}

// judged reports whether somebody gave a verdict on an event.
func (a *Alerts) judged(event string) bool {
	_, ok, err := a.store.VerdictOf(a.ctx, event)
	return err == nil && ok
}

// statusOf is the status of a destination. The caller holds mu.
func (a *Alerts) statusOf(name string) *Status {
	s := a.status[name]
	if s == nil {
		s = &Status{Name: name}
		a.status[name] = s
	}
	return s
}

// sendDone records the outcome of a message.
func (a *Alerts) sendDone(r result) {
	if a.ctx.Err() != nil {
		r.box.busy = false
		return
	}
	if a.st.Boxes[r.to.Name] != r.box {
		return // the destination was removed meanwhile
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
		a.policy.Log(fmt.Sprintf("%s: %s; sending is retried, and nothing is lost", r.to.Name, problem))
	case problem == "" && was != "":
		a.policy.Log(r.to.Name + " accepts messages again")
	}
}
