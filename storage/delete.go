package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"vigie/cell"
)

// DeleteQuery selects what Delete deletes. The zero DeleteQuery selects everything.
type DeleteQuery struct {
	Sensor     string    // empty: every sensor
	From, To   time.Time // records and minutes from From (inclusive) to To (exclusive), and events with evidence in that time; zero: no bound
	Event      string    // only this event, and what was recorded within 10 minutes of it; the other fields are then ignored
	KeepStates []string  // prefixes of the names of states to keep, which hold nothing of what was observed
}

// Deleted counts what Delete deleted, or would delete.
type Deleted struct {
	Records, Events, Verdicts, Remarks, Summaries int64
}

// gapDeleted is the reason of the gap that takes the place of what was deleted: unknown is not the same as quiet.
const gapDeleted = "deleted"

// errOnlyCounted rolls back a deletion that was only to be counted.
var errOnlyCounted = errors.New("only counted")

// Delete permanently deletes what a person wants to be gone, with or without verdicts: records, summaries, events with
// evidence among them, rejected points made from them, cells that were heard nowhere else, and the state of the analyzer,
// which has learned from them and must learn again from what is left. The bytes are overwritten and SQLite's log is emptied. A
// gap with the reason "deleted" takes their place. With dry nothing is deleted, only counted.
//
// Afterwards the files of the store hold nothing of what was deleted. Copies still do: backups, exports, a server. So may
// blocks that a file system or a flash card has put aside. It takes minutes for a store of a gigabyte. The error wraps
// ErrLocked if a reader keeps the log from being emptied.
func (s *Store) Delete(ctx context.Context, what DeleteQuery, dry bool) (out Deleted, err error) {
	err = s.Update(ctx, func(t *Tx) error {
		t.urgent = true
		if out, err = t.delete(what); err == nil && dry {
			err = errOnlyCounted
		}
		return err
	})
	if errors.Is(err, errOnlyCounted) {
		return out, nil
	}
	if err == nil {
		err = s.rewrite(ctx)
	}
	if err != nil {
		return out, fmt.Errorf("deleting: %w", s.explain(err))
	}
	return out, nil
}

func (t *Tx) delete(what DeleteQuery) (out Deleted, err error) {
	w := t.w
	if err := w.tally(); err != nil {
		return out, err
	}
	spans, sensor := []span{{math.MinInt64, math.MaxInt64}}, what.Sensor
	var events []string
	switch {
	case what.Event != "":
		var body []byte
		if !w.row("SELECT body FROM event WHERE id = ?", []any{what.Event}, &body) {
			return out, cmp.Or(w.failed, fmt.Errorf("event %q: %w", clip(what.Event), ErrNotFound))
		}
		e, err := decodeEvent(body)
		if err != nil {
			return out, err
		}
		spans, sensor, events = eventWindows(&e, defaultMargin), e.Sensor, []string{e.ID}
	default:
		if !what.From.IsZero() {
			spans[0].from = keyOf(what.From)
		}
		if !what.To.IsZero() {
			spans[0].to = keyOf(what.To)
		}
		if events, err = t.eventsIn(spans[0], sensor); err != nil {
			return out, err
		}
	}
	tainted, err := t.takeOutAll(spans, sensor, &out)
	if err != nil {
		return out, err
	}
	if err := t.deleteEvents(events, what.Event == "" && what.Sensor == "" && what.From.IsZero() && what.To.IsZero(), &out); err != nil {
		return out, err
	}
	keep, args := "", []any{}
	for _, k := range what.KeepStates {
		keep, args = keep+" AND substr(name, 1, ?) <> ?", append(args, len(k), k)
	}
	if err := t.dropBases(tainted); err != nil {
		return out, err
	}
	return out, errors.Join(
		w.exec("DELETE FROM aside WHERE NOT EXISTS (SELECT 1 FROM record WHERE record.seq = aside.seq) AND NOT EXISTS (SELECT 1 FROM event WHERE event.seq = aside.seq)"),
		w.exec("DELETE FROM state WHERE true"+keep, args...),
		w.exec("DELETE FROM sensor WHERE source NOT IN (SELECT source FROM record UNION SELECT source FROM summary)"),
		w.exec("DELETE FROM source WHERE id NOT IN (SELECT source FROM record UNION SELECT source FROM summary UNION SELECT source FROM sensor)"),
		w.exec("UPDATE sequence SET spent = max(spent, ?)", w.seq),
		t.recount(),
		w.load())
}

