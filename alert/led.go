package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigie/analyzer"
)

// led shows the state of the watch on an LED, for people without a screen:
//
//	a short flash every 4 s    watching, nothing noticed
//	even, slow blinking        blind: nothing is received
//	quick double flashes       an anomaly, now or within the last half hour
//	lit, with short breaks     the same, of severity high
//
// The program itself makes it blink, not a kernel trigger: it stops when Vigie dies or hangs.
type led struct {
	file     string // brightness
	on       string // the value that lights it
	patterns chan []blink
	stop     context.CancelFunc
	done     chan struct{}
}

// blink is how long the LED is lit, and then how long it is dark.
type blink struct{ lit, dark time.Duration }

var (
	ledWatching = []blink{{60 * time.Millisecond, 4 * time.Second}}
	ledBlind    = []blink{{time.Second, time.Second}}
	ledAnomaly  = []blink{{100 * time.Millisecond, 100 * time.Millisecond}, {100 * time.Millisecond, 500 * time.Millisecond}}
	ledHigh     = []blink{{700 * time.Millisecond, 100 * time.Millisecond}}
)

const ledHold = 30 * time.Minute // for how long an anomaly that ended is shown

// openLED takes control of an LED in dir, which is "/sys/class/leds" if empty. It returns nil without a name. Errors have a hint.
func openLED(dir, name string) (*led, error) {
	if name == "" {
		return nil, nil
	}
	if strings.ContainsAny(name, "/\x00") || name == "." || name == ".." {
		return nil, configError("led is %q", "it is a name under /sys/class/leds, such as \"ACT\"", clean(name))
	}
	dir = filepath.Join(cmp.Or(dir, "/sys/class/leds"), name)
	l := &led{file: filepath.Join(dir, "brightness"), on: "1"}
	if most, err := os.ReadFile(filepath.Join(dir, "max_brightness")); err == nil {
		l.on = cmp.Or(strings.TrimSpace(string(most)), "1")
	}
	// A kernel trigger, such as that of disk activity, would overwrite what we write. Not every LED has one.
	if err := os.WriteFile(filepath.Join(dir, "trigger"), []byte("none"), 0o644); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, &hinted{fmt.Errorf("alert: led %s: %w", name, err), "let the user that Vigie runs as write to its files in /sys/class/leds, by a udev rule; docs/alerts.md has one"}
	}
	if err := l.set(false); err != nil {
		return nil, &hinted{fmt.Errorf("alert: led %s: %w", name, err), "ls /sys/class/leds lists the LEDs there are; docs/alerts.md has the udev rule that makes one writable"}
	}
	return l, nil
}

func (l *led) set(lit bool) error {
	value := "0"
	if lit {
		value = l.on
	}
	f, err := os.OpenFile(l.file, os.O_WRONLY|os.O_TRUNC, 0) // sysfs has the file or has not: it is never created
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

func (l *led) start(ctx context.Context) {
	ctx, l.stop = context.WithCancel(ctx)
	l.patterns, l.done = make(chan []blink, 1), make(chan struct{})
	go l.run(ctx)
}

func (l *led) run(ctx context.Context) {
	defer close(l.done)
	defer func() { _ = l.set(false) }()
	pattern, step := ledWatching, 0
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case pattern = <-l.patterns:
			step = 0
		case <-ctx.Done():
			return
		}
		b := pattern[step/2%len(pattern)]
		_ = l.set(step%2 == 0) // an LED that was removed is no reason to stop
		timer.Reset(map[bool]time.Duration{true: b.lit, false: b.dark}[step%2 == 0])
		step++
	}
}

// show changes the pattern. It never blocks; the newest pattern wins.
func (l *led) show(pattern []blink) {
	select {
	case <-l.patterns:
	default:
	}
	l.patterns <- pattern
}

func (l *led) close() {
	l.stop()
	<-l.done
}

// ledPattern is the pattern for the current state, and when to ask again; zero: when the state changes.
func (s *state) ledPattern(now time.Time) (pattern []blink, until time.Time) {
	pattern = ledWatching
	for _, g := range s.Gaps {
		if g.Reported {
			pattern = ledBlind
		}
	}
	grave := analyzer.Info
	for _, st := range s.Notifications {
		end := st.Last.Add(newsAge)
		if st.Ended {
			end = st.Until.Add(ledHold)
		}
		if !now.Before(end) {
			continue
		}
		until = earliest(until, end)
		grave = max(grave, st.Severity)
		pattern = ledAnomaly
	}
	if grave == analyzer.High {
		pattern = ledHigh
	}
	return pattern, until
}
