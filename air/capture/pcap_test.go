package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

var start = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// packets reads the messages of a capture.
func packets(t testing.TB, file []byte) (out []Packet) {
	t.Helper()
	c := Open(NewReader(bytes.NewReader(file)))
	require.NotNil(t, c)
	require.NoError(t, c.Read(context.Background(), func(p *Packet) error {
		out = append(out, Packet{p.Message, bytes.Clone(p.Payload)})
		return nil
	}))
	return out
}

// asPCAPNG is a capture as Writer writes it.
func asPCAPNG(t testing.TB, file []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	for i, p := range packets(t, file) {
		require.NoError(t, w.Write(&p.Message, p.Payload, []string{"", "a finding"}[i%2]))
	}
	require.NoError(t, w.Flush())
	return out.Bytes()
}

// asPCAP is a capture as a classic pcap of link type 101.
func asPCAP(t testing.TB, file []byte) []byte {
	t.Helper()
	var frames [][]byte
	for _, p := range packets(t, file) {
		header, err := gsmtapHeader(&p.Message)
		require.NoError(t, err)
		frames = append(frames, datagramBytes(append(header, p.Payload...)))
	}
	return pcapOf(binary.LittleEndian, 0xA1B2C3D4, linkRaw, frames...)
}

// pcapOf is a classic pcap; packet n is n seconds and 5 units after start.
func pcapOf(order binary.ByteOrder, magic, link uint32, frames ...[]byte) []byte {
	u32 := func(b []byte, v ...uint32) []byte {
		for _, v := range v {
			b = append(b, 0, 0, 0, 0)
			order.PutUint32(b[len(b)-4:], v)
		}
		return b
	}
	out := u32(nil, magic, 0, 0, 0, 65535, link)
	for i, f := range frames {
		out = append(u32(out, uint32(start.Unix())+uint32(i), 5, uint32(len(f)), uint32(len(f))), f...)
	}
	return out
}

// withoutLog is what GSMTAP keeps of the lines of a DIAG capture.
func withoutLog(t testing.TB, file []byte) (out []string) {
	t.Helper()
	for i, p := range packets(t, file) {
		_ = p.Decode(true)
		m := p.Message
		m.Log, m.PCI, m.ARFCN, m.Frame, m.Time = 0, cell.Opt[uint16]{}, cell.Opt[uint32]{}, i+1, time.Time{}
		out = append(out, string(cell.AppendRecord(nil, &m)))
	}
	return out
}

func TestGSMTAPHasTheSameMessages(t *testing.T) {
	for _, name := range captures(t) {
		file := read(t, name)
		want := withoutLog(t, file)
		require.Equal(t, want, withoutLog(t, asPCAPNG(t, file)), "pcapng of %s", name)
		require.Equal(t, want, withoutLog(t, asPCAP(t, file)), "pcap of %s", name)
	}
}

func TestTimeOfPackets(t *testing.T) {
	nas := []byte{7, 0x55, 1}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for magic, unit := range map[uint32]time.Duration{0xA1B2C3D4: time.Microsecond, 0xA1B23C4D: time.Nanosecond} {
			got := packets(t, pcapOf(order, magic, linkUser1, nas, nas))
			require.Len(t, got, 2)
			require.Equal(t, start.Add(time.Second+5*unit), got[1].Message.Time)
			require.Equal(t, 2, got[1].Message.Frame)
			require.Equal(t, cell.Direction(""), got[1].Message.Direction, "bare NAS has none")
		}
	}
	want := packets(t, read(t, "testdata/benign-attach.qmdl"))
	for i, p := range packets(t, asPCAPNG(t, read(t, "testdata/benign-attach.qmdl"))) {
		require.Equal(t, want[i].Message.Time.Truncate(time.Microsecond), p.Message.Time)
	}
}

