package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vigie/cell"
	"vigie/modem"
	"vigie/monitor/pipeline"
	"vigie/position"
	"vigie/storage"
	"vigie/words"
)

// Reasons of gaps that the watch itself makes.
const (
	ReasonNotRunning = "not_running" // Vigie was not there to look
	ReasonStalled    = "stalled"     // it ran but could not look: a disk that hung, a process that was stopped
)

// watched is a modem while it is watched.
type watched struct {
	modem.Config
	last    time.Time // newest record of this sensor in the store, if any: the time since is recorded as a gap
	guessed bool      // how long ago that is is unknown: time is counted on from there
	stretch int       // how many times longer the pauses are, as the collector last asked

	before  time.Time     // of the record before
	arrived time.Time     // when that arrived, by a clock that cannot be set
	blocked time.Duration // for how long the line took nothing more after it
	blind   bool          // a gap is open
}

const (
	stallLeast  = 2 * time.Second  // shorter ones are the ordinary work of a slow disk
	silentLeast = 10 * time.Second // between two records: the collector itself makes a gap of a modem that is silent for half of it
)

// stalled reports whether nothing could be seen between the record before and one that arrives now, because the line took
// nothing for more than twice the slow interval, or the whole process did not run.
func (m *watched) stalled(arrived time.Time) bool {
	if m.blind || m.arrived.IsZero() {
		return false
	}
	return m.blocked > max(2*m.Slow, stallLeast) || arrived.Sub(m.arrived) > m.silent()
}

// silent is the longest time between two records in which nothing was wrong.
func (m *watched) silent() time.Duration {
	return max(2*m.Slow*time.Duration(max(1, m.stretch)), silentLeast)
}

// heldBack is for how much longer than the record before it this one took from the modem to here.
func (m *watched) heldBack(now, arrived time.Time) time.Duration {
	return arrived.Sub(m.arrived) - now.Sub(m.before)
}

// gap returns the gap that comes before a record, or nil: since the last record of an earlier run, or since the
// record before while the line was stalled.
func (m *watched) gap(r cell.Record, arrived time.Time) *cell.Gap {
	now := r.When()
	if now.IsZero() {
		return nil
	}
	var gap *cell.Gap
	switch {
	case !m.last.IsZero():
		if now.Sub(m.last) > 2*m.Slow || m.guessed {
			gap = &cell.Gap{Time: m.last, Sensor: m.Sensor, Until: now, Reason: ReasonNotRunning}
		}
		m.last = time.Time{}
	case m.stalled(arrived) && now.After(m.before) && m.heldBack(now, arrived) > m.silent():
		arrived = m.arrived.Add(now.Sub(m.before)) // it was received before the process stopped: the gap is after it
	case m.stalled(arrived) && now.After(m.before):
		if _, isGap := r.(*cell.Gap); !isGap {
			gap = &cell.Gap{Time: m.before, Sensor: m.Sensor, Until: now, Reason: ReasonStalled}
		}
	}
	m.before, m.arrived = now, arrived
	if g, isGap := r.(*cell.Gap); isGap {
		m.blind = g.Until.IsZero()
	}
	return gap
}

// watch runs a collector for each modem until ctx ends. What they hear goes into the pipeline in the order in which it
// arrives, one record at a time, from this goroutine; own are records of the watch itself. A modem that is given up while
// others are still watched is reported to lost; the error is of those that were not.
func watch(ctx context.Context, p *pipeline.Pipeline, places *Places, own <-chan cell.Record, lost func(sensor string, err error), modems ...*watched) error {
	storing := context.WithoutCancel(ctx) // what arrived before ctx ended is stored too
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	collectors := make([]*modem.Collector, len(modems))
	for i, m := range modems {
		if p.Store != nil {
			m.Load, m.Save = settings(storing, p.Store)
		}
		if ask := m.Stretch; ask != nil {
			m.Stretch = func() int { m.stretch = ask(); return m.stretch }
		}
		var err error
		if collectors[i], err = modem.New(m.Config); err != nil {
			return words.WrongUsage(err, "vigie probe lists the modems that are here")
		}
	}
	type arrival struct {
		from    *watched
		record  cell.Record
		arrived time.Time
		stored  chan<- error
	}
	type ended struct {
		from *watched
		err  error
	}
	records, ends := make(chan arrival), make(chan ended)
	for i, c := range collectors {
		m := modems[i]
		go func() {
			stored := make(chan error)
			err := c.Run(ctx, func(r cell.Record) error {
				began := time.Now()
				records <- arrival{m, r, began, stored}
				err := <-stored
				m.blocked = time.Since(began)
				return err
			})
			ends <- ended{m, err}
		}()
	}
	var errs []error
	for left := len(modems); left > 0; {
		select {
		case h := <-records:
			places.attach(h.record, h.arrived)
			recs := []cell.Record{h.record}
			if gap := h.from.gap(h.record, h.arrived); gap != nil {
				recs = []cell.Record{gap, h.record}
			}
			err := p.Feed(storing, recs...)
			h.stored <- err
			if err != nil {
				stop() // nothing can be kept: nothing need be watched
			}
		case <-p.Late():
			if err := p.Continue(storing); err != nil {
				errs = append(errs, err)
				stop()
			}
		case r := <-own:
			if err := p.Feed(storing, r); err != nil {
				errs = append(errs, err)
				stop()
			}
		case e := <-ends:
			left--
			if e.err != nil && left > 0 && ctx.Err() == nil {
				lost(e.from.Sensor, e.err)
			} else {
				errs = append(errs, e.err)
			}
		}
	}
	return errors.Join(errs...)
}

