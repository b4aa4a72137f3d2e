package review

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/review/evidence"
	"vigie/storage"
)

// inbox is the page of events.
type inbox struct {
	Filter  filter
	Tabs    []tab
	Days    []day
	Shown   int
	Total   int
	Older   string // address of the next page; empty: there is none
	Sensors []string
	Rules   []string
	More    bool // older events than the index holds
	Empty   bool // the store has no event at all
	Alive   []evidence.Sensor
	Several bool // more than one store
	Active  bool // a filter other than the tab is set
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
	Quiet    int       // how many days without a selected event; 0: a day with events
	Events   []row
	Covers   []*evidence.Coverage
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
	Title    evidence.Sentence
}

// mostDays is how many days one page draws.
const mostDays = 35

func (rv *Review) showInbox(w http.ResponseWriter, r *http.Request) {
	b, err := rv.inbox(r.Context(), r)
	if err != nil {
		rv.fail(w, r, err)
		return
	}
	if r.URL.Query().Get("part") == "list" {
		rv.renderPart(w, r, http.StatusOK, "inbox", "list", "inbox.title", b)
		return
	}
	rv.render(w, r, http.StatusOK, "inbox", "inbox.title", b)
}

func (rv *Review) inbox(ctx context.Context, r *http.Request) (*inbox, error) {
	all, failed, err := rv.evidence.Everywhere(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := rv.evidence.Groups(ctx, all)
	if err != nil {
		return nil, err
	}
	z := zone(r)
	f := readFilter(r.URL.Query(), z)
	if p := rv.page(r, "", nil); p.Lang != "en" {
		f.summary = p.Summary
	}
	b := &inbox{Filter: f, More: rv.evidence.Dropped(), Empty: len(all) == 0, Several: rv.several()}
	for k := range f.values {
		b.Active = b.Active || k != "verdict"
	}
	b.Unheard = failed
	counts := map[string]int{}
	var found []*evidence.Entry
	for _, e := range all {
		if !slices.Contains(b.Sensors, e.Sensor) && len(b.Sensors) < 100 {
			b.Sensors = append(b.Sensors, e.Sensor)
		}
		for _, rule := range e.Rules {
			if !slices.Contains(b.Rules, rule) && len(b.Rules) < 100 {
				b.Rules = append(b.Rules, rule)
			}
		}
		if ok, err := f.matches(ctx, e); err != nil {
			return nil, err
		} else if !ok {
			continue
		}
		v := outcome(e)
		counts[v]++
		counts["all"]++
		if f.Verdict == "all" || f.Verdict == v {
			found = append(found, e)
		}
	}
	slices.Sort(b.Sensors)
	slices.Sort(b.Rules)
	for _, k := range []string{"", string(storage.Suspicious), string(storage.Unsure), string(storage.Benign), onServer, "all"} {
		if k == onServer && rv.o.Elsewhere == nil {
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
		shown[i].Concurrent = groups.Concurrent(shown[i].Entry)
	}
	b.Shown = len(shown)
	if skip+pageSize < len(rows) {
		b.Older = f.with("skip", strconv.Itoa(skip+pageSize))
	}
	sensors, err := rv.evidence.Sensors(ctx)
	if err != nil {
		return nil, err
	}
	b.Alive = sensors
	b.Days, err = rv.days(ctx, f, z, shown, skip == 0, b.Older == "", sensors)
	return b, err
}

// days groups the events by day, with what the sensors saw each day. Consecutive quiet days are one.
func (rv *Review) days(ctx context.Context, f filter, z *time.Location, shown []row, newest, oldest bool, sensors []evidence.Sensor) ([]day, error) {
	var first, last time.Time // of all records
	for _, s := range sensors {
		if first.IsZero() || s.First.Before(first) {
			first = s.First
		}
		last = evidence.Later(last, s.Last)
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
		top = evidence.Earlier(top, f.To.Add(-time.Second))
	}
	if !f.From.IsZero() {
		bottom = evidence.Later(bottom, f.From)
	}
	if top.IsZero() || top.Before(bottom) && len(shown) == 0 {
		return nil, nil
	}
	byDay := map[string][]row{}
	for _, e := range shown {
		k := e.Opened.In(z).Format(time.DateOnly)
		byDay[k] = append(byDay[k], e)
	}
	gaps := map[string][]evidence.Gap{}
	for _, s := range sensors {
		var err error
		if gaps[gapKey(s)], err = s.Gaps(ctx, evidence.Midnight(bottom, z), evidence.Midnight(top, z).AddDate(0, 0, 1)); err != nil {
			return nil, err
		}
	}
	var days []day
	drawn := 0
	for at := evidence.Midnight(top, z); !at.Before(evidence.Midnight(bottom, z)); at = at.AddDate(0, 0, -1) {
		events := byDay[at.Format(time.DateOnly)]
		delete(byDay, at.Format(time.DateOnly))
		if drawn >= mostDays && len(events) == 0 {
			next := slices.IndexFunc(shown, func(r row) bool { return evidence.Midnight(r.Opened, z).Before(at) })
			if next < 0 { // records may claim any age
				break
			}
			at = evidence.Midnight(shown[next].Opened, z).AddDate(0, 0, 1) // and events may: a day at a time would not end
			continue
		}
		drawn++
		one, err := rv.day(ctx, at, events, f, sensors, gaps)
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

// quietAlike reports whether two days without events can be shown as one: only if all of both was watched.
func quietAlike(a, b *day) bool {
	return a.Blind+a.Off == 0 && b.Blind+b.Off == 0 && a.Watched > 0 && b.Watched > 0
}

func (rv *Review) day(ctx context.Context, at time.Time, events []row, f filter, sensors []evidence.Sensor, gaps map[string][]evidence.Gap) (day, error) {
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
		c, err := s.Coverage(ctx, one.From, one.To, gaps[gapKey(s)])
		if err != nil {
			return one, err
		}
		one.Covers = append(one.Covers, c)
		one.Watched, one.Blind, one.Off = one.Watched+c.Watched, one.Blind+c.Blind, one.Off+c.Off
		for _, e := range marked(events) {
			if e.Sensor != s.Name || e.Store != s.Store || !e.First.Before(one.To) || e.Last.Before(one.From) {
				continue
			}
			x := int(evidence.Later(e.First, one.From).Sub(one.From) / time.Minute)
			w := int(evidence.Earlier(e.Last, one.To).Sub(one.From)/time.Minute) - x
			one.Marks = append(one.Marks, mark{min(x, one.Width-9), max(w, 9), len(one.Covers) - 1, e.Severity.String(), e.ID, e})
		}
	}
	return one, nil
}

// marked are the events of rows, and the concurrent ones.
func marked(rows []row) (list []*evidence.Entry) {
	for _, r := range rows {
		list = append(list, r.Entry)
		for _, a := range r.Concurrent {
			list = append(list, a.Entry)
		}
	}
	return list
}

func gapKey(s evidence.Sensor) string { return fmt.Sprintf("%p %s", s.Store, s.Key) }

// row is a row of the inbox: an event, and those that other sensors saw at the same time.
type row struct {
	*evidence.Entry
	Concurrent []evidence.Concurrent
}

// By names the sensors of the others.
func (r row) By() string {
	var names []string
	for _, c := range r.Concurrent {
		if !slices.Contains(names, c.Label) && c.Label != r.Sensor {
			names = append(names, c.Label)
		}
	}
	const most = 4
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("+%d", more))
	}
	return strings.Join(names, ", ")
}

// fold makes rows of events that a filter found, newest first: of the events of one group the one of the highest severity has the
// row, and the first of several.
func fold(found []*evidence.Entry, groups evidence.Groups) []row {
	head := map[*evidence.Entry]*evidence.Entry{} // by the first of a group
	for _, e := range found {
		if group := groups[e]; len(group) > 0 {
			o := head[group[0]]
			if o == nil || cmp.Or(cmp.Compare(e.Severity, o.Severity), o.First.Compare(e.First), cmp.Compare(o.ID, e.ID)) > 0 {
				head[group[0]] = e
			}
		}
	}
	rows := make([]row, 0, len(found))
	for _, e := range found {
		if group := groups[e]; len(group) == 0 || head[group[0]] == e {
			rows = append(rows, row{Entry: e})
		}
	}
	return rows
}
