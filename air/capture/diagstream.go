package capture

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"

	"vigie/cell"
	"vigie/modem/diag"
)

// diag reads a stream of DIAG frames.
func (p *pass) diag(ctx context.Context) error {
	var d diag.Deframer
	var failed error
	chunk := make([]byte, sniffed)
	for failed == nil {
		n, err := p.in.Read(chunk)
		d.Feed(chunk[:n], func(f diag.Frame) {
			if failed == nil {
				failed = p.frame(f)
			}
		})
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	if d.Pending() > 0 {
		p.add("unended")
	}
	if p.writing() { // what is unended may be anything: its length stays
		p.flags(d.Empty())
		return p.zeros(d.Pending())
	}
	return nil
}

func (p *pass) frame(f diag.Frame) error {
	p.Frames++
	p.states[f.State]++
	if p.writing() {
		return p.rewrite(f)
	}
	if !f.State.Readable() {
		return nil
	}
	return p.content(f.Number, f.Content)
}

// rewrite writes a frame again: unchanged, or without what its content must not show.
func (p *pass) rewrite(f diag.Frame) error {
	p.flags(f.Empty)
	if !f.State.Readable() {
		if err := p.zeros(f.Size); err != nil {
			return err
		}
		return p.flags(1)
	}
	content := bytes.Clone(f.Content)
	if err := p.content(f.Number, content); err != nil {
		return err
	}
	if bytes.Equal(content, f.Content) {
		p.out.Write(f.Raw)
		return p.flags(1)
	}
	p.out.Write(bytes.Repeat([]byte{0x10}, f.Extra))
	_, err := p.out.Write(diag.AppendFrame(nil, content))
	return err
}

// content reads the content of a frame. While writing, what is no message is zeroed in it.
func (p *pass) content(number int, content []byte) error {
	inner, wrapped := diag.Unwrap(content)
	if wrapped {
		p.add("multi_radio")
	}
	if !diag.IsLog(inner) {
		if diag.IsSecure(inner) {
			p.add("secure")
		}
		p.command(inner[0])
		p.blank(inner[1:])
		return nil
	}
	log, ok := diag.ParseLog(inner)
	if !ok {
		p.add("short")
		p.blank(inner[1:])
		return nil
	}
	return p.log(number, log)
}

// log reads one log packet.
func (p *pass) log(number int, l diag.Log) error {
	if l.Cut {
		p.add("cut")
	}
	p.logs[l.Code]++
	p.blank(l.Rest)
	m := cell.Message{Frame: number, Log: l.Code, Time: l.Time()}
	switch {
	case l.Code == diag.LogRRC:
		return p.rrc(m, l.Body)
	case diag.IsNAS(l.Code):
		return p.nas(m, l.Body)
	case l.Code == diag.LogServing && p.serving != nil:
		s, err := diag.ParseServing(l.Body)
		if err != nil {
			p.skip("serving", err)
			return nil
		}
		return p.serving(l.Time(), s)
	case l.Code == diag.LogMIB || l.Code == diag.LogServing:
		return nil // of a cell, not of a person
	}
	p.blank(l.Body)
	return nil
}

func (p *pass) rrc(m cell.Message, body []byte) error {
	r, err := diag.ParseRRC(body)
	if err != nil {
		p.skip("rrc", err)
		p.blank(body)
		return nil
	}
	p.versions[r.Version]++
	m.Layer, m.Channel, m.Direction = cell.RRC, r.Channel, direction(r.Up)
	m.PCI, m.ARFCN = cell.Some(r.PCI), cell.Some(r.EARFCN)
	p.blank(r.Rest)
	return p.message(m, r.Payload)
}

func (p *pass) nas(m cell.Message, body []byte) error {
	n, err := diag.ParseNAS(m.Log, body)
	if err != nil {
		p.skip("nas", err)
		p.blank(body)
		return nil
	}
	m.Layer, m.Direction = cell.NAS, direction(n.Up)
	return p.message(m, n.Payload)
}

// dlf reads a DLF file.
func (p *pass) dlf(ctx context.Context) error {
	err := diag.ReadDLF(p.in, func(number int, record []byte, l diag.Log) error {
		p.Frames++
		if err := p.log(number, l); err != nil || !p.writing() {
			return cmp.Or(err, ctx.Err())
		}
		_, err := p.out.Write(record)
		return err
	})
	if errors.Is(err, diag.ErrCut) {
		p.add("unended")
		err = nil
	}
	return err
}

func direction(up bool) cell.Direction {
	if up {
		return cell.Up
	}
	return cell.Down
}

// blank zeroes bytes that are no message, in a capture that is written again.
func (p *pass) blank(b []byte) {
	if p.writing() && len(b) > 0 {
		clear(b)
		p.Blanked++
	}
}

func (p *pass) flags(n int) error { return p.repeat(0x7E, n) }
func (p *pass) zeros(n int) error { return p.repeat(0, n) }

func (p *pass) repeat(b byte, n int) error {
	for range n {
		if err := p.out.WriteByte(b); err != nil {
			return err
		}
	}
	return nil
}
