// Package remap gives a recording of a modem other area codes and cell identities, so that it can be contributed without
// saying where it was made. It refuses a recording that it cannot change without changing what else it says.
package remap

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"vigie/cell"
	"vigie/modem/dialect"
)

// Text replaces the area codes and cell identities in text, which one modem of the family d printed, with or without the
// commands that it answers. A number is replaced by the same other number wherever it is printed, in decimal and in hexadecimal,
// with as many digits; the sector of an LTE cell and the relation of RNC and cell are kept. Networks, channels, PCIs and
// levels are kept, because a transcript without them tests nothing. In lines that the dialect cannot read every number of
// four digits or more is replaced.
//
// The result is decoded and compared: it says the same as before except for these numbers, or Text returns an error. random
// returns a number in [0, n); it must not be guessable, or the numbers are.
func Text(d *dialect.Dialect, text string, random func(n uint64) uint64) (string, error) {
	before, counts, err := dialect.DecodeText(strings.NewReader(text), d)
	if err != nil {
		return "", err
	}
	var out string
	for range attempts {
		if out, err = replaced(d, text, before, counts, random); err == nil || errors.Is(err, errPositions) {
			break
		}
	}
	return out, err
}

// attempts is how often other numbers are drawn where the text would say something else with those drawn: a hexadecimal one without a letter,
// or a decimal one with fewer digits, may read in another way.
const attempts = 10

var errPositions = errors.New("the recording holds positions, which cannot be made others: take the lines out")

func replaced(d *dialect.Dialect, text string, before []dialect.Decoded, counts dialect.TextCounts, random func(n uint64) uint64) (string, error) {
	m := remapper{random: random, areas: map[uint64]uint64{}, ids: map[uint64]uint64{}, halves: map[[2]uint64]uint64{}, words: map[string]string{}}
	for i := range before {
		if before[i].Observation.Position != nil {
			return "", errPositions
		}
		m.learn(&before[i].Observation)
	}
	unread := map[string]bool{}
	for _, r := range counts.Rejects {
		unread[r.Line] = !r.Used
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !unread[line] && !strings.HasPrefix(line, "AT") {
			lines[i] = m.replaceLong(line)
		}
	}
	from := 0
	for to := 1; to <= len(lines); to++ {
		if to == len(lines) || strings.HasPrefix(lines[to], "AT") {
			m.replaceChecked(d, lines[from:to], unread)
			from = to
		}
	}
	out := strings.Join(lines, "\n")
	after, _, err := dialect.DecodeText(strings.NewReader(out), d)
	if err != nil {
		return "", err
	}
	if len(after) != len(before) {
		return "", fmt.Errorf("with other cell identities the text would read as %d rounds, not %d", len(after), len(before))
	}
	for i := range before {
		want, got := before[i].Observation, after[i].Observation
		m.apply(&want)
		want.Raw, got.Raw = nil, nil
		if !reflect.DeepEqual(want, got) {
			return "", fmt.Errorf("with other cell identities round %d of the text would say something else; it begins with %q", i+1, first(before[i].Observation.Raw))
		}
	}
	return out, nil
}

func first(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}

// remapper holds what became what.
type remapper struct {
	random     func(n uint64) uint64
	areas, ids map[uint64]uint64
	halves     map[[2]uint64]uint64 // the upper part of cell identities, by how far it was shifted
	words      map[string]string    // of lines that cannot be read
	named      int                  // areas and identities that apply has met
}

// learn finds other numbers for the areas and cells of an observation.
func (m *remapper) learn(o *cell.Observation) {
	for _, list := range [][]cell.Cell{o.Neighbours, o.Secondary} {
		for i := range list {
			m.cell(list[i].RAT, list[i].Area, list[i].ID)
		}
	}
	if s := o.Serving; s != nil {
		m.cell(s.RAT, s.Area, s.ID)
	}
	for i := range o.Registration {
		g := &o.Registration[i]
		m.cell(g.RAT(), g.Area, g.CellID)
	}
}

