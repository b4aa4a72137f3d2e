package storage

import (
	_ "embed"
	"strings"
	"sync"

	"vigie/cell"
)

// The networks that exist. Whoever runs a cell chooses its PLMN, and every value of a tag costs the server memory for
// ever: only networks of this list become a tag.
//
//go:embed plmn.txt
var plmnText string

var plmns = sync.OnceValue(func() map[cell.PLMN]string {
	known := map[cell.PLMN]string{}
	for line := range strings.Lines(plmnText) {
		codes := strings.Fields(line)
		if len(codes) == 0 || codes[0] == "#" {
			continue
		}
		for _, mnc := range codes[1:] {
			p := cell.PLMN{MCC: codes[0], MNC: mnc}
			known[p] = p.String()
		}
	}
	return known
})

// existing is the PLMN as MCC-MNC when a network of that name exists, however the modem printed it; else "".
func existing(p cell.PLMN) string {
	if !p.Known() {
		return ""
	}
	if name := plmns()[p]; name != "" {
		return name
	}
	if name := plmns()[p.Canonical()]; name != "" {
		return name
	}
	if len(p.MNC) == 2 { // a modem that prints two digits of three drops the last
		if q := (cell.PLMN{MCC: p.MCC, MNC: p.MNC + "0"}); q.Same(p) {
			return plmns()[q]
		}
	}
	return ""
}
