package storage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"

	"vigie/cell"
)

// writer is the connection that writes, with a cache of what it would otherwise look up for each record. Store.mu guards it.
// After a failed transaction load sets it back to what is stored.
type writer struct {
	conn         *sql.Conn
	gate         gate
	prepared     map[string]*sql.Stmt
	broken       error // of load; nothing is written until load succeeds
	failed       error // the first of the current transaction
	checkpointAt int64

	seq           int64                    // the last sequence number given
	newest        int64                    // time key of the newest record when the writer was loaded
	last          map[string]int64         // by sensor: time key of its newest record since then
	recent        map[string]int64         // by sensor: time key of the record that came last
	currentSource map[string]currentSource // by sensor
	purged        int64                    // time key; everything before it was purged (retention.go)
	base          *base
	baseAge       int   // records since base is in use
	newestBase    int64 // number of the newest base, which may not be in use
	upto          int64 // sequence number up to which records are in the tables of cells and counts
	fresh         tally // of the records after upto
	buf           []byte
	crowds        crowds
}

type currentSource struct {
	id   int64
	body []byte // of the source; nil: the sensor sent none
}

func (s *Store) startWriting(ctx context.Context) error {
	conn, err := s.wdb.Conn(ctx)
	if err != nil {
		return err
	}
	s.w = &writer{conn: conn, gate: s.rdb.gate, prepared: map[string]*sql.Stmt{}, checkpointAt: checkpointLog}
	if err := errors.Join(s.w.load(), s.w.number()); err != nil || s.path == "" {
		return err
	}
	if s.journal, err = newJournal(s.path, s.key); err != nil {
		return err
	}
	return s.recoverJournal(ctx)
}

