package diag

import (
	"encoding/binary"
	"fmt"
)

// LogRRC is the code of LTE RRC messages over the air, both directions.
const LogRRC = 0xB0C0

// RRC is an LTE RRC message as a log packet 0xB0C0 holds it.
type RRC struct {
	Version  byte // of the header
	Channel  string
	Up       bool
	PCI      uint16
	EARFCN   uint32
	SFN      uint16 // system frame number
	Subframe byte
	Payload  []byte // UPER, TS 36.331
	Rest     []byte // of the body, after the payload; empty in all that was seen
}

// SkipError says why a log packet holds no message that is read: a word of a closed set, with a number in some.
type SkipError string

func (e SkipError) Error() string { return "not read: " + string(e) }

// The channels by PDU type. The numbering changed with the version of the header three times.
var (
	channels2  = map[byte]string{1: "BCCH-BCH", 2: "BCCH-DL-SCH", 3: "MCCH", 4: "PCCH", 5: "DL-CCCH", 6: "DL-DCCH", 7: "UL-CCCH", 8: "UL-DCCH"}
	channels9  = map[byte]string{8: "BCCH-BCH", 9: "BCCH-DL-SCH", 10: "MCCH", 11: "PCCH", 12: "DL-CCCH", 13: "DL-DCCH", 14: "UL-CCCH", 15: "UL-DCCH"}
	channels14 = map[byte]string{1: "BCCH-BCH", 2: "BCCH-DL-SCH", 4: "MCCH", 5: "PCCH", 6: "DL-CCCH", 7: "DL-DCCH", 8: "UL-CCCH", 9: "UL-DCCH"}
	channels19 = map[byte]string{1: "BCCH-BCH", 3: "BCCH-DL-SCH", 6: "MCCH", 7: "PCCH", 8: "DL-CCCH", 9: "DL-DCCH", 10: "UL-CCCH", 11: "UL-DCCH"}
)

// narrowband are the PDU types of NB-IoT channels: another protocol (TS 36.331 clause 6.7).
func narrowband(version, pdu byte) bool {
	switch version {
	case 20, 24, 25:
		return 54 <= pdu && pdu <= 59 || pdu == 61
	case 19, 26, 27, 29, 30, 31:
		return 45 <= pdu && pdu <= 50 || pdu == 52
	}
	return false
}

func channelsOf(version byte) map[byte]string {
	switch version {
	case 2, 3, 4, 6, 7, 8, 13, 22:
		return channels2
	case 9, 12:
		return channels9
	case 14, 15, 16, 20, 24, 25:
		return channels14
	case 19, 26, 27, 29, 30, 31:
		return channels19
	}
	return nil
}

// ParseRRC reads the body of a log packet 0xB0C0:
//
//	version, RRC release, RRC version, [from 25: NR release, NR version], bearer, u16 PCI, EARFCN (u16 below 8, then u32),
//	u16 (subframe in the low 4 bits, SFN above), PDU type, [from 5: u32 mask of SIBs], u16 length, [from 30: 3 bytes, the last
//	a segment number], payload
//
// Errors are SkipErrors. What a message of several segments says is not read.
func ParseRRC(body []byte) (RRC, error) {
	r := reader{p: body}
	m := RRC{Version: r.u8()}
	channels := channelsOf(m.Version)
	if len(body) > 0 && channels == nil {
		return RRC{}, SkipError(fmt.Sprintf("version_%d", m.Version))
	}
	r.skip(2)
	if m.Version >= 25 {
		r.skip(2)
	}
	r.skip(1)
	m.PCI = r.u16()
	if m.Version >= 8 {
		m.EARFCN = r.u32()
	} else {
		m.EARFCN = uint32(r.u16())
	}
	t := r.u16()
	m.SFN, m.Subframe = t>>4, byte(t&15)
	pdu := r.u8()
	if m.Version >= 5 {
		r.skip(4)
	}
	length := int(r.u16())
	segment := byte(0)
	if m.Version >= 30 {
		r.skip(2)
		segment = r.u8()
	}
	m.Channel = channels[pdu]
	m.Up = m.Channel == "UL-CCCH" || m.Channel == "UL-DCCH"
	m.Payload, m.Rest = r.p[:min(length, len(r.p))], r.p[min(length, len(r.p)):]
	switch {
	case r.short:
		return RRC{}, SkipError("short")
	case narrowband(m.Version, pdu):
		return RRC{}, SkipError("nb_iot")
	case m.Channel == "":
		return RRC{}, SkipError(fmt.Sprintf("pdu_%d", pdu))
	case m.Channel == "MCCH":
		return RRC{}, SkipError("mcch")
	case segment != 0:
		return RRC{}, SkipError("segment")
	case len(m.Payload) < length:
		return RRC{}, SkipError("cut")
	}
	return m, nil
}

// reader takes little-endian numbers off the front of p. Beyond the end it gives zeros and sets short.
type reader struct {
	p     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if len(r.p) < n {
		r.p, r.short = nil, true
		return make([]byte, n)
	}
	b := r.p[:n]
	r.p = r.p[n:]
	return b
}

func (r *reader) skip(n int)  { r.take(n) }
func (r *reader) u8() byte    { return r.take(1)[0] }
func (r *reader) u16() uint16 { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }
