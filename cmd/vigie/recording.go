package main

import (
	"errors"
	"strings"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// recording is a file of records, written as they come. A compressed one gathers them first: each write is a gzip member of
// its own, and one member a record would be larger than no compression at all. What is gathered when the process is
// killed is missing in the file, not in the store.
type recording struct {
	file     *storage.NDJSON
	gather   bool
	longest  time.Duration // that a record waits, by the time of the records; 0: until there are enough
	gathered []cell.Record
	since    time.Time // of the first one gathered
}

// gatherMost is how many records a compressed file gathers.
const gatherMost = 1000

func newRecording(path string, longest time.Duration) (*recording, error) {
	f, err := storage.OpenNDJSON(path)
	return &recording{file: f, gather: strings.HasSuffix(path, ".gz"), longest: longest}, err
}

func (r *recording) append(recs ...cell.Record) error {
	if !r.gather {
		return r.file.Append(recs...)
	}
	r.gathered = append(r.gathered, recs...)
	var now time.Time
	for _, rec := range recs {
		if now = rec.When(); r.since.IsZero() {
			r.since = now
		}
	}
	if len(r.gathered) < gatherMost && (r.longest == 0 || now.Sub(r.since) < r.longest) {
		return nil
	}
	return r.flush()
}

func (r *recording) flush() error {
	err := r.file.Append(r.gathered...)
	r.gathered, r.since = r.gathered[:0], time.Time{}
	return err
}

func (r *recording) close() error { return errors.Join(r.flush(), r.file.Close()) }
