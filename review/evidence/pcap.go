package evidence

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"vigie/air/capture"
	"vigie/analyzer"
	"vigie/cell"
)

// WritePCAP writes the signalling messages among records as a pcapng, in their order and at the times that they have. Each finding
// of the events is a comment of the message of its sensor that is nearest to its first evidence. records is walked over twice. n is
// how many messages were written; if it is 0 nothing was.
func WritePCAP(w io.Writer, records func() iter.Seq2[cell.Record, error], events []analyzer.Event) (n int, err error) {
	comments, err := pcapComments(records(), events)
	if err != nil {
		return 0, err
	}
	out := capture.NewWriter(w)
	for m, err := range payloads(records()) {
		if err == nil {
			err = out.Write(m, m.Payload, strings.Join(comments[n], "\n"))
		}
		if err != nil {
			return n, err
		}
		n++
	}
	if n == 0 {
		return 0, nil
	}
	return n, out.Flush()
}

// payloads are the messages of which the bytes are known.
func payloads(records iter.Seq2[cell.Record, error]) iter.Seq2[*cell.Message, error] {
	return func(yield func(*cell.Message, error) bool) {
		for r, err := range records {
			m, ok := r.(*cell.Message)
			if err == nil && (!ok || len(m.Payload) == 0) {
				continue
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// pcapComments are the findings of events as texts, by the number of the message that each is put to.
func pcapComments(records iter.Seq2[cell.Record, error], events []analyzer.Event) (map[int][]string, error) {
	type nearest struct {
		number int
		away   time.Duration
	}
	type key struct{ event, finding int }
	at := map[key]nearest{}
	n := 0
	for m, err := range payloads(records) {
		if err != nil {
			return nil, err
		}
		for i := range events {
			if events[i].Sensor != m.Sensor {
				continue
			}
			for j := range events[i].Findings {
				away := m.Time.Sub(events[i].Findings[j].First).Abs()
				if best, there := at[key{i, j}]; !there || away < best.away {
					at[key{i, j}] = nearest{n, away}
				}
			}
		}
		n++
	}
	comments := map[int][]string{}
	for i := range events {
		for j := range events[i].Findings {
			if best, there := at[key{i, j}]; there {
				f := &events[i].Findings[j]
				comments[best.number] = append(comments[best.number], fmt.Sprintf("Vigie: %s v%d (%s), first at %s: %s", Plain(f.Rule), f.Version, f.Severity,
					cell.AppendTime(nil, f.First), Plain(f.Summary)))
			}
		}
	}
	return comments, nil
}
