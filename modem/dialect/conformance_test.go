package dialect

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/modem/at"
)

const conformancePage = "../../docs/conformance.md"

// The conformance page is made from the dialects, their documents and their transcripts: make golden writes it.
func TestGoldenConformance(t *testing.T) {
	page := conformance(t)
	if *update {
		require.NoError(t, os.WriteFile(conformancePage, []byte(page), 0o666))
		return
	}
	have, err := os.ReadFile(conformancePage)
	require.NoError(t, err)
	require.Equal(t, string(have), page, "docs/conformance.md is not current: run make golden")
}

// proof counts the transcripts that hold rows of a kind that were read, by where they come from.
type proof struct{ recorded, fixture, manual, hand int }

func (p *proof) add(evidence string) {
	switch kind, how, _ := strings.Cut(evidence, ", "); {
	case kind == "recorded" && how == "fixture":
		p.fixture++
	case kind == "recorded":
		p.recorded++
	case kind == "manual":
		p.manual++
	default:
		p.hand++
	}
}

// grade is the best of them. Rows that are only known by hand are as good as an experiment.
func (p *proof) grade(d *Dialect) string {
	switch {
	case d.Evidence == Experimental:
		return "experimental"
	case p.recorded > 0:
		return "recorded"
	case p.fixture > 0:
		return "fixture"
	case p.manual > 0:
		return "manual"
	}
	return "experimental"
}

// refusal is a kind of row that is not read, with the first such line.
type refusal struct {
	row, example string
	reason       Reason
	columns      string
}

// evidenceOf finds what the transcripts of a family prove: which of its rows were read, and which were refused.
func evidenceOf(t *testing.T, d *Dialect) (rows map[string]*proof, refused []refusal) {
	rows = map[string]*proof{}
	for _, x := range transcripts(t) {
		if x.family != d.Name && d != generic {
			continue
		}
		family, err := ByName(x.family)
		require.NoError(t, err)
		_, n, err := DecodeText(strings.NewReader(x.input), family)
		require.NoError(t, err)
		exchanges, err := at.ReadTranscript(strings.NewReader(x.input), everything(true)...)
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, e := range exchanges {
			for _, line := range e.Lines {
				row := rowName(e.Command, line)
				if rejected := slices.IndexFunc(n.Rejects, func(r Reject) bool { return r.Line == line }); rejected >= 0 && !n.Rejects[rejected].Used {
					continue
				}
				if !seen[row] {
					seen[row] = true
					if rows[row] == nil {
						rows[row] = &proof{}
					}
					rows[row].add(x.header["evidence"])
				}
			}
		}
		if x.family != d.Name {
			continue
		}
		for _, r := range n.Rejects {
			name, _ := at.Prefix(r.Line)
			is := func(k refusal) bool { return k.row == name && k.reason == r.Reason && k.columns == r.Columns }
			if !slices.ContainsFunc(refused, is) {
				refused = append(refused, refusal{name, r.Line, r.Reason, r.Columns})
			}
		}
	}
	slices.SortStableFunc(refused, func(a, b refusal) int { return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.reason, b.reason)) })
	return rows, refused
}

// rowName is the prefix of a line, or the name of the command that it answers.
func rowName(command, line string) string {
	if name, _ := at.Prefix(line); name != "" {
		return name
	}
	if i := strings.IndexAny(command, "=?"); i >= 0 {
		command = command[:i]
	}
	return command
}

// asked lists when each row of a family is asked for, by its prefix.
func askedFor(d *Dialect) map[string][]string {
	all := map[string][]string{}
	for _, group := range []struct {
		when     string
		commands []at.Command
	}{{"every second", d.Serving}, {"every five seconds", d.Around}, {"for the position", d.Position}, {"in a survey", d.Surveys}} {
		for _, c := range group.commands {
			for _, prefix := range c.Prefixes {
				text := fmt.Sprintf("`AT%s` %s", c.Text, group.when)
				if !slices.Contains(all[prefix], text) {
					all[prefix] = append(all[prefix], text)
				}
			}
		}
	}
	return all
}

func conformance(t *testing.T) string {
	var b strings.Builder
	b.WriteString(`# Conformance: what is read, and on what evidence

` + "`make golden`" + ` writes this page from the dialects (` + "`modem/dialect`" + `), the documents that they name, and the transcripts in
` + "`modem/dialect/testdata`" + `; a test fails when it is not current. What a family can and cannot report, and its quirks, is in its
[firmware note](../firmware-notes/README.md).

- recorded: rows that real modems printed, in sessions, logs or notes of the people who own them. fixture: the same, from the tests of another
  project. manual: examples of the vendor's manual. by hand: written by us, for faults and for layouts of which no example is known.
- The evidence of a row is the best that there is. Experimental are rows of which only a format is known, and the rows of a family that is used
  only if you name it. They are read only where their shape is exactly that.
- The numbers count transcripts in which such a row was read. The document is what the reading rests on: ` + "`vigie decode --explain`" + ` names it for each value.
- A refused row stays in ` + "`raw`" + `, is counted and named: unknown_token, a word that is not known; unknown_layout, columns that are not known or may be
  read in two ways; bad_value, a value that its column cannot hold; truncated, a line that ended too early. Where columns are named, they alone were
  left out.

`)
	names := map[string]string{}
	for _, d := range All() {
		names[d.Name] = d.Title
	}
	for _, family := range slices.Sorted(maps.Keys(names)) {
		d, err := ByName(family)
		require.NoError(t, err)
		rows, refused := evidenceOf(t, d)
		fmt.Fprintf(&b, "## %s\n\n%s. [Firmware note](../firmware-notes/%s.md).\n\n", d.Name, strings.ToUpper(d.Title[:1])+d.Title[1:], d.Name)
		b.WriteString("| row | asked for | evidence | recorded | fixture | manual | by hand | document |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
		asked := askedFor(d)
		for _, prefix := range slices.Sorted(maps.Keys(documents[d.Name])) {
			if prefix == "" {
				continue
			}
			p := rows[prefix]
			if p == nil {
				p = &proof{}
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %d | %d | %d | %d | %s |\n", prefix, cmp.Or(strings.Join(asked[prefix], "; "), "not asked for, read where it comes"),
				p.grade(d), p.recorded, p.fixture, p.manual, p.hand, d.Document(prefix))
		}
		if len(refused) > 0 {
			b.WriteString("\nRefused:\n\n| row | why | example |\n| --- | --- | --- |\n")
		}
		for _, r := range refused {
			why := string(r.reason)
			if r.columns != "" {
				why += " in " + r.columns
			}
			fmt.Fprintf(&b, "| %s | %s | `%s` |\n", cmp.Or(codeOf(r.row), "without a prefix"), why, strings.NewReplacer("|", `\|`, "`", "'").Replace(shortened(r.example)))
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func codeOf(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// shortened cuts an example to what fits into a table.
func shortened(s string) string {
	const most = 110
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// Each command that is asked for names the document that its answer is read by.
func TestEveryCommandHasADocument(t *testing.T) {
	for _, d := range All() {
		for _, c := range slices.Concat(d.Serving, d.Around, d.Position, d.Surveys, Once) {
			for _, prefix := range c.Prefixes {
				if d.Document(prefix) == "" && prefix != "+EEMUMTSSVC" && prefix != "+EEMGINFOSVC" && prefix != "+EEMLTEINTERRAT" { // rows that are refused
					t.Errorf("%s: no document for the row %s: add it to modem/dialect/documents.go, and run make golden", d.Name, prefix)
				}
			}
		}
	}
}
