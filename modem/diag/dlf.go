package diag

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// A DLF file of QXDM is log packets one after the other, without frames and CRC, each from its second length on.

// IsDLF reports whether a file that begins with head is a DLF file: the lengths of its first packets lead from one to the next.
// whole says that head is the whole file.
func IsDLF(head []byte, whole bool) bool {
	const enough = 4
	for n := range enough {
		if len(head) == 0 {
			return whole && n > 0
		}
		if len(head) < innerHeader {
			return n >= 2
		}
		size := int(binary.LittleEndian.Uint16(head))
		equipment := binary.LittleEndian.Uint16(head[2:]) >> 12
		if size < innerHeader || size > MaxFrame || equipment == 0 {
			return false
		}
		if size > len(head) {
			return n >= 2
		}
		head = head[size:]
	}
	return true
}

// ErrCut says that a file ends within a record.
var ErrCut = errors.New("the file ends within a record")

// ReadDLF calls f for each packet of a DLF file, with its number from 1 and its bytes, which the body is part of; they are valid until f
// returns. It returns ErrCut when the
// file ends within a packet or a length is impossible, after which no next packet can be found.
func ReadDLF(r io.Reader, f func(number int, record []byte, l Log) error) error {
	in := bufio.NewReader(r)
	var buf [1 << 16]byte
	for n := 1; ; n++ {
		if _, err := io.ReadFull(in, buf[:2]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return cutOr(err)
		}
		size := int(binary.LittleEndian.Uint16(buf[:]))
		if size < innerHeader || size > MaxFrame {
			return ErrCut
		}
		if _, err := io.ReadFull(in, buf[2:size]); err != nil {
			return cutOr(err)
		}
		if err := f(n, buf[:size], parseInner(buf[:size])); err != nil {
			return err
		}
	}
}

func cutOr(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrCut
	}
	return err
}
