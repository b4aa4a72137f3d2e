package main

import (
	"context"
	"errors"
	"fmt"

	"vigie/storage"
)

// DoctorCmd looks whether what is configured works.
type DoctorCmd struct {
	Influx bool `help:"Look at the InfluxDB server: reach, token, bucket, clock, and one point written and read back."`
}

// Run looks at what was asked for.
func (c *DoctorCmd) Run(ctx context.Context, p *program) error {
	if !c.Influx {
		return usage(errors.New("nothing was asked for"), "vigie doctor --influx looks at the InfluxDB server; vigie probe looks at modems")
	}
	x, err := p.influx()
	if err != nil {
		return err
	}
	defer x.Close()
	return tellChecks(p, x.Check(ctx))
}

// tellChecks prints one line a thing, and what to do about it; something that does not work is an error.
func tellChecks(p *program, all []storage.InfluxCheck) error {
	bad := false
	for _, c := range all {
		word, s := "ok", green
		switch {
		case c.Bad:
			word, s, bad = "BAD", red, true
		case c.Hint != "":
			word, s = "note", yellow
		}
		p.out.printf("%s  %-17s %s\n", p.out.paint(s, fmt.Sprintf("%-4s", word)), c.What, oneLine(c.Says))
		if c.Hint != "" {
			p.out.printf("      %s\n", p.out.paint(faint, oneLine(c.Hint)))
		}
	}
	if bad {
		return hinted(errors.New("something does not work"), "the line marked BAD says what, and below it what to do")
	}
	return nil
}
