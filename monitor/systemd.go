package monitor

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// service reports to systemd how the watch is (sd_notify(3)). Without systemd it does nothing.
type service struct {
	state    *State
	watchdog time.Duration // how long systemd waits for a sign of life; 0: for ever
}

// statusEvery is how often the line that systemctl status shows is updated.
const statusEvery = 5 * time.Second

func newService(state *State) service {
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		watchdog = 0
	}
	return service{state, watchdog}
}

func notify(state string) { _, _ = daemon.SdNotify(false, state) } // an error means that nobody listens

// run reports that the watch is ready, how it is, and at the end that it stops. The watchdog is fed only while observations or
// gaps come in. It returns when ctx ends.
func (s service) run(ctx context.Context) {
	every := statusEvery
	if s.watchdog > 0 {
		every = min(every, s.watchdog/4)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	reported := s.state.Line()
	notify("READY=1\nSTATUS=" + reported)
	for {
		if s.watchdog > 0 && s.state.Progressing() {
			notify(daemon.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			notify("STOPPING=1\nSTATUS=storing the last records")
			return
		case <-tick.C:
		}
		if line := s.state.Line(); line != reported {
			reported = line
			notify("STATUS=" + reported)
		}
	}
}

// reloading reports that f runs because of a reload.
func reloading(f func()) {
	notify(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
	f()
	notify(daemon.SdNotifyReady)
}
