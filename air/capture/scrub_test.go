package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/air"
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
				for _, r := range air.Secret(nil, &p.Message, p.Payload) {
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
	require.EqualValues(t, 0xFFFF, d.sum(), "made again")
	tail := clean[len(clean)-2*(recordHeader+len(nas)):]
	require.Equal(t, []byte{0, 0}, tail[recordHeader+26:recordHeader+28], "where there was none")
	d, _ = datagramOf(linkRaw, tail[2*recordHeader+len(nas):])
	require.EqualValues(t, 0xFFFF, d.sum(), "a wrong one says something of what was summed")
}

// identities are forms in which people, and tools, write who somebody is into a text.
var identities = []string{
	"IMSI 001010123456789 asked", "262 019 876 543 217", "49-015420-323751-8", "+49 151 234 567", "100.73.21.9", "٠٠١٠١٠١٢٣٤٥٦٧٨٩",
	"\x62\x02\x91\x78\x56\x34\x12\xF0", "62 f2 10 98 76 54 32 f1", "Alice Example, Room 4", "laptop-of-alice", "fe80::1ff:fe23:4567:890a",
}

// textBlock is a block with each identity as value of each option, and the option end with bytes behind it.
func textBlock(order binary.AppendByteOrder, kind uint32, fixed []byte, keep ...[]byte) []byte {
	body := bytes.Clone(fixed)
	option := func(code uint16, value []byte) {
		body = order.AppendUint16(order.AppendUint16(body, code), uint16(len(value)))
		body = append(body, value...)
		body = append(body, "SLY"[:(4-len(value)%4)%4]...) // padding that hides something
	}
	for _, k := range keep {
		option(uint16(k[0]), k[1:])
	}
	for _, code := range []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 99, 2988, 2989, 19372, 19373} {
		for _, who := range identities {
			if len(keep) == 0 || !slices.ContainsFunc(keep, func(k []byte) bool { return uint16(k[0]) == code }) {
				option(code, []byte(who))
			}
		}
	}
	body = append(append(body, 0, 0, 0, 0), "SLY behind the end, 4 "...)
	body = append(body, make([]byte, (4-len(body)%4)%4)...)
	b := order.AppendUint32(order.AppendUint32(nil, kind), uint32(len(body)+12))
	return order.AppendUint32(append(b, body...), uint32(len(body)+12))
}

// A pcapng file says in many places who recorded it, with what and where; a copy says it in none, and its messages and times are the same.
func TestScrubOfOptions(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		packet := datagramBytes(gsmtapOf(t, cell.Message{Layer: cell.NAS}, attachRequest))
		head := order.AppendUint16(order.AppendUint16(order.AppendUint32(nil, byteOrderMagic), 1), 0)
		head = order.AppendUint64(head, 1<<64-1)
		nanos := []byte{9, 9}
		offset := append([]byte{14}, order.AppendUint64(nil, 100)...)
		at := uint64(start.UnixNano())
		stamp := order.AppendUint32(order.AppendUint32(order.AppendUint32(nil, 0), uint32(at>>32)), uint32(at))
		body := order.AppendUint32(order.AppendUint32(bytes.Clone(stamp), uint32(len(packet))), uint32(len(packet)))
		body = append(body, packet...)
		body = append(body, "SLY"[:(4-len(packet)%4)%4]...)
		file := slices.Concat(
			textBlock(order, blockSection, head),
			textBlock(order, blockInterface, order.AppendUint32(order.AppendUint16(order.AppendUint16(nil, linkRaw), 0x534C), 65535), nanos, offset),
			textBlock(order, blockPacket, body, append([]byte{2}, order.AppendUint32(nil, 1)...)),
			textBlock(order, blockStatistic, stamp),
		)
		clean, c := scrubbed(t, file)
		require.Zero(t, c.Counts.Blanked)
		require.Len(t, clean, len(file), "lengths stay")
		for _, who := range append([]string{"SLY", "\x12\x34\x56"}, identities...) {
			require.Contains(t, string(file), who)
			require.NotContains(t, string(clean), who)
		}
		for _, run := range []string{"262", "015", "151", "100.", "Alice", "lice", "٠", "\x62", "fe80", "behind"} {
			require.NotContains(t, string(clean), run, "part of an identity")
		}
		want, got := packets(t, file), packets(t, clean)
		require.Len(t, got, 1)
		require.Equal(t, want[0].Message, got[0].Message)
		require.Equal(t, start.Add(100*time.Second), got[0].Message.Time)
		require.Contains(t, string(clean), string(order.AppendUint32([]byte(nil), 1)), "flags of the packet")
		again, _ := scrubbed(t, clean)
		require.Equal(t, clean, again)
		for at := 12; at < len(file); at += 7 { // what is damaged hides nothing
			damaged := bytes.Clone(file)
			damaged[at] ^= 0x10
			clean, _ := scrubbed(t, damaged)
			require.NotContains(t, string(clean), "Alice", "byte %d", at)
		}
	}
}

