package storage

import (
	"context"
	"database/sql"
	"time"

	"vigie/cell"
)

// SensorInfo is a sensor of which the store has records.
type SensorInfo struct {
	Name   string
	Source *cell.Source // the current source line; nil if it sent none
}

// Sensors returns the sensors of which the store has records, in order of name.
func (s *Store) Sensors(ctx context.Context) (all []SensorInfo, err error) {
	size := 0
	err = eachRow(ctx, s.rdb, "SELECT sensor.name, source.body FROM sensor JOIN source ON source.id = sensor.source ORDER BY sensor.name", nil, func(rows *sql.Rows) error {
		var i SensorInfo
		var body []byte
		err := rows.Scan(&i.Name, &body)
		if err == nil {
			i.Source, err = decodeSource(body, i.Name)
		}
		if i.Source != nil {
			i.Source = s.clean.Record(i.Source).(*cell.Source)
		}
		all = append(all, i)
		if size += rowHeap + len(i.Name) + len(body); size > mostGathered && err == nil {
			err = errTooMany
		}
		return err
	})
	return all, reading("sensors", err)
}

// Heard reports for each of n steps of time, the first beginning at from, whether the store has an observation or a summary of
// the sensor in it; of any sensor if the name is empty. It looks for one row per step, and reads no bodies.
func (s *Store) Heard(ctx context.Context, sensor string, from time.Time, step time.Duration, n int) ([]bool, error) {
	// Not EXISTS: SQLite would build an index over all records for the join, for which a year of records has no room.
	heard := make([]bool, n)
	err := eachRow(ctx, s.rdb, `WITH RECURSIVE step (i, at) AS (SELECT 0, ?1 UNION ALL SELECT i + 1, at + ?2 FROM step WHERE i + 1 < ?3)
		SELECT i FROM step WHERE coalesce((SELECT 1 FROM record INDEXED BY record_time WHERE time >= step.at AND time < step.at + ?2 AND kind = 1
		AND (?4 = '' OR source IN (SELECT id FROM source WHERE sensor = ?4)) LIMIT 1),
		(SELECT 1 FROM summary WHERE minute >= step.at / ?5 AND minute < (step.at + ?2) / ?5 AND (?4 = '' OR source IN (SELECT id FROM source WHERE sensor = ?4)) LIMIT 1))`,
		[]any{keyOf(from), int64(step), n, sensor, int64(time.Minute)}, func(rows *sql.Rows) error {
			var i int
			err := rows.Scan(&i)
			heard[i] = true
			return err
		})
	return heard, reading("records", err)
}

// Span returns the times of the first and last record or summary of a sensor; zero times if there is none.
func (s *Store) Span(ctx context.Context, sensor string) (first, last time.Time, err error) {
	s.commitPending()
	const mine = "source IN (SELECT id FROM source WHERE sensor = ?1)"
	// The range to look in. Without it, a sensor that is new or fell silent long ago would be searched for among all records.
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
	return first, last, reading("records", err)
}

// PositionAt returns where a sensor was at a time: the last position of the 30 seconds before it, otherwise the first of the
// 30 seconds after it; nil if none was recorded.
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
