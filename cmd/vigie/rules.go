package main

import (
	"context"
	"encoding/json"
	"strings"

	"vigie/analyzer/rules"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem/dialect"
)

// RulesCmd lists the rules, or the commands.
type RulesCmd struct {
	config.StoreFlags
	JSON     bool `help:"Print NDJSON, one line a rule (or a command)."`
	Commands bool `xor:"list" help:"Instead, list every byte string that Vigie may ever write to a modem, with the reason for each."`
	Here     bool `xor:"list" help:"Instead, list for each sensor in the store which rules it can feed, how often their conditions held, and from which score it alerts."`
	Off      bool `name:"switched-off" xor:"list" help:"Instead, print the table of RATs that are switched off, as [analyzer] switched_off takes it."`
}

// Run lists.
func (c *RulesCmd) Run(ctx context.Context, p *console.Program) error {
	if c.Here {
		return c.stats(ctx, p)
	}
	if c.Commands {
		return c.commands(p)
	}
	if c.Off {
		p.Out.Printf("%s", rules.SwitchedOffText)
		return nil
	}
	enc := json.NewEncoder(p.Out.JSON())
	for _, r := range rules.All() {
		if c.JSON {
			err := enc.Encode(struct {
				ID       string   `json:"id"`
				Version  int      `json:"version"`
				Title    string   `json:"title"`
				Needs    []string `json:"needs"`
				Severity []string `json:"severity"`
				Status   string   `json:"status"`
				Telling  string   `json:"telling"`
				Cause    string   `json:"cause"`
			}{r.ID, r.Version, r.Title, r.Needs.Words(), []string{r.Min.String(), r.Max.String()}, string(r.Status), r.Telling.String(), r.Cause})
			if err != nil {
				return err
			}
			continue
		}
		p.Out.Printf("%s v%d  %s\n", p.Out.Paint(console.Bold, r.ID), r.Version, r.Title)
		p.Out.Printf("    severity %s to %s, %s, %s\n    needs: %s\n", r.Min, r.Max, r.Telling, r.Status, strings.Join(r.Needs.Words(), ", "))
	}
	return nil
}

func (c *RulesCmd) commands(p *console.Program) error {
	list, err := dialect.Commands()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(p.Out.JSON())
	enc.SetEscapeHTML(false)
	for _, cmd := range list.All() {
		if c.JSON {
			if err := enc.Encode(map[string]string{"bytes": cmd.Bytes, "kind": cmd.Kind.String(), "why": cmd.Why}); err != nil {
				return err
			}
			continue
		}
		p.Out.Printf("%-30s %-10s %s\n", strings.TrimRight(cmd.Bytes, "\r"), cmd.Kind, cmd.Why)
	}
	return nil
}
