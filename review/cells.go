package review

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// knownView is a cell that a store knows.
type knownView struct {
	storage.KnownCell
	Name  string
	PLMN  string
	Owner string // of the PLMN, by the built-in table; "" when not known
	URL   string
	Store string
	Fixed bool // a time of it was stamped by a clock that was set later, and is corrected
}

// cellsPage is the list of cells.
type cellsPage struct {
	Query  string
	RAT    string
	Sort   string
	Cells  []knownView
	Total  int
	Found  int
	Next   string
	Counts []ratCount
}

type ratCount struct {
	RAT string
	N   int
}

const cellsAtOnce = 100

func cellAddress(r cell.RAT, mcc, mnc string, id uint64) string {
	return "/cell?" + url.Values{"rat": {r.String()}, "mcc": {mcc}, "mnc": {mnc}, "id": {strconv.FormatUint(id, 10)}}.Encode()
}

// view is a cell as pages show it. Of a sensor whose clock was set, its times are some at which the cell really was heard; what is
// stored is the least and the greatest that was stamped, so that it may have been heard before the first and after the last.
func (d *Desk) view(s Store, cs storage.Corrections, k storage.KnownCell) knownView {
	first, last := cs.At(k.Sensor, k.First), cs.At(k.Sensor, k.Last)
	fixed := !first.Equal(k.First) || !last.Equal(k.Last)
	k.First, k.Last = minTime(first, last), maxTime(first, last)
	k.MCC, k.MNC, k.Sensor = shortDigits(k.MCC), shortDigits(k.MNC), plainTo(d.scrub(k.Sensor), 80)
	c := cell.Cell{RAT: k.RAT, MCC: k.MCC, MNC: k.MNC, Area: k.Area, ID: cell.Some(k.ID), PCI: k.PCI, ARFCN: k.ARFCN}
	v := knownView{KnownCell: k, Name: cell.Describe(&c), PLMN: c.PLMN().String(), Owner: c.PLMN().Listed().Operator, URL: cellAddress(k.RAT, k.MCC, k.MNC, k.ID), Store: s.Name, Fixed: fixed}
	return v
}

// known lists the cells of a store that a query finds, at most so many.
func (d *Desk) known(ctx context.Context, s Store, q storage.CellQuery, most int) ([]knownView, error) {
	cs, err := d.corrections(ctx, s)
	if err != nil {
		return nil, err
	}
	var all []knownView
	for k, err := range s.Cells(ctx, q) {
		if err != nil {
			return nil, err
		}
		if all = append(all, d.view(s, cs, k)); len(all) == most {
			break
		}
	}
	return all, nil
}

func (d *Desk) showCells(w http.ResponseWriter, r *http.Request) {
	p, err := d.cellsPage(r.Context(), r.URL.Query())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.render(w, r, http.StatusOK, "cells", "cells.title", p)
}

func (d *Desk) cellsPage(ctx context.Context, v url.Values) (*cellsPage, error) {
	p := &cellsPage{Query: plainTo(strings.TrimSpace(v.Get("q")), 100), RAT: v.Get("rat"), Sort: v.Get("sort")}
	counts := map[cell.RAT]int{}
	for _, s := range d.o.Stores {
		cs, err := d.corrections(ctx, s)
		if err != nil {
			return nil, err
		}
		for k, err := range s.Cells(ctx, storage.CellQuery{}) {
			if err != nil {
				return nil, err
			}
			p.Total++
			if p.Query != "" && !finds(&k, p.Query) {
				continue
			}
			counts[k.RAT]++
			if p.RAT != "" && k.RAT.String() != p.RAT {
				continue
			}
			if p.Found++; len(p.Cells) < 5000 {
				p.Cells = append(p.Cells, d.view(s, cs, k))
			}
		}
	}
	for _, r := range []cell.RAT{cell.GSM, cell.UMTS, cell.LTE, cell.NR} {
		if counts[r] > 0 {
			p.Counts = append(p.Counts, ratCount{r.String(), counts[r]})
		}
	}
	slices.SortStableFunc(p.Cells, func(a, b knownView) int {
		switch p.Sort {
		case "first":
			return b.First.Compare(a.First)
		case "count":
			return cmp.Compare(b.Count, a.Count)
		case "level":
			return cmp.Compare(b.Strongest.Or(-999), a.Strongest.Or(-999))
		}
		return b.Last.Compare(a.Last)
	})
	skip, _ := strconv.Atoi(v.Get("skip"))
	skip = min(max(skip, 0), len(p.Cells))
	rest := p.Cells[skip:]
	if len(rest) > cellsAtOnce {
		rest = rest[:cellsAtOnce]
		next := url.Values{"skip": {strconv.Itoa(skip + cellsAtOnce)}}
		for _, k := range []string{"q", "rat", "sort"} {
			if s := v.Get(k); s != "" {
				next.Set(k, s)
			}
		}
		p.Next = "/cells?" + next.Encode()
	}
	p.Cells = rest
	return p, nil
}

