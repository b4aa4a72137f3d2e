package review

import (
	"context"
	"math"
	"slices"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// The whole time of a cell is too much to read: it is sampled. Each of many slots is looked into at one moment, at another
// hour of the day in each, and what is between is not known.

const (
	mostSlots  = 160
	leastSlot  = 10 * time.Minute
	slotSample = 24 // records read in each
)

// history is what samples say of a cell.
type history struct {
	Slots int
	Every time.Duration
	Heard int // slots in which it was heard
	Chart *sketch
}

// history samples the time in which a cell was heard, and adds what it was then to the forms.
func (d *Desk) history(ctx context.Context, s Store, sensor string, from, to time.Time, find func(*cell.Observation) *cell.Cell, forms *formList, z *time.Location) (*history, error) {
	h := &history{Slots: int(min(max(to.Sub(from)/leastSlot, 1), mostSlots))}
	h.Every = to.Sub(from) / time.Duration(h.Slots)
	v := &series{From: unix(from), To: unix(to), gap: 2.5 * h.Every.Seconds(), Cells: []run{{unix(from), unix(to), "", 0}}}
	b := &baseline{Days: 1}
	for i := range h.Slots {
		_, part := math.Modf(float64(i) * math.Phi)
		at := from.Add(time.Duration(i)*h.Every + time.Duration(part*0.9*float64(h.Every)))
		stretches, err := d.recorded(ctx, s, sensor, at, from.Add(time.Duration(i+1)*h.Every))
		if err != nil {
			return nil, err
		}
		var heard []float64
		for _, part := range stretches {
			levels, err := d.sample(ctx, s, sensor, part, find, forms)
			if err != nil {
				return nil, err
			}
			heard = append(heard, levels...)
		}
		if len(heard) == 0 {
			continue
		}
		h.Heard++
		slices.Sort(heard)
		v.point(unix(at), &heard[len(heard)/2], nil, nil, nil)
		b.Time, b.Low, b.High = append(b.Time, unix(at)), append(b.Low, &heard[0]), append(b.High, &heard[len(heard)-1])
	}
	h.Chart = sketchOf(v, b, z)
	h.Chart.Legend = nil
	return h, nil
}

// sample is the levels of a cell in the first records of a time; where they are gone, in the summaries of a few minutes.
func (d *Desk) sample(ctx context.Context, s Store, sensor string, part storage.Stretch, find func(*cell.Observation) *cell.Cell, forms *formList) (levels []float64, err error) {
	read := 0
	for e, err := range s.Records(ctx, storage.Query{Sensor: sensor, From: part.From, To: part.To, Kinds: storage.Observations, NoRaw: true, Limit: slotSample}) {
		if err != nil {
			return nil, err
		}
		o, ok := e.Record.(*cell.Observation)
		if !ok {
			continue
		}
		read++
		if c := find(o); c != nil {
			is := d.cleanCell(*c)
			forms.add(&is, o.Time.Add(part.Offset), 1)
			if v := value(c.Level()); v != nil {
				levels = append(levels, *v)
			}
		}
	}
	if read > 0 {
		return levels, nil
	}
	for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: sensor, From: part.From, To: minTime(part.To, part.From.Add(5*time.Minute))}) {
		if err != nil {
			return nil, err
		}
		for i := range m.Cells {
			sum := &m.Cells[i]
			c := d.cleanCell(sum.Cell)
			if find(&cell.Observation{Serving: &c}) == nil {
				continue
			}
			forms.add(&c, m.Time.Add(part.Offset), sum.Count)
			for _, l := range []cell.Opt[cell.DBm]{sum.Min, sum.Median, sum.Max} {
				if v := value(l); v != nil {
					levels = append(levels, *v)
				}
			}
		}
	}
	return levels, nil
}

// formList is what a cell was: area, PCI and channel, as they changed.
type formList struct {
	byCell map[cell.Cell]int
	list   []form
}

const mostForms = 50

func (l *formList) add(c *cell.Cell, at time.Time, n int) {
	is := cell.Cell{RAT: c.RAT, Area: c.Area, PCI: c.PCI, ARFCN: c.ARFCN}
	i, ok := l.byCell[is]
	if !ok {
		if len(l.list) == mostForms {
			return
		}
		if l.byCell == nil {
			l.byCell = map[cell.Cell]int{}
		}
		i = len(l.list)
		l.byCell[is] = i
		l.list = append(l.list, form{First: at, Last: at, What: cell.Describe(&is)})
	}
	f := &l.list[i]
	f.First, f.Last, f.Count = minTime(f.First, at), maxTime(f.Last, at), f.Count+n
}

// sorted is in order of when each was first seen.
func (l *formList) sorted() []form {
	slices.SortStableFunc(l.list, func(a, b form) int { return a.First.Compare(b.First) })
	return l.list
}
