package modem

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Host locates the trees in which the kernel shows devices and processes. The zero Host is the running machine; tests use
// their own trees.
type Host struct{ Sys, Dev, Proc string }

func (h Host) sys(elem ...string) string {
	return filepath.Join(append([]string{cmp.Or(h.Sys, "/sys")}, elem...)...)
}
func (h Host) dev(name string) string { return filepath.Join(cmp.Or(h.Dev, "/dev"), name) }
func (h Host) proc(elem ...string) string {
	return filepath.Join(append([]string{cmp.Or(h.Proc, "/proc")}, elem...)...)
}

// Port is one serial port of a modem, as the kernel shows it.
type Port struct {
	Device       string // "/dev/ttyUSB2"; changes when the modem is plugged in again
	Identity     string // "usb:2c7c:0125:1-1.4:02"; does not. "" when the port is not on USB
	VID, PID     uint16 // 0: not on USB
	Serial       string // of the USB device; empty if it has none, a filler, or one that looks like an IMEI
	Manufacturer string // as the USB device says
	Product      string //
	Interface    uint8  // bInterfaceNumber
	Driver       string // of the interface: "option", "cdc_acm", "qcserial"
	USBPath      string // bus and sockets: "1-1.4"
	Role         Role   // what the port is for, where known
}

// ID is vid:pid in hex, as lsusb prints it; "" when the port is not on USB.
func (p Port) ID() string {
	if p.VID == 0 {
		return ""
	}
	return fmt.Sprintf("%04x:%04x", p.VID, p.PID)
}

// Socket is the identity of a port by the socket of the USB device, which no serial number is part of; "" when the port is
// not on USB. Lookup takes it as well as Identity.
func (p Port) Socket() string {
	if p.VID == 0 {
		return ""
	}
	return identity(p, p.USBPath)
}

// ErrNotPresent is the error when no port has the wanted identity now.
var ErrNotPresent = errors.New("not plugged in")

// Find lists the serial ports that could be a modem's: ttyUSB*, ttyACM* and the AT ports of the WWAN subsystem, in the
// order of their USB path and interface. It opens none of them.
func Find() ([]Port, error) { return Host{}.Find() }

// Find is the function of the same name for this host.
func (h Host) Find() ([]Port, error) {
	var ports []Port
	for _, class := range []struct {
		name string
		want *regexp.Regexp
	}{
		{"tty", regexp.MustCompile(`^tty(USB|ACM)\d+$`)},
		{"wwan", regexp.MustCompile(`^wwan\d+at\d+$`)},
	} {
		entries, err := os.ReadDir(h.sys("class", class.name))
		if errors.Is(err, os.ErrNotExist) {
			continue // no such driver is loaded
		}
		if err != nil {
			return nil, fmt.Errorf("listing serial ports: %w", err)
		}
		for _, e := range entries {
			if class.want.MatchString(e.Name()) {
				ports = append(ports, h.port(class.name, e.Name()))
			}
		}
	}
	identify(ports)
	slices.SortFunc(ports, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.USBPath, b.USBPath), cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Device, b.Device))
	})
	return ports, nil
}

// port reads what sysfs says of one port. The kernel's tree is .../USB DEVICE/USB INTERFACE/.../PORT, so the interface
// and the device are the nearest directories above the port that have their files. Of a port that vanishes meanwhile, less is
// known.
func (h Host) port(class, name string) Port {
	p := Port{Device: h.dev(name)}
	at, err := filepath.EvalSymlinks(h.sys("class", class, name))
	if err != nil {
		return p
	}
	read := func(file string) string {
		b, err := os.ReadFile(filepath.Join(at, file))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(b))
	}
	onUSB := false
	for ; len(at) > len(h.sys()); at = filepath.Dir(at) {
		if n := read("bInterfaceNumber"); n != "" && !onUSB {
			i, err := strconv.ParseUint(n, 16, 8)
			if err != nil {
				return p
			}
			p.Interface, onUSB = uint8(i), true
			if driver, err := os.Readlink(filepath.Join(at, "driver")); err == nil {
				p.Driver = filepath.Base(driver)
			}
		}
		vid, err := strconv.ParseUint(read("idVendor"), 16, 16)
		if err != nil || !onUSB {
			continue
		}
		pid, err := strconv.ParseUint(read("idProduct"), 16, 16)
		if err != nil {
			return p
		}
		p.VID, p.PID, p.USBPath = uint16(vid), uint16(pid), filepath.Base(at)
		p.Serial, p.Manufacturer, p.Product = identifying(read("serial")), read("manufacturer"), read("product")
		p.Role = RoleOf(p.VID, p.PID, p.Interface)
		return p
	}
	return p
}

