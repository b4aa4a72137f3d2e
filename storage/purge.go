package storage

import (
	"cmp"
	"database/sql"
	"maps"
	"math"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// delete replaces the records from one time key to another that are not near an event by summaries.
func (p *purge) delete(t *Tx, from, end int64) error {
	kept, err := p.windows(t, from, end)
	if err != nil {
		return err
	}
	if err := t.w.tally(); err != nil { // only counted records can be subtracted from the counts
		return err
	}
	unsent := int64(math.MaxInt64)
	for _, name := range p.Followers {
		unsent = min(unsent, t.cursor(name))
	}
	if t.w.failed != nil {
		return t.w.failed
	}
	var gone counted
	for _, free := range between(kept, span{from, end}) {
		one, err := t.takeOut(free, "", purgedKinds, unsent, true)
		if err != nil {
			return err
		}
		gone.add(one)
	}
	if gone.records() > 0 {
		if err := t.w.uncount(gone); err != nil {
			return err
		}
	}
	p.out.Records += gone.records()
	p.out.Unsent += gone.unsent
	t.w.setPurged(max(end, t.w.purged))
	return t.w.exec("UPDATE swept SET unsent = unsent + ?", gone.unsent)
}

// counted says what was deleted.
type counted struct {
	observations, others, unsent int64
	bases                        map[int64]int64 // of raw lines, with the sequence number of one record that used each
}

func (c *counted) records() int64 { return c.observations + c.others }

func (c *counted) add(b counted) {
	c.observations += b.observations
	c.others += b.others
	c.unsent += b.unsent
	if c.bases == nil {
		c.bases = map[int64]int64{}
	}
	maps.Copy(c.bases, b.bases)
}

// span is a range of time keys; to is exclusive.
type span struct{ from, to int64 }

// takeOut deletes the records of some kinds in a span, of one sensor or all. With sum they leave summaries. Records with a
// sequence number greater than unsent count as such.
func (t *Tx) takeOut(in span, sensor string, kinds Kinds, unsent int64, sum bool) (gone counted, err error) {
	r := newReader(false, true)
	m := minutes{}
	for at, seq := in.from, int64(-1); ; {
		rows, more, err := r.page(t.ctx, t.w.conn, `WHERE (record.time, record.seq) > (?, ?) AND record.time < ? AND record.kind & ? <> 0
			AND (? = '' OR record.source IN (SELECT id FROM source WHERE sensor = ?)) ORDER BY record.time, record.seq`,
			[]any{at, seq, in.to, int64(kinds), sensor, sensor}, pageRows)
		if err != nil {
			return gone, err
		}
		for _, row := range rows {
			at, seq = row.key, row.Seq
			if o, ok := row.Record.(*cell.Observation); ok {
				gone.observations++
				if sum {
					m.add(row.key, row.source, o)
				}
			} else {
				gone.others++
			}
			if row.Seq > unsent {
				gone.unsent++
			}
		}
		if !more {
			break
		}
	}
	if gone.records() == 0 {
		return gone, nil
	}
	which := `time >= ? AND time < ? AND kind & ? <> 0`
	args := []any{in.from, in.to, int64(kinds)}
	if sensor != "" {
		which, args = which+" AND source IN (SELECT id FROM source WHERE sensor = ?)", append(args, sensor)
	}
	if gone.bases, err = t.basesOf("SELECT seq FROM record WHERE "+which, args...); err != nil {
		return gone, err
	}
	if err := m.store(t.w); err != nil {
		return gone, err
	}
	t.w.exec("DELETE FROM raw WHERE seq IN (SELECT seq FROM record WHERE "+which+")", args...)
	t.w.crowds = crowds{}
	return gone, t.w.exec("DELETE FROM record WHERE "+which, args...)
}

// basesOf returns the bases of the raw lines of some records, each with the sequence number of a record that uses it.
func (t *Tx) basesOf(records string, args ...any) (bases map[int64]int64, err error) {
	bases = map[int64]int64{}
	err = eachRow(t.ctx, t.w.conn, "SELECT base, min(seq) FROM raw WHERE seq IN ("+records+") AND base <> 0 GROUP BY base", args, func(rows *sql.Rows) error {
		var id, seq int64
		err := rows.Scan(&id, &seq)
		bases[id] = seq
		return err
	})
	return bases, err
}

// uncount subtracts deleted records from the counts, stores that their sequence numbers are spent, and deletes bases that no
// record uses any more.
func (w *writer) uncount(gone counted) error {
	w.exec("UPDATE tally SET observations = observations - ?, others = others - ?", gone.observations, gone.others)
	w.exec("UPDATE sequence SET spent = max(spent, ?)", w.seq)
	for id, seq := range gone.bases {
		if id == w.base.id {
			continue
		}
		// Consecutive records use one base, except those without raw lines: if any record still uses it, a neighbour of the
		// deleted one does.
		w.exec(`DELETE FROM raw_base WHERE id = ?1
			AND id IS NOT (SELECT base FROM raw WHERE seq < ?2 AND base <> 0 ORDER BY seq DESC LIMIT 1)
			AND id IS NOT (SELECT base FROM raw WHERE seq > ?2 AND base <> 0 ORDER BY seq LIMIT 1)`, id, seq)
		w.exec("DELETE FROM base_made WHERE base = ?1 AND NOT EXISTS (SELECT 1 FROM raw_base WHERE id = ?1)", id)
	}
	return w.failed
}

// windows returns the spans around events that touch a span, in order and disjoint.
func (p *purge) windows(t *Tx, from, end int64) (kept []span, err error) {
	margin := int64(p.Margin)
	err = eachRow(t.ctx, t.w.conn, "SELECT body FROM event WHERE bare = 0 AND first <= ? AND last >= ?", []any{end + margin, from - margin}, func(rows *sql.Rows) error {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		e, err := decodeEvent(body)
		kept = append(kept, eventWindows(&e, p.Margin)...)
		return err
	})
	return joined(kept), err
}

// longEvent is the duration from which an event protects only the records around its turning points, not all while it lasts.
const longEvent = time.Hour

// eventWindows returns the spans around an event in which records stay, in order and disjoint.
func eventWindows(e *analyzer.Event, margin time.Duration) (all []span) {
	around := func(a, b time.Time) {
		all = append(all, span{keyOf(a.Add(-margin)), keyOf(b.Add(margin)) + 1})
	}
	between := func(a, b time.Time) {
		if b.Sub(a) <= longEvent {
			around(a, b)
			return
		}
		around(a, a)
		around(b, b)
	}
	between(e.First, e.Last)
	around(e.Opened, e.Opened)
	for i := range e.Findings {
		f := &e.Findings[i]
		between(f.First, f.Last)
		for j := range f.Evidence {
			around(f.Evidence[j].Time, f.Evidence[j].Time)
		}
	}
	return joined(all)
}

// joined sorts spans and merges those that touch.
func joined(all []span) (out []span) {
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for _, s := range all {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// between returns the parts of a span that are in none of kept.
func between(kept []span, in span) (free []span) {
	for _, k := range kept {
		if k.to <= in.from {
			continue
		}
		if k.from >= in.to {
			break
		}
		if k.from > in.from {
			free = append(free, span{in.from, k.from})
		}
		in.from = k.to
	}
	if in.from < in.to {
		free = append(free, in)
	}
	return free
}
