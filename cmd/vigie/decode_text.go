package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/cmd/vigie/modems"
	"vigie/modem/dialect"
	"vigie/monitor/pipeline"
	"vigie/review/evidence"
)

// text decodes recorded modem text.
func (c *DecodeCmd) text(ctx context.Context, p *console.Program, shown string, in io.Reader, family *dialect.Dialect) error {
	pipeline.LimitHeap()
	out := bufio.NewWriter(p.Out)
	if c.JSON {
		out.Reset(p.Out.JSON())
	}
	counts, err := dialect.EachRound(ctx, in, family, func(x *dialect.Decoded) error {
		c.print(out, x)
		return ctx.Err()
	})
	if flushing := out.Flush(); err == nil {
		err = flushing
	}
	if errors.Is(err, dialect.ErrTooLong) {
		err = console.WithHint(err, "recorded modem text is a few lines to a few thousand; cut it, or use vigie replay for observations")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	how := "as named"
	switch {
	case counts.Guessed:
		how = "recognised from the text"
	case family == nil:
		how = "no line names a family"
	}
	p.Err.Printf("%s: family %s (%s), %s from %s\n", console.OneLine(shown), familiesOf(&counts), how, console.Plural(counts.Rounds, "observation"), console.Plural(counts.Lines, "line"))
	if counts.Rounds == 0 {
		p.Err.Printf("hint: no line is an answer that Vigie reads; give what a modem printed, such as +QENG or +CEREG lines, and --family if no line shows which it is\n")
	}
	modems.ListUndecoded(p.Err, &counts)
	return nil
}

func familiesOf(n *dialect.TextCounts) string {
	var names []string
	for _, d := range n.Families {
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}

// print prints an observation.
func (c *DecodeCmd) print(w io.Writer, x *dialect.Decoded) {
	if !c.JSON {
		describeObservation(w, &x.Observation)
		if c.Explain {
			modems.ListValues(w, x.Values)
		}
		fmt.Fprintln(w)
		return
	}
	line := cell.AppendRecord(nil, &x.Observation)
	if c.Explain && len(x.Values) > 0 {
		values, _ := json.Marshal(x.Values) // strings and numbers always have a form
		line = slices.Concat(bytes.TrimSuffix(line, []byte("}")), []byte(`,"explain":`), values, []byte("}"))
	}
	w.Write(append(line, '\n'))
}

// describeObservation prints an observation for people.
func describeObservation(w io.Writer, o *cell.Observation) {
	if o.State != "" {
		fmt.Fprintf(w, "state      %s\n", o.State)
	}
	if o.Serving != nil {
		fmt.Fprintf(w, "serving    %s\n", cell.Heard(o.Serving))
	}
	for i := range o.Secondary {
		fmt.Fprintf(w, "secondary  %s\n", cell.Heard(&o.Secondary[i]))
	}
	for i := range o.Neighbours {
		fmt.Fprintf(w, "neighbour  %s\n", cell.Heard(&o.Neighbours[i]))
	}
	if o.Neighbours != nil && len(o.Neighbours) == 0 {
		fmt.Fprintln(w, "neighbours none")
	}
	for _, r := range o.Registration {
		fmt.Fprintf(w, "register   %s\n", evidence.StatusOf(r).In("en"))
	}
	if o.Position != nil {
		fmt.Fprintf(w, "position   %.5f %.5f\n", o.Position.Lat, o.Position.Lon)
	}
}
