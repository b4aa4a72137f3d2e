package analyzer

import (
	"slices"
	"time"
)

// The arithmetic of a severity is here, apart from the engine, so that who looks at an event later can repeat it.

// Weighed is a finding as a score counts it.
type Weighed struct {
	Cause   string  // findings of one cause count once: the heaviest
	Weight  float64 // decades
	Place   bool    // on the move, an arrival at a new place explains it: see Signal
	Defines bool    // its rule is Defining: from the score of a high event it counts as two causes
}

// Counted says in each how much of each finding counts, and returns the sum and how many causes there are. Of a cause its heaviest finding
// counts. Of the causes that an arrival at a new place explains, the heaviest counts in full and the next by half: such findings come
// together, but not always. each must be as long as parts.
func Counted(parts []Weighed, each []float64) (sum float64, causes int) {
	first, second := -1, -1
	for i := range parts {
		each[i] = 0
	}
	for i := range parts {
		best, seen := i, false
		for k := range parts {
			if parts[k].Cause != parts[i].Cause {
				continue
			}
			seen = seen || k < i
			if parts[k].Weight > parts[best].Weight {
				best = k
			}
		}
		switch p := &parts[best]; {
		case seen:
		case !p.Place:
			each[best] = p.Weight
			sum += p.Weight
			causes++
			if p.Defines && p.Weight >= highScore {
				causes++
			}
		case first < 0 || p.Weight > parts[first].Weight:
			first, second = best, first
		case second < 0 || p.Weight > parts[second].Weight:
			second = best
		}
	}
	if first < 0 {
		return sum, causes
	}
	each[first] = parts[first].Weight
	sum += each[first]
	if second >= 0 {
		each[second] = parts[second].Weight / 2
		sum += each[second]
	}
	return sum, causes + 1
}

// Scale is from which score a candidate has which severity.
type Scale struct{ Low, Medium, High float64 }

func scaleOf(medium float64) Scale { return Scale{lowScore, medium, max(medium+highStep, highScore)} }

// of is the severity that a score reaches.
func (s Scale) of(score float64) Severity {
	switch {
	case score >= s.High:
		return High
	case score >= s.Medium:
		return Medium
	case score >= s.Low:
		return Low
	}
	return Info
}

// Severity is that of a candidate by its score. High needs two causes. least is the highest severity that one of its rules gave by itself,
// of which no more than Low counts, and most is what its rules give at most.
func (s Scale) Severity(score float64, causes int, least, most Severity) Severity {
	sev := s.of(score)
	if sev == High && causes < 2 {
		sev = Medium
	}
	return min(max(sev, min(least, Low)), most)
}

// ScaleAt is the scale of a sensor that is fixed or moves, after it has watched for a time, with the default budget of alerts. scores
// are those of its candidates that ended in the thirty days before, without the last day: if it is fixed and more of them than the budget allows
// reach the scale, it rises until they do not, within a limit. Where many weak ones ended in little time the engine may have asked for more.
func ScaleAt(fixed bool, watched time.Duration, scores []float64) Scale {
	floor := mediumScore + moveMargin(fixed, watched.Milliseconds())
	if !fixed {
		return scaleOf(floor)
	}
	scores = slices.DeleteFunc(slices.Clone(scores), func(s float64) bool { return s < floor })
	return scaleOf(raised(floor, scores, defaultPerMonth))
}

// Candidates count for the scale of a sensor from a day after their end to thirty days after it, the newest MostEpisodes of them.
const (
	EpisodesFrom = 24 * time.Hour
	EpisodesTo   = episodeMs * time.Millisecond
	MostEpisodes = maxEpisodes
)
