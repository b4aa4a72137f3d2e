package air

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/air/airtest"
	"vigie/cell"
)

type (
	seq   = airtest.Seq
	items = airtest.List
)

var sib1Value = airtest.SIB1(airtest.Cell{PLMNs: []string{"001-01", "001-002"}, TAC: 0x1234, CellID: 0x1abcde1, Band: 20, QRxLevMin: -124, ValueTag: 7,
	Blocks: [][]string{{}, {"sibType3"}}})

// rrcCases are messages of each kind that has fields, with what they say.
var rrcCases = map[string]struct {
	message airtest.RRC
	name    string
	fields  string
	leaves  string // some of them
}{
	"SIB1": {sib1Value, "systemInformationBlockType1",
		`{"plmns":["001-01","001-002"],"tac":4660,"cell_id":28036577,"barred":false,"intra_freq_reselection":true,"csg":false,"q_rx_lev_min":-124,"band":20,"si_count":2,"value_tag":7}`,
		"message=0 c1=1 plmn_IdentityList=2 mcc=3 MCC_MNC_Digit=0 MCC_MNC_Digit=0 MCC_MNC_Digit=1 trackingAreaCode=1234 cellIdentity=1abcde10 csg_Indication=0 q_RxLevMin=-62 sib_MappingInfo=1 SIB_Type=0"},
	"SIB3 and SIB4": {airtest.SystemInformation(airtest.SIB3(4), airtest.SIB4(5, 503)), "systemInformation",
		`{"sibs":[3,4],"serving_priority":4,"neighbours":[5,503]}`, "sib_TypeAndInfo=2 sib_TypeAndInfo_item=1 sib_TypeAndInfo_item=2 neighCellConfig=40 physCellId=503"},
	"SIB4 without neighbours": {airtest.SystemInformation(airtest.SIB4()), "systemInformation", `{"sibs":[4],"neighbours":[]}`, ""},
	"SIB5 to SIB7": {airtest.SystemInformation(sib5, airtest.SIB6([]airtest.Offer{{Channel: 10562, Priority: 3}}, []airtest.Offer{{Channel: 9500, Priority: 3}}),
		airtest.SIB7(airtest.Offer{Channel: 514, Priority: 7})), "systemInformation",
		`{"sibs":[5,6,7],"eutra":[[6300,6],[1300,null]],"utra":[[10562,3],[9500,3]],"geran":[[514,7]]}`, "explicitListOfARFCNs=0 startingARFCN=514 ncc_Permitted=ff"},
	"SIB of a later version": {airtest.SystemInformation(seq{"sib15-v1130": seq{}}, airtest.SIB3(4)), "systemInformation",
		`{"sibs":[15,3],"serving_priority":4}`, "sib_TypeAndInfo_item=13"},
	"MIB": {airtest.RRC{Channel: "BCCH-BCH", Value: seq{"message": seq{"dl-Bandwidth": "n50", "phich-Config": seq{"phich-Duration": "normal", "phich-Resource": "one"},
		"systemFrameNumber": airtest.Bits(8, 9), "schedulingInfoSIB1-BR-r13": 0, "systemInfoUnchanged-BR-r15": false, "partEARFCN-17": seq{"spare": airtest.Bits(2, 0)}, "spare": airtest.Bits(1, 0)}}},
		"masterInformationBlock", "{}", "dl_Bandwidth=3 phich_Duration=0 phich_Resource=2 systemFrameNumber=09"},
	"paging": {airtest.Paging(1, true, "001010123456789"), "paging", `{"records":2,"imsi_records":1,"si_modification":true}`,
		"pagingRecordList=2 ue_Identity=0 mmec=42 m_TMSI=* imsi=15 IMSI_Digit=* cn_Domain=1"},
	"paging of nobody": {airtest.Paging(0, false), "paging", `{"records":0,"imsi_records":0,"si_modification":false}`, ""},
	"release to 2G": {airtest.Dedicated("rrcConnectionRelease", seq{"releaseCause": "other", "redirectedCarrierInfo": airtest.RedirectGSM(600), "idleModeMobilityControlInfo": seq{}}),
		"rrcConnectionRelease", `{"release_cause":"other","redirect":"geran","redirect_arfcn":600,"idle_priorities":true}`, "redirectedCarrierInfo=1 bandIndicator=0"},
	"release to 3G": {airtest.Release("cs-FallbackHighPriority-v1020", airtest.RedirectUMTS(10562)),
		"rrcConnectionRelease", `{"release_cause":"cs-FallbackHighPriority-v1020","redirect":"utra-FDD","redirect_arfcn":10562,"idle_priorities":false}`, "utra_FDD=10562"},
	"release to LTE": {airtest.Release("loadBalancingTAUrequired", airtest.RedirectLTE(6300)),
		"rrcConnectionRelease", `{"release_cause":"loadBalancingTAUrequired","redirect":"eutra","redirect_arfcn":6300,"idle_priorities":false}`, "eutra=6300"},
	"release":     {airtest.Release("other", nil), "rrcConnectionRelease", `{"release_cause":"other","idle_priorities":false}`, ""},
	"security":    {airtest.SecurityMode(0, 1), "securityModeCommand", `{"eea":0,"eia":1}`, "cipheringAlgorithm=0"},
	"no security": {airtest.SecurityMode(3, 0), "securityModeCommand", `{"eea":3,"eia":0}`, "integrityProtAlgorithm=0"},
	"handover": {airtest.Handover(77, 0, 2), "rrcConnectionReconfiguration", `{"eea":0,"eia":2,"target_pci":77,"handover_type":"intraLTE"}`,
		"targetPhysCellId=77 newUE_Identity=* keyChangeIndicator=0"},
	"reconfiguration":          {airtest.Reconfiguration(), "rrcConnectionReconfiguration", "{}", ""},
	"reconfiguration with NAS": {airtest.Reconfiguration([]byte{0x27, 1, 2, 3, 4, 5, 0xC0, 0xDE}), "rrcConnectionReconfiguration", "{}", "dedicatedInfoNASList=1 DedicatedInfoNAS=*"},
	"handover to 2G": {airtest.HandoverTo("geran"), "mobilityFromEUTRACommand", `{"purpose":"handover","target_rat":"geran"}`,
		"purpose=0 targetRAT_Type=1 targetRAT_MessageContainer=*"},
	"cell change order":      {airtest.CellChangeOrder(3), "mobilityFromEUTRACommand", `{"purpose":"cellChangeOrder","target_rat":"geran"}`, "arfcn=3"},
	"request":                {airtest.Request("mo-Signalling"), "rrcConnectionRequest", `{"establishment_cause":"mo-Signalling","identity":"s-TMSI"}`, "m_TMSI=* establishmentCause=3"},
	"request of a stranger":  {airtest.RequestUnknown("mo-Signalling"), "rrcConnectionRequest", `{"establishment_cause":"mo-Signalling","identity":"randomValue"}`, "randomValue=*"},
	"reject":                 {airtest.Reject(16), "rrcConnectionReject", `{"wait_time":16}`, "waitTime=16"},
	"re-establishment":       {airtest.Reestablish(9, "handoverFailure"), "rrcConnectionReestablishmentRequest", `{"reestablishment_cause":"handoverFailure"}`, "c_RNTI=* shortMAC_I=* physCellId=9"},
	"measurement":            {airtest.Measurement(40, 7, 8), "measurementReport", `{"rsrp_index":40,"heard":[7,8]}`, "measResultListEUTRA=2"},
	"measurement of nothing": {airtest.Measurement(40), "measurementReport", `{"rsrp_index":40}`, ""},
	"NAS down":               {airtest.NASDown([]byte{7, 0x55, 1, 0xC0, 0xDE}), "dlInformationTransfer", "{}", "dedicatedInfoNAS=*"},
	"NAS up":                 {airtest.NASUp([]byte{7, 0x56, 8, 0xC0, 0xDE}), "ulInformationTransfer", "{}", "dedicatedInfoNAS=*"},
	"capabilities": {airtest.C1("UL-DCCH", "ueCapabilityInformation", seq{"rrc-TransactionIdentifier": 0, "criticalExtensions": seq{"c1": seq{"ueCapabilityInformation-r8": seq{
		"ue-CapabilityRAT-ContainerList": items{seq{"rat-Type": "eutra", "ueCapabilityRAT-Container": []byte{1, 2, 3}}}}}}}), "ueCapabilityInformation", "{}", ""},
}

