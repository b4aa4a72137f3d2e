package evidence

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence/evidencetest"
)

// The modem said the same innocent thing ten times a second, and once in a while something that a finding rests on: every line of evidence
// is there with what came just before and after it, the rest is counted.
func TestEvidenceIsNeverCut(t *testing.T) {
	start := evidencetest.Captured
	said := func(n int) []string { // at a tenth of a second
		switch n {
		case 200:
			return []string{"fake LTE"}
		case 204, 205, 206:
			return []string{"reject 15"}
		case 208:
			return []string{"gsm row"}
		case 900: // long after all the rest, and the lines just before are too old to be near
			lines := slices.Repeat([]string{"other"}, 60)
			for i := range lines {
				lines[i] += fmt.Sprint(i)
			}
			return append(lines, "late proof")
		}
		if n > 210 && n < 899 || n%2 == 0 && n > 100 {
			return []string{"innocent"}
		}
		return []string{fmt.Sprint("noise ", n)}
	}
	recs := []cell.Record{&cell.Source{Version: 1, Sensor: "roof-1", Mode: cell.Fixed}}
	at := func(n int) time.Time { return start.Add(time.Duration(n) * 100 * time.Millisecond) }
	for n := range 1000 {
		if n > 850 && n < 899 {
			continue // nothing for five seconds
		}
		o := &cell.Observation{Time: at(n), Sensor: "roof-1", State: cell.Idle, Raw: said(n)}
		if n == 899 {
			o.Time = at(855)
		}
		recs = append(recs, o)
	}
	e := evidencetest.CaptureEvent(1, "roof-1", start, analyzer.High)
	e.Last = at(900)
	e.Findings = e.Findings[:1]
	e.Findings[0].Evidence = nil
	for _, n := range []int{200, 204, 205, 206, 208, 900} {
		lines := said(n)
		e.Findings[0].Evidence = append(e.Findings[0].Evidence, analyzer.Evidence{Time: at(n), Raw: lines[len(lines)-1:]})
	}
	e.Findings[0].Evidence = append(e.Findings[0].Evidence, analyzer.Evidence{Time: at(202).Add(50 * time.Millisecond), Raw: []string{"deleted since"}})
	l := library(t, recs, []analyzer.Event{e})
	d, err := l.Dossier(t.Context(), e.ID, DossierOptions{Zone: time.UTC})
	require.NoError(t, err)

	text := func(x Exchange) string {
		var all []string
		for _, line := range x.Lines {
			s := line.Text
			if line.Evidence {
				s = "*" + s
			}
			all = append(all, s)
		}
		return strings.Join(all, "|")
	}
	index := map[string]int{}
	for i, x := range d.Exchanges {
		require.False(t, x.Last.Before(x.Time))
		if _, ok := index[text(x)]; !ok {
			index[text(x)] = i
		}
	}
	for _, want := range []string{"*fake LTE", "*reject 15", "*gsm row", "*deleted since"} {
		require.Contains(t, index, want)
	}
	reject := d.Exchanges[index["*reject 15"]]
	require.Equal(t, 3, reject.Count, "equal answers in a row are one, with their number")
	require.Equal(t, at(206), reject.Last)
	for _, i := range []int{index["*fake LTE"], index["*gsm row"]} {
		require.Positive(t, i)
		require.False(t, d.Exchanges[i-1].Evidence(), "what came before")
		require.False(t, d.Exchanges[i+1].Evidence(), "and after")
	}
	late := d.Exchanges[slices.IndexFunc(d.Exchanges, func(x Exchange) bool { return strings.HasSuffix(text(x), "*late proof") })]
	require.Equal(t, 20, late.Cut, "lines of no evidence may be cut")
	require.Equal(t, maxLines+1, len(late.Lines))
	before := d.Exchanges[len(d.Exchanges)-1-slices.IndexFunc(reversed(d.Exchanges), func(x Exchange) bool { return x.Evidence() })-1]
	require.Equal(t, "noise 899", text(before), "the one before is there however long ago it was")
	innocent := 0
	for _, x := range d.Exchanges {
		if text(x) == "innocent" {
			innocent += x.Count
		}
	}
	require.Greater(t, innocent, 30, "the innocent answer is counted")
	require.Less(t, len(d.Exchanges), 90)
}

func reversed[T any](s []T) []T {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}
