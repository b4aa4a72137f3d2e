package review

import (
	"context"
	"net/http"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// alive is a sensor and when it was heard.
type alive struct {
	Name        string // safe to look at
	Store       int
	StoreName   string
	First, Last time.Time // of its records
	Source      *cell.Source
	Silent      time.Duration // since its last record; 0 while it is being heard
	key         string        // as the store has it
}

// silentAfter is how long a sensor may say nothing before it is called silent: two rounds of asking and some patience.
const silentAfter = 2 * time.Minute

// sensors lists the sensors of all stores, with the time of their first and last record.
func (d *Desk) sensors(ctx context.Context) ([]alive, error) {
	var all []alive
	for n, s := range d.o.Stores {
		stats, err := s.Stats(ctx)
		if err != nil {
			return nil, err
		}
		infos, err := s.Sensors(ctx)
		if err != nil {
			return nil, err
		}
		for _, i := range infos {
			if len(all) >= 200 {
				break
			}
			a := alive{Name: plainTo(d.scrub(i.Name), 80), Store: n, StoreName: s.Name, key: i.Name, First: stats.Oldest, Last: stats.Newest}
			if i.Source != nil {
				a.Source = d.cleanRecord(i.Source).(*cell.Source)
			}
			if len(infos) > 1 {
				if a.First, a.Last, err = s.Span(ctx, i.Name); err != nil {
					return nil, err
				}
			}
			if gone := d.now().Sub(a.Last); gone > silentAfter {
				a.Silent = gone
			}
			all = append(all, a)
		}
	}
	slices.SortStableFunc(all, func(a, b alive) int { return b.Last.Compare(a.Last) }) // those that are heard first
	return all, nil
}

// sensorsPage is the page of sensors.
type sensorsPage struct {
	Sensors []sensorView
	Hours   []time.Time // where the columns of the hours begin
}

type sensorView struct {
	alive
	Days    []day
	Rules   []ruleView
	Gaps    []blind
	Health  []healthView
	Watched time.Duration
	Blind   time.Duration
	Off     time.Duration
	Reports []string
	Assumed []string
}

type ruleView struct {
	analyzer.Rule
	Missing []string // what the source does not report; none: the rule can see
}

type healthView struct {
	Reason string
	Detail string
	Count  int
	Last   time.Time
	Raw    string
}

// sensorDays is how many days the page of sensors shows.
const sensorDays = 7

func (d *Desk) showSensors(w http.ResponseWriter, r *http.Request) {
	v, err := d.sensorsPage(r.Context(), zone(r))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.render(w, r, http.StatusOK, "sensors", "sensors.title", v)
}

func (d *Desk) sensorsPage(ctx context.Context, z *time.Location) (*sensorsPage, error) {
	all, err := d.sensors(ctx)
	if err != nil {
		return nil, err
	}
	p := &sensorsPage{}
	for _, a := range all {
		v := sensorView{alive: a}
		last := midnight(a.Last, z)
		gaps, err := d.gaps(ctx, d.o.Stores[a.Store], a.key, last.AddDate(0, 0, 1-sensorDays), last.AddDate(0, 0, 1))
		if err != nil {
			return nil, err
		}
		for n := range sensorDays {
			at := last.AddDate(0, 0, -n)
			if at.AddDate(0, 0, 1).Before(a.First) {
				break
			}
			one := day{From: at, To: at.AddDate(0, 0, 1)}
			one.Width = int(one.To.Sub(one.From) / time.Minute)
			c, err := d.cover(ctx, a.Store, a.key, one.From, one.To, a.First, gaps)
			if err != nil {
				return nil, err
			}
			one.Covers, one.Watched, one.Blind, one.Off = []cover{c}, c.Watched, c.Blind, c.Off
			v.Days = append(v.Days, one)
			v.Gaps = append(v.Gaps, c.Gaps...)
			v.Watched, v.Blind, v.Off = v.Watched+c.Watched, v.Blind+c.Blind, v.Off+c.Off
		}
		slices.SortFunc(v.Gaps, func(a, b blind) int { return b.From.Compare(a.From) })
		v.Gaps = v.Gaps[:min(len(v.Gaps), 20)]
		if v.Health, err = d.health(ctx, a, last.AddDate(0, 0, 1-sensorDays)); err != nil {
			return nil, err
		}
		v.Rules = d.availability(a.Source)
		if a.Source != nil {
			v.Reports, v.Assumed = a.Source.Reports.Or(0).Words(), a.Source.Assumed.Words()
		}
		p.Sensors = append(p.Sensors, v)
	}
	return p, nil
}

// availability says for each rule whether a source can feed it.
func (d *Desk) availability(s *cell.Source) []ruleView {
	var all []ruleView
	for _, r := range d.o.Rules {
		v := ruleView{Rule: r}
		if s != nil && s.Reports.Known() {
			v.Missing = (r.Needs &^ s.Reports.Or(0)).Words()
		}
		all = append(all, v)
	}
	return all
}

// health sums up what a source said about itself.
func (d *Desk) health(ctx context.Context, a alive, since time.Time) ([]healthView, error) {
	var all []healthView
	for e, err := range d.o.Stores[a.Store].Records(ctx, storage.Query{Sensor: a.key, From: since, Kinds: storage.Healths | storage.Clocks}) {
		if err != nil {
			return nil, err
		}
		h := healthView{Count: 1, Last: e.Record.When()}
		switch r := d.cleanRecord(e.Record).(type) {
		case *cell.Health:
			h.Reason, h.Detail, h.Count = plainTo(r.Reason, 60), plainTo(r.Detail, 200), max(r.Count, 1)
			if len(r.Raw) > 0 {
				h.Raw = plainTo(r.Raw[0], 200)
			}
		case *cell.Clock:
			h.Reason, h.Detail = "clock", span(r.Offset)
		default:
			continue
		}
		i := slices.IndexFunc(all, func(o healthView) bool { return o.Reason == h.Reason && o.Detail == h.Detail })
		switch {
		case i >= 0:
			all[i].Count += h.Count
			all[i].Last = h.Last
		case len(all) < 50:
			all = append(all, h)
		}
	}
	return all, nil
}
