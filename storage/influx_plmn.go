package storage

import "vigie/cell"

// existing is the PLMN as MCC-MNC when a network of that name exists, however the modem printed it; else "". Whoever runs a
// cell chooses its PLMN, and every value of a tag costs the server memory for ever: only networks that exist become a tag.
func existing(p cell.PLMN) string {
	if n := p.Listed(); n.Exists() {
		return n.Code
	}
	return ""
}
