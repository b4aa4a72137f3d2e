package modem

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/modem/at"
	"vigie/modem/dialect"
	"vigie/modem/emulator"
)

func survey(t *testing.T, more string, ctx context.Context, limit time.Duration) (Scan, []string, *emulator.Emulator, error) {
	t.Helper()
	e := plug(t, eg25(t, more), emulator.Options{})
	var sent []string
	scan, err := Survey(ctx, Config{Device: e.Path(), Sensor: "s", Limit: limit}, func(c at.Command) { sent = append(sent, c.Text) })
	return scan, sent, e, err
}

const qscan = `
answer AT+QSCAN=3,1
  +QSCAN: "LTE",311,480,5230,1,-99,-22,29,107,337B02,D00,50,13
  +QSCAN: "LTE",310,260,66786,236,-103,-15,20,10,3089F02,2D18,100,66
  +QSCAN: "LTE",what is this
`

// A survey asks the best scan that the modem knows, once, and gives every cell as a row of a sweep.
func TestSurvey(t *testing.T) {
	scan, sent, e, err := survey(t, qscan, t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, []string{"+QSCAN=3,1"}, sent)
	require.Equal(t, "EG25", scan.Source.Model)
	require.Len(t, scan.Rows, 3)
	require.Len(t, scan.Rejects, 1)
	for _, o := range scan.Rows {
		require.True(t, o.Survey)
		require.Equal(t, "s", o.Sensor)
		require.Equal(t, scan.Gap.Until, o.Time)
	}
	require.EqualValues(t, 0x337b02, scan.Rows[0].Serving.ID.Or(0))
	require.Nil(t, scan.Rows[2].Serving)
	require.Equal(t, []string{`+QSCAN: "LTE",what is this`}, scan.Rows[2].Raw, "kept raw")
	require.Equal(t, GapSurvey, scan.Gap.Reason)

	list, err := dialect.SurveyCommands()
	require.NoError(t, err)
	allowed := map[string]bool{}
	for _, l := range list.All() {
		allowed[strings.TrimSuffix(l.Bytes, "\r")] = true
	}
	scans := 0
	for _, r := range e.Received() {
		require.True(t, allowed[r], r)
		if strings.Contains(r, "QSCAN") {
			scans++
		}
	}
	require.Equal(t, 1, scans, "one try")
}

func TestSurveyTakesTheNextScanThatIsKnown(t *testing.T) {
	scan, sent, _, err := survey(t, `
answer AT+COPS=?
  +COPS: (2,"A","A","27203",7),(1,"B","B","27201",7),,(0,1,2,3,4),(0,1,2)`, t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, []string{"+QSCAN=3,1", "+QOPS", "+COPS=?"}, sent)
	require.Len(t, scan.Refused, 2)
	require.Len(t, scan.Rows, 2)
	require.Equal(t, "27203", scan.Rows[0].Serving.MCC+scan.Rows[0].Serving.MNC)
}

// What was begun and failed, took too long, or was interrupted is not tried again.
func TestSurveyIsTriedOnce(t *testing.T) {
	_, sent, _, err := survey(t, "answer AT+QSCAN=3,1\n  +CME ERROR: 30", t.Context(), 0)
	require.ErrorContains(t, err, "no network service")
	require.Len(t, sent, 1)

	_, sent, e, err := survey(t, "answer AT+QSCAN=3,1 bytes \"\\r\\n\"", t.Context(), 200*time.Millisecond)
	require.ErrorIs(t, err, at.ErrTimeout)
	require.Len(t, sent, 1)
	require.Equal(t, `AT+QSCAN=3,1`, e.Received()[len(e.Received())-1])

	ctx, stop := context.WithCancel(t.Context())
	e = plug(t, eg25(t, "answer AT+QSCAN=3,1 bytes \"\\r\\n\""), emulator.Options{})
	_, err = Survey(ctx, Config{Device: e.Path()}, func(at.Command) { stop() })
	require.ErrorIs(t, err, context.Canceled)
}

// What a survey sends is not on the list of a collector.
func TestWatchingCannotSurvey(t *testing.T) {
	list, err := dialect.Commands()
	require.NoError(t, err)
	passive := map[string]bool{}
	for _, l := range list.All() {
		passive[l.Bytes] = true
		require.NotEqual(t, at.Survey, l.Kind)
	}
	for _, d := range dialect.All() {
		for _, c := range d.Surveys {
			require.False(t, passive["AT"+c.Text+"\r"], c.Text)
			require.LessOrEqual(t, c.Timeout, SurveyLimit, c.Text)
		}
	}
}
