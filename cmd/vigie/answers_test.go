package main

import (
	"archive/zip"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/review"
	"vigie/review/evidence/evidencetest"
	"vigie/storage"
)

// The command line, pages, the API, reports and bundles give one answer about a store: the event as stored, its corrected times, and
// who else saw it. The clock of one sensor was set later, so that its event was at the same time as that of another only when both
// are corrected.
func TestOneAnswer(t *testing.T) {
	db, dir := filepath.Join(t.TempDir(), "s.db"), t.TempDir()
	recs, e, right := evidencetest.WrongClock()
	other := evidencetest.CaptureEvent(2, "roof", right.Add(20*time.Second), analyzer.Medium)
	s, err := storage.Open(t.Context(), db, storage.Options{Create: true})
	require.NoError(t, err)
	require.NoError(t, s.Append(t.Context(), recs...))
	require.NoError(t, s.PutEvents(t.Context(), e, other))
	require.NoError(t, s.Close())

	p := &console.Program{}
	f := config.StoreFlags{Store: db}
	desk, done, err := openReview(t.Context(), p, config.Config{}.WithDefaults(), &f, review.Options{ReadOnly: true})
	require.NoError(t, err)
	defer done()
	get := func(path string) string {
		r := httptest.NewRequest("GET", "http://127.0.0.1"+path, nil)
		w := httptest.NewRecorder()
		desk.Handler().ServeHTTP(w, r)
		require.Equal(t, 200, w.Code, path)
		return w.Body.String()
	}
	say := func(args ...string) string {
		out, errs, status := vigie(t, args...)
		require.Zero(t, status, errs)
		return out
	}
	report, bundle := filepath.Join(dir, "r.html"), filepath.Join(dir, "b.zip")
	say("report", "--store", db, "--event", e.ID, report)
	say("bundle", "--store", db, "--event", e.ID, bundle)

	var answer struct {
		Event     json.RawMessage
		Corrected struct{ First time.Time }
		Also      []struct{ Event, Sensor string }
	}
	require.NoError(t, json.Unmarshal([]byte(get("/api/v1/events/"+e.ID)), &answer))
	listed := strings.Split(strings.TrimSpace(say("events", "--json", "--store", db)), "\n")
	require.Len(t, listed, 2)
	require.JSONEq(t, string(answer.Event), listed[0])
	require.JSONEq(t, listed[0], say("events", "show", "--json", "--store", db, e.ID))
	var copied map[string]any
	require.NoError(t, json.Unmarshal([]byte(member(t, bundle, "events.ndjson")), &copied))
	require.NotEmpty(t, copied["phrases"], "a copy carries them, so that it can be read in another language")
	delete(copied, "phrases")
	text, err := json.Marshal(copied)
	require.NoError(t, err)
	require.JSONEq(t, listed[0], string(text))

	page, shown, list := get("/event/"+e.ID), say("events", "show", "--store", db, e.ID), say("events", "--store", db)
	first, wrong := right.UTC().Format("2006-01-02 15:04:05"), e.First.UTC().Format("2006-01-02 15:04:05")
	require.Equal(t, right, answer.Corrected.First)
	written, err := os.ReadFile(report)
	require.NoError(t, err)
	for what, text := range map[string]string{"page": page, "show": shown, "list": list, "report in the bundle": member(t, bundle, "report.html"), "report": string(written)} {
		require.Contains(t, text, first, what)
		require.Contains(t, text, wrong, "%s: as it was stored", what)
		require.Regexp(t, `wrong by 9 ?h`, text, what)
	}
	require.Equal(t, other.ID, answer.Also[0].Event)
	require.Len(t, answer.Also, 1)
	require.Regexp(t, regexp.MustCompile(`(?s)also seen by roof \(.*`+other.ID), shown)
	require.Contains(t, page[strings.Index(page, "h-also"):], `/event/`+other.ID)
	require.Contains(t, list, "also seen by kit")
}

// member is a file of a bundle.
func member(t *testing.T, bundle, name string) string {
	t.Helper()
	z, err := zip.OpenReader(bundle)
	require.NoError(t, err)
	defer z.Close()
	f, err := z.Open(name)
	require.NoError(t, err)
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	return string(b)
}
