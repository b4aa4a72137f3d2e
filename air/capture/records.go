package capture

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"vigie/air"
	"vigie/cell"
	"vigie/modem/diag"
)

// reports is what a capture can tell of cells. A pcap names no channel and no PCI.
const (
	ofMessages = cell.FieldRAT | cell.FieldMCC | cell.FieldMNC | cell.FieldArea | cell.FieldCellID | cell.FieldBand | cell.FieldPriority | cell.FieldRSRP |
		cell.FieldRSRQ | cell.FieldNeighbours | cell.FieldBroadcast | cell.FieldSignalling | cell.FieldPaging
	ofHeaders = cell.FieldPCI | cell.FieldARFCN | cell.FieldBandwidth
)

var errEnough = errors.New("no more records are asked for")

// Records yields the capture as records of one sensor: its source line, then what air.Recorder makes of its messages, in their order
// and at the device's time. Where the device set its clock there is a clock record. An error ends it, and is that of Read.
func (c *Capture) Records(ctx context.Context, sensor string) iter.Seq2[cell.Record, error] {
	return func(yield func(cell.Record, error) bool) {
		source := &cell.Source{Version: 1, Sensor: sensor, Set: string(c.Kind), Reports: cell.Some(ofMessages)}
		if c.Kind == DIAG || c.Kind == DLF {
			source.Reports = cell.Some(ofMessages | ofHeaders)
		}
		if !yield(source, nil) {
			return
		}
		more := true
		emit := func(r cell.Record) { more = more && yield(r, nil) }
		r := &air.Recorder{Sensor: sensor, Emit: emit}
		clock := deviceClock{set: func(to time.Time, by time.Duration, since time.Time) {
			r.ClockSet(to, by)
			emit(&cell.Clock{Time: to, Sensor: sensor, Offset: by, Since: since})
		}}
		enough := func() error {
			if more {
				return nil
			}
			return errEnough
		}
		c.serving = func(at time.Time, s diag.Serving) error {
			r.Serving(clock.at(at), servingCell(s))
			return enough()
		}
		err := c.Read(ctx, func(p *Packet) error {
			if err := p.Decode(false); err != nil {
				c.Counts.Undecoded(string(p.Message.Layer), err)
			}
			p.Message.Time = clock.at(p.Message.Time)
			r.Message(&p.Message, p.Payload)
			return enough()
		})
		c.serving = nil
		if err == nil {
			r.Flush()
		} else if !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// servingCell is the cell of a log packet.
func servingCell(s diag.Serving) cell.Cell {
	c := cell.Cell{RAT: cell.LTE, MCC: s.MCC, MNC: s.MNC, Area: cell.Some(cell.Area(s.TAC)), ID: cell.Some(uint64(s.CellID)), PCI: cell.Some(s.PCI),
		ARFCN: cell.Some(s.DownlinkEARFCN)}
	if b := cell.Band(s.Band); b.Name(cell.LTE) != "" {
		c.Band = cell.Some(b)
	}
	if khz, known := bandwidths[s.DownlinkRBs]; known {
		c.Bandwidth = cell.Some(khz)
	}
	return c
}

// bandwidths of LTE by resource blocks (TS 36.104 clause 5.6).
var bandwidths = map[byte]cell.KHz{6: 1400, 15: 3000, 25: 5000, 50: 10000, 75: 15000, 100: 20000}

// deviceClock follows the clock of a device, which begins in 1980 and is set when the device learns the time.
type deviceClock struct {
	set   func(to time.Time, by time.Duration, since time.Time)
	since time.Time // of the first message since it was set
	last  time.Time
}

const (
	outOfOrder  = 5 * time.Second      // logs of several tasks are not quite in order
	notRecorded = 365 * 24 * time.Hour // nobody records so long without a message: the clock was set
)

// at returns when a message came: never before the one before it, unless the clock was set back.
func (c *deviceClock) at(t time.Time) time.Time {
	step := t.Sub(c.last)
	switch {
	case c.last.IsZero():
		c.since, c.last = t, t
	case t.IsZero() || step <= 0 && -step <= outOfOrder:
	case step < 0 || step >= notRecorded:
		c.set(t, step, c.since)
		c.since, c.last = t, t
	default:
		c.last = t
	}
	return c.last
}

// Reader gives the records of a capture one by one.
type Reader struct {
	Name   string // of the file
	Of     *Capture
	next   func() (cell.Record, error, bool)
	stop   func()
	counts cell.Counts
}

// NewRecords returns a Reader of what Records yields. It must be closed.
func (c *Capture) NewRecords(ctx context.Context, sensor string) *Reader {
	r := &Reader{Of: c}
	r.next, r.stop = iter.Pull2(c.Records(ctx, sensor))
	return r
}

// OpenRecords returns the records of a file, which the sensor is called as, up to its first dot; nil if in, from NewReader, is no capture: then
// it has lost nothing.
func OpenRecords(ctx context.Context, in *bufio.Reader, name string) *Reader {
	if head, _ := in.Peek(1); string(head) == "{" {
		return nil // NDJSON, which may come line by line: it is not waited for
	}
	c := Open(in)
	if c == nil {
		return nil
	}
	sensor, _, _ := strings.Cut(filepath.Base(name), ".")
	r := c.NewRecords(ctx, cmp.Or(sensor, "capture"))
	r.Name = name
	return r
}

// Next returns the next record; io.EOF at the end.
func (r *Reader) Next() (cell.Record, error) {
	rec, err, more := r.next()
	switch {
	case !more:
		return nil, io.EOF
	case err != nil:
		return nil, err
	}
	r.counts.Lines++
	if _, is := rec.(*cell.Observation); is {
		r.counts.Observations++
	} else {
		r.counts.Others++
	}
	return rec, nil
}

// Counts returns how many records there were so far, each as a line.
func (r *Reader) Counts() cell.Counts { return r.counts }

// Close ends the reading.
func (r *Reader) Close() error {
	r.stop()
	return nil
}
