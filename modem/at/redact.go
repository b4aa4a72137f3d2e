package at

import (
	"slices"
	"strconv"
	"strings"
)

// redacted replaces an identity. Lengths of digit strings are kept: "<15 digits>".
const redacted = "<redacted>"

// redactor strips identities from lines, in the order in which a modem printed them: what Scrub finds, and what the
// commands declare. It cannot know an unlabelled TMSI that nobody declared, or whose column moved because a comma was lost:
// a TMSI looks like a cell identity. Nor does it know a number of nine to thirteen digits in a row of cells, where a cell identity
// may be as long.
type redactor struct {
	labels       []string              // declared for any line
	fields       map[string][]Identity // declared, by prefix
	bare         []Identity            // declared for lines without a prefix, of whatever command
	continuation continuation          // what the last line leaves to come
	tail         tail                  // what the last line ended with
	count        int                   // identities stripped
}

// continuation says whether lines without a prefix belong to a message or to a value that an earlier line began.
type continuation uint8

const (
	nothing    continuation = iota
	bodyNext                // the very next line is a body, whatever it looks like
	bodyMaybe               // an empty line came between: the next line is a body unless it looks like something else
	bodyGoesOn              // further lines of a body, up to an empty line or one that looks like something else
)

// ScrubLines removes identities from lines in the order in which a modem printed them, and returns how many it removed: what Scrub finds,
// messages, and what is cut over two lines. It returns the same slice if there are none, and never changes it.
func ScrubLines(lines []string) ([]string, int) {
	var r redactor
	out := lines
	for i, l := range lines {
		clean, _ := r.line(l)
		if clean == l {
			continue
		}
		if &out[0] == &lines[0] {
			out = slices.Clone(lines)
		}
		out[i] = clean
	}
	return out, r.count
}

// ScrubText is ScrubLines for a text.
func ScrubText(text string) string {
	lines, _ := ScrubLines(strings.Split(text, "\n"))
	return strings.Join(lines, "\n")
}

func newRedactor(cmds []Command) *redactor {
	r := &redactor{fields: make(map[string][]Identity)}
	for _, c := range cmds {
		for _, id := range c.Identity {
			switch {
			case id.Label != "":
				r.labels = append(r.labels, id.Label)
			case id.Prefix != "":
				r.fields[id.Prefix] = append(r.fields[id.Prefix], id)
			default:
				r.bare = append(r.bare, id)
			}
		}
	}
	return r
}

// line strips what can be told without knowing whose line it is. body says that the line is the content of a message: it
// answers nobody, even if it reads OK.
func (r *redactor) line(line string) (out string, body bool) {
	stamp := stampEnd(line)
	if stamp == len(line) {
		if r.continuation == bodyNext {
			r.continuation = bodyMaybe
		} else {
			r.continuation = nothing
		}
		return r.add(Scrub(line)), false
	}
	prefix, _ := Prefix(line[stamp:])
	if r.continuation == bodyNext || r.continuation != nothing && prefix == "" && !isFinal(line) && !isCommand(line) {
		r.continuation = bodyGoesOn
		r.count++
		return redacted, true
	}
	r.continuation = nothing
	if messageFollows(prefix) {
		r.continuation = bodyNext
	}
	rest := r.add(r.tail.scrub(line[stamp:], prefix))
	r.tail = r.tail.next(line, prefix)
	out = r.add(Scrub(line[:stamp] + rest)) // before the fields, which may hide a label where a comma was lost
	for _, label := range r.labels {
		out = r.add(stripLabel(out, label))
	}
	for p, ids := range r.fields {
		if hasPrefix(out, []string{p}) {
			out = r.stripFields(out, len(p)+1, ids...)
		}
	}
	if out != line && strings.Count(line, `"`)%2 != 0 {
		r.continuation = bodyGoesOn // the identity may go on in the next line
	}
	return out, false
}

// tail is what a line ends with that may belong to the next one, because a line end came into the middle of an identity.
type tail struct {
	digits string // the last in the line, and those of the lines before it that it goes on from
	loose  bool   // they are not from a row of cells
	label  bool   // a label without its value
}

// next is the tail after another line, which has the prefix given.
func (t tail) next(line, prefix string) tail {
	if bare := bareDigits(line[stampEnd(line):]); bare != "" && len(t.digits)+len(bare) <= 32 {
		return tail{digits: t.digits + bare, loose: t.digits == "" || t.loose}
	}
	next := tailOf(line)
	next.loose = !rows[prefix] && strings.Count(line, ",") < 4
	return next
}

// bareDigits are the digits of a line that has nothing else, but for quotes and blanks.
func bareDigits(line string) string {
	if line = strings.Trim(line, " \t\r\""); isDigits(line) {
		return line
	}
	return ""
}

func tailOf(line string) tail {
	start := len(line)
	for start > 0 && isDigit(line[start-1]) {
		start--
	}
	return tail{digits: line[start:], label: start == len(line) && endsInLabel(line)}
}

