package monitor

import (
	"os"
	"path/filepath"
	"runtime"
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
	now := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	long, fresh := stillAfter, stillAfter-time.Second // that a level has stayed; 0: none was heard
	for _, c := range []struct {
		what  string
		g     review.Glance
		heard time.Duration
		want  int
	}{
		{"no battery", review.Glance{Motion: "standing"}, long, 1},
		{"standing", review.Glance{Motion: "standing", Battery: full}, long, 2},
		{"standing, no level is told", review.Glance{Motion: "standing", Battery: full}, 0, 2},
		{"standing, the level has just changed", review.Glance{Motion: "standing", Battery: full}, fresh, 1},
		{"moving", review.Glance{Motion: "moving", Battery: full}, long, 1},
		{"no position, a level that stays", review.Glance{Battery: full}, long, 2},
		{"no position, a level that does not", review.Glance{Battery: full}, fresh, 1},
		{"nothing known", review.Glance{Battery: full}, 0, 1},
		{"low, moving", review.Glance{Motion: "moving", Battery: low}, fresh, 4},
		{"low, charging", review.Glance{Battery: low, Charging: true}, long, 1},
		{"low, odd", review.Glance{Level: review.Odd, Battery: low}, long, 1},
		{"standing, alarm", review.Glance{Level: review.Alarm, Motion: "standing", Battery: full}, long, 1},
		{"low, blind", review.Glance{Battery: low, Blind: "unplugged"}, long, 1},
	} {
		if c.g.Now = now; c.g.Level == "" {
			c.g.Level = review.Quiet
		}
		require.Equal(t, c.want, (&pace{steady: c.heard, levels: c.heard > 0}).stretch(c.g), c.what)
	}
	require.Equal(t, 10, (&pace{BatteryOptions: BatteryOptions{Most: 10}}).stretch(review.Glance{Level: review.Quiet, Battery: low}))
}

// A charge that is to last so long is used evenly: the further behind, the less often the modem is asked, at most so much.
func TestStretchForABudget(t *testing.T) {
	began := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	p := &pace{BatteryOptions: BatteryOptions{Lasts: 8 * time.Hour}}
	at := func(hours, charge float64, charging bool) int {
		return p.stretch(review.Glance{Level: review.Quiet, Motion: "moving", Battery: cell.Some(charge), Charging: charging,
			Now: began.Add(time.Duration(hours * float64(time.Hour)))})
	}
	require.Equal(t, 1, at(0, 80, false))
	require.Equal(t, 1, at(2, 60, false), "as planned")
	require.Equal(t, 2, at(2, 59, false))
	require.Equal(t, 3, at(4, 33, false))
	require.Equal(t, 4, at(4, 20, false))
	require.Equal(t, 1, at(4, 20, true))
	require.Equal(t, 1, at(5, 50, false), "another charge, and another plan")
	require.Equal(t, 2, at(9, 22, false))
	require.Equal(t, 1, at(14, 20, false), "it has lasted")
}

// The answer holds for a while, but not when something becomes odd, or another level is reported.
func TestStretchEndsWithTheQuiet(t *testing.T) {
	now := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	s := NewState(func() time.Time { return now })
	s.Watch("bag", time.Second)
	l := NewOverview(s, true, &Places{Tracker: &position.Tracker{}}, filepath.Join(t.TempDir(), "s.db"))
	l.sys = t.TempDir()
	supply := filepath.Join(l.sys, "class/power_supply/BAT0")
	require.NoError(t, os.MkdirAll(supply, 0o755))
	for name, text := range map[string]string{"type": "Battery", "capacity": "9", "status": "Discharging"} {
		writeFile(t, supply, name, text)
	}
	p := newPace(BatteryOptions{}, l)
	hear := func(level cell.DBm) {
		o := &cell.Observation{Time: now, Sensor: "bag", State: cell.Idle, Serving: &cell.Cell{RAT: cell.LTE, ID: cell.Some(uint64(7)), RSRP: cell.Some(level)}}
		s.Record(o)
	}
	hear(-90)
	require.Equal(t, 4, p.factor())
	writeFile(t, supply, "capacity", "90")
	require.Equal(t, 4, p.factor())
	now = now.Add(lookAgain)
	require.Equal(t, 1, p.factor())
	for range 30 {
		now = now.Add(lookAgain)
		hear(-94)
	}
	require.Equal(t, 2, p.factor(), "it lies where it lay")
	hear(-83)
	require.Equal(t, 1, p.factor(), "at once")
	writeFile(t, supply, "capacity", "9")
	now = now.Add(lookAgain)
	require.Equal(t, 4, p.factor())
	s.Event(analyzer.Event{ID: "a", Severity: analyzer.High, State: analyzer.Open, Last: now})
	require.Equal(t, 1, p.factor(), "at once")
}

func TestOneProcessorIsPutBack(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	stop := oneProcessor()
	require.Equal(t, 1, runtime.GOMAXPROCS(0))
	require.NoError(t, stop())
	require.Equal(t, before, runtime.GOMAXPROCS(0))
}
