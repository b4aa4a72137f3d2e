package monitor

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"vigie/alert"
	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/modem"
	"vigie/modem/at"
	"vigie/modem/emulator"
	"vigie/review"
	"vigie/review/evidence"
	"vigie/storage"
	"vigie/storage/influx"
	"vigie/storage/transfer"
)

const roofModem = `model quectel
setting +CREG 0 of 0 1 2
setting +CEREG 0 of 0 1 2 3
setting +COPS 3,0 of 3,0 3,1 3,2
answer AT+CPIN?
  +CPIN: READY
answer AT+CGMI
  Quectel
answer AT+CGMM
  EC25
answer AT+CGMR
  EC25EFAR06A06M4G
answer AT+QENG="servingcell"
  +QENG: "servingcell","NOCONN","LTE","FDD",272,03,A81A02,101,1300,3,5,5,1234,-96,-11,-65,12,30
register +CEREG 1,"1234","0A81A02",7`

// trial is a watch of emulated modems, in this process.
type trial struct {
	t     *testing.T
	o     Options
	w     *running
	store string
	ready chan struct{} // is closed when watching begins
	stop  context.CancelFunc
	ended chan error

	mu      sync.Mutex
	updates []Update
	printed []string
}

// newTrial prepares a watch into a new store.
func newTrial(t *testing.T) *trial {
	t.Helper()
	x := &trial{t: t, store: filepath.Join(t.TempDir(), "s.db"), ready: make(chan struct{}), ended: make(chan error, 1)}
	s, err := storage.Open(t.Context(), x.store, storage.Options{Create: true})
	require.NoError(t, err)
	x.o = Options{Version: "vigie test", Store: s, NewEngine: func() *analyzer.Engine { return analyzer.New(rules.All(), analyzer.Options{}) },
		Show: func(u Update) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.updates = append(x.updates, u)
		},
		Print: func(text string) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.printed = append(x.printed, text)
		},
		Ready: func([]modem.Config) { close(x.ready) },
	}
	return x
}

// modem emulates one more modem to watch with.
func (x *trial) modem(sensor string) (em *emulator.Emulator, c modem.Config) {
	x.t.Helper()
	scenario, err := emulator.Parse(roofModem, nil)
	require.NoError(x.t, err)
	link := filepath.Join(x.t.TempDir(), "modem")
	em, err = emulator.Start(x.t.Context(), scenario, emulator.Options{Link: func(int) string { return link }})
	require.NoError(x.t, err)
	x.t.Cleanup(em.Close)
	c = modem.Config{Device: em.Path(), Sensor: sensor, Mode: cell.Fixed, Fast: 20 * time.Millisecond, Slow: 100 * time.Millisecond, Retry: 20 * time.Millisecond}
	x.watches(c)
	return em, c
}

// watches sets the modems to watch with.
func (x *trial) watches(modems ...modem.Config) {
	x.o.Modems = func(context.Context) ([]modem.Config, error) { return modems, nil }
}

// start begins to watch, and returns when watching has begun.
func (x *trial) start() {
	x.t.Helper()
	ctx, stop := context.WithCancel(x.t.Context())
	x.stop, x.w = stop, newRunning(x.o)
	x.t.Cleanup(stop)
	go func() { x.ended <- x.w.run(ctx) }()
	select {
	case <-x.ready:
	case err := <-x.ended:
		require.NoError(x.t, err, "it ended before it began")
	}
}

// end stops watching and returns its error.
func (x *trial) end() error {
	x.stop()
	return <-x.ended
}

// sees waits for an update.
func (x *trial) sees(what string, fits func(*Update) bool) {
	x.t.Helper()
	require.Eventually(x.t, func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		for i := range x.updates {
			if fits(&x.updates[i]) {
				return true
			}
		}
		return false
	}, time.Minute, 5*time.Millisecond, what)
}

func (x *trial) seesCell(sensor string) {
	x.t.Helper()
	x.sees(sensor+" sees a cell", func(u *Update) bool { return u.Sensor.Name == sensor && u.News.Has(NewsCell) })
}

func (x *trial) seesText(text string) {
	x.t.Helper()
	x.sees(text, func(u *Update) bool { return strings.Contains(u.Text, text) })
}