// endsInLabel reports whether the value of a label must come in the next line.
func endsInLabel(line string) bool {
	open := strings.TrimRight(line, " \t\":='(")
	if open == "" || len(open) == len(line) || !isLetter(open[len(open)-1]) {
		return false
	}
	for i := max(0, len(open)-40); i < len(open); i++ {
		if isLetter(open[i]) && (i == 0 || !isLetter(open[i-1])) {
			if end, _ := labelEnd(open+":", i); end == len(open) {
				return true
			}
		}
	}
	return false
}

// scrub takes from the start of a line, which has the prefix given, what completes the last one to an identity.
func (t tail) scrub(line, prefix string) (string, int) {
	if prefix != "" || !t.label && t.digits == "" || isFinal(line) {
		return line, 0
	}
	if t.label {
		const label = "IMSI:"
		start, end := labelled(label+line, len(label), 4)
		if start == end {
			return line, 0
		}
		return line[:start-len(label)] + redacted + line[end-len(label):], 1
	}
	end := digitsEnd(line, 0)
	whole := t.digits + line[:end]
	if end == 0 || end < len(line) && isWord(line[end]) {
		return line, 0
	}
	if len(whole) > 6 && t.loose && bareDigits(line) != "" && (isMCC(whole) || whole[:2] == "89" || slices.Contains(bodies, whole[:2])) {
		return "<" + strconv.Itoa(end) + " digits>" + line[end:], 1 // it may go on
	}
	switch {
	case (len(whole) == 14 || len(whole) == 15) && isMCC(whole), len(whole) == 15 && isIMEI(whole),
		len(whole) >= 18 && len(whole) <= 22 && whole[:2] == "89", len(whole) == 32 && whole[:2] == "89":
		return "<" + strconv.Itoa(end) + " digits>" + line[end:], 1
	}
	return line, 0
}

// answer strips what command c declares for the lines of its answer that have no prefix.
func (r *redactor) answer(line string, c *Command) string {
	for _, id := range c.Identity {
		if id.Label == "" && id.Prefix == "" {
			line = r.stripFields(line, 0, id)
		}
	}
	return line
}

// stray strips what any command declares for lines without a prefix from such a line that answers nobody.
func (r *redactor) stray(line string) string {
	if prefix, _ := Prefix(line); prefix != "" {
		return line
	}
	return r.stripFields(line, 0, r.bare...)
}

func (r *redactor) add(out string, n int) string {
	r.count += n
	return out
}

// stripFields empties the fields of a line, counted from byte start; their quotes stay.
func (r *redactor) stripFields(line string, start int, ids ...Identity) string {
	if len(ids) == 0 {
		return line
	}
	pieces := rawFields(line[start:])
	var at []int
	for _, id := range ids {
		at = append(at, id.Fields...)
		if id.Find != nil {
			_, fields := Fields(nil, line)
			at = append(at, id.Find(fields)...)
		}
	}
	changed := false
	for _, i := range at {
		if i < 0 {
			i += len(pieces)
		}
		if i < 0 || i >= len(pieces) {
			continue
		}
		value, _ := nextField(pieces[i])
		if value == "" || value[0] == '<' && value[len(value)-1] == '>' {
			continue // nothing there, or nothing any more
		}
		pieces[i] = strings.Replace(pieces[i], value, redacted, 1)
		changed = true
		r.count++
	}
	if !changed {
		return line
	}
	return line[:start] + strings.Join(pieces, ",")
}

// rawFields splits as Fields does, and keeps spaces and quotes.
func rawFields(s string) []string {
	var pieces []string
	for {
		_, rest := nextField(s)
		pieces = append(pieces, s[:len(s)-len(rest)])
		if rest == "" {
			return pieces
		}
		s = rest[1:]
	}
}

// stripLabel strips the value after every occurrence of a declared label, where it is not the end of a longer word.
func stripLabel(line, label string) (string, int) {
	n := 0
	for from := 0; ; {
		at := indexFold(line, label, from)
		if at < 0 {
			return line, n
		}
		from = at + len(label)
		if at > 0 && isLetter(line[at-1]) && isLetter(line[at]) {
			continue
		}
		if start, end := labelled(line, from, 0); start < end {
			line = line[:start] + redacted + line[end:]
			from = start + len(redacted)
			n++
		}
	}
}

// indexFold finds sub in s from a place on, in upper and lower case.
func indexFold(s, sub string, from int) int {
	for i := from; i+len(sub) <= len(s); i++ {
		if (s[i]^sub[0])&^0x20 == 0 && strings.EqualFold(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}

// messageFollows reports whether the line after one with this prefix is a short message (TS 27.005 3.4.1).
func messageFollows(prefix string) bool {
	switch prefix {
	case "+CMT", "+CDS", "+CBM", "+CMGR", "+CMGL":
		return true
	}
	return false
}
