package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"vigie/analyzer"
	"vigie/storage"
)

// Undecided is the verdict of a Choice that takes the events without one.
const Undecided = "none"

// Choice selects the events of a period that a report is about. The zero value takes all.
type Choice struct {
	Severity analyzer.Severity // the least
	Verdict  string            // a storage.Judgement, or Undecided; empty: any
}

// takes reports whether an event is chosen.
func (c Choice) takes(e *Entry) bool {
	verdict := Undecided
	if e.Verdict != nil {
		verdict = string(e.Verdict.Judgement)
	}
	return e.Severity >= c.Severity && (c.Verdict == "" || c.Verdict == verdict)
}

// Tally counts events by severity.
type Tally [analyzer.High + 1]int

func (t *Tally) add(s analyzer.Severity) { t[min(s, analyzer.High)]++ }

// Total is how many events were counted.
func (t Tally) Total() (n int) {
	for _, of := range t {
		n += of
	}
	return n
}

// String names the counts in English, the gravest first: "2 high, 40 low".
func (t Tally) String() string {
	var by []string
	for s := range t {
		if n := t[len(t)-1-s]; n > 0 {
			by = append(by, fmt.Sprintf("%d %s", n, analyzer.Severity(len(t)-1-s)))
		}
	}
	return strings.Join(by, ", ")
}

// Told is what a report has of a selection.
type Told struct {
	Events   []Selected // in full: the gravest first, of equal severity the earliest
	All      Tally      // of the selection
	Left     Tally      // chosen, and not told in full: none of them is high, none was decided suspicious
	Unchosen Tally      // left out by the choice
}

// String says it in English, for a terminal.
func (t Told) String() string {
	text := fmt.Sprintf("in full, gravest first: %d of %d event(s)", len(t.Events), t.All.Total())
	if t.Left.Total() > 0 {
		text += "; only counted: " + t.Left.String()
	}
	if t.Unchosen.Total() > 0 {
		text += "; left out by choice: " + t.Unchosen.String()
	}
	return text
}

// Tell divides the events of a selection: those that a report tells in full, at most as many as said, and those that it only counts. The
// high ones and those that were decided suspicious come first and are never left out, however many there are.
func (x *Selection) Tell(c Choice, most int) Told {
	var t Told
	for _, e := range x.Events {
		t.All.add(e.Entry.Severity)
		if c.takes(e.Entry) {
			t.Events = append(t.Events, e)
		} else {
			t.Unchosen.add(e.Entry.Severity)
		}
	}
	slices.SortStableFunc(t.Events, func(a, b Selected) int {
		return cmp.Or(rank(b.Entry)-rank(a.Entry), int(b.Entry.Severity)-int(a.Entry.Severity), a.Event.Opened.Compare(b.Event.Opened))
	})
	for len(t.Events) > most && rank(t.Events[len(t.Events)-1].Entry) == 0 {
		t.Left.add(t.Events[len(t.Events)-1].Entry.Severity)
		t.Events = t.Events[:len(t.Events)-1]
	}
	return t
}

// rank is 1 for an event that no report leaves out.
func rank(e *Entry) int {
	if e.Severity >= analyzer.High || e.Verdict != nil && e.Verdict.Judgement == storage.Suspicious {
		return 1
	}
	return 0
}
