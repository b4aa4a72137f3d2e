package monitor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A follower, and each channel of the alerts by itself, that does not get through for the set time is a problem, and is reported
// once; so is that it gets through again. A short outage is none.
func TestFollowersThatAreDown(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	v := NewState(func() time.Time { return now })
	v.downAfter = 10 * time.Minute
	influx, mail := "", ""
	v.follow(func() SinkStatus { return SinkStatus{Name: "influx", Problem: influx} })
	v.followParts(func() SinkStatus { return SinkStatus{Name: "alert", Problem: mail} }, func() []SinkStatus {
		return []SinkStatus{{Name: "alert phone"}, {Name: "alert mail", Problem: mail}}
	})
	look := func() (gone, back []string) { now = now.Add(time.Minute); return v.down() }
	influx = "no answer"
	for range 5 {
		gone, back := look()
		require.Empty(t, gone)
		require.Empty(t, back)
	}
	influx = ""
	look()
	mail = "the mail server answered 550"
	for range 10 {
		gone, _ := look()
		require.Empty(t, gone)
	}
	require.Empty(t, v.Problem())
	gone, _ := look()
	require.Equal(t, []string{"alert mail has not got through since 08:07 UTC: the mail server answered 550"}, gone)
	require.Contains(t, v.Problem(), "alert mail has not got through since 08:07 UTC")
	require.NotNil(t, v.Snapshot().Sinks[1].Since)
	gone, _ = look()
	require.Empty(t, gone, "it is reported once")
	mail = ""
	gone, back := look()
	require.Empty(t, gone)
	require.Equal(t, []string{"alert mail gets through again"}, back)
	require.Empty(t, v.Problem())
}
