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

	"vigie/analyzer"
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
	Several bool             // more than one store
	Active  bool             // a filter other than the tab is set
	Unheard bool             // the shared server did not answer
	Cases   []*evidence.Case // that events can be put into
}

type tab struct {
	Key   string
	Count int
	URL   string
	On    bool
}

// day is a day of the timeline, or several days of which the same is to be said: that nothing of this view happened.
type day struct {
	From, To time.Time // the first moment, and the first after
	Empty    int       // how many days without a selected event; 0: a day with events
	Why      string    // there is none: key of a text
	Events   []row
	Covers   []*evidence.Coverage // one for each row of the strip
	Sensors  int                  // that the covers are of, if not one each
	Gaps     []evidence.Gap
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
	Title    evidence.Headline
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
	p := rv.page(r, "", nil)
	f.words = func(e *evidence.Entry) []string {
		texts := []string{p.Headline(e.Headline)}
		if p.Lang != "en" {
			texts = append(texts, p.Summary(e).Text)
		}
		for _, rule := range e.Rules {
			texts = append(texts, p.Rule(rule).Title)
		}
		return texts
	}
	if f.wrote, err = rv.evidence.Wrote(ctx); err != nil {
		return nil, err
	}
	cases, err := rv.evidence.Cases(ctx)
	if err != nil {
		return nil, err
	}
	b := &inbox{Cases: openCases(cases), Filter: f, More: rv.evidence.Dropped(), Empty: len(all) == 0, Several: rv.several()}
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
		address := k
		if k == "" && f.Text != "" {
			address = evidence.Undecided
		}
		b.Tabs = append(b.Tabs, tab{k, counts[k], f.with("verdict", address), f.Verdict == k})
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
	b.Days, err = rv.days(ctx, daysOf{all, f, z, shown, skip == 0, b.Older == "", sensors})
	return b, err
}

// daysOf is what the days of an inbox are made of.
type daysOf struct {
	all            []*evidence.Entry // whatever the filter
	f              filter
	z              *time.Location
	shown          []row
	newest, oldest bool // these are the newest that the filter finds, or the oldest
	sensors        []evidence.Sensor
}

// days groups the events by day, with what the sensors saw each day. Consecutive days without any are one.
func (rv *Review) days(ctx context.Context, d daysOf) ([]day, error) {
	f, z, shown, newest, oldest, sensors := d.f, d.z, d.shown, d.newest, d.oldest, d.sensors
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
		if len(events) == 0 {
			one.Why = d.why(&one)
		}
		if n := len(days); len(events) == 0 && n > 0 && days[n-1].Why == one.Why && days[n-1].Blind+one.Blind+days[n-1].Off+one.Off == 0 {
			q := &days[n-1]
			q.From, q.Empty = one.From, q.Empty+1
			q.Watched, q.Blind, q.Off = q.Watched+one.Watched, q.Blind+one.Blind, q.Off+one.Off
			continue
		}
		days = append(days, one)
	}
	return days, nil
}

// why says why a day has no event: none of it is in this view, nothing was running, or nothing was flagged.
func (d *daysOf) why(one *day) string {
	i, _ := slices.BinarySearchFunc(d.all, one.To, func(e *evidence.Entry, to time.Time) int { return to.Compare(e.Opened) }) // newest first
	for ; i < len(d.all) && !d.all[i].Opened.Before(one.From); i++ {
		if d.all[i].Opened.Before(one.To) && d.all[i].Severity >= analyzer.Low {
			return "cover.hidden"
		}
	}
	if one.Watched == 0 {
		return "cover.nobody"
	}
	return "cover.quiet"
}

// mostCovered is how many sensors the line of a day is drawn from, those that were heard last.
const mostCovered = 24

func (rv *Review) day(ctx context.Context, at time.Time, events []row, f filter, sensors []evidence.Sensor, gaps map[string][]evidence.Gap) (day, error) {
	one := day{From: at, To: at.AddDate(0, 0, 1), Events: events}
	one.Width = int(one.To.Sub(one.From) / time.Minute)
	if len(events) == 0 {
		one.Empty = 1
	}
	line := newLine(one.Width)
	for _, s := range sensors {
		if f.Sensor != "" && s.Name != f.Sensor || one.Sensors == mostCovered || s.First.After(one.To) || s.Last.Before(one.From) {
			continue
		}
		c, err := s.Coverage(ctx, one.From, one.To, gaps[gapKey(s)])
		if err != nil {
			return one, err
		}
		last := int(min(s.Last.Sub(one.From), one.To.Sub(one.From)) / time.Minute)
		off := line.add(c, last)
		one.Sensors++
		one.Gaps = append(one.Gaps, c.Gaps...)
		one.Watched, one.Blind, one.Off = one.Watched+c.Watched, one.Blind+c.Blind, one.Off+min(off, c.Off)
	}
	if one.Sensors == 0 {
		return one, nil
	}
	one.Covers = []*evidence.Coverage{line.coverage()}
	for _, e := range marked(events) {
		if !e.First.Before(one.To) || e.Last.Before(one.From) || e.Elsewhere() {
			continue
		}
		x := int(evidence.Later(e.First, one.From).Sub(one.From) / time.Minute)
		w := int(evidence.Earlier(e.Last, one.To).Sub(one.From)/time.Minute) - x
		one.Marks = append(one.Marks, mark{min(x, one.Width-9), max(w, 9), 0, e.Severity.String(), e.ID, e.Headline})
	}
	return one, nil
}

// line is what several sensors saw in each minute of a day.
type line struct{ seen, blind, off []int }

func newLine(width int) *line {
	return &line{make([]int, width), make([]int, width), make([]int, width)}
}

// add adds what a sensor saw. After its last minute nothing is said of it; off is for how long it was not running before that.
func (l *line) add(c *evidence.Coverage, last int) (off time.Duration) {
	was := make([]evidence.PartKind, len(l.seen))
	for _, p := range c.Parts { // blind parts come last
		for at := max(p.Start, 0); at < min(p.Start+p.Minutes, len(was)); at++ {
			was[at] = p.Kind
		}
	}
	for at, kind := range was {
		switch {
		case kind == evidence.Seen:
			l.seen[at]++
		case kind == evidence.Blind:
			l.blind[at]++
		case kind == evidence.Off && at < last:
			l.off[at]++
			off += time.Minute
		}
	}
	return off
}

// someSaw is the part of a line in which some sensors saw and others did not.
const someSaw evidence.PartKind = "some"

// coverage is the line as the parts of one strip.
func (l *line) coverage() *evidence.Coverage {
	c := &evidence.Coverage{}
	for at := range l.seen {
		var kind evidence.PartKind
		switch {
		case l.seen[at] > 0 && l.blind[at]+l.off[at] > 0:
			kind = someSaw
		case l.seen[at] > 0:
			kind = evidence.Seen
		case l.blind[at] > 0:
			kind = evidence.Blind
		case l.off[at] > 0:
			kind = evidence.Off
		default:
			continue
		}
		if n := len(c.Parts); n > 0 && c.Parts[n-1].Kind == kind && c.Parts[n-1].Start+c.Parts[n-1].Minutes == at {
			c.Parts[n-1].Minutes++
		} else {
			c.Parts = append(c.Parts, evidence.Part{Start: at, Minutes: 1, Kind: kind})
		}
	}
	return c
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
