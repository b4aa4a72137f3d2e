package modem

import "time"

// An SMS blaster captures, downgrades and releases a phone within ten seconds. In a burst, which follows every change, the
// serving cell is therefore polled as fast as the modem answers. Bursts are bounded, so that a modem that flaps between two
// cells for hours neither wears out nor fills the store.
const (
	burstLength   = 10 * time.Second      // after the last change
	burstPause    = 50 * time.Millisecond // between two polls of a burst: no modem measures more often
	burstLimit    = time.Minute           // the longest burst
	burstCooldown = time.Minute           // after a burst that reached the limit
)

// schedule decides what to poll and when. Time is an input.
type schedule struct {
	fast, slow time.Duration
	serving    time.Time // when a poll of the serving cell is due
	around     time.Time // when a poll of everything else is due
	since      time.Time // when the burst began; zero if there is none
	until      time.Time // when it ends
	cooldown   time.Time // before which none may begin
	earliest   time.Time // before which no round begins
}

// wait returns the time until a poll is due.
func (s *schedule) wait(now time.Time) time.Duration {
	s.expire(now)
	return max(0, s.earliest.Sub(now), min(s.serving.Sub(now), s.around.Sub(now)))
}

// all reports whether everything is due, not only the serving cell.
func (s *schedule) all(now time.Time) bool { return !s.around.After(now) }

// asked notes when a round began; the next is due one interval later. A late round is not made up for.
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

// ended notes when a round ended. Records have times in milliseconds, and a store takes two equal records of one time for one: so that
// a modem that answers twice within a millisecond, as after a round that was late, loses no answer, the next round begins later.
func (s *schedule) ended(now time.Time) { s.earliest = now.Add(2 * time.Millisecond) }

// moved notes a change, or a hint at one. It begins or extends a burst.
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

// expire ends a burst whose time is over.
func (s *schedule) expire(now time.Time) {
	if s.since.IsZero() || now.Before(s.until) {
		return
	}
	if s.until.Sub(s.since) >= burstLimit {
		s.cooldown = s.until.Add(burstCooldown)
	}
	s.since, s.until = time.Time{}, time.Time{}
}

// A command that the modem refuses is still sent from time to time: the modem may have been starting, and firmware is updated.
// The pause doubles from refusalPause to refusalLimit. For commands about the serving cell it is at most the slow interval.
const (
	refusals     = 3                // in a row before a command counts as refused,
	refusalTime  = 10 * time.Second // over at least this time: in a burst three refusals take no time at all
	refusalPause = 30 * time.Second
	refusalLimit = time.Hour
)

// refusal is the history of a command that got no OK.
type refusal struct {
	inRow    int
	since    time.Time // time of the first of these
	pauses   int       // number so far; if above 0 the command counts as refused
	until    time.Time // before which the command is not sent
	reported bool      // a health line says so
}

// patience remembers the commands that the modem refuses, by at.Command.Text.
type patience map[string]*refusal

// asks reports whether a command may be sent now.
func (p patience) asks(command string, now time.Time) bool {
	r := p[command]
	return r == nil || !now.Before(r.until)
}

// refused reports whether a command counts as refused.
func (p patience) refused(command string) bool {
	r := p[command]
	return r != nil && r.pauses > 0
}

// failed reports whether the last attempt at a command got no OK.
func (p patience) failed(command string) bool {
	r := p[command]
	return r != nil && r.inRow > 0
}

// took notes that the command was answered with OK.
func (p patience) took(command string) {
	if r := p[command]; r != nil {
		*r = refusal{reported: r.reported}
	}
}

// refuse notes that the command got no OK, and sets a pause of at most most. It returns true if the command counts as refused
// for the first time.
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
