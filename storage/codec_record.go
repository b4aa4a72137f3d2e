package storage

import (
	"math"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// timeKey is a time in nanoseconds since 1970, by which records are sorted. Before 1678 and after 2261 it is the least or
// greatest key and exact is false; the record then holds its full time.
func timeKey(t time.Time) (key int64, exact bool) {
	const last = math.MaxInt64 / 1_000_000_000
	switch sec := t.Unix(); {
	case sec < -last:
		return math.MinInt64, false
	case sec >= last:
		return math.MaxInt64, false
	}
	return t.UnixNano(), true
}

// keyOf is the time key of a time, exact or not.
func keyOf(t time.Time) int64 {
	key, _ := timeKey(t)
	return key
}

func keyTime(key int64) time.Time { return time.Unix(0, key).UTC() }

// encodeRecord appends the stored form of a record: without its sensor, which its source row names, without its time if the key
// holds it, and without its raw lines, which have a table of their own.
func encodeRecord(dst []byte, r cell.Record) []byte {
	c := &coder{b: append(dst, codecVersion), writing: true}
	_, exact := timeKey(r.When())
	c.record(r, exact)
	return c.b
}

// decodeRecord is the inverse.
func decodeRecord(b []byte, kind Kinds, sensor string, key int64) (_ cell.Record, err error) {
	defer caught(&err)
	if len(b) == 0 || b[0] != codecVersion {
		return nil, errCodec
	}
	c := &coder{b: b[1:]}
	var r cell.Record
	at := keyTime(key)
	switch kind {
	case Observations:
		r = &cell.Observation{Sensor: sensor, Time: at}
	case Gaps:
		r = &cell.Gap{Sensor: sensor, Time: at}
	case Healths:
		r = &cell.Health{Sensor: sensor, Time: at}
	case Clocks:
		r = &cell.Clock{Sensor: sensor, Time: at}
	case Sources:
		r = &cell.Source{Sensor: sensor}
	case Messages:
		r = &cell.Message{Sensor: sensor, Time: at}
	case Broadcasts:
		r = &cell.Broadcast{Sensor: sensor, Time: at}
	default:
		return nil, errCodec
	}
	if c.record(r, true); c.done() != nil {
		return nil, errCodec
	}
	return r, nil
}

// decodeSource reads the body of a source row; nil for a sensor that sent no source line.
func decodeSource(body []byte, sensor string) (*cell.Source, error) {
	if body == nil {
		return nil, nil
	}
	r, err := decodeRecord(body, Sources, sensor, 0)
	if err != nil {
		return nil, err
	}
	return r.(*cell.Source), nil
}

// kindOf is the kind of a record; 0 for nil, a nil pointer or another type.
func kindOf(r cell.Record) Kinds {
	switch r := r.(type) {
	case *cell.Observation:
		return there(r != nil, Observations)
	case *cell.Gap:
		return there(r != nil, Gaps)
	case *cell.Health:
		return there(r != nil, Healths)
	case *cell.Clock:
		return there(r != nil, Clocks)
	case *cell.Source:
		return there(r != nil, Sources)
	case *cell.Message:
		return there(r != nil, Messages)
	case *cell.Broadcast:
		return there(r != nil, Broadcasts)
	}
	return 0
}

func there(there bool, k Kinds) Kinds {
	if !there {
		return 0
	}
	return k
}

// withRaw are the kinds that have raw lines.
const withRaw = Observations | Healths

// rawOf points to the raw lines of a record; nil for a kind that has none.
func rawOf(r cell.Record) *[]string {
	switch r := r.(type) {
	case *cell.Observation:
		return &r.Raw
	case *cell.Health:
		return &r.Raw
	}
	return nil
}

func (c *coder) record(r cell.Record, exact bool) {
	switch r := r.(type) {
	case *cell.Observation:
		c.observation(r, exact)
	case *cell.Gap:
		masked(c, func(m *mask) {
			c.farTime(m, &r.Time, exact)
			if m.has(!r.Until.IsZero()) {
				c.time(&r.Until)
			}
		})
		text(c, &r.Reason)
	case *cell.Health:
		masked(c, func(m *mask) {
			c.farTime(m, &r.Time, exact)
			c.hasRaw(m, &r.Raw)
		})
		text(c, &r.Reason)
		text(c, &r.Detail)
		signed(c, &r.Count)
	case *cell.Clock:
		masked(c, func(m *mask) {
			c.farTime(m, &r.Time, exact)
			if m.has(!r.Since.IsZero()) {
				c.time(&r.Since)
			}
		})
		signed(c, &r.Offset)
	case *cell.Source:
		c.source(r)
	case *cell.Message:
		c.message(r, exact)
	case *cell.Broadcast:
		c.broadcast(r, exact)
	}
}

// farTime codes a time that the key cannot hold.
func (c *coder) farTime(m *mask, t *time.Time, exact bool) {
	if m.has(!exact) {
		c.time(t)
	}
}

// hasRaw codes whether the list of raw lines is nil. The lines are stored in a table of their own.
func (c *coder) hasRaw(m *mask, raw *[]string) {
	if m.has(*raw != nil) && !c.writing {
		*raw = []string{}
	}
}

var (
	states          = []cell.State{"", cell.Searching, cell.Limited, cell.Idle, cell.Connected, cell.NoService}
	domains         = []cell.Domain{"", cell.CS, cell.PS, cell.EPS, cell.FGS}
	positionSources = []string{"", "gnss", "gpsd", "phone"}
	modes           = []cell.Mode{"", cell.Fixed, cell.Mobile}
)

func (c *coder) observation(o *cell.Observation, exact bool) {
	masked(c, func(m *mask) {
		if m.has(o.State != "") {
			enum(c, &o.State, states)
		}
		if m.has(o.Serving != nil) {
			pointer(c, &o.Serving, (*coder).cell)
		}
		if m.has(o.Neighbours != nil) {
			list(c, &o.Neighbours, (*coder).cell)
		}
		c.hasRaw(m, &o.Raw)
		if m.has(o.Registration != nil) {
			list(c, &o.Registration, (*coder).registration)
		}
		if m.has(o.Position != nil) {
			pointer(c, &o.Position, (*coder).position)
		}
		if m.has(o.Secondary != nil) {
			list(c, &o.Secondary, (*coder).cell)
		}
		m.flag(c, &o.Survey)
		c.farTime(m, &o.Time, exact)
	})
}

func pointer[T any](c *coder, p **T, code func(*coder, *T)) {
	if !c.writing {
		*p = new(T)
	}
	code(c, *p)
}

// cell codes the values that neighbours have first, so that their mask takes one byte.
func (c *coder) cell(x *cell.Cell) {
	number(c, &x.RAT)
	masked(c, func(m *mask) {
		maybeNumber(c, m, &x.ARFCN)
		maybeNumber(c, m, &x.PCI)
		maybeFloat(c, m, &x.RSRP)
		maybeFloat(c, m, &x.RSRQ)
		maybeFloat(c, m, &x.RSSI)
		maybeFloat(c, m, &x.SRxLev)
		maybeNumber(c, m, &x.Priority)
		if m.has(x.MCC != "" || x.MNC != "") {
			text(c, &x.MCC)
			text(c, &x.MNC)
		}
		maybeNumber(c, m, &x.Area)
		maybeNumber(c, m, &x.ID)
		maybeNumber(c, m, &x.Band)
		maybeNumber(c, m, &x.Bandwidth)
		maybeFloat(c, m, &x.SINR)
		maybeNumber(c, m, &x.TA)
		maybeFloat(c, m, &x.ThreshHigh)
		maybeFloat(c, m, &x.ThreshLow)
		maybeFloat(c, m, &x.RSCP)
		maybeFloat(c, m, &x.EcIo)
		maybe(c, m, &x.Placeholder, number)
	})
}

func (c *coder) registration(r *cell.Registration) {
	enum(c, &r.Domain, domains)
	masked(c, func(m *mask) {
		maybeNumber(c, m, &r.Status)
		maybeNumber(c, m, &r.AcT)
		maybeNumber(c, m, &r.Area)
		maybeNumber(c, m, &r.CellID)
		maybeNumber(c, m, &r.CauseType)
		maybeNumber(c, m, &r.Cause)
	})
}

func (c *coder) position(p *cell.Position) {
	float(c, &p.Lat)
	float(c, &p.Lon)
	masked(c, func(m *mask) {
		maybeFloat(c, m, &p.Accuracy)
		maybeFloat(c, m, &p.Speed)
		if m.has(p.Source != "") {
			enum(c, &p.Source, positionSources)
		}
	})
}

func (c *coder) source(s *cell.Source) {
	signed(c, &s.Version)
	enum(c, &s.Mode, modes)
	text(c, &s.Model)
	text(c, &s.Firmware)
	text(c, &s.Set)
	masked(c, func(m *mask) {
		maybeNumber(c, m, &s.Reports)
		m.flag(c, &s.Skew)
		maybe(c, m, &s.Assumed, number)
		m.flag(c, &s.Survey)
		m.flag(c, &s.AT)
		maybe(c, m, &s.Kit, text)
	})
}

// encodeEvent is the stored form of an event.
func encodeEvent(e *analyzer.Event) []byte {
	c := &coder{b: []byte{codecVersion}, writing: true}
	c.event(e)
	if p := e.Wording().Phrases; p != nil {
		c.b[0] = phrasesVersion
		c.phrases(p)
	}
	return c.b
}

func decodeEvent(b []byte) (e analyzer.Event, err error) {
	defer caught(&err)
	if len(b) == 0 || b[0] != codecVersion && b[0] != phrasesVersion {
		return e, errCodec
	}
	c := &coder{b: b[1:]}
	c.event(&e)
	if b[0] == phrasesVersion {
		var p analyzer.Phrases
		c.phrases(&p)
		e = analyzer.Worded{Event: e, Phrases: &p}.Take()
	}
	if c.done() != nil {
		return analyzer.Event{}, errCodec
	}
	return e, nil
}

func (c *coder) event(e *analyzer.Event) {
	text(c, &e.ID)
	text(c, &e.Sensor)
	number(c, &e.Severity)
	text(c, &e.State)
	c.time(&e.First)
	c.time(&e.Opened)
	c.time(&e.Last)
	float(c, &e.Score)
	list(c, &e.Cells, (*coder).cell)
	list(c, &e.Findings, (*coder).finding)
	text(c, &e.Summary)
	c.texts(&e.InnocentCauses)
}

func (c *coder) finding(f *analyzer.Finding) {
	text(c, &f.Rule)
	signed(c, &f.Version)
	number(c, &f.Severity)
	c.time(&f.First)
	c.time(&f.Last)
	text(c, &f.Summary)
	list(c, &f.Evidence, func(c *coder, e *analyzer.Evidence) {
		c.time(&e.Time)
		c.texts(&e.Raw)
	})
}

// phrases are what the summaries of an event and of its findings were made of: see phrasesVersion.
func (c *coder) phrases(p *analyzer.Phrases) {
	list(c, &p.Summary, (*coder).phrase)
	list(c, &p.Findings, func(c *coder, of *[]analyzer.Phrase) { list(c, of, (*coder).phrase) })
}

func (c *coder) phrase(p *analyzer.Phrase) {
	text(c, &p.Format)
	list(c, &p.Args, func(c *coder, a *analyzer.Arg) {
		enum(c, &a.Kind, analyzer.ArgKinds)
		masked(c, func(m *mask) {
			maybe(c, m, &a.Text, text)
			if m.has(a.Number != 0) {
				if float(c, &a.Number); a.Number-a.Number != 0 {
					a.Number = 0 // not finite: JSON has no word for it, and no sentence says it
				}
			}
			if m.has(a.Cell != cell.Cell{}) {
				c.cell(&a.Cell)
			}
			m.flag(c, &a.Hidden)
		})
	})
}
