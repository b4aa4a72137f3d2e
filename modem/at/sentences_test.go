package at

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
)

// What a rule says of a cell, in a sentence, is no identity of a subscriber.
func TestSentencesSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cell.Cell{RAT: rapid.SampledFrom([]cell.RAT{cell.UnknownRAT, cell.GSM, cell.UMTS, cell.LTE, cell.NR}).Draw(t, "rat")}
		c.MCC, c.MNC = rapid.SampledFrom([]string{"262", "310", "001"}).Draw(t, "mcc"), rapid.SampledFrom([]string{"01", "410"}).Draw(t, "mnc")
		c.Area = cell.Some(cell.Area(rapid.Uint32Range(0, uint32(c.RAT.MaxArea())).Draw(t, "area")))
		c.ID = cell.Some(rapid.Uint64Range(0, c.RAT.MaxCellID()).Draw(t, "id"))
		c.PCI, c.ARFCN = cell.Some(rapid.Uint16Range(0, 1007).Draw(t, "pci")), cell.Some(rapid.Uint32Range(0, 3279165).Draw(t, "arfcn"))
		id := cell.Describe(&c)
		number := rapid.Uint64Range(0, 1<<36-1).Draw(t, "number")
		for _, sentence := range []string{id, id + " was never seen here, where one change of cell in 40 brings a new one", "the modem left " + id + " for 12 s, for " + id + ", and came back",
			"la cellule LTE " + decimal(number) + " (zone 4660)", "the LTE cell " + decimal(number) + " (area 4660)", id + " has a cell number " + decimal(number) + ", as none of the 12 cells",
			"cell_id " + decimal(number), "2026-11-23T20:00:00.123Z " + id, "read 12,345 records from 2026-11-23 20:00:00 to 2026-11-24 20:00:00"} {
			got, n := Scrub(sentence)
			require.Equal(t, sentence, got)
			require.Zero(t, n)
		}
	})
}

func decimal(n uint64) string {
	b := []byte{byte('0' + n%10)}
	for n /= 10; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}
