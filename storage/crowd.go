package storage

import (
	"context"
	"database/sql"
	"hash/maphash"
)

// Whether a record is stored already is a question to the index of times. That is fast as long as few records have one time. A
// file can hold a million of one time, each of which would be compared with all before it: of such times the writer remembers a
// hash of every record.
type crowds struct {
	of map[int64]map[uint64]struct{} // by time key
	n  int                           // hashes in all
}

const (
	crowdFrom  = 64      // records of one time, from which on it is a crowd
	mostHashes = 1 << 20 // that are remembered at once: about 20 MB
)

var crowdSeed = maphash.MakeSeed()

// crowdHash is the same for records that are the same; it depends on a secret, so that nobody can make two of one hash.
func crowdHash(sensor string, kind Kinds, body []byte, raw []string) uint64 {
	var h maphash.Hash
	h.SetSeed(crowdSeed)
	part := func(s string) {
		maphash.WriteComparable(&h, len(s))
		h.WriteString(s)
	}
	part(sensor)
	maphash.WriteComparable(&h, kind)
	maphash.WriteComparable(&h, len(body))
	h.Write(body)
	for _, line := range raw {
		part(line)
	}
	return h.Sum64()
}

// add remembers a record, if its time is a crowd.
func (c *crowds) add(g pendingRecord) {
	if set := c.of[g.key]; set != nil {
		set[crowdHash(g.sensor, g.kind, g.body, g.raw)] = struct{}{}
		c.n++
	}
}

// crowd returns the hashes of the records of a time; nil if they are few.
func (w *writer) crowd(key int64) (map[uint64]struct{}, error) {
	if set := w.crowds.of[key]; set != nil {
		return set, nil
	}
	var n int
	if w.row("SELECT count(*) FROM (SELECT 1 FROM record WHERE time = ? LIMIT ?)", []any{key, crowdFrom}, &n); n < crowdFrom || w.failed != nil {
		return nil, w.failed
	}
	if w.crowds.n >= mostHashes {
		w.crowds = crowds{}
	}
	set, r := map[uint64]struct{}{}, newReader(false, false)
	for seq, more := int64(0), true; more; {
		rows, last, err := w.bodies(key, seq)
		if err != nil {
			return nil, err
		}
		seq, more = last, len(rows) == pageRows
		for _, p := range rows {
			if p.base.Valid {
				b, err := r.base(context.Background(), w.conn, p.base.Int64)
				if err != nil {
					return nil, err
				}
				if p.raw, err = b.lines(p.delta); err != nil {
					return nil, err
				}
			}
			set[crowdHash(p.sensor, p.kind, p.body, p.raw)] = struct{}{}
		}
	}
	if w.crowds.of == nil {
		w.crowds.of = map[int64]map[uint64]struct{}{}
	}
	w.crowds.of[key] = set
	w.crowds.n += len(set)
	return set, nil
}

// storedBody is a record as it is stored.
type storedBody struct {
	pendingRecord
	base  sql.NullInt64
	delta []byte
}

// bodies reads the next records of a time, after a sequence number, and returns the last number.
func (w *writer) bodies(key, after int64) (page []storedBody, last int64, err error) {
	err = eachRow(context.Background(), w.conn, `SELECT record.seq, source.sensor, record.kind, record.body, raw.base, raw.body FROM record
		JOIN source ON source.id = record.source LEFT JOIN raw ON raw.seq = record.seq WHERE record.time = ? AND record.seq > ? ORDER BY record.seq LIMIT ?`,
		[]any{key, after, pageRows}, func(rows *sql.Rows) error {
			var p storedBody
			err := rows.Scan(&last, &p.sensor, &p.kind, &p.body, &p.base, &p.delta)
			page = append(page, p)
			return err
		})
	return page, last, err
}

// inCrowd reports whether a record is among the many of its time; many is false if they are few.
func (w *writer) inCrowd(sensor string, key int64, kind Kinds, body []byte, raw *[]string) (there, many bool, err error) {
	set, err := w.crowd(key)
	if set == nil || err != nil {
		return false, false, err
	}
	var lines []string
	if raw != nil {
		lines = *raw
	}
	_, there = set[crowdHash(sensor, kind, body, lines)]
	return there, true, nil
}
