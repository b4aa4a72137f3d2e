package checkup

import (
	"context"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
)

// ConfigCmd is about the configuration file.
type ConfigCmd struct {
	Check   ConfigCheckCmd   `cmd:"" help:"Check the configuration: everything that vigie watch would refuse, each on a line of its own, and what it would find only later."`
	Example ConfigExampleCmd `cmd:"" help:"Print a configuration file with every section and key, to start from."`
}

// ConfigCheckCmd checks the configuration.
type ConfigCheckCmd struct {
	config.StoreFlags
	JSON bool `help:"Print it as JSON; docs/json.md lists the fields."`
}

// FaultLine is a fault or a note, as JSON.
type FaultLine struct {
	Line int    `json:"line,omitempty"`
	Key  string `json:"key,omitempty"`
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
}

// Run prints every fault and note, and fails if there is a fault.
func (c *ConfigCheckCmd) Run(ctx context.Context, p *console.Program) error {
	conf, file := Read(p.ConfigFile)
	var notes []*config.Fault
	if len(file.Faults) == 0 {
		notes = Configuration(ctx, conf, file, &c.StoreFlags)
	}
	var failed error
	if len(file.Faults) > 0 {
		failed = console.ErrReported
	}
	if c.JSON {
		lines := func(all []*config.Fault) []FaultLine {
			list := []FaultLine{}
			for _, f := range all {
				list = append(list, FaultLine{f.Line, f.Key, console.OneLine(f.Err.Error()), console.HintOf(f)})
			}
			return list
		}
		err := p.Out.WriteJSON(struct {
			OK     bool        `json:"ok"`
			File   string      `json:"file"`
			Faults []FaultLine `json:"faults"`
			Notes  []FaultLine `json:"notes"`
		}{failed == nil, file.Path, lines(file.Faults), lines(notes)})
		if err != nil {
			return err
		}
		return failed
	}
	for _, f := range file.Faults {
		p.Out.Printf("%s; %s\n", p.Out.Paint(console.Red, console.OneLine(f.Error())), console.OneLine(console.HintOf(f)))
	}
	for _, f := range notes {
		p.Out.Printf("%s: %s; %s\n", p.Out.Paint(console.Yellow, "note"), console.OneLine(f.Error()), console.OneLine(console.HintOf(f)))
	}
	if failed == nil {
		p.Out.Printf("%s: a watch would start\n", console.OneLine(file.Path))
	}
	return failed
}

// ConfigExampleCmd prints an example.
type ConfigExampleCmd struct{}

// Run prints it.
func (ConfigExampleCmd) Run(p *console.Program) error {
	p.Out.Printf("%s", config.Example())
	return nil
}
