package storage

import (
	"bytes"
	"context"
	"iter"
	"time"

	"vigie/cell"
)

// InOrder yields records as Records does, but in the order in which they came to be: what was recorded while a clock was wrong
// is where it belongs by the corrections, with the time that was recorded. So a clock that was once in the future does not put
// what it stamped behind everything that came later.
func (s *Store) InOrder(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		cs, err := s.Corrections(ctx)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		if len(cs) == 0 {
			s.Records(ctx, q)(yield)
			return
		}
		m := merger{last: map[string][]byte{}}
		defer m.stop()
		right := func(e Entry) bool { // recorded while the clock was right
			t := e.Record.When()
			return cs.At(e.Record.From(), t).Equal(t)
		}
		m.add(s.Records(ctx, q), 0, right)
		for sensor, wrong := range cs {
			if q.Sensor != "" && q.Sensor != sensor {
				continue
			}
			for _, w := range wrong {
				of := q
				of.Sensor, of.From, of.To, of.Limit = sensor, later(q.From, w.From), w.To, 0
				if !q.To.IsZero() {
					of.To = earlier(q.To, w.To)
				}
				m.add(s.Records(ctx, of), w.Offset, nil)
			}
		}
		m.run(q.Limit, yield)
	}
}

// merger merges streams of records by their true time.
type merger struct {
	streams []*offsetStream
	last    map[string][]byte // by sensor: the source line that was yielded last
}

// offsetStream is a stream of records whose clock was wrong by the same time.
type offsetStream struct {
	next   func() (Entry, error, bool)
	stop   func()
	offset time.Duration
	keep   func(Entry) bool // nil: all
	source map[string]Entry // by sensor: its current source line
	head   Entry
	err    error
	ended  bool
}

func (m *merger) add(seq iter.Seq2[Entry, error], offset time.Duration, keep func(Entry) bool) {
	st := &offsetStream{offset: offset, keep: keep, source: map[string]Entry{}}
	st.next, st.stop = iter.Pull2(seq)
	st.advance()
	m.streams = append(m.streams, st)
}

func (m *merger) stop() {
	for _, st := range m.streams {
		st.stop()
	}
}

// advance takes the next record.
func (st *offsetStream) advance() {
	for {
		e, err, ok := st.next()
		if !ok || err != nil {
			st.err, st.ended = err, true
			return
		}
		if _, isSource := e.Record.(*cell.Source); isSource {
			st.source[e.Record.From()] = e
			continue
		}
		if st.keep == nil || st.keep(e) {
			st.head = e
			return
		}
	}
}

func (st *offsetStream) time() time.Time { return st.head.Record.When().Add(st.offset) }

// run yields what the streams have, at most limit records; 0: all.
func (m *merger) run(limit int, yield func(Entry, error) bool) {
	for n := 0; limit == 0 || n < limit; n++ {
		var first *offsetStream
		for _, st := range m.streams {
			if st.err != nil {
				yield(Entry{}, st.err)
				return
			}
			if !st.ended && (first == nil || st.time().Before(first.time())) {
				first = st
			}
		}
		if first == nil {
			return
		}
		e := first.head
		sensor := e.Record.From()
		if source, ok := first.source[sensor]; ok {
			text := encodeRecord(nil, source.Record)
			if before, known := m.last[sensor]; !known || !bytes.Equal(before, text) {
				m.last[sensor] = text
				source.Seq = e.Seq
				if !yield(source, nil) {
					return
				}
			}
		}
		if !yield(e, nil) {
			return
		}
		first.advance()
	}
}
