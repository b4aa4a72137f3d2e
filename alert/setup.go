package alert

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// setup is what Options amount to.
type setup struct {
	w       wishes
	outlets []*outlet
	led     *led
}

// outlet is a destination with what speaks to it.
type outlet struct {
	Destination
	sender sender
	mqtt   *mqtt // or nil
}

func (a *Alerts) prepare(o Options) (*setup, error) {
	w, err := o.check()
	if err != nil {
		return nil, err
	}
	set := &setup{w: w}
	for _, d := range o.To {
		out := &outlet{Destination: d}
		switch d.url.Scheme {
		case "http", "https":
			out.sender = &webhook{d.url}
		case "mqtt", "mqtts":
			if out.mqtt, err = newMQTT(d, a.wake); err != nil {
				return nil, d.redact(err)
			}
			out.sender = out.mqtt
		default:
			out.sender = &shout{url: d.url}
		}
		set.outlets = append(set.outlets, out)
	}
	set.led, err = openLED(o.LEDs, o.LED)
	return set, err
}

// start begins to show, and to keep connections.
func (s *setup) start(ctx context.Context) {
	for _, out := range s.outlets {
		if out.mqtt != nil {
			out.mqtt.start(ctx)
		}
	}
	if s.led != nil {
		s.led.start(ctx)
	}
}

func (s *setup) close() {
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

// Test sends a test message to every destination, or to that of this name, and tells each how it went. Follow need not run.
func (a *Alerts) Test(ctx context.Context, name, sensor string, told func(to string, err error)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, out := range a.outlets {
		if out.mqtt != nil {
			out.mqtt.brief = true
		}
	}
	a.setup.start(ctx)
	defer a.setup.close()
	if a.led != nil {
		a.led.show(ledHigh)
	}
	now, found := time.Now(), false
	m := compose(&bundle{notices: []Notice{{ID: fmt.Sprintf("test %d", now.UnixMilli()), Kind: Test, Sensor: sensor, Time: now}}}, &a.w, now)
	for _, out := range a.outlets {
		if name != "" && name != out.Name {
			continue
		}
		found = true
		sending, cancel := context.WithTimeout(ctx, sendTimeout)
		told(out.Name, out.redact(out.sender.send(sending, m)))
		cancel()
	}
	if !found && name != "" {
		var names []string
		for _, out := range a.outlets {
			names = append(names, out.Name)
		}
		return wrong("there is no destination %q", "there are: "+strings.Join(names, ", "), clean(name))
	}
	return nil
}
