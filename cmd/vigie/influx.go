package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem/at"
	"vigie/review/evidence"
	"vigie/storage"
	"vigie/storage/influx"
)

// InfluxCmd is about the copy on an InfluxDB server.
type InfluxCmd struct {
	Init  InfluxInitCmd     `cmd:"" help:"Make database, retention and hourly summaries on the server; shows what it will make first."`
	Send  InfluxSendCmd     `cmd:"" help:"Copy what is in the store now, then stop. Watching does this by itself."`
	Aside InfluxRejectedCmd `cmd:"" help:"List the points that the server rejected, with its reason."`
}

// InfluxInitCmd sets the server up.
type InfluxInitCmd struct {
	KeepDays int  `help:"Days that points are kept on the server; 0 is forever. Hourly summaries always are." default:"730" placeholder:"DAYS"`
	Yes      bool `help:"Make it without being asked."`
	JSON     bool `help:"Print it as JSON, and ask nothing: without --yes only what would be made; docs/json.md lists the fields."`
}

// Run shows what is missing, asks, and makes it.
func (c *InfluxInitCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	if c.KeepDays < 0 {
		return console.Usage(fmt.Errorf("--keep-days is %d", c.KeepDays), "0 is forever, 730 the default")
	}
	x, err := conf.Influx.Open(nil, nil)
	if err != nil {
		return err
	}
	defer x.Close()
	steps, notes, err := x.Plan(ctx, influx.Setup{Keep: time.Duration(c.KeepDays) * 24 * time.Hour})
	if err != nil {
		return console.WithHint(err, "vigie doctor --influx looks closer; the token must be one that may create databases")
	}
	if c.JSON {
		return c.makeJSON(ctx, p, steps, notes)
	}
	for _, n := range notes {
		p.Out.Printf("%s\n", console.OneLine(n))
	}
	if len(steps) == 0 {
		p.Out.Printf("nothing to make\n")
		return nil
	}
	p.Out.Printf("to be made on the server:\n")
	for _, s := range steps {
		p.Out.Printf("  %s\n      %s\n", console.OneLine(s.Says), p.Out.Paint(console.Faint, console.OneLine(s.Does)))
	}
	if !c.Yes && !p.Confirm("make it?") {
		return console.WithHint(errors.New("nothing was made"), "answer y, or give --yes where nobody is there to answer")
	}
	for _, s := range steps {
		if err := s.Do(ctx); err != nil {
			return console.WithHint(fmt.Errorf("%s: %w", s.Says, err), "what was made before it stays; once this is fixed the same command makes the rest")
		}
		p.Out.Printf("made %s\n", console.OneLine(s.Says))
	}
	return nil
}

// influxStep is something to make on the server.
type influxStep struct {
	What string `json:"what"`
	How  string `json:"how"`
	Made bool   `json:"made"`
}

// makeJSON makes the steps if it was told to, and prints what was made.
func (c *InfluxInitCmd) makeJSON(ctx context.Context, p *console.Program, steps []influx.Step, notes []string) (err error) {
	list := []influxStep{}
	for _, s := range steps {
		one := influxStep{What: s.Says, How: s.Does}
		if c.Yes && err == nil {
			if err = s.Do(ctx); err != nil {
				err = console.WithHint(fmt.Errorf("%s: %w", s.Says, err), "what was made before it stays; once this is fixed the same command makes the rest")
			}
			one.Made = err == nil
		}
		list = append(list, one)
	}
	return errors.Join(err, p.Out.WriteJSON(struct {
		OK    bool         `json:"ok"`
		Steps []influxStep `json:"steps"`
		Notes []string     `json:"notes"`
	}{err == nil && (c.Yes || len(list) == 0), list, append([]string{}, notes...)}))
}

// InfluxSendCmd copies once.
type InfluxSendCmd struct {
	config.StoreFlags
	Again bool `help:"Begin with the oldest, whatever was sent before. Changes nothing on a server that has it."`
	Aside bool `help:"Send what was set aside again, and nothing else: once the cause is mended at the server."`
}

// Run copies what there is.
func (c *InfluxSendCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	s, err := c.Open(ctx, conf, storage.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	x, err := conf.Influx.Open(s, func(l string) { p.Err.Printf("%s\n", console.OneLine(l)) })
	if err != nil {
		return err
	}
	defer x.Close()
	if c.Aside {
		were, left, err := x.SendRejected(ctx)
		if err != nil {
			return err
		}
		p.Err.Printf("of %s set aside, %s left\n", console.Thousands(were), console.Thousands(left))
		return nil
	}
	if c.Again {
		if err := s.SetCursor(ctx, "influx", 0); err != nil {
			return err
		}
	}
	stats, err := s.Stats(ctx)
	if err != nil {
		return err
	}
	following, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- x.Follow(following, "influx") }()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		st := x.Status()
		if st.Through >= stats.Seq {
			break
		}
		p.Err.Progress("sent %s, %s to go", console.Plural(int(st.Sent), "point"), console.Plural(int(st.Behind), "record"))
		select {
		case err := <-done:
			return orCancelled(err)
		case <-tick.C:
		}
		if st.State == influx.Stopped {
			cancel()
			<-done
			return console.WithHint(fmt.Errorf("%s", st.Problem), "what was not sent waits in the store; the same command continues from there")
		}
	}
	cancel()
	if err := orCancelled(<-done); err != nil && ctx.Err() == nil {
		return err
	}
	p.Err.ClearProgress()
	st := x.Status()
	p.Err.Printf("sent %s, set aside %s, too old for the server %s\n", console.Plural(int(st.Sent), "point"), console.Thousands(int(st.Rejected)), console.Thousands(int(st.TooOld)))
	return ctx.Err()
}

func orCancelled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// InfluxRejectedCmd lists the points that the server rejected.
type InfluxRejectedCmd struct {
	config.StoreFlags
	JSON bool `help:"Print NDJSON."`
}

// Run lists.
func (c *InfluxRejectedCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	s, err := c.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer s.Close()
	total, list, err := s.Rejected(ctx)
	if err != nil {
		return err
	}
	for a, err := range list {
		if err != nil {
			return err
		}
		if c.JSON {
			if err := json.NewEncoder(p.Out.JSON()).Encode(a); err != nil {
				return err
			}
			continue
		}
		p.Out.Printf("%s  record %d, %s: %s\n    %s\n", console.Time(a.Time), a.Seq, statusText(a.Status), console.OneLine(a.Reason), p.Out.Paint(console.Faint, console.OneLine(a.Point)))
	}
	p.Err.Printf("%s set aside in all; the records are still in the store\n", console.Plural(int(total), "point"))
	return nil
}

func statusText(status int) string {
	if status == 0 {
		return "not sent"
	}
	return fmt.Sprint(status)
}

// influxEvidence is what is known of the events that sensors wrote to the server, and that lasted until after a time.
func influxEvidence(ctx context.Context, conf config.Config, since time.Time) (known *evidence.Library, done func(), err error) {
	x, err := conf.Influx.Open(nil, nil)
	if err != nil {
		return nil, nil, err
	}
	known, err = evidence.New(evidence.Options{Scrub: at.Scrub, Now: time.Now, Most: math.MaxInt, Clocks: x.Corrections,
		Elsewhere: func(ctx context.Context) evidence.Events { return x.Events(ctx, storage.EventQuery{From: since}) }})
	if err == nil {
		err = known.Ask(ctx)
	}
	if err != nil {
		x.Close()
		return nil, nil, console.WithHint(err, "vigie doctor --influx looks closer")
	}
	return known, func() { x.Close() }, nil
}
