package review

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/review/evidence/evidencetest"
	"vigie/storage"
)

// wrongClock is a review of evidencetest.WrongClock.
func wrongClock(t *testing.T) (d *Review, e analyzer.Event, right time.Time) {
	t.Helper()
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	recs, e, right := evidencetest.WrongClock()
	require.NoError(t, s.Append(t.Context(), recs...))
	require.NoError(t, s.PutEvents(t.Context(), e))
	return newReview(t, s), e, right
}

// Where the clock was set later, pages show the corrected times, and say so; the record stays as it was stored.
func TestTimesBeforeAClockWasSet(t *testing.T) {
	d, e, right := wrongClock(t)
	local := right.Format("2006-01-02 15:04:05") + " UTC"
	utc := cookie("vigie-zone", "UTC")

	inbox := get(d, "/", utc).Body.String()
	require.Contains(t, inbox, `>`+right.Format("15:04:05")+` UTC</time>`)
	require.Contains(t, inbox, "time corrected")
	require.Equal(t, 1, strings.Count(get(d, "/?from="+right.Format(time.DateOnly)+"T09:00&to="+right.Format(time.DateOnly)+"T10:00", utc).Body.String(), `<li class="entry`), "it is found when it was")
	require.Zero(t, strings.Count(get(d, "/?to="+right.Format(time.DateOnly)+"T08:00", utc).Body.String(), `<li class="entry`))

	page := get(d, "/event/"+e.ID, utc).Body.String()
	require.Contains(t, page, local)
	require.Contains(t, page, "its times before that were wrong by 9 h")
	require.Contains(t, page, "first sign at "+evidence.UTC(e.First))
	steps := page[strings.Index(page, `<ol class="timeline">`):]
	require.Contains(t, steps[:strings.Index(steps, "</ol>")], ">"+right.Format("15:04:05")+" UTC<")
	require.NotContains(t, steps[:strings.Index(steps, "</ol>")], ">00:30")
	words := page[strings.Index(page, `class="words"`):]
	require.Contains(t, words, `class="evidence"`, "lines are found although they stand at other times")

	var series struct {
		From, To float64
		Time     []float64
		Event    [2]float64
	}
	require.NoError(t, json.Unmarshal(get(d, "/api/v1/events/"+e.ID+"/series").Body.Bytes(), &series))
	require.Equal(t, float64(right.UnixMilli())/1000, series.Event[0])
	require.Equal(t, float64(right.Add(-evidence.Margin).UnixMilli())/1000, series.Time[0])
	require.Greater(t, len(series.Time), 1200)

	var answer struct {
		Event     analyzer.Event
		Corrected *times
	}
	require.NoError(t, json.Unmarshal(get(d, "/api/v1/events/"+e.ID).Body.Bytes(), &answer))
	require.Equal(t, e.First, answer.Event.First, "as it was recorded")
	require.Equal(t, &times{32400, right, e.Opened.Add(9 * time.Hour), e.Last.Add(9 * time.Hour)}, answer.Corrected)

	report := get(d, "/event/"+e.ID+"/report", utc).Body.String()
	require.Contains(t, report, local)
	require.Contains(t, report, "wrong by 9 h")
	require.Contains(t, get(d, "/event/"+e.ID+"/rerun", utc).Body.String(), "<td>high</td><td>medium</td>")

}

// A bundle has the record as it was stored, with the record that says by how much it was wrong, although that came later.
func TestBundleOfAWrongClock(t *testing.T) {
	d, e, right := wrongClock(t)
	var b bytes.Buffer
	require.NoError(t, d.EventBundle(t.Context(), &b, e.ID, BundleOptions{Lang: "en"}))
	v, err := Verify(context.Background(), bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.True(t, v.Good(), "%v", v.Problems)
	m := members(t, b.Bytes())
	var stored analyzer.Event
	require.NoError(t, json.Unmarshal([]byte(m["events.ndjson"]), &stored))
	require.Equal(t, e.First, stored.First)
	r := cell.NewReader(strings.NewReader(m["observations.ndjson.gz"]), "bundle")
	clocks, n := 0, 0
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch rec := rec.(type) {
		case *cell.Clock:
			require.Equal(t, 9*time.Hour, rec.Offset)
			clocks++
		case *cell.Observation:
			require.True(t, rec.Time.Before(right.Add(-8*time.Hour)), "as recorded")
			n++
		}
	}
	require.Equal(t, 1, clocks)
	require.Equal(t, 1236, n)
	require.Contains(t, m["README.txt"], "A line of kind clock")
	require.Contains(t, m["report.html"], "wrong by 9 h")
}

// A cell was heard when it really was, in the table and in the charts.
func TestCellOfAWrongClock(t *testing.T) {
	d, e, right := wrongClock(t)
	utc := cookie("vigie-zone", "UTC")
	ends := right.Add(-30*time.Minute + 2*time.Hour - time.Second).Format("2006-01-02 15:04:05")
	page := get(d, "/cell?rat=LTE&mcc=206&mnc=01&id=11016962", utc).Body.String()
	require.Contains(t, page, right.Add(-30*time.Minute).Format("2006-01-02 15:04:05"), "the first")
	require.Contains(t, page, ends, "the last")
	require.Contains(t, page, "the times here are corrected")
	require.NotContains(t, page, e.First.Add(-30*time.Minute).Format("2006-01-02 15:04"), "as it was stamped")
	require.Regexp(t, `7\d\d\d observations`, page)
	require.NotContains(t, get(d, "/cells", utc).Body.String(), e.First.Add(-30*time.Minute).Format("2006-01-02 15:04"))
}
