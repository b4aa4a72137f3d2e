package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/cmd/vigie/modems"
	"vigie/modem"
	"vigie/modem/dialect"
	"vigie/modem/emulator"
	"vigie/monitor"
	"vigie/monitor/pipeline"
	"vigie/storage"
)

// usbTree is a made-up sysfs in which modems come and go.
type usbTree struct {
	modem.Host
	t *testing.T
}

func newUSBTree(t *testing.T) *usbTree {
	dir := t.TempDir()
	tr := &usbTree{modem.Host{Sys: dir + "/sys", Dev: dir + "/dev", Proc: dir + "/proc"}, t}
	for _, d := range []string{tr.Sys + "/class/tty", tr.Dev, tr.Proc} {
		require.NoError(t, os.MkdirAll(d, 0o755))
	}
	return tr
}

// plug makes the AT port name appear behind a socket.
func (tr *usbTree) plug(socket, vid, pid, iface, name string) {
	device := filepath.Join(tr.Sys, "devices/usb1", socket)
	port := filepath.Join(device, socket+":1.2", name, "tty", name)
	require.NoError(tr.t, os.MkdirAll(port, 0o755))
	for file, text := range map[string]string{"idVendor": vid, "idProduct": pid, socket + ":1.2/bInterfaceNumber": iface} {
		require.NoError(tr.t, os.WriteFile(filepath.Join(device, file), []byte(text+"\n"), 0o644))
	}
	require.NoError(tr.t, os.Symlink(port, filepath.Join(tr.Sys, "class/tty", name)))
}

func (tr *usbTree) unplug(socket, name string) {
	require.NoError(tr.t, os.Remove(filepath.Join(tr.Sys, "class/tty", name)))
	require.NoError(tr.t, os.RemoveAll(filepath.Join(tr.Sys, "devices/usb1", socket)))
}

// stick is one modem of the test below.
type stick struct {
	family, socket, vid, pid string
	scenario                 string
	area                     uint64
	cell                     uint64
	pci                      uint64
}

const reporting = `
setting +CREG 0 of 0 1 2
setting +CEREG 0 of 0 1 2 3
setting +COPS 3,0 of 3,0 3,1 3,2
answer AT+CPIN?
  +CPIN: READY
`

var sticks = []stick{
	{"quectel", "1-1.1", "2c7c", "0125", `
answer AT+CGMI
  Quectel
answer AT+CGMM
  EC25
answer AT+CGMR
  EC25EFAR06A06M4G
answer AT+QENG="servingcell"
  +QENG: "servingcell","NOCONN","LTE","FDD",272,03,A81A02,101,1300,3,5,5,1234,-96,-11,-65,12,30
register +CEREG 1,"1234","0A81A02",7`, 0x1234, 0xA81A02, 101},
	{"telit", "1-1.2", "1bc7", "1201", `
answer AT+CGMI
  Telit
answer AT+CGMM
  LE910C1-EU
answer AT+CGMR
  25.20.204
answer AT#RFSTS
  #RFSTS: "310 260",66786,-101,-68,-13,2D18,255,,640,1,0,3089F02,"000000000000000","T-Mobile",3,66
answer AT#MONI
  #MONI: RSRP:-101 RSRQ:-13 Id:00000EC EARFCN:66786 PWR:-68dbm
register +CEREG 1,"2D18","3089F02",7`, 0x2d18, 0x3089f02, 0xec},
	{"huawei", "1-1.3", "12d1", "1506", `
answer AT+CGMI
  Huawei Technologies Co., Ltd.
answer AT+CGMM
  ME909s-120
answer AT+CGMR
  11.617.01.00.00
answer AT^MONSC
  ^MONSC: LTE,460,00,1825,6A3E81F,57,1A2D,-89,-8,-60
answer AT^HCSQ?
  ^HCSQ:"LTE",53,51,181,23`, 0x1a2d, 0x6a3e81f, 0x57},
	{"nordic", "1-1.4", "1915", "910a", `
answer AT+CGMI
  Nordic Semiconductor ASA
answer AT+CGMM
  nRF9160-SICA
answer AT+CGMR
  mfw_nrf9160_1.3.5
answer AT%XMONITOR
  %XMONITOR: 1,"","","310260","5A0D",7,4,"02FA2A0C",335,2000,54,21,"","11100000","11100000"
register +CEREG 1,"5A0D","02FA2A0C",7`, 0x5a0d, 0x02fa2a0c, 335},
}

