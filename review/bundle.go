package review

import (
	"archive/zip"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"vigie/cell"
	"vigie/storage"
	"vigie/words"
)

// BundleOptions are how a bundle is made.
type BundleOptions struct {
	Location Precision
	Lang     string         // of the report in it: "en" or "fr"
	Zone     *time.Location // of times in the report
	Signer   note.Signer    // nil: not signed

	Trim      time.Duration // of the start and the end of each walk that is left out
	WithHomes bool          // with what was recorded in home zones
}

// EventBundle writes the bundle of an event: what was recorded from ten minutes before to ten minutes after it. The error
// wraps storage.ErrNotFound when there is no such event.
func (d *Desk) EventBundle(ctx context.Context, w io.Writer, id string, o BundleOptions) error {
	h, err := d.eventHandover(ctx, id)
	if err != nil {
		return err
	}
	if err := d.trim(ctx, h, o); err != nil {
		return err
	}
	return d.bundle(ctx, w, h, o)
}

// PeriodBundle writes the bundle of a period, of one sensor or, with "", of all.
func (d *Desk) PeriodBundle(ctx context.Context, w io.Writer, sensor string, from, to time.Time, o BundleOptions) error {
	h, err := d.periodHandover(ctx, sensor, from, to)
	if err != nil {
		return err
	}
	if err := d.trim(ctx, h, o); err != nil {
		return err
	}
	return d.bundle(ctx, w, h, o)
}

