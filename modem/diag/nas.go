package diag

// NAS is an EPS NAS message as a log packet holds it.
type NAS struct {
	ESM       bool // by the log code; else EMM
	Up        bool
	Protected bool   // as sent, with security header; else the modem has taken it off, and the ciphering with it
	Payload   []byte // TS 24.301
}

// nasCodes are the log codes of EPS NAS. A security mode command is logged under two of them.
var nasCodes = map[uint16]NAS{
	0xB0E0: {ESM: true, Protected: true},
	0xB0E1: {ESM: true, Protected: true, Up: true},
	0xB0E2: {ESM: true},
	0xB0E3: {ESM: true, Up: true},
	0xB0EA: {Protected: true},
	0xB0EB: {Protected: true, Up: true},
	0xB0EC: {},
	0xB0ED: {Up: true},
}

const nasHeader = 4 // version of the log, release and version of the specification

// IsNAS reports whether the code is one of EPS NAS messages.
func IsNAS(code uint16) bool { _, ok := nasCodes[code]; return ok }

// ParseNAS reads the body of a log packet of EPS NAS: four bytes of versions, then the message. Errors are SkipErrors.
func ParseNAS(code uint16, body []byte) (NAS, error) {
	m, ok := nasCodes[code]
	if !ok {
		return NAS{}, SkipError("code")
	}
	if len(body) <= nasHeader {
		return NAS{}, SkipError("short")
	}
	m.Payload = body[nasHeader:]
	return m, nil
}