// Four modems of four families are watched at once, each as its own sensor with its own cell. One is unplugged and comes
// back under another name; that is a gap of its sensor, and none of the others'.
func TestWatchFourModems(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	tree := newUSBTree(t)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	emulators := map[string]*emulator.Emulator{}
	for i, s := range sticks {
		scenario, err := emulator.Parse("model "+s.family+reporting+s.scenario, nil)
		require.NoError(t, err)
		name := ""
		em, err := emulator.Start(t.Context(), scenario, emulator.Options{
			Link: func(n int) string { return filepath.Join(tree.Dev, fmt.Sprintf("ttyUSB%d", i+10*n)) },
			Attached: func(path string) {
				if path == "" {
					tree.unplug(s.socket, name)
					return
				}
				name = filepath.Base(path)
				tree.plug(s.socket, s.vid, s.pid, "02", name)
			}})
		require.NoError(t, err)
		t.Cleanup(em.Close)
		emulators[s.family] = em
	}
	var out, stderr bytes.Buffer
	p := &console.Program{Out: console.New(&out, "never"), Err: console.New(&stderr, "never")}
	ports, err := monitor.FindModems(ctx, tree.Host, func(string) {})
	require.NoError(t, err)
	require.Len(t, ports, len(sticks))
	conf := config.Config{Sensor: "roof", Mode: cell.Fixed}
	for _, port := range ports {
		conf.Modem = append(conf.Modem, config.Modem{Port: port.Device, USB: port.Socket(), Fast: config.Duration(30 * time.Millisecond), Slow: config.Duration(100 * time.Millisecond)})
	}
	modems, err := modems.Choose(ctx, p, conf)
	require.NoError(t, err)

	db := filepath.Join(t.TempDir(), "s.db")
	store, err := storage.Open(ctx, db, storage.Options{Create: true})
	require.NoError(t, err)
	for i := range modems {
		modems[i].Host, modems[i].Retry = tree.Host, 20*time.Millisecond
	}
	log := watchLog{out: p.Out, several: true}
	state := monitor.NewState(time.Now)
	for _, m := range modems {
		state.Watch(m.Sensor, m.Slow)
	}
	l := pipeline.New(pipeline.Options{NewEngine: conf.NewEngine(analyzer.Atlas{}), Store: store, OnEvent: func(e analyzer.Event) { log.show(state.Event(e)) }})
	seen := map[string]int{}
	unplugged, back := false, false
	l.OnRecord = func(r cell.Record) {
		log.show(state.Record(r))
		switch r := r.(type) {
		case *cell.Observation:
			if r.Serving != nil && r.Serving.ID.Known() {
				seen[r.From()]++
			}
		case *cell.Gap:
			back = back || !r.Until.IsZero()
		}
		enough := true
		for _, s := range sticks {
			enough = enough && seen["roof-"+s.socket] >= 5
		}
		switch {
		case enough && !unplugged:
			unplugged = true
			clear(seen)
			pull, err := emulator.Parse("unplug 300ms", nil)
			require.NoError(t, err)
			go emulators["telit"].Play(pull)
		case enough && back:
			stop()
		}
	}
	require.NoError(t, monitor.Watch(ctx, l, modems...))
	require.NoError(t, l.Close(t.Context()))
	require.NoError(t, store.Close())
	require.True(t, back, "the time ran out: %s%s", out.String(), stderr.String())

	exported, _, status := vigie(t, "export", "--store", db, "-")
	require.Zero(t, status)
	reader := cell.NewReader(strings.NewReader(exported), "export")
	gaps := map[string]int{}
	for {
		r, err := reader.Next()
		if err != nil {
			break
		}
		switch r := r.(type) {
		case *cell.Gap:
			gaps[r.Sensor]++
		case *cell.Observation:
			s := sticks[strings.IndexByte("1234", r.Sensor[len(r.Sensor)-1])]
			require.Equal(t, "roof-"+s.socket, r.Sensor)
			if c := r.Serving; c != nil {
				require.EqualValues(t, s.area, c.Area.Or(cell.Area(s.area)), "%s %v", s.family, r.Raw)
				require.Equal(t, s.cell, c.ID.Or(s.cell), "%s %v", s.family, r.Raw)
				require.EqualValues(t, s.pci, c.PCI.Or(uint16(s.pci)), "%s %v", s.family, r.Raw)
			}
		}
	}
	require.Equal(t, map[string]int{"roof-1-1.2": 2}, gaps, "only the modem that was unplugged was blind, told at its beginning and its end")
	list, err := dialect.Commands()
	require.NoError(t, err)
	allowed := map[string]bool{}
	for _, c := range list.All() {
		allowed[strings.TrimRight(c.Bytes, "\r")] = true
	}
	for _, s := range sticks {
		require.Contains(t, out.String(), "roof-"+s.socket+": modem ")
		for _, got := range emulators[s.family].Received() {
			require.True(t, allowed[got], "%q was written to the %s", got, s.family)
		}
		require.Equal(t, "3,0", emulators[s.family].Settings()["+COPS"], "put back at the end")
	}
}

