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

// candidate is an event in the making: findings that belong together by time or by the cells they suspect.
type candidate struct {
	ID        string
	State     State
	Severity  Severity
	First     int64
	Opened    int64
	Alerted   int64 // when it first alerted; 0: never
	Last      int64 // last evidence, or presence on a suspect cell
	Signalled int64 // last signal of a rule
	Score     float64
	Suspects  []Ident
	Findings  []finding
	Shown     int64 // when presence was last reported as a change
	Changed   bool  // since the last Take
}

type finding struct {
	Rule     int
	RuleID   string
	Place    bool    // see Signal
	Weight   float64 // the highest so far
	Severity Severity
	First    int64
	Last     int64
	Text     string
	Phrase   Phrase // what Text was made of; empty in a state saved before phrases were kept
	Innocent []string
	Seen     uint32 // how often the condition had held here before
	Days     float64
	Evidence []trace
}

// trace is one observation as evidence.
type trace struct {
	At  int64
	Raw []string
}

const (
	joinMs        = 20_000      // signals closer than this belong together if one of them suspects no cell
	pendingMs     = 90_000      // a candidate that is not an event is dropped after this long without a signal
	holdMs        = 10 * 60_000 // an event closes after this long without evidence
	promoteMs     = 30_000      // the severity of an alert may still rise for this long; after that what was sent is final
	presenceMs    = 60 * 60_000 // camping on a suspect cell prolongs an event by no more than this
	maxEvidence   = 8           // a finding keeps the first ones, and the last
	maxCandidates = 8           // at one time; beyond it the oldest pending one is evicted
	maxSuspects   = 12          //
	episodeMs     = 30 * 24 * 3600_000
	maxEpisodes   = 64
	maxIDs        = 64
)

// report adds the signal of a rule to the candidate it belongs to.
func (e *Engine) report(s *site, rule int, sig *Signal) {
	r := &e.rules[rule]
	w := weight(sig.P, r.Telling)
	if w < minWeight {
		return
	}
	first := s.Now
	if sig.first != 0 && sig.first < first {
		first = sig.first
	}
	cand := s.candidateFor(e, sig)
	if cand.First == 0 || first < cand.First && cand.State == Pending {
		cand.First = first
	}
	cand.Last, cand.Signalled = max(cand.Last, s.Now), s.Now
	cand.Changed = true
	for i := range sig.Suspects {
		cand.suspect(&sig.Suspects[i])
	}
	cand.add(s, e, rule, sig, w, first)
	e.grade(s, cand)
}

// candidateFor returns the candidate that a signal belongs to, a new one if there is none: one that suspects the same cell, or,
// if either suspects none, one of the last seconds. Nearness in time alone is not enough: on a drive something odd is always
// near, and a sum over unrelated oddities means nothing. A signal that suspects the cells of several candidates joins them: a
// fall from one false cell to another is a single capture.
func (s *site) candidateFor(e *Engine, sig *Signal) *candidate {
	best := -1
	for i := 0; i < len(s.Candidates); i++ {
		cand := &s.Candidates[i]
		near := s.Now-cand.Signalled <= joinMs && (len(cand.Suspects) == 0 || len(sig.Suspects) == 0)
		linked := cand.suspects(sig.Suspects) || cand.Alerted != 0 && cand.ofStation(sig.Suspects)
		switch {
		case !near && !linked:
		case best < 0:
			best = i
		case linked && cand.State == Pending:
			s.Candidates[best].absorb(cand)
			s.Candidates = slices.Delete(s.Candidates, i, i+1)
			i--
		case linked && s.Candidates[best].State == Pending && s.Candidates[best].suspects(sig.Suspects):
			cand.absorb(&s.Candidates[best])
			s.Candidates = slices.Delete(s.Candidates, best, best+1)
			i--
			best = i
		case cand.Signalled > s.Candidates[best].Signalled:
			best = i
		}
	}
	if best >= 0 {
		return &s.Candidates[best]
	}
	if len(s.Candidates) == maxCandidates {
		oldest := 0
		for i := range s.Candidates {
			if s.Candidates[i].Alerted == 0 && (s.Candidates[oldest].Alerted != 0 || s.Candidates[i].Signalled < s.Candidates[oldest].Signalled) {
				oldest = i
			}
		}
		e.close(s, &s.Candidates[oldest])
		s.Candidates = slices.Delete(s.Candidates, oldest, oldest+1)
	}
	s.Candidates = append(s.Candidates, candidate{State: Pending})
	return &s.Candidates[len(s.Candidates)-1]
}

