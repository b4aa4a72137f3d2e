package monitor

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"vigie/analyzer"
	"vigie/cell"

	"github.com/stretchr/testify/require"
)

// The watchdog is fed while observations or gaps flow, and by one sensor that does while another hangs; a sensor that hangs
// makes the page say so.
func TestWhatCountsAsLife(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := NewState(func() time.Time { return now })
	require.True(t, v.Progressing(), "there is nothing to watch yet")
	v.Watch("a", time.Second)
	v.Watch("b", 10*time.Minute)
	require.True(t, v.Progressing())
	observe := func(sensor string) { v.Record(&cell.Observation{Time: now, Sensor: sensor}) }
	pass := func(d time.Duration) { now = now.Add(d) }
	observe("a")
	pass(patience + time.Second)
	require.Equal(t, "a gives no sign of life", v.Problem())
	require.True(t, v.Progressing(), "b asks only every ten minutes, and may be quiet for longer")
	pass(time.Hour)
	require.False(t, v.Progressing())
	require.Contains(t, v.Line(), "PROBLEM: a gives no sign of life; b gives no sign of life")
	observe("b")
	require.True(t, v.Progressing())
	v.Record(&cell.Gap{Time: now, Sensor: "a", Reason: "unplugged"})
	require.Empty(t, v.Problem(), "a is blind, and that is known")
	pass(patience + time.Second)
	v.signOfLife("a")
	require.Empty(t, v.Problem(), "the collector still looks for it")
	require.Contains(t, v.Line(), "a blind since 01:01:31 UTC (unplugged)")
	pass(time.Hour)
	require.Contains(t, v.Problem(), "a gives no sign of life", "and now it does not")
	v.Record(&cell.Gap{Time: now, Until: now, Sensor: "a", Reason: "unplugged"})
	observe("a")
	observe("b")
	require.Empty(t, v.Problem())
	require.InDelta(t, 3600+91, v.Snapshot().Sensors[0].Blind, 0.01)
	v.setOutage("the store cannot be written")
	require.Equal(t, "the store cannot be written", v.Problem())
	require.True(t, v.Progressing(), "a full disk is no reason to restart")
	v.setOutage("")
	v.giveUp("a", "no such port")
	require.Equal(t, "a was given up: no such port", v.Problem())
}

