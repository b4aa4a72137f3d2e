package cell

import (
	"encoding/hex"
	"strconv"
)

// message writes a message as part of its line. What is absent is left out.
func (o *object) message(m *Message, sensor string) {
	o.text("kind", "message")
	if m.Frame > 0 {
		o.int("frame", int64(m.Frame))
	}
	o.optText("rat", m.RAT.String())
	o.optText("layer", string(m.Layer))
	o.optText("channel", m.Channel)
	o.optText("direction", string(m.Direction))
	optInt(o, "pci", m.PCI)
	optInt(o, "arfcn", m.ARFCN)
	if m.Log != 0 {
		o.text("log", strconv.FormatUint(uint64(m.Log), 16))
	}
	o.optTime("time", m.Time)
	o.optText("sensor", sensor)
	o.optText("message", m.Name)
	o.nested("fields", m.Fields.write)
	if m.Count != 0 {
		o.int("count", int64(m.Count))
	}
	if m.Payload != nil {
		o.key("payload")
		o.b = append(hex.AppendEncode(append(o.b, '"'), m.Payload), '"')
	}
	if m.Leaves != nil {
		o.listOf("leaves", len(m.Leaves), func(i int) { o.b = appendText(o.b, m.Leaves[i]) })
	}
}

// broadcast writes what a cell says of itself as part of its line.
func (o *object) broadcast(r *Broadcast, sensor string) {
	o.text("kind", "broadcast")
	o.time("time", r.Time)
	o.optText("sensor", sensor)
	o.optText("rat", r.RAT.String())
	optInt(o, "arfcn", r.ARFCN)
	optInt(o, "pci", r.PCI)
	o.optTexts("plmns", r.PLMNs)
	optInt(o, "area", r.Area)
	optInt(o, "cell_id", r.CellID)
	optInt(o, "band", r.Band)
	optFlag(o, "barred", r.Barred)
	optFlag(o, "intra_freq_reselection", r.Reselect)
	optFlag(o, "csg", r.CSG)
	optSigned(o, "q_rx_lev_min", r.QRxLevMin)
	optSigned(o, "si_count", r.SICount)
	optSigned(o, "value_tag", r.ValueTag)
	o.numbers("sibs", r.SIBs)
	optInt(o, "serving_priority", r.Priority)
	if r.Carriers != nil {
		o.listOf("carriers", len(r.Carriers), func(i int) { o.b = r.Carriers[i].append(o.b) })
	}
	o.numbers("neighbour_pcis", r.Neighbours)
	o.texts("changed", r.Changed)
}

// append writes a list of RAT, channel and priority, null if it has none.
func (c Carrier) append(b []byte) []byte {
	b = append(appendText(append(b, '['), c.RAT.String()), ',')
	return appendPriority(strconv.AppendUint(b, uint64(c.ARFCN), 10), c.Priority)
}

// appendPriority ends a list with a priority.
func appendPriority[T int | uint8](b []byte, v Opt[T]) []byte {
	b = append(b, ',')
	if p, ok := v.Get(); ok {
		b = strconv.AppendInt(b, int64(p), 10)
	} else {
		b = append(b, "null"...)
	}
	return append(b, ']')
}

// AppendMessageFields appends the fields as one JSON object.
func AppendMessageFields(dst []byte, f *MessageFields) []byte {
	o := object{b: append(dst, '{'), first: true}
	f.write(&o)
	return append(o.b, '}')
}

func (f *MessageFields) write(o *object) {
	f.writeBroadcast(o)
	optSigned(o, "records", f.Records)
	optSigned(o, "imsi_records", f.IMSIRecords)
	optFlag(o, "si_modification", f.SIModification)
	o.optText("release_cause", f.ReleaseCause)
	o.optText("redirect", f.Redirect)
	optInt(o, "redirect_arfcn", f.RedirectARFCN)
	optFlag(o, "idle_priorities", f.IdlePriorities)
	optSigned(o, "security", f.Security)
	o.yes("ciphered", f.Ciphered)
	optSigned(o, "eea", f.EEA)
	optSigned(o, "eia", f.EIA)
	optSigned(o, "imeisv_requested", f.IMEISVRequested)
	optSigned(o, "target_pci", f.TargetPCI)
	o.optText("handover_type", f.HandoverType)
	o.optText("purpose", f.Purpose)
	o.optText("target_rat", f.TargetRAT)
	o.optText("establishment_cause", f.EstablishmentCause)
	o.optText("identity", f.InitialIdentity)
	optSigned(o, "wait_time", f.WaitTime)
	o.optText("reestablishment_cause", f.ReestablishmentCause)
	optSigned(o, "rsrp_index", f.RSRPIndex)
	o.numbers("heard", f.Heard)
	optSigned(o, "attach_type", f.AttachType)
	optSigned(o, "update_type", f.UpdateType)
	optSigned(o, "identity", f.IdentityType)
	o.optText("last_tai_plmn", f.LastTAIPLMN)
	optSigned(o, "result", f.Result)
	optSigned(o, "cause", f.Cause)
	optSigned(o, "detach_up", f.DetachUp)
	optSigned(o, "detach_down", f.DetachDown)
}

// writeBroadcast writes what system information has.
func (f *MessageFields) writeBroadcast(o *object) {
	o.optTexts("plmns", f.PLMNs)
	optInt(o, "tac", f.TAC)
	optInt(o, "cell_id", f.CellID)
	optFlag(o, "barred", f.Barred)
	optFlag(o, "intra_freq_reselection", f.IntraFreqReselection)
	optFlag(o, "csg", f.CSG)
	optSigned(o, "q_rx_lev_min", f.QRxLevMin)
	optInt(o, "band", f.Band)
	optSigned(o, "si_count", f.SICount)
	optSigned(o, "value_tag", f.ValueTag)
	o.numbers("sibs", f.SIBs)
	optSigned(o, "serving_priority", f.ServingPriority)
	o.numbers("neighbours", f.Neighbours)
	o.offers("eutra", f.EUTRA)
	o.offers("utra", f.UTRA)
	o.offers("geran", f.GERAN)
}

func optSigned(o *object, k string, v Opt[int]) {
	if v.known {
		o.int(k, int64(v.value))
	}
}

func optFlag(o *object, k string, v Opt[bool]) {
	if v.known {
		o.key(k)
		o.b = strconv.AppendBool(o.b, v.value)
	}
}

// listOf writes n values, which item appends.
func (o *object) listOf(k string, n int, item func(i int)) {
	o.key(k)
	o.b = append(o.b, '[')
	for i := range n {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		item(i)
	}
	o.b = append(o.b, ']')
}

func (o *object) numbers(k string, v []int) {
	if v != nil {
		o.listOf(k, len(v), func(i int) { o.b = strconv.AppendInt(o.b, int64(v[i]), 10) })
	}
}

// optTexts writes a list also when it is empty.
func (o *object) optTexts(k string, v []string) {
	if v != nil {
		o.listOf(k, len(v), func(i int) { o.b = appendText(o.b, v[i]) })
	}
}

// offers writes pairs of a channel and its priority, null if it has none.
func (o *object) offers(k string, v []LayerOffer) {
	if v == nil {
		return
	}
	o.listOf(k, len(v), func(i int) {
		o.b = appendPriority(strconv.AppendInt(append(o.b, '['), int64(v[i].Channel), 10), v[i].Priority)
	})
}
