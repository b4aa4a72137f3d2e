package air

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

// Messages with invented values, network 001-01. In "hidden", the bits that must be 0 after scrubbing, as what stays: the same
// bytes with them zeroed; empty: nothing is hidden.
var nasMessages = []struct {
	name, hex, hidden string
	dir               cell.Direction
	want              string // name and fields
	cut               bool
}{
	{"attach request with a GUTI", "0741 11 0b f6 00f110 8001 01 c0000001 02 8020 0009 0201 d011 d1 2702 8080 52 00f110 1234 5c 0a00 90 11 03 4f18a0",
		"0741 11 0b 06 000000 0000 00 00000000 02 8020 0009 0201 d011 d1 2702 0000 52 00f110 0000 5c 0a00 90 11 03 4f18a0", cell.Up,
		`attach-request {"security":0,"attach_type":1,"identity":6,"last_tai_plmn":"1-1"}`, false},
	{"attach request with an IMSI", "0741 72 08 09 10 10 00 00 00 00 10 02 e0e0 0004 0201 d011", "0741 72 08 09 00 00 00 00 00 00 00 02 e0e0 0004 0201 d011", cell.Up,
		`attach-request {"security":0,"attach_type":2,"identity":1}`, false},
	{"attach accept, protected", "17 a1b2c3d4 05 0742 01 29 06 00 00f110 1234 000d 5201 c1 0109 0403 696d73 02 0101 50 0b f6 00f110 8001 01 c0000001 53 12",
		"17 a1b2c3d4 05 0742 01 29 06 00 00f110 1234 000d 5201 c1 0109 0400 000000 02 0100 50 0b 06 000000 0000 00 00000000 53 12", cell.Down,
		`attach-accept {"security":1,"result":1,"cause":18}`, false},
	{"attach complete", "0743 0003 5200c2", "", cell.Up, `attach-complete {"security":0}`, false},
	{"attach reject", "0744 0f 5f 01 21", "", cell.Down, `attach-reject {"security":0,"cause":15}`, false},
	{"ciphered", "27 a1b2c3d4 05 0744 0f", "27 a1b2c3d4 05 0700 00", cell.Down, ` {"security":2,"ciphered":true}`, false},
	{"ciphered, new context", "47 a1b2c3d4 00 075e", "47 a1b2c3d4 00 0700", cell.Up, ` {"security":4,"ciphered":true}`, false},
	{"service request", "c7 21 a1b2", "", cell.Up, `service-request {"security":12}`, false},
	{"no protocol of LTE", "00 11 22", "00 00 00", cell.Up, ` {"security":0}`, false},
	{"identity request", "0755 03", "", cell.Down, `identity-request {"security":0,"identity":3}`, false},
	{"identity response", "0756 08 09 10 10 00 00 00 00 10", "0756 08 09 00 00 00 00 00 00 00", cell.Up, `identity-response {"security":0,"identity":1}`, false},
	{"authentication request", "0752 01 000102030405060708090a0b0c0d0e0f 10 101112131415161718191a1b1c1d1e1f",
		"0752 01 00000000000000000000000000000000 10 00000000000000000000000000000000", cell.Down, `authentication-request {"security":0}`, false},
	{"authentication response", "0753 08 0102030405060708", "0753 08 0000000000000000", cell.Up, `authentication-response {"security":0}`, false},
	{"authentication failure", "075c 15 30 0e 0102030405060708090a0b0c0d0e", "075c 15 30 0e 0000000000000000000000000000", cell.Up,
		`authentication-failure {"security":0,"cause":21}`, false},
	{"authentication reject", "0754", "", cell.Down, `authentication-reject {"security":0}`, false},
	{"security mode command", "37 a1b2c3d4 00 075d 02 01 02 e0e0 c1", "", cell.Down,
		`security-mode-command {"security":3,"eea":0,"eia":2,"imeisv_requested":1}`, false},
	{"security mode complete with an IMEISV", "075e 23 09 03 00 00 10 00 00 00 00 f0", "075e 23 09 03 00 00 00 00 00 00 00 00", cell.Up,
		`security-mode-complete {"security":0}`, false},
	{"TAU request", "0748 0a 0b f6 00f110 8001 01 c0000001 19 010203 13 00f110 abcd 57 02 2000",
		"0748 0a 0b 06 000000 0000 00 00000000 19 000000 13 00f110 0000 57 02 2000", cell.Up, `tau-request {"security":0,"update_type":2,"identity":6}`, false},
	{"TAU accept", "0749 00 5a 49", "", cell.Down, `tau-accept {"security":0,"result":0}`, false},
	{"TAU reject", "074b 09", "", cell.Down, `tau-reject {"security":0,"cause":9}`, false},
	{"detach of a terminal", "0745 29 0b f6 00f110 8001 01 c0000001", "0745 29 0b 06 000000 0000 00 00000000", cell.Up, `detach-request {"security":0,"detach_up":1}`, false},
	{"detach of a terminal, direction not given", "0745 29 0b f6 00f110 8001 01 c0000001", "0745 29 0b 06 000000 0000 00 00000000", "", `detach-request {"security":0,"detach_up":1}`, false},
	{"detach of a network", "0745 02 53 0f", "", cell.Down, `detach-request {"security":0,"cause":15,"detach_down":2}`, false},
	{"detach of a network, direction not given", "0745 02", "", "", `detach-request {"security":0,"detach_down":2}`, false},
	{"short message", "0763 05 0102030405", "0763 05 0000000000", cell.Up, `uplink-nas-transport {"security":0}`, false},
	{"caller of a CS call", "0764 01 60 03 810021", "0764 01 60 03 000000", cell.Down, `cs-service-notification {"security":0}`, false},
	{"unknown element", "0760 60 2a 02 1234", "0760 60 2a 02 0000", cell.Down, `emm-status {"security":0,"cause":96}`, false},
	{"unknown message", "077f 0102", "077f 0000", cell.Down, `emm-127 {"security":0}`, false},
	{"ESM, default bearer", "52 01 c1 01 09 04 03 696d73 05 01 0a000001 58 32", "52 01 c1 01 09 04 00 000000 05 01 00000000 58 32", cell.Down, `esm-193 {"cause":50}`, false},
	{"ESM information", "02 01 da 28 04 03 696d73", "02 01 da 28 04 00 000000", cell.Up, `esm-218 {}`, false},
	{"ESM, deactivate", "52 00 cd 24", "", cell.Down, `esm-205 {"cause":36}`, false},
	{"ends in an element", "0741 11 0b f6 00f1", "0741 11 0b 00 0000", cell.Up, `attach-request {"security":0,"attach_type":1}`, true},
	{"ends before an element", "0744", "", cell.Down, `attach-reject {"security":0}`, true},
	{"ends in its header", "17 a1b2", "", cell.Down, ` {"security":1}`, true},
}

