package evidence

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// Baseline is the same hours of the days before: for each slot of time, how strong the serving cell was. Times are Unix seconds,
// levels dBm; nil is no value.
type Baseline struct {
	Days      int        `json:"days"`       // with observations
	Summaries int        `json:"summarised"` // of them, those of which only summaries of a minute are left
	Time      []float64  `json:"time"`       // middle of the slot, moved to the day of the event
	Low       []*float64 `json:"low"`        // a tenth of the values are below
	Mid       []*float64 `json:"middle"`     // median
	High      []*float64 `json:"high"`       // a tenth are above
	Cells     []CellDays `json:"cells"`      // serving cells of those hours, most heard first
	Fallbacks int        `json:"fallbacks"`  // changes to a lower generation
}

// CellDays says how often a cell served, and on how many days.
type CellDays struct {
	Name string `json:"name"`
	Days int    `json:"days"`
	Seen int    `json:"observations"`
	last int    // the day that was counted last
}

const (
	baselineDays     = 7
	baselineSlots    = 40
	maxBaselineCells = 500 // that are counted
	maxListedCells   = 12
)

// Baseline reads the same hours of the seven days before a period, of a sensor as the store names it.
func (s *Store) Baseline(ctx context.Context, sensor string, from, to time.Time) (*Baseline, error) {
	b := &Baseline{Time: []float64{}, Low: []*float64{}, Mid: []*float64{}, High: []*float64{}}
	width := to.Sub(from) / baselineSlots
	if width <= 0 {
		return b, nil
	}
	g := baselineReader{width: width, slots: make([][]float64, baselineSlots), cells: map[cell.Cell]*CellDays{}}
	for n := 1; n <= baselineDays; n++ {
		g.day, g.from, g.rat, g.seen, g.summed = n, from.Add(-time.Duration(n)*24*time.Hour), cell.UnknownRAT, 0, 0
		if err := g.read(ctx, s, sensor, to.Sub(from)); err != nil {
			return nil, err
		}
		if g.seen > 0 {
			b.Days++
		}
		if g.summed > 0 && g.summed == g.seen {
			b.Summaries++
		}
	}
	b.Fallbacks, b.Cells = g.falls, g.listed()
	for i, vs := range g.slots {
		at := from.Add(time.Duration(i)*width + width/2)
		b.Time = append(b.Time, unix(at))
		var low, mid, high *float64
		if len(vs) > 0 {
			slices.Sort(vs)
			low, mid, high = &vs[len(vs)/10], &vs[len(vs)/2], &vs[len(vs)*9/10]
		}
		b.Low, b.Mid, b.High = append(b.Low, low), append(b.Mid, mid), append(b.High, high)
	}
	return b, nil
}

// baselineReader is a baseline while its days are read.
type baselineReader struct {
	width  time.Duration
	slots  [][]float64
	cells  map[cell.Cell]*CellDays // by identity
	falls  int
	day    int
	from   time.Time
	rat    cell.RAT // of the last observation
	seen   int      // observations of the day
	summed int      // of them, those in summaries
}

// read reads one day: its records, and its summaries where records are gone. Only levels and identities of cells are used, which
// need no scrubbing.
func (g *baselineReader) read(ctx context.Context, s *Store, sensor string, length time.Duration) error {
	return s.observed(ctx, sensor, g.from, g.from.Add(length), maxRecords, func(o *cell.Observation, by time.Duration) {
		if o.Serving != nil && !o.Survey {
			g.add(o.Time.Add(by), o.Serving, 1)
		}
	}, func(m *storage.Summary, by time.Duration) {
		for i := range m.Cells {
			if c := &m.Cells[i]; c.Role == storage.RoleServing {
				g.summed += c.Count
				g.addSummary(m.Time.Add(by+time.Minute/2), c)
			}
		}
	})
}

// addSummary adds as many values as there were: the weakest, the strongest, and the median for all others.
func (g *baselineReader) addSummary(at time.Time, c *storage.CellSummary) {
	for k, level := range []cell.Opt[cell.DBm]{c.Median, c.Min, c.Max} {
		n := 1
		if k == 0 {
			n = max(c.Count-2, 1)
		}
		if k < c.Count {
			one := withLevel(c.Cell, level)
			g.add(at, &one, n)
		}
	}
}

// add counts a serving cell n times.
func (g *baselineReader) add(at time.Time, c *cell.Cell, n int) {
	g.seen += n
	if v := Value(c.Level()); v != nil {
		if i := int(at.Sub(g.from) / g.width); i >= 0 && i < len(g.slots) {
			for range min(n, 60) {
				g.slots[i] = append(g.slots[i], *v)
			}
		}
	}
	if c.RAT.Generation() < g.rat.Generation() {
		g.falls++
	}
	g.rat = c.RAT
	is := identity(c)
	h := g.cells[is]
	if h == nil {
		if len(g.cells) >= maxBaselineCells {
			return
		}
		h = &CellDays{}
		g.cells[is] = h
	}
	h.Seen += n
	if h.last != g.day {
		h.last = g.day
		h.Days++
	}
}

// listed are the cells by name, most heard first. Names leave networks out: several cells may have one.
func (g *baselineReader) listed() (list []CellDays) {
	byName := map[string]*CellDays{}
	for c, h := range g.cells {
		h.Name = shortName(&c)
		if o := byName[h.Name]; o != nil {
			o.Seen, o.Days = o.Seen+h.Seen, max(o.Days, h.Days)
			continue
		}
		byName[h.Name] = h
	}
	for _, h := range byName {
		list = append(list, *h)
	}
	slices.SortFunc(list, func(x, y CellDays) int { return cmp.Or(y.Seen-x.Seen, cmp.Compare(x.Name, y.Name)) })
	return list[:min(len(list), maxListedCells)]
}

// identity is what tells a cell from others, without how it was heard.
func identity(c *cell.Cell) cell.Cell {
	return cell.Cell{RAT: c.RAT, MCC: c.MCC, MNC: c.MNC, Area: c.Area, ID: c.ID, PCI: c.PCI, ARFCN: c.ARFCN}
}
