package monitor

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// While all is well the address is asked; while something is wrong it is not, and its failures are told once, without the address.
func TestHeartbeat(t *testing.T) {
	var asked, status atomic.Int64
	status.Store(http.StatusOK)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/secret" {
			asked.Add(1)
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer srv.Close()
	var mu sync.Mutex
	var told []string
	problem := ""
	h := newHeartbeat(HeartbeatOptions{URL: srv.URL + "/secret", Every: 5 * time.Millisecond}, func() string { mu.Lock(); defer mu.Unlock(); return problem }, func(text string, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			text += ": " + err.Error()
		}
		told = append(told, text)
	})
	log := func() []string { mu.Lock(); defer mu.Unlock(); return append([]string{}, told...) }
	stop := background(t.Context(), func(ctx context.Context) error { h.run(ctx); return nil })
	more := func() {
		before := asked.Load()
		require.Eventually(t, func() bool { return asked.Load() > before+2 }, 20*time.Second, time.Millisecond)
	}
	more()
	require.Empty(t, log())
	status.Store(http.StatusNotFound)
	require.Eventually(t, func() bool { return len(log()) == 1 }, 20*time.Second, time.Millisecond)
	more()
	require.Equal(t, []string{"heartbeat: the server answered 404"}, log(), "once")
	status.Store(http.StatusFound)
	more()
	status.Store(http.StatusOK)
	require.Eventually(t, func() bool { return len(log()) == 2 }, 20*time.Second, time.Millisecond)
	require.Equal(t, "heartbeat: the server answers again", log()[1])
	mu.Lock()
	problem = "the store cannot be written"
	mu.Unlock()
	h.client.CloseIdleConnections()
	require.Eventually(t, func() bool { // silent for twenty intervals
		before := asked.Load()
		<-time.After(100 * time.Millisecond)
		return asked.Load() == before
	}, 20*time.Second, time.Millisecond)
	srv.Close()
	mu.Lock()
	problem = ""
	mu.Unlock()
	require.Eventually(t, func() bool { return len(log()) == 3 }, 20*time.Second, time.Millisecond)
	require.Equal(t, "heartbeat: the server could not be reached", log()[2], "without the address")
	require.NoError(t, stop())
}
