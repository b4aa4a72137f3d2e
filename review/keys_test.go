package review

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A key reads the API and nothing else; it costs the slow hash once, and ends with its user's line.
func TestAPIKey(t *testing.T) {
	u, key, err := NewKey("grafana.home")
	require.NoError(t, err)
	require.NotContains(t, u.Hash, key)
	other, wrong, err := NewKey("grafana.home")
	require.NoError(t, err)
	require.NotEqual(t, key, wrong)
	tw := emptyReview(t, func(o *Options) { o.Users = []User{u} })
	with := func(header string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", header) }
	}
	w := get(tw.review, "/api/v1/events", with("Bearer "+key))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Contains(t, w.Body.String(), tw.events[0].ID)
	require.Len(t, tw.review.keys.right, 1)
	for range 50 { // more than the gate lets a name try
		require.Equal(t, http.StatusOK, get(tw.review, "/api/v1/events", with("Bearer "+key)).Code)
	}
	require.Equal(t, http.StatusSeeOther, get(tw.review, "/", with("Bearer "+key)).Code, "a page wants a login")
	for _, header := range []string{"", "Bearer", "Bearer " + wrong, "Bearer grafana.home", "Bearer nobody." + key, "Basic " + key, "Bearer ." + key} {
		w := get(tw.review, "/api/v1/events", with(header))
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusTooManyRequests}, w.Code, header)
		require.NotContains(t, w.Body.String(), tw.events[0].ID)
	}
	w = get(tw.review, "/api/v1/events/"+tw.events[0].ID+"/verdicts", with("Bearer "+key), func(r *http.Request) { r.Method = http.MethodPost; r.Header.Set("Content-Type", "application/json") })
	require.Contains(t, []int{http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotFound}, w.Code, "it decides nothing")

	tw.review.accounts.mu.Lock()
	tw.review.accounts.users = []User{other}
	tw.review.accounts.mu.Unlock()
	require.NotEqual(t, http.StatusOK, get(tw.review, "/api/v1/events", with("Bearer "+key)).Code, "the line has changed")
}
