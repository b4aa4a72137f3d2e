package cell

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The lower edges of the first two and the last two buckets of every scale, and what is no bucket at all.
func TestIndexScales(t *testing.T) {
	dbm := func(f func(int) Opt[DBm]) func(int) (float64, bool) {
		return func(n int) (float64, bool) { v, ok := f(n).Get(); return float64(v), ok }
	}
	db := func(f func(int) Opt[DB]) func(int) (float64, bool) {
		return func(n int) (float64, bool) { v, ok := f(n).Get(); return float64(v), ok }
	}
	for _, c := range []struct {
		name  string
		of    func(int) (float64, bool)
		edges map[int]float64
		last  int
	}{
		{"<rssi>, TS 27.007 8.5", dbm(RSSIFromCSQ), map[int]float64{0: -113, 1: -111, 2: -109, 30: -53, 31: -51}, 31},
		{"<rxlev>, TS 45.008 8.1.4", dbm(RSSIFromRxLev), map[int]float64{0: -111, 1: -110, 2: -109, 62: -49, 63: -48}, 63},
		{"<rscp>, TS 27.007 8.69", dbm(RSCPFromIndex), map[int]float64{0: -121, 1: -120, 2: -119, 95: -26, 96: -25}, 96},
		{"<ecno>, TS 27.007 8.69", db(EcNoFromIndex), map[int]float64{0: -24.5, 1: -24, 2: -23.5, 48: -0.5, 49: 0}, 49},
		{"<rsrp>, TS 36.133 9.1.4", dbm(RSRPFromIndex), map[int]float64{0: -141, 1: -140, 2: -139, 96: -45, 97: -44}, 97},
		{"<rsrq>, TS 36.133 9.1.7", db(RSRQFromIndex), map[int]float64{0: -20, 1: -19.5, 2: -19, 33: -3.5, 34: -3}, 34},
		{"<ss_rsrp>, TS 38.133 10.1.6", dbm(SSRSRPFromIndex), map[int]float64{0: -157, 1: -156, 2: -155, 125: -32, 126: -31}, 126},
		{"<ss_rsrq>, TS 38.133 10.1.11", db(SSRSRQFromIndex), map[int]float64{0: -43.5, 1: -43, 2: -42.5, 125: 19, 126: 19.5}, 126},
		{"<ss_sinr>, TS 38.133 10.1.16", db(SSSINRFromIndex), map[int]float64{0: -23.5, 1: -23, 2: -22.5, 126: 39.5, 127: 40}, 127},
	} {
		for n, want := range c.edges {
			v, ok := c.of(n)
			require.True(t, ok, "%s: %d", c.name, n)
			require.Equal(t, want, v, "%s: %d", c.name, n)
		}
		require.Contains(t, c.edges, c.last)
		before := c.edges[0]
		for n := 1; n <= c.last; n++ {
			v, ok := c.of(n)
			require.True(t, ok, "%s: %d", c.name, n)
			require.Equal(t, c.edges[2]-c.edges[1], v-before, "%s: the step to %d", c.name, n)
			before = v
		}
		for _, n := range []int{-1, c.last + 1, 128, 255, 65535, -32768} {
			v, ok := c.of(n)
			require.False(t, ok, "%s: %d", c.name, n)
			require.Zero(t, v)
		}
	}
	for _, of := range []func(int) Opt[DBm]{RSSIFromCSQ, RSSIFromRxLev} {
		require.False(t, of(99).Known(), "99 is not known")
	}
}

// Buckets and values that are printed outside 3GPP's tables: Nordic's manual on +CESQ, and an FM350 that answers
// +GTCCINFO with the index and +GTCAINFO with dBm.
func TestIndexesElsewhere(t *testing.T) {
	for n, want := range map[int]DBm{2: -139, 95: -46, 96: -45, 39: -102} {
		require.Equal(t, Some(want), RSRPFromIndex(n), "%d", n)
	}
	for n, want := range map[int]DB{2: -19, 32: -4, 33: -3.5} {
		require.Equal(t, Some(want), RSRQFromIndex(n), "%d", n)
	}
}
