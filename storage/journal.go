package storage

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"vigie/cell"
)

// A transaction of one record writes three pages of 4 KiB to the log, for some 200 bytes that are new: 49 MB an hour at a
// record a second, which wears out a flash card. So what comes record by record is gathered (AppendLater): it is kept in
// memory and in a small file, PATH-tail, and put into the database together. The file is written over from its beginning
// after each such transaction, so that a sync of it writes one block. When the process dies the next one to open the
// store for writing takes what is in the file.
//
// The file is a row of frames:
//
//	length of what follows the checksum    4 bytes, little-endian
//	CRC-32C of what follows                4 bytes
//	generation                             8 bytes: frames of another one than the first are left over
//	record                                 as encodePending has it; in an encrypted store sealed: nonce, XChaCha20-Poly1305
const (
	pendingTime     = 10 * time.Second // how long a record waits at most
	maxPending      = 512              // how many wait at most
	journalHead     = 16
	maxJournalFrame = 16 << 20
)

var crc32c = crc32.MakeTable(crc32.Castagnoli)

// tail is what was gathered. It is guarded by Store.mu, but for its file, which walMu guards.
type journal struct {
	path    string
	seal    cipher.AEAD // nil: plain
	file    *os.File    // nil until it is needed
	dirty   bool        // written and not synced
	pending []pendingRecord
	counts  tally // of the waiting
	size    int64 // bytes of file that the waiting take
	gen     uint64
	timer   *time.Timer
	err     error // of a commit that nobody was waiting for
}

// gathered is a record as it will be stored. It shares nothing with the caller's record, which the caller may change.
type pendingRecord struct {
	sensor string
	kind   Kinds
	key    int64    // its time (timeKey)
	body   []byte   // as encodeRecord has it
	raw    []string // its raw lines; nil if there are none
}

