package evidence

import (
	"context"
	"math"
	"slices"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// The whole time of a cell is too much to read: it is sampled. Each of many slots is looked into at one moment, at another hour of
// the day in each, and what is between is not known.

const (
	maxSlots   = 160
	minSlot    = 10 * time.Minute
	slotSample = 24              // records that are read in each
	slotSpan   = 5 * time.Minute // of summaries that are read in each, where records are gone
)

// History is what samples say of a cell.
type History struct {
	Slots  int
	Every  time.Duration // length of a slot
	Heard  int           // slots in which the cell was heard
	Series *Series       // the median of each slot in which it was
	Band   *Baseline     // the weakest and the strongest of each
}

// history samples a period in which a cell was heard, and adds what the cell was then to its forms.
func (f *finder) history(ctx context.Context, from, to time.Time) (*History, error) {
	h := &History{Slots: int(min(max(to.Sub(from)/minSlot, 1), maxSlots))}
	h.Every = to.Sub(from) / time.Duration(h.Slots)
	h.Series = &Series{From: unix(from), To: unix(to), Break: 2.5 * h.Every.Seconds(), Cells: []Run{{From: unix(from), To: unix(to)}}}
	h.Band = &Baseline{Days: 1}
	for i := range h.Slots {
		_, part := math.Modf(float64(i) * math.Phi)
		at := from.Add(time.Duration(i)*h.Every + time.Duration(part*0.9*float64(h.Every)))
		stretches, err := f.store.Recorded(ctx, f.sensor, at, from.Add(time.Duration(i+1)*h.Every))
		if err != nil {
			return nil, err
		}
		var heard []float64
		for _, part := range stretches {
			levels, err := f.sample(ctx, part)
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
		h.Series.point(unix(at), &heard[len(heard)/2], nil, nil, nil)
		h.Band.Time, h.Band.Low, h.Band.High = append(h.Band.Time, unix(at)), append(h.Band.Low, &heard[0]), append(h.Band.High, &heard[len(heard)-1])
	}
	return h, nil
}

// sample returns the levels of the cell in the first records of a stretch; where they are gone, in the summaries of a few minutes.
func (f *finder) sample(ctx context.Context, part storage.Stretch) (levels []float64, err error) {
	read := 0
	for e, err := range f.store.Records(ctx, storage.Query{Sensor: f.sensor, From: part.From, To: part.To, Kinds: storage.Observations, NoRaw: true, Limit: slotSample}) {
		if err != nil {
			return nil, err
		}
		o, ok := e.Record.(*cell.Observation)
		if !ok {
			continue
		}
		read++
		if c := f.find(o); c != nil {
			is := storage.CleanCell(*c)
			f.forms.add(&is, o.Time.Add(part.Offset), 1)
			if v := Value(c.Level()); v != nil {
				levels = append(levels, *v)
			}
		}
	}
	if read > 0 {
		return levels, nil
	}
	for m, err := range f.store.Summaries(ctx, storage.SummaryQuery{Sensor: f.sensor, From: part.From, To: Earlier(part.To, part.From.Add(slotSpan))}) {
		if err != nil {
			return nil, err
		}
		for i := range m.Cells {
			sum := &m.Cells[i]
			c := storage.CleanCell(sum.Cell)
			if !f.is(&c) {
				continue
			}
			f.forms.add(&c, m.Time.Add(part.Offset), sum.Count)
			for _, l := range []cell.Opt[cell.DBm]{sum.Min, sum.Median, sum.Max} {
				if v := Value(l); v != nil {
					levels = append(levels, *v)
				}
			}
		}
	}
	return levels, nil
}

// Form is what a cell was for a time: area, PCI and channel.
type Form struct {
	First, Last time.Time
	Name        string
	Count       int // observations
}

const maxForms = 50

// forms are the forms of a cell, as they are found.
type forms struct {
	byCell map[cell.Cell]int
	list   []Form
}

func (l *forms) add(c *cell.Cell, at time.Time, n int) {
	is := cell.Cell{RAT: c.RAT, Area: c.Area, PCI: c.PCI, ARFCN: c.ARFCN}
	i, ok := l.byCell[is]
	if !ok {
		if len(l.list) == maxForms {
			return
		}
		if l.byCell == nil {
			l.byCell = map[cell.Cell]int{}
		}
		i = len(l.list)
		l.byCell[is] = i
		l.list = append(l.list, Form{First: at, Last: at, Name: cell.Describe(&is)})
	}
	f := &l.list[i]
	f.First, f.Last, f.Count = Earlier(f.First, at), Later(f.Last, at), f.Count+n
}

// sorted is in the order in which the forms were first seen.
func (l *forms) sorted() []Form {
	slices.SortStableFunc(l.list, func(a, b Form) int { return a.First.Compare(b.First) })
	return l.list
}
