// Package airtest writes signalling for tests: values of RRC messages for air.EncodeRRC, and recordings of them as a DIAG port
// would give. Networks, cells and subscribers in it are invented (network 001-01). Only tests import it.
package airtest

import (
	"strings"

	"vigie/air/uper"
)

// Seq is a SEQUENCE or, with one entry, a CHOICE; List is a SEQUENCE OF.
type (
	Seq  = map[string]any
	List = []any
)

// RRC is an RRC message: its logical channel, and its value in the form of uper.Encode.
type RRC struct {
	Channel string
	Value   any
}

// Bits is a BIT STRING of n bits, at most 64.
func Bits(n int, v uint64) uper.BitsValue {
	data := make([]byte, 8)
	for i := range data {
		data[i] = byte(v << (64 - n) >> (56 - 8*i))
	}
	return uper.BitsValue{Data: data[:(n+7)/8], N: n}
}

// Digits is a list of decimal digits.
func Digits(s string) List {
	all := List{}
	for _, c := range s {
		all = append(all, int(c-'0'))
	}
	return all
}

// C1 is a message of the channel's first choice.
func C1(channel, name string, v any) RRC {
	return RRC{channel, Seq{"message": Seq{"c1": Seq{name: v}}}}
}

// Dedicated is a message of DL-DCCH in its first version, of which ies are the contents.
func Dedicated(name string, ies Seq) RRC {
	return C1("DL-DCCH", name, Seq{"rrc-TransactionIdentifier": 1, "criticalExtensions": Seq{"c1": Seq{name + "-r8": ies}}})
}

// Cell is what a cell says of itself in system information block 1.
type Cell struct {
	PLMNs     []string // "001-01"; several may share a cell
	TAC       uint16
	CellID    uint32 // 28 bits
	Band      int
	Barred    bool
	QRxLevMin int // dBm
	ValueTag  int
	Blocks    [][]string // blocks of each system information message ("sibType3"); block 2 is always in the first, and not named
}

// SIB1 is system information block 1 of a cell.
func SIB1(c Cell) RRC {
	plmns := List{}
	for _, p := range c.PLMNs {
		mcc, mnc, _ := strings.Cut(p, "-")
		plmns = append(plmns, Seq{"plmn-Identity": Seq{"mcc": Digits(mcc), "mnc": Digits(mnc)}, "cellReservedForOperatorUse": "notReserved"})
	}
	scheduling := List{}
	for _, blocks := range c.Blocks {
		named := List{}
		for _, b := range blocks {
			named = append(named, b)
		}
		scheduling = append(scheduling, Seq{"si-Periodicity": "rf16", "sib-MappingInfo": named})
	}
	barred := map[bool]string{true: "barred", false: "notBarred"}
	return C1("BCCH-DL-SCH", "systemInformationBlockType1", Seq{
		"cellAccessRelatedInfo": Seq{
			"plmn-IdentityList": plmns, "trackingAreaCode": Bits(16, uint64(c.TAC)), "cellIdentity": Bits(28, uint64(c.CellID)),
			"cellBarred": barred[c.Barred], "intraFreqReselection": "allowed", "csg-Indication": false,
		},
		"cellSelectionInfo": Seq{"q-RxLevMin": c.QRxLevMin / 2}, "freqBandIndicator": c.Band, "schedulingInfoList": scheduling,
		"si-WindowLength": "ms20", "systemInfoValueTag": c.ValueTag,
	})
}

// SystemInformation is a message of the blocks SIB3 to SIB7.
func SystemInformation(blocks ...any) RRC {
	return C1("BCCH-DL-SCH", "systemInformation", Seq{"criticalExtensions": Seq{"systemInformation-r8": Seq{"sib-TypeAndInfo": blocks}}})
}

// SIB3 is the block with the priority of the cell's own frequency, 0..7.
func SIB3(priority int) any {
	return Seq{"sib3": Seq{
		"cellReselectionInfoCommon":      Seq{"q-Hyst": "dB4"},
		"cellReselectionServingFreqInfo": Seq{"threshServingLow": 2, "cellReselectionPriority": priority},
		"intraFreqCellReselectionInfo": Seq{"q-RxLevMin": -62, "presenceAntennaPort1": true, "neighCellConfig": Bits(2, 1),
			"t-ReselectionEUTRA": 1},
	}}
}

