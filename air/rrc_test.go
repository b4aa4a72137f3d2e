package air

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/air/uper"
	"vigie/cell"
)

type (
	seq   = map[string]any
	items = []any
)

func bitString(n int, v uint64) uper.BitsValue {
	data := make([]byte, 8)
	for i := range data {
		data[i] = byte(v << (64 - n) >> (56 - 8*i))
	}
	return uper.BitsValue{Data: data[:(n+7)/8], N: n}
}

func digits(s string) items {
	var all items
	for _, c := range s {
		all = append(all, int(c-'0'))
	}
	return all
}

// c1 is a message of a channel with one choice of messages.
func c1(name string, v any) seq { return seq{"message": seq{"c1": seq{name: v}}} }

// r8 is a message of the first version of its kind.
func r8(name, ies string, v any) seq {
	return c1(name, seq{"rrc-TransactionIdentifier": 1, "criticalExtensions": seq{"c1": seq{ies: v}}})
}

// sib1Value is the system information of a cell of two networks.
var sib1Value = c1("systemInformationBlockType1", seq{
	"cellAccessRelatedInfo": seq{
		"plmn-IdentityList": items{
			seq{"plmn-Identity": seq{"mcc": digits("001"), "mnc": digits("01")}, "cellReservedForOperatorUse": "notReserved"},
			seq{"plmn-Identity": seq{"mnc": digits("002")}, "cellReservedForOperatorUse": "reserved"},
		},
		"trackingAreaCode": bitString(16, 0x1234), "cellIdentity": bitString(28, 0x1abcde1),
		"cellBarred": "notBarred", "intraFreqReselection": "allowed", "csg-Indication": false,
	},
	"cellSelectionInfo": seq{"q-RxLevMin": -62}, "freqBandIndicator": 20,
	"schedulingInfoList": items{seq{"si-Periodicity": "rf8", "sib-MappingInfo": items{}}, seq{"si-Periodicity": "rf16", "sib-MappingInfo": items{"sibType3"}}},
	"si-WindowLength":    "ms10", "systemInfoValueTag": 7,
})

func systemInformationOf(blocks ...any) seq {
	return c1("systemInformation", seq{"criticalExtensions": seq{"systemInformation-r8": seq{"sib-TypeAndInfo": items(blocks)}}})
}

var (
	sib3 = seq{"sib3": seq{
		"cellReselectionInfoCommon":      seq{"q-Hyst": "dB4"},
		"cellReselectionServingFreqInfo": seq{"threshServingLow": 2, "cellReselectionPriority": 4},
		"intraFreqCellReselectionInfo":   seq{"q-RxLevMin": -62, "presenceAntennaPort1": true, "neighCellConfig": bitString(2, 1), "t-ReselectionEUTRA": 1},
	}}
	sib4 = seq{"sib4": seq{"intraFreqNeighCellList": items{seq{"physCellId": 5, "q-OffsetCell": "dB0"}, seq{"physCellId": 503, "q-OffsetCell": "dB0"}}}}
	sib5 = seq{"sib5": seq{"interFreqCarrierFreqList": items{
		seq{"dl-CarrierFreq": 6300, "q-RxLevMin": -62, "t-ReselectionEUTRA": 1, "threshX-High": 1, "threshX-Low": 1, "allowedMeasBandwidth": "mbw50",
			"presenceAntennaPort1": true, "cellReselectionPriority": 6, "neighCellConfig": bitString(2, 1)},
		seq{"dl-CarrierFreq": 1300, "q-RxLevMin": -62, "t-ReselectionEUTRA": 1, "threshX-High": 1, "threshX-Low": 1, "allowedMeasBandwidth": "mbw50",
			"presenceAntennaPort1": true, "neighCellConfig": bitString(2, 1)},
	}}}
	utra = seq{"cellReselectionPriority": 3, "threshX-High": 1, "threshX-Low": 1, "q-RxLevMin": -50, "p-MaxUTRA": 24}
	sib6 = seq{"sib6": seq{
		"carrierFreqListUTRA-TDD": items{plus(utra, "carrierFreq", 9500)},
		"carrierFreqListUTRA-FDD": items{plus(plus(utra, "carrierFreq", 10562), "q-QualMin", -18)},
		"t-ReselectionUTRA":       2,
	}}
	sib7 = seq{"sib7": seq{"t-ReselectionGERAN": 1, "carrierFreqsInfoList": items{seq{
		"carrierFreqs": seq{"startingARFCN": 514, "bandIndicator": "dcs1800", "followingARFCNs": seq{"explicitListOfARFCNs": items{520}}},
		"commonInfo":   seq{"cellReselectionPriority": 7, "ncc-Permitted": bitString(8, 255), "q-RxLevMin": 0, "threshX-High": 1, "threshX-Low": 1},
	}}}}
)

