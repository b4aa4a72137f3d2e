package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// HeartbeatOptions choose an address that is asked while all is well: whoever waits there notices silence, of whatever cause.
type HeartbeatOptions struct {
	URL   string        // it may be a secret: it is in no log
	Every time.Duration // between two requests; 0: 5 minutes
}

// heartbeatTime bounds one request.
const heartbeatTime = 20 * time.Second

// heartbeat asks the address.
type heartbeat struct {
	HeartbeatOptions
	problem func() string // what is wrong with the watch; empty: nothing
	warn    func(text string, err error)
	client  *http.Client
	failing bool
}

func newHeartbeat(o HeartbeatOptions, problem func() string, warn func(string, error)) *heartbeat {
	o.Every = cmp.Or(o.Every, 5*time.Minute)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // a proxy of the environment is nobody's choice here
	return &heartbeat{HeartbeatOptions: o, problem: problem, warn: warn, client: &http.Client{Timeout: heartbeatTime, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// run asks at once, and then at each interval, until ctx ends. While something is wrong it stays silent: that is what is noticed.
func (h *heartbeat) run(ctx context.Context) {
	tick := time.NewTicker(h.Every)
	defer tick.Stop()
	defer h.client.CloseIdleConnections()
	for {
		if h.problem() == "" {
			h.report(h.ask(ctx))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ask sends one request. Its errors do not contain the address.
func (h *heartbeat) ask(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, nil)
	if err != nil {
		return errors.New("this is not an address")
	}
	resp, err := h.client.Do(r)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return errors.New("the server could not be reached")
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the server answered %d", resp.StatusCode)
	}
	return nil
}

// report logs that it fails, once, and that it works again.
func (h *heartbeat) report(err error) {
	switch {
	case err != nil && !h.failing:
		h.warn("heartbeat", err)
	case err == nil && h.failing:
		h.warn("heartbeat: the server answers again", nil)
	}
	h.failing = err != nil
}
