package storage

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// checkAtStart looks at the structure of the database for a short while. In what it had no time for, damage is still
// named when it is read, by the checksums.
func (s *Store) checkAtStart(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	// The small tables first: of the large ones it may not reach the end.
	for _, what := range []string{"event", "verdict", "state", "sensor", "source", "cursor", "sequence", "tally", ""} {
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

func (s *Store) pragmaCheck(ctx context.Context, pragma, table string) error {
	query := "PRAGMA " + pragma + "(1)"
	if table != "" {
		query = "PRAGMA " + pragma + "(" + table + ")"
	}
	rows, err := s.rdb.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var said string
		if err := rows.Scan(&said); err != nil {
			return err
		}
		if said != "ok" {
			return fmt.Errorf("%w: %s", ErrDamaged, said)
		}
	}
	return rows.Err()
}

// Check reads all of the store: every page against its checksum, every index against its table, every record and event
// against its form. The error wraps ErrDamaged and names the first damage. It takes a while for a large store.
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

// noteLogDamage looks for transactions in the write-ahead log behind a damaged place. SQLite stops reading at that place as
// it does at the end of a log that a crash cut off, and says nothing; the difference is that something whole follows.
func (s *Store) noteLogDamage(key []byte) {
	f, err := decryptedLog(s.path+"-wal", key)
	if err != nil {
		return // there is none
	}
	defer f.Close()
	good, lost, err := scanLog(bufio.NewReaderSize(f, 64<<10))
	if err == nil && lost > 0 {
		s.notices = append(s.notices, fmt.Sprintf("the write-ahead log is damaged after %d pages: up to %d of the last transactions before the store was last left are lost", good, lost))
	}
}

// scanLog reads a log as SQLite does (https://www.sqlite.org/fileformat2.html, section 4): it counts the frames that are
// good from the start, and the commits in frames of the same generation after them.
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
		// The salts: frames left over from an older log have others. When the head is damaged they cannot be told apart.
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

// InUse tells whether a writer, of this process or another, has the store at path open now.
func InUse(path string) bool {
	_, err := os.Stat(path)
	return err == nil && !noWriter(path)
}
