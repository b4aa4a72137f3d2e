package modem

// Role is what a serial port of a modem is for.
type Role string

// The roles. "" is not known.
const (
	AT   Role = "AT"   // answers AT commands and nothing else uses it
	PPP  Role = "PPP"  // answers AT commands, and carries data when a program dials on it
	NMEA Role = "NMEA" // prints positions
	DIAG Role = "DIAG" // the maker's diagnostic protocol
)

// Model is one USB id and the serial ports behind it, by interface number.
type Model struct {
	VID, PID uint16
	Name     string
	Ports    map[uint8]Role
}

// quectel is the layout of nearly all Quectel modules on Qualcomm chips (77-mm-quectel-port-types.rules of
// ModemManager).
var quectel = map[uint8]Role{0: DIAG, 1: NMEA, 2: AT, 3: PPP}

// Models are the modems whose ports are known. Adding one is one line; the udev file names the same ids, and a test
// compares the two.
var Models = []Model{
	{0x2c7c, 0x0121, "Quectel EC21, EG21", quectel},
	{0x2c7c, 0x0125, "Quectel EC25, EG25", quectel},
	{0x2c7c, 0x0128, "Quectel EC2x", map[uint8]Role{3: DIAG, 4: NMEA, 5: AT}},
	{0x2c7c, 0x0191, "Quectel EG91", quectel},
	{0x2c7c, 0x0195, "Quectel EG95", quectel},
	{0x2c7c, 0x0296, "Quectel BG96", quectel},
	{0x2c7c, 0x0306, "Quectel EP06, EG06, EM06", quectel},
	{0x2c7c, 0x0512, "Quectel EM12, EG12, EG18", quectel},
	{0x2c7c, 0x0800, "Quectel RM500Q, RM502Q, RM505Q", quectel},
	{0x2c7c, 0x0801, "Quectel RM520N", quectel},
	{0x2c7c, 0x0620, "Quectel EM160", nil},
	{0x2c7c, 0x030b, "Quectel EG120K", nil},
	{0x2c7c, 0x0900, "Quectel RM500U", nil},
	{0x2c7c, 0x6005, "Quectel EC200A", nil},
	{0x2c7c, 0x6026, "Quectel EC200T", nil},
	{0x05c6, 0x9215, "Quectel EC20 (older)", nil},
	{0x2cb7, 0x0007, "Fibocom L850", map[uint8]Role{2: AT}},
	{0x2cb7, 0x0104, "Fibocom FM150, NL668", map[uint8]Role{0: DIAG, 1: AT}},
	{0x2cb7, 0x01a0, "Fibocom NL952, NL678", map[uint8]Role{2: AT}},
	{0x0e8d, 0x7126, "Fibocom FM350", nil},
	{0x0e8d, 0x7127, "Fibocom FM350", nil},
	{0x8087, 0x095a, "Fibocom L860", nil},
	{0x1508, 0x1001, "Fibocom L610", nil},
	{0x1546, 0x1010, "u-blox TOBY-L4", map[uint8]Role{6: AT}},
	{0x1546, 0x1102, "u-blox SARA-U2, LISA-U2", nil},
	{0x1546, 0x1107, "u-blox TOBY-R2", map[uint8]Role{4: AT, 6: NMEA}},
	{0x1546, 0x110a, "u-blox LARA-R2", map[uint8]Role{4: AT, 6: NMEA}},
	{0x1546, 0x1141, "u-blox TOBY-L2", nil},
	{0x1546, 0x1143, "u-blox TOBY-L2", nil},
	{0x1546, 0x1146, "u-blox TOBY-L2", nil},
	{0x05c6, 0x908b, "u-blox SARA-R4", map[uint8]Role{1: AT}},
	{0x12d1, 0x1506, "Huawei E3372, E3276, E353 (stick mode)", nil},
	{0x12d1, 0x155e, "Huawei E3372h-320", nil},
	{0x12d1, 0x156c, "Huawei (stick mode)", nil},
	{0x12d1, 0x1573, "Huawei ME909", nil},
	{0x12d1, 0x15c1, "Huawei ME909s", nil},
	{0x19d2, 0x0167, "ZTE MF821", nil},
	{0x19d2, 0x0189, "ZTE", nil},
	{0x19d2, 0x1275, "ZTE", nil},
	{0x19d2, 0x1432, "ZTE MF286", nil},
	{0x19d2, 0x1485, "ZTE MF286D", nil},
	{0x19d2, 0x1489, "ZTE MF286R", nil},
}

// ModelOf finds a modem by its USB id.
func ModelOf(vid, pid uint16) (Model, bool) {
	for _, m := range Models {
		if m.VID == vid && m.PID == pid {
			return m, true
		}
	}
	return Model{}, false
}

// RoleOf tells what an interface of a modem is for; "" when that is not known.
func RoleOf(vid, pid uint16, iface uint8) Role {
	m, _ := ModelOf(vid, pid)
	return m.Ports[iface]
}

// Candidates are the ports on which to look for a modem, best first: for each device the port known to answer AT
// commands; where nothing is known of its ports, all of them, from the first interface on.
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
