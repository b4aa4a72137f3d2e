package cell

import (
	"math"
	"strconv"
	"time"
)

// AppendRecord appends one line of the interchange format, without the line end. Absent values are left out, and so
// are numbers that JSON cannot say (NaN, infinities).
func AppendRecord(dst []byte, r Record) []byte { return appendRecord(dst, r, r.From()) }

// appendRecord names another sensor than that of the record; empty: none.
func appendRecord(dst []byte, r Record, sensor string) []byte {
	o := object{b: append(dst, '{'), first: true}
	head := func(kind string) {
		o.text("kind", kind)
		o.time("time", r.When())
		o.optText("sensor", sensor)
	}
	switch r := r.(type) {
	case *Source:
		o.source(r)
	case *Observation:
		o.observation(r, sensor)
	case *Gap:
		head("gap")
		o.optTime("until", r.Until)
		o.optText("reason", r.Reason)
	case *Health:
		head("health")
		o.optText("reason", r.Reason)
		o.optText("detail", r.Detail)
		if r.Count != 0 {
			o.int("count", int64(r.Count))
		}
		o.texts("raw", r.Raw)
	case *Clock:
		head("clock")
		o.int("offset_ms", r.Offset.Milliseconds())
		o.optTime("since", r.Since)
	case *Message:
		o.message(r, sensor)
	case *Broadcast:
		o.broadcast(r, sensor)
	}
	return append(o.b, '}')
}

// AppendCell appends one cell as the interchange format writes it.
func AppendCell(dst []byte, c *Cell) []byte {
	o := object{b: append(dst, '{'), first: true}
	o.cell(c)
	return append(o.b, '}')
}

// MarshalJSON writes the cell as the interchange format does.
func (c Cell) MarshalJSON() ([]byte, error) { return AppendCell(nil, &c), nil }

