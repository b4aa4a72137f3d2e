package analyzer

import (
	"fmt"
	"math"

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
	Was     Ident // what it was before that

	AreaLearned bool // the area of this stay became known with this observation
	Asked       bool // neighbours were asked for

	Level, Quality, SINR          float32 // dBm, RSRQ in dB, dB
	HasLevel, HasQuality, HasSINR bool

	Rejected bool // a domain reports that registration was denied
	Domain   int
	Cause    uint16
	HasCause bool

	site   *site
	engine *Engine
	rule   int
	fresh  bool
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
	m, ok := v.site.moved(15_000)
	if ok {
		return m < 30, true
	}
	if f, ok := v.site.here(); ok && f.HasSpeed {
		return f.Speed < 1, true
	}
	return false, false
}

// Moved is how many metres the sensor moved in the last given milliseconds.
func (v *View) Moved(ms int64) (float64, bool) {
	if v.Fixed() {
		return 0, true
	}
	return v.site.moved(ms)
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
	if int(r) >= len(v.site.Base.RATs) {
		return 0, 0
	}
	t := &v.site.Base.RATs[r]
	return float64(t.Top), t.N
}

// Network is what was learned of a network; nil when it was never seen here.
func (v *View) Network(i *Ident) *Network { return v.site.Base.Networks.get(i.PLMN) }

// Area is what was learned of the area of a cell; nil when it was never seen here.
func (v *View) Area(i *Ident) *Area {
	return v.site.Base.Areas.get(areaKey{i.RAT, i.PLMN, i.Area})
}

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
	PerFall            // changes to GSM from a later RAT
)

func (p Per) String() string { return [...]string{"cell changes", "hours", "falls to 2G"}[p] }

func (v *View) chances(p Per) float64 {
	b := &v.site.Base
	switch p {
	case PerStay:
		return float64(b.Stays)
	case PerFall:
		return float64(b.Falls)
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
	Text     string   // one sentence, without a full stop
	Innocent []string // innocent causes that fit this case; none: those of the rule
	Severity Severity // least severity of the finding; the rule's range holds
	weight   float64
	first    int64
}

// Say sets the sentence.
func (s *Sign) Say(format string, args ...any) { s.Text = fmt.Sprintf(format, args...) }

// Suspect adds a cell under suspicion.
func (s *Sign) Suspect(i *Ident) { s.Suspects = append(s.Suspects, *i) }

// Since says that the evidence began before this observation.
func (s *Sign) Since(ms int64) { s.first = ms }

// Once tells whether this rule has not yet spoken during a stay, and remembers that it does now.
func (v *View) Once(s *Stay) bool {
	bit := uint64(1) << (v.rule & 63)
	if s.Fired&bit != 0 {
		return false
	}
	s.Fired |= bit
	return true
}

// weight turns a probability into points: decades of surprise, times how telling the condition is.
func weight(p float64, t Telling) float64 {
	if !(p < 1) {
		return 0
	}
	return tellingFactor[t] * -math.Log10(max(p, 1e-6))
}
