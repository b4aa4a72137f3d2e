package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/review/evidence/evidencetest"
)

func TestBlindTimeIsNotQuietTime(t *testing.T) {
	roof, err := town(t).Sensor(t.Context(), "roof-1")
	require.NoError(t, err)
	require.Zero(t, roof.Silent)
	start := evidencetest.Start
	day := func(n int) *Coverage {
		c, err := roof.CoverageOf(t.Context(), start.AddDate(0, 0, n), start.AddDate(0, 0, n+1))
		require.NoError(t, err)
		return c
	}
	require.Equal(t, 24*time.Hour, day(1).Watched)
	require.Equal(t, []Part{{0, 1440, Seen, ""}}, day(1).Parts)
	unplugged := day(3)
	require.Equal(t, 3*time.Hour+31*time.Minute, unplugged.Blind)
	require.Equal(t, []Gap{{start.Add(74*time.Hour + 10*time.Minute), start.Add(77*time.Hour + 41*time.Minute), "unplugged"}}, unplugged.Gaps)
	require.Zero(t, unplugged.Off)
	require.Equal(t, 24*time.Hour, unplugged.Watched+unplugged.Blind)
	off := day(5)
	require.Equal(t, 2*time.Hour+20*time.Minute, off.Off, "in steps of ten minutes")
	require.Zero(t, off.Blind)
}

// What was watched is the sum of what was, and not a count of steps.
func TestWatchedIsTheSumOfWhatWasWatched(t *testing.T) {
	start := evidencetest.Start
	for _, c := range []struct {
		name  string
		count int
		every time.Duration
		want  time.Duration
	}{
		{"14 seconds", 15, time.Second, 14 * time.Second},
		{"36 single observations", 36, 10 * time.Minute, 0},
		{"an hour at one a minute", 61, time.Minute, time.Hour},
		{"a night", 8*3600/5 + 1, 5 * time.Second, 8 * time.Hour},
	} {
		var recs []cell.Record
		for i := range c.count {
			recs = append(recs, &cell.Observation{Time: start.Add(3*time.Hour + 77*time.Second + time.Duration(i)*c.every), Sensor: "kit", State: cell.Idle})
		}
		kit, err := library(t, recs, nil).Sensor(t.Context(), "kit")
		require.NoError(t, err)
		got, err := kit.CoverageOf(t.Context(), start, start.AddDate(0, 0, 1))
		require.NoError(t, err)
		require.Equal(t, c.want, got.Watched, c.name)
	}
}
