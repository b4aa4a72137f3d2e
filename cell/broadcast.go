package cell

import (
	"strings"
	"time"
)

// Broadcast is what one cell says of itself: its system information as far as it was received, merged over its blocks (TS 36.331
// clause 6.3.1). The cell is known by RAT, channel and PCI. A list that is nil was not received; an empty one was, and is empty.
type Broadcast struct {
	Time       time.Time // when the last of it was received
	Sensor     string
	RAT        RAT
	ARFCN      Opt[uint32] // downlink channel
	PCI        Opt[uint16]
	PLMNs      []string    // "001-01"
	Area       Opt[Area]   // TAC
	CellID     Opt[uint64] // ECI
	Band       Opt[Band]   // band indicator; 64 is a placeholder, as it was sent
	Barred     Opt[bool]
	Reselect   Opt[bool]  // intraFreqReselection: a barred cell allows others of its frequency
	CSG        Opt[bool]  // only for members of a closed group
	QRxLevMin  Opt[int]   // dBm
	SICount    Opt[int]   // messages of system information that it schedules
	ValueTag   Opt[int]   // counts the changes of system information, 0..31
	SIBs       []int      // numbers of the blocks that were received
	Priority   Opt[uint8] // cellReselectionPriority of its own frequency
	Carriers   []Carrier  // frequencies that it names for reselection
	Neighbours []int      // PCI of the cells that it names on its own frequency
	Changed    []string   // keys that differ from what the cell said before; empty: first heard, or repeated daily
}

// Carrier is a frequency that a cell names for reselection.
type Carrier struct {
	RAT      RAT
	ARFCN    uint32
	Priority Opt[uint8] // 0..7
}

func (r *Broadcast) When() time.Time { return r.Time }
func (r *Broadcast) From() string    { return r.Sensor }

// Cell returns the cell that the broadcast is of, with the first of its networks.
func (r *Broadcast) Cell() Cell {
	c := Cell{RAT: r.RAT, Area: r.Area, ID: r.CellID, PCI: r.PCI, ARFCN: r.ARFCN, Priority: r.Priority}
	if b, ok := r.Band.Get(); ok && b.Name(r.RAT) != "" {
		c.Band = r.Band
	}
	if len(r.PLMNs) > 0 {
		c.MCC, c.MNC, _ = strings.Cut(r.PLMNs[0], "-")
	}
	return c
}
