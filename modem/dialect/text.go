package dialect

import (
	"cmp"
	"io"
	"slices"

	"vigie/modem/at"
)

// Guess finds the family of recorded text, echoes of commands included, with stamps before the lines or without. It uses only lines
// that no other family prints, and returns nil if there are none or if they are of several families.
func Guess(lines []string) *Dialect {
	if found := families(lines); len(found) == 1 {
		return found[0]
	}
	return nil
}

// families are those of which lines are known.
func families(lines []string) (found []*Dialect) {
	for _, d := range All() {
		knows := func(line string) bool { return d.Knows(at.Unstamped(line)) }
		if d.Evidence != Experimental && slices.ContainsFunc(lines, knows) {
			found = append(found, d)
		}
	}
	return found
}

// TextCounts are statistics of DecodeText.
type TextCounts struct {
	Dialect   *Dialect   // the one used; the first of several
	Families  []*Dialect // those used, in the order of the text, each once
	Guessed   bool       // they were guessed from the text
	Exchanges int        // commands, or stretches of lines without one
	Lines     int        // information lines
	Rounds    int        // that hold something
	Rejects   []Reject   // lines that could not be decoded, in order
	Unread    []string   // lines that are no answer that the family knows
}

// DecodeText decodes recorded modem text: answers with or without their commands and final results. d is the family; if nil, it is
// guessed, also where the text is of several modems one after the other, else generic. A new round begins where a command is
// repeated, or a row that is printed once per round. Empty rounds are left out. The rows of a survey are returned as rounds of their own.
func DecodeText(text io.Reader, d *Dialect) ([]Decoded, TextCounts, error) {
	end := &lastByte{Reader: text}
	exchanges, err := at.ReadTranscript(end, everything(true)...)
	if err != nil {
		return nil, TextCounts{}, err
	}
	n := TextCounts{Exchanges: len(exchanges)}
	var answers []Answer
	for _, x := range exchanges {
		n.Lines += len(x.Lines)
		answers = append(answers, Answer{Command: x.Command, Lines: x.Lines, Final: x.Final})
	}
	if len(answers) > 0 {
		last := &answers[len(answers)-1]
		last.cut = last.Final == "" && len(last.Lines) > 0 && end.b != '\n' && end.b != '\r'
	}
	var out []Decoded
	for _, m := range modems(answers, d) {
		n.Guessed = n.Guessed || d == nil && m.dialect != generic
		if !slices.Contains(n.Families, m.dialect) {
			n.Families = append(n.Families, m.dialect)
		}
		tied := m.dialect.As(Identify(m.answers))
		for _, round := range tied.rounds(m.answers) {
			x := tied.decoded(nil, round, true)
			n.Rejects = append(n.Rejects, x.Rejects...)
			for _, l := range x.Unread {
				if !identifies(round, l) {
					n.Unread = append(n.Unread, l)
				}
			}
			if !x.Empty() {
				n.Rounds++
				out = append(out, x)
			}
			for _, o := range x.Sweep {
				n.Rounds++
				out = append(out, Decoded{Observation: o, Values: valuesOf(x.Values, o.Raw[0])})
			}
		}
	}
	n.Dialect = n.Families[0]
	return out, n, nil
}

// valuesOf are the values that come from a row.
func valuesOf(all []Value, line string) (own []Value) {
	for _, v := range all {
		if v.Line == line {
			own = append(own, v)
		}
	}
	return own
}

// identifies reports whether a line is of an answer to a question that asks what the modem is.
func identifies(answers []Answer, line string) bool {
	return slices.ContainsFunc(answers, func(a Answer) bool { return isIdentify(a.Command) && slices.Contains(a.Lines, line) })
}

// modem is a stretch of text that one modem printed.
type modem struct {
	dialect *Dialect
	answers []Answer
}

// modems splits answers by modem: where a line or a command is known by another family than those before, or another model
// names itself, a new one begins. What no family knows belongs to the modem before it; at the beginning, and after a modem was asked
// what it is, to the one that follows. A family that is given is that of all, and only where it is generic may they be several modems.
func modems(answers []Answer, d *Dialect) (all []modem) {
	var lines []string
	for _, a := range answers {
		lines = append(append(lines, "AT"+a.Command), a.Lines...)
	}
	given := d
	switch found := families(lines); {
	case given != nil && given != generic:
	case len(found) == 0:
		d = generic
	case len(found) == 1 && given == nil:
		d = found[0]
	case len(found) > 1:
		d = nil
	}
	if d != nil {
		return byModel(modem{d, answers})
	}
	var held []Answer
	var now *modem
	for _, a := range answers {
		for _, piece := range pieces(a) {
			found := families(append([]string{"AT" + piece.Command}, piece.Lines...))
			if len(found) == 0 && (now == nil || len(held) > 0 || isIdentify(piece.Command)) {
				held = append(held, piece)
				continue
			}
			if len(found) > 0 && (now == nil || !slices.Contains(found, now.dialect)) {
				all = append(all, modem{dialect: found[0]})
				now = &all[len(all)-1]
			}
			now.answers = append(append(now.answers, held...), piece)
			held = nil
		}
	}
	now.answers = append(now.answers, held...)
	var models []modem
	for _, m := range all {
		if given != nil {
			m.dialect = given
		}
		models = append(models, byModel(m)...)
	}
	return models
}

// byModel splits what modems of one family printed where another model names itself.
func byModel(m modem) (all []modem) {
	from, model := 0, ""
	for i, a := range m.answers {
		if !isIdentify(a.Command) {
			continue
		}
		id := Identify(m.answers[i : i+1])
		if id.Model != "" && model != "" && id.Model != model {
			all = append(all, modem{m.dialect, m.answers[from:i]})
			from = i
		}
		model = cmp.Or(id.Model, model)
	}
	return append(all, modem{m.dialect, m.answers[from:]})
}

// isIdentify reports whether a command asks a modem what it is.
func isIdentify(command string) bool {
	return command != "" && slices.ContainsFunc(IdentifyCommands, func(c at.Command) bool { return c.Text == command })
}

// pieces splits lines without a command where another family's begin.
func pieces(a Answer) (all []Answer) {
	if a.Command != "" {
		return []Answer{a}
	}
	from := 0
	var before *Dialect
	for i := range a.Lines {
		found := Guess(a.Lines[i : i+1])
		if found == nil || found == before {
			continue
		}
		if before != nil {
			all = append(all, Answer{Lines: a.Lines[from:i]})
			from = i
		}
		before = found
	}
	a.Lines = a.Lines[from:]
	return append(all, a)
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
