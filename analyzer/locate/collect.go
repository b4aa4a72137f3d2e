package locate

import (
	"math"
	"time"

	"vigie/cell"
)

// Collector takes the samples of one cell out of records. Heard is a row with its identity, or, once its PCI and channel are known, a
// neighbour row with these and no identity. Asked and unheard is a round of the same modem that listed neighbours on its channel, or
// found no service, within Around of a moment at which the cell was heard: before and after that it may have been switched off.
//
// A modem that lists no neighbours was never asked: that it camped elsewhere says nothing.
type Collector struct {
	Around time.Duration // 0: ten minutes

	want    cell.Cell
	known   cell.Cell // want, filled with what was heard of it
	sensors map[string]*receiver
	samples []Sample
	every   int // samples to take one of, since there are many
	skipped int
}

// receiver is what is remembered of one sensor.
type receiver struct {
	camped  bool      // on the cell, once
	last    time.Time // heard
	pending []row     // rounds of the time Around, in which it was asked and not heard, before it is known whether it was on
}

// row is a round that did not name the cell.
type row struct {
	sample Sample
	rows   []cell.Cell // neighbours without identity, until PCI and channel are known
	served *cell.Cell  // RAT and channel that the modem was on, until those of the cell are known
	camp   bool        // says something only of a modem that has camped on the cell
}

// mostCollected bounds the samples that are held; when there are more, every second one is dropped.
const mostCollected = 1 << 17

// NewCollector returns a Collector for the cell with this identity: RAT and ID, and what is known of PLMN and area.
func NewCollector(want cell.Cell) *Collector {
	return &Collector{want: want, known: want, sensors: map[string]*receiver{}, every: 1}
}

// Cell is the cell, as its records describe it.
func (c *Collector) Cell() cell.Cell { return c.known }

// Samples are those collected so far.
func (c *Collector) Samples() []Sample { return c.samples }

// Add takes the next record. Records of one sensor come in order of time.
func (c *Collector) Add(r cell.Record) {
	o, ok := r.(*cell.Observation)
	if !ok || o.Position == nil {
		return
	}
	s := c.sensors[o.Sensor]
	if s == nil {
		s = &receiver{}
		c.sensors[o.Sensor] = s
	}
	sample := Sample{Sensor: o.Sensor, Time: o.Time, Lat: o.Position.Lat, Lon: o.Position.Lon, Accuracy: o.Position.Accuracy}
	if heard := c.find(o, s); heard != nil {
		c.heard(s, sample, heard)
		return
	}
	if asked := c.asked(o, &sample); asked != nil {
		c.unheard(s, *asked)
	}
}

// find returns the row of the cell in a round.
func (c *Collector) find(o *cell.Observation, s *receiver) *cell.Cell {
	if o.Serving != nil && c.is(o.Serving) {
		c.known.Fill(o.Serving)
		s.camped = s.camped || !o.Survey
		return o.Serving
	}
	for _, list := range [][]cell.Cell{o.Neighbours, o.Secondary} {
		for i := range list {
			if c.is(&list[i]) {
				c.known.Fill(&list[i])
				return &list[i]
			}
			if c.alias(&list[i]) {
				return &list[i]
			}
		}
	}
	return nil
}

// is reports whether a row carries the identity.
func (c *Collector) is(row *cell.Cell) bool {
	return row.RAT == c.want.RAT && row.ID.Known() && row.ID == c.want.ID && cell.Same(&cell.Cell{RAT: c.want.RAT, MCC: c.want.MCC, MNC: c.want.MNC, Area: c.want.Area},
		&cell.Cell{RAT: row.RAT, MCC: row.MCC, MNC: row.MNC, Area: row.Area})
}

// alias reports whether a row without identity has the cell's PCI and channel.
func (c *Collector) alias(row *cell.Cell) bool {
	return row.RAT == c.known.RAT && !row.ID.Known() && row.PCI.Known() && row.ARFCN.Known() && row.PCI == c.known.PCI && row.ARFCN == c.known.ARFCN
}

// level is what the model speaks of: the power of the pilot, or of the carrier in GSM. The whole band's is not the cell's.
func level(c *cell.Cell) cell.Opt[cell.DBm] {
	switch c.RAT {
	case cell.GSM:
		return c.RSSI
	case cell.UMTS:
		return c.RSCP
	}
	return c.RSRP
}

