package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Options of an emulator. The zero Options are usable.
type Options struct {
	// Speed is the number of seconds of the scenario per second of the clock; 0 means 1.
	Speed float64
	// Plug opens the line between modem and host each time the modem is plugged in, and names what the host opens; nil is a
	// pseudo-terminal. A line in memory lets a test run in virtual time. Link is then not used.
	Plug func() (Line, string, error)
	// Link names a symbolic link to the pseudo-terminal, made each time the modem is plugged in (n counts from 0) and
	// removed when it is unplugged. Without it Path is the pseudo-terminal's own name.
	Link func(n int) string
	// Attached is called each time the modem is plugged in, with its Path, and with "" when it is unplugged.
	Attached func(path string)
	// Note is called with the notes of the scenario.
	Note func(text string)
	// Seed seeds the random numbers of garbage, lost and corrupted characters.
	Seed uint64
}

// Line is the modem's end of a line. Reading waits while the host has nothing open.
type Line interface {
	io.ReadWriteCloser
	SetWriteDeadline(time.Time) error
}

// Printed is one answer or unsolicited line that the modem printed, or tried to.
type Printed struct {
	Time    time.Time // when the last bytes were written
	Command string    // that it answers; empty if unsolicited
	Text    string    // without echo
	Whole   bool      // every byte of it reached the terminal
}

// Emulator is a modem on a pseudo-terminal.
type Emulator struct {
	scenario Scenario
	options  Options
	cancel   context.CancelFunc
	done     chan struct{}
	start    time.Time
	play     chan Scenario

	mu       sync.Mutex // guards the fields that other goroutines may read
	path     string
	received []byte
	printed  []Printed
	values   map[string]string // of the settings

	// Only the goroutine of run uses the fields below.
	events     []event // in order of time
	connection *connection
	plugged    int // how often
	allowed    map[string][]string
	answers    map[string][]answer
	answered   map[string]int
	registered map[string]registration
	delay      time.Duration
	chunk      int
	pause      time.Duration
	lose       int
	corrupt    int
	silent     time.Time // until when it says nothing
	busy       time.Time // until when it works on the commands it has heard
	free       time.Time // until when the line carries what was printed
	random     *rand.Rand
}

// event is a scheduled action.
type event struct {
	due time.Time
	do  func()
}

// connection is the modem while it is plugged in.
type connection struct {
	master  Line
	input   chan string   // commands
	stopped chan struct{} // closed when its reader has ended
}

type registration struct{ fields, cause string }

// Start plugs the modem in. It runs until ctx ends or Close is called.
func Start(ctx context.Context, s Scenario, o Options) (*Emulator, error) {
	if o.Speed <= 0 {
		o.Speed = 1
	}
	ctx, cancel := context.WithCancel(ctx)
	e := &Emulator{scenario: s, options: o, cancel: cancel, done: make(chan struct{}), play: make(chan Scenario), values: map[string]string{},
		allowed: map[string][]string{}, answers: map[string][]answer{}, answered: map[string]int{},
		registered: map[string]registration{}, random: rand.New(rand.NewPCG(o.Seed, 1))}
	e.start = time.Now()
	e.steps(s, e.start)
	if err := e.plug(); err != nil {
		cancel()
		return nil, err
	}
	go e.run(ctx)
	return e, nil
}

// Play plays the steps of another scenario, counted from now.
func (e *Emulator) Play(s Scenario) {
	select {
	case e.play <- s:
	case <-e.done:
	}
}

// steps schedules the steps of a scenario, and does at once those that are due from its start.
func (e *Emulator) steps(s Scenario, start time.Time) {
	for _, st := range s.steps {
		if st.at == 0 {
			st.what(e)
			continue
		}
		e.at(start.Add(e.scaled(st.at)), func() { st.what(e) })
	}
}

// Path returns the device to open; empty while the modem is unplugged.
func (e *Emulator) Path() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.path
}

// Received returns everything that was written to the modem, split at carriage returns.
func (e *Emulator) Received() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := strings.Split(string(e.received), "\r")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

