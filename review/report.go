package review

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"net/http"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
)

// A report is one self-contained HTML file: it opens from a disk, in Tor Browser without scripts, and it prints.

//go:embed assets/report.css
var reportStyle string

// styleHash allows the style sheet of a report, and nothing else, in its Content-Security-Policy.
func styleHash() string {
	sum := sha256.Sum256([]byte(reportStyle))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func reportPolicy() string {
	return "default-src 'none'; style-src '" + styleHash() + "'; img-src data:; form-action 'none'; base-uri 'none'"
}

// mostReported is how many events a report of a period has in full, unless more than these are high or were decided suspicious. A bundle
// has all of them.
const mostReported = 40

// reportPage is the data of a report.
type reportPage struct {
	Style    template.CSS
	Policy   string
	Made     time.Time
	Software string
	From, To time.Time
	One      bool
	Events   []reportEvent
	Told     evidence.Told
	Covers   []reportCover
	Rules    []analyzer.Rule
	Location evidence.Precision
	Trimmed  bool
	Case     *evidence.Case // that it is of; nil: of none, or coarse
}

type reportCover struct {
	evidence.Coverage
	From, To time.Time
}

// reportEvent is an event in a report.
type reportEvent struct {
	*evidence.Dossier
	Chart    *sketch
	Close    *sketch
	Land     *landMap // nil: no position may be shown, or none is known
	Mode     cell.Mode
	Model    string
	Firmware string
	Notes    []evidence.Note // that people wrote about it; none in a coarse report
}

// EventReport writes the report of an event.
func (rv *Review) EventReport(ctx context.Context, w io.Writer, id string, o BundleOptions) error {
	x, err := rv.handOnEvent(ctx, id, o)
	if err != nil {
		return err
	}
	return rv.report(ctx, w, x, evidence.NewCoarsener(o.Location), o)
}

// PeriodReport writes the report of a period, of one sensor or, with an empty name, of all.
func (rv *Review) PeriodReport(ctx context.Context, w io.Writer, sensor string, from, to time.Time, o BundleOptions) error {
	x, err := rv.handOnPeriod(ctx, sensor, from, to, o)
	if err != nil {
		return err
	}
	return rv.report(ctx, w, x, evidence.NewCoarsener(o.Location), o)
}

// CaseReport writes the report of a case. The error wraps storage.ErrNotFound if there is no such case, or no event of it here.
func (rv *Review) CaseReport(ctx context.Context, w io.Writer, id string, o BundleOptions) error {
	x, err := rv.handOnCase(ctx, id, o)
	if err != nil {
		return err
	}
	return rv.report(ctx, w, x, evidence.NewCoarsener(o.Location), o)
}

// handOnCase selects a case, without what may not be handed on.
func (rv *Review) handOnCase(ctx context.Context, id string, o BundleOptions) (*evidence.Selection, error) {
	x, err := rv.evidence.SelectCase(ctx, id)
	if err != nil {
		return nil, err
	}
	return x, rv.evidence.Trim(ctx, x, o.Trim, o.WithHomes)
}

// handOnEvent selects an event, without what may not be handed on.
func (rv *Review) handOnEvent(ctx context.Context, id string, o BundleOptions) (*evidence.Selection, error) {
	x, err := rv.evidence.SelectEvent(ctx, id)
	if err != nil {
		return nil, err
	}
	return x, rv.evidence.Trim(ctx, x, o.Trim, o.WithHomes)
}

// handOnPeriod selects a period, without what may not be handed on.
func (rv *Review) handOnPeriod(ctx context.Context, sensor string, from, to time.Time, o BundleOptions) (*evidence.Selection, error) {
	x, err := rv.evidence.SelectPeriod(ctx, sensor, from, to)
	if err != nil {
		return nil, err
	}
	return x, rv.evidence.Trim(ctx, x, o.Trim, o.WithHomes)
}

func (rv *Review) report(ctx context.Context, w io.Writer, x *evidence.Selection, c *evidence.Coarsener, o BundleOptions) error {
	zone := o.Zone
	if zone == nil {
		zone = time.Local
	}
	p := &reportPage{Style: template.CSS(reportStyle), Policy: reportPolicy(), Made: rv.now(), Software: rv.o.Software, From: x.From, To: x.To,
		One: x.ID != "", Rules: rv.o.Rules, Location: o.Location}
	if !p.One {
		if p.Told = x.Tell(o.Only, mostReported); o.OnTold != nil {
			o.OnTold(p.Told)
		}
	} else {
		p.Told.Events = x.Events
	}
	for _, e := range p.Told.Events {
		known, err := rv.evidence.DossierOf(ctx, e.Entry, evidence.DossierOptions{Zone: zone, Within: x, Coarse: c})
		if err != nil {
			return err
		}
		one := reportEvent{Dossier: known, Chart: sketchOf(known.Series, known.Baseline, zone), Close: closeUp(known.Series, known.Baseline, zone)}
		if !known.Coarse {
			one.Land = landMapOf(known.Series)
		}
		if s := known.Source; s != nil {
			one.Mode, one.Model, one.Firmware = s.Mode, evidence.PlainTo(s.Model, 80), evidence.PlainTo(s.Firmware, 80)
		}
		if c == nil {
			if one.Notes, err = rv.evidence.Notes(ctx, e.Entry); err != nil {
				return err
			}
		}
		p.Events = append(p.Events, one)
	}
	if x.Case != "" && c == nil {
		var err error
		if p.Case, err = rv.evidence.Case(ctx, x.Case); err != nil {
			return err
		}
	}
	if p.Trimmed = x.Trimmed(); !p.Trimmed { // else when it watched would say when the walks began
		var err error
		if p.Covers, err = reportCovers(ctx, x, c); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	err := templates()["report"].Execute(&b, &page{Lang: o.Lang, Zone: zone, Title: "report.title", Now: rv.now(), Body: p, review: rv, ctx: ctx})
	if err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// reportCovers returns what each sensor could see in the time of a report.
func reportCovers(ctx context.Context, x *evidence.Selection, c *evidence.Coarsener) (all []reportCover, err error) {
	for _, p := range x.Parts() {
		from, to := p.From.Truncate(evidence.Step), p.To.Add(evidence.Step-time.Nanosecond).Truncate(evidence.Step)
		v, err := p.Sensor.CoverageOf(ctx, from, to)
		if err != nil {
			return nil, err
		}
		if c != nil {
			v.Sensor = c.Sensor(p.Sensor.Name)
		}
		all = append(all, reportCover{*v, from, to})
	}
	return all, nil
}

func (rv *Review) sendReport(w http.ResponseWriter, r *http.Request, x *evidence.Selection, o BundleOptions) {
	var b bytes.Buffer
	if err := rv.report(r.Context(), &b, x, evidence.NewCoarsener(o.Location), o); err != nil {
		rv.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", reportPolicy()+"; frame-ancestors 'none'; sandbox")
	how := "inline"
	if rv.neutral(r) || r.URL.Query().Get("save") != "" { // in a tab, its title would say what it is
		how = "attachment"
	}
	w.Header().Set("Content-Disposition", how+`; filename="`+rv.nameFor(r, x, "html")+`"`)
	w.Write(b.Bytes())
}

// nameFor is the name of a download; in neutral looks it does not say what made it.
func (rv *Review) nameFor(r *http.Request, x *evidence.Selection, kind string) string {
	name := fileName(x, kind)
	if rv.neutral(r) {
		name = strings.Replace(name, "vigie-", "file-", 1)
	}
	return name
}
