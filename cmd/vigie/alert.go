package main

import (
	"context"
	"errors"
	"fmt"

	"vigie/alert"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
)

// AlertCmd is about messages to people.
type AlertCmd struct {
	Test AlertTestCmd `cmd:"" help:"Send a test message to every destination of the configuration, and report the result of each."`
}

// AlertTestCmd sends a test message.
type AlertTestCmd struct {
	To   string `arg:"" optional:"" help:"Send only to the destination of this name."`
	JSON bool   `help:"Print it as JSON; docs/json.md lists the fields."`
}

// Run sends, and fails when any of them failed.
func (c *AlertTestCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	a, err := conf.Alert.Open(nil, nil)
	if err != nil {
		return err
	}
	if a == nil {
		return console.Usage(errors.New("no destination is configured"), "write a section [alert] with to_file into the configuration; docs/alerts.md has one to copy")
	}
	failed, results := 0, []alertResult{}
	err = a.Test(ctx, c.To, conf.Sensor, func(to string, err error) {
		if c.JSON {
			one := alertResult{Name: to, Sent: err == nil}
			if err != nil {
				failed, one.Error = failed+1, console.OneLine(err.Error())
			}
			results = append(results, one)
			return
		}
		if err == nil {
			p.Out.Printf("%s: %s\n", console.OneLine(to), p.Out.Paint(console.Green, "sent"))
			return
		}
		failed++
		p.Out.Printf("%s: %s: %s\n", console.OneLine(to), p.Out.Paint(console.Red, "failed"), console.OneLine(err.Error()))
	})
	if err != nil {
		return console.Usage(err, console.HintOf(err))
	}
	if c.JSON {
		err = p.Out.WriteJSON(struct {
			OK           bool          `json:"ok"`
			Destinations []alertResult `json:"destinations"`
		}{failed == 0, results})
	}
	if failed > 0 {
		return console.WithHint(fmt.Errorf("%s could not be reached", console.Plural(failed, "destination")), "the network, the address and its token are where to look; while watching, an alert waits until it can be sent")
	}
	return err
}

// alertResult is what became of a test message.
type alertResult struct {
	Name  string `json:"name"`
	Sent  bool   `json:"sent"`
	Error string `json:"error,omitempty"`
}

// reloadAlerts reads [alert] and the addresses again. What cannot be used leaves all as it was.
func reloadAlerts(p *console.Program, a *alert.Alerts, log func(string)) error {
	conf, err := config.Load(p.ConfigFile, true)
	if err != nil {
		return err
	}
	o, err := conf.Alert.Options(log)
	if err != nil {
		return err
	}
	return a.Reload(o)
}
