package evidence

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vigie/analyzer"
)

// Pair is an event as it is stored and as today's rules find it; either may be missing.
type Pair struct {
	Then, Now *analyzer.Event
	Changes   []Change
}

// Change is a difference between the two.
type Change struct {
	Key   string // of its name in the catalogue of words
	Sides [2]any // stored, today; see Moment.Args
}

// SummaryIn is the summary of the stored event in a language, or that of the other one if nothing is stored; see Sentence.
func (p Pair) SummaryIn(lang string) (text string, ok bool) {
	if p.Then != nil {
		return p.Then.SummaryIn(lang)
	}
	return p.Now.SummaryIn(lang)
}

// CanRerun reports whether Rerun can answer.
func (l *Library) CanRerun() bool { return l.o.Rerun != nil }

// Rerun compares the stored events of a selection with what today's rules find in the same records.
func (l *Library) Rerun(ctx context.Context, x *Selection) (pairs []Pair, err error) {
	for _, s := range x.Sensors {
		now, err := s.events(ctx, x.From, x.To, func(from, to time.Time) ([]analyzer.Event, error) {
			return l.o.Rerun(ctx, s.Store.Store, s.Key, from, to)
		})
		if err != nil {
			return nil, err
		}
		then, err := s.stored(ctx, x.From, x.To)
		if err != nil {
			return nil, err
		}
		cs, err := s.Store.Corrections(ctx)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, l.compare(correctAll(cs, then), correctAll(cs, now))...)
	}
	return pairs, nil
}

// compare pairs the events that are the same: those with the same id, else those that overlap in time.
func (c Cleaner) compare(then, now []analyzer.Event) (pairs []Pair) {
	used := map[int]bool{}
	match := func(fits func(b *analyzer.Event) bool) int {
		for i := range now {
			if !used[i] && fits(&now[i]) {
				return i
			}
		}
		return -1
	}
	for i := range then {
		a, old := &then[i], c.CleanEvent(then[i])
		p := Pair{Then: &old}
		n := match(func(b *analyzer.Event) bool { return a.ID == b.ID })
		if n < 0 {
			n = match(func(b *analyzer.Event) bool { return !a.First.After(b.Last) && !b.First.After(a.Last) })
		}
		if n >= 0 {
			used[n] = true
			fresh := c.CleanEvent(now[n])
			p.Now, p.Changes = &fresh, differences(&old, &fresh)
		}
		pairs = append(pairs, p)
	}
	for i := range now {
		if !used[i] {
			fresh := c.CleanEvent(now[i])
			pairs = append(pairs, Pair{Now: &fresh})
		}
	}
	return pairs
}

func differences(a, b *analyzer.Event) (cs []Change) {
	add := func(key string, x, y any) {
		if x != y {
			cs = append(cs, Change{key, [2]any{x, y}})
		}
	}
	add("rerun.severity", a.Severity, b.Severity)
	add("rerun.score", a.Score, b.Score)
	if a.Summary != b.Summary {
		add("rerun.summary", Sentence(a), Sentence(b))
	}
	add("rerun.rules", ruleVersions(a), ruleVersions(b))
	add("rerun.times", UTC(a.First)+" – "+UTC(a.Last), UTC(b.First)+" – "+UTC(b.Last))
	return cs
}

func ruleVersions(e *analyzer.Event) string {
	var names []string
	for _, f := range e.Findings {
		names = append(names, fmt.Sprintf("%s v%d", f.Rule, f.Version))
	}
	slices.Sort(names)
	return join(slices.Compact(names)...)
}
