package storage

import (
	"context"
	"database/sql"
	"math"
	"time"
)

// Newest returns the true time of the newest record of a sensor, and the time with which it was recorded: they differ where the
// clock was wrong and a correction says by how much. A clock that was once in the future, and was set right, does not make
// what came then the newest for ever. Zero times: the store has nothing of the sensor.
func (s *Store) Newest(ctx context.Context, sensor string, cs Corrections) (truly, recorded time.Time, err error) {
	_, last, err := s.Span(ctx, sensor)
	if err != nil || len(cs[sensor]) == 0 {
		return last, last, err
	}
	take := func(at time.Time) {
		if t := cs.At(sensor, at); truly.IsZero() || t.After(truly) {
			truly, recorded = t, at
		}
	}
	left := []Stretch{{From: farPast, To: last.Add(1)}} // where the clock was right
	for _, wrong := range cs[sensor] {
		left = without(left, wrong)
		at, ok, err := s.newestIn(ctx, sensor, wrong)
		if err != nil {
			return truly, recorded, err
		}
		if ok {
			take(at)
		}
	}
	for i := len(left) - 1; i >= 0; i-- {
		at, ok, err := s.newestIn(ctx, sensor, left[i])
		if err != nil {
			return truly, recorded, err
		}
		if ok {
			take(at)
			break
		}
	}
	if truly.IsZero() { // only summaries are left
		take(last)
	}
	return truly, recorded, nil
}

// newestIn is the time of the newest record of a sensor in a period.
func (s *Store) newestIn(ctx context.Context, sensor string, in Stretch) (at time.Time, ok bool, err error) {
	var key sql.NullInt64
	to, exact := timeKey(in.To)
	if !exact {
		to = math.MaxInt64
	}
	err = s.rdb.QueryRowContext(ctx, `SELECT (SELECT time FROM record WHERE time >= ?2 AND time < ?3
		AND source IN (SELECT id FROM source WHERE sensor = ?1) ORDER BY time DESC LIMIT 1)`, sensor, keyOf(in.From), to).Scan(&key)
	if err != nil || !key.Valid {
		return at, false, reading("records", err)
	}
	return keyTime(key.Int64), true, nil
}

// NewestOfAll is the true time of the newest record of any sensor.
func (s *Store) NewestOfAll(ctx context.Context) (newest time.Time, err error) {
	cs, err := s.Corrections(ctx)
	if err != nil {
		return newest, err
	}
	sensors, err := s.Sensors(ctx)
	if err != nil {
		return newest, err
	}
	for _, sensor := range sensors {
		at, _, err := s.Newest(ctx, sensor.Name, cs)
		if err != nil {
			return newest, err
		}
		if at.After(newest) {
			newest = at
		}
	}
	return newest, nil
}