// finds tells whether any identifier of a cell is what somebody typed: a number as printed, in hexadecimal (0x...), a
// base station (eNB or RNC), a PLMN, an area code, a PCI or a channel.
func finds(k *storage.KnownCell, q string) bool {
	q = strings.ToLower(q)
	if q == strings.ToLower(k.RAT.String()) || k.MCC != "" && q == k.MCC || q == k.MCC+"-"+k.MNC || q == k.MCC+k.MNC || strings.ToLower(k.Sensor) == q {
		return true
	}
	if k.MCC != "" && q == fmt.Sprintf("%s-%s-%d", k.MCC, k.MNC, k.Area.Or(0)) {
		return true
	}
	n, err := strconv.ParseUint(q, 0, 64)
	if err != nil || len(q) > 1 && q[0] == '0' && q[1] >= '0' && q[1] <= '9' { // not octal
		if n, err = strconv.ParseUint(q, 10, 64); err != nil {
			return false
		}
	}
	if n == k.ID || uint64(k.Area.Or(0)) == n && k.Area.Known() || uint64(k.PCI.Or(0)) == n && k.PCI.Known() || uint64(k.ARFCN.Or(0)) == n && k.ARFCN.Known() {
		return true
	}
	switch k.RAT {
	case cell.LTE:
		return uint64(cell.ECI(k.ID).ENB()) == n
	case cell.UMTS:
		return uint64(cell.UCI(k.ID).RNC()) == n
	}
	return false
}

// cellPage is one cell.
type cellPage struct {
	Name     string
	Known    []knownView // one for each area code it was heard with
	Forms    []form      // PCI, channel and area, as they changed
	History  *history    // nil: all of its time is looked at closely
	Near     []nearView  // neighbours listed beside it
	Chart    *sketch
	From, To time.Time // what was looked at closely
	Spots    []spot
	Events   []*entry
	Heard    int  // in that time
	Minutes  int  // of it, those of which only summaries are left
	Fixed    bool // see knownView
}

type form struct {
	First, Last time.Time
	What        string
	Count       int
}

type nearView struct {
	Name  string
	Count int
}

// beside counts neighbours by who they say they are.
type beside map[cell.Cell]int

func (b beside) add(c cell.Cell, n int) {
	is := cell.Cell{RAT: c.RAT, MCC: c.MCC, MNC: c.MNC, Area: c.Area, ID: c.ID, PCI: c.PCI, ARFCN: c.ARFCN}
	if b[is] > 0 || len(b) < 500 {
		b[is] += n
	}
}

// closely is how long before it was last heard a cell is looked at record by record: more takes too long at a record a second.
const closely = 4 * time.Hour

