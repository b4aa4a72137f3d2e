package pipeline

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// Recorder writes records to a file in the interchange format as they come. A compressed file is written in batches: each
// write is a gzip member of its own, and one member a record would be larger than no compression at all. A batch that is not
// written when the process is killed is missing in the file, not in the store.
type Recorder struct {
	file    *storage.NDJSON
	batched bool
	longest time.Duration // that a record waits, by the time of the records
	batch   []cell.Record
	since   time.Time // of the first record of the batch
}

// recorderBatch is how many records a batch holds.
const recorderBatch = 1000

// NewRecorder opens a file for appending; one that ends in .gz is compressed. longest bounds how long a record of a compressed
// file waits, by the time of the records.
func NewRecorder(path string, longest time.Duration) (*Recorder, error) {
	f, err := storage.OpenNDJSON(path)
	return &Recorder{file: f, batched: strings.HasSuffix(path, ".gz"), longest: longest}, err
}

// Append adds records.
func (r *Recorder) Append(recs ...cell.Record) error {
	if !r.batched {
		return r.file.Append(recs...)
	}
	var now time.Time
	for _, rec := range recs {
		r.batch = append(r.batch, cell.Clone(rec))
		if now = rec.When(); r.since.IsZero() {
			r.since = now
		}
	}
	if len(r.batch) < recorderBatch && now.Sub(r.since) < r.longest {
		return nil
	}
	return r.flush()
}

func (r *Recorder) flush() error {
	err := r.file.Append(r.batch...)
	r.batch, r.since = r.batch[:0], time.Time{}
	return err
}

// Close writes what waits and closes the file.
func (r *Recorder) Close() error { return errors.Join(r.flush(), r.file.Close()) }

// recording is what waits for the recorder's file, which may be on another disk than the store.
type recording struct {
	waits []cell.Record
	late  *request // what the file has not taken in time; nil: nothing
}

// recordToFile writes records to the file. Like the store, it never keeps the analyzer waiting.
func (p *Pipeline) recordToFile(recs []cell.Record) error {
	if p.Recorder == nil {
		return nil
	}
	if p.Patience == nil {
		return p.recorded(p.Recorder.Append(recs...))
	}
	f := &p.file
	for _, r := range recs {
		f.waits = append(f.waits, cell.Clone(r))
	}
	if len(f.waits) > outageMost {
		return p.recorded(fmt.Errorf("its disk has not answered for %d records", len(f.waits)))
	}
	if f.late != nil {
		select {
		case <-f.late.done:
			if err := f.late.err; err != nil {
				return p.recorded(err)
			}
			f.late = nil
		default:
			return nil
		}
	}
	r, batch := p.Recorder, f.waits
	f.waits, f.late = nil, launch(func() error { return r.Append(batch...) })
	select {
	case <-f.late.done:
		err := f.late.err
		f.late = nil
		return p.recorded(err)
	case <-p.Patience():
		return nil
	}
}

// recorded takes the outcome of a write to the file. While watching, one that cannot be written ends and watching continues.
func (p *Pipeline) recorded(err error) error {
	if err == nil || !p.Tolerant {
		return err
	}
	p.complain("recording to the file ends, watching continues", err)
	r, late := p.Recorder, p.file.late
	p.Recorder, p.file = nil, recording{}
	launch(func() error {
		if late != nil {
			<-late.done
		}
		return r.Close()
	})
	return nil
}

// closeRecorder writes what waits and closes the file.
func (p *Pipeline) closeRecorder() error {
	if p.Recorder == nil {
		return nil
	}
	var err error
	if p.file.late != nil {
		<-p.file.late.done
		err = p.file.late.err
	}
	return errors.Join(err, p.Recorder.Append(p.file.waits...), p.Recorder.Close())
}