func plus(m seq, name string, v any) seq {
	c := seq{name: v}
	for k, old := range m {
		c[k] = old
	}
	return c
}

var sTMSI = seq{"mmec": bitString(8, 0x42), "m-TMSI": bitString(32, 0xdeadbeef)}

// handover is a reconfiguration that sends a terminal to another cell, with a NAS message in it.
var handover = r8("rrcConnectionReconfiguration", "rrcConnectionReconfiguration-r8", seq{
	"mobilityControlInfo": seq{"targetPhysCellId": 77, "t304": "ms100", "newUE-Identity": bitString(16, 0xbeef), "radioResourceConfigCommon": seq{
		"prach-Config": seq{"rootSequenceIndex": 22}, "pusch-ConfigCommon": seq{
			"pusch-ConfigBasic":        seq{"n-SB": 1, "hoppingMode": "interSubFrame", "pusch-HoppingOffset": 1, "enable64QAM": true},
			"ul-ReferenceSignalsPUSCH": seq{"groupHoppingEnabled": false, "groupAssignmentPUSCH": 0, "sequenceHoppingEnabled": false, "cyclicShift": 0},
		}, "ul-CyclicPrefixLength": "len1"}},
	"dedicatedInfoNASList": items{[]byte{0x27, 1, 2, 3, 4, 5, 0xde, 0xad, 0xbe, 0xef}},
	"securityConfigHO": seq{"handoverType": seq{"intraLTE": seq{
		"securityAlgorithmConfig": seq{"cipheringAlgorithm": "eea0", "integrityProtAlgorithm": "eia2"}, "keyChangeIndicator": false, "nextHopChainingCount": 1}}},
})

