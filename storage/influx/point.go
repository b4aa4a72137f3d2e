package influx

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// What is sent to InfluxDB (docs/influxdb.md): measurements serving, neighbour, registration, event, finding, gap,
// health, message and broadcast. A
// point depends only on its entry, so sending it again changes nothing.

const (
	maxText = 2 << 10   // bytes of a text field
	maxJSON = 512 << 10 // bytes of an event in JSON; servers take fields of a megabyte
	maxRows = 32        // values of the tag row
)

// shape says what is sent.
type shape struct {
	positions bool
}

// add writes the points of an entry. ok is false if InfluxDB cannot hold its time.
func (f shape) add(p *points, e storage.Entry) (ok bool) {
	if e.Event != nil {
		return f.event(p, e.Seq, e.Event)
	}
	tie := e.Seq
	switch r := e.Record.(type) {
	case *cell.Source, nil:
		return true
	case *cell.Gap:
		tie = digits(r.Reason)
	}
	at, ok := tick(e.Record.When(), tie)
	if !ok {
		return false
	}
	switch r := e.Record.(type) {
	case *cell.Observation:
		f.observation(p, e.Seq, at, r)
	case *cell.Gap:
		f.gap(p, e.Seq, at, r)
	case *cell.Health:
		l := p.begin("health")
		l.tag("sensor", r.Sensor)
		l.text("reason", r.Reason, maxText)
		l.text("detail", r.Detail, maxText)
		if r.Count != 0 {
			l.int("count", int64(r.Count))
		}
		l.end(e.Seq, at)
	case *cell.Clock:
		l := p.begin("health")
		l.tag("sensor", r.Sensor)
		l.text("reason", "clock", maxText)
		l.float("offset_s", r.Offset.Seconds())
		l.time("since", r.Since)
		l.end(e.Seq, at)
	case *cell.Message:
		f.message(p, e.Seq, at, r)
	case *cell.Broadcast:
		f.broadcast(p, e.Seq, at, r)
	}
	return true
}

const millisecond = int64(time.Millisecond)

// tick is the time of a point in nanoseconds: that of its entry to the millisecond, and below it six digits that distinguish
// what was observed in one millisecond, since InfluxDB keeps one point per series and time.
func tick(t time.Time, tie int64) (ns int64, ok bool) {
	const most = math.MaxInt64/millisecond - 1_000
	ms := t.UnixMilli()
	if y := t.Year(); y < 1678 || y > 2261 || ms < -most || ms > most {
		return 0, false
	}
	return ms*millisecond + (tie%millisecond+millisecond)%millisecond, true
}

