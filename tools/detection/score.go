package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// share is hits of chances; a copy with several windows is one chance.
type share struct{ hit, soon, n float64 }

func (s share) recall() float64 { return s.hit / max(s.n, 1e-9) }
func (s share) prompt() float64 { return s.soon / max(s.n, 1e-9) } // within 5 s

// alarms are false alerts in hours of quiet.
type alarms struct {
	alerts, high int
	hours        float64
}

func (a alarms) perDay() float64 { return 24 * float64(a.alerts) / max(a.hours, 1e-9) }

// result is what one setting reached, on all runs or on those of some sets.
type result struct {
	recipes map[string]map[cell.Mode]*share // I1..I13
	looks   map[string]*share               // J1..J8: hit is loud
	quiet   map[cell.Mode]*alarms
	false_  map[string]int // false alerts in which a rule took part
	right   map[string]int // hits in which a rule took part
}

// score judges the runs that keep lets through, under one setting.
func score(runs []*run, setting int, keep func(*run) bool) *result {
	res := &result{recipes: map[string]map[cell.Mode]*share{}, looks: map[string]*share{}, quiet: map[cell.Mode]*alarms{},
		false_: map[string]int{}, right: map[string]int{}}
	for _, r := range runs {
		if r.survey || !keep(r) {
			continue
		}
		events := r.events[setting]
		switch {
		case r.truth == nil:
			res.calm(r, events)
		case strings.HasPrefix(r.truth.Recipe, "J"):
			s := at(res.looks, r.truth.Recipe)
			s.n++
			if r.truth.loud(events) {
				s.hit++
			}
		default:
			res.attack(r, events)
		}
	}
	return res
}

func at[K comparable, V any](m map[K]*V, k K) *V {
	if m[k] == nil {
		m[k] = new(V)
	}
	return m[k]
}

func (res *result) calm(r *run, events []analyzer.Event) {
	a := at(res.quiet, r.mode)
	alerts, high := falseAlerts(events)
	a.alerts, a.high, a.hours = a.alerts+alerts, a.high+high, a.hours+r.hours
	for _, e := range events {
		if e.Severity >= analyzer.Medium {
			for _, f := range e.Findings {
				res.false_[f.Rule]++
			}
		}
	}
}

func (res *result) attack(r *run, events []analyzer.Event) {
	if res.recipes[r.truth.Recipe] == nil {
		res.recipes[r.truth.Recipe] = map[cell.Mode]*share{}
	}
	s := at(res.recipes[r.truth.Recipe], r.mode)
	hit, after := r.truth.hits(events)
	weight := 1 / float64(len(hit))
	for i := range hit {
		s.n += weight
		if hit[i] {
			s.hit += weight
			if after[i] <= 5*time.Second {
				s.soon += weight
			}
		}
	}
	for _, e := range events {
		if e.Severity >= analyzer.Medium && r.truth.named(e) {
			for _, f := range e.Findings {
				res.right[f.Rule]++
			}
		}
	}
}

// both is a recipe over fixed and moving.
func (res *result) both(recipe string) (s share) {
	for _, m := range res.recipes[recipe] {
		s.hit, s.soon, s.n = s.hit+m.hit, s.soon+m.soon, s.n+m.n
	}
	return s
}

// mean is the plain mean over recipes, and the worst of them.
func (res *result) mean() (recall float64, worst string) {
	for _, id := range res.ids() {
		recall += res.both(id).recall() / float64(len(res.recipes))
		if worst == "" || res.both(id).recall() < res.both(worst).recall() {
			worst = id
		}
	}
	return recall, worst
}

// ids are the recipes in order.
func (res *result) ids() []string {
	return slices.SortedFunc(maps.Keys(res.recipes), func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
}
