package alert

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/storage"
	"vigie/words"
)

func TestEveryRuleHasWords(t *testing.T) {
	for _, r := range rules.All() {
		key := r.ID + ".plain"
		require.True(t, words.Has(key), "words/rules lacks %q: a few words in English and French for people who know no rule by name", key)
	}
	for _, reason := range []string{"unplugged", "silent", "no_answer", "busy", "error", "survey", "not_running", "not_stored", "stalled"} {
		require.True(t, words.Has(catalogue+"gap."+reason), reason)
	}
	for _, reason := range []string{"disk_low", "disk_tight", "disk_full", "full_rate_cut", "unsent_deleted", "windows_deleted", "battery_low", Trouble} {
		require.True(t, words.Has(catalogue+"health."+reason), reason)
	}
	keys := words.Keys("alert")
	for _, r := range rules.All() {
		keys = append(keys, r.ID+".plain")
	}
	for _, key := range keys {
		for _, word := range []string{"IMSI", "attack", "attaque", "confirmed", "confirmé", "catcher"} {
			require.NotContains(t, words.Translate("en", key)+words.Translate("fr", key), word, "%s: an anomaly, never a verdict", key)
		}
	}
}

// A message leads to its event on the review desk, a summary to the inbox, and blind time nowhere; an address that is none is refused.
func TestMessagesLinkToTheDesk(t *testing.T) {
	w := wish(t, Options{Review: "https://desk.example.org:8440/vigie/"})
	m := compose(&batch{notices: newState().event(event("4f2a/x", analyzer.High, analyzer.Open, noon), w, noon)}, w, noon)
	require.Equal(t, "https://desk.example.org:8440/vigie/event/4f2a%2Fx", m.Link)
	require.True(t, strings.HasSuffix(m.Text, "\n"+m.Link), m.Text)
	blind := Notice{ID: "b", Kind: Blind, Sensor: "roof-1", Time: noon, Reason: "unplugged"}
	m = compose(&batch{notices: []Notice{blind}}, w, noon)
	require.NotContains(t, m.Text, "https://")
	m = compose(&batch{notices: []Notice{blind, blind}, why: "many"}, w, noon)
	require.True(t, strings.HasSuffix(m.Text, "\nhttps://desk.example.org:8440/vigie/"), m.Text)
	w = wish(t, Options{})
	require.Empty(t, compose(&batch{notices: newState().event(event("4f2a", analyzer.High, analyzer.Open, noon), w, noon)}, w, noon).Link)
	for _, bad := range []string{"desk", "ftp://desk", "https://ada:secret@desk", "https://desk/?x=1", "https://"} {
		_, err := (Options{Review: bad}).check()
		require.ErrorContains(t, err, "review is not the address", bad)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestWhatPeopleRead(t *testing.T) {
	w := wish(t, Options{Zone: "Europe/Zurich"})
	s := newState()
	one := func(e *analyzer.Event, now time.Time) Message {
		return compose(&batch{notices: s.event(e, w, now)}, w, now)
	}
	m := one(event("4f2a", analyzer.High, analyzer.Open, noon), noon)
	require.Equal(t, "roof-1: anomaly, severity high", m.Title)
	require.Equal(t, "Noticed: a fall to 2G; a cell never seen here.\nSince 13:00 UTC+01.\n"+
		"An anomaly, not a verdict: it may have an innocent cause. Evidence and innocent causes: vigie events show 4f2a", m.Text)
	require.True(t, m.Urgent())

	w.Language = "fr"
	m = one(event("4f2b", analyzer.Medium, analyzer.Closed, noon), noon.Add(24*time.Hour))
	require.Equal(t, "roof-1\u202f: anomalie, gravité moyenne", m.Title)
	require.Contains(t, m.Text, "Remarqué\u202f: une chute vers la 2G\u202f; une cellule jamais vue ici.\nDe 2026-11-24 13:00 UTC+01 à 2026-11-24 13:00 UTC+01. C’est fini.")
	require.False(t, m.Urgent())

	told := event("4f2c", analyzer.High, analyzer.Open, noon)
	told.Summary, told.Cells = "the network detached the modem, on LTE cell 7 (area 3).", []cell.Cell{{RAT: cell.LTE, MCC: "206", MNC: "01", Area: cell.Some(cell.Area(3)), ID: cell.Some(uint64(7)), ARFCN: cell.Some(uint32(1300))}}
	for lang, want := range map[string]string{"en": "In full: the network detached the modem, on LTE cell 7 (area 3).\nCell: LTE PLMN 206-01 (Proximus) TAC 3 ECI 7 (eNB 0/7) EARFCN 1300\n",
		"fr": "En détail\u202f: le réseau a détaché le modem, sur la cellule LTE 7 (zone 3).\nCellule\u202f: LTE PLMN 206-01 (Proximus) TAC 3 ECI 7 (eNB 0/7) EARFCN 1300\n"} {
		w.Cells, w.Translate, w.Language, s = true, rules.TranslateOld, lang, newState()
		require.Contains(t, one(told, noon).Text, want)

		with := *told // the same from its phrases, without the parser of old sentences
		var sign analyzer.Signal
		sign.Say("the network detached the modem, on %s", &analyzer.Ident{Has: cell.FieldCellID | cell.FieldArea, RAT: cell.LTE, ID: 7, Area: 3})
		with.Phrases = []analyzer.Phrase{sign.Phrase}
		w.Translate, s = nil, newState()
		require.Contains(t, one(&with, noon).Text, want)
	}
	w.Language = "fr"
	require.Equal(t, "Le disque est plein.\nDétail technique, en anglais\u202f: 3 MB left", compose(&batch{notices: []Notice{{Kind: Health, Reason: "disk_full", Detail: "3 MB left"}}}, w, noon).Text)

	w.Language = "en"
	n := Notice{ID: "b", Kind: Blind, Sensor: "roof-1", Time: noon, Reason: "unplugged"}
	require.Equal(t, "Nothing has been seen since 13:00 UTC+01: the modem is unplugged. Until it sees again, quiet means nothing.", compose(&batch{notices: []Notice{n}}, w, noon).Text)
	n.Reason = "a reason of tomorrow"
	require.Contains(t, compose(&batch{notices: []Notice{n}}, w, noon).Text, "the reason is in the log")
	many := Notice{ID: "m", Kind: Opened, Sensor: "roof-1", Time: noon, Rules: []string{"new-cell", "too-strong", "jamming", "a-rule-of-tomorrow", "twin-cell"}}
	require.Contains(t, compose(&batch{notices: []Notice{many}}, w, noon).Text, "as under jamming, and 2 more.")
}

// An event contains what cells broadcast and what files hold. None of it may become markup, a link, a mention, another line, or
// something invisible.
func TestHostileText(t *testing.T) {
	hostile := "<script>alert(1)</script> [free SIM](https://evil.example/x) @room **now** `rm`\r\nSubject: pwned\n\nbody\x00\x1b[31m\u202egnp.exe\u2066\u200b\xff\xfe\U000e0041 " + strings.Repeat("A", 5000)
	e := &analyzer.Event{ID: hostile, Sensor: hostile, Severity: analyzer.High, State: analyzer.Open, First: noon, Last: noon, Summary: hostile,
		Cells:    []cell.Cell{{RAT: cell.LTE, MCC: hostile, MNC: hostile}},
		Findings: []analyzer.Finding{{Rule: hostile}, {Rule: "new-cell"}}}
	w, s := wish(t, Options{Cells: true, Positions: true}), newState()
	notices, _ := s.take(storage.Entry{Seq: 1, Event: e}, w, noon)
	gaps, _ := s.take(storage.Entry{Seq: 2, Record: &cell.Gap{Time: noon, Until: noon.Add(time.Hour), Sensor: hostile, Reason: hostile}}, w, noon)
	for _, ns := range [][]Notice{notices, gaps, append(append(notices, gaps...), append(notices, gaps...)...)} {
		m := compose(&batch{notices: ns, why: "many"}, w, noon)
		require.True(t, utf8.ValidString(m.Title+m.Text))
		require.LessOrEqual(t, len(m.Text), maxText)
		require.Less(t, len(m.Title), 1400)
		require.NotContains(t, m.Title, "\n")
		for _, bad := range []string{"<", ">", "](", "://", "@room", "**", "`", "\r", "\nSubject", "\nbody"} {
			require.NotContains(t, m.Title+m.Text+m.Sensor, bad)
		}
		for _, r := range m.Title + m.Text {
			require.True(t, r == '\n' || unicode.IsPrint(r), "%U", r)
		}
		require.Less(t, len(inHeader(m.Title)), 8000)
		require.NotContains(t, inHeader(m.Title), "\n")
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "roof-1", "<b>", "\u202e", "a://b", "\xff", "@@", strings.Repeat("é", 400)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := clean(s)
		require.True(t, utf8.ValidString(c))
		require.NotContains(t, c, "://")
		require.False(t, strings.ContainsAny(c, "\n\r\x00<>@`"), c)
		require.LessOrEqual(t, utf8.RuneCountInString(c), 302)
		require.Equal(t, c, clean(c), "cleaning twice changes nothing")
		for most := range 5 {
			require.True(t, utf8.ValidString(cut(c, 3+most)))
			require.LessOrEqual(t, len(cut(c, 3+most)), 3+most)
		}
		require.Regexp(t, `^[A-Za-z0-9_-]+$`, slug(s))
	})
}

func TestSlugsStayApart(t *testing.T) {
	seen := map[string]string{}
	for _, s := range []string{"", "roof-1", "roof 1", "roof+1", "roof/1", "roof#1", "roof_1", "Roof-1", strings.Repeat("a", 41), strings.Repeat("a", 42), "é", "è"} {
		require.Regexp(t, `^[A-Za-z0-9_-]+$`, slug(s))
		require.Empty(t, seen[slug(s)], fmt.Sprintf("%q and %q", s, seen[slug(s)]))
		seen[slug(s)] = s + "."
	}
}
