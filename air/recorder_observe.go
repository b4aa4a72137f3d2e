package air

import (
	"time"

	"vigie/cell"
)

// repeatServing is how long the same serving cell is not observed again, unless something is measured.
const repeatServing = 10 * time.Second

// Serving takes a cell that the modem names as its own, at a time, without being asked.
func (r *Recorder) Serving(at time.Time, c cell.Cell) {
	r.advance(at)
	r.serve(c)
}

// sib1 takes the cell of a system information block 1 for the serving one: a modem reads it of the cell that it is about to camp on.
func (r *Recorder) sib1(m *cell.Message) { r.serve(r.cells.of(m).now.Cell()) }

// serve emits the serving cell, if it is another one, or was not emitted for a while.
func (r *Recorder) serve(c cell.Cell) {
	if named(c) == named(r.serving) {
		c = merged(r.serving, c)
		if r.serving = c; r.now.Sub(r.observed) < repeatServing {
			return
		}
	}
	r.serving = c
	r.observe(&cell.Observation{Serving: &c})
}

func (r *Recorder) observe(o *cell.Observation) {
	o.Time, o.Sensor = r.now, r.Sensor
	r.observed = r.now
	r.Emit(o)
}

// named is a cell without anything but its identity.
func named(c cell.Cell) cell.Cell {
	return cell.Cell{RAT: c.RAT, MCC: c.MCC, MNC: c.MNC, Area: c.Area, ID: c.ID, PCI: c.PCI, ARFCN: c.ARFCN}
}

// merged is the newer description of a cell, with what only the older one has.
func merged(old, c cell.Cell) cell.Cell {
	if !c.Band.Known() {
		c.Band = old.Band
	}
	if !c.Bandwidth.Known() {
		c.Bandwidth = old.Bandwidth
	}
	if !c.Priority.Known() {
		c.Priority = old.Priority
	}
	return c
}

// measured emits what a measurement report says: the level of the serving cell, and the cells next to it.
func (r *Recorder) measured(m *cell.Message, payload []byte) {
	t, _ := readRRC(m.Channel, payload) // of a damaged one what could be read
	report := rrcMessage{t}
	c := r.serving
	if p, known := m.PCI.Get(); known && (c.RAT == cell.UnknownRAT || c.PCI != cell.Some(p) || c.ARFCN != m.ARFCN) {
		c = cell.Cell{RAT: cell.LTE, PCI: m.PCI, ARFCN: m.ARFCN}
		if h := r.cells.cells[placeOf(m)]; h != nil {
			c = h.now.Cell()
		}
	}
	if c.RAT == cell.UnknownRAT {
		return
	}
	own := report.find(0, "measResultPCell")
	c.RSRP, c.RSRQ = report.level(own)
	o := &cell.Observation{Serving: &c, Neighbours: report.neighbours(r.measuring.channel(report))}
	r.observe(o)
}

// level reads RSRP and RSRQ of a measurement of an LTE cell.
func (r rrcMessage) level(in int) (rsrp cell.Opt[cell.DBm], rsrq cell.Opt[cell.DB]) {
	if v, known := r.number(r.find(in, "rsrpResult")).Get(); known {
		rsrp = cell.RSRPFromIndex(v)
	}
	if v, known := r.number(r.find(in, "rsrqResult")).Get(); known {
		rsrq = cell.RSRQFromIndex(v)
	}
	return rsrp, rsrq
}

