package analyzer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

func TestCounted(t *testing.T) {
	for _, c := range []struct {
		name   string
		parts  []Weighed
		each   []float64
		sum    float64
		causes int
	}{
		{"none", nil, nil, 0, 0},
		{"the heaviest of each cause", []Weighed{{"a", 1, false, false}, {"b", 2, false, false}, {"a", 3, false, false}}, []float64{0, 2, 3}, 5, 2},
		{"of two that weigh the same the first", []Weighed{{"a", 1, false, false}, {"a", 1, false, false}}, []float64{1, 0}, 1, 1},
		{"a new place: the heaviest, and half of the next", []Weighed{{"a", 1, true, false}, {"b", 3, true, false}, {"c", 2, true, false}, {"d", 4, false, false}}, []float64{0, 3, 1, 4}, 8, 2},
		{"one that defines an attack counts as two", []Weighed{{"a", 5, false, true}}, []float64{5}, 5, 2},
		{"a new place explains only the heavier finding", []Weighed{{"a", 1, true, false}, {"a", 2, false, false}}, []float64{0, 2}, 2, 1},
	} {
		each := make([]float64, len(c.parts))
		sum, causes := Counted(c.parts, each)
		require.InDelta(t, c.sum, sum, 1e-9, c.name)
		require.Equal(t, c.causes, causes, c.name)
		if c.each != nil {
			require.Equal(t, c.each, each, c.name)
		}
	}
}

// Who looks at an event later has the same scale as the engine had.
func TestScaleAtIsThatOfTheEngine(t *testing.T) {
	e := New(nil, Options{})
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).UnixMilli()
	for _, c := range []struct {
		mode     cell.Mode
		watched  time.Duration
		episodes int
	}{{cell.Fixed, time.Hour, 0}, {cell.Fixed, time.Hour, 20}, {cell.Mobile, 3 * time.Minute, 0}, {cell.Mobile, 24 * time.Hour, 7}} {
		s := &site{Mode: c.mode, Now: now, Watched: c.watched.Milliseconds()}
		var scores []float64
		for i := range c.episodes {
			ep := episode{now - (2 * 24 * time.Hour).Milliseconds(), 2.5 + float64(i)/8, 0}
			s.Episodes, scores = append(s.Episodes, ep), append(scores, ep.Score)
		}
		scale := ScaleAt(c.mode == cell.Fixed, c.watched, scores)
		require.InDelta(t, e.threshold(s), scale.Medium, 1e-9)
		for score := 0.0; score < 9; score += .25 {
			require.Equal(t, e.severityOf(s, score), scale.of(score))
		}
	}
}
