package storage

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Retention says what a store keeps, and for how long. The zero Retention keeps everything.
//
// The oldest observations and health lines are deleted first, and summaries of their minutes take their place. Records around
// an event stay, and so do gaps, clock lines, events and verdicts.
type Retention struct {
	FullRate  time.Duration // older observations become summaries; 0: keep all
	Summaries time.Duration // older summaries are deleted; 0: keep all
	Events    time.Duration // older events without a verdict are deleted; 0: keep all
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
const purgedKinds = int64(Observations | Healths)

// look fills in what is left.
func (p *purge) look(t *Tx) error {
	if t.w.purged > -math.MaxInt64 {
		p.out.Upto = keyTime(t.w.purged)
	}
	var err error
	p.out.Used, p.out.Size, err = t.w.used()
	return err
}

// used returns how many bytes of the database are in use, and how many it has.
func (w *writer) used() (used, size int64, err error) {
	var pages, free, page int64
	_, err = w.row("SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_size FROM pragma_page_size)",
		nil, &pages, &free, &page)
	return (pages - free) * page, pages * page, err
}

// byAge deletes one step of what is older than FullRate.
func (p *purge) byAge(t *Tx) (more bool, err error) {
	cutoff, _ := timeKey(p.now.Add(-p.FullRate))
	floor, err := p.analysed(t)
	if err != nil {
		return false, err
	}
	for _, name := range p.Followers {
		seq, err := t.cursor(name)
		if err != nil {
			return false, err
		}
		floor = min(floor, seq)
	}
	done, waiting, err := p.step(t, cutoff, floor)
	p.out.Waiting = p.out.Waiting || waiting
	return done, err
}

func (t *Tx) cursor(name string) (seq int64, err error) {
	_, err = t.w.row("SELECT seq FROM cursor WHERE name = ?", []any{name}, &seq)
	return seq, err
}

// analysed is the sequence number up to which the analyzer's state includes the records.
func (p *purge) analysed(t *Tx) (seq int64, err error) {
	if p.State == "" {
		return math.MaxInt64, nil
	}
	_, err = t.w.row("SELECT seq FROM state WHERE name = ?", []any{p.State}, &seq)
	return seq, err
}

// bySize deletes one step of the oldest, whatever its age, while more is in use than Size allows.
func (p *purge) bySize(t *Tx) (more bool, err error) {
	used, _, err := t.w.used()
	target := p.Size
	if p.out.BySize { // a little more than needed, so that not every call has to
		target -= p.Size / 50
	}
	if err != nil || used <= target {
		return false, err
	}
	p.out.BySize = true
	floor, err := p.analysed(t)
	if err != nil {
		return false, err
	}
	latest, _ := timeKey(p.now.Add(-p.Margin))
	if done, _, err := p.step(t, latest, floor); done || err != nil {
		return done, err
	}
	if done, err := p.dropWindow(t, latest); done || err != nil {
		return done, err
	}
	return p.oldestSummaries(t)
}

// step deletes the oldest hour or less of full rate before the time key cutoff, of records with a sequence number of at most
// floor. waiting reports that a record is old enough but has a greater number.
func (p *purge) step(t *Tx, cutoff, floor int64) (done, waiting bool, err error) {
	var from int64
	there, err := t.w.row("SELECT time FROM record WHERE time >= ? AND time < ? AND kind & ? <> 0 ORDER BY time LIMIT 1", []any{t.w.purged, cutoff, purgedKinds}, &from)
	if err != nil || !there {
		return false, false, err
	}
	end := min(cutoff, floorTo(from, stepTime)+int64(stepTime))
	if end < from { // after the last hour that the key can hold
		end = cutoff
	}
	var at int64
	if there, err := t.w.row("SELECT time FROM record WHERE time >= ? AND time < ? ORDER BY time LIMIT 1 OFFSET ?", []any{from, end, p.most}, &at); err != nil {
		return false, false, err
	} else if there {
		end = at
	}
	if there, err := t.w.row("SELECT time FROM record WHERE time >= ? AND time < ? AND seq > ? AND kind & ? <> 0 ORDER BY time LIMIT 1", []any{from, end, floor, purgedKinds}, &at); err != nil {
		return false, false, err
	} else if there {
		end, waiting = at, true
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

// hasVerdict selects events with a current verdict.
const hasVerdict = "EXISTS (SELECT 1 FROM verdict WHERE verdict.event = event.id AND verdict.undone IS NULL)"

// dropWindow releases the records around the oldest event without a verdict.
func (p *purge) dropWindow(t *Tx, latest int64) (done bool, err error) {
	var id string
	var first int64
	there, err := t.w.row("SELECT id, first FROM event WHERE bare = 0 AND last < ? AND NOT "+hasVerdict+" ORDER BY first LIMIT 1", []any{latest}, &id, &first)
	if err != nil || !there {
		return false, err
	}
	p.out.WindowsDropped++
	return true, errors.Join(t.w.exec("UPDATE event SET bare = 1 WHERE id = ?", id), p.goBack(t, first))
}

// goBack makes the next step look again at the records around an event that no longer protects them.
func (p *purge) goBack(t *Tx, first int64) error {
	return t.w.setPurged(min(t.w.purged, max(first, math.MinInt64+int64(p.Margin))-int64(p.Margin)))
}

// events deletes one event that is too old and has no verdict.
func (p *purge) events(t *Tx) (more bool, err error) {
	if p.Events <= 0 {
		return false, nil
	}
	old, _ := timeKey(p.now.Add(-p.Events))
	var id string
	var first int64
	there, err := t.w.row("SELECT id, first FROM event WHERE last < ? AND NOT "+hasVerdict+" ORDER BY last LIMIT 1", []any{old}, &id, &first)
	if err != nil || !there {
		return false, err
	}
	p.out.Events++
	return true, errors.Join(t.dropEvent(id), p.goBack(t, first))
}

func (t *Tx) dropEvent(id string) error {
	var errs []error
	for _, table := range strings.Fields("finding event_cell verdict") {
		errs = append(errs, t.w.exec("DELETE FROM "+table+" WHERE event = ?", id))
	}
	return errors.Join(append(errs, t.w.exec("DELETE FROM event WHERE id = ?", id), t.w.exec("UPDATE sequence SET spent = max(spent, ?)", t.w.seq))...)
}

// summaries deletes a day of those that are too old.
func (p *purge) summaries(t *Tx) (more bool, err error) {
	if p.Summaries <= 0 {
		return false, nil
	}
	old, _ := timeKey(p.now.Add(-p.Summaries))
	return p.dropSummaries(t, floorMinute(old))
}

// oldestSummaries deletes the oldest day of them, if nothing else is left to delete for size.
func (p *purge) oldestSummaries(t *Tx) (more bool, err error) {
	return p.dropSummaries(t, math.MaxInt64)
}

func (p *purge) dropSummaries(t *Tx, before int64) (more bool, err error) {
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
	p.out.Summaries += n
	return true, err
}
