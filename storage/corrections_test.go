package storage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

func TestCorrections(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("15:04:05", s)
		require.NoError(t, err)
		return v
	}
	sets := storage.Corrections{"a": storage.Stretches([]cell.Clock{
		{Sensor: "a", Since: at("01:00:00"), Time: at("03:10:00"), Offset: 2 * time.Hour},
		{Sensor: "a", Since: at("03:10:00"), Time: at("05:00:00"), Offset: time.Hour},
	})}
	for was, is := range map[string]string{
		"00:59:59": "00:59:59", // before the first
		"01:00:00": "04:00:00", // both steps
		"01:09:59": "04:09:59",
		"01:10:00": "01:10:00", // nothing was stamped so
		"03:10:00": "04:10:00",
		"04:00:00": "04:00:00",
		"05:00:00": "05:00:00",
	} {
		require.Equal(t, at(is), sets.At("a", at(was)), was)
		require.Equal(t, at(was), sets.At("b", at(was)), was)
	}
	e := analyzer.Event{Sensor: "a", First: at("01:00:00"), Last: at("05:30:00"), Findings: []analyzer.Finding{{First: at("01:00:00"), Evidence: []analyzer.Evidence{{Time: at("03:30:00")}}}}}
	fixed, by := sets.Event(e)
	require.Equal(t, 3*time.Hour, by)
	require.Equal(t, at("04:00:00"), fixed.First)
	require.Equal(t, at("05:30:00"), fixed.Last)
	require.Equal(t, at("04:30:00"), fixed.Findings[0].Evidence[0].Time)
	require.Equal(t, at("01:00:00"), e.Findings[0].First, "what was handed in is not changed")
	require.Equal(t, at("03:30:00"), e.Findings[0].Evidence[0].Time)
	_, by = sets.Event(fixed)
	require.Zero(t, by, "nothing is left to correct")
}

// Where to look for a time, and what a recorded time really was, are one thing told from two sides.
func TestRecordedIsWhereCorrectedTimesCameFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		at := func(name string) time.Time {
			return start.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, name)) * time.Minute)
		}
		var sets []cell.Clock
		for range rapid.IntRange(0, 4).Draw(t, "sets") {
			c := cell.Clock{Sensor: "a", Since: at("since"), Time: at("time"), Offset: time.Duration(rapid.IntRange(-200, 200).Draw(t, "offset")) * time.Minute}
			if n := len(sets); n > 0 && rapid.Bool().Draw(t, "goes on") {
				c.Since = sets[n-1].Time
			}
			sets = append(sets, c)
		}
		cs := storage.Corrections{"a": storage.Stretches(sets)}
		from := at("from")
		to := from.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "length")) * time.Minute)
		stretches := cs.Recorded("a", from, to)
		for m := range 900 {
			was := start.Add(time.Duration(m-150) * time.Minute)
			n := 0
			for _, s := range stretches {
				if !was.Before(s.From) && was.Before(s.To) {
					n++
					if is := cs.At("a", was); is.Before(from) || !is.Before(to) {
						t.Fatalf("%s is %s, not of %s to %s", was, is, from, to)
					}
				}
			}
			if is := cs.At("a", was); n > 1 || n == 0 && !is.Before(from) && is.Before(to) {
				t.Fatalf("%s, which is %s, is found %d times", was, is, n)
			}
		}
	})
}
