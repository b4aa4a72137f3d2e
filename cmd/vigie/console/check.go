package console

import (
	"errors"
	"fmt"
)

// PrintCheck prints one thing: BAD, a note where there is something to do, or ok.
func PrintCheck(t *Terminal, failed bool, what, finding, hint string) {
	word, s := "ok", Green
	switch {
	case failed:
		word, s = "BAD", Red
	case hint != "":
		word, s = "note", Yellow
	}
	const indent = "                        "
	t.Printf("%s  %-17s %s\n", t.Paint(s, fmt.Sprintf("%-4s", word)), what, Wrap(OneLine(finding), LineWidth-len(indent), indent))
	if hint != "" {
		t.Printf("      %s\n", t.Paint(Faint, Wrap(OneLine(hint), LineWidth-6, "      ")))
	}
}

var ErrCheck = WithHint(errors.New("something does not work"), "the line marked BAD says what, and below it what to do")