// neighbours are the cells of a measurement report (TS 36.331 clause 6.3.5, MeasResults), which were heard on a channel, if that is
// known; nil if it lists none.
func (r rrcMessage) neighbours(channel cell.Opt[uint32]) (all []cell.Cell) {
	r.children(r.find(0, "measResultListEUTRA"), func(i int) {
		c := cell.Cell{RAT: cell.LTE, ARFCN: channel, PCI: r.small(r.find(i, "physCellId"))}
		c.RSRP, c.RSRQ = r.level(r.find(i, "measResult"))
		all = append(all, c)
	})
	r.children(r.find(0, "measResultListUTRA"), func(i int) {
		c := cell.Cell{RAT: cell.UMTS, ARFCN: channel, PCI: r.small(r.find(r.find(i, "physCellId"), "fdd"))}
		const lowestOfIndex = 5 // utra-RSCP begins at -5 (TS 25.133 clause 9.1.1.3), the index of RSCPFromIndex at 0
		if v, known := r.number(r.find(i, "utra-RSCP")).Get(); known {
			c.RSCP = cell.RSCPFromIndex(v + lowestOfIndex)
		}
		if v, known := r.number(r.find(i, "utra-EcN0")).Get(); known {
			c.EcIo = cell.EcNoFromIndex(v)
		}
		all = append(all, c)
	})
	r.children(r.find(0, "measResultListGERAN"), func(i int) {
		c := cell.Cell{RAT: cell.GSM}
		if v, known := r.number(r.find(i, "arfcn")).Get(); known {
			c.ARFCN = cell.Some(uint32(v))
		}
		if ncc, bcc := r.find(i, "networkColourCode"), r.find(i, "baseStationColourCode"); ncc != none && bcc != none {
			c.PCI = cell.Some(uint16(r.bits(ncc)<<3 | r.bits(bcc)))
		}
		if v, known := r.number(r.find(i, "rssi")).Get(); known {
			c.RSSI = cell.RSSIFromRxLev(v)
		}
		all = append(all, c)
	})
	return all
}

// small is the value of an INTEGER below 2^16.
func (r rrcMessage) small(i int) cell.Opt[uint16] {
	if v, known := r.number(i).Get(); known {
		return cell.Some(uint16(v))
	}
	return cell.Opt[uint16]{}
}

// measuring is what the network asked the modem to measure in the present connection (TS 36.331 clause 5.5.2): a report names its
// measurement by a number, and only this says on which channel that was.
type measuring struct {
	objects map[int]uint32 // channel by measObjectId
	ids     map[int]int    // measObjectId by measId
}

// configure takes the measurement configuration of a reconfiguration. After a handover to another channel the numbers of two objects
// may be exchanged (clause 5.5.6.1), so that what was known before is forgotten.
func (m *measuring) configure(channel string, payload []byte) {
	t, _ := readRRC(channel, payload)
	r := rrcMessage{t}
	if handover := r.find(0, "mobilityControlInfo"); handover != none && r.find(handover, "carrierFreq") != none {
		*m = measuring{}
	}
	config := r.find(0, "measConfig")
	if config == none {
		return
	}
	if m.objects == nil {
		m.objects, m.ids = map[int]uint32{}, map[int]int{}
	}
	r.children(r.find(config, "measObjectToRemoveList"), func(i int) { delete(m.objects, int(r.Nodes[i].Value)) })
	r.children(r.find(config, "measObjectToAddModList"), func(i int) {
		id, at := r.number(r.find(i, "measObjectId")), r.find(i, "carrierFreq")
		const elsewhere = 65535 // the true channel is in an extension
		if id.Known() && at != none && r.Nodes[at].Value != elsewhere {
			m.objects[id.Or(0)] = uint32(r.Nodes[at].Value)
		}
	})
	r.children(r.find(config, "measIdToRemoveList"), func(i int) { delete(m.ids, int(r.Nodes[i].Value)) })
	r.children(r.find(config, "measIdToAddModList"), func(i int) {
		id, object := r.number(r.find(i, "measId")), r.number(r.find(i, "measObjectId"))
		if id.Known() && object.Known() {
			m.ids[id.Or(0)] = object.Or(0)
		}
	})
}

// channel is where the cells of a report were heard.
func (m *measuring) channel(report rrcMessage) cell.Opt[uint32] {
	id, known := report.number(report.find(0, "measId")).Get()
	if !known {
		return cell.Opt[uint32]{}
	}
	object, known := m.ids[id]
	if channel, there := m.objects[object]; known && there {
		return cell.Some(channel)
	}
	return cell.Opt[uint32]{}
}
