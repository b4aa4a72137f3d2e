package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"vigie/air/capture"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
)

// capture prints the messages of a capture, and what was in it.
func (c *DecodeCmd) capture(ctx context.Context, p *console.Program, shown string, in *capture.Capture) error {
	out := bufio.NewWriterSize(p.Out, 64<<10)
	if c.JSON {
		out.Reset(p.Out.JSON())
	}
	var line []byte
	err := in.Read(ctx, func(m *capture.Packet) error {
		if c.NoMessages {
			return nil
		}
		if err := m.Decode(c.Tree && c.JSON); err != nil {
			in.Counts.Undecoded(string(m.Message.Layer), err)
		}
		if c.JSON {
			line = append(cell.AppendRecord(line[:0], &m.Message), '\n')
			out.Write(line)
		} else {
			describeMessage(out, &m.Message)
		}
		return nil
	})
	if flushing := out.Flush(); err == nil {
		err = flushing
	}
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	if c.JSON {
		return json.NewEncoder(p.Err.JSON()).Encode(&in.Counts)
	}
	reportCapture(p.Err, shown, &in.Counts)
	return nil
}

// describeMessage prints a message for people: one line.
func describeMessage(w io.Writer, m *cell.Message) {
	name := m.Name
	if name == "" {
		name = "(not read)"
		if m.Fields.Ciphered {
			name = "(ciphered)"
		}
	}
	when := "-"
	if !m.Time.IsZero() {
		when = string(cell.AppendTime(nil, m.Time))
	}
	fmt.Fprintf(w, "%6d  %-24s  %-4s  %-11s  %s  %s\n", m.Frame, when, m.Direction, m.Channel, name, cell.AppendMessageFields(nil, &m.Fields))
}

// reportCapture reports what was in a capture and what of it was not read.
func reportCapture(t *console.Terminal, shown string, c *capture.Counts) {
	t.Printf("%s: %s, %s, %s\n", console.OneLine(shown), c.Kind, console.Plural(c.Frames, "frame"), console.Plural(c.Messages, "message"))
	config.PrintCounts(t, "not read", c.NotRead())
	if hint := c.Hint(); hint != "" {
		t.Printf("hint: %s\n", hint)
	}
}
