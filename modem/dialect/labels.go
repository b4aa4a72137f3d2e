package dialect

import (
	"slices"
	"strings"

	"vigie/modem/at"
)

// labelled puts the values of a row of "label:value" columns in the order of the labels; "" where there is none. Of a
// label that comes twice the first value counts.
func (w *row) labelled(labels ...string) {
	values := make([]string, len(labels))
	for _, f := range w.f {
		label, value, _ := strings.Cut(f, ":")
		if i := slices.Index(labels, label); i >= 0 && values[i] == "" {
			values[i] = strings.TrimSpace(value)
		}
	}
	w.f, w.labels, w.sure = values, labels, !w.cut
}

// spaced does the same for a row of labels and values with spaces between them, after a name that may hold spaces too:
// "#MONI: AT&T RSRP:-92 Id:A204F01". Of a label that comes twice the last value counts.
func (w *row) spaced(labels ...string) {
	_, rest := at.Prefix(w.line)
	if w.cut {
		rest = rest[:strings.LastIndexByte(rest, ' ')+1]
	}
	rest = " " + rest
	values := make([]string, len(labels))
	for i, l := range labels {
		if at := strings.LastIndex(rest, " "+l+":"); at >= 0 {
			value, _, _ := strings.Cut(strings.TrimLeft(rest[at+len(l)+2:], " "), " ")
			values[i] = value
		}
	}
	w.f, w.labels, w.sure = values, labels, !w.cut
}

// labels is a table of labels and values, in words. A label ends in a colon; where it begins only its spelling tells, so
// that only known ones are found.
type labels struct {
	r    *round
	text string // the words with one space between them, and none before a colon
}

func newLabels(r *round, words []string) labels {
	return labels{r, " " + strings.ReplaceAll(strings.Join(words, " "), " :", ":") + " "}
}

// find gives a row of the words after a label: up to n of them. Its columns are nil when there is no such label. Letters
// may be in either case.
func (l labels) find(n int, names ...string) *row {
	for _, name := range names {
		i := l.index(name)
		if i < 0 {
			continue
		}
		rest := l.text[i+len(name)+2:]
		f := strings.Fields(rest[:min(len(rest), 80)])
		if len(rest) > 80 && len(f) > 0 {
			f = f[:len(f)-1]
		}
		f = f[:min(n, len(f))]
		return &row{r: l.r, line: name + ": " + strings.Join(f, " "), f: f, labels: []string{name}, values: len(l.r.values), marks: marks{sure: true}}
	}
	return &row{r: l.r}
}

// index finds where a label begins: not one that ends like it, as "NR5G Cell ID", "Rx0 RSSI (dBm)" and "SUB STATUS" do.
func (l labels) index(name string) int {
	for from := 0; ; {
		i := indexFold(l.text[from:], " "+name+":")
		if i < 0 {
			return -1
		}
		i += from
		before := l.text[strings.LastIndexByte(l.text[:i], ' ')+1 : i]
		switch {
		default:
			return i
		case before == "NR5G", strings.HasPrefix(before, "Rx"), before == "AVG", before == "SUB", before == "RRC":
		}
		from = i + 1
	}
}

// indexFold finds sub, which begins with a space, in s, whatever the case of its ASCII letters.
func indexFold(s, sub string) int {
	for from := 0; ; from++ {
		i := strings.IndexByte(s[from:], ' ')
		if from += i; i < 0 || from+len(sub) > len(s) {
			return -1
		}
		if strings.EqualFold(s[from:from+len(sub)], sub) {
			return from
		}
	}
}

// after is the table from a label on.
func (l labels) after(name string) labels {
	if i := l.index(name); i >= 0 {
		return labels{l.r, l.text[i:]}
	}
	return labels{r: l.r}
}

// word is the first word after a label, in upper case.
func (l labels) word(names ...string) string { return strings.ToUpper(l.find(1, names...).text(0)) }
