package storage_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// noted is a remark that is right.
func noted(change func(*storage.Remark)) storage.Remark {
	r := storage.Remark{ID: storage.NewRemarkID(), Time: storagetest.Start, Author: "ada", Event: "event-0001", Kind: storage.Note, Text: "a van at the corner"}
	if change != nil {
		change(&r)
	}
	return r
}

func TestRemarkCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*storage.Remark)
		wrong  string // empty: right
	}{
		"a note on an event": {nil, ""},
		"a note on a case":   {func(r *storage.Remark) { r.Event, r.Case = "", "0123456789abcdef" }, ""},
		"a note on nothing":  {func(r *storage.Remark) { r.Event = "" }, "says more"},
		"a note of nothing":  {func(r *storage.Remark) { r.Text = "" }, "says more"},
		"nobody has it":      {func(r *storage.Remark) { r.Kind, r.Case, r.Text = storage.CaseWho, "0123456789abcdef", "" }, ""},
		"a name of no case":  {func(r *storage.Remark) { r.Kind = storage.CaseName }, "says more"},
		"no event":           {func(r *storage.Remark) { r.Kind, r.Case, r.Event = storage.Include, "0123456789abcdef", "" }, "says more"},
		"no such state":      {func(r *storage.Remark) { r.Kind, r.Case, r.Text = storage.CaseIs, "0123456789abcdef", "lost" }, "no state of a case"},
		"no such kind":       {func(r *storage.Remark) { r.Kind = "shout" }, "no kind of remark"},
		"no id":              {func(r *storage.Remark) { r.ID = "1" }, "an id in it is none"},
		"no id of a case":    {func(r *storage.Remark) { r.Case = "../../x" }, "an id in it is none"},
		"no id of a note":    {func(r *storage.Remark) { r.Kind = storage.Withdraw }, "an id in it is none"},
		"too long":           {func(r *storage.Remark) { r.Text = strings.Repeat("x", storage.MostNote+1) }, "longer than"},
		"too long a tag": {func(r *storage.Remark) {
			r.Kind, r.Case, r.Text = storage.Tag, "0123456789abcdef", strings.Repeat("x", storage.MostLabel+1)
		}, "longer than"},
		"no UTF-8": {func(r *storage.Remark) { r.Text = "\xff" }, "not UTF-8"},
	} {
		r := noted(c.change)
		if err := r.Check(); c.wrong == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, c.wrong, name)
		}
	}
}

// Remarks survive, also those that another process adds next to the writer, and keep their event.
func TestRemarksAreStored(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path, storage.Options{Create: true})
	require.NoError(t, s.PutEvents(ctx, storagetest.Events(2)...))
	first, err := s.AddRemark(ctx, noted(func(r *storage.Remark) { r.ID, r.Text = "", "a van\nat the corner" }))
	require.NoError(t, err)
	before, err := s.RemarkMark(ctx)
	require.NoError(t, err)
	w, err := storage.OpenVerdictWriter(ctx, path, storage.Options{})
	require.NoError(t, err)
	second, err := w.AddRemark(ctx, noted(func(r *storage.Remark) { r.Time = r.Time.Add(-time.Hour) }))
	require.NoError(t, err)
	_, err = w.AddRemark(ctx, second)
	require.NoError(t, err, "again")
	require.NoError(t, w.Close())
	after, err := s.RemarkMark(ctx)
	require.NoError(t, err)
	require.Greater(t, after, before)
	require.NoError(t, s.Close())
	s = open(t, path, storage.Options{})
	all, err := s.Remarks(ctx)
	require.NoError(t, err)
	require.Equal(t, []storage.Remark{second, first}, all)
	sum := purge(t, s, storage.Retention{Events: time.Second}, storagetest.Start.Add(1000*time.Hour))
	require.EqualValues(t, 1, sum.Events, "the event with a note stays")
	_, err = s.Event(ctx, "event-0001")
	require.NoError(t, err)
}

