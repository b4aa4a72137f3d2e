package air

import (
	"strconv"
	"strings"

	"vigie/air/uper"
	"vigie/cell"
)

// rrcFields reads the fields of each message that has some (cell.MessageFields). A placeholder is kept as it was sent: a band of
// 64 or an EARFCN of 65535 says that the true one is in an extension.
var rrcFields = map[string]func(rrcMessage, *cell.MessageFields){
	"systemInformationBlockType1":  sib1,
	"systemInformation":            systemInformation,
	"paging":                       paging,
	"rrcConnectionRelease":         release,
	"securityModeCommand":          func(r rrcMessage, f *cell.MessageFields) { r.algorithms(0, f) },
	"rrcConnectionReconfiguration": reconfiguration,
	"mobilityFromEUTRACommand":     mobility,
	"rrcConnectionRequest":         connectionRequest,
	"rrcConnectionReject":          func(r rrcMessage, f *cell.MessageFields) { f.WaitTime = r.number(r.find(0, "waitTime")) },
	"rrcConnectionReestablishmentRequest": func(r rrcMessage, f *cell.MessageFields) {
		f.ReestablishmentCause = r.word(r.find(0, "reestablishmentCause"))
	},
	"measurementReport": measurementReport,
}

func sib1(r rrcMessage, f *cell.MessageFields) {
	access := r.find(0, "cellAccessRelatedInfo")
	f.PLMNs = r.plmns(r.find(access, "plmn-IdentityList"))
	if i := r.find(access, "trackingAreaCode"); i != none {
		f.TAC = cell.Some(uint16(r.bits(i)))
	}
	if i := r.find(access, "cellIdentity"); i != none {
		f.CellID = cell.Some(uint32(r.bits(i)))
	}
	if i := r.find(access, "cellBarred"); i != none {
		f.Barred = cell.Some(r.word(i) == "barred")
	}
	if i := r.find(access, "intraFreqReselection"); i != none {
		f.IntraFreqReselection = cell.Some(r.word(i) == "allowed")
	}
	if csg, known := r.number(r.find(access, "csg-Indication")).Get(); known {
		f.CSG = cell.Some(csg == 1)
	}
	if half, known := r.number(r.find(r.find(0, "cellSelectionInfo"), "q-RxLevMin")).Get(); known {
		f.QRxLevMin = cell.Some(2 * half)
	}
	if band, known := r.number(r.find(0, "freqBandIndicator")).Get(); known {
		f.Band = cell.Some(cell.Band(band))
	}
	f.SICount = r.number(r.find(0, "schedulingInfoList"))
	f.ValueTag = r.number(r.find(0, "systemInfoValueTag"))
}

// plmns are the networks of a cell. One without MCC has that of the one before it.
func (r rrcMessage) plmns(list int) []string {
	if list == none {
		return nil
	}
	var all strings.Builder // the parts of one string
	ends := make([]int, 0, 6)
	mcc := none
	r.children(list, func(i int) {
		if m := r.find(i, "mcc"); m != none {
			mcc = m
		}
		r.digits(&all, mcc)
		all.WriteByte('-')
		r.digits(&all, r.find(i, "mnc"))
		ends = append(ends, all.Len())
	})
	plmns, text, from := make([]string, 0, len(ends)), all.String(), 0
	for _, end := range ends {
		plmns = append(plmns, text[from:end])
		from = end
	}
	return plmns
}

func (r rrcMessage) digits(w *strings.Builder, list int) {
	r.children(list, func(i int) { w.WriteByte('0' + byte(r.Nodes[i].Value)) })
}

