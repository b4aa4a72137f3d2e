package review

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/words"
)

// inFull gives a review the words that vigie gives it.
func inFull(o *Options) {
	o.Rules = rules.All()
	o.Translate = func(lang, text string) (string, bool) {
		if text == "the serving cell" {
			return "la cellule servante", true
		}
		return rules.TranslateOld(lang, text)
	}
	o.Words = func(lang, rule string) (RuleWords, bool) {
		w, ok := rules.WordsOf(lang, rule)
		return RuleWords(w), ok
	}
}

// goldens are the events that the rules find in their traces, the first of each file.
func goldens(t *testing.T) (all []analyzer.Event) {
	files, err := filepath.Glob("../analyzer/rules/testdata/*/fires*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, f := range txtar.Parse(data).Files {
			if f.Name == "events" && len(f.Data) > 0 {
				var e analyzer.Event
				require.NoError(t, json.NewDecoder(bytes.NewReader(f.Data)).Decode(&e), path)
				all = append(all, e)
			}
		}
	}
	return all
}

// english are words that French does not have.
var english = regexp.MustCompile(`(?i)(?:^|[^\pL])(the|was|were|is|of|never|which|where|with|than|then|seen|and|heard|has|had|its|from|day|days|not|no|here|cell|channel|area|band|measured|unknown|registered|denied)(?:[^\pL]|$)`)

// foreign finds English in what a page in French shows, outside of code and of what says that it is English.
func foreign(t *testing.T, page string) (found []string) {
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	skip := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			require.Zero(t, skip)
			return found
		}
		require.NoError(t, err)
		switch x := token.(type) {
		case xml.StartElement:
			if slices.Contains(d.AutoClose, strings.ToLower(x.Name.Local)) {
				continue
			}
			apart := slices.Contains([]string{"script", "style", "code", "kbd"}, x.Name.Local)
			for _, a := range x.Attr {
				apart = apart || a.Name.Local == "lang" && a.Value == "en"
				if skip == 0 && !apart && slices.Contains([]string{"title", "aria-label", "alt"}, a.Name.Local) && english.MatchString(a.Value) {
					found = append(found, a.Name.Local+": "+a.Value)
				}
			}
			if skip > 0 || apart {
				skip++
			}
		case xml.EndElement:
			if skip > 0 {
				skip--
			}
		case xml.CharData:
			if skip == 0 && english.Match(x) {
				found = append(found, strings.TrimSpace(string(x)))
			}
		}
	}
}

// A page in French has no English on it, whatever the rules find; what a page without places leaves out is left out in French
// too.
func TestPagesInFrench(t *testing.T) {
	for _, file := range words.Files() {
		for _, key := range words.Keys(file) {
			if _, ok := words.Lookup("fr", key); !ok {
				t.Skipf("SKIPPED: pages without English, while words/%s.json has an open translation: %q", file, key)
			}
		}
	}
	tw := newTown(t, inFull)
	found := goldens(t)
	for i := range found {
		found[i].Sensor = "roof-1"
	}
	require.NoError(t, tw.store.PutEvents(context.Background(), found...))
	require.NoError(t, tw.store.Append(context.Background(), &cell.Health{Time: townNow, Sensor: "roof-1", Reason: "command_refused",
		Detail: "AT+QENG: the modem answered ERROR; it is asked for the serving cell, and will be asked again now and then"}))
	paths := pages(tw)
	for _, e := range found {
		paths = append(paths, "/event/"+e.ID, "/event/"+e.ID+"/report", "/event/"+e.ID+"/report?location=coarse")
	}
	for _, p := range paths {
		w := get(tw.review, p, cookie("vigie-lang", "fr"))
		require.Equal(t, 200, w.Code, p)
		require.Empty(t, foreign(t, w.Body.String()), p)
	}
	for p, want := range map[string]string{
		"/":                               "Une cellule a refusé le modem, tombé ensuite en 2G",
		"/event/" + tw.events[0].ID + "?": "l’inscription EPS a été refusée avec la cause 15 (aucune cellule convenable dans cette zone) sur la cellule LTE 2 (zone 39321)",
		"/event/" + tw.events[0].ID:       ">cause 15\u202f: aucune cellule convenable dans cette zone</span>",
		"/event/" + tw.events[0].ID + "/report?location=coarse": "le modem est tombé de LTE (-45\u00a0dBm) vers une cellule 2G jamais vue ici (-48\u00a0dBm)\u202f: la cellule GSM … (zone …).",
		"/event/" + tw.events[3].ID + "/report":                 "Vu ici 3 fois auparavant, en 1,3 jours de veille. Poids\u202f: 3,6.",
		"/sensors?":                                             "AT&#43;QENG\u202f: le modem a répondu ERROR\u202f; Vigie demande par là la cellule servante, et le redemandera de temps en temps",
		"/sensors":                                              "un mot que Vigie ne connaît pas",
	} {
		body := get(tw.review, p, cookie("vigie-lang", "fr")).Body.String()
		require.Contains(t, body, want, p)
	}
	searched := get(tw.review, "/?verdict=all&text=l'inscription+eps", cookie("vigie-lang", "fr")).Body.String()
	require.Contains(t, searched, `data-id="`+tw.events[0].ID)
	require.NotContains(t, searched, `data-id="`+tw.events[3].ID)
}

// A message of a source that is always the same has its translation, as long as the catalogue has the same English text.
func TestWordsOfTheSource(t *testing.T) {
	var code strings.Builder
	for _, dir := range []string{"../modem", "../monitor", "../cmd/vigie"} {
		files, err := filepath.Glob(dir + "/*.go")
		require.NoError(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			require.NoError(t, err)
			code.Write(b)
		}
	}
	all := regexp.MustCompile(`" \+\s*"`).ReplaceAllString(code.String(), "")
	n := 0
	for _, key := range pageWords() {
		if strings.HasPrefix(key, "health.") && strings.HasSuffix(key, ".said") {
			n++
			require.True(t, strings.Contains(all, `"`+words.Translate("en", key)+`"`), "no code says %q: %s", words.Translate("en", key), key)
		}
	}
	require.Greater(t, n, 10)
	_, rest, _ := strings.Cut(words.Translate("en", "health.bad_value.part"), "%s")
	require.Contains(t, all, `"`+rest+`"`, "where columns are left out")
	p := &page{Lang: "fr"}
	require.Contains(t, p.FormatComplaint(evidence.Complaint{Reason: "bad_value", Detail: "rsrp, rsrq" + rest}).Text, "rsrp, rsrq sort de ses limites")
}