// absorb adds a candidate that was not yet an event to this one.
func (cand *candidate) absorb(o *candidate) {
	if cand.State == Pending {
		cand.First = min(cand.First, o.First)
	}
	cand.Last, cand.Signalled = max(cand.Last, o.Last), max(cand.Signalled, o.Signalled)
	for i := range o.Suspects {
		cand.suspect(&o.Suspects[i])
	}
	for i := range o.Findings {
		f := &o.Findings[i]
		k := slices.IndexFunc(cand.Findings, func(g finding) bool { return g.Rule == f.Rule })
		if k < 0 {
			cand.Findings = append(cand.Findings, *f)
			continue
		}
		g := &cand.Findings[k]
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

func (cand *candidate) suspects(list []Ident) bool {
	for i := range list {
		for k := range cand.Suspects {
			if list[i].SameIdentity(&cand.Suspects[k]) && list[i].SameArea(&cand.Suspects[k]) {
				return true
			}
		}
	}
	return false
}

// ofStation reports whether a cell is of the base station of one that the candidate suspects: a transmitter with several sectors is one
// thing, and its second sector is not told again.
func (cand *candidate) ofStation(list []Ident) bool {
	for i := range list {
		for k := range cand.Suspects {
			a, b := &list[i], &cand.Suspects[k]
			if a.RAT == cell.LTE && b.RAT == cell.LTE && a.PLMN == b.PLMN && a.Known() && b.Known() && a.ID>>8 == b.ID>>8 {
				return true
			}
		}
	}
	return false
}

func (cand *candidate) suspect(i *Ident) {
	for k := range cand.Suspects {
		x := &cand.Suspects[k]
		if x.SameIdentity(i) && x.SameArea(i) && x.Has.Has(cell.FieldArea) == i.Has.Has(cell.FieldArea) {
			x.merge(i)
			return
		}
	}
	if len(cand.Suspects) < maxSuspects {
		cand.Suspects = append(cand.Suspects, *i)
	}
}

func (cand *candidate) add(s *site, e *Engine, rule int, sig *Signal, w float64, first int64) {
	r := &e.rules[rule]
	var f *finding
	for i := range cand.Findings {
		if cand.Findings[i].Rule == rule {
			f = &cand.Findings[i]
		}
	}
	if f == nil {
		h := s.habit(e, rule)
		cand.Findings = append(cand.Findings, finding{Rule: rule, RuleID: r.ID, First: first, Weight: -1, Seen: h.K, Days: s.days()})
		f = &cand.Findings[len(cand.Findings)-1]
	}
	f.Last = s.Now
	if w > f.Weight {
		f.Weight, f.Place = w, sig.Place
		if sig.Text != "" {
			f.Text, f.Phrase, f.Innocent = sig.Text, sig.Phrase, sig.Innocent
		}
	}
	f.Severity = max(f.Severity, min(max(e.severityOf(s, f.Weight), r.Min, sig.Severity), r.Max))
	if n := len(f.Evidence); n > 0 && f.Evidence[n-1].At == s.Now {
		return
	} else if n == maxEvidence {
		f.Evidence = f.Evidence[:n-1]
	}
	f.Evidence = append(f.Evidence, trace{s.Now, slices.Clone(e.view.Obs.Raw)})
}

// score is the sum over causes; see Counted.
func (e *Engine) score(cand *candidate) (sum float64, causes int) {
	var room [16]Weighed
	var each [16]float64
	parts := room[:0]
	for i := range cand.Findings {
		f := &cand.Findings[i]
		parts = append(parts, Weighed{e.rules[f.Rule].Cause, f.Weight, f.Place, e.rules[f.Rule].Telling == Defining})
	}
	if len(parts) > len(each) {
		return Counted(parts, make([]float64, len(parts)))
	}
	return Counted(parts, each[:len(parts)])
}

// severity is that of a candidate by its score; the ranges of its rules limit it, and what a femtocell explains.
func (e *Engine) severity(s *site, cand *candidate) Severity {
	sum, causes := e.score(cand)
	most := e.limit(cand)
	if e.femtocell(s, cand) {
		most = min(most, Low)
	}
	var least Severity
	for i := range cand.Findings {
		least = max(least, min(cand.Findings[i].Severity, e.rules[cand.Findings[i].Rule].Max))
	}
	return scaleOf(e.threshold(s)).Severity(sum, causes, least, most)
}

// limit is the most that a candidate reaches: rules by themselves do not exceed their own range.
func (e *Engine) limit(cand *candidate) (most Severity) {
	for i := range cand.Findings {
		most = max(most, e.rules[cand.Findings[i].Rule].Max)
	}
	return most
}

// severityOf is the severity that a score reaches here.
func (e *Engine) severityOf(s *site, score float64) Severity {
	return scaleOf(e.threshold(s)).of(score)
}

// grade makes a candidate an event, or raises its severity, if its findings weigh enough.
func (e *Engine) grade(s *site, cand *candidate) {
	sev := e.severity(s, cand)
	cand.Score, _ = e.score(cand)
	switch {
	case cand.State == Pending && sev >= Low:
		cand.State, cand.Severity, cand.Opened = Open, sev, s.Now
	case cand.State == Open && sev > cand.Severity && !cand.frozen(s.Now):
		cand.Severity, cand.Opened = sev, s.Now
	default:
		return
	}
	if cand.ID == "" {
		cand.ID = e.id(s, cand)
	}
	if cand.Severity >= Medium && cand.Alerted == 0 {
		cand.Alerted = s.Now
		s.quarantine(cand)
	}
}

// frozen reports whether an alert has been out for so long that its severity is final.
func (cand *candidate) frozen(now int64) bool {
	return cand.Alerted != 0 && now-cand.Alerted > promoteMs
}

// id derives the ID of an event from sensor, first evidence and the rules that opened it.
func (e *Engine) id(s *site, cand *candidate) string {
	var rules []string
	for i := range cand.Findings {
		rules = append(rules, cand.Findings[i].RuleID)
	}
	sort.Strings(rules)
	name := s.Sensor + "\x00" + strconv.FormatInt(cand.First, 10) + "\x00" + strings.Join(rules, ",")
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
		name += "+" // two candidates that began with one observation and the same rules
	}
}

// quarantine keeps the suspects of an alert from becoming normal if they were first seen during this candidate.
func (s *site) quarantine(cand *candidate) {
	const slack = 2 * 60_000
	for i := range cand.Suspects {
		id := &cand.Suspects[i]
		if k, ok := id.key(); ok {
			if r := s.Base.Cells.Get(k); r != nil && r.First >= cand.First-slack {
				r.Suspect = true
				s.reconsider(r)
			}
		}
		if id.Has.Has(cell.FieldArea) {
			if a := s.Base.Areas.Get(areaKey{id.RAT, id.PLMN, id.Area}); a != nil && a.First >= cand.First-slack {
				a.Suspect = true
			}
		}
	}
}

// expire prolongs, closes and drops candidates as time passes.
func (e *Engine) expire(s *site, on *Stay) {
	keep := s.Candidates[:0]
	for i := range s.Candidates {
		cand := &s.Candidates[i]
		if cand.Alerted != 0 && on != nil && s.Now-cand.Signalled < presenceMs && cand.suspects([]Ident{on.Cell}) {
			if s.Now-cand.Shown >= 60_000 {
				cand.Shown, cand.Changed = s.Now, true
			}
			cand.Last = s.Now
			s.quarantine(cand)
		}
		quiet := s.Now - cand.Last
		if cand.State == Pending && quiet > pendingMs || quiet > holdMs {
			e.close(s, cand)
			continue
		}
		keep = append(keep, *cand)
	}
	clear(s.Candidates[len(keep):])
	s.Candidates = keep
}

// close ends a candidate. One that did not alert counts as a habit of this place; all count for the budget.
func (e *Engine) close(s *site, cand *candidate) {
	if cand.Alerted == 0 {
		for i := range cand.Findings {
			h := s.habit(e, cand.Findings[i].Rule)
			h.K++
			h.Last = cand.Last
		}
	}
	if cand.Score >= lowScore && e.limit(cand) >= Medium {
		if len(s.Episodes) == maxEpisodes {
			s.Episodes = s.Episodes[1:]
		}
		s.Episodes = append(s.Episodes, episode{cand.Last, cand.Score, s.Watched})
	}
	if cand.State == Open {
		cand.State = Closed
		e.out = append(e.out, e.event(s, cand))
	}
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// event is the candidate as an event.
func (e *Engine) event(s *site, cand *candidate) Event {
	ev := Event{ID: cand.ID, Sensor: s.Sensor, Severity: cand.Severity, State: cand.State, First: at(cand.First), Opened: at(cand.Opened),
		Last: at(cand.Last), Score: float64(int(cand.Score*10+0.5)) / 10, Cells: []cell.Cell{}, InnocentCauses: []string{}}
	for i := range cand.Suspects {
		ev.Cells = append(ev.Cells, e.nets.cell(&cand.Suspects[i]))
	}
	order := slices.Clone(cand.Findings)
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
	ev.Phrases = summary(cand)
	ev.Summary = join(ev.Phrases, "; ")
	return ev
}

// phrase is the sentence of the rule.
func (f *finding) phrase() Phrase {
	if f.Phrase.Format == "" {
		return Phrase{Format: strings.ReplaceAll(f.Text, "%", "%%")}
	}
	return f.Phrase
}

// howOften says how often a condition had held here before, in how much time.
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
func summary(cand *candidate) []Phrase {
	list := slices.Clone(cand.Findings)
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