// What is deleted takes what people wrote about it along, and a case that loses its last event.
func TestDeletedEventsTakeTheirRemarks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		what storage.DeleteQuery
		left []string // texts
	}{
		"one of two":  {storage.DeleteQuery{Event: "event-0001"}, []string{"both", "of the case", "second", ""}},
		"all":         {storage.DeleteQuery{}, nil},
		"all by time": {storage.DeleteQuery{From: storagetest.Start.Add(-time.Hour)}, nil},
	} {
		s := open(t, filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
		require.NoError(t, s.PutEvents(ctx, storagetest.Events(2)...))
		id := storage.NewRemarkID()
		for i, r := range []storage.Remark{{Kind: storage.CaseName, Case: id, Text: "both"}, {Kind: storage.Note, Case: id, Text: "of the case"},
			{Kind: storage.Note, Event: "event-0000", Text: "second"}, {Kind: storage.Note, Event: "event-0001", Text: "first"},
			{Kind: storage.Include, Case: id, Event: "event-0000"}, {Kind: storage.Include, Case: id, Event: "event-0001"}} {
			r.Time = storagetest.Start.Add(time.Duration(i) * time.Second)
			_, err := s.AddRemark(ctx, r)
			require.NoError(t, err)
		}
		out, err := s.Delete(ctx, c.what, false)
		require.NoError(t, err)
		require.EqualValues(t, 6-len(c.left), out.Remarks, name)
		all, err := s.Remarks(ctx)
		require.NoError(t, err)
		var left []string
		for _, r := range all {
			left = append(left, r.Text)
		}
		require.Equal(t, c.left, left, name)
	}
}

// Whoever decided and wrote what in which of two stores, and whichever takes from the other first: in the end both have the same, in the
// same order, and the same verdicts count.
func TestStoresAreUnited(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		stores := make([]*storage.Store, 2)
		for i := range stores {
			s, err := storage.Open(ctx, "", storage.Options{Memory: true})
			require.NoError(t, err)
			defer s.Close()
			require.NoError(t, s.PutEvents(ctx, storagetest.Events(2)...))
			stores[i] = s
		}
		unite := func(to, from *storage.Store) {
			verdicts, err := from.AllVerdicts(ctx)
			require.NoError(t, err)
			remarks, err := from.Remarks(ctx)
			require.NoError(t, err)
			require.NoError(t, to.Update(ctx, func(tx *storage.Tx) error {
				for _, v := range verdicts {
					if _, err := tx.TakeVerdict(v); err != nil {
						return err
					}
				}
				for _, r := range remarks {
					if _, err := tx.TakeRemark(r); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			i := rapid.IntRange(0, 1).Draw(rt, "store")
			at := storagetest.Start.Add(time.Duration(rapid.IntRange(0, 5).Draw(rt, "second")) * time.Second)
			event, author := fmt.Sprintf("event-%04d", rapid.IntRange(0, 1).Draw(rt, "event")), rapid.SampledFrom([]string{"ada", "bob"}).Draw(rt, "author")
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0, 1:
				_, err := stores[i].AddVerdict(ctx, storage.Verdict{Event: event, Author: author, Time: at, Judgement: rapid.SampledFrom([]storage.Judgement{storage.Benign, storage.Suspicious, storage.Unsure}).Draw(rt, "judgement")})
				require.NoError(t, err)
			case 2:
				_ = stores[i].UndoVerdict(ctx, event, author, at)
			case 3:
				_, err := stores[i].AddRemark(ctx, storage.Remark{Time: at, Event: event, Author: author, Kind: storage.Note, Text: "seen"})
				require.NoError(t, err)
			case 4:
				unite(stores[i], stores[1-i])
			}
		}
		unite(stores[0], stores[1])
		unite(stores[1], stores[0])
		var got [2][]storage.Verdict
		var current [2]map[string]storage.Verdict
		var remarks [2][]storage.Remark
		for i, s := range stores {
			var err error
			got[i], err = s.AllVerdicts(ctx)
			require.NoError(t, err)
			current[i], err = s.CurrentVerdicts(ctx)
			require.NoError(t, err)
			remarks[i], err = s.Remarks(ctx)
			require.NoError(t, err)
			for j := range got[i] {
				got[i][j].ID = 0
			}
			for k, v := range current[i] {
				one, ok, err := s.VerdictOf(ctx, k)
				require.NoError(t, err)
				require.True(t, ok)
				require.Equal(t, v, one)
				found := slices.ContainsFunc(eventsWith(t, s, v.Judgement), func(id string) bool { return id == k })
				require.True(t, found, "the event is found by its verdict")
				v.ID = 0
				current[i][k] = v
			}
		}
		require.Equal(t, got[0], got[1])
		require.Equal(t, current[0], current[1])
		require.Equal(t, remarks[0], remarks[1])
	})
}

func eventsWith(t *testing.T, s *storage.Store, j storage.Judgement) (ids []string) {
	for e, err := range s.Events(ctx, storage.EventQuery{Verdict: j}) {
		require.NoError(t, err)
		ids = append(ids, e.ID)
	}
	return ids
}

// A verdict on an event that is not there is refused; one that follows another is never earlier, also where the clock was put back.
func TestVerdictsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.PutEvents(ctx, storagetest.Events(1)...))
	err = s.Update(ctx, func(tx *storage.Tx) error {
		_, err := tx.TakeVerdict(storage.Verdict{Event: "none", Judgement: storage.Benign, Time: storagetest.Start})
		return err
	})
	require.ErrorIs(t, err, storage.ErrNotFound)
	id := storagetest.Events(1)[0].ID
	_, err = s.AddVerdict(ctx, storage.Verdict{Event: id, Judgement: storage.Benign, Time: storagetest.Start})
	require.NoError(t, err)
	_, err = s.AddVerdict(ctx, storage.Verdict{Event: id, Judgement: storage.Suspicious, Time: storagetest.Start.Add(-24 * time.Hour)})
	require.NoError(t, err)
	v, ok, err := s.VerdictOf(ctx, id)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, storage.Suspicious, v.Judgement)
	require.Equal(t, storagetest.Start.Add(1), v.Time)
}

