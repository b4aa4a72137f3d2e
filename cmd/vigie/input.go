package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"time"

	"vigie/cell"
	"vigie/cmd/vigie/console"
)

// input is one file of observations on its way into the line, or several that are read one after the other.
type input struct {
	name    string
	rest    []string // files to read after this one
	file    io.ReadCloser
	reader  *cell.Reader
	before  cell.Counts   // of the files that were read to their end
	store   string        // number of the store that they are from; "": not known
	bad     int           // lines for a store that could not be read
	sources []cell.Record // read before next, and told before it
	next    cell.Record   // nil at the end
}

// merge reads several files as one, in order of time. Inside one file the order is kept as it is: the analyzer counts
// what is out of order.
type merge struct {
	inputs  []*input
	files   int
	broken  []error  // files that ended before their end
	skipped []error  // the first few lines that were skipped
	foreign []string // files of which nothing could be read

	each  func(in *input, r cell.Record) // given each record before it is told; may be nil
	other func(in *input, line []byte)   // given the lines that are for a store; may be nil
}

// mostNamed bounds how many bad lines are named one by one; all are counted.
const mostNamed = 5

// openInputs opens every file; "-" is standard input.
func openInputs(names []string, stdin io.Reader) (*merge, error) {
	m := &merge{}
	var each [][]string
	for _, name := range names {
		each = append(each, []string{name})
	}
	return m, m.open(each, stdin)
}

// open opens the first file of each row of files, which are read one after the other.
func (m *merge) open(rows [][]string, stdin io.Reader) error {
	for _, names := range rows {
		in := &input{rest: names}
		if err := m.openNext(in, stdin); err != nil {
			m.close()
			return err
		}
		m.inputs = append(m.inputs, in)
	}
	for _, in := range m.inputs {
		m.advance(in)
	}
	return nil
}

// openNext goes on with the next file of a row.
func (m *merge) openNext(in *input, stdin io.Reader) error {
	in.name, in.rest = in.rest[0], in.rest[1:]
	if in.name == "-" {
		in.name, in.file = "standard input", io.NopCloser(stdin)
	} else {
		f, err := os.Open(in.name)
		if err != nil {
			return err
		}
		if st, err := f.Stat(); err == nil && st.IsDir() {
			f.Close()
			return console.WithHint(fmt.Errorf("%s is a directory", in.name), "name the files in it: vigie replay "+in.name+"/*.ndjson.gz")
		}
		in.file = f
	}
	m.files++
	in.reader = cell.NewReader(in.file, in.name)
	in.reader.OnSkip = func(e *cell.LineError) {
		if len(m.skipped) < mostNamed {
			m.skipped = append(m.skipped, e)
		}
	}
	if m.other != nil {
		in.reader.OnOther = func(line []byte) { m.other(in, line) }
	}
	return nil
}

// advance reads on in one file, up to its next record that has a time.
func (m *merge) advance(in *input) {
	in.sources, in.next = nil, nil
	for {
		r, err := in.reader.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				m.broken = append(m.broken, err)
			}
			m.unread(in)
			if !m.goOn(in) {
				return
			}
			continue
		}
		if m.each != nil {
			m.each(in, r)
		}
		if _, ok := r.(*cell.Source); ok {
			in.sources = append(in.sources, r)
			continue
		}
		in.next = r
		return
	}
}

// goOn turns to the next file of a row that can be opened.
func (m *merge) goOn(in *input) bool {
	for len(in.rest) > 0 {
		file, counts := in.file, in.reader.Counts()
		err := m.openNext(in, nil)
		if err == nil {
			file.Close()
			in.before = plus(in.before, counts)
			return true
		}
		m.broken = append(m.broken, err)
	}
	return false
}

// read returns the next record with the source lines that stand before it; nothing at the end.
func (m *merge) read() []cell.Record {
	var first *input
	var when time.Time
	for _, in := range m.inputs {
		if in.next == nil {
			continue
		}
		if t := in.next.When(); first == nil || t.Before(when) {
			first, when = in, t
		}
	}
	if first == nil {
		for _, in := range m.inputs { // source lines at the end of a file
			if len(in.sources) > 0 {
				s := in.sources
				in.sources = nil
				return s
			}
		}
		return nil
	}
	recs := append(first.sources, first.next)
	m.advance(first)
	return recs
}

func (m *merge) close() {
	for _, in := range m.inputs {
		in.file.Close()
	}
}

// counts adds up what all files held.
func (m *merge) counts() (sum cell.Counts) {
	for _, in := range m.inputs {
		sum = plus(sum, plus(in.before, in.reader.Counts()))
		sum.Skipped += in.bad
	}
	return sum
}

// plus adds up two counts.
func plus(a, b cell.Counts) cell.Counts {
	sum := cell.Counts{Lines: a.Lines + b.Lines, Observations: a.Observations + b.Observations, Others: a.Others + b.Others,
		Aside: a.Aside + b.Aside, Skipped: a.Skipped + b.Skipped, UnknownKeys: map[string]int{}, BadValues: map[string]int{}}
	for _, c := range []cell.Counts{a, b} {
		for k, n := range c.UnknownKeys {
			sum.UnknownKeys[k] += n
		}
		for k, n := range c.BadValues {
			sum.BadValues[k] += n
		}
	}
	return sum
}

// unread remembers a file of which nothing could be read.
func (m *merge) unread(in *input) {
	if c := in.reader.Counts(); c.Lines > 0 && c.Observations+c.Others+c.Aside == 0 {
		m.foreign = append(m.foreign, in.name)
	}
}

// report tells what was read and what was not, and returns an error when the input could not be read.
func (m *merge) report(t *console.Terminal) error {
	c := m.counts()
	t.Printf("read %s: %s, %s\n", console.Plural(m.files, "file"), console.Plural(c.Observations, "observation"), console.Plural(c.Others, "other line"))
	for _, e := range m.skipped {
		t.Printf("skipped %s\n", console.OneLine(e.Error()))
	}
	if c.Skipped > len(m.skipped) {
		t.Printf("skipped %s more\n", console.Plural(c.Skipped-len(m.skipped), "line"))
	}
	printCounts(t, "keys that are not known here", c.UnknownKeys)
	printCounts(t, "values that make no sense, taken as absent", c.BadValues)
	if len(m.broken) > 0 {
		return console.WithHint(errors.Join(m.broken...), "what came before it was read and counted; the file was cut or damaged after that")
	}
	if len(m.foreign) > 0 {
		return console.WithHint(fmt.Errorf("%s: no line of it could be read", m.foreign[0]),
			"replay reads observations as NDJSON (docs/fields.md); for recorded modem text use vigie decode")
	}
	return nil
}

func printCounts(t *console.Terminal, what string, counts map[string]int) {
	if len(counts) == 0 {
		return
	}
	var parts []string
	for k, n := range counts {
		parts = append(parts, fmt.Sprintf("%s %s", console.OneLine(k), console.Thousands(n)))
	}
	sort.Strings(parts)
	if len(parts) > 12 {
		parts = append(parts[:12], fmt.Sprintf("and %d more", len(parts)-12))
	}
	t.Printf("%s: %s\n", what, strings.Join(parts, ", "))
}
