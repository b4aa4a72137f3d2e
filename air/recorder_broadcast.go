package air

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"vigie/cell"
)

const (
	mostCells  = 512              // whose broadcasts are merged; the one that was not heard for longest is forgotten
	settle     = 10 * time.Second // the blocks of a cell come one after the other: what is added is told after this time
	againAfter = 24 * time.Hour   // what stays the same is told again
)

// place is where a cell is heard. A capture that says neither channel nor PCI has the identity of the cell that spoke last.
type place struct {
	arfcn cell.Opt[uint32]
	pci   cell.Opt[uint16]
	id    uint64
}

// heard is what a cell has said so far.
type heard struct {
	now      cell.Broadcast
	lists    map[cell.RAT][]cell.Carrier // of SIB5, SIB6, SIB7
	told     *cell.Broadcast             // as last emitted; nil: never
	told24   time.Time                   // when that was
	dirty    time.Time                   // since when something waits to be told; zero: nothing does
	lastSeen time.Time
}

// broadcasts merges what cells say of themselves.
type broadcasts struct {
	cells   map[place]*heard
	current place // of captures without channel and PCI
}

func placeOf(m *cell.Message) place { return place{arfcn: m.ARFCN, pci: m.PCI} }

// of returns what is known of the cell that a message is from.
func (b *broadcasts) of(m *cell.Message) *heard {
	at := placeOf(m)
	if at == (place{}) {
		if id, known := m.Fields.CellID.Get(); known {
			b.current = place{id: uint64(id)}
		}
		at = b.current
	}
	h := b.cells[at]
	if h == nil {
		if b.cells == nil {
			b.cells = map[place]*heard{}
		}
		h = &heard{now: cell.Broadcast{RAT: m.RAT, ARFCN: m.ARFCN, PCI: m.PCI}, lists: map[cell.RAT][]cell.Carrier{}}
		b.cells[at] = h
	}
	return h
}

// forget drops the cell that was not heard for longest, if there are too many. What waits to be told of it is told.
func (b *broadcasts) forget(tell func(*heard)) {
	if len(b.cells) <= mostCells {
		return
	}
	all := b.sorted()
	oldest := slices.MinFunc(all, func(x, y *heard) int { return x.lastSeen.Compare(y.lastSeen) })
	if !oldest.dirty.IsZero() {
		tell(oldest)
	}
	for at, h := range b.cells {
		if h == oldest {
			delete(b.cells, at)
		}
	}
}

// sorted lists the cells in an order that does not depend on the map.
func (b *broadcasts) sorted() []*heard {
	all := make([]*heard, 0, len(b.cells))
	for _, h := range b.cells {
		all = append(all, h)
	}
	slices.SortFunc(all, func(x, y *heard) int {
		return cmp.Or(x.dirty.Compare(y.dirty), cmp.Compare(x.now.ARFCN.Or(0), y.now.ARFCN.Or(0)), cmp.Compare(x.now.PCI.Or(0), y.now.PCI.Or(0)),
			cmp.Compare(x.now.CellID.Or(0), y.now.CellID.Or(0)))
	})
	return all
}

// due tells what was added long enough ago.
func (b *broadcasts) due(now time.Time, tell func(*heard)) {
	b.tell(tell, func(h *heard) bool { return now.Sub(h.dirty) >= settle })
}

func (b *broadcasts) flush(tell func(*heard)) { b.tell(tell, func(*heard) bool { return true }) }

func (b *broadcasts) tell(tell func(*heard), due func(*heard) bool) {
	waiting := false
	for _, h := range b.cells {
		waiting = waiting || !h.dirty.IsZero() && due(h)
	}
	if !waiting {
		return
	}
	for _, h := range b.sorted() {
		if !h.dirty.IsZero() && due(h) {
			tell(h)
		}
	}
}

// broadcast merges a message of system information. A change is told at once; what is new waits for the blocks that come with it.
func (r *Recorder) broadcast(m *cell.Message) {
	h := r.cells.of(m)
	h.lastSeen = r.now
	if m.Name == "systemInformationBlockType1" {
		h.sib1(&m.Fields)
	} else {
		h.systemInformation(&m.Fields)
	}
	switch changed, added := h.news(); {
	case len(changed) > 0, h.told != nil && r.now.Sub(h.told24) >= againAfter:
		r.emitBroadcast(h)
	case added && h.dirty.IsZero():
		h.dirty = r.now
	case !added:
		h.dirty = time.Time{}
	}
	r.cells.forget(r.emitBroadcast)
}

