package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/modem/dialect"
	"vigie/review/evidence"
)

// text decodes recorded modem text.
func (c *DecodeCmd) text(p *console.Program, shown string, in io.Reader, family *dialect.Dialect) error {
	limited := &io.LimitedReader{R: in, N: mostText}
	rounds, counts, err := dialect.DecodeText(limited, family)
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	if limited.N == 0 {
		return console.WithHint(fmt.Errorf("%s is longer than %d MiB", shown, mostText>>20), "recorded modem text is a few lines to a few thousand; cut it, or use vigie replay for observations")
	}
	out := bufio.NewWriter(p.Out)
	if c.JSON {
		out.Reset(p.Out.JSON())
	}
	for i := range rounds {
		c.print(out, &rounds[i])
	}
	if err := out.Flush(); err != nil {
		return err
	}
	how := "as named"
	switch {
	case counts.Guessed:
		how = "recognised from the text"
	case family == nil:
		how = "no line names a family"
	}
	p.Err.Printf("%s: family %s (%s), %s from %s\n", console.OneLine(shown), familiesOf(&counts), how, console.Plural(len(rounds), "observation"), console.Plural(counts.Lines, "line"))
	if len(rounds) == 0 {
		p.Err.Printf("hint: no line is an answer that Vigie reads; give what a modem printed, such as +QENG or +CEREG lines, and --family if no line shows which it is\n")
	}
	listUndecoded(p.Err, &counts)
	return nil
}

func familiesOf(n *dialect.TextCounts) string {
	var names []string
	for _, d := range n.Families {
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}

// undecoded are the headings under which lines are listed that were not decoded, in their order.
var undecoded = []struct {
	reason  dialect.Reason
	meaning string
}{
	{dialect.UnknownToken, "a word that Vigie does not know"},
	{dialect.UnknownLayout, "columns that Vigie does not know, or that may be read in two ways"},
	{dialect.BadValue, "a value that its column cannot hold"},
	{dialect.Truncated, "the line ended too early"},
}

// mostUnread bounds how many lines that are no answer are listed: a log may be full of them.
const mostUnread = 20

// listUndecoded lists what was not decoded, by reason with the line.
func listUndecoded(w io.Writer, n *dialect.TextCounts) {
	for _, u := range undecoded {
		var lines []string
		for _, r := range n.Rejects {
			if r.Reason != u.reason {
				continue
			}
			line := console.OneLine(r.Line)
			if r.Columns != "" {
				line += "  (" + r.Columns + " left out, the rest is used)"
			}
			lines = append(lines, line)
		}
		if len(lines) > 0 {
			fmt.Fprintf(w, "not decoded (%s): %s, %s\n  %s\n", u.reason, u.meaning, console.Plural(len(lines), "line"), strings.Join(lines, "\n  "))
		}
	}
	if len(n.Unread) == 0 {
		return
	}
	fmt.Fprintf(w, "not read: no answer that Vigie takes cells from, %s\n", console.Plural(len(n.Unread), "line"))
	for _, l := range n.Unread[:min(mostUnread, len(n.Unread))] {
		fmt.Fprintf(w, "  %s\n", console.OneLine(l))
	}
	if more := len(n.Unread) - mostUnread; more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}

// mostText bounds what decode reads: it is held in memory.
const mostText = 64 << 20

// print prints an observation.
func (c *DecodeCmd) print(w io.Writer, x *dialect.Decoded) {
	if !c.JSON {
		describeObservation(w, &x.Observation)
		if c.Explain {
			describeValues(w, x.Values)
		}
		fmt.Fprintln(w)
		return
	}
	line := cell.AppendRecord(nil, &x.Observation)
	if c.Explain && len(x.Values) > 0 {
		line = append(bytes.TrimSuffix(line, []byte("}")), explainJSON(x.Values)...)
	}
	w.Write(append(line, '\n'))
}

// explainJSON is the key explain of an observation, and the end of the object: where each of its values was read.
func explainJSON(values []dialect.Value) []byte {
	type value struct {
		Field    string `json:"field"`
		Printed  string `json:"printed,omitempty"`
		Column   int    `json:"column,omitempty"`
		Label    string `json:"label,omitempty"`
		Line     string `json:"line"`
		Document string `json:"document,omitempty"`
	}
	var list []value
	for _, v := range values {
		list = append(list, value{v.Field, v.Text, v.Column, v.Label, v.Line, v.Document})
	}
	b, _ := json.Marshal(list) // strings and numbers always have a form
	return append(append([]byte(`,"explain":`), b...), '}')
}

// describeValues prints where values come from, line by line.
func describeValues(w io.Writer, values []dialect.Value) {
	var line string
	for _, v := range values {
		if v.Line != line {
			line = v.Line
			fmt.Fprintf(w, "  %s\n", console.OneLine(line))
			if v.Document != "" {
				fmt.Fprintf(w, "    [%s]\n", v.Document)
			}
		}
		where := "the row"
		switch {
		case v.Label != "":
			where = "after " + console.OneLine(v.Label)
		case v.Column > 0:
			where = fmt.Sprintf("column %d", v.Column)
		}
		fmt.Fprintf(w, "    %-22s %-16s %s\n", v.Field, console.OneLine(v.Text), where)
	}
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
