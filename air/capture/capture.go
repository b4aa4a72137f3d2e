package capture

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"vigie/air"
	"vigie/cell"
	"vigie/modem/diag"
)

// Packet is one LTE RRC or EPS NAS message of a capture, with what the capture says of it. Payload is valid until the visit of the
// packet ends.
type Packet struct {
	Message cell.Message
	Payload []byte
}

// Decode fills in what the message says; tree asks for its leaves too. On an error what was read before it is kept.
func (p *Packet) Decode(tree bool) error {
	if p.Message.Layer == cell.NAS {
		return air.DecodeNAS(&p.Message, p.Payload)
	}
	return air.DecodeRRC(&p.Message, p.Payload, tree)
}

// Kind is a container of messages.
type Kind string

// The containers.
const (
	DIAG   Kind = "diag" // QMDL, mi2log: the stream of a DIAG port
	DLF    Kind = "dlf"
	PCAP   Kind = "pcap"
	PCAPNG Kind = "pcapng"
)

// Capture is an opened capture.
type Capture struct {
	Kind    Kind
	Gzip    bool
	Counts  Counts
	in      *bufio.Reader
	as      string
	serving func(time.Time, diag.Serving) error // gets each serving cell that the modem names; nil: nobody does
}

// Bare says what the packets of the link types 147 to 162 of a pcap are, which are for private use: "NAS" or an RRC channel such as
// "DL-DCCH". Without it those of type 148 are NAS, and the others are not read.
func (c *Capture) Bare(as string) error {
	if as != "" && as != "NAS" && !slices.Contains(channels2, as) {
		return fmt.Errorf("packets cannot be read as %q; they are NAS, or of a channel: %s", as, strings.Join(channels2, ", "))
	}
	c.as = as
	return nil
}

// sniffed is how many bytes at the start of a file decide what it is.
const sniffed = 64 << 10

// NewReader returns a reader that Open can look ahead in.
func NewReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, sniffed) }

// Open tells what in, from NewReader, holds. If it is no capture, Open returns nil and in has lost nothing.
func Open(in *bufio.Reader) *Capture {
	head, err := in.Peek(sniffed)
	whole := err != nil
	c := &Capture{in: in, Counts: newCounts()}
	if bytes.HasPrefix(head, []byte{0x1F, 0x8B}) {
		inner, err := gzip.NewReader(bytes.NewReader(head))
		if err != nil {
			return nil
		}
		unpacked, err := io.ReadAll(io.LimitReader(inner, sniffed))
		head, whole = unpacked, whole && err != nil || len(unpacked) < sniffed && err == nil
		c.Gzip = true
	}
	if c.Kind = kindOf(head, whole); c.Kind == "" {
		return nil
	}
	if c.Gzip {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil // not reached: the same header was read before
		}
		c.in = NewReader(&tolerant{r: unpacked, counts: &c.Counts})
	}
	c.Counts.Kind = c.Kind
	return c
}

// tolerant takes the end of a gzip stream that was cut, or went bad, for the end of the file, and counts it.
type tolerant struct {
	r      io.Reader
	counts *Counts
}

func (t *tolerant) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	var corrupt flate.CorruptInputError
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.As(err, &corrupt) {
		t.counts.add("gzip_cut")
		err = io.EOF
	}
	return n, err
}

// kindOf tells a container by its first bytes; "" for none, such as text.
func kindOf(head []byte, whole bool) Kind {
	if isPCAP(head) {
		return PCAP
	}
	if isPCAPNG(head) {
		return PCAPNG
	}
	odd := 0
	for _, b := range head {
		if b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != 0x1B || b >= 0x7F {
			odd++
		}
	}
	switch {
	case odd == 0:
		return ""
	case hasGoodFrame(head):
		return DIAG
	case diag.IsDLF(head, whole):
		return DLF
	case isUTF16(head):
		return ""
	case odd > len(head)/4 && bytes.IndexByte(head, 0x7E) >= 0:
		return DIAG // every CRC wrong; some logs of other chips look so
	}
	return ""
}

// isUTF16 tells text as some terminal programs write it, which is full of zeros.
func isUTF16(head []byte) bool {
	return bytes.HasPrefix(head, []byte{0xFF, 0xFE}) || bytes.HasPrefix(head, []byte{0xFE, 0xFF})
}

func hasGoodFrame(head []byte) bool {
	good := false
	var d diag.Deframer
	d.Feed(head, func(f diag.Frame) { good = good || f.State.Readable() })
	return good
}

// Read calls visit for each message in the order of the file. The error is that of visit, of ctx, or of reading the file; a file that
// ends early or is damaged is no error, but counted.
func (c *Capture) Read(ctx context.Context, visit func(*Packet) error) error {
	return (&pass{Counts: &c.Counts, in: c.in, as: c.as, visit: visit, serving: c.serving}).run(ctx, c.Kind)
}

// pass is one pass over a capture. With out, the capture is written there again, with the payloads as visit left them, and all
// that is no message removed.
type pass struct {
	*Counts
	in    *bufio.Reader
	as    string // see Bare
	out   *bufio.Writer
	visit func(*Packet) error

	serving func(time.Time, diag.Serving) error // see Capture
}

func (p *pass) run(ctx context.Context, kind Kind) (err error) {
	switch kind {
	case DIAG:
		err = p.diag(ctx)
	case DLF:
		err = p.dlf(ctx)
	case PCAP:
		err = p.pcap(ctx)
	case PCAPNG:
		err = p.pcapng(ctx)
	default:
		return fmt.Errorf("no capture of kind %q can be read", kind)
	}
	if err == nil && p.out != nil {
		err = p.out.Flush()
	}
	return err
}

// message visits one message.
func (p *pass) message(m cell.Message, payload []byte) error {
	m.RAT = cell.LTE
	p.Messages++
	return p.visit(&Packet{Message: m, Payload: payload})
}

// writing reports whether the capture is written again.
func (p *pass) writing() bool { return p.out != nil }
