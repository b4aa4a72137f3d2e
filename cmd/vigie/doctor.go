package main

import (
	"context"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/cmd/vigie/modems"
	"vigie/modem"
	"vigie/storage/influx"
)

// DoctorCmd looks whether what is configured works.
type DoctorCmd struct {
	config.StoreFlags
	Ports  []string `arg:"" name:"port" optional:"" help:"Modems to look at, such as /dev/ttyUSB2. Default: every one that is here."`
	Influx bool     `help:"Instead, look at the InfluxDB server: reach, token, bucket, clock, and one point written and read back."`
}

// Run looks at what was asked for.
func (c *DoctorCmd) Run(ctx context.Context, p *console.Program) error {
	if !c.Influx {
		conf, err := config.Load(p.ConfigFile, true)
		if err != nil {
			return err
		}
		return firstOf(c.host(ctx, p, conf), modems.Examine(ctx, p, modem.Host{}, c.Ports...), tellCells(ctx, p, conf)) // each says for itself what is wrong
	}
	x, err := influxOf(p)
	if err != nil {
		return err
	}
	defer x.Close()
	return tellChecks(p, x.Check(ctx))
}

// firstOf is the first error that says more than that something does not work, or else that.
func firstOf(all ...error) (first error) {
	for _, err := range all {
		if err != nil && (first == nil || first == console.ErrCheck) {
			first = err
		}
	}
	return first
}

// tellChecks prints one line a thing, and what to do about it; something that does not work is an error.
func tellChecks(p *console.Program, all []influx.Check) error {
	bad := false
	for _, c := range all {
		bad = bad || c.Bad
		console.PrintCheck(p.Out, c.Bad, c.What, c.Says, c.Hint)
	}
	if bad {
		return console.ErrCheck
	}
	return nil
}
