package analyzer

import "sort"

// A score is in decades: 3 means that chance alone is expected to bring what was seen once in a thousand chances, for findings
// of moderate weight. With the default budget of four alerts a month an alert needs 3; a user who allows a tenth of the alerts
// asks for one decade more.
const (
	mediumScore   = 3.0
	highStep      = 2.0 // high needs two decades more, and two causes
	lowScore      = 1.0
	minWeight     = 0.5 // a signal that weighs less is ordinary here, and makes no finding
	defaultBudget = 4.0 // alerts a month
	coldMs        = 10 * 60_000
	maxRaise      = 1.5 // how far a noisy site may raise its own threshold
)

// moveMargin is what is added on the move, where a day brings ten times as many changes of cell as at one place, or more, each a
// chance for something odd: half a decade, because such a sensor does not move all day. In its first minutes nearly everything
// is new to it and rates are guesses: up to one decade more, less by a tenth each minute. watched is in milliseconds.
func moveMargin(fixed bool, watched int64) float64 {
	if fixed {
		return 0
	}
	return 0.5 + max(0, 1-float64(watched)/coldMs)
}

// threshold is the score from which a candidate alerts at this site. It is at least what the budget asks for. If the site's own
// history of the last thirty days, except today, has more episodes above that than the budget allows, it rises until there are
// not, within a limit: an attacker who makes noise for days cannot silence it.
func (e *Engine) threshold(s *site) float64 {
	floor := e.budgetScore(s)
	if len(s.Episodes) <= int(e.budget) {
		return floor
	}
	var room [maxEpisodes]float64
	scores := room[:0]
	for _, ep := range s.Episodes {
		if age := s.Now - ep.At; age > int64(dayMs) && age < episodeMs && ep.Score >= floor {
			scores = append(scores, ep.Score)
		}
	}
	return raised(floor, scores, e.budget)
}

// raised is the threshold of a site where candidates of these scores have ended, all of them at least floor. It sorts the scores.
func raised(floor float64, scores []float64, budget float64) float64 {
	allowed := int(budget)
	if len(scores) <= allowed {
		return floor
	}
	sort.Float64s(scores)
	return min(scores[len(scores)-1-allowed]+0.01, floor+maxRaise)
}
