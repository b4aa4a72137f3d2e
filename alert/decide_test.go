package alert

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func wish(t require.TestingT, o Options) *policy {
	if o.Zone == "" {
		o.Zone = "UTC"
	}
	w, err := o.check()
	require.NoError(t, err)
	return &w
}

func event(id string, sev analyzer.Severity, state analyzer.State, at time.Time) *analyzer.Event {
	return &analyzer.Event{ID: id, Sensor: "roof-1", Severity: sev, State: state, First: at, Opened: at, Last: at,
		Cells:    []cell.Cell{{RAT: cell.GSM, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(65534)), ID: cell.Some(uint64(424242))}},
		Findings: []analyzer.Finding{{Rule: "new-cell", Severity: analyzer.Low}, {Rule: "downgrade-2g", Severity: analyzer.High}},
		Summary:  "Fell to GSM cell 424242 (area 65534)."}
}

func kinds(ns []Notice) (all []Kind) {
	for _, n := range ns {
		all = append(all, n.Kind)
	}
	return all
}

func TestOneMessageAStory(t *testing.T) {
	const low, medium, high = analyzer.Low, analyzer.Medium, analyzer.High
	const open, closed, pending = analyzer.Open, analyzer.Closed, analyzer.Pending
	type step struct {
		sev   analyzer.Severity
		state analyzer.State
		want  []Kind
	}
	for name, c := range map[string]struct {
		o     Options
		steps []step
	}{
		"opened once":                {Options{}, []step{{medium, open, []Kind{Opened}}, {medium, open, nil}, {medium, open, nil}}},
		"graver":                     {Options{}, []step{{medium, open, []Kind{Opened}}, {high, open, []Kind{Escalated}}, {high, open, nil}, {medium, open, nil}}},
		"below":                      {Options{}, []step{{low, open, nil}, {low, closed, nil}}},
		"low becomes medium":         {Options{}, []step{{low, open, nil}, {medium, open, []Kind{Opened}}}},
		"all is wanted":              {Options{Severity: "info"}, []step{{analyzer.Info, open, []Kind{Opened}}}},
		"only high":                  {Options{Severity: "high"}, []step{{medium, open, nil}, {high, open, []Kind{Opened}}}},
		"over before a report":       {Options{}, []step{{medium, closed, []Kind{Opened}}, {medium, closed, nil}}},
		"ends":                       {Options{}, []step{{medium, open, []Kind{Opened}}, {medium, closed, []Kind{Closed}}, {medium, closed, nil}}},
		"graver as it ends":          {Options{}, []step{{medium, open, []Kind{Opened}}, {high, closed, []Kind{Escalated}}, {high, closed, nil}}},
		"pending is not yet a story": {Options{}, []step{{high, pending, nil}}},
		"events are not wanted":      {Options{Tell: []string{TellBlind}}, []step{{high, open, nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			s, w := newState(), wish(t, c.o)
			for i, st := range c.steps {
				e := event("e1", st.sev, st.state, noon)
				got, _ := s.take(storage.Entry{Seq: int64(i + 1), Event: e}, w, noon.Add(time.Minute))
				require.Equal(t, st.want, kinds(got), "step %d", i)
				for _, n := range got {
					require.Equal(t, st.sev, n.Severity)
					require.Equal(t, []string{"downgrade-2g", "new-cell"}, n.Rules, "the gravest first")
					require.Equal(t, st.state == closed, !n.Until.IsZero())
					require.Empty(t, n.Detail, "not asked for")
					require.Empty(t, n.Cells)
				}
			}
		})
	}
}

func TestHistoryIsNoNews(t *testing.T) {
	s, w := newState(), wish(t, Options{})
	require.Empty(t, s.event(event("old", analyzer.High, analyzer.Closed, noon.Add(-100*time.Hour)), w, noon))
	require.Len(t, s.event(event("new", analyzer.High, analyzer.Closed, noon.Add(-50*time.Hour)), w, noon), 1)
}

func TestStoriesAreBounded(t *testing.T) {
	s, w := newState(), wish(t, Options{})
	for i := range 3 * maxNotifications {
		state := analyzer.Closed
		if i == 0 {
			state = analyzer.Open
		}
		s.event(event(fmt.Sprint(i), analyzer.High, state, noon.Add(time.Duration(i)*time.Second)), w, noon)
	}
	require.Len(t, s.Notifications, maxNotifications)
	require.Contains(t, s.Notifications, "0", "one that goes on is not forgotten before those that ended")
	require.Contains(t, s.Notifications, fmt.Sprint(3*maxNotifications-1))
}

func TestBlind(t *testing.T) {
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	gap := func(from, until int, reason string) *cell.Gap {
		g := &cell.Gap{Time: at(from), Sensor: "roof-1", Reason: reason}
		if until > 0 {
			g.Until = at(until)
		}
		return g
	}
	w := wish(t, Options{BlindAfter: 5 * time.Minute})
	none := func(string) bool { return false }
	take := func(s *state, r cell.Record, now int) []Notice {
		n, _ := s.take(storage.Entry{Seq: 1, Record: r}, w, at(now))
		return n
	}
	t.Run("short", func(t *testing.T) {
		s := newState()
		require.Empty(t, take(s, gap(0, 0, "unplugged"), 0))
		notices, next := s.tick(w, at(4), none)
		require.Empty(t, notices)
		require.Equal(t, at(5), next)
		require.Empty(t, take(s, gap(0, 4, "unplugged"), 4))
		notices, next = s.tick(w, at(60), none)
		require.Empty(t, notices)
		require.Zero(t, next)
	})
	t.Run("long", func(t *testing.T) {
		s := newState()
		take(s, gap(0, 0, "unplugged"), 0)
		notices, _ := s.tick(w, at(5), none)
		require.Equal(t, []Kind{Blind}, kinds(notices))
		require.True(t, s.sensorStates()[0].Blind)
		notices, _ = s.tick(w, at(50), none)
		require.Empty(t, notices, "once")
		notices = take(s, gap(0, 60, "unplugged"), 60)
		require.Equal(t, []Kind{Seeing}, kinds(notices))
		require.Equal(t, at(60), notices[0].Until)
		require.False(t, len(s.sensorStates()) > 0 && s.sensorStates()[0].Blind)
	})
	t.Run("reported afterwards", func(t *testing.T) { // Vigie itself was off
		require.Equal(t, []Kind{Seeing}, kinds(take(newState(), gap(0, 30, "not_running"), 30)))
	})
	t.Run("an end that never came", func(t *testing.T) {
		s := newState()
		take(s, gap(0, 0, "silent"), 0)
		s.tick(w, at(6), none)
		require.Equal(t, []Kind{Seeing}, kinds(take(s, &cell.Observation{Time: at(9), Sensor: "roof-1"}, 9)))
	})
	t.Run("not wanted", func(t *testing.T) {
		s, w := newState(), wish(t, Options{Tell: []string{TellEvents}})
		s.gap(gap(0, 0, "silent"), w, at(0))
		notices, _ := s.tick(w, at(60), none)
		require.Empty(t, notices)
		require.Empty(t, s.gap(gap(0, 70, "silent"), w, at(70)))
	})
}

func TestRepeatedUntilSomebodyLooks(t *testing.T) {
	w := wish(t, Options{Repeat: 10 * time.Minute, RepeatTimes: 2})
	looked := false
	seen := func(string) bool { return looked }
	run := func(s *state, minutes int) (at []int) {
		for m := range minutes {
			notices, _ := s.tick(w, noon.Add(time.Duration(m)*time.Minute), seen)
			for _, n := range notices {
				require.Equal(t, Repeated, n.Kind)
				at = append(at, m)
			}
		}
		return at
	}
	s := newState()
	s.event(event("e", analyzer.High, analyzer.Open, noon), w, noon)
	require.Equal(t, []int{10, 20}, run(s, 100), "no more often than asked")
	s = newState()
	s.event(event("e", analyzer.High, analyzer.Open, noon), w, noon)
	looked = true
	require.Empty(t, run(s, 100))
	looked = false
	s = newState()
	s.event(event("e", analyzer.Medium, analyzer.Open, noon), w, noon)
	require.Empty(t, run(s, 100), "only of severity high")
}

func TestHealthAndClock(t *testing.T) {
	s, w := newState(), wish(t, Options{})
	take := func(r cell.Record, now time.Time) []Notice {
		n, _ := s.take(storage.Entry{Seq: 1, Record: r}, w, now)
		return n
	}
	full := &cell.Health{Time: noon, Sensor: "roof-1", Reason: "disk_full", Detail: "3 MB left"}
	require.Equal(t, []Kind{Health}, kinds(take(full, noon)))
	require.Empty(t, take(full, noon.Add(time.Hour)), "not over and over")
	require.Len(t, take(full, noon.Add(7*time.Hour)), 1)
	require.Empty(t, take(&cell.Health{Time: noon, Sensor: "roof-1", Reason: "decode_reject"}, noon), "for the log, not for people")
	require.Empty(t, take(&cell.Clock{Time: noon, Sensor: "roof-1", Offset: time.Second}, noon))
	require.Equal(t, []Kind{Clock}, kinds(take(&cell.Clock{Time: noon, Sensor: "roof-1", Offset: -3 * time.Hour}, noon)))
}

func TestPositionsAndCellsOnlyWhenAsked(t *testing.T) {
	for _, asked := range []bool{false, true} {
		s, w := newState(), wish(t, Options{Cells: asked, Positions: asked})
		s.take(storage.Entry{Seq: 1, Record: &cell.Observation{Time: noon, Sensor: "roof-1", Position: &cell.Position{Lat: 46.51, Lon: 6.63}}}, w, noon)
		notices, _ := s.take(storage.Entry{Seq: 2, Event: event("e", analyzer.High, analyzer.Open, noon)}, w, noon)
		m := compose(&batch{notices: notices}, w, noon)
		for _, secret := range []string{"424242", "65534", "272", "46.51", "6.63"} {
			require.Equal(t, asked, strings.Contains(fmt.Sprintf("%+v", m), secret), secret)
		}
		require.NotContains(t, fmt.Sprintf("%+v", s.Places), "46.51000, 6.63000"+map[bool]string{true: "0"}[asked], "not even kept")
	}
}

// Whatever happens, each anomaly is sent or counted, none twice, and the outbox stays small.
func TestBoxLosesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := wish(rt, Options{Quiet: rapid.SampledFrom([]string{"", "22:00-07:00", "12:00-12:30"}).Draw(rt, "quiet"), PerHour: rapid.IntRange(1, 20).Draw(rt, "hourly")})
		s, b, now := newState(), &outbox{}, noon
		put, out, counted, offered := map[string]time.Time{}, map[string]int{}, 0, ""
		for range rapid.IntRange(1, 150).Draw(rt, "steps") {
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0, 1:
				id := fmt.Sprint(len(put))
				for _, n := range s.event(event(id, rapid.SampledFrom([]analyzer.Severity{analyzer.Medium, analyzer.High}).Draw(rt, "severity"), analyzer.Open, now), w, now) {
					put[id] = now
					b.add(n, false)
				}
			case 2:
				id := fmt.Sprint(rapid.IntRange(0, len(put)).Draw(rt, "which"))
				if when, ok := put[id]; ok && now.Sub(when) < newsAge {
					put[id] = now
					for _, n := range s.event(event(id, analyzer.High, analyzer.State(rapid.SampledFrom([]string{"open", "closed"}).Draw(rt, "state")), now), w, now) {
						b.add(n, false)
					}
				}
			case 3:
				now = now.Add(time.Duration(rapid.IntRange(0, 8*60).Draw(rt, "minutes")) * time.Minute)
			}
			bundle, _ := b.due(w, now, false)
			if bundle == nil {
				continue
			}
			if offered != "" {
				require.Equal(rt, offered, bundle.id(), "what may have arrived is offered as it was")
			}
			b.offer(bundle)
			offered = ""
			switch rapid.SampledFrom([]string{"arrives", "refused", "unknown"}).Draw(rt, "how") {
			case "refused":
				b.sent(bundle, httpStatus(403), now)
				continue
			case "unknown":
				offered = bundle.id()
				b.sent(bundle, errors.New("no answer"), now)
				continue
			}
			counted += bundle.over.N
			for _, n := range bundle.notices {
				out[n.ID]++
			}
			b.sent(bundle, nil, now)
			require.LessOrEqual(rt, len(b.Waiting), maxWaiting)
		}
		now = now.Add(12 * time.Hour)
		for range 50 {
			now = now.Add(61 * time.Minute)
			if bundle, _ := b.due(w, now, false); bundle != nil {
				counted += bundle.over.N
				for _, n := range bundle.notices {
					out[n.ID]++
				}
				b.sent(bundle, nil, now)
			}
		}
		require.Empty(rt, b.Waiting)
		require.Zero(rt, b.Over)
		told := 0
		for id := range put {
			for out, n := range out {
				if strings.HasPrefix(out, id+" ") {
					told++
					require.Equal(rt, 1, n, out)
				}
			}
		}
		require.GreaterOrEqual(rt, told+counted, len(put))
	})
}

