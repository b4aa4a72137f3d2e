package evidence

import (
	"encoding/json"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/words"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func identityRequest(at time.Time, kind byte) *cell.Message {
	return &cell.Message{Time: at, Sensor: "stick", RAT: cell.LTE, Layer: cell.NAS, Channel: "EMM", Direction: cell.Down, Log: 0xB0EC, Name: "identity-request",
		Fields: cell.MessageFields{Security: cell.Some(0), IdentityType: cell.Some(int(kind))}, Payload: []byte{7, 0x55, kind}}
}

func release(at time.Time) *cell.Message {
	return &cell.Message{Time: at, Sensor: "stick", RAT: cell.LTE, Layer: cell.RRC, Channel: "DL-DCCH", Direction: cell.Down, Log: 0xB0C0, PCI: cell.Some(uint16(101)), ARFCN: cell.Some(uint32(1300)),
		Name: "rrcConnectionRelease", Fields: cell.MessageFields{ReleaseCause: "other", Redirect: "geran", RedirectARFCN: cell.Some(uint32(62))}, Payload: []byte{0x2A, 0x22, 0x21, 0xF1, 0x23}}
}

func fallen(at time.Time) analyzer.Event {
	return analyzer.Event{ID: "00000000000000aa", Sensor: "stick", Severity: analyzer.Medium, State: analyzer.Closed, First: at, Opened: at, Last: at, Summary: "it fell to 2G",
		Findings: []analyzer.Finding{{Rule: "downgrade", Version: 3, Severity: analyzer.Medium, First: at, Last: at, Summary: "from a 4G cell to a 2G cell", Evidence: []analyzer.Evidence{{Time: at}}}}}
}

// Every message that may be kept is said in both languages, with what it says; what has no words is called by its name.
func TestMessagesInWords(t *testing.T) {
	for _, c := range []struct {
		m      cell.Message
		en, fr string
	}{
		{*identityRequest(noon, 1), "The network asked who the modem is: identity: IMSI, which names the SIM", "Le réseau a demandé qui est le modem\u202f: identité\u202f: IMSI, qui désigne la SIM"},
		{*release(noon), "The network released the connection: reason: other, redirected to 2G, channel 62", "Le réseau a libéré la connexion\u202f: motif\u202f: other, redirigé vers 2G, canal 62"},
		{cell.Message{Name: "securityModeCommand", Fields: cell.MessageFields{EEA: cell.Some(0), EIA: cell.Some(2)}}, "The network switched on the protection of the radio connection: no encryption (EEA0), integrity protection EIA2", ""},
		{cell.Message{Name: "attach-reject", Fields: cell.MessageFields{Cause: cell.Some(15)}, Count: 3}, "The network refused the registration: cause 15: no suitable cells in this area, 3 times in a row", ""},
		{cell.Message{Name: "detach-request", Direction: cell.Up, Fields: cell.MessageFields{DetachUp: cell.Some(1)}}, "The modem ended the registration: type 1", ""},
		{cell.Message{Name: "detach-request"}, "The network or the modem ended the registration", ""},
		{cell.Message{Name: "paging", Count: 20, Fields: cell.MessageFields{Records: cell.Some(31), IMSIRecords: cell.Some(1)}}, "In this minute somebody was paged by IMSI: 31 entries in 20 pagings, 1 by IMSI", ""},
		{cell.Message{Name: "mobilityFromEUTRACommand", Fields: cell.MessageFields{Purpose: "handover", TargetRAT: "geran"}}, "The network ordered the modem off 4G: reason: handover, to 2G", ""},
		{cell.Message{Name: "rrcConnectionReject", Fields: cell.MessageFields{WaitTime: cell.Some(10)}}, "The network refused a connection: to wait for 10 s", ""},
		{cell.Message{Name: "emm-97", Direction: cell.Down}, "The network sent emm-97", "Le réseau a envoyé emm-97"},
		{cell.Message{Name: "with"}, "Message with", "Message with"},
		{cell.Message{Name: "x\u202e<b>", Direction: "sideways", Fields: cell.MessageFields{Cause: cell.Some(-5), IdentityType: cell.Some(7)}}, "Message x⟨202E⟩<b>: identity: type 7", ""},
	} {
		require.Equal(t, c.en, MessageIn("en", &c.m))
		if c.fr != "" {
			require.Equal(t, c.fr, MessageIn("fr", &c.m))
		}
		if words.Has("message." + c.m.Name) {
			require.NotEqual(t, c.en, MessageIn("fr", &c.m))
		}
	}
	all := slices.DeleteFunc(words.Keys("signalling"), func(k string) bool { return !strings.HasPrefix(k, "message.") })
	require.Greater(t, len(all), 30)
	for _, key := range all {
		require.NotContains(t, words.Translate("en", key), "%", "%s is a sentence without arguments", key)
	}
}

// The page has the messages around the evidence, marks those it rests on, and leaves out those that are furthest.
func TestMessagesOfWindow(t *testing.T) {
	w := Window{Records: []cell.Record{identityRequest(noon.Add(-time.Minute), 2), identityRequest(noon.Add(-20*time.Second), 1), &cell.Observation{Time: noon}, release(noon), identityRequest(noon.Add(31*time.Second), 3)}}
	e := fallen(noon)
	all, left := w.Messages(&e)
	require.Zero(t, left)
	require.Len(t, all, 2)
	require.False(t, all[0].Evidence)
	require.True(t, all[1].Evidence)

	w.Records = nil
	for i := range 200 {
		w.Records = append(w.Records, identityRequest(noon.Add(time.Duration(i-100)*100*time.Millisecond), 1))
	}
	all, left = w.Messages(&e)
	require.Len(t, all, maxSignals)
	require.Equal(t, 200-maxSignals, left)
	require.True(t, all[maxSignals/2].Time.Equal(noon))
}

