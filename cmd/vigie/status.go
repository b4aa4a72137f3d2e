package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/monitor"
	"vigie/storage"
	"vigie/storage/influx"
)

// StatusCmd reports how the watch is.
type StatusCmd struct {
	config.StoreFlags
	JSON bool `help:"Print it as JSON, field by field in docs/health.md."`
}

var errNotWatching = errors.New("nobody watches into this store now")

// Run asks the service, else looks into the store.
func (c *StatusCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	path, err := filepath.Abs(c.Path(conf))
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // as the service says it
	}
	st, err := monitor.AskService(ctx)
	if errors.Is(err, os.ErrPermission) && c.Store == "" {
		return console.WithHint(errors.New("the service may not be asked by this user"), "sudo vigie status; or sudo adduser $USER vigie, and log in again")
	}
	if err != nil || st.Store.Path != path && c.Store != "" {
		if st, err = c.fromStore(ctx, conf, path); err != nil {
			return err
		}
	}
	if c.JSON {
		if err := json.NewEncoder(p.Out.JSON()).Encode(st); err != nil {
			return err
		}
	} else {
		printStatus(p.Out, &st, time.Now())
	}
	switch {
	case st.Problem != "":
		return console.WithHint(errors.New(console.OneLine(st.Problem)), "vigie doctor looks at the modem; journalctl -u vigie has what the service said")
	case !st.Watching:
		return console.WithHint(errNotWatching, "systemctl start vigie starts the service, vigie watch one by hand")
	}
	return nil
}

// fromStore is the status as far as the store alone shows it.
func (c *StatusCmd) fromStore(ctx context.Context, conf config.Config, path string) (monitor.Status, error) {
	st := monitor.Status{Version: versionText(), Time: time.Now().UTC().Truncate(time.Millisecond), Watching: storage.InUse(path), Sensors: []monitor.SensorStatus{}, Sinks: []monitor.SinkStatus{}, Open: map[string]int{}}
	s, err := c.Open(ctx, conf, storage.Options{ReadOnly: true})
	if errors.Is(err, storage.ErrKey) && !st.Watching {
		return st, console.WithHint(errNotWatching, "systemctl start vigie starts the service; the store is encrypted, and --passphrase-file opens it to see what it holds")
	}
	if err != nil {
		return st, err
	}
	defer s.Close()
	st.Store = monitor.StoreStatusOf(ctx, s)
	sensors, err := s.Sensors(ctx)
	if err != nil {
		return st, err
	}
	corrections, err := s.Corrections(ctx)
	if err != nil {
		return st, err
	}
	for _, sensor := range sensors {
		last, recorded, err := s.Newest(ctx, sensor.Name, corrections)
		if err != nil {
			return st, err
		}
		one := monitor.SensorStatus{Name: sensor.Name, Last: monitor.TimeOrNil(last)}
		for e, err := range s.Records(ctx, storage.Query{Sensor: sensor.Name, From: recorded.Add(-time.Minute), To: recorded.Add(time.Nanosecond)}) { // the end of its story
			if err != nil {
				return st, err
			}
			lastOf(&one, e)
		}
		if one.Last != nil {
			one.Last = monitor.TimeOrNil(corrections.At(sensor.Name, *one.Last))
		}
		st.Sensors = append(st.Sensors, one)
	}
	for e, err := range s.Events(ctx, storage.EventQuery{State: analyzer.Open}) {
		if err != nil {
			return st, err
		}
		st.Open[e.Severity.String()]++
	}
	sinks := conf.Sinks()
	if conf.Influx.URL != "" {
		sinks = append(sinks, storage.NamedSink{Name: monitor.InfluxName})
	}
	for _, sink := range sinks {
		behind, err := s.Behind(ctx, sink.Name)
		if err != nil {
			return st, err
		}
		if sent, err := s.Cursor(ctx, influx.SentCursor(sink.Name)); err == nil && sent > 0 { // what may have to be sent again is not to go
			more, err := s.Behind(ctx, influx.SentCursor(sink.Name))
			if err != nil {
				return st, err
			}
			behind = min(behind, more)
		}
		st.Sinks = append(st.Sinks, monitor.SinkStatus{Name: sink.Name, Behind: behind})
	}
	return st, nil
}
