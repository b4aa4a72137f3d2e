package review

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/storage"
)

// everywhere is a store in which each of some texts stands in every field that can hold one.
func everywhere(t testing.TB, texts ...string) *town {
	t.Helper()
	ctx := context.Background()
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	tw := &town{store: s, review: newReview(t, s)}
	for i, text := range texts {
		at := captured.Add(time.Duration(i) * 10 * time.Second)
		c := cell.Cell{RAT: cell.LTE, MCC: text, MNC: text, ID: cell.Some(uint64(5)), Area: cell.Some(cell.Area(5))}
		require.NoError(t, s.Append(ctx, &cell.Source{Version: 1, Sensor: text, Mode: cell.Mode(text), Model: text, Firmware: text, Set: text},
			&cell.Observation{Time: at, Sensor: text, State: cell.State(text), Serving: &c, Neighbours: []cell.Cell{c}, Registration: []cell.Registration{{Domain: cell.Domain(text), Status: cell.Some(uint8(3))}},
				Position: &cell.Position{Lat: 1, Lon: 1, Source: text}, Raw: []string{text, `+X: "` + text + `"`}},
			&cell.Observation{Time: at.Add(time.Second), Sensor: text, State: cell.Idle, Raw: []string{text}},
			&cell.Gap{Time: at.Add(2 * time.Second), Sensor: text, Reason: text}, &cell.Health{Time: at.Add(3 * time.Second), Sensor: text, Reason: text, Detail: text, Raw: []string{text}}))
		e := analyzer.Event{ID: fmt.Sprintf("a1b2c3d4e5f607%02x", i), Sensor: text, Severity: analyzer.High, State: analyzer.State(text), First: at, Opened: at, Last: at.Add(time.Second), Cells: []cell.Cell{c}, Summary: text, InnocentCauses: []string{text},
			Findings: []analyzer.Finding{{Rule: text, Version: 1, First: at, Last: at, Summary: text, Evidence: []analyzer.Evidence{{Time: at, Raw: []string{text}}}}}}
		odd := e
		odd.ID = text + "!"
		require.NoError(t, s.PutEvents(ctx, e, odd))
		_, err = s.AddVerdict(ctx, storage.Verdict{Event: e.ID, Judgement: storage.Benign, Reason: text, Author: text, Time: at})
		require.NoError(t, err)
		tw.events = append(tw.events, e)
	}
	return tw
}

func everywherePages(text string) []string {
	return []string{"/?verdict=all", "/event/a1b2c3d4e5f60700", "/event/" + url.PathEscape(text+"!"), "/event/a1b2c3d4e5f60700/report", "/event/a1b2c3d4e5f60700/rerun", "/cells", "/cells?q=" + url.QueryEscape(text), "/cell?rat=LTE&id=5", "/sensors", "/period?from=2026-11-22&to=2026-11-22&sensor=" + url.QueryEscape(text),
		"/period/report?from=2026-11-22&to=2026-11-22", "/?text=" + url.QueryEscape(text) + "&place=" + url.QueryEscape(text), "/api/v1/events", "/api/v1/events/a1b2c3d4e5f60700", "/api/v1/events/a1b2c3d4e5f60700/series",
		"/api/v1/events/a1b2c3d4e5f60700/baseline", "/api/v1/events/a1b2c3d4e5f60700/verdicts", "/api/v1/cells", "/api/v1/sensors", "/api/v1/sensors/" + url.PathEscape(text) + "/blind",
		"/api/v1/sensors/" + url.PathEscape(text) + "/hours", "/sensors?day=" + url.QueryEscape(text), "/sensors?day=2026-11-22", "/api/v1/events/a1b2c3d4e5f60700/places", "/about", "/api/v1/rules"}
}

func TestHostileTextsAreShownHarmlessly(t *testing.T) {
	const mark = "zqx"
	for _, text := range []string{mark + `<script>alert(1)</script>`, mark + `"><img src=x onerror=alert(1)>`, mark + `' onmouseover='alert(1)`, mark + "\u202egnp.exe\u2066x\u200f", mark + "\x00\x1b[31m\r\n", mark + `</script><svg onload=alert(1)>`, mark + `{{.}}`, mark + "javascript:alert(1)",
		mark + "\xff\xfe", mark + `=cmd|' /C calc'!A0`} {
		tw := everywhere(t, text)
		for _, p := range everywherePages(text) {
			w := get(tw.review, p, func(r *http.Request) { r.URL.RawPath = "" })
			body := w.Body.String()
			require.Contains(t, []int{200, 404}, w.Code, "%s with %q: %s", p, text, body[:min(len(body), 200)])
			for _, bad := range []string{mark + "<", mark + `">`, "<script>alert", "<img src=x", "<svg onload", "\u202e", "\u2066", "\u200f", "\x00", "\x1b", "href=\"javascript:"} {
				if strings.HasPrefix(p, "/api/") && bad[0] > 0x7f { // programs get text as it is, in JSON
					continue
				}
				if i := strings.Index(body, bad); i >= 0 {
					t.Fatalf("%s with %q shows %q", p, text, body[max(i-200, 0):min(i+200, len(body))])
				}
			}
			if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				require.True(t, strings.ToValidUTF8(body, "") == body, p)
			}
		}
		var b bytes.Buffer
		require.NoError(t, tw.review.EventBundle(context.Background(), &b, "a1b2c3d4e5f60700", BundleOptions{Location: evidence.Exact, Lang: "en"}))
		require.True(t, verify(t, b.Bytes()).Good())
		for _, line := range strings.Split(members(t, b.Bytes())["observations.csv"], "\n") {
			for _, f := range strings.Split(line, ",") {
				require.False(t, strings.HasPrefix(strings.Trim(f, `"`), "=cmd"), "a spreadsheet would take it for a formula")
			}
		}
	}
}

