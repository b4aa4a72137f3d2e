package evidence

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/modem/at"
	"vigie/review/evidence/evidencetest"
)

// said are an event and a finding with every kind of argument.
func said() analyzer.Event {
	lte := &analyzer.Ident{Has: cell.FieldCellID | cell.FieldArea, RAT: cell.LTE, ID: 11016962, Area: 4660}
	air := &analyzer.Ident{Has: cell.FieldPCI | cell.FieldARFCN, RAT: cell.GSM, PCI: 12, ARFCN: 62}
	e := evidencetest.Events()[0]
	e.Phrases, e.Findings, e.Summary = nil, nil, ""
	add := func(format string, args ...any) {
		var s analyzer.Signal
		s.Say(format, args...)
		f := analyzer.Finding{Summary: s.Text + ". It weighs 4.2.", Phrases: []analyzer.Phrase{s.Phrase}}
		e.Phrases = append(e.Phrases, s.Phrase)
		if e.Summary != "" {
			e.Summary += "; "
		}
		e.Summary += s.Text
		s.Say("It weighs %.1f", 4.2)
		f.Phrases = append(f.Phrases, s.Phrase)
		e.Findings = append(e.Findings, f)
	}
	add("%s belongs to network %s, of another country than all that were seen here", lte, cell.PLMN{MCC: "206", MNC: "01"})
	add("%s says that it belongs to network %s, which is %s", air, cell.PLMN{MCC: "001", MNC: "01"}, "a test network by ITU-T E.212")
	add("the modem left %s for %.0f s, for %s, which was %.0f dB stronger when it came and %.0f dB when it went", lte, 34.0, air, 23.0, 21.0)
	add("%s is heard %.0f km from where it had been", air, 120.0)
	add("the network says that it is %s, which is %s off", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), 3*time.Hour+2*time.Second)
	add("the network says that it is %s, which is %s off", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), 45*time.Second)
	add("the modem went from %s to 3G while idle: %s", cell.LTE, lte)
	add("%d changes between areas %d and %d within three minutes, at one place", 7, cell.Area(4660), cell.Area(4661))
	e.Summary += "."
	return e
}

// A copy that names no place says in French what its English says, from phrases that hold no more than that.
func TestCoarsePhrases(t *testing.T) {
	before := said()
	for _, how := range []Precision{Coarse, Nowhere} {
		e := NewCoarsener(how).Event(before)
		require.NotEqual(t, before.Summary, e.Summary)
		require.Len(t, e.Phrases, 8)
		fr, ok := e.SummaryIn("fr")
		require.True(t, ok, e.Summary)
		require.Contains(t, fr, "la cellule LTE … (zone …) appartient au réseau …")
		for _, f := range e.Findings {
			fr, ok := f.SummaryIn("fr")
			require.True(t, ok, f.Summary)
			old, ok := rules.TranslateOld("fr", f.Summary)
			require.True(t, ok, f.Summary)
			require.Equal(t, old, fr)
		}
		text, err := json.Marshal(e.Wording().Phrases)
		require.NoError(t, err)
		for _, place := range []string{"11016962", "4660", "206-01", ":62", ":12,", "1772366400", "120"} {
			require.NotContains(t, string(text), place)
		}
	}
	require.Equal(t, said().Phrases, before.Phrases, "the event of before is as it was")
}

// Phrases never say what was taken out of a sentence, nor anything that it does not say.
func TestCleanPhrases(t *testing.T) {
	c := Cleaner{at.Scrub}
	e := c.CleanEvent(said())
	require.Equal(t, said().Phrases, e.Phrases)
	require.Equal(t, said().Findings[0].Phrases, e.Findings[0].Phrases)

	const imsi = "20601" + "1234567890"
	e = said()
	e.Findings[0].Phrases[0].Args[0] = analyzer.Arg{Kind: analyzer.TextArg, Text: "IMSI " + imsi}
	e.Findings[0].Summary = e.Findings[0].Phrases[0].String() + ". It weighs 4.2."
	e.Findings[1].Phrases[0].Args[0].Text, e.Phrases[1].Args[1].Cell.MCC = imsi, imsi // where nobody looks
	e.Findings[2].Phrases[0].Format = imsi                                            // another sentence
	require.NotContains(t, c.CleanEvent(e).Findings[0].Summary, imsi)
	text, err := json.Marshal(c.CleanEvent(e).Wording())
	require.NoError(t, err)
	require.NotContains(t, string(text), imsi)
	require.NotEmpty(t, c.CleanEvent(e).Findings[1].Phrases)
	require.Empty(t, c.CleanEvent(e).Findings[2].Phrases)
}

// An entry has the summary in every language, of an event with phrases.
func TestEntryIn(t *testing.T) {
	l := town(t)
	all, err := l.Entries(t.Context())
	require.NoError(t, err)
	translated := 0
	for _, e := range all {
		text, ok := e.SummaryIn("en")
		require.True(t, ok)
		require.Equal(t, e.Summary, text)
		if text, ok := e.SummaryIn("fr"); ok {
			translated++
			require.Contains(t, text, "était connue sous la zone 4660\u202f; l’inscription EPS a été refusée")
		} else {
			require.Equal(t, e.Summary, text)
		}
	}
	require.Equal(t, 2, translated)
}
