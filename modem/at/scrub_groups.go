package at

import (
	"slices"
	"strconv"
	"strings"
)

// Identities are also printed in pieces: 262-01-1234567890, 8949 0200 0012 3456 789, 08 29 62 02 ... A cluster is a row of words of
// hexadecimal digits with nothing but a separator of groups between them. Scrub looks in it for groups that make an identity, by their
// number of digits and by how they begin.

// token is one word of a cluster. An 0x before it is not part of it, but of what is replaced.
type token struct {
	from, start, end int  // from is where its 0x begins, or start
	gap              byte // what stands before it: ' ' blanks, '-' and others themselves, '*' several kinds; 0 at the start of a cluster
	decimal          bool
	number           bool // decimal, and no letter before it: of EC25 the 25 is none
}

func (t token) size() int { return t.end - t.start }

// isGap knows the bytes that may stand between groups.
func isGap(c byte) bool { return c < 0x80 && gapBytes[c] }

var gapBytes = func() (table [0x80]bool) {
	for _, c := range " \t-./:_()\\" {
		table[c] = true
	}
	return table
}()

// scrubGroups replaces the identities that are printed in groups. commas says that these may separate bytes; loose that the line is no row
// of cells: then a telephone number in groups counts too, and any run of bytes.
func scrubGroups(line string, commas, loose bool) (string, int) {
	var out replacer
	eachGroup(line, commas, loose, func(start, end int, with string) { out.replace(line, max(start, out.kept), end, with) })
	return out.done(line)
}

// eachGroup calls found for each identity in groups, from left to right, with its place and what takes it.
func eachGroup(line string, commas, loose bool, found func(start, end int, with string)) {
	var room [32]token
	for at := 0; at < len(line); {
		cluster, end := clusterAt(line, at, commas, room[:0])
		for i := 0; i < len(cluster); i++ {
			if g := identityGroups(line, cluster, i, loose); g.tokens > 0 {
				found(g.start, g.end, "<"+strconv.Itoa(g.digits)+" digits>")
				i += g.tokens - 1
			}
		}
		at = max(end, at+1)
	}
}

// clusterAt reads the cluster that begins at or after a place, and gives where to look for the next.
func clusterAt(line string, at int, commas bool, cluster []token) ([]token, int) {
	for at < len(line) && (!isHex(line[at]) || isProse(line, at)) {
		at++
	}
	gap := byte(0)
	for at < len(line) {
		t := token{from: at, gap: gap}
		if at+2 < len(line) && line[at] == '0' && line[at+1]|0x20 == 'x' && isHex(line[at+2]) {
			at += 2
		}
		t.start = at
		t.decimal = true
		for at < len(line) && isHex(line[at]) {
			t.decimal = t.decimal && isDigit(line[at])
			at++
		}
		t.end = at
		t.number = t.decimal && (t.from == 0 || !isLetter(line[t.from-1]))
		cluster = append(cluster, t)
		next := at
		gap, next = gapAt(line, at, commas)
		if gap == 0 {
			return cluster, at
		}
		at = next
	}
	return cluster, at
}

// gapAt classifies what stands between two groups, and gives where the second begins; 0 when the cluster ends. A minus before a number
// is no gap: 404 -14.1.
func gapAt(line string, at int, commas bool) (gap byte, next int) {
	for next = at; next < len(line); next++ {
		c := line[next]
		hexByte := (c == 'x' || c == 'u') && next > at && line[next-1] == '\\'
		comma := c == ',' && (commas || strings.HasPrefix(line[next+1:], "0x"))
		if !isGap(c) && !hexByte && !comma {
			break
		}
		switch {
		case c == ' ' || c == '\t':
			if gap == 0 {
				gap = ' '
			}
		case gap == 0 || gap == ' ' || hexByte:
			gap = c
		default:
			gap = '*'
		}
	}
	if next == at || next-at > 3 || next == len(line) || !isHex(line[next]) {
		return 0, at
	}
	if line[next-1] == '-' && next-at > 1 { // a sign
		return 0, at
	}
	if isProse(line, next) {
		return 0, at
	}
	return gap, next
}