// SIB4 is the block with the neighbours on the cell's own frequency.
func SIB4(pcis ...int) any {
	if len(pcis) == 0 {
		return Seq{"sib4": Seq{}}
	}
	all := List{}
	for _, pci := range pcis {
		all = append(all, Seq{"physCellId": pci, "q-OffsetCell": "dB0"})
	}
	return Seq{"sib4": Seq{"intraFreqNeighCellList": all}}
}

// Offer is a frequency for reselection and its priority; below 0 is none.
type Offer struct{ Channel, Priority int }

func (o Offer) seq(channel string, more Seq) Seq {
	s := Seq{channel: o.Channel, "threshX-High": 1, "threshX-Low": 1}
	if o.Priority >= 0 {
		s["cellReselectionPriority"] = o.Priority
	}
	for k, v := range more {
		s[k] = v
	}
	return s
}

// SIB5 is the block with other frequencies of LTE.
func SIB5(offers ...Offer) any {
	all := List{}
	for _, o := range offers {
		all = append(all, o.seq("dl-CarrierFreq", Seq{"q-RxLevMin": -62, "t-ReselectionEUTRA": 1, "allowedMeasBandwidth": "mbw50",
			"presenceAntennaPort1": true, "neighCellConfig": Bits(2, 1)}))
	}
	return Seq{"sib5": Seq{"interFreqCarrierFreqList": all}}
}

// SIB6 is the block with frequencies of UMTS; a nil list is not there.
func SIB6(fdd, tdd []Offer) any {
	s := Seq{"t-ReselectionUTRA": 2}
	for name, offers := range map[string][]Offer{"carrierFreqListUTRA-FDD": fdd, "carrierFreqListUTRA-TDD": tdd} {
		all := List{}
		for _, o := range offers {
			more := Seq{"q-RxLevMin": -50, "p-MaxUTRA": 24}
			if name == "carrierFreqListUTRA-FDD" {
				more["q-QualMin"] = -18
			}
			all = append(all, o.seq("carrierFreq", more))
		}
		if offers != nil {
			s[name] = all
		}
	}
	return Seq{"sib6": s}
}

// SIB7 is the block with groups of channels of GSM 1800, each by its first.
func SIB7(offers ...Offer) any {
	all := List{}
	for _, o := range offers {
		common := o.seq("-", Seq{"ncc-Permitted": Bits(8, 0xFF), "q-RxLevMin": 0})
		delete(common, "-")
		all = append(all, Seq{"carrierFreqs": gsm(o.Channel), "commonInfo": common})
	}
	return Seq{"sib7": Seq{"t-ReselectionGERAN": 1, "carrierFreqsInfoList": all}}
}

func gsm(arfcn int) Seq {
	return Seq{"startingARFCN": arfcn, "bandIndicator": "dcs1800", "followingARFCNs": Seq{"explicitListOfARFCNs": List{}}}
}

// Paging pages a number of terminals by TMSI, and others by the IMSIs given; modified says that system information will change.
func Paging(tmsis int, modified bool, imsis ...string) RRC {
	records := List{}
	for i := range tmsis {
		records = append(records, Seq{"ue-Identity": Seq{"s-TMSI": TMSI(0xC0000000 + uint32(i))}, "cn-Domain": "ps"})
	}
	for _, imsi := range imsis {
		records = append(records, Seq{"ue-Identity": Seq{"imsi": Digits(imsi)}, "cn-Domain": "cs"})
	}
	p := Seq{}
	if len(records) > 0 {
		p["pagingRecordList"] = records
	}
	if modified {
		p["systemInfoModification"] = "true"
	}
	return C1("PCCH", "paging", p)
}

// TMSI is a temporary identity with its MME code.
func TMSI(v uint32) Seq { return Seq{"mmec": Bits(8, 0x42), "m-TMSI": Bits(32, uint64(v))} }

var (
	ciphering = [...]string{"eea0", "eea1", "eea2", "eea3-v1130"}
	integrity = [...]string{"eia0-v920", "eia1", "eia2", "eia3-v1130"}
)

// Algorithms is a configuration of EEA and EIA by their numbers, 0 to 3; 0 is none.
func Algorithms(eea, eia int) Seq {
	return Seq{"cipheringAlgorithm": ciphering[eea], "integrityProtAlgorithm": integrity[eia]}
}
