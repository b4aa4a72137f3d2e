package rules

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/words"
)

// Every rule says in each language why it matters and what to look at next.
func TestWordsOfEveryRule(t *testing.T) {
	known := map[string]bool{}
	for _, r := range All() {
		file := "rules/" + strings.ReplaceAll(r.ID, "-", "_")
		known[file] = true
		for _, lang := range []string{"en", "fr"} {
			w, ok := WordsOf(lang, r.ID)
			require.True(t, ok, "%s has no words in %q: add words/%s.json", r.ID, lang, file)
			require.Len(t, w.Innocent, len(r.Innocent), "%s: innocent causes in %q", r.ID, lang)
			require.NotEmpty(t, w.Next, "%s: what to look at next in %q", r.ID, lang)
			for _, s := range append(append([]string{w.Title, w.Reason}, w.Innocent...), w.Next...) {
				require.NotEmpty(t, strings.TrimSpace(s), "%s in %q", r.ID, lang)
			}
		}
		for i, cause := range r.Innocent {
			if untranslated(r.ID) {
				continue
			}
			fr, ok := TranslateOld("fr", cause)
			require.True(t, ok)
			require.NotEqual(t, cause, fr, "%s: cause %d", r.ID, i)
		}
	}
	for _, file := range words.Files() {
		require.True(t, known[file] || !strings.HasPrefix(file, "rules/"), "words/%s.json is of no rule", file)
	}
}

func TestNextSaysEachOnce(t *testing.T) {
	e := analyzer.Event{Findings: []analyzer.Finding{{Rule: "downgrade-2g"}, {Rule: "downgrade-3g"}, {Rule: "unknown"}, {Rule: "downgrade-2g"}}}
	next := Next("en", &e)
	require.NotEmpty(t, next)
	seen := map[string]bool{}
	for _, n := range next {
		require.False(t, seen[n], n)
		seen[n] = true
	}
}

// Every sentence of the code has an entry in the file of its rule, and no entry is left over.
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

// literals are the string literals in a piece of code.
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

// textsOf are the literals that an argument of Say may be: those assigned to a variable in that file, or returned by a function.
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

// Each argument is in the French sentence, once. No format has a separator of sentences in it.
func TestSentencesTakeOverAll(t *testing.T) {
	for english, french := range translations("fr") {
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
