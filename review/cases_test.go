package review

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"vigie/review/evidence"
	"vigie/storage"
)

// sent posts a form and returns where the answer leads.
func sent(t *testing.T, d *Review, path string, form url.Values) string {
	t.Helper()
	w := post(d, path, form)
	require.Equal(t, http.StatusSeeOther, w.Code, "%s: %s", path, w.Body)
	return w.Header().Get("Location")
}

// A case over two stores: each store has all that was written of it, so that either of them can be handed on alone.
func TestCaseOverTwoStores(t *testing.T) {
	second, err := storage.Open(context.Background(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer second.Close()
	other := captureEvent(77, "far", captured.Add(-time.Hour), 3)
	require.NoError(t, second.PutEvents(context.Background(), other))
	tw := newTown(t, func(o *Options) {
		o.Stores = append(o.Stores, evidence.Named{Name: "far", Store: second})
		o.Verdicts[second] = second
	})
	at := sent(t, tw.review, "/cases", url.Values{"name": {"two places"}, "author": {"Ada"}})
	id := strings.TrimPrefix(at, "/case?id=")
	sent(t, tw.review, "/case/include", url.Values{"case": {id}, "event": {tw.events[1].ID, other.ID}, "author": {"Ada"}})
	sent(t, tw.review, "/case/change", url.Values{"case": {id}, "what": {"name"}, "text": {"two squares"}})
	sent(t, tw.review, "/case/change", url.Values{"case": {id}, "what": {"state"}, "text": {"waiting"}})
	sent(t, tw.review, "/notes", url.Values{"case": {id}, "text": {"whose van?\r\nask <b>Bob</b> 206011234567890"}, "author": {"Ada"}})
	page := get(tw.review, at).Body.String()
	for _, want := range []string{"<bdi>two squares</bdi>", "waiting", tw.events[1].ID, other.ID, "whose van?\nask &lt;b&gt;Bob&lt;/b&gt;"} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "206011234567890", "an identity that somebody pasted")
	theirs, err := second.Remarks(context.Background())
	require.NoError(t, err)
	ours, err := tw.store.Remarks(context.Background())
	require.NoError(t, err)
	count := func(all []storage.Remark) (n int) {
		for _, r := range all {
			if r.Case == id {
				n++
			}
		}
		return n
	}
	require.Equal(t, 6, count(theirs), "the name, both events, and three changes")
	require.Equal(t, 5, count(ours), "all but the event of the other store")

	require.Contains(t, get(tw.review, "/cases?text=SQUARES").Body.String(), "two squares")
	require.NotContains(t, get(tw.review, "/cases?state=closed").Body.String(), "two squares")
	inbox := get(tw.review, "/?verdict=all&severity=info&text=two+squares").Body.String()
	require.Contains(t, inbox, `data-id="`+other.ID+`"`)
	require.NotContains(t, inbox, `data-id="`+tw.events[2].ID+`"`)
	require.Contains(t, get(tw.review, "/api/v1/events?text=two+squares&severity=info").Body.String(), other.ID)

	sent(t, tw.review, "/case/exclude", url.Values{"case": {id}, "event": {other.ID}})
	require.NotContains(t, get(tw.review, at).Body.String(), "/event/"+other.ID)
	for _, wrong := range []struct {
		path string
		form url.Values
		code int
	}{
		{"/case/change", url.Values{"case": {id}, "what": {"state"}, "text": {"lost"}}, 400}, {"/case/change", url.Values{"case": {id}, "what": {"colour"}, "text": {"x"}}, 400},
		{"/case/change", url.Values{"case": {"../../x"}, "what": {"name"}, "text": {"x"}}, 404}, {"/cases", url.Values{"name": {" "}}, 400}, {"/cases", url.Values{"name": {strings.Repeat("x", 300)}}, 400},
		{"/notes", url.Values{"event": {tw.events[0].ID}, "text": {""}}, 400}, {"/notes", url.Values{"event": {"none"}, "text": {"x"}}, 404}, {"/case/include", url.Values{"case": {id}, "event": {"none"}}, 404},
	} {
		require.Equal(t, wrong.code, post(tw.review, wrong.path, wrong.form).Code, "%s %v", wrong.path, wrong.form)
	}
	require.Equal(t, 404, get(tw.review, "/case?id=0123456789abcdef").Code)
	require.Equal(t, 404, get(tw.review, "/answer").Code, "a desk over stores has no answer")
}

// A note is shown until it is withdrawn, and is nowhere where writing is refused.
func TestNotesOnAnEvent(t *testing.T) {
	tw := newTown(t)
	id := tw.events[3].ID
	sent(t, tw.review, "/notes", url.Values{"event": {id}, "text": {"seen by two of us"}, "author": {"Ada"}})
	require.Contains(t, get(tw.review, "/event/"+id).Body.String(), "seen by two of us")
	require.Contains(t, get(tw.review, "/event/"+id+"/report").Body.String(), "seen by two of us")
	require.NotContains(t, get(tw.review, "/event/"+id+"/report?location=coarse").Body.String(), "seen by two of us", "people write names of places")
	require.Contains(t, get(tw.review, "/?verdict=all&severity=info&text=two+of+us").Body.String(), `data-id="`+id+`"`)
	all, err := tw.store.Remarks(context.Background())
	require.NoError(t, err)
	sent(t, tw.review, "/notes/withdraw", url.Values{"event": {id}, "note": {all[len(all)-1].ID}})
	require.NotContains(t, get(tw.review, "/event/"+id).Body.String(), "seen by two of us")
	locked := newTown(t, func(o *Options) { o.ReadOnly = true })
	for _, path := range []string{"/notes", "/notes/withdraw", "/cases", "/case/change", "/case/include", "/case/exclude"} {
		require.Equal(t, http.StatusForbidden, post(locked.review, path, url.Values{"event": {id}, "text": {"x"}, "name": {"x"}, "case": {townCase}}).Code, path)
	}
}

// The bundle of a case holds what was recorded around each of its events and nothing of the time between; its table has a row an event.
func TestCaseIsHandedOn(t *testing.T) {
	tw := newTown(t)
	sent(t, tw.review, "/case/include", url.Values{"case": {townCase}, "event": {tw.events[1].ID}})
	w := get(tw.review, "/case/bundle?id="+townCase)
	require.Equal(t, 200, w.Code)
	require.True(t, verify(t, w.Body.Bytes()).Good())
	m := members(t, w.Body.Bytes())
	require.Equal(t, 2, strings.Count(m["events.ndjson"], "\n"))
	for _, want := range []string{`"text":"Grand-Place"`, `"text":"photo 12, 20:15"`, `"what":"include"`} {
		require.Contains(t, m["notes.ndjson"], want)
	}
	rows, err := csv.NewReader(strings.NewReader(m["observations.csv"])).ReadAll()
	require.NoError(t, err)
	for _, row := range rows[1:] {
		at, err := time.Parse(time.RFC3339Nano, row[0])
		require.NoError(t, err)
		near := false
		for _, e := range tw.events[:2] {
			near = near || row[1] == e.Sensor && !at.Before(e.First.Add(-evidence.Margin)) && at.Before(e.Last.Add(evidence.Margin))
		}
		require.True(t, near, "%s of %s is near no event of the case", row[0], row[1])
	}
	coarse := members(t, get(tw.review, "/case/bundle?location=coarse&id="+townCase).Body.Bytes())
	require.NotContains(t, coarse, "notes.ndjson")
	require.NotContains(t, coarse["report.html"], "Grand-Place")

	table, err := csv.NewReader(get(tw.review, "/case/csv?id="+townCase).Body).ReadAll()
	require.NoError(t, err)
	require.Len(t, table, 3)
	require.Equal(t, eventColumns, table[0])
	require.Contains(t, strings.Join(table[1], "|")+strings.Join(table[2], "|"), "Ada: photo 12, 20:15")
	require.Equal(t, 404, get(tw.review, "/case/csv?id=0123456789abcdef").Code)
}

// A bundle is changed after it was checked: what is read then is not believed.
func TestBundleIsCheckedAgainWhenItIsRead(t *testing.T) {
	bundle := makeBundle(t, readTown(t), BundleOptions{})
	changing := &swapped{Reader: bytes.NewReader(bundle)}
	b, err := OpenBundle(t.Context(), changing, int64(len(bundle)))
	require.NoError(t, err)
	later := bytes.Clone(bundle)
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	require.NoError(t, err)
	for _, f := range z.File {
		if f.Name == MemberEvents {
			at, err := f.DataOffset()
			require.NoError(t, err)
			later[at+20] ^= 1
		}
	}
	changing.Reader = bytes.NewReader(later)
	r, is := b.Open(t.Context(), MemberEvents)
	require.True(t, is)
	var got bytes.Buffer
	_, err = got.ReadFrom(r)
	require.ErrorContains(t, err, "events.ndjson was changed while it was read")
}

type swapped struct{ *bytes.Reader }

// As a person would: events are put into a new case in the list, the case gets a note, a tag and a state, and is found again.
func TestBrowserCase(t *testing.T) {
	tw := newTown(t)
	b := open(t, tw.review, look{})
	b.open("/?verdict=all&severity=info")
	b.wait(`document.documentElement.classList.contains("script")`)
	for _, e := range tw.events[:2] {
		b.do(chromedp.Click(chromedp.CSS(`input[name="event"][value="` + e.ID + `"]`)))
	}
	b.do(chromedp.SendKeys(chromedp.CSS(`.bulk input[name="name"]`), "the march"), chromedp.Click(chromedp.CSS(`.bulk button[formaction="/case/include"]`)), chromedp.WaitVisible(chromedp.CSS("article.case")))
	require.Contains(t, b.text("h1"), "the march")
	require.Equal(t, 2, eval[int](b, `document.querySelectorAll(".caseevents > li").length`))
	b.do(chromedp.SendKeys(chromedp.CSS(`.notes textarea`), "ask the operator"), chromedp.SendKeys(chromedp.CSS(`.notes [name="author"]`), "Ada"), chromedp.Click(chromedp.CSS(`.notes form[action="/notes"] button`)))
	b.wait(`document.querySelector(".written")`)
	require.Contains(t, b.text(".written"), "ask the operator")
	b.do(chromedp.SendKeys(chromedp.CSS(`form:has([value="tag"]) [name="text"]`), "rally"), chromedp.Click(chromedp.CSS(`form:has([value="tag"]) button`)))
	b.wait(`document.querySelector("header .tag + .tag")`)
	eval[int](b, `document.querySelector('form:has([value="state"]) select').value = "waiting"; 0`)
	b.do(chromedp.Click(chromedp.CSS(`form:has([value="state"]) button`)))
	b.wait(`document.querySelector("header .tag").innerText === "waiting"`)
	b.accessible("case")
	b.fits("case")
	picture(b, "case")
	b.open("/cases?text=rally")
	require.Contains(t, b.text("table"), "the march")
	b.accessible("cases")
	picture(b, "cases")
	b.open("/event/" + tw.events[0].ID)
	require.Contains(t, b.text("body"), "the march")
	b.fits("event")
	picture(b, "event-in-case")
}
