package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/position"
	"vigie/review"
	"vigie/review/evidence"
	"vigie/storage"
)

// lookout remembers of a watch what can be told at a glance.
type lookout struct {
	v      *vitals
	mobile bool // it is carried: a registered modem is worth a warning
	places places
	sys    string // /sys
	disk   string // a directory on the disk that is written to
	now    func() time.Time

	mu      sync.Mutex
	seen    bool
	since   time.Time // watching or blind
	blind   bool
	level   review.Level
	changed time.Time
	events  map[string]analyzer.Event // the last few
	serving map[string]heardCell      // by sensor
	regs    map[string]bool           // sensors that are registered
}

type heardCell struct {
	cell *cell.Cell
	at   time.Time
}

const (
	oddHold    = 15 * time.Minute // after its last evidence an event no longer counts for the level
	lastEvents = 5
	cellHold   = time.Minute // a serving cell that was not heard for so long is none
)

func newLookout(v *vitals, mobile bool, p places, disk string) *lookout {
	now := v.now()
	return &lookout{v: v, mobile: mobile, places: p, sys: "/sys", disk: disk, now: v.now, since: now, level: review.Quiet,
		events: map[string]analyzer.Event{}, serving: map[string]heardCell{}, regs: map[string]bool{}}
}

// record is told of each record that went into the line.
func (l *lookout) record(r cell.Record) {
	o, ok := r.(*cell.Observation)
	if !ok {
		l.stand(l.now())
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = true
	if o.Serving != nil && !o.Survey {
		c := *o.Serving
		if was := l.serving[o.Sensor].cell; was != nil && cell.Same(was, &c) {
			if c.Fill(was); !c.Level().Known() {
				c.RSRP, c.RSCP, c.RSSI = was.RSRP, was.RSCP, was.RSSI
			}
		}
		l.serving[o.Sensor] = heardCell{&c, l.now()}
	} else if o.State == cell.Searching || o.State == cell.NoService {
		delete(l.serving, o.Sensor)
	}
	for _, g := range o.Registration {
		if g.Registered() {
			l.regs[o.Sensor] = true
		} else if g.Status.Known() && g.Domain == cell.EPS {
			delete(l.regs, o.Sensor)
		}
	}
}

// event is told of each event that opened, changed or closed.
func (l *lookout) event(e analyzer.Event) {
	defer l.stand(l.now())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events[e.ID] = e
	if len(l.events) > 8*lastEvents {
		for _, old := range l.newest()[4*lastEvents:] {
			delete(l.events, old.ID)
		}
	}
}

func (l *lookout) newest() []analyzer.Event {
	var all []analyzer.Event
	for _, e := range l.events {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b analyzer.Event) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Look is how it stands now.
func (l *lookout) Look() review.Glance {
	g := l.stand(l.now())
	g.Motion = string(l.places.Motion(g.Now))
	if p, ok := l.places.Now(g.Now); ok {
		g.Place = p.Source
	}
	g.Battery, g.Charging = battery(l.sys)
	if free, all := diskOf(l.disk); all > 0 {
		g.Disk = cell.Some(100 * float64(free) / float64(all))
	}
	return g
}

// stand is what the line alone tells, and notes since when it is so.
func (l *lookout) stand(now time.Time) review.Glance {
	g := review.Glance{Now: now}
	blind := l.sensors(&g, now)
	l.mu.Lock()
	defer l.mu.Unlock()
	g.Starting, g.Catchable = !l.seen, l.mobile && len(l.regs) > 0
	for i := range g.Sensors {
		s := &g.Sensors[i]
		if h, ok := l.serving[s.Name]; ok && now.Sub(h.at) < cellHold {
			s.Serving = h.cell
		}
	}
	if (blind != "") != l.blind {
		l.blind, l.since = blind != "", now
	}
	level, newest := review.Quiet, l.newest()
	for _, e := range newest {
		if e.State == analyzer.Closed && now.Sub(e.Last) > oddHold || e.Severity < analyzer.Medium {
			continue
		}
		if level = review.Odd; e.Severity >= analyzer.High {
			level = review.Alarm
			break
		}
	}
	if level != l.level {
		l.level, l.changed = level, now
	}
	g.Blind, g.Since, g.Level, g.Changed = blind, l.since, l.level, l.changed
	g.Events = newest[:min(len(newest), lastEvents)]
	return g
}

// sensors says what each sees, and why nothing is seen where none sees anything.
func (l *lookout) sensors(g *review.Glance, now time.Time) (blind string) {
	l.v.mu.Lock()
	defer l.v.mu.Unlock()
	g.Trouble = l.v.failing != ""
	sees := false
	for _, s := range l.v.sensors {
		one := review.GlanceSensor{Name: s.name}
		switch s.state(now) {
		case sensorBlind:
			one.Blind = s.reason
		case sensorStuck, sensorGone:
			one.Blind = "stuck"
		default:
			sees = true
		}
		blind = cmp.Or(blind, one.Blind)
		g.Sensors = append(g.Sensors, one)
	}
	if sees {
		return ""
	}
	return blind
}

// glance serves the page until stop is called.
func (c *WatchCmd) glance(ctx context.Context, p *program, conf config.Config, atlas analyzer.Atlas, l *line, look *lookout, destroy *panicking) (stop func() error, err error) {
	g := conf.Glance
	o := review.Options{Hosts: g.Host, Plain: g.PlainHTTP, Verdicts: map[*storage.Store]review.VerdictWriter{l.store: l.store}}
	o.Stores = []evidence.Named{{Name: "now", Store: l.store}}
	o.Log = slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	furnish(&o, conf, atlas)
	if g.PasswordFile != "" {
		if o.Users, err = review.ReadUsers(g.PasswordFile); err != nil {
			return nil, err
		}
	}
	o.FieldMode = &review.FieldMode{Look: look.Look, Discreet: g.Discreet}
	if conf.Position.Phone {
		o.FieldMode.Place = func(at cell.Position) error {
			at.Source = position.Phone
			return l.places.Tell(at, time.Now())
		}
	}
	if destroy != nil {
		if len(o.Users) == 0 {
			return nil, console.Usage(errors.New("[panic] needs a login, and nobody can log in"), "give [glance] password_file; vigie review --set-password NAME makes one")
		}
		o.FieldMode.Wipe = destroy.destroy
	}
	host, _, err := net.SplitHostPort(g.Listen)
	if err != nil {
		return nil, console.Usage(fmt.Errorf("[glance] listen: %w", err), `write an address and a port: listen = "10.42.0.1:8440"`)
	}
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		o.Hosts = append(o.Hosts, host)
	}
	d, err := review.New(o)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", g.Listen)
	if err != nil {
		return nil, console.WithHint(fmt.Errorf("glance: %w", err), "is the kit's network up? another program may be listening there")
	}
	scheme, secure := "http", (*tls.Config)(nil)
	if !review.Loopback(listener.Addr()) && !g.PlainHTTP {
		names := append([]string{"localhost"}, o.Hosts...)
		dir := filepath.Dir(c.path(conf))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		cert, err := review.Certificate(dir, names, time.Now())
		if err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		scheme, secure = "https", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		p.out.Printf("certificate SHA-256 %s\n", review.Fingerprint(cert))
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- d.Serve(ctx, listener, secure) }()
	select {
	case err := <-served: // it may not listen there
		cancel()
		return nil, err
	case <-time.After(50 * time.Millisecond):
	}
	p.out.Printf("the page for a phone is at %s://%s/glance\n", scheme, listener.Addr())
	return func() error { cancel(); return <-served }, nil
}
