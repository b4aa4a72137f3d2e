package influx_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage/influx"
	"vigie/storage/storagetest"
)

// A long backlog drains in memory that does not grow with it, and what is observed meanwhile does not wait for its end.
func TestBacklogDrainsBesideWhatIsNew(t *testing.T) {
	const backlog, news = 60_000, 20 // observations; the backlog has six points each
	// The server answers one request at a time, when it is let.
	let, answered := make(chan struct{}), make(chan int) // the newest that arrived
	arrived, free := 0, make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		select {
		case <-let:
			if i := bytes.LastIndex(body, []byte("ta=")); i >= 0 { // only what is new has a timing advance
				_, _ = fmt.Sscanf(string(body[i:]), "ta=%d", &arrived)
			}
			w.WriteHeader(http.StatusNoContent)
			answered <- arrived
		case <-free:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(srv.Close)

	s := newStore(t)
	appendAll(t, s, storagetest.Day(backlog))
	debug.FreeOSMemory()
	before := inUse()
	x := newInflux(t, s, influx.Options{URL: srv.URL, FullRate: true})
	follow(t, x)
	let <- struct{}{} // it has seen how far behind it is
	<-answered
	requests := 1
	for i := 1; i <= news; i++ {
		require.NoError(t, s.Append(context.Background(), &cell.Observation{Time: storagetest.Start.Add(time.Duration(10_000*3600+i) * time.Second), Sensor: "live",
			Serving: &cell.Cell{RAT: cell.LTE, TA: cell.Some(uint16(i))}}))
		for tries := 0; ; tries++ {
			let <- struct{}{}
			requests++
			if <-answered >= i {
				break
			}
			require.Less(t, tries, 6, "a page of the backlog has two requests")
		}
	}
	behind := x.Status().Behind
	require.Greater(t, behind, int64(backlog/4), "the backlog was not sent before, with %d requests", requests)
	require.Less(t, behind, int64(backlog), "but some of it was")

	close(free)
	most := uint64(0)
	until(t, "all is sent", 2*time.Minute, func() bool {
		most = max(most, inUse())
		return everythingSent(x, s)()
	})
	require.GreaterOrEqual(t, x.Status().Sent, int64(backlog*6))
	require.Less(t, most-min(before, most), uint64(48<<20), "the text of its points alone is several times that")
}