// stored reads the records of the store again.
func (x *trial) stored(kinds storage.Kinds) (all []cell.Record) {
	x.t.Helper()
	s, err := storage.Open(x.t.Context(), x.store, storage.Options{ReadOnly: true})
	require.NoError(x.t, err)
	defer s.Close()
	for e, err := range s.Records(x.t.Context(), storage.Query{Kinds: kinds}) {
		require.NoError(x.t, err)
		all = append(all, e.Record)
	}
	return all
}

// Parts start in order, each after those that it relies on, and nothing is left of them at the end: no goroutine, an open store
// or a changed modem.
func TestRunStartsAndStops(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	x := newTrial(t)
	em, _ := x.modem("roof")
	x.o.Record = filepath.Join(t.TempDir(), "r.ndjson")
	x.o.Health = HealthOptions{Listen: "127.0.0.1:0"}
	x.o.Battery = BatteryOptions{Saving: true}
	x.o.Position = PositionOptions{GPSD: "127.0.0.1:1", Coarse: "1km"}
	x.start()
	var names []string
	for _, p := range x.w.parts.started {
		names = append(names, p.name)
	}
	require.Equal(t, []string{"the store", "the view", "the pipeline", "the health page", "the service", "reloading", "positions", "the battery", "one processor", "retention", "ending of events", "watching of followers"}, names)
	x.seesCell("roof")
	x.seesText("position: ") // nobody answers there
	require.NoError(t, x.end())
	require.Empty(t, x.w.parts.started)
	_, err := x.w.Store.Stats(t.Context())
	require.ErrorIs(t, err, storage.ErrClosed)
	require.Equal(t, "3,0", em.Settings()["+COPS"], "put back")
	recorded, err := os.ReadFile(x.o.Record)
	require.NoError(t, err)
	n := len(x.stored(storage.Observations))
	require.Positive(t, n)
	require.Equal(t, n, strings.Count(string(recorded), "\n{\"time\":"), "what was stored was recorded to the file: %s", recorded)
}

// A part that cannot start ends the watch before it begins, and what was started is stopped.
func TestRunThatCannotStart(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*Options)
		want string
	}{
		"a sink": {func(o *Options) {
			o.Influx = func(*storage.Store, func(string)) (*influx.Sink, error) { return nil, errors.New("no such server") }
		}, "no such server"},
		"alerts": {func(o *Options) {
			o.Alerts.Open = func(*storage.Store, func(string)) (*alert.Alerts, error) { return nil, errors.New("no address") }
		}, "no address"},
		"a recording":       {func(o *Options) { o.Record = "/nowhere/r.ndjson" }, "/nowhere/r.ndjson"},
		"a square":          {func(o *Options) { o.Position.Coarse = "a mile" }, "[position] coarse"},
		"a page for others": {func(o *Options) { o.Health.Listen = "0.0.0.0:0" }, "asks nobody for a password"},
		"a health address":  {func(o *Options) { o.Health.Listen = "nowhere" }, "listening for health"},
		"a wipe":            {func(o *Options) { o.Wipe.File = "panic" }, "not enabled"},
		"no login":          {func(o *Options) { o.Wipe.Enabled, o.Phone = true, &PhoneOptions{Listen: "127.0.0.1:0"} }, "nobody can log in"},
		"a phone address":   {func(o *Options) { o.Phone = &PhoneOptions{Listen: "nowhere"} }, "[glance] listen"},
		"no modem":          {func(o *Options) { o.Modems = func(context.Context) ([]modem.Config, error) { return nil, ErrNoModem } }, "no modem"},
		"a family": {func(o *Options) {
			o.Modems = func(context.Context) ([]modem.Config, error) {
				return []modem.Config{{Device: "/dev/null", Family: "nokia"}}, nil
			}
		}, "nokia"},
	} {
		x := newTrial(t)
		x.watches(modem.Config{Device: "/dev/null", Sensor: "roof"})
		x.o.Ready = nil
		c.set(&x.o)
		err := Run(t.Context(), x.o)
		require.ErrorContains(t, err, c.want, name)
		_, err = x.o.Store.Stats(t.Context())
		require.ErrorIs(t, err, storage.ErrClosed, name)
	}
}

