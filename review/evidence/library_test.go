package evidence

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/modem/at"
	"vigie/review/evidence/evidencetest"
	"vigie/storage"
)

// over is a library over a store.
func over(t testing.TB, s *storage.Store, change ...func(*Options)) *Library {
	t.Helper()
	o := Options{Stores: []Named{{"town", s}}, Rules: evidencetest.Rules, Scrub: at.Scrub, Now: func() time.Time { return evidencetest.Now }}
	for _, c := range change {
		c(&o)
	}
	l, err := New(o)
	require.NoError(t, err)
	t.Cleanup(l.Close)
	return l
}

// filled is a store of its own.
func filled(t testing.TB, recs []cell.Record, evs []analyzer.Event) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Append(t.Context(), recs...))
	require.NoError(t, s.PutEvents(t.Context(), evs...))
	return s
}

// library is a library over a store of its own.
func library(t testing.TB, recs []cell.Record, evs []analyzer.Event, change ...func(*Options)) *Library {
	t.Helper()
	return over(t, filled(t, recs, evs), change...)
}

// town is a library over the town of evidencetest.
func town(t testing.TB, change ...func(*Options)) *Library {
	t.Helper()
	return library(t, evidencetest.Records(), evidencetest.Events(), change...)
}

// wrongClock is a library over evidencetest.WrongClock.
func wrongClock(t testing.TB, change ...func(*Options)) (l *Library, e analyzer.Event, right time.Time) {
	t.Helper()
	recs, e, right := evidencetest.WrongClock()
	return library(t, recs, []analyzer.Event{e}, change...), e, right
}

func TestNewRefuses(t *testing.T) {
	s := filled(t, nil, nil)
	for want, o := range map[string]Options{
		"no store is given":                            {Scrub: at.Scrub, Now: time.Now},
		"no function that removes identities is given": {Stores: []Named{{"a", s}}, Now: time.Now},
		"no clock is given":                            {Stores: []Named{{"a", s}}, Scrub: at.Scrub},
	} {
		_, err := New(o)
		require.EqualError(t, err, want)
	}
}