func TestCoalesced(t *testing.T) {
	w := wish(t, Options{})
	s, b := newState(), &outbox{}
	give := func(ns ...Notice) {
		for _, n := range ns {
			b.add(n, true)
		}
	}
	give(s.event(event("e", analyzer.Medium, analyzer.Open, noon), w, noon)...)
	give(s.event(event("e", analyzer.High, analyzer.Open, noon), w, noon)...)
	give(s.event(event("e", analyzer.High, analyzer.Closed, noon.Add(time.Hour)), w, noon.Add(time.Hour))...)
	require.Len(t, b.Waiting, 1, "nobody has heard of it yet: one message, in its last form")
	require.Equal(t, Opened, b.Waiting[0].Kind)
	require.Equal(t, analyzer.High, b.Waiting[0].Severity)
	require.False(t, b.Waiting[0].Until.IsZero())

	b = &outbox{}
	give(Notice{ID: "b", Key: "blind x", Kind: Blind}, Notice{ID: "s", Key: "blind x", Kind: Seeing})
	require.Equal(t, []Kind{Seeing}, kinds(b.Waiting))

	b = &outbox{}
	give(Notice{ID: "e opened", Key: "e", Kind: Opened})
	b.busy, b.Offered = true, &offered{IDs: []string{"e opened"}} // being sent: what is added now is another message
	give(Notice{ID: "e escalated", Key: "e", Kind: Escalated})
	require.Equal(t, []Kind{Opened, Escalated}, kinds(b.Waiting))
}