// longWord bounds how far isProse looks.
const longWord = 64

// isProse reports whether the hexadecimal digits at a place are letters of a longer word: Device.
func isProse(line string, at int) bool {
	start := at
	for start > 0 && at-start < longWord && isLetter(line[start-1]) && !(start > 1 && line[start-1]|0x20 == 'x' && strings.IndexByte(`0\`, line[start-2]) >= 0) {
		start--
	}
	end := at
	for end < len(line) && end-at < longWord && isLetter(line[end]) {
		end++
	}
	return !consistsOf(line[start:end], isHex) && end > at && (end == len(line) || !isDigit(line[end]))
}

// grouped is an identity in groups.
type grouped struct{ start, end, tokens, digits int }

// identityGroups finds the identity that the tokens from i on make; one without tokens when they make none.
func identityGroups(line string, cluster []token, i int, loose bool) grouped {
	first := cluster[i]
	if n := ucs2Groups(line, cluster[i:]); n > 6 {
		return grouped{first.from, cluster[i+n-1].end, n, 4 * n}
	}
	if n := asciiGroups(line, cluster[i:]); n > 0 {
		return grouped{first.from, cluster[i+n-1].end, n, n}
	}
	if n := wordGroups(line, cluster[i:]); n > 0 {
		return grouped{first.from, cluster[i+n-1].end, n, 4 * n}
	}
	if first.size() == 2 || first.size() >= 12 {
		if n, digits := byteGroups(line, cluster[i:], loose); n > 0 {
			return grouped{first.from, cluster[i+n-1].end, n, digits}
		}
	}
	if found := decimalGroups(line, cluster, i, first.start, loose); found.tokens > 0 || first.size() < 4 {
		return found
	}
	for _, n := range []int{2, 3, 5, 6, 8} { // other digits or letters stick to it: EC25262-01-1234567890
		if start := first.end - n; start > first.start && (!first.decimal || i+1 < len(cluster) && cluster[i+1].gap != ' ' && cluster[i+1].gap != '.') {
			if found := decimalGroups(line, cluster, i, start, false); found.tokens > 0 {
				return found
			}
		}
	}
	return grouped{}
}

// ucs2Groups counts the tokens at the start that are a digit in UCS2 each: 0032 0036 0032.
func ucs2Groups(line string, tokens []token) (n int) {
	for n < min(len(tokens), 64) && tokens[n].size() == 4 && tokens[n].decimal && strings.HasPrefix(line[tokens[n].start:], "003") {
		n++
	}
	return n
}

// asciiGroups counts the tokens at the start that are the digits of an identity in ASCII: 0x32,0x36,0x32 or 50,54,50.
func asciiGroups(line string, tokens []token) int {
	for _, base := range []int{16, 10} {
		var digits []byte
		for _, t := range tokens[:min(len(tokens), 32)] {
			v, _ := strconv.ParseUint(line[t.start:t.end], base, 8)
			if t.size() != 2 || v < '0' || v > '9' {
				break
			}
			digits = append(digits, byte(v))
		}
		if s := string(digits); len(s) >= 14 && (isMCC(s) || s[:2] == "89" || slices.Contains(bodies, s[:2])) {
			return len(s)
		}
	}
	return 0
}

// wordGroups counts the tokens at the start that are the bytes of an identity, two in each: 0829 6202 9178 5634 12F7.
func wordGroups(line string, tokens []token) int {
	var text []byte
	for j, t := range tokens[:min(len(tokens), 8)] {
		if t.size() != 4 && (j < 2 || t.size() != 2) || t.gap == ',' && j > 0 {
			break
		}
		text = append(text, line[t.start:t.end]...)
	}
	if len(text) < 12 {
		return 0
	}
	return (identityBytes(unhex(string(text))) + 1) / 2
}

// decimalGroups is identityGroups for digits, the first of which is at start.
func decimalGroups(line string, cluster []token, i, start int, loose bool) (best grouped) {
	card := strings.HasPrefix(line[start:], "89") // its number may hold letters
	called := loose && start > 0 && line[start-1] == '+'
	loose = loose && !ofCell(line[:start])
	if first := line[start:cluster[i].end]; !card && !isDigits(first) {
		return best
	}
	var room [64]byte
	text := room[:0]
	var sizes []int
	for j := i; j < len(cluster) && len(text) <= 32; j++ {
		from, end := max(start, cluster[j].start), cluster[j].end
		if j > i && cluster[j].gap == ',' {
			break
		}
		if !card {
			end = min(end, digitsEnd(line, from)) // letters may stick to the last
		}
		if end == from {
			break
		}
		text, sizes = append(text, line[from:end]...), append(sizes, end-from)
		if j > i && (called && len(text) >= 8 && len(text) <= 15 || isIdentity(cluster, i, j, sizes, string(text), loose)) {
			best = grouped{start, end, j - i + 1, len(text)}
			if start == cluster[i].start {
				best.start = cluster[i].from
			}
		}
		if end < cluster[j].end {
			break
		}
	}
	return best
}

// isIdentity reports whether the tokens from i to j, which have the sizes and digits given, are the groups of an identity.
func isIdentity(cluster []token, i, j int, sizes []int, digits string, loose bool) bool {
	gap := cluster[i+1].gap // of all of them; '*' when they differ
	for k := i + 1; k <= j; k++ {
		if cluster[k].gap != gap {
			gap = '*'
		}
	}
	alone := (j+1 == len(cluster) || cluster[j+1].gap != ' ') && (i == 0 || cluster[i].gap != ' ' || !cluster[i-1].number)
	regular := isRegular(sizes) || alone && afterPairs(sizes)
	switch n := len(digits); {
	case !loose && isList(cluster, i, j, digits, sizes):
		return false
	case strings.HasPrefix(digits, "89") && (n == 32 || n >= 18 && n <= 22):
		return regular || gap != ' ' && (n <= 20 && isDigits(digits) && luhn(digits) || gap != '*' && (n == 32 || gap != '.'))
	case !isDigits(digits):
		return false
	case n >= 14 && n <= 17 && gap != '*' && isIMEISizes(sizes) && !isTime(digits):
		return true
	case n == 15 && gap != '*' && (gap != ' ' && gap != fieldGap || alone && regular) && isIMEI(digits):
		return true
	case n == 16 && gap != '*' && alone && (loose || gap != '.') && slices.Contains(bodies, digits[:2]):
		return (regular || isRegular(sizes[:len(sizes)-1]) && sizes[len(sizes)-1] == sizes[0]+1) && !isPadded(digits) && !isTime(digits[:14])
	case loose && n >= 11 && n <= 13 && alone && gap != '*' && isAbroad(sizes):
		return digits[0] != '0'
	case (n == 15 || n == 14) && isMCC(digits):
		return isIMSIGroups(digits, sizes, gap, alone, regular)
	case loose && n >= 9 && n <= 15 && alone:
		return isNationalGroups(digits, sizes, gap)
	}
	return false
}

// isRegular reports whether all groups have the size of the first, but for the last, or of the last, but for the first, which is shorter.
func isRegular(sizes []int) bool {
	last := len(sizes) - 1
	same := func(s []int) bool { return !slices.ContainsFunc(s, func(n int) bool { return n != s[0] }) }
	return same(sizes[:last]) && sizes[last] <= sizes[0] || same(sizes[1:]) && sizes[0] < sizes[1]
}

// afterPairs reports whether two pairs of digits come before groups of one size.
func afterPairs(sizes []int) bool {
	return len(sizes) > 3 && sizes[0] == 2 && sizes[1] == 2 && sizes[2] > 2 && isRegular(sizes[2:])
}

// isAbroad knows the groups of a number with the code of a country, and no plus before it: 491 512 345 6789.
func isAbroad(sizes []int) bool {
	return len(sizes) == 4 && sizes[0] <= 3 && sizes[1] == 3 && sizes[2] == 3 && sizes[3] == 4
}

// isList reports whether groups are part of a list, as of bands: 1:2:3:5:7:8:12. Each is greater than the last, or those of one and of two
// digits are mixed, or there are more of them.
func isList(cluster []token, i, j int, digits string, sizes []int) bool {
	if len(sizes) < 5 || slices.Max(sizes) > 3 {
		return false
	}
	if rises(digits, sizes) {
		return true
	}
	gap := cluster[i+1].gap
	more := i > 0 && cluster[i].gap == gap || j+1 < len(cluster) && cluster[j+1].gap == gap
	return slices.Max(sizes) <= 2 && (slices.Min(sizes[:len(sizes)-1]) < 2 || more && len(digits) < 18)
}

// rises reports whether each group of digits is a greater number than the last.
func rises(digits string, sizes []int) bool {
	last, at := 0, 0
	for _, n := range sizes {
		v, err := strconv.Atoi(digits[at : at+n])
		if err != nil || v <= last {
			return false
		}
		last, at = v, at+n
	}
	return true
}

// isIMSIGroups reports whether the groups of 14 or 15 digits are those of an IMSI: MCC, MNC and MSIN, a PLMN and an MSIN, groups of one
// size, or, where no other number has such separators, any.
func isIMSIGroups(digits string, sizes []int, gap byte, alone, regular bool) bool {
	msin := sizes[1:]
	if sizes[0] == 3 && len(sizes) > 2 && (sizes[1] == 2 || sizes[1] == 3) {
		msin = sizes[2:]
	}
	plmn := len(msin) < len(sizes)-1 || sizes[0] == 5 || sizes[0] == 6
	if len(msin) == 1 && msin[0] >= 9 && plmn {
		return gap != '.' || len(sizes) > 2 || alone
	}
	if len(digits) < 15 {
		return false
	}
	long := len(msin) <= 5 && !slices.ContainsFunc(msin[:len(msin)-1], func(n int) bool { return n < 2 })
	switch {
	case plmn && long && gap != fieldGap && (gap != ' ' || alone) && (gap != '.' || sizes[0] < 5):
		return true
	case regular:
		return gap != ' ' || alone
	}
	return (gap == '-' || gap == '/' || gap == ':') && !isTime(digits[:14])
}

// isIMEISizes knows the groups of an IMEI but for its last one or two digits, or with them (TS 23.003 6.2). Before the
// first of three groups other digits may stick.
func isIMEISizes(sizes []int) bool {
	n := len(sizes)
	if n > 2 && sizes[n-1] <= 2 {
		n--
	}
	switch n {
	case 2:
		return sizes[0] == 8 && sizes[1] >= 6 && sizes[1] <= 8
	case 3:
		return sizes[2] == 6 && (sizes[0] >= 2 && sizes[1] == 6 || sizes[0] >= 6 && sizes[1] == 2)
	}
	return false
}

// bodies are how the type allocation codes of nearly all devices begin.
var bodies = strings.Fields("01 35 86 98 99 33 44 45 49 50 51 52 53 54 91")

// isIMEI reports whether 15 digits begin as an IMEI does and end in its check digit.
func isIMEI(digits string) bool { return slices.Contains(bodies, digits[:2]) && luhn(digits) }

// luhn reports whether the last digit is the check digit of the others (ISO/IEC 7812-1).
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// isNationalGroups reports whether groups are those of a number as it is dialled at home: 0171 2345678, 0171/23 45 67, 06.12.34.56.78,
// 0049 171 2345678.
func isNationalGroups(digits string, sizes []int, gap byte) bool {
	abroad := digits[:2] == "00" && digits[2] != '0' && len(digits) > 10
	if digits[0] != '0' || digits[1] == '0' && !abroad || len(digits) > 13 && !abroad || sizes[0] < 2 || sizes[0] > 5 {
		return false
	}
	if gap == '.' {
		return len(sizes) == 5 && digits[0] == '0' && isRegular(sizes) && sizes[0] == 2
	}
	return (gap == ' ' || gap == '-' || gap == '/' || gap == ')') && !slices.Contains(sizes[1:], 1) && !isDay(digits, sizes)
}

// isDay reports whether groups begin with a date: 01/02/2026 12.
func isDay(digits string, sizes []int) bool {
	return len(sizes) > 2 && sizes[0] == 2 && sizes[1] == 2 && sizes[2] == 4 && digits[:2] <= "31" && digits[2:4] <= "31"
}
