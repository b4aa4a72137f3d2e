package modem

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

// quectel is the layout of nearly all Quectel modules on Qualcomm chips (77-mm-quectel-port-types.rules of
// ModemManager).
var quectel = map[uint8]Role{0: DIAG, 1: NMEA, 2: AT, 3: PPP}

// simcom is the layout of SIM7600, SIM7906 and SIM82xx, and of SIM7000 and SIM7070 but for the last port
// (77-mm-simtech-port-types.rules of ModemManager).
var simcom = map[uint8]Role{0: DIAG, 1: NMEA, 2: AT, 3: PPP}

// sierra is the layout of the Sierra modules (77-mm-sierra.rules of ModemManager).
var sierra = map[uint8]Role{0: DIAG, 2: NMEA, 3: AT}

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
	{0x1e0e, 0x9001, "SIMCom SIM7600, SIM7906, SIM82xx", simcom},
	{0x1e0e, 0x9003, "SIMCom SIM7600 (MBIM)", nil},
	{0x1e0e, 0x9011, "SIMCom A7670", map[uint8]Role{4: AT, 5: PPP}},
	{0x1e0e, 0x9078, "SIMCom SIM8230G", nil},
	{0x1e0e, 0x9100, "SIMCom", map[uint8]Role{3: AT}},
	{0x1e0e, 0x9200, "SIMCom", map[uint8]Role{3: AT}},
	{0x1e0e, 0x9205, "SIMCom SIM7070, SIM7080", map[uint8]Role{0: DIAG, 1: NMEA, 2: AT}},
	{0x1e0e, 0x9206, "SIMCom SIM7070, SIM7080", map[uint8]Role{0: DIAG, 1: NMEA, 2: AT}},
	{0x1199, 0x68a2, "Sierra MC7710, MC73xx", sierra},
	{0x1199, 0x9041, "Sierra MC73xx", sierra},
	{0x1199, 0x9071, "Sierra EM7455, MC7455", sierra},
	{0x1199, 0x9079, "Sierra EM7455 (Lenovo)", sierra},
	{0x1199, 0x9091, "Sierra EM75xx", sierra},
	{0x1199, 0x90d3, "Sierra EM91xx", sierra},
	{0x413c, 0x81b6, "Dell DW5811e", sierra},
	{0x1bc7, 0x1003, "Telit UC864", map[uint8]Role{0: PPP, 2: AT}},
	{0x1bc7, 0x1031, "Telit LE910C1-EUX", map[uint8]Role{0: DIAG, 1: PPP, 2: AT}},
	{0x1bc7, 0x1033, "Telit LE910C1-EUX", map[uint8]Role{0: DIAG, 1: PPP, 2: AT}},
	{0x1bc7, 0x1040, "Telit LM940, LM960", map[uint8]Role{0: DIAG, 4: PPP, 5: AT}},
	{0x1bc7, 0x1041, "Telit LM940, LM960 (MBIM)", map[uint8]Role{5: PPP, 6: AT}},
	{0x1bc7, 0x1201, "Telit LE910Cx", nil},
	{0x1bc7, 0x1900, "Telit LN940 (Foxconn)", nil},
	{0x1bc7, 0x1901, "Telit LN940 (Foxconn)", nil},
	{0x413c, 0x81d7, "Dell DW5821e (Foxconn)", map[uint8]Role{2: PPP, 3: AT}},
	{0x413c, 0x81e0, "Dell DW5821e with eSIM (Foxconn)", map[uint8]Role{2: PPP, 3: AT}},
	{0x0489, 0xe0b4, "Foxconn T77W968", map[uint8]Role{2: PPP, 3: AT}},
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
