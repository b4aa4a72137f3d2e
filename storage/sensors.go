package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vigie/cell"
)

// What a reviewer's desk asks beside records, events and cells.

// SensorInfo is a sensor that has told something.
type SensorInfo struct {
	Name   string
	Source *cell.Source // the source line in force; nil: it never told one
}

// Sensors lists the sensors of which the store has records, in order of name.
func (s *Store) Sensors(ctx context.Context) ([]SensorInfo, error) {
	rows, err := s.rdb.QueryContext(ctx, "SELECT sensor.name, source.body FROM sensor JOIN source ON source.id = sensor.source ORDER BY sensor.name")
	if err != nil {
		return nil, fmt.Errorf("reading sensors: %w", Explain(err))
	}
	defer rows.Close()
	var all []SensorInfo
	for rows.Next() {
		var i SensorInfo
		var body []byte
		if err = rows.Scan(&i.Name, &body); err != nil {
			break
		}
		if body != nil {
			var r cell.Record
			if r, err = decodeRecord(body, Sources, i.Name, 0); err != nil {
				break
			}
			i.Source = r.(*cell.Source)
		}
		all = append(all, i)
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		return nil, fmt.Errorf("reading sensors: %w", Explain(err))
	}
	return all, nil
}

// Heard tells for each of n steps of time from a moment on whether the sensor observed in it, be it that the store has an
// observation or a summary; an empty name is any sensor. It looks for one row a step, and reads no bodies.
func (s *Store) Heard(ctx context.Context, sensor string, from time.Time, step time.Duration, n int) ([]bool, error) {
	at, _ := timeKey(from)
	// Not EXISTS: SQLite would join the steps with an index of its own making over all records, which a year has no room for.
	rows, err := s.rdb.QueryContext(ctx, `WITH RECURSIVE step (i, at) AS (SELECT 0, ?1 UNION ALL SELECT i + 1, at + ?2 FROM step WHERE i + 1 < ?3)
		SELECT i FROM step WHERE coalesce((SELECT 1 FROM record INDEXED BY record_time WHERE time >= step.at AND time < step.at + ?2 AND kind = 1
		AND (?4 = '' OR source IN (SELECT id FROM source WHERE sensor = ?4)) LIMIT 1),
		(SELECT 1 FROM summary WHERE minute >= step.at / ?5 AND minute < (step.at + ?2) / ?5 AND (?4 = '' OR source IN (SELECT id FROM source WHERE sensor = ?4)) LIMIT 1))`,
		at, int64(step), n, sensor, int64(time.Minute))
	if err != nil {
		return nil, fmt.Errorf("reading records: %w", Explain(err))
	}
	defer rows.Close()
	heard := make([]bool, n)
	for rows.Next() {
		var i int
		if err = rows.Scan(&i); err != nil {
			break
		}
		heard[i] = true
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		return nil, fmt.Errorf("reading records: %w", Explain(err))
	}
	return heard, nil
}

// EventsSince lists the events that changed after a sequence number, in order of their change, at most so many. Passing
// the Seq of the last one goes on from there.
func (s *Store) EventsSince(ctx context.Context, seq int64, limit int) ([]Entry, error) {
	evs, _, err := eventsAfter(ctx, s.rdb, seq, 1<<62, limit)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", Explain(err))
	}
	return evs, nil
}

// GivenVerdicts are all verdicts that were not taken back, in the order in which they were given.
func (s *Store) GivenVerdicts(ctx context.Context) ([]Verdict, error) {
	rows, err := s.rdb.QueryContext(ctx, "SELECT id, event, judgement, reason, author, time FROM verdict WHERE undone IS NULL ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("reading verdicts: %w", Explain(err))
	}
	defer rows.Close()
	var all []Verdict
	for rows.Next() {
		var v Verdict
		var at int64
		if err = rows.Scan(&v.ID, &v.Event, &v.Judgement, &v.Reason, &v.Author, &at); err != nil {
			break
		}
		v.Time = keyTime(at)
		all = append(all, v)
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		return nil, fmt.Errorf("reading verdicts: %w", Explain(err))
	}
	return all, nil
}

// StandingVerdicts is the verdict that counts of each event that has one.
func (s *Store) StandingVerdicts(ctx context.Context) (map[string]Verdict, error) {
	given, err := s.GivenVerdicts(ctx)
	all := map[string]Verdict{}
	for _, v := range given {
		all[v.Event] = v // the last one counts
	}
	return all, err
}

// VerdictMark is a number that grows with every verdict given or taken back.
func (s *Store) VerdictMark(ctx context.Context) (mark int64, err error) {
	err = s.rdb.QueryRowContext(ctx, "SELECT ifnull(max(id), 0) + (SELECT count(*) FROM verdict WHERE undone IS NOT NULL) FROM verdict").Scan(&mark)
	if err != nil {
		return 0, fmt.Errorf("reading verdicts: %w", Explain(err))
	}
	return mark, nil
}

// Span is the time of the first and of the last that the store has of a sensor, be it a record or a summary; zero times when
// there is none.
func (s *Store) Span(ctx context.Context, sensor string) (first, last time.Time, err error) {
	s.commitPending()
	const mine = "source IN (SELECT id FROM source WHERE sensor = ?1)"
	// Where to look. Without it, whoever fell silent long ago, or is new, is looked for among all records of all others.
	var from, to sql.NullInt64
	err = s.rdb.QueryRowContext(ctx, `SELECT min(first), max(last) FROM (SELECT first, last FROM reach WHERE sensor = ?1
		UNION ALL SELECT time, time FROM record WHERE seq > (SELECT upto FROM tally) AND `+mine+")", sensor).Scan(&from, &to)
	for dir, t := range map[string]*time.Time{"ASC": &first, "DESC": &last} {
		if err != nil || !from.Valid {
			break
		}
		var at, minute sql.NullInt64
		err = s.rdb.QueryRowContext(ctx, "SELECT (SELECT time FROM record WHERE time >= ?2 AND time <= ?3 AND "+mine+" ORDER BY time "+dir+` LIMIT 1),
			(SELECT minute FROM summary WHERE minute >= ?4 AND minute <= ?5 AND `+mine+" ORDER BY minute "+dir+" LIMIT 1)",
			sensor, from, to, floorMinute(from.Int64), floorMinute(to.Int64)).Scan(&at, &minute)
		if at.Valid {
			*t = keyTime(at.Int64)
		}
		if m := time.Unix(minute.Int64*60, 0).UTC(); minute.Valid && (t.IsZero() || (dir == "ASC") == m.Before(*t)) {
			*t = m
		}
	}
	if err != nil {
		return first, last, fmt.Errorf("reading records: %w", Explain(err))
	}
	return first, last, nil
}

// PositionAt is where a sensor was at a time: the last position of the half minute before, else the first of the half minute
// after; nil where none was recorded.
func (s *Store) PositionAt(ctx context.Context, sensor string, at time.Time) (p *cell.Position, err error) {
	const margin = 30 * time.Second
	q := Query{Sensor: sensor, From: at.Add(-margin), To: at.Add(margin), Kinds: Observations, NoRaw: true, Limit: 100}
	for e, err := range s.Records(ctx, q) {
		if err != nil {
			return nil, err
		}
		if o, ok := e.Record.(*cell.Observation); ok && o.Position != nil && (p == nil || !o.Time.After(at)) {
			p = o.Position
		}
	}
	return p, nil
}
