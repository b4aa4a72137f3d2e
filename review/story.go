package review

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/words"
)

// moment is a step of an event's story: a sentence of the catalogue, what goes into it, and details.
type moment struct {
	Time   time.Time
	Kind   string // "cell", "fall", "state", "registered", "denied", "blind", "finding", "event"
	Key    string
	Args   []any // see page.Put; numbers as they are
	Detail any
}

// What a moment or a change may hold beside texts that are the same in every language.
type (
	ruleID    string
	sentence  string // of an event, in English
	gapReason string
	status    cell.Registration // of a domain, and why
	cause     cell.Registration // why registration was denied, alone
)

// Say is a moment as a sentence.
func (p *page) Say(m moment) string {
	args := slices.Clone(m.Args)
	for i, a := range args {
		switch a.(type) {
		case ruleID, gapReason, status, time.Duration:
			args[i] = p.Put(a).Text
		}
	}
	return p.T(m.Key, args...)
}

// Put is a value in the reader's language, safe to look at.
func (p *page) Put(v any) said {
	switch v := v.(type) {
	case nil:
		return said{}
	case ruleID:
		return said{Text: p.Rule(string(v)).Title}
	case sentence:
		return p.Said(string(v))
	case gapReason:
		return said{Text: p.Gap(string(v))}
	case status:
		return said{Text: p.status(cell.Registration(v))}
	case cause:
		return said{Text: p.cause(cell.Registration(v))}
	case analyzer.Severity:
		return said{Text: p.T("sev." + v.String())}
	case time.Duration:
		return said{Text: p.Span(v)}
	case float64:
		return said{Text: p.Decimal(v)}
	}
	return said{Text: plain(fmt.Sprint(v))}
}

// mostMoments is how many steps a story has.
const mostMoments = 80

// tell is the story of an event: what changed, in order, from a little before it to a little after.
func tell(w *window, e *analyzer.Event) (story []moment, left int) {
	const margin = 90 * time.Second
	from, to := e.First.Add(-margin), e.Last.Add(margin)
	add := func(m moment) {
		if m.Time.Before(from) || m.Time.After(to) {
			return
		}
		story = append(story, m)
	}
	t := teller{regs: map[cell.Domain]cell.Registration{}}
	for _, r := range w.Records {
		switch r := r.(type) {
		case *cell.Observation:
			if !r.Survey {
				t.observation(r, add)
			}
		case *cell.Gap:
			if r.Until.IsZero() {
				add(moment{Time: r.Time, Kind: "blind", Key: "story.blind", Args: []any{gapReason(r.Reason)}})
			} else {
				add(moment{Time: r.Until, Kind: "blind", Key: "story.seeing", Args: []any{r.Until.Sub(r.Time), gapReason(r.Reason)}})
			}
		}
	}
	for _, f := range e.Findings {
		add(moment{Time: f.First, Kind: "finding", Key: "story.finding", Args: []any{ruleID(f.Rule)}, Detail: sentence(f.Summary)})
	}
	add(moment{Time: e.Opened, Kind: "event", Key: "story.opened." + e.Severity.String()})
	if e.State == analyzer.Closed {
		add(moment{Time: e.Last, Kind: "event", Key: "story.last"})
	}
	slices.SortStableFunc(story, func(a, b moment) int { return a.Time.Compare(b.Time) })
	if len(story) > mostMoments {
		left = len(story) - mostMoments
		keep := story[: mostMoments/2 : mostMoments/2]
		story = append(keep, story[len(story)-mostMoments/2:]...)
	}
	return story, left
}

// teller remembers what was told last, so that only changes are told.
type teller struct {
	camp  cell.Camp
	state cell.State
	regs  map[cell.Domain]cell.Registration
}

func (t *teller) observation(o *cell.Observation, add func(moment)) {
	if o.State != "" && o.State != t.state {
		if t.state != "" && (o.State == cell.NoService || o.State == cell.Searching || o.State == cell.Limited || t.state == cell.Limited) {
			add(moment{Time: o.Time, Kind: "state", Key: "story.state." + plainTo(string(o.State), 20)})
		}
		t.state = o.State
	}
	if c, was := o.Serving, t.camp.On; c != nil && t.camp.Next(c) {
		add(move(o.Time, was, c))
	}
	for _, r := range o.Registration {
		r = stand(r)
		was, told := t.regs[r.Domain]
		t.regs[r.Domain] = r
		if !told && r.Status.Or(0) != regDenied || was == r {
			continue
		}
		m := moment{Time: o.Time, Kind: "registered", Key: "story.registration", Args: []any{status(r)}}
		if r.Status.Or(0) == regDenied {
			m.Kind, m.Key, m.Args, m.Detail = "denied", "story.denied", []any{domainName(r)}, cause(r)
		}
		add(m)
	}
}