func (m *remapper) cell(rat cell.RAT, area cell.Opt[cell.Area], id cell.Opt[uint64]) {
	if a, ok := area.Get(); ok {
		m.area(uint64(a))
	}
	v, ok := id.Get()
	if _, known := m.ids[v]; !ok || known {
		return
	}
	shift := uint64(0)
	switch {
	case v <= 0xffff:
	case rat == cell.UMTS:
		shift = 16
	case v > 1<<28:
		shift = 12 // of NR: gNB identities are 22 to 32 bits long
	default:
		shift = 8
	}
	high, low := v>>shift, v&(1<<shift-1)
	if rat == cell.UMTS && shift > 0 {
		low = m.half(0, low)
	}
	m.ids[v] = m.half(shift, high)<<shift | low
}

func (m *remapper) area(a uint64) {
	if _, known := m.areas[a]; !known {
		m.areas[a] = m.other(a, func(n uint64) bool {
			return taken(m.areas, n) || cell.Area(n).Reserved(cell.NR) || cell.Area(n).Reserved(cell.LTE)
		})
	}
}

func (m *remapper) half(shift, v uint64) uint64 {
	key := [2]uint64{shift, v}
	if n, known := m.halves[key]; known {
		return n
	}
	n := m.other(v, func(n uint64) bool { return taken(m.halves, n) })
	m.halves[key] = n
	return n
}

func taken[K comparable](m map[K]uint64, v uint64) bool {
	for _, n := range m {
		if n == v {
			return true
		}
	}
	return false
}

// other is a number with as many digits as v, in decimal and in hexadecimal.
func (m *remapper) other(v uint64, bad func(uint64) bool) uint64 {
	if v == 0 {
		return 0
	}
	ten, sixteen := uint64(1), uint64(1)
	for v/ten >= 10 {
		ten *= 10
	}
	for v/sixteen >= 16 {
		sixteen *= 16
	}
	low, high := max(ten, sixteen), min(10*ten, 16*sixteen)
	for range 1000 {
		if n := low + m.random(high-low); n != v && !bad(n) {
			return n
		}
	}
	return low + m.random(high-low) // every number of so few digits is in use
}

// apply does to an observation what was done to the text.
func (m *remapper) apply(o *cell.Observation) {
	change := func(c *cell.Cell) {
		c.Area, c.ID = m.newArea(c.Area), m.newID(c.ID)
	}
	o.Neighbours, o.Secondary, o.Registration = slices.Clone(o.Neighbours), slices.Clone(o.Secondary), slices.Clone(o.Registration)
	for _, list := range [][]cell.Cell{o.Neighbours, o.Secondary} {
		for i := range list {
			change(&list[i])
		}
	}
	if o.Serving != nil {
		s := *o.Serving
		change(&s)
		o.Serving = &s
	}
	for i := range o.Registration {
		g := &o.Registration[i]
		g.Area, g.CellID = m.newArea(g.Area), m.newID(g.CellID)
	}
}

func (m *remapper) newArea(a cell.Opt[cell.Area]) cell.Opt[cell.Area] {
	if v, ok := a.Get(); ok {
		m.named++
		if m.areas == nil {
			return cell.Opt[cell.Area]{}
		}
		return cell.Some(cell.Area(m.areas[uint64(v)]))
	}
	return a
}

func (m *remapper) newID(id cell.Opt[uint64]) cell.Opt[uint64] {
	if v, ok := id.Get(); ok {
		m.named++
		if m.ids == nil {
			return cell.Opt[uint64]{}
		}
		return cell.Some(m.ids[v])
	}
	return id
}

// number is a run of digits, decimal or hexadecimal, that is a word of its own.
var number = regexp.MustCompile(`\b(0[xX])?([0-9A-Fa-f]+)\b`)

