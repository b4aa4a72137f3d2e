package analyzer

import (
	"iter"

	"vigie/cell"
)

// Baseline is what is normal at a sensor, as rules and their statistics may read it. They change nothing of it and keep no
// pointer into it.
type Baseline struct {
	site *site
	nets *networks
}

// Minutes is how long this sensor has watched.
func (b Baseline) Minutes() float64 { return float64(b.site.Watched) / 60_000 }

// Stays is how many changes of cell there were.
func (b Baseline) Stays() float64 { return float64(b.site.Base.Stays) }

// RAT is what was learned of a RAT.
func (b Baseline) RAT(r cell.RAT) *RATStats { return b.site.Base.rat(r) }

// Cell is what was learned of a cell; nil if it was never seen here, or only while under suspicion.
func (b Baseline) Cell(i *Ident) *Known {
	k, ok := i.key()
	if !ok {
		return nil
	}
	r := b.site.Base.Cells.Get(k)
	if r == nil || r.Suspect {
		return nil
	}
	return r
}

// Network is what was learned of the network of a cell; nil if it was never seen here.
func (b Baseline) Network(i *Ident) *Network { return b.site.Base.Networks.Get(i.PLMN) }

// Networks lists the networks seen here, oldest first; the zero PLMN stands for cells that did not name theirs.
func (b Baseline) Networks() iter.Seq[cell.PLMN] {
	return func(yield func(cell.PLMN) bool) {
		for _, k := range b.site.Base.Networks.Keys {
			if !yield(b.nets.plmn(k)) {
				return
			}
		}
	}
}

// NetworksOn lists the networks seen on the channel of a cell, oldest first.
func (b Baseline) NetworksOn(i *Ident) iter.Seq[cell.PLMN] {
	return func(yield func(cell.PLMN) bool) {
		for _, k := range b.site.Base.Channels.Keys {
			if k.RAT == i.RAT && k.ARFCN == i.ARFCN && !yield(b.nets.plmn(k.PLMN)) {
				return
			}
		}
	}
}

// Area is what was learned of the area of a cell; nil if it was never seen here.
func (b Baseline) Area(i *Ident) *Area {
	return b.site.Base.Areas.Get(areaKey{i.RAT, i.PLMN, i.Area})
}

// OtherAreas lists the areas of the network and RAT of a cell, except its own.
func (b Baseline) OtherAreas(i *Ident) iter.Seq2[cell.Area, *Area] {
	return func(yield func(cell.Area, *Area) bool) {
		t := &b.site.Base.Areas
		for k := range t.Keys {
			a := &t.Keys[k]
			if a.RAT == i.RAT && a.PLMN == i.PLMN && a.Area != i.Area && !yield(a.Area, &t.Vals[k]) {
				return
			}
		}
	}
}

// Tile is how many changes of cell there were in the present tile, about 2 km across, and how many of them brought a cell never
// seen before; ok is false for a fixed sensor and in a tile where it has not been.
func (b Baseline) Tile() (stays, fresh uint32, ok bool) {
	t := b.site.tile()
	if t == nil {
		return 0, 0, false
	}
	return t.Stays, t.New, true
}

// learned is what is normal for one sensor. It is bounded: when a table is full, the oldest of a few entries makes room, so
// that old places are forgotten before the present one.
type learned struct {
	Cells    Table[cellKey, Known]
	Phys     Table[physKey, lastSeen]
	Areas    Table[areaKey, Area]
	Channels Table[channelKey, lastSeen]
	Heard    Table[cellKey, lastSeen]
	Tiles    Table[uint64, tileRecord]
	Networks Table[uint16, Network]
	RATs     PerRAT[RATStats]
	Stays    int64 // changes of cell
}

// Bounds of the tables of one sensor. A year of driving shows fewer than 131,072 cells.
const (
	maxCells    = 1 << 17
	maxAreas    = 1 << 13
	maxChannels = 1 << 12
	maxHeard    = 1 << 16
	maxTiles    = 1 << 14
	maxNetsHere = 1 << 9
)

