package modem

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"

	"vigie/modem/at"

	"vigie/safefile"
)

// The reasons for which a port cannot be used. A PortError wraps one of them.
var (
	ErrMissing    = errors.New("no such port")
	ErrNotAPort   = errors.New("not a serial port")
	ErrPermission = errors.New("no permission")
	ErrBusy       = errors.New("in use")
	ErrUnplugged  = errors.New("unplugged")
	ErrNoAnswer   = errors.New("no modem answers")
	ErrWriteHangs = errors.New("the modem does not take what is written to it")
)

// PortError says why a port could not be opened, and what to do about it.
type PortError struct {
	Device  string
	Detail  string   // for people; empty if Err says it all
	Advice  string   // what to do
	Holders []Holder // programs that have the port open, with ErrBusy, as far as we may look
	Err     error    // one of the errors above, or the error of the system
}

func (e *PortError) Error() string {
	if e.Detail == "" {
		return e.Device + ": " + e.Err.Error()
	}
	return e.Device + ": " + e.Err.Error() + ", " + e.Detail
}

func (e *PortError) Unwrap() error { return e.Err }

// Hint is the advice, for the line below the error.
func (e *PortError) Hint() string { return e.Advice }

// writeLimit is the time after which a write counts as hung: a command is a few dozen bytes.
const writeLimit = 2 * time.Second

// serialPort is an open serial port that no other program uses. One goroutine may read and another write. The library only
// configures the port: its Read polls ten times a second, which keeps an idle computer awake.
type serialPort struct {
	device  string
	file    *os.File    // holds the lock; all reads and writes go through it and the poller of the runtime
	port    serial.Port // holds TIOCEXCL
	closing atomic.Bool // distinguishes our own Close from an unplugged modem
}

// open opens a port for exclusive use: 115200 8N1, no flow control, modem control lines as the kernel sets them (a
// pseudo-terminal has none).
func (h Host) open(device string) (port *serialPort, err error) {
	err = safefile.AsCaller(func() error { port, err = h.openPort(device); return err })
	return port, err
}

func (h Host) openPort(device string) (*serialPort, error) {
	file, err := h.lock(device)
	if err != nil {
		return nil, err
	}
	// A program that neither locks nor asks for exclusive use, and any program if we are root, would continue to read half of
	// our answers.
	if holders := h.Holders(device); len(holders) > 0 {
		release(file)
		return nil, busy(device, holders, nil)
	}
	port, err := serial.Open(device, &serial.Mode{BaudRate: 115200, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit})
	if err == nil {
		if err = port.ResetInputBuffer(); err != nil { // what the modem printed before answers no command of ours
			port.Close()
		}
	}
	if err != nil {
		release(file)
		return nil, h.explain(device, err)
	}
	return &serialPort{device: device, file: file, port: port}, nil
}

// lock opens the device and takes the advisory lock that well-behaved programs respect, before it changes anything on the port.
// TIOCEXCL alone does not stop root.
func (h Host) lock(device string) (*os.File, error) {
	info, err := os.Stat(device)
	switch {
	case err != nil:
		return nil, h.explain(device, err)
	case info.IsDir():
		return nil, &PortError{Device: device, Err: ErrNotAPort, Detail: "it is a directory",
			Advice: "name the port in it, such as /dev/ttyUSB2; `vigie probe` lists what is there"}
	case info.Mode()&fs.ModeCharDevice == 0:
		return nil, &PortError{Device: device, Err: ErrNotAPort, Detail: "it is a file",
			Advice: "for what a modem once printed use `vigie decode`, for recorded observations `vigie replay`"}
	}
	file, err := os.OpenFile(device, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, h.explain(device, err)
	}
	if err := h.flock(file); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// flock takes the lock if the file is a terminal.
func (h Host) flock(file *os.File) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	var line, locked error
	if err := raw.Control(func(n uintptr) {
		if _, line = unix.IoctlGetTermios(int(n), unix.TCGETS); line == nil {
			locked = syscall.Flock(int(n), syscall.LOCK_EX|syscall.LOCK_NB)
		}
	}); err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	switch {
	case errors.Is(line, syscall.ENOTTY), errors.Is(line, syscall.EINVAL): // such as /dev/null, which many programs have open
		return &PortError{Device: file.Name(), Err: ErrNotAPort, Advice: notAPort}
	case line != nil:
		return h.explain(file.Name(), line)
	case errors.Is(locked, syscall.EWOULDBLOCK):
		return busy(file.Name(), nil, errors.New("another program has locked it"))
	case locked != nil:
		return fmt.Errorf("locking %s: %w", file.Name(), locked)
	}
	return nil
}

const notAPort = "`vigie probe` lists the ports of modems, such as /dev/ttyUSB2"

