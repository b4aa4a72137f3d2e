package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alecthomas/kong"

	"vigie/alert"
	"vigie/analyzer/rules"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// AlertConfig is the section [alert] of the configuration: who is told of what. docs/alerts.md says more of each key.
type AlertConfig struct {
	ToFile      string   `toml:"to_file"`      // addresses, one a line; they are secrets. Default: the systemd credential alert-to; none: nobody is told
	Severity    string   `toml:"severity"`     // the least that is told; default "medium"
	Tell        []string `toml:"tell"`         // of "events", "closed", "blind", "health"; default: all but "closed"
	Language    string   `toml:"language"`     // "en", the default, or "fr"
	Zone        string   `toml:"zone"`         // "Europe/Zurich"; default: that of the machine
	Quiet       string   `toml:"quiet"`        // quiet hours, "22:00-07:00"; default none
	QuietPasses string   `toml:"quiet_passes"` // severity that passes in quiet hours; default "high"; or "none"
	BlindAfter  duration `toml:"blind_after"`  // a gap longer than this is told; default 10m
	Repeat      duration `toml:"repeat"`       // an anomaly of severity high is told again after this until somebody gave a verdict; default: not
	RepeatTimes int      `toml:"repeat_times"` // at most so often; default 3
	PerHour     int      `toml:"per_hour"`     // messages to one destination, more are folded into one; default 10
	Cells       bool     `toml:"cells"`        // name cells: whoever has a list of cells knows the place
	Positions   bool     `toml:"positions"`    // say where the sensor was
	LED         string   `toml:"led"`          // name under /sys/class/leds
}

// alertKeys are told to who writes a key that is not there.
const alertKeys = "[alert] to_file, severity, tell, language, zone, quiet, quiet_passes, blind_after, repeat, repeat_times, per_hour, cells, positions, led"

// options reads the addresses too.
func (c AlertConfig) options(log func(string)) (alert.Options, error) {
	file := c.ToFile
	if file != "" {
		file = kong.ExpandPath(file) // ~ is the home directory; of nothing it would make the working directory
	}
	to, err := alert.ReadDestinations(file)
	if err == nil && file != "" && len(to) == 0 {
		err = fmt.Errorf("alert: %s holds no address", file)
	}
	if err != nil {
		return alert.Options{}, console.Usage(err, orElse(console.HintOf(err), "docs/alerts.md has an address of each kind to copy"))
	}
	return alert.Options{To: to, Severity: c.Severity, Tell: c.Tell, Language: c.Language, Zone: c.Zone, Quiet: c.Quiet, QuietPasses: c.QuietPasses,
		BlindAfter: time.Duration(c.BlindAfter), Repeat: time.Duration(c.Repeat), RepeatTimes: c.RepeatTimes, PerHour: c.PerHour,
		Cells: c.Cells, Positions: c.Positions, LED: c.LED, In: rules.In, Log: log}, nil
}

// open makes what tells people; nil when nobody is to be told.
func (c AlertConfig) open(s *storage.Store, log func(string)) (*alert.Alerts, error) {
	o, err := c.options(log)
	if err != nil || len(o.To) == 0 && o.LED == "" {
		return nil, err
	}
	a, err := alert.New(s, o)
	if err != nil {
		return nil, console.Usage(err, orElse(console.HintOf(err), "docs/alerts.md lists the keys of [alert]"))
	}
	return a, nil
}

// alerting tells people while a watch goes on.
type alerting struct {
	p    *program
	a    *alert.Alerts // nil: nobody is told
	log  func(string)
	stop func() error
}

// followAlerts tells people what comes to the store until stop is called, which returns only errors of the store.
func followAlerts(ctx context.Context, p *program, c AlertConfig, s *storage.Store, v *vitals) (*alerting, error) {
	f := &alerting{p: p, stop: func() error { return nil }, log: func(text string) { p.err.Printf("alert: %s\n", console.OneLine(text)) }}
	var err error
	if f.a, err = c.open(s, f.log); err != nil || f.a == nil {
		return f, err
	}
	v.follow(f.status)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- f.a.Follow(ctx) }()
	f.stop = func() error {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
	return f, nil
}

// cursors name what must have had a record before it is deleted for its age.
func (f *alerting) cursors() []string {
	if f.a == nil {
		return nil
	}
	return []string{alert.Cursor}
}

// reload reads [alert] and the addresses again. What cannot be used leaves all as it was.
func (f *alerting) reload() error {
	if f.a == nil {
		return nil
	}
	config, err := loadConfig(f.p.cli.Config, true)
	if err != nil {
		return err
	}
	o, err := config.Alert.options(f.log)
	if err != nil {
		return err
	}
	return f.a.Reload(o)
}

// alarm tells people of what the store cannot hold a record of now.
func (f *alerting) alarm(sensor, text string, err error) {
	if f.a == nil {
		return
	}
	reason := alert.Trouble
	if errors.Is(err, storage.ErrFull) { // the keeper has it recorded as soon as there is room: one story
		reason = "disk_" + string(roomFull)
	}
	f.a.Trouble(sensor, reason, fmt.Sprintf("%s: %v", text, err))
}

// status is that of all destinations together.
func (f *alerting) status() sinkStatus {
	st := sinkStatus{Name: "alert"}
	for _, d := range f.a.Status() {
		st.Behind += int64(d.Waiting)
		if d.Problem != "" && st.Problem == "" {
			st.Problem = console.OneLine(d.Name + ": " + d.Problem)
		}
		if !d.Last.IsZero() && (st.LastSent == nil || d.Last.After(*st.LastSent)) {
			st.LastSent = timeOrNil(d.Last)
		}
	}
	return st
}

// AlertCmd is about messages to people.
type AlertCmd struct {
	Test AlertTestCmd `cmd:"" help:"Send a test message to every destination of the configuration, and say how each went."`
}

// AlertTestCmd sends a test message.
type AlertTestCmd struct {
	To string `arg:"" optional:"" help:"Only to the destination of this name."`
}

// Run sends, and fails when any of them failed.
func (c *AlertTestCmd) Run(ctx context.Context, p *program) error {
	config, err := loadConfig(p.cli.Config, true)
	if err != nil {
		return err
	}
	a, err := config.Alert.open(nil, nil)
	if err != nil {
		return err
	}
	if a == nil {
		return console.Usage(errors.New("nobody is to be told"), "write a section [alert] with to_file into the configuration; docs/alerts.md has one to copy")
	}
	failed := 0
	err = a.Test(ctx, c.To, config.Sensor, func(to string, err error) {
		if err == nil {
			p.out.Printf("%s: %s\n", console.OneLine(to), p.out.Paint(console.Green, "sent"))
			return
		}
		failed++
		p.out.Printf("%s: %s: %s\n", console.OneLine(to), p.out.Paint(console.Red, "failed"), console.OneLine(err.Error()))
	})
	if err != nil {
		return console.Usage(err, console.HintOf(err))
	}
	if failed > 0 {
		return console.WithHint(fmt.Errorf("%s could not be reached", console.Plural(failed, "destination")), "the network, the address and its token are where to look; while watching, what is to be told waits until it can go")
	}
	return nil
}