func newJournal(path string, key []byte) (*journal, error) {
	t := &journal{path: path + "-tail", counts: newTally()}
	if key == nil {
		return t, nil
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "vigie tail 1", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	t.seal, err = chacha20poly1305.NewX(derived)
	return t, err
}

// AppendLater is Append for who has a record now and then. The records are acknowledged as by Append: they survive the death of
// the process at once and the loss of power within a second. But readers and followers see them some seconds later, with
// the next transaction of any kind, or after 10 seconds. It returns the number of the last of them, which it keeps.
//
// ok is false, and nothing was stored, where it must be looked up whether they are there already: Append does that.
func (s *Store) AppendLater(ctx context.Context, recs ...cell.Record) (seq int64, ok bool, err error) {
	if s.readOnly {
		return 0, false, fmt.Errorf("cannot write to the store: %w", ErrReadOnly)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w, t := s.w, s.journal
	if w == nil {
		return 0, false, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	if t == nil || w.broken != nil {
		return 0, false, nil
	}
	if t.err != nil || len(t.pending)+len(recs) > maxPending {
		if err := s.commitJournal(); err != nil {
			return 0, false, fmt.Errorf("nothing was stored: %w", s.explain(err))
		}
	}
	var news []pendingRecord
	last := map[string]int64{}
	for _, r := range recs {
		g := pendingRecord{sensor: r.From(), kind: kindOf(r)}
		if g.kind == 0 || g.kind == Sources {
			return 0, false, nil
		}
		g.key, _ = timeKey(r.When())
		newest, seen := last[g.sensor]
		if !seen {
			if newest, seen = w.last[g.sensor]; !seen {
				newest = w.newest
			}
		}
		if g.key <= newest || g.key < w.purged {
			return 0, false, nil
		}
		last[g.sensor] = g.key
		news = append(news, g)
	}
	for i, r := range recs {
		news[i].body = encodeRecord(nil, r)
		if raw := rawOf(r); raw != nil {
			news[i].raw = slices.Clone(*raw)
		}
	}
	if err := s.writeJournal(news); err != nil {
		return 0, false, fmt.Errorf("nothing was stored: %w", s.explain(err))
	}
	t.pending = append(t.pending, news...)
	for _, r := range recs {
		t.counts.add(r)
	}
	s.pendingCount.Store(int64(len(t.pending)))
	for sensor, key := range last {
		w.last[sensor] = key
	}
	if t.timer == nil && len(t.pending) > 0 {
		t.timer = time.AfterFunc(pendingTime, s.commitOnTimer)
	}
	return w.seq + int64(len(t.pending)), true, s.syncJournalLater()
}

// commitOnTimer is what the timer calls.
func (s *Store) commitOnTimer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w != nil && s.journal != nil {
		s.journal.err = s.commitJournal()
	}
}

// commitPending lets readers see what was gathered. An error is told to who writes next: what is gathered is safe.
func (s *Store) commitPending() {
	if s.pendingCount.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w != nil && s.journal != nil && len(s.journal.pending) > 0 {
		s.journal.err = s.commitJournal()
	}
}

// Flush makes everything that was acknowledged visible to readers and safe from a power cut, whichever process wrote it. A
// copy that is made afterwards cannot hold sequence numbers that a power cut takes back and the store then gives again.
func (s *Store) Flush() error {
	s.commitPending()
	if s.path == "" {
		return nil
	}
	return SyncIfPossible(s.path + "-wal")
}

// waiting counts what was gathered and is not in the database, with the time of the newest and the number of the last.
func (s *Store) pendingStats() (observations, others, newest, seq int64) {
	if s.pendingCount.Load() == 0 {
		return 0, 0, 0, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil || s.journal == nil {
		return 0, 0, 0, 0
	}
	newest = math.MinInt64
	for _, in := range s.journal.counts.reach {
		newest = max(newest, in.to)
	}
	return s.journal.counts.observations, s.journal.counts.others, newest, s.w.seq + int64(len(s.journal.pending))
}

// commitJournal puts what was gathered into the database. Store.mu is held.
func (s *Store) commitJournal() error {
	if s.journal == nil || len(s.journal.pending) == 0 {
		return nil
	}
	_, err := s.transact(context.Background(), func(*Tx) error { return nil })
	if err == nil {
		err = s.journalCommitted()
	}
	s.journal.err = err
	return err
}

// drain is the first part of each transaction: what was gathered before it.
func (t *journal) insert(w *writer) error {
	for _, g := range t.pending {
		if err := w.insert(g); err != nil {
			return err
		}
	}
	w.fresh.merge(&t.counts)
	if w.seq-w.upto >= tallyEvery {
		return w.tally()
	}
	return nil
}

// again tells a writer that has forgotten it what waits.
func (t *journal) requeue(w *writer) {
	for _, g := range t.pending {
		w.last[g.sensor] = g.key
	}
}

// journalCommitted follows a transaction that drained: once that is safe from a power cut, the file is not needed any more.
func (s *Store) journalCommitted() error {
	t := s.journal
	if len(t.pending) == 0 {
		return nil
	}
	clear(t.pending)
	t.pending, t.counts = t.pending[:0], newTally()
	s.pendingCount.Store(0)
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	if err := s.sync(); err != nil {
		return err
	}
	s.walMu.Lock()
	t.size, t.gen = 0, t.gen+1
	s.walMu.Unlock()
	return s.checkpointIfDue()
}

// writeJournal appends frames to the file, all or none.
func (s *Store) writeJournal(news []pendingRecord) (err error) {
	t := s.journal
	s.walMu.Lock()
	defer s.walMu.Unlock()
	if t.file == nil {
		if t.file, err = os.OpenFile(t.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
			return err
		}
		copyOwner(t.path, s.path)
		if err := syncFile(filepath.Dir(s.path)); err != nil {
			return err
		}
	}
	var out []byte
	for _, g := range news {
		out = t.frame(out, g)
	}
	if _, err := t.file.WriteAt(out, t.size); err != nil {
		return err // what is there of it is written over, or ends at a checksum
	}
	t.size += int64(len(out))
	t.dirty = true
	return nil
}

func (t *journal) frame(dst []byte, g pendingRecord) []byte {
	body := encodePending(g)
	var head [journalHead]byte
	binary.LittleEndian.PutUint64(head[8:], t.gen)
	if t.seal != nil {
		nonce := make([]byte, chacha20poly1305.NonceSizeX)
		rand.Read(nonce)
		body = t.seal.Seal(nonce, nonce, body, head[8:])
	}
	binary.LittleEndian.PutUint32(head[:], uint32(8+len(body)))
	binary.LittleEndian.PutUint32(head[4:], crc32.Update(crc32.Checksum(head[8:], crc32c), crc32c, body))
	return append(append(dst, head[:]...), body...)
}

// syncJournalLater sees to it that the file is synced within a second.
func (s *Store) syncJournalLater() error {
	s.walMu.Lock()
	defer s.walMu.Unlock()
	err := s.syncErr
	s.syncErr = nil
	s.syncLater()
	return err
}

// recoverJournal takes what a process that died has left in the file. The writer is new.
func (s *Store) recoverJournal(ctx context.Context) error {
	recs, gen, err := s.journal.read()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s.journal.gen = gen + 1
	if len(recs) > 0 {
		if err := s.Append(ctx, recs...); err != nil {
			return err
		}
		if err := s.sync(); err != nil {
			return err
		}
	}
	return s.removeJournal()
}

// read are the records in the file: frames of one generation, up to the first that is not whole.
func (t *journal) read() (recs []cell.Record, gen uint64, err error) {
	f, err := os.Open(t.path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	for {
		var head [journalHead]byte
		if _, err := io.ReadFull(f, head[:]); err != nil {
			return recs, gen, nil
		}
		length, of := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint64(head[8:])
		if length < 8 || length > maxJournalFrame || len(recs) > 0 && of != gen {
			return recs, gen, nil
		}
		body := make([]byte, length-8)
		if _, err := io.ReadFull(f, body); err != nil || crc32.Update(crc32.Checksum(head[8:], crc32c), crc32c, body) != binary.LittleEndian.Uint32(head[4:]) {
			return recs, gen, nil
		}
		if t.seal != nil {
			n := chacha20poly1305.NonceSizeX
			if len(body) < n {
				return recs, gen, nil
			}
			if body, err = t.seal.Open(nil, body[:n], body[n:], head[8:]); err != nil {
				return recs, gen, nil // cut, or of a store that had another key
			}
		}
		r, err := decodePending(body)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", t.path, err)
		}
		recs, gen = append(recs, r), of
	}
}

// removeJournal removes the file. Store.mu is held, or the store is not in use yet.
func (s *Store) removeJournal() error {
	t := s.journal
	if t == nil {
		return nil
	}
	s.walMu.Lock()
	defer s.walMu.Unlock()
	var errs []error
	if t.file != nil {
		errs = append(errs, t.file.Close())
		t.file, t.dirty = nil, false
	}
	t.size = 0
	if err := os.Remove(t.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// encodePending is a record with all that its row would say of it.
func encodePending(g pendingRecord) []byte {
	c := &coder{writing: true}
	number(c, &g.kind)
	text(c, &g.sensor)
	c.int(&g.key)
	body := string(g.body)
	text(c, &body)
	if g.kind&withRaw != 0 {
		c.texts(&g.raw)
	}
	return c.b
}

func decodePending(b []byte) (r cell.Record, err error) {
	c := &coder{b: b}
	var kind Kinds
	var sensor, body string
	var key int64
	number(c, &kind)
	text(c, &sensor)
	c.int(&key)
	if text(c, &body); c.bad {
		return nil, errCodec
	}
	if r, err = decodeRecord([]byte(body), kind, sensor, key); err != nil {
		return nil, err
	}
	if raw := rawOf(r); raw != nil {
		c.texts(raw)
	}
	if c.bad || len(c.b) != 0 {
		return nil, errCodec
	}
	return r, nil
}
