package analyzer

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
)

// An Ident gives the same answers as the cell from which it was read.
func TestIdentIsCellIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one := func(label string) cell.Cell {
			c := cell.Cell{RAT: rapid.SampledFrom([]cell.RAT{cell.GSM, cell.LTE}).Draw(t, label+" rat")}
			p := rapid.SampledFrom([]cell.PLMN{{}, {MCC: "1", MNC: "1"}, {MCC: "001", MNC: "01"}, {MCC: "272", MNC: "03"}}).Draw(t, label+" plmn")
			c.MCC, c.MNC = p.MCC, p.MNC
			if n := rapid.IntRange(0, 2).Draw(t, label+" id"); n > 0 {
				c.ID = cell.Some(uint64(n))
			}
			if n := rapid.IntRange(0, 2).Draw(t, label+" pci"); n > 0 {
				c.PCI = cell.Some(uint16(n))
			}
			if n := rapid.IntRange(0, 2).Draw(t, label+" arfcn"); n > 0 {
				c.ARFCN = cell.Some(uint32(n))
			}
			return c
		}
		a, b := one("a"), one("b")
		e := New(nil, Options{})
		i, j := e.ident(&a), e.ident(&b)
		require.Equal(t, cell.SameIdentity(&a, &b), i.SameIdentity(&j))
	})
}
