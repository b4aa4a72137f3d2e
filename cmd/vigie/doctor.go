package main

import (
	"context"
	"errors"
	"fmt"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/storage/influx"
)

// DoctorCmd looks whether what is configured works.
type DoctorCmd struct {
	StoreFlags
	Ports  []string `arg:"" name:"port" optional:"" help:"Modems to look at, such as /dev/ttyUSB2. Default: every one that is here."`
	Influx bool     `help:"Instead, look at the InfluxDB server: reach, token, bucket, clock, and one point written and read back."`
}

// Run looks at what was asked for.
func (c *DoctorCmd) Run(ctx context.Context, p *program) error {
	if !c.Influx {
		conf, err := config.Load(p.cli.Config, true)
		if err != nil {
			return err
		}
		return firstOf(c.host(ctx, p, conf), c.modems(ctx, p, modem.Host{}), tellCells(ctx, p, conf)) // each says for itself what is wrong
	}
	x, err := p.influx()
	if err != nil {
		return err
	}
	defer x.Close()
	return tellChecks(p, x.Check(ctx))
}

// firstOf is the first error that says more than that something does not work, or else that.
func firstOf(all ...error) (first error) {
	for _, err := range all {
		if err != nil && (first == nil || first == errSick) {
			first = err
		}
	}
	return first
}

// tellChecks prints one line a thing, and what to do about it; something that does not work is an error.
func tellChecks(p *program, all []influx.Check) error {
	bad := false
	for _, c := range all {
		bad = bad || c.Bad
		tellCheck(p.out, c.Bad, c.What, c.Says, c.Hint)
	}
	if bad {
		return errSick
	}
	return nil
}

var errSick = console.WithHint(errors.New("something does not work"), "the line marked BAD says what, and below it what to do")

// tellCheck prints one thing: BAD, a note where there is something to do, or ok.
func tellCheck(t *console.Terminal, bad bool, what, says, hint string) {
	word, s := "ok", console.Green
	switch {
	case bad:
		word, s = "BAD", console.Red
	case hint != "":
		word, s = "note", console.Yellow
	}
	const indent = "                        "
	t.Printf("%s  %-17s %s\n", t.Paint(s, fmt.Sprintf("%-4s", word)), what, console.Wrap(console.OneLine(says), console.LineWidth-len(indent), indent))
	if hint != "" {
		t.Printf("      %s\n", t.Paint(console.Faint, console.Wrap(console.OneLine(hint), console.LineWidth-6, "      ")))
	}
}
