package evidence

import (
	"context"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// How long a sensor watched is the sum of the times between observations that are no more than Hole apart. It is not read from every
// observation, of which a year has too many: where there is one in each of three steps of that length in a row, the middle one was watched
// in full. The others are read.

// fine is the length of such a step; four of them are a Step.
const fine = Hole * time.Second

const finePerStep = int(Step / fine)

// stretchOfTime is a time from and to.
type stretchOfTime struct{ from, to time.Time }

func (s stretchOfTime) length() time.Duration { return max(s.to.Sub(s.from), 0) }

// common is how much of it is in another one.
func (s stretchOfTime) common(from, to time.Time) time.Duration {
	return stretchOfTime{Later(s.from, from), Earlier(s.to, to)}.length()
}

// watchedIn are the times in which a sensor watched, of a period that begins at from and of which heard says in which fine steps it
// observed anything.
func (s *Sensor) watchedIn(ctx context.Context, from time.Time, heard []bool) (all []stretchOfTime, err error) {
	at := func(i int) time.Time { return from.Add(time.Duration(i) * fine) }
	for i := 0; i < len(heard); i++ {
		if !heard[i] {
			continue
		}
		end := i + 1
		for end < len(heard) && heard[end] {
			end++
		}
		run := stretchOfTime{at(i), at(end)}
		if i > 0 || end == 1 { // what began before the period is taken to have gone on
			first, last, err := s.Store.heardSpan(ctx, s.Key, at(i))
			if err != nil {
				return nil, err
			}
			run.from = first
			if end == i+1 {
				run.to = last
			}
		}
		if end < len(heard) && end > i+1 {
			if _, run.to, err = s.Store.heardSpan(ctx, s.Key, at(end-1)); err != nil {
				return nil, err
			}
		}
		all = append(all, run)
		i = end
	}
	return all, nil
}

// heardSpan is when a sensor, as the store names it, was first and last heard in a fine step.
func (s *Store) heardSpan(ctx context.Context, sensor string, from time.Time) (first, last time.Time, err error) {
	key, now := dayKey{sensor, from.Unix(), 0}, s.o.Now()
	if known, ok := s.spans.get(key); ok {
		return known.from, known.to, nil
	}
	add := func(a, b time.Time) {
		if first.IsZero() || a.Before(first) {
			first = a
		}
		last = Later(last, b)
	}
	to := from.Add(fine)
	err = s.observed(ctx, sensor, from, to, 0, func(o *cell.Observation, by time.Duration) {
		at := o.Time.Add(by)
		add(at, at)
	}, func(m *storage.Summary, by time.Duration) {
		at := m.Time.Add(by)
		add(Later(at, from), Earlier(at.Add(time.Minute), to))
	})
	if err == nil && now.Sub(to) > finalAfter {
		s.spans.put(key, stretchOfTime{first, last}, maxHeardDays)
	}
	return first, last, err
}
