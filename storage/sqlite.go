package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Store is the record of truth: see the package comment for what it promises. It is safe for use by many goroutines.
// Open makes one.
//
// Writing goes through one connection, one transaction after the other. With synchronous=normal the write-ahead log is
// written at each commit and synced by a timer at most a second later, so that watching at full rate costs a flash card
// one sync a second and not one a record; a transaction with an event, a verdict or a state syncs before it returns.
// Checkpoints run after transactions without events. A transaction of one record writes about 13 kB to the log, one of a
// hundred not much more: who has several at once does well to append them together, and who has one now and then to
// AppendLater them.
type Store struct {
	path     string // "" in memory
	readOnly bool
	key      []byte // nil: plain
	lock     *os.File
	rdb      *sql.DB
	wdb      *sql.DB // nil when read-only
	notices  []string

	mu      sync.Mutex // guards what follows; held while writing
	w       *writer    // nil when read-only or closed
	journal *journal   // what was gathered; nil when read-only or in memory

	walMu     sync.Mutex // guards the log as a file
	wal       *os.File   // nil until it is there
	syncTimer *time.Timer
	syncErr   error // of a sync that nobody was waiting for
	logDirty  bool  // written and not synced

	pendingCount atomic.Int64 // how many wait in tail

	changedMu sync.Mutex
	changed   chan struct{} // closed at the next commit that adds something
}

const (
	syncWithin    = time.Second
	checkpointLog = 4 << 20 // bytes of log that make a checkpoint due
)

// Path is the file of the store, absolute; "" in memory.
func (s *Store) Path() string { return s.path }

// Notices says what Open found odd but not fatal, in sentences for people: a log whose end was cut off, a damage met
// when opening read-only.
func (s *Store) Notices() []string { return s.notices }

// Changed is closed when something was added or changed through this Store after the call. Writing by another
// process is not noticed.
func (s *Store) Changed() <-chan struct{} {
	s.changedMu.Lock()
	defer s.changedMu.Unlock()
	return s.changed
}

// Update runs f in one transaction. When f returns nil all that it did through the Tx is stored; otherwise, or when ctx
// ends before, nothing is, and the error comes back. This is how records, the events found in them and the state of the
// analyzer stay together: after a crash there is no event without its records and none is analysed twice.
//
// f must not use the Store, but for the Tx, nor keep that.
func (s *Store) Update(ctx context.Context, f func(*Tx) error) error {
	if s.readOnly {
		return fmt.Errorf("cannot write to the store: %w", ErrReadOnly)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return ErrClosed
	}
	urgent, err := s.transact(ctx, f)
	if err != nil {
		return fmt.Errorf("nothing was stored: %w", s.explain(err))
	}
	if s.journal != nil {
		err = s.journalCommitted()
	}
	if err := errors.Join(err, s.scheduleSync(urgent)); err != nil {
		return fmt.Errorf("stored, but not yet safe from a power cut: %w", Explain(err))
	}
	return nil
}

func (s *Store) transact(ctx context.Context, f func(*Tx) error) (urgent bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	w := s.w
	if w.broken != nil { // by what came before: perhaps it has passed
		if s.load(); w.broken != nil {
			return false, w.broken
		}
	}
	w.failed = nil
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return false, err
	}
	t := &Tx{ctx: ctx, w: w}
	before, committed := w.seq, false
	defer func() { // also when f panics
		t.w = nil
		if !committed {
			w.failed = nil
			w.exec("ROLLBACK") // fails when SQLite has done so already
			w.failed = nil
			s.load()
		}
	}()
	if s.journal != nil {
		if err := s.journal.insert(w); err != nil {
			return false, err
		}
	}
	if err := f(t); err != nil {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := w.exec("COMMIT"); err != nil {
		return false, err
	}
	committed = true
	s.walMu.Lock()
	s.logDirty = true
	s.walMu.Unlock()
	if w.seq != before {
		s.changedMu.Lock()
		close(s.changed)
		s.changed = make(chan struct{})
		s.changedMu.Unlock()
	}
	return t.urgent, nil
}