// candidates are what a number may become: as an identity, an area or the upper part of an identity, in the base in which
// it is printed.
func (m *remapper) candidates(word string) (all []string) {
	digits, prefix := word, ""
	if len(word) > 2 && (word[1] == 'x' || word[1] == 'X') {
		prefix, digits = word[:2], word[2:]
	}
	add := func(base int, format string) {
		v, err := strconv.ParseUint(digits, base, 64)
		if err != nil || v == 0 {
			return
		}
		for _, n := range []uint64{m.ids[v], m.areas[v], m.halves[[2]uint64{8, v}], m.halves[[2]uint64{16, v}], m.halves[[2]uint64{12, v}]} {
			if n != 0 {
				all = append(all, prefix+fmt.Sprintf(format, len(digits), n))
			}
		}
	}
	hexadecimal := "%0*X"
	if strings.ToLower(digits) == digits && strings.ContainsAny(digits, "abcdef") {
		hexadecimal = "%0*x"
	}
	if prefix == "" {
		add(10, "%0*d")
	}
	add(16, hexadecimal)
	return all
}

// replaceLong replaces the numbers of a line that are too long to be anything else.
func (m *remapper) replaceLong(line string) string {
	return number.ReplaceAllStringFunc(line, func(word string) string {
		if all := m.candidates(word); len(all) > 0 && len(word) >= 4 {
			return all[0]
		}
		return word
	})
}

// replaceChecked replaces the other numbers of one command's answer one by one, if decoding shows that only areas and identities
// depend on them: short numbers, and those in lines that cannot be decoded.
func (m *remapper) replaceChecked(d *dialect.Dialect, lines []string, unread map[string]bool) {
	decode := func() reading {
		all, counts, _ := dialect.DecodeText(strings.NewReader(strings.Join(lines, "\n")+"\n"), d) // a string gives no error
		return reading{all, counts.Rejects}
	}
	for i := range lines {
		if strings.HasPrefix(lines[i], "AT") {
			continue
		}
		blind := unread[lines[i]]
		for from := 0; ; {
			at := number.FindStringIndex(lines[i][from:])
			if at == nil {
				break
			}
			line, start, end := lines[i], from+at[0], from+at[1]
			from = end
			word := line[start:end]
			others := m.candidates(word)
			switch {
			case blind && len(word) >= 4:
				others = append(others, m.scramble(word))
			case len(word) >= 4:
				continue
			}
			for _, other := range others {
				before := decode()
				lines[i] = line[:start] + other + line[end:]
				same, differ := sameButCells(before, decode())
				if same && (differ || blind) {
					from = start + len(other)
					break
				}
				lines[i] = line
			}
		}
	}
}

// reading is what a text says.
type reading struct {
	rounds  []dialect.Decoded
	rejects []dialect.Reject
}

// sameButCells reports whether two readings say the same but for areas and identities, and whether these differ. The second may name
// more of them: where a number is printed in two bases, it is not believed until both are replaced.
func sameButCells(a, b reading) (same, differ bool) {
	if len(a.rounds) != len(b.rounds) {
		return false, true
	}
	var before, after remapper
	for i := range a.rounds {
		x, y := a.rounds[i].Observation, b.rounds[i].Observation
		x.Raw, y.Raw = nil, nil
		differ = differ || !reflect.DeepEqual(x, y)
		before.apply(&x)
		after.apply(&y)
		if !reflect.DeepEqual(x, y) {
			return false, true
		}
	}
	sameReason := func(p, q dialect.Reject) bool { return p.Reason == q.Reason }
	gained := after.named > before.named && len(b.rejects) < len(a.rejects)
	return gained || after.named == before.named && slices.EqualFunc(a.rejects, b.rejects, sameReason), differ
}

// scramble makes another number of one in a line that cannot be decoded.
func (m *remapper) scramble(word string) string {
	if other, known := m.words[word]; known {
		return other
	}
	b := []byte(word)
	for i, c := range b {
		switch {
		case '1' <= c && c <= '9':
			b[i] = '1' + byte(m.random(9))
		case 'A' <= c && c <= 'F':
			b[i] = 'A' + byte(m.random(6))
		case 'a' <= c && c <= 'f':
			b[i] = 'a' + byte(m.random(6))
		}
	}
	m.words[word] = string(b)
	return string(b)
}