// move is the change from one serving cell to the next, or the change of a cell's area.
func move(at time.Time, was, now *cell.Cell) moment {
	m := moment{Time: at, Kind: "cell", Key: "story.cell", Args: []any{generation(now.RAT)}, Detail: join(cell.Describe(now), cell.Levels(now))}
	elsewhere := *was
	elsewhere.Area = now.Area
	switch from, to := was.RAT.Generation(), now.RAT.Generation(); {
	case to < from:
		m.Kind, m.Key, m.Args = "fall", "story.fall", []any{generation(was.RAT), generation(now.RAT)}
	case to > from:
		m.Key, m.Args = "story.rise", []any{generation(was.RAT), generation(now.RAT)}
	case cell.Same(&elsewhere, now):
		m.Key, m.Args, m.Detail = "story.area", []any{now.RAT.AreaName(), was.Area.Or(0), now.Area.Or(0)}, cell.Describe(now)
	}
	return m
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

const regDenied = 3 // <stat> of TS 27.007 clause 7.2

// stand is of a registration what its words tell: the status of a domain, and why.
func stand(r cell.Registration) cell.Registration {
	r = cell.Registration{Domain: r.Domain, Status: r.Status, CauseType: r.CauseType, Cause: r.Cause}
	if c, ok := r.Cause.Get(); ok && c == 0 && r.Status.Or(0) != regDenied {
		r.CauseType, r.Cause = cell.Opt[uint8]{}, cell.Opt[uint16]{}
	}
	return r
}

func domainName(r cell.Registration) string { return strings.ToUpper(plainTo(string(r.Domain), 8)) }

// status is a registration in words: <stat> of TS 27.007 clause 7.2, and the cause of a reject.
func (p *page) status(r cell.Registration) string {
	s := domainName(r) + " "
	switch stat, known := r.Status.Get(); {
	case !known:
		s += "?"
	case stat <= 10:
		s += p.T("registration." + fmt.Sprint(stat))
	default:
		s += p.T("registration.other", stat)
	}
	if c := p.cause(stand(r)); c != "" {
		s += ", " + c
	}
	return s
}

// registrationText is a registration in English, for machines and tables.
func registrationText(r cell.Registration) string { return (&page{Lang: "en"}).status(r) }

// cause is why registration was denied, as TS 24.008 (10.5.3.6, 10.5.5.14) and TS 24.301 (9.9.3.9) number it; "" for nothing.
func (p *page) cause(r cell.Registration) string {
	c, ok := r.Cause.Get()
	switch key := "cause." + fmt.Sprint(c); {
	case !ok:
		return ""
	case r.CauseType.Or(0) != 0:
		return p.T("cause.maker", c)
	case words.Has(key):
		return p.T("cause.named", c, p.T(key))
	}
	return p.T("cause", c)
}

// exchange is what the modem printed at one moment.
type exchange struct {
	Time  time.Time
	Lines []rawLine
	asked string // last
}

type rawLine struct {
	Text     string
	Asked    string // the command that it answers, where that is another one than of the line before
	Why      string // it is asked
	Evidence bool   // a finding rests on it
}

// add adds a line, and before the first of an answer what was asked.
func (x *exchange) add(d *Desk, source *cell.Source, line string, evidence bool) {
	r := rawLine{Text: plain(line), Evidence: evidence}
	if d.o.Asked != nil {
		command, why := d.o.Asked(source, line)
		if command != x.asked {
			x.asked, r.Asked, r.Why = command, command, why
		}
	}
	x.Lines = append(x.Lines, r)
}

// mostExchanges bounds how much of the modem's own words a page shows; a bundle has all of it.
const mostExchanges = 60

// words are the modem's lines around the evidence of an event, in context: every line of evidence, and what was printed
// just before and after.
func (d *Desk) words(w *window, e *analyzer.Event) (all []exchange, left int) {
	evidence := map[string]bool{}
	var times []time.Time
	for _, f := range e.Findings {
		for _, ev := range f.Evidence {
			times = append(times, ev.Time)
			for _, l := range ev.Raw {
				evidence[d.scrub(l)] = true
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	const margin = 3 * time.Second
	near := func(t time.Time) bool {
		i, _ := slices.BinarySearchFunc(times, t.Add(-margin), time.Time.Compare)
		return i < len(times) && !times[i].After(t.Add(margin))
	}
	told := map[string]bool{}
	for _, r := range w.Records {
		o, ok := r.(*cell.Observation)
		if !ok || len(o.Raw) == 0 || !near(o.Time) {
			continue
		}
		if len(all) == mostExchanges {
			left++
			continue
		}
		x := exchange{Time: o.Time}
		at := slices.ContainsFunc(times, o.Time.Equal)
		for _, l := range o.Raw[:min(len(o.Raw), 40)] {
			l = d.scrub(l)
			told[l] = true
			x.add(d, w.Source, l, at && evidence[l])
		}
		all = append(all, x)
	}
	for _, f := range e.Findings { // evidence whose records are no longer there
		for _, ev := range f.Evidence {
			var x exchange
			for _, l := range ev.Raw {
				if l = d.scrub(l); !told[l] {
					told[l] = true
					x.add(d, w.Source, l, true)
				}
			}
			if len(x.Lines) > 0 && len(all) < mostExchanges {
				x.Time = ev.Time
				all = append(all, x)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b exchange) int { return a.Time.Compare(b.Time) })
	return all, left
}
