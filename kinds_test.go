package vigie_test

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ignores says of each function that switches over records which kinds it has no case for, and why. A function that is not here has a
// case for every kind.
var ignores = map[string]struct{ kinds, why string }{
	"alert/state.go take":                     {"Source Message Broadcast", "a message of an anomaly is an event; what a cell says is no alarm"},
	"analyzer/engine.go Feed":                 {"Broadcast Message", "the rules over them come with the state that they need"},
	"cell/read.go resolve":                    {"Gap Health Clock Message Broadcast", "only sources and observations are counted apart"},
	"cmd/vigie/journal.go show":               {"Observation Message Broadcast", "one a minute and more: a journal is for what needs a person"},
	"cmd/vigie/status_words.go lastOf":        {"Source Health Clock Message Broadcast", "the state is what the serving cell and gaps are"},
	"cmd/vigie/watchlog.go show":              {"Observation Message Broadcast", "of observations the monitor says what changed; signalling is not read while watching"},
	"monitor/modems.go attach":                {"Gap Health Clock Message Broadcast", "they have no position"},
	"monitor/state.go Record":                 {"Clock Message Broadcast", "they do not change what a sensor is on"},
	"monitor/view.go matters":                 {"Source Observation Health Message Broadcast", "repeated by later ones, or kept in the store"},
	"review/evidence/clock.go shifted":        {"Source Clock", "a source has no time; a clock record is at the true one"},
	"review/evidence/hours.go recordedFields": {"Gap Health Clock Message Broadcast", "fields are of observations; a source names the rest"},
	"review/evidence/sensors.go Complaints":   {"Source Observation Gap Message Broadcast", "they are no complaints"},
	"review/evidence/series.go Series":        {"Source Health Clock Message Broadcast", "they have no level"},
	"review/evidence/timeline.go Timeline":    {"Source Health Clock Message Broadcast", "signalling has a section of its own on the page"},
	"storage/codec_record.go rawOf":           {"Source Gap Clock Message Broadcast", "they have no lines of a modem"},
	"storage/storagetest/model.go kind":       {"Source", "it is what is left"},
}

// Every switch over the kinds of records has a case for each, or says why not. So a new kind cannot be forgotten somewhere.
func TestEveryKindOfRecordIsHandled(t *testing.T) {
	all := sources(t)
	kinds := recordKinds(all)
	require.Contains(t, kinds, "Observation")
	require.Greater(t, len(kinds), 6)
	used := map[string]bool{}
	for _, s := range all {
		if s.test {
			continue
		}
		own := path.Base(s.pkg) == "cell"
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			has := map[string]bool{} // by any of the switches of a function
			ast.Inspect(f, func(n ast.Node) bool {
				if sw, ok := n.(*ast.TypeSwitchStmt); ok {
					addCases(has, sw, own, kinds)
				}
				return true
			})
			lacks := slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return has[k] })
			if len(has) == 0 || len(lacks) == 0 {
				continue
			}
			key := s.path + " " + f.Name.Name
			used[key] = true
			want := strings.Fields(ignores[key].kinds)
			slices.Sort(want)
			if !slices.Equal(want, lacks) {
				t.Errorf("%s has no case for %s: add it, or say in ignores why it has none (there: %q)", key, strings.Join(lacks, " "), ignores[key].kinds)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(ignores)) {
		if !used[key] {
			t.Errorf("ignores names %s, which is no switch that lacks a case", key)
		}
		require.NotEmpty(t, ignores[key].why, key)
	}
}

// recordKinds are the types of package cell that have the methods of a cell.Record.
func recordKinds(all []source) (kinds []string) {
	methods := map[string]int{}
	for _, s := range all {
		if path.Base(s.pkg) != "cell" || s.test {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "When" && f.Name.Name != "From" {
				continue
			}
			if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
				methods[fmt.Sprint(star.X)]++
			}
		}
	}
	for k, n := range methods {
		if n == 2 {
			kinds = append(kinds, k)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// addCases adds the kinds that a type switch has a case for. Within package cell a kind is not qualified.
func addCases(has map[string]bool, sw *ast.TypeSwitchStmt, own bool, kinds []string) {
	for _, c := range sw.Body.List {
		for _, e := range c.(*ast.CaseClause).List {
			star, ok := e.(*ast.StarExpr)
			if !ok {
				continue
			}
			name := ""
			switch x := star.X.(type) {
			case *ast.SelectorExpr:
				if fmt.Sprint(x.X) == "cell" {
					name = x.Sel.Name
				}
			case *ast.Ident:
				if own {
					name = x.Name
				}
			}
			if slices.Contains(kinds, name) {
				has[name] = true
			}
		}
	}
}
