package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence/evidencetest"
)

// The cells that an event is about are named first, whichever the modem was on before; a cell that only repeats an id is none of them.
func TestSeriesNamesTheSuspects(t *testing.T) {
	d, err := town(t).Dossier(t.Context(), evidencetest.Events()[0].ID, DossierOptions{Zone: time.UTC})
	require.NoError(t, err)
	s := d.Series
	require.Equal(t, []string{"LTE TAC 39321 ECI 2 (eNB 0/2) PCI 3 EARFCN 3600", "GSM LAC 1000 CI 7 BSIC 12 ARFCN 62"}, []string{s.Suspect[0].Name, s.Suspect[1].Name})
	for _, x := range s.Suspect {
		require.GreaterOrEqual(t, x.Kind, 0, "it served")
	}
	for _, r := range s.Cells {
		require.Equal(t, r.Kind == s.Suspect[0].Kind || r.Kind == s.Suspect[1].Kind, r.Suspect, r.Name)
	}

	known := evidencetest.LTECell(2, 4660, 3, 3600, -95) // of which the suspect is a clone
	require.Equal(t, -1, suspectsOf(&d.Event).find(known))
	require.Equal(t, -1, suspectsOf(&d.Event).find(&cell.Cell{RAT: cell.LTE}), "nothing names it")
	require.Equal(t, 0, suspectsOf(&d.Event).find(&cell.Cell{RAT: cell.LTE, PCI: cell.Some(uint16(3)), ARFCN: cell.Some(uint32(3600))}), "as a neighbour")
}

// A suspect that never served is drawn where it was heard as a neighbour, and no line goes on over a time without a serving cell.
func TestSeriesHasNoLineWhereNothingServed(t *testing.T) {
	start := evidencetest.Captured
	home, loud := evidencetest.LTECell(11016962, 4660, 101, 1300, -96), cell.Cell{RAT: cell.LTE, PCI: cell.Some(uint16(3)), ARFCN: cell.Some(uint32(3600)), RSRP: cell.Some(cell.DBm(-44))}
	recs := []cell.Record{&cell.Source{Version: 1, Sensor: "roof-1", Mode: cell.Fixed}}
	for n := range 60 {
		o := &cell.Observation{Time: start.Add(time.Duration(n) * time.Second), Sensor: "roof-1", State: cell.Idle, Serving: home}
		if n >= 20 && n < 40 {
			o.Serving, o.State = nil, cell.NoService
		}
		if n == 10 {
			o.Neighbours = []cell.Cell{loud}
		}
		recs = append(recs, o)
	}
	e := evidencetest.CaptureEvent(1, "roof-1", start, analyzer.High)
	d, err := library(t, recs, []analyzer.Event{e}).Dossier(t.Context(), e.ID, DossierOptions{Zone: time.UTC})
	require.NoError(t, err)
	s := d.Series
	require.Equal(t, -1, s.Suspect[0].Kind)
	require.Equal(t, [][2]float64{{unix(start.Add(10 * time.Second)), -44}}, s.Suspect[0].Heard)
	broken := false
	for i, at := range s.Time {
		if at > unix(start.Add(19*time.Second)) && at < unix(start.Add(40*time.Second)) {
			require.Nil(t, s.Level[i])
			broken = true
		}
	}
	require.True(t, broken)
}
