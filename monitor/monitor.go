// Package monitor is the running watch. It owns the modems, the pipeline that their records go through, and what runs next to
// it: followers of the store (InfluxDB, alerts, a sealed file), retention, the health page and systemd, the page for a phone,
// positions, battery and wipe. What it knows of itself is one State, folded once.
//
// It reads no command line, no configuration file and no terminal: everything it needs is in Options, and what it has to
// report goes to the functions there. It never scans, since that interrupts service.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"vigie/alert"
	"vigie/analyzer"
	"vigie/cell"
	"vigie/modem"
	"vigie/monitor/pipeline"
	"vigie/storage"
	"vigie/storage/influx"
)

// Options are what a watch is made of. A part whose options are zero does not run.
type Options struct {
	Version   string         // of the program, as it reports it
	Store     *storage.Store // open; Run closes it
	NewEngine func() *analyzer.Engine
	Mode      cell.Mode
	Modems    func(context.Context) ([]modem.Config, error) // finds what to watch with; none is ErrNoModem
	Wait      bool                                          // look again until there is a modem
	Clocks    Clocks                                        // zero: the computer's

	Record    string // file to which every record is written too
	Position  PositionOptions
	Retention storage.Retention
	Grows     string // the file that grows on a disk; empty: none does
	Influx    func(s *storage.Store, log func(string)) (*influx.Sink, error)
	Sinks     []storage.NamedSink // further copies of the store
	Alerts    AlertOptions
	Seal      *SealOptions
	Health    HealthOptions
	Heartbeat HeartbeatOptions
	Phone     *PhoneOptions
	Battery   BatteryOptions
	Wipe      WipeOptions

	Show     func(Update)         // gets every update on a goroutine of its own, and may block
	Print    func(text string)    // gets what the user needs to know before watching begins
	Ready    func([]modem.Config) // is called when watching begins
	Progress func(records int)    // is called while what was learned is read
}

// AlertOptions make what alerts people.
type AlertOptions struct {
	Open   func(s *storage.Store, log func(string)) (*alert.Alerts, error) // nil, or a nil result: nobody is alerted
	Reload func(*alert.Alerts, func(string)) error                         // reads the configuration again
}

// running is a watch while it runs.
type running struct {
	Options
	parts     parts
	state     *State
	view      *view
	line      *pipeline.Pipeline
	own       chan cell.Record // what the watch has to record of itself
	modems    []*watched
	alerts    *alert.Alerts // nil: nobody is alerted
	places    *Places
	retention *retention
	look      *storeLook
	hung      hungStore
	clock     func() time.Time // the true time, as far as it is known
	wipe      *wipe
	reload    []func() error // what SIGHUP does
}

// thrifty is how many percent of the live heap may be garbage while the store is in memory; it is 100 otherwise.
const thrifty = 50

// Run watches until ctx ends, stores what arrived until then, and closes the store.
func Run(ctx context.Context, o Options) error { return newRunning(o).run(ctx) }

func newRunning(o Options) *running {
	w := &running{Options: o, state: NewState(time.Now), own: make(chan cell.Record, 8)}
	if o.Store == nil {
		return w
	}
	if o.Seal == nil && o.Grows != "" {
		w.Grows = o.Store.Path() // where it is, not a link to it
	}
	var followers []string
	for _, sink := range o.Sinks {
		followers = append(followers, sink.Name)
	}
	w.look = newStoreLook(o.Store, followers, time.Now)
	w.state.look = w.look
	return w
}

func (w *running) run(ctx context.Context) (err error) {
	w.parts.add("the store", w.Store.Close)
	defer func() {
		w.wipe.wait()
		err = errors.Join(err, w.parts.stop())
	}()
	w.view = newView(w.Show)
	w.parts.add("the view", stopping(w.view.stop))
	if w.Store.Path() == "" {
		debug.SetGCPercent(thrifty)
	}
	for _, start := range []func(context.Context) error{w.startRetention, w.startSeal, w.startPipeline, w.startService, w.findModems,
		w.startInflux, w.startSinks, w.startAlerts, w.startReload, w.startPosition, w.startWipe, w.resume, w.startBattery, w.startPhone} {
		if err := start(ctx); err != nil || ctx.Err() != nil {
			return err
		}
	}
	w.parts.run(ctx, "retention", w.retention.run)
	w.parts.run(ctx, "ending of events", w.abandonBlind)
	w.parts.run(ctx, "watching of followers", w.watchSinks)
	if w.Ready != nil {
		w.Ready(w.configs())
	}
	return watch(ctx, w.line, w.places, w.own, w.lost, w.modems...)
}

// log reports a line of text to the view.
func (w *running) log(text string) { w.view.put(Update{Text: text}) }

func (w *running) warn(text string, err error) {
	if err != nil {
		text = fmt.Sprintf("%s: %v", text, err)
	}
	w.log(text)
}

// alarm alerts people to what the store cannot hold a record of now.
func (w *running) alarm(text string, err error) {
	if w.alerts == nil || len(w.modems) == 0 {
		return
	}
	reason := alert.Trouble
	if errors.Is(err, storage.ErrFull) { // retention records it as soon as there is room: one notification
		reason = "disk_" + string(RoomFull)
	}
	w.alerts.Trouble(w.modems[0].Sensor, reason, fmt.Sprintf("%s: %v", text, err))
}

// complain reports what does not work, to the log and to people.
func (w *running) complain(text string, err error) {
	w.warn(text, err)
	w.alarm(text, err)
}

func (w *running) lost(sensor string, err error) {
	w.state.giveUp(sensor, err.Error())
	w.view.put(Update{Err: fmt.Errorf("%s: %w", sensor, err)})
}