func TestSensorNames(t *testing.T) {
	choose := func(toml string, args ...string) ([]modem.Config, error) {
		conf, err := config.Read(writeFile(t, t.TempDir(), "v.toml", toml))
		if err != nil {
			return nil, err
		}
		cmd := WatchCmd{Port: args}
		cmd.merge(&conf)
		return modems.Choose(t.Context(), nil, conf)
	}
	names := func(toml string, args ...string) (all []string) {
		modems, err := choose(toml, args...)
		require.NoError(t, err)
		for _, m := range modems {
			all = append(all, m.Sensor+" "+cmp.Or(m.Device, m.Identity))
		}
		return all
	}
	require.Equal(t, []string{"vigie /dev/ttyUSB2"}, names("", "/dev/ttyUSB2"))
	require.Equal(t, []string{"vigie-ttyUSB2 /dev/ttyUSB2", "vigie-ttyUSB6 /dev/ttyUSB6"}, names("", "/dev/ttyUSB2", "/dev/ttyUSB6"))
	require.Equal(t, []string{"roof /dev/a"}, names("sensor = 'roof'\n[modem]\nport = '/dev/a'"))
	require.Equal(t, []string{"south usb:2c7c:0125:1-1.4:02", "roof-b /dev/b"},
		names("sensor = 'roof'\n[[modem]]\nusb = 'usb:2c7c:0125:1-1.4:02'\nsensor = 'south'\n[[modem]]\nport = '/dev/b'"))
	require.Equal(t, []string{"vigie-1-1.4 usb:2c7c:0125:1-1.4:02", "vigie-b /dev/b"},
		names("[[modem]]\nusb = 'usb:2c7c:0125:1-1.4:02'\n[[modem]]\nport = '/dev/b'"))
	for toml, want := range map[string]string{
		"[[modem]]\nport = '/dev/a'\nsensor = 'x'\n[[modem]]\nport = '/dev/b'\nsensor = 'x'": `two modems have the sensor name "x"`,
		"[[modem]]\nport = '/dev/a'\n[[modem]]\nfast = '1s'":                                 "number 2 names no modem",
		"[[modem]]\nport = '/dev/a'\nprot = 1":                                               `unknown key "modem.prot"`,
		"[modem]\nfast = '0s'":                                                               "not a duration",
	} {
		_, err := choose(toml)
		require.ErrorContains(t, err, want)
	}
}

// A modem that cannot be watched is reported with a hint, and the others are watched.
func TestWatchGoesOnWithoutOneModem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	scenario := "model nordic" + reporting + sticks[3].scenario + "\nat 6s\nnote end"
	em, ctx := emulate(t, scenario, emulator.Options{})
	db := filepath.Join(dir, "s.db")
	var out, stderr bytes.Buffer
	status := run(ctx, []string{"watch", "--port", filepath.Join(dir, "ttyUSB9"), "--port", em.Path(), "--store", db}, nil, &out, &stderr)
	require.Zero(t, status, stderr.String())
	require.Contains(t, stderr.String(), "vigie: vigie-ttyUSB9: ")
	require.Contains(t, stderr.String(), "no such port\nhint: is the modem plugged in?")
	exported, _, status := vigie(t, "export", "--store", db, "-")
	require.Zero(t, status)
	require.Contains(t, exported, `"sensor":"vigie-`+filepath.Base(em.Path())+`"`)

	stderr.Reset()
	status = run(t.Context(), []string{"watch", "--port", filepath.Join(dir, "a"), "--port", filepath.Join(dir, "b"), "--store", db}, nil, &out, &stderr)
	require.Equal(t, 1, status, "none is left")
	require.Contains(t, stderr.String(), "/a: no such port")
	require.Contains(t, stderr.String(), "/b: no such port")
}
