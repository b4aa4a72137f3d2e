package review

import (
	"context"
	"slices"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// baseline is the same hours of other days: for each slot of time, how strong the serving cell was.
type baseline struct {
	Days  int        `json:"days"`       // with observations
	Sums  int        `json:"summarised"` // of them, those of which only summaries of a minute are left
	Time  []float64  `json:"time"`       // middle of the slot, shifted to the day of the event
	Low   []*float64 `json:"low"`        // dBm, a tenth of the values are below
	Mid   []*float64 `json:"middle"`     // median
	High  []*float64 `json:"high"`       // a tenth are above
	Cells []heardOn  `json:"cells"`      // serving cells of those hours, most heard first
	Falls int        `json:"fallbacks"`  // changes to a lower generation
}

type heardOn struct {
	Name string `json:"name"`
	Days int    `json:"days"`
	Seen int    `json:"observations"`
	last int    // the day that was counted last
}

const (
	baselineDays  = 7
	baselineSlots = 40
	mostCellsHere = 500
)

// baseline reads the same hours of the days before.
func (d *Desk) baseline(ctx context.Context, s Store, sensor string, from, to time.Time) (*baseline, error) {
	b := &baseline{Time: []float64{}, Low: []*float64{}, Mid: []*float64{}, High: []*float64{}}
	width := to.Sub(from) / baselineSlots
	if width <= 0 {
		return b, nil
	}
	g := gathering{width: width, slots: make([][]float64, baselineSlots), cells: map[cell.Cell]*heardOn{}}
	for n := 1; n <= baselineDays; n++ {
		g.day, g.from, g.rat, g.seen, g.summed = n, from.Add(-time.Duration(n)*24*time.Hour), cell.UnknownRAT, 0, 0
		if err := d.gather(ctx, s, sensor, &g, to.Sub(from)); err != nil {
			return nil, err
		}
		if g.seen > 0 {
			b.Days++
		}
		if g.summed > 0 && g.summed == g.seen {
			b.Sums++
		}
	}
	b.Falls = g.falls
	byName := map[string]*heardOn{} // of one name may be several: networks are left out of it
	for c, h := range g.cells {
		h.Name = servingName(&c)
		if o := byName[h.Name]; o != nil {
			o.Seen, o.Days = o.Seen+h.Seen, max(o.Days, h.Days)
			continue
		}
		byName[h.Name] = h
	}
	for _, h := range byName {
		b.Cells = append(b.Cells, *h)
	}
	slices.SortFunc(b.Cells, func(x, y heardOn) int {
		if x.Seen != y.Seen {
			return y.Seen - x.Seen
		}
		return slices.Compare([]byte(x.Name), []byte(y.Name))
	})
	b.Cells = b.Cells[:min(len(b.Cells), 12)]
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

// gathering is a baseline while days are read.
type gathering struct {
	width  time.Duration
	slots  [][]float64
	cells  map[cell.Cell]*heardOn // by who they say they are
	falls  int
	day    int
	from   time.Time
	rat    cell.RAT // of the last observation
	seen   int      // observations of the day
	summed int      // of them, those in summaries
}

// gather reads one day: its records, and its summaries where records are gone. Levels and identities are all that is looked at:
// nothing of it needs to be scrubbed but what cleanCell takes out.
func (d *Desk) gather(ctx context.Context, s Store, sensor string, g *gathering, length time.Duration) error {
	stretches, err := d.recorded(ctx, s, sensor, g.from, g.from.Add(length))
	if err != nil {
		return err
	}
	for _, part := range stretches {
		for e, err := range s.Records(ctx, storage.Query{Sensor: sensor, From: part.From, To: part.To, Kinds: storage.Observations, Limit: mostRecords, NoRaw: true}) {
			if err != nil {
				return err
			}
			if o, ok := e.Record.(*cell.Observation); ok && o.Serving != nil && !o.Survey {
				g.add(d, o.Time.Add(part.Offset), o.Serving, 1)
			}
		}
		for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: sensor, From: part.From, To: part.To}) {
			if err != nil {
				return err
			}
			for i := range m.Cells {
				c := &m.Cells[i]
				if c.Role != storage.RoleServing {
					continue
				}
				g.summed += c.Count
				// As many values as there were: the weakest, the strongest, and the median for all others.
				for k, l := range []cell.Opt[cell.DBm]{c.Median, c.Min, c.Max} {
					n := 1
					if k == 0 {
						n = max(c.Count-2, 1)
					}
					if k < c.Count {
						one := withLevel(c.Cell, l)
						g.add(d, m.Time.Add(part.Offset+time.Minute/2), &one, n)
					}
				}
			}
		}
	}
	return nil
}

func (g *gathering) add(d *Desk, at time.Time, c *cell.Cell, n int) {
	g.seen += n
	if v := value(c.Level()); v != nil {
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
	who := cell.Cell{RAT: c.RAT, MCC: c.MCC, MNC: c.MNC, Area: c.Area, ID: c.ID, PCI: c.PCI, ARFCN: c.ARFCN}
	h := g.cells[who]
	if h == nil {
		if len(g.cells) >= mostCellsHere {
			return
		}
		h = &heardOn{}
		g.cells[who] = h
	}
	h.Seen += n
	if h.last != g.day {
		h.last = g.day
		h.Days++
	}
}

// withLevel is a cell of a summary, heard at a level.
func withLevel(c cell.Cell, level cell.Opt[cell.DBm]) cell.Cell {
	switch c.RAT {
	case cell.LTE, cell.NR:
		c.RSRP = level
	case cell.UMTS:
		c.RSCP = level
	default:
		c.RSSI = level
	}
	return c
}

// summed is what a minute of which only a summary is left looks like in a chart: an observation for each serving cell, spread
// over the minute in an order that nobody knows, and the neighbours with the first.
func (d *Desk) summed(m *storage.Summary, by time.Duration) []*cell.Observation {
	var all []*cell.Observation
	var near []cell.Cell
	for i := range m.Cells {
		c := d.cleanCell(withLevel(m.Cells[i].Cell, m.Cells[i].Median))
		switch m.Cells[i].Role {
		case storage.RoleServing:
			all = append(all, &cell.Observation{Sensor: m.Sensor, Serving: &c})
		case storage.RoleNeighbour:
			near = append(near, c)
		}
	}
	if len(all) == 0 && near != nil {
		all = append(all, &cell.Observation{Sensor: m.Sensor})
	}
	for i, o := range all {
		o.Time = m.Time.Add(by + time.Duration(i+1)*time.Minute/time.Duration(len(all)+1))
		if i == 0 {
			o.Neighbours = near
		}
	}
	return all
}
