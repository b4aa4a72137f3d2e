package analyzer

import (
	"math"
	"slices"

	"vigie/cell"
)

// View is one observation against what went before and what is normal here: all that a rule may know. Rules read it and
// change nothing. Levels are dBm, times milliseconds since 1970.
type View struct {
	Obs     *cell.Observation
	Now     int64
	Survey  bool  // a row of a sweep: no rule about serving applies
	Serving bool  // the observation has a serving cell
	Cell    Ident // of the serving cell, as this observation has it
	Arrived bool  // a stay began with this observation
	Retuned bool  // the cell of this stay changed its channel or physical identity

	AreaLearned bool // the area of this stay became known with this observation
	Asked       bool // neighbours were asked for
	Strangers   bool // and there were some, none of which was ever heard before

	Level, Quality, SINR          float32 // dBm, RSRQ in dB, dB
	HasLevel, HasQuality, HasSINR bool

	TA, TABefore       uint16 // timing advance now, and in this stay not more than 15 s ago
	HasTA, HasTABefore bool

	Rejected bool // a domain reports that registration was denied
	Domain   int
	Cause    uint16
	HasCause bool

	site   *site
	engine *Engine
	rule   int
}

// Stay returns the n-th stay counted back from now: 0 is the present one. nil when there is none.
func (v *View) Stay(n int) *Stay {
	if n == 0 && !v.site.Camped || n >= len(v.site.Stays) {
		return nil
	}
	return &v.site.Stays[n]
}

// On is the present stay; nil while there is none.
func (v *View) On() *Stay {
	if !v.Serving {
		return nil
	}
	return v.Stay(0)
}

// Entered tells whether the identity of the present stay has just become known: the cell with Arrived, or its area.
func (v *View) Entered() bool { return v.Arrived || v.AreaLearned }

// Fixed tells whether the sensor stays at one place.
func (v *View) Fixed() bool { return v.site.fixed() }

// Assumed tells whether a field is a guess of the source.
func (v *View) Assumed(f cell.Fields) bool { return v.site.Assume&f != 0 }

// Days is how many days were watched here.
func (v *View) Days() float64 { return v.site.days() }

// Minutes is how many minutes were watched here.
func (v *View) Minutes() float64 { return float64(v.site.Watched) / 60_000 }

// PLMN is the name of a network.
func (v *View) PLMN(i *Ident) cell.PLMN { return v.engine.nets.plmn(i.PLMN) }

// Still tells whether the sensor stands still, and whether that is known. A fixed one does. One that moves does when it
// moved less than 30 m in 15 s or more.
func (v *View) Still() (still, known bool) {
	if v.Fixed() {
		return true, true
	}
	f, here := v.site.here()
	if here && f.HasSpeed && f.Speed >= 2 {
		return false, true
	}
	if here && f.Coarse {
		return false, false
	}
	m, ok := v.site.moved(15_000)
	if ok {
		return m < 30, true
	}
	if here && f.HasSpeed {
		return f.Speed < 1, true
	}
	return false, false
}

// Arriving tells whether a move to a new place could explain what is seen: the sensor moves, or is not known to stand.
func (v *View) Arriving() bool {
	still, known := v.Still()
	return !known || !still
}

// Known is what was learned of a cell; nil when it was never seen here, or only while under suspicion.
func (v *View) Known(i *Ident) *Known {
	k, ok := i.key()
	if !ok {
		return nil
	}
	r := v.site.Base.Cells.get(k)
	if r == nil || r.Suspect {
		return nil
	}
	return r
}

// Loudest is the strongest that any cell of a RAT has been here, in how many observations.
func (v *View) Loudest(r cell.RAT) (float64, uint32) {
	t := v.site.Base.rat(r)
	return float64(t.Top), t.N
}

// Network is what was learned of a network; nil when it was never seen here.
func (v *View) Network(i *Ident) *Network { return v.site.Base.Networks.get(i.PLMN) }

// Area is what was learned of the area of a cell; nil when it was never seen here.
func (v *View) Area(i *Ident) *Area {
	return v.site.Base.Areas.get(areaKey{i.RAT, i.PLMN, i.Area})
}