var sib5 = airtest.SIB5(airtest.Offer{Channel: 6300, Priority: 6}, airtest.Offer{Channel: 1300, Priority: -1}).(seq)

func encoded(t testing.TB, m airtest.RRC) []byte {
	t.Helper()
	payload, err := EncodeRRC(m.Channel, m.Value)
	require.NoError(t, err)
	return payload
}

func TestDecodeRRC(t *testing.T) {
	for name, c := range rrcCases {
		t.Run(name, func(t *testing.T) {
			payload := encoded(t, c.message)
			m := cell.Message{Channel: c.message.Channel}
			require.NoError(t, DecodeRRC(&m, payload, true))
			require.Equal(t, c.name, m.Name)
			require.JSONEq(t, c.fields, string(cell.AppendMessageFields(nil, &m.Fields)))
			for _, leaf := range strings.Fields(c.leaves) {
				require.Contains(t, m.Leaves, leaf)
			}
			require.NotContains(t, strings.ToLower(strings.Join(m.Leaves, " ")), "c0de")
			bare := cell.Message{Channel: c.message.Channel}
			require.NoError(t, DecodeRRC(&bare, payload, false))
			require.Nil(t, bare.Leaves)
			require.Equal(t, m.Fields, bare.Fields)
		})
	}
}

