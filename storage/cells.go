package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"vigie/cell"
)

// KnownCell is what is known of a cell that was reported with its identity, as serving cell or as neighbour.
type KnownCell struct {
	RAT      cell.RAT
	MCC, MNC string // as the modem printed them; one network can be printed in two ways
	Area     cell.Opt[cell.Area]
	ID       uint64
	PCI      cell.Opt[uint16] // as last heard
	ARFCN    cell.Opt[uint32] // as last heard

	First, Last time.Time
	Count       int64              // observations that report it
	Serving     int64              // of Count: as serving cell
	Weakest     cell.Opt[cell.DBm] // of cell.Cell.Level
	Strongest   cell.Opt[cell.DBm]
	Sensor      string // that reported it last
}

// CellQuery selects cells. The zero CellQuery selects all of them.
type CellQuery struct {
	RAT  cell.RAT // 0: any
	ID   cell.Opt[uint64]
	Area cell.Opt[cell.Area]
}

// tallyEvery is how many records are counted together, so that the count of a cell is written once and not for each record.
// Records that are not counted yet are counted when a caller asks.
const tallyEvery = 1024

type identity struct {
	rat      cell.RAT
	mcc, mnc string
	area     int64 // -1: unknown
	id       uint64
}

// tally is what some records add to the stored cells and counts.
type tally struct {
	observations, others int64
	cells                map[identity]*KnownCell
	reach                map[string]span // by sensor: time keys of its first and last record
}

func newTally() tally { return tally{cells: map[identity]*KnownCell{}, reach: map[string]span{}} }

// merge adds another tally.
func (t *tally) merge(b *tally) {
	t.observations += b.observations
	t.others += b.others
	for key, k := range b.cells {
		if have := t.cells[key]; have != nil {
			have.merge(k)
		} else {
			one := *k
			t.cells[key] = &one
		}
	}
	for sensor, in := range b.reach {
		if have, ok := t.reach[sensor]; ok {
			in = span{min(in.from, have.from), max(in.to, have.to)}
		}
		t.reach[sensor] = in
	}
}

// reaches extends the reach of a sensor to a time.
func (t *tally) reaches(sensor string, at time.Time) {
	key := keyOf(at)
	in, ok := t.reach[sensor]
	if !ok {
		in = span{key, key}
	}
	t.reach[sensor] = span{min(in.from, key), max(in.to, key)}
}

// count adds the records after one sequence number, up to and including another.
func (t *tally) count(ctx context.Context, db queryer, after, upto int64) error {
	r := newReader(false, true)
	for {
		rows, more, err := r.page(ctx, db, "WHERE record.seq > ? AND record.seq <= ? ORDER BY record.seq", []any{after, upto}, pageRows)
		if err != nil {
			return err
		}
		for _, row := range rows {
			t.add(row.Record)
			after = row.Seq
		}
		if (len(t.cells)+len(t.reach))*rowHeap > mostGathered { // a store counts every thousand records
			return errTooMany
		}
		if !more {
			return nil
		}
	}
}

func (t *tally) add(r cell.Record) {
	t.reaches(r.From(), r.When())
	o, ok := r.(*cell.Observation)
	if !ok {
		t.others++
		return
	}
	t.observations++
	heard := map[identity]bool{}
	if o.Serving != nil {
		t.heard(o, o.Serving, !o.Survey, heard)
	}
	for i := range o.Neighbours {
		t.heard(o, &o.Neighbours[i], false, heard)
	}
	for i := range o.Secondary {
		t.heard(o, &o.Secondary[i], false, heard)
	}
}

func (t *tally) heard(o *cell.Observation, c *cell.Cell, serving bool, heard map[identity]bool) {
	id, ok := c.ID.Get()
	if !ok {
		return
	}
	key := identity{c.RAT, c.MCC, c.MNC, -1, id}
	if a, ok := c.Area.Get(); ok {
		key.area = int64(a)
	}
	k := t.cells[key]
	if k == nil {
		k = &KnownCell{RAT: c.RAT, MCC: c.MCC, MNC: c.MNC, Area: c.Area, ID: id, First: o.Time, Last: o.Time}
		t.cells[key] = k
	}
	if !heard[key] {
		heard[key] = true
		k.Count++
	}
	if serving {
		k.Serving++
	}
	level := c.Level()
	k.merge(&KnownCell{First: o.Time, Last: o.Time, PCI: c.PCI, ARFCN: c.ARFCN, Weakest: level, Strongest: level, Sensor: o.Sensor})
}

// merge adds what b knows of the same cell.
func (k *KnownCell) merge(b *KnownCell) {
	k.Count += b.Count
	k.Serving += b.Serving
	if b.First.Before(k.First) {
		k.First = b.First
	}
	if !b.Last.Before(k.Last) {
		k.Last, k.Sensor = b.Last, b.Sensor
		if b.PCI.Known() {
			k.PCI = b.PCI
		}
		if b.ARFCN.Known() {
			k.ARFCN = b.ARFCN
		}
	}
	if v, ok := b.Weakest.Get(); ok && v < k.Weakest.Or(cell.DBm(math.Inf(1))) {
		k.Weakest = b.Weakest
	}
	if v, ok := b.Strongest.Get(); ok && v > k.Strongest.Or(cell.DBm(math.Inf(-1))) {
		k.Strongest = b.Strongest
	}
}

const cellColumns = "rat, mcc, mnc, area, id, first, last, count, serving, weakest, strongest, pci, arfcn, sensor"

