package review

import (
	"bufio"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
)

// What a map program reads of a bundle: where a sensor was, what it heard there, and what of it was flagged.

// mapPoint is a position, and what a sensor heard at it.
type mapPoint struct {
	At       time.Time
	Sensor   string
	Position cell.Position
	Cell     string   // serving; empty: none
	Level    *float64 // of it, dBm
	Suspect  bool     // an event is about it
	Events   []string // ids of those that were going on
	Findings []string // rules that found something then
}

// same reports whether two points say the same.
func (p *mapPoint) same(o *mapPoint) bool {
	return p.Position == o.Position && p.Cell == o.Cell && p.Suspect == o.Suspect && slices.Equal(p.Events, o.Events) && slices.Equal(p.Findings, o.Findings)
}

// ongoing follows which events of a sensor are going on.
type ongoing struct {
	waiting []analyzer.Event // by their first sign
	open    []analyzer.Event
}

// at are the events that go on at a time. Times come in order.
func (o *ongoing) at(t time.Time) []analyzer.Event {
	for len(o.waiting) > 0 && !o.waiting[0].First.After(t) {
		o.open, o.waiting = append(o.open, o.waiting[0]), o.waiting[1:]
	}
	o.open = slices.DeleteFunc(o.open, func(e analyzer.Event) bool { return e.Last.Before(t) })
	return o.open
}

// flagged are the events of the bundle, by sensor, coarse if that was asked for.
func (b *bundler) flagged() map[string]*ongoing {
	all := map[string]*ongoing{}
	for _, x := range b.x.Events {
		e := x.Stored
		if b.c != nil {
			e = b.c.Event(e)
		}
		if all[e.Sensor] == nil {
			all[e.Sensor] = &ongoing{}
		}
		all[e.Sensor].waiting = append(all[e.Sensor].waiting, e)
	}
	for _, o := range all {
		slices.SortStableFunc(o.waiting, func(a, b analyzer.Event) int { return a.First.Compare(b.First) })
	}
	return all
}

// points walks over the positions of a bundle, without those that say the same as the one before.
func (b *bundler) points(each func(*mapPoint) error) error {
	last, flagged := map[string]mapPoint{}, b.flagged()
	return b.records(false, func(r cell.Record) error {
		o, ok := r.(*cell.Observation)
		if !ok || o.Position == nil {
			return nil
		}
		p := mapPoint{At: o.Time, Sensor: o.Sensor, Position: *o.Position}
		if o.Serving != nil {
			p.Cell, p.Level = cell.Describe(o.Serving), evidence.Value(o.Serving.Level())
		}
		if f := flagged[o.Sensor]; f != nil {
			for _, e := range f.at(o.Time) {
				p.add(&e, o)
			}
		}
		was, known := last[o.Sensor]
		if last[o.Sensor] = p; known && p.same(&was) {
			return nil
		}
		return each(&p)
	})
}

// add adds an event that goes on.
func (p *mapPoint) add(e *analyzer.Event, o *cell.Observation) {
	p.Events = append(p.Events, evidence.PlainTo(e.ID, 64))
	p.Suspect = p.Suspect || o.Serving != nil && evidence.Concerns(e, o.Serving)
	for _, f := range e.Findings {
		if rule := evidence.PlainTo(f.Rule, 80); !f.First.After(p.At) && !f.Last.Before(p.At) && !slices.Contains(p.Findings, rule) {
			p.Findings = append(p.Findings, rule)
		}
	}
}

func (b *bundler) geojson(w io.Writer) error {
	out := bufio.NewWriter(w) // keeps the first error for Flush
	out.WriteString(`{"type":"FeatureCollection","features":[`)
	sep := "\n"
	err := b.points(func(p *mapPoint) error {
		is := map[string]any{"time": p.At, "sensor": p.Sensor}
		set := func(key string, v any, known bool) {
			if known {
				is[key] = v
			}
		}
		accuracy := evidence.Value(p.Position.Accuracy)
		set("accuracy_m", accuracy, accuracy != nil)
		set("cell", p.Cell, p.Cell != "")
		set("level_dbm", p.Level, p.Level != nil)
		set("suspect", true, p.Suspect)
		set("events", p.Events, len(p.Events) > 0)
		set("findings", p.Findings, len(p.Findings) > 0)
		f := map[string]any{"type": "Feature", "geometry": map[string]any{"type": "Point", "coordinates": []float64{p.Position.Lon, p.Position.Lat}}, "properties": is}
		data, err := json.Marshal(f)
		_, failed := out.WriteString(sep + string(data))
		sep = ",\n"
		return cmp.Or(err, failed)
	})
	out.WriteString("\n]}\n")
	return cmp.Or(err, out.Flush())
}

// kmlStyles draws the positions at which a suspect served in the colour of the pages.
const kmlStyles = `<Style id="suspect"><IconStyle><color>ff5b18c2</color></IconStyle></Style><Style id="other"><IconStyle><color>ff9c948b</color><scale>0.6</scale></IconStyle></Style>` + "\n"

func (b *bundler) kml(w io.Writer) error {
	out := bufio.NewWriter(w) // keeps the first error for Flush
	out.WriteString(xml.Header + "<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>\n" + kmlStyles)
	err := b.points(func(p *mapPoint) error {
		name, style := p.Sensor, "other"
		if p.Suspect {
			name, style = p.Cell, "suspect"
		}
		fmt.Fprintf(out, "<Placemark><name>%s</name><styleUrl>#%s</styleUrl><TimeStamp><when>%s</when></TimeStamp><ExtendedData>", xmlText(name), style, cell.AppendTime(nil, p.At))
		data := func(key, value string) {
			if value != "" {
				fmt.Fprintf(out, `<Data name="%s"><value>%s</value></Data>`, key, xmlText(value))
			}
		}
		data("sensor", p.Sensor)
		data("accuracy_m", decimal(p.Position.Accuracy))
		data("cell", p.Cell)
		if p.Level != nil {
			data("level_dbm", number(*p.Level))
		}
		data("events", strings.Join(p.Events, " "))
		data("findings", strings.Join(p.Findings, " "))
		_, err := fmt.Fprintf(out, "</ExtendedData><Point><coordinates>%s,%s</coordinates></Point></Placemark>\n",
			strconv.FormatFloat(p.Position.Lon, 'f', -1, 64), strconv.FormatFloat(p.Position.Lat, 'f', -1, 64))
		return err
	})
	out.WriteString("</Document></kml>\n")
	return cmp.Or(err, out.Flush())
}

// xmlText is a text in XML, safe to show.
func xmlText(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(evidence.Plain(s))) // a builder takes everything
	return b.String()
}
