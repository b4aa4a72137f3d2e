package main

import (
	"context"
	"errors"
	"fmt"

	"vigie/alert"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// alerting tells people while a watch goes on.
type alerting struct {
	p    *program
	a    *alert.Alerts // nil: nobody is told
	log  func(string)
	stop func() error
}

// followAlerts tells people what comes to the store until stop is called, which returns only errors of the store.
func followAlerts(ctx context.Context, p *program, c config.Alert, s *storage.Store, v *vitals) (*alerting, error) {
	f := &alerting{p: p, stop: func() error { return nil }, log: func(text string) { p.err.Printf("alert: %s\n", console.OneLine(text)) }}
	var err error
	if f.a, err = c.Open(s, f.log); err != nil || f.a == nil {
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
	conf, err := config.Load(f.p.cli.Config, true)
	if err != nil {
		return err
	}
	o, err := conf.Alert.Options(f.log)
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
	conf, err := config.Load(p.cli.Config, true)
	if err != nil {
		return err
	}
	a, err := conf.Alert.Open(nil, nil)
	if err != nil {
		return err
	}
	if a == nil {
		return console.Usage(errors.New("nobody is to be told"), "write a section [alert] with to_file into the configuration; docs/alerts.md has one to copy")
	}
	failed := 0
	err = a.Test(ctx, c.To, conf.Sensor, func(to string, err error) {
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
