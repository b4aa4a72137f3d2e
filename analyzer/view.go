package analyzer

import (
	"math"
	"slices"

	"vigie/cell"
)

// View is one observation, compared with what went before and with what is normal here: all that a rule may know. Rules read it
// and change nothing. Levels are in dBm, times in milliseconds since 1970.
type View struct {
	Obs     *cell.Observation
	Now     int64
	Survey  bool // a row of a survey: rules do not see it
	Arrived bool // a stay began with this observation
	Retuned bool // the cell of this stay changed its channel or physical identity

	Mislabelled bool // the serving cell has the RAT of one moment and the identity of another: rules do not see it

	AreaLearned bool        // the area of this stay became known with this observation
	Asked       bool        // neighbours were asked for
	Neighbours  []Neighbour // and these were listed; valid until the next observation
	Strangers   bool        // there were some, and none was ever heard before

	Level, Quality       float32 // dBm, RSRQ in dB
	HasLevel, HasQuality bool

	TA, TABefore       uint16 // timing advance now, and earlier in this stay, at most 15 s ago
	HasTA, HasTABefore bool

	Rejected    bool // a domain reports that registration was denied
	RejectBegan bool // and did not report that before, or not for this cause
	Domain      int
	Cause       uint16
	HasCause    bool

	Base Baseline // what is normal here

	on     *Stay
	pace   Pace // see Pace, plus one; 0: not asked for yet
	site   *site
	engine *Engine
	rule   int
}

// Stay returns the n-th stay counted back from now; 0 is the present one. It returns nil if there is none.
func (v *View) Stay(n int) *Stay {
	if n == 0 && !v.site.Camped || n >= len(v.site.Stays) {
		return nil
	}
	return &v.site.Stays[n]
}

// On returns the present stay; nil if the modem is on no cell.
func (v *View) On() *Stay { return v.on }

// Entered reports whether the identity of the present stay has just become known: the cell (Arrived) or its area.
func (v *View) Entered() bool { return v.Arrived || v.AreaLearned }

// Fixed reports whether the sensor stays at one place.
func (v *View) Fixed() bool { return v.site.fixed() }

// Assumed reports whether any of these fields is an assumption of the source.
func (v *View) Assumed(f cell.Fields) bool { return v.site.Assume&f != 0 }

// Reports reports whether the source has reported any of these fields, or declares that it does.
func (v *View) Reports(f cell.Fields) bool { return v.site.reports()&f != 0 }

// Statistic returns what this rule has learned here; nil if the rule declares no statistic.
func (v *View) Statistic() Statistic { return v.site.stats[v.rule] }

// PLMN returns the network of a cell.
func (v *View) PLMN(i *Ident) cell.PLMN { return v.engine.nets.plmn(i.PLMN) }

// Per is what a rate is counted by.
type Per uint8

// The units of a rate.
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

// PriorWeight is how many chances the prior of a rate counts as: what is measured here outweighs it only after more.
const PriorWeight = 50

// Rate is how often the condition of this rule is expected, per chance: the prior of the rule, moved towards what was measured
// here as chances accumulate.
func (v *View) Rate(prior float64, p Per) float64 {
	return Share(float64(v.site.habit(v.engine, v.rule).K), v.chances(p), prior, PriorWeight)
}

// Distance is how many metres lie between the sensor and a place in degrees; false if the sensor's position is not known.
func (v *View) Distance(lat, lon float64) (float64, bool) {
	f, ok := v.site.here()
	return metres(f.Lat, f.Lon, lat, lon), ok
}

// Signal is what a rule reports when its condition holds.
type Signal struct {
	P        float64  // how probable it was here by chance, 0 to 1
	Suspects []Ident  // the cells under suspicion
	Text     string   // one sentence in English, without a full stop
	Phrase   Phrase   // what Text was made of
	Innocent []string // innocent causes that fit this case; empty: those of the rule
	Place    bool     // on the move, an arrival at a new place explains it: see Engine.score
	Severity Severity // least severity of the finding, within the rule's range
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

// Since sets when the evidence began, if that was before this observation.
func (s *Signal) Since(ms int64) { s.first = ms }

// Once reports whether this rule calls it for a stay for the first time.
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

// Settled is how long, in minutes, there has been service: since the start, or since the last long time without. Whoever lands in
// another country has just begun.
func (v *View) Settled() float64 { return float64(v.site.Watched-v.site.Begun) / 60_000 }

// Skewed reports whether the source updates the parts of a cell's identity at different moments.
func (v *View) Skewed() bool { return v.site.Skew }