func (h *heard) sib1(f *cell.MessageFields) {
	b := &h.now
	id := cell.Opt[uint64]{}
	if v, known := f.CellID.Get(); known {
		id = cell.Some(uint64(v))
	}
	if b.CellID.Known() && b.CellID != id { // another cell, which is heard at the same place: the other blocks were of the one before
		*b = cell.Broadcast{RAT: b.RAT, ARFCN: b.ARFCN, PCI: b.PCI}
		clear(h.lists)
	}
	b.PLMNs, b.CellID, b.Band, b.Barred, b.Reselect, b.CSG = f.PLMNs, id, f.Band, f.Barred, f.IntraFreqReselection, f.CSG
	b.QRxLevMin, b.SICount, b.ValueTag = f.QRxLevMin, f.SICount, f.ValueTag
	b.Area = cell.Opt[cell.Area]{}
	if tac, known := f.TAC.Get(); known {
		b.Area = cell.Some(cell.Area(tac))
	}
	h.received(1)
}

func (h *heard) systemInformation(f *cell.MessageFields) {
	b := &h.now
	for _, n := range f.SIBs {
		h.received(n)
		switch n {
		case 3:
			b.Priority = cell.Opt[uint8]{}
			if p, known := f.ServingPriority.Get(); known {
				b.Priority = cell.Some(uint8(p))
			}
		case 4:
			b.Neighbours = f.Neighbours
		case 5:
			h.carriers(cell.LTE, f.EUTRA)
		case 6:
			h.carriers(cell.UMTS, f.UTRA)
		case 7:
			h.carriers(cell.GSM, f.GERAN)
		}
	}
}

func (h *heard) received(sib int) {
	if at, there := slices.BinarySearch(h.now.SIBs, sib); !there {
		h.now.SIBs = slices.Insert(slices.Clone(h.now.SIBs), at, sib)
	}
}

// carriers replaces the frequencies of one RAT.
func (h *heard) carriers(rat cell.RAT, offers []cell.LayerOffer) {
	list := make([]cell.Carrier, 0, len(offers))
	for _, o := range offers {
		c := cell.Carrier{RAT: rat, ARFCN: uint32(o.Channel)}
		if p, known := o.Priority.Get(); known {
			c.Priority = cell.Some(uint8(p))
		}
		list = append(list, c)
	}
	h.lists[rat] = list
	h.now.Carriers = slices.Concat([]cell.Carrier{}, h.lists[cell.LTE], h.lists[cell.UMTS], h.lists[cell.GSM])
}

// news lists the keys that differ from what was told, and reports whether something was added to that.
func (h *heard) news() (changed []string, added bool) {
	if h.told == nil {
		return nil, true
	}
	was, is := h.told, &h.now
	for _, k := range []struct {
		key     string
		was, is any
		known   bool // it was told before
	}{
		{"plmns", was.PLMNs, is.PLMNs, was.PLMNs != nil},
		{"area", was.Area, is.Area, was.Area.Known()},
		{"cell_id", was.CellID, is.CellID, was.CellID.Known()},
		{"band", was.Band, is.Band, was.Band.Known()},
		{"barred", was.Barred, is.Barred, was.Barred.Known()},
		{"intra_freq_reselection", was.Reselect, is.Reselect, was.Reselect.Known()},
		{"csg", was.CSG, is.CSG, was.CSG.Known()},
		{"q_rx_lev_min", was.QRxLevMin, is.QRxLevMin, was.QRxLevMin.Known()},
		{"si_count", was.SICount, is.SICount, was.SICount.Known()},
		{"value_tag", was.ValueTag, is.ValueTag, was.ValueTag.Known()},
		{"serving_priority", was.Priority, is.Priority, both(was, is, 3)},
		{"neighbour_pcis", was.Neighbours, is.Neighbours, both(was, is, 4)},
	} {
		if reflect.DeepEqual(k.was, k.is) {
			continue
		}
		if added = true; k.known {
			changed = append(changed, k.key)
		}
	}
	if carriersChanged(was, is) {
		changed = append(changed, "carriers")
	}
	return changed, added || !reflect.DeepEqual(was.SIBs, is.SIBs) || !reflect.DeepEqual(was.Carriers, is.Carriers)
}

// both reports whether a block was received before and is now.
func both(was, is *cell.Broadcast, sib int) bool {
	return slices.Contains(was.SIBs, sib) && slices.Contains(is.SIBs, sib)
}

// carriersChanged reports whether the frequencies of a RAT differ whose block was told before.
func carriersChanged(was, is *cell.Broadcast) bool {
	for sib, rat := range map[int]cell.RAT{5: cell.LTE, 6: cell.UMTS, 7: cell.GSM} {
		of := func(b *cell.Broadcast) []cell.Carrier {
			return slices.DeleteFunc(slices.Clone(b.Carriers), func(c cell.Carrier) bool { return c.RAT != rat })
		}
		if both(was, is, sib) && !slices.Equal(of(was), of(is)) {
			return true
		}
	}
	return false
}

// emitBroadcast tells what a cell says now.
func (r *Recorder) emitBroadcast(h *heard) {
	b := cell.Clone(&h.now).(*cell.Broadcast)
	b.Time, b.Sensor = r.now, r.Sensor
	b.Changed, _ = h.news()
	h.told, h.told24, h.dirty = cell.Clone(&h.now).(*cell.Broadcast), r.now, time.Time{}
	r.Emit(b)
}
