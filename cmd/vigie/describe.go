package main

import (
	"fmt"
	"strings"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/cmd/vigie/console"
)

// describeCell names a cell in the field's own terms, in one line.
func describeCell(c *cell.Cell) string {
	var w []string
	add := func(format string, args ...any) { w = append(w, fmt.Sprintf(format, args...)) }
	add("%s", c.RAT)
	if p := c.PLMN().String(); p != "" {
		add("%s", p)
	}
	if a, ok := c.Area.Get(); ok {
		add("%s %d", map[bool]string{true: "TAC", false: "LAC"}[c.RAT >= cell.LTE], a)
	}
	if id, ok := c.ID.Get(); ok {
		switch c.RAT {
		case cell.LTE:
			e := cell.ECI(id)
			add("cell %d (eNB %d sector %d)", id, e.ENB(), e.Sector())
		case cell.UMTS:
			u := cell.UCI(id)
			add("cell %d (RNC %d, %d)", id, u.RNC(), u.CI())
		default:
			add("cell %d", id)
		}
	}
	if p, ok := c.PCI.Get(); ok {
		add("%s %d", []string{"PCI", "BSIC", "PSC", "PCI", "PCI"}[min(int(c.RAT), 4)], p)
	}
	if n, ok := c.ARFCN.Get(); ok {
		name := []string{"channel", "ARFCN", "UARFCN", "EARFCN", "NR-ARFCN"}[min(int(c.RAT), 4)]
		if b, ok := c.Band.Get(); ok {
			add("%s %d (%s)", name, n, b.Name(c.RAT))
		} else {
			add("%s %d", name, n)
		}
	}
	switch {
	case c.RSRP.Known():
		add("RSRP %v dBm", float64(c.RSRP.Or(0)))
	case c.RSCP.Known():
		add("RSCP %v dBm", float64(c.RSCP.Or(0)))
	case c.RSSI.Known():
		add("RSSI %v dBm", float64(c.RSSI.Or(0)))
	}
	if q, ok := c.RSRQ.Get(); ok {
		add("RSRQ %v dB", float64(q))
	}
	return strings.Join(w, " ")
}

// registrationWords are <stat> of TS 27.007 clause 7.2.
var registrationWords = map[uint8]string{0: "not registered", 1: "registered, home", 2: "searching", 3: "registration denied",
	4: "unknown", 5: "registered, roaming", 6: "registered for SMS only, home", 7: "registered for SMS only, roaming",
	8: "emergency only", 9: "registered, CSFB not preferred", 10: "registered roaming, CSFB not preferred"}

func describeRegistration(r cell.Registration) string {
	s := string(r.Domain) + " "
	stat := r.Status.Or(255)
	if w, ok := registrationWords[stat]; ok {
		s += w
	} else {
		s += fmt.Sprintf("status %d", stat)
	}
	if c, ok := r.Cause.Get(); ok && (c != 0 || stat == 3) {
		if r.CauseType.Or(0) == 0 {
			s += fmt.Sprintf(", cause %d", c)
		} else {
			s += fmt.Sprintf(", manufacturer's cause %d", c)
		}
	}
	return s
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

// printEvent tells one event to a person: the sentence, the story with its evidence, what else could explain it.
func printEvent(t *console.Terminal, e *analyzer.Event, evidence bool) {
	head := strings.ToUpper(e.Severity.String())
	t.Printf("%s  %s\n", t.Paint(severityStyle(e.Severity), head), t.Paint(console.Bold, console.Wrap(console.OneLine(console.Capitalise(e.Summary)), console.LineWidth, "      ")))
	t.Printf("      %s to %s, %s, score %.1f, sensor %s\n", console.LocalTime(e.First), e.Last.UTC().Format("15:04:05 UTC"), e.State, e.Score, console.OneLine(console.OrUnnamed(e.Sensor)))
	t.Printf("      event %s\n", t.Paint(console.Faint, e.ID))
	if !evidence {
		return
	}
	for i := range e.Cells {
		t.Printf("      cell: %s\n", describeCell(&e.Cells[i]))
	}
	t.Printf("\n  What was seen\n")
	for _, f := range e.Findings {
		t.Printf("    %s %s\n", t.Paint(console.Cyan, fmt.Sprintf("%s v%d", f.Rule, f.Version)), f.First.UTC().Format("15:04:05.000 UTC"))
		t.Printf("      %s\n", console.Wrap(console.OneLine(console.Capitalise(f.Summary)), console.LineWidth, "      "))
		for _, ev := range f.Evidence {
			for _, raw := range ev.Raw {
				t.Printf("      %s\n", t.Paint(console.Faint, ev.Time.UTC().Format("15:04:05.000")+"  "+console.OneLine(raw)))
			}
		}
	}
	t.Printf("\n  What else could explain it\n")
	for _, c := range e.InnocentCauses {
		t.Printf("    - %s\n", console.Wrap(console.OneLine(c), console.LineWidth, "      "))
	}
	if next := rules.Next("en", e); len(next) > 0 {
		t.Printf("\n  What to look at next\n")
		for _, n := range next {
			t.Printf("    - %s\n", console.Wrap(n, console.LineWidth, "      "))
		}
	}
	t.Printf("\n  An anomaly is not a verdict: nothing here proves who transmitted, or why.\n")
}
