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
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// A report is one HTML file that needs nothing else: it opens from a disk, in Tor Browser with scripts off, and prints.

//go:embed assets/report.css
var reportStyle string

// styleHash lets the one style sheet of a report through, and nothing else.
func styleHash() string {
	sum := sha256.Sum256([]byte(reportStyle))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func reportPolicy() string {
	return "default-src 'none'; style-src '" + styleHash() + "'; img-src data:; form-action 'none'; base-uri 'none'"
}

// mostReported bounds the events that one report tells in full; the bundle has all of them.
const mostReported = 40

// reportPage is what a report says.
type reportPage struct {
	Style    template.CSS
	Policy   string
	Made     time.Time
	Software string
	From, To time.Time
	One      bool
	Events   []reportEvent
	Left     int
	Covers   []reportCover
	Rules    []analyzer.Rule
	Location Precision
	Trimmed  bool
}

type reportCover struct {
	Sensor string
	cover
	From, To time.Time
}

// reportEvent is an event in a report.
type reportEvent struct {
	Event    analyzer.Event
	Story    []moment
	Left     int
	Words    []exchange
	Chart    *sketch
	Findings []findingView
	Cells    []cellView
	Baseline *baseline
	Minutes  int // of the chart, those of which only summaries are left
	Verdicts []storage.Verdict
	Checks   []string
	Mode     cell.Mode
	Model    string
	Firmware string
	Shift    time.Duration // by how much recorded times were wrong
	Was      time.Time     // the first sign as recorded
}

// EventReport writes the report of an event.
func (d *Desk) EventReport(ctx context.Context, w io.Writer, id string, o BundleOptions) error {
	h, err := d.eventHandover(ctx, id)
	if err != nil {
		return err
	}
	if err := d.trim(ctx, h, o); err != nil {
		return err
	}
	return d.report(ctx, w, h, newCoarsener(o.Location), o)
}

// PeriodReport writes the report of a period, of one sensor or, with "", of all.
func (d *Desk) PeriodReport(ctx context.Context, w io.Writer, sensor string, from, to time.Time, o BundleOptions) error {
	h, err := d.periodHandover(ctx, sensor, from, to)
	if err != nil {
		return err
	}
	if err := d.trim(ctx, h, o); err != nil {
		return err
	}
	return d.report(ctx, w, h, newCoarsener(o.Location), o)
}

func (d *Desk) report(ctx context.Context, w io.Writer, h *handover, c *coarsener, o BundleOptions) error {
	p := &reportPage{Style: template.CSS(reportStyle), Policy: reportPolicy(), Made: d.now(), Software: d.o.Software, From: h.from, To: h.to,
		One: h.id != "", Rules: d.o.Rules, Location: o.Location}
	for _, e := range h.events {
		if len(p.Events) == mostReported {
			p.Left = len(h.events) - mostReported
			break
		}
		one, err := d.reportEvent(ctx, h.leaving, e, c, o)
		if err != nil {
			return err
		}
		p.Events = append(p.Events, *one)
	}
	if p.Trimmed = h.some(); !p.Trimmed { // when it watched tells when the walks began
		if err := d.reportCovers(ctx, p, h, c); err != nil {
			return err
		}
	}
	zone := o.Zone
	if zone == nil {
		zone = time.Local
	}
	var b bytes.Buffer
	err := templates()["report"].Execute(&b, &page{Lang: o.Lang, Zone: zone, Title: "report.title", Now: d.now(), Body: p, desk: d})
	if err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// reportCovers says of each sensor what it could see in the time of a report.
func (d *Desk) reportCovers(ctx context.Context, p *reportPage, h *handover, c *coarsener) error {
	all, err := d.sensors(ctx)
	if err != nil {
		return err
	}
	for _, s := range h.sensors {
		i := slices.IndexFunc(all, func(a alive) bool { return a.key == s.key && d.o.Stores[a.Store].Name == s.store.Name })
		if i < 0 {
			continue
		}
		from, to := h.from.Truncate(step), h.to.Add(step-time.Nanosecond).Truncate(step)
		gaps, err := d.gaps(ctx, s.store, s.key, from, to)
		if err != nil {
			return err
		}
		v, err := d.cover(ctx, all[i].Store, s.key, from, to, all[i].First, gaps)
		if err != nil {
			return err
		}
		r := reportCover{s.Name, v, from, to}
		if c != nil {
			r.Sensor = c.sensor(s.Name)
		}
		p.Covers = append(p.Covers, r)
	}
	return nil
}

func (d *Desk) reportEvent(ctx context.Context, l leaving, e analyzer.Event, c *coarsener, o BundleOptions) (*reportEvent, error) {
	own, s, err := d.lookup(ctx, plainTo(e.ID, 64))
	if err != nil {
		return nil, err
	}
	stored, err := s.Event(ctx, own.key)
	if err != nil {
		return nil, err
	}
	cs, err := d.corrections(ctx, s)
	if err != nil {
		return nil, err
	}
	stored, by := cs.Event(stored)
	from, to := spanOf(&e)
	w, err := d.window(ctx, s, stored.Sensor, from, to, c == nil)
	if err != nil {
		return nil, err
	}
	w.trimmed(l, s, by)
	one := &reportEvent{Event: e, Minutes: len(w.Minutes), Checks: checks(&e, w.Source), Shift: by, Was: own.was[0]}
	if w.Source != nil {
		one.Mode, one.Model, one.Firmware = w.Source.Mode, plainTo(w.Source.Model, 80), plainTo(w.Source.Firmware, 80)
	}
	all, err := d.entries(ctx)
	if err != nil {
		return nil, err
	}
	zone := o.Zone
	if zone == nil {
		zone = time.Local
	}
	if c != nil {
		one.Event = c.event(e)
		for i := range w.Records {
			w.Records[i] = c.record(w.Records[i])
		}
		for i := range w.Minutes {
			w.Minutes[i] = c.record(w.Minutes[i])
		}
		if one.Findings, err = d.findings(ctx, &one.Event, own, all, zone); err != nil {
			return nil, err
		}
		one.Cells = cellsAlone(one.Event.Cells)
	} else {
		if one.Findings, err = d.findings(ctx, &e, own, all, zone); err != nil {
			return nil, err
		}
		one.Words, one.Left = d.words(w, &stored)
		if l.trims(s) {
			one.Cells = cellsAlone(e.Cells)
		} else if one.Cells, err = d.cellViews(ctx, s, e.Cells); err != nil {
			return nil, err
		}
		if one.Verdicts, err = d.verdicts(ctx, s, own.key); err != nil {
			return nil, err
		}
		if fixed(w.Source) && !l.trims(s) {
			if one.Baseline, err = d.baseline(ctx, s, stored.Sensor, from, to); err != nil {
				return nil, err
			}
		}
	}
	one.Story, _ = tell(w, &one.Event)
	one.Chart = sketchOf(draw(w, &one.Event), one.Baseline, zone)
	return one, nil
}

// cellsAlone are cells without what else is known of them.
func cellsAlone(cells []cell.Cell) (all []cellView) {
	for i := range cells {
		all = append(all, cellView{Name: cell.Describe(&cells[i])})
	}
	return all
}

func (d *Desk) sendReport(w http.ResponseWriter, r *http.Request, h *handover, o BundleOptions) {
	var b bytes.Buffer
	if err := d.report(r.Context(), &b, h, newCoarsener(o.Location), o); err != nil {
		d.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", reportPolicy()+"; frame-ancestors 'none'; sandbox")
	how := "inline"
	if r.URL.Query().Get("save") != "" {
		how = "attachment"
	}
	w.Header().Set("Content-Disposition", how+`; filename="`+h.fileName("html")+`"`)
	w.Write(b.Bytes())
}
