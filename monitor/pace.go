package monitor

import (
	"cmp"
	"math"
	"runtime"
	"sync"
	"time"

	"vigie/position"
	"vigie/review"
)

// BatteryOptions spare the battery.
type BatteryOptions struct {
	Saving bool          // ask the modem less often while nothing is odd
	Most   int           // how many times less often, at most; 0: 4
	Lasts  time.Duration // how long a charge is to last; 0: no such demand
}

const (
	lowBattery = 15.0             // percent
	lookAgain  = 10 * time.Second // how long an answer of ask holds: reading sysfs costs too
	stillAfter = 5 * time.Minute  // with the same cell at the same level, after which a kit counts as standing still
	behindStep = 5.0              // percent of charge behind the plan, for each of which the pauses become one time longer
)

// pace decides how many times less often than usual modems are polled.
type pace struct {
	BatteryOptions
	over *Overview

	mu     sync.Mutex
	until  time.Time     // when it looks again
	times  int           // the answer until then
	steady time.Duration // for how long the cell and its level had stayed then
	levels bool          // a cell with a level was reported
	since  time.Time     // when the charge that is to last was left alone; zero: it is being charged, or nobody knows
	full   float64       // percent it had then
}

func newPace(o BatteryOptions, over *Overview) *pace {
	return &pace{BatteryOptions: o, over: over, times: 1}
}

// oneProcessor leaves the program one processor until stop is called: with several, each thing that happens wakes a second
// one, which finds nothing to do.
func oneProcessor() (stop func() error) {
	before := runtime.GOMAXPROCS(1)
	return func() error { runtime.GOMAXPROCS(before); return nil }
}

// factor is called by each collector before each poll round.
func (p *pace) factor() int {
	now := p.over.state.now()
	quiet := p.over.brief(now).Level == review.Quiet
	steady, levels := p.over.state.steadyFor(now)
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := steady < p.steady // the reason to be slow may be over
	p.steady, p.levels = steady, levels
	switch {
	case !quiet:
		p.until, p.times = time.Time{}, 1
	case !now.Before(p.until) || changed && p.times > 1:
		p.until, p.times = now.Add(lookAgain), p.stretch(p.over.Look())
	}
	return p.times
}

// stretch is the answer. While something is odd, and while the battery is charged or there is none, it is 1. mu is held.
func (p *pace) stretch(g review.Glance) int {
	behind := p.behind(g)
	most := cmp.Or(p.Most, 4)
	charge, has := g.Battery.Get()
	switch {
	case !has || g.Charging || g.Level != review.Quiet || g.Starting || g.Blind != "":
		return 1
	case charge < lowBattery:
		return most
	}
	times := 1 + int(max(0, math.Ceil(behind/behindStep)))
	if p.still(g) {
		times = max(times, most/2)
	}
	return min(times, most)
}

// still reports whether the kit stands still: by its position, and by the level of each modem's cell, which alone decides
// if there is no position.
func (p *pace) still(g review.Glance) bool {
	if p.levels && p.steady < stillAfter {
		return false
	}
	return g.Motion == string(position.Standing) || g.Motion == string(position.Unknown) && p.levels
}

// behind is by how much of a charge there is less than there should be, in percent, for Lasts: the charge that it began with
// is to be used evenly.
func (p *pace) behind(g review.Glance) float64 {
	charge, has := g.Battery.Get()
	if !has || g.Charging || p.Lasts == 0 {
		p.since = time.Time{}
		return 0
	}
	if p.since.IsZero() {
		p.since, p.full = g.Now, charge
	}
	left := 1 - float64(g.Now.Sub(p.since))/float64(p.Lasts)
	return p.full*max(0, left) - charge
}
