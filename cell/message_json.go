package cell

import "strconv"

// AppendMessage appends the message as one line of NDJSON, without the line end. What is absent is left out.
func AppendMessage(dst []byte, m *Message) []byte {
	o := object{b: append(dst, '{'), first: true}
	o.text("kind", "message")
	if m.Frame > 0 {
		o.int("frame", int64(m.Frame))
	}
	o.text("rat", m.RAT.String())
	o.optText("layer", string(m.Layer))
	o.optText("channel", m.Channel)
	o.optText("direction", string(m.Direction))
	optInt(&o, "pci", m.PCI)
	optInt(&o, "arfcn", m.ARFCN)
	if m.Log != 0 {
		o.text("log", strconv.FormatUint(uint64(m.Log), 16))
	}
	o.optTime("time", m.Time)
	o.optText("message", m.Name)
	o.nested("fields", m.Fields.write)
	if m.Leaves != nil {
		o.listOf("leaves", len(m.Leaves), func(i int) { o.b = appendText(o.b, m.Leaves[i]) })
	}
	return append(o.b, '}')
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
	if f.PLMNs != nil {
		o.listOf("plmns", len(f.PLMNs), func(i int) { o.b = appendText(o.b, f.PLMNs[i]) })
	}
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

// offers writes pairs of a channel and its priority, null if it has none.
func (o *object) offers(k string, v []LayerOffer) {
	if v == nil {
		return
	}
	o.listOf(k, len(v), func(i int) {
		o.b = append(strconv.AppendInt(append(o.b, '['), int64(v[i].Channel), 10), ',')
		if p, ok := v[i].Priority.Get(); ok {
			o.b = strconv.AppendInt(o.b, int64(p), 10)
		} else {
			o.b = append(o.b, "null"...)
		}
		o.b = append(o.b, ']')
	})
}
