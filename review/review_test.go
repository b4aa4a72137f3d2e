package review

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/review/evidence"
	"vigie/storage"
)

func TestAPIIsAsItsDescriptionSays(t *testing.T) {
	tw := readTown(t)
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(openapi, &doc))
	described := map[string]bool{}
	for path, methods := range doc.Paths {
		for m := range methods {
			described[strings.ToUpper(m)+" "+path] = true
		}
	}
	for p := range tw.review.apiPaths() {
		require.True(t, described[p], "%s is not described", p)
		delete(described, p)
		method, path, _ := strings.Cut(p, " ")
		if method != "GET" {
			continue
		}
		w := get(tw.review, strings.NewReplacer("{id}", tw.events[0].ID, "{name}", "roof-1").Replace(path))
		require.Equal(t, 200, w.Code, p)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"), p)
		require.True(t, json.Valid(w.Body.Bytes()), p)
	}
	require.Empty(t, described, "described and not there")
	require.Equal(t, 404, get(tw.review, "/api/v1/events/nothing").Code)
}

func TestInboxFilters(t *testing.T) {
	tw := readTown(t)
	count := func(query string) int {
		var got struct{ Total int }
		require.NoError(t, json.Unmarshal(get(tw.review, "/api/v1/events?"+query).Body.Bytes(), &got))
		return got.Total
	}
	for query, want := range map[string]int{"": 7, "severity=info": 8, "severity=medium": 4, "severity=high": 1, "sensor=bag": 1, "rule=downgrade-2g": 2, "place=206-01-39321": 2, "place=39321": 2, "place=206-01": 7, "place=206": 0,
		"text=fell+from+LTE": 2, "text=11016963": 5, "state=open": 0, "from=2026-11-22": 2, "to=2026-11-15": 1, "from=2026-11-20&to=2026-11-21": 2, "verdict=benign": 0, "verdict=none": 7} {
		require.Equal(t, want, count(query), query)
	}
}

func TestVerdictsAreKeptAndTakenBack(t *testing.T) {
	tw := emptyReview(t)
	require.NoError(t, tw.store.PutEvents(context.Background(), townEvents()...))
	give := func(judgement string, ids ...string) *httptest.ResponseRecorder {
		return post(tw.review, "/verdicts", url.Values{"event": ids, "judgement": {judgement}, "reason": {"because"}, "author": {"Ada"}, "back": {"/?verdict=all"}})
	}
	all := townEvents()
	w := give("benign", all[0].ID, all[1].ID, all[2].ID)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/?verdict=all", w.Header().Get("Location"))
	require.Equal(t, http.StatusSeeOther, give("suspicious", all[0].ID).Code)
	require.Equal(t, http.StatusBadRequest, give("guilty", all[0].ID).Code)
	require.Equal(t, http.StatusNotFound, give("benign", "nothing").Code)
	require.Contains(t, get(tw.review, "/?verdict=suspicious").Body.String(), all[0].ID)
	require.NotContains(t, get(tw.review, "/").Body.String(), `data-id="`+all[0].ID, "what is decided leaves the inbox")
	require.Equal(t, http.StatusSeeOther, post(tw.review, "/verdicts/undo", url.Values{"event": {all[0].ID}, "author": {"Bob"}}).Code)
	history, err := tw.store.Verdicts(context.Background(), all[0].ID)
	require.NoError(t, err)
	require.Len(t, history, 2)
	require.Equal(t, "Bob", history[1].UndoneBy)
	require.Contains(t, get(tw.review, "/?verdict=benign").Body.String(), all[0].ID, "the one before counts again")
	stored, err := tw.store.Event(context.Background(), all[0].ID)
	require.NoError(t, err)
	require.Equal(t, all[0], stored, "nothing changed inside the event")
}

func TestBlindTimeIsNotQuietTime(t *testing.T) {
	require.Contains(t, get(readTown(t).review, "/?verdict=all").Body.String(), "Blind: the modem was pulled out.")
}

func TestRerunShowsDifferences(t *testing.T) {
	tw := readTown(t)
	body := get(tw.review, "/event/"+tw.events[0].ID+"/rerun").Body.String()
	require.Contains(t, body, "<td>high</td><td>medium</td>")
	require.Contains(t, body, "<td>12.6</td><td>10.6</td>")
	none := readTown(t, func(o *Options) { o.Rerun = nil })
	require.Equal(t, 404, get(none.review, "/event/"+tw.events[0].ID+"/rerun").Code)
}

