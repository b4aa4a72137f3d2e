package evidence

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// KnownCell is a cell that a store knows. Where the clock of its sensor was set, First and Last are times at which it really was
// heard: what is stored is the least and the greatest time that was stamped, so that it may have been heard before and after.
type KnownCell struct {
	storage.KnownCell
	Name      string
	PLMN      string
	Operator  string // of the PLMN, by the built-in table; empty if unknown
	Store     string // its name
	Corrected bool   // First or Last is not as stored
}

// Cell is the cell without how it was heard.
func (k KnownCell) Cell() cell.Cell {
	return cell.Cell{RAT: k.RAT, MCC: k.MCC, MNC: k.MNC, Area: k.Area, ID: cell.Some(k.ID), PCI: k.PCI, ARFCN: k.ARFCN}
}

// known is a stored cell without identities and at corrected times.
func (s *Store) known(cs storage.Corrections, k storage.KnownCell) KnownCell {
	first, last := cs.At(k.Sensor, k.First), cs.At(k.Sensor, k.Last)
	corrected := !first.Equal(k.First) || !last.Equal(k.Last)
	k.First, k.Last = Earlier(first, last), Later(first, last)
	k.MCC, k.MNC, k.Sensor = storage.ShortDigits(k.MCC), storage.ShortDigits(k.MNC), s.clean.SensorName(k.Sensor)
	known := KnownCell{KnownCell: k, Store: s.Name, Corrected: corrected}
	c := known.Cell()
	known.Name, known.PLMN, known.Operator = cell.Describe(&c), c.PLMN().String(), c.PLMN().Listed().Operator
	return known
}

// KnownCells lists the cells of a store that a query finds, the first of them.
func (s *Store) KnownCells(ctx context.Context, q storage.CellQuery, most int) (all []KnownCell, err error) {
	cs, err := s.Corrections(ctx)
	if err != nil {
		return nil, err
	}
	for k, err := range s.Cells(ctx, q) {
		if err != nil {
			return nil, err
		}
		if all = append(all, s.known(cs, k)); len(all) == most {
			break
		}
	}
	return all, nil
}

// CellSearch is a question for cells.
type CellSearch struct {
	Text string // any identifier of a cell; empty: all
	RAT  string // empty: all
	Sort string // "first", "count", "level"; else when it was last heard
}

// CellList is the answer: the cells in order, at most 5,000.
type CellList struct {
	Cells []KnownCell
	Total int // cells known
	Found int // cells that the search finds
	ByRAT map[cell.RAT]int
}

const maxCells = 5000

// SearchCells lists the cells of all stores that a search finds; ByRAT counts those that only another RAT would find too.
func (l *Library) SearchCells(ctx context.Context, q CellSearch) (*CellList, error) {
	list, search := &CellList{ByRAT: map[cell.RAT]int{}}, ParseSearch(q.Text)
	for _, s := range l.stores {
		cs, err := s.Corrections(ctx)
		if err != nil {
			return nil, err
		}
		for k, err := range s.Cells(ctx, storage.CellQuery{}) {
			if err != nil {
				return nil, err
			}
			list.Total++
			known, found := s.found(cs, k, search)
			if !found {
				continue
			}
			list.ByRAT[k.RAT]++
			if q.RAT != "" && k.RAT.String() != q.RAT {
				continue
			}
			if list.Found++; len(list.Cells) < maxCells {
				list.Cells = append(list.Cells, known)
			}
		}
	}
	slices.SortStableFunc(list.Cells, func(a, b KnownCell) int {
		switch q.Sort {
		case "first":
			return b.First.Compare(a.First)
		case "count":
			return cmp.Compare(b.Count, a.Count)
		case "level":
			return cmp.Compare(b.Strongest.Or(-999), a.Strongest.Or(-999))
		}
		return b.Last.Compare(a.Last)
	})
	return list, nil
}

// CellFile is what is known of one cell.
type CellFile struct {
	Name      string
	Known     []KnownCell // one for each area code under which it was heard, in each store
	Corrected bool        // any of them
	Forms     []Form      // PCI, channel and area, as they changed
	Events    []*Entry    // that name it, the newest

	// What was recorded in the last four hours before it was last heard, record by record.
	From, To time.Time
	Series   *Series
	Near     []Neighbour // listed while it served
	Heard    int         // observations
	Minutes  int         // of which only summaries are left

	History *History // the time before, from samples; nil: there is none
}

// Neighbour is a cell, and how often it was listed as a neighbour.
type Neighbour struct {
	Name  string
	Count int
}

const (
	closeLook     = 4 * time.Hour // longer takes too long at a record a second
	maxNeighbours = 500           // that are counted
	maxNear       = 15            // that are listed
	maxCellEvents = 10
)

// finder looks for one cell in what a sensor recorded.
type finder struct {
	rat    cell.RAT
	plmn   cell.PLMN // may be unknown
	id     uint64
	store  *Store
	sensor string // as the store names it
	forms  forms
	near   map[cell.Cell]int
	file   *CellFile
	window *Window
}

