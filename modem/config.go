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

// Config says which modem to watch and how. Device or Identity must be given; the rest has defaults.
type Config struct {
	Device   string // the port, such as /dev/ttyUSB2
	Identity string // or its USB identity, as Find gives it, wherever it is plugged in
	Family   string // name of the dialect; "" chooses it by what the modem says it is

	Sensor   string    // name of this source of observations
	Kit      string    // name shared by the sensors that are carried together; "": this one is alone
	Mode     cell.Mode //
	Position bool      // ask the modem for its position, where its GNSS is on already

	Fast time.Duration // how often the serving cell is asked about; 1 s
	Slow time.Duration // how often neighbours, carriers and registrations are; 5 s

	// Stretch, if set, is asked before each round how many times longer than Fast and Slow the pauses are: to spare a battery.
	// Bursts are as quick as ever. Less than 1 is 1.
	Stretch func() int

	Wait  bool          // wait for a modem that is not there at the start, instead of giving up
	Retry time.Duration // the first pause before a lost port is opened again, 250 ms; it doubles up to eight times that
	// Reauthorize allows to take a modem that stays silent off the USB bus and to put it back, through sysfs, with all
	// that the device offers: also its network interface.
	Reauthorize bool

	Limit time.Duration // the longest time for any command, where its dialect allows more; 0 is no such limit

	Options at.Options // of the session: pacing, trace
	Host    Host       // where devices are looked for

	// Now is the wall clock that stamps what arrives; time.Now. It is compared with Options.Stopwatch, which must count the
	// time that the computer sleeps too: when the two part, the clock was set, and a *cell.Clock says by how much.
	Now func() time.Time
	// Alive, if set, is called whenever the collector has come round, at least once a minute or so, also while there is no
	// modem: who hears nothing for long knows that it hangs.
	Alive func()
	// Load and Save keep what the reporting switches of a modem were before Vigie changed them, so that they are put
	// back after a crash too. The key is the identity of the port, or its device. Saving nothing forgets. Both may
	// be nil.
	Load func(modem string) map[string]string
	Save func(modem string, values map[string]string) error
}

// Collector owns one modem. Make one with New.
type Collector struct {
	Config
	list at.List
	open func(device string) (io.ReadWriteCloser, error)
	emit func(cell.Record) error

	// The goroutine of Run owns the rest. It outlives the port.
	port       Port              // that is, or was, open
	ident      dialect.Ident     // of the modem
	dialect    *dialect.Dialect  // that it speaks; nil while that is not known
	source     cell.Source       // as told last
	originals  map[string]string // by at.Setting.Write, what was in force before we changed it
	patience   patience          //
	last       last              // where the modem was
	sim        SIM               // as told last
	complaint  complaints        //
	lastAnswer time.Time         // when the last whole answer arrived
	lastReport time.Time         // of the last observation
	clock      arrival           // by what the clocks were compared last; zero: not yet
	since      time.Time         // the first time by the wall clock as it was set then
	gap        *cell.Gap         // that is open
	silence    silence           // of a modem that is there and does not answer
	broken     error             // from emit
}

// New checks the configuration. It opens nothing.
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

// tell hands a record on. After the first error nothing is: the run ends.
func (c *Collector) report(r cell.Record) {
	if c.broken == nil {
		c.broken = c.emit(r)
	}
}

// complain tells, or counts, what goes wrong.
func (c *Collector) complain(n int, reason, detail string, raw ...string) {
	if n > 0 {
		if h := c.complaint.add(stamp(c.Now()), n, reason, detail, raw...); h != nil {
			c.report(h)
		}
	}
}

// stamp is a time as records hold it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// stamped notes when bytes arrive at the host.
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

// lastByte is when the newest bytes arrived.
func (s *timedPort) lastByte() arrival {
	if a := s.arrived.Load(); a != nil {
		return *a
	}
	return arrival{}
}
