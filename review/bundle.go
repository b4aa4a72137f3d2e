package review

import (
	"archive/zip"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/storage"
	"vigie/words"
)

// BundleOptions are options of bundles and reports.
type BundleOptions struct {
	Location evidence.Precision
	Lang     string         // of the report in it: "en" or "fr"
	Zone     *time.Location // of times in the report
	Signer   note.Signer    // nil: not signed

	Only   evidence.Choice     // of the events of a report of a period
	OnTold func(evidence.Told) // called with what such a report tells, before it is made; may be nil

	Trim      time.Duration // left out at both ends of each walk
	WithHomes bool          // also what was recorded in home zones
}

// EventBundle writes the bundle of an event: what was recorded from ten minutes before to ten minutes after it. The error
// wraps storage.ErrNotFound if there is no such event.
func (rv *Review) EventBundle(ctx context.Context, w io.Writer, id string, o BundleOptions) error {
	x, err := rv.handOnEvent(ctx, id, o)
	if err != nil {
		return err
	}
	return rv.bundle(ctx, w, x, o)
}

// PeriodBundle writes the bundle of a period, of one sensor or, with an empty name, of all.
func (rv *Review) PeriodBundle(ctx context.Context, w io.Writer, sensor string, from, to time.Time, o BundleOptions) error {
	x, err := rv.handOnPeriod(ctx, sensor, from, to, o)
	if err != nil {
		return err
	}
	return rv.bundle(ctx, w, x, o)
}

// CaseBundle writes the bundle of a case: what was recorded around each of its events, and what people wrote. Errors as of CaseReport.
func (rv *Review) CaseBundle(ctx context.Context, w io.Writer, id string, o BundleOptions) error {
	x, err := rv.handOnCase(ctx, id, o)
	if err != nil {
		return err
	}
	return rv.bundle(ctx, w, x, o)
}

func (rv *Review) bundle(ctx context.Context, w io.Writer, x *evidence.Selection, o BundleOptions) error {
	c := evidence.NewCoarsener(o.Location)
	p := &packer{zip: zip.NewWriter(w)}
	p.m = manifest{Made: rv.now(), Software: rv.o.Software, Location: o.Location,
		About: fmt.Sprintf("%d event(s), %s to %s", len(x.Events), x.From.UTC().Format(time.RFC3339), x.To.UTC().Format(time.RFC3339))}
	if x.ID != "" && c == nil {
		p.m.About = fmt.Sprintf("event %s, %s to %s", x.ID, x.From.UTC().Format(time.RFC3339), x.To.UTC().Format(time.RFC3339))
	}
	b := &bundler{review: rv, ctx: ctx, x: x, c: c, o: o}
	var err error
	if b.given, b.remarks, err = x.Written(ctx); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	type part struct {
		name  string
		write func(io.Writer) error
	}
	parts := []part{{"README.txt", b.readme}, {"report.html", b.report}, {"events.ndjson", b.events}, {"verdicts.ndjson", b.verdicts},
		{"observations.ndjson.gz", b.observations}, {"observations.csv", b.csv}, {"positions.geojson", b.geojson}, {"positions.kml", b.kml},
		{"rules.json", b.rules}}
	if c == nil {
		parts = append(parts, part{"modem-lines.txt", b.raw}, part{"cells-known-here.csv", b.cells})
		if len(b.remarks) > 0 { // else an older Vigie can check it too
			parts = append(parts, part{MemberNotes, b.notes})
		}
		if some, err := b.hasMessages(); err != nil {
			return err
		} else if some {
			parts = append(parts, part{"signalling.pcapng", func(w io.Writer) error { _, err := b.pcap(w); return err }})
		}
	}
	for _, part := range parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.add(part.name, part.write); err != nil {
			return fmt.Errorf("bundle: %s: %w", part.name, err)
		}
	}
	return p.finish(o.Signer)
}

// bundler writes the members of a bundle.
type bundler struct {
	review *Review
	ctx    context.Context
	x      *evidence.Selection
	c      *evidence.Coarsener
	o      BundleOptions

	given, remarks []evidence.About
}

