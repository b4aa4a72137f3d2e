package storage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Keep says what a store keeps, and for how long. The zero Keep keeps everything.
//
// What goes first is the oldest of what was observed at full rate (observations and health lines); summaries of its
// minutes take its place. What is around an event stays, and so do gaps, clock lines, events and verdicts.
type Retention struct {
	FullRate  time.Duration // what is older becomes summaries; 0: kept for ever
	Summaries time.Duration // older summaries are deleted; 0: kept for ever
	Events    time.Duration // older events are deleted, unless somebody gave a verdict; 0: kept for ever
	Size      int64         // bytes that database and log may take, on disk or in memory; 0: no bound
	Margin    time.Duration // around an event what stays at full rate; 0: 10 minutes

	// Followers name the cursors that are in use: what is not delivered yet is not deleted by age, only by size, and is
	// then counted as unsent. State names the state of the analyzer: nothing is deleted that is not in it.
	Followers []string
	State     string
}

const (
	defaultMargin = 10 * time.Minute
	stepTime      = time.Hour // of records that one transaction deletes
	stepRecords   = 16_384    // or so many
	minStep       = 64        // and where there is no room for that in the log so many
	purgeByAge    = 24        // steps of one Purge: a clock that is far ahead may not empty a store before it is noticed
	// LogRoom is what of Keep.Size is left to the log.
	LogRoom = 2 * checkpointLog

	// MinSize is the least that Keep.Size may be, of a store that is not in memory.
	MinSize = 32 << 20
)

// PurgeResult is what a Purge did and what it left.
type PurgeResult struct {
	Records        int64     // deleted
	Events         int64     // deleted
	WindowsDropped int64     // events of which the records around them were given up
	Summaries      int64     // deleted
	Unsent         int64     // of Records: those that a follower has not had
	BySize         bool      // something went because of Size and not of age
	Waiting        bool      // something is old enough, but a follower or the analyzer has not had it
	Upto           time.Time // full rate begins here; zero: at the first record
	Used           int64     // bytes in use
	Size           int64     // bytes of the files
	More           bool      // there is more to do: call it again soon
}

// Purge deletes what is no longer to be kept, in transactions of a moment each, and returns when all is done or a good
// part. Deleted content is overwritten in the database. now is the time by which records are old. The error wraps ErrFull when even
// deleting needs room that is not there.
func (s *Store) Purge(ctx context.Context, k Retention, now time.Time) (out PurgeResult, err error) {
	if k.Margin <= 0 {
		k.Margin = defaultMargin
	}
	if k.Size > 0 && s.path != "" {
		k.Size = max(k.Size, MinSize) - LogRoom
	}
	p := purge{Retention: k, s: s, now: now, out: &out, most: stepRecords}
	s.mu.Lock()
	if s.w != nil {
		s.w.checkpointAt = checkpointLog // try again what a full disk may have kept from being done
	}
	s.mu.Unlock()
	steps := []func(*Tx) (bool, error){p.events, p.summaries}
	if k.FullRate > 0 {
		steps = append(steps, p.byAge)
	}
	if k.Size > 0 {
		steps = append(steps, p.bySize)
	}
	for _, step := range steps {
		for n := 0; ; n++ {
			more := false
			before := out
			if err := s.Update(ctx, func(t *Tx) (err error) { more, err = step(t); return err }); err != nil {
				out = before
				if ctx.Err() == nil && p.most > minStep { // there may be room for a smaller step in the log
					p.most /= 4
					continue
				}
				return out, fmt.Errorf("deleting what is too old: %w", err)
			}
			if !more {
				break
			}
			if n == purgeByAge && !out.BySize {
				out.More = true
				break
			}
		}
	}
	err = s.Update(ctx, func(t *Tx) error { return p.look(t) })
	return out, err
}

// purge is one Purge at work.
type purge struct {
	Retention
	s    *Store
	now  time.Time
	out  *PurgeResult
	most int // records of a step
}

