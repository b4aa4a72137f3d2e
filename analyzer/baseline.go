package analyzer

import "vigie/cell"

// baseline is what has been normal for one sensor. It is bounded: when a table is full, of a few entries looked at in
// turn the one not seen for longest makes room, so that old places are forgotten before the present one.
type baseline struct {
	Cells      table[cellKey, Known]
	Phys       table[physKey, physRecord]
	Areas      table[areaKey, Area]
	Channels   table[channelKey, channelRecord]
	Heard      table[cellKey, heardRecord]
	Tiles      table[uint64, tileRecord]
	Networks   table[uint16, Network]
	Numbers    table[numberKey, numberRecord]
	Numberings table[numberingKey, numbering]
	RATs       [5]ratRecord
	Stays      int64  // changes of cell
	Single     int64  // cells with exactly one stay: the estimate of how much is still unseen (Good-Turing)
	Narrow     uint32 // LTE cells at most 5 MHz wide
	Wide       uint32 // LTE cells whose width is known
	Falls      int64  // changes to GSM from a later RAT
	Falls3G    int64  // changes to UMTS from LTE or NR
}

// Bounds of the tables of one sensor. 131,072 cells are more than a year of driving shows.
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
	Ident     Ident
	First     int64
	Seen      int64
	N         uint32 // observations
	Stays     uint32
	Mean, Dev float32 // level: mean and mean deviation, exponentially weighted once there are 100
	Top       float32 // the strongest it was
	Lat, Lon  float64 // centre of where it was heard
	Radius    float32 // metres around it
	Places    uint32
	Listed    uint32 // observations with neighbours
	Empty     uint32 // observations asked for neighbours, without any
	Aided     uint32 // observations with further carriers or a 5G leg
	Plain     uint32 // observations that said there were none
	Alt       cell.Area
	AltN      uint32 // stays under Alt
	AltFrom   int64
	Numbered  uint8 // how its numbers were learned, see learnNumber
	Suspect   bool  // part of an alert: not learned
}

type physRecord struct {
	Cell cellKey
	Seen int64
}

// Area is what was learned of one area code.
type Area struct {
	First, Seen int64
	Cells       uint32 // distinct cells
	Moved       uint32 // cells that came to it from another area
	Suspect     bool
}

type channelRecord struct {
	First, Seen int64
	N           uint32
}

type heardRecord struct{ Seen int64 }

type tileRecord struct {
	Seen       int64
	Stays, New uint32
}

// Network is what was learned of one network.
type Network struct {
	First, Seen int64
	N           uint32
	Accepted    [4]int64  // last time registered, by domain
	Served      [4]uint32 // observations registered, by domain
	Rejected    uint32    // episodes
}

type ratRecord struct {
	N     uint32
	Stays uint32

	Cells           uint32 // distinct ones
	Asked, Empty    uint32 // neighbour lists
	Bare, Alien     uint32 // stays that began with two empty lists, and stays whose first list held only strangers
	Replan          int64  // when a known cell last came back from an outage under another area
	Steps           bins   // changes of cell by how much stronger the new one came, in steps of 3 dB
	Stepped         uint32 // their sum, with those that came weaker
	Leads           bins   // neighbour lists by how much the serving cell led, in steps of 4 dB
	Led             uint32 // their sum, with those that another cell led
	Areas, Channels uint32 // changes of cell that brought an area or a channel never seen

	Top   float32 // the strongest cell of this RAT
	Scale uint8   // 2: levels are RSRP or RSCP; 1: RSSI; 0: none yet
}

// table is a bounded map whose order is that of arrival, so that it is saved and evicted the same way every time.
type table[K comparable, V any] struct {
	Keys  []K
	Vals  []V
	Hand  int // where eviction looks next
	index map[K]int32
}

func (t *table[K, V]) get(k K) *V {
	if i, ok := t.index[k]; ok {
		return &t.Vals[i]
	}
	return nil
}

// put returns the value of k, a new one if there was none. When the table is full, seen tells which of the next eight
// entries is oldest, and that one is forgotten.
func (t *table[K, V]) put(k K, limit int, seen func(*V) int64) (v *V, isNew bool) {
	if i, ok := t.index[k]; ok {
		return &t.Vals[i], false
	}
	if t.index == nil {
		t.reindex()
	}
	if len(t.Keys) < limit {
		var zero V
		t.Keys, t.Vals = append(t.Keys, k), append(t.Vals, zero)
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

func (t *table[K, V]) reindex() {
	t.index = make(map[K]int32, len(t.Keys))
	for i, k := range t.Keys {
		t.index[k] = int32(i)
	}
}

func (b *baseline) reindex() {
	b.Cells.reindex()
	b.Phys.reindex()
	b.Areas.reindex()
	b.Channels.reindex()
	b.Heard.reindex()
	b.Tiles.reindex()
	b.Networks.reindex()
	b.Numbers.reindex()
	b.Numberings.reindex()
}

func (b *baseline) cell(k cellKey) (*Known, bool) {
	r, isNew := b.Cells.put(k, maxCells, func(r *Known) int64 { return r.Seen })
	return r, isNew
}

// hear learns a level: mean and deviation over the first hundred, then with a weight of a hundredth.
func (r *Known) hear(level float32) {
	w := float32(0.01)
	if r.N < 100 {
		w = 1 / float32(r.N+1)
	}
	if r.N == 0 {
		r.Mean, r.Top = level, level
	}
	d := level - r.Mean
	r.Mean += w * d
	if d < 0 {
		d = -d
	}
	r.Dev += w * (d - r.Dev)
	r.Top = max(r.Top, level)
}

// rat is what was learned of a RAT; a RAT that does not exist shares the place of the one not known.
func (b *baseline) rat(r cell.RAT) *ratRecord {
	if int(r) >= len(b.RATs) {
		r = cell.UnknownRAT
	}
	return &b.RATs[r]
}

// bins counts how large something was, in twelve equal steps from 0 up; the last holds all that is larger.
type bins = [12]uint32

// tally counts a value of which there are now one more in all; what is below 0 is in no bin.
func tally(in *bins, all *uint32, width, value float64) {
	*all++
	if value >= 0 {
		in[min(int(value/width), len(in)-1)]++
	}
}

// shareFrom is the share of all values that were at least so large, shrunk towards prior.
func shareFrom(in *bins, all uint32, width, value, prior float64) float64 {
	const weight = 20
	n := 0.0
	for i := max(0, int(value/width)); i < len(in); i++ {
		n += float64(in[i])
	}
	return (n + weight*prior) / (float64(all) + weight)
}

const (
	stepWidth = 3 // dB
	leadWidth = 4
)

// step counts by how much stronger a cell came than the one before it.
func (r *ratRecord) step(up float64) { tally(&r.Steps, &r.Stepped, stepWidth, up) }

// stepShare is the share of changes of cell that brought at least so much more level, shrunk towards prior.
func (r *ratRecord) stepShare(up, prior float64) float64 {
	return shareFrom(&r.Steps, r.Stepped, stepWidth, up, prior)
}

// lead counts by how much the serving cell was stronger than the strongest neighbour of its RAT.
func (r *ratRecord) lead(by float64) { tally(&r.Leads, &r.Led, leadWidth, by) }

// leadShare is the share of neighbour lists in which the serving cell led by at least so much, shrunk towards prior.
func (r *ratRecord) leadShare(by, prior float64) float64 {
	return shareFrom(&r.Leads, r.Led, leadWidth, by, prior)
}
