package evidence

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/review/evidence/evidencetest"
	"vigie/storage"
)

// hoursOf is the row of a rule on a day of a sensor.
func hoursOf(t *testing.T, l *Library, sensor, rule string, day time.Time) RuleHours {
	t.Helper()
	s, err := l.Sensor(t.Context(), sensor)
	require.NoError(t, err)
	require.NotNil(t, s)
	c, err := s.CoverageOf(t.Context(), day, day.AddDate(0, 0, 1))
	require.NoError(t, err)
	v, err := s.Hours(t.Context(), c, day, day.AddDate(0, 0, 1))
	require.NoError(t, err)
	for _, r := range v.Rows {
		for _, one := range r.Rules {
			if one.ID == rule {
				return r
			}
		}
	}
	t.Fatalf("%s has no row", rule)
	return RuleHours{}
}

// glyphs is a row with one letter for each hour.
func glyphs(r RuleHours) string {
	var b strings.Builder
	for _, h := range r.Hours {
		b.WriteString(map[Visibility]string{SawAll: "o", SawPart: "p", SawNothing: "n", SawBlind: "b", SawOff: "x", SawUnknown: "."}[h.Visibility])
	}
	return b.String()
}

func TestHoursSayWhichRulesCouldSee(t *testing.T) {
	l := town(t)
	whole := strings.Repeat("o", 24)
	require.Equal(t, whole, glyphs(hoursOf(t, l, "roof-1", "downgrade-2g", evidencetest.Start.AddDate(0, 0, 1))))
	require.Equal(t, "oopbbpoooooooooooooooooo", glyphs(hoursOf(t, l, "roof-1", "downgrade-2g", evidencetest.Start.AddDate(0, 0, 3))), "unplugged from 2:10 to 5:41")
	require.Equal(t, "ooooooooooooopxpoooooooo", glyphs(hoursOf(t, l, "roof-1", "downgrade-2g", evidencetest.Start.AddDate(0, 0, 5))), "off from 13:01 to 15:30")
	ta := hoursOf(t, l, "roof-1", "timing-jump", evidencetest.Start.AddDate(0, 0, 5))
	require.Equal(t, "nnnnnnnnnnnnnnxnnnnnnnnn", glyphs(ta), "it never reports a timing advance")
	require.Equal(t, []string{"ta"}, ta.Missing)
	require.Equal(t, "ooooooooo...............", glyphs(hoursOf(t, l, "roof-1", "level-step", evidencetest.Start.AddDate(0, 0, 8))), "the day is not over")
}

// What a source reports changes with its firmware, and what it promises may not come: each hour counts by its own records.
func TestHoursFollowWhatWasRecorded(t *testing.T) {
	l := library(t, nil, nil)
	day := evidencetest.Start.AddDate(0, 0, -30)
	says := func(f cell.Fields) *cell.Source {
		return &cell.Source{Version: 1, Sensor: "yard", Mode: cell.Mobile, Reports: cell.Some(f)}
	}
	recs := []cell.Record{}
	for h := range 24 {
		switch h {
		case 0:
			recs = append(recs, says(evidencetest.Reports))
		case 6:
			recs = append(recs, says(evidencetest.Reports&^cell.FieldArea))
		case 12:
			recs = append(recs, says(evidencetest.Reports|cell.FieldTA|cell.FieldPosition))
		case 18:
			recs = append(recs, &cell.Source{Version: 1, Sensor: "yard"}) // a file that does not say
		}
		for m := 0; m < 60; m += 2 {
			o := &cell.Observation{Time: day.Add(time.Duration(h*60+m) * time.Minute), Sensor: "yard", State: cell.Idle, Serving: evidencetest.LTECell(1, 2, 3, 1300, -90)}
			if h >= 6 && h < 12 {
				o.Serving.Area = cell.Opt[cell.Area]{}
			}
			if h < 3 {
				o.Registration = []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1))}}
			}
			if h == 20 && m == 0 {
				o.Serving.TA = cell.Some(uint16(3))
			}
			recs = append(recs, o)
		}
	}
	require.NoError(t, l.stores[0].Append(t.Context(), recs...))
	require.Equal(t, "oooooonnnnnnoooooooooooo", glyphs(hoursOf(t, l, "yard", "area-code-mismatch", day)))
	require.Equal(t, "ooonnnnnnnnnnnnnnnnnnnnn", glyphs(hoursOf(t, l, "yard", "registration-rejected", day)), "registration was promised, and did not come")
	require.Equal(t, "nnnnnnnnnnnnoooooooooooo", glyphs(hoursOf(t, l, "yard", "timing-jump", day)), "of a source that does not say counts what it showed that day")

	// As summaries, with the source of the time: watched, and not off.
	_, err := l.stores[0].Purge(t.Context(), storage.Retention{FullRate: time.Hour}, day.AddDate(0, 0, 20))
	require.NoError(t, err)
	d := over(t, l.stores[0].Store)
	require.Equal(t, "oooooonnnnnnoooooooooooo", glyphs(hoursOf(t, d, "yard", "area-code-mismatch", day)))
	a, err := d.Sensor(t.Context(), "yard")
	require.NoError(t, err)
	require.Equal(t, day, a.First)
	c, err := a.CoverageOf(t.Context(), day, day.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.Equal(t, 24*time.Hour, c.Watched)
	require.Zero(t, c.Off)
}
