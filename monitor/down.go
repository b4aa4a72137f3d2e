package monitor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"vigie/cell"
)

// ReasonDown is the reason of a health record: a follower of the store, or an alert channel, has not got through for long.
const ReasonDown = "sink_down"

const (
	downUsual = 15 * time.Minute // how long one may not get through before that is reported
	downEvery = 10 * time.Second // how often it is looked
)

// follower is a follower of the store: how it is as a whole, and each way out that it has. Neither waits for a disk.
type follower struct {
	status func() SinkStatus
	parts  func() []SinkStatus
}

// lookAtSinks notes since when each follower has had a problem; mu is held. It returns those that are down, with the problem.
func (s *State) lookAtSinks(now time.Time) (down map[string]string) {
	down = map[string]string{}
	if s.troubled == nil {
		s.troubled = map[string]time.Time{}
	}
	there := map[string]bool{}
	for _, sink := range s.sinks {
		parts := sink.parts()
		for i, one := range append(parts, sink.status()) {
			if one.Problem == "" || there[one.Name] {
				continue
			}
			there[one.Name] = true
			since, known := s.troubled[one.Name]
			if !known {
				s.troubled[one.Name], since = now, now
			}
			if i < len(parts) && now.Sub(since) >= cmp.Or(s.downAfter, downUsual) {
				down[one.Name] = one.Problem
			}
		}
	}
	maps.DeleteFunc(s.troubled, func(name string, _ time.Time) bool { return !there[name] })
	return down
}

// down is what is new of the followers: those that are down since the last call, and those that get through again.
func (s *State) down() (gone, back []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	down := s.lookAtSinks(now)
	if s.reported == nil {
		s.reported = map[string]bool{}
	}
	for _, name := range slices.Sorted(maps.Keys(down)) {
		if !s.reported[name] {
			s.reported[name] = true
			gone = append(gone, fmt.Sprintf("%s has not got through since %s UTC: %s", name, s.troubled[name].UTC().Format("15:04"), down[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.reported)) {
		if _, troubled := s.troubled[name]; !troubled {
			delete(s.reported, name)
			back = append(back, name+" gets through again")
		}
	}
	return gone, back
}

// watchSinks reports followers that are down: to the log, and in a record, from which people are alerted.
func (w *running) watchSinks(ctx context.Context) {
	tick := time.NewTicker(downEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		gone, back := w.state.down()
		for _, text := range back {
			w.log(text)
		}
		for _, text := range gone {
			w.log(text)
			select {
			case w.own <- &cell.Health{Time: w.clock().UTC().Truncate(time.Millisecond), Sensor: w.retention.sensor, Reason: ReasonDown, Detail: text}:
			default: // the log has it
			}
		}
	}
}