func (w *running) configs() []modem.Config {
	var all []modem.Config
	for _, m := range w.modems {
		all = append(all, m.Config)
	}
	return all
}

// startRetention makes what keeps the store small; it works once the watch begins.
func (w *running) startRetention(context.Context) error {
	w.retention = newRetention(w.Retention, w.Store, w.Grows, w.log, w.own)
	return nil
}

func (w *running) startPipeline(ctx context.Context) error {
	var recorder *pipeline.Recorder
	if w.Record != "" {
		var err error
		if recorder, err = pipeline.NewRecorder(w.Record, recordLongest); err != nil {
			return err
		}
	}
	w.line = pipeline.New(pipeline.Options{NewEngine: w.NewEngine, Store: w.Store, Recorder: recorder, Tolerant: true,
		Patience: func() <-chan time.Time { return time.After(storePatience) }, OnLate: w.onLate,
		OnRecord: w.onRecord, Warn: w.warn, Alarm: w.alarm, NotStored: w.retention.notStored})
	w.parts.add("the pipeline", func() error { return w.line.Close(ctx) })
	return nil
}

// recordLongest bounds how long a record waits before it is in a compressed recording.
const recordLongest = 30 * time.Second

func (w *running) onRecord(r cell.Record) {
	u := w.state.Record(r)
	w.state.disagree(r.From(), w.line.Engine().Mislabelled(r.From()))
	w.state.setOutage(w.line.Outage())
	w.view.put(u)
}

func (w *running) onEvent(e analyzer.Event) { w.view.put(w.state.Event(e)) }

// startService starts what reports how the watch is: systemd, the health page, the socket of vigie status.
func (w *running) startService(ctx context.Context) error {
	var events []analyzer.Event
	for _, q := range []storage.EventQuery{{Newest: true, Limit: recentShown}, {State: analyzer.Open}} {
		for e, err := range w.Store.Events(ctx, q) {
			if err != nil {
				return err
			}
			events = append(events, e)
		}
	}
	w.state.resume(events...)
	w.state.downAfter = w.Health.DownAfter
	closing, err := w.state.serve(w.Health, w.status)
	w.parts.add("the health page", stopping(closing))
	if err != nil {
		return err
	}
	w.parts.run(ctx, "the service", newService(w.state).run)
	if w.Heartbeat.URL != "" {
		w.parts.run(ctx, "the heartbeat", newHeartbeat(w.Heartbeat, w.state.Problem, w.warn).run)
	}
	return nil
}

// findEvery is how often a modem is looked for while there is none.
const findEvery = 2 * time.Second

func (w *running) findModems(ctx context.Context) error {
	for {
		modems, err := w.Modems(ctx)
		if !w.Wait || !errors.Is(err, ErrNoModem) {
			w.state.await("")
			for _, m := range modems {
				w.modems = append(w.modems, &watched{Config: m})
			}
			if err == nil {
				w.retention.sensor = modems[0].Sensor
			}
			return err
		}
		w.state.await("no modem was found yet")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(findEvery):
		}
	}
}

// startWipe waits for what destroys everything that was recorded.
func (w *running) startWipe(ctx context.Context) (err error) {
	if w.wipe = w.Wipe.armed; w.wipe != nil { // it waits already
		return nil
	}
	if w.wipe, err = newWipe(w.Wipe, w.log); err != nil || w.wipe == nil {
		return err
	}
	w.parts.run(ctx, "the wipe", w.wipe.run)
	return nil
}

// resume restores what was learned, and prepares each modem by what the store holds of it.
func (w *running) resume(ctx context.Context) error {
	if err := w.line.Resume(ctx, w.Progress); err != nil {
		return err
	}
	w.line.OnEvent = w.onEvent // what is learned again from the store is no news
	newest, err := w.Store.NewestOfAll(ctx)
	if err != nil {
		return err
	}
	corrections, err := w.Store.Corrections(ctx)
	if err != nil {
		return err
	}
	times := newTimekeeper(w.Clocks, newest)
	if times.guesses() {
		w.log("the clock is behind the newest record in the store: times are counted on from there until it is set")
	}
	debug.FreeOSMemory() // what making a key of a passphrase and reading the store took is not needed again
	for _, m := range w.modems {
		m.Alive = func() { w.state.signOfLife(m.Sensor) }
		w.state.Watch(m.Sensor, max(m.Fast, m.Slow))
		if m.last, _, err = w.Store.Newest(ctx, m.Sensor, corrections); err != nil {
			return err
		}
		m.Now, m.guessed = times.now, times.guesses()
	}
	w.clock = times.now
	return w.abandonGone(ctx, times.now(), corrections)
}

func (w *running) startBattery(ctx context.Context) error {
	watcher := &chargeWatch{sys: sysfs, sensor: w.modems[0].Sensor}
	w.parts.run(ctx, "the battery", func(ctx context.Context) { watcher.run(ctx, w.own) })
	return nil
}

// startPhone starts the page for a phone, and what spares the battery, where they are wanted.
func (w *running) startPhone(ctx context.Context) error {
	if w.Phone == nil && !w.Battery.Saving {
		return nil
	}
	overview := NewOverview(w.state, w.Mode == cell.Mobile, w.places, w.Store.Path())
	overview.room = w.look.room
	if w.Battery.Saving {
		pace := newPace(w.Battery, overview)
		for _, m := range w.modems {
			m.Stretch = pace.factor
		}
		w.parts.add("one processor", oneProcessor())
	}
	if w.Phone == nil {
		return nil
	}
	phone := *w.Phone
	phone.Log = w.log
	stop, err := ServePhone(ctx, phone, w.Store, overview, w.wipe.button(), w.Print)
	if err != nil {
		return err
	}
	w.parts.add("the page for a phone", stop)
	return nil
}
