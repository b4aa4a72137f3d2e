package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"vigie/analyzer"
)

// Status is how a watch is, as /status and vigie status --json print it. Unknown is absent.
type Status struct {
	Version  string         `json:"version"`
	Time     time.Time      `json:"time"`                // when this was so
	Watching bool           `json:"watching"`            // a watch runs
	Began    *time.Time     `json:"began,omitempty"`     // since when it runs
	Waiting  string         `json:"waiting,omitempty"`   // for what, while there is no modem yet
	Problem  string         `json:"problem,omitempty"`   // what is wrong; being blind is not, it is known and stored
	Sensors  []SensorStatus `json:"sensors"`             //
	Open     map[string]int `json:"events_open"`         // by severity
	Reached  map[string]int `json:"events,omitempty"`    // how often since it began an event reached this severity
	Sinks    []SinkStatus   `json:"sinks"`               // followers of the store
	Store    StoreStatus    `json:"store"`               //
	Refused  int64          `json:"connections_refused"` // by its servers, for their number, before they were answered
	Computer *Computer      `json:"computer,omitempty"`  // of the watch
}

// SensorStatus is how one sensor is; counts are since the watch began.
type SensorStatus struct {
	Name         string         `json:"name"`
	State        string         `json:"state,omitempty"` // SensorWatching and so on
	Since        *time.Time     `json:"blind_since,omitempty"`
	Reason       string         `json:"reason,omitempty"` // why it is blind
	Last         *time.Time     `json:"last_observation,omitempty"`
	Observations int            `json:"observations"`
	Blind        float64        `json:"blind_s"`            // seconds
	Troubles     map[string]int `json:"troubles,omitempty"` // by reason: decode rejects, garbage, ...
}

// SinkStatus is how one follower of the store is.
type SinkStatus struct {
	Name     string     `json:"name"`
	State    string     `json:"state,omitempty"`
	Problem  string     `json:"problem,omitempty"`
	Since    *time.Time `json:"troubled_since,omitempty"` // since when there is a problem
	Behind   int64      `json:"behind"`                   // entries of the store that it has not delivered
	LastSent *time.Time `json:"last_sent,omitempty"`
}

// StoreStatus is how the store and its disk are.
type StoreStatus struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"` // with the log
	Free    int64  `json:"disk_free_bytes,omitempty"`
	Disk    int64  `json:"disk_bytes,omitempty"`
	Records int64  `json:"records"`
	Events  int64  `json:"events"`
	Problem string `json:"problem,omitempty"` // why it could not be read
}

// Snapshot is how the watch is at this moment, without its store.
func (s *State) Snapshot() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	st := Status{Watching: true, Time: now.UTC().Truncate(time.Millisecond), Began: TimeOrNil(s.began.Truncate(time.Second)), Waiting: s.waiting,
		Problem: s.problem(now), Sensors: []SensorStatus{}, Sinks: []SinkStatus{}, Open: map[string]int{}, Reached: map[string]int{}}
	for _, x := range s.sensors {
		one := SensorStatus{Name: x.Name, State: x.condition(now), Since: TimeOrNil(x.Blind), Reason: x.Reason, Last: TimeOrNil(x.Last), Observations: x.Observations, Troubles: map[string]int{}}
		for reason, n := range x.troubles {
			one.Troubles[reason] = n
		}
		blind := x.blindFor
		if !x.blind.IsZero() {
			blind += now.Sub(x.blind)
		}
		one.Blind = blind.Round(time.Millisecond).Seconds()
		st.Sensors = append(st.Sensors, one)
	}
	for grade := analyzer.Info; grade <= analyzer.High; grade++ {
		st.Open[grade.String()], st.Reached[grade.String()] = 0, s.reached[grade]
	}
	for _, e := range s.open {
		st.Open[e.severity.String()]++
	}
	for _, sink := range s.sinks {
		one := sink.status()
		if since, troubled := s.troubled[one.Name]; troubled {
			one.Since = TimeOrNil(since.Truncate(time.Second))
		}
		st.Sinks = append(st.Sinks, one)
	}
	for _, refused := range s.refused {
		st.Refused += refused()
	}
	return st
}

// countRefused adds the connections that a server gives up to the status.
func (s *State) countRefused(refused func() int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, refused)
}

// TimeOrNil is a time in UTC, or nil if it is zero.
func TimeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// status is how the watch is, with its store.
func (w *running) status(ctx context.Context) Status {
	seen := w.look.look(ctx)
	st := w.state.Snapshot()
	st.Version, st.Store = w.Version, seen.StoreStatus
	for i, k := range st.Sinks {
		if n, ok := seen.behind[k.Name]; ok {
			st.Sinks[i].Behind = n
		}
	}
	st.Computer = thisComputer(sysfs)
	return st
}

// AskService asks the running service over its socket.
func AskService(ctx context.Context) (st Status, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(runtimeDir(true), socketName))
	}}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/status", nil)
	if err != nil {
		return st, err
	}
	resp, err := client.Do(r)
	if err != nil {
		return st, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return st, fmt.Errorf("the service answers %d", resp.StatusCode)
	}
	return st, json.NewDecoder(resp.Body).Decode(&st)
}
