package influx

import (
	"time"

	"vigie/cell"
	"vigie/storage"
)

// sampler passes changes, and one sample per minute of what does not change. Of observations it passes those with another
// serving cell, state or registration than the one before of their sensor, and the first of each minute that reports the
// serving cell, neighbours, or registration. Everything else passes, above all events. Levels alone are no change.
//
// What passes depends on the entries before, not on the current time: after a restart the same entries pass again, once the
// sampler has seen the entries before them (Follow does that).
type sampler struct{ sensors map[string]*sampled }

type sampled struct {
	minute  int64
	sampled aspects // of this minute
	served  served
	regs    map[cell.Domain]cell.Registration
}

// aspects are the parts of an observation.
type aspects uint8

const (
	ofServing aspects = 1 << iota
	ofNeighbours
	ofRegistration
	ofSurvey
)

// served identifies a serving cell and its state. Levels and what varies with them are not part of it.
type served struct {
	state cell.State
	cell  cell.Cell
	known bool // there is a serving cell
}

// maxSensors is how many sensors are distinguished. Beyond it all are forgotten, and one more sample of each is sent.
const maxSensors = 1 << 12

func (t *sampler) passes(e storage.Entry) bool {
	o, ok := e.Record.(*cell.Observation)
	if !ok {
		return true
	}
	s := t.sensors[o.Sensor]
	if s == nil {
		if t.sensors == nil || len(t.sensors) >= maxSensors {
			t.sensors = map[string]*sampled{}
		}
		s = &sampled{regs: map[cell.Domain]cell.Registration{}}
		t.sensors[o.Sensor] = s
	}
	var reports aspects
	changed := false
	switch c := o.Serving; {
	case o.Survey:
		reports |= ofSurvey // each row of a survey is another cell
		changed = true
	case c != nil || o.State != "":
		reports |= ofServing
		now := served{state: o.State}
		if c != nil {
			now = served{o.State, cell.Cell{RAT: c.RAT, MCC: c.MCC, MNC: c.MNC, Area: c.Area, ID: c.ID, PCI: c.PCI, ARFCN: c.ARFCN}, true}
		}
		changed = now != s.served
		s.served = now
	}
	if o.Neighbours != nil || o.Secondary != nil {
		reports |= ofNeighbours
	}
	for _, r := range o.Registration {
		reports |= ofRegistration
		if was, known := s.regs[domainOf(r)]; !known || was != r {
			s.regs[domainOf(r)] = r
			changed = true
		}
	}
	if minute := o.Time.Unix() / int64(time.Minute/time.Second); minute != s.minute {
		s.minute, s.sampled = minute, 0
	}
	sample := reports&^s.sampled != 0
	if changed || sample {
		s.sampled |= reports
	}
	return changed || sample
}

// domainOf keeps the map small whatever the domain is.
func domainOf(r cell.Registration) cell.Domain { return cell.Domain(domain(r.Domain)) }