// Known is what was learned of one cell.
type Known struct {
	Ident    Ident
	First    int64
	Seen     int64
	N        uint32 // observations
	Stays    uint32
	Top      float32 // dBm: the strongest level
	Lat, Lon float64 // centre of where it was heard
	Radius   float32 // metres around it
	Places   uint32
	Alt      cell.Area
	AltN     uint32 // stays under Alt
	Suspect  bool   // it was part of an alert, and is not learned
	slot     int32
}

// Area is what was learned of one area code.
type Area struct {
	First, Seen int64
	Cells       uint32 // distinct cells
	Moved       uint32 // cells that came to it from another area
	Suspect     bool
}

// lastSeen is a record of something of which only the last time matters.
type lastSeen struct{ Seen int64 }

func (l *lastSeen) seen() int64 { return l.Seen }

type tileRecord struct {
	Seen       int64
	Stays, New uint32
}

// Network is what was learned of one network.
type Network struct {
	First, Seen int64
	N           uint32
	Served      [4]uint32 // observations registered, by domain
}

// RATStats is what was learned of one RAT.
type RATStats struct {
	N            uint32 // observations with a level
	Stays        uint32
	Cells        uint32 // distinct ones
	Asked, Empty uint32 // neighbour lists, and those of them that were empty

	Top   float32 // dBm: the strongest cell
	Scale uint8   // 2: levels are RSRP or RSCP; 1: RSSI; 0: none yet
}

// Table is a bounded map whose order is that of arrival, so that it is saved and evicted the same way every time. The zero
// Table is empty.
type Table[K comparable, V any] struct {
	Keys  []K
	Vals  []V
	Hand  int // where eviction looks next
	index map[K]int32
	last  int32 // what was asked for most recently: mostly the present cell
}

// Get returns the value of a key, and nil if there is none. It is valid until the next Put.
func (t *Table[K, V]) Get(k K) *V {
	if int(t.last) < len(t.Keys) && t.Keys[t.last] == k {
		return &t.Vals[t.last]
	}
	if len(t.index) != len(t.Keys) { // after a restore
		t.reindex()
	}
	i, ok := t.index[k]
	if !ok {
		return nil
	}
	t.last = i
	return &t.Vals[i]
}

// Put returns the value of a key, a new one if there was none. When the table holds limit keys, seen tells which of the next
// eight is oldest, and that one is forgotten.
func (t *Table[K, V]) Put(k K, limit int, seen func(*V) int64) (v *V, isNew bool) {
	if v := t.Get(k); v != nil {
		return v, false
	}
	if t.index == nil {
		t.reindex()
	}
	if len(t.Keys) < limit {
		var zero V
		t.Keys, t.Vals = append(roomy(t.Keys), k), append(roomy(t.Vals), zero)
		t.index[k] = int32(len(t.Keys) - 1)
		return &t.Vals[len(t.Vals)-1], true
	}
	oldest := t.Hand
	for range 8 {
		if seen(&t.Vals[t.Hand]) < seen(&t.Vals[oldest]) {
			oldest = t.Hand
		}
		t.Hand = (t.Hand + 1) % len(t.Keys)
	}
	delete(t.index, t.Keys[oldest])
	var zero V
	t.Keys[oldest], t.Vals[oldest] = k, zero
	t.index[k] = int32(oldest)
	return &t.Vals[oldest], true
}

// roomy makes room for a quarter more: a thousand sensors have many tables, and append would double the small ones.
func roomy[T any](s []T) []T {
	if len(s) < cap(s) {
		return s
	}
	return append(make([]T, 0, len(s)+len(s)/4+8), s...)
}

func (t *Table[K, V]) reindex() {
	t.index = make(map[K]int32, len(t.Keys))
	for i, k := range t.Keys {
		t.index[k] = int32(i)
	}
}

func (b *learned) cell(k cellKey) (*Known, bool) {
	r, isNew := b.Cells.Put(k, maxCells, func(r *Known) int64 { return r.Seen })
	if isNew {
		r.slot = b.Cells.index[k]
	}
	return r, isNew
}

// rat is what was learned of a RAT.
func (b *learned) rat(r cell.RAT) *RATStats { return b.RATs.Of(r) }