func (w *writer) close() error {
	var errs []error
	for _, st := range w.prepared {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

// load reads the cached values from the database, and forgets those of a failed transaction.
func (w *writer) load() error {
	w.last, w.recent, w.currentSource, w.baseAge, w.crowds = map[string]int64{}, map[string]int64{}, map[string]currentSource{}, 0, crowds{}
	ctx := context.Background()
	var newest sql.NullInt64
	err := w.conn.QueryRowContext(ctx, `SELECT max(ifnull((SELECT max(seq) FROM record), 0), ifnull((SELECT max(seq) FROM event), 0),
		(SELECT spent FROM sequence)), (SELECT max(time) FROM record), (SELECT upto FROM tally), (SELECT upto FROM swept)`).Scan(&w.seq, &newest, &w.upto, &w.purged)
	if err != nil {
		return err
	}
	w.newest = newest.Int64
	if !newest.Valid {
		w.newest = keyOf(farPast)
	}
	w.fresh = newTally()
	if err := w.fresh.count(ctx, w.conn, w.upto, w.seq); err != nil {
		return err
	}
	var id int64
	var text []byte
	w.newestBase = 0
	switch err := w.conn.QueryRowContext(ctx, "SELECT id, text FROM raw_base ORDER BY id DESC LIMIT 1").Scan(&id, &text); {
	case errors.Is(err, sql.ErrNoRows):
		w.base, w.baseAge = newBase(0, nil), baseAge
	case err != nil:
		return err
	default:
		if w.newestBase = id; w.base == nil || w.base.id != id {
			w.base = newBase(id, text)
		}
	}
	return nil
}

// exec runs a statement, which is prepared once. After a failure exec and row do nothing more in the transaction, and exec
// returns the first error: on a full disk SQLite rolls back by itself, and the next statement would be a transaction of its
// own. So a caller need check only the last of several statements, and what it reads before it uses it.
func (w *writer) exec(query string, args ...any) error {
	if w.failed != nil {
		return w.failed
	}
	st, err := w.prepare(query)
	if err == nil {
		_, err = st.ExecContext(context.Background(), args...)
	}
	w.failed = err
	return err
}

func (w *writer) prepare(query string) (*sql.Stmt, error) {
	st, ok := w.prepared[query]
	if !ok {
		var err error
		if st, err = w.conn.PrepareContext(context.Background(), query); err != nil {
			return nil, err
		}
		w.prepared[query] = st
	}
	return st, nil
}

// row runs a query for one row, and reports whether there was one. w.failed is the error.
func (w *writer) row(query string, args []any, dest ...any) bool {
	if w.failed != nil {
		return false
	}
	st, err := w.prepare(query)
	if err == nil {
		err = st.QueryRowContext(context.Background(), args...).Scan(dest...)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return false
	}
	w.failed = err
	return err == nil
}

// Tx is a transaction of Update. It is valid until the function of Update returns.
type Tx struct {
	ctx    context.Context
	w      *writer // nil once it has ended
	urgent bool    // sync before Update returns
	clean  Cleaner //
}

func (t *Tx) check() error {
	if t.w == nil {
		return errors.New("the transaction is over")
	}
	return t.ctx.Err()
}

// Seq is the sequence number of the last record or change of an event, those of this transaction included. SaveState takes it
// to say how far the analyzer is.
func (t *Tx) Seq() int64 { return t.w.seq }

// Append adds records in the order given, and returns Seq. A record that is stored already (same sensor, time and content)
// adds nothing, nor does a source line that equals the current one of its sensor. A source line applies to what its sensor
// sends after it. It keeps no reference to recs.
func (t *Tx) Append(recs ...cell.Record) (seq int64, err error) {
	for _, r := range recs {
		if err := t.check(); err != nil {
			return 0, err
		}
		kind := kindOf(r)
		r = t.clean.Record(r)
		switch kind {
		case 0:
			return 0, fmt.Errorf("a %T is no record that can be stored", r)
		case Sources:
			_, err = t.w.setSource(r.From(), encodeRecord(nil, r))
		default:
			err = t.w.append(r, kind)
		}
		if err != nil {
			return 0, err
		}
	}
	if t.w.seq-t.w.upto >= tallyEvery {
		if err := t.w.tally(); err != nil {
			return 0, err
		}
	}
	return t.w.seq, nil
}

func (w *writer) append(r cell.Record, kind Kinds) error {
	sensor := r.From()
	key := keyOf(r.When())
	w.buf = encodeRecord(w.buf[:0], r)
	var raw *[]string
	if lines := rawOf(r); lines != nil {
		fits := shorten(*lines, longestRaw)
		raw = &fits
	}
	last, seen := w.last[sensor]
	if !seen {
		last = w.newest
	}
	if key > last { // newer than every record of this sensor: it cannot be stored already
		w.last[sensor] = key
	} else if there, err := w.exists(sensor, key, kind, w.buf, raw); there || err != nil {
		return err
	}
	w.recent[sensor] = key
	g := pendingRecord{sensor: sensor, kind: kind, key: key, body: w.buf}
	if raw != nil {
		g.raw = *raw
	}
	w.fresh.add(r)
	return w.insert(g)
}

// insert adds a record that is not stored yet. The caller adds it to the counts. Its body may be buf.
func (w *writer) insert(g pendingRecord) error {
	force, ok := w.currentSource[g.sensor]
	if !ok {
		var err error
		if force, err = w.setSource(g.sensor, nil); err != nil {
			return err
		}
	}
	if g.key < w.purged { // late: the next purge must look at its time again
		w.setPurged(g.key)
	}
	w.seq++
	w.crowds.add(g)
	err := w.exec("INSERT INTO record (seq, time, source, kind, body) VALUES (?, ?, ?, ?, ?)", w.seq, g.key, force.id, int64(g.kind), g.body)
	if err == nil && len(g.raw) > 0 {
		err = w.appendRaw(g.raw)
	}
	return err
}

func (w *writer) appendRaw(lines []string) error {
	var poor bool
	w.buf, poor = w.base.appendDelta(w.buf[:0], lines)
	if err := w.exec("INSERT INTO raw (seq, base, body) VALUES (?, ?, ?)", w.seq, w.base.id, w.buf); err != nil {
		return err
	}
	if w.baseAge++; !poor || w.baseAge < baseAge {
		return nil
	}
	text, own := w.base.renewed(lines)
	w.newestBase++
	w.base, w.baseAge = newBase(w.newestBase, text), 0
	w.exec("INSERT INTO raw_base (id, text) VALUES (?, ?)", w.base.id, text)
	return w.exec("INSERT INTO base_made (base, seq, own) VALUES (?, ?, ?)", w.base.id, w.seq, own)
}

// setPurged stores the time key up to which full rate was purged.
func (w *writer) setPurged(key int64) error {
	w.purged = max(key, -math.MaxInt64)
	return w.exec("UPDATE swept SET upto = ?", w.purged)
}

// exists reports whether a record is stored already, with the same raw lines.
func (w *writer) exists(sensor string, key int64, kind Kinds, body []byte, raw *[]string) (bool, error) {
	if there, many, err := w.inCrowd(sensor, key, kind, body, raw); many || err != nil {
		return there, err
	}
	// The + keeps SQLite from looking at the value of kind to choose a partial index, for which it would compile the
	// statement again each time.
	st, err := w.prepare(`SELECT raw.base, raw.body, raw_base.text FROM record JOIN source ON source.id = record.source
		LEFT JOIN raw ON raw.seq = record.seq LEFT JOIN raw_base ON raw_base.id = raw.base
		WHERE record.time = ? AND +record.kind = ? AND source.sensor = ? AND record.body = ?`)
	if err != nil {
		return false, err
	}
	rows, err := st.QueryContext(context.Background(), key, int64(kind), sensor, body)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		var id sql.NullInt64
		var stored, text []byte
		if err := rows.Scan(&id, &stored, &text); err != nil {
			return false, err
		}
		if raw == nil || len(*raw) == 0 {
			if !id.Valid {
				return true, nil
			}
			continue
		}
		if !id.Valid {
			continue
		}
		b := w.base
		if b.id != id.Int64 {
			b = &base{text: text}
		}
		lines, err := b.lines(stored)
		if err != nil {
			return false, err
		}
		if slices.Equal(lines, *raw) {
			return true, nil
		}
	}
	return false, rows.Err()
}

// setSource makes a source the current one of its sensor. Without a body it is the last one in the database.
func (w *writer) setSource(sensor string, body []byte) (currentSource, error) {
	force, ok := w.currentSource[sensor]
	if !ok {
		ok = w.row("SELECT source.id, source.body FROM sensor JOIN source ON source.id = sensor.source WHERE sensor.name = ?",
			[]any{sensor}, &force.id, &force.body)
	}
	if !ok || body != nil && !bytes.Equal(body, force.body) {
		const find = "SELECT id FROM source WHERE sensor = ? AND body IS ?"
		force = currentSource{body: body}
		if !w.row(find, []any{sensor, nullable(body)}, &force.id) {
			w.exec("INSERT INTO source (sensor, body) VALUES (?, ?)", sensor, nullable(body))
			w.row(find, []any{sensor, nullable(body)}, &force.id)
		}
		w.exec("INSERT INTO sensor (name, source) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET source = excluded.source", sensor, force.id)
	}
	if w.failed == nil {
		w.currentSource[sensor] = force
	}
	return force, w.failed
}

func nullable(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// Append adds records in one transaction (see Tx.Append). A nil error acknowledges all of them.
func (s *Store) Append(ctx context.Context, recs ...cell.Record) error {
	return s.Update(ctx, func(t *Tx) error {
		_, err := t.Append(recs...)
		return err
	})
}
