package analyzer

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"vigie/cell"
)

// story is an event in the making: findings that belong together by time or by the cells they suspect.
type story struct {
	ID       string
	State    State
	Severity Severity
	First    int64
	Opened   int64
	Alerted  int64 // when it first alerted; 0: never
	Last     int64 // last evidence, or presence on a suspect cell
	Signed   int64 // last sign of a rule
	Score    float64
	Suspects []Ident
	Findings []finding
	Shown    int64 // when presence was last reported as a change
	Changed  bool  // since the last Take
}

type finding struct {
	Rule     int
	RuleID   string
	Place    bool    // see Sign
	Weight   float64 // the most it weighed
	Severity Severity
	First    int64
	Last     int64
	Text     string
	Phrase   Phrase // what Text was made of; none in a state that was saved before this was kept
	Innocent []string
	Seen     uint32 // how often here before
	Days     float64
	Evidence []trace
}

// trace is one observation as evidence.
type trace struct {
	At  int64
	Raw []string
}

const (
	joinMs      = 20_000      // findings closer than this belong to one story where one of them suspects no cell
	pendingMs   = 90_000      // evidence that did not suffice is dropped after this long without more
	holdMs      = 10 * 60_000 // an event is closed after this long without evidence
	promoteMs   = 30_000      // the severity of an alert may still rise for this long; then what was sent stands
	presenceMs  = 60 * 60_000 // camping on a suspect cell prolongs an event by no more than this
	maxEvidence = 8           // a finding keeps the first ones, and the last
	maxStories  = 8           // at one time; the oldest pending one gives way
	maxSuspects = 12          //
	episodeMs   = 30 * 24 * 3600_000
	maxEpisodes = 64
	maxIDs      = 64
)

// sign takes what a rule said into the story it belongs to.
func (e *Engine) sign(s *site, rule int, sg *Sign) {
	r := &e.rules[rule]
	w := weight(sg.P, r.Telling)
	if w < odd {
		return
	}
	first := s.Now
	if sg.first != 0 && sg.first < first {
		first = sg.first
	}
	st := s.storyFor(e, sg)
	if st.First == 0 || first < st.First && st.State == Pending {
		st.First = first
	}
	st.Last, st.Signed = max(st.Last, s.Now), s.Now
	st.Changed = true
	for i := range sg.Suspects {
		st.suspect(&sg.Suspects[i])
	}
	st.add(s, e, rule, sg, w, first)
	e.grade(s, st)
}

// storyFor finds the story that a sign belongs to, or begins one: one that suspects the same cell, or, where either
// suspects none, one of the last seconds. Nearness in time alone does not join: on a drive something odd is always near,
// and a sum over unrelated oddities says nothing. A sign that suspects the cells of several stories makes them one: a fall
// from one false cell to another is a single capture.
func (s *site) storyFor(e *Engine, sg *Sign) *story {
	best := -1
	for i := 0; i < len(s.Stories); i++ {
		st := &s.Stories[i]
		near := s.Now-st.Signed <= joinMs && (len(st.Suspects) == 0 || len(sg.Suspects) == 0)
		linked := st.suspects(sg.Suspects)
		switch {
		case !near && !linked:
		case best < 0:
			best = i
		case linked && st.State == Pending:
			s.Stories[best].absorb(st)
			s.Stories = slices.Delete(s.Stories, i, i+1)
			i--
		case linked && s.Stories[best].State == Pending && s.Stories[best].suspects(sg.Suspects):
			st.absorb(&s.Stories[best])
			s.Stories = slices.Delete(s.Stories, best, best+1)
			i--
			best = i
		case st.Signed > s.Stories[best].Signed:
			best = i
		}
	}
	if best >= 0 {
		return &s.Stories[best]
	}
	if len(s.Stories) == maxStories {
		oldest := 0
		for i := range s.Stories {
			if s.Stories[i].Alerted == 0 && (s.Stories[oldest].Alerted != 0 || s.Stories[i].Signed < s.Stories[oldest].Signed) {
				oldest = i
			}
		}
		e.close(s, &s.Stories[oldest])
		s.Stories = slices.Delete(s.Stories, oldest, oldest+1)
	}
	s.Stories = append(s.Stories, story{State: Pending})
	return &s.Stories[len(s.Stories)-1]
}

