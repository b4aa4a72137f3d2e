package storage

import (
	"context"
	"iter"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Options of Open.
type Options struct {
	Create     bool   // make a store where there is none; a file that is there is opened
	ReadOnly   bool   // change nothing; works beside a writer and on a read-only disk
	Memory     bool   // keep everything in memory, nothing on disk; the path is ignored
	Key        []byte // 32 bytes: encrypted at rest
	Passphrase string // encrypted at rest by a key that only the passphrase opens
	Hold       time.Duration
}

type Store struct{}

func Open(ctx context.Context, path string, o Options) (*Store, error) { panic("skeleton") }
func (s *Store) Close() error                                          { panic("skeleton") }
func (s *Store) Notices() []string                                     { panic("skeleton") }
func (s *Store) Update(ctx context.Context, f func(*Tx) error) error   { panic("skeleton") }
func (s *Store) Append(ctx context.Context, recs ...cell.Record) error {
	panic("skeleton")
}
func (s *Store) PutEvents(ctx context.Context, evs ...analyzer.Event) error { panic("skeleton") }
func (s *Store) SaveState(ctx context.Context, name string, state []byte, seq int64) error {
	panic("skeleton")
}
func (s *Store) LoadState(ctx context.Context, name string) (state []byte, seq int64, err error) {
	panic("skeleton")
}
func (s *Store) Cursor(ctx context.Context, name string) (int64, error)      { panic("skeleton") }
func (s *Store) SetCursor(ctx context.Context, name string, seq int64) error { panic("skeleton") }
func (s *Store) Records(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	panic("skeleton")
}
func (s *Store) Events(ctx context.Context, q EventQuery) iter.Seq2[analyzer.Event, error] {
	panic("skeleton")
}
func (s *Store) Event(ctx context.Context, id string) (analyzer.Event, error) { panic("skeleton") }
func (s *Store) Stats(ctx context.Context) (Stats, error)                     { panic("skeleton") }
func (s *Store) Check(ctx context.Context) error                              { panic("skeleton") }

type Tx struct{}

func (t *Tx) Append(recs ...cell.Record) (seq int64, err error)    { panic("skeleton") }
func (t *Tx) PutEvents(evs ...analyzer.Event) error                { panic("skeleton") }
func (t *Tx) SaveState(name string, state []byte, seq int64) error { panic("skeleton") }
func (t *Tx) SetCursor(name string, seq int64) error               { panic("skeleton") }

type EventQuery struct {
	Sensor   string
	From, To time.Time         // events that were alive in this time
	Severity analyzer.Severity // at least
	State    analyzer.State
	Rule     string
	Limit    int
	Newest   bool
}

type Stats struct{ Records, Events, Cells int64 }

type NDJSON struct{}

// OpenNDJSON opens (or creates) a file in the interchange format for appending, gzipped when its name ends in .gz.
func OpenNDJSON(path string) (*NDJSON, error)                      { panic("skeleton") }
func (n *NDJSON) Append(recs ...cell.Record) error                 { panic("skeleton") }
func (n *NDJSON) Write(ctx context.Context, entries []Entry) error { panic("skeleton") }
func (n *NDJSON) Close() error                                     { panic("skeleton") }

type FollowOptions struct{}

func Follow(ctx context.Context, s *Store, name string, sink Sink, o FollowOptions) error {
	panic("skeleton")
}
