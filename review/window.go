package review

import (
	"context"
	"math"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// window is what was observed around an event, or in a period.
type window struct {
	From, To time.Time
	Source   *cell.Source
	Records  []cell.Record // in order of time, cleaned
	Cut      bool          // there are more records than these
	Minutes  []cell.Record // what summaries tell of minutes of which no records are left, in order of time
}

const (
	around      = 10 * time.Minute // before and after an event
	longestShow = 2 * time.Hour    // of an event that lasted longer its first part is drawn
	mostRecords = 12000            // in one window
)

// spanOf is the time that the page of an event shows.
func spanOf(e *analyzer.Event) (from, to time.Time) {
	from, to = e.First.Add(-around), e.Last.Add(around)
	if to.Sub(from) > longestShow {
		to = from.Add(longestShow)
	}
	return from, to
}

// window reads what a sensor (as the store names it) recorded of a time, at the times that really were.
func (d *Desk) window(ctx context.Context, s Store, sensor string, from, to time.Time, raw bool) (*window, error) {
	w := &window{From: from, To: to}
	stretches, err := d.recorded(ctx, s, sensor, from, to)
	if err != nil {
		return nil, err
	}
	for _, part := range stretches {
		if err := d.read(ctx, s, storage.Query{Sensor: sensor, From: part.From, To: part.To, Limit: mostRecords + 1, NoRaw: !raw}, part.Offset, w); err != nil {
			return nil, err
		}
		for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: sensor, From: part.From, To: part.To}) {
			if err != nil {
				return nil, err
			}
			if w.Source == nil && m.Source != nil {
				w.Source = d.cleanRecord(m.Source).(*cell.Source)
			}
			for _, o := range d.summed(&m, part.Offset) {
				w.Minutes = append(w.Minutes, o)
			}
		}
	}
	if len(stretches) > 1 {
		inOrder(w.Records)
		inOrder(w.Minutes)
	}
	return w, nil
}

func inOrder(rs []cell.Record) {
	slices.SortStableFunc(rs, func(a, b cell.Record) int { return a.When().Compare(b.When()) })
}

// read adds to a window what a query finds, by so much later than recorded.
func (d *Desk) read(ctx context.Context, s Store, q storage.Query, by time.Duration, w *window) error {
	for e, err := range s.Records(ctx, q) {
		if err != nil {
			return err
		}
		e.Record = shifted(e.Record, by)
		if src, ok := e.Record.(*cell.Source); ok {
			if w.Source == nil {
				w.Source = d.cleanRecord(src).(*cell.Source)
			}
			continue
		}
		if len(w.Records) == mostRecords {
			w.Cut = true
			break
		}
		if o, ok := e.Record.(*cell.Observation); ok && !q.NoRaw { // its lines are scrubbed when they are shown: few of them are
			lines := o.Raw
			o.Raw = nil
			o = d.cleanRecord(o).(*cell.Observation)
			o.Raw = lines
			w.Records = append(w.Records, o)
			continue
		}
		w.Records = append(w.Records, d.cleanRecord(e.Record))
	}
	return nil
}

// series is a window as the chart draws it: a value a moment, and what stays the same for a while as runs.
type series struct {
	From    float64    `json:"from"` // Unix seconds, like all times here
	To      float64    `json:"to"`
	Time    []float64  `json:"time"`
	Level   []*float64 `json:"level"`   // dBm: RSRP, RSCP or RSSI of the serving cell
	Quality []*float64 `json:"quality"` // dB: RSRQ or Ec/Io
	Best    []*float64 `json:"best"`    // dBm: the strongest neighbour
	Count   []*float64 `json:"count"`   // neighbours heard
	Cells   []run      `json:"cells"`   // serving cells
	RATs    []run      `json:"rats"`
	States  []run      `json:"states"`
	Regs    []instant  `json:"registrations"`
	Blind   []run      `json:"blind"`
	Event   [2]float64 `json:"event"`
	Spots   []spot     `json:"positions"`
	cells   map[string]int
	regs    map[cell.Domain]string // as last told
	gap     float64                // seconds without a value that break a line; 0: hole
}

type run struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
	Name string  `json:"name"`
	Kind int     `json:"kind"` // of cells: which colour; of RATs: the generation
}

type instant struct {
	At   float64 `json:"at"`
	Text string  `json:"text"`
	Bad  bool    `json:"bad"` // denied
	what status
}

