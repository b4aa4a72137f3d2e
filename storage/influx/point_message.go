package influx

import (
	"strings"

	"vigie/cell"
)

// message writes what a signalling message is and says. Its bytes stay in the store.
func (f shape) message(p *points, seq, at int64, m *cell.Message) {
	l := p.begin("message")
	if m.Layer == cell.RRC || m.Layer == cell.NAS {
		l.tag("layer", string(m.Layer))
	}
	l.tag("sensor", m.Sensor)
	l.text("name", m.Name, maxText)
	l.text("channel", m.Channel, maxText)
	l.text("direction", string(m.Direction), maxText)
	if m.Count != 0 {
		l.int("count", int64(m.Count))
	}
	optInt(&l, "pci", m.PCI)
	optInt(&l, "arfcn", m.ARFCN)
	l.text("fields", string(cell.AppendMessageFields(nil, &m.Fields)), maxJSON)
	l.end(seq, at)
}

// broadcast writes what a cell says of itself.
func (f shape) broadcast(p *points, seq, at int64, b *cell.Broadcast) {
	l := p.begin("broadcast")
	l.tag("rat", b.RAT.String())
	l.tag("sensor", b.Sensor)
	l.text("plmns", strings.Join(b.PLMNs, " "), maxText)
	optInt(&l, "area", b.Area)
	optInt(&l, "cell_id", b.CellID)
	optInt(&l, "pci", b.PCI)
	optInt(&l, "arfcn", b.ARFCN)
	if barred, known := b.Barred.Get(); known {
		l.bool("barred", barred)
	}
	for _, n := range []struct {
		key string
		v   cell.Opt[int]
	}{{"q_rx_lev_min", b.QRxLevMin}, {"si_count", b.SICount}, {"value_tag", b.ValueTag}} {
		if v, known := n.v.Get(); known {
			l.int(n.key, int64(v))
		}
	}
	optInt(&l, "serving_priority", b.Priority)
	if b.Carriers != nil {
		l.int("carriers", int64(len(b.Carriers)))
	}
	if b.Neighbours != nil {
		l.int("neighbours", int64(len(b.Neighbours)))
	}
	l.text("changed", strings.Join(b.Changed, " "), maxText)
	l.end(seq, at)
}