// Printed returns what the modem printed.
func (e *Emulator) Printed() []Printed {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.printed)
}

// Settings returns the values of the reporting switches.
func (e *Emulator) Settings() map[string]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.values)
}

// Close unplugs the modem permanently.
func (e *Emulator) Close() {
	e.cancel()
	<-e.done
}

func (e *Emulator) run(ctx context.Context) {
	defer close(e.done)
	defer e.pull()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		for len(e.events) > 0 && time.Until(e.events[0].due) <= 0 {
			next := e.events[0]
			e.events = e.events[1:]
			next.do()
		}
		if len(e.events) > 0 {
			timer.Reset(time.Until(e.events[0].due))
		}
		var input chan string
		if e.connection != nil {
			input = e.connection.input
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case s := <-e.play:
			e.steps(s, time.Now())
		case command := <-input:
			e.command(command)
		}
	}
}

func (e *Emulator) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / e.options.Speed)
}

// at schedules an action, after those that are due at the same time.
func (e *Emulator) at(due time.Time, do func()) {
	i, _ := slices.BinarySearchFunc(e.events, due, func(v event, t time.Time) int {
		if v.due.After(t) {
			return 1
		}
		return -1
	})
	e.events = slices.Insert(e.events, i, event{due, do})
}

// plug opens a line and starts reading it.
func (e *Emulator) plug() error {
	open := e.options.Plug
	if open == nil {
		open = e.terminal
	}
	master, path, err := open()
	if err != nil {
		return err
	}
	e.plugged++
	e.connection = &connection{master, make(chan string), make(chan struct{})}
	e.free, e.busy = time.Time{}, time.Time{}
	go e.read(e.connection)
	e.attached(path)
	return nil
}

// terminal opens a pseudo-terminal, and links to it if configured.
func (e *Emulator) terminal() (Line, string, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, "", fmt.Errorf("opening a pseudo-terminal: %w", err)
	}
	defer slave.Close() // a collector must find no other program on it
	path := slave.Name()
	master, err = raw(master)
	if err == nil && e.options.Link != nil {
		link := e.options.Link(e.plugged)
		if err = os.Remove(link); err == nil || errors.Is(err, os.ErrNotExist) {
			err = os.Symlink(path, link)
		}
		path = link
	}
	if err != nil {
		if master != nil {
			master.Close()
		}
		return nil, "", fmt.Errorf("preparing a pseudo-terminal: %w", err)
	}
	return master, path, nil
}

// raw makes a terminal pass every byte as it is, and its reads and writes such that deadlines and Close end them: the
// library hands it over in blocking mode.
func raw(master *os.File) (*os.File, error) {
	defer master.Close()
	if _, err := term.MakeRaw(int(master.Fd())); err != nil {
		return nil, err
	}
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0) // in one step, or a program started now keeps it
	if err != nil {
		return nil, err
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), master.Name()), nil
}

// pull is the opposite of plug.
func (e *Emulator) pull() {
	c := e.connection
	if c == nil {
		return
	}
	e.connection = nil
	if e.options.Plug == nil && e.options.Link != nil {
		os.Remove(e.Path())
	}
	c.master.Close()
	for {
		select {
		case <-c.input: // dropped
		case <-c.stopped:
			e.attached("")
			return
		}
	}
}

func (e *Emulator) attached(path string) {
	e.mu.Lock()
	e.path = path
	e.mu.Unlock()
	if e.options.Attached != nil {
		e.options.Attached(path)
	}
}

// reopening is the pause before checking whether the terminal has been opened again.
const reopening = 5 * time.Millisecond

// read takes commands from the terminal until it is closed.
func (e *Emulator) read(c *connection) {
	defer close(c.stopped)
	var line []byte
	buf := make([]byte, 256)
	for {
		n, err := c.master.Read(buf)
		e.mu.Lock()
		e.received = append(e.received, buf[:n]...)
		e.mu.Unlock()
		for _, b := range buf[:n] {
			switch b {
			case '\n':
			case '\r':
				c.input <- string(line)
				line = line[:0]
			default:
				line = append(line, b)
			}
		}
		switch {
		case errors.Is(err, syscall.EIO): // no program has it open
			<-time.After(reopening)
		case err != nil:
			return
		}
	}
}