type spot struct {
	At       float64  `json:"at"`
	Lat      float64  `json:"lat"`
	Lon      float64  `json:"lon"`
	Accuracy *float64 `json:"accuracy_m,omitempty"`
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func value[T ~float64](o cell.Opt[T]) *float64 {
	v, ok := o.Get()
	f := float64(v)
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// quality of a cell in dB.
func quality(c *cell.Cell) cell.Opt[cell.DB] {
	if c.RSRQ.Known() {
		return c.RSRQ
	}
	return c.EcIo
}

// hole is how many seconds without a record are a hole and not a line: two rounds of the slowest asking.
const hole = 150

// mostPoints is how many moments a chart holds; more cannot be told apart.
const mostPoints = 2400

// draw makes the series of a window.
func draw(w *window, e *analyzer.Event) *series {
	s := &series{From: unix(w.From), To: unix(w.To), cells: map[string]int{}, regs: map[cell.Domain]string{}, Time: []float64{}, Level: []*float64{}, Quality: []*float64{}, Best: []*float64{}, Count: []*float64{}}
	if e != nil {
		s.Event = [2]float64{unix(e.First), unix(e.Last)}
	}
	records := w.Records
	if len(w.Minutes) > 0 {
		records = slices.Concat(w.Records, w.Minutes)
		inOrder(records)
	}
	thin := len(records)/mostPoints + 1
	last, lastName := 0.0, ""
	for n, r := range records {
		at := unix(r.When())
		switch r := r.(type) {
		case *cell.Gap:
			to := unix(r.Until)
			if r.Until.IsZero() {
				to = at
			}
			if k := len(s.Blind); k > 0 && s.Blind[k-1].From == at {
				s.Blind[k-1].To = max(to, s.Blind[k-1].To)
			} else {
				s.Blind = append(s.Blind, run{at, to, plainTo(r.Reason, 60), 0})
			}
		case *cell.Observation:
			if r.Survey {
				continue
			}
			if last != 0 && at-last > hole { // records stop: a hole, not a line
				s.point(at-1, nil, nil, nil, nil)
			}
			last = at
			s.observe(at, r)
			name := lastName
			if r.Serving != nil {
				name = servingName(r.Serving)
			}
			if n%thin == 0 || name != lastName || denied(r) {
				s.values(at, r)
			}
			lastName = name
		}
	}
	for i := range s.Blind { // one that lasts ends with the next thing heard
		if b := &s.Blind[i]; b.To == b.From {
			b.To = s.To
			for _, t := range s.Time {
				if t > b.From {
					b.To = t
					break
				}
			}
		}
	}
	return s
}

func denied(o *cell.Observation) bool {
	return slices.ContainsFunc(o.Registration, func(r cell.Registration) bool { return r.Status.Or(0) == 3 })
}

func (s *series) point(at float64, level, quality, best, count *float64) {
	s.Time, s.Level, s.Quality = append(s.Time, at), append(s.Level, level), append(s.Quality, quality)
	s.Best, s.Count = append(s.Best, best), append(s.Count, count)
}

func (s *series) values(at float64, o *cell.Observation) {
	var level, q, best, count *float64
	if o.Serving != nil {
		level, q = value(o.Serving.Level()), value(quality(o.Serving))
	}
	if o.Neighbours != nil {
		n := float64(len(o.Neighbours))
		count = &n
		for i := range o.Neighbours {
			if v := value(o.Neighbours[i].Level()); v != nil && (best == nil || *v > *best) {
				best = v
			}
		}
	}
	if level == nil && q == nil && count == nil {
		return
	}
	s.point(at, level, q, best, count)
}

func (s *series) observe(at float64, o *cell.Observation) {
	if c := o.Serving; c != nil {
		name := servingName(c)
		kind, ok := s.cells[name]
		if !ok {
			kind = len(s.cells)
			s.cells[name] = kind
		}
		s.Cells = extend(s.Cells, at, name, kind)
		s.RATs = extend(s.RATs, at, c.RAT.String(), c.RAT.Generation())
	}
	if o.State == cell.NoService || o.State == cell.Searching {
		s.Cells, s.RATs = extend(s.Cells, at, "", -1), extend(s.RATs, at, "", 0)
	}
	if o.State != "" {
		s.States = extend(s.States, at, plainTo(string(o.State), 20), 0)
	}
	for _, r := range o.Registration {
		text := registrationText(r)
		bad := r.Status.Or(0) == regDenied
		if n := len(s.Regs); s.regs[r.Domain] == text || n >= 400 && !bad || n >= 800 {
			continue
		}
		s.regs[r.Domain] = text
		s.Regs = append(s.Regs, instant{at, text, bad, status(r)})
	}
	if p := o.Position; p != nil && len(s.Spots) < 2000 && math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 {
		if n := len(s.Spots); n == 0 || s.Spots[n-1].Lat != p.Lat || s.Spots[n-1].Lon != p.Lon {
			s.Spots = append(s.Spots, spot{at, degrees(p.Lat), degrees(p.Lon), value(p.Accuracy)})
		}
	}
}

// extend makes the last run longer, or begins another.
func extend(rs []run, at float64, name string, kind int) []run {
	n := len(rs)
	if n > 0 && rs[n-1].Name == name && at-rs[n-1].To < hole {
		rs[n-1].To = at
		return rs
	}
	if n > 0 && at-rs[n-1].To < hole {
		rs[n-1].To = at
	}
	if n >= 2000 {
		return rs
	}
	return append(rs, run{at, at, name, kind})
}

// servingName is a serving cell in a legend: as short as tells it apart.
func servingName(c *cell.Cell) string {
	short := *c
	short.MCC, short.MNC, short.Band = "", "", cell.Opt[cell.Band]{}
	return cell.Describe(&short)
}
