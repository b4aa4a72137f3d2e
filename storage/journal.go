package storage

import (
	"bytes"
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
	"syscall"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"vigie/cell"
)

// The write-ahead journal saves flash cards from wearing out. A transaction of one record writes three pages of 4 KiB to
// SQLite's log, for some 200 bytes that are new: 49 MB an hour at one record per second. AppendLater writes such records to a
// small file instead, PATH-tail, keeps them in memory, and puts them into the database together. After each such transaction
// the file is overwritten from its beginning, so that a sync of it writes one block. If the process dies, the next process
// that opens the store for writing recovers the records from the file.
//
// The file is a sequence of frames:
//
//	length of what follows the checksum    4 bytes, little-endian
//	CRC-32C of what follows                4 bytes, little-endian
//	generation                             8 bytes, little-endian; frames of another generation than the first are left over
//	record                                 as encodePending writes it; in an encrypted store a nonce and XChaCha20-Poly1305
const (
	pendingTime     = 10 * time.Second // the longest that a record waits
	maxPending      = 512              // records that wait
	journalHead     = 16               // bytes of a frame before the record
	maxJournalFrame = 16 << 20         // bytes
	maxJournal      = 64 << 20         // bytes of records that are read back: a file may come from a stranger
)

var crc32c = crc32.MakeTable(crc32.Castagnoli)

// journal holds the records that are acknowledged and not yet in the database. Store.mu guards it, walMu guards its file.
type journal struct {
	path    string
	seal    cipher.AEAD // nil: plain
	file    *os.File    // nil until the first record
	dirty   bool        // written and not synced
	pending []pendingRecord
	counts  tally // of pending
	size    int64 // bytes of file that pending takes
	gen     uint64
	timer   *time.Timer
	err     error // of a commit in the background; the next call reports it
}

// pendingRecord is a record in the form in which it is stored. It shares nothing with the caller's record, which the caller
// may change.
type pendingRecord struct {
	sensor string
	kind   Kinds
	key    int64    // its time (timeKey)
	body   []byte   // as encodeRecord writes it
	raw    []string // its raw lines; nil if there are none
}

