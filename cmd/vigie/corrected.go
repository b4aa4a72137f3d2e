package main

import (
	"fmt"
	"time"

	"vigie/analyzer"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// corrected is an event with the times that really were, and what is to be said of it; "" where there was nothing to correct.
func corrected(sets storage.Corrections, e analyzer.Event) (fixed analyzer.Event, note string) {
	fixed, by := sets.Event(e)
	if by != 0 {
		note = fmt.Sprintf("its times before the clock was set were wrong by %s; they are corrected here, and stored as they were (%s)", by.Round(time.Second), e.First.UTC().Format(time.DateTime))
	}
	return fixed, note
}

// printNote adds to an event what was corrected.
func printNote(t *console.Terminal, note string) {
	if note != "" {
		t.Printf("      %s\n", t.Paint(console.Yellow, console.Wrap(note, console.LineWidth, "      ")))
	}
}
