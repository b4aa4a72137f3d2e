package review

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/words"
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
		infos, err := s.Sensors(ctx)
		if err != nil {
			return nil, err
		}
		for _, i := range infos {
			if len(all) >= 200 {
				break
			}
			a := alive{Name: plainTo(d.scrub(i.Name), 80), Store: n, StoreName: s.Name, key: i.Name}
			if i.Source != nil {
				a.Source = d.cleanRecord(i.Source).(*cell.Source)
			}
			if a.First, a.Last, err = s.Span(ctx, i.Name); err != nil {
				return nil, err
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

// sensorsPage is the page of sensors: of each the seven days that end with the chosen one, or with its last.
type sensorsPage struct {
	Sensors []sensorView
	Day     string // that was chosen; "": each sensor's last
	Before  string // address of the seven days before; "": there is nothing
	After   string
}

type sensorView struct {
	alive
	Days    []sensorDay
	Hours   *dayHours // of one of them
	Gaps    []blind
	Health  []healthView
	Watched time.Duration
	Blind   time.Duration
	Off     time.Duration
	Reports []string
	Assumed []string
}

// sensorDay is a day of a sensor, and where its hours are shown.
type sensorDay struct {
	Day day
	URL string // "": here
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
	offset time.Duration // of a clock that was set
}

// Complaint is what a source said about itself, in a few words; without any it is shown as the source wrote it.
func (p *page) Complaint(reason string) string {
	if words.Has("health." + reason) {
		return p.T("health." + reason)
	}
	return p.Gap(reason)
}

// unheeded is what a source says of a command that the modem refuses: which, how, and what it is asked for.
var unheeded = regexp.MustCompile(`^(AT\S*): the modem answered ([^(;]+); it is asked for (.+), and will be asked again now and then$`)

// SaidOf is it in full: in the words of the source, or in the reader's language where the source always says the same.
func (p *page) SaidOf(h healthView) said {
	key := "health." + h.Reason + ".said"
	switch {
	case h.offset != 0:
		return said{Text: p.Span(h.offset)}
	case p.Lang == "en":
		return said{Text: h.Detail}
	case words.Translate("en", key) == h.Detail:
		return said{Text: p.T(key)}
	}
	if m := unheeded.FindStringSubmatch(h.Detail); m != nil {
		if why := p.Said(m[3]); !why.Foreign {
			return said{Text: p.T("health.unheeded", m[1], m[2], why.Text)}
		}
	}
	return said{h.Detail, true}
}

// sensorDays is how many days the page of sensors shows.
const sensorDays = 7

func (d *Desk) showSensors(w http.ResponseWriter, r *http.Request) {
	z := zone(r)
	chosen, _ := readTime(r.URL.Query().Get("day"), z, false)
	v, err := d.sensorsPage(r.Context(), z, chosen)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.render(w, r, http.StatusOK, "sensors", "sensors.title", v)
}

// sensorsPage shows a day of each sensor hour by hour, and the seven days around it; a zero time is the last day of each.
func (d *Desk) sensorsPage(ctx context.Context, z *time.Location, chosen time.Time) (*sensorsPage, error) {
	all, err := d.sensors(ctx)
	if err != nil {
		return nil, err
	}
	p := &sensorsPage{}
	var first, last, top time.Time // of all sensors, and the last day that is shown
	for i := range all {
		a := &all[i]
		if first.IsZero() || a.First.Before(first) {
			first = a.First
		}
		last = maxTime(last, midnight(a.Last, z))
	}
	if !chosen.IsZero() {
		if chosen = minTime(midnight(chosen, z), last); chosen.Before(first) {
			chosen = midnight(first, z)
		}
		p.Day, top = chosen.Format(time.DateOnly), chosen
	}
	for i := range all {
		v, ends, err := d.sensorView(ctx, &all[i], z, chosen)
		if err != nil {
			return nil, err
		}
		top = maxTime(top, ends)
		p.Sensors = append(p.Sensors, *v)
	}
	if week := top.AddDate(0, 0, -sensorDays); !top.IsZero() && week.AddDate(0, 0, 1).After(first) {
		p.Before = "?day=" + week.Format(time.DateOnly)
	}
	if top.Before(last) {
		p.After = "?day=" + minTime(top.AddDate(0, 0, sensorDays), last).Format(time.DateOnly)
	}
	return p, nil
}

// sensorView is a sensor in the seven days that end with its last one, if the chosen is among them, else with the chosen;
// ends is the last of them.
func (d *Desk) sensorView(ctx context.Context, a *alive, z *time.Location, chosen time.Time) (v *sensorView, ends time.Time, err error) {
	v = &sensorView{alive: *a}
	ends = midnight(a.Last, z)
	switch {
	case chosen.IsZero() || chosen.After(ends):
		chosen = ends
	case chosen.Before(ends.AddDate(0, 0, 1-sensorDays)):
		ends = chosen
	}
	gaps, err := d.gaps(ctx, d.o.Stores[a.Store], a.key, ends.AddDate(0, 0, 1-sensorDays), ends.AddDate(0, 0, 1))
	if err != nil {
		return nil, ends, err
	}
	for n := range sensorDays {
		at := ends.AddDate(0, 0, -n)
		if at.AddDate(0, 0, 1).Before(a.First) {
			break
		}
		one, address := day{From: at, To: at.AddDate(0, 0, 1)}, "?day="+at.Format(time.DateOnly)
		one.Width = int(one.To.Sub(one.From) / time.Minute)
		c, err := d.cover(ctx, a.Store, a.key, one.From, one.To, a.First, gaps)
		if err != nil {
			return nil, ends, err
		}
		if at.Equal(chosen) {
			address = ""
			if v.Hours, err = d.hours(ctx, a, &c, one.From, one.To); err != nil {
				return nil, ends, err
			}
		}
		one.Covers, one.Watched, one.Blind, one.Off = []cover{c}, c.Watched, c.Blind, c.Off
		v.Days = append(v.Days, sensorDay{one, address})
		v.Gaps = append(v.Gaps, c.Gaps...)
		v.Watched, v.Blind, v.Off = v.Watched+c.Watched, v.Blind+c.Blind, v.Off+c.Off
	}
	slices.SortFunc(v.Gaps, func(a, b blind) int { return b.From.Compare(a.From) })
	v.Gaps = v.Gaps[:min(len(v.Gaps), 20)]
	if v.Health, err = d.health(ctx, *a, ends.AddDate(0, 0, 1-sensorDays), ends.AddDate(0, 0, 1)); err != nil {
		return nil, ends, err
	}
	if a.Source != nil {
		v.Reports, v.Assumed = a.Source.Reports.Or(0).Words(), a.Source.Assumed.Words()
	}
	return v, ends, nil
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

// health sums up what a source said about itself in a time.
func (d *Desk) health(ctx context.Context, a alive, since, to time.Time) ([]healthView, error) {
	var all []healthView
	for e, err := range d.o.Stores[a.Store].Records(ctx, storage.Query{Sensor: a.key, From: since, To: to, Kinds: storage.Healths | storage.Clocks}) {
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
			h.Reason, h.offset = "clock", r.Offset
		default:
			continue
		}
		i := slices.IndexFunc(all, func(o healthView) bool { return o.Reason == h.Reason && o.Detail == h.Detail && o.offset == h.offset })
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