// The headers around a message name the host that recorded it; a copy names none and is GSMTAP still.
func TestScrubOfHeaders(t *testing.T) {
	sender := []byte{100, 73, 21, 9}
	four := datagramBytes(gsmtapOf(t, cell.Message{Layer: cell.NAS, Direction: cell.Up}, attachRequest))
	copy(four[4:], "ID")
	copy(four[12:], sender)
	copy(four[16:], sender)
	copy(four[20:], "PT")
	six := append([]byte{0x6F, 'F', 'L', 'W', 0, 0, 17, 64}, bytes.Repeat(sender, 8)...)
	binary.BigEndian.PutUint16(six[4:], uint16(len(four)-20))
	six = append(six, four[20:]...)
	long := slices.Concat([]byte{0x4A}, four[1:20], []byte("\x07\x14an option of IP   "), four[20:])
	binary.BigEndian.PutUint16(long[2:], uint16(len(long)))
	for link, head := range envelopes {
		for name, ip := range map[string][]byte{"IP 4": four, "IP 4 with options": long, "IP 6": six} {
			head := bytes.Clone(head)
			if name == "IP 6" && link != linkNull && link != linkLoop {
				head = bytes.Replace(head, []byte{8, 0}, []byte{0x86, 0xDD}, 1)
			}
			frame := slices.Concat(head, ip, []byte("trailer"))
			file := pcapOf(binary.LittleEndian, 0xA1B2C3D4, link, frame)
			copy(file[8:], "ZONE")
			want := packets(t, file)
			require.Len(t, want, 1, "%s, link type %d", name, link)
			clean, _ := scrubbed(t, file)
			require.Len(t, clean, len(file))
			for _, who := range []string{string(sender), "ID", "PT", "FLW", "option", "trailer", "ZONE", "\x03\x04\x05"} {
				require.NotContains(t, string(clean), who, "%s, link type %d", name, link)
			}
			got := packets(t, clean)
			require.Len(t, got, 1, "%s, link type %d", name, link)
			require.Equal(t, want[0].Message, got[0].Message)
			d, ok := datagramOf(link, clean[pcapHeader+recordHeader:])
			require.True(t, ok)
			require.EqualValues(t, 0xFFFF, d.sum())
			require.EqualValues(t, gsmtapPort, d.port())
			if name != "IP 6" {
				require.EqualValues(t, 0xFFFF, onesSum(0, d.ip))
			}
		}
	}
}

func TestTsharkOpensWhatIsScrubbed(t *testing.T) {
	file := read(t, "testdata/benign-attach.qmdl")
	for kind, file := range map[string][]byte{"pcap": asPCAP(t, file), "pcapng": asPCAPNG(t, file)} {
		clean, _ := scrubbed(t, file)
		if kind == "pcap" {
			copy(clean[4:], []byte{2, 0, 4, 0}) // version, which pcapOf does not write
		}
		name := filepath.Join(t.TempDir(), "scrubbed."+kind)
		require.NoError(t, os.WriteFile(name, clean, 0o600))
		out := tshark(t, "-n", "-r", name, "-T", "fields", "-e", "frame.protocols", "-e", "_ws.malformed", "-e", "ip.checksum.status", "-e", "udp.checksum.status", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
		rows := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		for _, row := range rows[len(rows)-len(packets(t, file)):] {
			require.Regexp(t, "^(raw:)?ip:udp:gsmtap:(lte_rrc|nas-eps)\\S*\t\t1\t1$", row, kind)
		}
	}
}

// What a frame holds behind the packet that its length gives is no message either.
func TestScrubRemovesWhatFollowsAPacket(t *testing.T) {
	secret := []byte("who somebody is")
	for code, body := range map[uint16][]byte{0xB0C2: {3, 1, 2, 3}, 0xB0ED: append([]byte{1, 9, 12, 0}, attachRequest...), 0xB0C0: {77, 0}, 0x11EB: {1}} {
		var d diag.Deframer
		d.Feed(logFrame(code, body), func(f diag.Frame) {
			for _, before := range [][]byte{nil, {0x98, 1, 0, 0, 1, 0, 0, 0}} {
				file := diag.AppendFrame(nil, slices.Concat(before, f.Content, secret))
				file = append(logFrame(0xB0ED, append([]byte{1, 9, 12, 0}, attachRequest...)), file...) // so that it is a capture
				clean, _ := scrubbed(t, file)
				require.NotContains(t, string(clean), "somebody", "%04x", code)
				want, _ := lines(t, file)
				got, _ := lines(t, clean)
				require.Equal(t, want, got, "%04x", code)
			}
		})
	}
}
