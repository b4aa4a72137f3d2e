package influx

import (
	"time"

	"vigie/cell"
	"vigie/storage"
)

// thinner lets pass what changed, and one sample a minute of what did not: of observations, those that name another
// serving cell, state or registration than the one before of their sensor, and the first of each minute that speaks of the
// serving cell, of neighbours, of registration. All else passes, events above all. Levels that move are no change.
//
// What passes depends on what came before, not on when it is asked: after a restart the same passes again, once the
// thinner has been shown what came before (Follow does).
type thinner struct{ sensors map[string]*thinned }

type thinned struct {
	minute  int64
	sampled aspects // of this minute
	served  served
	regs    map[cell.Domain]cell.Registration
}

// aspects of an observation.
type aspects uint8

const (
	ofServing aspects = 1 << iota
	ofNeighbours
	ofRegistration
	ofSurvey
)

// served is what makes a serving cell another one. Levels, and what rides on them, do not.
type served struct {
	state    cell.State
	rat      cell.RAT
	mcc, mnc string
	area     cell.Opt[cell.Area]
	id       cell.Opt[uint64]
	pci      cell.Opt[uint16]
	arfcn    cell.Opt[uint32]
	known    bool // there is a serving cell
}

const mostThinned = 1 << 12 // sensors that are kept apart; beyond, all begin anew and a sample more is sent

func (t *thinner) keep(e storage.Entry) bool {
	o, ok := e.Record.(*cell.Observation)
	if !ok {
		return true
	}
	s := t.sensors[o.Sensor]
	if s == nil {
		if t.sensors == nil || len(t.sensors) >= mostThinned {
			t.sensors = map[string]*thinned{}
		}
		s = &thinned{regs: map[cell.Domain]cell.Registration{}}
		t.sensors[o.Sensor] = s
	}
	var speaks aspects
	changed := false
	switch c := o.Serving; {
	case o.Survey:
		speaks |= ofSurvey // each row of a sweep is another cell
		changed = true
	case c != nil || o.State != "":
		speaks |= ofServing
		now := served{state: o.State}
		if c != nil {
			now = served{o.State, c.RAT, c.MCC, c.MNC, c.Area, c.ID, c.PCI, c.ARFCN, true}
		}
		changed = now != s.served
		s.served = now
	}
	if o.Neighbours != nil || o.Secondary != nil {
		speaks |= ofNeighbours
	}
	for _, r := range o.Registration {
		speaks |= ofRegistration
		if was, told := s.regs[domainOf(r)]; !told || was != r {
			s.regs[domainOf(r)] = r
			changed = true
		}
	}
	if minute := o.Time.Unix() / int64(time.Minute/time.Second); minute != s.minute {
		s.minute, s.sampled = minute, 0
	}
	sample := speaks&^s.sampled != 0
	if changed || sample {
		s.sampled |= speaks
	}
	return changed || sample
}

// domainOf keeps the map small whatever the domain says.
func domainOf(r cell.Registration) cell.Domain { return cell.Domain(domain(r.Domain)) }