// load brings the writer back to what is stored, and to what waits to be.
func (s *Store) load() {
	if s.w.broken = s.w.load(); s.w.broken == nil && s.journal != nil {
		s.journal.requeue(s.w)
	}
}

// explain names an error of writing.
func (s *Store) explain(err error) error {
	if s.path != "" {
		err = withCause(filepath.Dir(s.path), err)
	}
	return Explain(err)
}

// settle sees to it that what was committed reaches the disk.
func (s *Store) scheduleSync(urgent bool) error {
	if s.path == "" {
		return nil
	}
	if urgent {
		return s.sync()
	}
	s.walMu.Lock()
	err := s.syncErr // of before: now somebody hears of it
	s.syncErr = nil
	s.syncLater()
	s.walMu.Unlock()
	return errors.Join(err, s.checkpointIfDue())
}

// syncLater syncs what was written within a second. walMu is held.
func (s *Store) syncLater() {
	if s.syncTimer == nil {
		s.syncTimer = time.AfterFunc(syncWithin, func() {
			if err := s.sync(); err != nil {
				s.walMu.Lock()
				s.syncErr = err
				s.walMu.Unlock()
			}
		})
	}
}

// sync makes what was committed safe from a power cut.
func (s *Store) sync() error {
	s.walMu.Lock()
	defer s.walMu.Unlock()
	if s.syncTimer != nil {
		s.syncTimer.Stop()
		s.syncTimer = nil
	}
	if t := s.journal; t != nil && t.dirty {
		if err := syscall.Fdatasync(int(t.file.Fd())); err != nil {
			return err
		}
		t.dirty = false
	}
	if !s.logDirty {
		return nil
	}
	if err := s.openLog(); err != nil {
		return err
	}
	if err := s.wal.Sync(); err != nil {
		return err
	}
	s.logDirty = false
	return nil
}

func (s *Store) openLog() (err error) {
	if s.wal == nil {
		s.wal, err = os.Open(s.path + "-wal")
	}
	return err
}

// checkpointIfDue moves the log into the database once it is long. The next transaction then starts it anew and cuts
// the file (journal_size_limit), unless a reader still needs it.
func (s *Store) checkpointIfDue() error {
	s.walMu.Lock()
	err := s.openLog()
	var size int64
	if err == nil {
		var info os.FileInfo
		if info, err = s.wal.Stat(); err == nil {
			size = info.Size()
		}
	}
	s.walMu.Unlock()
	if err != nil || size < s.w.checkpointAt {
		return err
	}
	var busy, log, done int64
	err = s.w.conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &log, &done)
	s.w.checkpointAt = checkpointLog
	if err != nil || done < log { // a reader is in the way, or the disk is full: not at every commit again
		s.w.checkpointAt = size + checkpointLog
	}
	if errors.Is(s.explain(err), ErrFull) {
		return nil // nothing is lost: the log serves on, and fails by itself when there is no room for it either
	}
	return err
}

// Close stores what is still to be stored, and gives the file back. It waits for a transaction that is running.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	if w := s.w; w != nil {
		gathered := s.commitJournal()
		if gathered == nil && s.journal != nil {
			if s.journal.timer != nil {
				s.journal.timer.Stop()
			}
			gathered = s.removeJournal()
		}
		errs = append(errs, gathered)
		s.w = nil
		w.failed = nil
		if w.broken == nil && s.path != "" {
			errs = append(errs, w.exec("PRAGMA wal_checkpoint(TRUNCATE)"))
		}
		errs = append(errs, w.close())
	}
	if s.rdb != nil {
		errs = append(errs, s.rdb.Close()) // again is no error
	}
	if s.wdb != nil {
		errs = append(errs, s.wdb.Close())
	}
	s.walMu.Lock()
	if s.syncTimer != nil {
		s.syncTimer.Stop()
		s.syncTimer = nil
	}
	if s.wal != nil {
		errs = append(errs, s.wal.Close())
		s.wal = nil
	}
	errs = append(errs, s.syncErr)
	s.syncErr = nil
	s.walMu.Unlock()
	if s.lock != nil {
		s.lock.Close()
		s.lock = nil
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the store: %w", Explain(err))
	}
	return nil
}
