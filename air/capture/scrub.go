package capture

import (
	"bufio"
	"compress/gzip"
	"context"
	"io"

	"vigie/air"
)

// Scrub writes the capture again, in the same container, without what says who somebody is: exactly these bits of each message are
// 0, lengths stay, check sequences are made again. What is no message that Vigie reads (other logs, user traffic, 2G and 3G, frames
// with a wrong CRC) may hold anything: its header stays and the rest is zeroed, and counted. Of a pcapng or pcap file, text, names and
// addresses of the person who recorded it are removed too: see pass.options and hideSender.
func (c *Capture) Scrub(ctx context.Context, w io.Writer) error {
	var packed *gzip.Writer
	if c.Gzip {
		packed = gzip.NewWriter(w)
		w = packed
	}
	var ranges []air.Range
	p := &pass{Counts: &c.Counts, in: c.in, as: c.as, out: bufio.NewWriter(w), visit: func(p *Packet) error {
		ranges = air.Secret(ranges[:0], &p.Message, p.Payload)
		air.Zero(p.Payload, ranges)
		return nil
	}}
	if err := p.run(ctx, c.Kind); err != nil {
		return err
	}
	if packed != nil {
		return packed.Close()
	}
	return nil
}
