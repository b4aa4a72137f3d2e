package diag

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

func TestCRC(t *testing.T) {
	require.Equal(t, uint16(0x906E), CRC([]byte("123456789")), "the check value of CRC-16/X.25")
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "p")
		before := rapid.Uint16().Draw(t, "before")
		slow := before
		for _, b := range p {
			slow ^= uint16(b)
			for range 8 {
				if slow&1 != 0 {
					slow = slow>>1 ^ crcPoly
				} else {
					slow >>= 1
				}
			}
		}
		require.Equal(t, slow, advance(before, p), "bit by bit and by table")
		require.Equal(t, before, rewind(slow, p), "and back")
	})
}

// all copies the frames that a stream holds, fed in chunks of the given sizes, then whole.
func all(stream []byte, sizes ...int) (frames []Frame, d *Deframer) {
	d = &Deframer{}
	take := func(f Frame) {
		f.Content, f.Raw = bytes.Clone(f.Content), bytes.Clone(f.Raw)
		frames = append(frames, f)
	}
	for _, n := range sizes {
		n = min(n, len(stream))
		d.Feed(stream[:n], take)
		stream = stream[n:]
	}
	d.Feed(stream, take)
	return frames, d
}

func TestDeframer(t *testing.T) {
	log := []byte{0x10, 0, 1, 2, 3}
	good := AppendFrame(nil, log)
	bad := slices.Clone(good)
	bad[1] ^= 1
	extra := func(n int, frame []byte) []byte { return append(bytes.Repeat([]byte{0x10}, n), frame...) }
	long := func(n int) []byte { return AppendFrame(nil, bytes.Repeat([]byte{0x41}, n)) }
	for name, c := range map[string]struct {
		stream  []byte
		states  []State
		content []byte // of the first frame; nil: not compared
	}{
		"one":                         {good, []State{Good}, log},
		"flags before it":             {slices.Concat([]byte{flag, flag}, good, good), []State{Good, Good}, log},
		"wrong CRC":                   {slices.Concat(bad, good), []State{BadCRC, Good}, nil},
		"unended":                     {slices.Concat(good, good[:3]), []State{Good}, log},
		"one extra":                   {extra(1, good), []State{Resynced}, log},
		"eighty extra":                {extra(80, good), []State{Resynced}, log},
		"extra before a bad one":      {extra(4, bad), []State{BadCRC}, nil},
		"extra before another":        {extra(1, AppendFrame(nil, []byte{0x60, 0, 1})), []State{BadCRC}, nil},
		"short":                       {[]byte{1, 2, flag}, []State{Short}, nil},
		"an escape at its end":        {[]byte{1, escape, flag}, []State{Short}, nil},
		"all escapes":                 {AppendFrame(nil, []byte{0x7D, 0x7E, 0x7D, 0x5E}), []State{Good}, []byte{0x7D, 0x7E, 0x7D, 0x5E}},
		"the longest":                 {long(MaxFrame), []State{Good}, nil},
		"one longer":                  {long(MaxFrame + 1), []State{Long}, nil},
		"far longer, then a good one": {slices.Concat(long(5*maxRaw), good), []State{Long, Good}, nil},
		"only 0x10":                   {append(bytes.Repeat([]byte{0x10}, 50), flag), []State{BadCRC}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			frames, _ := all(c.stream)
			var states []State
			for i, f := range frames {
				states = append(states, f.State)
				require.Equal(t, i+1, f.Number)
				require.Equal(t, f.State.Readable(), f.Content != nil)
			}
			require.Equal(t, c.states, states)
			if c.content != nil {
				require.Equal(t, c.content, frames[0].Content)
			}
		})
	}
}

func TestExtraLeadingIsCounted(t *testing.T) {
	frames, _ := all(append(bytes.Repeat([]byte{0x10}, 7), AppendFrame(nil, []byte{0x10, 0x10, 9, 9})...))
	require.Equal(t, 7, frames[0].Extra)
	require.Equal(t, []byte{0x10, 0x10, 9, 9}, frames[0].Content, "its own 0x10 stay")
}