func TestMegabyteTextsDoNotMakeMegabytePages(t *testing.T) {
	text := strings.Repeat("zqx ", 1<<17) // ten of them are in one event
	tw := everywhere(t, text)
	for _, p := range []string{"/?verdict=all", "/event/a1b2c3d4e5f60700", "/event/a1b2c3d4e5f60700/report", "/cells", "/sensors", "/period?from=2026-11-22&to=2026-11-22", "/api/v1/events/a1b2c3d4e5f60700/series"} {
		w := get(tw.review, p)
		require.Equal(t, 200, w.Code, p)
		require.Less(t, w.Body.Len(), 200_000, p)
	}
}

// No page, answer, report or bundle ever holds an identity of a subscriber or device that was planted in the store: IMSI,
// IMEI, IMEISV and ICCID, in many frames, in every field.
func TestNoIdentityLeavesTheDesk(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	var ids, texts []string
	for i, frame := range []string{"%s", "IMSI: %s", `+CIMI: %s`, "the phone %s was here", `+QCCID: %s`, "<b>%s</b>", `"%s","x"`, "cell %s (area 4660)", "%s\n", "a%sz"} {
		id := fmt.Sprint(1 + rnd.IntN(9))
		for range []int{13, 14, 15, 18, 19}[i%5] {
			id += fmt.Sprint(rnd.IntN(10))
		}
		ids, texts = append(ids, id), append(texts, fmt.Sprintf(frame, id))
	}
	tw := everywhere(t, texts...)
	check := func(what, text string) {
		for i, id := range ids {
			require.NotContains(t, text, id, "%s, planted as %q", what, texts[i])
		}
	}
	all := append(everywherePages("other"), "/period/bundle?from=2026-11-22&to=2026-11-22")
	for _, e := range tw.events {
		all = append(all, "/event/"+e.ID, "/event/"+e.ID+"/report", "/api/v1/events/"+e.ID)
	}
	for _, p := range all {
		check(p, get(tw.review, p).Body.String())
	}
	for i, e := range tw.events {
		require.Equal(t, http.StatusSeeOther, post(tw.review, "/verdicts", url.Values{"event": {e.ID}, "judgement": {"unsure"}, "reason": {texts[i]}, "author": {"x"}}).Code)
		v, ok, err := tw.store.VerdictOf(context.Background(), e.ID)
		require.NoError(t, err)
		require.True(t, ok)
		check("a reason that was pasted", v.Reason)
	}
	for _, how := range []evidence.Precision{evidence.Exact, evidence.Coarse} {
		var b bytes.Buffer
		require.NoError(t, tw.review.PeriodBundle(context.Background(), &b, "", captured.Add(-time.Hour), captured.Add(time.Hour), BundleOptions{Location: how, Lang: "fr"}))
		for name, m := range members(t, b.Bytes()) {
			if strings.HasSuffix(name, ".gz") {
				z, err := gzip.NewReader(strings.NewReader(m))
				require.NoError(t, err)
				data, err := io.ReadAll(z)
				require.NoError(t, err)
				m = string(data)
			}
			check(name, m)
		}
	}
}

// Times of a store that somebody made: an event that ends before it began, in any year. Every page of it is shown.
func TestTimesThatCannotBe(t *testing.T) {
	ctx := context.Background()
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	rv := newReview(t, s)
	times := []time.Time{{}, time.Unix(0, 0), captured, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), time.Unix(-1<<60, 0), time.Unix(1<<60, 0)}
	var ids []string
	for i, first := range times {
		for k, last := range times {
			id := fmt.Sprintf("%016x", i*16+k)
			ids = append(ids, id)
			require.NoError(t, s.PutEvents(ctx, analyzer.Event{ID: id, Sensor: "roof", Severity: analyzer.High, State: analyzer.Closed, First: first, Opened: last, Last: last, Summary: "x.",
				Findings: []analyzer.Finding{{Rule: "new-cell", First: last, Last: first, Summary: "x.", Evidence: []analyzer.Evidence{{Time: first, Raw: []string{"x"}}}}}}))
		}
	}
	require.NoError(t, s.Append(ctx, &cell.Observation{Time: captured, Sensor: "roof", State: cell.Idle}))
	pages := []string{"/?verdict=all", "/sensors", "/api/v1/sensors"}
	for _, id := range ids {
		pages = append(pages, "/event/"+id, "/event/"+id+"/report", "/api/v1/events/"+id+"/series")
	}
	for _, p := range pages {
		w := get(rv, p)
		require.Contains(t, []int{200, 404}, w.Code, "%s: %.300s", p, w.Body.String())
	}
}
