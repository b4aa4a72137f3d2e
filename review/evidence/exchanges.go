package evidence

import (
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Exchange is what the modem printed at one moment.
type Exchange struct {
	Time  time.Time
	Lines []Line
	asked string // last
}

// Line is a line of the modem, without identities and safe to show.
type Line struct {
	Text     string
	Asked    string // the command that it answers, if that is another one than of the line before
	Why      string // it was sent
	Evidence bool   // a finding rests on it
}

const (
	exchangeMargin = 3 * time.Second // before and after the evidence
	maxExchanges   = 60              // a bundle has all of them
	maxLines       = 40              // of one exchange
)

// Exchanges returns the modem's lines around the evidence of an event, in context: every line of evidence, and what was printed
// just before and after. left is how many moments were left out.
func (w *Window) Exchanges(e *analyzer.Event) (all []Exchange, left int) {
	evidence := map[string]bool{}
	var times []time.Time
	for _, f := range e.Findings {
		for _, ev := range f.Evidence {
			times = append(times, ev.Time)
			for _, l := range ev.Raw {
				evidence[w.store.clean.Scrub(l)] = true
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	near := func(t time.Time) bool {
		i, _ := slices.BinarySearchFunc(times, t.Add(-exchangeMargin), time.Time.Compare)
		return i < len(times) && !times[i].After(t.Add(exchangeMargin))
	}
	found := map[string]bool{}
	for _, r := range w.Records {
		o, ok := r.(*cell.Observation)
		if !ok || len(o.Raw) == 0 || !near(o.Time) {
			continue
		}
		if len(all) == maxExchanges {
			left++
			continue
		}
		x := Exchange{Time: o.Time}
		at := slices.ContainsFunc(times, o.Time.Equal)
		for _, l := range o.Raw[:min(len(o.Raw), maxLines)] {
			l = w.store.clean.Scrub(l)
			found[l] = true
			w.add(&x, l, at && evidence[l])
		}
		all = append(all, x)
	}
	all = append(all, w.deleted(e, found, maxExchanges-len(all))...)
	slices.SortStableFunc(all, func(a, b Exchange) int { return a.Time.Compare(b.Time) })
	return all, left
}

// deleted are the lines of evidence that were not found in the records: those of records that the store has deleted since.
func (w *Window) deleted(e *analyzer.Event, found map[string]bool, most int) (all []Exchange) {
	for _, f := range e.Findings {
		for _, ev := range f.Evidence {
			x := Exchange{Time: ev.Time}
			for _, l := range ev.Raw {
				if l = w.store.clean.Scrub(l); !found[l] {
					found[l] = true
					w.add(&x, l, true)
				}
			}
			if len(x.Lines) > 0 && len(all) < most {
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
