package storage

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"vigie/cell"
)

// Summary is what remains of one minute of one sensor once its observations are deleted. It counts only what was deleted:
// observations of the minute that are kept at full rate, near an event, are not in it. docs/keeping.md has its JSON form.
type Summary struct {
	Time         time.Time     `json:"t"` // start of the minute
	Sensor       string        `json:"sensor"`
	Source       *cell.Source  `json:"-"`            // that observed it; nil if the sensor sent none
	Observations int           `json:"observations"` // deleted
	Changes      int           `json:"changes"`      // of the serving cell within the minute
	Cells        []CellSummary `json:"cells"`        // by role, then most observations first
	More         int           `json:"more"`         // cells that are not listed, for lack of room
}

// Role is the role in which a cell was reported.
type Role uint8

// The roles.
const (
	RoleServing   Role = iota // camped on
	RoleNeighbour             // reported next to the serving cell
	RoleSecondary             // a further carrier in use
	RoleSurvey                // found by a scan of the bands
)

var roleNames = [...]string{"serving", "neighbour", "secondary", "survey"}

// MarshalText returns the name.
func (r Role) MarshalText() ([]byte, error) {
	if int(r) >= len(roleNames) {
		return nil, fmt.Errorf("no such role: %d", uint8(r))
	}
	return []byte(roleNames[r]), nil
}

// CellSummary is one cell in one role.
type CellSummary struct {
	Cell   cell.Cell          `json:"cell"` // its identity as it was reported: RAT, PLMN, area, ID, PCI, ARFCN, band; no levels
	Role   Role               `json:"role"`
	Count  int                `json:"count"` // observations that report it in this role
	Min    cell.Opt[cell.DBm] `json:"-"`     // of cell.Cell.Level; absent if no level was reported
	Median cell.Opt[cell.DBm] `json:"-"`     // of an even number, the lower of the two in the middle
	Max    cell.Opt[cell.DBm] `json:"-"`
}

// maxSummaryCells is how many cells a minute lists. Real places have a few dozen; a hostile one could have thousands.
const maxSummaryCells = 128

func floorMinute(key int64) int64 {
	m := key / int64(time.Minute)
	if key%int64(time.Minute) < 0 {
		m--
	}
	return m
}

// minutes makes summaries of observations, which may come in any order.
type minutes map[minuteOf]*minuteSum

type minuteOf struct{ minute, source int64 }

type minuteSum struct {
	observations, changes int
	serving               cell.Cell
	cells                 map[heardAs]*levels
}

type heardAs struct {
	cell cell.Cell
	role Role
}

type levels struct {
	count int
	all   []float64
}

// identityOf is the part of a cell that a summary keeps.
func identityOf(c *cell.Cell) cell.Cell {
	return cell.Cell{RAT: c.RAT, MCC: c.MCC, MNC: c.MNC, Area: c.Area, ID: c.ID, PCI: c.PCI, ARFCN: c.ARFCN, Band: c.Band}
}

func (m minutes) add(key, source int64, o *cell.Observation) {
	at := minuteOf{floorMinute(key), source}
	sum := m[at]
	if sum == nil {
		sum = &minuteSum{cells: map[heardAs]*levels{}}
		m[at] = sum
	}
	sum.observations++
	if o.Serving != nil {
		role := RoleServing
		if o.Survey {
			role = RoleSurvey
		}
		is := sum.add(o.Serving, role)
		if role == RoleServing {
			if sum.serving != (cell.Cell{}) && sum.serving != is {
				sum.changes++
			}
			sum.serving = is
		}
	}
	for i := range o.Neighbours {
		sum.add(&o.Neighbours[i], RoleNeighbour)
	}
	for i := range o.Secondary {
		sum.add(&o.Secondary[i], RoleSecondary)
	}
}

func (s *minuteSum) add(c *cell.Cell, role Role) cell.Cell {
	k := heardAs{identityOf(c), role}
	l := s.cells[k]
	if l == nil {
		l = &levels{}
		s.cells[k] = l
	}
	l.count++
	if v, ok := c.Level().Get(); ok && !math.IsNaN(float64(v)) {
		l.all = append(l.all, float64(v))
	}
	return k.cell
}