// absorb takes a story that was not told yet into this one.
func (st *story) absorb(o *story) {
	if st.State == Pending {
		st.First = min(st.First, o.First)
	}
	st.Last, st.Signed = max(st.Last, o.Last), max(st.Signed, o.Signed)
	for i := range o.Suspects {
		st.suspect(&o.Suspects[i])
	}
	for i := range o.Findings {
		f := &o.Findings[i]
		k := slices.IndexFunc(st.Findings, func(g finding) bool { return g.Rule == f.Rule })
		if k < 0 {
			st.Findings = append(st.Findings, *f)
			continue
		}
		g := &st.Findings[k]
		if f.Weight > g.Weight {
			g.Weight, g.Text, g.Phrase, g.Innocent, g.Place = f.Weight, f.Text, f.Phrase, f.Innocent, f.Place
		}
		g.Severity, g.First, g.Last = max(g.Severity, f.Severity), min(g.First, f.First), max(g.Last, f.Last)
		g.Evidence = append(g.Evidence, f.Evidence...)
		slices.SortStableFunc(g.Evidence, func(a, b trace) int { return int(max(-1, min(1, a.At-b.At))) })
		if len(g.Evidence) > maxEvidence {
			g.Evidence = append(g.Evidence[:maxEvidence-1], g.Evidence[len(g.Evidence)-1])
		}
	}
}

func (st *story) suspects(list []Ident) bool {
	for i := range list {
		for k := range st.Suspects {
			if list[i].SameCell(&st.Suspects[k]) && list[i].SameArea(&st.Suspects[k]) {
				return true
			}
		}
	}
	return false
}

func (st *story) suspect(i *Ident) {
	for k := range st.Suspects {
		x := &st.Suspects[k]
		if x.SameCell(i) && x.SameArea(i) && x.Has.Has(cell.FieldArea) == i.Has.Has(cell.FieldArea) {
			x.merge(i)
			return
		}
	}
	if len(st.Suspects) < maxSuspects {
		st.Suspects = append(st.Suspects, *i)
	}
}

func (st *story) add(s *site, e *Engine, rule int, sg *Sign, w float64, first int64) {
	r := &e.rules[rule]
	var f *finding
	for i := range st.Findings {
		if st.Findings[i].Rule == rule {
			f = &st.Findings[i]
		}
	}
	if f == nil {
		h := s.habit(e, rule)
		st.Findings = append(st.Findings, finding{Rule: rule, RuleID: r.ID, First: first, Weight: -1, Seen: h.K, Days: s.days()})
		f = &st.Findings[len(st.Findings)-1]
	}
	f.Last = s.Now
	if w > f.Weight {
		f.Weight, f.Place = w, sg.Place
		if sg.Text != "" {
			f.Text, f.Phrase, f.Innocent = sg.Text, sg.Phrase, sg.Innocent
		}
	}
	f.Severity = max(f.Severity, min(max(e.alone(s, f.Weight), r.Min, sg.Severity), r.Max))
	if n := len(f.Evidence); n > 0 && f.Evidence[n-1].At == s.Now {
		return
	} else if n == maxEvidence {
		f.Evidence = f.Evidence[:n-1]
	}
	f.Evidence = append(f.Evidence, trace{s.Now, slices.Clone(e.view.Obs.Raw)})
}

// score is the sum over causes of the heaviest finding of each. Of the causes that an arrival at a new place explains, on
// the move, the heaviest counts whole and the next one half: such findings come together, but not always.
func (e *Engine) score(st *story) (sum float64, causes int) {
	type part struct {
		cause string
		*finding
	}
	var room [16]part
	parts := room[:0]
findings:
	for i := range st.Findings {
		f := &st.Findings[i]
		for k := range parts {
			if parts[k].cause == e.rules[f.Rule].Cause {
				if f.Weight > parts[k].Weight {
					parts[k].finding = f
				}
				continue findings
			}
		}
		parts = append(parts, part{e.rules[f.Rule].Cause, f})
	}
	var first, second float64
	for _, p := range parts {
		if !p.Place {
			sum += p.Weight
			causes++
			continue
		}
		first, second = max(first, p.Weight), max(second, min(first, p.Weight))
	}
	if first > 0 {
		causes++
	}
	return sum + first + second/2, causes
}

