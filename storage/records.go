package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"reflect"
	"time"

	"vigie/cell"
)

var farPast time.Time // before all others

// Records are read page by page: no statement stays open while the caller works, so a slow caller blocks nobody, and memory is
// bounded by a page. A page ends at pageRows rows or pageBytes bytes, whichever comes first.
const (
	pageRows  = 512
	pageBytes = 1 << 20 // as they are stored
	pageHeap  = 8 << 20 // decoded, about
)

// Records yields records in order of time, and of sequence number where times are equal, with each sensor's source line before
// its first record and wherever it changes. It streams: memory does not grow with the answer, and records that are appended
// meanwhile may or may not be included. An error ends it.
func (s *Store) Records(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	return stream("records", func(yield func(Entry, error) bool) error {
		return s.records(ctx, q, func(e Entry, err error) bool { return yield(s.clean.entry(e), err) })
	})
}

// stream is an iterator over what read yields, and ends with the error of read.
func stream[T any](what string, read func(yield func(T, error) bool) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := read(yield); err != nil {
			yield(*new(T), reading(what, err))
		}
	}
}

func (s *Store) records(ctx context.Context, q Query, yield func(Entry, error) bool) error {
	s.commitPending()
	where, from, args, err := s.where(ctx, q)
	if err != nil {
		return err
	}
	r := newReader(q.Kinds == 0 || q.Kinds&Sources != 0, q.NoRaw)
	left := q.Limit
	var seq int64
	// First by number within one time, then later times: each step is a range of one index.
	for same := false; ; same = !same {
		order, bound := "record.time > ?", []any{from}
		if same {
			order, bound = "record.time = ? AND record.seq > ?", []any{from, seq}
		} else if seq == 0 {
			order = "record.time >= ?"
		}
		limit := pageRows
		if left > 0 {
			limit = min(limit, left)
		}
		rows, more, err := r.page(ctx, s.rdb, "WHERE "+order+where+" ORDER BY record.time, record.seq", append(bound, args...), limit)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if !r.emit(row, yield) {
				return nil
			}
			if left--; left == 0 {
				return nil
			}
		}
		if len(rows) > 0 {
			last := rows[len(rows)-1]
			from, seq = last.key, last.Seq
		}
		switch {
		case more:
			same = false // continue with the same time
		case !same:
			return nil
		}
	}
}

// where turns a query into conditions, their arguments, and the time key to begin with.
func (s *Store) where(ctx context.Context, q Query) (cond string, from int64, args []any, err error) {
	from = math.MinInt64
	if !q.From.IsZero() {
		from = keyOf(q.From)
	}
	if q.AfterSeq > 0 {
		cond, args = " AND record.seq > ?", append(args, q.AfterSeq)
		var oldest sql.NullInt64 // of those, so as not to begin with the oldest of all
		if err := s.rdb.QueryRowContext(ctx, "SELECT min(time) FROM (SELECT time FROM record WHERE seq > ?)", q.AfterSeq).Scan(&oldest); err != nil {
			return "", 0, nil, err
		}
		if oldest.Valid {
			from = max(from, oldest.Int64)
		}
	}
	if to, exact := timeKey(q.To); !q.To.IsZero() && (exact || to == math.MinInt64) {
		cond, args = cond+" AND record.time < ?", append(args, to)
	}
	if q.Sensor != "" {
		cond, args = cond+" AND record.source IN (SELECT id FROM source WHERE sensor = ?)", append(args, q.Sensor)
	}
	switch kinds := q.Kinds &^ Sources; {
	case q.Kinds == 0:
	case kinds&Observations == 0:
		cond, args = cond+" AND record.kind <> 1 AND record.kind & ? <> 0", append(args, int64(kinds))
	default:
		cond, args = cond+" AND record.kind & ? <> 0", append(args, int64(kinds))
	}
	return cond, from, args, nil
}

// reader turns rows into entries.
type reader struct {
	noRaw      bool
	sources    map[int64]source
	lastSource map[string]int64 // by sensor: the source that was emitted last; nil to emit none
	bases      map[int64]*base
	cached     int // bytes of texts of sources
}

type source struct {
	sensor string
	line   *cell.Source // nil: none
}

func newReader(tell, noRaw bool) *reader {
	r := &reader{noRaw: noRaw, sources: map[int64]source{}, bases: map[int64]*base{}}
	if tell {
		r.lastSource = map[string]int64{}
	}
	return r
}

