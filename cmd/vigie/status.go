package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// status is how a watch goes, as /status and vigie status --json print it. Unknown is absent.
type status struct {
	Version  string         `json:"version"`
	Time     time.Time      `json:"time"`               // when this was so
	Watching bool           `json:"watching"`           // a watch runs
	Began    *time.Time     `json:"began,omitempty"`    // since when it runs
	Waiting  string         `json:"waiting,omitempty"`  // for what, where there is no modem yet
	Problem  string         `json:"problem,omitempty"`  // what is wrong; being blind is not, it is known and stored
	Sensors  []sensorStatus `json:"sensors"`            //
	Open     map[string]int `json:"events_open"`        // by severity
	Reached  map[string]int `json:"events,omitempty"`   // how often since it began an event reached this severity
	Sinks    []sinkStatus   `json:"sinks"`              // who follows the store
	Store    storeStatus    `json:"store"`              //
	Computer *computer      `json:"computer,omitempty"` // of the watch
}

// sensorStatus is how one sensor goes; counts are since the watch began.
type sensorStatus struct {
	Name         string         `json:"name"`
	State        string         `json:"state,omitempty"` // see vitals.go
	Since        *time.Time     `json:"blind_since,omitempty"`
	Reason       string         `json:"reason,omitempty"` // why blind
	Last         *time.Time     `json:"last_observation,omitempty"`
	Observations int            `json:"observations"`
	Blind        float64        `json:"blind_s"`
	Troubles     map[string]int `json:"troubles,omitempty"` // by reason: decode rejects, garbage, ...
}

// sinkStatus is how one follower of the store goes.
type sinkStatus struct {
	Name     string     `json:"name"`
	State    string     `json:"state,omitempty"`
	Problem  string     `json:"problem,omitempty"`
	Behind   int64      `json:"behind"` // entries of the store that it has not delivered
	LastSent *time.Time `json:"last_sent,omitempty"`
}

type storeStatus struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"` // with the log
	Free    int64  `json:"disk_free_bytes,omitempty"`
	Disk    int64  `json:"disk_bytes,omitempty"`
	Records int64  `json:"records"`
	Events  int64  `json:"events"`
	Problem string `json:"problem,omitempty"` // why it could not be read
}

