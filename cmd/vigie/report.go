package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/review"
	"vigie/review/evidence"
	"vigie/safefile"
)

// HandFlags choose what a report or bundle is about, and how much of the place it gives away.
type HandFlags struct {
	Event    string `help:"The event, by its id or enough of its beginning." placeholder:"ID"`
	Case     string `help:"Or a case, by its name or id." placeholder:"NAME"`
	From     moment `help:"Or a period: from this time (2026-11-23, 2026-11-23T20:00:00Z)." placeholder:"TIME"`
	To       moment `help:"To this time; a day means its end. Default: now." placeholder:"TIME"`
	Sensor   string `help:"Of the period, only this sensor." placeholder:"NAME"`
	Location string `help:"How much of the place to give away: exact, coarse (about 10 km; cells under other names, no modem lines) or nowhere." enum:"exact,coarse,nowhere" default:"exact"`
	Lang     string `help:"Language of the report: en or fr. Default: that of the configuration, else en." enum:",en,fr" default:""`
}

// open opens the store for handing on. done closes it.
func (c *HandFlags) open(ctx context.Context, p *console.Program, f *config.StoreFlags, trim TrimFlags) (d *review.Review, o review.BundleOptions, done func(), err error) {
	conf, err := config.Load(p.ConfigFile, true)
	if err != nil {
		return nil, o, nil, err
	}
	switch {
	case c.Event != "":
		c.Event, err = wholeID(ctx, conf, f, c.Event)
	case c.Case != "":
		c.Case, err = caseID(ctx, conf, f, c.Case)
	default:
		err = c.checkPeriod()
	}
	if err != nil {
		return nil, o, nil, err
	}
	d, done, err = openReview(ctx, p, conf, f, review.Options{ReadOnly: true})
	return d, review.BundleOptions{Location: evidence.Precision(c.Location), Lang: cmp.Or(c.Lang, conf.Language, "en"), Zone: time.Local,
		Trim: trim.Trim, WithHomes: trim.WithHomes}, done, err
}

// wholeID completes the id of an event of which only the beginning may have been given.
func wholeID(ctx context.Context, conf config.Config, f *config.StoreFlags, id string) (string, error) {
	known, done, err := openEvidence(ctx, conf, f)
	if err != nil {
		return "", err
	}
	defer done()
	e, err := findEvent(ctx, known, id)
	if err != nil {
		return "", err
	}
	return e.ID, nil
}

// caseID is the id of a case of which the name may have been given.
func caseID(ctx context.Context, conf config.Config, f *config.StoreFlags, name string) (string, error) {
	known, done, err := openEvidence(ctx, conf, f)
	if err != nil {
		return "", err
	}
	defer done()
	all, err := known.Cases(ctx)
	if err != nil {
		return "", err
	}
	var found, names []string
	for _, c := range all {
		if c.ID == name {
			return c.ID, nil
		}
		if names = append(names, console.OneLine(c.Name)); strings.EqualFold(c.Name, name) {
			found = append(found, c.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", console.Usage(fmt.Errorf("no case is called %q", console.OneLine(name)), "the cases here: "+cmp.Or(strings.Join(names, ", "), "none"))
	}
	return "", console.Usage(fmt.Errorf("%d cases are called %q", len(found), console.OneLine(name)), "name one by its id: "+strings.Join(found, ", "))
}

// checkPeriod checks the period of the flags, and completes its end.
func (c *HandFlags) checkPeriod() error {
	if c.From.IsZero() {
		return console.Usage(errors.New("neither an event nor a period is named"), "name an event with --event ID (vigie events lists them), a case with --case NAME, or a period with --from and --to")
	}
	switch {
	case c.To.IsZero():
		c.To.Time = time.Now()
	case c.To.Day:
		c.To.Time = c.To.AddDate(0, 0, 1)
	}
	if !c.To.After(c.From.Time) {
		return console.Usage(fmt.Errorf("the period ends (%s) before it begins (%s)", c.To.Format(time.DateTime), c.From.Format(time.DateTime)), "--from comes before --to")
	}
	return nil
}

// ReportCmd writes a report.
type ReportCmd struct {
	config.StoreFlags
	HandFlags
	TrimFlags
	Severity analyzer.Severity `help:"Of a period, only events of at least this severity: info, low, medium or high." default:"info"`
	Verdict  string            `help:"Of a period, only events with this verdict: suspicious, unsure, benign, or none for those without one." enum:",none,suspicious,unsure,benign" default:""`
	File     string            `arg:"" help:"A new HTML file, or - for standard output."`
}

// Run writes.
func (c *ReportCmd) Run(ctx context.Context, p *console.Program) error {
	d, o, done, err := c.open(ctx, p, &c.StoreFlags, c.TrimFlags)
	if err != nil {
		return err
	}
	defer done()
	o.Only = evidence.Choice{Severity: c.Severity, Verdict: c.Verdict}
	o.OnTold = func(t evidence.Told) { p.Err.Printf("%s\n", t) }
	return writeNew(c.File, p, func(w io.Writer) error {
		if c.Event != "" {
			return trimHint(d.EventReport(ctx, w, c.Event, o))
		}
		if c.Case != "" {
			return d.CaseReport(ctx, w, c.Case, o)
		}
		return d.PeriodReport(ctx, w, c.Sensor, c.From.Time, c.To.Time, o)
	})
}

// trimHint adds what to do when an event may not leave the store.
func trimHint(err error) error {
	if errors.Is(err, evidence.ErrTrimmed) {
		return console.WithHint(err, "--with-homes includes what is in home zones, and a shorter --trim, or none, what is at the ends of a walk")
	}
	return err
}

// writeNew writes a file that is not there yet, for its user alone, or standard output. What could not be finished is
// removed.
func writeNew(path string, p *console.Program, write func(io.Writer) error) error {
	if path == "-" {
		return write(p.Out.Raw())
	}
	err := safefile.WriteNew(path, func(f *os.File) error { return write(f) })
	if errors.Is(err, os.ErrExist) {
		return console.Usage(fmt.Errorf("%s is there already", path), "name a new file: what was written before is not overwritten")
	}
	if err != nil {
		return err
	}
	p.Err.Printf("wrote %s\n", path)
	return nil
}
