package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/monitor/pipeline"
)

// printed is what a program prints, readable while it runs.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) { p.mu.Lock(); defer p.mu.Unlock(); return p.b.Write(b) }
func (p *printed) String() string              { p.mu.Lock(); defer p.mu.Unlock(); return p.b.String() }

// The demo with the page for a phone: quiet at first, then the staged attack is an alarm, until somebody ends it.
func TestDemoGlance(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out printed
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"demo", "--store", filepath.Join(t.TempDir(), "d.db"), "--glance", "127.0.0.1:0"}, strings.NewReader(""), &out, &out)
	}()
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/glance`)
	require.Eventually(t, func() bool { return address.MatchString(out.String()) }, time.Minute, 10*time.Millisecond)
	sees := func(level string) {
		t.Helper()
		require.Eventually(t, func() bool {
			r, err := http.Get(address.FindString(out.String()))
			if err != nil {
				return false
			}
			defer r.Body.Close()
			page, _ := io.ReadAll(r.Body)
			return strings.Contains(string(page), `data-level="`+level+`"`)
		}, time.Minute, 50*time.Millisecond, level)
	}
	sees("quiet")
	sees("alarm")
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "stays until Ctrl-C") }, time.Minute, 10*time.Millisecond)
	require.Contains(t, out.String(), "1 event of severity low", "what was flagged while it learned is told")
	stop()
	require.Zero(t, <-done, out.String())
}

// What the demo shows does not depend on the hour at which it is started.
func TestDemoAtAnyHour(t *testing.T) {
	t.Parallel()
	for _, minute := range []int{0, 10, 30, 90, 179} {
		found := pipeline.EventLog{}
		l := pipeline.New(pipeline.Options{NewEngine: config.Config{}.NewEngine(analyzer.Atlas{}), OnEvent: found.Add})
		quiet := &console.Program{Out: console.New(io.Discard, "never"), Err: console.New(io.Discard, "never")}
		_, err := learnDemo(t.Context(), l, quiet, time.Date(2026, 11, 24, 15, minute, 0, 0, time.UTC))
		require.NoError(t, err)
		require.Equal(t, 1, len(found.Sorted()), "at minute %d", minute)
		require.Equal(t, analyzer.Low, found.Sorted()[0].Severity)
	}
}
