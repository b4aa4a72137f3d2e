package modem

import "time"

// What a burst is: an SMS blaster captures, downgrades and releases within ten seconds, so that for some seconds after
// a change the serving cell is asked about as fast as the modem answers. A burst is bounded, so that a modem that
// flaps between two cells for hours is neither worn out nor fills the store.
const (
	burstLength   = 10 * time.Second      // after the last change
	burstPause    = 50 * time.Millisecond // between two questions of a burst: no modem measures more often
	burstLimit    = time.Minute           // the longest burst
	burstCooldown = time.Minute           // after a burst that was cut off by the limit
)

// schedule decides what to ask a modem and when. It is told the time and asks no clock.
type schedule struct {
	fast, slow time.Duration
	serving    time.Time // when the serving cell is due
	around     time.Time // when the rest is due
	since      time.Time // when the burst began; zero: there is none
	until      time.Time // when it ends
	cooldown   time.Time // until when none may begin
}

// wait tells how long nothing is due.
func (s *schedule) wait(now time.Time) time.Duration {
	s.expire(now)
	return max(0, min(s.serving.Sub(now), s.around.Sub(now)))
}

// all tells whether the rest is due as well as the serving cell.
func (s *schedule) all(now time.Time) bool { return !s.around.After(now) }

// asked notes that a round began at a time, so that the next one is due from there: a late round is not made up for.
func (s *schedule) asked(started time.Time, around bool) {
	s.expire(started)
	s.serving = started.Add(s.fast)
	if !s.since.IsZero() {
		s.serving = started.Add(min(burstPause, s.fast))
	}
	if around {
		s.around = started.Add(s.slow)
	}
}

// moved notes a change, or a hint at one. It begins or lengthens a burst.
func (s *schedule) moved(now time.Time) {
	s.expire(now)
	if now.Before(s.cooldown) {
		return
	}
	if s.since.IsZero() {
		s.since = now
		s.serving = now
	}
	s.until = now.Add(burstLength)
	if limit := s.since.Add(burstLimit); s.until.After(limit) {
		s.until = limit
	}
}

// settle ends a burst whose time is over.
func (s *schedule) expire(now time.Time) {
	if s.since.IsZero() || now.Before(s.until) {
		return
	}
	if s.until.Sub(s.since) >= burstLimit {
		s.cooldown = s.until.Add(burstCooldown)
	}
	s.since, s.until = time.Time{}, time.Time{}
}

// Commands that a modem refuses are asked rarely: it may have been starting up, and firmware is updated. The pause
// doubles from refusalPause on. Commands about the serving cell are never left alone for longer than the slow round.
const (
	refusals     = 3                // in a row, before a command counts as refused,
	refusalTime  = 10 * time.Second // and over so long: in a burst three refusals take no time at all
	refusalPause = 30 * time.Second
	refusalLimit = time.Hour
)

// refusal is what is remembered of a command that got no OK.
type refusal struct {
	inRow    int
	since    time.Time // the first of these
	pauses   int       // so far; above 0 the command counts as refused
	until    time.Time // not to be asked before
	reported bool      // that the modem refuses it
}

// patience remembers which commands the modem refuses. The key is at.Command.Text.
type patience map[string]*refusal

// asks tells whether a command may be asked now.
func (p patience) asks(command string, now time.Time) bool {
	r := p[command]
	return r == nil || !now.Before(r.until)
}

// refused tells whether a command counts as one that the modem does not know.
func (p patience) refused(command string) bool {
	r := p[command]
	return r != nil && r.pauses > 0
}

// failed tells whether a command was not answered when it was asked last.
func (p patience) failed(command string) bool {
	r := p[command]
	return r != nil && r.inRow > 0
}

// took notes that the command was answered.
func (p patience) took(command string) {
	if r := p[command]; r != nil {
		*r = refusal{reported: r.reported}
	}
}

// refuse notes that it was not, and pauses for no longer than most. It reports whether this is news: the command counts as
// refused for the first time.
func (p patience) refuse(command string, now time.Time, most time.Duration) (news bool) {
	r := p[command]
	if r == nil {
		r = &refusal{}
		p[command] = r
	}
	if r.inRow == 0 {
		r.since = now
	}
	r.inRow++
	if r.inRow < refusals || now.Sub(r.since) < refusalTime {
		return false
	}
	r.until = now.Add(min(most, refusalPause<<min(r.pauses, 10)))
	r.pauses++
	news, r.reported = !r.reported, true
	return news
}