// command answers one command.
func (e *Emulator) command(command string) {
	if e.muted() || !strings.HasPrefix(strings.ToUpper(command), "AT") {
		return
	}
	text, exact := e.reply(command)
	e.answered[command]++
	echo := ""
	switch {
	case e.scenario.noEcho && exact:
		text = strings.TrimLeft(text, "\r\n") // what ended the echo
		text = "\r\n" + text
	case !e.scenario.noEcho && exact:
		echo = command
	case !e.scenario.noEcho:
		echo = command + e.scenario.echoEnd
	}
	if echo != "" {
		e.transmit([]byte(echo), output{})
	}
	now := time.Now()
	if e.busy.Before(now) {
		e.busy = now
	}
	e.busy = e.busy.Add(e.delay) // one command after the other
	c := e.connection
	send := func() {
		if e.connection == c {
			e.transmit([]byte(text), output{command: command, text: text})
		}
	}
	if !e.busy.After(now) {
		send()
		return
	}
	e.at(e.busy, send)
}

// reply is what a command gets, and whether it is recorded bytes, which begin with the end of the echo.
func (e *Emulator) reply(command string) (text string, exact bool) {
	lines := []string{"ERROR"}
	name, value, writes := strings.Cut(strings.TrimPrefix(command, "AT"), "=")
	asked, reads := strings.CutSuffix(name, "?")
	a, known := e.answer(command)
	r, registers := e.registered[asked]
	switch {
	case known && a.bytes != nil:
		return string(a.bytes), true
	case known:
		lines = a.lines
	case writes && slices.Contains(e.allowed[name], value):
		e.set(name, value)
		lines = []string{"OK"}
	case reads && registers:
		lines = []string{asked + ": " + e.values[asked] + "," + r.shape(e.values[asked]), "OK"}
	case reads && e.values[asked] != "":
		lines = []string{asked + ": " + e.values[asked], "OK"}
	case command == "AT":
		lines = []string{"OK"}
	}
	var b strings.Builder
	for i, line := range lines {
		line = strings.ReplaceAll(line, "{n}", strconv.Itoa(e.answered[command]))
		for name, value := range e.values {
			line = strings.ReplaceAll(line, "{"+name+"}", value)
		}
		if i == 0 || i == len(lines)-1 { // an empty line before the first, and before the final result
			b.WriteString("\r\n")
		}
		b.WriteString(line + "\r\n")
	}
	return b.String(), false
}

// answer finds the answer to a command: one whose condition holds, else the one without a condition.
func (e *Emulator) answer(command string) (always answer, known bool) {
	for _, a := range e.answers[command] {
		if a.setting == "" {
			always, known = a, true
		} else if e.values[a.setting] == a.value {
			return a, true
		}
	}
	return always, known
}

func (e *Emulator) set(setting, value string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.values[setting] = value
}

func (e *Emulator) setAnswer(command string, a answer) {
	e.answers[command] = slices.DeleteFunc(e.answers[command], func(old answer) bool {
		return old.setting == a.setting && old.value == a.value
	})
	e.answers[command] = append(e.answers[command], a)
}

// shape is a registration as n asks for it (TS 27.007 clauses 7.2, 10.1.20, 10.1.22): the status alone, with the
// place, or with the cause too.
func (r registration) shape(n string) string {
	status, _, _ := strings.Cut(r.fields, ",")
	switch {
	case n == "" || n == "0" || n == "1":
		return status
	case (n == "3" || n == "5") && r.cause != "":
		return r.fields + "," + r.cause
	}
	return r.fields
}

func (e *Emulator) register(name string, r registration) {
	before, known := e.registered[name]
	e.registered[name] = r
	n := e.values[name]
	if known && n != "" && n != "0" && before.shape(n) != r.shape(n) {
		e.urc(name + ": " + r.shape(n))
	}
}
