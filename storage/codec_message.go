package storage

import "vigie/cell"

// The words of messages that are stored as a number. A word that is not here is stored as a text, so nothing may be added to a list.
var (
	layers     = []cell.Layer{"", cell.RRC, cell.NAS}
	directions = []cell.Direction{"", cell.Down, cell.Up}
	channels   = []string{"", "DL-CCCH", "DL-DCCH", "UL-CCCH", "UL-DCCH", "EMM", "ESM", "PCCH", "BCCH-DL-SCH", "BCCH-BCH"}
	messages   = []string{"", "rrcConnectionReestablishment", "rrcConnectionReestablishmentReject", "rrcConnectionReject", "rrcConnectionSetup",
		"dlInformationTransfer", "mobilityFromEUTRACommand", "rrcConnectionReconfiguration", "rrcConnectionRelease", "securityModeCommand",
		"ueCapabilityEnquiry", "counterCheck", "ueInformationRequest-r9", "loggedMeasurementConfiguration-r10", "rrcConnectionResume-r13",
		"rrcConnectionReestablishmentRequest", "rrcConnectionRequest", "rrcConnectionResumeRequest-r13",
		"measurementReport", "rrcConnectionReconfigurationComplete", "rrcConnectionReestablishmentComplete", "rrcConnectionSetupComplete",
		"securityModeComplete", "securityModeFailure", "ueCapabilityInformation", "ulInformationTransfer", "counterCheckResponse", "ueInformationResponse-r9",
		"paging", "systemInformation", "systemInformationBlockType1", "masterInformationBlock",
		"attach-request", "attach-accept", "attach-complete", "attach-reject", "detach-request", "detach-accept", "tau-request", "tau-accept", "tau-complete",
		"tau-reject", "extended-service-request", "service-reject", "service-request", "guti-reallocation-command", "guti-reallocation-complete",
		"authentication-request", "authentication-response", "authentication-reject", "authentication-failure", "identity-request", "identity-response",
		"security-mode-command", "security-mode-complete", "security-mode-reject", "emm-status", "emm-information", "downlink-nas-transport",
		"uplink-nas-transport", "cs-service-notification", "downlink-generic-nas-transport", "uplink-generic-nas-transport"}
)

func (c *coder) message(x *cell.Message, exact bool) {
	masked(c, func(m *mask) {
		maybe(c, m, &x.RAT, number)
		maybe(c, m, &x.Layer, func(c *coder, v *cell.Layer) { enum(c, v, layers) })
		maybe(c, m, &x.Channel, func(c *coder, v *string) { enum(c, v, channels) })
		maybe(c, m, &x.Direction, func(c *coder, v *cell.Direction) { enum(c, v, directions) })
		maybe(c, m, &x.Name, func(c *coder, v *string) { enum(c, v, messages) })
		maybe(c, m, &x.Log, number)
		if m.has(x.Payload != nil) {
			c.bytes(&x.Payload)
		}
		maybeNumber(c, m, &x.PCI)
		maybeNumber(c, m, &x.ARFCN)
		maybe(c, m, &x.Frame, signed)
		maybe(c, m, &x.Count, signed)
		if m.has(x.Leaves != nil) {
			c.texts(&x.Leaves)
		}
		c.farTime(m, &x.Time, exact)
	})
	c.messageFields(&x.Fields)
}