// severity of a story by its score; high needs two causes, and what a rule may reach bounds it.
func (e *Engine) severity(s *site, st *story) Severity {
	sum, causes := e.score(st)
	sev := e.alone(s, sum)
	if sev == High && causes < 2 {
		sev = Medium
	}
	limit := Info // what the heaviest rules may reach: one alone is held to its own range
	var floor Severity
	for i := range st.Findings {
		r := &e.rules[st.Findings[i].Rule]
		limit, floor = max(limit, r.Max), max(floor, min(st.Findings[i].Severity, r.Max))
	}
	return min(max(sev, min(floor, Low)), limit)
}

// alone is the severity that a score reaches here.
func (e *Engine) alone(s *site, score float64) Severity {
	medium := e.threshold(s)
	switch {
	case score >= medium+highStep:
		return High
	case score >= medium:
		return Medium
	case score >= lowScore:
		return Low
	}
	return Info
}

// grade opens a story, or raises it, when its findings suffice.
func (e *Engine) grade(s *site, st *story) {
	sev := e.severity(s, st)
	st.Score, _ = e.score(st)
	switch {
	case st.State == Pending && sev >= Low:
		st.State, st.Severity, st.Opened = Open, sev, s.Now
	case st.State == Open && sev > st.Severity && !st.frozen(s.Now):
		st.Severity, st.Opened = sev, s.Now
	default:
		return
	}
	if st.ID == "" {
		st.ID = e.id(s, st)
	}
	if st.Severity >= Medium && st.Alerted == 0 {
		st.Alerted = s.Now
		s.guard(st)
	}
}

// frozen tells whether an alert has been out for so long that its severity no longer changes: what was sent stands.
func (st *story) frozen(now int64) bool { return st.Alerted != 0 && now-st.Alerted > promoteMs }

// id derives a name from sensor, first evidence and the rules that opened the event.
func (e *Engine) id(s *site, st *story) string {
	var rules []string
	for i := range st.Findings {
		rules = append(rules, st.Findings[i].RuleID)
	}
	sort.Strings(rules)
	name := s.Sensor + "\x00" + strconv.FormatInt(st.First, 10) + "\x00" + strings.Join(rules, ",")
	for {
		h := sha256.Sum256([]byte(name))
		id := hex.EncodeToString(h[:8])
		if !slices.Contains(s.IDs, id) {
			if len(s.IDs) == maxIDs {
				s.IDs = s.IDs[1:]
			}
			s.IDs = append(s.IDs, id)
			return id
		}
		name += "+" // two stories that began with one observation and by the same rules
	}
}

// guard keeps the suspects of an alert from becoming normal, where they were first seen in this story.
func (s *site) guard(st *story) {
	const slack = 2 * 60_000
	for i := range st.Suspects {
		id := &st.Suspects[i]
		if k, ok := id.key(); ok {
			if r := s.Base.Cells.Get(k); r != nil && r.First >= st.First-slack {
				r.Suspect = true
				s.reconsider(r)
			}
		}
		if id.Has.Has(cell.FieldArea) {
			if a := s.Base.Areas.Get(areaKey{id.RAT, id.PLMN, id.Area}); a != nil && a.First >= st.First-slack {
				a.Suspect = true
			}
		}
	}
}

// tend prolongs, closes and drops stories as time passes.
func (e *Engine) tend(s *site, on *Stay) {
	keep := s.Stories[:0]
	for i := range s.Stories {
		st := &s.Stories[i]
		if st.Alerted != 0 && on != nil && s.Now-st.Signed < presenceMs && st.suspects([]Ident{on.Cell}) {
			if s.Now-st.Shown >= 60_000 {
				st.Shown, st.Changed = s.Now, true
			}
			st.Last = s.Now
			s.guard(st)
		}
		quiet := s.Now - st.Last
		if st.State == Pending && quiet > pendingMs || quiet > holdMs {
			e.close(s, st)
			continue
		}
		keep = append(keep, *st)
	}
	clear(s.Stories[len(keep):])
	s.Stories = keep
}