// The lines of verdicts and remarks say what was given, whatever is in the texts; lines that are none are refused.
func TestLinesOfWhatPeopleWrote(t *testing.T) {
	t.Parallel()
	v := storage.Verdict{Event: "event-0001", Judgement: storage.Benign, Reason: "line\r\none \u202e\"<b>", Author: "ada", Time: storagetest.Start.Add(1), Undone: storagetest.Start.Add(2), UndoneBy: "bob"}
	line, err := storage.AppendVerdict(nil, "roof\x1b", &v)
	require.NoError(t, err)
	require.NotContains(t, string(line), "\u202e")
	sensor, got, err := storage.VerdictOfLine(line)
	require.NoError(t, err)
	require.Equal(t, v, got)
	require.Equal(t, "roof\x1b", sensor)
	r := noted(func(r *storage.Remark) { r.Text = "a\nb\u2028" })
	line, err = storage.AppendRemark(nil, "", &r)
	require.NoError(t, err)
	sensor, back, err := storage.RemarkOfLine(line)
	require.NoError(t, err)
	require.Equal(t, r, back)
	require.Empty(t, sensor)
	for _, bad := range []string{"", "{}", cell.VerdictLine, cell.VerdictLine + `"event":"x","judgement":"guilty","time":"2026-11-23T20:00:00Z"}`, cell.VerdictLine + `"event":"x","judgement":"benign"}`,
		cell.VerdictLine + `"event":"x","judgement":"benign","time":"2026-11-23T20:00:00Z","reason":"` + strings.Repeat("x", 1<<15) + `"}`} {
		_, _, err := storage.VerdictOfLine([]byte(bad))
		require.Error(t, err, bad)
	}
	for _, bad := range []string{"{}", cell.RemarkLine + `"id":"0123456789abcdef","what":"note","event":"x","text":"y"}`, cell.RemarkLine + `"id":"0123456789abcdef","what":"note","time":"2026-11-23T20:00:00Z"}`} {
		_, _, err := storage.RemarkOfLine([]byte(bad))
		require.Error(t, err, bad)
	}
}
