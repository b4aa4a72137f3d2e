package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/position"
	"vigie/review"
)

func TestStretch(t *testing.T) {
	full, low := cell.Some(80.0), cell.Some(9.0)
	for _, c := range []struct {
		what string
		g    review.Glance
		want int
	}{
		{"no battery", review.Glance{Level: review.Quiet, Motion: "standing"}, 1},
		{"standing", review.Glance{Level: review.Quiet, Motion: "standing", Battery: full}, 2},
		{"moving", review.Glance{Level: review.Quiet, Motion: "moving", Battery: full}, 1},
		{"not known", review.Glance{Level: review.Quiet, Battery: full}, 1},
		{"low, moving", review.Glance{Level: review.Quiet, Motion: "moving", Battery: low}, 4},
		{"low, charging", review.Glance{Level: review.Quiet, Battery: low, Charging: true}, 1},
		{"low, odd", review.Glance{Level: review.Odd, Battery: low}, 1},
		{"standing, alarm", review.Glance{Level: review.Alarm, Motion: "standing", Battery: full}, 1},
		{"low, blind", review.Glance{Level: review.Quiet, Battery: low, Blind: "unplugged"}, 1},
	} {
		require.Equal(t, c.want, BatteryConfig{}.stretch(c.g), c.what)
	}
	require.Equal(t, 10, BatteryConfig{Most: 10}.stretch(review.Glance{Level: review.Quiet, Battery: low}))
	require.Error(t, BatteryConfig{Most: 61}.check())
}

// The answer holds for a while, but not when something becomes odd.
func TestStretchEndsWithTheQuiet(t *testing.T) {
	now := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	v := newVitals(func() time.Time { return now })
	v.watch("bag", time.Second)
	l := newLookout(v, true, places{Tracker: &position.Tracker{}}, t.TempDir())
	l.sys = t.TempDir()
	supply := filepath.Join(l.sys, "class/power_supply/BAT0")
	require.NoError(t, os.MkdirAll(supply, 0o755))
	for name, text := range map[string]string{"type": "Battery", "capacity": "9", "status": "Discharging"} {
		writeFile(t, supply, name, text)
	}
	stretch := BatteryConfig{}.stretching(l)
	o := &cell.Observation{Time: now, Sensor: "bag", State: cell.Idle}
	v.record(o)
	l.record(o)
	require.Equal(t, 4, stretch())
	writeFile(t, supply, "capacity", "90")
	require.Equal(t, 4, stretch())
	now = now.Add(lookAgain)
	require.Equal(t, 1, stretch())
	writeFile(t, supply, "capacity", "9")
	now = now.Add(lookAgain)
	require.Equal(t, 4, stretch())
	l.event(analyzer.Event{ID: "a", Severity: analyzer.High, State: analyzer.Open, Last: now})
	require.Equal(t, 1, stretch(), "at once")
}