// envelopes put an IP packet behind the header of each link type.
var envelopes = map[uint32][]byte{
	linkRaw: {}, linkRawOld: {}, linkIPv4: {},
	linkNull:     {2, 0, 0, 0},
	linkLoop:     {0, 0, 0, 2},
	linkEthernet: {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7, 8, 0},
	linkCooked:   {0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0},
	linkCooked2:  {8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0},
}

func gsmtapOf(t testing.TB, m cell.Message, payload []byte) []byte {
	t.Helper()
	header, err := gsmtapHeader(&m)
	require.NoError(t, err)
	return append(header, payload...)
}

func TestLinkTypes(t *testing.T) {
	datagram := datagramBytes(gsmtapOf(t, cell.Message{Layer: cell.NAS, Direction: cell.Up}, attachRequest))
	check := func(link uint32, head, packet []byte) {
		t.Helper()
		got := packets(t, pcapOf(binary.LittleEndian, 0xA1B2C3D4, link, append(bytes.Clone(head), packet...)))
		require.Len(t, got, 1, "link type %d", link)
		require.Equal(t, attachRequest, got[0].Payload)
		require.Equal(t, cell.Up, got[0].Message.Direction)
	}
	for link, head := range envelopes {
		check(link, head, datagram)
	}
	check(linkEthernet, append(bytes.Clone(envelopes[linkEthernet][:12]), 0x81, 0, 0, 9, 8, 0), datagram)
	six := append([]byte{0x60, 0, 0, 0, 0, 0, 17, 64}, make([]byte, 32)...)
	binary.BigEndian.PutUint16(six[4:], uint16(len(datagram)-20))
	check(linkIPv6, nil, append(six, datagram[20:]...))
	check(linkRaw, nil, append(six, datagram[20:]...))
}

func TestBareMessages(t *testing.T) {
	nas, release := []byte{7, 0x55, 1}, []byte{0x2A, 0x02}
	read := func(link uint32, as string, packet []byte) string {
		c := Open(NewReader(bytes.NewReader(pcapOf(binary.LittleEndian, 0xA1B2C3D4, link, packet))))
		require.NoError(t, c.Bare(as))
		said := ""
		require.NoError(t, c.Read(context.Background(), func(p *Packet) error {
			require.NoError(t, p.Decode(false))
			said = p.Message.Channel + " " + p.Message.Name
			return nil
		}))
		return said
	}
	require.Equal(t, "EMM identity-request", read(148, "", nas))
	require.Equal(t, "EMM identity-request", read(162, "NAS", nas))
	require.Equal(t, "DL-DCCH rrcConnectionRelease", read(147, "DL-DCCH", release))
	require.Empty(t, read(147, "", nas))
	require.ErrorContains(t, Open(NewReader(bytes.NewReader(pcapOf(binary.LittleEndian, 0xA1B2C3D4, 147)))).Bare("MCCH"), "DL-DCCH")
}

