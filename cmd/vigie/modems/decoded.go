package modems

import (
	"fmt"
	"io"
	"strings"

	"vigie/cmd/vigie/console"
	"vigie/modem/dialect"
)

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

// ListUndecoded lists what was not decoded, by reason with the line.
func ListUndecoded(w io.Writer, n *dialect.TextCounts) {
	for _, u := range undecoded {
		var lines []string
		for _, r := range n.Rejects {
			if r.Reason != u.reason {
				continue
			}
			line := console.OneLine(r.Line)
			switch {
			case r.Columns != "":
				line += "  (" + r.Columns + " left out, the rest is used)"
			case r.Used:
				line += "  (what is sure of it is used)"
			}
			lines = append(lines, line)
		}
		if len(lines) > 0 {
			fmt.Fprintf(w, "not decoded (%s): %s, %s\n  %s\n", u.reason, u.meaning, console.Plural(len(lines), "line"), strings.Join(lines, "\n  "))
		}
	}
	if n.Unlisted > 0 {
		defer fmt.Fprintf(w, "%s more of these kinds are not listed\n", console.Plural(n.Unlisted, "line"))
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

// ListValues prints where values come from, line by line.
func ListValues(w io.Writer, values []dialect.Value) {
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
