package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/words"
)

// Every sentence of the code has its French in the file of its rule, or a mark that it is open; and no file has one that no code
// says.
func TestSentencesOfTheCode(t *testing.T) {
	said := map[string]bool{}
	need := func(where, text string) {
		said[text] = true
		require.True(t, words.Has(text), "%s: no file of words/rules has %q: add it to that of the rule, with its French or \"TODO\"", where, text)
	}
	for _, r := range All() {
		need(r.ID, r.Title)
		for _, cause := range r.Innocent {
			need(r.ID, cause)
		}
	}
	files := parsed(t, ".")
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if s, ok := call.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Say" {
					where := f.Name.Name + ": " + fmt.Sprint(call.Args[0])
					texts := literals(call.Args[0])
					require.Len(t, texts, 1, "%s: Say needs its format as a literal, so that it can be found", where)
					need(where, texts[0])
					for _, arg := range call.Args[1:] {
						for _, text := range textsOf(files, f, arg) {
							if strings.ContainsAny(text, "abcdefghijklmnopqrstuvwxyz") {
								need(where, text)
							}
						}
					}
				}
			}
			return true
		})
	}
	for _, l := range labPLMNs {
		need("labPLMNs", l.what)
	}
	// What the analyzer says by itself: what a cell is called, how often something was seen, what it weighs.
	for _, f := range parsed(t, "..") {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if id, ok := call.Fun.(*ast.Ident); ok && (id.Name == "phrase" || id.Name == "part") {
				for _, arg := range call.Args {
					for _, text := range textsOf(nil, f, arg) {
						need(f.Name.Name, text)
					}
				}
			}
			return true
		})
	}
	for _, file := range words.Files() {
		for _, text := range words.Keys(file) {
			if (file == "findings" || strings.HasPrefix(file, "rules/")) && words.Translate("en", text) == text {
				require.True(t, said[text], "words/%s.json has %q, which no code says; a sentence that was said once goes to words/retired.json", file, text)
			}
		}
	}
}

// parsed are the files of a package, without its tests.
func parsed(t *testing.T, dir string) (files []*ast.File) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			require.NoError(t, err)
			files = append(files, f)
		}
	}
	return files
}

// literals are the texts in a piece of code.
func literals(n ast.Node) (all []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			text, _ := strconv.Unquote(l.Value)
			all = append(all, text)
		}
		return true
	})
	return all
}

// textsOf are the texts that an argument of Say may be: those given to a variable in that file, or returned by a function.
func textsOf(files []*ast.File, in *ast.File, arg ast.Expr) (all []string) {
	switch x := arg.(type) {
	case *ast.BasicLit:
		return literals(x)
	case *ast.Ident:
		ast.Inspect(in, func(n ast.Node) bool {
			if a, ok := n.(*ast.AssignStmt); ok && slices.ContainsFunc(a.Lhs, func(l ast.Expr) bool { id, ok := l.(*ast.Ident); return ok && id.Name == x.Name }) {
				for _, r := range a.Rhs {
					if call, ok := r.(*ast.CallExpr); ok {
						all = append(all, textsOf(files, in, call)...)
					} else {
						all = append(all, literals(r)...)
					}
				}
			}
			return true
		})
	case *ast.CallExpr:
		name, ok := x.Fun.(*ast.Ident)
		if !ok {
			return nil // of another package: a PLMN, a time
		}
		for _, f := range files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == name.Name {
					ast.Inspect(fn, func(n ast.Node) bool {
						if r, ok := n.(*ast.ReturnStmt); ok {
							all = append(all, literals(r)...)
						}
						return true
					})
				}
			}
		}
	}
	return all
}

// Whatever is put in appears in French, once each; a format cannot be torn where sentences are.
func TestSentencesTakeOverAll(t *testing.T) {
	for english, french := range sentencesIn("fr") {
		verbs := regexp.MustCompile(`%[.\d]*[sdf]`).FindAllString(english, -1)
		args := make([]any, len(verbs))
		for i := range args {
			args[i] = fmt.Sprintf("<%d>", i)
		}
		filled := fmt.Sprintf(french, args...)
		require.NotContains(t, filled, "%!", english)
		for i := range args {
			if strings.HasSuffix(strings.TrimSuffix(english, " (by an unverified date)"), "switched %s off") && i == 4 {
				continue // the RAT, which is said before
			}
			require.Equal(t, 1, strings.Count(filled, fmt.Sprint(args[i])), "%s: argument %d", english, i+1)
		}
		require.NotContains(t, english, ". ")
		require.NotContains(t, english, "; ")
		require.NotEmpty(t, strings.TrimSpace(french))
	}
}

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

