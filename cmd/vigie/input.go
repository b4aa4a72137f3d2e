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
)

// input is one file of observations on its way into the line.
type input struct {
	name    string
	file    io.ReadCloser
	reader  *cell.Reader
	sources []cell.Record // read before next, and told before it
	next    cell.Record   // nil at the end
}

// merge reads several files as one, in order of time. Inside one file the order is kept as it is: the analyzer counts
// what is out of order.
type merge struct {
	inputs  []*input
	broken  []error // files that ended before their end
	skipped []error // the first few lines that were skipped
}

// mostNamed bounds how many bad lines are named one by one; all are counted.
const mostNamed = 5

// openInputs opens every file; "-" is standard input.
func openInputs(names []string, stdin io.Reader) (*merge, error) {
	m := &merge{}
	for _, name := range names {
		in := &input{name: name}
		if name == "-" {
			in.name, in.file = "standard input", io.NopCloser(stdin)
		} else {
			f, err := os.Open(name)
			if err != nil {
				m.close()
				return nil, err
			}
			if st, err := f.Stat(); err == nil && st.IsDir() {
				f.Close()
				m.close()
				return nil, hinted(fmt.Errorf("%s is a directory", name), "name the files in it: vigie replay "+name+"/*.ndjson.gz")
			}
			in.file = f
		}
		in.reader = cell.NewReader(in.file, in.name)
		in.reader.OnSkip = func(e *cell.LineError) {
			if len(m.skipped) < mostNamed {
				m.skipped = append(m.skipped, e)
			}
		}
		m.inputs = append(m.inputs, in)
	}
	for _, in := range m.inputs {
		m.advance(in)
	}
	return m, nil
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
			return
		}
		if _, ok := r.(*cell.Source); ok {
			in.sources = append(in.sources, r)
			continue
		}
		in.next = r
		return
	}
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
func (m *merge) counts() cell.Counts {
	sum := cell.Counts{UnknownKeys: map[string]int{}, BadValues: map[string]int{}}
	for _, in := range m.inputs {
		c := in.reader.Counts()
		sum.Lines += c.Lines
		sum.Observations += c.Observations
		sum.Others += c.Others
		sum.Skipped += c.Skipped
		for k, n := range c.UnknownKeys {
			sum.UnknownKeys[k] += n
		}
		for k, n := range c.BadValues {
			sum.BadValues[k] += n
		}
	}
	return sum
}

// report tells what was read and what was not, and returns an error when the input could not be read.
func (m *merge) report(t *term) error {
	c := m.counts()
	t.printf("read %s: %s, %s\n", plural(len(m.inputs), "file"), plural(c.Observations, "observation"), plural(c.Others, "other line"))
	for _, e := range m.skipped {
		t.printf("skipped %s\n", oneLine(e.Error()))
	}
	if c.Skipped > len(m.skipped) {
		t.printf("skipped %s more\n", plural(c.Skipped-len(m.skipped), "line"))
	}
	printCounts(t, "keys that are not known here", c.UnknownKeys)
	printCounts(t, "values that make no sense, taken as absent", c.BadValues)
	if len(m.broken) > 0 {
		return hinted(errors.Join(m.broken...), "what came before it was read and counted; the file was cut or damaged after that")
	}
	for _, in := range m.inputs {
		if c := in.reader.Counts(); c.Lines > 0 && c.Observations+c.Others == 0 {
			return hinted(fmt.Errorf("%s: no line of it could be read", in.name),
				"replay reads observations as NDJSON (docs/fields.md); for recorded modem text use vigie decode")
		}
	}
	return nil
}

func printCounts(t *term, what string, counts map[string]int) {
	if len(counts) == 0 {
		return
	}
	var parts []string
	for k, n := range counts {
		parts = append(parts, fmt.Sprintf("%s %s", oneLine(k), thousands(n)))
	}
	sort.Strings(parts)
	if len(parts) > 12 {
		parts = append(parts[:12], fmt.Sprintf("and %d more", len(parts)-12))
	}
	t.printf("%s: %s\n", what, strings.Join(parts, ", "))
}
