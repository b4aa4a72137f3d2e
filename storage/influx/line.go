package influx

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vigie/cell"
)

// The client library has an encoder too, but it writes a tag value that ends in a backslash in a way that makes servers drop the
// whole batch: a cell that broadcasts such a name would erase the evidence about itself.

// points are lines of the InfluxDB line protocol, one per point.
type points struct {
	b    []byte
	ends []int   // where each line ends, without its line end
	seqs []int64 // of the entry that each line is from
}

func (p *points) reset() { p.b, p.ends, p.seqs = p.b[:0], p.ends[:0], p.seqs[:0] }

func (p *points) len() int { return len(p.ends) }

// line is the i-th line, without its line end.
func (p *points) line(i int) string { return string(p.b[p.start(i):p.ends[i]]) }

// lines are the lines from i to before j.
func (p *points) lines(i, j int) string { return string(p.b[p.start(i):p.ends[j-1]]) }

func (p *points) start(i int) int {
	if i == 0 {
		return 0
	}
	return p.ends[i-1] + 1
}

// point writes one line: begin, its tags, its fields, end. A tag or field without a value is left out, and so is a point
// without a field.
type point struct {
	p     *points
	start int
	any   bool // a field was written
}

func (p *points) begin(measurement string) point {
	start := len(p.b)
	p.b = append(p.b, measurement...)
	return point{p: p, start: start}
}

// end ends the line with its time in nanoseconds since 1970, unless the point has no field.
func (l *point) end(seq, ns int64) {
	p := l.p
	if !l.any {
		p.b = p.b[:l.start]
		return
	}
	p.b = append(p.b, ' ')
	p.b = strconv.AppendInt(p.b, ns, 10)
	p.ends = append(p.ends, len(p.b))
	p.seqs = append(p.seqs, seq)
	p.b = append(p.b, '\n')
}

// tagged is a text as the value of a tag: clean, and without backslashes. A backslash before a comma, a space or the end of
// the value changes what a server reads.
func tagged(value string) string { return strings.ReplaceAll(clean(value, 256), `\`, "/") }

// tag writes a tag.
func (l *point) tag(key, value string) {
	if value = tagged(value); value == "" {
		return
	}
	b := append(l.p.b, ',')
	b = append(b, key...)
	b = append(b, '=')
	for i := 0; i < len(value); i++ {
		if c := value[i]; c == ',' || c == '=' || c == ' ' {
			b = append(b, '\\')
		}
		b = append(b, value[i])
	}
	l.p.b = b
}

func (l *point) tagInt(key string, n int64) {
	l.p.b = strconv.AppendInt(append(append(append(l.p.b, ','), key...), '='), n, 10)
}

func (l *point) field(key string) {
	c := byte(',')
	if !l.any {
		c, l.any = ' ', true
	}
	l.p.b = append(append(append(l.p.b, c), key...), '=')
}

// text writes a text, cleaned and cut at most bytes; an empty text is left out.
func (l *point) text(key, value string, most int) {
	if value = clean(value, most); value == "" {
		return
	}
	l.field(key)
	b := append(l.p.b, '"')
	for i := 0; i < len(value); i++ {
		if c := value[i]; c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, value[i])
	}
	l.p.b = append(b, '"')
}

func (l *point) int(key string, n int64) {
	l.field(key)
	l.p.b = append(strconv.AppendInt(l.p.b, n, 10), 'i')
}

func (l *point) bool(key string, v bool) {
	l.field(key)
	l.p.b = strconv.AppendBool(l.p.b, v)
}

// float writes a number. NaN and infinities are left out: no server accepts them.
func (l *point) float(key string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	l.field(key)
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	l.p.b = strconv.AppendFloat(l.p.b, v, format, -1, 64)
}

// time writes a time as text (RFC 3339); the zero time is left out.
func (l *point) time(key string, t time.Time) {
	if t.IsZero() {
		return
	}
	l.field(key)
	l.p.b = append(cell.AppendTime(append(l.p.b, '"'), t), '"')
}

// optInt writes an optional whole number. InfluxDB's are signed: one that is too large counts as absent.
func optInt[T ~uint8 | ~uint16 | ~uint32 | ~uint64](l *point, key string, o cell.Opt[T]) {
	if v, ok := o.Get(); ok && uint64(v) <= math.MaxInt64 {
		l.int(key, int64(v))
	}
}

func optFloat[T ~float64](l *point, key string, o cell.Opt[T]) {
	if v, ok := o.Get(); ok {
		l.float(key, float64(v))
	}
}

// clean is the text in valid UTF-8, without control characters and characters that change the direction of writing, cut at
// most bytes. Names and lines come from the operator of a cell, who may be hostile, and other programs display them.
func clean(s string, most int) string {
	clean := len(s) <= most
	for i := 0; clean && i < len(s); i++ {
		clean = s[i] >= 0x20 && s[i] < 0x7f
	}
	if clean {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unwanted(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > most {
		for most > 0 && !utf8.RuneStart(s[most]) {
			most--
		}
		s = s[:most]
	}
	return s
}

// unwanted reports control characters, and those that change the direction of writing or break lines.
func unwanted(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x200e && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
