package evidence

import (
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Exchange is what the modem printed at one moment, or the same several times.
type Exchange struct {
	Time  time.Time
	Lines []Line
	Count int       // how often it printed exactly this
	Last  time.Time // when it did so for the last time; Time if once
	Cut   int       // lines that are left out; none of them is evidence
	asked string    // last
}

// Evidence reports whether a finding rests on any of its lines.
func (x *Exchange) Evidence() bool {
	return slices.ContainsFunc(x.Lines, func(l Line) bool { return l.Evidence })
}

// same reports whether two exchanges have the same lines, with the same marks.
func (x *Exchange) same(o *Exchange) bool { return slices.Equal(x.Lines, o.Lines) && x.Cut == o.Cut }

// Line is a line of the modem, without identities and safe to show.
type Line struct {
	Text     string
	Asked    string // the command that it answers, if that is another one than of the line before
	Why      string // it was sent
	Evidence bool   // a finding rests on it
}

const (
	exchangeMargin = 3 * time.Second // before and after the evidence
	maxExchanges   = 60              // besides those of evidence and their neighbours; a bundle has all of them
	maxLines       = 40              // of one exchange, besides those of evidence
)

// proof is the evidence of an event: the lines of each moment, by Unix milliseconds, which is how exact the analyzer is.
type proof struct {
	lines map[int64]map[string]bool // false: not found in the records yet
	times []time.Time               // in order
}

func (w *Window) proofOf(e *analyzer.Event) *proof {
	p := &proof{lines: map[int64]map[string]bool{}}
	for _, f := range e.Findings {
		for _, ev := range f.Evidence {
			at := ev.Time.UnixMilli()
			if p.lines[at] == nil {
				p.lines[at] = map[string]bool{}
				p.times = append(p.times, ev.Time)
			}
			for _, l := range ev.Raw {
				p.lines[at][w.store.clean.Scrub(l)] = false
			}
		}
	}
	slices.SortFunc(p.times, time.Time.Compare)
	return p
}

// near reports whether there is evidence shortly before or after a time.
func (p *proof) near(t time.Time) bool {
	i, _ := slices.BinarySearchFunc(p.times, t.Add(-exchangeMargin), time.Time.Compare)
	return i < len(p.times) && !p.times[i].After(t.Add(exchangeMargin))
}

// Exchanges returns the modem's lines around the evidence of an event, in order. Every line of evidence is there, and the exchange before
// and after each of them. Of the others within three seconds, those that print what another one printed are counted with that one, and
// left is how many were left out.
func (w *Window) Exchanges(e *analyzer.Event) (all []Exchange, left int) {
	p := w.proofOf(e)
	var said []Exchange // by the modem: one for each observation that has lines and is near, or next to one that is evidence
	var kept []bool     // evidence, or next to it
	var before *cell.Observation
	after := false
	for _, r := range w.Records {
		o, ok := r.(*cell.Observation)
		if !ok || len(o.Raw) == 0 {
			continue
		}
		near, proves := p.near(o.Time), p.lines[o.Time.UnixMilli()] != nil
		if proves && before != nil { // it was too long before to be near
			said, kept = append(said, w.exchange(before, p)), append(kept, true)
		}
		if proves && len(kept) > 0 {
			kept[len(kept)-1] = true
		}
		before = o
		if near || after {
			said, kept = append(said, w.exchange(o, p)), append(kept, proves || after)
			before = nil
		}
		after = proves
	}
	for _, x := range w.deleted(e, p) {
		said, kept = append(said, x), append(kept, true)
	}
	return fold(said, kept)
}

// fold counts exchanges that are the same as one of these, unless they are kept: of those only the ones in a row. It leaves out what is too
// much, except what is kept.
func fold(said []Exchange, kept []bool) (all []Exchange, left int) {
	order := make([]int, len(said))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return said[a].Time.Compare(said[b].Time) })
	others := 0
	for _, i := range order {
		x := said[i]
		again := -1
		if n := len(all); n > 0 && all[n-1].same(&x) {
			again = n - 1
		} else if !kept[i] {
			again = slices.IndexFunc(all, func(o Exchange) bool { return o.same(&x) })
		}
		switch {
		case again >= 0:
			all[again].Count, all[again].Last = all[again].Count+1, x.Time
		case kept[i]:
			all = append(all, x)
		case others < maxExchanges:
			others++
			all = append(all, x)
		default:
			left++
		}
	}
	return all, left
}

// exchange is what the modem printed for an observation. Lines of evidence are never cut.
func (w *Window) exchange(o *cell.Observation, p *proof) Exchange {
	x := Exchange{Time: o.Time, Last: o.Time, Count: 1}
	proves, others := p.lines[o.Time.UnixMilli()], 0
	for _, l := range o.Raw {
		l = w.store.clean.Scrub(l)
		_, evidence := proves[l]
		if evidence {
			proves[l] = true
		} else if others++; others > maxLines {
			x.Cut++
			continue
		}
		w.add(&x, l, evidence)
	}
	return x
}

// deleted are the lines of evidence that were not found in the records: those of records that the store has deleted since.
func (w *Window) deleted(e *analyzer.Event, p *proof) (all []Exchange) {
	for _, f := range e.Findings {
		for _, ev := range f.Evidence {
			x := Exchange{Time: ev.Time, Last: ev.Time, Count: 1}
			lines := p.lines[ev.Time.UnixMilli()]
			for _, l := range ev.Raw {
				if l = w.store.clean.Scrub(l); !lines[l] {
					lines[l] = true
					w.add(&x, l, true)
				}
			}
			if len(x.Lines) > 0 {
				all = append(all, x)
			}
		}
	}
	return all
}

// add adds a line to an exchange, and before the first line of an answer the command.
func (w *Window) add(x *Exchange, line string, evidence bool) {
	l := Line{Text: Plain(line), Evidence: evidence}
	if asked := w.store.o.Asked; asked != nil {
		if command, why := asked(w.Source, line); command != x.asked {
			x.asked, l.Asked, l.Why = command, command, why
		}
	}
	x.Lines = append(x.Lines, l)
}
