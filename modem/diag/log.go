package diag

import (
	"encoding/binary"
	"time"
)

// Commands that a frame begins with.
const (
	commandLog        = 0x10 // a log packet
	commandMultiRadio = 0x98 // a wrapper that names the subscription
	commandSecure     = 0x9E // an encrypted log
)

const (
	logHeader        = 16 // command, count, length twice, code, time stamp
	innerHeader      = 12 // of these, what the second length counts
	multiRadioHeader = 8
)

// Log is one log packet.
type Log struct {
	Code  uint16
	Stamp uint64 // upper 48 bits: units of 1.25 ms since 1980-01-06; lower 16: chips
	Body  []byte // of the content that it was read from
	Rest  []byte // of the content, after the body; empty in all that was seen
	Cut   bool   // the body is shorter than its length says
}

// Time returns the time of the device in UTC, to 1.25 ms. A device starts in 1980 and jumps when it learns the time of the network;
// leap seconds are not taken off.
func (l Log) Time() time.Time {
	const unix1980 = 315964800
	ms5 := int64(l.Stamp>>16) * 5 // quarter milliseconds
	return time.Unix(unix1980+ms5/4000, ms5%4000*250_000).UTC()
}

// Unwrap returns the packet in a multi-radio wrapper, and whether there was one.
func Unwrap(content []byte) ([]byte, bool) {
	if len(content) > multiRadioHeader && content[0] == commandMultiRadio {
		return content[multiRadioHeader:], true
	}
	return content, false
}

// IsLog reports whether content, without wrapper, begins as a log packet.
func IsLog(content []byte) bool { return len(content) > 0 && content[0] == commandLog }

// IsSecure reports whether content is an encrypted log, which only the maker of the chip can read.
func IsSecure(content []byte) bool { return len(content) > 0 && content[0] == commandSecure }

// ParseLog reads the header of a log packet; not ok if content is too short for it.
func ParseLog(content []byte) (l Log, ok bool) {
	if len(content) < logHeader || !IsLog(content) {
		return Log{}, false
	}
	return parseInner(content[logHeader-innerHeader:]), true
}

// parseInner reads a log packet from its second length on, as a DLF file has it. It needs innerHeader bytes.
func parseInner(p []byte) Log {
	l := Log{Code: binary.LittleEndian.Uint16(p[2:]), Stamp: binary.LittleEndian.Uint64(p[4:])}
	n := max(int(binary.LittleEndian.Uint16(p)), innerHeader)
	l.Cut = n > len(p)
	l.Body = p[innerHeader:min(n, len(p))]
	if n < len(p) {
		l.Rest = p[n:]
	}
	return l
}
