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

// Store holds records, events and what belongs to them; the package comment says what it promises. It is safe for use by
// several goroutines. Open makes one.
//
// All writes go through one connection, one transaction after the other. With synchronous=normal SQLite writes its log at
// each commit, and a timer syncs it within a second: at full rate a flash card sees one sync per second, not one per record.
// A transaction with an event, a verdict or a state syncs before it returns. Checkpoints run after transactions without
// events. A transaction of one record writes about 13 kB to the log, and one of a hundred records not much more: append
// several records in one call, and use AppendLater for single ones.
type Store struct {
	path     string // "" in memory
	readOnly bool
	key      []byte // nil: plain
	sealed   []byte // the text of its key file; nil: none
	lock     *os.File
	rdb      *readDB // nil until it is connected
	wdb      *sql.DB // nil when read-only
	notices  []string
	clean    Cleaner

	mu      sync.Mutex // guards what follows; held while writing
	w       *writer    // nil when read-only or closed
	journal *journal   // nil when read-only or in memory

	walMu     sync.Mutex // guards the log as a file
	wal       *os.File   // nil until it exists
	syncTimer *time.Timer
	syncErr   error // of a sync in the background; the next call reports it
	logDirty  bool  // written and not synced

	pendingCount atomic.Int64 // len(journal.pending)

	changedMu sync.Mutex
	changed   chan struct{} // closed by the next commit that adds something
}

const (
	syncWithin    = time.Second
	checkpointLog = 4 << 20 // bytes of log at which a checkpoint is due
)

// Path is the absolute path of the store's file; empty for a store in memory.
func (s *Store) Path() string { return s.path }

// Notices are sentences for people about what Open found wrong but not fatal: a truncated log, or damage in a store that was
// opened read-only.
func (s *Store) Notices() []string { return s.notices }

// Changed returns a channel that is closed when something is added or changed through this Store after the call. What another
// process writes does not close it.
func (s *Store) Changed() <-chan struct{} {
	s.changedMu.Lock()
	defer s.changedMu.Unlock()
	return s.changed
}

// Update runs f in one transaction. If f returns nil, everything that it did through the Tx is stored. Otherwise, or if ctx
// ends first, nothing is, and Update returns the error. So records, the events found in them and the state of the analyzer
// stay together: after a crash no event lacks its records, and no record is analysed twice.
//
// f must use only the Tx, not the Store, and must not keep the Tx.
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
	if w.broken != nil { // by an earlier failure, which may have passed
		if s.load(); w.broken != nil {
			return false, w.broken
		}
	}
	w.failed = nil
	s.rdb.gate.pass()
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return false, err
	}
	t := &Tx{ctx: ctx, w: w, clean: s.clean}
	before, committed := w.seq, false
	defer func() { // also if f panics
		t.w = nil
		if !committed {
			w.failed = nil
			w.exec("ROLLBACK") // fails if SQLite has rolled back already
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

// load sets the writer back to what is stored and what is pending.
func (s *Store) load() {
	if s.w.broken = s.w.load(); s.w.broken == nil && s.journal != nil {
		s.journal.requeue(s.w)
	}
}

// explain wraps an error of writing.
func (s *Store) explain(err error) error {
	if s.path != "" {
		err = withCause(filepath.Dir(s.path), err)
	}
	return Explain(err)
}

// scheduleSync makes a commit safe from a power cut: now if it is urgent, otherwise within a second.
func (s *Store) scheduleSync(urgent bool) error {
	if s.path == "" {
		return nil
	}
	if urgent {
		return s.sync()
	}
	s.walMu.Lock()
	err := s.syncErr // of an earlier sync
	s.syncErr = nil
	s.syncLater()
	s.walMu.Unlock()
	return errors.Join(err, s.checkpointIfDue())
}

// syncLater schedules a sync within a second. walMu is held.
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

// checkpointIfDue moves SQLite's log into the database once it is long. The next transaction then starts the log again and
// truncates the file (journal_size_limit), unless a reader still needs it.
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
	if err != nil || done < log { // blocked by a reader, or the disk is full: do not retry at every commit
		s.w.checkpointAt = size + checkpointLog
	}
	if errors.Is(s.explain(err), ErrFull) {
		return nil // nothing is lost: the log still works, and reports its own error when it has no room
	}
	return err
}

// Close stores what is pending and closes the file. It waits for a running transaction.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	if w := s.w; w != nil {
		err := s.commitJournal()
		if err == nil && s.journal != nil {
			if s.journal.timer != nil {
				s.journal.timer.Stop()
			}
			err = s.removeJournal()
		}
		errs = append(errs, err)
		s.w = nil
		w.failed = nil
		if w.broken == nil && s.path != "" {
			errs = append(errs, w.exec("PRAGMA wal_checkpoint(TRUNCATE)"))
		}
		errs = append(errs, w.close())
	}
	if s.rdb != nil {
		errs = append(errs, s.rdb.Close()) // a second Close is no error
		s.rdb.gate.close()
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