// Neighbours is the last list that was asked for, with levels (minus infinity: none) and priorities (-1: none).
func (v *View) Neighbours() ([]Ident, []float32, []int8) {
	return v.site.Neigh, v.site.NeighLev, v.site.NeighPrio
}

// Lists is how often neighbours were asked for on a RAT here, and how often there were none.
func (v *View) Lists(r cell.RAT) (asked, empty uint32) {
	t := v.site.Base.rat(r)
	return t.Asked, t.Empty
}

// Bare is the share of stays here that began with two empty lists of neighbours, from a prior of one in twenty.
func (v *View) Bare(r cell.RAT) float64 {
	t := v.site.Base.rat(r)
	return (float64(t.Bare) + 20*0.05) / (float64(t.Stays) + v.Minutes()/10 + 20)
}

// Alien is the share of stays here whose first list of neighbours held only strangers, from a prior of one in twenty.
func (v *View) Alien(r cell.RAT) float64 {
	t := v.site.Base.rat(r)
	return (float64(t.Alien) + 20*0.05) / (float64(t.Stays) + v.Minutes()/10 + 20)
}

// Excursion tells whether the modem has just come back to the cell it was on before it went to cells that this place
// had not shown before, by which ways ever: home is that former stay, out the first strange one.
func (v *View) Excursion() (home, out *Stay, ok bool) {
	on := v.On()
	if on == nil || !v.Arrived || on.Blind {
		return nil, nil, false
	}
	const longest = 12 * 60_000
	n := 1
	for ; ; n++ {
		p := v.Stay(n)
		if p == nil || p.Blind || v.Now-p.From > longest {
			home = p
			break
		}
		if !p.Strange() || p.Cell.SameCell(&on.Cell) && p.Cell.SameArea(&on.Cell) {
			home = p
			break
		}
	}
	if n == 1 || home == nil || !home.Cell.SameCell(&on.Cell) || !home.Cell.SameArea(&on.Cell) {
		return nil, nil, false
	}
	out = v.Stay(n - 1)
	return home, out, v.Now-out.From <= longest
}

// AreaNovelty is how probable it was that a change of cell brought an area code never seen: what was measured here,
// from a prior of 3 in 100, as in the benign traces, that counts as ten changes. At a fixed site ten minutes without a
// change count as one that brought none.
func (v *View) AreaNovelty(r cell.RAT) float64 {
	t := v.site.Base.rat(r)
	const prior, weight = 0.03, 10
	n := float64(t.Stays)
	if v.Fixed() {
		n += v.Minutes() / 10
	}
	return (float64(t.Areas) + weight*prior) / (n + weight)
}

// Rise is by how much the present stay began stronger than the one before it ended, in dB, on one RAT.
func (v *View) Rise() (float64, bool) {
	on, left := v.On(), v.Stay(1)
	if on == nil || left == nil || left.Cell.RAT != on.Cell.RAT {
		return 0, false
	}
	before, ok := left.AtEnd()
	now, ok2 := on.AtStart()
	return now - before, ok && ok2
}

// RiseShare is the share of changes of cell here that brought at least so much more level. The prior is what was measured
// on the move: one in ten brings 13 dB more in LTE, one in six in GSM and UMTS.
func (v *View) RiseShare(r cell.RAT, up float64) float64 {
	prior := math.Pow(10, -up/17)
	if r >= cell.LTE {
		prior = math.Pow(10, -up/13)
	}
	return v.site.Base.rat(r).stepShare(up, prior)
}

// Replanning tells whether within the last day a known cell came back from an outage under another area code: then the
// network may be changing its areas, and more new ones are to be expected.
func (v *View) Replanning(r cell.RAT) bool {
	at := v.site.Base.rat(r).Replan
	return at != 0 && v.Now-at < 24*3600_000
}