type row struct {
	Entry
	key    int64
	source int64
	line   *cell.Source
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// errEnough ends eachRow without an error.
var errEnough = errors.New("enough rows")

// eachRow calls f for each row of the answer, until an error.
func eachRow(ctx context.Context, db queryer, query string, args []any, f func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return rows.Err()
}

// reading is an error of reading, named and with what was read; nil for nil.
func reading(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("reading %s: %w", what, Explain(err))
}

// page reads the next rows. more reports that there may be others after them.
func (r *reader) page(ctx context.Context, db queryer, rest string, args []any, limit int) (page []row, more bool, err error) {
	query := `SELECT record.seq, record.time, record.source, record.kind, record.body, raw.base, raw.body FROM record LEFT JOIN raw ON raw.seq = record.seq `
	if r.noRaw {
		query = `SELECT record.seq, record.time, record.source, record.kind, record.body, NULL, NULL FROM record `
	}
	rows, err := db.QueryContext(ctx, query+rest+" LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, false, err
	}
	type pending struct {
		row
		kind      Kinds
		body, raw []byte
		base      sql.NullInt64
	}
	var all []pending
	size := 0
	for size < pageBytes && rows.Next() {
		var p pending
		if err = rows.Scan(&p.Seq, &p.key, &p.source, &p.kind, &p.body, &p.base, &p.raw); err != nil {
			break
		}
		size += len(p.body) + 8*len(p.raw)
		all = append(all, p)
	}
	more = size >= pageBytes || len(all) == limit
	heap := 0
	if err == nil {
		err = rows.Err()
	}
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	if len(all) > 0 {
		err = afterRow("record", all[len(all)-1].Seq, err)
	}
	for _, p := range all {
		if err != nil {
			return nil, false, err
		}
		var src source
		if src, err = r.source(ctx, db, p.source); err != nil {
			return nil, false, err
		}
		if p.Record, err = decodeRecord(p.body, p.kind, src.sensor, p.key); err != nil {
			return nil, false, fmt.Errorf("record %d: %w", p.Seq, err)
		}
		p.line = src.line
		switch raw := rawOf(p.Record); {
		case raw == nil:
		case r.noRaw:
			*raw = nil
		case p.base.Valid:
			var b *base
			if b, err = r.base(ctx, db, p.base.Int64); err != nil {
				return nil, false, err
			}
			if *raw, err = b.lines(p.raw); err != nil {
				return nil, false, fmt.Errorf("raw lines of record %d: %w", p.Seq, err)
			}
		}
		page = append(page, p.row)
		if heap += heapOf(p.Record); heap >= pageHeap {
			return page, true, nil
		}
	}
	return page, more, err
}

// afterRow names a row that could not be read by the one before it.
func afterRow(what string, last any, err error) error {
	if err == nil || interrupted(err) {
		return err
	}
	return fmt.Errorf("in the row after %s %v: %w", what, last, err)
}

// heapOf is about how many bytes a record takes in memory: a few bytes of a hostile store can be decoded to many cells, or long lines.
func heapOf(r cell.Record) (n int) {
	if o, ok := r.(*cell.Observation); ok {
		n = (len(o.Neighbours) + len(o.Secondary)) * int(reflect.TypeFor[cell.Cell]().Size())
	}
	if raw := rawOf(r); raw != nil {
		for _, l := range *raw {
			n += len(l)
		}
	}
	return n
}

// cached bounds the sources and bases that are remembered: hostile input could make many.
const cached = 256

func (r *reader) source(ctx context.Context, db queryer, id int64) (source, error) {
	if s, ok := r.sources[id]; ok {
		return s, nil
	}
	var s source
	var body []byte
	if err := one(ctx, db, "SELECT sensor, body FROM source WHERE id = ?", id, &s.sensor, &body); err != nil {
		return s, err
	}
	var err error
	if s.line, err = decodeSource(body, s.sensor); err != nil {
		return s, fmt.Errorf("source %d: %w", id, err)
	}
	if r.cached += len(body) + len(s.sensor); len(r.sources) >= cached || r.cached > longestValue {
		clear(r.sources)
		r.cached = 0
	}
	r.sources[id] = s
	return s, nil
}

func (r *reader) base(ctx context.Context, db queryer, id int64) (*base, error) {
	if b, ok := r.bases[id]; ok {
		return b, nil
	}
	b := &base{id: id} // reading needs no index
	if id != 0 {
		if err := one(ctx, db, "SELECT text FROM raw_base WHERE id = ?", id, &b.text); err != nil {
			return nil, err
		}
		if len(b.text) > 8*maxBase {
			return nil, fmt.Errorf("base %d of raw lines: %w", id, errCodec)
		}
	}
	if len(r.bases) >= cached {
		clear(r.bases)
	}
	r.bases[id] = b
	return b, nil
}

// one reads the row that must exist.
func one(ctx context.Context, db queryer, query string, id int64, dest ...any) error {
	rows, err := db.QueryContext(ctx, query, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return fmt.Errorf("%w: a row that others refer to is missing", ErrDamaged)
	}
	return rows.Scan(dest...)
}

// emit yields an entry, and before it the source line of its sensor if that is not the last one emitted.
func (r *reader) emit(row row, yield func(Entry, error) bool) bool {
	if r.lastSource != nil && row.line != nil && r.lastSource[row.line.Sensor] != row.source {
		if len(r.lastSource) >= 1<<16 {
			clear(r.lastSource)
		}
		r.lastSource[row.line.Sensor] = row.source
		line := *row.line // the caller may change what it is given
		if !yield(Entry{Seq: row.Seq, Record: &line}, nil) {
			return false
		}
	}
	return yield(row.Entry, nil)
}