func TestGSMTAPVersion3(t *testing.T) {
	v3 := func(kind, sub uint16, payload []byte) []byte {
		h := []byte{3, 0, 0, 0}
		h = binary.BigEndian.AppendUint16(h, kind)
		h = binary.BigEndian.AppendUint16(h, sub)
		h = append(h, 0, 2, 0, 4, 0, 1, 3, 0xB6)                          // channel number
		h = append(h, 2, 1, 0, 4, 0xDE, 0xAD, 0xBE, 0xEF)                 // a key
		h = append(h, 0, 1, 0, 8, '1', '2', '3', '4', '5', '6', '7', '8') // a comment
		h = append(h, 0xFF, 0xFE, 0, 0)
		binary.BigEndian.PutUint16(h[2:], uint16(len(h)/4))
		return append(h, payload...)
	}
	file := pcapOf(binary.LittleEndian, 0xA1B2C3D4, linkRaw,
		datagramBytes(v3(type3LTERRC, 9, []byte{1, 2})), datagramBytes(v3(type3LTERRC, 11, []byte{3})), datagramBytes(v3(type3LTENAS, 0, attachRequest)),
		datagramBytes(v3(0x0303, 1, []byte{4})), datagramBytes(v3(type3LTERRC, 0x201, []byte{5})))
	got := packets(t, file)
	require.Len(t, got, 3)
	require.Equal(t, []string{"DL-DCCH", "UL-DCCH", ""}, []string{got[0].Message.Channel, got[1].Message.Channel, got[2].Message.Channel})
	require.Equal(t, []cell.Direction{cell.Down, cell.Up, ""}, []cell.Direction{got[0].Message.Direction, got[1].Message.Direction, got[2].Message.Direction})
	require.Equal(t, attachRequest, got[2].Payload)

	var out bytes.Buffer
	require.NoError(t, Open(NewReader(bytes.NewReader(file))).Scrub(context.Background(), &out))
	require.Len(t, out.Bytes(), len(file))
	require.NotContains(t, out.String(), "\xDE\xAD\xBE\xEF", "a key of the subscriber")
	require.NotContains(t, out.String(), "12345678")
	require.Contains(t, out.String(), "xxxxxxxx")
}

func TestWhatIsNoGSMTAP(t *testing.T) {
	whole := datagramBytes(gsmtapOf(t, cell.Message{Layer: cell.NAS}, attachRequest))
	change := func(at int, b ...byte) []byte {
		p := bytes.Clone(whole)
		copy(p[at:], b)
		return p
	}
	for name, c := range map[string]struct {
		packet []byte
		count  string
	}{
		"TCP":                   {change(9, 6), "not_gsmtap"},
		"a fragment":            {change(6, 0, 1), "not_gsmtap"},
		"another port":          {change(22, 0, 53), "not_gsmtap"},
		"cut":                   {whole[:len(whole)-1], "not_gsmtap"},
		"no IP":                 {change(0, 0x95), "not_gsmtap"},
		"a longer header":       {change(0, 0x4F), "not_gsmtap"},
		"GSM":                   {change(30, 1), "gsmtap_type_1"},
		"MCCH":                  {change(30, typeLTERRC, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7), "gsmtap_type_13"},
		"version 1":             {change(28, 1), "gsmtap_version_1"},
		"header longer than it": {change(29, 200), "gsmtap_short"},
		"empty":                 {nil, "not_gsmtap"},
	} {
		file := pcapOf(binary.BigEndian, 0xA1B2C3D4, linkRaw, c.packet)
		got, opened := lines(t, file)
		require.Empty(t, got, name)
		require.Equal(t, map[string]int{"frames": 1, "messages": 0, c.count: 1}, opened.Counts.Map(), name)
	}
}

func TestPCAPNGOfSeveralSections(t *testing.T) {
	one := asPCAPNG(t, read(t, "testdata/redirect-geran.qmdl"))
	n := len(packets(t, one))
	require.Len(t, packets(t, append(bytes.Clone(one), one...)), 2*n)

	other := append(bytes.Clone(one), 4, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0) // names of hosts
	require.Len(t, packets(t, other), n)
	var out bytes.Buffer
	c := Open(NewReader(bytes.NewReader(other)))
	require.NoError(t, c.Scrub(context.Background(), &out))
	require.Equal(t, 1, c.Counts.Of("block_left_out"))
	require.Len(t, packets(t, out.Bytes()), n)
}