// NearestArea is how far, as a number, the closest known area code of the same network and RAT is; false when none is.
func (v *View) NearestArea(i *Ident) (uint32, bool) {
	best, ok := uint32(0), false
	t := &v.site.Base.Areas
	for k := range t.Keys {
		a := &t.Keys[k]
		if a.RAT != i.RAT || a.PLMN != i.PLMN || a.Area == i.Area || t.Vals[k].Suspect {
			continue
		}
		d := uint32(max(a.Area, i.Area) - min(a.Area, i.Area))
		if !ok || d < best {
			best, ok = d, true
		}
	}
	return best, ok
}

// ChannelNovelty is how probable it was that a change of cell brought a channel never seen, from a prior of one in five
// that counts as five changes.
func (v *View) ChannelNovelty(r cell.RAT) float64 {
	t := v.site.Base.rat(r)
	const prior, weight = 0.2, 5
	return (float64(t.Channels) + weight*prior) / (float64(t.Stays) + weight)
}

// ThreeGShare is how large a part of the changes of cell here went from LTE or NR to UMTS, from a prior of 1 in 20.
func (v *View) ThreeGShare() float64 {
	b := &v.site.Base
	return (float64(b.Falls3G) + shrinkage*0.05) / (float64(b.Stays) + shrinkage)
}

// HomeCountry tells whether a country was seen here before, by the MCC of any network learned.
func (v *View) HomeCountry(same func(mcc string) bool) bool {
	for _, k := range v.site.Base.Networks.Keys {
		if k != 0 && same(v.engine.nets.plmn(k).MCC) {
			return true
		}
	}
	return false
}

// NetworksKnown is how many networks were learned here.
func (v *View) NetworksKnown() int { return len(v.site.Base.Networks.Keys) }

// FallShare is how large a part of the changes of cell here was a fall to GSM from a later RAT; it starts at prior.
func (v *View) FallShare(prior float64) float64 {
	b := &v.site.Base
	return (float64(b.Falls) + shrinkage*prior) / (float64(b.Stays) + shrinkage)
}

// RejectBegan tells whether the registration of this observation's domain has just turned to denied.
func (v *View) RejectBegan() bool { return v.Rejected && v.site.Regs[v.Domain].Changed == v.Now }

// CauseBegan tells whether the cause of the denial of this observation's domain is a new one.
func (v *View) CauseBegan() bool {
	return v.Rejected && v.HasCause && v.site.Regs[v.Domain].Why == v.Now
}

// Per names what a rate is counted by.
type Per uint8

// What a rate is counted by.
const (
	PerStay Per = iota // changes of cell or area
	PerHour            // hours of watching
)

func (v *View) chances(p Per) float64 {
	if p == PerStay {
		return float64(v.site.Base.Stays)
	}
	return float64(v.site.Watched) / 3_600_000
}

// shrinkage is how many chances the prior counts as: a rate measured here outweighs it only after more than that.
const shrinkage = 50

// Rate is how often this rule's condition is expected, per chance: the prior that the rule brings, moved towards what
// was measured here as chances accumulate.
func (v *View) Rate(prior float64, p Per) float64 {
	k := float64(v.site.habit(v.engine, v.rule).K)
	return (k + shrinkage*prior) / (v.chances(p) + shrinkage)
}

// Novelty is how probable it was that a change of cell brought one never seen: by the share of cells seen once
// (Good-Turing) in this tile when moving, at this site when fixed. Time watched without any change counts too, a
// chance each ten minutes, or a site with one cell would never learn that it has one cell.
func (v *View) Novelty() float64 {
	b := &v.site.Base
	if v.Fixed() {
		const prior, weight = 0.3, 5
		n := float64(b.Stays) + v.Minutes()/10
		return (float64(b.Single) + weight*prior) / (n + weight)
	}
	const prior, weight = 0.5, 10
	if t := v.site.tile(); t != nil {
		return (float64(t.New) + weight*prior) / (float64(t.Stays) + weight)
	}
	return (float64(b.Single) + weight*prior) / (float64(b.Stays) + weight)
}