// Two stores are one inbox, and a verdict goes to the store of its event.
func TestSeveralStores(t *testing.T) {
	second, err := storage.Open(context.Background(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer second.Close()
	other := captureEvent(77, "far", captured.Add(-time.Hour), 3)
	require.NoError(t, second.PutEvents(context.Background(), other))
	tw := emptyReview(t, func(o *Options) {
		o.Stores = append(o.Stores, evidence.Named{Name: "far", Store: second})
		o.Verdicts[second] = second
	})
	body := get(tw.review, "/").Body.String()
	require.Contains(t, body, tw.events[0].ID)
	require.Contains(t, body, other.ID)
	require.Equal(t, http.StatusSeeOther, post(tw.review, "/verdicts", url.Values{"event": {other.ID}, "judgement": {"unsure"}}).Code)
	_, ok, err := second.VerdictOf(context.Background(), other.ID)
	require.NoError(t, err)
	require.True(t, ok)
}

// Two stores may have events of one id: somebody who sends a store may know that of another. Each has an id of its own then, and what is decided
// about one never reaches the other, nor does the id without a number.
func TestVerdictsOfOneIDInTwoStores(t *testing.T) {
	second, err := storage.Open(context.Background(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer second.Close()
	tw := emptyReview(t, func(o *Options) {
		o.Stores = append(o.Stores, evidence.Named{Name: "far", Store: second})
		o.Verdicts[second] = second
	})
	ours := tw.events[0]
	before := post(tw.review, "/verdicts", url.Values{"event": {ours.ID}, "judgement": {"unsure"}}).Code
	require.Equal(t, http.StatusSeeOther, before)
	theirs := captureEvent(77, "far", captured.Add(-time.Hour), 3)
	theirs.ID = ours.ID
	odd := captureEvent(78, "far", captured.Add(-time.Hour), 3)
	odd.ID = ours.ID + "~1"
	require.NoError(t, second.PutEvents(context.Background(), theirs, odd))

	require.Equal(t, http.StatusNotFound, post(tw.review, "/verdicts", url.Values{"event": {ours.ID}, "judgement": {"benign"}}).Code, "it names two events")
	require.Equal(t, 404, get(tw.review, "/event/"+ours.ID).Code)
	verdict := func(s *storage.Store, id string) storage.Judgement {
		v, _, err := s.VerdictOf(context.Background(), id)
		require.NoError(t, err)
		return v.Judgement
	}
	for _, c := range []struct {
		id, judgement string
		ours, theirs  storage.Judgement
	}{
		{ours.ID + "~1", "suspicious", storage.Suspicious, ""},
		{ours.ID + "~2", "benign", storage.Suspicious, storage.Benign},
	} {
		require.Equal(t, 200, get(tw.review, "/event/"+c.id).Code)
		require.Contains(t, get(tw.review, "/?verdict=all").Body.String(), `data-id="`+c.id+`"`)
		require.Contains(t, get(tw.review, "/api/v1/events/"+c.id).Body.String(), `"id":"`+c.id+`"`)
		require.Equal(t, http.StatusSeeOther, post(tw.review, "/verdicts", url.Values{"event": {c.id}, "judgement": {c.judgement}}).Code)
		require.Equal(t, c.ours, verdict(tw.store, ours.ID))
		require.Equal(t, c.theirs, verdict(second, ours.ID))
		require.Empty(t, verdict(second, odd.ID))
	}
	require.Equal(t, http.StatusSeeOther, post(tw.review, "/verdicts/undo", url.Values{"event": {ours.ID + "~2"}}).Code)
	require.Equal(t, storage.Suspicious, verdict(tw.store, ours.ID))
	require.Empty(t, verdict(second, ours.ID))
	for id, want := range map[string]int{ours.ID + "~1": 2, ours.ID + "~2": 1} {
		var b bytes.Buffer
		require.NoError(t, tw.review.EventBundle(context.Background(), &b, id, BundleOptions{Location: evidence.Exact, Lang: "en"}))
		require.Equal(t, want, strings.Count(members(t, b.Bytes())["verdicts.ndjson"], `"judgement"`), "each event has its own verdicts")
	}
}
