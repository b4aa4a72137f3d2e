package monitor

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/modem"
)

// A reader that does not read stops nobody. When it reads again it gets every event and gap, the newest of the rest, and how many
// are missing.
func TestViewThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asleep := make(chan struct{})
		var got []Update
		v := newView(func(u Update) {
			<-asleep
			got = append(got, u)
		})
		const n = 5 * viewMost
		for i := range n {
			u := Update{Time: time.Unix(int64(i), 0)}
			switch i % 1000 {
			case 10:
				u.Event = &analyzer.Event{ID: fmt.Sprint(i)}
			case 20:
				u.Record = &cell.Gap{Reason: "silent"}
			}
			v.put(u)
			v.mu.Lock()
			waiting := len(v.queue)
			v.mu.Unlock()
			require.LessOrEqual(t, waiting, viewMost)
		}
		close(asleep)
		v.stop()
		events, gaps, missed := 0, 0, 0
		for _, u := range got {
			if u.Event != nil {
				events++
			}
			if u.Record != nil {
				gaps++
			}
			missed += u.Missed
		}
		require.Equal(t, 5, events)
		require.Equal(t, 5, gaps)
		require.Equal(t, n, len(got)+missed, "what is missing is counted")
		require.Equal(t, int64(n-1), got[len(got)-1].Time.Unix(), "the newest is there")
	})
}

// The end does not wait for a reader who never comes.
func TestViewEndsWithoutAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		v := newView(func(Update) { <-never })
		v.put(Update{Text: "a"})
		began := time.Now()
		v.stop()
		require.Equal(t, viewDrain, time.Since(began))
		close(never)
	})
}

// What was started last stops first, everything stops, and every error is reported with the name of its part.
func TestPartsStopInReverseOrder(t *testing.T) {
	var p parts
	var order []string
	add := func(name string, err error) {
		p.add(name, func() error { order = append(order, name); return err })
	}
	add("store", errors.New("torn"))
	add("view", nil)
	p.add("nothing", nil)
	add("page", errors.New("hung"))
	err := p.stop()
	require.Equal(t, []string{"page", "view", "store"}, order)
	require.EqualError(t, err, "stopping page: hung\nstopping store: torn")
	require.NoError(t, p.stop(), "once")
}

// Time in which nobody looked is a gap: before this run, and while the line or the process stood still for longer than twice the
// slow interval. A modem that is slow, or asked less often, makes none, and neither does what is a gap already.
func TestStallIsAGap(t *testing.T) {
	start := time.Date(2026, 11, 29, 20, 0, 0, 0, time.UTC)
	const slow = 5 * time.Second
	for _, c := range []struct {
		what   string
		m      watched
		after  time.Duration // since the record before
		record cell.Record
		reason string
	}{
		{"the first record ever", watched{}, 0, &cell.Observation{}, ""},
		{"a short pause between two runs", watched{last: start.Add(-2 * slow)}, 0, &cell.Observation{}, ""},
		{"a night between two runs", watched{last: start.Add(-9 * time.Hour)}, 0, &cell.Observation{}, ReasonNotRunning},
		{"nobody knows how long", watched{last: start.Add(-time.Second), guessed: true}, 0, &cell.Observation{}, ReasonNotRunning},
		{"a slow modem", watched{arrived: start}, 2 * slow, &cell.Observation{}, ""},
		{"a process that was stopped", watched{arrived: start}, 2*slow + time.Second, &cell.Observation{}, ReasonStalled},
		{"a disk that hung", watched{arrived: start, blocked: 2*slow + time.Second}, time.Second, &cell.Observation{}, ReasonStalled},
		{"a disk that was slow", watched{arrived: start, blocked: 2 * slow}, time.Second, &cell.Observation{}, ""},
		{"one that is asked less often", watched{arrived: start, stretch: 4}, 8 * slow, &cell.Observation{}, ""},
		{"blind already", watched{arrived: start, blind: true}, time.Hour, &cell.Observation{}, ""},
		{"the collector says so itself", watched{arrived: start}, time.Hour, &cell.Gap{}, ""},
	} {
		c.m.Config = modem.Config{Sensor: "roof", Slow: slow}
		c.m.before = c.m.arrived
		now := start.Add(c.after)
		switch r := c.record.(type) {
		case *cell.Observation:
			r.Time = now
		case *cell.Gap:
			r.Time = now
		}
		got := c.m.gap(c.record, now)
		if c.reason == "" {
			require.Nil(t, got, c.what)
			continue
		}
		require.NotNil(t, got, c.what)
		require.Equal(t, c.reason, got.Reason, c.what)
		require.Equal(t, now, got.Until, c.what)
	}
}

// What was received just before the process was stopped arrives after it went on: the gap is between it and what came next.
func TestStallAfterWhatWasReceived(t *testing.T) {
	start := time.Date(2026, 11, 29, 20, 0, 0, 0, time.UTC)
	m := watched{Config: modem.Config{Sensor: "roof", Slow: time.Second}, before: start, arrived: start}
	received, next := start.Add(200*time.Millisecond), start.Add(time.Minute+time.Second)
	require.Nil(t, m.gap(&cell.Observation{Time: received}, start.Add(time.Minute)))
	require.Equal(t, &cell.Gap{Time: received, Sensor: "roof", Until: next, Reason: ReasonStalled}, m.gap(&cell.Observation{Time: next}, next))
	require.Nil(t, m.gap(&cell.Observation{Time: next.Add(time.Second)}, next.Add(time.Second)))
}