func (c *Collector) heard(s *receiver, sample Sample, heard *cell.Cell) {
	sample.Level, sample.TA = level(heard), heard.TA
	if !sample.Level.Known() {
		return
	}
	for _, p := range s.pending {
		if sample.Time.Sub(p.sample.Time) <= c.around() && (s.camped || !p.camp) && c.onChannel(p.served) {
			c.keep(c.resolve(p))
		}
	}
	s.pending = s.pending[:0]
	s.last = sample.Time
	c.keep(sample)
}

// resolve looks again at a round before PCI and channel were known: it may have heard the cell.
func (c *Collector) resolve(p row) Sample {
	for i := range p.rows {
		if l := level(&p.rows[i]); c.alias(&p.rows[i]) && l.Known() {
			p.sample.Level = l
		}
	}
	return p.sample
}

func (c *Collector) around() time.Duration {
	if c.Around > 0 {
		return c.Around
	}
	return 10 * time.Minute
}

// mostPending bounds the rounds that wait, 10 minutes at 7 Hz.
const mostPending = 4096

func (c *Collector) unheard(s *receiver, p row) {
	if since := p.sample.Time.Sub(s.last); !s.last.IsZero() && since >= 0 && since <= c.around() {
		if s.camped || !p.camp {
			c.keep(p.sample)
		}
		return
	}
	if len(s.pending) == mostPending {
		s.pending = s.pending[:copy(s.pending, s.pending[mostPending/2:])]
	}
	s.pending = append(s.pending, p)
}

func (c *Collector) keep(s Sample) {
	if c.skipped++; c.skipped%c.every != 0 {
		return
	}
	if len(c.samples) == mostCollected {
		for i := range mostCollected / 2 {
			c.samples[i] = c.samples[2*i]
		}
		c.samples = c.samples[:mostCollected/2]
		c.every *= 2
	}
	c.samples = append(c.samples, s)
}

// Levels above which a modem lists a cell that is there, in dBm.
func hearing(rat cell.RAT) cell.DBm {
	switch rat {
	case cell.GSM:
		return -104
	case cell.UMTS:
		return -113
	}
	return -118
}

const (
	maskedBy = 6 // dB below the serving cell on its own channel, a neighbour is still found (TS 36.133 clause 8.1.2.2.1: Es/Iot of -6 dB)
	fullList = 6 // rows of a list that may be full: what is weaker is left out
)

// asked reports what a round says of a cell that it does not name: nil if it did not ask.
func (c *Collector) asked(o *cell.Observation, sample *Sample) *row {
	sample.Limit = hearing(c.want.RAT)
	if o.Neighbours == nil {
		if o.Survey || o.Serving != nil || o.State != cell.NoService {
			return nil
		}
		return &row{sample: *sample, camp: true}
	}
	if !c.onChannel(o.Serving) {
		return nil
	}
	if o.Serving != nil && c.want.RAT != cell.GSM {
		if l, ok := level(o.Serving).Get(); ok {
			sample.Limit = max(sample.Limit, l-maskedBy)
		}
	}
	p := row{}
	same, weakest := 0, cell.DBm(math.Inf(1))
	for i := range o.Neighbours {
		n := &o.Neighbours[i]
		if n.RAT != c.want.RAT {
			continue
		}
		if l, ok := level(n).Get(); ok {
			same, weakest = same+1, min(weakest, l)
		}
		if !c.known.PCI.Known() && !n.ID.Known() && n.PCI.Known() {
			p.rows = append(p.rows, cell.Cell{RAT: n.RAT, PCI: n.PCI, ARFCN: n.ARFCN, RSRP: n.RSRP, RSCP: n.RSCP, RSSI: n.RSSI})
		}
	}
	if same >= fullList {
		sample.Limit = max(sample.Limit, weakest)
	}
	p.sample = *sample
	if o.Serving != nil && !c.known.ARFCN.Known() {
		p.served = &cell.Cell{RAT: o.Serving.RAT, ARFCN: o.Serving.ARFCN}
	}
	return &p
}

// onChannel reports whether a modem that camps on serving looks for the cell: in GSM on every channel of its list, else only on its own.
func (c *Collector) onChannel(serving *cell.Cell) bool {
	if serving == nil {
		return true
	}
	a, okA := serving.ARFCN.Get()
	b, okB := c.known.ARFCN.Get()
	return serving.RAT == c.want.RAT && (serving.RAT == cell.GSM || !okA || !okB || a == b)
}
