package review

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/modem/at"
	"vigie/review/evidence"
	"vigie/review/evidence/evidencetest"
	"vigie/storage"
)

// town is a review of the town of evidencetest.
type town struct {
	store  *storage.Store
	review *Review
	events []analyzer.Event
	path   string
}

var (
	townStart    = evidencetest.Start
	townNow      = evidencetest.Now
	captured     = evidencetest.Captured
	onTheWay     = evidencetest.OnTheWay
	lteCell      = evidencetest.LTECell
	captureEvent = evidencetest.CaptureEvent
	townRecords  = evidencetest.Records
	townEvents   = evidencetest.Events
	townRules    = evidencetest.Rules
)

const townReports = evidencetest.Reports

// sharedTown is one town for all tests that change nothing in it.
var sharedTown = sync.OnceValue(func() *town {
	ctx := context.Background()
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	if err == nil {
		err = s.Append(ctx, townRecords()...)
	}
	if err == nil {
		err = s.PutEvents(ctx, townEvents()...)
	}
	if err == nil {
		err = addTownRemarks(ctx, s)
	}
	if err != nil {
		panic(err)
	}
	return &town{store: s, events: townEvents()}
})

// readTown opens a review over the shared town.
func readTown(t testing.TB, change ...func(*Options)) *town {
	t.Helper()
	tw := *sharedTown()
	tw.review = newReview(t, tw.store, change...)
	return &tw
}

// townCase is the case of the town: its first event, with a tag and notes.
const townCase = "00000000000000ca"

func addTownRemarks(ctx context.Context, s *storage.Store) error {
	for i, r := range []storage.Remark{{Kind: storage.CaseName, Case: townCase, Text: "Grand-Place"}, {Kind: storage.Tag, Case: townCase, Text: "march"}, {Kind: storage.CaseWho, Case: townCase, Text: "Bob"},
		{Kind: storage.Include, Case: townCase, Event: townEvents()[0].ID}, {Kind: storage.Note, Case: townCase, Text: "cf. photo 12"}, {Kind: storage.Note, Event: townEvents()[0].ID, Text: "photo 12, 20:15"}} {
		r.Time, r.Author = townNow.Add(time.Duration(i-100)*time.Second), "Ada"
		if _, err := s.AddRemark(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// newTown fills a store of its own and opens a review over it.
func newTown(t testing.TB, change ...func(*Options)) *town {
	t.Helper()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "town.db")
	s, err := storage.Open(ctx, path, storage.Options{Create: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Append(ctx, townRecords()...))
	events := townEvents()
	require.NoError(t, s.PutEvents(ctx, events...))
	require.NoError(t, addTownRemarks(ctx, s))
	return &town{s, newReview(t, s, change...), events, path}
}

func newReview(t testing.TB, s *storage.Store, change ...func(*Options)) *Review {
	t.Helper()
	o := Options{Software: "vigie test", Verdicts: map[*storage.Store]VerdictWriter{s: s}, Options: evidence.Options{Stores: []evidence.Named{{Name: "town", Store: s}}, Rules: townRules, Scrub: at.Scrub,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Rerun: func(ctx context.Context, s *storage.Store, sensor string, from, to time.Time) ([]analyzer.Event, error) {
			var all []analyzer.Event
			for e, err := range s.Events(ctx, storage.EventQuery{Sensor: sensor, From: from, To: to}) {
				if err != nil {
					return nil, err
				}
				e.Severity, e.Score = analyzer.Medium, e.Score-2
				all = append(all, e)
			}
			return all, nil
		}}}
	for _, c := range change {
		c(&o)
	}
	d, err := New(o)
	require.NoError(t, err)
	d.now = func() time.Time { return townNow }
	return d
}
