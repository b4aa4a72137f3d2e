package pipeline

import (
	"errors"
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
