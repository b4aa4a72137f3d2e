package diag

import "bytes"

const (
	flag   = 0x7E // ends a frame
	escape = 0x7D // the next byte was XORed with 0x20

	// MaxFrame is the longest content that is taken, in bytes; the longest seen is below 4 KiB.
	MaxFrame = 16 << 10
	// maxRaw is the longest frame on the wire: content and CRC with every byte escaped.
	maxRaw = 2 * (MaxFrame + 2)
)

// Frame is one frame of a DIAG stream.
type Frame struct {
	Number  int    // from 1: of the non-empty runs of bytes before a 0x7E, bad ones too
	State   State  // whether it can be read
	Content []byte // without escapes and CRC, valid until the next call of Feed; nil when it cannot be read
	Raw     []byte // as it was received, without the 0x7E, valid as Content; nil when it is longer than a frame can be
	Size    int    // bytes received, without the 0x7E
	Extra   int    // leading 0x10 that were dropped
	Empty   int    // empty frames before this one: 0x7E after 0x7E
}

// State says whether a frame can be read, and why not.
type State uint8

// The states of a frame.
const (
	Good     State = iota
	Resynced       // right after extra leading 0x10 were dropped
	BadCRC
	Short // no room for content and CRC
	Long  // longer than MaxFrame
	states
)

func (s State) String() string {
	return [...]string{"good", "resynced", "wrong CRC", "too short", "too long"}[s]
}

// Readable reports whether the frame has content.
func (s State) Readable() bool { return s <= Resynced }

// Deframer cuts a stream of bytes into frames. It can be fed in chunks of any size, and gives the same frames for each. The zero
// Deframer is at the start of a stream.
type Deframer struct {
	partial  []byte // the begun frame, as received; empty when it is longer than a frame can be
	pending  int    // bytes of the begun frame
	unescape []byte
	number   int
	empty    int
}

// Feed takes the next bytes of the stream and calls f for each frame that they end. f must not change or keep what it is given.
func (d *Deframer) Feed(p []byte, f func(Frame)) {
	for {
		end := bytes.IndexByte(p, flag)
		if end < 0 {
			d.hold(p)
			return
		}
		raw := p[:end]
		p = p[end+1:]
		size := len(raw)
		if d.pending > 0 {
			d.hold(raw)
			raw, size = d.partial, d.pending
		}
		if size > 0 {
			d.number++
			f(d.read(raw, size))
			d.empty = 0
		} else {
			d.empty++
		}
		d.partial, d.pending = d.partial[:0], 0
	}
}

// Pending returns how many bytes there are of a frame that has not ended.
func (d *Deframer) Pending() int { return d.pending }

// Empty returns how many empty frames there were since the last one that was not.
func (d *Deframer) Empty() int { return d.empty }

func (d *Deframer) hold(p []byte) {
	d.pending += len(p)
	if d.pending > maxRaw {
		d.partial = d.partial[:0]
		return
	}
	d.partial = append(d.partial, p...)
}

func (d *Deframer) read(raw []byte, size int) Frame {
	frame := Frame{Number: d.number, Raw: raw, Size: size, Empty: d.empty}
	if size > maxRaw {
		frame.State, frame.Raw = Long, nil
		return frame
	}
	all := d.unescaped(raw)
	switch {
	case len(all) < 3:
		frame.State = Short
	case len(all) > MaxFrame+2:
		frame.State = Long
	case advance(crcPreset, all) == crcGood:
		frame.Content = all[:len(all)-2]
	default:
		frame.State = BadCRC
		if drop := extraLeading(all); drop > 0 {
			frame.State, frame.Content, frame.Extra = Resynced, all[drop:len(all)-2], drop
		}
	}
	return frame
}

// unescaped returns raw without escapes; raw itself if it has none. An escape at the end stands for nothing.
func (d *Deframer) unescaped(raw []byte) []byte {
	next := bytes.IndexByte(raw, escape)
	if next < 0 {
		return raw
	}
	out := d.unescape[:0]
	for next >= 0 {
		out = append(out, raw[:next]...)
		if raw = raw[next+1:]; len(raw) == 0 {
			break
		}
		out = append(out, raw[0]^0x20)
		raw = raw[1:]
		next = bytes.IndexByte(raw, escape)
	}
	d.unescape = append(out, raw...)
	return d.unescape
}

// extraLeading returns how many leading 0x10 are too many: the least number without which the CRC is right, 0 if there is none.
// An EG25-G was seen to send 1 to 80 extra 0x10 before its frames (QCSuper issue 84). One 0x10 stays: it is the command of a log
// packet. The time is linear in the length: the register that the rest needs is computed backwards, once, and compared with
// the register after each number of 0x10.
func extraLeading(all []byte) int {
	run := 0
	for run < len(all) && all[run] == commandLog {
		run++
	}
	if run = min(run, len(all)-3); run < 2 {
		return 0
	}
	want := rewind(crcGood, all[run:])
	c, left := advance(crcPreset, all[:1]), 0
	for n := 1; n < run; n++ { // n of the run are left: the most that fit are the fewest dropped
		if c == want {
			left = n
		}
		c = c>>8 ^ crcTable[0][byte(c)^commandLog]
	}
	if left == 0 {
		return 0
	}
	return run - left
}

// AppendFrame appends content as a frame: CRC, escapes, and the 0x7E at its end.
func AppendFrame(dst, content []byte) []byte {
	crc := CRC(content)
	dst = appendEscaped(dst, content)
	return append(appendEscaped(dst, []byte{byte(crc), byte(crc >> 8)}), flag)
}

func appendEscaped(dst, p []byte) []byte {
	for _, b := range p {
		if b == flag || b == escape {
			dst = append(dst, escape, b^0x20)
		} else {
			dst = append(dst, b)
		}
	}
	return dst
}
