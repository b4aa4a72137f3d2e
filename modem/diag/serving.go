package diag

import "fmt"

// Log codes of LTE RRC that describe the cell itself.
const (
	LogMIB     = 0xB0C1
	LogServing = 0xB0C2
)

// Serving is the cell that the modem uses, log packet 0xB0C2.
type Serving struct {
	PCI                          uint16
	DownlinkEARFCN, UplinkEARFCN uint32
	DownlinkRBs, UplinkRBs       byte   // bandwidth in resource blocks
	CellID                       uint32 // 28 bits
	TAC                          uint16
	Band                         uint32
	MCC, MNC                     string // digits
}

// ParseServing reads a log packet 0xB0C2, versions 2 (EARFCNs of 16 bits) and 3 (of 32):
//
//	version, u16 PCI, downlink EARFCN, uplink EARFCN, u8 downlink bandwidth, u8 uplink bandwidth, u32 cell identity, u16 TAC,
//	u32 band, u16 MCC, u8 digits of the MNC, u16 MNC, u8 access
//
// Errors are SkipErrors.
func ParseServing(body []byte) (Serving, error) {
	r := reader{p: body}
	version := r.u8()
	s := Serving{PCI: r.u16()}
	switch version {
	case 2:
		s.DownlinkEARFCN, s.UplinkEARFCN = uint32(r.u16()), uint32(r.u16())
	case 3:
		s.DownlinkEARFCN, s.UplinkEARFCN = r.u32(), r.u32()
	default:
		return Serving{}, SkipError(fmt.Sprintf("version_%d", version))
	}
	s.DownlinkRBs, s.UplinkRBs = r.u8(), r.u8()
	s.CellID, s.TAC, s.Band = r.u32(), r.u16(), r.u32()
	mcc, digits, mnc := r.u16(), r.u8(), r.u16()
	if r.short {
		return Serving{}, SkipError("short")
	}
	if mcc > 999 || digits != 2 && digits != 3 || mnc > 999 || digits == 2 && mnc > 99 || s.CellID >= 1<<28 {
		return Serving{}, SkipError("value")
	}
	s.MCC, s.MNC = fmt.Sprintf("%03d", mcc), fmt.Sprintf("%0*d", digits, mnc)
	return s, nil
}

// MIB is what the master information block of a cell says, with the cell, log packet 0xB0C1.
type MIB struct {
	PCI      uint16
	EARFCN   uint32
	SFN      uint16
	Antennas byte
	RBs      byte // downlink bandwidth in resource blocks
}

// ParseMIB reads a log packet 0xB0C1, versions 1 (EARFCN of 16 bits) and 2 (of 32); version 17 is NB-IoT:
//
//	version, u16 PCI, EARFCN, u16 SFN, u8 antennas, u8 bandwidth
//
// Errors are SkipErrors.
func ParseMIB(body []byte) (MIB, error) {
	r := reader{p: body}
	version := r.u8()
	m := MIB{PCI: r.u16()}
	switch version {
	case 1:
		m.EARFCN = uint32(r.u16())
	case 2:
		m.EARFCN = r.u32()
	case 17:
		return MIB{}, SkipError("nb_iot")
	default:
		return MIB{}, SkipError(fmt.Sprintf("version_%d", version))
	}
	m.SFN, m.Antennas, m.RBs = r.u16(), r.u8(), r.u8()
	if r.short {
		return MIB{}, SkipError("short")
	}
	return m, nil
}