// rrcCases are messages of each kind that has fields, with what they say.
var rrcCases = map[string]struct {
	channel string
	value   any
	name    string
	fields  string
	leaves  string // some of them
}{
	"SIB1": {"BCCH-DL-SCH", sib1Value, "systemInformationBlockType1",
		`{"plmns":["001-01","001-002"],"tac":4660,"cell_id":28036577,"barred":false,"intra_freq_reselection":true,"csg":false,"q_rx_lev_min":-124,"band":20,"si_count":2,"value_tag":7}`,
		"message=0 c1=1 plmn_IdentityList=2 mcc=3 MCC_MNC_Digit=0 MCC_MNC_Digit=0 MCC_MNC_Digit=1 trackingAreaCode=1234 cellIdentity=1abcde10 csg_Indication=0 q_RxLevMin=-62 sib_MappingInfo=1 SIB_Type=0"},
	"SIB3 and SIB4": {"BCCH-DL-SCH", systemInformationOf(sib3, sib4), "systemInformation",
		`{"sibs":[3,4],"serving_priority":4,"neighbours":[5,503]}`, "sib_TypeAndInfo=2 sib_TypeAndInfo_item=1 sib_TypeAndInfo_item=2 neighCellConfig=40 physCellId=503"},
	"SIB4 without neighbours": {"BCCH-DL-SCH", systemInformationOf(seq{"sib4": seq{}}), "systemInformation", `{"sibs":[4],"neighbours":[]}`, ""},
	"SIB5 to SIB7": {"BCCH-DL-SCH", systemInformationOf(sib5, sib6, sib7), "systemInformation",
		`{"sibs":[5,6,7],"eutra":[[6300,6],[1300,null]],"utra":[[10562,3],[9500,3]],"geran":[[514,7]]}`, "explicitListOfARFCNs=1 ARFCN_ValueGERAN=520 ncc_Permitted=ff"},
	"SIB of a later version": {"BCCH-DL-SCH", systemInformationOf(seq{"sib15-v1130": seq{}}, sib3), "systemInformation",
		`{"sibs":[15,3],"serving_priority":4}`, "sib_TypeAndInfo_item=13"},
	"MIB": {"BCCH-BCH", seq{"message": seq{"dl-Bandwidth": "n50", "phich-Config": seq{"phich-Duration": "normal", "phich-Resource": "one"},
		"systemFrameNumber": bitString(8, 9), "schedulingInfoSIB1-BR-r13": 0, "systemInfoUnchanged-BR-r15": false, "partEARFCN-17": seq{"spare": bitString(2, 0)}, "spare": bitString(1, 0)}},
		"masterInformationBlock", "{}", "dl_Bandwidth=3 phich_Duration=0 phich_Resource=2 systemFrameNumber=09"},
	"paging": {"PCCH", c1("paging", seq{"pagingRecordList": items{
		seq{"ue-Identity": seq{"s-TMSI": sTMSI}, "cn-Domain": "ps"},
		seq{"ue-Identity": seq{"imsi": digits("001010123456789")}, "cn-Domain": "cs"}}, "systemInfoModification": "true"}),
		"paging", `{"records":2,"imsi_records":1,"si_modification":true}`, "pagingRecordList=2 ue_Identity=0 mmec=42 m_TMSI=* imsi=15 IMSI_Digit=* cn_Domain=1"},
	"paging of nobody": {"PCCH", c1("paging", seq{}), "paging", `{"records":0,"imsi_records":0,"si_modification":false}`, ""},
	"release to 2G": {"DL-DCCH", r8("rrcConnectionRelease", "rrcConnectionRelease-r8", seq{"releaseCause": "other", "redirectedCarrierInfo": seq{
		"geran": seq{"startingARFCN": 600, "bandIndicator": "dcs1800", "followingARFCNs": seq{"explicitListOfARFCNs": items{}}}}, "idleModeMobilityControlInfo": seq{}}),
		"rrcConnectionRelease", `{"release_cause":"other","redirect":"geran","redirect_arfcn":600,"idle_priorities":true}`, "redirectedCarrierInfo=1 bandIndicator=0"},
	"release to 3G": {"DL-DCCH", r8("rrcConnectionRelease", "rrcConnectionRelease-r8", seq{"releaseCause": "cs-FallbackHighPriority-v1020", "redirectedCarrierInfo": seq{"utra-FDD": 10562}}),
		"rrcConnectionRelease", `{"release_cause":"cs-FallbackHighPriority-v1020","redirect":"utra-FDD","redirect_arfcn":10562,"idle_priorities":false}`, "utra_FDD=10562"},
	"security": {"DL-DCCH", r8("securityModeCommand", "securityModeCommand-r8", seq{"securityConfigSMC": seq{
		"securityAlgorithmConfig": seq{"cipheringAlgorithm": "eea0", "integrityProtAlgorithm": "eia1"}}}), "securityModeCommand", `{"eea":0,"eia":1}`, "cipheringAlgorithm=0"},
	"handover": {"DL-DCCH", handover, "rrcConnectionReconfiguration", `{"eea":0,"eia":2,"target_pci":77,"handover_type":"intraLTE"}`,
		"targetPhysCellId=77 newUE_Identity=* dedicatedInfoNASList=1 DedicatedInfoNAS=* keyChangeIndicator=0"},
	"reconfiguration": {"DL-DCCH", r8("rrcConnectionReconfiguration", "rrcConnectionReconfiguration-r8", seq{}), "rrcConnectionReconfiguration", "{}", ""},
	"handover to 2G": {"DL-DCCH", r8("mobilityFromEUTRACommand", "mobilityFromEUTRACommand-r8", seq{"cs-FallbackIndicator": true, "purpose": seq{
		"handover": seq{"targetRAT-Type": "geran", "targetRAT-MessageContainer": []byte{1, 2}}}}), "mobilityFromEUTRACommand",
		`{"purpose":"handover","target_rat":"geran"}`, "purpose=0 targetRAT_Type=1 targetRAT_MessageContainer=*"},
	"cell change order": {"DL-DCCH", r8("mobilityFromEUTRACommand", "mobilityFromEUTRACommand-r9", seq{"cs-FallbackIndicator": false, "purpose": seq{"cellChangeOrder": seq{
		"t304": "ms100", "targetRAT-Type": seq{"geran": seq{"physCellId": seq{"networkColourCode": bitString(3, 1), "baseStationColourCode": bitString(3, 2)},
			"carrierFreq": seq{"arfcn": 3, "bandIndicator": "dcs1800"}}}}}}), "mobilityFromEUTRACommand", `{"purpose":"cellChangeOrder","target_rat":"geran"}`, "arfcn=3"},
	"request": {"UL-CCCH", c1("rrcConnectionRequest", seq{"criticalExtensions": seq{"rrcConnectionRequest-r8": seq{
		"ue-Identity": seq{"randomValue": bitString(40, 0xdeadbeef01)}, "establishmentCause": "mo-Signalling", "spare": bitString(1, 0)}}}),
		"rrcConnectionRequest", `{"establishment_cause":"mo-Signalling","identity":"randomValue"}`, "randomValue=* establishmentCause=3"},
	"reject": {"DL-CCCH", c1("rrcConnectionReject", seq{"criticalExtensions": seq{"c1": seq{"rrcConnectionReject-r8": seq{"waitTime": 16}}}}),
		"rrcConnectionReject", `{"wait_time":16}`, "waitTime=16"},
	"re-establishment": {"UL-CCCH", c1("rrcConnectionReestablishmentRequest", seq{"criticalExtensions": seq{"rrcConnectionReestablishmentRequest-r8": seq{
		"ue-Identity": seq{"c-RNTI": bitString(16, 0xdead), "physCellId": 9, "shortMAC-I": bitString(16, 0xbeef)}, "reestablishmentCause": "handoverFailure", "spare": bitString(2, 0)}}}),
		"rrcConnectionReestablishmentRequest", `{"reestablishment_cause":"handoverFailure"}`, "c_RNTI=* shortMAC_I=* physCellId=9"},
	"measurement": {"UL-DCCH", c1("measurementReport", seq{"criticalExtensions": seq{"c1": seq{"measurementReport-r8": seq{"measResults": seq{
		"measId": 3, "measResultPCell": seq{"rsrpResult": 40, "rsrqResult": 20},
		"measResultNeighCells": seq{"measResultListEUTRA": items{seq{"physCellId": 7, "measResult": seq{"rsrpResult": 50}}, seq{"physCellId": 8, "measResult": seq{}}}},
	}}}}}), "measurementReport", `{"rsrp_index":40,"heard":[7,8]}`, "measResultListEUTRA=2"},
	"capabilities": {"UL-DCCH", c1("ueCapabilityInformation", seq{"rrc-TransactionIdentifier": 0, "criticalExtensions": seq{"c1": seq{"ueCapabilityInformation-r8": seq{
		"ue-CapabilityRAT-ContainerList": items{seq{"rat-Type": "eutra", "ueCapabilityRAT-Container": []byte{1, 2, 3}}}}}}}), "ueCapabilityInformation", "{}", ""},
}

