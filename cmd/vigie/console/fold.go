package console

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// copied matches lines that are typed or copied as they are: a shell takes them with a backslash before the break.
var copied = regexp.MustCompile(`^ +(?:\$ )?(?:sudo |bin/)?(?:vigie|systemctl|udevadm|nmcli|install|useradd) `)

// fold breaks the lines of a text that are longer than width, between words. What continues a line is indented by two columns
// more than its beginning. A word that is longer stays whole, and so does a part that has no end of line: a prompt.
func fold(text []byte, width int) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(text) {
		if visible(string(line)) <= width || !bytes.HasSuffix(line, []byte("\n")) {
			b.Write(line)
			continue
		}
		foldLine(&b, strings.TrimSuffix(string(line), "\n"), width)
	}
	return b.Bytes()
}

func foldLine(b *bytes.Buffer, line string, width int) {
	start := len(line) - len(strings.TrimLeft(line, " "))
	indent := strings.Repeat(" ", min(start+2, width/2))
	end := ""
	if copied.MatchString(line) {
		end = " \\"
	}
	column := 0
	for rest, first := line, true; rest != ""; first = false {
		word, after, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		gap := len(rest) - len(strings.TrimLeft(rest, " "))
		rest = strings.TrimPrefix(rest, strings.Repeat(" ", gap)+word)
		if after == "" && strings.TrimSpace(rest) == "" {
			rest = ""
		}
		n := visible(word)
		if room := width - len(end); !first && column+gap+n > room && column > len(indent) {
			b.WriteString(end + "\n" + indent)
			column, gap = len(indent), 0
		}
		b.WriteString(strings.Repeat(" ", gap))
		b.WriteString(word)
		column += gap + n
	}
	b.WriteByte('\n')
}

// visible is how many columns a text takes, without its styles.
func visible(text string) int {
	n := 0
	for {
		before, after, ok := strings.Cut(text, paintMark)
		n += utf8.RuneCountInString(strings.TrimSuffix(before, "\n"))
		if !ok {
			return n
		}
		_, text, _ = strings.Cut(after, "m")
	}
}
