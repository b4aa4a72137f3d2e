package review

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/storage"
)

const hostileKit = `kit-b <b>"&'</b>` + "\u202e"

// march is what four kits flagged at one time: three met the same false cell within a minute, the fourth was in another town.
// Two share a store, one has a store of its own and the name of another; one more wrote to the shared server.
func march(t testing.TB, second string, far ...analyzer.Event) (*Review, []analyzer.Event) {
	t.Helper()
	ctx := context.Background()
	open := func(name string, evs ...analyzer.Event) evidence.Named {
		s, err := storage.Open(ctx, "", storage.Options{Memory: true})
		require.NoError(t, err)
		t.Cleanup(func() { s.Close() })
		for _, e := range evs {
			require.NoError(t, s.Append(ctx, &cell.Observation{Time: e.First, Sensor: e.Sensor, State: cell.Idle, Serving: &e.Cells[0]}))
			require.NoError(t, s.PutEvents(ctx, e))
		}
		return evidence.Named{Name: name, Store: s}
	}
	evs := []analyzer.Event{captureEvent(1, "kit-a", captured, analyzer.High), captureEvent(2, second, captured.Add(20*time.Second), analyzer.Medium),
		captureEvent(3, "kit-a", captured.Add(70*time.Second), analyzer.Medium), captureEvent(4, "kit-d", captured, analyzer.High)}
	for i := range evs[3].Cells {
		evs[3].Cells[i].Area, evs[3].Cells[i].ID = cell.Some(cell.Area(512)), cell.Some(uint64(9000+i))
	}
	one, two := open("desk", evs[0], evs[1], evs[3]), open("lent", evs[2])
	return newReview(t, one.Store, func(o *Options) {
		o.Stores = []evidence.Named{one, two}
		o.Verdicts[two.Store] = two.Store
		if len(far) > 0 {
			o.Elsewhere = func(context.Context) evidence.Events {
				return func(yield func(analyzer.Event, error) bool) {
					for _, e := range far {
						if !yield(e, nil) {
							return
						}
					}
				}
			}
		}
	}), evs
}

func TestSeenTogether(t *testing.T) {
	far := captureEvent(5, "kit-e", captured.Add(-10*time.Second), analyzer.Low)
	d, evs := march(t, hostileKit, far)
	list := get(d, "/").Body.String()
	require.Equal(t, 2, strings.Count(list, `<li class="entry`), "one row for the three, one for the kit elsewhere")
	require.Contains(t, list, `data-id="`+evs[0].ID, "the gravest has the row")
	require.Contains(t, list, `also seen by kit-e, kit-b &lt;b&gt;&#34;&amp;&#39;&lt;/b&gt;⟨202E⟩, kit-a (lent)</summary>`)
	for _, e := range evs[1:3] {
		require.Contains(t, list, `name="event" value="`+e.ID, "all can be decided at once")
	}
	require.NotContains(t, list, `name="event" value="`+far.ID, "but not what is on the server alone")
	require.NotContains(t, list, "\u202e")
	require.NotContains(t, list, "<b>\"")
	require.Contains(t, get(d, "/", func(r *http.Request) { r.Header.Set("Accept-Language", "fr") }).Body.String(), "vu aussi par kit-e")

	page := get(d, "/event/"+evs[2].ID).Body.String()
	require.Contains(t, page, "Seen by others at the same time")
	require.Contains(t, page, `<a href="/event/`+evs[0].ID+`">kit-a (desk)</a>`)
	require.Contains(t, page, "−1 min 10 s", "it began before this one")
	require.Contains(t, page, "proves no more than each of them does")
	require.NotContains(t, page[:strings.Index(page, "h-like")], evs[3].ID)
	require.NotContains(t, get(d, "/event/"+evs[3].ID).Body.String(), "h-also", "one elsewhere stands alone")
	require.Contains(t, get(d, "/event/"+far.ID).Body.String(), "kit-a (lent)")

	var got struct{ Events []eventJSON }
	require.NoError(t, json.Unmarshal(get(d, "/api/v1/events").Body.Bytes(), &got))
	for _, e := range got.Events {
		require.Len(t, e.Also, map[bool]int{true: 0, false: 3}[e.Event.ID == evs[3].ID], e.Event.ID)
	}
	var one eventJSON
	require.NoError(t, json.Unmarshal(get(d, "/api/v1/events/"+evs[0].ID).Body.Bytes(), &one))
	require.Equal(t, alsoJSON{far.ID, "kit-e", "", analyzer.Low, far.First, far.Last}, one.Also[0])
	require.Equal(t, alsoJSON{evs[2].ID, "kit-a", "lent", analyzer.Medium, evs[2].First, evs[2].Last}, one.Also[2])
}

// Each event is decided by itself: when it is, another event of its group gets the row, and the decided one shows its verdict.
func TestSeenTogetherIsJudgedApart(t *testing.T) {
	d, evs := march(t, hostileKit)
	for i, s := range d.o.Stores {
		before := 0
		for range s.Store.Events(t.Context(), storage.EventQuery{}) {
			before++
		}
		require.Equal(t, []int{3, 1}[i], before)
	}
	_, err := d.o.Stores[0].Store.AddVerdict(t.Context(), storage.Verdict{Event: evs[0].ID, Judgement: storage.Suspicious, Time: townNow})
	require.NoError(t, err)
	list := get(d, "/").Body.String()
	require.NotContains(t, list, `data-id="`+evs[0].ID)
	require.Contains(t, list, `data-id="`+evs[1].ID, "of two as grave the first")
	require.Contains(t, list, "also seen by kit-a (desk), kit-a (lent)")
	require.Contains(t, list, "Suspicious</span>")
	list = get(d, "/?sensor=kit-d").Body.String()
	require.NotContains(t, list, "also seen by")
	list = get(d, "/?text="+evs[2].ID).Body.String()
	require.Contains(t, list, `data-id="`+evs[2].ID, "what a filter finds has the row")
	require.Contains(t, list, "also seen by")
}