// docs/health.md names every metric that is served, and no other; what is served is the text format.
func TestMetricsAreDocumented(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := NewState(func() time.Time { return now })
	v.Watch("ro\"of\n", time.Second)
	v.Record(&cell.Observation{Time: now, Sensor: "ro\"of\n"})
	for _, reason := range []string{"bad_value", "garbage"} {
		v.Record(&cell.Health{Time: now, Sensor: "ro\"of\n", Reason: reason, Count: 3})
	}
	v.disagree("ro\"of\n", 100) // of earlier watches
	v.disagree("ro\"of\n", 104)
	v.follow(func() SinkStatus { return SinkStatus{Name: "influx", Behind: 7, LastSent: &now} })
	sys := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(sys, "class/thermal/thermal_zone0"), 0o755))
	writeFile(t, filepath.Join(sys, "class/thermal/thermal_zone0"), "temp", "51500\n")
	writeFile(t, filepath.Join(sys, "class/thermal/thermal_zone0"), "type", "cpu-thermal\n")
	st := v.Snapshot()
	st.Computer = thisComputer(sys)
	require.Positive(t, st.Computer.Resident)
	text := string(st.metrics())
	require.Contains(t, text, `vigie_decode_rejects_total{sensor="ro\"of\n",reason="bad_value"} 3`)
	require.Contains(t, text, `vigie_troubles_total{sensor="ro\"of\n",reason="garbage"} 3`)
	require.Contains(t, text, `vigie_troubles_total{sensor="ro\"of\n",reason="RAT and identity disagree"} 4`)
	require.Contains(t, text, `vigie_temperature_celsius{zone="cpu-thermal"} 51.5`)
	require.Contains(t, text, `vigie_sink_behind_records{sink="influx"} 7`)
	served := map[string]bool{}
	sample := regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="([^"\\]|\\.)*"(,[a-z]+="([^"\\]|\\.)*")*\})? [0-9.e+-]+$`)
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.HasPrefix(line, "# ") {
			continue
		}
		found := sample.FindStringSubmatch(line)
		require.NotNil(t, found, line)
		served[found[1]] = true
		require.Contains(t, text, "# TYPE "+found[1]+" ")
	}
	docs, err := os.ReadFile("../docs/health.md")
	require.NoError(t, err)
	reported := map[string]bool{}
	for _, found := range regexp.MustCompile("(?m)^\\| `(vigie_[a-z_]+)` ").FindAllStringSubmatch(string(docs), -1) {
		reported[found[1]] = true
	}
	require.Equal(t, reported, served)
}

// Nobody but this computer may ask, unless that was wanted.
func TestHealthStaysHere(t *testing.T) {
	_, err := NewState(time.Now).serve(HealthOptions{Listen: "0.0.0.0:0"}, nil)
	require.ErrorContains(t, err, "can be reached from other computers")
	stop, err := NewState(time.Now).serve(HealthOptions{Listen: "0.0.0.0:0", Open: true}, nil)
	require.NoError(t, err)
	stop()
}

// Who is believed when.
func TestTimekeeper(t *testing.T) {
	newest := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var wall time.Time
	var ran time.Duration
	synced := false
	begin := func(at time.Time) *timekeeper {
		wall, ran, synced = at, 0, false
		return newTimekeeper(Clocks{func() time.Time { return wall }, func() time.Duration { return ran }, func() bool { return synced }}, newest)
	}
	pass := func(d time.Duration) { wall, ran = wall.Add(d), ran+d }

	k := begin(newest.Add(time.Minute))
	require.False(t, k.guesses(), "nothing speaks against the wall clock")
	pass(time.Second)
	require.Equal(t, wall, k.now())

	k = begin(newest.Add(-time.Hour))
	require.True(t, k.guesses())
	require.Equal(t, newest.Add(time.Second), k.now())
	pass(2 * time.Hour)
	require.Equal(t, newest.Add(2*time.Hour+time.Second), k.now(), "that it has run past the newest record is no reason to believe it")
	wall = newest.Add(-30 * time.Minute) // set by somebody who does not know the time either
	require.Equal(t, newest.Add(2*time.Hour+time.Second), k.now())
	pass(time.Minute)
	require.Equal(t, newest.Add(2*time.Hour+time.Minute+time.Second), k.now())
	wall = newest.Add(5 * time.Hour)
	require.Equal(t, wall, k.now())
	require.False(t, k.guesses())
	wall = newest.Add(-time.Hour) // from now on it is the collector's to tell steps
	require.Equal(t, wall, k.now())

	k = begin(newest.Add(-time.Hour)) // the store was written to by a clock that was too fast
	pass(5 * time.Second)
	synced = true
	require.Equal(t, newest.Add(6*time.Second), k.now())
	pass(5 * time.Second)
	require.Equal(t, wall, k.now(), "a clock that is known to be right is believed, whatever the store holds")
}

func TestBattery(t *testing.T) {
	sys := t.TempDir()
	for dir, files := range map[string]map[string]string{
		"BAT0":  {"type": "Battery", "capacity": "81", "status": "Discharging"},
		"BAT1":  {"type": "Battery", "capacity": "23", "status": "Charging"},
		"AC":    {"type": "Mains", "online": "1"},
		"mouse": {"type": "Battery", "scope": "Device", "capacity": "3"},
		"odd":   {"type": "Battery", "capacity": "none"},
	} {
		for name, text := range files {
			require.NoError(t, os.MkdirAll(filepath.Join(sys, "class/power_supply", dir), 0o755))
			writeFile(t, filepath.Join(sys, "class/power_supply", dir), name, text+"\n")
		}
	}
	percent, charging := battery(sys)
	require.Equal(t, cell.Some(23.0), percent)
	require.True(t, charging)
	percent, charging = battery(t.TempDir())
	require.False(t, percent.Known() || charging)
}

// What a record changed is reported with it: a cell, a RAT, a model, a registration once, and not what an unsolicited line with
// fewer fields repeats.
func TestNews(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := NewState(func() time.Time { return now })
	s.Watch("roof", time.Second)
	on := func(c cell.Cell, more ...cell.Registration) Update {
		return s.Record(&cell.Observation{Time: now, Sensor: "roof", State: cell.Idle, Serving: &c, Registration: more})
	}
	home := cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(1)), ID: cell.Some(uint64(7)), PCI: cell.Some(uint16(9)), RSRP: cell.Some(cell.DBm(-90))}
	require.Equal(t, NewsModel, s.Record(&cell.Source{Sensor: "roof", Model: "EC25"}).News)
	require.Zero(t, s.Record(&cell.Source{Sensor: "roof", Model: "EC25"}).News)
	require.Equal(t, NewsState|NewsCell|NewsRAT, on(home).News)
	short := on(cell.Cell{RAT: cell.LTE, ID: cell.Some(uint64(7))})
	require.Zero(t, short.News)
	require.Equal(t, -90.0, float64(short.Sensor.Serving.RSRP.Or(0)), "the level is that of the last answer that had one")
	clone := home
	clone.Area = cell.Some(cell.Area(2))
	moved := on(clone, cell.Registration{Domain: cell.EPS, Status: cell.Some(uint8(3))})
	require.Equal(t, NewsCell, moved.News)
	require.Equal(t, 1, moved.Sensor.Moves)
	require.Len(t, moved.Registration, 1)
	require.Empty(t, on(clone, cell.Registration{Domain: cell.EPS, Status: cell.Some(uint8(3))}).Registration, "once")
	searching := s.Record(&cell.Observation{Time: now, Sensor: "roof", State: cell.Searching})
	require.Equal(t, NewsState, searching.News)
	require.Nil(t, searching.Sensor.Serving)
	require.Equal(t, cell.Idle, searching.Before)
	require.Equal(t, NewsState|NewsCell, on(clone).News, "it is reported again after there was none")

	e := analyzer.Event{ID: "a", Sensor: "roof", Severity: analyzer.Low, State: analyzer.Open, Last: now}
	s.resume(e)
	require.Equal(t, NewsOpened, s.Event(e).News, "one that an earlier run opened is reported once by this one")
	require.Zero(t, s.Event(e).News)
	e.Severity = analyzer.High
	require.Equal(t, NewsSeverity, s.Event(e).News)
	e.State = analyzer.Closed
	closed := s.Event(e)
	require.Equal(t, NewsClosed, closed.News)
	require.Zero(t, closed.Open)
}
