package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/monitor/pipeline"
	"vigie/storage"
)

// stats prints what was measured of the rules for each sensor in the store.
func (c *RulesCmd) stats(ctx context.Context, p *console.Program) error {
	conf, err := config.Load(p.ConfigFile, true)
	if err != nil {
		return err
	}
	s, err := c.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer s.Close()
	engine, err := learned(ctx, conf, s)
	if err != nil {
		return err
	}
	if engine == nil {
		return console.WithHint(errors.New("this store holds nothing learned yet"), "vigie watch learns while it runs, and saves every quarter of an hour and when it ends")
	}
	for _, h := range engine.Stats() {
		if c.JSON {
			err = printStatsJSON(p, &h)
		} else {
			printStats(p.Out, &h)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// learned restores what the analyzer has learned into a store; nil if it has learned nothing yet.
func learned(ctx context.Context, conf config.Config, s *storage.Store) (*analyzer.Engine, error) {
	state, _, err := s.LoadState(ctx, pipeline.StateName)
	if err != nil || state == nil {
		return nil, err
	}
	engine := conf.NewEngine(analyzer.Atlas{})()
	return engine, console.WithHint(engine.Restore(state), "vigie analyze --write learns again from what was recorded")
}

func printStats(t *console.Terminal, h *analyzer.SensorStats) {
	watched := fmt.Sprintf("%.1f days", h.Days)
	if h.Days < 1 {
		watched = fmt.Sprintf("%.1f hours", 24*h.Days)
	}
	t.Printf("%s, %s, %s of watching: alerts from a score of %.1f", t.Paint(console.Bold, console.OneLine(h.Sensor)), cmp.Or(string(h.Mode), "mode unknown"), watched, h.Threshold)
	if h.Threshold > h.Floor {
		t.Printf(" (the budget asks for %.1f; it is noisier here than elsewhere)", h.Floor)
	}
	t.Printf("\n")
	for _, r := range h.Rules {
		switch {
		case r.Missing != 0:
			t.Printf("    %-22s not available here: the source does not report %s\n", r.Rule.ID, strings.Join(r.Missing.Words(), ", "))
		case r.Seen == 0:
			t.Printf("    %-22s never held here without an alert\n", r.Rule.ID)
		default:
			t.Printf("    %-22s held %s without an alert%s, last on %s\n", r.Rule.ID, times(r.Seen), every(r.Seen, h.Days), console.Time(r.Last))
		}
	}
}

func times(n uint32) string {
	if n == 1 {
		return "once"
	}
	return console.Plural(int(n), "time")
}

// every is how often that is, after more than a day of watching; empty before.
func every(n uint32, days float64) string {
	if days < 1 {
		return ""
	}
	return ", one in " + console.Plural(max(1, int(days/float64(n)+0.5)), "day")
}

func printStatsJSON(p *console.Program, h *analyzer.SensorStats) error {
	type line struct {
		Sensor    string     `json:"sensor"`
		Rule      string     `json:"rule"`
		Days      float64    `json:"days"`
		Threshold float64    `json:"threshold"`
		Available bool       `json:"available"`
		Missing   []string   `json:"missing,omitempty"`
		Seen      uint32     `json:"seen"`
		Last      *time.Time `json:"last,omitempty"`
	}
	enc := json.NewEncoder(p.Out.JSON())
	for _, r := range h.Rules {
		l := line{h.Sensor, r.Rule.ID, h.Days, h.Threshold, r.Missing == 0, r.Missing.Words(), r.Seen, nil}
		if r.Seen > 0 {
			l.Last = &r.Last
		}
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return nil
}