// An event of a sensor in another town is not grouped, whatever cell it names.
func TestFarAwayIsNotTogether(t *testing.T) {
	ctx := context.Background()
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	for i, lat := range []float64{50.846, 50.851, 48.85} {
		e := captureEvent(i+1, fmt.Sprintf("kit-%d", i), captured, analyzer.High)
		require.NoError(t, s.Append(ctx, &cell.Observation{Time: captured, Sensor: e.Sensor, State: cell.Idle, Position: &cell.Position{Lat: lat, Lon: 4.35}}))
		require.NoError(t, s.PutEvents(ctx, e))
	}
	list := get(newReview(t, s), "/").Body.String()
	require.Equal(t, 2, strings.Count(list, `<li class="entry`))
	require.Equal(t, 1, strings.Count(list, "also seen by kit-1<")+strings.Count(list, "also seen by kit-0<"))
}

// A row is unfolded, what is folded in it decided, and the page of an event has the others beside it; no script is needed to
// read any of it.
func TestBrowserTogether(t *testing.T) {
	d, evs := march(t, "kit-b")
	b := open(t, d, look{})
	b.open("/")
	b.wait(`document.documentElement.dataset.zone === "Europe/Brussels"`)
	b.do(chromedp.Click(chromedp.CSS(".also summary"))) // by the mouse: what is pressed must not move before it is let go
	b.wait(`document.querySelector(".also").open`)
	b.accessible("inbox")
	b.fits("inbox")
	picture(b, "inbox-together")
	eval[int](b, `(document.querySelector('.also input[value="`+evs[1].ID+`"]').click(), document.querySelector(".bulk .benign").click(), 0)`)
	b.wait(`document.getElementById("toast").classList.contains("on") && !document.querySelector(".bulk.some")`)
	for i, want := range []bool{false, true} {
		_, judged, err := d.o.Stores[0].Store.VerdictOf(t.Context(), evs[i].ID)
		require.NoError(t, err)
		require.Equal(t, want, judged, "each by itself")
	}
	b.open("/event/" + evs[0].ID)
	b.accessible("event")
	require.Contains(t, b.text(".alsos"), "+20 s")
	require.Contains(t, b.text(".alsos"), "kit-a (lent)")
	b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById("h-also").scrollIntoView()`))
	picture(b, "event-together")

	b.look(look{width: 390, height: 844, noScript: true})
	b.open("/")
	b.do(chromedp.Click(chromedp.CSS(".also summary")), chromedp.WaitVisible(chromedp.CSS(".also[open] li a")))
	b.open("/event/" + evs[0].ID)
	b.do(chromedp.WaitVisible(chromedp.CSS(".alsos a")))
}

// picture keeps what the browser shows for the docs, where it is asked for.
func picture(b *browser, name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644))
}

// BenchmarkInboxTogether is the inbox of 5,000 events of three kits, each seen by all of them.
func BenchmarkInboxTogether(b *testing.B) {
	ctx := context.Background()
	s, err := storage.Open(ctx, filepath.Join(b.TempDir(), "s.db"), storage.Options{Create: true})
	require.NoError(b, err)
	defer s.Close()
	var evs []analyzer.Event
	for i := range 5000 {
		at := townStart.Add(time.Duration(i/3) * time.Hour / 2)
		e := captureEvent(i, fmt.Sprint("kit-", i%3), at, analyzer.Medium)
		evs = append(evs, e)
		o := &cell.Observation{Time: at, Sensor: e.Sensor, State: cell.Idle, Position: &cell.Position{Lat: 50.85, Lon: 4.35}}
		require.NoError(b, s.Append(ctx, o))
	}
	require.NoError(b, s.PutEvents(ctx, evs...))
	d := newReview(b, s)
	d.now = func() time.Time { return townStart.Add(1700 * time.Hour / 2) }
	began := time.Now()
	require.Equal(b, 200, get(d, "/?verdict=all").Code)
	b.Logf("the first page: %s", time.Since(began).Round(time.Millisecond))
	for b.Loop() {
		require.Equal(b, 200, get(d, "/?verdict=all", gzipped).Code)
	}
}

// Of a group of any size one event has the row, in a time that grows with the group alone.
func BenchmarkFold(b *testing.B) {
	var found []*evidence.Entry
	groups := evidence.Groups{}
	for i := range 5000 {
		found = append(found, &evidence.Entry{ID: fmt.Sprint(i), Sensor: fmt.Sprint("kit-", i), First: townNow.Add(time.Duration(i) * time.Millisecond), Severity: analyzer.Medium})
	}
	found[4000].Severity = analyzer.High
	for _, e := range found {
		groups[e] = found
	}
	for b.Loop() {
		rows := fold(found, groups)
		require.Len(b, rows, 1)
		require.Equal(b, "4000", rows[0].ID)
		require.Len(b, groups.Concurrent(rows[0].Entry), 20)
	}
}
