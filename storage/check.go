package storage

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
)

// checkAtStart checks the structure of the database for at most checkTime. Damage that it had no time to find is still
// reported when it is read, by the checksums.
func (s *Store) checkAtStart(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	// The small tables first: it may not get through the large ones.
	for _, what := range []string{"event", "verdict", "remark", "state", "sensor", "source", "cursor", "sequence", "tally", "finding", "event_cell", "cell", ""} {
		err := s.pragmaCheck(limited, "quick_check", what)
		if interrupted(err) {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// errEndless is damage that somebody made: a tree whose branches meet again has as many rows as one likes, in a few pages. An accident is
// found by the checksums.
var errEndless = fmt.Errorf("%w: its pages refer to each other in a circle, so that reading it would not end", ErrDamaged)

func (s *Store) pragmaCheck(ctx context.Context, pragma, table string) error {
	query := "PRAGMA " + pragma + "(1)"
	if table != "" {
		query = "PRAGMA " + pragma + "(" + table + ")"
	}
	return eachRow(ctx, s.rdb, query, nil, func(rows *sql.Rows) error {
		var result string
		err := rows.Scan(&result)
		switch {
		case err != nil || result == "ok":
		case strings.Contains(result, "2nd reference to page"):
			first, _, _ := strings.Cut(result, "\n")
			err = fmt.Errorf("%w: %s", errEndless, first)
		default:
			err = fmt.Errorf("%w: %s", ErrDamaged, result)
		}
		return err
	})
}

// Check reads all of the store: it verifies the checksum of every page, every index against its table, and decodes every record
// and event. The error wraps ErrDamaged and names the first damage. It takes minutes for a store of a gigabyte.
func (s *Store) Check(ctx context.Context) error {
	if err := s.pragmaCheck(ctx, "integrity_check", ""); err != nil {
		return fmt.Errorf("checking the store: %w", Explain(err))
	}
	for _, err := range s.Records(ctx, Query{}) {
		if err != nil {
			return err
		}
	}
	for _, err := range s.Events(ctx, EventQuery{}) {
		if err != nil {
			return err
		}
	}
	return nil
}

// noteLogDamage looks for transactions after a damaged place in SQLite's log. SQLite stops reading there without an error, as
// it does at the end of a log that a crash truncated; the difference is that intact transactions follow.
func (s *Store) noteLogDamage(ctx context.Context, key []byte) {
	f, err := decryptedLog(s.path+"-wal", key)
	if err != nil {
		return // no log
	}
	defer f.Close()
	good, lost, err := scanLog(bufio.NewReaderSize(readerUntil{ctx, f}, 64<<10))
	if err == nil && lost > 0 {
		s.notices = append(s.notices, fmt.Sprintf("the write-ahead log is damaged after %d pages: up to %d of the last transactions are lost", good, lost))
	}
}

// readerUntil reads until its context ends.
type readerUntil struct {
	ctx context.Context
	r   io.Reader
}

func (r readerUntil) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// scanLog reads a log as SQLite does (https://www.sqlite.org/fileformat2.html, section 4). It counts the good frames from the
// start, and the commits in frames of the same generation after them.
func scanLog(f io.Reader) (good, lost int, err error) {
	var head [32]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return 0, 0, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if binary.BigEndian.Uint32(head[:])&1 == 1 {
		order = binary.BigEndian
	}
	const size = 4096 // of our pages
	sum := logSum{order: order}
	sum.add(head[:24])
	headed := sum.is(head[24:])
	intact := headed
	frame := make([]byte, 24+size)
	for {
		if _, err := io.ReadFull(f, frame); err != nil {
			return good, lost, nil
		}
		// Frames left over from an older log have other salts. If the header is damaged they cannot be distinguished.
		same := !headed || string(frame[8:16]) == string(head[16:24])
		sum.add(frame[:8])
		sum.add(frame[24:])
		intact = intact && same && sum.is(frame[16:])
		switch {
		case intact:
			good++
		case same && binary.BigEndian.Uint32(frame[4:]) != 0:
			lost++
		}
	}
}

// logSum is the running checksum of a log (fileformat2, section 4.2).
type logSum struct {
	order  binary.ByteOrder
	s0, s1 uint32
}

func (l *logSum) add(p []byte) {
	for ; len(p) >= 8; p = p[8:] {
		l.s0 += l.order.Uint32(p) + l.s1
		l.s1 += l.order.Uint32(p[4:]) + l.s0
	}
}

func (l *logSum) is(p []byte) bool {
	return binary.BigEndian.Uint32(p) == l.s0 && binary.BigEndian.Uint32(p[4:]) == l.s1
}

// InUse reports whether this process or another has the store at path open for writing.
func InUse(path string) bool {
	_, err := os.Stat(path)
	return err == nil && !noWriter(path)
}
