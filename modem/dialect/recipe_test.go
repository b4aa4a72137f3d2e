package dialect

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/modem/at"
	"vigie/words"
)

// Every family has all that the recipe of CONTRIBUTING.md asks for. Each message says what is missing and where it goes.
func TestEveryFamilyIsComplete(t *testing.T) {
	text := func(path string) string {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(b)
	}
	source, tests := sourcesOf(t, func(name string) bool { return !strings.HasSuffix(name, "_test.go") }), sourcesOf(t, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	notes, changes := text("../../firmware-notes/README.md"), text("../../CHANGELOG.md")

	for _, m := range regexp.MustCompile(`&Dialect\{\s*Name:\s*"([a-z]+)"`).FindAllStringSubmatch(source, -1) {
		_, err := ByName(m[1])
		require.NoError(t, err, "the family %s is not used: add it to All in modem/dialect/dialect.go, before generic", m[1])
	}
	for _, d := range All() {
		t.Run(d.Name, func(t *testing.T) {
			if _, err := at.NewSurveyList(append(commandsOf(d), d.Surveys...)...); err != nil {
				t.Errorf("a command may not be sent. If it changes nothing, add it to modem/at/passive_%s.go, and that table to the list in modem/at/passive.go:\n%v", d.Name, err)
			}
			if _, err := os.Stat("../../firmware-notes/" + d.Name + ".md"); err != nil {
				t.Errorf("no firmware note: write firmware-notes/%s.md from TEMPLATE.md", d.Name)
			}
			if !strings.Contains(notes, "]("+d.Name+".md)") {
				t.Errorf("no line in the table of firmware-notes/README.md")
			}
			if !strings.Contains(changes, "`"+d.Name+"`") && !strings.Contains(changes, "--family "+d.Name) {
				t.Errorf("no line in CHANGELOG.md: say that modems of the family `%s` are read", d.Name)
			}
			if !regexp.MustCompile(`(?i)func Fuzz` + d.Name + `\(f \*testing\.F\)`).MatchString(tests) {
				t.Errorf("no fuzz target: add func Fuzz%s(f *testing.F) { fuzz(f, ...) } to modem/dialect/fuzz_test.go", strings.ToUpper(d.Name[:1])+d.Name[1:])
			}
			if _, ok := vendorLines[d.Name]; !ok {
				t.Errorf("no entry in vendorLines of modem/dialect/golden_test.go: a pattern for the lines that only this family prints, or `^$` where there are none")
			}
			for _, c := range slices.Concat(d.Serving, d.Around, d.Position, Once, d.Surveys) {
				if !words.Has(c.Why) {
					t.Errorf("words/modem.json has no entry for %q, which is why %s is asked: add its French, or \"TODO\"", c.Why, c.Text)
				}
			}
			needsTranscripts(t, d)
		})
	}
}

func commandsOf(d *Dialect) (all []at.Command) {
	for _, s := range d.Settings {
		all = append(all, s.Commands()...)
	}
	return append(append(append(append(all, Once...), d.Serving...), d.Around...), d.Position...)
}

// needsTranscripts checks that testdata has a modem that is camped on a cell, one without service, and malformed answers.
func needsTranscripts(t *testing.T, d *Dialect) {
	var camped, without, malformed bool
	for _, x := range transcripts(t) {
		if x.family != d.Name {
			continue
		}
		if strings.HasPrefix(filepath.Base(x.path), "malformed") {
			malformed = true
			continue
		}
		rounds, _, err := DecodeText(strings.NewReader(x.input), d)
		require.NoError(t, err)
		for i := range rounds {
			o := &rounds[i].Observation
			camped = camped || o.Serving != nil && o.State != cell.Limited
			without = without || o.State == cell.NoService || o.State == cell.Searching || o.State == cell.Limited
			for _, r := range o.Registration {
				without = without || r.Status.Known() && !r.Registered()
			}
		}
	}
	for _, need := range []struct {
		what string
		have bool
	}{{"camped on a cell", camped}, {"without service", without}} {
		if !need.have {
			t.Errorf("no transcript of a modem %s: add one to modem/dialect/testdata/%s and run make golden", need.what, d.Name)
		}
	}
	if !malformed {
		t.Errorf("no transcript of malformed answers: add modem/dialect/testdata/%s/malformed.txtar and run make golden", d.Name)
	}
}

// sourcesOf is the text of the Go files of this package whose name is as wanted.
func sourcesOf(t *testing.T, want func(name string) bool) string {
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var b strings.Builder
	for _, name := range names {
		if want(name) {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			b.Write(text)
		}
	}
	return b.String()
}