func TestDecodeRRC(t *testing.T) {
	for name, c := range rrcCases {
		t.Run(name, func(t *testing.T) {
			payload, err := EncodeRRC(c.channel, c.value)
			require.NoError(t, err)
			m := cell.Message{Channel: c.channel}
			require.NoError(t, DecodeRRC(&m, payload, true))
			require.Equal(t, c.name, m.Name)
			require.JSONEq(t, c.fields, string(cell.AppendMessageFields(nil, &m.Fields)))
			for _, leaf := range strings.Fields(c.leaves) {
				require.Contains(t, m.Leaves, leaf)
			}
			require.NotContains(t, strings.ToLower(strings.Join(m.Leaves, " ")), "dead")
			bare := cell.Message{Channel: c.channel}
			require.NoError(t, DecodeRRC(&bare, payload, false))
			require.Nil(t, bare.Leaves)
			require.Equal(t, m.Fields, bare.Fields)
		})
	}
}

// Of a message that is cut anywhere, what was read is kept, and the bits that were not read decide nothing.
func TestDecodeRRCCut(t *testing.T) {
	for name, c := range rrcCases {
		payload, err := EncodeRRC(c.channel, c.value)
		require.NoError(t, err)
		for n := range payload {
			cut := bytes.Clone(payload[:n])
			m := cell.Message{Channel: c.channel}
			if unreadable(DecodeRRC(&m, cut, true)) == nil {
				continue
			}
			ranges, _ := SecretRRC(nil, c.channel, cut)
			require.Equal(t, 8*n, ranges[len(ranges)-1].To, "%s cut to %d", name, n)
			for _, fill := range []byte{0, 0xFF} {
				for _, r := range ranges {
					for bit := r.From; bit < r.To; bit++ {
						cut[bit/8] = cut[bit/8]&^(0x80>>(bit%8)) | fill&(0x80>>(bit%8))
					}
				}
				again := cell.Message{Channel: c.channel}
				require.Error(t, DecodeRRC(&again, cut, true))
				require.Equal(t, m, again, "%s cut to %d", name, n)
			}
		}
	}
	m := cell.Message{Channel: "BCCH-DL-SCH"}
	payload, err := EncodeRRC(m.Channel, sib1Value)
	require.NoError(t, err)
	require.ErrorContains(t, DecodeRRC(&m, payload[:12], false), "RRC message of BCCH-DL-SCH: bit ")
	require.Equal(t, []string{"001-01", "001-002"}, m.Fields.PLMNs)
}

