package storage

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"
)

// Retention says what a store keeps, and for how long. The zero Retention keeps everything.
//
// The oldest observations and health lines are deleted first, and summaries of their minutes take their place. Records around
// an event stay, and so do gaps, clock lines, events and verdicts.
type Retention struct {
	FullRate  time.Duration // older observations become summaries; 0: keep all
	Summaries time.Duration // older summaries are deleted; 0: keep all
	Events    time.Duration // older events without a verdict or remark are deleted; 0: keep all
	Size      int64         // bytes that database and log may take, on disk or in memory; 0: no limit
	Margin    time.Duration // before and after an event, in which records stay; 0: 10 minutes

	// Followers are the names of the cursors in use: an entry that is not delivered yet is not deleted by age, only by size,
	// and is then counted as unsent. State is the name of the analyzer's state: nothing is deleted that it does not include.
	Followers []string
	State     string
}

const (
	defaultMargin = 10 * time.Minute
	stepTime      = time.Hour // of records that one transaction deletes at most
	stepRecords   = 16_384    // records that one transaction deletes at most
	minStep       = 64        // the same if the log has no room for more
	purgeByAge    = 24        // steps of one Purge, so that a clock that is far ahead cannot empty a store before somebody notices

	// LogRoom is the part of Retention.Size that is left to SQLite's log, in bytes.
	LogRoom = 2 * checkpointLog

	// MinSize is the least Retention.Size of a store that is not in memory, in bytes.
	MinSize = 32 << 20
)

// PurgeResult is what a Purge did and what is left.
type PurgeResult struct {
	Records        int64     // deleted
	Events         int64     // deleted
	WindowsDropped int64     // events whose surrounding records were released
	Summaries      int64     // deleted
	Unsent         int64     // of Records: not delivered to every follower
	BySize         bool      // something was deleted for Size, not for age
	Waiting        bool      // something is old enough, but a follower or the analyzer has not received it
	Upto           time.Time // start of full rate; zero: the first record
	Used           int64     // bytes in use
	Size           int64     // bytes of the files
	More           bool      // there is more to do: call Purge again soon
}

// Purge deletes what Retention does not keep, in short transactions, and returns when everything or a good part of it is done.
// Deleted content is overwritten in the database. now is the time from which ages are counted. The error wraps ErrFull if
// there is no room even for deleting.
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
		s.w.checkpointAt = checkpointLog // retry what may have failed on a full disk
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

// purge is one run of Purge.
type purge struct {
	Retention
	s    *Store
	now  time.Time
	out  *PurgeResult
	most int // records per step
}

// purgedKinds are the kinds that are deleted by age.
const purgedKinds = Observations | Healths | Messages | Broadcasts

// look fills in what is left.
func (p *purge) look(t *Tx) error {
	if t.w.purged > -math.MaxInt64 {
		p.out.Upto = keyTime(t.w.purged)
	}
	p.out.Used, p.out.Size = t.w.used()
	return t.w.failed
}

// used returns how many bytes of the database are in use, and how many it has.
func (w *writer) used() (used, size int64) {
	var pages, free, page int64
	w.row("SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_size FROM pragma_page_size)",
		nil, &pages, &free, &page)
	return (pages - free) * page, pages * page
}

// byAge deletes one step of what is older than FullRate.
func (p *purge) byAge(t *Tx) (more bool, err error) {
	floor := p.analysed(t)
	for _, name := range p.Followers {
		floor = min(floor, t.cursor(name))
	}
	done, waiting, err := p.step(t, keyOf(p.now.Add(-p.FullRate)), floor)
	p.out.Waiting = p.out.Waiting || waiting
	return done, err
}

func (t *Tx) cursor(name string) (seq int64) {
	t.w.row("SELECT seq FROM cursor WHERE name = ?", []any{name}, &seq)
	return seq
}

// analysed is the sequence number up to which the analyzer's state includes the records.
func (p *purge) analysed(t *Tx) (seq int64) {
	if p.State == "" {
		return math.MaxInt64
	}
	t.w.row("SELECT seq FROM state WHERE name = ?", []any{p.State}, &seq)
	return seq
}

// bySize deletes one step of the oldest, whatever its age, while more is in use than Size allows.
func (p *purge) bySize(t *Tx) (more bool, err error) {
	used, _ := t.w.used()
	target := p.Size
	if p.out.BySize { // a little more than needed, so that not every call has to
		target -= p.Size / 50
	}
	if t.w.failed != nil || used <= target {
		return false, t.w.failed
	}
	p.out.BySize = true
	latest := keyOf(p.now.Add(-p.Margin))
	if done, _, err := p.step(t, latest, p.analysed(t)); done || err != nil {
		return done, err
	}
	if done, err := p.dropWindow(t, latest); done || err != nil {
		return done, err
	}
	return p.dropSummaries(t, math.MaxInt64) // nothing else is left to delete for size
}

