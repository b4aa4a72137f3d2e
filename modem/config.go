package modem

import (
	"cmp"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"vigie/cell"
	"vigie/modem/at"
	"vigie/modem/dialect"
)

// Config names the modem to watch, and how to watch it. Device or Identity must be set; everything else has a default.
type Config struct {
	Device   string // of the port, such as /dev/ttyUSB2
	Identity string // USB identity of the port, as Find returns it; found wherever it is plugged in
	Family   string // name of the dialect; if empty, chosen by the identification of the modem

	Sensor   string    // name of this source of observations
	Kit      string    // name shared by sensors that are carried together; empty if there is only one
	Mode     cell.Mode //
	Position bool      // ask the modem for its position, if its GNSS is already on

	Fast time.Duration // interval between questions about the serving cell; 1 s if 0
	Slow time.Duration // interval between questions about neighbours, carriers and registrations; 5 s if 0

	// Stretch, if set, is called before each round and returns a factor for Fast and Slow, to save a battery. Bursts are not
	// slowed down. A factor below 1 counts as 1.
	Stretch func() int

	Wait  bool          // wait for a modem that is missing at the start, instead of returning an error
	Retry time.Duration // first pause before a lost port is opened again; doubles up to 8 x Retry; 250 ms if 0
	// Reauthorize allows the collector to take a modem that stays silent off the USB bus and put it back, through sysfs. This
	// interrupts everything that the device offers, its network interface included.
	Reauthorize bool

	Limit time.Duration // upper bound for the timeout of any command; none if 0

	Options at.Options // of the session: pacing, trace
	Host    Host       // where to look for devices

	// Now is the wall clock for the times of records; time.Now if nil. It is compared with Options.Stopwatch, which must also
	// count the time that the computer sleeps: when the two differ, the clock was set, and a *cell.Clock reports by how much.
	Now func() time.Time
	// Alive, if set, is called each time the collector has gone through its loop, about once a minute at least, also while there
	// is no modem. If it is not called for longer, the collector hangs.
	Alive func()
	// Load and Save keep the original values of a modem's reporting switches, so that they can be restored after a crash. The
	// key is the USB identity of the port, else its device. Saving an empty map forgets them. Both may be nil.
	Load func(modem string) map[string]string
	Save func(modem string, values map[string]string) error
}

// Collector watches one modem. Create it with New.
type Collector struct {
	Config
	list at.List
	open func(device string) (io.ReadWriteCloser, error)
	emit func(cell.Record) error

	// The goroutine of Run owns the fields below. They outlive a connection.
	port       Port              // that is open, or was last
	ident      dialect.Ident     // of the modem
	dialect    *dialect.Dialect  // of the modem; nil while unknown
	source     cell.Source       // as reported last
	originals  map[string]string // values before Vigie changed them, by at.Setting.Write
	patience   patience          //
	camping    camping           // state that the modem was in
	sim        SIM               // as reported last
	complaint  complaints        //
	lastAnswer time.Time         // when the last whole answer arrived
	lastReport time.Time         // of the last observation
	clock      arrival           // at which the clocks were compared last; zero if not yet
	since      time.Time         // first time by the wall clock as it is set now
	gap        *cell.Gap         // that is open
	silence    silence           // of a modem that is plugged in and does not answer
	broken     error             // error returned by emit
}

// New checks the configuration. It opens no port.
func New(c Config) (*Collector, error) {
	if c.Device == "" && c.Identity == "" {
		return nil, errors.New("no modem is named: give its port, such as /dev/ttyUSB2, or its USB identity")
	}
	if c.Family != "" {
		if _, err := dialect.ByName(c.Family); err != nil {
			return nil, err
		}
	}
	list, err := dialect.Commands()
	if err != nil {
		return nil, err
	}
	c.Fast = cmp.Or(c.Fast, time.Second)
	c.Slow = cmp.Or(c.Slow, 5*time.Second)
	c.Retry = cmp.Or(c.Retry, 250*time.Millisecond)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Alive == nil {
		c.Alive = func() {}
	}
	if c.Options.Stopwatch == nil {
		c.Options.Stopwatch = Stopwatch()
	}
	host := c.Host
	return &Collector{
		Config: c, list: list, patience: patience{}, originals: map[string]string{},
		complaint: complaints{sensor: c.Sensor},
		open:      func(device string) (io.ReadWriteCloser, error) { return host.open(device) },
	}, nil
}

// report passes a record to emit. After the first error of emit it passes nothing.
func (c *Collector) report(r cell.Record) {
	if c.broken == nil {
		c.broken = c.emit(r)
	}
}

// complain counts a problem, and reports it if it was not reported lately.
func (c *Collector) complain(n int, reason, detail string, raw ...string) {
	if n > 0 {
		if h := c.complaint.add(stamp(c.Now()), n, reason, detail, raw...); h != nil {
			c.report(h)
		}
	}
}

// stamp converts a time to the form of records: UTC, in milliseconds.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// timedPort is a port that notes when bytes arrive.
type timedPort struct {
	io.ReadWriteCloser
	now     func() arrival
	arrived atomic.Pointer[arrival]
}

func (s *timedPort) Read(p []byte) (int, error) {
	n, err := s.ReadWriteCloser.Read(p)
	if n > 0 {
		now := s.now()
		s.arrived.Store(&now)
	}
	return n, err
}

// lastByte is when the latest bytes arrived.
func (s *timedPort) lastByte() arrival {
	if a := s.arrived.Load(); a != nil {
		return *a
	}
	return arrival{}
}
