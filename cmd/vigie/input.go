package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"vigie/air/capture"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage/transfer"
)

// inputs are files of records, and captures of signalling among them.
type inputs struct {
	transfer.Merge
	captures []*capture.Reader
}

// newInputs returns inputs that are told by their content.
func newInputs(ctx context.Context) *inputs {
	in := &inputs{Merge: transfer.Merge{Clean: config.Cleaner}}
	in.As = func(file *bufio.Reader, name string) transfer.Reader {
		r := capture.OpenRecords(ctx, file, name)
		if r == nil {
			return nil
		}
		in.captures = append(in.captures, r)
		return r
	}
	return in
}

// moment is the time of a flag.
type moment = console.Moment

// openInputs opens every file, each by itself; "-" is standard input.
func openInputs(ctx context.Context, names []string, stdin io.Reader) (*inputs, error) {
	m := newInputs(ctx)
	var rows [][]string
	for _, name := range names {
		if st, err := os.Stat(name); err == nil && st.IsDir() {
			return m, console.WithHint(fmt.Errorf("%s is a directory", name), "name the files in it: vigie replay "+name+"/*.ndjson.gz")
		}
		rows = append(rows, []string{name})
	}
	return m, m.Open(ctx, rows, console.Interruptible(ctx, stdin))
}

// reportInputs reports what was read and what was not, and returns an error if the input could not be read.
func reportInputs(t *console.Terminal, m *inputs) error {
	c := m.Counts()
	t.Printf("read %s: %s, %s\n", console.Plural(m.Files, "file"), console.Plural(c.Observations, "observation"), console.Plural(c.Others, "other line"))
	for _, e := range m.Skipped {
		t.Printf("skipped %s\n", console.OneLine(config.Cleaner.Scrub(e.Error())))
	}
	if c.Skipped > len(m.Skipped) {
		t.Printf("skipped %s more\n", console.Plural(c.Skipped-len(m.Skipped), "line"))
	}
	for _, c := range m.captures {
		reportCapture(t, c.Name, &c.Of.Counts)
	}
	config.PrintCounts(t, "keys that are not known here", c.UnknownKeys)
	config.PrintCounts(t, "values that make no sense, taken as absent", c.BadValues)
	if len(m.Broken) > 0 {
		return console.WithHint(errors.Join(m.Broken...), "what came before it was read and counted; the file was cut or damaged after that")
	}
	if len(m.Foreign) > 0 {
		return console.WithHint(fmt.Errorf("%s: no line of it could be read", m.Foreign[0]),
			"replay reads observations as NDJSON (docs/fields.md), and captures of signalling (docs/air.md); for recorded modem text use vigie decode")
	}
	return nil
}
