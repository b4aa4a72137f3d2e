package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"filippo.io/age"

	"vigie/alert"
	"vigie/storage"
	"vigie/storage/transfer"
	"vigie/words"
)

// Names of followers in the store: each has a durable cursor under it.
const (
	InfluxName = "influx"
	SealName   = "seal"
)

// SealOptions seal everything to public keys; the store is in memory then.
type SealOptions struct {
	To    []age.Recipient
	File  string
	Every time.Duration // between two writes; 0: a second
}

// startInflux copies the store to an InfluxDB server.
func (w *running) startInflux(ctx context.Context) error {
	if w.Influx == nil {
		return nil
	}
	x, err := w.Influx(w.Store, w.log) // its lines name it
	if err != nil {
		return err
	}
	w.retention.mustHave(InfluxName)
	w.state.follow(func() SinkStatus {
		st := x.Status()
		return SinkStatus{Name: InfluxName, State: string(st.State), Problem: words.OneLine(st.Problem), Behind: st.Behind, LastSent: TimeOrNil(st.LastSent)}
	})
	w.reload = append(w.reload, x.Reload)
	stop := background(context.WithoutCancel(ctx), func(ctx context.Context) error { return x.Follow(ctx, InfluxName) })
	w.parts.add("copying to InfluxDB", func() error { return errors.Join(stop(), x.Close()) })
	return nil
}

// startAlerts alerts people to what comes into the store.
func (w *running) startAlerts(ctx context.Context) error {
	if w.Alerts.Open == nil {
		return nil
	}
	log := func(text string) { w.log("alert: " + text) }
	a, err := w.Alerts.Open(w.Store, log)
	if err != nil || a == nil {
		return err
	}
	w.alerts = a
	var sensors []string
	for _, m := range w.modems {
		sensors = append(sensors, m.Sensor)
	}
	a.Watching(sensors)
	w.retention.mustHave(alert.Cursor)
	w.state.followParts(func() SinkStatus { return alertStatus(a) }, func() []SinkStatus { return alertChannels(a) })
	w.reload = append(w.reload, func() error { return w.Alerts.Reload(a, log) })
	w.parts.add("alerts", background(context.WithoutCancel(ctx), a.Follow))
	return nil
}

// alertStatus is that of all destinations together.
func alertStatus(a *alert.Alerts) SinkStatus {
	st := SinkStatus{Name: "alert"}
	for _, d := range a.Status() {
		st.Behind += int64(d.Waiting)
		if d.Problem != "" && st.Problem == "" {
			st.Problem = words.OneLine(d.Name + ": " + d.Problem)
		}
		if !d.Last.IsZero() && (st.LastSent == nil || d.Last.After(*st.LastSent)) {
			st.LastSent = TimeOrNil(d.Last)
		}
	}
	return st
}

// alertChannels are how the destinations are, each by itself.
func alertChannels(a *alert.Alerts) (all []SinkStatus) {
	for _, d := range a.Status() {
		all = append(all, SinkStatus{Name: "alert " + d.Name, Problem: words.OneLine(d.Problem), Behind: int64(d.Waiting), LastSent: TimeOrNil(d.Last)})
	}
	return all
}

// startReload reads tokens, addresses and [alert] again at each SIGHUP.
func (w *running) startReload(ctx context.Context) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	w.parts.run(context.WithoutCancel(ctx), "reloading", func(ctx context.Context) {
		defer signal.Stop(hangups)
		for {
			select {
			case <-hangups:
				reloading(w.reloadAll)
			case <-ctx.Done():
				return
			}
		}
	})
	return nil
}

// reloadAll runs every reload. What cannot be used leaves all as it was.
func (w *running) reloadAll() {
	var errs []error
	for _, f := range w.reload {
		errs = append(errs, f())
	}
	if err := errors.Join(errs...); err != nil {
		w.view.put(Update{Err: fmt.Errorf("reloading: %w", err)})
	}
}

// startSeal carries everything that comes into the store, which is in memory, into a sealed file. What came up to the end is
// in it when the part has stopped.
func (w *running) startSeal(ctx context.Context) error {
	if w.Seal == nil {
		return nil
	}
	if w.Record != "" {
		return words.WrongUsage(errors.New("--record would write in the clear what is sealed"), "leave one of them out: vigie unseal and vigie export make the recording later")
	}
	if err := os.MkdirAll(filepath.Dir(w.Seal.File), 0o700); err != nil {
		return fmt.Errorf("cannot seal: %w", err)
	}
	sealed, err := transfer.OpenSealed(w.Seal.File, w.Seal.To...)
	if err != nil {
		return err
	}
	sealed.Every = cmp.Or(w.Seal.Every, time.Second)
	w.retention.mustHave(SealName)
	failed := func(err error) {
		w.complain("the sealed file cannot be written, what comes waits in memory", err)
		w.retention.notStored(err)
	}
	ctx = context.WithoutCancel(ctx)
	stop := background(ctx, func(ctx context.Context) error {
		err := storage.Follow(ctx, w.Store, SealName, sealed, storage.FollowOptions{OnError: func(err error, _ time.Duration) { failed(err) }})
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		return nil
	})
	w.parts.add("the sealed file", func() error {
		_ = stop()
		sealed.Every = 0
		err := storage.Follow(ctx, w.Store, SealName, sealed, storage.FollowOptions{UntilDone: true, Backoff: func(int, error) time.Duration { return -1 }})
		return errors.Join(err, sealed.Close())
	})
	return nil
}
