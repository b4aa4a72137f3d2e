package main

import (
	"context"
	"errors"

	"vigie/cmd/vigie/checkup"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/cmd/vigie/modems"
	"vigie/modem"
)

// DoctorCmd looks whether what is configured works.
type DoctorCmd struct {
	config.StoreFlags
	Ports  []string `arg:"" name:"port" optional:"" help:"Modems to look at, such as /dev/ttyUSB2. Default: every one that is here."`
	Influx bool     `help:"Instead, look at the InfluxDB server: reach, token, bucket, clock, and one point written and read back."`
	JSON   bool     `help:"Print it as JSON; docs/json.md lists the fields."`
}

// Run looks at what was asked for.
func (c *DoctorCmd) Run(ctx context.Context, p *console.Program) error {
	checks := &console.Checks{Out: p.Out, JSON: c.JSON}
	var sights []modems.RuleSight
	var failed error
	if c.Influx {
		failed = c.influx(ctx, p, checks)
	} else {
		conf, ok := checkup.Host(ctx, checks, p.ConfigFile, &c.StoreFlags)
		if ok {
			checkCellDB(ctx, checks, conf)
		}
		if sights, failed = modems.Examine(ctx, p, checks, modem.Host{}, c.Ports...); failed != nil && c.JSON {
			checks.Part("modem")
			checks.Add(true, "port", failed.Error(), console.HintOf(failed))
		}
	}
	if failed == nil {
		failed = checks.Err()
	}
	if c.JSON {
		return errors.Join(failed, p.Out.WriteJSON(struct {
			OK     bool               `json:"ok"`
			Checks []console.Check    `json:"checks"`
			Rules  []modems.RuleSight `json:"rules,omitempty"`
		}{failed == nil, checks.All, sights}))
	}
	return failed
}

// influx looks at the server.
func (c *DoctorCmd) influx(ctx context.Context, p *console.Program, checks *console.Checks) error {
	conf, err := config.Load(p.ConfigFile, true)
	if err != nil {
		return err
	}
	x, err := conf.Influx.Open(nil, nil)
	if err != nil {
		return err
	}
	defer x.Close()
	checks.Part("InfluxDB")
	for _, found := range x.Check(ctx) {
		checks.Add(found.Bad, found.What, found.Says, found.Hint)
	}
	return nil
}
