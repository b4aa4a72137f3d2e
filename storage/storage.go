// Package storage is the store: it keeps what was observed and what was found.
//
// A Store is one SQLite file (only driver.go and driver_unmapped.go know the driver). It holds every record at full rate, the
// events, the cells ever heard, people's verdicts, the state of the analyzer, and the cursors of followers. A Sink is a
// one-way copy of a Store: Follow copies every entry to it, behind a durable cursor, so that an outage or a crash on either
// side loses nothing. The sinks that need more than a file are packages of their own: storage/influx, storage/transfer.
//
// A Store promises:
//
//   - Durability. What Append or Update acknowledged (by returning nil) survives the death of the process immediately, and a
//     power cut within a second. An event, a verdict or a saved state survives a power cut as soon as it is acknowledged. A
//     power cut costs at most what was not yet synced, never the file.
//   - Atomicity. One call is one transaction: afterwards all of it is stored, or nothing.
//   - Fidelity. A record or event is read back equal, value for value and absence for absence. Times come back in UTC,
//     without the monotonic reading.
//   - Idempotence. The same record of the same sensor at the same time adds nothing, however often it is appended.
//   - Order. Every record, and every change of an event, has a sequence number that is unique in the store, greater than all
//     before it, and never reused.
//   - Concurrency. One writer at a time, and any number of readers, in this process and others.
//   - Integrity. An error says if a file is empty, truncated, damaged, of another program, of a newer Vigie, or encrypted with
//     another key. It is never taken for an empty store. Every page has a checksum, which is verified on every read.
//
// The package refuses to interpret: it knows no rule, no threshold and no current time. It never talks to a modem, and it does
// not redact: modem/at does that before anything gets here.
package storage

import (
	"context"
	"errors"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Sink receives a one-way copy of what a Store holds. It need not keep the order across sensors, but must tolerate the same
// entry twice: Follow delivers at least once. storagetest.Sink is the test suite that every sink passes.
type Sink interface {
	// Write copies the entries, and returns nil once the far end has stored all of them. After an error any number of them
	// may have arrived, and all are offered again. The entries are valid only until Write returns.
	Write(ctx context.Context, entries []Entry) error
	// Close releases what the sink holds. What Write acknowledged stays.
	Close() error
}

// NamedSink is a Sink that a configuration asks for.
type NamedSink struct {
	Name string // of its cursor in the store, and in the status of a watch; it never changes
	Open func() (Sink, error)
}

// Entry is one thing that a Store holds: a record, or the current form of an event if Event is set.
type Entry struct {
	// Seq is the sequence number: 1 or more, increasing in the order of writing. An event has the number of its last
	// change. A *cell.Source has the number of the record that it precedes.
	Seq    int64
	Record cell.Record
	Event  *analyzer.Event
}

// Kinds is a set of kinds of records.
type Kinds uint8

// The kinds, by Go type in package cell.
const (
	Observations Kinds = 1 << iota // *cell.Observation
	Gaps                           // *cell.Gap
	Healths                        // *cell.Health
	Clocks                         // *cell.Clock
	Sources                        // *cell.Source
	Messages                       // *cell.Message
	Broadcasts                     // *cell.Broadcast
)

// dated are the kinds that have a time: all but sources.
const dated = Observations | Gaps | Healths | Clocks | Messages | Broadcasts

// Query selects records. The zero Query selects all of them. A bound before 1678 or after 2261 acts like one at that year.
type Query struct {
	Sensor   string    // empty: every sensor
	From     time.Time // inclusive; zero: no bound
	To       time.Time // exclusive; zero: no bound
	AfterSeq int64     // only records with a greater sequence number
	Limit    int       // most records, sources not counted; 0: no limit
	Kinds    Kinds     // 0: all
	NoRaw    bool      // without raw lines, which is quicker
}

// The errors of this package wrap one of these, for errors.Is. The message of the error says more.
var (
	ErrNotFound = errors.New("not found")                // no such store, event or verdict
	ErrLocked   = errors.New("in use by another writer") // in another process, or another Store in this one
	ErrKey      = errors.New("wrong key")                // or a key for a plain store, or none for an encrypted one
	ErrForeign  = errors.New("not a Vigie store")        // empty, or another kind of file
	ErrNewer    = errors.New("written by a newer Vigie") // its schema is unknown here
	ErrDamaged  = errors.New("damaged")                  // truncated, overwritten, or bits flipped
	ErrFull     = errors.New("no space left")            // nothing of the call was stored; everything before it is intact
	ErrReadOnly = errors.New("read-only")                // the Store, the file or the disk
	ErrClosed   = errors.New("the store is closed")      //
)