// digits are six digits derived from texts, for entries that have a name rather than a number.
func digits(texts ...string) int64 {
	h := fnv.New64a()
	for _, s := range texts {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	return int64(h.Sum64() % uint64(millisecond))
}

func (f shape) observation(p *points, seq, at int64, o *cell.Observation) {
	if o.Survey { // a cell that was found, not the one camped on
		f.row(p, seq, at, o.Sensor, "survey", 0, o.Serving)
	} else if o.Serving != nil || o.State != "" || o.Neighbours != nil {
		f.serving(p, seq, at, o)
	}
	for i := range o.Neighbours {
		f.row(p, seq, at, o.Sensor, "neighbour", i, &o.Neighbours[i])
	}
	for i := range o.Secondary {
		f.row(p, seq, at, o.Sensor, "secondary", i, &o.Secondary[i])
	}
	for i := range o.Registration {
		r := &o.Registration[i]
		again := int64(0)
		for _, before := range o.Registration[:i] {
			if domain(before.Domain) == domain(r.Domain) {
				again++
			}
		}
		l := p.begin("registration")
		l.tag("domain", domain(r.Domain))
		l.tag("sensor", o.Sensor)
		optInt(&l, "status", r.Status)
		if r.Status.Known() {
			l.bool("registered", r.Registered())
		}
		optInt(&l, "act", r.AcT)
		optInt(&l, "area", r.Area)
		optInt(&l, "cell_id", r.CellID)
		optInt(&l, "cause_type", r.CauseType)
		optInt(&l, "cause", r.Cause)
		l.end(seq, at+again*millisecond)
	}
}

// domain is the value of the tag; a domain that does not exist is "other".
func domain(d cell.Domain) string {
	switch d {
	case cell.CS, cell.PS, cell.EPS, cell.FGS:
		return string(d)
	}
	return "other"
}

func (f shape) serving(p *points, seq, at int64, o *cell.Observation) {
	l := p.begin("serving")
	if c := o.Serving; c != nil {
		tagCell(&l, c)
		l.tag("plmn", knownPLMN(c.PLMN()))
		l.tag("rat", c.RAT.String())
	}
	l.tag("sensor", o.Sensor)
	l.text("state", string(o.State), maxText)
	if c := o.Serving; c != nil {
		if g := c.RAT.Generation(); g != 0 {
			l.int("generation", int64(g))
		}
		cellFields(&l, c)
	}
	if o.Neighbours != nil {
		l.int("neighbours", int64(len(o.Neighbours)))
	}
	if at := o.Position; at != nil && f.positions {
		l.float("lat", at.Lat)
		l.float("lon", at.Lon)
		optFloat(&l, "accuracy_m", at.Accuracy)
		optFloat(&l, "speed_mps", at.Speed)
	}
	l.end(seq, at)
}

// row writes a cell that was reported next to the serving one, as the place-th of its answer. Rows beyond the values of the
// tag get a time that is a millisecond later.
func (f shape) row(p *points, seq, at int64, sensor, role string, place int, c *cell.Cell) {
	if c == nil {
		return
	}
	l := p.begin("neighbour")
	tagCell(&l, c)
	l.tag("rat", c.RAT.String())
	l.tag("role", role)
	l.tagInt("row", int64(place%maxRows))
	l.tag("sensor", sensor)
	cellFields(&l, c)
	l.end(seq, at+int64(place/maxRows)*millisecond)
}

// tagCell writes the band, if the RAT has such a band.
func tagCell(l *point, c *cell.Cell) {
	if b, ok := c.Band.Get(); ok && b.Name(c.RAT) != "" {
		l.tagInt("band", int64(b))
	}
}

func cellFields(l *point, c *cell.Cell) {
	l.text("mcc", c.MCC, 16)
	l.text("mnc", c.MNC, 16)
	optInt(l, "area", c.Area)
	optInt(l, "cell_id", c.ID)
	optInt(l, "pci", c.PCI)
	optInt(l, "arfcn", c.ARFCN)
	optInt(l, "bandwidth_khz", c.Bandwidth)
	optFloat(l, "level", c.Level())
	optFloat(l, "rsrp", c.RSRP)
	optFloat(l, "rsrq", c.RSRQ)
	optFloat(l, "rssi", c.RSSI)
	optFloat(l, "sinr", c.SINR)
	optFloat(l, "rscp", c.RSCP)
	optFloat(l, "ecio", c.EcIo)
	optInt(l, "ta", c.TA)
	optInt(l, "priority", c.Priority)
	optFloat(l, "thresh_high", c.ThreshHigh)
	optFloat(l, "thresh_low", c.ThreshLow)
	optFloat(l, "srxlev", c.SRxLev)
	if c.Placeholder != 0 {
		l.text("placeholder", c.Placeholder.String(), maxText)
	}
}

// gap writes one point for a gap, whether it is open or has ended: when it ends, the point is overwritten.
func (f shape) gap(p *points, seq, at int64, g *cell.Gap) {
	l := p.begin("gap")
	l.tag("sensor", g.Sensor)
	l.text("reason", g.Reason, maxText)
	l.bool("open", g.Until.IsZero())
	if !g.Until.IsZero() {
		l.time("until", g.Until)
		l.float("duration_s", g.Until.Sub(g.Time).Seconds())
	}
	l.end(seq, at)
}

// event writes one point for the event and one for each finding. What changes while an event is open (severity, state, last)
// is in fields, not in tags, so that a newer form of the event overwrites the older one.
func (f shape) event(p *points, seq int64, e *analyzer.Event) bool {
	at, ok := tick(e.First, digits(e.ID))
	if !ok {
		return false
	}
	l := p.begin("event")
	l.tag("sensor", e.Sensor)
	l.text("id", e.ID, maxText)
	l.text("severity", e.Severity.String(), maxText)
	l.int("severity_level", int64(e.Severity))
	l.text("state", string(e.State), maxText)
	l.time("opened", e.Opened)
	l.time("last", e.Last)
	l.float("duration_s", e.Last.Sub(e.First).Seconds())
	l.float("score", e.Score)
	l.text("summary", e.Summary, maxText)
	var rules []string
	for i := range e.Findings {
		rules = append(rules, e.Findings[i].Rule)
	}
	l.text("rules", strings.Join(rules, " "), maxText)
	l.int("cells", int64(len(e.Cells)))
	l.text("json", eventJSON(e), maxJSON)
	l.end(seq, at)
	for i := range e.Findings {
		g := &e.Findings[i]
		again := int64(0)
		for k := range e.Findings[:i] {
			if e.Findings[k].Rule == g.Rule {
				again++
			}
		}
		at, ok := tick(g.First, digits(e.ID, g.Rule))
		if !ok {
			continue
		}
		l := p.begin("finding")
		l.tag("rule", g.Rule)
		l.tag("sensor", e.Sensor)
		l.text("event", e.ID, maxText)
		l.int("version", int64(g.Version))
		l.text("severity", g.Severity.String(), maxText)
		l.int("severity_level", int64(g.Severity))
		l.time("last", g.Last)
		l.float("duration_s", g.Last.Sub(g.First).Seconds())
		l.text("summary", g.Summary, maxText)
		l.int("evidence", int64(len(g.Evidence)))
		l.end(seq, at+again*millisecond)
	}
	return true
}

// eventJSON is the event as vigie replay prints it, from which it is read back. An event that is too large for a field goes
// without its evidence; the store has it.
func eventJSON(e *analyzer.Event) string {
	if text := plainJSON(e); text != "" && len(text) <= maxJSON {
		return text
	}
	short := *e
	short.Findings = append([]analyzer.Finding(nil), e.Findings...)
	for i := range short.Findings {
		short.Findings[i].Evidence = nil
	}
	if text := plainJSON(&short); len(text) <= maxJSON {
		return text
	}
	return ""
}

// plainJSON is the event in JSON, with the characters escaped that clean would remove; empty if JSON cannot express it.
func plainJSON(e *analyzer.Event) string {
	text, err := json.Marshal(e)
	if err != nil {
		return ""
	}
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range string(text) {
		if unwanted(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// knownPLMN is the PLMN as MCC-MNC if a network with that code exists, however the modem printed it; otherwise empty. Whoever
// operates a cell chooses its PLMN, and every value of a tag costs the server memory permanently, so only networks that exist
// become a tag.
func knownPLMN(p cell.PLMN) string {
	if n := p.Listed(); n.Exists() {
		return n.Code
	}
	return ""
}
