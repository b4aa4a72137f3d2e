package air

import (
	"errors"
	"fmt"
	"strconv"

	"vigie/cell"
)

// ErrCut says that a message ends before its last mandatory element does. What was read before is kept.
var ErrCut = errors.New("the message ends too early")

// Protocol discriminators (TS 24.007 clause 11.2.3.1.1).
const (
	discriminatorESM = 2
	discriminatorEMM = 7
)

// Security header types (TS 24.301 clause 9.3.1).
const (
	plain                = 0
	integrity            = 1
	integrityCiphered    = 2
	integrityNewContext  = 3
	cipheredNewContext   = 4
	serviceRequestHeader = 12 // and above: a service request, which has no message type
)

const securityHeader = 6 // discriminator, authentication code of four octets, sequence number

// DecodeNAS reads a NAS message: it sets the protocol (Channel), Name and Fields of m. A message with security header 2 or 4 is
// ciphered, and not looked into: by chance a ciphertext can look like a message. On ErrCut m keeps what was read.
func DecodeNAS(m *cell.Message, payload []byte) error {
	m.Layer, m.Channel = cell.NAS, "EMM"
	if len(payload) == 0 {
		return ErrCut
	}
	if payload[0]&0xF == discriminatorESM {
		return decodeESM(m, payload)
	}
	header := int(payload[0] >> 4)
	m.Fields.Security = cell.Some(header)
	switch {
	case payload[0]&0xF != discriminatorEMM:
		return nil // no protocol that is spoken to a terminal of LTE
	case header >= serviceRequestHeader:
		m.Name = "service-request"
		return nil
	case header == integrityCiphered || header == cipheredNewContext:
		m.Fields.Ciphered = true
		return nil
	case header == integrity || header == integrityNewContext:
		if len(payload) <= securityHeader {
			return ErrCut
		}
		payload = payload[securityHeader:]
		if payload[0]&0xF == discriminatorESM {
			return decodeESM(m, payload)
		}
	case header != plain:
		return nil
	}
	if payload[0] != discriminatorEMM { // within a protected message: plain EMM
		return nil
	}
	return decodeEMM(m, payload)
}

func decodeEMM(m *cell.Message, p []byte) error {
	if len(p) < 2 {
		return ErrCut
	}
	l, known := emmLayouts[p[1]]
	if !known {
		m.Name = "emm-" + strconv.Itoa(int(p[1]))
		return nil
	}
	m.Name = l.name
	return l.walk(p, 2, m.Direction, func(e element) { emmField(m, p[1], e) })
}

func decodeESM(m *cell.Message, p []byte) error {
	m.Channel = "ESM"
	if len(p) < esmHeader {
		return ErrCut
	}
	m.Name = fmt.Sprintf("esm-%d", p[2])
	l := esmLayouts[p[2]]
	return l.walk(p, esmHeader, m.Direction, func(e element) {
		if e.what == isCause && len(e.value) > 0 && !m.Fields.Cause.Known() {
			m.Fields.Cause = cell.Some(int(e.value[0]))
		}
	})
}

const esmHeader = 3 // bearer and discriminator, transaction, message type

// emmField sets the field that an element of an EMM message gives.
func emmField(m *cell.Message, message byte, e element) {
	if len(e.value) == 0 {
		return
	}
	f, first := &m.Fields, int(e.value[0])
	switch e.what {
	case isCause:
		f.Cause = cell.Some(first)
	case isIdentity:
		if message == attachRequest || message == tauRequest || message == identityResponse {
			f.IdentityType = cell.Some(first & 7)
		}
	case isIdentityType:
		f.IdentityType = cell.Some(first & 7)
	case isAttachType:
		f.AttachType = cell.Some(first & 7)
	case isUpdateType:
		f.UpdateType = cell.Some(first & 7)
	case isResult:
		f.Result = cell.Some(first & 7)
	case isDetachUp:
		f.DetachUp = cell.Some(first & 7)
	case isDetachDown:
		f.DetachDown = cell.Some(first & 7)
	case isAlgorithms:
		f.EEA, f.EIA = cell.Some(first>>4&7), cell.Some(first&7)
	case isIMEISVRequest:
		f.IMEISVRequested = cell.Some(first & 7)
	case isTAI:
		f.LastTAIPLMN = plmnNumbers(e.value)
	}
}

// plmnNumbers reads a PLMN of three octets (TS 24.008 clause 10.5.1.3) as numbers, "310-410" or "1-1"; "" if a digit is none.
func plmnNumbers(p []byte) string {
	if len(p) < 3 {
		return ""
	}
	mcc := []byte{p[0] & 15, p[0] >> 4, p[1] & 15}
	mnc := []byte{p[2] & 15, p[2] >> 4}
	if p[1]>>4 != 15 {
		mnc = append(mnc, p[1]>>4)
	}
	number := func(digits []byte) int {
		n := 0
		for _, d := range digits {
			if d > 9 {
				return -1
			}
			n = 10*n + int(d)
		}
		return n
	}
	if number(mcc) < 0 || number(mnc) < 0 {
		return ""
	}
	return fmt.Sprintf("%d-%d", number(mcc), number(mnc))
}