// step deletes the oldest hour or less of full rate before the time key cutoff, of records with a sequence number of at most
// floor. waiting reports that a record is old enough but has a greater number.
func (p *purge) step(t *Tx, cutoff, floor int64) (done, waiting bool, err error) {
	var from int64
	if !t.w.row("SELECT time FROM record WHERE time >= ? AND time < ? AND kind & ? <> 0 ORDER BY time LIMIT 1", []any{t.w.purged, cutoff, int64(purgedKinds)}, &from) {
		return false, false, t.w.failed
	}
	end := min(cutoff, floorTo(from, stepTime)+int64(stepTime))
	if end < from { // after the last hour that the key can hold
		end = cutoff
	}
	var at int64
	if t.w.row("SELECT time FROM record WHERE time >= ? AND time < ? ORDER BY time LIMIT 1 OFFSET ?", []any{from, end, p.most}, &at) {
		end = at
	}
	if t.w.row("SELECT time FROM record WHERE time >= ? AND time < ? AND seq > ? AND kind & ? <> 0 ORDER BY time LIMIT 1", []any{from, end, floor, int64(purgedKinds)}, &at) {
		end, waiting = at, true
	}
	if t.w.failed != nil {
		return false, false, t.w.failed
	}
	if end = floorTo(end, time.Minute); end <= from { // less than a minute: not yet, or many records in one minute
		if waiting || floorTo(from, time.Minute)+int64(time.Minute) > cutoff {
			return false, waiting, nil
		}
		end = floorTo(from, time.Minute) + int64(time.Minute)
	}
	return true, waiting, p.delete(t, from, end)
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

// hasVerdict selects events with a current verdict, or a remark.
const hasVerdict = "(EXISTS (SELECT 1 FROM verdict WHERE verdict.event = event.id AND verdict.undone IS NULL) OR EXISTS (SELECT 1 FROM remark WHERE remark.event = event.id))"

// dropWindow releases the records around the oldest event without a verdict.
func (p *purge) dropWindow(t *Tx, latest int64) (done bool, err error) {
	var id string
	var first int64
	if !t.w.row("SELECT id, first FROM event WHERE bare = 0 AND last < ? AND NOT "+hasVerdict+" ORDER BY first LIMIT 1", []any{latest}, &id, &first) {
		return false, t.w.failed
	}
	p.out.WindowsDropped++
	t.w.exec("UPDATE event SET bare = 1 WHERE id = ?", id)
	return true, p.goBack(t, first)
}

// goBack makes the next step look again at the records around an event that no longer protects them.
func (p *purge) goBack(t *Tx, first int64) error {
	return t.w.setPurged(min(t.w.purged, max(first, math.MinInt64+int64(p.Margin))-int64(p.Margin)))
}

// events deletes one event that is too old and has no verdict or remark.
func (p *purge) events(t *Tx) (more bool, err error) {
	if p.Events <= 0 {
		return false, nil
	}
	var id string
	var first int64
	if !t.w.row("SELECT id, first FROM event WHERE last < ? AND NOT "+hasVerdict+" ORDER BY last LIMIT 1", []any{keyOf(p.now.Add(-p.Events))}, &id, &first) {
		return false, t.w.failed
	}
	p.out.Events++
	t.dropEvent(id)
	return true, p.goBack(t, first)
}

func (t *Tx) dropEvent(id string) error {
	for _, table := range []string{"finding", "event_cell", "verdict", "remark"} {
		t.w.exec("DELETE FROM "+table+" WHERE event = ?", id)
	}
	t.w.exec("DELETE FROM event WHERE id = ?", id)
	return t.w.exec("UPDATE sequence SET spent = max(spent, ?)", t.w.seq)
}

// summaries deletes a day of those that are too old.
func (p *purge) summaries(t *Tx) (more bool, err error) {
	if p.Summaries <= 0 {
		return false, nil
	}
	return p.dropSummaries(t, floorMinute(keyOf(p.now.Add(-p.Summaries))))
}

// dropSummaries deletes the oldest day of those that are of minutes before one.
func (p *purge) dropSummaries(t *Tx, before int64) (more bool, err error) {
	const day = 24 * 60
	var first int64
	if !t.w.row("SELECT minute FROM summary WHERE minute < ? ORDER BY minute LIMIT 1", []any{before}, &first) {
		return false, t.w.failed
	}
	n, err := affected(t.w.conn.ExecContext(t.ctx, "DELETE FROM summary WHERE minute < ?", min(before, first+day)))
	p.out.Summaries += n
	return true, err
}

// affected is how many rows a statement changed.
func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
