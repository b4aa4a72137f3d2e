package review

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/review/evidence"
)

// The drawing opens at the event, names the suspects first, in a colour of their own, and counts the others.
func TestChartNamesTheSuspect(t *testing.T) {
	tw := readTown(t)
	d, err := tw.review.evidence.Dossier(t.Context(), tw.events[0].ID, evidence.DossierOptions{Zone: time.UTC})
	require.NoError(t, err)
	k := closeUp(d.Series, d.Baseline, time.UTC)
	require.NotNil(t, k)
	require.Equal(t, []legend{{Class: "suspect d0", Name: "LTE TAC 39321 ECI 2 (eNB 0/2) PCI 3 EARFCN 3600"}, {Class: "suspect d1", Name: "GSM LAC 1000 CI 7 BSIC 12 ARFCN 62"}, {Class: "other", Count: 1}}, k.Legend)
	require.Greater(t, k.EventW, k.W/4, "the event is no hairline: it is a third of what is shown")
	require.Regexp(t, `^\d\d:\d\d:\d\d$`, k.X[0].Text, "seconds on the axis")
	require.Equal(t, "suspect d1", k.Lines[len(k.Lines)-1].Class, "drawn over the others")
	require.Less(t, sketchOf(d.Series, d.Baseline, time.UTC).EventW, k.W/20)

	for _, path := range []string{"/event/" + tw.events[0].ID, "/event/" + tw.events[0].ID + "/report"} {
		body := get(tw.review, path).Body.String()
		list := body[strings.Index(body, `<ul class="legend">`):]
		require.Regexp(t, `^<ul class="legend"><li><i class="swatch suspect d0"></i>LTE TAC 39321 ECI 2 `, list, path)
		require.Contains(t, list, "1 other serving cell", path)
		require.Len(t, regexp.MustCompile(`class="line suspect d0" d="M\d+ \d+h1L`).FindAllString(body, -1), 2, "%s: close, and with the time around", path)
	}
}
