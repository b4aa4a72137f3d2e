package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// The classic pcap file (draft-ietf-opsawg-pcap): a header of 24 bytes whose first four give the byte order and the unit of time, then
// records of 16 bytes and a packet.
const (
	pcapHeader   = 24
	recordHeader = 16
	mostPacket   = 1 << 20 // bytes; the largest that tools write is 256 KiB
)

func isPCAP(head []byte) bool {
	_, _, ok := pcapOrder(head)
	return ok
}

// pcapOrder returns the byte order and the unit of the fractions of a second.
func pcapOrder(head []byte) (binary.ByteOrder, time.Duration, bool) {
	if len(head) < pcapHeader {
		return nil, 0, false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head) {
		case 0xA1B2C3D4:
			return order, time.Microsecond, true
		case 0xA1B23C4D:
			return order, time.Nanosecond, true
		}
	}
	return nil, 0, false
}

func (p *pass) pcap(ctx context.Context) error {
	var head [pcapHeader]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return p.ended(err)
	}
	order, unit, _ := pcapOrder(head[:])
	link := order.Uint32(head[20:]) & 0xFFFF // the upper bits say whether there is a check sequence
	if p.writing() {
		clear(head[8:16]) // zone and accuracy of time, which nobody writes
		p.out.Write(head[:])
	}
	var buf bytes.Buffer
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var record [recordHeader]byte
		if _, err := io.ReadFull(p.in, record[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return p.ended(err)
		}
		size := order.Uint32(record[8:])
		if size > mostPacket {
			p.add("damaged")
			return nil // there is no next record to be found
		}
		packet, err := take(p.in, &buf, int(size))
		if err != nil {
			return p.ended(err)
		}
		p.Frames++
		at := time.Unix(int64(order.Uint32(record[:])), int64(order.Uint32(record[4:]))*int64(unit)).UTC()
		if err := p.packet(link, at, packet); err != nil {
			return err
		}
		if p.writing() {
			p.out.Write(record[:])
			if _, err := p.out.Write(packet); err != nil {
				return err
			}
		}
	}
}

// take reads n bytes into buf. It allocates as they arrive: a length alone takes no memory.
func take(in io.Reader, buf *bytes.Buffer, n int) ([]byte, error) {
	buf.Reset()
	if _, err := io.CopyN(buf, in, int64(n)); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return buf.Bytes(), nil
}

// ended counts a file that ends within a record; other errors stay errors.
func (p *pass) ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		p.add("unended")
		return nil
	}
	return err
}