// summary is the minute in its stored form.
func (s *minuteSum) summary() (out Summary) {
	out.Observations, out.Changes = s.observations, s.changes
	for k, l := range s.cells {
		c := CellSummary{Cell: k.cell, Role: k.role, Count: l.count}
		if n := len(l.all); n > 0 {
			slices.Sort(l.all)
			c.Min, c.Median, c.Max = cell.Some(cell.DBm(l.all[0])), cell.Some(cell.DBm(l.all[(n-1)/2])), cell.Some(cell.DBm(l.all[n-1]))
		}
		out.Cells = append(out.Cells, c)
	}
	out.trim()
	return out
}

func (s *Summary) trim() {
	slices.SortFunc(s.Cells, func(a, b CellSummary) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Cell.ARFCN.Or(0), b.Cell.ARFCN.Or(0)),
			cmp.Compare(a.Cell.PCI.Or(0), b.Cell.PCI.Or(0)), cmp.Compare(a.Cell.ID.Or(0), b.Cell.ID.Or(0)))
	})
	if over := len(s.Cells) - maxSummaryCells; over > 0 {
		s.More += over
		s.Cells = s.Cells[:maxSummaryCells]
	}
}

// merge adds a second part of the same minute, which arrived or was released later. The median is that of the larger part.
func (s *Summary) merge(b Summary) {
	s.Observations += b.Observations
	s.Changes += b.Changes
	s.More += b.More
	at := map[heardAs]int{}
	for i, c := range s.Cells {
		at[heardAs{c.Cell, c.Role}] = i
	}
	for _, c := range b.Cells {
		i, there := at[heardAs{c.Cell, c.Role}]
		if !there {
			s.Cells = append(s.Cells, c)
			continue
		}
		a := &s.Cells[i]
		if c.Median.Known() && (!a.Median.Known() || c.Count > a.Count) {
			a.Median = c.Median
		}
		a.Count += c.Count
		if v, ok := c.Min.Get(); ok && v < a.Min.Or(cell.DBm(math.Inf(1))) {
			a.Min = c.Min
		}
		if v, ok := c.Max.Get(); ok && v > a.Max.Or(cell.DBm(math.Inf(-1))) {
			a.Max = c.Max
		}
	}
	s.trim()
}

func encodeSummary(s *Summary) []byte {
	c := &coder{b: []byte{codecVersion}, writing: true}
	c.summary(s)
	return c.b
}

func decodeSummary(b []byte) (s Summary, err error) {
	defer caught(&err)
	if len(b) == 0 || b[0] != codecVersion {
		return s, errCodec
	}
	c := &coder{b: b[1:]}
	if c.summary(&s); c.done() != nil {
		return Summary{}, errCodec
	}
	return s, nil
}

func (c *coder) summary(s *Summary) {
	c.count(&s.Observations)
	c.count(&s.Changes)
	c.count(&s.More)
	list(c, &s.Cells, func(c *coder, x *CellSummary) {
		c.cell(&x.Cell)
		number(c, &x.Role)
		c.count(&x.Count)
		masked(c, func(m *mask) {
			maybeFloat(c, m, &x.Min)
			maybeFloat(c, m, &x.Median)
			maybeFloat(c, m, &x.Max)
		})
	})
}

func (c *coder) count(n *int) {
	u := uint64(*n)
	if c.uint(&u); u > math.MaxInt32 {
		c.fail()
	} else if !c.writing {
		*n = int(u)
	}
}

// store adds the summaries to their table, each merged with what is stored of its minute.
func (m minutes) store(w *writer) error {
	for at, sum := range m {
		s := sum.summary()
		var old []byte
		if w.row("SELECT body FROM summary WHERE minute = ? AND source = ?", []any{at.minute, at.source}, &old) {
			before, err := decodeSummary(old)
			if err != nil {
				return err
			}
			before.merge(s)
			s = before
		}
		w.exec("INSERT OR REPLACE INTO summary (minute, source, body) VALUES (?, ?, ?)", at.minute, at.source, encodeSummary(&s))
	}
	return w.failed
}

// SummaryQuery selects summaries. The zero SummaryQuery selects all of them.
type SummaryQuery struct {
	Sensor string    // empty: every sensor
	From   time.Time // minutes that begin at or after it; zero: no bound
	To     time.Time // minutes that begin before it; zero: no bound
}