// A section has its own byte order and interfaces; simple packets have no time.
func TestByteOrderOfSections(t *testing.T) {
	section := func(order binary.AppendByteOrder) []byte {
		block := func(kind uint32, body []byte) []byte {
			b := order.AppendUint32(order.AppendUint32(nil, kind), uint32(len(body)+12))
			return order.AppendUint32(append(b, body...), uint32(len(body)+12))
		}
		nas := []byte{7, 0x55, 1, 0}
		out := block(blockSection, append(order.AppendUint32(nil, byteOrderMagic), 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF))
		out = append(out, block(blockInterface, append(order.AppendUint16(nil, linkUser1), 0, 0, 0, 0, 0, 0))...)
		body := order.AppendUint32(order.AppendUint32(order.AppendUint32(nil, 0), uint32(start.UnixMicro()>>32)), uint32(start.UnixMicro()))
		body = order.AppendUint32(order.AppendUint32(body, 3), 3)
		out = append(out, block(blockPacket, append(body, nas...))...)
		out = append(out, block(blockSimple, append(order.AppendUint32(nil, 3), nas...))...)
		return append(out, block(blockPacket, append(order.AppendUint32(nil, 7), make([]byte, 20)...))...) // of no interface
	}
	file := append(section(binary.BigEndian), section(binary.LittleEndian)...)
	got := packets(t, file)
	require.Len(t, got, 4)
	for i, p := range got {
		require.Equal(t, []int{1, 2, 4, 5}[i], p.Message.Frame)
		require.Equal(t, []byte{7, 0x55, 1}, p.Payload)
		require.Equal(t, i%2 == 1, p.Message.Time.IsZero())
	}
	require.Equal(t, start, got[0].Message.Time)
	_, c := lines(t, file)
	require.Equal(t, 2, c.Counts.Of("damaged"))
	clean, _ := scrubbed(t, file)
	require.Len(t, clean, len(file))
}

func TestResolutionOfTime(t *testing.T) {
	for _, c := range []struct {
		option []byte
		ticks  uint64
		want   time.Time
	}{
		{nil, uint64(start.UnixMicro()), start},
		{[]byte{9, 0, 1, 0, 9, 0, 0, 0}, uint64(start.UnixNano()), start},
		{[]byte{9, 0, 1, 0, 0x80, 0, 0, 0}, uint64(start.Unix()), start},
		{[]byte{9, 0, 1, 0, 0x8A, 0, 0, 0}, uint64(start.Unix())<<10 | 512, start.Add(500 * time.Millisecond)},
		{[]byte{9, 0, 1, 0, 99, 0, 0, 0}, 5, time.Time{}},
		{[]byte{14, 0, 8, 0, 100, 0, 0, 0, 0, 0, 0, 0}, uint64(start.UnixMicro()), start.Add(100 * time.Second)},
		{nil, 1<<64 - 1, time.Time{}},
	} {
		i := readInterface(binary.LittleEndian, append([]byte{228, 0, 0, 0, 0, 0, 0, 0}, c.option...))
		require.Equal(t, c.want, i.time(c.ticks))
	}
}

// tshark is the judge of what we write, where it is installed.
func tshark(t *testing.T, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("SKIPPED: no tshark to check what is written. This provides it: apt-get install tshark")
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

func TestTsharkOpensWhatIsWritten(t *testing.T) {
	file := asPCAPNG(t, read(t, "testdata/benign-attach.qmdl"))
	name := filepath.Join(t.TempDir(), "written.pcapng")
	require.NoError(t, os.WriteFile(name, file, 0o600))
	out := tshark(t, "-n", "-r", name, "-T", "fields", "-e", "frame.number", "-e", "frame.protocols", "-e", "frame.comment", "-e", "_ws.malformed", "-e", "ip.checksum.status", "-e", "udp.checksum.status", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
	rows := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	rows = rows[len(rows)-len(packets(t, file)):]
	for i, row := range rows {
		cols := strings.Split(row, "\t")
		require.Equal(t, fmt.Sprint(i+1), cols[0])
		require.Regexp(t, "^(raw:)?ip:udp:gsmtap:(lte_rrc|nas-eps)", cols[1])
		require.Equal(t, []string{"", "a finding"}[i%2], cols[2])
		require.Equal(t, []string{"", "1", "1"}, cols[3:], "malformed, or a wrong checksum")
	}
}
