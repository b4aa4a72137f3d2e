package pipeline

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"math"
	"runtime/debug"
	"slices"

	"vigie/analyzer"
	"vigie/storage"
)

// EventLog keeps the last form of each event. When there are many, those that have closed are packed: a hostile recording can
// bring a gigabyte of events, nearly all of them alike.
type EventLog struct {
	byID   map[uint64]int32 // by a hash of the id, in list
	list   []logged
	closed []int32  // of list: closed, and not packed yet
	blocks [][]byte // compressed, of about packedBlock bytes each before that
	packer *flate.Writer
}

// logged is an event of the log.
type logged struct {
	opened int64           // microseconds since 1970
	event  *analyzer.Event // nil: it is packed
	block  int32           // number of its block
	at     int32           // where it is in there, in bytes
	size   int32
}

const (
	mostUnpacked = 256     // closed events
	packedBlock  = 1 << 18 // bytes
	mostOpened   = 4       // blocks that are unpacked at once
)

// Add keeps an event in place of an earlier form of it.
func (l *EventLog) Add(e analyzer.Event) {
	if l.byID == nil {
		l.byID = map[uint64]int32{}
	}
	id := maphash.String(idSeed, e.ID)
	i, ok := l.byID[id]
	if !ok {
		i = int32(len(l.list))
		l.byID[id], l.list = i, append(l.list, logged{})
	}
	l.list[i] = logged{opened: e.Opened.UnixMicro(), event: &e}
	if e.State == analyzer.Closed {
		if l.closed = append(l.closed, i); len(l.closed) > mostUnpacked {
			l.pack()
		}
	}
}

// pack compresses the closed events.
func (l *EventLog) pack() {
	var block []byte
	compress := func() {
		var out bytes.Buffer
		if l.packer == nil {
			l.packer, _ = flate.NewWriter(&out, flate.DefaultCompression) // fails for a level that does not exist
		}
		l.packer.Reset(&out)
		_, _ = l.packer.Write(block) // to memory
		_ = l.packer.Close()
		l.blocks, block = append(l.blocks, bytes.Clone(out.Bytes())), block[:0]
	}
	for _, i := range l.closed {
		one := &l.list[i]
		if one.event == nil {
			continue // it was added twice
		}
		body := storage.EncodeEvent(one.event)
		one.event, one.block, one.at, one.size = nil, int32(len(l.blocks)), int32(len(block)), int32(len(body))
		if block = append(block, body...); len(block) >= packedBlock {
			compress()
		}
	}
	if len(block) > 0 {
		compress()
	}
	l.closed = l.closed[:0]
}

// Has reports whether an event of this id was added.
func (l *EventLog) Has(id string) bool { _, ok := l.byID[maphash.String(idSeed, id)]; return ok }

var idSeed = maphash.MakeSeed()

// All yields the events in order of opening; those of one moment keep the order in which they came.
func (l *EventLog) All() iter.Seq2[analyzer.Event, error] {
	return func(yield func(analyzer.Event, error) bool) {
		order := make([]int32, len(l.list))
		for i := range order {
			order[i] = int32(i)
		}
		slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(l.list[a].opened, l.list[b].opened) })
		opened := map[int32][]byte{}
		for _, i := range order {
			if e, err := l.get(&l.list[i], opened); !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// get is one event. opened are blocks that were unpacked before.
func (l *EventLog) get(one *logged, opened map[int32][]byte) (analyzer.Event, error) {
	if one.event != nil {
		return *one.event, nil
	}
	block, ok := opened[one.block]
	if !ok {
		var err error
		if block, err = io.ReadAll(flate.NewReader(bytes.NewReader(l.blocks[one.block]))); err != nil {
			return analyzer.Event{}, fmt.Errorf("unpacking events: %w", err)
		}
		if len(opened) == mostOpened {
			clear(opened)
		}
		opened[one.block] = block
	}
	return storage.DecodeEvent(block[one.at : one.at+one.size])
}

// Sorted returns what All yields. It is for few events.
func (l *EventLog) Sorted() []analyzer.Event {
	var sorted []analyzer.Event
	for e, err := range l.All() {
		if err != nil {
			panic(err) // it was packed by this process
		}
		sorted = append(sorted, e)
	}
	return sorted
}

// InOrder yields events that are at hand.
func InOrder(events []analyzer.Event) iter.Seq2[analyzer.Event, error] {
	return func(yield func(analyzer.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// WriteEvents writes events as NDJSON.
func WriteEvents(w io.Writer, events iter.Seq2[analyzer.Event, error]) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for e, err := range events {
		if err == nil {
			if err = enc.Encode(e); err != nil { // a year that JSON cannot express
				err = fmt.Errorf("event %.64q: %w", e.ID, err)
			}
		}
		if err != nil {
			return cmp.Or(err, out.Flush())
		}
	}
	return out.Flush()
}

// mostHeap is how large the heap becomes, in bytes, before garbage is collected more eagerly than usual: a replay of a flood of
// cells stays below 150 MiB, with the program itself.
const mostHeap = 100 << 20

// LimitHeap makes this process use little more than mostHeap where it can. The environment variable GOMEMLIMIT takes precedence.
func LimitHeap() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(mostHeap)
	}
}
