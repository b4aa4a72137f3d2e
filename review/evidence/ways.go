package evidence

import "slices"

// Way is a stretch of the way of a sensor along which it heard a cell that the event is about. Between two positions nothing is known: it
// begins with the last position before the cell was heard, and ends with the first one after it.
type Way struct {
	Name      string   `json:"name"` // of the cell
	From      float64  `json:"from"`
	To        float64  `json:"to"`
	Neighbour bool     `json:"neighbour,omitempty"` // it was heard as a neighbour, and did not serve
	Best      *float64 `json:"level_dbm,omitempty"` // the strongest
	Spots     []Spot   `json:"positions"`
}

const (
	maxWays     = 100
	farthestFix = 60.0 // seconds from a moment to a position that still says where it was
)

// findWays finds the stretches of the way along which the suspects were heard.
func (s *Series) findWays() {
	if len(s.Spots) == 0 {
		return
	}
	for _, r := range s.Cells {
		if !r.Suspect {
			continue
		}
		w := Way{Name: r.Name, From: r.From, To: r.To}
		for i, at := range s.Time {
			if v := s.Level[i]; v != nil && at >= r.From && (at < r.To || at == r.From) {
				w.Best = stronger(w.Best, *v)
			}
		}
		s.addWay(w)
	}
	for i := range s.Suspect {
		var w *Way
		for _, h := range s.Suspect[i].Heard {
			if w == nil || h[0]-w.To > Hole {
				if w != nil {
					s.addWay(*w)
				}
				w = &Way{Name: s.Suspect[i].Name, From: h[0], Neighbour: true}
			}
			w.To, w.Best = h[0], stronger(w.Best, h[1])
		}
		if w != nil {
			s.addWay(*w)
		}
	}
}

func stronger(a *float64, b float64) *float64 {
	if a != nil && *a >= b {
		return a
	}
	return &b
}

// addWay adds a stretch with its positions, if there are any.
func (s *Series) addWay(w Way) {
	first := slices.IndexFunc(s.Spots, func(p Spot) bool { return p.At > w.From })
	if first < 0 {
		first = len(s.Spots)
	}
	if first > 0 && w.From-s.Spots[first-1].Until <= farthestFix {
		first--
	}
	last := slices.IndexFunc(s.Spots, func(p Spot) bool { return p.At >= w.To })
	switch {
	case last < 0:
		last = len(s.Spots)
	case s.Spots[last].At-w.To <= farthestFix:
		last++
	}
	if first < last && len(s.Ways) < maxWays {
		w.Spots = s.Spots[first:last]
		s.Ways = append(s.Ways, w)
	}
}