// close ends a story. What did not become an alert counts as a habit of this place; every one counts for the budget.
func (e *Engine) close(s *site, st *story) {
	if st.Alerted == 0 {
		for i := range st.Findings {
			h := s.habit(e, st.Findings[i].Rule)
			h.K++
			h.Last = st.Last
		}
	}
	if st.Score >= lowScore {
		if len(s.Episodes) == maxEpisodes {
			s.Episodes = s.Episodes[1:]
		}
		s.Episodes = append(s.Episodes, episode{st.Last, st.Score})
	}
	if st.State == Open {
		st.State = Closed
		e.out = append(e.out, e.event(s, st))
	}
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// event is the story as it is told.
func (e *Engine) event(s *site, st *story) Event {
	ev := Event{ID: st.ID, Sensor: s.Sensor, Severity: st.Severity, State: st.State, First: at(st.First), Opened: at(st.Opened),
		Last: at(st.Last), Score: float64(int(st.Score*10+0.5)) / 10, Cells: []cell.Cell{}, InnocentCauses: []string{}}
	for i := range st.Suspects {
		ev.Cells = append(ev.Cells, e.nets.cell(&st.Suspects[i]))
	}
	order := slices.Clone(st.Findings)
	slices.SortStableFunc(order, func(a, b finding) int { return int(max(-1, min(1, a.First-b.First))) })
	for i := range order {
		f := &order[i]
		r := &e.rules[f.Rule]
		out := Finding{Rule: r.ID, Version: r.Version, Severity: f.Severity, First: at(f.First), Last: at(f.Last),
			Evidence: []Evidence{}, Phrases: []Phrase{f.phrase(), howOften(f.Seen, f.Days), phrase("It weighs %.1f", f.Weight)}}
		out.Summary = join(out.Phrases, ". ")
		for _, t := range f.Evidence {
			raw := t.Raw
			if raw == nil {
				raw = []string{}
			}
			out.Evidence = append(out.Evidence, Evidence{Time: at(t.At), Raw: raw})
		}
		ev.Findings = append(ev.Findings, out)
		list := f.Innocent
		if len(list) == 0 {
			list = r.Innocent
		}
		for _, c := range list {
			if !slices.Contains(ev.InnocentCauses, c) {
				ev.InnocentCauses = append(ev.InnocentCauses, c)
			}
		}
	}
	ev.Phrases = summary(st)
	ev.Summary = join(ev.Phrases, "; ")
	return ev
}

// phrase is what the rule said.
func (f *finding) phrase() Phrase {
	if f.Phrase.Format == "" {
		return Phrase{Format: strings.ReplaceAll(f.Text, "%", "%%")}
	}
	return f.Phrase
}

// howOften is how often a condition held here before, in how much time.
func howOften(k uint32, days float64) Phrase {
	before := "Not seen here before"
	if k == 1 {
		before = "Seen here once before"
	}
	switch {
	case days < 1.0/24 && k > 1:
		return phrase("Seen here %d times before, in %.0f minutes of watching", k, days*24*60)
	case days < 1.0/24:
		return phrase("%s, in %.0f minutes of watching", before, days*24*60)
	case days < 1 && k > 1:
		return phrase("Seen here %d times before, in %.1f hours of watching", k, days*24)
	case days < 1:
		return phrase("%s, in %.1f hours of watching", before, days*24)
	case k > 1:
		return phrase("Seen here %d times before, in %.1f days of watching", k, days)
	}
	return phrase("%s, in %.1f days of watching", before, days)
}

// summary is one sentence: the heaviest findings, at most three, in order of time.
func summary(st *story) []Phrase {
	list := slices.Clone(st.Findings)
	slices.SortStableFunc(list, func(a, b finding) int {
		if a.Weight != b.Weight {
			return int(b.Weight*1000 - a.Weight*1000)
		}
		return int(max(-1, min(1, a.First-b.First)))
	})
	list = list[:min(3, len(list))]
	slices.SortStableFunc(list, func(a, b finding) int { return int(max(-1, min(1, a.First-b.First))) })
	var parts []Phrase
	for i := range list {
		parts = append(parts, list[i].phrase())
	}
	return parts
}
