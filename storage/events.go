package storage

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// EventQuery selects events. The zero EventQuery selects all of them.
type EventQuery struct {
	Sensor   string            // empty: every sensor
	From     time.Time         // last evidence at or after it; zero: no bound
	To       time.Time         // first evidence before it; zero: no bound
	Severity analyzer.Severity // or higher
	State    analyzer.State    // empty: any
	Rule     string            // with a finding of this rule; empty: any
	RAT      cell.RAT          // with a cell of this RAT; 0: any
	Cell     cell.Opt[uint64]  // with a cell of this identity; absent: any
	Verdict  Judgement         // whose current verdict is this; empty: any
	Limit    int               // 0: no limit
	Newest   bool              // newest first
}

// PutEvents stores events, each in place of the one with the same ID. An event that equals the stored one changes nothing; any
// other gets a new sequence number, so that followers receive it.
func (t *Tx) PutEvents(evs ...analyzer.Event) error {
	for i := range evs {
		if err := t.check(); err != nil {
			return err
		}
		e := t.clean.Event(evs[i])
		if err := t.w.putEvent(&e); err != nil {
			return err
		}
	}
	t.urgent = t.urgent || len(evs) > 0
	return nil
}

// TakeEvent stores an event of another store if it is new here or newer than the stored form: an older copy reverts nothing.
// It reports whether anything changed.
func (t *Tx) TakeEvent(e analyzer.Event) (bool, error) {
	if err := t.check(); err != nil {
		return false, err
	}
	var old []byte
	if t.w.row("SELECT body FROM event WHERE id = ?", []any{e.ID}, &old) {
		if before, err := eventOf(e.ID, old); err != nil || !isNewer(&before, &e) {
			return false, err
		}
	}
	return true, t.PutEvents(e)
}

// isNewer reports whether an event has moved on: its last evidence is later, or it closed, or its score is higher.
func isNewer(before, now *analyzer.Event) bool {
	closed := func(e *analyzer.Event) int { return map[bool]int{true: 1}[e.State == analyzer.Closed] }
	return cmp.Or(now.Last.Compare(before.Last), closed(now)-closed(before), cmp.Compare(now.Score, before.Score)) > 0
}

func (w *writer) putEvent(e *analyzer.Event) error {
	e = shortenEvidence(e)
	body := encodeEvent(e)
	var old []byte
	there := w.row("SELECT body FROM event WHERE id = ?", []any{e.ID}, &old)
	if w.failed != nil || bytes.Equal(old, body) {
		return w.failed
	}
	w.seq++
	w.exec(`INSERT INTO event (id, first_seq, seq, sensor, severity, state, first, opened, last, body) VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
		ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, sensor = excluded.sensor, severity = excluded.severity, state = excluded.state,
		first = excluded.first, opened = excluded.opened, last = excluded.last, body = excluded.body`,
		e.ID, w.seq, e.Sensor, int64(e.Severity), string(e.State), keyOf(e.First), keyOf(e.Opened), keyOf(e.Last), body)
	if there {
		w.exec("DELETE FROM finding WHERE event = ?", e.ID)
		w.exec("DELETE FROM event_cell WHERE event = ?", e.ID)
	}
	for i := range e.Findings {
		f := &e.Findings[i]
		w.exec("INSERT INTO finding (event, place, rule, version, severity, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)",
			e.ID, i, f.Rule, f.Version, int64(f.Severity), keyOf(f.First), keyOf(f.Last))
	}
	for i := range e.Cells {
		var id any
		if v, ok := e.Cells[i].ID.Get(); ok {
			id = int64(v)
		}
		w.exec("INSERT INTO event_cell (event, place, rat, cell) VALUES (?, ?, ?, ?)", e.ID, i, int64(e.Cells[i].RAT), id)
	}
	return w.failed
}

// PutEvents stores events in one transaction (see Tx.PutEvents). When it returns nil they are safe from a power cut.
func (s *Store) PutEvents(ctx context.Context, evs ...analyzer.Event) error {
	return s.Update(ctx, func(t *Tx) error { return t.PutEvents(evs...) })
}

// Events yields events in order of Opened, and of ID where that is equal. An error ends it.
func (s *Store) Events(ctx context.Context, q EventQuery) iter.Seq2[analyzer.Event, error] {
	return stream("events", func(yield func(analyzer.Event, error) bool) error { return s.events(ctx, q, yield) })
}

