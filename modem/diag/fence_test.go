package diag

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The complete list, as it is on the wire.
func TestFixedOnTheWire(t *testing.T) {
	want := []string{
		"0078f07e", "1c952a7e", "7c93497e", "6000126a7e", "7d5d0500000000000074417e", "7300000000000000da817e", "7300000001000000619d7e",
	}
	var got []string
	for _, c := range Fixed() {
		require.NoError(t, Passes(c.Content))
		require.NotEmpty(t, c.Why)
		got = append(got, hex.EncodeToString(AppendFrame(nil, c.Content)))
	}
	require.Equal(t, want, got)
}

func TestNothingElsePasses(t *testing.T) {
	listed := map[string]bool{}
	for _, c := range Fixed() {
		listed[string(c.Content)] = true
	}
	for b := range 256 {
		for _, content := range [][]byte{{byte(b)}, {byte(b), 0}, append([]byte{byte(b)}, make([]byte, 7)...), append([]byte{byte(b)}, make([]byte, 20)...)} {
			require.Equal(t, listed[string(content)], Passes(content) == nil, "%x", content)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 1_000_000 {
		content := make([]byte, r.IntN(24))
		for i := range content {
			content[i] = byte(r.Uint32())
		}
		if len(content) > 8 && r.IntN(2) == 0 {
			copy(content, []byte{logConfig, 0, 0, 0, byte(r.IntN(5)), 0, 0, 0})
		}
		if Passes(content) == nil && !listed[string(content)] {
			require.True(t, isMask(content), "%x", content)
		}
	}
	require.Error(t, Passes(nil))
}

func TestLogMask(t *testing.T) {
	wanted := map[uint16]bool{}
	for _, code := range Wanted {
		wanted[code] = true
	}
	require.False(t, wanted[0x11EB], "user traffic")
	for equipment := -1; equipment <= 16; equipment++ {
		for items := 0; items <= maxItems; items++ {
			c, err := LogMask(equipment, items)
			if equipment != 4 && equipment != 5 && equipment != 7 && equipment != 0xB {
				require.Error(t, err)
				break
			}
			require.NoError(t, err)
			bits := c.Content[16:]
			if len(bits) != (items+7)/8 {
				t.Fatalf("%d items have %d bytes", items, len(bits))
			}
			for i := range len(bits) * 8 {
				if on := bits[i/8]>>(i%8)&1 == 1; on != (wanted[uint16(equipment<<12|i)] && i < items) {
					t.Fatalf("equipment %d, %d items: item %d", equipment, items, i)
				}
			}
			if items%97 == 0 {
				require.NoError(t, Passes(c.Content))
			}
		}
	}
	_, err := LogMask(4, maxItems+1)
	require.Error(t, err)
	_, err = LogMask(4, -1)
	require.Error(t, err)
}

func TestMaskThatAsksForMore(t *testing.T) {
	c, err := LogMask(0xB, 0x200)
	require.NoError(t, err)
	for bit := range len(c.Content[16:]) * 8 {
		more := append([]byte(nil), c.Content...)
		if more[16+bit/8] |= 1 << (bit % 8); string(more) == string(c.Content) {
			continue
		}
		require.Error(t, Passes(more), "item %#x", bit)
	}
	require.Error(t, Passes(append(c.Content, 0)), "a byte too many")
	require.Error(t, Passes(c.Content[:len(c.Content)-1]))
	fewer := append([]byte(nil), c.Content...)
	clear(fewer[16:])
	require.NoError(t, Passes(fewer), "fewer logs do no harm")
}

func TestRefusalsSayWhy(t *testing.T) {
	for b, why := range map[byte]string{
		0x26: "NV", 0x27: "NV", 0x29: "resets", 0x02: "memory", 0x07: "memory", 0x4B: "files", 0x3A: "download", 0x0C: "who it is", 0x63: "who it is", 0x99: "not on the list",
	} {
		require.ErrorContains(t, Passes([]byte{b, 1, 2, 3}), why)
	}
}
