// Package checkup looks, before a watch begins, at what it needs: every value of the configuration and what it names, the store,
// the clock, the disk. vigie config check, vigie doctor and the end of vigie setup show the same findings.
//
// It changes nothing, asks no network and no modem, and what only time can tell it reports as a note and not as a fault.
package checkup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"vigie/alert"
	"vigie/celldb"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/cmd/vigie/modems"
	"vigie/modem"
	"vigie/position"
	"vigie/review"
	"vigie/storage"
)

// configuration collects what is wrong with one.
type configuration struct {
	config.Config
	file  *config.File
	store *config.StoreFlags
	notes config.File // what a watch would find later; not a fault
}

// Configuration adds to the faults of a file everything that a watch would refuse of what it says, and returns as notes what a watch
// would find only later. flags choose the store, as the command line does.
func Configuration(ctx context.Context, conf config.Config, file *config.File, flags *config.StoreFlags) (notes []*config.Fault) {
	c := &configuration{Config: conf, file: file, store: flags, notes: file.Empty()}
	for _, look := range []func(context.Context){c.modems, c.keeping, c.influx, c.alerts, c.health, c.heartbeat, c.glance, c.places, c.sealing, c.wiping, c.cells} {
		look(ctx)
	}
	return c.notes.Faults
}

// fault adds an error with the hint that it brings, or with this one. A nil error is none.
func (c *configuration) fault(key string, err error, hint string) {
	if err == nil {
		return
	}
	if console.HintOf(err) == "" {
		err = console.WithHint(err, hint)
	}
	c.file.Add(key, err)
}

func (c *configuration) note(key, hint, format string, args ...any) {
	c.notes.Add(key, console.WithHint(fmt.Errorf(format, args...), hint))
}

func (c *configuration) modems(ctx context.Context) {
	named := true
	for i, m := range c.Modem {
		_, err := modem.New(modem.Config{Device: "any", Family: m.Family})
		c.file.AddNth("modem.family", i, err)
		named = named && (m.Port != "" || m.USB != "")
		if m.Port != "" {
			if _, err := os.Stat(m.Port); err != nil {
				c.note("modem.port", "vigie probe lists the ports that are here; the service waits for it (--wait), and vigie watch without --wait ends", "there is no %s now", m.Port)
			}
		}
		if m.Port != "" && m.USB != "" {
			c.note("modem.usb", "keep one of them", "port and usb are both given: usb is used")
		}
	}
	if named || len(c.Modem) > 1 {
		_, err := modems.Choose(ctx, nil, c.Config) // asks nothing, since each is named or one is not and that is the error
		c.fault("modem", err, "vigie probe lists the modems that are here")
	}
}

// keeping looks at the store: what is there can be opened, or a new one can be made.
func (c *configuration) keeping(ctx context.Context) {
	if c.store.InMemory(c.Config) || c.Seal.On() {
		return
	}
	path := c.store.Path(c.Config)
	_, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := c.store.Passphrase(c.Config); err != nil {
			c.fault("passphrase_file", err, "its first line is the passphrase")
		}
		c.fault("store", mayMake(filepath.Dir(path)), "run vigie with sudo, or name another place with store")
		return
	case errors.Is(err, fs.ErrPermission):
		c.note("store", "sudo vigie config check looks into it", "this user may not look at %s", path)
		return
	}
	s, err := c.store.Open(ctx, c.Config, storage.Options{ReadOnly: true})
	switch {
	case err == nil:
		_ = s.Close()
	case errors.Is(err, storage.ErrReadOnly):
		c.note("store", "an older Vigie does not open it any more then; vigie backup first, if you may go back", "%v", err)
	case errors.Is(err, fs.ErrPermission):
		c.note("store", "sudo vigie config check looks into it", "this user may not read %s", path)
	default:
		key := "store"
		if errors.Is(err, storage.ErrKey) || !errors.Is(err, storage.ErrForeign) && !errors.Is(err, storage.ErrDamaged) {
			key = "passphrase_file"
		}
		c.fault(key, err, "vigie doctor looks closer")
	}
}

// mayMake is nil if a directory is there and can be written, or can be made.
func mayMake(dir string) error {
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return fmt.Errorf("%s is not a directory", dir)
		case err == nil:
			return writable(dir)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		dir = filepath.Dir(dir)
	}
}

func writable(dir string) error {
	const writeAndSearch = 2 | 1 // W_OK, X_OK of access(2)
	if err := syscall.Access(dir, writeAndSearch); err != nil {
		return &fs.PathError{Op: "writing to", Path: dir, Err: err}
	}
	return nil
}

func (c *configuration) influx(context.Context) {
	if c.Influx.URL == "" {
		if c.Influx != (config.Influx{}) {
			c.note("influx", "add url, or take the section out", "[influx] has no url: nothing is copied")
		}
		return
	}
	x, err := c.Influx.Open(nil, nil)
	if err != nil {
		c.fault("influx", err, "docs/influxdb.md has one to copy")
		return
	}
	x.Close()
}

func (c *configuration) alerts(context.Context) {
	o, err := c.Alert.Options(nil)
	if err != nil {
		c.fault("alert.to_file", err, "docs/alerts.md has an address of each kind to copy")
		return
	}
	if o.LED != "" {
		c.fault("alert.led", ledThere(o.LED), "ls /sys/class/leds lists the LEDs of this computer")
	}
	led := o.LED
	o.LED = "" // to open it would change what it shows
	if _, err := alert.New(nil, o); err != nil {
		c.fault("alert", err, "docs/alerts.md lists the keys of [alert]")
	}
	if len(o.To) == 0 && led == "" && c.file.Has("alert") {
		c.note("alert", "name a file of addresses with to_file, or write them into /etc/credstore/vigie.alert-to for the service", "[alert] has no destination: nobody is alerted")
	}
}