// A stream of frames, damage and flags gives the same frames however it is cut; what is framed comes back.
func TestFeedInChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want [][]byte
		for range rapid.IntRange(0, 8).Draw(t, "n") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				stream = append(stream, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "noise")...)
				stream = append(stream, flag)
			case 1:
				stream = append(stream, flag)
			default:
				content := rapid.SliceOfN(rapid.SampledFrom([]byte{0x10, flag, escape, 0x5E, 0, 0xFF}), 1, 300).Draw(t, "content")
				want = append(want, content)
				stream = AppendFrame(stream, content)
			}
		}
		whole, d := all(stream)
		sizes := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 200).Draw(t, "sizes")
		parts, e := all(stream, sizes...)
		require.Equal(t, whole, parts)
		require.Equal(t, d.Pending(), e.Pending())
		require.Equal(t, d.Empty(), e.Empty())
		for _, f := range whole {
			if len(want) > 0 && f.State.Readable() && bytes.Equal(f.Content, want[0]) {
				want = want[1:]
			}
		}
		require.Empty(t, want, "a good frame is lost")
		written := 0
		for _, f := range whole {
			written += f.Empty + f.Size + 1
		}
		require.Equal(t, len(stream), written+d.Empty()+d.Pending(), "every byte is accounted for")
	})
}

// The straightforward way to find extra 0x10: try each number.
func TestExtraLeadingAgainstTrying(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := append(bytes.Repeat([]byte{0x10}, rapid.IntRange(0, 5).Draw(t, "own")), rapid.SliceOfN(rapid.SampledFrom([]byte{0x10, 1}), 1, 20).Draw(t, "content")...)
		crc := CRC(content)
		all := append(bytes.Repeat([]byte{0x10}, rapid.IntRange(0, 90).Draw(t, "extra")), content...)
		all = append(all, byte(crc), byte(crc>>8))
		if rapid.Bool().Draw(t, "damage") {
			all[len(all)-1] ^= 0x40
		}
		want := 0
		for n := 1; n < len(all)-3 && all[n-1] == 0x10 && all[n] == 0x10; n++ {
			if advance(crcPreset, all[n:]) == crcGood {
				want = n
				break
			}
		}
		require.Equal(t, want, extraLeading(all))
	})
}

func FuzzDeframer(f *testing.F) {
	f.Add([]byte{flag, 0x10, 0, flag}, 1)
	f.Add(append(bytes.Repeat([]byte{0x10}, 9), AppendFrame(nil, []byte{0x10, 1, 2, 0x7E})...), 3)
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		whole, _ := all(stream)
		size = max(size&63, 1)
		parts, _ := all(stream, slices.Repeat([]int{size}, len(stream)/size)...)
		require.Equal(t, whole, parts)
		for _, fr := range whole {
			require.LessOrEqual(t, len(fr.Content), MaxFrame)
			if fr.State != Good {
				continue
			}
			again, _ := all(AppendFrame(nil, fr.Content))
			require.Equal(t, fr.Content, again[0].Content)
		}
		for _, fr := range whole {
			inner, _ := Unwrap(fr.Content)
			if l, ok := ParseLog(inner); ok {
				readAll(l)
			}
		}
	})
}

// readAll reads a log packet in every way there is.
func readAll(l Log) {
	l.Time()
	_, _ = ParseRRC(l.Body)
	_, _ = ParseNAS(l.Code, l.Body)
	_, _ = ParseServing(l.Body)
	_, _ = ParseMIB(l.Body)
}

// BenchmarkDeframe reads a stream of frames as a modem sends them: 100 bytes, some of them escaped.
func BenchmarkDeframe(b *testing.B) {
	var stream []byte
	content := make([]byte, 100)
	for i := range 5000 {
		for k := range content {
			content[k] = byte(i*7 + k*k*31)
		}
		content[0] = 0x10
		stream = AppendFrame(stream, content)
	}
	var d Deframer
	n := 0
	count := func(f Frame) {
		if f.State == Good {
			n++
		}
	}
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		for rest := stream; len(rest) > 0; {
			chunk := rest[:min(4096, len(rest))]
			d.Feed(chunk, count)
			rest = rest[len(chunk):]
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)*float64(len(stream))/1e6/b.Elapsed().Seconds(), "deframe-MB/s")
	require.Equal(b, b.N*5000, n)
}
