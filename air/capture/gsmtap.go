package capture

import (
	"encoding/binary"
	"fmt"

	"vigie/cell"
)

// GSMTAP (osmocom.org/projects/baseband/wiki/GSMTAP) is a header before a message: version 2 of fixed length, version 3 with metadata.
const (
	typeLTERRC  = 0x0D
	typeLTENAS  = 0x12
	type3LTERRC = 0x0403
	type3LTENAS = 0x0404

	typeNone = 0xFF // no type: what a message becomes that a copy must not show, so that no tool takes its zeros for a message

	header2 = 16

	endOfMetadata = 0xFFFE

	uplinkBit = 0x4000 // of the channel number in version 2, which leaves 14 bits for it
)

// channels2 are the LTE RRC channels by sub-type of version 2.
var channels2 = []string{"DL-CCCH", "DL-DCCH", "UL-CCCH", "UL-DCCH", "BCCH-BCH", "BCCH-DL-SCH", "PCCH"}

// channels3 are the LTE RRC channels by sub-type of version 3.
var channels3 = map[uint16]string{
	1: "BCCH-BCH", 3: "BCCH-DL-SCH", 7: "PCCH", 8: "DL-CCCH", 9: "DL-DCCH", 10: "UL-CCCH", 11: "UL-DCCH",
}

// gsmtap reads a GSMTAP datagram.
func (p *pass) gsmtap(m cell.Message, data []byte) error {
	if len(data) < 4 {
		p.add("gsmtap_short")
		p.blank(data)
		return nil
	}
	switch data[0] {
	case 2:
		return p.gsmtap2(m, data)
	case 3:
		return p.gsmtap3(m, data)
	}
	p.add(fmt.Sprintf("gsmtap_version_%d", data[0]))
	p.blank(data)
	return nil
}

func (p *pass) gsmtap2(m cell.Message, data []byte) error {
	size := int(data[1]) * 4
	if size < header2 || size > len(data) {
		p.add("gsmtap_short")
		p.blank(data)
		return nil
	}
	p.padding(data[header2:size])
	payload := data[size:]
	m.Direction = direction(binary.BigEndian.Uint16(data[4:])&uplinkBit != 0)
	switch kind, sub := data[2], int(data[12]); {
	case kind == typeLTERRC && sub < len(channels2):
		m.Layer, m.Channel = cell.RRC, channels2[sub]
	case kind == typeLTENAS:
		m.Layer = cell.NAS
	default:
		p.add(fmt.Sprintf("gsmtap_type_%d", kind))
		if p.blank(payload); p.writing() {
			data[2] = typeNone
		}
		return nil
	}
	return p.message(m, payload)
}

func (p *pass) gsmtap3(m cell.Message, data []byte) error {
	if len(data) < 8 {
		p.add("gsmtap_short")
		p.blank(data)
		return nil
	}
	size := int(binary.BigEndian.Uint16(data[2:])) * 4
	if size < 8 || size > len(data) {
		p.add("gsmtap_short")
		p.blank(data)
		return nil
	}
	if p.writing() {
		hideMetadata(data[8:size])
	}
	payload := data[size:]
	kind, sub := binary.BigEndian.Uint16(data[4:]), binary.BigEndian.Uint16(data[6:])
	channel := channels3[sub]
	switch {
	case kind == type3LTERRC && channel != "":
		m.Layer, m.Channel = cell.RRC, channel
		m.Direction = direction(channel == "UL-CCCH" || channel == "UL-DCCH")
	case kind == type3LTENAS:
		m.Layer = cell.NAS
	default:
		p.add(fmt.Sprintf("gsmtap3_type_%04x", kind))
		if p.blank(payload); p.writing() {
			data[4], data[5] = typeNone, typeNone
		}
		return nil
	}
	return p.message(m, payload)
}

// hideMetadata removes the comment (0x0001) and all that is not known to be of the radio: time, channel, frame numbers (0x0000 to
// 0x000B) and signal (0x01xx). Keys of a subscriber are 0x02xx.
func hideMetadata(p []byte) {
	for len(p) >= 4 {
		tag, size := binary.BigEndian.Uint16(p), int(binary.BigEndian.Uint16(p[2:]))
		p = p[4:]
		if size > len(p) || tag == endOfMetadata {
			break
		}
		const mostOfRadio = 12 // bytes: a time
		switch ofRadio := tag <= 0x0B || tag>>8 == 1; {
		case tag == 1:
			maskText(p[:size])
		case !ofRadio || size > mostOfRadio:
			clear(p[:size])
		}
		p = p[size:]
	}
	clear(p)
}