// deleteEvents deletes events with what people wrote next to them; with all also every remark that is about no event.
func (t *Tx) deleteEvents(events []string, all bool, out *Deleted) error {
	var before, after int64
	t.w.row("SELECT count(*) FROM remark", nil, &before)
	for _, id := range events {
		var verdicts int64
		t.w.row("SELECT count(*) FROM verdict WHERE event = ?", []any{id}, &verdicts)
		out.Events, out.Verdicts = out.Events+1, out.Verdicts+verdicts
		cases, err := t.casesOf(id)
		if err != nil {
			return err
		}
		t.dropEvent(id)
		if err := t.emptiedCases(cases); err != nil {
			return err
		}
	}
	if all {
		t.w.exec("DELETE FROM remark")
	}
	t.w.row("SELECT count(*) FROM remark", nil, &after)
	out.Remarks = before - after
	return t.w.failed
}

// eventsIn returns the events of a sensor with evidence in a span.
func (t *Tx) eventsIn(in span, sensor string) (ids []string, err error) {
	err = eachRow(t.ctx, t.w.conn, "SELECT id FROM event WHERE first < ? AND last >= ? AND (? = '' OR sensor = ?)", []any{in.to, in.from, sensor, sensor}, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// takeOutAll deletes the records and summaries of some spans, and puts gaps in their place. It returns the bases of raw lines
// that hold some of what was deleted.
func (t *Tx) takeOutAll(spans []span, sensor string, out *Deleted) (tainted []int64, err error) {
	w := t.w
	of := func(table string) string {
		return "? = '' OR " + table + ".source IN (SELECT id FROM source WHERE sensor = ?)"
	}
	var gaps []*cell.Gap
	for _, in := range spans {
		err := eachRow(t.ctx, w.conn, "SELECT source.sensor, min(record.time), max(record.time) FROM record JOIN source ON source.id = record.source WHERE record.time >= ? AND record.time < ? AND ("+of("record")+") GROUP BY source.sensor",
			[]any{in.from, in.to, sensor, sensor}, func(rows *sql.Rows) error {
				var first, last int64
				g := &cell.Gap{Reason: gapDeleted}
				err := rows.Scan(&g.Sensor, &first, &last)
				g.Time, g.Until = keyTime(first), keyTime(last)
				gaps = append(gaps, g)
				return err
			})
		if err != nil {
			return nil, err
		}
		more, err := t.taintedBases(in, sensor)
		if err != nil {
			return nil, err
		}
		tainted = append(tainted, more...)
		gone, err := t.takeOut(in, sensor, dated, math.MaxInt64, false)
		if err != nil {
			return nil, err
		}
		out.Records += gone.records()
		from, to := floorMinute(in.from), floorMinute(in.to-1)
		n, err := affected(w.conn.ExecContext(t.ctx, "DELETE FROM summary WHERE minute >= ? AND minute <= ? AND ("+of("summary")+")", from, to, sensor, sensor))
		if err != nil {
			return nil, err
		}
		out.Summaries += n
	}
	for _, g := range gaps {
		var left int64
		if !w.row("SELECT 1 FROM record WHERE source IN (SELECT id FROM source WHERE sensor = ?) LIMIT 1", []any{g.Sensor}, &left) {
			continue // nothing is left around the gap
		}
		if err := w.append(g, Gaps); err != nil {
			return nil, err
		}
	}
	return tainted, w.failed
}

// taintedBases returns the bases that hold raw lines of records about to be deleted: those made from such a record, and those
// that took its lines over from them.
func (t *Tx) taintedBases(in span, sensor string) (ids []int64, err error) {
	at := int64(maxBase) // offset in the base of the newest such lines
	err = eachRow(t.ctx, t.w.conn, `SELECT raw_base.id, ifnull(made.own, 0), maker.seq IS NULL OR maker.time >= ? AND maker.time < ?
		AND (? = '' OR maker.source IN (SELECT id FROM source WHERE sensor = ?))
		FROM raw_base LEFT JOIN base_made AS made ON made.base = raw_base.id LEFT JOIN record AS maker ON maker.seq = made.seq ORDER BY raw_base.id`,
		[]any{in.from, in.to, sensor, sensor}, func(rows *sql.Rows) error {
			var id, own int64
			var made bool // from a record that is or was deleted, or by an older Vigie, which did not store that
			err := rows.Scan(&id, &own, &made)
			if at = min(at+own, maxBase); made || own == 0 {
				at = 0
			}
			if at < maxBase {
				ids = append(ids, id)
			}
			return err
		})
	return ids, err
}

// dropBases deletes bases, after writing the remaining raw lines that use them without a base.
func (t *Tx) dropBases(ids []int64) error {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return nil
	}
	old, plain := newBase(0, nil), newBase(0, nil)
	for seq, more := int64(-1), true; more; {
		page, err := t.rawAfter(seq, ids[0], ids[len(ids)-1])
		if err != nil {
			return err
		}
		for _, r := range page {
			if seq = r.seq; !contains(ids, r.base) {
				continue
			}
			if old.id != r.base {
				old = &base{id: r.base}
				if t.w.row("SELECT text FROM raw_base WHERE id = ?", []any{old.id}, &old.text); t.w.failed != nil {
					return t.w.failed
				}
			}
			lines, err := old.lines(r.body)
			if err != nil {
				return fmt.Errorf("raw lines of record %d: %w", seq, err)
			}
			delta, _ := plain.appendDelta(nil, lines)
			t.w.exec("UPDATE raw SET base = 0, body = ? WHERE seq = ?", delta, seq)
		}
		more = len(page) > 0
	}
	for _, id := range ids {
		t.w.exec("DELETE FROM raw_base WHERE id = ?", id)
		t.w.exec("DELETE FROM base_made WHERE base = ?", id)
	}
	return t.w.failed
}

func contains(sorted []int64, id int64) bool { _, ok := slices.BinarySearch(sorted, id); return ok }

// rawRow is a row of raw.
type rawRow struct {
	seq, base int64
	body      []byte
}

// rawAfter returns the next rows of raw after a sequence number whose base is in a range.
func (t *Tx) rawAfter(seq, from, to int64) (page []rawRow, err error) {
	err = eachRow(t.ctx, t.w.conn, "SELECT seq, base, body FROM raw WHERE seq > ? AND base >= ? AND base <= ? ORDER BY seq LIMIT ?", []any{seq, from, to, pageRows}, func(rows *sql.Rows) error {
		var r rawRow
		err := rows.Scan(&r.seq, &r.base, &r.body)
		page = append(page, r)
		return err
	})
	return page, err
}

// recount builds the tables of cells and counts again from the records and summaries that are left.
func (t *Tx) recount() error {
	w := t.w
	fresh := newTally()
	if err := fresh.count(t.ctx, w.conn, -1, math.MaxInt64-1); err != nil {
		return err
	}
	err := eachRow(t.ctx, w.conn, "SELECT summary.minute, source.sensor, summary.body FROM summary JOIN source ON source.id = summary.source ORDER BY summary.minute, summary.source", nil, func(rows *sql.Rows) error {
		var minute int64
		var sensor string
		var body []byte
		if err := rows.Scan(&minute, &sensor, &body); err != nil {
			return err
		}
		one, err := decodeSummary(body)
		fresh.reaches(sensor, time.Unix(minute*60, 0))
		for i := range one.Cells {
			fresh.summed(time.Unix(minute*60, 0).UTC(), sensor, &one.Cells[i])
		}
		return err
	})
	if err != nil {
		return err
	}
	w.exec("DELETE FROM cell")
	w.exec("DELETE FROM reach")
	w.exec("UPDATE tally SET upto = 0, observations = 0, others = 0")
	w.fresh = fresh
	return w.tally()
}

// summed adds a cell of a summary.
func (t *tally) summed(minute time.Time, sensor string, c *CellSummary) {
	id, ok := c.Cell.ID.Get()
	if !ok {
		return
	}
	key := identity{c.Cell.RAT, c.Cell.MCC, c.Cell.MNC, -1, id}
	if a, ok := c.Cell.Area.Get(); ok {
		key.area = int64(a)
	}
	one := KnownCell{RAT: c.Cell.RAT, MCC: c.Cell.MCC, MNC: c.Cell.MNC, Area: c.Cell.Area, ID: id, PCI: c.Cell.PCI, ARFCN: c.Cell.ARFCN,
		First: minute, Last: minute, Count: int64(c.Count), Weakest: c.Min, Strongest: c.Max, Sensor: sensor}
	if c.Role == RoleServing {
		one.Serving = one.Count
	}
	if k := t.cells[key]; k != nil {
		k.merge(&one)
	} else {
		t.cells[key] = &one
	}
}

// rewrite writes the database again, so that nothing deleted is left between what is not, and empties the log.
func (s *Store) rewrite(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" || s.w == nil {
		return nil
	}
	for _, do := range strings.Split("PRAGMA busy_timeout=1000; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA temp_store=file; VACUUM; PRAGMA temp_store=memory", ";") {
		if _, err := s.w.conn.ExecContext(ctx, do); err != nil {
			return err
		}
	}
	var busy, log, done int64
	err := s.w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &done)
	if _, again := s.w.conn.ExecContext(ctx, usualBusy); err != nil || again != nil {
		return errors.Join(err, again)
	}
	if busy != 0 {
		return fmt.Errorf("%w: it was deleted, but the log still holds it since somebody reads the store; stop vigie review and whatever else reads it, then do it again", ErrLocked)
	}
	s.w.checkpointAt = checkpointLog
	return s.removeJournal()
}