// Sign is what a rule says of a condition that holds.
type Sign struct {
	P        float64  // how probable it was here, by chance
	Suspects []Ident  // the cells under suspicion
	Text     string   // one sentence in English, without a full stop
	Phrase   Phrase   // what Text was made of
	Innocent []string // innocent causes that fit this case; none: those of the rule
	Place    bool     // on the move, an arrival at a new place explains it: counted once with all others of this kind
	Severity Severity // least severity of the finding; the rule's range holds
	first    int64
}

// Say sets the sentence. Its format is a literal, so that a test finds it, and needs a translation in words/rules. An argument is a
// cell (*Ident), a PLMN, a time.Duration in whole seconds, a time.Time, a number with %d or %.1f, or a text.
func (s *Sign) Say(format string, args ...any) {
	s.Phrase = phrase(format, args...)
	s.Text = s.Phrase.String()
}

// Suspect adds a cell under suspicion.
func (s *Sign) Suspect(i *Ident) { s.Suspects = append(s.Suspects, *i) }

// Since says that the evidence began before this observation.
func (s *Sign) Since(ms int64) { s.first = ms }

// Once tells whether this rule has not yet spoken during a stay, and remembers that it does now.
func (v *View) Once(s *Stay) bool {
	if slices.Contains(s.Reported, uint16(v.rule)) {
		return false
	}
	s.Reported = append(s.Reported, uint16(v.rule))
	return true
}

// weight turns a probability into points: decades of surprise, times how telling the condition is.
func weight(p float64, t Telling) float64 {
	if !(p < 1) {
		return 0
	}
	return tellingFactor[t] * -math.Log10(max(p, 1e-6))
}

// ChannelOwner is another network that was heard on the channel of a cell here, when there is one.
func (v *View) ChannelOwner(i *Ident) *cell.PLMN {
	for _, k := range v.site.Base.Channels.Keys {
		if k.RAT == i.RAT && k.ARFCN == i.ARFCN && k.PLMN != i.PLMN && k.PLMN != 0 {
			p := v.engine.nets.plmn(k.PLMN)
			return &p
		}
	}
	return nil
}

// Skewed tells whether the source updates parts of a cell's identity at different moments.
func (v *View) Skewed() bool { return v.site.Skew }

// Served tells whether the modem had service before the present stay: idle or connected, or registered.
func (v *View) Served() bool { return v.site.Service != 0 }

// Distance is how many metres lie between here and where a cell lives.
func (v *View) Distance(k *Known) (float64, bool) {
	f, ok := v.site.here()
	if !ok || k.Places == 0 {
		return 0, false
	}
	return metres(f.Lat, f.Lon, k.Lat, k.Lon), true
}

// Narrow is how many of the LTE cells learned here are at most 5 MHz wide, of how many whose width is known.
func (v *View) Narrow() (narrow, all uint32) { return v.site.Base.Narrow, v.site.Base.Wide }

// Priority is the reselection priority of the serving frequency, as this or a recent observation of the stay gave it.
func (v *View) Priority() (uint8, bool) {
	if v.Obs.Serving != nil {
		if p, ok := v.Obs.Serving.Priority.Get(); ok {
			return p, p <= 7
		}
	}
	return 0, false
}

// Jammed tells whether for three observations the power in the channel (RSSI) has been 12 dB or more above what it was
// against that of the cell (RSRP), and RSRQ -17 dB or less.
func (v *View) Jammed() bool { return v.site.Noisy >= 3 }

// StaysOn is how many stays on a RAT were learned here.
func (v *View) StaysOn(r cell.RAT) float64 { return float64(v.site.Base.rat(r).Stays) }

// AreaElsewhere tells whether the number of a cell's area is known in the same network, in another RAT.
func (v *View) AreaElsewhere(i *Ident) bool {
	for r := cell.GSM; r <= cell.NR; r++ {
		if r != i.RAT && v.site.Base.Areas.get(areaKey{r, i.PLMN, i.Area}) != nil {
			return true
		}
	}
	return false
}

// CellsOn is how many cells of a RAT were learned here.
func (v *View) CellsOn(r cell.RAT) float64 { return float64(v.site.Base.rat(r).Cells) }