func (d *Desk) showCell(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	rat, ok := cell.ParseRAT(q.Get("rat"))
	id, err := strconv.ParseUint(q.Get("id"), 10, 64)
	if !ok || err != nil {
		d.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	p, err := d.cellPage(r.Context(), rat, cell.PLMN{MCC: q.Get("mcc"), MNC: q.Get("mnc")}, id, zone(r))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.render(w, r, http.StatusOK, "cell", "cell.title", p)
}

func (d *Desk) cellPage(ctx context.Context, rat cell.RAT, plmn cell.PLMN, id uint64, z *time.Location) (*cellPage, error) {
	p := &cellPage{}
	var store Store
	var last knownView
	var sensor string   // that heard it last, as the store has it
	var first time.Time // of any of its forms, in any store
	for _, s := range d.o.Stores {
		all, err := s.cellsOf(ctx, rat, plmn, id)
		if err != nil {
			return nil, err
		}
		cs, err := d.corrections(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, known := range all {
			k := d.view(s, cs, known)
			if first.IsZero() || k.First.Before(first) {
				first = k.First
			}
			if k.Last.After(last.Last) {
				last, store, sensor = k, s, known.Sensor
			}
			p.Known, p.Fixed = append(p.Known, k), p.Fixed || k.Fixed
		}
	}
	if len(p.Known) == 0 {
		return nil, fmt.Errorf("cell %s %s %d: %w", rat, plmn, id, storage.ErrNotFound)
	}
	p.Name = p.Known[0].Name
	p.To = last.Last.Add(time.Second)
	p.From = maxTime(p.To.Add(-closely), first)
	w := &window{From: p.From, To: p.To}
	near := beside{}
	forms := &formList{}
	find := func(o *cell.Observation) *cell.Cell { return here(o, rat, plmn, id) }
	stretches, err := d.recorded(ctx, store, sensor, p.From, p.To)
	if err != nil {
		return nil, err
	}
	for _, part := range stretches {
		for e, err := range store.Records(ctx, storage.Query{Sensor: sensor, From: part.From, To: part.To, Kinds: storage.Observations, NoRaw: true}) {
			if err != nil {
				return nil, err
			}
			o, ok := e.Record.(*cell.Observation)
			if !ok {
				continue
			}
			c := find(o)
			if c == nil {
				continue
			}
			p.Heard++
			if c == o.Serving {
				for i := range o.Neighbours {
					near.add(d.cleanCell(o.Neighbours[i]), 1)
				}
			}
			copied, at := d.cleanCell(*c), o.Time.Add(part.Offset)
			forms.add(&copied, at, 1)
			w.Records = append(w.Records, &cell.Observation{Time: at, Serving: &copied, Position: o.Position})
		}
		if err := d.closeSummaries(ctx, store, sensor, part, p, w, find, forms, near); err != nil {
			return nil, err
		}
	}
	inOrder(w.Records)
	inOrder(w.Minutes)
	if first.Before(p.From) {
		var err error
		if p.History, err = d.history(ctx, store, sensor, first, p.From, find, forms, z); err != nil {
			return nil, err
		}
	}
	p.Forms = forms.sorted()
	for c, count := range near {
		p.Near = append(p.Near, nearView{cell.Describe(&c), count})
	}
	slices.SortFunc(p.Near, func(a, b nearView) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Name, b.Name)) })
	p.Near = p.Near[:min(len(p.Near), 15)]
	s := draw(w, nil)
	p.Chart, p.Spots = sketchOf(s, nil, z), s.Spots
	all, err := d.entries(ctx)
	if err != nil {
		return nil, err
	}
	mark := fmt.Sprintf(" %d ", id)
	for _, e := range all {
		if len(p.Events) < 10 && slices.ContainsFunc(e.Cells, func(c string) bool { return strings.HasPrefix(c, rat.String()+" ") && strings.Contains(c+" ", mark) }) {
			p.Events = append(p.Events, e)
		}
	}
	return p, nil
}

// closeSummaries adds to the close look what summaries tell, where records are gone.
func (d *Desk) closeSummaries(ctx context.Context, s Store, sensor string, part storage.Stretch, p *cellPage, w *window, find func(*cell.Observation) *cell.Cell, forms *formList, near beside) error {
	for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: sensor, From: part.From, To: part.To}) {
		if err != nil {
			return err
		}
		begins := m.Time.Add(part.Offset)
		for i := range m.Cells {
			sum := &m.Cells[i]
			c := d.cleanCell(withLevel(sum.Cell, sum.Median))
			if find(&cell.Observation{Serving: &c}) == nil {
				continue
			}
			p.Minutes++
			p.Heard += sum.Count
			forms.add(&c, begins, sum.Count)
			w.Minutes = append(w.Minutes, &cell.Observation{Time: begins.Add(time.Minute / 2), Serving: &c})
			for j := range m.Cells {
				if o := &m.Cells[j]; sum.Role == storage.RoleServing && o.Role == storage.RoleNeighbour {
					near.add(d.cleanCell(o.Cell), o.Count)
				}
			}
		}
	}
	return nil
}

// cellsOf are the forms of one cell: the same identity under several area codes.
func (s Store) cellsOf(ctx context.Context, rat cell.RAT, plmn cell.PLMN, id uint64) ([]storage.KnownCell, error) {
	var all []storage.KnownCell
	for k, err := range s.Cells(ctx, storage.CellQuery{RAT: rat, ID: cell.Some(id)}) {
		if err != nil {
			return nil, err
		}
		if !plmn.Known() || plmn.Same(cell.PLMN{MCC: k.MCC, MNC: k.MNC}) || k.MCC == "" {
			all = append(all, k)
		}
	}
	return all, nil
}

// here finds a cell in an observation, serving or neighbour.
func here(o *cell.Observation, rat cell.RAT, plmn cell.PLMN, id uint64) *cell.Cell {
	is := func(c *cell.Cell) bool {
		got, ok := c.ID.Get()
		return ok && got == id && c.RAT == rat && (!plmn.Known() || !c.PLMN().Known() || plmn.Same(c.PLMN()))
	}
	if o.Serving != nil && is(o.Serving) {
		return o.Serving
	}
	for _, cs := range [][]cell.Cell{o.Neighbours, o.Secondary} {
		for i := range cs {
			if is(&cs[i]) {
				return &cs[i]
			}
		}
	}
	return nil
}