// A bundle and vigie export write a capture that tshark opens, with the finding at the message that is nearest to it.
func TestPCAPIsOpenedByTshark(t *testing.T) {
	recs := []cell.Record{&cell.Source{Version: 1, Sensor: "stick"}, identityRequest(noon.Add(-5*time.Second), 1), &cell.Observation{Time: noon, Sensor: "stick"}, release(noon.Add(time.Second)),
		&cell.Message{Time: noon.Add(time.Second), Sensor: "stick", RAT: cell.LTE, Layer: cell.RRC, Channel: "PCCH", Name: "paging", Count: 3}, identityRequest(noon.Add(90*time.Second), 3)}
	other := fallen(noon)
	other.Sensor = "another"
	path := filepath.Join(t.TempDir(), "out.pcapng")
	f, err := os.Create(path)
	require.NoError(t, err)
	walk := func() iter.Seq2[cell.Record, error] {
		return func(yield func(cell.Record, error) bool) {
			for _, r := range recs {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
	n, err := WritePCAP(f, walk, []analyzer.Event{fallen(noon), other})
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Equal(t, 3, n, "one has no bytes")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), "Vigie: downgrade v3 (medium), first at 2026-11-01T12:00:00Z: from a 4G cell to a 2G cell"))

	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("SKIPPED: no tshark to open the capture with. This provides it: apt-get install tshark")
	}
	out, err := exec.Command(program, "-r", path, "-T", "fields", "-E", "separator=|", "-e", "frame.time_epoch", "-e", "frame.comment", "-e", "nas_eps.nas_msg_emm_type", "-e", "lte-rrc.redirectedCarrierInfo", "-e", "_ws.malformed").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Regexp(t, regexp.MustCompile(`(?s)1793534395\.0+\|\|(0x0*55|85)\|\|\n1793534401\.0+\|Vigie: downgrade v3 .*a 2G cell\|\|[0-9]+\|\n1793534490\.0+\|\|(0x0*55|85)\|\|\n$`), string(out))

	n, err = WritePCAP(f, func() iter.Seq2[cell.Record, error] { return func(func(cell.Record, error) bool) {} }, nil)
	require.NoError(t, err)
	require.Zero(t, n)
}

// Nothing of a coarse record names a cell, and the same cell has the same other name in every kind of record.
func TestCoarseSignalling(t *testing.T) {
	c := NewCoarsener(Nowhere)
	b := &cell.Broadcast{Time: noon, Sensor: "roof", RAT: cell.LTE, ARFCN: cell.Some(uint32(1300)), PCI: cell.Some(uint16(101)), PLMNs: []string{"001-01"}, Area: cell.Some(cell.Area(4660)),
		CellID: cell.Some(uint64(11016962)), Neighbours: []int{101, 102}, Carriers: []cell.Carrier{{RAT: cell.LTE, ARFCN: 6300}}}
	m := release(noon)
	m.Fields.TargetPCI, m.Fields.Heard, m.Fields.CellID, m.Fields.TAC = cell.Some(102), []int{101}, cell.Some(uint32(11016962)), cell.Some(uint16(4660))
	o := &cell.Observation{Time: noon, Sensor: "roof", Serving: &cell.Cell{RAT: cell.LTE, ID: b.CellID, PCI: b.PCI, Area: b.Area}}
	before, _ := json.Marshal([]any{b, m})
	cb, cm, co := c.Record(b).(*cell.Broadcast), c.Record(m).(*cell.Message), c.Record(o).(*cell.Observation)
	after, _ := json.Marshal([]any{b, m})
	require.Equal(t, before, after, "what is given is not changed")
	require.Equal(t, co.Serving.ID, cb.CellID)
	require.Equal(t, co.Serving.PCI, cb.PCI)
	require.Equal(t, co.Serving.Area, cb.Area)
	require.Equal(t, int(cb.PCI.Or(0)), cb.Neighbours[0])
	require.Equal(t, co.Serving.PCI, cm.PCI)
	require.Equal(t, cb.Neighbours[1], cm.Fields.TargetPCI.Or(0))
	require.Equal(t, cb.Neighbours[0], cm.Fields.Heard[0])
	require.Equal(t, uint64(cm.Fields.CellID.Or(0)), cb.CellID.Or(1))
	require.Nil(t, cm.Payload)
	require.NotEqual(t, b.CellID, cb.CellID)
	require.Equal(t, b.ARFCN, cb.ARFCN, "a channel is no place")
}

// A payload in a store that was not scrubbed, as an imported file may have it, leaves scrubbed.
func TestCleanScrubsPayloads(t *testing.T) {
	m := &cell.Message{Time: noon, Layer: cell.NAS, Channel: "EMM", Name: "identity-response 262011234567890", Payload: []byte{7, 0x56, 8, 0x29, 0x62, 0x10, 0x32, 0x54, 0x76, 0x98, 0x10}}
	l := library(t, nil, nil)
	got := l.CleanRecord(m).(*cell.Message)
	require.Equal(t, []byte{7, 0x56, 8, 9, 0, 0, 0, 0, 0, 0, 0}, got.Payload)
	require.NotContains(t, got.Name, "1234567890")
	require.Equal(t, byte(0x62), m.Payload[4], "what is given is not changed")
}
