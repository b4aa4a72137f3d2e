package modem

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// An unsolicited line reports a move while a slow answer is pending: earlier answers are reported before it, with their own times,
// and no record returns to the previous cell.
func TestAMoveIsNotTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		p.delay[askNeighbours] = 400 * time.Millisecond
		p.answers[askNeighbours] += "\r\n" + `+QENG: "neighbourcell intra","LTE",2300,101,-11,-96,-65,-20,22,6,2,0,46` // the serving cell
		time.AfterFunc(20*time.Second+300*time.Millisecond, func() {
			p.swap("A81A02,101", "B00B01,102")
			p.print("\r\n+CEREG: 1,\"C3C9\",\"B00B01\",7\r\n")
		})
		records := p.run(t, 30*time.Second, nil)
		inOrder(t, records)
		moves, before := 0, uint64(0)
		for _, o := range all[*cell.Observation](records) {
			if o.Serving == nil {
				continue
			}
			id := o.Serving.ID.Or(0)
			if before != 0 && id != before {
				moves++
			}
			before = id
		}
		require.Equal(t, 1, moves)
		require.Equal(t, uint64(0xB00B01), before)
	})
}

// A modem reports a move after the OK of an answer that names the old cell.
func TestALineBehindAnAnswerIsToldBehindIt(t *testing.T) {
	for _, slow := range []time.Duration{0, 5 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			p := newPaper()
			p.delay[askServing] = slow
			time.AfterFunc(20*time.Second+300*time.Millisecond, func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.behind = "\r\n+CEREG: 1,\"C3C9\",\"B00B01\",7\r\n"
			})
			swapped := false
			var ids []uint64
			records := p.run(t, 30*time.Second, func(r cell.Record) {
				o, ok := r.(*cell.Observation)
				if !ok || o.Serving == nil {
					return
				}
				id := o.Serving.ID.Or(0)
				if len(ids) == 0 || ids[len(ids)-1] != id {
					ids = append(ids, id)
				}
				if id == 0xB00B01 && !swapped {
					swapped = true
					p.swap("A81A02,101", "B00B01,102")
				}
			})
			inOrder(t, records)
			require.Equal(t, []uint64{0xA81A02, 0xB00B01}, ids)
		})
	}
}

// Lines that arrive while a modem is identified again are reported after the end of the gap.
func TestLinesWhileTheModemIsFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		const from, to = 10*time.Minute + 500*time.Millisecond, 11 * time.Minute
		p.deaf = func() bool { at := time.Since(p.began); return at > from && at < to }
		p.delay["AT+CGMI"] = time.Second
		for i := range 10 {
			time.AfterFunc(to+time.Duration(i)*time.Second, func() { p.print("\r\n+CREG: 1\r\n") })
		}
		records := p.run(t, 12*time.Minute, nil)
		gapFits(t, records, GapSilent)
	})
}

// The serving cell is reported at the time of its own answer, however long the neighbours take, and is not one of them.
func TestASlowAnswerHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		p.delay[askNeighbours] = 1800 * time.Millisecond
		p.answers[askNeighbours] += "\r\n" + `+QENG: "neighbourcell intra","LTE",2300,101,-11,-96,-65,-20,22,6,2,0,46`
		records := p.run(t, time.Minute, func(r cell.Record) {
			if o, ok := r.(*cell.Observation); ok {
				require.LessOrEqual(t, time.Since(o.Time), joinWindow+time.Millisecond)
			}
		})
		inOrder(t, records)
		lists := 0
		for _, o := range all[*cell.Observation](records) {
			if len(o.Neighbours) > 0 {
				lists++
				require.Len(t, o.Neighbours, 1)
				require.False(t, o.Serving != nil && o.Serving.PCI.Known(), "it was told") // +CEREG? names it again
			}
			if o.Serving != nil && o.Serving.PCI.Known() {
				require.Len(t, o.Raw, 1)
			}
		}
		require.Greater(t, lists, 8)
	})
}

// Fast answers are one observation: the neighbours' rows add the priority of the serving cell's frequency.
func TestFastAnswersBelongTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := newPaper().run(t, time.Minute, nil)
		for _, o := range all[*cell.Observation](records) {
			require.Equal(t, len(o.Neighbours) > 0, o.Serving != nil && len(o.Raw) > 1, o.Raw)
		}
	})
}

// The command about the serving cell is refused, or not answered while AT is, for hours: it is still sent, and a gap lasts until the
// first answer.
func TestNoAnswerAboutTheServingCell(t *testing.T) {
	for _, tc := range []struct {
		reason string
		fail   func(*paper) map[string]bool
	}{
		{"command_refused", func(p *paper) map[string]bool { return p.refuse }},
		{"command_unanswered", func(p *paper) map[string]bool { return p.ignore }},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPaper()
				const from, to = 10*time.Minute + 500*time.Millisecond, 4 * time.Hour
				time.AfterFunc(from, func() { p.set(tc.fail(p), askServing, true) })
				time.AfterFunc(to, func() { p.set(tc.fail(p), askServing, false) })
				records := p.run(t, 5*time.Hour, nil)
				n := p.between(askServing, from, to)
				require.Greater(t, n, int((to-from)/(15*time.Second)), "it is asked on")
				require.Less(t, n, int((to-from)/(4*time.Second)), "but not every second")
				inOrder(t, records)
				g := gaps(records)
				require.Len(t, g, 2)
				require.Equal(t, GapNoAnswer, g[0].Reason)
				require.InDelta(t, from.Seconds(), g[0].Time.Sub(p.began).Seconds(), 10)
				require.Equal(t, g[0].Time, g[1].Time)
				require.InDelta(t, to.Seconds(), g[1].Until.Sub(p.began).Seconds(), 15)
				require.Len(t, health(records, GapNoAnswer), 1)
				told := 0
				for _, h := range health(records, tc.reason) {
					if strings.Contains(h.Detail, askServing) {
						told++
					}
				}
				require.Equal(t, 1, told, "told once")
				var reports []bool
				for _, s := range all[*cell.Source](records) {
					f, _ := s.Reports.Get()
					if now := f.Has(cell.FieldPCI | cell.FieldRSRP); len(reports) == 0 || reports[len(reports)-1] != now {
						reports = append(reports, now)
					}
				}
				require.Equal(t, []bool{true, false, true}, reports, "the source says what it can see")
			})
		})
	}
}