func TestDecodeRRCRefuses(t *testing.T) {
	m := cell.Message{Channel: "MCCH"}
	require.EqualError(t, DecodeRRC(&m, []byte{0}, true), `RRC messages of channel "MCCH" are not read`)
	_, err := EncodeRRC("MCCH", seq{})
	require.EqualError(t, err, `RRC messages of channel "MCCH" are not written`)
}

// A contained message that holds a secret is secret as a whole: its octets would say it.
func TestContainerOfASecretIsSecret(t *testing.T) {
	inner := seq{"rrc-TransactionIdentifier": 1, "criticalExtensions": handover["message"].(seq)["c1"].(seq)["rrcConnectionReconfiguration"].(seq)["criticalExtensions"]}
	plain := seq{"rrc-TransactionIdentifier": 1, "criticalExtensions": seq{"c1": seq{"rrcConnectionReconfiguration-r8": seq{}}}}
	of := func(v seq) any {
		later := seq{"conditionalReconfiguration-r16": seq{"condReconfigurationToAddModList-r16": items{
			seq{"condReconfigurationId-r16": 1, "condReconfigurationToApply-r16": v}}}}
		for range 10 { // versions of the message
			later = seq{"nonCriticalExtension": later}
		}
		return r8("rrcConnectionReconfiguration", "rrcConnectionReconfiguration-r8", later)
	}
	for _, c := range []struct {
		value seq
		want  string
	}{{inner, "condReconfigurationToApply_r16=*"}, {plain, "condReconfigurationToApply_r16="}} {
		m := cell.Message{Channel: "DL-DCCH"}
		payload, err := EncodeRRC(m.Channel, of(c.value))
		require.NoError(t, err)
		require.NoError(t, DecodeRRC(&m, payload, true))
		at := slices.IndexFunc(m.Leaves, func(l string) bool { return strings.HasPrefix(l, "condReconfigurationToApply_r16=") })
		require.GreaterOrEqual(t, at, 0)
		require.Equal(t, c.want, strings.TrimRight(m.Leaves[at], "0123456789abcdef"))
	}
}

