package review

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

// Nine sensors are one thin line a day; nothing is claimed of a time before a sensor's first and after its last record, of a day on which
// nothing ran, or of one whose events are not in this view.
func TestInboxOfNineSensors(t *testing.T) {
	tw := emptyReview(t)
	day := townStart.AddDate(0, 0, -9)
	var recs []cell.Record
	for n := range 9 {
		for i := range 6 * 60 { // six hours each, one after the other, on one day; and two hours four days later
			recs = append(recs, &cell.Observation{Time: day.Add(time.Duration(n)*time.Hour + time.Duration(i)*time.Minute), Sensor: fmt.Sprint("s", n), State: cell.Idle})
		}
	}
	for i := range 120 {
		recs = append(recs, &cell.Observation{Time: day.AddDate(0, 0, 4).Add(time.Duration(i) * time.Minute), Sensor: "late", State: cell.Idle})
	}
	recs = append(recs, &cell.Observation{Time: day.AddDate(0, 0, 4).Add(3 * time.Hour), Sensor: "late", State: cell.Idle})
	require.NoError(t, tw.store.Append(t.Context(), recs...))
	benign := captureEvent(900, "late", day.AddDate(0, 0, 4).Add(time.Hour), analyzer.Medium)
	require.NoError(t, tw.store.PutEvents(t.Context(), benign))
	require.Equal(t, 303, post(tw.review, "/verdicts", url.Values{"event": {benign.ID}, "judgement": {"benign"}}).Code)

	body := get(tw.review, "/?to="+day.AddDate(0, 0, 5).Format("2006-01-02"), cookie("zone", "UTC")).Body.String()
	list := body[strings.Index(body, `id="list"`):]
	day0 := list[strings.LastIndex(list, `<section class="day`):]
	require.Equal(t, 1, strings.Count(day0, "<svg"), "one line for nine sensors")
	require.Contains(t, day0, "quiet, 9 sensors in all, watched 2 d 5 h</p>")
	require.Equal(t, []string{"0", "840"}, edges(day0), "from the first record of the first sensor to the last of the last")
	require.Contains(t, list, "3 days on which nothing was running")
	require.Contains(t, list, "nothing of this view, watched", "its event was decided")
	require.NotContains(t, list, "quiet days")
	require.Less(t, strings.Index(list, "No event fits this view."), strings.Index(list, "<section"), "what was found is said first: nothing")
	all := get(tw.review, "/?verdict=all", cookie("zone", "UTC")).Body.String()
	require.Less(t, strings.Index(all, "shown</p>"), strings.Index(all, "<section"))
}

// edges are where the first part of a strip begins and the last one ends, in minutes.
func edges(svg string) []string {
	all := regexp.MustCompile(`<rect class="(?:seen|some|off|blind)" x="(\d+)" width="(\d+)"`).FindAllStringSubmatch(svg, -1)
	if len(all) == 0 {
		return nil
	}
	var x, w int
	fmt.Sscan(all[len(all)-1][1]+" "+all[len(all)-1][2], &x, &w)
	return []string{all[0][1], fmt.Sprint(x + w)}
}

// A search looks everywhere: over all tabs, and by what a reviewer wrote.
func TestSearchOverAllTabs(t *testing.T) {
	tw := newTown(t)
	id := tw.events[0].ID
	require.Equal(t, 303, post(tw.review, "/verdicts", url.Values{"event": {id}, "judgement": {"benign"}, "reason": {"the lab next door"}, "author": {"Ada"}}).Code)
	for _, q := range []string{"lab next door", "ada", "0x9999", "eNB 0/2", "roof-1 39321"} {
		require.Contains(t, get(tw.review, "/?text="+url.QueryEscape(q)).Body.String(), `data-id="`+id, q)
		require.NotContains(t, get(tw.review, "/?verdict=none&text="+url.QueryEscape(q)).Body.String(), `data-id="`+id, "in one tab alone, if that was chosen")
	}
	require.NotContains(t, get(tw.review, "/").Body.String(), `data-id="`+id)
	require.Contains(t, get(tw.review, "/?tab=benign").Body.String(), `data-id="`+id, "a form without a search stays on its tab")
}

// One form of time everywhere: local with its offset, UTC beside it, the date where it is another. What was not closed when its recording
// ended does not go on.
func TestOneFormOfTime(t *testing.T) {
	e := captureEvent(1, "roof-1", time.Date(2026, 7, 1, 22, 59, 56, 0, time.UTC), analyzer.High)
	e.State = analyzer.Open
	tw := emptyReview(t)
	require.NoError(t, tw.store.Append(t.Context(), &cell.Observation{Time: e.Last, Sensor: "roof-1", State: cell.Idle}))
	require.NoError(t, tw.store.PutEvents(t.Context(), e))
	for _, path := range []string{"/event/" + e.ID, "/event/" + e.ID + "/report"} {
		body := get(tw.review, path, cookie("zone", "Europe/London")).Body.String()
		require.Contains(t, body, `>2026-07-01 23:59:56 UTC+1 <span class="utc">22:59:56 UTC</span></time>`, path)
		require.Contains(t, body, `>2026-07-02 00:00:32 UTC+1 <span class="utc">2026-07-01 23:00:32 UTC</span></time>`, path)
		require.Contains(t, body, `<li class="date">Thursday 2026-07-02</li>`, "the date where it changes: %s", path)
		require.Contains(t, body, "ended when the recording ended", path)
		require.NotContains(t, body, "going on", path)
		for _, m := range regexp.MustCompile(`<time[^>]*>([^<]*)`).FindAllStringSubmatch(body, -1) {
			require.Regexp(t, `\d\d:\d\d(:\d\d)? UTC`, m[1], path)
		}
	}
	list := get(tw.review, "/?state=open").Body.String()
	require.NotContains(t, list, `data-id="`+e.ID)
	require.Contains(t, get(tw.review, "/?state=closed").Body.String(), `data-id="`+e.ID)
}