func (s *Store) events(ctx context.Context, q EventQuery, yield func(analyzer.Event, error) bool) error {
	where, args := q.where()
	order, direction, at := "(opened, id) > (?, ?)", "", int64(math.MinInt64)
	if q.Newest {
		order, direction, at = "(opened, id) < (?, ?)", "DESC", math.MaxInt64
	}
	left, id, begun := q.Limit, "", false
	for {
		limit, bound, from := pageRows, order, []any{at, id}
		if left > 0 {
			limit = min(limit, left)
		}
		if !begun {
			bound, from, begun = "true", nil, true
		}
		page, err := s.eventPage(ctx, "WHERE "+bound+where+fmt.Sprintf(" ORDER BY opened %s, id %s LIMIT %d", direction, direction, limit), append(from, args...))
		if err != nil {
			return err
		}
		for _, e := range page {
			if !yield(s.clean.Event(e.Event), nil) {
				return nil
			}
			if left--; left == 0 {
				return nil
			}
			at, id = e.opened, e.ID
		}
		if len(page) == 0 {
			return nil
		}
	}
}

func (q *EventQuery) where() (cond string, args []any) {
	and := func(c string, a ...any) { cond, args = cond+" AND "+c, append(args, a...) }
	if q.Sensor != "" {
		and("sensor = ?", q.Sensor)
	}
	if !q.From.IsZero() {
		and("last >= ?", keyOf(q.From))
	}
	if to, exact := timeKey(q.To); !q.To.IsZero() && (exact || to == math.MinInt64) {
		and("first < ?", to)
	}
	if q.Severity > 0 {
		and("severity >= ?", int64(q.Severity))
	}
	if q.State != "" {
		and("state = ?", string(q.State))
	}
	if q.Rule != "" {
		and("id IN (SELECT event FROM finding WHERE rule = ?)", q.Rule)
	}
	if q.RAT != 0 {
		and("id IN (SELECT event FROM event_cell WHERE rat = ?)", int64(q.RAT))
	}
	if c, ok := q.Cell.Get(); ok {
		and("id IN (SELECT event FROM event_cell WHERE cell = ?)", int64(c))
	}
	if q.Verdict != "" {
		and("(SELECT judgement FROM verdict WHERE event = event.id AND undone IS NULL ORDER BY time DESC, author DESC, judgement DESC, reason DESC LIMIT 1) = ?", string(q.Verdict))
	}
	return cond, args
}

type openedEvent struct {
	analyzer.Event
	opened int64
}

func (s *Store) eventPage(ctx context.Context, rest string, args []any) (page []openedEvent, err error) {
	size := 0
	err = eachRow(ctx, s.rdb, "SELECT id, opened, body FROM event "+rest, args, func(rows *sql.Rows) (err error) {
		var id string
		var e openedEvent
		var body []byte
		if err := rows.Scan(&id, &e.opened, &body); err != nil {
			return err
		}
		if e.Event, err = eventOf(id, body); err != nil {
			return err
		}
		page = append(page, e)
		if size += len(body); size >= pageBytes {
			return errEnough
		}
		return nil
	})
	if len(page) > 0 {
		err = afterRow("event", strconv.Quote(clip(page[len(page)-1].ID)), err)
	}
	return page, err
}

// Event returns the event with this ID. The error wraps ErrNotFound if there is none.
func (s *Store) Event(ctx context.Context, id string) (analyzer.Event, error) {
	var body []byte
	err := s.rdb.QueryRowContext(ctx, "SELECT body FROM event WHERE id = ?", id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return analyzer.Event{}, fmt.Errorf("event %q: %w", clip(id), ErrNotFound)
	}
	if err != nil {
		return analyzer.Event{}, fmt.Errorf("event %q: %w", clip(id), Explain(err))
	}
	e, err := eventOf(id, body)
	return s.clean.Event(e), Explain(err)
}

// eventOf decodes the event of a row. Its id must be that of the row, by which the event is found again, and a verdict on it stored.
func eventOf(id string, body []byte) (analyzer.Event, error) {
	e, err := decodeEvent(body)
	if err == nil && e.ID != id {
		err = fmt.Errorf("%w: in its row is another event, %q", errCodec, clip(e.ID))
	}
	if err != nil {
		return analyzer.Event{}, fmt.Errorf("event %q: %w", clip(id), err)
	}
	return e, nil
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "..."
	}
	return s
}

// EventsSince returns the events that changed after a sequence number, in order of their change, at most limit of them. The
// Seq of the last one continues from there.
func (s *Store) EventsSince(ctx context.Context, seq int64, limit int) ([]Entry, error) {
	evs, _, err := eventsAfter(ctx, s.rdb, seq, 1<<62, limit)
	return s.clean.entries(evs), reading("events", err)
}
