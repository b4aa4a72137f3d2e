package main

import (
	"cmp"
	"math"
	"runtime"
	"sync"
	"time"

	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/position"
	"vigie/review"
)

const (
	lowBattery = 15.0             // percent
	lookAgain  = 10 * time.Second // how long an answer of ask holds: reading sysfs costs too
	steadyFor  = 5 * time.Minute  // with the same cell at the same level, after which a kit seems to stand still
	steadyIn   = 6                // dB around the level with which that began: a modem on a table mostly wavers by less
	behindStep = 5.0              // percent of charge behind the plan, for each of which the pauses become one time longer
)

// pace says how many times less often than usual modems are asked. It is told each record.
type pace struct {
	config.Battery
	look *lookout

	mu     sync.Mutex
	until  time.Time         // when it looks again
	times  int               // the answer until then
	steady map[string]steady // by sensor
	since  time.Time         // when the charge that is to last was left alone; zero: it is being charged, or nobody knows
	full   float64           // percent it had then
}

// steady is since when a sensor hears the same cell at the same level.
type steady struct {
	camp  cell.Camp
	level cell.DBm
	since time.Time
}

func newPace(c config.Battery, look *lookout) *pace {
	return &pace{Battery: c, look: look, times: 1, steady: map[string]steady{}}
}

// spare leaves the program one processor, until the returned function is called: with several each thing that happens wakes
// a second one, which finds nothing to do.
func spare() (stop func() error) {
	before := runtime.GOMAXPROCS(1)
	return func() error { runtime.GOMAXPROCS(before); return nil }
}

// record is told of each record that went into the line.
func (p *pace) record(r cell.Record) {
	o, ok := r.(*cell.Observation)
	if !ok || o.Serving == nil || o.Survey {
		return
	}
	level, known := o.Serving.Level().Get()
	if !known {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s, heard := p.steady[o.Sensor]
	if moved := s.camp.Next(o.Serving); heard && !moved && math.Abs(float64(level-s.level)) <= steadyIn {
		p.steady[o.Sensor] = s
		return
	}
	if p.times > 1 { // the reason to be slow may be over
		p.until = time.Time{}
	}
	p.steady[o.Sensor] = steady{s.camp, level, p.look.now()}
}

// ask is for collectors, each of which asks before each round.
func (p *pace) ask() int {
	now := p.look.now()
	quiet := p.look.stand(now).Level == review.Quiet
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !quiet:
		p.until, p.times = time.Time{}, 1
	case !now.Before(p.until):
		p.until, p.times = now.Add(lookAgain), p.stretch(p.look.Look())
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

// still tells whether the kit stands and hears nothing new: by its position, and by the level of each modem's cell, which alone
// says it where there is no position.
func (p *pace) still(g review.Glance) bool {
	for _, s := range p.steady {
		if g.Now.Sub(s.since) < steadyFor {
			return false
		}
	}
	return g.Motion == string(position.Standing) || g.Motion == string(position.Unknown) && len(p.steady) > 0
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
