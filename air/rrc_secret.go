package air

import (
	"regexp"

	"vigie/air/uper"
)

// secretNames are the fields of TS 36.331, without the version at their end, that say who somebody is, where somebody is, or may hold
// it: their bits are never shown and never stored. Of a field that has fields of its own, all are.
var secretNames = map[string]bool{
	// identities of subscribers and devices
	"m-TMSI": true, "IMSI-Digit": true, "ng-5G-S-TMSI": true, "ng-5G-S-TMSI-Part1": true, "ng-5G-S-TMSI-Part2": true, "meid": true,
	// identities within a cell or network, and what is made from keys
	"randomValue": true, "c-RNTI": true, "newUE-Identity": true, "shortMAC-I": true, "shortResumeMAC-I": true, "resumeIdentity": true,
	"truncatedResumeID": true, "fullI-RNTI": true, "shortI-RNTI": true, "fullResumeID": true, "pur-ConfigID": true,
	"SL-DestinationIdentity": true, "destinationIdentity": true,
	// messages of other layers and systems
	"dedicatedInfoNAS": true, "DedicatedInfoNAS": true, "nas-Container": true, "dedicatedInfoCDMA2000-1XRTT": true, "dedicatedInfoCDMA2000-HRPD": true,
	"messageContCDMA2000-1XRTT": true, "messageContCDMA2000-HRPD": true, "nas-SecurityParamFromEUTRA": true, "nas-SecurityParamToEUTRA": true,
	"targetRAT-MessageContainer": true, "dedicatedInfoF1c": true, "measReportAppLayerContainer": true, "measConfigAppLayerContainer": true,
	"segmentContainer": true, "rrc-MessageSegmentContainer": true,
	// what a terminal can do: a fingerprint
	"ueCapabilityRAT-Container": true,
	// where it is, and traces of one subscriber
	"locationInfo": true, "locationCoordinates": true, "ellipsoid-Point": true, "ellipsoidPointWithAltitude": true, "gnss-TOD-msec": true,
	"horizontalVelocity": true, "coarseLocationInfo": true, "traceReference": true, "traceRecordingSessionRef": true, "tce-Id": true,
	// stations of WLAN and Bluetooth that it hears, which say where it is, and its addresses
	"bssid": true, "hessid": true, "ssid": true, "bt-Addr": true, "BT-Name": true, "WLAN-Name": true, "wlan-MAC-Address": true, "wt-MAC-Address": true,
	"ipv4": true, "ipv6": true,
}

// holdsNAS are the secret fields whose octets are a NAS message.
var holdsNAS = map[string]bool{"dedicatedInfoNAS": true, "DedicatedInfoNAS": true}

var version = regexp.MustCompile(`-[rv][0-9][0-9a-z]*$`)

func secretRRC(name string) bool {
	if end := version.FindStringIndex(name); end != nil {
		name = name[:end[0]]
	}
	return secretNames[name]
}

// SecretRRC appends the bit ranges of payload, an RRC message of that channel, that say, or may say, who somebody is. Of a message
// that cannot be read they are all bits, and the error says why. Only contents are secret: lengths, and which fields are there, stay.
// So do the header and the type of a NAS message.
func SecretRRC(dst []Range, channel string, payload []byte) ([]Range, error) {
	t, err := readRRC(channel, payload)
	if err != nil {
		return append(dst, Range{0, 8 * len(payload)}), err
	}
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
	if end := int(t.Nodes[0].Bit + t.Nodes[0].Bits); t.Rest > 0 {
		dst = append(dst, Range{end, end + t.Rest})
	}
	return dst, nil
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
	if !holdsNAS[n.Field.Name] {
		return append(dst, Range{from, from + int(n.Bits)})
	}
	for _, r := range SecretNAS(nil, uper.AppendBits(nil, payload, from, int(n.Bits))) {
		dst = append(dst, Range{from + r.From, from + r.To})
	}
	return dst
}
