package alert

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// config is what Options configure: the checked policy, and the connections.
type config struct {
	policy  policy
	outlets []*outlet
	led     *led
}

// outlet is a destination with its sender.
type outlet struct {
	Destination
	sender sender
	mqtt   *mqtt // nil for other schemes
}

// configure checks options and opens what they name. Errors have a hint.
func (a *Alerts) configure(o Options) (*config, error) {
	w, err := o.check()
	if err != nil {
		return nil, err
	}
	set := &config{policy: w}
	useProxy()
	proxy.Store(&o.Proxy)
	for _, d := range o.To {
		out := &outlet{Destination: d}
		switch d.url.Scheme {
		case "http", "https":
			out.sender = &webhook{d.url}
		case "mqtt", "mqtts":
			if out.mqtt, err = newMQTT(d, a.retryNow); err != nil {
				return nil, d.redact(err)
			}
			out.sender = out.mqtt
		default:
			out.sender = &shoutrrr{url: d.url}
		}
		set.outlets = append(set.outlets, out)
	}
	set.led, err = openLED(o.LEDs, o.LED)
	return set, err
}

// start begins to show on the LED, and connects to brokers.
func (s *config) start(ctx context.Context) {
	for _, out := range s.outlets {
		if out.mqtt != nil {
			out.mqtt.start(ctx)
		}
	}
	if s.led != nil {
		s.led.start(ctx)
	}
}

// close ends the connections and turns the LED off.
func (s *config) close() {
	var all sync.WaitGroup
	for _, out := range s.outlets {
		if out.mqtt != nil {
			all.Go(out.mqtt.close)
		}
	}
	if s.led != nil {
		all.Go(s.led.close)
	}
	all.Wait()
}

// Test sends a test message to every destination, or to the one of this name, and calls report with the outcome of each. Follow need
// not run. An unknown name is an error with a hint.
func (a *Alerts) Test(ctx context.Context, name, sensor string, report func(to string, err error)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, out := range a.outlets {
		if out.mqtt != nil {
			out.mqtt.testOnly = true
		}
	}
	a.config.start(ctx)
	defer a.config.close()
	if a.led != nil {
		a.led.show(ledHigh)
	}
	now, found := time.Now(), false
	m := compose(&batch{notices: []Notice{{ID: fmt.Sprintf("test %d", now.UnixMilli()), Kind: Test, Sensor: sensor, Time: now}}}, &a.policy, now)
	for _, out := range a.outlets {
		if name != "" && name != out.Name {
			continue
		}
		found = true
		sending, cancel := context.WithTimeout(ctx, sendTimeout)
		report(out.Name, out.redact(out.sender.send(sending, m)))
		cancel()
	}
	if !found && name != "" {
		var names []string
		for _, out := range a.outlets {
			names = append(names, out.Name)
		}
		return configError("there is no destination %q", "there are: "+strings.Join(names, ", "), clean(name))
	}
	return nil
}