// In a burst three refusals take no time. They mean that the modem is busy moving, which is when it must be watched.
func TestQuickRefusalsBlindNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		const from = 100500 * time.Millisecond
		time.AfterFunc(from, func() {
			p.set(p.refuse, askServing, true)
			p.print("\r\n+CEREG: 2\r\n")
		})
		time.AfterFunc(from+2*time.Second, func() { p.set(p.refuse, askServing, false) })
		records := p.run(t, 3*time.Minute, nil)
		require.Greater(t, p.between(askServing, from, from+10*time.Second), 100, "as fast as in any burst")
		require.Empty(t, gaps(records))
		for _, h := range health(records, "command_refused") {
			require.NotContains(t, h.Detail, askServing)
		}
	})
}

// A stick that carries data connects and releases all the time. That is no move and begins no burst.
func TestConnectionsAreNoHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		for i := range 600 {
			time.AfterFunc(time.Duration(i)*time.Second+500*time.Millisecond, func() {
				p.print([]string{"\r\n+CSCON: 1\r\n", "\r\n+CSCON: 0\r\n"}[i%2])
			})
		}
		records := p.run(t, 601*time.Second, nil)
		require.InDelta(t, 600, p.between(askServing, 0, forever), 10)
		for _, o := range all[*cell.Observation](records) {
			if strings.HasPrefix(o.Raw[0], "+CSCON") {
				require.Empty(t, o.State, "it does not say that there is service")
			}
		}
	})
}

// A registration that is repeated unchanged is no hint either. A change is one.
func TestRegistrationsThatStayAreNoHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		for i := range 590 {
			time.AfterFunc(time.Duration(i)*time.Second+500*time.Millisecond, func() {
				p.print("\r\n+CGREG: 0\r\n")
			})
		}
		time.AfterFunc(590500*time.Millisecond, func() { p.print("\r\n+CGREG: 2\r\n") })
		records := p.run(t, 602*time.Second, nil)
		require.InDelta(t, 590+10*time.Second/burstPause, p.between(askServing, 0, 590*time.Second), 15, "one burst, for the first")
		require.InDelta(t, 10*time.Second/burstPause, p.between(askServing, 590500*time.Millisecond, 602*time.Second), 5)
		told := 0
		for _, o := range all[*cell.Observation](records) {
			if strings.HasPrefix(o.Raw[0], "+CGREG: 0") {
				told++
			}
		}
		require.Equal(t, 590, told, "each is recorded all the same")
	})
}

// A computer without a real-time clock gets the time minutes after its start. The error of the earlier times is reported before any
// record with the new time.
func TestTheClockIsSet(t *testing.T) {
	for _, step := range []time.Duration{40 * 24 * time.Hour, -2 * time.Hour, 1500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			p := newPaper()
			var set atomic.Int64
			p.now = func() time.Time { return time.Now().Add(time.Duration(set.Load())) }
			time.AfterFunc(60500*time.Millisecond, func() { set.Store(int64(step)) })
			records := p.run(t, 2*time.Minute, nil)
			clocks := all[*cell.Clock](records)
			require.Len(t, clocks, 1)
			require.Equal(t, step, clocks[0].Offset, "to add to earlier times")
			require.Empty(t, gaps(records))
			put := false
			var last time.Time
			for _, r := range records {
				if _, ok := r.(*cell.Clock); ok {
					put = true
				}
				o, ok := r.(*cell.Observation)
				if !ok {
					continue
				}
				at := o.Time
				if !put {
					at = at.Add(clocks[0].Offset)
				}
				if !last.IsZero() {
					require.InDelta(t, 0.5, at.Sub(last).Seconds(), 0.6, "corrected, there is no step")
				}
				last = at
			}
			require.True(t, put)
		})
	}
}

// Clocks that part slowly, as NTP has them do, were not set.
func TestASmallStepIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		p.now = func() time.Time { return time.Now().Add(time.Since(p.began) / 1000) }
		require.Empty(t, all[*cell.Clock](p.run(t, 10*time.Minute, nil)))
	})
}

// A modem answers late, and the round that was due meanwhile is answered in no time: two answers that look the same do not get one time,
// by which a store would take them for one.
func TestTwoAnswersHaveTwoTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		late := func(d time.Duration) func() {
			return func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.delay[askServing] = d
			}
		}
		time.AfterFunc(21*time.Second+300*time.Millisecond, late(1500*time.Millisecond))
		time.AfterFunc(22*time.Second+800*time.Millisecond, late(0))
		records := p.run(t, 30*time.Second, nil)
		times, slowest := map[time.Time]int{}, time.Duration(0)
		var before time.Time
		for _, o := range all[*cell.Observation](records) {
			if o.Serving == nil {
				continue
			}
			times[o.Time]++
			if !before.IsZero() {
				slowest = max(slowest, o.Time.Sub(before))
			}
			before = o.Time
		}
		require.Greater(t, slowest, 1400*time.Millisecond, "one was late")
		for at, n := range times {
			require.Equal(t, 1, n, "answers at %s", at)
		}
	})
}