func scanCell(rows interface{ Scan(...any) error }) (k KnownCell, key identity, err error) {
	var first, last int64
	var id int64
	var weakest, strongest sql.NullFloat64
	var pci, arfcn sql.NullInt64
	err = rows.Scan(&key.rat, &key.mcc, &key.mnc, &key.area, &id, &first, &last, &k.Count, &k.Serving, &weakest, &strongest, &pci, &arfcn, &k.Sensor)
	key.id = uint64(id)
	k.RAT, k.MCC, k.MNC, k.ID, k.First, k.Last = key.rat, key.mcc, key.mnc, key.id, keyTime(first), keyTime(last)
	if key.area >= 0 {
		k.Area = cell.Some(cell.Area(key.area))
	}
	if weakest.Valid {
		k.Weakest, k.Strongest = cell.Some(cell.DBm(weakest.Float64)), cell.Some(cell.DBm(strongest.Float64))
	}
	if pci.Valid {
		k.PCI = cell.Some(uint16(pci.Int64))
	}
	if arfcn.Valid {
		k.ARFCN = cell.Some(uint32(arfcn.Int64))
	}
	return k, key, err
}

// tally stores what was counted since the last call.
func (w *writer) tally() error {
	t := &w.fresh
	read, err := w.prepare("SELECT " + cellColumns + " FROM cell WHERE rat = ? AND mcc = ? AND mnc = ? AND area = ? AND id = ?")
	if err != nil {
		return err
	}
	for key, k := range t.cells {
		old, _, err := scanCell(read.QueryRowContext(context.Background(), int64(key.rat), key.mcc, key.mnc, key.area, int64(key.id)))
		if err == nil {
			old.merge(k)
			k = &old
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		w.exec("INSERT OR REPLACE INTO cell ("+cellColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			int64(key.rat), key.mcc, key.mnc, key.area, int64(key.id), keyOf(k.First), keyOf(k.Last), k.Count, k.Serving,
			known(k.Weakest), known(k.Strongest), known(k.PCI), known(k.ARFCN), k.Sensor)
	}
	for sensor, in := range t.reach {
		w.exec("INSERT INTO reach VALUES (?, ?, ?) ON CONFLICT (sensor) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)",
			sensor, in.from, in.to)
	}
	if err := w.exec("UPDATE tally SET upto = ?, observations = observations + ?, others = others + ?", w.seq, t.observations, t.others); err != nil {
		return err
	}
	w.upto, w.fresh = w.seq, newTally()
	return nil
}

// known is the value of an Opt for a column: NULL if it is absent.
func known[T ~uint16 | ~uint32 | ~float64](o cell.Opt[T]) any {
	v, ok := o.Get()
	if !ok {
		return nil
	}
	if f := float64(v); f != math.Trunc(f) || math.IsInf(f, 0) {
		return f
	}
	return int64(v)
}

// Cells yields every cell that was reported with its identity, in order of RAT, PLMN, area and identity. A neighbour of which
// only channel and PCI are known is not among them. A cell with two area codes is two cells. Cells reads one state of the store
// and keeps it open while the caller works: the log cannot be emptied meanwhile.
func (s *Store) Cells(ctx context.Context, q CellQuery) iter.Seq2[KnownCell, error] {
	return stream("cells", func(yield func(KnownCell, error) bool) error { return s.cells(ctx, q, yield) })
}

func (s *Store) cells(ctx context.Context, q CellQuery, yield func(KnownCell, error) bool) error {
	s.commitPending()
	tx, err := s.rdb.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	fresh, err := uncounted(ctx, tx)
	if err != nil {
		return err
	}
	where, args := "WHERE true", []any(nil)
	if q.RAT != 0 {
		where, args = where+" AND rat = ?", append(args, int64(q.RAT))
	}
	if id, ok := q.ID.Get(); ok {
		where, args = where+" AND id = ?", append(args, int64(id))
	}
	if area, ok := q.Area.Get(); ok {
		where, args = where+" AND area = ?", append(args, int64(area))
	}
	for key := range fresh.cells {
		if q.RAT != 0 && q.RAT != key.rat || q.ID.Known() && q.ID.Or(0) != key.id || q.Area.Known() && int64(q.Area.Or(0)) != key.area {
			delete(fresh.cells, key)
		}
	}
	rest := slices.SortedFunc(maps.Keys(fresh.cells), compareIdentity) // not counted yet, to be merged in
	rows, err := tx.QueryContext(ctx, "SELECT "+cellColumns+" FROM cell "+where+" ORDER BY rat, mcc, mnc, area, id", args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		k, key, err := scanCell(rows)
		if err != nil {
			return err
		}
		for ; len(rest) > 0 && compareIdentity(rest[0], key) < 0; rest = rest[1:] {
			if !yield(*fresh.cells[rest[0]], nil) {
				return nil
			}
		}
		if len(rest) > 0 && rest[0] == key {
			k.merge(fresh.cells[key])
			rest = rest[1:]
		}
		if !yield(k, nil) {
			return nil
		}
	}
	for _, key := range rest {
		if !yield(*fresh.cells[key], nil) {
			return nil
		}
	}
	return rows.Err()
}

// compareIdentity is the order of the primary key. SQLite's integers are signed.
func compareIdentity(a, b identity) int {
	return cmp.Or(cmp.Compare(a.rat, b.rat), cmp.Compare(a.mcc, b.mcc), cmp.Compare(a.mnc, b.mnc), cmp.Compare(a.area, b.area),
		cmp.Compare(int64(a.id), int64(b.id)))
}

// uncounted counts the records that are not in the table yet.
func uncounted(ctx context.Context, tx *sql.Tx) (t tally, err error) {
	var upto, newest int64
	if err := tx.QueryRowContext(ctx, "SELECT upto, ifnull((SELECT max(seq) FROM record), 0) FROM tally").Scan(&upto, &newest); err != nil {
		return t, err
	}
	t = newTally()
	return t, t.count(ctx, tx, upto, newest)
}
