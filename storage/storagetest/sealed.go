package storagetest

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// HostileSealed is a sealed file that somebody made who knows the public key: everybody may.
type HostileSealed struct {
	Name  string
	Large bool // takes tens of megabytes
	Make  func(t testing.TB, to age.Recipient) []byte
}

const sealedMark = "\x89vigie1\n"

// SealedFrame is a frame of a sealed file around the bytes of an age file (storage/transfer/sealed.go).
func SealedFrame(body []byte) []byte {
	frame := binary.BigEndian.AppendUint32([]byte(sealedMark), uint32(len(body)))
	frame = binary.BigEndian.AppendUint32(frame, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	return append(frame, body...)
}

// SealTo is an age file that holds a text, deflated.
func SealTo(t testing.TB, to age.Recipient, write func(w *flate.Writer)) []byte {
	t.Helper()
	var out bytes.Buffer
	sealed, err := age.Encrypt(&out, to)
	require.NoError(t, err)
	w, err := flate.NewWriter(sealed, flate.BestCompression)
	require.NoError(t, err)
	write(w)
	require.NoError(t, w.Close())
	require.NoError(t, sealed.Close())
	return out.Bytes()
}

// GoodFrame is a frame with one observation.
func GoodFrame(t testing.TB, to age.Recipient) []byte {
	return SealedFrame(SealTo(t, to, func(w *flate.Writer) {
		for _, r := range Day(2) {
			_, err := w.Write(append(cell.AppendRecord(nil, r), '\n'))
			require.NoError(t, err)
		}
	}))
}

// repeated is a frame of one text, written so often.
func repeated(text string, times int) func(testing.TB, age.Recipient) []byte {
	return func(t testing.TB, to age.Recipient) []byte {
		atOnce := min(times, 1+1<<20/len(text))
		many := bytes.Repeat([]byte(text), atOnce)
		return SealedFrame(SealTo(t, to, func(w *flate.Writer) {
			for range times / atOnce {
				_, err := w.Write(many)
				require.NoError(t, err)
			}
		}))
	}
}

// HostileSealeds are the files. A good frame stands before and after each.
var HostileSealeds = []HostileSealed{
	{"a frame that is four gigabytes once it is unpacked", true, repeated("\n", 4<<30)},
	{"a frame of two hundred megabytes of one line", false, repeated("x", 200<<20)},
	{"a million lines that are nothing", false, repeated("{}\n", 1<<20)},
	{"events that are decoded to much", false, func(t testing.TB, to age.Recipient) []byte {
		body := append([]byte{1, 1, 'x', 0, 0}, make([]byte, 8)...) // an event up to its cells: id, sensor, severity, state, three times, score
		body = binary.AppendUvarint(body, 2_000_000)
		body = append(body, make([]byte, 2_000_000)...)
		line := cell.EventLine + `"body":"` + base64.StdEncoding.EncodeToString(body) + "\"}\n"
		return repeated(line, 8)(t, to)
	}},
	{"a line of an event that never ends", false, repeated(strings.TrimSuffix(cell.EventLine, ",")+strings.Repeat(" ", 100), 1<<20)},
	{"marks and nothing else", false, func(t testing.TB, _ age.Recipient) []byte { return bytes.Repeat([]byte(sealedMark), 100_000) }},
	{"marks of which each begins a frame of all that follows", false, func(t testing.TB, _ age.Recipient) []byte {
		const n = 1 << 20
		out := make([]byte, 0, 16*n)
		for i := range n {
			out = append(out, sealedMark...)
			out = binary.BigEndian.AppendUint32(out, uint32(min(63<<20, 16*(n-i-1))))
			out = append(out, 0, 0, 0, 0)
		}
		return out
	}},
	{"a header of half a million recipients", false, func(t testing.TB, _ age.Recipient) []byte {
		one := "-> X25519 " + base64.RawStdEncoding.EncodeToString(bytes.Repeat([]byte{9}, 32)) + "\n" + base64.RawStdEncoding.EncodeToString(make([]byte, 32)) + "\n"
		body := "age-encryption.org/v1\n" + strings.Repeat(one, 500_000) + "--- " + base64.RawStdEncoding.EncodeToString(make([]byte, 32)) + "\n"
		return SealedFrame([]byte(body))
	}},
	{"a passphrase that takes an hour", false, func(t testing.TB, _ age.Recipient) []byte {
		body := "age-encryption.org/v1\n-> scrypt " + base64.RawStdEncoding.EncodeToString(make([]byte, 16)) + " 30\n" + base64.RawStdEncoding.EncodeToString(make([]byte, 32)) + "\n--- " +
			base64.RawStdEncoding.EncodeToString(make([]byte, 32)) + "\n" + strings.Repeat("x", 100)
		return SealedFrame([]byte(body))
	}},
	{"a frame that is longer than it says", false, func(t testing.TB, to age.Recipient) []byte { return append(GoodFrame(t, to), "and more"...) }},
	{"empty frames", false, func(t testing.TB, _ age.Recipient) []byte { return bytes.Repeat(SealedFrame(nil), 10_000) }},
	{"an age file that was changed", false, func(t testing.TB, to age.Recipient) []byte {
		body := SealTo(t, to, func(w *flate.Writer) { _, _ = w.Write([]byte("{}\n")) })
		body[len(body)-1] ^= 1
		return SealedFrame(body)
	}},
}
