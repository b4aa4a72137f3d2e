package review

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
)

// hoursOf is the row of a rule on a day of a sensor.
func hoursOf(t *testing.T, d *Desk, sensor, rule string, day time.Time) ruleHours {
	t.Helper()
	all, err := d.sensors(context.Background())
	require.NoError(t, err)
	i := slices.IndexFunc(all, func(a alive) bool { return a.Name == sensor })
	require.GreaterOrEqual(t, i, 0)
	c, err := d.coverDay(context.Background(), &all[i], day, day.AddDate(0, 0, 1))
	require.NoError(t, err)
	v, err := d.hours(context.Background(), &all[i], c, day, day.AddDate(0, 0, 1))
	require.NoError(t, err)
	for _, r := range v.Rows {
		for _, one := range r.Rules {
			if one.ID == rule {
				return r
			}
		}
	}
	t.Fatalf("%s has no row", rule)
	return ruleHours{}
}

// glyphs writes a row in a letter an hour.
func glyphs(r ruleHours) string {
	var b strings.Builder
	for _, h := range r.Hours {
		b.WriteString(map[could]string{couldAll: "o", couldPart: "p", couldNot: "n", couldBlind: "b", couldOff: "x", couldUnsaid: "."}[h.Could])
	}
	return b.String()
}

func TestHoursSayWhichRulesCouldSee(t *testing.T) {
	tw := readTown(t)
	whole := strings.Repeat("o", 24)
	require.Equal(t, whole, glyphs(hoursOf(t, tw.desk, "roof-1", "downgrade-2g", townStart.AddDate(0, 0, 1))))
	require.Equal(t, "oopbbpoooooooooooooooooo", glyphs(hoursOf(t, tw.desk, "roof-1", "downgrade-2g", townStart.AddDate(0, 0, 3))), "unplugged from 2:10 to 5:41")
	require.Equal(t, "ooooooooooooopxpoooooooo", glyphs(hoursOf(t, tw.desk, "roof-1", "downgrade-2g", townStart.AddDate(0, 0, 5))), "off from 13:01 to 15:30")
	ta := hoursOf(t, tw.desk, "roof-1", "timing-jump", townStart.AddDate(0, 0, 5))
	require.Equal(t, "nnnnnnnnnnnnnnxnnnnnnnnn", glyphs(ta), "it never reports a timing advance")
	require.Equal(t, []string{"ta"}, ta.Missing)
	require.Equal(t, "ooooooooo...............", glyphs(hoursOf(t, tw.desk, "roof-1", "level-step", townStart.AddDate(0, 0, 8))), "the day is not over")

	var answer struct {
		Rows []struct {
			Rules, Missing, Hours []string
		}
	}
	require.NoError(t, json.Unmarshal(get(tw.desk, "/api/v1/sensors/roof-1/hours?day=2026-11-18").Body.Bytes(), &answer))
	require.Len(t, answer.Rows, 2, "rules that saw the same share a row")
	require.Len(t, answer.Rows[0].Rules, 4)
	require.Equal(t, []string{"all", "all", "part", "blind", "blind", "part", "all"}, answer.Rows[0].Hours[:7])
	body := get(tw.desk, "/sensors?day=2026-11-18").Body.String()
	require.Contains(t, body, "could see 10 of 60 minutes")
	require.Contains(t, body, "Missing when they could not see: <code>ta")
	require.Contains(t, body, `href="?day=2026-11-19#s0"`)
}

// What a source reports changes with its firmware, and what it promises may stay out: each hour is judged by its own records.
func TestHoursFollowWhatWasRecorded(t *testing.T) {
	tw := emptyDesk(t)
	day := townStart.AddDate(0, 0, -30)
	says := func(f cell.Fields) *cell.Source {
		return &cell.Source{Version: 1, Sensor: "yard", Mode: cell.Mobile, Reports: cell.Some(f)}
	}
	recs := []cell.Record{}
	for h := range 24 {
		switch h {
		case 0:
			recs = append(recs, says(townReports))
		case 6:
			recs = append(recs, says(townReports&^cell.FieldArea))
		case 12:
			recs = append(recs, says(townReports|cell.FieldTA|cell.FieldPosition))
		case 18:
			recs = append(recs, &cell.Source{Version: 1, Sensor: "yard"}) // a file that does not say
		}
		for m := 0; m < 60; m += 2 {
			o := &cell.Observation{Time: day.Add(time.Duration(h*60+m) * time.Minute), Sensor: "yard", State: cell.Idle, Serving: lteCell(1, 2, 3, 1300, -90)}
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
	require.NoError(t, tw.store.Append(t.Context(), recs...))
	require.Equal(t, "oooooonnnnnnoooooooooooo", glyphs(hoursOf(t, tw.desk, "yard", "area-code-mismatch", day)))
	require.Equal(t, "ooonnnnnnnnnnnnnnnnnnnnn", glyphs(hoursOf(t, tw.desk, "yard", "registration-rejected", day)), "registration was promised, and did not come")
	require.Equal(t, "nnnnnnnnnnnnoooooooooooo", glyphs(hoursOf(t, tw.desk, "yard", "timing-jump", day)), "of a source that does not say counts what it showed that day")

	// As summaries, with the source of the time: watched, and not off.
	_, err := tw.store.Purge(t.Context(), storage.Retention{FullRate: time.Hour}, day.AddDate(0, 0, 20))
	require.NoError(t, err)
	d := newDesk(t, tw.store)
	require.Equal(t, "oooooonnnnnnoooooooooooo", glyphs(hoursOf(t, d, "yard", "area-code-mismatch", day)))
	all, err := d.sensors(t.Context())
	require.NoError(t, err)
	a := all[slices.IndexFunc(all, func(a alive) bool { return a.Name == "yard" })]
	require.Equal(t, day, a.First)
	c, err := d.coverDay(t.Context(), &a, day, day.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.Equal(t, 24*time.Hour, c.Watched)
	require.Zero(t, c.Off)
}
