package cell

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// AreaName is what the RAT calls an area: LAC or TAC.
func (r RAT) AreaName() string {
	if r >= LTE {
		return "TAC"
	}
	return "LAC"
}

var (
	idNames      = [...]string{UnknownRAT: "CI", GSM: "CI", UMTS: "UCI", LTE: "ECI", NR: "NCI"}
	pciNames     = [...]string{UnknownRAT: "PCI", GSM: "BSIC", UMTS: "PSC", LTE: "PCI", NR: "PCI"}
	channelNames = [...]string{UnknownRAT: "channel", GSM: "ARFCN", UMTS: "UARFCN", LTE: "EARFCN", NR: "NR-ARFCN"}
)

// Describe names a cell in one line, in the terms of 3GPP: "LTE PLMN 206-01 (Proximus) TAC 4660 ECI 11020001 (eNB 43046/225)
// PCI 20 EARFCN 1300 (B3)". It leaves out what was not reported; an unknown RAT is "?". It is safe to print, whatever the
// cell says its MCC and MNC are.
func Describe(c *Cell) string {
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	rat := c.RAT
	if rat > NR {
		rat = UnknownRAT
	}
	add("%s", cmp.Or(rat.String(), "?"))
	if p := c.PLMN(); p != (PLMN{}) {
		if name := p.String(); digits(p.MCC+p.MNC) && len(name) <= len("310-260") {
			add(" PLMN %s", name)
		} else {
			add(" PLMN %+.20q", name)
		}
		if operator := p.Listed().Operator; operator != "" {
			add(" (%s)", operator)
		}
	}
	if a, ok := c.Area.Get(); ok {
		add(" %s %d", rat.AreaName(), a)
	}
	if id, ok := c.ID.Get(); ok {
		add(" %s %d", idNames[rat], id)
		switch rat {
		case LTE:
			add(" (eNB %d/%d)", ECI(id).ENB(), ECI(id).Sector())
		case UMTS:
			add(" (RNC %d/%d)", UCI(id).RNC(), UCI(id).CI())
		}
	}
	if p, ok := c.PCI.Get(); ok {
		add(" %s %d", pciNames[rat], p)
	}
	if n, ok := c.ARFCN.Get(); ok {
		add(" %s %d", channelNames[rat], n)
	}
	if band, ok := c.Band.Get(); ok && band.Name(rat) != "" {
		add(" (%s)", band.Name(rat))
	}
	return b.String()
}

// Levels are how a cell was heard, in one line: "RSRP -96 dBm, RSRQ -11 dB"; "" when nothing was measured. RSSI is left out
// where RSRP is known: it is the power of the whole channel, other cells and noise included.
func Levels(c *Cell) string {
	var w []string
	add := func(name string, v float64, unit string) {
		w = append(w, name+" "+strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)+" "+unit)
	}
	if v, ok := c.RSRP.Get(); ok {
		add("RSRP", float64(v), "dBm")
	}
	if v, ok := c.RSCP.Get(); ok {
		add("RSCP", float64(v), "dBm")
	}
	if v, ok := c.RSSI.Get(); ok && !c.RSRP.Known() {
		add("RSSI", float64(v), "dBm")
	}
	if v, ok := c.RSRQ.Get(); ok {
		add("RSRQ", float64(v), "dB")
	}
	if v, ok := c.EcIo.Get(); ok {
		add("Ec/Io", float64(v), "dB")
	}
	if v, ok := c.SINR.Get(); ok {
		add("SINR", float64(v), "dB")
	}
	return strings.Join(w, ", ")
}

// Heard names a cell and how strongly it was heard, in one line.
func Heard(c *Cell) string {
	if levels := Levels(c); levels != "" {
		return Describe(c) + ", " + levels
	}
	return Describe(c)
}
