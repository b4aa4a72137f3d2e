package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/storage"
	"vigie/storage/influxdtest"
	"vigie/storage/storagetest"
)

// The review pages list what another sensor wrote to a shared server, and where the rest of it is. A real influxd.
func TestReviewFromInflux(t *testing.T) {
	t.Parallel()
	srv := influxdtest.Start(t)
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(token, []byte(influxdtest.Token+"\n"), 0o600))
	conf := func(name string) (path, store string) {
		path, store = filepath.Join(dir, name+".toml"), filepath.Join(dir, name+".db")
		require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "store = %q\n[influx]\nurl = %q\nbucket = \"home\"\ntoken_file = %q\n", store, srv.URL, token), 0o600))
		return path, store
	}
	theirs, far := conf("theirs")
	ours, near := conf("ours")
	events := storagetest.Events(12)
	for path, evs := range map[string]int{far: 12, near: 2} { // two of them we have ourselves
		s, err := storage.Open(t.Context(), path, storage.Options{Create: true})
		require.NoError(t, err)
		require.NoError(t, s.Append(t.Context(), storagetest.Day(50)...))
		require.NoError(t, s.PutEvents(t.Context(), events[:evs]...))
		require.NoError(t, s.Close())
	}
	for _, args := range [][]string{{"influx", "init", "--yes", "--config", theirs}, {"influx", "send", "--config", theirs}} {
		status, out, errs := runVigie("", args...)
		require.Equal(t, 0, status, out+errs)
	}

	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"review", "--from", "influx", "--listen", "127.0.0.1:0", "--config", ours}, strings.NewReader(""), in, io.Discard)
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	base := strings.TrimPrefix(lines.Text(), "the desk is at ")
	go io.Copy(io.Discard, out)
	page := func(path string, want int) string {
		resp, err := http.Get(strings.TrimSuffix(base, "/") + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, want, resp.StatusCode, "%s", body)
		return string(body)
	}
	inbox := page("/?verdict=elsewhere&severity=info", 200)
	require.Equal(t, 10, strings.Count(inbox, `<li class="entry`))
	require.Contains(t, inbox, "stay in their own stores")
	require.NotContains(t, inbox, `name="event"`) // nothing to decide
	require.Equal(t, 12, strings.Count(page("/?verdict=all&severity=info", 200), `<li class="entry`))
	one := page("/event/"+events[5].ID, 200)
	require.Contains(t, one, "stay in their own stores")
	require.NotContains(t, one, `action="/verdicts"`)
	require.Contains(t, page("/event/"+events[0].ID, 200), `action="/verdicts"`)
	page("/event/none", 404)
	stop()
	require.Equal(t, 0, <-ended)
}
