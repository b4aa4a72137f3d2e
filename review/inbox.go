package review

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"vigie/storage"
)

// inbox is the page of events.
type inbox struct {
	Filter  filter
	Tabs    []tab
	Days    []day
	Shown   int
	Total   int
	Older   string // address of the next page; "": there is none
	Sensors []string
	Rules   []string
	More    bool // older events than the index holds
	Empty   bool // the store has no event at all
	Alive   []alive
	Several bool // more than one store
	Active  bool // a filter beside the tab is set
	Unheard bool // the shared server did not answer
}

type tab struct {
	Key   string
	Count int
	URL   string
	On    bool
}

// day is a day of the timeline, or several days in which nothing happened.
type day struct {
	From, To time.Time // the first moment, and the first after
	Quiet    int       // so many days without an event in view; 0: a day with events
	Events   []row
	Covers   []cover
	Marks    []mark
	Width    int // minutes
	Watched  time.Duration
	Blind    time.Duration
	Off      time.Duration
}

// mark is an event on the strip of its day.
type mark struct {
	X, W     int
	Row      int
	Severity string
	ID       string
	Title    string
}

// mostDays is how many days one page draws.
const mostDays = 35

func (d *Desk) showInbox(w http.ResponseWriter, r *http.Request) {
	b, err := d.inbox(r.Context(), r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	if r.URL.Query().Get("part") == "list" {
		d.renderPart(w, r, http.StatusOK, "inbox", "list", "inbox.title", b)
		return
	}
	d.render(w, r, http.StatusOK, "inbox", "inbox.title", b)
}

func (d *Desk) inbox(ctx context.Context, r *http.Request) (*inbox, error) {
	all, failed, err := d.everywhere(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := d.together(ctx, all)
	if err != nil {
		return nil, err
	}
	z := zone(r)
	f := readFilter(r.URL.Query(), z)
	if p := d.page(r, "", nil); p.Lang != "en" {
		f.said = p.Said
	}
	b := &inbox{Filter: f, More: d.index.more, Empty: len(all) == 0, Several: len(d.o.Stores) > 1}
	for k := range f.values {
		b.Active = b.Active || k != "verdict"
	}
	b.Unheard = failed
	counts := map[string]int{}
	var found []*entry
	for _, e := range all {
		if !slices.Contains(b.Sensors, e.Sensor) && len(b.Sensors) < 100 {
			b.Sensors = append(b.Sensors, e.Sensor)
		}
		for _, rule := range e.Rules {
			if !slices.Contains(b.Rules, rule) && len(b.Rules) < 100 {
				b.Rules = append(b.Rules, rule)
			}
		}
		if !f.matches(e) {
			continue
		}
		if f.Near != nil {
			if ok, err := d.near(ctx, e, f.Near); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
		}
		v := judged(e)
		counts[v]++
		counts["all"]++
		if f.Verdict == "all" || f.Verdict == v {
			found = append(found, e)
		}
	}
	slices.Sort(b.Sensors)
	slices.Sort(b.Rules)
	for _, k := range []string{"", string(storage.Suspicious), string(storage.Unsure), string(storage.Benign), onServer, "all"} {
		if k == onServer && d.o.Elsewhere == nil {
			continue
		}
		b.Tabs = append(b.Tabs, tab{k, counts[k], f.with("verdict", k), f.Verdict == k})
	}
	rows := fold(found, groups)
	b.Total = len(rows)
	skip, _ := strconv.Atoi(r.URL.Query().Get("skip"))
	skip = min(max(skip, 0), len(rows))
	shown := rows[skip:min(skip+pageSize, len(rows))]
	for i := range shown { // found by the filter or not
		shown[i].Also = d.others(shown[i].entry, groups[shown[i].entry])
	}
	b.Shown = len(shown)
	if skip+pageSize < len(rows) {
		b.Older = f.with("skip", strconv.Itoa(skip+pageSize))
	}
	sensors, err := d.sensors(ctx)
	if err != nil {
		return nil, err
	}
	b.Alive = sensors
	b.Days, err = d.days(ctx, f, z, shown, skip == 0, b.Older == "", sensors)
	return b, err
}

// days lays the events out by day, with what the sensors saw each day; days of nothing become one line.
func (d *Desk) days(ctx context.Context, f filter, z *time.Location, shown []row, newest, oldest bool, sensors []alive) ([]day, error) {
	var first, last time.Time // of all records
	for _, s := range sensors {
		if first.IsZero() || s.First.Before(first) {
			first = s.First
		}
		last = maxTime(last, s.Last)
	}
	top, bottom := last, first
	if len(shown) > 0 {
		if !newest || top.Before(shown[0].Opened) {
			top = shown[0].Opened
		}
		if !oldest || first.IsZero() || bottom.After(shown[len(shown)-1].Opened) {
			bottom = shown[len(shown)-1].Opened
		}
	}
	if !f.To.IsZero() {
		top = minTime(top, f.To.Add(-time.Second))
	}
	if !f.From.IsZero() {
		bottom = maxTime(bottom, f.From)
	}
	if top.IsZero() || top.Before(bottom) && len(shown) == 0 {
		return nil, nil
	}
	byDay := map[string][]row{}
	for _, e := range shown {
		k := e.Opened.In(z).Format(time.DateOnly)
		byDay[k] = append(byDay[k], e)
	}
	gaps := map[string][]blind{}
	for _, s := range sensors {
		var err error
		if gaps[gapKey(s)], err = d.gaps(ctx, d.o.Stores[s.Store], s.key, midnight(bottom, z), midnight(top, z).AddDate(0, 0, 1)); err != nil {
			return nil, err
		}
	}
	var days []day
	drawn := 0
	for at := midnight(top, z); !at.Before(midnight(bottom, z)); at = at.AddDate(0, 0, -1) {
		events := byDay[at.Format(time.DateOnly)]
		delete(byDay, at.Format(time.DateOnly))
		if drawn >= mostDays && len(events) == 0 {
			if len(byDay) == 0 { // whatever the oldest time is that a record tells
				break
			}
			continue
		}
		drawn++
		one, err := d.day(ctx, at, events, f, sensors, gaps)
		if err != nil {
			return nil, err
		}
		if n := len(days); len(events) == 0 && n > 0 && days[n-1].Quiet > 0 && quietAlike(&days[n-1], &one) {
			q := &days[n-1]
			q.From, q.Quiet = one.From, q.Quiet+1
			q.Watched, q.Blind, q.Off = q.Watched+one.Watched, q.Blind+one.Blind, q.Off+one.Off
			continue
		}
		days = append(days, one)
	}
	return days, nil
}

// quietAlike tells whether a day without events is told together with those after it: only if all of it was watched.
func quietAlike(a, b *day) bool {
	return a.Blind+a.Off == 0 && b.Blind+b.Off == 0 && a.Watched > 0 && b.Watched > 0
}

func midnight(t time.Time, z *time.Location) time.Time {
	y, m, dd := t.In(z).Date()
	return time.Date(y, m, dd, 0, 0, 0, 0, z)
}

func (d *Desk) day(ctx context.Context, at time.Time, events []row, f filter, sensors []alive, gaps map[string][]blind) (day, error) {
	one := day{From: at, To: at.AddDate(0, 0, 1), Events: events}
	one.Width = int(one.To.Sub(one.From) / time.Minute)
	if len(events) == 0 {
		one.Quiet = 1
	}
	const rows = 6
	for _, s := range sensors {
		if f.Sensor != "" && s.Name != f.Sensor || len(one.Covers) == rows || s.First.After(one.To) {
			continue
		}
		c, err := d.cover(ctx, s.Store, s.key, one.From, one.To, s.First, gaps[gapKey(s)])
		if err != nil {
			return one, err
		}
		c.Sensor = s.Name
		one.Covers = append(one.Covers, c)
		one.Watched, one.Blind, one.Off = one.Watched+c.Watched, one.Blind+c.Blind, one.Off+c.Off
		for _, e := range marked(events) {
			if e.Sensor != s.Name || e.Store != s.Store || !e.First.Before(one.To) || e.Last.Before(one.From) {
				continue
			}
			x := int(maxTime(e.First, one.From).Sub(one.From) / time.Minute)
			w := int(minTime(e.Last, one.To).Sub(one.From)/time.Minute) - x
			one.Marks = append(one.Marks, mark{min(x, one.Width-9), max(w, 9), len(one.Covers) - 1, e.Severity.String(), e.ID, e.Summary})
		}
	}
	return one, nil
}

// marked are the events of rows, and those beside them.
func marked(rows []row) (list []*entry) {
	for _, r := range rows {
		list = append(list, r.entry)
		for _, a := range r.Also {
			list = append(list, a.entry)
		}
	}
	return list
}

func gapKey(s alive) string { return fmt.Sprint(s.Store, " ", s.key) }
