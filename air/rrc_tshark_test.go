package air

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// tshark reads random values of every message as they were meant: an independent decoder agrees with the encoder, and with the
// leaves. Where random octets of a message within make tshark give up, the message does not count.
func TestTsharkAgrees(t *testing.T) {
	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("SKIPPED: no tshark to compare RRC messages with. This provides it: apt-get install tshark")
	}
	type sample struct {
		name    string
		payload []byte
		leaves  []string
	}
	var samples []sample
	file := pcapHeader()
	for _, k := range kindsOfMessage() {
		for seed := range uint64(min(values(t), 1000)) / 3 {
			payload, err := EncodeRRC(k.channel, k.random(seed))
			require.NoError(t, err)
			if len(payload) > 8000 {
				continue
			}
			m := cell.Message{Channel: k.channel}
			require.NoError(t, DecodeRRC(&m, payload, true))
			samples = append(samples, sample{fmt.Sprintf("%s, seed %d", k, seed), payload, m.Leaves})
			file = appendGSMTAP(file, k.channel, payload)
		}
	}
	name := filepath.Join(t.TempDir(), "random.pcap")
	require.NoError(t, os.WriteFile(name, file, 0o600))
	out, err := exec.Command(program, "-n", "-r", name, "-T", "pdml").Output()
	require.NoError(t, err)
	packets := readPDML(t, out)
	require.Len(t, packets, len(samples))
	compared, leaves := 0, 0
	for i, s := range samples {
		if packets[i].malformed || opened.MatchString(s.name) {
			continue
		}
		compared++
		leaves += len(s.leaves)
		require.Equal(t, packets[i].leaves(s.leaves), likeTshark(s.leaves, s.leaves), "%s: %x", s.name, s.payload)
	}
	require.Greater(t, compared, len(samples)*8/10)
	t.Logf("%d of %d messages compared, %d leaves", compared, len(samples), leaves)
}

// pcapHeader begins a capture of IP packets.
func pcapHeader() []byte {
	h := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	h = append(h, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	h = binary.LittleEndian.AppendUint32(h, 65535)
	return binary.LittleEndian.AppendUint32(h, 101)
}

// appendGSMTAP appends a packet with an RRC message in GSMTAP version 2.
func appendGSMTAP(file []byte, channel string, payload []byte) []byte {
	subtype := map[string]byte{"DL-CCCH": 0, "DL-DCCH": 1, "UL-CCCH": 2, "UL-DCCH": 3, "BCCH-BCH": 4, "BCCH-DL-SCH": 5, "PCCH": 6}[channel]
	n := 20 + 8 + 16 + len(payload)
	file = append(file, make([]byte, 8)...)
	file = binary.LittleEndian.AppendUint32(file, uint32(n))
	file = binary.LittleEndian.AppendUint32(file, uint32(n))
	file = binary.BigEndian.AppendUint16(append(file, 0x45, 0), uint16(n))
	file = append(file, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1)
	file = append(file, 0x34, 0x19, 0x12, 0x79) // ports 13337, 4729
	file = binary.BigEndian.AppendUint16(file, uint16(n-20))
	file = append(file, 0, 0)
	file = append(file, 2, 4, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, subtype, 0, 0, 0)
	return append(file, payload...)
}

// dissected is what tshark says of one packet.
type dissected struct {
	malformed bool
	fields    [][2]string // name and value of each field of LTE RRC
}

func readPDML(t *testing.T, pdml []byte) []dissected {
	var all []dissected
	d := xml.NewDecoder(bytes.NewReader(pdml))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		a := map[string]string{}
		for _, x := range start.Attr {
			a[x.Name.Local] = x.Value
		}
		switch name := a["name"]; {
		case start.Name.Local == "packet":
			all = append(all, dissected{})
		case name == "_ws.malformed" || strings.HasPrefix(name, "_ws.unreassembled"):
			all[len(all)-1].malformed = true
		case strings.HasPrefix(name, "lte-rrc."):
			p := &all[len(all)-1]
			p.fields = append(p.fields, [2]string{name[strings.LastIndexByte(name, '.')+1:], a["show"]})
		}
	}
}

var (
	// identifiers are the names of the table, as leaves have them.
	identifiers = sync.OnceValue(func() map[string]bool {
		all := map[string]bool{}
		for _, w := range regexp.MustCompile(`[A-Za-z][A-Za-z0-9_-]*`).FindAllString(rrcTable, -1) {
			all[strings.ReplaceAll(w, "-", "_")] = true
		}
		return all
	})
	// opened are the messages whose containers tshark opens.
	opened      = regexp.MustCompile(`ueCapabilityInformation|mobilityFromEUTRACommand`)
	octetsShown = regexp.MustCompile(`^[0-9a-f]{2}(:[0-9a-f]{2})*$`)
	// otherwise are the leaves that tshark shows in another form or, by their place, under another name.
	otherwise = regexp.MustCompile(`^(offsetFreq|ncc_Permitted|q_RxLevMin|neighCellConfig|dayLightSavingTime|messageIdentifier|messageSize|hnb_Name|setup)(_[rv][0-9a-z]+)?=`)
)

// leaves lists what tshark shows as DecodeRRC does, whose leaves say what is secret. What tshark makes of fields, and shows
// next to them, is left out.
func (d dissected) leaves(ours []string) []string {
	var all []string
	for _, f := range d.fields {
		name, value := f[0], f[1]
		if strings.HasSuffix(name, "_element") || value == "" || !identifiers()[name] {
			continue
		}
		switch {
		case value == "True":
			value = "1"
		case value == "False":
			value = "0"
		case octetsShown.MatchString(value):
			value = strings.ReplaceAll(value, ":", "")
		}
		all = append(all, name+"="+value)
	}
	return likeTshark(all, ours)
}

// likeTshark sorts leaves, without those that tshark shows otherwise, and with * for those that ours have as *.
func likeTshark(leaves, ours []string) []string {
	all := []string{}
	for _, l := range leaves {
		name, _, _ := strings.Cut(l, "=")
		if slices.Contains(ours, name+"=*") {
			l = name + "=*"
		}
		if !otherwise.MatchString(l) {
			all = append(all, l)
		}
	}
	slices.Sort(all)
	return all
}
