package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/modem/diag"
)

func scrubbed(t testing.TB, file []byte) ([]byte, *Capture) {
	t.Helper()
	c := Open(NewReader(bytes.NewReader(file)))
	require.NotNil(t, c)
	var out bytes.Buffer
	require.NoError(t, c.Scrub(context.Background(), &out))
	return out.Bytes(), c
}

// A scrubbed capture says the same, has no secret bit left, and scrubbing it again changes nothing.
func TestScrub(t *testing.T) {
	for _, name := range captures(t) {
		file := read(t, name)
		for kind, file := range map[string][]byte{"qmdl": file, "gzip": packed(t, file), "pcap": asPCAP(t, file), "pcapng": asPCAPNG(t, file)} {
			want, before := lines(t, file)
			clean, c := scrubbed(t, file)
			require.Zero(t, c.Counts.Blanked, "%s %s holds nothing but messages", name, kind)
			got, after := lines(t, clean)
			require.Equal(t, want, got, "%s as %s", name, kind)
			require.Equal(t, before.Counts.Map(), after.Counts.Map())
			if kind == "pcap" || kind == "pcapng" {
				require.Len(t, clean, len(file), "lengths stay")
			}
			for _, p := range packets(t, clean) {
				for _, r := range p.secret(nil) {
					for bit := max(r.From, 0); bit < min(r.To, 8*len(p.Payload)); bit++ {
						require.Zero(t, p.Payload[bit/8]&(0x80>>(bit%8)), "%s as %s: frame %d, bit %d", name, kind, p.Message.Frame, bit)
					}
				}
			}
			again, _ := scrubbed(t, clean)
			require.Equal(t, clean, again)
		}
	}
}

func TestScrubRemovesWhatIsNotRead(t *testing.T) {
	secret := []byte("who somebody is")
	frames := [][]byte{
		logFrame(0x11EB, secret),
		logFrame(0x713A, secret),
		logFrame(0xB0EE, secret),
		logFrame(0xB0C0, append([]byte{77}, secret...)),
		diag.AppendFrame(nil, append([]byte{0x79, 1, 2, 3}, secret...)),
		diag.AppendFrame(nil, append([]byte{0x98, 1, 0, 0, 1, 0, 0, 0, 0x60}, secret...)),
		diag.AppendFrame(nil, append([]byte{0x9E}, secret...)),
		append(append([]byte{9}, secret...), 0x7E), // wrong CRC
		{1, 2, 0x7E},
		{0x7E, 0x7E},
		logFrame(0xB0C2, []byte{3, 1, 2, 3}),
		append([]byte{0x10, 0x10, 0x10}, logFrame(0xB0ED, append([]byte{1, 9, 12, 0}, attachRequest...))...),
		secret, // unended
	}
	file := slices.Concat(frames...)
	clean, c := scrubbed(t, file)
	require.NotContains(t, string(clean), "somebody")
	require.NotContains(t, string(clean), "\xC0\x12\x34\x56")
	require.Contains(t, string(clean), string(frames[10]), "of a cell, not of a person")
	require.Len(t, clean, len(file), "lengths stay")
	want, before := lines(t, file)
	got, after := lines(t, clean)
	require.Equal(t, want, got)
	require.Equal(t, before.Counts.Map()["frames"], after.Counts.Map()["frames"])
	require.Equal(t, before.Counts.Map()["resynced"], after.Counts.Map()["resynced"])
	require.Equal(t, 7, c.Counts.Blanked)
}

func TestScrubOfOtherPackets(t *testing.T) {
	nas := datagramBytes(gsmtapOf(t, cell.Message{Layer: cell.NAS}, attachRequest))
	gsm := bytes.Clone(nas)
	gsm[30] = 1
	unchecked := bytes.Clone(nas)
	unchecked[26], unchecked[27] = 0, 0
	wrong := bytes.Clone(nas)
	wrong[26], wrong[27] = 0xFF, 0xFE
	file := pcapOf(binary.LittleEndian, 0xA1B2C3D4, linkRaw, nas, gsm, []byte("GET / HTTP/1.1 who somebody is"), unchecked, wrong)
	clean, _ := scrubbed(t, file)
	require.Len(t, clean, len(file))
	require.NotContains(t, string(clean), "somebody")
	require.NotContains(t, string(clean), "\x12\x34\x56")
	at := func(n int) []byte { return clean[pcapHeader+n*(recordHeader+len(nas))+recordHeader:][:len(nas)] }
	d, ok := datagramOf(linkRaw, at(0))
	require.True(t, ok)
	require.True(t, d.checksumRight(), "made again")
	tail := clean[len(clean)-2*(recordHeader+len(nas)):]
	require.Equal(t, []byte{0, 0}, tail[recordHeader+26:recordHeader+28], "where there was none")
	require.Equal(t, []byte{0xFF, 0xFE}, tail[2*recordHeader+len(nas)+26:2*recordHeader+len(nas)+28], "where it was wrong before")
}

func TestMaskNumbers(t *testing.T) {
	text := []byte("IMSI 001010123456789 asked, TMSI 0xc0123456; event 1234567, EEA0")
	maskNumbers(text)
	require.Equal(t, "IMSI xxxxxxxxxxxxxxx asked, TMSI 0xxxxxxxxx; event 1234567, EEA0", string(text))
}
