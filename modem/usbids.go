package modem

import (
	_ "embed"
	"fmt"
	"strings"
)

// Role is what a serial port of a modem is for.
type Role string

// The roles. The empty Role is unknown.
const (
	AT   Role = "AT"   // answers AT commands, and has no other use
	PPP  Role = "PPP"  // answers AT commands, and carries data when a program dials
	NMEA Role = "NMEA" // prints positions
	DIAG Role = "DIAG" // diagnostic protocol of the chip vendor
)

// Model is one USB id and the serial ports behind it, by interface number.
type Model struct {
	VID, PID uint16
	Name     string
	Ports    map[uint8]Role
}

// usbIDs has a modem on each line. Adding one is one line; the udev file names the same ids, and a test compares the two.
//
//go:embed usbids.txt
var usbIDs string

// Models are the modems whose ports are known.
var Models = func() (models []Model) {
	for line := range strings.Lines(usbIDs) {
		var m Model
		var ports string
		if n, _ := fmt.Sscanf(line, "%x:%x %s", &m.VID, &m.PID, &ports); n < 3 {
			continue // a comment
		}
		_, name, _ := strings.Cut(line, ports)
		m.Name = strings.TrimSpace(name)
		for port := range strings.SplitSeq(ports, ",") {
			if interfaceNumber, role, ok := strings.Cut(port, ":"); ok {
				if m.Ports == nil {
					m.Ports = map[uint8]Role{}
				}
				m.Ports[interfaceNumber[0]-'0'] = Role(role)
			}
		}
		models = append(models, m)
	}
	return models
}()

// ModelOf finds a modem by its USB id.
func ModelOf(vid, pid uint16) (Model, bool) {
	for _, m := range Models {
		if m.VID == vid && m.PID == pid {
			return m, true
		}
	}
	return Model{}, false
}

// RoleOf returns the role of an interface of a modem; empty if unknown.
func RoleOf(vid, pid uint16, iface uint8) Role {
	m, _ := ModelOf(vid, pid)
	return m.Ports[iface]
}

// Candidates are the ports on which to look for a modem, best first: for each device the port that is known to answer AT
// commands, or all its ports in order of their interfaces if none is known.
func Candidates(ports []Port) []Port {
	var best, maybe []Port
	for _, p := range ports {
		m, known := ModelOf(p.VID, p.PID)
		switch {
		case p.Role == AT, p.VID == 0:
			best = append(best, p)
		case p.Role == "" && (!known || m.Ports == nil):
			maybe = append(maybe, p)
		}
	}
	return append(best, maybe...)
}
