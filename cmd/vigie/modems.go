package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/modem/at"
)

// chooseModems are the modems that the configuration names, or all that are here, each with the name of its sensor.
func chooseModems(ctx context.Context, p *program, conf config.Config) ([]watched, error) {
	named := conf.Modem
	if one := named[0]; len(named) == 1 && one.Port == "" && one.USB == "" {
		ports, err := findModems(ctx, p, modem.Host{})
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
	var all []watched
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
		all = append(all, watched{Config: c})
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

// findModems finds the AT port of every modem that is here, or says how to find one. Where the ports of a modem are not
// known, it is the first that answers AT.
func findModems(ctx context.Context, p *program, host modem.Host) ([]modem.Port, error) {
	ports, err := host.Find()
	if err != nil {
		return nil, fmt.Errorf("looking for modems: %w", err)
	}
	var found []modem.Port
	var why error
	for _, candidates := range byDevice(modem.Candidates(ports)) {
		if len(candidates) == 1 || candidates[0].Role == modem.AT {
			found = append(found, candidates[0])
			continue
		}
		for _, port := range candidates {
			p.err.Progress("asking %s whether it is an AT port", port.Device)
			if why = host.Answers(ctx, port); why == nil {
				found = append(found, port)
				break
			}
		}
		p.err.ClearProgress()
	}
	if len(found) > 0 {
		return found, nil
	}
	hint := "plug it in; name its AT port with --port if it is a plain serial one; \"vigie demo\" needs none"
	if len(ports) > 0 {
		hint = "vigie probe lists the ports that are here; name the AT port with --port"
	}
	if why != nil {
		return nil, console.WithHint(fmt.Errorf("%w; the last one tried: %w", errNoModem, why), hint)
	}
	return nil, console.WithHint(errNoModem, hint)
}

var errNoModem = errors.New("no modem with an AT port was found")

// byDevice puts the ports of one USB device together, in the order in which they come.
func byDevice(ports []modem.Port) [][]modem.Port {
	var all [][]modem.Port
	at := map[string]int{}
	for _, p := range ports {
		key := cmp.Or(p.USBPath, p.Device)
		i, known := at[key]
		if !known {
			i = len(all)
			at[key] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], p)
	}
	return all
}
