package pipeline

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// A place with two cells of one area, at which a third of another area comes up from time to time.
type spot struct {
	t        *testing.T
	path     string
	line     *Pipeline
	now      time.Time
	reported EventLog
}

func newSpot(t *testing.T) *spot {
	p := &spot{t: t, path: filepath.Join(t.TempDir(), "place.db"), now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	p.open()
	t.Cleanup(func() { p.close() })
	p.feed(&cell.Source{Version: 1, Sensor: "roof", Mode: cell.Fixed, Model: "EC25", Reports: cell.Some(cell.FieldRAT | cell.FieldMCC | cell.FieldMNC |
		cell.FieldArea | cell.FieldCellID | cell.FieldPCI | cell.FieldARFCN | cell.FieldRSRP | cell.FieldRSRQ | cell.FieldState)})
	for range 6 {
		p.on(1800, 2820612, 4660, -94)
		p.on(1800, 2820868, 4660, -97)
	}
	p.on(60, 2820612, 4660, -94)
	return p
}

func (p *spot) open() {
	s, err := storage.Open(p.t.Context(), p.path, storage.Options{Create: true})
	require.NoError(p.t, err)
	p.line = New(Options{NewEngine: newEngine, Store: s, OnEvent: func(e analyzer.Event) { p.reported.Add(e) }})
	require.NoError(p.t, p.line.Resume(p.t.Context(), nil))
}

func (p *spot) close() {
	if p.line != nil {
		require.NoError(p.t, p.line.Close(context.WithoutCancel(p.t.Context())))
		require.NoError(p.t, p.line.Store.Close())
		p.line = nil
	}
}

func (p *spot) feed(recs ...cell.Record) {
	p.t.Helper()
	for _, r := range recs {
		require.NoError(p.t, p.line.Feed(p.t.Context(), r))
	}
}

// on camps on a cell for so many seconds, an observation every ten.
func (p *spot) on(seconds int, id uint64, area cell.Area, rsrp float64) {
	p.t.Helper()
	for i := 0; i < seconds; i += 10 {
		p.now = p.now.Add(10 * time.Second)
		p.feed(&cell.Observation{Time: p.now, Sensor: "roof", State: cell.Idle, Serving: &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Area: cell.Some(area), ID: cell.Some(id),
			PCI: cell.Some(uint16(id % 504)), ARFCN: cell.Some(uint32(1300)), RSRP: cell.Some(cell.DBm(rsrp)), RSRQ: cell.Some(cell.DB(-10))}})
	}
}

// visitThird is the third cell for a minute, and an hour without it; it returns the alerts that this brought.
func (p *spot) visitThird() (alerts []analyzer.Event) {
	p.t.Helper()
	p.reported = EventLog{}
	p.on(60, 90112345, 39321, -60)
	p.on(3600, 2820612, 4660, -94)
	for _, e := range p.reported.Sorted() {
		if e.Severity >= analyzer.Medium {
			alerts = append(alerts, e)
		}
	}
	return alerts
}

// giveVerdict gives a verdict as the review pages do, next to the process that watches.
func (p *spot) giveVerdict(event string, j storage.Judgement) {
	p.t.Helper()
	desk, err := storage.OpenVerdictWriter(p.t.Context(), p.path, storage.Options{})
	require.NoError(p.t, err)
	defer desk.Close()
	if j == "" {
		require.NoError(p.t, desk.UndoVerdict(p.t.Context(), event, "ada", p.now))
		return
	}
	_, err = desk.AddVerdict(p.t.Context(), storage.Verdict{Event: event, Judgement: j, Author: "ada", Time: p.now})
	require.NoError(p.t, err)
}

// sameAgain checks that analysing the store again gives the events and the state that watching gave.
func (p *spot) sameAgain() {
	p.t.Helper()
	s := p.line.Store
	now := EventLog{}
	l := New(Options{NewEngine: newEngine, OnEvent: now.Add})
	_, err := l.lessons.begin(p.t.Context(), s, 0)
	require.NoError(p.t, err)
	_, err = l.learn(p.t.Context(), storage.Query{}, 0, nil)
	require.NoError(p.t, err)
	var stored []analyzer.Event
	for e, err := range s.Events(p.t.Context(), storage.EventQuery{}) {
		require.NoError(p.t, err)
		stored = append(stored, e)
	}
	require.Equal(p.t, stored, now.Sorted())
	want, err := l.engine.Save()
	require.NoError(p.t, err)
	got, err := p.line.engine.Save()
	require.NoError(p.t, err)
	require.True(p.t, string(want) == string(got), "the analyzer knows something else")
}

func TestVerdictsTeach(t *testing.T) {
	for _, patient := range []bool{false, true} { // a watch learns again in the background
		p := newSpot(t)
		p.line.Tolerant = patient
		first := p.visitThird()
		require.NotEmpty(t, first)
		id := first[0].ID
		p.sameAgain()

		p.giveVerdict(id, storage.Suspicious) // protects: it is as strange as before
		require.NotEmpty(t, p.visitThird())
		p.sameAgain()
		p.giveVerdict(id, storage.Benign) // teaches: it belongs here
		require.Empty(t, p.visitThird())
		require.Empty(t, p.visitThird())
		p.sameAgain()

		p.giveVerdict(id, "") // back to suspicious, hours later
		p.on(60, 2820612, 4660, -94)
		if r := p.line.relearning; r != nil {
			r.running.Wait()
		}
		require.NotEmpty(t, p.visitThird())
		p.sameAgain()
		p.giveVerdict(id, storage.Unsure) // takes back what was said
		require.NotEmpty(t, p.visitThird())
		if r := p.line.relearning; r != nil {
			r.running.Wait()
			p.on(10, 2820612, 4660, -94)
		}
		p.sameAgain()
		p.close()
	}
}

// A verdict given while nobody watches is taught before the next record; one that was taught is taught again, in its place,
// after a crash; one taken back meanwhile is forgotten.
func TestVerdictsWhileNobodyWatches(t *testing.T) {
	p := newSpot(t)
	first := p.visitThird()
	require.NotEmpty(t, first)
	p.close()
	p.giveVerdict(first[0].ID, storage.Benign)
	p.open()
	require.Empty(t, p.visitThird())
	p.sameAgain()

	require.NoError(t, p.line.Store.Close()) // killed: the state in the store is that of before
	p.open()
	p.sameAgain()
	require.Empty(t, p.visitThird())
	p.close()

	p.giveVerdict(first[0].ID, "")
	p.open()
	require.NotEmpty(t, p.visitThird())
	p.sameAgain()
}