// Every secret field is one that the table has, and is marked.
func TestSecretNamesAreInTheTable(t *testing.T) {
	found := map[string]bool{}
	for w := range strings.FieldsSeq(rrcTable) {
		w = strings.TrimSuffix(w, "?")
		if end := version.FindStringIndex(w); end != nil {
			w = w[:end[0]]
		}
		found[w] = true
	}
	for name := range secretNames {
		require.True(t, found[name], "no field of TS 36.331 is called %s", name)
	}
}

// Whatever the secret bits of a message are, what is said of it is the same.
func TestSecretBitsChangeNothing(t *testing.T) {
	shown := func(channel string, payload []byte) string {
		m := cell.Message{Channel: channel}
		require.NoError(t, DecodeRRC(&m, payload, true))
		return string(cell.AppendMessage(nil, &m))
	}
	some := 0
	try := func(channel string, payload []byte) {
		ranges, err := SecretRRC(nil, channel, payload)
		require.NoError(t, err)
		want := shown(channel, payload)
		for _, r := range ranges {
			for bit := r.From; bit < r.To; bit++ {
				payload[bit/8] ^= 0x80 >> (bit % 8)
				if shown(channel, payload) != want {
					t.Fatalf("bit %d of %s: %x", bit, channel, payload)
				}
				payload[bit/8] ^= 0x80 >> (bit % 8)
				some++
			}
		}
		Zero(payload, ranges)
		require.Equal(t, want, shown(channel, payload))
	}
	for _, c := range rrcCases {
		payload, err := EncodeRRC(c.channel, c.value)
		require.NoError(t, err)
		try(c.channel, payload)
	}
	for _, k := range kindsOfMessage() {
		for seed := range uint64(min(values(t), 300)) {
			payload, err := EncodeRRC(k.channel, k.random(seed))
			require.NoError(t, err)
			try(k.channel, payload)
		}
	}
	require.Greater(t, some, 10_000, "bits that were flipped")
}

// What is zeroed is gone, and nothing else is.
func TestZeroOfSecrets(t *testing.T) {
	c := rrcCases["paging"]
	payload, err := EncodeRRC(c.channel, c.value)
	require.NoError(t, err)
	ranges, err := SecretRRC(nil, c.channel, payload)
	require.NoError(t, err)
	require.Len(t, ranges, 1+15, "a TMSI and 15 digits")
	Zero(payload, ranges)
	want, err := EncodeRRC(c.channel, c1("paging", seq{"pagingRecordList": items{
		seq{"ue-Identity": seq{"s-TMSI": seq{"mmec": bitString(8, 0x42), "m-TMSI": bitString(32, 0)}}, "cn-Domain": "ps"},
		seq{"ue-Identity": seq{"imsi": digits("000000000000000")}, "cn-Domain": "cs"}}, "systemInfoModification": "true"}))
	require.NoError(t, err)
	require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(payload))
}

// The name and length of the classmark in a container of GERAN stay, so that other programs can read a message without its content.
func TestClassmarkKeepsItsShape(t *testing.T) {
	of := func(container []byte) []byte {
		payload, err := EncodeRRC("UL-DCCH", c1("ueCapabilityInformation", seq{"rrc-TransactionIdentifier": 0, "criticalExtensions": seq{"c1": seq{"ueCapabilityInformation-r8": seq{
			"ue-CapabilityRAT-ContainerList": items{seq{"rat-Type": "geran-cs", "ueCapabilityRAT-Container": container}}}}}}))
		require.NoError(t, err)
		return payload
	}
	for _, c := range []struct{ container, hidden []byte }{
		{[]byte{0x33, 3, 0x57, 0x58, 0xA6, 0x20, 3, 1, 2, 3}, []byte{0x33, 3, 0, 0, 0, 0, 0, 0, 0, 0}},
		{[]byte{0x33}, []byte{0}},
		{[]byte{0x33, 4, 0x57, 0x58, 0xA6, 0x20, 3, 1, 2, 3}, make([]byte, 10)},
	} {
		payload := of(c.container)
		ranges, err := SecretRRC(nil, "UL-DCCH", payload)
		require.NoError(t, err)
		Zero(payload, ranges)
		require.Equal(t, of(c.hidden), payload)
	}
}

