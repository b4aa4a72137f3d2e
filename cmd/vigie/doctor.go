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
func (c *DoctorCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	if !c.Influx {
		return mostSpecific(c.host(ctx, p, conf), modems.Examine(ctx, p, modem.Host{}, c.Ports...), checkCellDB(ctx, p, conf)) // each prints its own findings
	}
	x, err := conf.Influx.Open(nil, nil)
	if err != nil {
		return err
	}
	defer x.Close()
	return printChecks(p, x.Check(ctx))
}

// mostSpecific returns the first error that says more than that a check failed, or else that one.
func mostSpecific(all ...error) (first error) {
	for _, err := range all {
		if err != nil && (first == nil || first == console.ErrCheck) {
			first = err
		}
	}
	return first
}

// printChecks prints a line per check, and what to do about it. A check that failed is an error.
func printChecks(p *console.Program, all []influx.Check) error {
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