// Serial numbers that are fillers, and those that are an IMEI (some vendors put it there) and therefore must not become part of
// anything that is stored.
var (
	fillerSerial = regexp.MustCompile(`^(0*|F*|0?123456789(ABCDEF)?|1234567890(ABCDEF)?)$`)
	imeiSerial   = regexp.MustCompile(`\d{14}`)
	unsafeSerial = regexp.MustCompile(`[^A-Za-z0-9._-]`)
)

// identifying returns a serial number if it identifies a device, in characters that an identity may hold; else "".
func identifying(s string) string {
	if fillerSerial.MatchString(strings.ToUpper(s)) || imeiSerial.MatchString(s) {
		return ""
	}
	return unsafeSerial.ReplaceAllString(s, "_")
}

// identify gives every port on USB its identity: by serial number where the device has one that no other device here
// shares, else by the socket that it is plugged into.
func identify(ports []Port) {
	paths := map[string]map[string]bool{} // by identity, the sockets that claim it
	for _, p := range ports {
		id := identity(p, p.Serial)
		if paths[id] == nil {
			paths[id] = map[string]bool{}
		}
		paths[id][p.USBPath] = true
	}
	for i, p := range ports {
		switch {
		case p.VID == 0:
		case p.Serial == "" || len(paths[identity(p, p.Serial)]) > 1:
			ports[i].Identity = identity(p, p.USBPath)
		default:
			ports[i].Identity = identity(p, p.Serial)
		}
	}
}

func identity(p Port, which string) string {
	return fmt.Sprintf("usb:%04x:%04x:%s:%02x", p.VID, p.PID, which, p.Interface)
}

// Lookup finds the port that has an identity now, given by serial number or by socket. It returns ErrNotPresent if none has.
func (h Host) Lookup(want string) (Port, error) {
	if !strings.HasPrefix(want, "usb:") || strings.Count(want, ":") != 4 {
		return Port{}, fmt.Errorf("%q is not a USB identity: want usb:VID:PID:SERIAL:INTERFACE as `vigie probe` prints it", want)
	}
	ports, err := h.Find()
	if err != nil {
		return Port{}, err
	}
	var found []Port
	for _, p := range ports {
		if p.VID != 0 && (want == identity(p, p.USBPath) || p.Serial != "" && want == identity(p, p.Serial)) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return Port{}, fmt.Errorf("%s: %w", want, ErrNotPresent)
	case 1:
		return found[0], nil
	}
	return Port{}, fmt.Errorf("%s is ambiguous, %d devices share that serial number; name one by its socket: %s", want,
		len(found), found[0].Identity)
}

// At returns what sysfs says about a device file. A port that sysfs does not know, such as a pseudo-terminal or an on-board serial
// port, has only its Device.
func (h Host) At(device string) (Port, error) {
	ports, err := h.Find()
	if err != nil {
		return Port{}, err
	}
	real := resolve(device)
	for _, p := range ports {
		if p.Device == device || resolve(p.Device) == real {
			return p, nil
		}
	}
	return Port{Device: device}, nil
}

// resolve follows symbolic links as far as they go.
func resolve(device string) string {
	if real, err := filepath.EvalSymlinks(device); err == nil {
		return real
	}
	return device
}
