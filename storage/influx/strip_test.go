package influx_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/storage/influx"
	"vigie/storage/storagetest"
)

// A server that has a field of ours with another type refuses that field and nothing else. Once that is mended, what was set
// aside is sent again.
func TestFieldOfAnotherType(t *testing.T) {
	srv := newScripted(t)
	mended := false
	srv.script(func(w http.ResponseWriter, r *http.Request, lines []string, taken func(...string)) {
		bad := 0
		for _, l := range lines {
			if strings.HasPrefix(l, "serving,") && strings.Contains(l, "rsrp=") && !mended {
				bad++
			} else {
				taken(l)
			}
		}
		if bad > 0 {
			v2(w, http.StatusBadRequest, `partial write: field type conflict: input field "rsrp" on measurement "serving" is type float, already exists as type string dropped=1`)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	s := newStore(t)
	appendAll(t, s, storagetest.Day(400))
	o := influx.Options{URL: srv.URL, FullRate: true}
	x := newInflux(t, s, o)
	stop := follow(t, x)
	full := wanted(t, s, o)
	want := map[string]string{}
	for series, fields := range full {
		if strings.HasPrefix(series, "serving,") {
			var kept []string
			for _, f := range strings.Split(fields, ",") {
				if !strings.HasPrefix(f, "rsrp=") {
					kept = append(kept, f)
				}
			}
			fields = strings.Join(kept, ",")
		}
		want[series] = fields
	}
	require.NotEqual(t, full, want)
	until(t, "everything arrives, without that field", 20*time.Second, func() bool { return len(srv.kept()) == len(want) && x.Status().Behind == 0 })
	letters := rejected(t, s)
	require.Len(t, letters, 1, "the field is set aside once")
	require.Equal(t, "serving rsrp", letters[0].Point)
	require.Contains(t, letters[0].Reason, "field type conflict")
	requests := x.Status().Requests
	require.Less(t, requests, int64(120), "the rest is not sent one by one")
	stop()

	were, left, err := x.SendRejected(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{were, left}, "it is not mended yet")
	require.Len(t, rejected(t, s), 1)
	srv.mu.Lock()
	mended = true
	srv.mu.Unlock()
	were, left, err = x.SendRejected(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 0}, []int{were, left})
	require.Empty(t, rejected(t, s))
	require.Equal(t, full, srv.kept())
}
