// Package storage keeps what was observed and what was found.
//
// A Store is the record of truth: one SQLite file (driver.go and driver_unmapped.go alone name the driver) that holds every
// record at full rate, the events, the cells ever heard, the verdicts of people, the state of the analyzer and the
// cursors of those who follow. A Sink is a one-way copy of it: Follow carries every entry of a Store to a Sink, behind
// a durable cursor, so that an outage or a crash on either side loses nothing.
//
// What a Store promises:
//
//   - What Append or Update acknowledged (by returning nil) survives the death of the process at once, and the loss of
//     power within a second; an event survives the loss of power as soon as it is acknowledged. A power cut costs at
//     most what was not yet synced, never the file.
//   - One call is one transaction: all of it is there afterwards, or nothing.
//   - What was put in comes out equal, value for value and absence for absence. Times come back in UTC, without the
//     monotonic reading.
//   - The same record of the same sensor at the same time adds nothing, however often it comes.
//   - Every record, and every change of an event, has a sequence number: unique in the store, growing, never used again.
//   - One writer at a time, any number of readers, in this process or others.
//   - A file that is empty, cut, damaged, not ours, newer than this program or locked with another key is named as such.
//     It is never taken for an empty store. Every page carries a checksum that is compared whenever it is read.
//
// It refuses to interpret: no rule, no threshold, no clock of its own. It never sees a modem, and it holds what the
// session has already redacted; it does not redact itself.
package storage

import (
	"context"
	"errors"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Sink takes a one-way copy of what a Store holds. It need not keep order across sensors, but must bear to be given the
// same entry twice: Follow delivers at least once. storagetest.Sink is the suite that every sink passes.
type Sink interface {
	// Write copies the entries and returns nil when the far end has all of them for good. After an error any number
	// of them may have arrived, and all will be offered again. The entries are only lent until Write returns.
	Write(ctx context.Context, entries []Entry) error
	// Close gives back what the sink holds. What Write acknowledged stays.
	Close() error
}

// Entry is one thing that a Store holds: a record or, when Event is set, the present form of an event.
type Entry struct {
	// Seq is the sequence number: 1 and up, growing in the order of writing. An event has the number of its last
	// change. A *cell.Source has the number of the record before which it is told.
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
)

// Query chooses records. The zero Query is all of them. Times before 1678 and after 2261 are equally far off to a bound.
type Query struct {
	Sensor   string    // "": of every sensor
	From     time.Time // not before; zero: no bound
	To       time.Time // before; zero: no bound
	AfterSeq int64     // only records with a greater sequence number
	Limit    int       // at most so many, not counting sources; 0: no bound
	Kinds    Kinds     // 0: all
	NoRaw    bool      // leave the raw lines out, which is quicker
}

// What the errors of this package wrap, for errors.Is. The message of the error says more.
var (
	ErrNotFound = errors.New("not found")                // no such store, event or verdict
	ErrLocked   = errors.New("in use by another writer") // another process, or another Store, writes to it
	ErrKey      = errors.New("wrong key")                // or a key for a plain store, or none for an encrypted one
	ErrForeign  = errors.New("not a Vigie store")        // empty, or some other file
	ErrNewer    = errors.New("written by a newer Vigie") // its schema is unknown here
	ErrDamaged  = errors.New("damaged")                  // cut, overwritten, or bits flipped
	ErrFull     = errors.New("no space left")            // nothing of the call was stored, all before is intact
	ErrReadOnly = errors.New("read-only")                // the Store, the file or the disk
	ErrClosed   = errors.New("the store is closed")      //
)