func ledThere(name string) error {
	if filepath.Base(name) != name || name == "." || name == ".." {
		return fmt.Errorf("led is %q", name)
	}
	_, err := os.Stat(filepath.Join("/sys/class/leds", name))
	return err
}

// listening looks at an address to listen at: it is one, it is of this computer, and nothing else listens there.
func (c *configuration) listening(key, address, example string) (at net.Addr, ok bool) {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		if n, wrong := strconv.Atoi(port); wrong != nil || n < 0 || n > 65535 {
			err = fmt.Errorf("address %s: no port from 1 to 65535", address)
		}
	}
	if err != nil {
		c.fault(key, err, "write an address and a port, such as "+example)
		return nil, false
	}
	l, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		at = l.Addr()
		_ = l.Close()
		return at, true
	case errors.Is(err, syscall.EADDRINUSE) && storage.InUse(c.store.Path(c.Config)):
		// the watch that runs by this configuration has it
	case errors.Is(err, syscall.EADDRINUSE):
		c.fault(key, fmt.Errorf("another program listens at %s", address), "choose another port; ss -ltnp lists who listens where")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		c.note(key, "the network of this address must be up before the watch begins", "%s is no address of this computer now", host)
	default:
		c.fault(key, err, "write an address and a port, such as "+example)
		return nil, false
	}
	tcp, err := net.ResolveTCPAddr("tcp", address)
	return tcp, err == nil
}

func (c *configuration) health(context.Context) {
	if c.Health.Listen == "" {
		return
	}
	at, ok := c.listening("health.listen", c.Health.Listen, `listen = "127.0.0.1:9184"`)
	if ok && !review.Loopback(at) && !c.Health.Open {
		c.fault("health.listen", fmt.Errorf("%s can be reached from other computers, and the health page asks nobody for a password", c.Health.Listen),
			"listen on 127.0.0.1, or write open = true under [health] if the network may read it")
	}
}

func (c *configuration) heartbeat(context.Context) {
	_, err := c.Heartbeat.URL()
	c.fault("heartbeat.url_file", err, "write one address on the first line of the file")
}

func (c *configuration) glance(context.Context) {
	g := c.Glance
	if g.Listen == "" {
		if c.file.Has("glance") {
			c.note("glance", `write an address, such as listen = "10.42.0.1:8440"`, "[glance] has no listen: there is no page")
		}
		return
	}
	if g.PasswordFile != "" {
		users, err := review.ReadUsers(g.PasswordFile)
		c.fault("glance.password_file", err, "vigie review --set-password NAME --password-file FILE makes one")
		if err == nil && len(users) == 0 {
			c.note("glance.password_file", "vigie review --set-password NAME --password-file FILE adds somebody", "nobody can log in: %s names no user", g.PasswordFile)
		}
	}
	if at, ok := c.listening("glance.listen", g.Listen, `listen = "10.42.0.1:8440"`); ok {
		c.fault("glance.listen", review.MayListen(at, g.PasswordFile != "", true), "give [glance] password_file")
	}
	if c.Panic.Enabled && g.PasswordFile == "" {
		c.fault("glance", errors.New("[panic] needs a login, and nobody can log in"), "give [glance] password_file; vigie review --set-password NAME --password-file FILE makes one")
	}
}

func (c *configuration) places(context.Context) {
	if c.Position.Coarse != "" {
		_, err := position.Size(c.Position.Coarse)
		c.fault("position.coarse", err, `write a length like coarse = "1km"`)
	}
	if c.Position.GPSD != "" {
		if _, _, err := net.SplitHostPort(c.Position.GPSD); err != nil {
			c.note("position.gpsd", `write an address and a port, such as gpsd = "127.0.0.1:2947"`, "no gpsd can be reached: %v", err)
		}
	}
	if c.Position.Phone && c.Glance.Listen == "" {
		c.note("position.phone", "add [glance] with listen", "a phone has no page to send its position from")
	}
}

func (c *configuration) sealing(context.Context) {
	_, err := config.Recipients(c.Seal.To)
	c.fault("seal.to", err, "a public key begins with age1")
	if err == nil && c.Seal.On() {
		c.fault("seal.file", mayMake(filepath.Dir(c.store.SealTo(c.Config))), "run vigie with sudo, or name another place with [seal] file")
	}
}

func (c *configuration) wiping(context.Context) {
	switch {
	case c.Panic.File == "":
	case !c.Panic.Enabled:
		c.fault("panic.file", errors.New("[panic] names a file and is not enabled"), "write enabled = true, or take the section out")
	default:
		if _, err := os.Lstat(c.Panic.File); err == nil {
			c.fault("panic.file", fmt.Errorf("%s is there: a watch would destroy what was recorded, and end", c.Panic.File), "remove the file before you start a watch")
		}
	}
}

func (c *configuration) cells(context.Context) {
	if c.CellDB.File == "" {
		return
	}
	db, err := celldb.Open(c.CellDB.Path(""))
	if err != nil {
		c.note("celldb.file", "vigie celldb import makes one; a watch goes on without it", "the cell database cannot be used: %v", err)
		return
	}
	db.Close()
}

// Sorted returns faults and notes in the order of their lines.
func Sorted(faults, notes []*config.Fault) []*config.Fault {
	all := slices.Concat(faults, notes)
	slices.SortStableFunc(all, func(x, y *config.Fault) int { return x.Line - y.Line })
	return all
}