func newJournal(path string, key []byte) (*journal, error) {
	j := &journal{path: path + "-tail", counts: newTally()}
	if key == nil {
		return j, nil
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "vigie tail 1", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	j.seal, err = chacha20poly1305.NewX(derived)
	return j, err
}

// AppendLater is Append for callers that write single records at intervals: it batches them. It acknowledges as Append does:
// the records survive the death of the process immediately and a power cut within a second. Readers and followers see them
// with the next transaction of any kind, at most 10 seconds later. It returns the sequence number of the last record, which
// is final. It keeps no reference to recs.
//
// If ok is false nothing was stored, since the store may have the records already: use Append, which looks them up.
func (s *Store) AppendLater(ctx context.Context, recs ...cell.Record) (seq int64, ok bool, err error) {
	if s.readOnly {
		return 0, false, fmt.Errorf("cannot write to the store: %w", ErrReadOnly)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w, j := s.w, s.journal
	if w == nil {
		return 0, false, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	if j == nil || w.broken != nil {
		return 0, false, nil
	}
	recs = s.clean.Records(recs)
	if j.err != nil || len(j.pending)+len(recs) > maxPending {
		if err := s.commitJournal(); err != nil {
			return 0, false, fmt.Errorf("nothing was stored: %w", s.explain(err))
		}
	}
	news, ok, err := w.newPending(recs)
	if !ok || err != nil {
		return 0, false, err
	}
	if err := s.writeJournal(news); err != nil {
		return 0, false, fmt.Errorf("nothing was stored: %w", s.explain(err))
	}
	j.pending = append(j.pending, news...)
	for _, r := range recs {
		j.counts.add(r)
	}
	s.pendingCount.Store(int64(len(j.pending)))
	w.took(news)
	if j.timer == nil && len(j.pending) > 0 {
		j.timer = time.AfterFunc(pendingTime, s.commitOnTimer)
	}
	return w.seq + int64(len(j.pending)), true, s.syncJournalLater()
}

// newPending encodes records, unless one of them may be stored already. Where the store has newer records of a sensor, from when
// its clock was in the future, a record after the one before is looked up.
func (w *writer) newPending(recs []cell.Record) (news []pendingRecord, ok bool, err error) {
	before := map[string]int64{} // by sensor: the record before
	var lookUp []int
	for i, r := range recs {
		p := pendingRecord{sensor: r.From(), kind: kindOf(r)}
		if p.kind == 0 || p.kind == Sources {
			return nil, false, nil
		}
		p.key = keyOf(r.When())
		newest, seen := w.last[p.sensor]
		if !seen {
			newest = w.newest
		}
		previous, seen := before[p.sensor]
		if !seen {
			previous, seen = w.recent[p.sensor]
		}
		switch {
		case p.key < w.purged || seen && p.key <= previous:
			return nil, false, nil
		case p.key > newest:
		case !seen:
			return nil, false, nil
		default:
			lookUp = append(lookUp, i)
		}
		before[p.sensor] = p.key
		news = append(news, p)
	}
	for i, r := range recs {
		w.buf = encodeRecord(w.buf[:0], r)
		news[i].body = bytes.Clone(w.buf)
		if raw := rawOf(r); raw != nil {
			news[i].raw = slices.Clone(shorten(*raw, longestRaw))
		}
	}
	if len(lookUp) > 0 {
		w.gate.pass()
	}
	w.failed = nil
	defer func() { w.failed = nil }()
	for _, i := range lookUp {
		p := &news[i]
		if there, err := w.exists(p.sensor, p.key, p.kind, p.body, &p.raw); there || err != nil {
			return nil, false, err
		}
	}
	return news, true, nil
}

// took notes records that were appended.
func (w *writer) took(recs []pendingRecord) {
	for _, p := range recs {
		newest, seen := w.last[p.sensor]
		if !seen {
			newest = w.newest
		}
		if p.key > newest {
			w.last[p.sensor] = p.key
		}
		w.recent[p.sensor] = p.key
	}
}

// commitOnTimer commits the pending records when the oldest has waited long enough.
func (s *Store) commitOnTimer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w != nil && s.journal != nil {
		s.journal.err = s.commitJournal()
	}
}

// commitPending makes pending records visible to readers. The next call that writes reports an error: the records are safe.
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

// pendingStats counts the pending records, and returns the time key of the newest and the sequence number of the last.
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

// commitJournal puts the pending records into the database. Store.mu is held.
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

// insert is the first part of each transaction: it adds the records that were pending before it.
func (j *journal) insert(w *writer) error {
	for _, p := range j.pending {
		if err := w.insert(p); err != nil {
			return err
		}
	}
	w.fresh.merge(&j.counts)
	if w.seq-w.upto >= tallyEvery {
		return w.tally()
	}
	return nil
}

// requeue restores what is pending in a writer whose state was reloaded.
func (j *journal) requeue(w *writer) {
	w.took(j.pending)
}

// journalCommitted follows a transaction that added the pending records: once that is safe from a power cut, the file can be
// overwritten.
func (s *Store) journalCommitted() error {
	j := s.journal
	if len(j.pending) == 0 {
		return nil
	}
	clear(j.pending)
	j.pending, j.counts = j.pending[:0], newTally()
	s.pendingCount.Store(0)
	if j.timer != nil {
		j.timer.Stop()
		j.timer = nil
	}
	if err := s.sync(); err != nil {
		return err
	}
	s.walMu.Lock()
	j.size, j.gen = 0, j.gen+1
	s.walMu.Unlock()
	return s.checkpointIfDue()
}

// writeJournal appends frames to the file: all of them or none.
func (s *Store) writeJournal(news []pendingRecord) (err error) {
	j := s.journal
	s.walMu.Lock()
	defer s.walMu.Unlock()
	if _, gone := destroyed.Load(s.path); gone {
		return ErrClosed
	}
	if j.file == nil {
		leaveTo(j.path, s.path)
		if j.file, err = os.OpenFile(j.path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600); err != nil {
			return err
		}
		if err := syncFile(filepath.Dir(s.path)); err != nil {
			return err
		}
	}
	var out []byte
	for _, p := range news {
		out = j.frame(out, p)
	}
	if _, err := j.file.WriteAt(out, j.size); err != nil {
		return err // what was written of it is overwritten, or ends at a wrong checksum
	}
	j.size += int64(len(out))
	j.dirty = true
	return nil
}

func (j *journal) frame(dst []byte, p pendingRecord) []byte { return j.wrap(dst, encodePending(p)) }

func (j *journal) wrap(dst, body []byte) []byte {
	var head [journalHead]byte
	binary.LittleEndian.PutUint64(head[8:], j.gen)
	if j.seal != nil {
		nonce := make([]byte, chacha20poly1305.NonceSizeX)
		rand.Read(nonce)
		body = j.seal.Seal(nonce, nonce, body, head[8:])
	}
	binary.LittleEndian.PutUint32(head[:], uint32(8+len(body)))
	binary.LittleEndian.PutUint32(head[4:], crc32.Update(crc32.Checksum(head[8:], crc32c), crc32c, body))
	return append(append(dst, head[:]...), body...)
}

// syncJournalLater schedules a sync of the file within a second, and reports the error of an earlier one.
func (s *Store) syncJournalLater() error {
	s.walMu.Lock()
	defer s.walMu.Unlock()
	err := s.syncErr
	s.syncErr = nil
	s.syncLater()
	return err
}

// recoverJournal stores the records that a process left in the file when it died. The writer is new.
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

// read returns the records in the file: frames of one generation, up to the first that is not complete.
func (j *journal) read() (recs []cell.Record, gen uint64, err error) {
	f, err := os.Open(j.path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	for size := 0; ; {
		var head [journalHead]byte
		if _, err := io.ReadFull(f, head[:]); err != nil {
			return recs, gen, nil
		}
		length, of := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint64(head[8:])
		if length < 8 || length > maxJournalFrame || len(recs) > 0 && of != gen {
			return recs, gen, nil
		}
		if size += int(length) + rowHeap; size > maxJournal {
			return nil, 0, fmt.Errorf("%w: %s holds more than Vigie ever leaves in it; without that file the store can be opened", ErrDamaged, j.path)
		}
		body := make([]byte, length-8)
		if _, err := io.ReadFull(f, body); err != nil || crc32.Update(crc32.Checksum(head[8:], crc32c), crc32c, body) != binary.LittleEndian.Uint32(head[4:]) {
			return recs, gen, nil
		}
		if j.seal != nil {
			n := chacha20poly1305.NonceSizeX
			if len(body) < n {
				return recs, gen, nil
			}
			if body, err = j.seal.Open(nil, body[:n], body[n:], head[8:]); err != nil {
				return recs, gen, nil // truncated, or of a store that had another key
			}
		}
		r, err := decodePending(body)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", j.path, err)
		}
		recs, gen = append(recs, r), of
	}
}

// removeJournal removes the file. Store.mu is held, or the store is not in use yet.
func (s *Store) removeJournal() error {
	j := s.journal
	if j == nil {
		return nil
	}
	s.walMu.Lock()
	defer s.walMu.Unlock()
	var errs []error
	if j.file != nil {
		errs = append(errs, j.file.Close())
		j.file, j.dirty = nil, false
	}
	j.size = 0
	if err := os.Remove(j.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// encodePending is a record with everything that its row in the database says of it.
func encodePending(p pendingRecord) []byte {
	c := &coder{writing: true}
	number(c, &p.kind)
	text(c, &p.sensor)
	c.int(&p.key)
	length := uint64(len(p.body))
	c.uint(&length)
	c.b = append(c.b, p.body...)
	if p.kind&withRaw != 0 {
		c.texts(&p.raw)
	}
	return c.b
}

func decodePending(b []byte) (r cell.Record, err error) {
	defer caught(&err)
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
	return r, c.done()
}
