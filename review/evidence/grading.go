package evidence

import (
	"context"
	"math"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"time"

	"vigie/analyzer"
)

// Grading explains the severity of an event: what each finding weighed, what of it counted, and the scale then in force. The weights are
// from the event itself. The scale is reckoned from what the store knows: how the sensor is used, how long it had watched, and how often
// something else weighed enough in the thirty days before.
type Grading struct {
	Rows     []Graded // the findings, as the event has them
	Sum      float64  // of what counted
	Causes   int      // that counted
	Scale    analyzer.Scale
	Raised   bool              // by what else was found in the thirty days before
	Severity analyzer.Severity // by the sum and the scale; that of the event may differ: see Settled
	Given    analyzer.Severity // of the event
	Next     analyzer.Severity // the one above Severity
	Missing  float64           // to Next; 0: nothing is above, or more weight alone would not do
	Second   bool              // a second cause is missing to Next
}

// Settled reports whether the event has a severity that its sum does not give: it is settled half a minute after an alert, and not lowered.
func (g *Grading) Settled() bool { return g.Severity != g.Given }

// Graded is a finding in a Grading.
type Graded struct {
	Rule    string
	Weight  float64
	Counted float64 // 0: another finding of the same cause weighs more
	Instead string  // the rule of that one; empty: it counts, or an arrival at a new place explains it
	Half    bool    // it counts by half, or not at all, because an arrival at a new place explains it
	Without float64 // the sum without this finding
	Then    analyzer.Severity
}

var (
	weighs  = regexp.MustCompile(`It weighs (\d+(?:\.\d+)?)\.`)
	watched = regexp.MustCompile(`in (\d+(?:\.\d+)?) (minutes|hours|days) of watching`)
)

// numberIn is the number that an expression finds in a text, and its last group.
func numberIn(re *regexp.Regexp, text string) (n float64, unit string, ok bool) {
	m := re.FindStringSubmatch(text)
	if m == nil {
		return 0, "", false
	}
	n, err := strconv.ParseFloat(m[1], 64)
	return n, m[len(m)-1], err == nil
}

// watchedBefore is how long a sensor had watched when a finding was made; long for one that does not say.
func watchedBefore(f *analyzer.Finding) time.Duration {
	n, unit, ok := numberIn(watched, f.Summary)
	if !ok || unit != "minutes" {
		return time.Hour
	}
	return time.Duration(n * float64(time.Minute))
}

// grade explains the severity of an event; nil if its findings do not say what they weighed. Times are corrected.
func (l *Library) grade(ctx context.Context, own *Entry, e *analyzer.Event, fixed bool) (*Grading, error) {
	g := &Grading{Given: e.Severity}
	var parts []analyzer.Weighed
	var least, most []analyzer.Severity
	before := time.Duration(math.MaxInt64)
	for i := range e.Findings[:min(len(e.Findings), maxFindings)] {
		f := &e.Findings[i]
		weight, _, ok := numberIn(weighs, f.Summary)
		if !ok {
			return nil, nil
		}
		cause, top, defines := f.Rule, analyzer.High, false
		if r, ok := l.rules[f.Rule]; ok {
			cause, top, defines = r.Cause, r.Max, r.Telling == analyzer.Defining
		}
		parts, least, most = append(parts, analyzer.Weighed{Cause: cause, Weight: weight, Defines: defines}), append(least, min(f.Severity, top)), append(most, top)
		g.Rows = append(g.Rows, Graded{Rule: PlainTo(f.Rule, 80), Weight: weight})
		before = min(before, watchedBefore(f))
	}
	if len(parts) == 0 {
		return nil, nil
	}
	all, err := l.Entries(ctx)
	if err != nil {
		return nil, err
	}
	if !fixed {
		markPlaces(parts, e.Score)
	}
	scores := own.scoresBefore(all)
	g.Scale = analyzer.ScaleAt(fixed, before, scores)
	g.Raised = g.Scale != analyzer.ScaleAt(fixed, before, nil)
	g.reckon(parts, least, most)
	return g, nil
}

// scoresBefore are the scores of what the same sensor flagged in the time that counts for the scale, of a list that is newest first.
func (e *Entry) scoresBefore(all []*Entry) (scores []float64) {
	for _, o := range all {
		age := e.Opened.Sub(o.Last)
		if o.Store == e.Store && o.Sensor == e.Sensor && age > analyzer.EpisodesFrom && age < analyzer.EpisodesTo && len(scores) < analyzer.MostEpisodes {
			scores = append(scores, o.Score)
		}
	}
	return scores
}

// markPlaces marks the causes that an arrival at a new place explained, which an event does not record: the fewest that give its score.
// If none do, none is marked.
func markPlaces(parts []analyzer.Weighed, score float64) {
	var causes []string
	for _, p := range parts {
		if !slices.Contains(causes, p.Cause) {
			causes = append(causes, p.Cause)
		}
	}
	const rounding = 0.051 // of each weight, and of the score
	each := make([]float64, len(parts))
	try := func(marked uint) bool {
		for i := range parts {
			parts[i].Place = marked>>slices.Index(causes, parts[i].Cause)&1 == 1
		}
		sum, n := analyzer.Counted(parts, each)
		return math.Abs(sum-score) <= rounding*float64(n+1)
	}
	n := min(len(causes), 10)
	for size := 0; size <= n; size++ {
		for marked := uint(0); marked < 1<<n; marked++ {
			if bits.OnesCount(marked) == size && size != 1 && try(marked) { // one alone counts in full anyway
				return
			}
		}
	}
	try(0)
}

// reckon does the arithmetic: with all findings, and without each of them.
func (g *Grading) reckon(parts []analyzer.Weighed, least, most []analyzer.Severity) {
	each := make([]float64, len(parts))
	g.Sum, g.Causes = analyzer.Counted(parts, each)
	g.Severity = g.Scale.Severity(g.Sum, g.Causes, slices.Max(least), slices.Max(most))
	for i := range g.Rows {
		r := &g.Rows[i]
		r.Counted, r.Half = each[i], parts[i].Place && each[i] < parts[i].Weight
		if each[i] == 0 {
			for k := range parts {
				if k != i && parts[k].Cause == parts[i].Cause && (parts[k].Weight > parts[i].Weight || parts[k].Weight == parts[i].Weight && k < i) {
					r.Instead, r.Half = g.Rows[k].Rule, false
				}
			}
		}
		if len(parts) == 1 {
			continue // without its only finding there is no event
		}
		without := func(all []analyzer.Severity) analyzer.Severity {
			return slices.Max(slices.Delete(slices.Clone(all), i, i+1))
		}
		var n int
		r.Without, n = analyzer.Counted(slices.Delete(slices.Clone(parts), i, i+1), make([]float64, len(parts)-1))
		r.Then = g.Scale.Severity(r.Without, n, without(least), without(most))
	}
	if g.Severity == analyzer.High {
		return
	}
	g.Next = g.Severity + 1
	g.Missing = max([]float64{g.Scale.Low, g.Scale.Medium, g.Scale.High}[g.Severity]-g.Sum, 0)
	g.Second = g.Next == analyzer.High && g.Causes < 2
}