func TestDecodeNAS(t *testing.T) {
	for _, c := range nasMessages {
		t.Run(c.name, func(t *testing.T) {
			m := cell.Message{Direction: c.dir}
			err := DecodeNAS(&m, unhex(t, c.hex))
			require.Equal(t, c.want, m.Name+" "+string(cell.AppendMessageFields(nil, &m.Fields)))
			if c.cut {
				require.ErrorIs(t, err, ErrCut)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestSecretNAS(t *testing.T) {
	for _, c := range nasMessages {
		t.Run(c.name, func(t *testing.T) {
			p := unhex(t, c.hex)
			want := unhex(t, c.hidden)
			if c.hidden == "" {
				want = append([]byte{}, p...)
			}
			Zero(p, SecretNAS(nil, p))
			require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(p))
		})
	}
}

// decoded is all that is printed of a message.
func decoded(p []byte, dir cell.Direction) string {
	m := cell.Message{Direction: dir}
	err := DecodeNAS(&m, p)
	line := string(cell.AppendRecord(nil, &m))
	if err != nil {
		line += err.Error()
	}
	return line
}

// Whatever the secret bits are, the same is printed: of whole messages and of messages of all kinds of damage.
func requireSecretsUnread(t require.TestingT, p []byte, flip func(n int) bool) {
	ranges := SecretNAS(nil, p)
	other := append([]byte{}, p...)
	for _, r := range ranges {
		require.LessOrEqual(t, r.To, 8*len(p))
		require.GreaterOrEqual(t, r.From, 0)
		for bit := r.From; bit < r.To; bit++ {
			if flip(bit) {
				other[bit/8] ^= 0x80 >> (bit % 8)
			}
		}
	}
	for _, dir := range []cell.Direction{cell.Up, cell.Down, ""} {
		require.Equal(t, decoded(p, dir), decoded(other, dir))
	}
	require.Equal(t, Merge(ranges), Merge(SecretNAS(nil, other)), "the same bits are secret in both")
}

func TestSecretBitsAreNotRead(t *testing.T) {
	for _, c := range nasMessages { // each bit alone
		p := unhex(t, c.hex)
		for bit := range 8 * len(p) {
			requireSecretsUnread(t, p, func(n int) bool { return n == bit })
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var p []byte
		if rapid.Bool().Draw(t, "damaged") {
			p, _ = hex.DecodeString(strings.ReplaceAll(rapid.SampledFrom(nasMessages).Draw(t, "message").hex, " ", ""))
			for range rapid.IntRange(1, 4).Draw(t, "damage") {
				p[rapid.IntRange(0, len(p)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
			}
			p = p[:rapid.IntRange(0, len(p)).Draw(t, "length")]
		} else {
			p = append([]byte{7, rapid.Byte().Draw(t, "type")}, rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "rest")...)
		}
		seed := rapid.Uint64().Draw(t, "flips")
		requireSecretsUnread(t, p, func(n int) bool { return seed>>(n%61)&1 == 1 })
	})
}

func FuzzNAS(f *testing.F) {
	for _, c := range nasMessages {
		p, err := hex.DecodeString(strings.ReplaceAll(c.hex, " ", ""))
		require.NoError(f, err)
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		requireSecretsUnread(t, p, func(int) bool { return true })
	})
}

func TestZeroAndMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "p")
		var ranges []Range
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			from := rapid.IntRange(-5, 170).Draw(t, "from")
			ranges = append(ranges, Range{from, from + rapid.IntRange(-3, 40).Draw(t, "size")})
		}
		want := append([]byte{}, p...)
		for bit := range 8 * len(p) {
			for _, r := range ranges {
				if r.From <= bit && bit < r.To {
					want[bit/8] &^= 0x80 >> (bit % 8)
				}
			}
		}
		merged := append([]byte{}, p...)
		Zero(p, ranges)
		require.Equal(t, want, p)
		ranges = Merge(ranges)
		Zero(merged, ranges)
		require.Equal(t, want, merged)
		for i := 1; i < len(ranges); i++ {
			require.Greater(t, ranges[i].From, ranges[i-1].To)
		}
	})
}