// swept are the kinds that go with age.
const purgedKinds = int64(Observations | Healths)

func (w *purge) look(t *Tx) error {
	if t.w.purged > -math.MaxInt64 {
		w.out.Upto = keyTime(t.w.purged)
	}
	var err error
	w.out.Used, w.out.Size, err = t.w.used()
	return err
}

// used is how many bytes of the database are in use, and how many it has.
func (w *writer) used() (used, size int64, err error) {
	var pages, free, page int64
	_, err = w.row("SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_size FROM pragma_page_size)",
		nil, &pages, &free, &page)
	return (pages - free) * page, pages * page, err
}

// byAge sweeps one step of what is older than FullRate.
func (w *purge) byAge(t *Tx) (more bool, err error) {
	cutoff, _ := timeKey(w.now.Add(-w.FullRate))
	floor, err := w.analysed(t)
	if err != nil {
		return false, err
	}
	for _, name := range w.Followers {
		seq, err := t.cursor(name)
		if err != nil {
			return false, err
		}
		floor = min(floor, seq)
	}
	done, waiting, err := w.step(t, cutoff, floor)
	w.out.Waiting = w.out.Waiting || waiting
	return done, err
}

func (t *Tx) cursor(name string) (seq int64, err error) {
	_, err = t.w.row("SELECT seq FROM cursor WHERE name = ?", []any{name}, &seq)
	return seq, err
}

// analysed is the number up to which the analyzer's state has the records.
func (w *purge) analysed(t *Tx) (seq int64, err error) {
	if w.State == "" {
		return math.MaxInt64, nil
	}
	_, err = t.w.row("SELECT seq FROM state WHERE name = ?", []any{w.State}, &seq)
	return seq, err
}

// bySize sweeps one step, whatever its age, while more is in use than Size allows.
func (w *purge) bySize(t *Tx) (more bool, err error) {
	used, _, err := t.w.used()
	target := w.Size
	if w.out.BySize { // a little more than needed, so that it is not at every turn
		target -= w.Size / 50
	}
	if err != nil || used <= target {
		return false, err
	}
	w.out.BySize = true
	floor, err := w.analysed(t)
	if err != nil {
		return false, err
	}
	latest, _ := timeKey(w.now.Add(-w.Margin))
	if done, _, err := w.step(t, latest, floor); done || err != nil {
		return done, err
	}
	if done, err := w.dropWindow(t, latest); done || err != nil {
		return done, err
	}
	return w.oldestSummaries(t)
}

// step deletes the oldest hour or less of full rate before cutoff, of what has at most the number floor.
func (w *purge) step(t *Tx, cutoff, floor int64) (done, waiting bool, err error) {
	var from int64
	there, err := t.w.row("SELECT time FROM record WHERE time >= ? AND time < ? AND kind & ? <> 0 ORDER BY time LIMIT 1", []any{t.w.purged, cutoff, purgedKinds}, &from)
	if err != nil || !there {
		return false, false, err
	}
	end := min(cutoff, floorTo(from, stepTime)+int64(stepTime))
	if end < from { // beyond the last hour that the key can hold
		end = cutoff
	}
	var at int64
	if there, err := t.w.row("SELECT time FROM record WHERE time >= ? AND time < ? ORDER BY time LIMIT 1 OFFSET ?", []any{from, end, w.most}, &at); err != nil {
		return false, false, err
	} else if there {
		end = at
	}
	if there, err := t.w.row("SELECT time FROM record WHERE time >= ? AND time < ? AND seq > ? AND kind & ? <> 0 ORDER BY time LIMIT 1", []any{from, end, floor, purgedKinds}, &at); err != nil {
		return false, false, err
	} else if there {
		end, waiting = at, true
	}
	if end = floorTo(end, time.Minute); end <= from { // less than a minute: nothing yet, or many records in one minute
		if waiting || floorTo(from, time.Minute)+int64(time.Minute) > cutoff {
			return false, waiting, nil
		}
		end = floorTo(from, time.Minute) + int64(time.Minute)
	}
	return true, waiting, w.delete(t, from, end)
}

