package modem

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree is a host made of files.
type tree struct {
	Host
	t *testing.T
}

func newTree(t *testing.T) *tree {
	dir := t.TempDir()
	h := Host{Sys: filepath.Join(dir, "sys"), Dev: filepath.Join(dir, "dev"), Proc: filepath.Join(dir, "proc")}
	for _, d := range []string{h.Sys + "/class/tty", h.Sys + "/class/wwan", h.Sys + "/bus/usb/drivers/option", h.Dev, h.Proc} {
		require.NoError(t, os.MkdirAll(d, 0o755))
	}
	return &tree{h, t}
}

func (tr *tree) dev(name string) string { return filepath.Join(tr.Dev, name) }

// device is a USB device of the tree.
type device struct {
	path, vid, pid, serial string
	ports                  map[string]string // by bInterfaceNumber, the name of its port
}

func (tr *tree) write(path, text string) {
	require.NoError(tr.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(tr.t, os.WriteFile(path, []byte(text+"\n"), 0o644))
}

// plug lays the device out as Linux does: ttyUSB ports have a directory of their own under the interface, ttyACM ports
// do not, and those of the WWAN subsystem are one deeper.
func (tr *tree) plug(d device) {
	at := filepath.Join(tr.Sys, "devices/pci0000:00/usb1", d.path)
	tr.write(at+"/idVendor", d.vid)
	tr.write(at+"/idProduct", d.pid)
	tr.write(at+"/manufacturer", "Quectel")
	tr.write(at+"/product", "EG25-G")
	if d.serial != "" {
		tr.write(at+"/serial", d.serial)
	}
	for iface, name := range d.ports {
		dir := filepath.Join(at, d.path+":1."+strings.TrimLeft(iface, "0"))
		tr.write(dir+"/bInterfaceNumber", iface)
		os.Symlink(filepath.Join(tr.Sys, "bus/usb/drivers/option"), dir+"/driver")
		class, port := "tty", filepath.Join(dir, name, "tty", name)
		switch {
		case strings.HasPrefix(name, "ttyACM"):
			port = filepath.Join(dir, "tty", name)
		case strings.HasPrefix(name, "wwan"):
			class, port = "wwan", filepath.Join(dir, "wwan", "wwan0", name)
		}
		require.NoError(tr.t, os.MkdirAll(port, 0o755))
		link := filepath.Join(tr.Sys, "class", class, name)
		os.Remove(link)
		require.NoError(tr.t, os.Symlink(port, link))
	}
}

func (tr *tree) unplug(path string) {
	require.NoError(tr.t, os.RemoveAll(filepath.Join(tr.Sys, "devices/pci0000:00/usb1", path)))
	for _, class := range []string{"tty", "wwan"} {
		links, _ := filepath.Glob(filepath.Join(tr.Sys, "class", class, "*"))
		for _, l := range links {
			if _, err := os.Stat(l); err != nil {
				require.NoError(tr.t, os.Remove(l))
			}
		}
	}
}

// process is a program that has a device open.
func (tr *tree) process(pid int, program, device string) {
	dir := filepath.Join(tr.Proc, strconv.Itoa(pid))
	tr.write(dir+"/comm", program)
	require.NoError(tr.t, os.MkdirAll(dir+"/fd", 0o755))
	require.NoError(tr.t, os.Symlink(resolve(device), dir+"/fd/3"))
}

func TestFind(t *testing.T) {
	tr := newTree(t)
	ports, err := tr.Find()
	require.NoError(t, err)
	require.Empty(t, ports)

	tr.plug(device{path: "1-1.4", vid: "2c7c", pid: "0125", serial: "0123456789ABCDEF",
		ports: map[string]string{"00": "ttyUSB0", "01": "ttyUSB1", "02": "ttyUSB2", "03": "ttyUSB3"}})
	tr.plug(device{path: "1-1.2", vid: "1bc7", pid: "0036", serial: "a1b2:c3", ports: map[string]string{"00": "ttyACM0", "0a": "ttyACM3"}})
	tr.plug(device{path: "1-3", vid: "2c7c", pid: "0801", serial: "490154203237518", ports: map[string]string{"04": "wwan0at0"}})
	tr.plug(device{path: "1-2", vid: "0403", pid: "6001", ports: map[string]string{"00": "ttyS7"}})

	ports, err = tr.Find()
	require.NoError(t, err)
	type row struct {
		device, identity string
		role             Role
	}
	var rows []row
	for _, p := range ports {
		rows = append(rows, row{filepath.Base(p.Device), p.Identity, p.Role})
	}
	require.Equal(t, []row{
		{"ttyACM0", "usb:1bc7:0036:a1b2_c3:00", ""},
		{"ttyACM3", "usb:1bc7:0036:a1b2_c3:0a", ""},
		{"ttyUSB0", "usb:2c7c:0125:1-1.4:00", DIAG}, // the serial number is a filler
		{"ttyUSB1", "usb:2c7c:0125:1-1.4:01", NMEA},
		{"ttyUSB2", "usb:2c7c:0125:1-1.4:02", AT},
		{"ttyUSB3", "usb:2c7c:0125:1-1.4:03", PPP},
		{"wwan0at0", "usb:2c7c:0801:1-3:04", ""}, // it is an IMEI
	}, rows)
	p := ports[4]
	require.Equal(t, Port{Device: tr.dev("ttyUSB2"), Identity: "usb:2c7c:0125:1-1.4:02", VID: 0x2c7c, PID: 0x0125, Manufacturer: "Quectel",
		Product: "EG25-G", Interface: 2, Driver: "option", USBPath: "1-1.4", Role: AT}, p)
	require.Equal(t, "2c7c:0125", p.ID())
	for _, p := range ports {
		require.NotContains(t, p.Serial+p.Identity, "490154203237518", "no IMEI gets in")
	}

	var candidates []string
	for _, p := range Candidates(ports) {
		candidates = append(candidates, filepath.Base(p.Device))
	}
	require.Equal(t, []string{"ttyUSB2", "ttyACM0", "ttyACM3"}, candidates)
}

func TestLookupFollowsTheModem(t *testing.T) {
	tr := newTree(t)
	const bySerial, bySocket = "usb:2c7c:0125:Q7:02", "usb:2c7c:0125:1-1.4:02"
	_, err := tr.Lookup(bySerial)
	require.ErrorIs(t, err, ErrNotPresent)
	_, err = tr.Lookup("/dev/ttyUSB2")
	require.ErrorContains(t, err, "not a USB identity")

	d := device{path: "1-1.4", vid: "2c7c", pid: "0125", serial: "Q7", ports: map[string]string{"02": "ttyUSB2", "03": "ttyUSB3"}}
	tr.plug(d)
	for _, id := range []string{bySerial, bySocket} {
		p, err := tr.Lookup(id)
		require.NoError(t, err)
		require.Equal(t, tr.dev("ttyUSB2"), p.Device)
		require.Equal(t, bySerial, p.Identity)
	}

	tr.unplug("1-1.4")
	_, err = tr.Lookup(bySerial)
	require.ErrorIs(t, err, ErrNotPresent)
	d.path, d.ports = "1-1.3", map[string]string{"02": "ttyUSB6", "03": "ttyUSB7"}
	tr.plug(d)
	p, err := tr.Lookup(bySerial)
	require.NoError(t, err)
	require.Equal(t, tr.dev("ttyUSB6"), p.Device, "another socket, another number, the same serial number")

	tr.plug(device{path: "1-1.4", vid: "2c7c", pid: "0125", serial: "Q7", ports: map[string]string{"02": "ttyUSB2"}})
	_, err = tr.Lookup(bySerial)
	require.ErrorContains(t, err, "ambiguous")
	require.ErrorContains(t, err, "usb:2c7c:0125:1-1.")
	p, err = tr.Lookup(bySocket)
	require.NoError(t, err)
	require.Equal(t, bySocket, p.Identity, "a serial number that two share tells nothing")

	p, err = tr.At(tr.dev("ttyUSB6"))
	require.NoError(t, err)
	require.Equal(t, "1-1.3", p.USBPath)
	p, err = tr.At("/dev/pts/7")
	require.NoError(t, err)
	require.Equal(t, Port{Device: "/dev/pts/7"}, p)
}

func TestHoldersAreNamed(t *testing.T) {
	tr := newTree(t)
	port := tr.dev("ttyUSB2")
	tr.write(port, "")
	link := tr.dev("gsmmodem")
	require.NoError(t, os.Symlink(port, link))
	require.Empty(t, tr.Holders(port))
	tr.process(812, "ModemManager", port)
	tr.process(99, "minicom", link)
	tr.process(7, "bash", "/dev/tty")
	tr.process(os.Getpid(), "vigie", port)
	want := []Holder{{99, "minicom"}, {812, "ModemManager"}}
	require.Equal(t, want, tr.Holders(port))
	require.Equal(t, want, tr.Holders(link))
	require.Equal(t, "ModemManager (pid 812)", want[1].String())

	var e *PortError
	require.ErrorAs(t, busy(port, want, nil), &e)
	require.ErrorContains(t, e, "held by minicom (pid 99), ModemManager (pid 812)")
	require.Contains(t, e.Hint(), "udev")
}

func TestSystemErrorsAreExplained(t *testing.T) {
	for _, tc := range []struct {
		cause, want error
		hint        string
	}{
		{os.ErrPermission, ErrPermission, "usermod -aG vigie"},
		{syscall.EBUSY, ErrBusy, "ModemManager"},
		{syscall.ENXIO, ErrUnplugged, "out and in again"},
		{syscall.ENOENT, ErrMissing, "vigie probe"},
	} {
		err := Host{Proc: t.TempDir()}.explain("/dev/ttyUSB2", tc.cause)
		require.ErrorIs(t, err, tc.want)
		var e *PortError
		require.ErrorAs(t, err, &e)
		require.Contains(t, e.Hint(), tc.hint)
	}
	odd := errors.New("odd")
	require.ErrorIs(t, Host{}.explain("/dev/ttyUSB2", odd), odd)
}

// FuzzSysfs: whatever is in the files of a device, Find gives ports and no panic.
func FuzzSysfs(f *testing.F) {
	f.Add("2c7c", "0125", "02", "Q7")
	f.Add("", "zz", "", "\x00")
	f.Fuzz(func(t *testing.T, vid, pid, iface, serial string) {
		tr := newTree(t)
		tr.plug(device{path: "1-1", vid: vid, pid: pid, serial: serial, ports: map[string]string{"02": "ttyUSB2"}})
		tr.write(filepath.Join(tr.Sys, "devices/pci0000:00/usb1/1-1/1-1:1.2/bInterfaceNumber"), iface)
		ports, err := tr.Find()
		require.NoError(t, err)
		require.Len(t, ports, 1)
		if ports[0].Identity != "" {
			_, err = tr.Lookup(ports[0].Identity)
			require.NoError(t, err)
		}
	})
}
