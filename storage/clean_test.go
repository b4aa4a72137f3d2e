package storage_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/modem/at"
	"vigie/storage"
)

const imsi = "262011234567890"

// whosoever are records and an event with an identity in every text that they have.
func whosoever() ([]cell.Record, analyzer.Event) {
	now := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	recs := []cell.Record{
		&cell.Source{Version: 1, Sensor: "roof", Mode: cell.Fixed, Model: "EC25 " + imsi, Firmware: imsi, Kit: imsi, Set: imsi},
		&cell.Observation{Time: now, Sensor: "roof", State: cell.State(imsi), Raw: []string{"+CSQ: 20,99", "+XID: " + imsi, "26201123", "4567890"},
			Serving: &cell.Cell{RAT: cell.LTE, MCC: imsi, MNC: imsi, PCI: cell.Some(uint16(1))}, Neighbours: []cell.Cell{{RAT: cell.LTE, ID: cell.Some(uint64(262011234567890))}},
			Registration: []cell.Registration{{Domain: cell.Domain(imsi), CellID: cell.Some(uint64(262011234567890))}}, Position: &cell.Position{Source: imsi}},
		&cell.Gap{Time: now, Sensor: "roof", Until: now.Add(time.Second), Reason: "lost " + imsi},
		&cell.Message{Time: now, Sensor: "roof", Layer: cell.Layer(imsi), Channel: imsi, Direction: cell.Direction(imsi), Name: imsi, Leaves: []string{imsi}, Payload: []byte("7" + imsi),
			Fields: cell.MessageFields{PLMNs: []string{imsi}, ReleaseCause: imsi, Redirect: imsi, HandoverType: imsi, Purpose: imsi, TargetRAT: imsi, EstablishmentCause: imsi, InitialIdentity: imsi,
				ReestablishmentCause: imsi, LastTAIPLMN: imsi, CellID: cell.Some(uint32(4011234567))}},
		&cell.Broadcast{Time: now, Sensor: "roof", RAT: cell.LTE, PLMNs: []string{imsi}, Changed: []string{imsi}, CellID: cell.Some(uint64(262011234567890))},
		&cell.Health{Time: now.Add(time.Minute), Sensor: "roof", Reason: imsi, Detail: "saw 262-01-1234567890", Raw: []string{"IMSI: " + imsi}},
	}
	return recs, analyzer.Event{ID: imsi, Sensor: "roof", State: analyzer.Open, First: now, Opened: now, Last: now, Summary: "the IMSI " + imsi + " was seen", InnocentCauses: []string{imsi},
		Cells: []cell.Cell{{RAT: cell.LTE, MCC: imsi}}, Findings: []analyzer.Finding{{Rule: imsi, Summary: imsi, First: now, Last: now, Evidence: []analyzer.Evidence{{Time: now, Raw: []string{imsi}}}}}}
}

func contains(text string) bool {
	return strings.Contains(text, imsi[5:]) || strings.Contains(text, "4567890") || strings.Contains(text, hex.EncodeToString([]byte(imsi)))
}

// Nothing that is put into a store holds an identity afterwards, whichever way it came; and what an older version stored is read without it.
func TestStoreHoldsNoIdentity(t *testing.T) {
	recs, event := whosoever()
	clean := storage.Cleaner{Text: at.Scrub, Lines: at.ScrubLines}
	for _, older := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "s.db")
		o := storage.Options{Create: true, Clean: clean}
		if older {
			o.Clean = storage.Cleaner{}
		}
		s, err := storage.Open(t.Context(), path, o)
		require.NoError(t, err)
		require.NoError(t, s.Append(t.Context(), recs[:2]...))
		_, ok, err := s.AppendLater(t.Context(), recs[5])
		require.NoError(t, err)
		require.True(t, ok)
		require.NoError(t, s.Append(t.Context(), recs[2:5]...))
		require.NoError(t, s.PutEvents(t.Context(), event))
		require.NoError(t, s.Close())
		stored, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, older, contains(string(stored)))

		s, err = storage.Open(t.Context(), path, storage.Options{ReadOnly: true, Clean: clean})
		require.NoError(t, err)
		var all []byte
		var enc cell.Encoder
		for e, err := range s.Records(t.Context(), storage.Query{}) {
			require.NoError(t, err)
			all = enc.Append(all, e.Record)
		}
		entries, err := s.Changes(storage.ChangesOptions{Sources: true, Raw: true}).After(t.Context(), 0, 100)
		require.NoError(t, err)
		require.Len(t, entries, 7)
		for _, e := range entries {
			all, err = storage.AppendEntry(all, &enc, e)
			require.NoError(t, err)
		}
		for e, err := range s.Events(t.Context(), storage.EventQuery{}) {
			require.NoError(t, err)
			all, err = storage.AppendEntry(all, &enc, storage.Entry{Event: &e})
			require.NoError(t, err)
		}
		sensors, err := s.Sensors(t.Context())
		require.NoError(t, err)
		all = enc.Append(all, sensors[0].Source)
		require.False(t, contains(string(all)), "%s", all)
		require.Contains(t, string(all), `"+CSQ: 20,99"`)
		require.NoError(t, s.Close())
	}
	before, _ := whosoever()
	require.Equal(t, before, recs, "what is put in is not changed")
}