func systemInformation(r rrcMessage, f *cell.MessageFields) {
	f.SIBs = []int{}
	r.children(r.find(0, "sib-TypeAndInfo"), func(item int) {
		name := r.word(item)
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "sib"), "-")
		n, err := strconv.Atoi(number)
		if err != nil { // 26a: a block without a number of its own
			return
		}
		f.SIBs = append(f.SIBs, n)
		switch n {
		case 3:
			f.ServingPriority = r.number(r.find(r.find(item, "cellReselectionServingFreqInfo"), "cellReselectionPriority"))
		case 4:
			f.Neighbours = []int{}
			r.children(r.find(item, "intraFreqNeighCellList"), func(i int) {
				if pci, known := r.number(r.find(i, "physCellId")).Get(); known {
					f.Neighbours = append(f.Neighbours, pci)
				}
			})
		case 5:
			f.EUTRA = r.offers([]cell.LayerOffer{}, r.find(item, "interFreqCarrierFreqList"), "dl-CarrierFreq")
		case 6:
			f.UTRA = r.offers([]cell.LayerOffer{}, r.find(item, "carrierFreqListUTRA-FDD"), "carrierFreq")
			f.UTRA = r.offers(f.UTRA, r.find(item, "carrierFreqListUTRA-TDD"), "carrierFreq")
		case 7:
			f.GERAN = r.offers([]cell.LayerOffer{}, r.find(item, "carrierFreqsInfoList"), "startingARFCN")
		}
	})
}

// offers are the frequencies of a list for reselection.
func (r rrcMessage) offers(to []cell.LayerOffer, list int, channel string) []cell.LayerOffer {
	r.children(list, func(i int) {
		n, _ := r.number(r.find(i, channel)).Get()
		to = append(to, cell.LayerOffer{Channel: n, Priority: r.number(r.find(i, "cellReselectionPriority"))})
	})
	return to
}

func paging(r rrcMessage, f *cell.MessageFields) {
	list := r.find(0, "pagingRecordList")
	f.Records = cell.Some(r.number(list).Or(0))
	imsi := 0
	r.children(list, func(i int) {
		if r.word(r.find(i, "ue-Identity")) == "imsi" {
			imsi++
		}
	})
	f.IMSIRecords = cell.Some(imsi)
	f.SIModification = cell.Some(r.find(0, "systemInfoModification") != none)
}

func release(r rrcMessage, f *cell.MessageFields) {
	f.ReleaseCause = r.word(r.find(0, "releaseCause"))
	redirect := r.find(0, "redirectedCarrierInfo")
	f.Redirect = r.word(redirect)
	for _, name := range []string{"eutra", "utra-FDD", "utra-TDD", "startingARFCN"} {
		if i := r.find(redirect, name); i != none && r.Nodes[i].Field.Type.Kind == uper.Integer {
			f.RedirectARFCN = cell.Some(uint32(r.Nodes[i].Value))
			break
		}
	}
	f.IdlePriorities = cell.Some(r.find(0, "idleModeMobilityControlInfo") != none)
}

// algorithms reads the ciphering and integrity algorithm of a security configuration: 0 is the null algorithm.
func (r rrcMessage) algorithms(in int, f *cell.MessageFields) {
	f.EEA = r.number(r.find(in, "cipheringAlgorithm"))
	f.EIA = r.number(r.find(in, "integrityProtAlgorithm"))
}

func reconfiguration(r rrcMessage, f *cell.MessageFields) {
	f.TargetPCI = r.number(r.find(r.find(0, "mobilityControlInfo"), "targetPhysCellId"))
	if security := r.find(0, "securityConfigHO"); security != none {
		f.HandoverType = r.word(r.find(security, "handoverType"))
		r.algorithms(security, f)
	}
}

func mobility(r rrcMessage, f *cell.MessageFields) {
	f.Purpose = r.word(r.find(0, "purpose"))
	f.TargetRAT = r.word(r.find(0, "targetRAT-Type"))
}

func connectionRequest(r rrcMessage, f *cell.MessageFields) {
	f.EstablishmentCause = r.word(r.find(0, "establishmentCause"))
	f.InitialIdentity = r.word(r.find(0, "ue-Identity"))
}

func measurementReport(r rrcMessage, f *cell.MessageFields) {
	f.RSRPIndex = r.number(r.find(r.find(0, "measResultPCell"), "rsrpResult"))
	list := r.find(0, "measResultListEUTRA")
	if list == none {
		return
	}
	f.Heard = make([]int, 0, r.Nodes[list].Value)
	for i, end := list+1, int(r.Nodes[list].End); i < end; i++ {
		if r.Nodes[i].Field.Name == "physCellId" {
			f.Heard = append(f.Heard, int(r.Nodes[i].Value))
		}
	}
}