// Cell returns what is known of a cell; of an unknown PLMN, of all cells with the id. The error wraps storage.ErrNotFound if no
// store knows it.
func (l *Library) Cell(ctx context.Context, rat cell.RAT, plmn cell.PLMN, id uint64) (*CellFile, error) {
	f := &finder{rat: rat, plmn: plmn, id: id, near: map[cell.Cell]int{}, file: &CellFile{}}
	first, last, err := f.known(ctx, l)
	if err != nil {
		return nil, err
	}
	p := f.file
	p.To = last.Add(time.Second)
	p.From = Later(p.To.Add(-closeLook), first)
	if err := f.look(ctx); err != nil {
		return nil, err
	}
	p.Series = f.window.Series(nil)
	if first.Before(p.From) {
		if p.History, err = f.history(ctx, first, p.From); err != nil {
			return nil, err
		}
	}
	p.Forms = f.forms.sorted()
	for c, count := range f.near {
		p.Near = append(p.Near, Neighbour{cell.Describe(&c), count})
	}
	slices.SortFunc(p.Near, func(a, b Neighbour) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Name, b.Name)) })
	p.Near = p.Near[:min(len(p.Near), maxNear)]
	all, err := l.Entries(ctx)
	if err != nil {
		return nil, err
	}
	mark := fmt.Sprintf(" %d ", id)
	for _, e := range all {
		if len(p.Events) < maxCellEvents && slices.ContainsFunc(e.Cells, func(c string) bool { return strings.HasPrefix(c, rat.String()+" ") && strings.Contains(c+" ", mark) }) {
			p.Events = append(p.Events, e)
		}
	}
	return p, nil
}

// known finds the forms that the stores know, when the first of them was first heard and the last one last, and the store and
// sensor that heard it last.
func (f *finder) known(ctx context.Context, l *Library) (first, last time.Time, err error) {
	for _, s := range l.stores {
		cs, err := s.Corrections(ctx)
		if err != nil {
			return first, last, err
		}
		for stored, err := range s.Cells(ctx, storage.CellQuery{RAT: f.rat, ID: cell.Some(f.id)}) {
			if err != nil {
				return first, last, err
			}
			if f.plmn.Known() && !f.plmn.Same(cell.PLMN{MCC: stored.MCC, MNC: stored.MNC}) && stored.MCC != "" {
				continue
			}
			k := s.known(cs, stored)
			if first.IsZero() || k.First.Before(first) {
				first = k.First
			}
			if k.Last.After(last) {
				last, f.store, f.sensor = k.Last, s, stored.Sensor
			}
			f.file.Known, f.file.Corrected = append(f.file.Known, k), f.file.Corrected || k.Corrected
		}
	}
	if f.store == nil {
		return first, last, fmt.Errorf("cell %s %s %d: %w", f.rat, f.plmn, f.id, storage.ErrNotFound)
	}
	f.file.Name = f.file.Known[0].Name
	return first, last, nil
}

// look reads the last hours of the cell, record by record; summaries where records are gone.
func (f *finder) look(ctx context.Context) error {
	f.window = &Window{From: f.file.From, To: f.file.To, store: f.store}
	err := f.store.observed(ctx, f.sensor, f.file.From, f.file.To, 0, f.observation, f.summary)
	sortByTime(f.window.Records)
	sortByTime(f.window.Minutes)
	return err
}

func (f *finder) observation(o *cell.Observation, by time.Duration) {
	c := f.find(o)
	if c == nil {
		return
	}
	f.file.Heard++
	if c == o.Serving {
		for i := range o.Neighbours {
			f.neighbour(&o.Neighbours[i], 1)
		}
	}
	copied, at := storage.CleanCell(*c), o.Time.Add(by)
	f.forms.add(&copied, at, 1)
	f.window.Records = append(f.window.Records, &cell.Observation{Time: at, Serving: &copied, Position: o.Position})
}

func (f *finder) summary(m *storage.Summary, by time.Duration) {
	begins := m.Time.Add(by)
	for i := range m.Cells {
		sum := &m.Cells[i]
		c := storage.CleanCell(withLevel(sum.Cell, sum.Median))
		if !f.is(&c) {
			continue
		}
		f.file.Minutes++
		f.file.Heard += sum.Count
		f.forms.add(&c, begins, sum.Count)
		f.window.Minutes = append(f.window.Minutes, &cell.Observation{Time: begins.Add(time.Minute / 2), Serving: &c})
		for j := range m.Cells {
			if o := &m.Cells[j]; sum.Role == storage.RoleServing && o.Role == storage.RoleNeighbour {
				f.neighbour(&o.Cell, o.Count)
			}
		}
	}
}

// neighbour counts a neighbour by its identity.
func (f *finder) neighbour(c *cell.Cell, n int) {
	clean := storage.CleanCell(*c)
	is := identity(&clean)
	if f.near[is] > 0 || len(f.near) < maxNeighbours {
		f.near[is] += n
	}
}

// is reports whether a cell is the one that is looked for.
func (f *finder) is(c *cell.Cell) bool {
	got, ok := c.ID.Get()
	return ok && got == f.id && c.RAT == f.rat && (!f.plmn.Known() || !c.PLMN().Known() || f.plmn.Same(c.PLMN()))
}

// find returns the cell in an observation: serving, neighbour or secondary; nil: it is not there.
func (f *finder) find(o *cell.Observation) *cell.Cell {
	if o.Serving != nil && f.is(o.Serving) {
		return o.Serving
	}
	for _, cs := range [][]cell.Cell{o.Neighbours, o.Secondary} {
		if i := slices.IndexFunc(cs, func(c cell.Cell) bool { return f.is(&c) }); i >= 0 {
			return &cs[i]
		}
	}
	return nil
}