func TestFolding(t *testing.T) {
	fill := func(n int) *outbox {
		b := &outbox{}
		for i := range n {
			b.add(Notice{ID: fmt.Sprint(i), Key: fmt.Sprint(i), Kind: Opened, Event: fmt.Sprint(i), Sensor: "roof-1", Severity: analyzer.Medium + analyzer.Severity(i%2),
				Time: noon.Add(time.Duration(i) * time.Second)}, false)
		}
		return b
	}
	w := wish(t, Options{})
	b := fill(foldAbove)
	out, _ := b.due(w, noon, false)
	require.False(t, out.folded(), "a few go one by one")

	b = fill(12)
	b.failures = 4
	out, _ = b.due(w, noon, false)
	require.True(t, out.folded())
	m := compose(out, w, noon.Add(time.Hour))
	require.Equal(t, Summary, m.Kind)
	require.Equal(t, "Vigie: 12 messages in one", m.Title)
	require.Contains(t, m.Text, "12 messages while this place could not be reached, 12:00 UTC to 13:00 UTC.\nAnomalies: 6 of severity high, 6 of medium, 0 lower.")
	require.Equal(t, analyzer.High, m.Severity)
	b.sent(out, nil, noon)
	require.Empty(t, b.Waiting)

	b = fill(5000)
	require.Len(t, b.Waiting, maxWaiting)
	out, _ = b.due(w, noon, false)
	m = compose(out, w, noon.Add(2*time.Hour))
	require.Contains(t, m.Text, "5000 messages in a short time, 12:00 UTC")
	require.Contains(t, m.Text, "2500 of severity high, 2500 of medium")
	require.Less(t, len(m.Text), maxText+1)
	b.offer(out)
	b.add(Notice{ID: "late", Key: "late"}, false)
	b.sent(out, nil, noon)
	require.Equal(t, []Notice{{ID: "late", Key: "late"}}, b.Waiting, "what came meanwhile stays")
	require.Zero(t, b.Over)
}

