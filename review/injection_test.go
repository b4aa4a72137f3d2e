package review

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/storage"
)

// No text of a request becomes part of a question to the store: it finds nothing more than what is called so, and changes nothing.
func TestNoSQLFromOutside(t *testing.T) {
	tw := readTown(t)
	everything := func() (events, verdicts int) {
		for e, err := range tw.store.Events(context.Background(), storage.EventQuery{}) {
			require.NoError(t, err)
			v, err := tw.store.Verdicts(context.Background(), e.ID)
			require.NoError(t, err)
			events, verdicts = events+1, verdicts+len(v)
		}
		return events, verdicts
	}
	events, verdicts := everything()
	for _, text := range []string{"' OR '1'='1", "x'; DROP TABLE event; --", `" OR ""="`, "1) OR (1=1", "x' UNION SELECT name, sql FROM sqlite_master --", "%", "_", "\\", "x\x00' OR 1=1", "';DELETE FROM verdict;--"} {
		q, p := url.QueryEscape(text), url.PathEscape(text)
		for _, path := range []string{"/api/v1/events?sensor=" + q, "/api/v1/events?rule=" + q, "/api/v1/events?place=" + q, "/api/v1/events?text=" + q} {
			var got struct{ Total int }
			require.NoError(t, json.Unmarshal(get(tw.review, path).Body.Bytes(), &got), path)
			require.Zero(t, got.Total, path)
		}
		for _, path := range []string{"/event/" + p, "/event/" + p + "/report", "/event/" + p + "/bundle", "/api/v1/events/" + p, "/api/v1/sensors/" + p + "/blind", "/api/v1/sensors/" + p + "/hours"} {
			require.Contains(t, []int{http.StatusNotFound, http.StatusMovedPermanently, http.StatusTemporaryRedirect}, get(tw.review, path).Code, path)
		}
		for _, path := range []string{"/cells?q=" + q, "/cell?rat=" + q + "&mcc=" + q + "&mnc=" + q + "&id=" + q, "/sensors?day=" + q, "/period?sensor=" + q + "&from=2026-11-22&to=2026-11-22", "/?sort=" + q + "&sensor=" + q} {
			w := get(tw.review, path)
			require.Contains(t, []int{200, 400, 404}, w.Code, path)
			require.NotContains(t, w.Body.String(), "CREATE TABLE", path)
		}
		for _, path := range []string{"/verdicts", "/verdicts/undo"} {
			require.Contains(t, []int{400, 404}, post(tw.review, path, url.Values{"event": {text}, "judgement": {"benign"}, "author": {text}, "reason": {text}}).Code)
		}
		require.Contains(t, []int{400, 404}, post(tw.review, "/verdicts", url.Values{"event": {tw.events[0].ID}, "judgement": {text}}).Code)
	}
	gotEvents, gotVerdicts := everything()
	require.Equal(t, events, gotEvents)
	require.Equal(t, verdicts, gotVerdicts)
}
