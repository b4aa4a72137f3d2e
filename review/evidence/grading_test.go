package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence/evidencetest"
)

// weighed is an event of rules that found something of these weights.
func weighed(sensor string, at time.Time, severity analyzer.Severity, score float64, findings map[string]float64, order ...string) analyzer.Event {
	e := evidencetest.CaptureEvent(1, sensor, at, severity)
	e.Findings, e.Score = nil, score
	for _, rule := range order {
		e.Findings = append(e.Findings, analyzer.Finding{Rule: rule, Version: 1, Severity: analyzer.Low, First: at, Last: at,
			Summary: fmt.Sprintf("Something. Not seen here before, in 7.9 days of watching. It weighs %.1f.", findings[rule])})
	}
	return e
}

func TestGrading(t *testing.T) {
	all := map[string]float64{"downgrade-2g": 2.5, "level-step": 1.5, "timing-jump": 2.0, "registration-rejected": 2.2, "area-code-mismatch": 1.2}
	for _, c := range []struct {
		name     string
		mode     cell.Mode
		severity analyzer.Severity
		score    float64
		rules    []string
		earlier  int // events that weighed 4
		want     Grading
		rows     []string
	}{
		{"one cause counts once", cell.Fixed, analyzer.Medium, 4.5, []string{"downgrade-2g", "level-step", "timing-jump"}, 0,
			Grading{Sum: 4.5, Causes: 2, Scale: analyzer.Scale{Low: 1, Medium: 3, High: 5}, Severity: analyzer.Medium, Given: analyzer.Medium, Next: analyzer.High, Missing: .5},
			[]string{"downgrade-2g 2.5 2.0 low", "level-step 0.0 4.5 medium for timing-jump", "timing-jump 2.0 4.0 medium"}},
		{"the limits rise where much is flagged", cell.Fixed, analyzer.Medium, 4.7, []string{"downgrade-2g", "registration-rejected"}, 9,
			Grading{Sum: 4.7, Causes: 2, Scale: analyzer.Scale{Low: 1, Medium: 4.01, High: 6.01}, Raised: true, Severity: analyzer.Medium, Given: analyzer.Medium, Next: analyzer.High, Missing: 1.31},
			[]string{"downgrade-2g 2.5 2.2 low", "registration-rejected 2.2 2.5 low"}},
		{"a new place explains two, and the second counts by half", cell.Mobile, analyzer.Medium, 5.7, []string{"downgrade-2g", "timing-jump", "registration-rejected"}, 0,
			Grading{Sum: 5.7, Causes: 2, Scale: analyzer.Scale{Low: 1, Medium: 3.5, High: 5.5}, Severity: analyzer.High, Given: analyzer.Medium},
			nil},
		{"high needs two causes", cell.Fixed, analyzer.Low, 2.5, []string{"downgrade-2g"}, 0,
			Grading{Sum: 2.5, Causes: 1, Scale: analyzer.Scale{Low: 1, Medium: 3, High: 5}, Severity: analyzer.Low, Given: analyzer.Low, Next: analyzer.Medium, Missing: .5},
			[]string{"downgrade-2g 2.5 0.0 info"}},
		{"settled before all was found", cell.Fixed, analyzer.Medium, 7.7, []string{"downgrade-2g", "registration-rejected", "timing-jump", "area-code-mismatch"}, 0,
			Grading{Sum: 7.9, Causes: 4, Scale: analyzer.Scale{Low: 1, Medium: 3, High: 5}, Severity: analyzer.High, Given: analyzer.Medium},
			[]string{"downgrade-2g 2.5 5.4 high", "registration-rejected 2.2 5.7 high", "timing-jump 2.0 5.9 high", "area-code-mismatch 1.2 6.7 high"}},
	} {
		e := weighed("roof-1", evidencetest.Captured, c.severity, c.score, all, c.rules...)
		evs := []analyzer.Event{e}
		for i := range c.earlier {
			o := evidencetest.CaptureEvent(10+i, "roof-1", e.First.AddDate(0, 0, -3), analyzer.Medium)
			o.Score = 4
			evs = append(evs, o)
		}
		recs := []cell.Record{&cell.Source{Version: 1, Sensor: "roof-1", Mode: c.mode}, &cell.Observation{Time: e.First, Sensor: "roof-1", State: cell.Idle}}
		d, err := library(t, recs, evs).Dossier(t.Context(), e.ID, DossierOptions{Zone: time.UTC})
		require.NoError(t, err, c.name)
		g := d.Grading
		require.NotNil(t, g, c.name)
		require.InDelta(t, c.want.Sum, g.Sum, 1e-9, c.name)
		require.InDelta(t, c.want.Missing, g.Missing, 1e-9, c.name)
		got := *g
		got.Rows, got.Sum, got.Missing = nil, c.want.Sum, c.want.Missing
		require.Equal(t, c.want, got, c.name)
		if c.rows == nil {
			half := 0
			for _, r := range g.Rows {
				if r.Half {
					half++
				}
			}
			require.Equal(t, 1, half, c.name)
			continue
		}
		var rows []string
		for _, r := range g.Rows {
			row := fmt.Sprintf("%s %.1f %.1f %s", r.Rule, r.Counted, r.Without, r.Then)
			if r.Instead != "" {
				row += " for " + r.Instead
			}
			rows = append(rows, row)
		}
		require.Equal(t, c.rows, rows, c.name)
	}
}

// An event whose findings do not say what they weighed is not explained.
func TestGradingOfAnOldEvent(t *testing.T) {
	e := evidencetest.CaptureEvent(1, "roof-1", evidencetest.Captured, analyzer.High)
	e.Findings[1].Summary = "no weight is said here."
	d, err := library(t, nil, []analyzer.Event{e}).Dossier(t.Context(), e.ID, DossierOptions{Zone: time.UTC})
	require.NoError(t, err)
	require.Nil(t, d.Grading)
}