// In quiet hours too, notices that are only counted are sent with one that passes, and do not stay behind alone.
func TestFoldingInQuietHours(t *testing.T) {
	w := wish(t, Options{Zone: "UTC", Quiet: "11:00-13:00", PerHour: 100})
	b, told := &outbox{}, 0
	for i := range maxWaiting + 2 {
		b.add(Notice{ID: fmt.Sprint(i), Key: fmt.Sprint(i), Kind: Opened, Event: fmt.Sprint(i), Severity: analyzer.High, Time: noon}, false)
	}
	for out, _ := b.due(w, noon, false); out != nil; out, _ = b.due(w, noon, false) {
		told += len(out.notices) + out.over.N
		b.sent(out, nil, noon)
	}
	require.Equal(t, maxWaiting+2, told)
	require.Zero(t, b.Over)
}

func TestNoFlood(t *testing.T) {
	w := wish(t, Options{PerHour: 5})
	b, sent := &outbox{}, 0
	for i := range 3600 { // an hour with an anomaly each second
		now := noon.Add(time.Duration(i) * time.Second)
		b.add(Notice{ID: fmt.Sprint(i), Key: fmt.Sprint(i), Kind: Opened, Event: fmt.Sprint(i), Severity: analyzer.Medium, Time: now}, false)
		if out, _ := b.due(w, now, false); out != nil {
			b.sent(out, nil, now)
			sent++
		}
	}
	require.Equal(t, 5, sent)
	out, again := b.due(w, noon.Add(time.Hour-time.Second), false)
	require.Nil(t, out)
	require.Equal(t, noon.Add(time.Hour), again)
	out, _ = b.due(w, again, false)
	require.Equal(t, 3595, len(out.notices)+out.over.N)
}

