package review

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/review/evidence"
)

// A map program is told where the suspect was heard, how strong, in which event, and what was found.
func TestMapFilesHaveCellLevelEventAndFinding(t *testing.T) {
	tw := readTown(t)
	e := tw.events[1]
	var b strings.Builder
	require.NoError(t, tw.review.EventBundle(t.Context(), &b, e.ID, BundleOptions{Location: evidence.Exact, Lang: "en"}))
	m := members(t, []byte(b.String()))
	var geo struct {
		Features []struct {
			Geometry   struct{ Coordinates []float64 }
			Properties struct {
				Cell     string
				Level    float64 `json:"level_dbm"`
				Accuracy float64 `json:"accuracy_m"`
				Suspect  bool
				Events   []string
				Findings []string
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(m["positions.geojson"]), &geo))
	suspect := 0
	for _, f := range geo.Features {
		p := f.Properties
		require.Equal(t, 8.0, p.Accuracy)
		require.NotEmpty(t, p.Cell)
		if !p.Suspect {
			continue
		}
		suspect++
		require.Equal(t, []string{e.ID}, p.Events)
		require.Greater(t, p.Level, -52.0, "it was loud")
		if strings.Contains(p.Cell, "ECI 2 ") {
			require.Contains(t, p.Findings, "area-code-mismatch")
		} else {
			require.Contains(t, p.Cell, "GSM PLMN 206-01 (Proximus) LAC 1000 CI 7")
			require.Contains(t, p.Findings, "downgrade-2g")
		}
	}
	require.Equal(t, 4, suspect, "a position every ten seconds, for 36 seconds")

	require.NoError(t, xml.Unmarshal([]byte(m["positions.kml"]), &struct{}{}))
	require.Equal(t, suspect, strings.Count(m["positions.kml"], "<styleUrl>#suspect</styleUrl>"))
	require.Contains(t, m["positions.kml"], `<Data name="findings"><value>area-code-mismatch</value></Data>`)
	require.Contains(t, m["positions.kml"], `<Data name="events"><value>`+e.ID+`</value></Data>`)
}

// The drawing of a report has the stretch of the suspect and not the whole way, its name, how exact it is, and the towns around.
func TestReportHasAMapOfTheSuspect(t *testing.T) {
	tw := readTown(t)
	d, err := tw.review.evidence.Dossier(t.Context(), tw.events[1].ID, evidence.DossierOptions{Zone: time.UTC})
	require.NoError(t, err)
	require.Len(t, d.Series.Ways, 2)
	for _, w := range d.Series.Ways {
		require.GreaterOrEqual(t, w.From, d.Series.Event[0])
		require.LessOrEqual(t, w.To, d.Series.Event[1])
		require.LessOrEqual(t, len(w.Spots), 5, "of %d positions", len(d.Series.Spots))
	}
	body := get(tw.review, "/event/"+tw.events[1].ID+"/report").Body.String()
	land := body[strings.Index(body, `<svg class="land"`):]
	require.Regexp(t, `<path class="line suspect d0" d="M\d+ \d+h0L`, land)
	require.Regexp(t, `<path class="line suspect d1" d="M\d+ \d+h0L`, land)
	require.Contains(t, land, `<circle class="ring"`)
	require.Regexp(t, `LTE TAC 39321 ECI 2 .* at most -45 dBm · 50\.85\d\d, 4\.36\d\d, to 8 m</li>`, land)
	require.Contains(t, body, "In or at Brussels (BE).")
	coarse := get(tw.review, "/event/"+tw.events[1].ID+"/report?location=coarse").Body.String()
	require.NotContains(t, coarse, `class="land"`)
	cellPage := get(tw.review, "/cell?rat=LTE&mcc=206&mnc=01&id=11020001").Body.String()
	require.Contains(t, cellPage, `<div id="map"`, "where a cell was heard is a map")
	require.Contains(t, cellPage, `<noscript><svg class="land"`)
}
