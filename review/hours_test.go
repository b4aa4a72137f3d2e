package review

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/review/evidence"
	"vigie/storage"
)

func TestHoursOfADay(t *testing.T) {
	tw := readTown(t)
	var answer struct {
		Rows []struct {
			Rules, Missing, Hours []string
		}
	}
	require.NoError(t, json.Unmarshal(get(tw.review, "/api/v1/sensors/roof-1/hours?day=2026-11-18").Body.Bytes(), &answer))
	require.Len(t, answer.Rows, 2, "rules that saw the same share a row")
	require.Len(t, answer.Rows[0].Rules, 4)
	require.Equal(t, []string{"all", "all", "part", "blind", "blind", "part", "all"}, answer.Rows[0].Hours[:7])
	body := get(tw.review, "/sensors?day=2026-11-18").Body.String()
	require.Contains(t, body, "could see 10 of 60 minutes")
	require.Contains(t, body, "Missing when they could not see: <code>ta")
	require.Contains(t, body, `href="?day=2026-11-19#s0"`)
}

// Where only summaries are left, the page of an event says so, and its charts are drawn from them.
func TestPagesOfSummaries(t *testing.T) {
	tw := newTown(t)
	for more := true; more; {
		out, err := tw.store.Purge(t.Context(), storage.Retention{FullRate: time.Hour}, captured.AddDate(0, 1, 0))
		require.NoError(t, err)
		more = out.More
	}
	d := newReview(t, tw.store)
	require.Contains(t, get(d, "/event/"+tw.events[0].ID).Body.String(), "only summaries of a minute are left: a fall within")
	require.Regexp(t, `<path class="line c0" d="M`, get(d, "/cell?rat=LTE&mcc=206&mnc=01&id=11016962").Body.String())
}

// A refusal in the registration of one domain is drawn although the other domain stays as it is.
func TestChartOfTwoDomains(t *testing.T) {
	w := &evidence.Window{From: townStart, To: townStart.Add(time.Minute)}
	for i, eps := range []uint8{1, 1, 3, 1} {
		w.Records = append(w.Records, &cell.Observation{Time: townStart.Add(time.Duration(i) * time.Second), Serving: lteCell(1, 1, 1, 1300, -90),
			Registration: []cell.Registration{{Domain: cell.EPS, Status: cell.Some(eps)}, {Domain: cell.CS, Status: cell.Some(uint8(1))}}})
	}
	k := sketchOf(w.Series(nil), nil, time.UTC)
	require.Len(t, k.Regs, 4)
	require.True(t, k.Regs[2].Bad)
}