func (d *Desk) bundle(ctx context.Context, w io.Writer, h *handover, o BundleOptions) error {
	c := newCoarsener(o.Location)
	p := &packer{zip: zip.NewWriter(w)}
	p.m = manifest{Made: d.now(), Software: d.o.Software, Location: o.Location,
		About: fmt.Sprintf("%d event(s), %s to %s", len(h.events), h.from.UTC().Format(time.RFC3339), h.to.UTC().Format(time.RFC3339))}
	if h.id != "" && c == nil {
		p.m.About = fmt.Sprintf("event %s, %s to %s", h.id, h.from.UTC().Format(time.RFC3339), h.to.UTC().Format(time.RFC3339))
	}
	b := &bundler{d: d, ctx: ctx, h: h, c: c, o: o}
	type part struct {
		name  string
		write func(io.Writer) error
	}
	parts := []part{{"README.txt", b.readme}, {"report.html", b.report}, {"events.ndjson", b.events}, {"verdicts.ndjson", b.verdicts},
		{"observations.ndjson.gz", b.observations}, {"observations.csv", b.csv}, {"positions.geojson", b.geojson}, {"positions.kml", b.kml},
		{"rules.json", b.rules}}
	if c == nil {
		parts = append(parts, part{"modem-lines.txt", b.raw}, part{"cells-known-here.csv", b.cells})
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
	d   *Desk
	ctx context.Context
	h   *handover
	c   *coarsener
	o   BundleOptions
}

// records walks over what was recorded, clean, and coarse where that is wished.
func (b *bundler) records(raw bool, each func(cell.Record) error) error {
	var from Store
	one := func(r cell.Record) error {
		if at := r.When(); !at.IsZero() && !b.h.may(from, at, at) {
			return nil
		}
		r = b.d.cleanRecord(r)
		if b.c != nil {
			r = b.c.record(r)
		}
		return each(r)
	}
	for _, s := range b.h.sensors {
		from = s.store
		stretches, err := b.d.recorded(b.ctx, s.store, s.key, b.h.from, b.h.to)
		if err != nil {
			return err
		}
		for _, part := range stretches {
			for e, err := range s.store.Records(b.ctx, storage.Query{Sensor: s.key, From: part.From, To: part.To, NoRaw: !raw || b.c != nil}) {
				if err != nil {
					return err
				}
				if err := one(e.Record); err != nil {
					return err
				}
			}
		}
		if err := b.clocks(s, stretches, one); err != nil {
			return err
		}
	}
	return nil
}

// clocks adds the lines that tell when the clock of a sensor was set, where the records before them need them and the time of
// the bundle does not have them.
func (b *bundler) clocks(s chosenSensor, stretches []storage.Stretch, each func(cell.Record) error) error {
	if !slices.ContainsFunc(stretches, func(p storage.Stretch) bool { return p.Offset != 0 }) {
		return nil
	}
	for e, err := range s.store.Records(b.ctx, storage.Query{Sensor: s.key, Kinds: storage.Clocks}) {
		if err != nil {
			return err
		}
		at := e.Record.When()
		if slices.ContainsFunc(stretches, func(p storage.Stretch) bool { return !at.Before(p.From) && at.Before(p.To) }) {
			continue
		}
		if err := each(e.Record); err != nil {
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
	if err != nil {
		return err
	}
	return z.Close()
}

func (b *bundler) events(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, e := range b.h.stored {
		if b.c != nil {
			e = b.c.event(e)
		}
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func (b *bundler) verdicts(w io.Writer) error {
	enc := json.NewEncoder(w)
	for _, e := range b.h.events {
		own, s, err := b.d.lookup(b.ctx, plainTo(e.ID, 64))
		if err != nil {
			return err
		}
		all, err := b.d.verdicts(b.ctx, s, own.key)
		if err != nil {
			return err
		}
		for i := range all {
			v := verdictOf(&all[i])
			if b.c != nil { // people name places
				v.Event, v.Reason, v.Author, v.UndoneBy = b.c.event(e).ID, "", "", ""
			}
			if err := enc.Encode(v); err != nil {
				return err
			}
		}
	}
	return nil
}

var csvColumns = []string{"time", "sensor", "state", "rat", "mcc", "mnc", "area", "cell_id", "pci", "arfcn", "band", "rsrp_dbm", "rsrq_db", "rssi_dbm", "rscp_dbm",
	"sinr_db", "neighbours", "registration", "lat", "lon"}

func (b *bundler) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvColumns); err != nil {
		return err
	}
	err := b.records(false, func(r cell.Record) error {
		o, ok := r.(*cell.Observation)
		if !ok {
			return nil
		}
		row := make([]string, len(csvColumns))
		row[0], row[1], row[2] = string(cell.AppendTime(nil, o.Time)), cellText(o.Sensor), cellText(string(o.State))
		if c := o.Serving; c != nil {
			row[3], row[4], row[5] = c.RAT.String(), c.MCC, c.MNC
			row[6], row[7], row[8], row[9], row[10] = whole(c.Area), whole(c.ID), whole(c.PCI), whole(c.ARFCN), whole(c.Band)
			row[11], row[12], row[13], row[14], row[15] = decimal(c.RSRP), decimal(c.RSRQ), decimal(c.RSSI), decimal(c.RSCP), decimal(c.SINR)
		}
		if o.Neighbours != nil {
			row[16] = strconv.Itoa(len(o.Neighbours))
		}
		var regs []string
		for _, g := range o.Registration {
			regs = append(regs, registrationText(g))
		}
		row[17] = cellText(strings.Join(regs, "; "))
		if p := o.Position; p != nil {
			row[18], row[19] = strconv.FormatFloat(p.Lat, 'f', -1, 64), strconv.FormatFloat(p.Lon, 'f', -1, 64)
		}
		return out.Write(row)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// cellText keeps a spreadsheet from taking a text for a formula.
func cellText(s string) string {
	s = plain(s)
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func whole[T ~uint16 | ~uint32 | ~uint64](o cell.Opt[T]) string {
	v, ok := o.Get()
	if !ok {
		return ""
	}
	return strconv.FormatUint(uint64(v), 10)
}

func decimal[T ~float64](o cell.Opt[T]) string {
	if v := value(o); v != nil {
		return strconv.FormatFloat(*v, 'f', -1, 64)
	}
	return ""
}

// places are the positions of a bundle, each once in a row.
func (b *bundler) places(each func(at time.Time, sensor string, p *cell.Position) error) error {
	last := map[string]cell.Position{}
	return b.records(false, func(r cell.Record) error {
		o, ok := r.(*cell.Observation)
		if !ok || o.Position == nil || last[o.Sensor] == *o.Position {
			return nil
		}
		last[o.Sensor] = *o.Position
		return each(o.Time, o.Sensor, o.Position)
	})
}

func (b *bundler) geojson(w io.Writer) error {
	if _, err := io.WriteString(w, `{"type":"FeatureCollection","features":[`); err != nil {
		return err
	}
	sep := "\n"
	err := b.places(func(at time.Time, sensor string, p *cell.Position) error {
		f := map[string]any{"type": "Feature", "geometry": map[string]any{"type": "Point", "coordinates": []float64{p.Lon, p.Lat}},
			"properties": map[string]any{"time": at, "sensor": sensor}}
		data, err := json.Marshal(f)
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, sep+string(data))
		sep = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n]}\n")
	return err
}

func (b *bundler) kml(w io.Writer) error {
	if _, err := io.WriteString(w, xml.Header+"<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>\n"); err != nil {
		return err
	}
	err := b.places(func(at time.Time, sensor string, p *cell.Position) error {
		var name strings.Builder
		if err := xml.EscapeText(&name, []byte(plain(sensor))); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "<Placemark><name>%s</name><TimeStamp><when>%s</when></TimeStamp><Point><coordinates>%s,%s</coordinates></Point></Placemark>\n",
			name.String(), cell.AppendTime(nil, at), strconv.FormatFloat(p.Lon, 'f', -1, 64), strconv.FormatFloat(p.Lat, 'f', -1, 64))
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "</Document></kml>\n")
	return err
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

func (b *bundler) cells(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"rat", "mcc", "mnc", "area", "cell_id", "pci", "arfcn", "first", "last", "observations", "serving", "weakest_dbm", "strongest_dbm", "sensor"}); err != nil {
		return err
	}
	done := map[string]bool{}
	for _, s := range b.h.sensors {
		if done[s.store.Name] {
			continue
		}
		done[s.store.Name] = true
		if b.h.trims(s.store) { // it cannot be told where they were heard
			continue
		}
		for k, err := range s.store.Cells(b.ctx, storage.CellQuery{}) {
			if err != nil {
				return err
			}
			if err := out.Write([]string{k.RAT.String(), shortDigits(k.MCC), shortDigits(k.MNC), whole(k.Area), strconv.FormatUint(k.ID, 10), whole(k.PCI), whole(k.ARFCN),
				string(cell.AppendTime(nil, k.First)), string(cell.AppendTime(nil, k.Last)), strconv.FormatInt(k.Count, 10), strconv.FormatInt(k.Serving, 10),
				decimal(k.Weakest), decimal(k.Strongest), cellText(b.d.scrub(k.Sensor))}); err != nil {
				return err
			}
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
	for _, r := range b.d.o.Rules {
		all = append(all, ruleLine{ruleOf(ruleView{Rule: r}), r.Telling.String(), r.Innocent})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(map[string]any{"software": b.d.o.Software, "rules_of_today": all,
		"note": "each finding in events.ndjson names the version of the rule that made it"})
}

func (b *bundler) readme(w io.Writer) error {
	key := "bundle.readme"
	if b.c != nil {
		key = "bundle.readme.coarse"
	}
	parts := []string{words.Translate(b.o.Lang, "bundle.readme.head"), words.Translate(b.o.Lang, key), words.Translate(b.o.Lang, "bundle.readme.clock")}
	if b.h.some() {
		parts = append(parts, words.Translate(b.o.Lang, "hand.trimmed"))
	}
	_, err := io.WriteString(w, strings.Join(parts, "\n\n")+"\n")
	return err
}

func (b *bundler) report(w io.Writer) error { return b.d.report(b.ctx, w, b.h, b.c, b.o) }

func (d *Desk) optionsOf(r *http.Request) (BundleOptions, error) {
	o := BundleOptions{Location: Exact, Lang: d.language(r), Zone: zone(r), WithHomes: r.URL.Query().Has("homes")}
	if r.URL.Query().Has("trim") {
		o.Trim = trimWalks
	}
	if s := r.URL.Query().Get("location"); s != "" {
		var err error
		if o.Location, err = ParsePrecision(s); err != nil {
			return o, err
		}
	}
	return o, nil
}

// fileName is a name for what is sent: no sensor and no place in it.
func (h *handover) fileName(kind string) string {
	return fmt.Sprintf("vigie-%s-%s.%s", h.from.UTC().Format("20060102-1504"), h.to.UTC().Format("20060102-1504"), kind)
}

func (d *Desk) sendBundle(w http.ResponseWriter, r *http.Request, h *handover, o BundleOptions) {
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="`+h.fileName("zip")+`"`)
	if err := d.bundle(r.Context(), w, h, o); err != nil {
		d.log.Error("review: a bundle broke off", "err", err)
		panic(http.ErrAbortHandler) // so that what has arrived is not taken for a whole bundle
	}
}
