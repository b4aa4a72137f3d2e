package modem

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
)

// An hour of faults, 180 times as fast and in virtual time: no answer that was printed whole is lost, and each gap is at the time of
// its fault.
func TestAnHourOfFaults(t *testing.T) { virtual(t, anHourOfFaults) }

func anHourOfFaults(t *testing.T) {
	const script = `
at 4m
answer AT+QENG="servingcell"
  +QENG: "servingcell","NOCONN","LTE","FDD",272,03,B8{n},102,1300,3,5,5,C3CA,-90,-10,-60,14,30
register +CEREG 1,"C3CA","3E9",7
at 8m
flood 1500 +QIND: "csq",20,99
at 9m
garbage 500
at 10m
delay 40ms
at 15m
delay 0s
chunk 6 1ms
at 20m
chunk 0
unplug 3m
at 26m
answer AT+QENG="servingcell"
  +QENG: "servingcell","LIMSRV","GSM",272,03,2F1D,0{n},35,62,-,-47,255,255,0,60,60,1,-,-,-,-,-,-,-,-,-,"-"
register +CEREG 3,"C3CA","3E9",7 cause 0,15
at 28m
silence 26m
at 56m
answer AT+QENG="servingcell"
  +QENG: "servingcell","SEARCH"
at 60m
answer AT+QENG="servingcell"
  +QENG: "servingcell","NOCONN","LTE","FDD",272,03,C8{n},101,2300,4,5,5,C3C9,-96,-11,-65,12,30
register +CEREG 1,"C3C9","3E8",7
unplug 1m
at 66m
urc +QIND: "end"
`
	var in slot
	e := in.plug(t, eg25(t, ""), emulator.Options{Speed: 180, Seed: 1})
	before := e.Settings()
	w := in.watch(t, Config{Limit: 300 * time.Millisecond})
	w.until("answers", serving(5))
	e.Play(steps(t, script))
	w.within(time.Minute, "the end", said(`+QIND: "end"`))
	records := w.end()
	wholeAnswers(t, e, records)
	passive(t, e)
	require.Equal(t, before, e.Settings())

	g := gaps(records)
	require.Len(t, g, 6, "three gaps, each told twice")
	printed := e.Printed()
	for i, reason := range []string{GapUnplugged, GapSilent, GapUnplugged} {
		begins, ended := g[2*i], g[2*i+1]
		require.Equal(t, reason, begins.Reason)
		require.Equal(t, begins.Time, ended.Time)
		inside := 0
		for _, p := range printed {
			if p.Whole && p.Command == askServing && p.Time.After(ended.Time.Add(time.Millisecond)) && p.Time.Before(ended.Until) {
				inside++
			}
		}
		require.LessOrEqual(t, inside, 1, "in the gap lies at most the answer that ends it, printed before it arrives")
	}
	for i, fault := range []time.Duration{3 * time.Minute, 26 * time.Minute, time.Minute} {
		require.GreaterOrEqual(t, g[2*i+1].Until.Sub(g[2*i].Time)+20*time.Millisecond, fault/180, "as long as the fault at least")
	}
}
