package capture

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"vigie/cell"
)

// Writer writes messages as GSMTAP version 2 into a pcapng file, which Wireshark opens without settings. A message can have a
// comment, of which at most 64 KiB fit: a longer one ends with "(cut)". The channel number has 14 bits in this version: of a larger EARFCN, none is written.
type Writer struct {
	out  *bufio.Writer
	done bool // the head of the file is written
}

// NewWriter returns a Writer. Flush ends the file.
func NewWriter(w io.Writer) *Writer { return &Writer{out: bufio.NewWriter(w)} }

// Flush writes what is buffered.
func (w *Writer) Flush() error {
	w.head()
	return w.out.Flush()
}

// Write writes one message. payload is written as it is: the caller has removed identities from it. comment may be empty.
func (w *Writer) Write(m *cell.Message, payload []byte, comment string) error {
	header, err := gsmtapHeader(m)
	if err != nil {
		return err
	}
	const mostPayload = 0xFFFF - 20 - 8 - header2
	if len(payload) > mostPayload {
		return fmt.Errorf("a message of %d bytes does not fit into a datagram", len(payload))
	}
	w.head()
	packet := datagramBytes(append(header, payload...))
	micros := uint64(max(m.Time.UnixMicro(), 0))
	body := binary.LittleEndian.AppendUint32(nil, 0) // interface
	body = binary.LittleEndian.AppendUint32(body, uint32(micros>>32))
	body = binary.LittleEndian.AppendUint32(body, uint32(micros))
	body = binary.LittleEndian.AppendUint32(body, uint32(len(packet)))
	body = binary.LittleEndian.AppendUint32(body, uint32(len(packet)))
	body = padded(append(body, packet...))
	if comment != "" {
		comment = shortened(comment)
		body = binary.LittleEndian.AppendUint16(body, 1)
		body = binary.LittleEndian.AppendUint16(body, uint16(len(comment)))
		body = padded(append(body, comment...))
		body = append(body, 0, 0, 0, 0)
	}
	return w.block(blockPacket, body)
}

// shortened is a comment that fits into an option of pcapng (draft-ietf-opsawg-pcapng clause 3.5). One that is longer says that it was cut.
func shortened(comment string) string {
	const most, end = 0xFFFF, " (cut)"
	if len(comment) <= most {
		return comment
	}
	return strings.ToValidUTF8(comment[:most-len(end)], "") + end
}

// head writes the section header and the one interface: raw IP version 4, microseconds.
func (w *Writer) head() {
	if w.done {
		return
	}
	w.done = true
	s := binary.LittleEndian.AppendUint32(nil, byteOrderMagic)
	s = binary.LittleEndian.AppendUint16(s, 1)
	s = binary.LittleEndian.AppendUint16(s, 0)
	w.block(blockSection, binary.LittleEndian.AppendUint64(s, 1<<64-1)) // length not given
	i := binary.LittleEndian.AppendUint16(nil, linkIPv4)
	i = binary.LittleEndian.AppendUint16(i, 0)
	w.block(blockInterface, binary.LittleEndian.AppendUint32(i, 0)) // no limit of length
}

func (w *Writer) block(kind uint32, body []byte) error {
	size := uint32(len(body) + 12)
	head := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, kind), size)
	w.out.Write(head)
	w.out.Write(body)
	_, err := w.out.Write(head[4:])
	return err
}

func padded(b []byte) []byte { return append(b, make([]byte, (4-len(b)%4)%4)...) }

// gsmtapHeader is the header of version 2 for a message.
func gsmtapHeader(m *cell.Message) ([]byte, error) {
	h := make([]byte, header2)
	h[0], h[1] = 2, header2/4
	switch m.Layer {
	case cell.RRC:
		sub := slices.Index(channels2, m.Channel)
		if sub < 0 {
			return nil, fmt.Errorf("channel %q has no number in GSMTAP", m.Channel)
		}
		h[2], h[12] = typeLTERRC, byte(sub)
	case cell.NAS:
		h[2] = typeLTENAS
		if s, known := m.Fields.Security.Get(); known && s != 0 {
			h[12] = 1
		}
	default:
		return nil, fmt.Errorf("layer %q has no type in GSMTAP", m.Layer)
	}
	var channel uint16
	if arfcn := m.ARFCN.Or(0); arfcn < uplinkBit {
		channel = uint16(arfcn)
	}
	if m.Direction == cell.Up {
		channel |= uplinkBit
	}
	binary.BigEndian.PutUint16(h[4:], channel)
	return h, nil
}

// datagramBytes is data in UDP in IP version 4, from the host to itself.
func datagramBytes(data []byte) []byte {
	const ipHeader, udpHeader = 20, 8
	p := make([]byte, ipHeader+udpHeader, ipHeader+udpHeader+len(data))
	p[0], p[8], p[9] = 0x45, 64, protoUDP
	binary.BigEndian.PutUint16(p[2:], uint16(ipHeader+udpHeader+len(data)))
	copy(p[12:], []byte{127, 0, 0, 1, 127, 0, 0, 1})
	binary.BigEndian.PutUint16(p[10:], ^onesSum(0, p[:ipHeader]))
	binary.BigEndian.PutUint16(p[ipHeader:], gsmtapPort)
	binary.BigEndian.PutUint16(p[ipHeader+2:], gsmtapPort)
	binary.BigEndian.PutUint16(p[ipHeader+4:], uint16(udpHeader+len(data)))
	p = append(p, data...)
	datagram{addresses: p[12:20], udp: p[ipHeader:]}.setChecksum()
	return p
}