// messageFields codes what dedicated messages have first, so that their mask is short.
func (c *coder) messageFields(f *cell.MessageFields) {
	masked(c, func(m *mask) {
		maybeInt(c, m, &f.Security)
		m.flag(c, &f.Ciphered)
		maybeInt(c, m, &f.IdentityType)
		maybeInt(c, m, &f.Cause)
		maybeInt(c, m, &f.EEA)
		maybeInt(c, m, &f.EIA)
		maybe(c, m, &f.ReleaseCause, text)
		maybe(c, m, &f.EstablishmentCause, text)
		maybe(c, m, &f.InitialIdentity, text)
		maybeFlag(c, m, &f.IdlePriorities)
		maybeInt(c, m, &f.TargetPCI)
		maybeInt(c, m, &f.AttachType)
		maybeInt(c, m, &f.UpdateType)
		maybeInt(c, m, &f.Result)
		maybe(c, m, &f.LastTAIPLMN, text)
		maybeInt(c, m, &f.IMEISVRequested)
		maybeInt(c, m, &f.DetachUp)
		maybeInt(c, m, &f.DetachDown)
		maybe(c, m, &f.Redirect, text)
		maybeNumber(c, m, &f.RedirectARFCN)
		maybe(c, m, &f.HandoverType, text)
		maybe(c, m, &f.Purpose, text)
		maybe(c, m, &f.TargetRAT, text)
		maybeInt(c, m, &f.WaitTime)
		maybe(c, m, &f.ReestablishmentCause, text)
		maybeInt(c, m, &f.Records)
		maybeInt(c, m, &f.IMSIRecords)
		maybeFlag(c, m, &f.SIModification)
		maybeInt(c, m, &f.RSRPIndex)
		maybeList(c, m, &f.Heard, signed)
		maybeList(c, m, &f.PLMNs, text)
		maybeNumber(c, m, &f.TAC)
		maybeNumber(c, m, &f.CellID)
		maybeFlag(c, m, &f.Barred)
		maybeFlag(c, m, &f.IntraFreqReselection)
		maybeFlag(c, m, &f.CSG)
		maybeInt(c, m, &f.QRxLevMin)
		maybeNumber(c, m, &f.Band)
		maybeInt(c, m, &f.SICount)
		maybeInt(c, m, &f.ValueTag)
		maybeList(c, m, &f.SIBs, signed)
		maybeInt(c, m, &f.ServingPriority)
		maybeList(c, m, &f.Neighbours, signed)
		for _, offers := range []*[]cell.LayerOffer{&f.EUTRA, &f.UTRA, &f.GERAN} {
			maybeList(c, m, offers, func(c *coder, o *cell.LayerOffer) {
				signed(c, &o.Channel)
				masked(c, func(m *mask) { maybeInt(c, m, &o.Priority) })
			})
		}
	})
}

func (c *coder) broadcast(x *cell.Broadcast, exact bool) {
	number(c, &x.RAT)
	masked(c, func(m *mask) {
		maybeNumber(c, m, &x.ARFCN)
		maybeNumber(c, m, &x.PCI)
		maybeList(c, m, &x.PLMNs, text)
		maybeNumber(c, m, &x.Area)
		maybeNumber(c, m, &x.CellID)
		maybeNumber(c, m, &x.Band)
		maybeFlag(c, m, &x.Barred)
		maybeFlag(c, m, &x.Reselect)
		maybeFlag(c, m, &x.CSG)
		maybeInt(c, m, &x.QRxLevMin)
		maybeInt(c, m, &x.SICount)
		maybeInt(c, m, &x.ValueTag)
		maybeList(c, m, &x.SIBs, signed)
		maybeNumber(c, m, &x.Priority)
		maybeList(c, m, &x.Carriers, func(c *coder, k *cell.Carrier) {
			number(c, &k.RAT)
			number(c, &k.ARFCN)
			masked(c, func(m *mask) { maybeNumber(c, m, &k.Priority) })
		})
		maybeList(c, m, &x.Neighbours, signed)
		maybeList(c, m, &x.Changed, text)
		c.farTime(m, &x.Time, exact)
	})
}

// bytes codes bytes that are not nil.
func (c *coder) bytes(v *[]byte) {
	n := uint64(len(*v))
	c.uint(&n)
	if c.writing {
		c.b = append(c.b, *v...)
		return
	}
	if n > uint64(len(c.b)) {
		c.fail()
		return
	}
	*v, c.b = append([]byte{}, c.b[:n]...), c.b[n:]
}

func maybeInt(c *coder, m *mask, o *cell.Opt[int]) {
	if !m.has(o.Known()) {
		return
	}
	v, _ := o.Get()
	if signed(c, &v); !c.writing {
		*o = cell.Some(v)
	}
}

func maybeFlag(c *coder, m *mask, o *cell.Opt[bool]) {
	known, value := m.has(o.Known()), m.has(o.Or(false))
	if known && !c.writing {
		*o = cell.Some(value)
	}
}

func maybeList[T any](c *coder, m *mask, v *[]T, each func(*coder, *T)) {
	if m.has(*v != nil) {
		list(c, v, each)
	}
}
