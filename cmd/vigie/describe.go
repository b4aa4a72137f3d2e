package main

import (
	"fmt"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
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

// clock prints a time in the reader's zone and in UTC, unambiguously.
func clock(t time.Time) string {
	local := t.Local()
	if _, off := local.Zone(); off == 0 {
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return local.Format("2006-01-02 15:04:05 MST") + t.UTC().Format(" (15:04:05 UTC)")
}

func severityStyle(s analyzer.Severity) style {
	switch s {
	case analyzer.High:
		return red
	case analyzer.Medium:
		return yellow
	}
	return faint
}

// printEvent tells one event to a person: the sentence, the story with its evidence, what else could explain it.
func printEvent(t *term, e *analyzer.Event, evidence bool) {
	head := strings.ToUpper(e.Severity.String())
	t.printf("%s  %s\n", t.paint(severityStyle(e.Severity), head), t.paint(bold, wrap(oneLine(sentence(e.Summary)), lineWidth, "      ")))
	t.printf("      %s to %s, %s, score %.1f, sensor %s\n", clock(e.First), e.Last.UTC().Format("15:04:05 UTC"), e.State, e.Score, oneLine(orNone(e.Sensor)))
	t.printf("      event %s\n", t.paint(faint, e.ID))
	if !evidence {
		return
	}
	for i := range e.Cells {
		t.printf("      cell: %s\n", describeCell(&e.Cells[i]))
	}
	t.printf("\n  What was seen\n")
	for _, f := range e.Findings {
		t.printf("    %s %s\n", t.paint(cyan, fmt.Sprintf("%s v%d", f.Rule, f.Version)), f.First.UTC().Format("15:04:05.000 UTC"))
		t.printf("      %s\n", wrap(oneLine(sentence(f.Summary)), lineWidth, "      "))
		for _, ev := range f.Evidence {
			for _, raw := range ev.Raw {
				t.printf("      %s\n", t.paint(faint, ev.Time.UTC().Format("15:04:05.000")+"  "+oneLine(raw)))
			}
		}
	}
	t.printf("\n  What else could explain it\n")
	for _, c := range e.InnocentCauses {
		t.printf("    - %s\n", wrap(oneLine(c), lineWidth, "      "))
	}
	if next := rules.Next("en", e); len(next) > 0 {
		t.printf("\n  What to look at next\n")
		for _, n := range next {
			t.printf("    - %s\n", wrap(n, lineWidth, "      "))
		}
	}
	t.printf("\n  An anomaly is not a verdict: nothing here proves who transmitted, or why.\n")
}

func orNone(s string) string {
	if s == "" {
		return "(unnamed)"
	}
	return s
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + one + "s"
}