// What was said before findings carried their format and arguments is read back for ever: old stores have it.
func TestSentencesOfOldStores(t *testing.T) {
	text, err := os.ReadFile("testdata/sentences.txt")
	require.NoError(t, err)
	all := sentencesIn("fr")
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
func selfTongue(t testing.TB) *tongue {
	sentences := map[string]string{}
	for text := range sentencesIn("fr") {
		sentences[text] = regexp.MustCompile(`%[.\d]*[sdf]`).ReplaceAllString(text, "%s")
	}
	return newTongue(sentences, marksIn("en"))
}

var (
	numbersIn = regexp.MustCompile(`\d+(?:[.,]\d+)?`)
	english   = regexp.MustCompile(`(?i)\b(the|was|were|never|which|where|with|than|seen|of|and|heard|is|has|had|its|from|days|channel|area|cell)\b`)
)

// Every event of every trace is French to its last sentence, and says the same numbers; told again in English by the same
// way, it is the same to the byte.
func TestEventsInFrench(t *testing.T) {
	self := selfTongue(t)
	for _, e := range goldens(t) {
		if !translated(&e) {
			continue
		}
		for _, text := range texts(&e) {
			fr, ok := In("fr", text)
			require.True(t, ok, text)
			require.NotRegexp(t, english, fr, text)
			require.ElementsMatch(t, numbersIn.FindAllString(text, -1), numbersIn.FindAllString(strings.NewReplacer(",", ".", "\u00a0", " ").Replace(fr), -1), "%s: %s", text, fr)
			if !slices.Contains(e.InnocentCauses, text) {
				again, ok := self.in(text)
				require.True(t, ok, text)
				require.Equal(t, text, again)
			}
		}
	}
}

// Whatever a cell says of itself has a French name, and a sentence that holds it is taken apart right.
func TestCellsInFrench(t *testing.T) {
	self := selfTongue(t)
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
		fr, ok := In("fr", text)
		require.True(t, ok, text)
		require.NotRegexp(t, english, fr)
		require.ElementsMatch(t, numbersIn.FindAllString(text, -1), numbersIn.FindAllString(fr, -1))
		again, ok := self.in(text)
		require.True(t, ok)
		require.Equal(t, text, again)
	})
}

func TestIn(t *testing.T) {
	for english, french := range map[string]string{
		"LTE cell 2 (area 39321) was never seen here, where one change of cell in 12 brings a new one. Seen here 3 times before, in 8.9 days of watching. It weighs 1.2.": "la cellule LTE 2 (zone 39321) n’avait jamais été vue ici, où un changement de cellule sur 12 en amène une nouvelle. Vu ici 3 fois auparavant, en 8,9 jours de veille. Poids\u202f: 1,2.",
		"the network says that it is 2026-03-01 12:00:00, which is 3h2m10s off.":                                                                                          "le réseau donne pour heure 2026-03-01 12:00:00, soit un écart de 3\u00a0h 2\u00a0min 10\u00a0s.",
		"cell with PCI 3 on channel 1300 had been known under area 7; the network detached the modem.":                                                                    "la cellule de PCI 3 sur le canal 1300 était connue sous la zone 7\u202f; le réseau a détaché le modem.",
		// what a report without places makes of them
		"LTE cell … (area …) says that it belongs to network …, which is a test network by ITU-T ….":                     "la cellule LTE … (zone …) dit appartenir au réseau …, qui est un réseau de test selon UIT-T ….",
		"… registration was rejected with cause … (see TS … and TS …) on GSM cell …, by a network that had accepted it.": "l’inscription … a été refusée avec la cause … (voir TS\u00a0… et TS\u00a0…) sur la cellule GSM …, par un réseau qui l’avait acceptée.",
	} {
		got, ok := In("fr", english)
		require.True(t, ok, english)
		require.Equal(t, french, got)
	}
	for _, unknown := range []string{"", ".", "the modem", "Something of an older version.", "LTE cell x had been known under area 7.", "the network detached the modem; and what not.",
		"the network detached the modem. Not seen here before.  It weighs 1.0.", strings.Repeat("the network detached the modem; ", 1<<15) + "."} {
		got, ok := In("fr", unknown)
		require.False(t, ok, unknown)
		require.Equal(t, unknown, got)
	}
	_, ok := In("de", "the network detached the modem.")
	require.False(t, ok)
}

func FuzzIn(f *testing.F) {
	self := selfTongue(f)
	for _, e := range goldens(f) {
		f.Add(e.Summary)
		f.Add(e.Findings[0].Summary)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fr, ok := In("fr", text)
		if !ok {
			require.Equal(t, text, fr)
			return
		}
		require.NotContains(t, fr, "%!")
		require.LessOrEqual(t, len(fr), 3*len(text)+10)
		if again, ok := self.in(text); ok {
			require.Equal(t, text, again)
		}
	})
}

func BenchmarkIn(b *testing.B) {
	text := goldens(b)[0].Findings[0].Summary
	for b.Loop() {
		if _, ok := In("fr", text); !ok {
			b.Fatal(text)
		}
	}
}
