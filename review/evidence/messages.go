package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/words"
)

// Signal is a signalling message of an event's page: the message, without identities, and whether a finding rests on it.
type Signal struct {
	*cell.Message
	Evidence bool
}

const (
	signalMargin = 30 * time.Second // before and after the evidence: an attach takes a few seconds, a refused one is tried again after ten
	maxSignals   = 80               // a bundle has all of them
)

// Messages returns the signalling messages around the evidence of an event, in order. left is how many were left out: those that are
// furthest from any evidence.
func (w *Window) Messages(e *analyzer.Event) (all []Signal, left int) {
	var times []time.Time
	for _, f := range e.Findings {
		times = append(times, f.First, f.Last)
		for _, ev := range f.Evidence {
			times = append(times, ev.Time)
		}
	}
	for _, r := range w.Records {
		m, ok := r.(*cell.Message)
		if ok && away(times, m.Time) <= signalMargin {
			all = append(all, Signal{m, slices.ContainsFunc(times, m.Time.Equal)})
		}
	}
	if left = len(all) - maxSignals; left <= 0 {
		return all, 0
	}
	distances := make([]time.Duration, len(all))
	for i, s := range all {
		distances[i] = away(times, s.Time)
	}
	slices.Sort(distances)
	near := slices.DeleteFunc(all, func(s Signal) bool { return away(times, s.Time) > distances[maxSignals-1] })
	left += maxSignals - min(len(near), maxSignals)
	return near[:min(len(near), maxSignals)], left
}

// away is how far a time is from the nearest of a list.
func away(times []time.Time, t time.Time) time.Duration {
	nearest := time.Duration(1<<63 - 1)
	for _, at := range times {
		nearest = min(nearest, t.Sub(at).Abs())
	}
	return nearest
}

// MessageIn says in a language what a message is and what it says; safe to show.
func MessageIn(lang string, m *cell.Message) string {
	name := PlainTo(m.Name, 64)
	text := ""
	for _, key := range []string{"message." + name + "." + string(m.Direction), "message." + name} {
		if name != "" && words.Has(key) {
			text = words.Format(lang, key)
			break
		}
	}
	if text == "" {
		key := "signalling."
		if m.Direction == cell.Down || m.Direction == cell.Up {
			key += string(m.Direction)
		}
		text = words.Format(lang, key, name)
	}
	if parts := messageDetails(lang, m); len(parts) > 0 {
		text = words.Format(lang, "signalling.with", text, strings.Join(parts, words.Format(lang, "signalling.and")))
	}
	return text
}

// messageDetails are the parts of what a message says, in words.
func messageDetails(lang string, m *cell.Message) (parts []string) {
	f := &m.Fields
	say := func(key string, args ...any) {
		parts = append(parts, words.Format(lang, "signalling.detail."+key, args...))
	}
	word := func(key, w string) {
		if w != "" {
			say(key, PlainTo(w, 40))
		}
	}
	if n, known := f.IdentityType.Get(); known {
		key := fmt.Sprintf("signalling.detail.identity.%d", n)
		if !words.Has(key) {
			say("identity", words.Format(lang, "signalling.detail.identity.other", n))
		} else {
			say("identity", words.Format(lang, key))
		}
	}
	word("identity", f.InitialIdentity)
	if n, known := f.Cause.Get(); known && n >= 0 && n <= 255 {
		parts = append(parts, Status{Cause: cell.Some(uint16(n))}.CauseIn(lang))
	}
	algorithm := func(key string, v cell.Opt[int]) {
		switch n, known := v.Get(); {
		case known && n == 0:
			say(key + ".0")
		case known:
			say(key, n)
		}
	}
	algorithm("eea", f.EEA)
	algorithm("eia", f.EIA)
	if f.IMEISVRequested.Or(0) == 1 {
		say("imeisv")
	}
	for _, reason := range []string{f.ReleaseCause, f.EstablishmentCause, f.ReestablishmentCause, f.Purpose, f.HandoverType} {
		word("reason", reason)
	}
	switch channel, known := f.RedirectARFCN.Get(); {
	case f.Redirect != "" && known:
		say("redirect.channel", generationOf(f.Redirect), channel)
	case f.Redirect != "":
		say("redirect", generationOf(f.Redirect))
	}
	if f.TargetRAT != "" {
		say("rat", generationOf(f.TargetRAT))
	}
	number := func(key string, v cell.Opt[int]) {
		if n, known := v.Get(); known {
			say(key, n)
		}
	}
	number("target", f.TargetPCI)
	number("wait", f.WaitTime)
	for _, v := range []cell.Opt[int]{f.AttachType, f.UpdateType, f.Result, f.DetachUp, f.DetachDown} {
		number("type", v)
	}
	word("network", f.LastTAIPLMN)
	if n, known := f.Records.Get(); known {
		say("pagings", n, m.Count, f.IMSIRecords.Or(0))
	} else if m.Count > 1 {
		say("times", m.Count)
	}
	return parts
}

// generationOf is the generation of a system as TS 36.331 names it; of one that is none of ours the name.
func generationOf(system string) string {
	for beginning, rat := range map[string]cell.RAT{"geran": cell.GSM, "utra": cell.UMTS, "eutra": cell.LTE, "nr": cell.NR} {
		if rest, ok := strings.CutPrefix(system, beginning); ok && (rest == "" || rest[0] == '-') {
			return Generation(rat)
		}
	}
	return PlainTo(system, 20)
}
