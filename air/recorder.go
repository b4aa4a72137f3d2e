package air

import (
	"bytes"
	"reflect"
	"time"

	"vigie/cell"
)

// Recorder turns the messages of one modem, in the order in which they came, into records: what a cell says of itself into
// broadcasts, what can matter into messages without identities, and the cells that the modem uses and measures into observations, as AT
// commands would give them. It keeps no message and asks no clock. The zero Recorder with Emit set is ready.
type Recorder struct {
	Sensor string
	Emit   func(cell.Record) // gets each record; it may keep it

	now       time.Time // of the last message; it does not go back
	cells     broadcasts
	serving   cell.Cell // the last that the modem named as its own; UnknownRAT: none
	observed  time.Time // when serving was last emitted
	measuring measuring
	last      *cell.Message // that was emitted
	again     *cell.Message // the repeats of last, with their number; nil: none
	paging    pagingMinute
}

// Message takes a message that was decoded, and its bytes. It keeps none of the two.
func (r *Recorder) Message(m *cell.Message, payload []byte) {
	r.advance(m.Time)
	if m.Layer == cell.NAS {
		if keepNAS(m) {
			r.keep(m, payload)
		}
		return
	}
	switch m.Name {
	case "systemInformationBlockType1":
		r.broadcast(m)
		r.sib1(m)
	case "systemInformation":
		r.broadcast(m)
	case "paging":
		r.paging.add(&m.Fields)
	case "measurementReport":
		r.measured(m, payload)
	case "rrcConnectionReconfiguration":
		r.measuring.configure(m.Channel, payload)
		if m.Fields.TargetPCI.Known() || m.Fields.HandoverType != "" {
			r.keep(m, payload)
		}
	case "rrcConnectionRelease":
		r.measuring = measuring{}
		r.keep(m, payload)
	case "rrcConnectionRequest", "rrcConnectionReject", "rrcConnectionReestablishmentRequest", "rrcConnectionReestablishmentReject",
		"securityModeCommand", "securityModeFailure", "mobilityFromEUTRACommand":
		r.keep(m, payload)
	}
}

// keepNAS reports whether a NAS message can matter. What is ciphered says nothing; what is logged protected is logged plain too.
func keepNAS(m *cell.Message) bool {
	const protectedDown, protectedUp = 0xB0EA, 0xB0EB
	return m.Channel == "EMM" && !m.Fields.Ciphered && m.Name != "" && m.Name != "service-request" && m.Log != protectedDown && m.Log != protectedUp
}

// advance sets the time, and emits what is due.
func (r *Recorder) advance(at time.Time) {
	if !at.After(r.now) {
		return
	}
	if due := r.paging.due(at); due != nil {
		r.emitMessage(due)
	}
	if r.last != nil && at.Sub(r.last.Time) > repeatsFor {
		r.endRepeats()
	}
	r.now = at
	r.cells.due(at, r.emitBroadcast)
}

// ClockSet says that the clock of the messages was set to a time, by that much. What is held back is emitted at the old one.
func (r *Recorder) ClockSet(to time.Time, by time.Duration) {
	r.Flush()
	r.now, r.observed = to, r.observed.Add(by)
	r.paging = pagingMinute{}
	for _, h := range r.cells.cells {
		h.told24, h.lastSeen = h.told24.Add(by), h.lastSeen.Add(by)
	}
}

// Flush emits what is held back. It is called when no message came for a while, and at the end.
func (r *Recorder) Flush() {
	r.endRepeats()
	if due := r.paging.end(); due != nil {
		r.emitMessage(due)
	}
	r.cells.flush(r.emitBroadcast)
}

// repeatsFor is how long equal messages in a row are counted as one record.
const repeatsFor = time.Minute

// keep emits a message without identities, at once; if it says what the last one did, it is counted instead.
func (r *Recorder) keep(m *cell.Message, payload []byte) {
	kept := *m
	kept.Leaves = nil
	kept.Payload = payload
	kept.Payload = Scrubbed(&kept)
	if r.last != nil && sameMessage(r.last, &kept) {
		if r.again == nil {
			r.again = &kept
		}
		r.again.Count++
		return
	}
	r.endRepeats()
	r.emitMessage(&kept)
	r.last = &kept
}

func (r *Recorder) endRepeats() {
	if r.again != nil {
		r.emitMessage(r.again)
	}
	r.last, r.again = nil, nil
}

func (r *Recorder) emitMessage(m *cell.Message) {
	out := *m
	out.Sensor = r.Sensor
	if out.Time.Before(r.now) && out.Count == 0 {
		out.Time = r.now
	}
	r.Emit(cell.Clone(&out))
}

// sameMessage reports whether two messages say the same of the same cell.
func sameMessage(a, b *cell.Message) bool {
	return a.Name == b.Name && a.Channel == b.Channel && a.Direction == b.Direction && a.Log == b.Log && a.PCI == b.PCI && a.ARFCN == b.ARFCN &&
		bytes.Equal(a.Payload, b.Payload) && reflect.DeepEqual(a.Fields, b.Fields)
}

// pagingMinute sums up the pagings of a minute. Only one in which somebody was paged by IMSI is told: who was is never read.
type pagingMinute struct {
	pagings, records, imsis int
	minute                  int64
	at                      time.Time
}

func (p *pagingMinute) add(f *cell.MessageFields) {
	p.pagings++
	p.records += f.Records.Or(0)
	p.imsis += f.IMSIRecords.Or(0)
}

// due ends the minute if another one has begun.
func (p *pagingMinute) due(at time.Time) (m *cell.Message) {
	if minute := at.Unix() / 60; minute != p.minute {
		m = p.end()
		p.minute = minute
	}
	p.at = at
	return m
}

func (p *pagingMinute) end() *cell.Message {
	sum := *p
	*p = pagingMinute{minute: p.minute, at: p.at}
	if sum.imsis == 0 {
		return nil
	}
	return &cell.Message{RAT: cell.LTE, Layer: cell.RRC, Channel: "PCCH", Direction: cell.Down, Time: sum.at, Name: "paging", Count: sum.pagings,
		Fields: cell.MessageFields{Records: cell.Some(sum.records), IMSIRecords: cell.Some(sum.imsis)}}
}
