package dialect

import (
	"context"
	"io"
	"slices"

	"vigie/modem/at"
)

// Guess finds the family of recorded text, echoes of commands included, with stamps before the lines or without. It uses only lines
// that no other family prints, and returns nil if there are none or if they are of several families.
func Guess(lines []string) *Dialect {
	if found := families(nil, lines); len(found) == 1 {
		return found[0]
	}
	return nil
}

// families adds to those that were found the others of which lines are known.
func families(found []*Dialect, lines []string) []*Dialect {
	for _, d := range All() {
		knows := func(line string) bool { return d.Knows(at.Unstamped(line)) }
		if d.Evidence != Experimental && !slices.Contains(found, d) && slices.ContainsFunc(lines, knows) {
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
	Unlisted  int        // further lines of these two kinds, which are too many to list
	listed    int        // bytes of those that are listed
}

// Lines that are listed in TextCounts.
const (
	mostListed   = 10_000
	widestListed = 2 << 20 // bytes
)

// DecodeText decodes recorded modem text: answers with or without their commands and final results. d is the family; if nil, it is
// guessed, also where the text is of several modems one after the other, else generic. A new round begins where a command is
// repeated, or a row that is printed once per round. Empty rounds are left out. The rows of a survey are returned as rounds of their own.
func DecodeText(text io.Reader, d *Dialect) ([]Decoded, TextCounts, error) {
	var all []Decoded
	n, err := EachRound(context.Background(), text, d, func(x *Decoded) error { all = append(all, *x); return nil })
	if err != nil {
		return nil, TextCounts{}, err
	}
	return all, n, nil
}

// EachRound is DecodeText for text of any length: it calls each with one round after the other. Since what a modem says of itself may
// come last, it first reads all of the text; of that it holds the redacted lines, compressed. An error of each ends it, and the end of ctx.
func EachRound(ctx context.Context, text io.Reader, d *Dialect, each func(*Decoded) error) (TextCounts, error) {
	r, err := newRecorded(ctx, text, d)
	if err != nil {
		return TextCounts{}, err
	}
	stretches, err := r.stretches()
	if err != nil {
		return TextCounts{}, err
	}
	x := decoding{counts: TextCounts{Exchanges: r.exchanges, Lines: r.lines}, each: each}
	for _, s := range stretches {
		x.counts.Guessed = x.counts.Guessed || d == nil && s.dialect != generic
		if !slices.Contains(x.counts.Families, s.dialect) {
			x.counts.Families = append(x.counts.Families, s.dialect)
		}
	}
	x.counts.Dialect = x.counts.Families[0]
	next := 0
	err = r.pieces(func(i int, p piece) error {
		for next < len(stretches) && stretches[next].from == i {
			if err := x.end(); err != nil {
				return err
			}
			x.begin(stretches[next].dialect.As(stretches[next].ident()))
			next++
			p.goesOn = false
		}
		return x.add(p)
	})
	if err == nil {
		err = x.end()
	}
	return x.counts, err
}

// decoding decodes the answers of one modem after the other, round by round.
type decoding struct {
	grouping
	counts TextCounts
	each   func(*Decoded) error
}

func (x *decoding) begin(d *Dialect) { x.grouping = grouping{dialect: d, round: x.decode} }

// decode decodes a round.
func (x *decoding) decode(round []Answer) error {
	got := x.dialect.decoded(nil, round, true)
	n := &x.counts
	for _, r := range got.Rejects {
		if n.lists(len(r.Line)) {
			n.Rejects = append(n.Rejects, r)
		}
	}
	for _, l := range got.Unread {
		if !identifies(round, l) && n.lists(len(l)) {
			n.Unread = append(n.Unread, l)
		}
	}
	if !got.Empty() {
		n.Rounds++
		if err := x.each(&got); err != nil {
			return err
		}
	}
	for _, o := range got.Sweep {
		n.Rounds++
		if err := x.each(&Decoded{Observation: o, Values: valuesOf(got.Values, o.Raw[0])}); err != nil {
			return err
		}
	}
	return nil
}

// lists reports whether one more line can be listed, and counts it where not.
func (n *TextCounts) lists(bytes int) bool {
	if len(n.Rejects)+len(n.Unread) >= mostListed || n.listed+bytes > widestListed {
		n.Unlisted++
		return false
	}
	n.listed += bytes
	return true
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

// isIdentify reports whether a command asks a modem what it is.
func isIdentify(command string) bool {
	return command != "" && slices.ContainsFunc(IdentifyCommands, func(c at.Command) bool { return c.Text == command })
}

// grouping groups answers into rounds, splitting one that holds several.
type grouping struct {
	dialect *Dialect
	round   func([]Answer) error // called with each

	now   []Answer
	seen  map[string]bool // commands and rows of the round
	lines int             // and commands in it
	width int             // bytes of them
}

// A round that is longer is ended: no modem prints so much, and all of it becomes one observation.
const (
	longestRound = 16_384  // lines and commands
	widestRound  = 2 << 20 // bytes
)

// end ends the round.
func (g *grouping) end() error {
	round := g.now
	g.now, g.seen, g.lines, g.width = nil, nil, 0, 0
	if len(round) == 0 {
		return nil
	}
	return g.round(round)
}

// add takes the next answer, or the rest of the last one.
func (g *grouping) add(p piece) error {
	a, goesOn := p.Answer, p.goesOn
	if a.Command != "" && !goesOn && g.seen["AT"+a.Command] {
		if err := g.end(); err != nil {
			return err
		}
	}
	from := 0
	for i, l := range a.Lines {
		row := g.dialect.oncePerRound(l)
		if row == "" {
			continue
		}
		if g.seen[row] {
			if i > from {
				if err := g.put(Answer{Command: a.Command, Lines: a.Lines[from:i]}, goesOn); err != nil {
					return err
				}
			}
			if err := g.end(); err != nil {
				return err
			}
			from, goesOn = i, false
		}
		g.saw(row)
	}
	a.Lines = a.Lines[from:]
	if err := g.put(a, goesOn); err != nil {
		return err
	}
	if a.Command != "" {
		g.saw("AT" + a.Command)
	}
	return nil
}

func (g *grouping) saw(what string) {
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	g.seen[what] = true
}

// put adds an answer to the round, or the rest of the last one.
func (g *grouping) put(a Answer, goesOn bool) error {
	lines, width := 1+len(a.Lines), len(a.Command)
	for _, l := range a.Lines {
		width += len(l)
	}
	if g.lines+lines > longestRound || g.width+width > widestRound {
		if err := g.end(); err != nil {
			return err
		}
	}
	g.lines, g.width = g.lines+lines, g.width+width
	if last := len(g.now) - 1; goesOn && last >= 0 {
		before := &g.now[last]
		before.Lines, before.Final, before.cut = slices.Concat(before.Lines, a.Lines), a.Final, a.cut
		return nil
	}
	g.now = append(g.now, a)
	return nil
}
