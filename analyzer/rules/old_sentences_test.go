package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
)

// goldens are the events of all traces.
func goldens(t testing.TB) (all []analyzer.Event) {
	files, err := filepath.Glob("testdata/*/*.txtar")
	require.NoError(t, err)
	for _, path := range files {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, f := range txtar.Parse(data).Files {
			for d := json.NewDecoder(bytes.NewReader(f.Data)); f.Name == "events" && d.More(); {
				var e analyzer.Event
				require.NoError(t, d.Decode(&e), path)
				all = append(all, e)
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// Every sentence that a store can have from before findings carried their format and arguments is translated.
func TestSentencesOfOldStores(t *testing.T) {
	text, err := os.ReadFile("testdata/sentences.txt")
	require.NoError(t, err)
	all := translations("fr")
	for format := range strings.Lines(string(text)) {
		format = strings.TrimSuffix(format, "\n")
		require.NotEmpty(t, all[format], "%q is in old stores and has no French any more: words/retired.json is for what no rule says now", format)
	}
}

func texts(e *analyzer.Event) []string {
	all := append([]string{e.Summary}, e.InnocentCauses...)
	for _, f := range e.Findings {
		all = append(all, f.Summary)
	}
	return all
}

// selfTongue says in English what it is told in English.
func english2english(t testing.TB) *sentenceParser {
	sentences := map[string]string{}
	for text := range translations("fr") {
		sentences[text] = regexp.MustCompile(`%[.\d]*[sdf]`).ReplaceAllString(text, "%s")
	}
	return newParser(sentences, punctuation("en"))
}

var (
	numbersIn = regexp.MustCompile(`\d+(?:[.,]\d+)?`)
	english   = regexp.MustCompile(`(?i)\b(the|was|were|never|which|where|with|than|seen|of|and|heard|is|has|had|its|from|days|channel|area|cell)\b`)
)

// Every sentence of every event of every trace is translated, with the same numbers. Translated to English by the same code, it is the
// same to the byte.
func TestEventsInFrench(t *testing.T) {
	self := english2english(t)
	for _, e := range goldens(t) {
		if !translated(&e) {
			continue
		}
		for _, text := range texts(&e) {
			fr, ok := TranslateOld("fr", text)
			require.True(t, ok, text)
			require.NotRegexp(t, english, fr, text)
			require.ElementsMatch(t, numbersIn.FindAllString(text, -1), numbersIn.FindAllString(strings.NewReplacer(",", ".", "\u00a0", " ").Replace(fr), -1), "%s: %s", text, fr)
			if !slices.Contains(e.InnocentCauses, text) {
				again, ok := self.translate(text)
				require.True(t, ok, text)
				require.Equal(t, text, again)
			}
		}
	}
}

// Every name of a cell has a French one, and is found in a sentence.
func TestCellsInFrench(t *testing.T) {
	self := english2english(t)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) string {
			id := analyzer.Ident{RAT: rapid.SampledFrom([]cell.RAT{cell.UnknownRAT, cell.GSM, cell.UMTS, cell.LTE, cell.NR}).Draw(t, label), PLMN: 1,
				ID: rapid.Uint64Range(1, 1<<36).Draw(t, "id"), PCI: rapid.Uint16().Draw(t, "pci"), ARFCN: rapid.Uint32().Draw(t, "arfcn"), Area: cell.Area(rapid.Uint32().Draw(t, "area"))}
			for _, f := range []cell.Fields{cell.FieldCellID, cell.FieldPCI | cell.FieldARFCN, cell.FieldArea, cell.FieldMCC | cell.FieldMNC} {
				if rapid.Bool().Draw(t, "has") {
					id.Has |= f
				}
			}
			return id.String()
		}
		text := fmt.Sprintf("the modem left %s for %.0f s, for %s, and came back; %s is on channel %d, which %s did not use here and %s does.",
			draw("a"), 34.0, draw("b"), draw("c"), 1300, cell.PLMN{MCC: "206", MNC: "01"}, cell.PLMN{MCC: "310", MNC: "260"})
		fr, ok := TranslateOld("fr", text)
		require.True(t, ok, text)
		require.NotRegexp(t, english, fr)
		require.ElementsMatch(t, numbersIn.FindAllString(text, -1), numbersIn.FindAllString(fr, -1))
		again, ok := self.translate(text)
		require.True(t, ok)
		require.Equal(t, text, again)
	})
}

func TestTranslateOld(t *testing.T) {
	for english, french := range map[string]string{
		"LTE cell 2 (area 39321) was never seen here, where one change of cell in 12 brings a new one. Seen here 3 times before, in 8.9 days of watching. It weighs 1.2.": "la cellule LTE 2 (zone 39321) n’avait jamais été vue ici, où un changement de cellule sur 12 en amène une nouvelle. Vu ici 3 fois auparavant, en 8,9 jours de veille. Poids\u202f: 1,2.",
		"the network says that it is 2026-03-01 12:00:00, which is 3h2m10s off.":                                                                                          "le réseau donne pour heure 2026-03-01 12:00:00, soit un écart de 3\u00a0h 2\u00a0min 10\u00a0s.",
		"cell with PCI 3 on channel 1300 had been known under area 7; the network detached the modem.":                                                                    "la cellule de PCI 3 sur le canal 1300 était connue sous la zone 7\u202f; le réseau a détaché le modem.",
		// as in a report without places
		"LTE cell … (area …) says that it belongs to network …, which is a test network by ITU-T ….":                     "la cellule LTE … (zone …) dit appartenir au réseau …, qui est un réseau de test selon UIT-T ….",
		"… registration was rejected with cause … (see TS … and TS …) on GSM cell …, by a network that had accepted it.": "l’inscription … a été refusée avec la cause … (voir TS\u00a0… et TS\u00a0…) sur la cellule GSM …, par un réseau qui l’avait acceptée.",
	} {
		got, ok := TranslateOld("fr", english)
		require.True(t, ok, english)
		require.Equal(t, french, got)
	}
	for _, unknown := range []string{"", ".", "the modem", "Something of an older version.", "LTE cell x had been known under area 7.", "the network detached the modem; and what not.",
		"the network detached the modem. Not seen here before.  It weighs 1.0.", strings.Repeat("the network detached the modem; ", 1<<15) + "."} {
		got, ok := TranslateOld("fr", unknown)
		require.False(t, ok, unknown)
		require.Equal(t, unknown, got)
	}
	_, ok := TranslateOld("de", "the network detached the modem.")
	require.False(t, ok)
}

func FuzzTranslateOld(f *testing.F) {
	self := english2english(f)
	for _, e := range goldens(f) {
		f.Add(e.Summary)
		f.Add(e.Findings[0].Summary)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fr, ok := TranslateOld("fr", text)
		if !ok {
			require.Equal(t, text, fr)
			return
		}
		require.NotContains(t, fr, "%!")
		require.LessOrEqual(t, len(fr), 3*len(text)+10)
		if again, ok := self.translate(text); ok {
			require.Equal(t, text, again)
		}
	})
}

func BenchmarkTranslateOld(b *testing.B) {
	text := goldens(b)[0].Findings[0].Summary
	for b.Loop() {
		if _, ok := TranslateOld("fr", text); !ok {
			b.Fatal(text)
		}
	}
}
