package influx_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/storage/influx"
)

// A proxy is used if it is chosen, and not because the environment names one.
func TestProxyOnlyWhereChosen(t *testing.T) {
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); w.WriteHeader(http.StatusBadGateway) }))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	s := newStore(t)
	const server = "http://influx.invalid:8086" // a proxy of the environment is never asked for what is on this machine
	x := newInflux(t, s, influx.Options{URL: server})
	_, err := x.Server(t.Context())
	require.Error(t, err)
	require.Zero(t, asked.Load())
	to, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	x = newInflux(t, s, influx.Options{URL: server, Proxy: http.ProxyURL(to)})
	_, _ = x.Server(t.Context())
	require.EqualValues(t, 1, asked.Load())
}