func TestGraveGoesBeyond(t *testing.T) {
	w, b := wish(t, Options{PerHour: 5}), &outbox{}
	for i := range 10 {
		id := fmt.Sprint(i)
		b.add(Notice{ID: id, Key: id, Kind: Opened, Event: id, Severity: analyzer.Medium, Time: noon}, false)
		if out, _ := b.due(w, noon, false); out != nil {
			b.sent(out, nil, noon)
		}
	}
	require.Len(t, b.Sent, 5)
	for i := range severeExtra + 1 { // minor notices do not hold back severe ones, and these are limited too
		id, last := fmt.Sprint("grave", i), noon.Add(time.Minute)
		b.add(Notice{ID: id, Key: id, Kind: Opened, Event: id, Severity: analyzer.High, Time: last}, false)
		out, _ := b.due(w, last, false)
		require.Equal(t, i < severeExtra, out != nil)
		if out != nil {
			require.Equal(t, id, out.notices[0].ID)
			b.sent(out, nil, last)
		}
	}
}

func TestQuietHours(t *testing.T) {
	zurich, err := time.LoadLocation("Europe/Zurich")
	require.NoError(t, err)
	w := wish(t, Options{Quiet: "22:00-07:00", Zone: "Europe/Zurich"})
	night := time.Date(2026, 11, 24, 23, 30, 0, 0, zurich)
	morning := time.Date(2026, 11, 25, 7, 0, 0, 0, zurich)
	b := &outbox{}
	b.add(Notice{ID: "m", Key: "m", Kind: Opened, Event: "m", Severity: analyzer.Medium, Time: night}, false)
	out, again := b.due(w, night, false)
	require.Nil(t, out)
	require.True(t, morning.Equal(again), again)
	out, _ = b.due(w, night, true)
	require.NotNil(t, out, "a machine has quiet hours of its own")
	b.add(Notice{ID: "h", Key: "h", Kind: Opened, Event: "h", Severity: analyzer.High, Time: night}, false)
	out, _ = b.due(w, night, false)
	require.Equal(t, "h", out.notices[0].ID, "severity high passes")
	b.sent(out, nil, night)
	out, _ = b.due(w, night, false)
	require.Nil(t, out)
	for i := range 4 {
		b.add(Notice{ID: fmt.Sprint(i), Key: fmt.Sprint(i), Kind: Blind, Time: night}, false)
	}
	out, _ = b.due(w, morning, false)
	require.Equal(t, "quiet", out.why)
	require.Len(t, out.notices, 5)

	b = &outbox{} // a message that may have arrived in the evening waits for the morning, and must not hold back one that passes
	b.add(Notice{ID: "m", Key: "m", Kind: Opened, Event: "m", Severity: analyzer.Medium, Time: night}, false)
	evening, _ := b.due(w, night.Add(-2*time.Hour), false)
	b.offer(evening)
	b.sent(evening, httpStatus(502), night.Add(-2*time.Hour))
	out, again = b.due(w, night, false)
	require.Nil(t, out)
	require.True(t, morning.Equal(again), again)
	b.add(Notice{ID: "h", Key: "h", Kind: Opened, Event: "h", Severity: analyzer.High, Time: night}, false)
	for _, id := range []string{"m", "h"} {
		out, _ = b.due(w, night, false)
		require.NotNil(t, out, id)
		require.Equal(t, id, out.notices[0].ID)
		b.offer(out)
		b.sent(out, nil, night)
	}

	w.quietPasses = analyzer.High + 1
	b.add(Notice{ID: "h2", Key: "h2", Kind: Opened, Event: "h2", Severity: analyzer.High, Time: night}, false)
	out, _ = b.due(w, night, false)
	require.Nil(t, out, "nothing passes")

	for _, c := range []struct {
		hours, now, until string
	}{
		{"22:00-07:00", "2026-11-24 21:59", ""},
		{"22:00-07:00", "2026-11-24 22:00", "2026-11-25 07:00"},
		{"22:00-07:00", "2026-11-25 06:59", "2026-11-25 07:00"},
		{"22:00-07:00", "2026-11-25 07:00", ""},
		{"12:30-14:00", "2026-11-25 13:00", "2026-11-25 14:00"},
		{"12:30-14:00", "2026-11-25 00:10", ""},
		{"22:00-07:00", "2026-03-28 23:00", "2026-03-29 07:00"}, // the clock goes forward that night
		{"22:00-07:00", "2026-10-24 23:00", "2026-10-25 07:00"}, // and back
		{"", "2026-11-25 00:10", ""},
	} {
		h, err := parseHours(c.hours)
		require.NoError(t, err)
		now, err := time.ParseInLocation("2006-01-02 15:04", c.now, zurich)
		require.NoError(t, err)
		got := h.until(now, zurich)
		if c.until == "" {
			require.Zero(t, got, "%v", c)
			continue
		}
		require.Equal(t, c.until, got.In(zurich).Format("2006-01-02 15:04"), "%v", c)
	}
	for _, bad := range []string{"22-7", "22:00", "25:00-07:00", "07:00-07:00", "22:00-07:00-09:00", "a-b"} {
		_, err := parseHours(bad)
		require.Error(t, err, bad)
	}
}