// records walks over what was recorded, coarse if that was asked for. A coarse bundle has no modem lines.
func (b *bundler) records(raw bool, each func(cell.Record) error) error {
	for r, err := range b.x.Records(b.ctx, raw && b.c == nil) {
		if err != nil {
			return err
		}
		if b.c != nil {
			r = b.c.Record(r)
		}
		if err := each(r); err != nil {
			return err
		}
	}
	return nil
}

func (b *bundler) observations(w io.Writer) error {
	z := gzip.NewWriter(w)
	var line []byte
	err := b.records(true, func(r cell.Record) error {
		line = append(cell.AppendRecord(line[:0], r), '\n')
		_, err := z.Write(line)
		return err
	})
	return cmp.Or(err, z.Close())
}

func (b *bundler) events(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range b.x.Events {
		e := b.x.Events[i].Stored
		if b.c != nil {
			e = b.c.Event(e)
		}
		if err := enc.Encode(e.Wording()); err != nil {
			return fmt.Errorf("event %s: %w", evidence.PlainTo(e.ID, 64), err)
		}
	}
	return nil
}

func (b *bundler) verdicts(w io.Writer) error {
	given := b.given
	if b.c != nil { // people write names of places
		given = nil
		for i := range b.x.Events {
			e := &b.x.Events[i]
			for _, a := range b.given {
				if v := *a.Verdict; v.Event == e.Stored.ID {
					v.Event, v.Reason, v.Author, v.UndoneBy = b.c.Event(e.Stored).ID, "", "", ""
					given = append(given, evidence.About{Verdict: &v})
				}
			}
		}
	}
	return writeAbout(w, given)
}

func (b *bundler) notes(w io.Writer) error { return writeAbout(w, b.remarks) }