// The time in which nobody watched is blind time, not a quiet night. It is recorded once.
func TestNotRunningIsAGap(t *testing.T) {
	x := newTrial(t)
	x.modem("roof")
	before := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	require.NoError(t, x.o.Store.Append(t.Context(), &cell.Observation{Time: before, Sensor: "roof", State: cell.Idle}))
	x.start()
	x.seesCell("roof")
	require.NoError(t, x.end())
	gaps := x.stored(storage.Gaps)
	require.Len(t, gaps, 1)
	gap := gaps[0].(*cell.Gap)
	require.Equal(t, ReasonNotRunning, gap.Reason)
	require.Equal(t, before, gap.Time)
	require.WithinDuration(t, time.Now(), gap.Until, time.Minute)
}

// A modem that is pulled out is blind, which is recorded, and seen again when it is back. One that is not there is given up,
// with what to do, while others are watched; when none is left the watch ends.
func TestRunWithALostModem(t *testing.T) {
	x := newTrial(t)
	em, roof := x.modem("roof")
	missing := modem.Config{Device: filepath.Join(t.TempDir(), "ttyUSB9"), Sensor: "missing"}
	x.watches(missing, roof)
	x.start()
	x.sees("the missing one is reported", func(u *Update) bool { return u.Err != nil && strings.HasPrefix(u.Err.Error(), "missing: ") })
	x.seesCell("roof")
	pull, err := emulator.Parse("unplug 200ms", nil)
	require.NoError(t, err)
	em.Play(pull)
	x.sees("blind", func(u *Update) bool { g, ok := u.Record.(*cell.Gap); return ok && g.Until.IsZero() })
	x.sees("seeing again", func(u *Update) bool { g, ok := u.Record.(*cell.Gap); return ok && !g.Until.IsZero() })
	st := x.w.status(t.Context())
	require.Equal(t, SensorGone, st.Sensors[0].State)
	require.Contains(t, st.Problem, "missing was given up")
	require.True(t, x.w.state.Progressing(), "the others are watched")
	require.NoError(t, x.end())
	for _, g := range x.stored(storage.Gaps) {
		require.Equal(t, "roof", g.From())
	}

	alone := newTrial(t)
	alone.watches(missing)
	var advice interface{ Hint() string }
	err = Run(t.Context(), Options{Store: alone.o.Store, NewEngine: alone.o.NewEngine, Modems: alone.o.Modems, Show: alone.o.Show})
	require.ErrorAs(t, err, &advice)
	require.Contains(t, advice.Hint(), "plugged in")
}

// A watch that waits looks again until there is a modem, and meanwhile reports what it waits for.
func TestWaitForAModem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		w := newRunning(Options{Wait: true, Modems: func(context.Context) ([]modem.Config, error) {
			if asked++; asked < 4 {
				return nil, ErrNoModem
			}
			return []modem.Config{{Sensor: "roof"}}, nil
		}})
		w.retention = &retention{}
		began := time.Now()
		go func() {
			<-time.After(findEvery / 2)
			require.Contains(t, w.state.Line(), "waiting: no modem was found yet")
			require.True(t, w.state.Progressing())
		}()
		require.NoError(t, w.findModems(t.Context()))
		require.Equal(t, 3*findEvery, time.Since(began))
		require.Equal(t, "roof", w.retention.sensor)
		require.NotContains(t, w.state.Line(), "waiting")

		asked = -1000
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		require.NoError(t, w.findModems(ctx), "interrupted")
	})
}

// SIGHUP has every follower read its secrets again; one that cannot use them is reported, and continues with the old ones. A sink
// whose server is away does not disturb the watch, and its status shows it.
func TestReloadAndAServerThatIsAway(t *testing.T) {
	x := newTrial(t)
	x.modem("roof")
	hook := httptest.NewServer(http.NotFoundHandler())
	defer hook.Close()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	x.o.Influx = func(s *storage.Store, log func(string)) (*influx.Sink, error) {
		return influx.New(s, influx.Options{URL: away.URL, Bucket: "home", Log: log})
	}
	to, err := alert.ParseDestinations(strings.NewReader("desk "+hook.URL+"/x\n"), "test")
	require.NoError(t, err)
	reloaded := make(chan struct{}, 8)
	x.o.Alerts = AlertOptions{
		Open: func(s *storage.Store, log func(string)) (*alert.Alerts, error) {
			return alert.New(s, alert.Options{To: to, Log: log})
		},
		Reload: func(*alert.Alerts, func(string)) error {
			reloaded <- struct{}{}
			return errors.New("the file of addresses is gone")
		},
	}
	x.start()
	x.seesText("influx: ")
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	<-reloaded
	x.sees("the reload that failed", func(u *Update) bool {
		return u.Err != nil && strings.Contains(u.Err.Error(), "reloading: the file of addresses is gone")
	})
	x.seesCell("roof")
	sinks := x.w.state.Snapshot().Sinks
	require.Len(t, sinks, 2)
	require.Equal(t, InfluxName, sinks[0].Name)
	require.NotEmpty(t, sinks[0].Problem)
	require.Equal(t, "alert", sinks[1].Name)
	metrics := string(x.w.status(t.Context()).metrics())
	require.Contains(t, metrics, `vigie_sink_troubled{sink="influx"} 1`)
	require.NotContains(t, metrics, `vigie_sink_last_sent_timestamp_seconds{sink="influx"}`)
	x.w.alarm("the store cannot be written", storage.ErrFull) // reaches people, and not the store
	require.NoError(t, x.end())
}

