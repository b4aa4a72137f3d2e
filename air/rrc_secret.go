package air

import (
	"regexp"
	"strings"

	"vigie/air/uper"
)

// secretNames are the fields of TS 36.331, without the version at their end, that say who or where somebody is, or may hold it:
// their bits are never shown and never stored. Of a field that has fields of its own, all are.
var secretNames = words(
	// identities of subscribers and devices
	"m-TMSI IMSI-Digit ng-5G-S-TMSI ng-5G-S-TMSI-Part1 ng-5G-S-TMSI-Part2 meid",
	// those within a cell or an area, and what keys are in
	"randomValue c-RNTI newUE-Identity ue-IdentitySCG aul-CRNTI semiPersistSchedC-RNTI pur-RNTI pur-ConfigID sl-RNTI sl-V-RNTI",
	"ul-SPS-V-RNTI sl-SPS-V-RNTI resumeIdentity resumeID truncatedResumeID fullI-RNTI shortI-RNTI shortMAC-I shortResumeMAC-I",
	"SL-DestinationIdentity trafficDestination",
	// messages of other layers and systems
	"dedicatedInfoNAS DedicatedInfoNAS nas-Container nas-SecurityParamFromEUTRA nas-SecurityParamToEUTRA dedicatedInfo",
	"dedicatedInfoCDMA2000-1XRTT dedicatedInfoCDMA2000-HRPD messageContCDMA2000-1XRTT messageContCDMA2000-HRPD dedicatedInfoF1c",
	"targetRAT-MessageContainer measConfigAppLayerContainer measReportAppLayerContainer",
	// what a terminal can do, which is a fingerprint; and parts of messages, which may be of these
	"ueCapabilityRAT-Container segmentContainer rrc-MessageSegmentContainer",
	// where a terminal is, and records of one subscriber
	"locationInfo locationCoordinates coarseLocationInfo heightUE uncomBarPreMeasResult",
	"traceReference traceRecordingSessionRef tce-Id",
	// what it hears of WLAN and Bluetooth, which says where it is; and addresses
	"bssid hessid ssid bt-Addr BT-Name WLAN-Name wt-MAC-Address ipv4 ipv6",
)

func words(lines ...string) map[string]bool {
	set := map[string]bool{}
	for _, line := range lines {
		for _, w := range strings.Fields(line) {
			set[w] = true
		}
	}
	return set
}

var version = regexp.MustCompile(`-[rv][0-9][0-9a-z]*$`)

// unversioned is a name without the version at its end.
func unversioned(name string) string {
	if end := version.FindStringIndex(name); end != nil {
		return name[:end[0]]
	}
	return name
}

func secretRRC(name string) bool { return secretNames[unversioned(name)] }

// SecretRRC appends the bit ranges of payload, an RRC message of that channel, that say, or may say, who somebody is. Of a message
// that cannot be read to its end, the bits that were not read are among them, and the error says why. Only contents are secret:
// lengths, and which fields are there, stay. So do the header and the type of a NAS message.
func SecretRRC(dst []Range, channel string, payload []byte) ([]Range, error) {
	t, err := readRRC(channel, payload)
	secret := int32(0) // nodes before this number are within a secret one
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if n.Field.Secret {
			secret = max(secret, n.End)
		}
		if int32(i) < secret && n.Bits > 0 && isContent(n) {
			dst = appendSecret(dst, n, payload)
		}
	}
	switch {
	case err != nil:
		dst = append(dst, Range{t.Read, 8 * len(payload)})
	case t.Rest > 0:
		dst = append(dst, Range{t.Read, t.Read + t.Rest})
	}
	return dst, err
}

// isContent reports whether the bits of a node are a value, and do not say what follows.
func isContent(n *uper.Node) bool {
	switch n.Field.Type.Kind {
	case uper.Sequence, uper.Choice, uper.List, uper.Null:
		return false
	case uper.Enumerated: // the first bit of an extensible one decides how long it is
		return !n.Field.Type.Extensible
	}
	return true
}

func appendSecret(dst []Range, n *uper.Node, payload []byte) []Range {
	from := int(n.Bit)
	switch unversioned(n.Field.Name) {
	case "ueCapabilityRAT-Container":
		return appendCapability(dst, from, int(n.Bits), payload)
	case "dedicatedInfoNAS", "DedicatedInfoNAS":
		for _, r := range SecretNAS(nil, uper.AppendBits(nil, payload, from, int(n.Bits))) {
			dst = append(dst, Range{from + r.From, from + r.To})
		}
		return dst
	}
	return append(dst, Range{from, from + int(n.Bits)})
}

// appendCapability hides what a terminal can do. For GERAN it begins with a classmark 2, whose name and length stay (TS 36.331 clause
// 6.3.6, TS 24.008 clause 10.5.1.6), or other programs take the message for damaged.
func appendCapability(dst []Range, from, bits int, payload []byte) []Range {
	const classmark2, head = 0x3303, 16
	if bits >= head && uper.Bits(payload, from, head) == classmark2 {
		from, bits = from+head, bits-head
	}
	return append(dst, Range{from, from + bits})
}
