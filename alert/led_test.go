package alert

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

// board makes a directory like /sys/class/leds/NAME.
func board(t *testing.T) (dir string, lit func() string) {
	dir = t.TempDir()
	at := filepath.Join(dir, "ACT")
	require.NoError(t, os.Mkdir(at, 0o755))
	for name, value := range map[string]string{"brightness": "255", "max_brightness": "255\n", "trigger": "mmc0"} {
		require.NoError(t, os.WriteFile(filepath.Join(at, name), []byte(value), 0o644))
	}
	return dir, func() string {
		text, err := os.ReadFile(filepath.Join(at, "brightness"))
		require.NoError(t, err)
		return string(text)
	}
}

func TestLED(t *testing.T) {
	dir, lit := board(t)
	synctest.Test(t, func(t *testing.T) {
		l, err := openLED(dir, "ACT")
		require.NoError(t, err)
		require.Equal(t, "0", lit())
		trigger, err := os.ReadFile(filepath.Join(dir, "ACT", "trigger"))
		require.NoError(t, err)
		require.Equal(t, "none", string(trigger))
		l.start(t.Context())
		// see samples whether it is lit.
		see := func(every time.Duration, n int) (s string) {
			for range n {
				synctest.Wait()
				s += map[string]string{"255": "*", "0": "."}[lit()]
				<-time.After(every)
			}
			return s
		}
		require.Equal(t, "*.......................................", see(100*time.Millisecond, 40), "a flash: it is alive")
		l.show(ledBlind)
		require.Equal(t, "**..**..", see(500*time.Millisecond, 8))
		l.show(ledAnomaly)
		require.Equal(t, "*.*.....*.*.....", see(100*time.Millisecond, 16), "twice and a pause")
		l.show(ledHigh)
		require.Equal(t, "*******.*******.", see(100*time.Millisecond, 16))
		l.close()
		require.Equal(t, "0", lit(), "dark when nobody watches")
	})
	_, err := openLED(dir, "nosuch")
	require.Error(t, err)
	require.NotEmpty(t, hintIn(err))
	require.NoFileExists(t, filepath.Join(dir, "nosuch"))
	l, err := openLED(dir, "")
	require.NoError(t, err)
	require.Nil(t, l)
}

func TestWhatTheLEDShows(t *testing.T) {
	s, w := newState(), wish(t, Options{})
	show := func(now time.Time, want []blink) time.Time {
		t.Helper()
		got, until := s.ledPattern(now)
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(got))
		return until
	}
	require.Zero(t, show(noon, ledWatching))
	s.gap(&cell.Gap{Time: noon, Sensor: "roof-1"}, w, noon)
	show(noon, ledWatching)
	s.tick(w, noon.Add(time.Hour), nil)
	show(noon, ledBlind)
	s.event(event("e", analyzer.Medium, analyzer.Open, noon), w, noon)
	require.Equal(t, noon.Add(newsAge), show(noon.Add(20*time.Hour), ledAnomaly), "as long as it goes on")
	require.Zero(t, show(noon.Add(newsAge), ledBlind), "but not for ever, where its end never comes")
	s.event(event("e", analyzer.High, analyzer.Open, noon), w, noon)
	show(noon, ledHigh)
	s.event(event("e", analyzer.High, analyzer.Closed, noon), w, noon)
	require.Equal(t, noon.Add(ledHold), show(noon.Add(ledHold-1), ledHigh), "and a while after")
	show(noon.Add(ledHold), ledBlind)
}
