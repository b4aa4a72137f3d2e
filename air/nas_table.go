package air

// meaning is what an element is for, as far as Vigie reads or hides it.
type meaning uint8

const (
	isOpen   meaning = iota // neither read nor hidden
	isSecret                // hidden whole
	isIdentity
	isGUTI
	isTAI
	isLAI
	isAddress
	isESM // an ESM message
	isCause
	isIdentityType
	isAttachType
	isUpdateType
	isResult
	isDetachUp
	isDetachDown
	isAlgorithms
	isIMEISVRequest
)

// Message types whose type of mobile identity is a field (TS 24.301 clause 9.8).
const (
	attachRequest    = 0x41
	tauRequest       = 0x48
	identityResponse = 0x56
)

// ieCause names the EMM cause as an optional element.
const ieCause = 0x53

var (
	octet     = part{fixed, 1, isOpen}
	list      = part{short, 0, isOpen}
	hidden    = part{short, 0, isSecret}
	cause     = part{fixed, 1, isCause}
	container = part{extended, 0, isESM}
	identity  = part{short, 0, isIdentity}
)

// emmOptional are the optional elements of EMM messages (TS 24.301 clause 8.2), by name. Of one octet: by the upper four bits.
// What is not here is hidden.
var emmOptional = map[byte]part{
	0x11: list, 0x20: list, 0x31: list, 0x40: list, // classmarks, MS network capability, codecs
	0x13: {fixed, 5, isLAI},
	0x16: list,                 // T3402 of a reject
	0x17: octet,                // T3402
	0x19: {fixed, 3, isSecret}, // old P-TMSI signature
	0x23: identity,
	0x34: list,                                                                // emergency numbers
	0x43: list, 0x45: list, 0x46: octet, 0x47: {fixed, 7, isOpen}, 0x49: list, // names of the network, its time
	0x4A:    list, // equivalent PLMNs
	0x50:    {short, 0, isGUTI},
	0x52:    {fixed, 5, isTAI}, // last visited
	ieCause: cause,
	0x54:    list,                                             // TAI list
	0x55:    {fixed, 4, isSecret}, 0x56: {fixed, 4, isSecret}, // nonces
	0x57: list, 0x58: list, // bearers, UE network capability
	0x59: octet, 0x5A: octet, 0x5B: octet, // T3423, T3412, T3442
	0x5C: {fixed, 2, isOpen},           // DRX
	0x5D: list, 0x5E: list, 0x5F: list, // voice domain, extended T3412, T3346
	0x61: octet, 0x62: octet, // SS code, LCS indicator
	0x64: list, 0x6A: list, 0x6E: list, 0x6F: list, // features, T3324, eDRX, additional security capability
	0x78: container,
}

// emmSecurity are the optional elements of a security mode command: its IMEISV request shares its name with others.
var emmSecurity = with(emmOptional, 0xC0, part{fixed, 1, isIMEISVRequest})

// with is the optional elements and one more.
func with(of map[byte]part, name byte, p part) map[byte]part {
	out := map[byte]part{name: p}
	for k, v := range of {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// emmLayouts are the EMM messages by type (TS 24.301 clauses 8.2 and 9.8).
var emmLayouts = map[byte]layout{
	attachRequest:    {"attach-request", []part{{fixed, 1, isAttachType}, identity, list, container}, emmOptional},
	0x42:             {"attach-accept", []part{{fixed, 1, isResult}, octet, list, container}, emmOptional},
	0x43:             {"attach-complete", []part{container}, emmOptional},
	0x44:             {"attach-reject", []part{cause}, emmOptional},
	0x45:             {"detach-request", nil, emmOptional}, // see mandatoryOf
	0x46:             {"detach-accept", nil, emmOptional},
	tauRequest:       {"tau-request", []part{{fixed, 1, isUpdateType}, identity}, emmOptional},
	0x49:             {"tau-accept", []part{{fixed, 1, isResult}}, emmOptional},
	0x4A:             {"tau-complete", nil, emmOptional},
	0x4B:             {"tau-reject", []part{cause}, emmOptional},
	0x4C:             {"extended-service-request", []part{octet, identity}, emmOptional},
	0x4E:             {"service-reject", []part{cause}, emmOptional},
	0x50:             {"guti-reallocation-command", []part{identity}, emmOptional},
	0x51:             {"guti-reallocation-complete", nil, emmOptional},
	0x52:             {"authentication-request", []part{octet, {fixed, 16, isSecret}, hidden}, emmOptional},
	0x53:             {"authentication-response", []part{hidden}, emmOptional},
	0x54:             {"authentication-reject", nil, emmOptional},
	0x55:             {"identity-request", []part{{fixed, 1, isIdentityType}}, emmOptional},
	identityResponse: {"identity-response", []part{identity}, emmOptional},
	0x5C:             {"authentication-failure", []part{cause}, emmOptional},
	0x5D:             {"security-mode-command", []part{{fixed, 1, isAlgorithms}, octet, list}, emmSecurity},
	0x5E:             {"security-mode-complete", nil, emmOptional},
	0x5F:             {"security-mode-reject", []part{cause}, emmOptional},
	0x60:             {"emm-status", []part{cause}, emmOptional},
	0x61:             {"emm-information", nil, emmOptional},
	0x62:             {"downlink-nas-transport", []part{hidden}, emmOptional},
	0x63:             {"uplink-nas-transport", []part{hidden}, emmOptional},
	0x64:             {"cs-service-notification", []part{octet}, emmOptional},
	0x68:             {"downlink-generic-nas-transport", []part{octet, {extended, 0, isSecret}}, emmOptional},
	0x69:             {"uplink-generic-nas-transport", []part{octet, {extended, 0, isSecret}}, emmOptional},
}

// esmOptional are the optional elements of ESM messages (TS 24.301 clause 8.3) that need not be hidden, or are read.
var esmOptional = map[byte]part{
	0x30: list, 0x32: octet, 0x34: list, // negotiated QoS, LLC SAPI, packet flow
	0x37: list, 0x58: cause, 0x5B: list, 0x5D: list, 0x5E: list, // T3396, cause, QoS, transaction, rate
}

// esmLayouts are the ESM messages by type (TS 24.301 clauses 8.3 and 9.8). One that is not here has no mandatory element.
var esmLayouts = func() map[byte]layout {
	bearer, flows := octet, hidden
	m := map[byte][]part{
		0xC1: {list, hidden, {short, 0, isAddress}}, // QoS, access point, address
		0xC5: {bearer, list, flows},
		0xD0: {octet}, 0xD2: {bearer},
		0xD4: {bearer, flows, list}, 0xD6: {bearer, flows},
		0xDB: {list}, 0xEB: {{extended, 0, isSecret}},
	}
	for _, t := range []byte{0xC3, 0xC7, 0xCB, 0xCD, 0xD1, 0xD3, 0xD5, 0xD7, 0xE8} {
		m[t] = []part{cause}
	}
	out := map[byte]layout{}
	for t := range 256 {
		out[byte(t)] = layout{mandatory: m[byte(t)], optional: esmOptional}
	}
	return out
}()
