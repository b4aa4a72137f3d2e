// Package modems is the commands that ask a modem something by themselves: probe, doctor's look at a modem, record, and survey,
// which alone interrupts service and says so first. Here too is how the modems of a watch are chosen.
//
// It watches nothing and stores nothing but what survey found.
package modems

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/modem/at"
	"vigie/monitor"
)

// Choose returns the modems that the configuration names, or all that are here, each with the name of its sensor.
func Choose(ctx context.Context, p *console.Program, conf config.Config) ([]modem.Config, error) {
	named := conf.Modem
	if one := named[0]; len(named) == 1 && one.Port == "" && one.USB == "" {
		ports, err := find(ctx, p, modem.Host{})
		if err != nil {
			return nil, err
		}
		named = nil
		for _, port := range ports {
			m := one
			m.Port, m.USB = port.Device, port.Socket()
			if len(ports) > 1 {
				m.Sensor = ""
			}
			named = append(named, m)
		}
	}
	var all []modem.Config
	taken := map[string]bool{}
	for i, m := range named {
		sensor := m.Sensor
		switch {
		case sensor != "":
		case len(named) == 1:
			sensor = conf.Sensor
		default:
			sensor = conf.Sensor + "-" + place(m)
		}
		switch {
		case m.Port == "" && m.USB == "":
			return nil, console.Usage(fmt.Errorf("[[modem]] number %d names no modem", i+1), "give each its port, or its usb identity, as vigie probe prints them")
		case taken[sensor]:
			return nil, console.Usage(fmt.Errorf("two modems have the sensor name %q", sensor), "give each [[modem]] a sensor name of its own")
		}
		taken[sensor] = true
		c := collectorOf(m, sensor, conf)
		if len(named) > 1 {
			c.Kit = conf.Sensor
		}
		all = append(all, c)
	}
	return all, nil
}

// place tells modems of one host apart, the same way on every day: by the socket that a modem is plugged into or the
// serial number that its identity was configured with, else by the port as it was named.
func place(m config.Modem) string {
	if id := strings.Split(m.USB, ":"); len(id) == 5 {
		return id[3]
	}
	return filepath.Base(cmp.Or(m.Port, m.USB))
}

// collectorOf configures the collector of a modem.
func collectorOf(m config.Modem, sensor string, conf config.Config) modem.Config {
	return modem.Config{Device: m.Port, Identity: m.USB, Family: m.Family, Sensor: sensor, Mode: conf.Mode,
		Fast: time.Duration(m.Fast), Slow: time.Duration(m.Slow), Reauthorize: m.Reauthorize,
		Options: at.Options{CharDelay: time.Duration(m.CharPause), CommandDelay: time.Duration(m.CommandPause)}}
}

// find finds the AT ports of the modems that are here, with a progress line.
func find(ctx context.Context, p *console.Program, host modem.Host) ([]modem.Port, error) {
	defer p.Err.ClearProgress()
	ports, err := monitor.FindModems(ctx, host, func(device string) {
		console.Detail(ctx, "asking %s whether it is an AT port", device)
		p.Err.Progress("asking %s whether it is an AT port", device)
	})
	for _, port := range ports {
		console.Detail(ctx, "found %s, %s", port.Device, cmp.Or(port.Identity, "not on USB"))
	}
	return ports, err
}
