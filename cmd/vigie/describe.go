package main

import (
	"cmp"
	"fmt"
	"strings"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/cmd/vigie/console"
)

// describeModem is the model and firmware of a source.
func describeModem(r *cell.Source) string {
	return fmt.Sprintf("modem %s, firmware %s", cmp.Or(r.Model, "unknown"), cmp.Or(r.Firmware, "unknown"))
}

func severityStyle(s analyzer.Severity) console.Style {
	switch s {
	case analyzer.High:
		return console.Red
	case analyzer.Medium:
		return console.Yellow
	}
	return console.Faint
}

// printEvent prints an event for people: its sentence, its findings with their evidence, and what else could explain it.
func printEvent(t *console.Terminal, e *analyzer.Event, evidence bool) {
	head := strings.ToUpper(e.Severity.String())
	t.Printf("%s  %s\n", t.Paint(severityStyle(e.Severity), head), t.Paint(console.Bold, console.Wrap(console.OneLine(console.Capitalise(e.Summary)), t.Width()-8, "      ")))
	t.Printf("      %s to %s, %s, score %.1f, sensor %s\n", console.Time(e.First), console.Time(e.Last), e.State, e.Score, console.OneLine(cmp.Or(e.Sensor, "(unnamed)")))
	t.Printf("      event %s\n", t.Paint(console.Faint, e.ID))
	if !evidence {
		return
	}
	for i := range e.Cells {
		t.Printf("      cell: %s\n", cell.Describe(&e.Cells[i]))
	}
	t.Printf("\n  What was seen\n")
	for _, f := range e.Findings {
		t.Printf("    %s %s\n", t.Paint(console.Cyan, fmt.Sprintf("%s v%d", f.Rule, f.Version)), f.First.UTC().Format("15:04:05.000 UTC"))
		t.Printf("      %s\n", console.Wrap(console.OneLine(console.Capitalise(f.Summary)), t.Width()-6, "      "))
		for _, ev := range f.Evidence {
			for _, raw := range ev.Raw {
				t.Printf("      %s\n", t.Paint(console.Faint, ev.Time.UTC().Format("15:04:05.000")+"  "+console.OneLine(raw)))
			}
		}
	}
	t.Printf("\n  What else could explain it\n")
	for _, c := range e.InnocentCauses {
		t.Printf("    - %s\n", console.Wrap(console.OneLine(c), t.Width()-6, "      "))
	}
	if next := rules.Next("en", e); len(next) > 0 {
		t.Printf("\n  What to look at next\n")
		for _, n := range next {
			t.Printf("    - %s\n", console.Wrap(n, t.Width()-6, "      "))
		}
	}
	t.Printf("\n  An anomaly is not a verdict: nothing here proves who transmitted, or why.\n")
}
