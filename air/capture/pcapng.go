package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"time"
)

// A pcapng file (draft-ietf-opsawg-pcapng) is blocks: type, length, body padded to four bytes, length again.
const (
	blockSection   = 0x0A0D0D0A
	blockInterface = 1
	blockSimple    = 3
	blockStatistic = 5
	blockPacket    = 6

	byteOrderMagic = 0x1A2B3C4D
	mostInterfaces = 1024
)

func isPCAPNG(head []byte) bool {
	return len(head) >= 12 && binary.LittleEndian.Uint32(head) == blockSection && sectionOrder(head[8:]) != nil
}

// sectionOrder returns the byte order that the body of a section header gives.
func sectionOrder(body []byte) binary.ByteOrder {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if len(body) >= 4 && order.Uint32(body) == byteOrderMagic {
			return order
		}
	}
	return nil
}

// iface is an interface of the section that is being read.
type iface struct {
	link   uint32
	unit   float64 // seconds of one tick
	offset int64   // seconds
}

type section struct {
	order  binary.ByteOrder
	ifaces []iface
}

func (p *pass) pcapng(ctx context.Context) error {
	var s section
	var buf bytes.Buffer
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var head [8]byte
		if _, err := io.ReadFull(p.in, head[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return p.ended(err)
		}
		isSection := binary.LittleEndian.Uint32(head[:]) == blockSection // the same in both orders
		if isSection {
			magic, err := p.in.Peek(4)
			if err != nil {
				return p.ended(err)
			}
			s = section{order: sectionOrder(magic)}
		}
		if s.order == nil {
			p.add("damaged")
			return nil
		}
		size := s.order.Uint32(head[4:])
		if size < 12 || size%4 != 0 || size > mostPacket {
			p.add("damaged")
			return nil
		}
		rest, err := take(p.in, &buf, int(size)-8)
		if err != nil {
			return p.ended(err)
		}
		keep, err := p.block(&s, s.order.Uint32(head[:]), rest[:len(rest)-4])
		if err != nil {
			return err
		}
		if !p.writing() {
			continue
		}
		if !keep {
			p.add("block_left_out")
			continue
		}
		copy(rest[len(rest)-4:], head[4:]) // the length again, which nothing has read
		p.out.Write(head[:])
		if _, err := p.out.Write(rest); err != nil {
			return err
		}
	}
}

// block reads one block, and returns whether a copy without identities may have it.
func (p *pass) block(s *section, kind uint32, body []byte) (keep bool, err error) {
	switch kind {
	case blockSection:
		const length = 8 // of the section, which changes with blocks that are left out: not given
		if p.options(s, body, 16); p.writing() && len(body) >= 16 {
			s.order.PutUint64(body[length:], math.MaxUint64)
		}
		return true, nil
	case blockStatistic:
		p.options(s, body, 12)
		return true, nil
	case blockInterface:
		if len(s.ifaces) < mostInterfaces {
			s.ifaces = append(s.ifaces, readInterface(s.order, body))
		}
		if p.options(s, body, 8, optResolution, optOffset); p.writing() && len(body) >= 4 {
			clear(body[2:4]) // reserved
		}
		return true, nil
	case blockPacket:
		return true, p.enhanced(s, body)
	case blockSimple:
		if len(body) < 4 || len(s.ifaces) == 0 {
			p.add("damaged")
			return false, nil
		}
		p.Frames++
		size := min(int(s.order.Uint32(body)), len(body)-4)
		err := p.packet(s.ifaces[0].link, time.Time{}, body[4:4+size])
		p.padding(body[4+size:])
		return true, err
	}
	p.add("block_other")
	return false, nil
}

