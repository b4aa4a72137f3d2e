package modems

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/modem/dialect"
)

// ProbeCmd lists the modems that are here.
type ProbeCmd struct {
	Ports []string `arg:"" name:"port" optional:"" help:"Ports to look at, such as /dev/ttyUSB2. Default: all that could be a modem's."`
	JSON  bool     `help:"Print NDJSON, one line a port."`
	List  bool     `help:"Open no port: only list what the kernel shows."`
	Udev  bool     `help:"Print the udev rules that keep ModemManager off the modem's port and give the group vigie access, and stop."`
}

// probed is one line of vigie probe --json.
type probed struct {
	Device       string   `json:"device"`
	Identity     string   `json:"identity,omitempty"`
	USB          string   `json:"usb,omitempty"`
	Interface    *uint8   `json:"interface,omitempty"`
	Driver       string   `json:"driver,omitempty"`
	Product      string   `json:"product,omitempty"`
	Role         string   `json:"role,omitempty"`
	Holders      []string `json:"holders,omitempty"`
	Manufacturer string   `json:"manufacturer,omitempty"`
	Model        string   `json:"model,omitempty"`
	Firmware     string   `json:"firmware,omitempty"`
	Dialect      string   `json:"dialect,omitempty"`
	Evidence     string   `json:"evidence,omitempty"`
	Experimental string   `json:"experimental,omitempty"`
	SIM          string   `json:"sim,omitempty"`
	Reports      []string `json:"reports,omitempty"`
	Refused      []string `json:"refused,omitempty"`
	NotAvailable []string `json:"rules_not_available,omitempty"`
	Error        string   `json:"error,omitempty"`
	Hint         string   `json:"hint,omitempty"`
}

// Run probes.
func (c *ProbeCmd) Run(ctx context.Context, p *console.Program) error {
	if c.Udev {
		_, err := fmt.Fprint(p.Out, modem.UdevRules)
		return err
	}
	all, ask, err := c.ports()
	if err != nil {
		return err
	}
	var host modem.Host
	found := 0
	for i, port := range all {
		line := probed{Device: port.Device, Identity: port.Identity, USB: port.ID(), Driver: port.Driver,
			Product: strings.TrimSpace(port.Manufacturer + " " + port.Product), Role: string(port.Role)}
		if port.VID != 0 {
			line.Interface = &port.Interface
		}
		report := modem.Report{Port: port, Holders: host.Holders(port.Device)}
		var failed error
		if ask[port.Device] && !c.List {
			p.Err.Progress("asking %s", port.Device)
			report, failed = host.Probe(ctx, port)
			p.Err.ClearProgress()
		}
		line.fill(report, failed)
		if report.Dialect != nil {
			found++
		}
		if c.JSON {
			if err := json.NewEncoder(p.Out.JSON()).Encode(line); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			p.Out.Printf("\n")
		}
		line.print(p.Out, report)
	}
	switch {
	case len(all) == 0:
		return console.WithHint(errors.New("no serial port of a modem is here"), "plug the modem in and look at dmesg; a HiLink stick has no AT port; name a plain serial port as vigie probe /dev/ttyS0")
	case found == 0 && !c.List && len(c.Ports) > 0:
		return console.WithHint(errors.New("no modem answered"), "another port of the same device may be the AT port; vigie probe without a name tries all")
	}
	return nil
}

// ports lists what to show, and which of them to ask: the ones named, or the likely ones of all.
func (c *ProbeCmd) ports() (all []modem.Port, ask map[string]bool, err error) {
	var host modem.Host
	var asked []modem.Port
	ask = map[string]bool{}
	if len(c.Ports) > 0 {
		all = named(host, c.Ports)
		asked = all
	} else {
		if all, err = modem.Find(); err != nil {
			return nil, nil, fmt.Errorf("looking for modems: %w", err)
		}
		asked = modem.Candidates(all)
	}
	for _, port := range asked {
		ask[port.Device] = true
	}
	return all, ask, nil
}

// named are the ports of these names; of one that does not exist only the name is known, and opening it will show what is wrong.
func named(host modem.Host, devices []string) (all []modem.Port) {
	for _, name := range devices {
		port, err := host.At(name)
		if err != nil {
			port = modem.Port{Device: name}
		}
		all = append(all, port)
	}
	return all
}

func (l *probed) fill(r modem.Report, failed error) {
	for _, h := range r.Holders {
		l.Holders = append(l.Holders, h.String())
	}
	l.Manufacturer, l.Model, l.Firmware = r.Ident.Manufacturer, r.Ident.Model, r.Ident.Firmware
	l.SIM = r.SIM.String()
	if r.Dialect != nil {
		l.Dialect, l.Evidence = r.Dialect.Name, string(r.Dialect.Evidence)
		if d := dialect.Suspect(r.Ident); d != nil && r.Dialect.Name == "generic" {
			l.Experimental = d.Name
		}
		l.Reports = r.Reports.Words()
		for _, a := range analyzer.Available(rules.All(), r.Reports) {
			if a.Missing != 0 {
				l.NotAvailable = append(l.NotAvailable, a.Rule.ID+" (needs "+a.Missing.String()+")")
			}
		}
	}
	for _, c := range r.Refused {
		l.Refused = append(l.Refused, "AT"+c.Text)
	}
	if failed != nil {
		l.Error, l.Hint = failed.Error(), console.HintOf(failed)
	}
}

func (l *probed) print(t *console.Terminal, r modem.Report) {
	t.Printf("%s  %s\n", t.Paint(console.Bold, l.Device), console.OneLine(strings.Join(strings.Fields(l.USB+" "+l.Product), " ")))
	w := tabwriter.NewWriter(t, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %s\t%s\n", name, console.Wrap(console.OneLine(value), t.Width()-16, "                "))
		}
	}
	row("identity", l.Identity)
	if l.Interface != nil {
		row("interface", fmt.Sprintf("%02x, driver %s, %s", *l.Interface, cmp.Or(l.Driver, "unknown"), cmp.Or(l.Role, "purpose unknown")))
	}
	row("held by", strings.Join(l.Holders, ", "))
	row("modem", strings.Join(strings.Fields(l.Manufacturer+" "+l.Model), " "))
	row("firmware", l.Firmware)
	if l.Dialect != "" {
		row("dialect", l.Dialect+", evidence: "+l.Evidence)
	}
	if l.Experimental != "" {
		row("experimental", "it may be of the family "+l.Experimental+", of which nobody has recorded an answer: try it with --family "+l.Experimental+", and contribute what vigie record writes")
	}
	row("SIM", l.SIM)
	row("reports", strings.Join(l.Reports, " "))
	if o := &r.Heard; o.Serving != nil || o.State != "" {
		if o.Serving != nil {
			row("hears", cell.Heard(o.Serving))
		}
		row("state", string(o.State))
		if o.Neighbours != nil {
			row("neighbours", fmt.Sprint(len(o.Neighbours)))
		}
	}
	row("refuses", strings.Join(l.Refused, " "))
	row("no rule for", strings.Join(l.NotAvailable, "; "))
	row("problem", l.Error)
	row("hint", l.Hint)
	_ = w.Flush()
}