// explain turns an error of the system or of the library into one for people.
func (h Host) explain(device string, err error) error {
	var lib *serial.PortError
	code := serial.PortErrorCode(-1)
	if errors.As(err, &lib) {
		code = lib.Code()
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		return &PortError{Device: device, Err: ErrMissing, Advice: "is the modem plugged in? `vigie probe` lists the ports that are there"}
	case errors.Is(err, os.ErrPermission), code == serial.PermissionDenied:
		return &PortError{Device: device, Err: ErrPermission,
			Advice: "install the udev file that `vigie probe --udev` prints and join its group: sudo usermod -aG vigie $USER" +
				" (or the group dialout), then log in again"}
	case errors.Is(err, syscall.EBUSY), code == serial.PortBusy:
		return busy(device, h.Holders(device), nil)
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.EIO):
		return &PortError{Device: device, Err: ErrUnplugged, Detail: "nothing is behind it",
			Advice: "plug the modem out and in again; `vigie probe` lists the ports that are there"}
	case code == serial.InvalidSerialPort:
		return &PortError{Device: device, Err: ErrNotAPort, Advice: notAPort}
	}
	return &PortError{Device: device, Err: err}
}

// mostHolders is how many programs an error names.
const mostHolders = 3

// busy names the programs that have the port, and how to keep ModemManager, the usual one, off it.
func busy(device string, holders []Holder, cause error) error {
	e := &PortError{Device: device, Err: ErrBusy, Holders: holders}
	var names []string
	mm := len(holders) == 0 // we may not look: assume the usual one
	for _, p := range holders {
		names = append(names, p.String())
		mm = mm || p.Program == "ModemManager"
	}
	switch {
	case len(names) > mostHolders:
		e.Detail = fmt.Sprintf("held by %s and %d more", strings.Join(names[:mostHolders], ", "), len(names)-mostHolders)
	case len(names) > 0:
		e.Detail = "held by " + strings.Join(names, ", ")
	case cause != nil:
		e.Detail = cause.Error()
	}
	e.Advice = "stop that program, or give Vigie another AT port of the modem: `vigie probe` lists them"
	if mm {
		e.Advice = "if it is ModemManager, keep it off this port with the udev file that `vigie probe --udev` prints;" +
			" if it is another Vigie, stop that one"
	}
	return e
}

// noAnswer is the error of a port that opens but does not answer AT.
func noAnswer(p Port, cause error) error {
	advice := "is it the modem's AT port? `vigie probe` tries all of them; a modem that has just been plugged in needs up to half a minute"
	if p.Role != "" && p.Role != AT {
		advice = fmt.Sprintf("this is the modem's %s port, not the one for AT commands: `vigie probe` lists them", p.Role)
	}
	return &PortError{Device: p.Device, Detail: strings.TrimPrefix(cause.Error(), at.ErrTimeout.Error()+": "), Advice: advice, Err: ErrNoAnswer}
}

// missing is the error of an identity that no port has now.
func missing(identity string, err error) error {
	if !errors.Is(err, ErrNotPresent) {
		return err
	}
	return &PortError{Device: identity, Err: ErrNotPresent, Advice: "plug the modem in; `vigie probe` lists the ports that are there"}
}

// Read waits for bytes. It returns os.ErrClosed after Close, and ErrUnplugged when the port is gone.
func (w *serialPort) Read(p []byte) (int, error) {
	n, err := w.file.Read(p)
	switch {
	case err == nil:
		return n, nil
	case w.closing.Load():
		return n, fmt.Errorf("%s: %w", w.device, os.ErrClosed)
	}
	return n, fmt.Errorf("%s: %w", w.device, ErrUnplugged)
}

// Write writes a command. It returns ErrWriteHangs if that takes longer than two seconds.
func (w *serialPort) Write(p []byte) (int, error) {
	n, err := 0, w.file.SetWriteDeadline(time.Now().Add(writeLimit))
	if err == nil {
		n, err = w.file.Write(p)
	}
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, fmt.Errorf("%s: %w", w.device, ErrWriteHangs)
	case w.closing.Load():
		return n, fmt.Errorf("%s: %w", w.device, os.ErrClosed)
	}
	return n, fmt.Errorf("%s: %w", w.device, ErrUnplugged)
}

// Close releases the port.
func (w *serialPort) Close() error {
	if w.closing.Swap(true) {
		return nil
	}
	return errors.Join(release(w.file), w.port.Close())
}

// release unlocks and closes the file. Closing alone leaves the lock with a child process that is being started, which has copies
// of all our files until exec.
func release(file *os.File) error {
	if raw, err := file.SyscallConn(); err == nil {
		raw.Control(func(n uintptr) { syscall.Flock(int(n), syscall.LOCK_UN) })
	}
	return file.Close()
}
