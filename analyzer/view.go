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

	AreaLearned bool        // the area of this stay became known with this observation
	Asked       bool        // neighbours were asked for
	Neighbours  []Neighbour // and these were listed; valid until the next observation
	Strangers   bool        // there were some, none of which was ever heard before

	Level, Quality, SINR          float32 // dBm, RSRQ in dB, dB
	HasLevel, HasQuality, HasSINR bool

	TA, TABefore       uint16 // timing advance now, and in this stay not more than 15 s ago
	HasTA, HasTABefore bool

	Rejected    bool // a domain reports that registration was denied
	RejectBegan bool // and did not report that before, or not for this cause
	Domain      int
	Cause       uint16
	HasCause    bool

	Base Baseline // what is normal here

	on     *Stay
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
func (v *View) On() *Stay { return v.on }

// Entered tells whether the identity of the present stay has just become known: the cell with Arrived, or its area.
func (v *View) Entered() bool { return v.Arrived || v.AreaLearned }

// Fixed tells whether the sensor stays at one place.
func (v *View) Fixed() bool { return v.site.fixed() }

// Assumed tells whether a field is a guess of the source.
func (v *View) Assumed(f cell.Fields) bool { return v.site.Assume&f != 0 }

// Statistic is what this rule has learned here; nil if it declares none.
func (v *View) Statistic() Statistic { return v.site.stats[v.rule] }

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

// Per names what a rate is counted by.
type Per uint8

// What a rate is counted by.
const (
	PerStay Per = iota // changes of cell or area
	PerHour            // hours of watching
)

func (v *View) chances(p Per) float64 {
	if p == PerStay {
		return v.Base.Stays()
	}
	return float64(v.site.Watched) / 3_600_000
}

// PriorWeight is how many chances the prior of a rate counts as: what was measured here outweighs it only after more.
const PriorWeight = 50

// Rate is how often this rule's condition is expected, per chance: the prior that the rule brings, moved towards what
// was measured here as chances accumulate.
func (v *View) Rate(prior float64, p Per) float64 {
	return Share(float64(v.site.habit(v.engine, v.rule).K), v.chances(p), prior, PriorWeight)
}

// Distance is how many metres lie between here and a place in degrees; false if it is not known where the sensor is.
func (v *View) Distance(lat, lon float64) (float64, bool) {
	f, ok := v.site.here()
	return metres(f.Lat, f.Lon, lat, lon), ok
}

// Signal is what a rule says of a condition that holds.
type Signal struct {
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
func (s *Signal) Say(format string, args ...any) {
	s.Phrase = phrase(format, args...)
	s.Text = s.Phrase.String()
}

// Suspect adds a cell under suspicion.
func (s *Signal) Suspect(i *Ident) { s.Suspects = append(s.Suspects, *i) }

// Since says that the evidence began before this observation.
func (s *Signal) Since(ms int64) { s.first = ms }

// Once tells whether this rule has not yet spoken during a stay, and remembers that it does now.
func (v *View) Once(s *Stay) bool {
	i, found := slices.BinarySearch(s.Reported, uint16(v.rule))
	if !found {
		s.Reported = slices.Insert(s.Reported, i, uint16(v.rule))
	}
	return !found
}

// weight turns a probability into points: decades of surprise, times how telling the condition is.
func weight(p float64, t Telling) float64 {
	if !(p < 1) {
		return 0
	}
	return tellingFactor[t] * -math.Log10(max(p, 1e-6))
}

// Skewed tells whether the source updates parts of a cell's identity at different moments.
func (v *View) Skewed() bool { return v.site.Skew }
