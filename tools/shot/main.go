// Command shot draws what a terminal program printed, colours and all, as an SVG: `shot < printed > picture.svg`.
// It knows the few colour codes that vigie uses and nothing else of terminals.
package main

import (
	"bufio"
	"fmt"
	"html"
	"os"
	"strings"
)

const (
	charWidth  = 7.8
	lineHeight = 18
	margin     = 16
)

var fills = map[string]string{"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "36": "#79c0ff", "2": "#8b949e"}

func main() {
	var lines []string
	width := 40
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		l := strings.TrimRight(in.Text(), "\r")
		if i := strings.LastIndex(l, "\r\x1b[K"); i >= 0 { // a progress line that was redrawn
			l = l[i+len("\r\x1b[K"):]
		}
		lines = append(lines, l)
		width = max(width, len([]rune(strip(l))))
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	w, h := float64(width)*charWidth+2*margin, len(lines)*lineHeight+2*margin
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" width="%.0f" font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="13">`+"\n<style>text{white-space:pre}</style>\n", w, h, w) // on text itself: browsers do not let it inherit
	fmt.Fprintf(out, `<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>`+"\n")
	for i, l := range lines {
		fmt.Fprintf(out, `<text x="%d" y="%d" fill="#e6edf3">%s</text>`+"\n", margin, margin+13+i*lineHeight, spans(l))
	}
	fmt.Fprintln(out, "</svg>")
}

// spans turns the SGR codes of a line (ECMA-48) into tspans.
func spans(l string) string {
	var b strings.Builder
	open := false
	for l != "" {
		i := strings.Index(l, "\x1b[")
		if i < 0 {
			b.WriteString(html.EscapeString(l))
			break
		}
		b.WriteString(html.EscapeString(l[:i]))
		codes, rest, ok := strings.Cut(l[i+2:], "m")
		if !ok {
			break
		}
		l = rest
		if open {
			b.WriteString("</tspan>")
			open = false
		}
		style := ""
		for _, c := range strings.Split(codes, ";") {
			if f := fills[c]; f != "" {
				style += fmt.Sprintf(` fill="%s"`, f)
			}
			if c == "1" {
				style += ` font-weight="bold"`
			}
		}
		if style != "" {
			b.WriteString("<tspan" + style + ">")
			open = true
		}
	}
	if open {
		b.WriteString("</tspan>")
	}
	return b.String()
}

func strip(l string) string {
	var b strings.Builder
	for l != "" {
		i := strings.Index(l, "\x1b[")
		if i < 0 {
			b.WriteString(l)
			break
		}
		b.WriteString(l[:i])
		_, l, _ = strings.Cut(l[i:], "m")
	}
	return b.String()
}
