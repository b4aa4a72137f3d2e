package capture

import (
	"encoding/binary"
	"slices"
	"time"

	"vigie/cell"
)

// Link types of pcap (tcpdump.org/linktypes.html).
const (
	linkNull     = 0
	linkEthernet = 1
	linkRawOld   = 12
	linkRaw      = 101
	linkLoop     = 108
	linkCooked   = 113
	linkUser0    = 147
	linkUser1    = 148 // by custom: EPS NAS without any header
	linkUser15   = 162
	linkIPv4     = 228
	linkIPv6     = 229
	linkCooked2  = 276
)

const (
	gsmtapPort = 4729
	protoUDP   = 17
	etherIPv4  = 0x0800
	etherIPv6  = 0x86DD
	etherVLAN  = 0x8100
)

// packet reads one packet of a pcap.
func (p *pass) packet(link uint32, at time.Time, packet []byte) error {
	m := cell.Message{Frame: p.Frames, Time: at}
	if linkUser0 <= link && link <= linkUser15 {
		return p.bare(link, m, packet)
	}
	d, ok := datagramOf(link, packet)
	if !ok || d.port() != gsmtapPort {
		p.add("not_gsmtap")
		p.blank(packet)
		return nil
	}
	if err := p.gsmtap(m, d.udp[8:]); err != nil {
		return err
	}
	if p.writing() {
		hideSender(link, packet, d)
	}
	return nil
}

// hideSender removes the addresses of the host that sent a datagram, and what else could tell it from others; the destination port
// stays, as it says GSMTAP. Checksums are made again: those of before hold the sum of what was removed.
func hideSender(link uint32, packet []byte, d datagram) {
	envelope := packet[:d.at]
	switch link {
	case linkEthernet:
		clear(envelope[:12])
		if len(envelope) > 14 {
			clear(envelope[14:16]) // number of the VLAN
		}
	case linkCooked:
		clear(envelope[4:14]) // length and address
	case linkCooked2:
		clear(envelope[4:8]) // number of the interface
		clear(envelope[11:]) // length and address
	}
	clear(packet[d.at+len(d.ip)+len(d.udp):]) // padding
	clear(d.addresses)
	if d.ip[0]>>4 == 4 {
		clear(d.ip[4:6]) // identification
		clear(d.ip[20:]) // options
		clear(d.ip[10:12])
		binary.BigEndian.PutUint16(d.ip[10:], ^onesSum(0, d.ip))
	} else {
		d.ip[0], d.ip[1], d.ip[2], d.ip[3] = 0x60, 0, 0, 0 // flow label, often a digest of the addresses
	}
	clear(d.udp[:2])
	if binary.BigEndian.Uint16(d.udp[6:]) != 0 {
		d.setChecksum()
	}
}

// bare reads a packet of a link type for private use: the message that As names, without any header.
func (p *pass) bare(link uint32, m cell.Message, packet []byte) error {
	switch {
	case slices.Contains(channels2, p.as):
		m.Layer, m.Channel = cell.RRC, p.as
		m.Direction = direction(p.as == "UL-CCCH" || p.as == "UL-DCCH")
	case p.as == "NAS" || p.as == "" && link == linkUser1:
		m.Layer = cell.NAS
	default:
		p.add("link_type_unknown")
		p.blank(packet)
		return nil
	}
	return p.message(m, packet)
}

// datagram is a UDP datagram over IP.
type datagram struct {
	at        int    // of the IP header in the packet
	ip        []byte // header
	addresses []byte // source and destination, of the header
	udp       []byte // header and data
}

func (d datagram) port() uint16 { return binary.BigEndian.Uint16(d.udp[2:]) }

// datagramOf finds the UDP datagram of a packet; not ok if there is none, or only a part of one.
func datagramOf(link uint32, p []byte) (datagram, bool) {
	ip, ok := ipOf(link, p)
	if !ok || len(ip) < 1 {
		return datagram{}, false
	}
	d := datagram{at: len(p) - len(ip)}
	switch ip[0] >> 4 {
	case 4:
		header := int(ip[0]&15) * 4
		if header < 20 || len(ip) < header || ip[9] != protoUDP || binary.BigEndian.Uint16(ip[6:])&0x3FFF != 0 {
			return datagram{}, false // no UDP, or a fragment
		}
		total := int(binary.BigEndian.Uint16(ip[2:]))
		if total < header || total > len(ip) {
			return datagram{}, false
		}
		d.ip, d.addresses, d.udp = ip[:header], ip[12:20], ip[header:total]
	case 6:
		const header = 40
		if len(ip) < header || ip[6] != protoUDP {
			return datagram{}, false
		}
		total := header + int(binary.BigEndian.Uint16(ip[4:]))
		if total > len(ip) {
			return datagram{}, false
		}
		d.ip, d.addresses, d.udp = ip[:header], ip[8:40], ip[header:total]
	default:
		return datagram{}, false
	}
	if len(d.udp) < 8 {
		return datagram{}, false
	}
	size := int(binary.BigEndian.Uint16(d.udp[4:]))
	if size < 8 || size > len(d.udp) {
		return datagram{}, false
	}
	d.udp = d.udp[:size]
	return d, true
}

// ipOf returns the IP packet in a packet of a link type.
func ipOf(link uint32, p []byte) ([]byte, bool) {
	var kind uint16
	switch link {
	case linkRawOld, linkRaw, linkIPv4, linkIPv6:
		return p, true
	case linkNull, linkLoop: // the family of the address, whose number differs by system; the version of IP says the same
		if len(p) < 4 {
			return nil, false
		}
		return p[4:], true
	case linkEthernet:
		if len(p) < 14 {
			return nil, false
		}
		kind, p = binary.BigEndian.Uint16(p[12:]), p[14:]
		if kind == etherVLAN && len(p) >= 4 {
			kind, p = binary.BigEndian.Uint16(p[2:]), p[4:]
		}
	case linkCooked:
		if len(p) < 16 {
			return nil, false
		}
		kind, p = binary.BigEndian.Uint16(p[14:]), p[16:]
	case linkCooked2:
		if len(p) < 20 {
			return nil, false
		}
		kind, p = binary.BigEndian.Uint16(p), p[20:]
	}
	return p, kind == etherIPv4 || kind == etherIPv6
}

func (d datagram) setChecksum() {
	binary.BigEndian.PutUint16(d.udp[6:], 0)
	sum := ^d.sum()
	if sum == 0 {
		sum = 0xFFFF // 0 means that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(d.udp[6:], sum)
}

// sum is the one's complement sum over the datagram and its pseudo header (RFC 768, RFC 8200 clause 8.1).
func (d datagram) sum() uint16 {
	return onesSum(uint32(protoUDP)+uint32(len(d.udp)), d.addresses, d.udp)
}

// onesSum is a one's complement sum.
func onesSum(sum uint32, parts ...[]byte) uint16 {
	for _, part := range parts {
		for ; len(part) >= 2; part = part[2:] {
			sum += uint32(binary.BigEndian.Uint16(part))
		}
		if len(part) == 1 {
			sum += uint32(part[0]) << 8
		}
	}
	for sum>>16 != 0 {
		sum = sum&0xFFFF + sum>>16
	}
	return uint16(sum)
}