// AppendTime appends a time as the format writes it: UTC, RFC 3339, a fraction only where there is one, in
// milliseconds where they suffice.
func AppendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 { // RFC 3339 has four digits
		t = time.Date(min(max(y, 0), 9999), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	switch ns := t.Nanosecond(); {
	case ns == 0:
		return t.AppendFormat(dst, "2006-01-02T15:04:05Z")
	case ns%1e6 == 0:
		return t.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	}
	return t.AppendFormat(dst, "2006-01-02T15:04:05.999999999Z")
}

// object writes the keys of one JSON object.
type object struct {
	b     []byte
	first bool
}

func (o *object) key(k string) {
	if !o.first {
		o.b = append(o.b, ',')
	}
	o.first = false
	o.b = append(append(append(o.b, '"'), k...), '"', ':')
}

func (o *object) text(k, v string) { o.key(k); o.b = appendText(o.b, v) }

func (o *object) optText(k, v string) {
	if v != "" {
		o.text(k, v)
	}
}

func (o *object) int(k string, v int64) { o.key(k); o.b = strconv.AppendInt(o.b, v, 10) }

func (o *object) time(k string, t time.Time) {
	o.key(k)
	o.b = append(AppendTime(append(o.b, '"'), t), '"')
}

func (o *object) optTime(k string, t time.Time) {
	if !t.IsZero() {
		o.time(k, t)
	}
}

func (o *object) yes(k string, v bool) {
	if v {
		o.key(k)
		o.b = append(o.b, "true"...)
	}
}

func (o *object) float(k string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	o.key(k)
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	o.b = strconv.AppendFloat(o.b, v, format, -1, 64)
}

func (o *object) texts(k string, v []string) {
	if len(v) == 0 {
		return
	}
	o.key(k)
	o.b = append(o.b, '[')
	for i, s := range v {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendText(o.b, s)
	}
	o.b = append(o.b, ']')
}

func (o *object) fields(k string, f Fields) { o.texts(k, f.Words()) }

func (o *object) nested(k string, f func(*object)) {
	o.key(k)
	in := object{b: append(o.b, '{'), first: true}
	f(&in)
	o.b = append(in.b, '}')
}

func optInt[T ~uint8 | ~uint16 | ~uint32 | ~uint64](o *object, k string, v Opt[T]) {
	if v.known {
		o.key(k)
		o.b = strconv.AppendUint(o.b, uint64(v.value), 10)
	}
}

func optFloat[T ~float64](o *object, k string, v Opt[T]) {
	if v.known {
		o.float(k, float64(v.value))
	}
}

func (o *object) source(s *Source) {
	o.int("vigie", int64(s.Version))
	o.optText("sensor", s.Sensor)
	o.optText("mode", string(s.Mode))
	o.optText("model", s.Model)
	o.optText("firmware", s.Firmware)
	o.optText("set", s.Set)
	o.optText("kit", s.Kit)
	o.yes("at", s.AT)
	o.yes("skew", s.Skew)
	o.yes("survey", s.Survey)
	o.fields("assumed", s.Assumed)
	if f, ok := s.Reports.Get(); ok {
		if f == 0 {
			o.key("reports")
			o.b = append(o.b, "[]"...)
		}
		o.fields("reports", f)
	}
}

func (o *object) observation(r *Observation, sensor string) {
	o.optTime("time", r.Time) // decoded text has none
	o.optText("sensor", sensor)
	o.optText("state", string(r.State))
	if r.Serving != nil {
		o.nested("serving", func(o *object) { o.cell(r.Serving) })
	}
	o.cells("neighbours", r.Neighbours)
	o.cells("secondary", r.Secondary)
	if r.Registration != nil {
		o.list("registration", len(r.Registration), func(i int) { o.registration(&r.Registration[i]) })
	}
	if p := r.Position; p != nil {
		o.nested("position", func(o *object) {
			o.float("lat", p.Lat)
			o.float("lon", p.Lon)
			optFloat(o, "accuracy_m", p.Accuracy)
			optFloat(o, "speed_mps", p.Speed)
			o.optText("source", p.Source)
		})
	}
	o.yes("survey", r.Survey)
	o.texts("raw", r.Raw)
}

// list writes n objects, whose keys item writes.
func (o *object) list(k string, n int, item func(i int)) {
	o.key(k)
	o.b = append(o.b, '[')
	for i := range n {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b, o.first = append(o.b, '{'), true
		item(i)
		o.b, o.first = append(o.b, '}'), false
	}
	o.b = append(o.b, ']')
}

func (o *object) cells(k string, cs []Cell) {
	if cs != nil {
		o.list(k, len(cs), func(i int) { o.cell(&cs[i]) })
	}
}

func (o *object) registration(r *Registration) {
	o.optText("domain", string(r.Domain))
	optInt(o, "status", r.Status)
	optInt(o, "act", r.AcT)
	optInt(o, "area", r.Area)
	optInt(o, "cell_id", r.CellID)
	optInt(o, "cause_type", r.CauseType)
	optInt(o, "cause", r.Cause)
}

func (o *object) cell(c *Cell) {
	o.optText("rat", c.RAT.String())
	o.optText("mcc", c.MCC)
	o.optText("mnc", c.MNC)
	optInt(o, "area", c.Area)
	optInt(o, "cell_id", c.ID)
	optInt(o, "pci", c.PCI)
	optInt(o, "arfcn", c.ARFCN)
	optInt(o, "band", c.Band)
	optInt(o, "bandwidth_khz", c.Bandwidth)
	optFloat(o, "rsrp", c.RSRP)
	optFloat(o, "rsrq", c.RSRQ)
	optFloat(o, "rssi", c.RSSI)
	optFloat(o, "sinr", c.SINR)
	optFloat(o, "rscp", c.RSCP)
	optFloat(o, "ecio", c.EcIo)
	optInt(o, "ta", c.TA)
	optInt(o, "priority", c.Priority)
	optFloat(o, "thresh_high", c.ThreshHigh)
	optFloat(o, "thresh_low", c.ThreshLow)
	optFloat(o, "srxlev", c.SRxLev)
	o.fields("placeholder", c.Placeholder)
}

// Encoder appends the lines of one file. It leaves out the sensor where the source line in force says it already. The
// zero Encoder is at the start of a file.
type Encoder struct{ sensor string }

// Append appends one line, with its end.
func (e *Encoder) Append(dst []byte, r Record) []byte {
	sensor := r.From()
	if _, source := r.(*Source); source {
		e.sensor = sensor
	} else if sensor == e.sensor {
		sensor = ""
	}
	return append(appendRecord(dst, r, sensor), '\n')
}