func floorTo(key int64, unit time.Duration) int64 {
	rest := key % int64(unit)
	if rest < 0 {
		rest += int64(unit)
	}
	if key < math.MinInt64+int64(unit) {
		return key
	}
	return key - rest
}

// delete replaces what is in the time from..end, and not near an event, by summaries.
func (w *purge) delete(t *Tx, from, end int64) error {
	kept, err := w.windows(t, from, end)
	if err != nil {
		return err
	}
	if err := t.w.tally(); err != nil { // of counted records only is known how to take them out of the counts
		return err
	}
	unsent := int64(math.MaxInt64)
	for _, name := range w.Followers {
		seq, err := t.cursor(name)
		if err != nil {
			return err
		}
		unsent = min(unsent, seq)
	}
	var gone counted
	for _, free := range between(kept, span{from, end}) {
		one, err := t.takeOut(free, "", Observations|Healths, unsent, true)
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
	w.out.Records += gone.records()
	w.out.Unsent += gone.unsent
	return errors.Join(t.w.setPurged(max(end, t.w.purged)), t.w.exec("UPDATE swept SET unsent = unsent + ?", gone.unsent))
}

// counted is what was deleted.
type counted struct {
	observations, others, unsent int64
	bases                        map[int64]int64 // of raw lines: which, and the number of one record that each served
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

// span is a time from its first to before its second key.
type span struct{ from, to int64 }

// takeOut deletes the records of a time, of one sensor or all; with sum they leave summaries. unsent is the number
// above which they count as such.
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
	return gone, errors.Join(
		m.store(t.w),
		t.w.exec("DELETE FROM raw WHERE seq IN (SELECT seq FROM record WHERE "+which+")", args...),
		t.w.exec("DELETE FROM record WHERE "+which, args...))
}

// basesOf are the bases of the raw lines of records, each with the number of a record that it serves.
func (t *Tx) basesOf(records string, args ...any) (bases map[int64]int64, err error) {
	rows, err := t.w.conn.QueryContext(t.ctx, "SELECT base, min(seq) FROM raw WHERE seq IN ("+records+") AND base <> 0 GROUP BY base", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	bases = map[int64]int64{}
	for rows.Next() {
		var id, seq int64
		if err := rows.Scan(&id, &seq); err != nil {
			return nil, err
		}
		bases[id] = seq
	}
	return bases, rows.Err()
}

// uncount takes deleted records out of the counts, remembers that their numbers are spent, and drops what nothing
// refers to any more.
func (w *writer) uncount(gone counted) error {
	if err := errors.Join(
		w.exec("UPDATE tally SET observations = observations - ?, others = others - ?", gone.observations, gone.others),
		w.exec("UPDATE sequence SET spent = max(spent, ?)", w.seq)); err != nil {
		return err
	}
	for id, seq := range gone.bases {
		if id == w.base.id {
			continue
		}
		// A base serves records in a row, those left out that need none: if it serves any yet, it serves one next to the deleted one.
		if err := errors.Join(
			w.exec(`DELETE FROM raw_base WHERE id = ?1
				AND id IS NOT (SELECT base FROM raw WHERE seq < ?2 AND base <> 0 ORDER BY seq DESC LIMIT 1)
				AND id IS NOT (SELECT base FROM raw WHERE seq > ?2 AND base <> 0 ORDER BY seq LIMIT 1)`, id, seq),
			w.exec("DELETE FROM base_made WHERE base = ?1 AND NOT EXISTS (SELECT 1 FROM raw_base WHERE id = ?1)", id)); err != nil {
			return err
		}
	}
	return nil
}

// windows are the times around events that touch a span, in order and apart.
func (w *purge) windows(t *Tx, from, end int64) (kept []span, err error) {
	margin := int64(w.Margin)
	st, err := t.w.prepare("SELECT body FROM event WHERE bare = 0 AND first <= ? AND last >= ?")
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(t.ctx, end+margin, from-margin)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		e, err := decodeEvent(body)
		if err != nil {
			return nil, err
		}
		kept = append(kept, eventWindows(&e, w.Margin)...)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return joined(kept), nil
}

// longEvent is from when on an event is kept around its turning points only, and not for as long as it lasts.
const longEvent = time.Hour

// eventWindows are the times around an event that are kept.
func eventWindows(e *analyzer.Event, margin time.Duration) (all []span) {
	around := func(a, b time.Time) {
		from, _ := timeKey(a.Add(-margin))
		to, _ := timeKey(b.Add(margin))
		all = append(all, span{from, to + 1})
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

// joined puts spans in order and joins those that touch.
func joined(all []span) (out []span) {
	slices.SortFunc(all, func(a, b span) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	for _, s := range all {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// between is what of a span is in none of kept.
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

// judged chooses events that somebody gave a verdict which stands.
const hasVerdict = "EXISTS (SELECT 1 FROM verdict WHERE verdict.event = event.id AND verdict.undone IS NULL)"

// bare gives up the records around the oldest event that nobody judged.
func (w *purge) dropWindow(t *Tx, latest int64) (done bool, err error) {
	var id string
	var first int64
	there, err := t.w.row("SELECT id, first FROM event WHERE bare = 0 AND last < ? AND NOT "+hasVerdict+" ORDER BY first LIMIT 1", []any{latest}, &id, &first)
	if err != nil || !there {
		return false, err
	}
	w.out.WindowsDropped++
	return true, errors.Join(t.w.exec("UPDATE event SET bare = 1 WHERE id = ?", id), w.goBack(t, first))
}

// goBack makes the purge look once more at what is around an event that no longer protects it.
func (w *purge) goBack(t *Tx, first int64) error {
	return t.w.setPurged(min(t.w.purged, max(first, math.MinInt64+int64(w.Margin))-int64(w.Margin)))
}

// events deletes one event that is too old and that nobody judged.
func (w *purge) events(t *Tx) (more bool, err error) {
	if w.Events <= 0 {
		return false, nil
	}
	old, _ := timeKey(w.now.Add(-w.Events))
	var id string
	var first int64
	there, err := t.w.row("SELECT id, first FROM event WHERE last < ? AND NOT "+hasVerdict+" ORDER BY last LIMIT 1", []any{old}, &id, &first)
	if err != nil || !there {
		return false, err
	}
	w.out.Events++
	return true, errors.Join(t.dropEvent(id), w.goBack(t, first))
}

func (t *Tx) dropEvent(id string) error {
	var errs []error
	for _, table := range strings.Fields("finding event_cell verdict") {
		errs = append(errs, t.w.exec("DELETE FROM "+table+" WHERE event = ?", id))
	}
	return errors.Join(append(errs, t.w.exec("DELETE FROM event WHERE id = ?", id), t.w.exec("UPDATE sequence SET spent = max(spent, ?)", t.w.seq))...)
}

// summaries deletes those that are too old.
func (w *purge) summaries(t *Tx) (more bool, err error) {
	if w.Summaries <= 0 {
		return false, nil
	}
	old, _ := timeKey(w.now.Add(-w.Summaries))
	return w.dropSummaries(t, floorMinute(old))
}

// oldestSummaries deletes a day of them, where size leaves nothing else to delete.
func (w *purge) oldestSummaries(t *Tx) (more bool, err error) {
	return w.dropSummaries(t, math.MaxInt64)
}

func (w *purge) dropSummaries(t *Tx, before int64) (more bool, err error) {
	const day = 24 * 60
	var first int64
	there, err := t.w.row("SELECT minute FROM summary WHERE minute < ? ORDER BY minute LIMIT 1", []any{before}, &first)
	if err != nil || !there {
		return false, err
	}
	res, err := t.w.conn.ExecContext(t.ctx, "DELETE FROM summary WHERE minute < ?", min(before, first+day))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	w.out.Summaries += n
	return true, err
}
