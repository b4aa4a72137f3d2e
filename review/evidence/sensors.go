package evidence

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Sensor is a sensor of a store.
type Sensor struct {
	Store       *Store
	Name        string // safe to show
	Key         string // the name as stored; not safe to show
	First, Last time.Time
	Silent      time.Duration // since its last record; 0 while it is heard
	Source      *cell.Source  // what it last said of itself, without identities; nil: nothing
}

const (
	silentAfter = 2 * time.Minute // two rounds of asking, and some patience
	maxSensors  = 200             // counted over all stores
)

// Sensors lists the sensors of all stores, those that were heard last first.
func (l *Library) Sensors(ctx context.Context) ([]Sensor, error) {
	var all []Sensor
	for _, s := range l.stores {
		infos, err := s.Sensors(ctx)
		if err != nil {
			return nil, err
		}
		for _, i := range infos[:min(len(infos), maxSensors-len(all))] {
			one, err := s.sensor(ctx, i.Name)
			if err != nil {
				return nil, err
			}
			if i.Source != nil {
				one.Source = s.clean.source(i.Source)
			}
			all = append(all, *one)
		}
	}
	slices.SortStableFunc(all, func(a, b Sensor) int { return b.Last.Compare(a.Last) })
	return all, nil
}

// Sensor returns the sensor of this name, as it is shown. The error wraps storage.ErrNotFound if there is none.
func (l *Library) Sensor(ctx context.Context, name string) (*Sensor, error) {
	all, err := l.Sensors(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(s Sensor) bool { return s.Name == name }); i >= 0 {
		return &all[i], nil
	}
	return nil, fmt.Errorf("sensor %q: %w", PlainTo(name, 80), storage.ErrNotFound)
}

// sensor is a sensor with its times.
func (s *Store) sensor(ctx context.Context, key string) (*Sensor, error) {
	one := &Sensor{Store: s, Name: s.clean.SensorName(key), Key: key}
	var err error
	if one.First, one.Last, err = s.Span(ctx, key); err != nil {
		return nil, err
	}
	if gone := s.o.Now().Sub(one.Last); gone > silentAfter {
		one.Silent = gone
	}
	return one, nil
}

// Availability returns for each rule whether a source can feed it: each, if the source does not say what it reports or is nil.
func (l *Library) Availability(s *cell.Source) []analyzer.Availability {
	reports := ^cell.Fields(0)
	if s != nil {
		reports = s.Reports.Or(reports)
	}
	return analyzer.Available(l.o.Rules, reports)
}

// Complaint is what a sensor said about itself, or that its clock was set; equal ones are one.
type Complaint struct {
	Reason string // of the health record; "clock": the clock was set
	Detail string
	Count  int
	Last   time.Time     // as recorded
	Raw    string        // the first line of the modem, if there is one
	Offset time.Duration // by which the clock was set; else 0
}

// maxComplaints is how many different complaints are listed.
const maxComplaints = 50

// Complaints sums up what the sensor said about itself in a period of recorded time.
func (s *Sensor) Complaints(ctx context.Context, from, to time.Time) ([]Complaint, error) {
	var all []Complaint
	for e, err := range s.Store.Records(ctx, storage.Query{Sensor: s.Key, From: from, To: to, Kinds: storage.Healths | storage.Clocks}) {
		if err != nil {
			return nil, err
		}
		c := Complaint{Count: 1, Last: e.Record.When()}
		switch r := s.Store.clean.CleanRecord(e.Record).(type) {
		case *cell.Health:
			c.Reason, c.Detail, c.Count = PlainTo(r.Reason, 60), PlainTo(r.Detail, 200), max(r.Count, 1)
			if len(r.Raw) > 0 {
				c.Raw = PlainTo(r.Raw[0], 200)
			}
		case *cell.Clock:
			c.Reason, c.Offset = "clock", r.Offset
		default:
			continue
		}
		i := slices.IndexFunc(all, func(o Complaint) bool { return o.Reason == c.Reason && o.Detail == c.Detail && o.Offset == c.Offset })
		switch {
		case i >= 0:
			all[i].Count += c.Count
			all[i].Last = c.Last
		case len(all) < maxComplaints:
			all = append(all, c)
		}
	}
	return all, nil
}
