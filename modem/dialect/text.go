package dialect

import (
	"io"

	"vigie/modem/at"
)

// Guess finds the family of recorded text, echoes of commands included. It uses only lines that no other family prints, and
// returns nil if there are none or if they are of several families.
func Guess(lines []string) *Dialect {
	var found *Dialect
	for _, d := range All() {
		if d.Evidence == Experimental {
			continue
		}
		for _, l := range lines {
			if d.Knows(l) {
				if found != nil {
					return nil
				}
				found = d
				break
			}
		}
	}
	return found
}

// TextCounts are statistics of DecodeText.
type TextCounts struct {
	Dialect   *Dialect // the one used
	Guessed   bool     // it was guessed from the text
	Exchanges int      // commands, or stretches of lines without one
	Lines     int      // information lines
	Rounds    int      // that hold something
	Rejects   []Reject // lines that could not be decoded, in order
}

// DecodeText decodes recorded modem text: answers with or without their commands and final results. d is the family; if nil, it is
// guessed, else generic. A new round begins where a command is repeated, or a row that is printed once per round. Empty rounds
// are left out. The rows of a survey are returned as rounds of their own.
func DecodeText(text io.Reader, d *Dialect) ([]Decoded, TextCounts, error) {
	end := &lastByte{Reader: text}
	exchanges, err := at.ReadTranscript(end, everything(true)...)
	if err != nil {
		return nil, TextCounts{}, err
	}
	n := TextCounts{Dialect: d, Exchanges: len(exchanges)}
	var lines []string
	var answers []Answer
	for _, x := range exchanges {
		if x.Command != "" {
			lines = append(lines, "AT"+x.Command)
		}
		lines = append(lines, x.Lines...)
		n.Lines += len(x.Lines)
		answers = append(answers, Answer{Command: x.Command, Lines: x.Lines, Final: x.Final})
	}
	if len(answers) > 0 {
		last := &answers[len(answers)-1]
		last.cut = last.Final == "" && len(last.Lines) > 0 && end.b != '\n' && end.b != '\r'
	}
	if n.Dialect == nil {
		n.Dialect = Guess(lines)
		n.Guessed = n.Dialect != nil
	}
	if n.Dialect == nil {
		n.Dialect = generic
	}
	tied := n.Dialect.As(Identify(answers))
	var out []Decoded
	for _, round := range tied.rounds(answers) {
		x := tied.Decode(round)
		n.Rejects = append(n.Rejects, x.Rejects...)
		if !x.Empty() {
			n.Rounds++
			out = append(out, x)
		}
		for _, o := range x.Sweep {
			n.Rounds++
			out = append(out, Decoded{Observation: o})
		}
	}
	return out, n, nil
}

// rounds groups answers, splitting one that holds several rounds.
func (d *Dialect) rounds(answers []Answer) [][]Answer {
	var all [][]Answer
	var now []Answer
	seen := map[string]bool{} // commands and rows of the round
	next := func() {
		if len(now) > 0 {
			all = append(all, now)
		}
		now, seen = nil, map[string]bool{}
	}
	for _, a := range answers {
		if a.Command != "" && seen["AT"+a.Command] {
			next()
		}
		from := 0
		for i, l := range a.Lines {
			row := d.oncePerRound(l)
			if row == "" {
				continue
			}
			if seen[row] {
				if i > from {
					now = append(now, Answer{Command: a.Command, Lines: a.Lines[from:i]})
				}
				next()
				from = i
			}
			seen[row] = true
		}
		if a.Command != "" {
			seen["AT"+a.Command] = true
		}
		a.Lines = a.Lines[from:]
		now = append(now, a)
	}
	next()
	return all
}

// lastByte remembers how the text ended: without a line end the last line may be half a line.
type lastByte struct {
	io.Reader
	b byte
}

func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n > 0 {
		l.b = p[n-1]
	}
	return n, err
}