// Watch runs a collector for each modem into a pipeline until ctx ends, and nothing else: no followers, no retention, no pages.
func Watch(ctx context.Context, p *pipeline.Pipeline, modems ...modem.Config) error {
	var all []*watched
	for _, m := range modems {
		all = append(all, &watched{Config: m})
	}
	var errs []error
	err := watch(ctx, p, nil, nil, func(_ string, err error) { errs = append(errs, err) }, all...)
	return errors.Join(append(errs, err)...)
}

// settings keeps in the store what the reporting switches of a modem were before Vigie changed them, so that they are put
// back after a crash too. A store that does not answer keeps no collector waiting: then nothing is changed.
func settings(ctx context.Context, s *storage.Store) (load func(string) map[string]string, save func(string, map[string]string) error) {
	known := true
	load = func(id string) map[string]string {
		text, err := inTime(func() ([]byte, error) {
			text, _, err := s.LoadState(ctx, "settings "+id)
			return text, err
		})
		known = !errors.Is(err, errNoAnswer)
		values := map[string]string{}
		if err != nil || json.Unmarshal(text, &values) != nil {
			return nil
		}
		return values
	}
	save = func(id string, values map[string]string) error {
		text, err := json.Marshal(values)
		if err != nil {
			return err
		}
		if !known {
			return errNoAnswer
		}
		_, err = inTime(func() (none struct{}, err error) { return none, s.SaveState(ctx, "settings "+id, text, 0) })
		return err
	}
	return load, save
}

var errNoAnswer = errors.New("the store does not answer")

// inTime is what f returns, or errNoAnswer if that takes longer than a store may take.
func inTime[T any](f func() (T, error)) (value T, err error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-time.After(answerIn):
		return value, errNoAnswer
	}
}

// Places give the records of a watch their positions; nil gives none.
type Places struct {
	*position.Tracker
	external bool // positions come from elsewhere than the modem
}

// attach gives a record its position, and adds positions to what a source reports.
func (p *Places) attach(r cell.Record, now time.Time) {
	if p == nil {
		return
	}
	switch r := r.(type) {
	case *cell.Observation:
		p.Attach(r, now)
	case *cell.Source:
		if f, ok := r.Reports.Get(); ok && p.external {
			r.Reports = cell.Some(f | cell.FieldPosition)
		}
	}
}

// PositionOptions choose the sources of positions besides the modem.
type PositionOptions struct {
	GPSD   string // address of a gpsd; empty: none
	Phone  bool   // a phone may send its own
	Coarse string // keep only the square of this size, such as "1km"; empty: exact
}

// NewPlaces makes what gives records their positions. What it follows is started with a watch.
func NewPlaces(o PositionOptions) (p *Places, err error) {
	p = &Places{Tracker: &position.Tracker{}, external: o.GPSD != "" || o.Phone}
	if o.Coarse != "" {
		if p.Coarse, err = position.Size(o.Coarse); err != nil {
			return nil, words.WrongUsage(fmt.Errorf("[position] coarse: %w", err), `write a length like coarse = "1km"`)
		}
	}
	return p, nil
}

func (w *running) startPosition(ctx context.Context) (err error) {
	if w.places, err = NewPlaces(w.Position); err != nil || w.Position.GPSD == "" {
		return err
	}
	w.parts.run(ctx, "positions", func(ctx context.Context) {
		w.places.FollowGPSD(ctx, w.Position.GPSD, func(err error) { w.complain("position", err) })
	})
	return nil
}