// snapshot is how it goes at this moment.
func (v *vitals) snapshot() status {
	st := status{Version: versionText(), Watching: true, Problem: v.problem(), Sensors: []sensorStatus{}, Sinks: []sinkStatus{}, Open: map[string]int{}, Reached: map[string]int{}}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	st.Time, st.Began, st.Waiting = now.UTC().Truncate(time.Millisecond), timeOrNil(v.began.Truncate(time.Second)), v.waiting
	for _, s := range v.sensors {
		one := sensorStatus{Name: s.name, State: s.state(now), Since: timeOrNil(s.since), Reason: s.reason, Last: timeOrNil(s.last), Observations: s.seen, Troubles: map[string]int{}}
		for reason, n := range s.troubles {
			one.Troubles[reason] = n
		}
		blind := s.blindFor
		if !s.blind.IsZero() {
			blind += now.Sub(s.blind)
		}
		one.Blind = blind.Round(time.Millisecond).Seconds()
		st.Sensors = append(st.Sensors, one)
	}
	for s := analyzer.Info; s <= analyzer.High; s++ {
		st.Open[s.String()], st.Reached[s.String()] = 0, v.counts[s]
	}
	for _, s := range v.open {
		st.Open[s.String()]++
	}
	for _, sink := range v.sinks {
		st.Sinks = append(st.Sinks, sink())
	}
	return st
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// storeStatusOf looks at the store.
func storeStatusOf(ctx context.Context, s *storage.Store) storeStatus {
	st := storeStatus{Path: s.Path()}
	if stats, err := s.Stats(ctx); err != nil {
		st.Problem = console.OneLine(err.Error())
	} else {
		st.Bytes, st.Records, st.Events = stats.Bytes+stats.LogBytes, stats.Observations+stats.Others, stats.Events
	}
	st.Free, st.Disk = diskOf(filepath.Dir(s.Path()))
	return st
}

// looker says how a watch goes, its store included.
func (v *vitals) looker(s *storage.Store) func(context.Context) status {
	return func(ctx context.Context) status {
		st := v.snapshot()
		st.Store = storeStatusOf(ctx, s)
		st.Computer = thisComputer("/sys")
		return st
	}
}

// StatusCmd says how the watch goes.
type StatusCmd struct {
	StoreFlags
	JSON bool `help:"Print it as JSON, field by field in docs/health.md."`
}

var errNobodyWatches = errors.New("nobody watches into this store now")

// Run asks the service, else looks into the store.
func (c *StatusCmd) Run(ctx context.Context, p *program) error {
	conf, err := config.Load(p.cli.Config, true)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(c.path(conf))
	if err != nil {
		return err
	}
	st, err := askService(ctx)
	if errors.Is(err, os.ErrPermission) && c.Store == "" {
		return console.WithHint(errors.New("the service may not be asked by this user"), "sudo vigie status; or sudo adduser $USER vigie, and log in again")
	}
	if err != nil || st.Store.Path != path && c.Store != "" {
		if st, err = c.fromStore(ctx, conf, path); err != nil {
			return err
		}
	}
	if c.JSON {
		line, err := json.Marshal(st)
		if err != nil {
			return err
		}
		p.out.Printf("%s\n", line)
	} else {
		st.print(p.out, time.Now())
	}
	switch {
	case st.Problem != "":
		return console.WithHint(errors.New(console.OneLine(st.Problem)), "vigie doctor looks at the modem; journalctl -u vigie has what the service said")
	case !st.Watching:
		return console.WithHint(errNobodyWatches, "systemctl start vigie starts the service, vigie watch one by hand")
	}
	return nil
}

// askService asks the socket of the service.
func askService(ctx context.Context) (st status, err error) {
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

// fromStore is what the store alone can tell.
func (c *StatusCmd) fromStore(ctx context.Context, conf config.Config, path string) (status, error) {
	st := status{Version: versionText(), Time: time.Now().UTC().Truncate(time.Millisecond), Watching: storage.InUse(path), Sensors: []sensorStatus{}, Sinks: []sinkStatus{}, Open: map[string]int{}}
	s, err := c.open(ctx, conf, storage.Options{ReadOnly: true})
	if errors.Is(err, storage.ErrKey) && !st.Watching {
		return st, console.WithHint(errNobodyWatches, "systemctl start vigie starts the service; the store is encrypted, and --passphrase-file opens it to see what it holds")
	}
	if err != nil {
		return st, err
	}
	defer s.Close()
	st.Store = storeStatusOf(ctx, s)
	sensors, err := s.Sensors(ctx)
	if err != nil {
		return st, err
	}
	for _, sensor := range sensors {
		_, last, err := s.Span(ctx, sensor.Name)
		if err != nil {
			return st, err
		}
		one := sensorStatus{Name: sensor.Name, Last: timeOrNil(last)}
		for e, err := range s.Records(ctx, storage.Query{Sensor: sensor.Name, From: last.Add(-time.Minute)}) { // the end of its story
			if err != nil {
				return st, err
			}
			one.follow(e)
		}
		st.Sensors = append(st.Sensors, one)
	}
	for e, err := range s.Events(ctx, storage.EventQuery{State: analyzer.Open}) {
		if err != nil {
			return st, err
		}
		st.Open[e.Severity.String()]++
	}
	if conf.Influx.URL != "" {
		stats, err := s.Stats(ctx)
		if err != nil {
			return st, err
		}
		sent, err := s.Cursor(ctx, "influx")
		if err != nil {
			return st, err
		}
		st.Sinks = append(st.Sinks, sinkStatus{Name: "influx", Behind: max(0, stats.Seq-sent)})
	}
	return st, nil
}
