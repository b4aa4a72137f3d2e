package review

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/review/evidence"
	"vigie/storage"
)

// If the shared server does not answer any more, its last answer stays, and the page says that it is old.
func TestElsewhereGone(t *testing.T) {
	far := captureEvent(77, "far <b>away</b>", captured, analyzer.High)
	far.First, far.Opened, far.Last = far.First.Add(-9*time.Hour), far.Opened.Add(-9*time.Hour), far.Last.Add(-9*time.Hour)
	working := true
	tw := readTown(t, func(o *Options) {
		o.Clocks = func(_ context.Context, sensors []string) (storage.Corrections, error) {
			require.Contains(t, sensors, far.Sensor)
			return storage.Corrections{far.Sensor: {{From: far.First.Add(-time.Hour), To: far.Last.Add(time.Hour), Offset: 9 * time.Hour}}}, nil
		}
		o.Elsewhere = func(context.Context) evidence.Events {
			return func(yield func(analyzer.Event, error) bool) {
				if !working {
					yield(analyzer.Event{}, errors.New("no answer"))
					return
				}
				_ = yield(far, nil) && yield(tw0, nil)
			}
		}
	})
	now := townNow
	tw.review.now = func() time.Time { return now }
	list, failed, err := tw.review.evidence.Remote(t.Context())
	require.NoError(t, err)
	require.False(t, failed)
	require.Len(t, list, 1) // the other one is in the store here
	require.Equal(t, far.First.Add(9*time.Hour), list[0].First, "its clock was set later")
	page := get(tw.review, "/event/"+far.ID).Body.String()
	require.Contains(t, page, "its times before that were wrong by 9 h")
	require.Contains(t, get(tw.review, "/?verdict=elsewhere").Body.String(), "far &lt;b&gt;away&lt;/b&gt;")
	working = false
	now = now.Add(time.Minute)
	require.Eventually(t, func() bool { _, failed, _ := tw.review.evidence.Remote(t.Context()); return failed }, 10*time.Second, time.Millisecond)
	body := get(tw.review, "/?verdict=elsewhere").Body.String()
	require.Contains(t, body, "did not answer")
	require.Contains(t, body, "far &lt;b&gt;away")
	require.Contains(t, get(tw.review, "/event/"+far.ID).Body.String(), "stay in their own stores")
	require.Equal(t, 404, get(tw.review, "/event/nothing").Code)
}

var tw0 = townEvents()[0]