// writeAbout writes verdicts and remarks as lines.
func writeAbout(w io.Writer, list []evidence.About) (err error) {
	var line []byte
	for _, a := range list {
		if a.Verdict != nil {
			line, err = storage.AppendVerdict(line[:0], a.Sensor, a.Verdict)
		} else {
			line, err = storage.AppendRemark(line[:0], a.Sensor, a.Remark)
		}
		if err == nil {
			_, err = w.Write(line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bundler) csv(w io.Writer) error {
	t := NewTable(w)
	return cmp.Or(b.records(false, t.Put), t.Close())
}

func (b *bundler) raw(w io.Writer) error {
	return b.records(true, func(r cell.Record) error {
		o, ok := r.(*cell.Observation)
		if !ok {
			return nil
		}
		for _, l := range o.Raw {
			if _, err := fmt.Fprintf(w, "%s %s %s\n", cell.AppendTime(nil, o.Time), oneLine(o.Sensor), oneLine(l)); err != nil {
				return err
			}
		}
		return nil
	})
}

// hasMessages reports whether there is a signalling message whose bytes are known.
func (b *bundler) hasMessages() (bool, error) {
	for r, err := range b.x.Records(b.ctx, false) {
		if m, ok := r.(*cell.Message); err != nil || ok && len(m.Payload) > 0 {
			return ok, err
		}
	}
	return false, nil
}

// pcap writes the signalling messages, with the findings as comments. It is not for a coarse bundle: the bytes name cells.
func (b *bundler) pcap(w io.Writer) (n int, err error) {
	var events []analyzer.Event
	for i := range b.x.Events {
		events = append(events, b.x.Events[i].Stored)
	}
	return evidence.WritePCAP(w, func() iter.Seq2[cell.Record, error] { return b.x.Records(b.ctx, false) }, events)
}

// EventPCAP writes the signalling messages from ten minutes before an event to ten minutes after it as a pcapng, with its findings as
// comments. That there is none is an error. It wraps storage.ErrNotFound if there is no such event.
func (rv *Review) EventPCAP(ctx context.Context, w io.Writer, id string, o BundleOptions) error {
	x, err := rv.handOnEvent(ctx, id, o)
	if err != nil {
		return err
	}
	n, err := (&bundler{review: rv, ctx: ctx, x: x, o: o}).pcap(w)
	if err == nil && n == 0 {
		err = words.WithHint(errors.New("no signalling message was recorded around this event"), "AT commands do not show them; vigie import takes captures of a modem's signalling")
	}
	return err
}

func (b *bundler) cells(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write([]string{"rat", "mcc", "mnc", "area", "cell_id", "pci", "arfcn", "first", "last", "observations", "serving", "weakest_dbm", "strongest_dbm", "sensor"})
	done := map[*evidence.Store]bool{}
	for _, s := range b.x.Sensors {
		if done[s.Store] {
			continue
		}
		done[s.Store] = true
		if b.x.TrimmedIn(s.Store) { // it is not known where they were heard
			continue
		}
		for k, err := range s.Store.Cells(b.ctx, storage.CellQuery{}) {
			if err != nil {
				return err
			}
			out.Write([]string{k.RAT.String(), storage.ShortDigits(k.MCC), storage.ShortDigits(k.MNC), whole(k.Area), strconv.FormatUint(k.ID, 10), whole(k.PCI), whole(k.ARFCN),
				string(cell.AppendTime(nil, k.First)), string(cell.AppendTime(nil, k.Last)), strconv.FormatInt(k.Count, 10), strconv.FormatInt(k.Serving, 10),
				decimal(k.Weakest), decimal(k.Strongest), cellText(b.review.evidence.Scrub(k.Sensor))})
		}
	}
	out.Flush()
	return out.Error()
}

func (b *bundler) rules(w io.Writer) error {
	type ruleLine struct {
		ruleJSON
		Telling string   `json:"telling"`
		Causes  []string `json:"innocent_causes"`
	}
	var all []ruleLine
	for _, r := range b.review.o.Rules {
		all = append(all, ruleLine{ruleOf(r, 0), r.Telling.String(), r.Innocent})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(map[string]any{"software": b.review.o.Software, "rules_of_today": all,
		"note": "each finding in events.ndjson names the version of the rule that made it"})
}

func (b *bundler) readme(w io.Writer) error {
	key := "bundle.readme"
	if b.c != nil {
		key = "bundle.readme.coarse"
	}
	parts := []string{words.Translate(b.o.Lang, "bundle.readme.head"), words.Translate(b.o.Lang, key), words.Translate(b.o.Lang, "bundle.readme.clock")}
	if b.x.Trimmed() {
		parts = append(parts, words.Translate(b.o.Lang, "hand.trimmed"))
	}
	_, err := io.WriteString(w, strings.Join(parts, "\n\n")+"\n")
	return err
}

func (b *bundler) report(w io.Writer) error { return b.review.report(b.ctx, w, b.x, b.c, b.o) }

// trimWalks is how much the pages offer to leave out at both ends of a walk.
const trimWalks = 15 * time.Minute

func (rv *Review) optionsOf(r *http.Request) (BundleOptions, error) {
	o := BundleOptions{Location: evidence.Exact, Lang: rv.language(r), Zone: zone(r), WithHomes: r.URL.Query().Has("homes")}
	if r.URL.Query().Has("trim") {
		o.Trim = trimWalks
	}
	var err error
	if o.Only, err = readChoice(r.URL.Query()); err != nil {
		return o, err
	}
	if s := r.URL.Query().Get("location"); s != "" {
		if o.Location, err = ParsePrecision(s); err != nil {
			return o, err
		}
	}
	return o, nil
}

// fileName is the name of a download. It names no sensor and no place.
func fileName(x *evidence.Selection, kind string) string {
	return fmt.Sprintf("vigie-%s-%s.%s", x.From.UTC().Format("20060102-1504"), x.To.UTC().Format("20060102-1504"), kind)
}

func (rv *Review) sendBundle(w http.ResponseWriter, r *http.Request, x *evidence.Selection, o BundleOptions) {
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="`+rv.nameFor(r, x, "zip")+`"`)
	if err := rv.bundle(r.Context(), w, x, o); err != nil {
		rv.log.Error("review: a bundle broke off", "err", err)
		panic(http.ErrAbortHandler) // so that the client does not take a part for the whole bundle
	}
}

// ParsePrecision reads the name of a precision.
func ParsePrecision(s string) (evidence.Precision, error) {
	switch p := evidence.Precision(s); p {
	case evidence.Exact, evidence.Coarse, evidence.Nowhere:
		return p, nil
	}
	return "", &refusal{fmt.Sprintf("%q is not a precision", evidence.PlainTo(s, 40)), "exact, coarse (about 10 km, cells under other names) or nowhere"}
}