func TestEntriesFollowTheStore(t *testing.T) {
	l := town(t)
	all, err := l.Entries(t.Context())
	require.NoError(t, err)
	require.Len(t, all, len(evidencetest.Events()))
	for i := 1; i < len(all); i++ {
		require.False(t, all[i].Opened.After(all[i-1].Opened), "newest first")
	}
	require.False(t, l.Dropped())
	before, err := l.State(t.Context())
	require.NoError(t, err)

	e := all[0]
	require.Equal(t, evidencetest.Events()[0].ID, e.ID)
	require.Contains(t, e.Places, "206-01-39321")
	require.Equal(t, "town", e.StoreName())
	require.Nil(t, e.Verdict)
	_, err = l.stores[0].AddVerdict(t.Context(), storage.Verdict{Event: e.Key, Judgement: storage.Benign, Author: "Ada 206011234567890", Time: evidencetest.Now})
	require.NoError(t, err)
	after, err := l.State(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	now, err := l.Find(t.Context(), e.ID)
	require.NoError(t, err)
	require.Equal(t, storage.Benign, now.Verdict.Judgement)
	require.NotContains(t, now.Verdict.Author, "206011234567890")
	require.Nil(t, e.Verdict, "an entry that somebody holds does not change")
	given, err := now.Verdicts(t.Context())
	require.NoError(t, err)
	require.Len(t, given, 1)

	_, err = l.Find(t.Context(), "nothing")
	require.ErrorIs(t, err, storage.ErrNotFound)
	rule, ok := l.Rule("downgrade-2g")
	require.True(t, ok)
	require.Equal(t, 2, rule.Version)
}

// Events that are older than the index reaches are found in the store.
func TestFindBeyondTheIndex(t *testing.T) {
	l := town(t)
	_, err := l.Entries(t.Context())
	require.NoError(t, err)
	id := evidencetest.Events()[3].ID
	delete(l.index.byID, id)
	e, err := l.Find(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, id, e.ID)
}

func TestCorrectedTimes(t *testing.T) {
	l, e, right := wrongClock(t)
	own, err := l.Find(t.Context(), e.ID)
	require.NoError(t, err)
	require.Equal(t, right, own.First)
	require.Equal(t, e.First, own.Was())
	require.Equal(t, 9*time.Hour, own.Shift)
	stored, corrected, err := own.Events(t.Context())
	require.NoError(t, err)
	require.Equal(t, e.First, stored.First)
	require.Equal(t, right, corrected.First)

	d, err := l.Dossier(t.Context(), e.ID, DossierOptions{Zone: time.UTC})
	require.NoError(t, err)
	require.Equal(t, unix(right), d.Series.Event[0])
	require.Equal(t, unix(right.Add(-Margin)), d.Series.Time[0])
	require.NotEmpty(t, d.Exchanges, "lines are found although they have other times")
	row := hoursOf(t, l, "kit", "downgrade-2g", right.Truncate(24*time.Hour))
	require.Equal(t, "xxxxxxxxxoo"+strings.Repeat("x", 13), strings.ReplaceAll(glyphs(row), ".", "x"), "watched from 9 to 11, and not at midnight")

	kit, err := l.Sensor(t.Context(), "kit")
	require.NoError(t, err)
	list, err := kit.Complaints(t.Context(), right.AddDate(0, 0, -1), right.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.Equal(t, []Complaint{{Reason: "clock", Count: 1, Last: right.Add(30 * time.Minute), Offset: 9 * time.Hour}}, list)
	c, err := l.Cell(t.Context(), cell.LTE, cell.PLMN{}, 11016962)
	require.NoError(t, err)
	require.True(t, c.Corrected)
}

// A window that reaches over the moment at which the clock was set has both sides of it, in order.
func TestWindowOverTheMomentOfSetting(t *testing.T) {
	l, e, right := wrongClock(t)
	set := right.Add(30 * time.Minute)
	w, err := l.stores[0].Window(t.Context(), e.Sensor, set.Add(-time.Minute), set.Add(time.Minute), false)
	require.NoError(t, err)
	require.Len(t, w.Records, 121, "an observation a second, and the clock line")
	for i := 1; i < len(w.Records); i++ {
		require.False(t, w.Records[i].When().Before(w.Records[i-1].When()))
	}
}

func TestConcurrent(t *testing.T) {
	evs := []analyzer.Event{evidencetest.CaptureEvent(1, "kit-a", evidencetest.Captured, analyzer.High), evidencetest.CaptureEvent(2, "kit-b", evidencetest.Captured.Add(20*time.Second), analyzer.Medium)}
	third := evidencetest.CaptureEvent(3, "kit-a", evidencetest.Captured.Add(70*time.Second), analyzer.Medium)
	far := evidencetest.CaptureEvent(5, "kit-e", evidencetest.Captured.Add(-10*time.Second), analyzer.Low)
	lent := filled(t, nil, []analyzer.Event{third})
	l := library(t, nil, evs, func(o *Options) {
		o.Stores = append(o.Stores, Named{"lent", lent})
		o.Elsewhere = func(context.Context) Events {
			return func(yield func(analyzer.Event, error) bool) { _ = yield(far, nil) && yield(evs[0], nil) }
		}
	})
	e, err := l.Find(t.Context(), evs[0].ID)
	require.NoError(t, err)
	list, err := l.Concurrent(t.Context(), e)
	require.NoError(t, err)
	var labels []string
	for _, c := range list {
		labels = append(labels, c.Label)
	}
	require.Equal(t, []string{"kit-e", "kit-b", "kit-a (lent)"}, labels)
	require.Equal(t, 10*time.Second, list[0].Earlier())
	require.Empty(t, list[0].StoreName())
	groups, err := l.AllGroups(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 4)

	remote, err := l.RemoteEvent(t.Context(), far.ID)
	require.NoError(t, err)
	_, ev, err := remote.Events(t.Context())
	require.NoError(t, err)
	require.True(t, remote.Elsewhere())
	require.Equal(t, far.First, ev.First)
	_, err = l.RemoteEvent(t.Context(), evs[0].ID)
	require.ErrorIs(t, err, storage.ErrNotFound, "it is in a store here")
	in, err := remote.In(t.Context(), &Circle{Radius: 20000})
	require.NoError(t, err)
	require.False(t, in, "where it was is not known here")
}

// A server that is gone takes nothing away: what it answered before stays.
func TestRemoteGone(t *testing.T) {
	far := evidencetest.CaptureEvent(77, "far", evidencetest.Captured.Add(-9*time.Hour), analyzer.High)
	working, now := true, evidencetest.Now
	l := library(t, nil, nil, func(o *Options) {
		o.Now = func() time.Time { return now }
		o.Clocks = func(context.Context, []string) (storage.Corrections, error) {
			return storage.Corrections{"far": {{From: far.First.Add(-time.Hour), To: far.Last.Add(time.Hour), Offset: 9 * time.Hour}}}, nil
		}
		o.Elsewhere = func(context.Context) Events {
			return func(yield func(analyzer.Event, error) bool) {
				if !working {
					yield(analyzer.Event{}, errors.New("no answer"))
					return
				}
				yield(far, nil)
			}
		}
	})
	list, failed, err := l.Remote(t.Context())
	require.NoError(t, err)
	require.False(t, failed)
	require.Len(t, list, 1)
	require.Equal(t, evidencetest.Captured, list[0].First, "its clock was set later")
	stored, corrected, err := list[0].Events(t.Context())
	require.NoError(t, err)
	require.Equal(t, far.First, stored.First)
	require.Equal(t, evidencetest.Captured, corrected.First)
	working, now = false, now.Add(remoteEvery)
	require.Eventually(t, func() bool { _, failed, _ = l.Remote(t.Context()); return failed }, 10*time.Second, time.Millisecond)
	list, _, err = l.Remote(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
}

func TestDossier(t *testing.T) {
	l := town(t, func(o *Options) {
		o.Asked = func(_ *cell.Source, line string) (string, string) {
			if strings.HasPrefix(line, "+QENG") {
				return "AT+QENG=1", "cells"
			}
			return "", ""
		}
	})
	id := evidencetest.Events()[0].ID
	d, err := l.Dossier(t.Context(), id, DossierOptions{Zone: time.UTC})
	require.NoError(t, err)
	require.Equal(t, cell.Fixed, d.Source.Mode)
	require.Equal(t, []string{"check.cell", "check.days", "check.others"}, d.Checks)
	require.NotNil(t, d.Baseline)
	require.Equal(t, 7, d.Baseline.Days)
	require.Len(t, d.Cells, 2)
	require.NotEmpty(t, d.Cells[0].Known)
	require.Len(t, d.Findings, 3)
	require.True(t, d.Findings[1].Outdated)
	require.Equal(t, 9, d.Findings[0].Days)
	var kinds []string
	for _, m := range d.Timeline {
		kinds = append(kinds, m.Kind)
	}
	require.Subset(t, kinds, []string{"cell", "fall", "state", "registered", "denied", "finding", "event"})
	asked := 0
	for _, x := range d.Exchanges {
		for _, line := range x.Lines {
			if line.Asked != "" {
				require.Equal(t, "cells", line.Why)
				asked++
			}
		}
	}
	require.Positive(t, asked)
	all, err := l.Entries(t.Context())
	require.NoError(t, err)
	earlier, similar := d.Entry.Alike(all)
	require.Len(t, earlier, 5)
	require.Equal(t, evidencetest.Events()[1].ID, similar[0].ID)

	coarse, err := l.Dossier(t.Context(), id, DossierOptions{Zone: time.UTC, Coarse: NewCoarsener(Coarse)})
	require.NoError(t, err)
	require.NotEqual(t, id, coarse.Event.ID)
	require.Nil(t, coarse.Baseline)
	require.Empty(t, coarse.Exchanges)
	require.NotContains(t, coarse.Cells[0].Name, "39321")
	require.Len(t, coarse.Timeline, len(d.Timeline))

	moving, err := l.Dossier(t.Context(), evidencetest.Events()[1].ID, DossierOptions{Zone: time.UTC})
	require.NoError(t, err)
	require.Nil(t, moving.Baseline, "the same hours of other days were elsewhere")
	require.Contains(t, moving.Checks, "check.place")
	require.NotEmpty(t, moving.Series.Spots)
}

// Lines of evidence whose records the store has deleted are still in the event.
func TestEvidenceOutlivesItsRecords(t *testing.T) {
	l := library(t, nil, evidencetest.Events()[:1])
	d, err := l.Dossier(t.Context(), evidencetest.Events()[0].ID, DossierOptions{Zone: time.UTC})
	require.NoError(t, err)
	require.Zero(t, d.Records)
	require.Len(t, d.Exchanges, 4)
	require.True(t, d.Exchanges[0].Lines[0].Evidence)
}

func TestSelectionTrimmed(t *testing.T) {
	l := town(t, func(o *Options) {
		o.May = func(_ context.Context, _ *storage.Store, ends time.Duration, homes bool) (May, error) {
			if homes {
				return nil, nil
			}
			require.Equal(t, time.Minute, ends)
			return func(from, _ time.Time) bool { return from.Before(evidencetest.Captured) }, nil
		}
	})
	require.True(t, l.CanTrim())
	x, err := l.SelectEvent(t.Context(), evidencetest.Events()[0].ID)
	require.NoError(t, err)
	require.ErrorIs(t, l.Trim(t.Context(), x, time.Minute, false), ErrTrimmed)
	x, err = l.SelectPeriod(t.Context(), "", evidencetest.OnTheWay.Add(-time.Hour), evidencetest.Captured.Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, x.Events, 2)
	count := func() (n int, last time.Time) {
		for r, err := range x.Records(t.Context(), true) {
			require.NoError(t, err)
			n++
			if r.When().After(last) {
				last = r.When()
			}
		}
		return n, last
	}
	whole, _ := count()
	require.NoError(t, l.Trim(t.Context(), x, time.Minute, true))
	require.False(t, x.Trimmed())
	require.NoError(t, l.Trim(t.Context(), x, time.Minute, false))
	require.True(t, x.Trimmed())
	require.Len(t, x.Events, 1)
	some, last := count()
	require.Less(t, some, whole)
	require.True(t, last.Before(evidencetest.Captured))
	d, err := l.DossierOf(t.Context(), x.Events[0].Entry, DossierOptions{Zone: time.UTC, Within: x})
	require.NoError(t, err)
	require.Empty(t, d.Cells[0].Known, "what was gathered from all of a store is left out")
}

// The records of a wrong clock come with the line that says by how much it was wrong, though that came later.
func TestSelectionOfAWrongClock(t *testing.T) {
	l, e, _ := wrongClock(t)
	x, err := l.SelectEvent(t.Context(), e.ID)
	require.NoError(t, err)
	clocks := 0
	for r, err := range x.Records(t.Context(), false) {
		require.NoError(t, err)
		if c, ok := r.(*cell.Clock); ok {
			require.Equal(t, 9*time.Hour, c.Offset)
			clocks++
		}
	}
	require.Equal(t, 1, clocks)
}

func TestRerun(t *testing.T) {
	evs := evidencetest.Events()
	l := town(t, func(o *Options) {
		o.Rerun = func(context.Context, *storage.Store, string, time.Time, time.Time) ([]analyzer.Event, error) {
			again := evs[0]
			again.Severity = analyzer.Medium
			return []analyzer.Event{again, evs[3]}, nil
		}
	})
	require.True(t, l.CanRerun())
	x, err := l.SelectEvent(t.Context(), evs[0].ID)
	require.NoError(t, err)
	pairs, err := l.Rerun(t.Context(), x)
	require.NoError(t, err)
	require.Len(t, pairs, 2)
	require.Equal(t, []Change{{"rerun.severity", [2]any{analyzer.High, analyzer.Medium}}}, pairs[0].Changes)
	require.Nil(t, pairs[1].Then)
	for i, want := range []analyzer.Event{evs[0], evs[3]} {
		got, ok := pairs[i].SummaryIn("en")
		require.True(t, ok)
		require.Equal(t, want.Summary, got)
	}
	paired := l.compare(evs[:2], evs[1:3])
	require.Len(t, paired, 3)
	require.Nil(t, paired[0].Now)
	require.Empty(t, paired[1].Changes)
	require.Nil(t, paired[2].Then)
}

func TestSensors(t *testing.T) {
	l := town(t)
	all, err := l.Sensors(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "roof-1", all[0].Name, "that was heard last")
	require.Positive(t, all[1].Silent)
	list, err := all[0].Complaints(t.Context(), evidencetest.Start, evidencetest.Now)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, 3, list[0].Count)
	rules := l.Availability(all[0].Source)
	require.Len(t, rules, len(evidencetest.Rules))
	require.Equal(t, []string{"ta"}, rules[4].Missing.Words())
	require.Empty(t, l.Availability(nil)[4].Missing, "nothing is known")
	_, err = l.Sensor(t.Context(), "nobody")
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func TestPlaces(t *testing.T) {
	l := town(t, func(o *Options) {
		o.Learned = func(context.Context, *storage.Store, string) (analyzer.Places, error) {
			c := evidencetest.LTECell(11020001, 4660, 20, 1300, -90)
			return analyzer.Places{Tiles: []analyzer.Tile{{Corners: [4][2]float64{{50.85, 4.35}}}, {Corners: [4][2]float64{{10, 10}}}},
				Cells: []analyzer.CellPlace{{Cell: *c, Lat: 50.85, Lon: 4.36, Radius: 120.4}, {Cell: *c, Lat: -50, Lon: 4.36}}}, nil
		}
	})
	near, err := l.stores[0].PlacesNear(t.Context(), "bag", []Spot{{Lat: 50.85, Lon: 4.36}})
	require.NoError(t, err)
	require.Len(t, near.Tiles, 1)
	require.Len(t, near.Cells, 1)
	require.Equal(t, 120.0, near.Cells[0].Radius)
	e, err := l.Find(t.Context(), evidencetest.Events()[1].ID)
	require.NoError(t, err)
	for range 2 { // the second time from memory
		in, err := e.In(t.Context(), &Circle{50.855, 4.362, 1})
		require.NoError(t, err)
		require.True(t, in)
	}
	in, err := e.In(t.Context(), &Circle{50.9, 4.36, 1})
	require.NoError(t, err)
	require.False(t, in)
}

func TestPlain(t *testing.T) {
	require.Equal(t, "a⟨202E⟩b", Plain("a\u202eb"))
	require.Equal(t, "ab … (+2 bytes)", PlainTo("abcd", 2))
	require.Equal(t, "é", Plain("é"))
}

// What was imported does not go on: its event ended when the recording did.
func TestGoesOn(t *testing.T) {
	e := evidencetest.CaptureEvent(1, "kit", evidencetest.Captured, analyzer.High)
	e.State = analyzer.Open
	last := e.Last.Add(time.Minute)
	for after, want := range map[time.Duration]bool{time.Minute: true, 13 * time.Minute: false, 24 * time.Hour: false} {
		l := library(t, []cell.Record{&cell.Observation{Time: last, Sensor: "kit", State: cell.Idle}}, []analyzer.Event{e}, func(o *Options) {
			o.Now = func() time.Time { return last.Add(after) }
		})
		own, err := l.Find(t.Context(), e.ID)
		require.NoError(t, err)
		going, err := own.GoesOn(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, going, after)
	}
}