// Of a message that is cut anywhere, what was read is kept, and the bits that were not read decide nothing.
func TestDecodeRRCCut(t *testing.T) {
	for name, c := range rrcCases {
		payload := encoded(t, c.message)
		for n := range payload {
			cut := bytes.Clone(payload[:n])
			m := cell.Message{Channel: c.message.Channel}
			if unreadable(DecodeRRC(&m, cut, true)) == nil {
				continue
			}
			ranges, _ := SecretRRC(nil, c.message.Channel, cut)
			require.Equal(t, 8*n, ranges[len(ranges)-1].To, "%s cut to %d", name, n)
			for _, fill := range []byte{0, 0xFF} {
				for _, r := range ranges {
					for bit := r.From; bit < r.To; bit++ {
						cut[bit/8] = cut[bit/8]&^(0x80>>(bit%8)) | fill&(0x80>>(bit%8))
					}
				}
				again := cell.Message{Channel: c.message.Channel}
				require.Error(t, DecodeRRC(&again, cut, true))
				require.Equal(t, m, again, "%s cut to %d", name, n)
			}
		}
	}
	m := cell.Message{Channel: "BCCH-DL-SCH"}
	require.ErrorContains(t, DecodeRRC(&m, encoded(t, sib1Value)[:12], false), "RRC message of BCCH-DL-SCH: bit ")
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
	of := func(message airtest.RRC) airtest.RRC {
		content := message.Value.(seq)["message"].(seq)["c1"].(seq)["rrcConnectionReconfiguration"]
		later := seq{"conditionalReconfiguration-r16": seq{"condReconfigurationToAddModList-r16": items{
			seq{"condReconfigurationId-r16": 1, "condReconfigurationToApply-r16": content}}}}
		for range 10 { // versions of the message
			later = seq{"nonCriticalExtension": later}
		}
		return airtest.Dedicated("rrcConnectionReconfiguration", later)
	}
	for _, c := range []struct {
		message airtest.RRC
		want    string
	}{{airtest.Handover(1, 1, 1), "condReconfigurationToApply_r16=*"}, {airtest.Reconfiguration(), "condReconfigurationToApply_r16="}} {
		m := cell.Message{Channel: "DL-DCCH"}
		payload := encoded(t, of(c.message))
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
		found[unversioned(strings.TrimSuffix(w, "?"))] = true
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
		return string(cell.AppendRecord(nil, &m))
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
		payload := encoded(t, c.message)
		try(c.message.Channel, payload)
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
	payload := encoded(t, c.message)
	ranges, err := SecretRRC(nil, c.message.Channel, payload)
	require.NoError(t, err)
	require.Len(t, ranges, 1+15, "a TMSI and 15 digits")
	Zero(payload, ranges)
	none := airtest.Seq{"mmec": airtest.Bits(8, 0x42), "m-TMSI": airtest.Bits(32, 0)}
	want := encoded(t, airtest.C1("PCCH", "paging", seq{"pagingRecordList": items{
		seq{"ue-Identity": seq{"s-TMSI": none}, "cn-Domain": "ps"},
		seq{"ue-Identity": seq{"imsi": airtest.Digits("000000000000000")}, "cn-Domain": "cs"}}, "systemInfoModification": "true"}))
	require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(payload))
}

// The name and length of the classmark in a container of GERAN stay, so that other programs can read a message without its content.
func TestClassmarkKeepsItsShape(t *testing.T) {
	of := func(container []byte) []byte {
		return encoded(t, airtest.C1("UL-DCCH", "ueCapabilityInformation", seq{"rrc-TransactionIdentifier": 0, "criticalExtensions": seq{"c1": seq{"ueCapabilityInformation-r8": seq{
			"ue-CapabilityRAT-ContainerList": items{seq{"rat-Type": "geran-cs", "ueCapabilityRAT-Container": container}}}}}}))
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
	with := func(padding byte) []byte {
		return encoded(t, airtest.SystemInformation(seq{"sib5": seq{
			"interFreqCarrierFreqList": sib5["sib5"].(seq)["interFreqCarrierFreqList"], "lateNonCriticalExtension": []byte{padding}}}))
	}
	want, payload := with(0), with(0x3F)
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
		payload := encoded(f, c.message)
		f.Add(byte(slices.Index(channels, c.message.Channel)), payload)
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
		line := string(cell.AppendRecord(nil, &m))
		Zero(payload, ranges)
		again := cell.Message{Channel: m.Channel}
		require.Equal(t, secretErr, unreadable(DecodeRRC(&again, payload, true)))
		require.Equal(t, line, string(cell.AppendRecord(nil, &again)))
	})
}