// Summaries yields summaries in order of time. Together with Records they are everything that was observed: nothing is in
// both.
func (s *Store) Summaries(ctx context.Context, q SummaryQuery) iter.Seq2[Summary, error] {
	return stream("summaries", func(yield func(Summary, error) bool) error { return s.summaries(ctx, q, yield) })
}

func (s *Store) summaries(ctx context.Context, q SummaryQuery, yield func(Summary, error) bool) error {
	from, to, after := int64(math.MinInt64), int64(math.MaxInt64), int64(-1)
	if !q.From.IsZero() {
		from = floorMinute(keyOf(q.From.Add(time.Minute - 1)))
	}
	if !q.To.IsZero() {
		to = floorMinute(keyOf(q.To.Add(time.Minute - 1)))
	}
	sources := map[int64]*cell.Source{}
	for {
		var page []Summary
		size := 0
		if len(sources) >= cached {
			clear(sources)
		}
		err := eachRow(ctx, s.rdb, `SELECT summary.minute, summary.source, source.sensor, summary.body, source.body FROM summary JOIN source ON source.id = summary.source
			WHERE (summary.minute, summary.source) > (?, ?) AND summary.minute < ? AND (? = '' OR source.sensor = ?) ORDER BY summary.minute, summary.source LIMIT ?`,
			[]any{from, after, to, q.Sensor, q.Sensor, pageRows}, func(rows *sql.Rows) error {
				var sensor string
				var body, source []byte
				if err := rows.Scan(&from, &after, &sensor, &body, &source); err != nil {
					return err
				}
				one, err := decodeSummary(body)
				if err == nil && sources[after] == nil {
					sources[after], err = decodeSource(source, sensor)
				}
				if err != nil {
					return fmt.Errorf("minute %d of source %d: %w", from, after, err)
				}
				one.Sensor, one.Time, one.Source = sensor, time.Unix(from*60, 0).UTC(), sources[after]
				page = append(page, one)
				if size += len(body) + len(source); size >= pageBytes {
					return errEnough
				}
				return nil
			})
		if err != nil {
			return err
		}
		for _, one := range page {
			if !yield(one, nil) {
				return nil
			}
		}
		if len(page) < pageRows && size < pageBytes {
			return nil
		}
	}
}

// Summarised reports whether the store has a summary of the minute of a record, so that the record may be included in it.
func (t *Tx) Summarised(r cell.Record) (bool, error) {
	if err := t.check(); err != nil {
		return false, err
	}
	if kind := kindOf(r); kind&purgedKinds == 0 {
		return false, nil
	}
	var n int
	there := t.w.row("SELECT 1 FROM summary WHERE minute = ? AND source IN (SELECT id FROM source WHERE sensor = ?) LIMIT 1",
		[]any{floorMinute(keyOf(r.When())), r.From()}, &n)
	return there, t.w.failed
}

// MarshalJSON writes a cell with the names of the interchange format (docs/fields.md), and its levels in dBm.
func (c CellSummary) MarshalJSON() ([]byte, error) {
	line := map[string]any{"rat": c.Cell.RAT.String(), "role": c.Role, "count": c.Count}
	set := func(key string, v any, known bool) {
		if known {
			line[key] = v
		}
	}
	set("mcc", c.Cell.MCC, c.Cell.MCC != "")
	set("mnc", c.Cell.MNC, c.Cell.MNC != "")
	set("area", c.Cell.Area.Or(0), c.Cell.Area.Known())
	set("cell_id", c.Cell.ID.Or(0), c.Cell.ID.Known())
	set("pci", c.Cell.PCI.Or(0), c.Cell.PCI.Known())
	set("arfcn", c.Cell.ARFCN.Or(0), c.Cell.ARFCN.Known())
	set("band", c.Cell.Band.Or(0), c.Cell.Band.Known())
	for key, v := range map[string]cell.Opt[cell.DBm]{"min": c.Min, "median": c.Median, "max": c.Max} {
		set(key, float64(v.Or(0)), v.Known() && !math.IsInf(float64(v.Or(0)), 0))
	}
	return json.Marshal(line)
}