// What a later version added may be about somebody: its bits are secret. So is what stands behind a message.
func TestUnknownBitsAreSecret(t *testing.T) {
	// System information with one block, of number 63 after the extension marker: an octet of ones.
	const bits = "00" + "0" + "0" + "00000" + "1" + "0111111" + "00000001" + "11111111"
	payload := make([]byte, (len(bits)+7)/8+1)
	for i, c := range bits {
		payload[i/8] |= byte(c-'0') << (7 - i%8)
	}
	payload[len(payload)-1] = 1
	ranges, err := SecretRRC(nil, "BCCH-DL-SCH", payload)
	require.NoError(t, err)
	require.Equal(t, []Range{{25, 33}, {33, 8 * len(payload)}}, ranges)
	m := cell.Message{Channel: "BCCH-DL-SCH"}
	require.Equal(t, &Unread{Unknown: 1, Rest: 8*len(payload) - 33}, DecodeRRC(&m, payload, true))
	require.Equal(t, []string{"message=0", "c1=0", "criticalExtensions=0", "sib_TypeAndInfo=1", "sib_TypeAndInfo_item=73"}, m.Leaves)
}

// The padding of what is within a message may hold anything: it is secret, and shown as zeros.
func TestPaddingIsSecret(t *testing.T) {
	m := cell.Message{Channel: "BCCH-DL-SCH"}
	value := func(padding byte) any {
		return systemInformationOf(seq{"sib5": seq{"interFreqCarrierFreqList": sib5["sib5"].(seq)["interFreqCarrierFreqList"], "lateNonCriticalExtension": []byte{padding}}})
	}
	want, err := EncodeRRC(m.Channel, value(0))
	require.NoError(t, err)
	payload, err := EncodeRRC(m.Channel, value(0x3F))
	require.NoError(t, err)
	require.NotEqual(t, want, payload)
	require.Error(t, DecodeRRC(&m, payload, true))
	require.Contains(t, m.Leaves, "lateNonCriticalExtension=00")
	ranges, err := SecretRRC(nil, m.Channel, payload)
	require.NoError(t, err)
	Zero(payload, ranges)
	require.Equal(t, want, payload)
}

// unreadable leaves of an error what is not that of a message that was read.
func unreadable(err error) error {
	if some := (*Unread)(nil); errors.As(err, &some) {
		return nil
	}
	return err
}

func FuzzRRC(f *testing.F) {
	channels := []string{"BCCH-BCH", "BCCH-DL-SCH", "PCCH", "DL-CCCH", "DL-DCCH", "UL-CCCH", "UL-DCCH"}
	for _, c := range rrcCases {
		payload, err := EncodeRRC(c.channel, c.value)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(slices.Index(channels, c.channel)), payload)
	}
	f.Fuzz(func(t *testing.T, channel byte, payload []byte) {
		m := cell.Message{Channel: channels[int(channel)%len(channels)]}
		err := DecodeRRC(&m, payload, true)
		ranges, secretErr := SecretRRC(nil, m.Channel, payload)
		require.Equal(t, unreadable(err), secretErr)
		for _, r := range ranges {
			if r.From < 0 || r.From > r.To || r.To > 8*len(payload) {
				t.Fatalf("range %v of %d bytes", r, len(payload))
			}
		}
		line := string(cell.AppendMessage(nil, &m))
		Zero(payload, ranges)
		again := cell.Message{Channel: m.Channel}
		require.Equal(t, secretErr, unreadable(DecodeRRC(&again, payload, true)))
		require.Equal(t, line, string(cell.AppendMessage(nil, &again)))
	})
}