// enhanced reads an enhanced packet block: interface, time, captured and original length, packet, options.
func (p *pass) enhanced(s *section, body []byte) error {
	const fixed = 20
	p.Frames++
	if len(body) < fixed {
		p.add("damaged")
		p.blank(body)
		return nil
	}
	n, size := s.order.Uint32(body), s.order.Uint32(body[12:])
	if int64(n) >= int64(len(s.ifaces)) || int64(size) > int64(len(body)-fixed) {
		p.add("damaged")
		p.blank(body[fixed:])
		return nil
	}
	i := s.ifaces[n]
	at := i.time(uint64(s.order.Uint32(body[4:]))<<32 | uint64(s.order.Uint32(body[8:])))
	if err := p.packet(i.link, at, body[fixed:fixed+size]); err != nil {
		return err
	}
	end := fixed + int(size)
	behind := min(fixed+(int(size)+3)/4*4, len(body))
	p.padding(body[end:behind])
	p.options(s, body, behind, optFlags)
	return nil
}

// time returns the time of a packet, to the microsecond or better.
func (i iface) time(ticks uint64) time.Time {
	if i.unit <= 0 {
		return time.Time{}
	}
	perSecond := math.Round(1 / i.unit)
	if perSecond < 1 || perSecond > 1e18 {
		return time.Time{}
	}
	whole := ticks / uint64(perSecond)
	if whole > math.MaxInt32*8 {
		return time.Time{} // no year that anybody lived in
	}
	part := float64(ticks%uint64(perSecond)) / perSecond
	return time.Unix(int64(whole)+i.offset, int64(math.Round(part*1e9))).UTC()
}

func readInterface(order binary.ByteOrder, body []byte) iface {
	i := iface{unit: 1e-6}
	if len(body) < 8 {
		return i
	}
	i.link = uint32(order.Uint16(body))
	options(order, body[8:], func(code uint16, value []byte) {
		switch {
		case code == optResolution.code && len(value) >= 1 && value[0]&0x80 != 0:
			i.unit = math.Pow(2, -float64(value[0]&0x7F))
		case code == optResolution.code && len(value) >= 1:
			i.unit = math.Pow(10, -float64(value[0]))
		case code == optOffset.code && len(value) >= 8:
			i.offset = max(min(int64(order.Uint64(value)), 1<<40), -1<<40)
		}
	})
	return i
}

// options calls f for each option of a block: code, length, value padded to four bytes.
func options(order binary.ByteOrder, p []byte, f func(code uint16, value []byte)) {
	for len(p) >= 4 {
		code, size := order.Uint16(p), int(order.Uint16(p[2:]))
		p = p[4:]
		if code == 0 || size > len(p) {
			return
		}
		f(code, p[:size])
		p = p[min((size+3)/4*4, len(p)):]
	}
}

// option is an option that a copy keeps: the first size bytes of its value, the rest is zeroed.
type option struct {
	code uint16
	size int
}

// The options that are needed to read packets.
var (
	optFlags      = option{2, 4}  // of a packet: direction, length of the check sequence
	optResolution = option{9, 1}  // of an interface: unit of time
	optOffset     = option{14, 8} // of an interface: seconds
)

const optComment = 1

// options removes from a copy the values of all options of a block behind its fixed fields but those to keep. They may say who
// recorded, with what, at which addresses, and anything in words: a comment becomes x, everything else zeros.
func (p *pass) options(s *section, body []byte, fixed int, keep ...option) {
	if !p.writing() {
		return
	}
	rest := body[min(fixed, len(body)):]
	for len(rest) >= 4 {
		code, size := s.order.Uint16(rest), int(s.order.Uint16(rest[2:]))
		if code == 0 || size > len(rest)-4 {
			break
		}
		value, kept := rest[4:4+size], 0
		for _, o := range keep {
			if o.code == code {
				kept = min(o.size, size)
			}
		}
		if clear(value[kept:]); code == optComment {
			maskText(value)
		}
		next := min(4+(size+3)/4*4, len(rest))
		clear(rest[4+size : next])
		rest = rest[next:]
	}
	clear(rest) // behind the last option, or in one that is damaged
}

// padding zeroes, in a copy, what lies behind a packet.
func (p *pass) padding(b []byte) {
	if p.writing() {
		clear(b)
	}
}

// maskText hides all of a comment: an identity in words has too many forms to look for.
func maskText(text []byte) {
	for i := range text {
		text[i] = 'x'
	}
}
