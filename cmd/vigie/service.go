package main

import (
	"context"
	"errors"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/storage"
)

// service tells systemd how the watch goes (sd_notify(3)). Where nobody asked to be told, nothing is.
type service struct {
	v        *vitals
	watchdog time.Duration // how long systemd bears to hear nothing; 0: for ever
}

// sayEvery is how often the line that systemctl status shows is brought up to date.
const sayEvery = 5 * time.Second

func newService(v *vitals) service {
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		watchdog = 0
	}
	return service{v, watchdog}
}

func notify(state string) { _, _ = daemon.SdNotify(false, state) } // nobody is there to be told that nobody is there

// run says that the watch is ready, how it goes, and at the end that it stops. The watchdog is fed only while observations
// or gaps flow. It returns when ctx ends.
func (s service) run(ctx context.Context) {
	every := sayEvery
	if s.watchdog > 0 {
		every = min(every, s.watchdog/4)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	said := s.v.line()
	notify("READY=1\nSTATUS=" + said)
	for {
		if s.watchdog > 0 && s.v.flows() {
			notify(daemon.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			notify("STOPPING=1\nSTATUS=storing what is on the way")
			return
		case <-tick.C:
		}
		if line := s.v.line(); line != said {
			said = line
			notify("STATUS=" + said)
		}
	}
}

// reloading says that f runs because of a reload.
func reloading(f func()) {
	notify(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
	f()
	notify(daemon.SdNotifyReady)
}

// service starts what tells others how the watch goes: systemd, the health page, vigie status.
func (c *WatchCmd) service(ctx context.Context, conf config.Config, v *vitals, s *storage.Store) (stop func(), err error) {
	for e, err := range s.Events(ctx, storage.EventQuery{State: analyzer.Open}) {
		if err != nil {
			return nil, err
		}
		v.open[e.ID] = e.Severity
	}
	if c.Listen != "" {
		conf.Health.Listen = c.Listen
	}
	closing, err := serveHealth(conf.Health, v, v.looker(s))
	if err != nil {
		closing()
		return nil, err
	}
	ctx, end := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		newService(v).run(ctx)
		close(done)
	}()
	return func() {
		end()
		<-done
		closing()
	}, nil
}

// lookForModem is how often it is looked for a modem where there is none yet.
const lookForModem = 2 * time.Second

// choose finds the modems, and waits for the first where that was asked for.
func (c *WatchCmd) choose(ctx context.Context, p *program, conf config.Config, v *vitals) ([]watched, error) {
	for {
		modems, err := chooseModems(ctx, p, conf)
		if !c.Wait || !errors.Is(err, errNoModem) {
			v.await("")
			return modems, err
		}
		v.await("no modem was found yet")
		select {
		case <-ctx.Done():
			return nil, nil
		case <-time.After(lookForModem):
		}
	}
}
