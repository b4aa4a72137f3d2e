package review

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/review/evidence"
	"vigie/storage"
)

// The review offers to trim what is handed on, and refuses an event that lies in what is left out.
func TestHandOnTrimmed(t *testing.T) {
	var asked []string
	tw := newTown(t, func(o *Options) {
		o.May = func(_ context.Context, s *storage.Store, ends time.Duration, homes bool) (evidence.May, error) {
			asked = append(asked, ends.String())
			if homes {
				return nil, nil
			}
			return func(from, to time.Time) bool { return from.After(captured.Add(time.Hour)) }, nil
		}
	})
	id := tw.events[0].ID
	page := get(tw.review, "/event/"+id).Body.String()
	require.Contains(t, page, `name="trim"`)
	require.Contains(t, page, `name="homes"`)
	require.NotContains(t, get(newTown(t).review, "/event/"+id).Body.String(), `name="trim"`)
	for _, what := range []string{"report", "bundle"} {
		w := get(tw.review, "/event/"+id+"/"+what+"?trim=1")
		require.Equal(t, http.StatusForbidden, w.Code)
		require.Contains(t, w.Body.String(), "in what is left out")
		require.Equal(t, 200, get(tw.review, "/event/"+id+"/"+what+"?homes=1").Code)
	}
	require.Equal(t, []string{"15m0s", "0s", "15m0s", "0s"}, asked)
	day := captured.Format(time.DateOnly)
	trimmed := get(tw.review, "/period/report?from="+day+"&to="+day).Body.String()
	require.NotContains(t, trimmed, id)
	require.Contains(t, trimmed, "is left out.")
	whole := get(tw.review, "/period/report?homes=1&from="+day+"&to="+day).Body.String()
	require.Contains(t, whole, id)
	require.NotContains(t, whole, "is left out.")
}
