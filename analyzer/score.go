package analyzer

import (
	"math"
	"sort"
)

// A score is in decades: 3 means that chance alone is expected to bring what was seen once in a thousand chances, for findings
// of moderate weight.
const (
	mediumScore = 3.0 // with the default budget, at a fixed place
	highScore   = 5.0 // high needs two decades more, and two causes
	highStep    = highScore - mediumScore
	lowScore    = 1.0
	minWeight   = 0.5 // a signal that weighs less is ordinary here, and makes no finding
	coldMs      = 10 * 60_000
	maxRaise    = 1.5 // how far a noisy site may raise its own threshold
)

// The budget is honest about its unit: a fixed sensor has so many alerts in a month, a moving one so many in a day of moving, since
// a day of driving brings as many changes of cell as a month at one place.
const (
	defaultPerMonth = 4.0
	defaultPerDay   = 1.0
	mostBudget      = 1e4  // more is no limit
	month           = 30.0 // days
)

// What is expected of a network never seen: how many candidates that may alert reach peakScore in a day, as a Gamma distribution that is worth
// some days of watching, and how fast they become rarer above it. By the benign traces, in a day of moving: 20 (my_ukm_uav), 110 to 180
// (sn_gnettrack, ca_uottawa_opencellid, us_ncsu_pawprints), 240 to 400 (us_nuwins, ucc5g, qatar_hbku); so the prior is the upper end and gives way within
// minutes. At a fixed place 0.3 and 15 (it_csq_stationary, ucc5g): two sets say nothing of a third, and the prior gives way within a day. With
// these the floor is where a network never seen keeps the default budget.
const (
	peakScore = 1.0
	tail      = 1.0 // by how much the score must rise for a tenth of the candidates: 0.94 on the move, of 446 candidates in six sets
)

var peakPrior = [2]struct{ perDay, days float64 }{{13.3, 0.04}, {316, 0.01}} // fixed, moving

// allowed is how many alerts a day the budget allows at this site.
func (e *Engine) allowed(s *site) float64 {
	if s.fixed() {
		return e.perMonth / month
	}
	return e.perDay
}

// usual is what the default budget allows in a day at this site.
func usual(s *site) float64 {
	if s.fixed() {
		return defaultPerMonth / month
	}
	return defaultPerDay
}

// generous reports whether the budget allows more than the default one.
func (e *Engine) generous(s *site) bool { return e.allowed(s) > usual(s) }

// moveMargin is what is added on the move, where a day brings ten times as many changes of cell as at one place, or more, each a
// chance for something odd: half a decade, because such a sensor does not move all day. In the first minutes of service nearly
// everything is new to it and rates are guesses: up to one decade more, less by a tenth each minute. watched is in milliseconds.
func moveMargin(fixed bool, watched int64) float64 {
	if fixed {
		return 0
	}
	return 0.5 + max(0, 1-float64(watched)/coldMs)
}

// floor is the score that the budget asks for at least, whatever the site's history.
func (e *Engine) floor(s *site) float64 {
	return mediumScore + moveMargin(s.fixed(), s.Watched-s.Begun) - tail*math.Log10(e.allowed(s)/usual(s))
}

// threshold is the score from which a candidate alerts at this site: such that the candidates expected above it, by how many there
// were here and by what is known of other networks, are those that the budget allows. At a fixed place it is also such that no more
// candidates of the last thirty days, without the last one, reach it than the budget of a month allows. It is at least the floor, unless
// the budget allows more than the default one, and rises above it within a limit: an attacker who makes noise for days cannot silence it.
func (e *Engine) threshold(s *site) float64 {
	floor := e.floor(s)
	n, days := s.peaks()
	prior := &peakPrior[1]
	if s.fixed() {
		prior = &peakPrior[0]
		floor = s.raisedTo(floor, e.perMonth)
	}
	rate := (prior.perDay*prior.days + n) / (prior.days + days)
	least, most := floor, e.floor(s)+maxRaise
	if e.generous(s) {
		least -= maxRaise // who asks for more alerts than usual gets them from a quiet network too
	}
	return max(least, min(peakScore+tail*math.Log10(rate/e.allowed(s)), most))
}

// raisedTo is the threshold by the candidates that reached floor in the last thirty days, without the last day.
func (s *site) raisedTo(floor, budget float64) float64 {
	if len(s.Episodes) <= int(budget) {
		return floor
	}
	var room [maxEpisodes]float64
	scores := room[:0]
	for _, ep := range s.Episodes {
		if age := s.Now - ep.At; age > int64(dayMs) && age < episodeMs && ep.Score >= floor {
			scores = append(scores, ep.Score)
		}
	}
	return raised(floor, scores, budget)
}

// heldBack is for how long, in milliseconds of watching, a candidate that has ended does not count for the threshold: what an
// attack makes does not raise it while the attack lasts.
func (s *site) heldBack() int64 {
	if s.fixed() {
		return int64(dayMs)
	}
	return 15 * 60_000
}

// peaks is how many candidates have reached peakScore here, and in how many days of watching.
func (s *site) peaks() (n, days float64) {
	end := s.Watched - s.heldBack()
	begin := int64(0)
	if len(s.Episodes) == maxEpisodes {
		begin = s.Episodes[0].Watched
	}
	begin = max(begin, end-episodeMs)
	for _, ep := range s.Episodes {
		if ep.Watched > begin && ep.Watched <= end && ep.Score >= peakScore {
			n++
		}
	}
	return n, max(0, float64(end-begin)) / dayMs
}

// raised is the threshold of a site where candidates of these scores have ended, all of them at least floor, in a month: it rises until no
// more of them reach it than the budget of a month allows. It sorts the scores.
func raised(floor float64, scores []float64, budget float64) float64 {
	allowed := int(budget)
	if len(scores) <= allowed {
		return floor
	}
	sort.Float64s(scores)
	return min(scores[len(scores)-1-allowed]+0.01, floor+maxRaise)
}
