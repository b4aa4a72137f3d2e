package monitor

import (
	"context"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// abandonEvery is how often events are looked for that nothing watches any more.
const abandonEvery = time.Minute

// abandonGone ends, before the watch begins, the events that are open in the store and that this watch cannot follow: those of
// a sensor that was renamed or taken away, and those that the analyzer no longer knows.
func (w *running) abandonGone(ctx context.Context, now time.Time, corrections storage.Corrections) error {
	lost := map[string][]analyzer.Event{} // by sensor: open, and not known to the analyzer
	var sensors []string
	for e, err := range w.Store.Events(ctx, storage.EventQuery{State: analyzer.Open}) {
		if err != nil {
			return err
		}
		if !slices.Contains(sensors, e.Sensor) {
			sensors = append(sensors, e.Sensor)
		}
		if !w.line.Engine().Holds(e.ID) {
			lost[e.Sensor] = append(lost[e.Sensor], e)
		}
	}
	for _, sensor := range sensors {
		watched := slices.ContainsFunc(w.modems, func(m *watched) bool { return m.Sensor == sensor })
		heard, recorded, err := w.Store.Newest(ctx, sensor, corrections)
		if err != nil {
			return err
		}
		why := cell.UnwatchedBlind
		if !watched {
			why = cell.UnwatchedGone
			if now.Sub(heard) > analyzer.HoldFor {
				r := &cell.Health{Time: recorded.Add(analyzer.HoldFor), Sensor: sensor, Reason: cell.Unwatched, Detail: why}
				if err := w.line.Feed(ctx, r); err != nil {
					return err
				}
			}
		}
		var over []analyzer.Event
		for _, e := range lost[sensor] {
			if now.Sub(corrections.At(sensor, e.Last)) > analyzer.HoldFor {
				e.Abandon(why)
				over = append(over, e)
			}
		}
		if err := w.line.Report(ctx, over); err != nil {
			return err
		}
	}
	return nil
}

// abandonBlind ends, while the watch runs, the events of a sensor that has seen nothing for longer than an event stays open.
func (w *running) abandonBlind(ctx context.Context) {
	tick := time.NewTicker(abandonEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for sensor, why := range w.state.unwatched() {
			r := &cell.Health{Time: w.clock().UTC().Truncate(time.Millisecond), Sensor: sensor, Reason: cell.Unwatched, Detail: why}
			select {
			case w.own <- r:
			default: // the pipeline has more to do; in a minute
			}
		}
	}
}

// unwatched are the sensors with events that are open, of which nothing was seen for longer than an event stays open: why.
func (s *State) unwatched() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	found := map[string]string{}
	for _, e := range s.open {
		x := s.sensor(e.sensor)
		switch {
		case x == nil && now.Sub(s.began) > analyzer.HoldFor:
			found[e.sensor] = cell.UnwatchedGone
		case x != nil && now.Sub(x.heard) > analyzer.HoldFor && now.Sub(s.began) > analyzer.HoldFor:
			found[e.sensor] = cell.UnwatchedBlind
		}
	}
	return found
}
