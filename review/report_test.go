package review

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// crowded is a town with 114 ordinary events, of which one was decided suspicious, and after them five high ones.
func crowded(t *testing.T) (tw *town, high []analyzer.Event, suspicious analyzer.Event) {
	ctx := context.Background()
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	require.NoError(t, s.Append(ctx, &cell.Observation{Time: captured, Sensor: "roof-1", State: cell.Idle}))
	var evs []analyzer.Event
	for i := range 119 {
		e := captureEvent(500+i, "roof-1", captured.Add(time.Duration(i-119)*time.Minute), analyzer.Low)
		if i >= 114 {
			e.Severity = analyzer.High
		}
		e.Cells[0].ID = cell.Some(uint64(700000 + i))
		evs = append(evs, e)
	}
	require.NoError(t, s.PutEvents(ctx, evs...))
	_, err = s.AddVerdict(ctx, storage.Verdict{Event: evs[100].ID, Judgement: storage.Suspicious, Author: "Ada", Time: townNow})
	require.NoError(t, err)
	return &town{store: s, review: newReview(t, s), events: evs}, evs[114:], evs[100]
}

// Of 119 events the gravest come first and none of them is left out, nor what was decided suspicious; what is left out is said before the
// report is made, and in it.
func TestReportOfAPeriodHasTheAttacks(t *testing.T) {
	tw, high, suspicious := crowded(t)
	const period = "from=2026-11-22&to=2026-11-22"
	before := get(tw.review, "/period?"+period).Body.String()
	body := get(tw.review, "/period/report?"+period).Body.String()
	for _, e := range append(high, suspicious) {
		require.Contains(t, body, e.ID)
		require.Contains(t, body, fmt.Sprint("ECI ", e.Cells[0].ID.Or(0)), "the suspect's identity")
	}
	require.Less(t, strings.Index(body, high[4].ID), strings.Index(body, suspicious.ID), "the high ones come first")
	require.Less(t, strings.Index(body, suspicious.ID), strings.Index(body, tw.events[0].ID), "then what was decided suspicious")
	require.Equal(t, mostReported, strings.Count(body, "<article"))
	for _, page := range []string{before, body} {
		require.Contains(t, page, "The report tells 40 events in full, gravest first. 79 are only counted (79 low): no high one, and none that was decided suspicious.")
	}
	require.Contains(t, before, "119 events in this period. (5 high, 114 low)")

	only := get(tw.review, "/period?severity=high&"+period).Body.String()
	require.Contains(t, only, "The report tells 5 events in full, gravest first. 114 are left out by choice (114 low)")
	require.Contains(t, only, `<input type="hidden" name="severity" value="high">`, "and the report is asked for the same")
	body = get(tw.review, "/period/report?severity=high&"+period).Body.String()
	require.Equal(t, 5, strings.Count(body, "<article"))
	body = get(tw.review, "/period/report?verdict=suspicious&"+period).Body.String()
	require.Equal(t, 1, strings.Count(body, "<article"))
	require.Contains(t, body, suspicious.ID)
	require.Equal(t, 400, get(tw.review, "/period/report?severity=grave&"+period).Code)
	require.Equal(t, 400, get(tw.review, "/period/report?verdict=guilty&"+period).Code)
}

// The first things that a page and a report say of an event.
func TestThreeFacts(t *testing.T) {
	tw := readTown(t, inFull)
	for _, c := range []struct {
		path  string
		want  []string
		never string
	}{
		{"/event/" + tw.events[0].ID, []string{"<h1>A cell refused the modem, which then fell to 2G</h1>", "<title>A cell refused the modem, which then fell to 2G ·",
			"Severity high: 3 independent causes counted, 12.6 in all, the heaviest", "It may also be: ", "At roof-1, a sensor that stays at one place; no position was recorded."}, ""},
		{"/event/" + tw.events[1].ID, []string{"<dd>In or at Brussels (BE).</dd><dd>50.8540, 4.3639, to 8 m.</dd>"}, ""},
		{"/event/" + tw.events[1].ID + "/report", []string{"<dd>In or at Brussels (BE).</dd><dd>50.8540, 4.3639, to 8 m.</dd>"}, ""},
		{"/event/" + tw.events[1].ID + "/report?location=coarse", []string{"<dd>50.85, 4.35, to 10 km.</dd>"}, "Brussels"},
		{"/event/" + tw.events[1].ID + "/report?location=nowhere", []string{"A cell refused the modem, which then fell to 2G"}, "50.8"},
	} {
		body := get(tw.review, c.path).Body.String()
		for _, w := range c.want {
			require.Contains(t, body, w, c.path)
		}
		if c.never != "" {
			require.NotContains(t, body, c.never, c.path)
		}
	}
}