// Everything that a sealed watch records is in the sealed file when it ends, and only its private key opens it.
func TestSealedWatch(t *testing.T) {
	x := newTrial(t)
	require.NoError(t, x.o.Store.Close())
	memory, err := storage.Open(t.Context(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	x.o.Store, x.o.Seal = memory, &SealOptions{To: []age.Recipient{id.Recipient()}, File: filepath.Join(t.TempDir(), "deep", "v.sealed"), Every: 10 * time.Millisecond}
	x.modem("bag")
	x.start()
	x.seesCell("bag")
	require.NoError(t, x.end())
	f, err := os.Open(x.o.Seal.File)
	require.NoError(t, err)
	defer f.Close()
	home, err := storage.Open(t.Context(), filepath.Join(t.TempDir(), "home.db"), storage.Options{Create: true})
	require.NoError(t, err)
	defer home.Close()
	got, err := transfer.Unseal(t.Context(), f, home, id)
	require.NoError(t, err)
	require.Positive(t, got.Records)
	require.Zero(t, got.Damaged)
	_, last, err := home.Span(t.Context(), "bag")
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), last, time.Minute)

	x.o.Record = "r.ndjson"
	require.ErrorContains(t, newRunning(x.o).startSeal(t.Context()), "would write in the clear what is sealed")
}

// The page for a phone shows what the watch sees, and takes the phone's position.
func TestPhonePage(t *testing.T) {
	x := newTrial(t)
	x.modem("bag")
	x.o.Phone = &PhoneOptions{Listen: "127.0.0.1:0", Position: true, Certificates: t.TempDir(), Review: review.Options{Options: evidence.Options{Rules: rules.All(), Scrub: at.Scrub}}}
	x.o.Position.Phone = true
	x.o.Wipe = WipeOptions{}
	x.start()
	x.seesCell("bag")
	x.mu.Lock()
	address := regexp.MustCompile(`http://\S+/glance`).FindString(strings.Join(x.printed, "\n"))
	x.mu.Unlock()
	require.NotEmpty(t, address, x.printed)
	get := func() string {
		r, err := http.Get(address)
		require.NoError(t, err)
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		return string(text)
	}
	require.Contains(t, get(), "272-03")
	r, err := http.NewRequest("POST", address+"/position", strings.NewReader(`{"lat":50.84711,"lon":4.35717,"accuracy":15}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", strings.TrimSuffix(address, "/glance"))
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	answer.Body.Close()
	require.Equal(t, 204, answer.StatusCode)
	require.Contains(t, get(), "position from the phone")
	http.DefaultClient.CloseIdleConnections()
	require.NoError(t, x.end())
}

// vigie status asks a running service over its socket.
func TestAskService(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	_, err := AskService(t.Context())
	require.Error(t, err, "no service runs")
	x := newTrial(t)
	x.modem("roof")
	x.start()
	x.seesCell("roof")
	st, err := AskService(t.Context())
	require.NoError(t, err)
	require.True(t, st.Watching)
	require.Equal(t, "vigie test", st.Version)
	require.Equal(t, x.store, st.Store.Path)
	require.Equal(t, "roof", st.Sensors[0].Name)
	require.Equal(t, SensorWatching, st.Sensors[0].State)
	require.NotNil(t, st.Computer)
	require.NoError(t, x.end())
}
