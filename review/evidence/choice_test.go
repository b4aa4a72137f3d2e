package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence/evidencetest"
	"vigie/storage"
)

// crowd is a month with 114 events of little weight, one of which was decided suspicious, and then five high ones.
func crowd() (evs []analyzer.Event, suspicious string) {
	for i := range 119 {
		severity := analyzer.Severity(i % 2) // info and low
		if i >= 114 {
			severity = analyzer.High
		}
		e := evidencetest.CaptureEvent(100+i, "roof-1", evidencetest.Start.Add(time.Duration(i)*time.Hour), severity)
		evs = append(evs, e)
	}
	return evs, evs[70].ID
}

func TestTell(t *testing.T) {
	evs, suspicious := crowd()
	l := library(t, []cell.Record{&cell.Observation{Time: evidencetest.Start, Sensor: "roof-1", State: cell.Idle}}, evs)
	_, err := l.stores[0].AddVerdict(t.Context(), storage.Verdict{Event: suspicious, Judgement: storage.Suspicious, Time: evidencetest.Now})
	require.NoError(t, err)
	x, err := l.SelectPeriod(t.Context(), "", evidencetest.Start, evidencetest.Now)
	require.NoError(t, err)
	for _, c := range []struct {
		name           string
		choice         Choice
		most           int
		full           int
		first, last    string // ids
		left, unchosen string
	}{
		{"gravest first", Choice{}, 40, 40, evs[114].ID, evs[67].ID, "23 low, 56 info", ""},
		{"high and suspicious ones are never left out", Choice{}, 3, 6, evs[114].ID, suspicious, "57 low, 56 info", ""},
		{"by severity", Choice{Severity: analyzer.High}, 40, 5, evs[114].ID, evs[118].ID, "", "57 low, 57 info"},
		{"by verdict", Choice{Verdict: "suspicious"}, 40, 1, suspicious, suspicious, "", "5 high, 57 low, 56 info"},
		{"undecided", Choice{Severity: analyzer.Low, Verdict: Undecided}, 2, 5, evs[114].ID, evs[118].ID, "57 low", "57 info"},
	} {
		told := x.Tell(c.choice, c.most)
		require.Len(t, told.Events, c.full, c.name)
		require.Equal(t, c.first, told.Events[0].Entry.ID, c.name)
		require.Equal(t, c.last, told.Events[len(told.Events)-1].Entry.ID, c.name)
		require.Equal(t, c.left, told.Left.String(), c.name)
		require.Equal(t, c.unchosen, told.Unchosen.String(), c.name)
		require.Equal(t, 119, told.All.Total(), c.name)
		require.Equal(t, 119, len(told.Events)+told.Left.Total()+told.Unchosen.Total(), c.name)
	}
	require.Equal(t, "in full, gravest first: 6 of 119 event(s); only counted: 57 low, 56 info", fmt.Sprint(x.Tell(Choice{}, 3)))
}
