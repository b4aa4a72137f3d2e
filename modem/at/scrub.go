package at

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Scrub removes from a line whatever looks like an identity of a subscriber or of a device, and returns how many it removed. It is
// the second net under the declared fields, and the only one for text of unknown origin: lines and commands whose very purpose
// is a number, an identity or a PIN (+CLIP, +CNUM, +CIMI...), values after a label (IMEI:, TMSI, ICCID...), strings of 14
// and more digits (IMSI, IMEI, ICCID: TS 23.003 2.2 and 6.2, ITU-T E.118), also in UCS2, hexadecimal or grouped as printed
// on labels, numbers that begin with a plus, and numbers before a type of address (TS 27.007 6.1). Zero-padded cell
// identities, times and operator names in UCS2 stay. A scrubbed line is not changed by scrubbing it again.
func Scrub(line string) (string, int) {
	if prefix, rest := Prefix(line); prefix != "" && isIdentityLine(prefix[1:]) {
		if value := strings.TrimSpace(rest); value == "" || value == redacted {
			return line, 0
		}
		return prefix + ": " + redacted, 1
	}
	if at := max(privateArgument(line), callEvent(line)); at > 0 {
		if line[at:] == redacted {
			return line, 0
		}
		return line[:at] + redacted, 1
	}
	line, labels := scrubLabels(line)
	line, numbers := scrubNumbers(line)
	line, digits := scrubDigits(line)
	return line, labels + numbers + digits
}

// identityLines are the names, without the mark, of lines that hold a number, a name, a message or what the SIM stores.
var identityLines = strings.Fields("CLIP CMT CMTI CDS CDSI CRING COLP CCWA CDIP CLCC CUSD CMGR CMGL CPBR CPBF CSCA CSIM " +
	"CRSM CGLA EGMR CNAP CSSU CDNIP DSCI ECAV ECAM ORIG XCALLINFO")

// callEvents are lines that tell of much, and of calls where their first field says so.
var callEvents = map[string][]string{"+QIND": {"ccinfo", "SMS DONE"}, "+CIEV": {"CALL", "MESSAGE"}}

// callEvent finds where the private part of such a line begins; 0 when there is none.
func callEvent(line string) int {
	prefix, rest := Prefix(line)
	kinds := callEvents[prefix]
	if kinds == nil {
		return 0
	}
	kind, rest := nextField(rest)
	if rest == "" || !slices.ContainsFunc(kinds, func(k string) bool { return strings.EqualFold(k, kind) }) {
		return 0
	}
	return len(line) - len(rest) + 1
}

// privateCommands are the names, without the mark, of commands that are given a number, a PIN or a message.
var privateCommands = strings.Fields("CMGS CMGW CMGC CPBW CSCA CUSD CPIN CPIN2 CLCK CPWD CCFC EGMR CSIM CRSM CGLA")

func isIdentityLine(name string) bool {
	return slices.Contains(identityLines, name) || namesIdentity(name)
}

// privateArgument finds where the private part of a recorded command begins; 0 when there is none.
func privateArgument(line string) int {
	if !isCommand(line) || len(line) < 4 {
		return 0
	}
	if line[2] == 'D' || line[2] == 'd' {
		return 3
	}
	for at := range len(line) {
		if line[at] != '=' || at+1 == len(line) || line[at+1] == '?' {
			continue
		}
		start := at
		for start > 0 && isWord(line[start-1]) {
			start--
		}
		if name := strings.ToUpper(line[start:at]); slices.Contains(privateCommands, name) || namesIdentity(name) {
			return at + 1
		}
	}
	return 0
}

// labels are the words, or their ends ("mTMSI", "PTMSI"), that stand before an identity. They end in D, I, N or V.
var labels = strings.Fields("IMSI IMEI IMEISV CCID TMSI GUTI SUPI SUCI MSISDN MEID ESN FSN EID")

// phrases are labels of more than one word, and one too short to be an end. They begin with O, P or S.
var phrases = []string{"serial number", "serial no", "phone number", "own number", "subscriber number", "S/N", "SN"}

func scrubLabels(line string) (string, int) {
	var out replacer
	for i := 0; i < len(line); i++ {
		if !isLetter(line[i]) || i > 0 && isLetter(line[i-1]) {
			continue
		}
		end := labelEnd(line, i)
		if end == 0 {
			continue
		}
		if start, stop := labelled(line, end, 4); start < stop {
			out.replace(line, start, stop, redacted)
			i = stop - 1
		}
	}
	return out.done(line)
}

// labelEnd finds the end of the label that begins at start; 0 when none does.
func labelEnd(line string, start int) int {
	end := start
	for end < len(line) && isLetter(line[end]) {
		end++
	}
	switch line[end-1] | 0x20 {
	default:
		return phraseEnd(line, start)
	case 'd', 'i', 'n', 'v':
	}
	for _, l := range labels {
		more := end - start - len(l)
		if (more == 0 || more > 0 && more < 4 && len(l) > 3) && strings.EqualFold(line[end-len(l):end], l) {
			return end
		}
	}
	return phraseEnd(line, start)
}

func phraseEnd(line string, start int) int {
	switch line[start] | 0x20 {
	default:
		return 0
	case 'o', 'p', 's':
	}
	for _, p := range phrases {
		if e := start + len(p); e < len(line) && strings.EqualFold(line[start:e], p) && !isWord(line[e]) {
			return e
		}
	}
	return 0
}

// labelled finds the value after a label that ends at from. Start and end are equal when there is none, or when it has
// fewer than least digits.
func labelled(line string, from, least int) (start, end int) {
	start = from
	if from < len(line) && isLetter(line[from-1]) && isDigit(line[from]) && wordEnd(line, from) == from+1 {
		start++ // IMEI2:
	}
	if strings.HasPrefix(line[start:], " SV") {
		start += len(" SV")
	}
	for range 8 {
		if start < len(line) && strings.IndexByte(" \t\":='(,[", line[start]) >= 0 {
			start++
		}
	}
	end = wordEnd(line, start)
	if isDigits(line[start:end]) || end-start == 2 {
		for end < len(line) && line[end] == ' ' && end-start < 26 { // 35 209900 176148 1, A1 B2 C3 D4
			next := wordEnd(line, end+1)
			group := line[end+1 : next]
			if group == "" || !isDigits(group) && (len(group) != 2 || !consistsOf(group, isHex)) {
				break
			}
			end = next
		}
	}
	decimal, first := 0, 0 // first: hexadecimal digits at the start, whatever sticks to them
	value := strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(line[start:end], " ", "")), "0x")
	for i := range len(value) {
		if isDigit(value[i]) {
			decimal++
		}
		if isHex(value[i]) && first == i {
			first++
		}
	}
	if max(decimal, first) < least {
		return start, start
	}
	return start, end
}

// wordEnd finds the end of the word that begins at start; dots, dashes, slashes and broken bytes may stand inside.
func wordEnd(line string, start int) int {
	end := start
	for i := start; i < len(line); {
		switch {
		case isWord(line[i]):
			i++
			end = i
		case i > start && strings.IndexByte("-./", line[i]) >= 0:
			i++
		case i > start && strings.HasPrefix(line[i:], broken):
			i += len(broken)
		default:
			return end
		}
	}
	return end
}

// scrubNumbers finds telephone numbers by the type of address behind them: "0612345678",129.
func scrubNumbers(line string) (string, int) {
	var out replacer
	for i := 0; i < len(line); i++ {
		if !isDigit(line[i]) {
			continue
		}
		end := digitsEnd(line, i)
		if typeOfAddress(line[end:]) && isNumber(line, i, end) {
			out.replace(line, i, end, "<number>")
		}
		i = end
	}
	return out.done(line)
}

// isNumber reports whether digits before a type of address may be a number and cannot be of a cell, of which the next column may
// be 129 too. In quotes only a PLMN is decimal: "20404",129 is a network and a PCI. Without quotes it is a number only when it
// begins as one dialled at home, and is longer than a cell identity that begins with a zero.
func isNumber(line string, start, end int) bool {
	digits := line[start:end]
	if len(digits) < 5 || len(digits) > 13 {
		return false
	}
	if start > 0 && line[start-1] == '"' && end < len(line) && line[end] == '"' {
		return len(digits) > 6 || digits[0] == '0' && digits[:3] != "001" || digits[0] == '1' || digits[0] == '8'
	}
	return len(digits) > 9 && digits[0] == '0' && digits[1] != '0' && (start == 0 || !isWord(line[start-1]))
}

// typeOfAddress reports whether a text goes on with one (TS 24.008 10.5.4.7): 128 and 129 not known, 145 international, 161
// national.
func typeOfAddress(text string) bool {
	text = strings.TrimPrefix(text, `"`)
	text = strings.TrimLeft(text, " ")
	if !strings.HasPrefix(text, ",") {
		return false
	}
	text = strings.TrimLeft(text[1:], " ")
	switch text[:digitsEnd(text, 0)] {
	case "128", "129", "145", "161":
		return true
	}
	return false
}

// scrubDigits finds identities by their shape.
func scrubDigits(line string) (string, int) {
	var out replacer
	for i := 0; i < len(line); {
		switch {
		case line[i] == '+':
			end := digitsEnd(line, i+1)
			if end-i > 8 { // E.164: up to 15 digits
				out.replace(line, i, end, "<number>")
			}
			i = end
		case isDigit(line[i]):
			start, end, found := identityAt(line, i)
			if found > 0 {
				out.replace(line, max(start, out.kept), end, "<"+strconv.Itoa(found)+" digits>")
			}
			i = end
		default:
			i++
		}
	}
	return out.done(line)
}

// identityAt looks at the digits that begin at i. It gives the number of digits of the identity found there, and what it
// covers; or 0, and where to look on.
func identityAt(line string, i int) (start, end, found int) {
	end, found = digitRun(line, i)
	if found < 14 {
		if start, last := hexICCID(line, i, end); start < last {
			return start, last, last - start
		}
		if last, digits := grouped(line, i); digits > 0 {
			return i, last, digits
		}
		return i, end, 0
	}
	if first, last := hexWord(line, i); isUCS2(line[first:last]) {
		text := decodeUCS2(line[first:last])
		if _, hidden := Scrub(text); hidden == 0 {
			return i, last, 0
		}
		return first, last, last - first
	}
	if isPadded(line[i:end]) || isTime(line[i:end]) {
		return i, end, 0
	}
	return i, fillerEnd(line, end), found
}

// digitsEnd finds the end of the decimal digits that begin at start.
func digitsEnd(line string, start int) int {
	for start < len(line) && isDigit(line[start]) {
		start++
	}
	return start
}

// digitRun finds the end of the decimal digits that begin at start, and their number. Broken bytes between two digits may
// have been digits: the run goes on behind them.
func digitRun(line string, start int) (end, digits int) {
	for i := start; i < len(line); {
		switch {
		case isDigit(line[i]):
			i++
			end, digits = i, digits+1
		case strings.HasPrefix(line[i:], broken):
			i += len(broken)
		default:
			return end, digits
		}
	}
	return end, digits
}

// maxWord bounds a word of hexadecimal digits. An operator's name has 16 characters, a message 160.
const maxWord = 1024

// hexWord finds the hexadecimal digits around i, not many more than maxWord of them.
func hexWord(line string, i int) (start, end int) {
	for start = i; start > 0 && start > i-maxWord && isHex(line[start-1]); {
		start--
	}
	for end = i; end < len(line) && end < i+maxWord && isHex(line[end]); {
		end++
	}
	return start, end
}

// isPadded reports whether digits are a cell identity padded with zeros: an NCI has 36 bit, 9 hexadecimal digits, and some
// modems pad it to 16. No IMSI, IMEI or ICCID begins with five zeros.
func isPadded(digits string) bool {
	significant := strings.TrimLeft(digits, "0")
	return len(digits)-len(significant) >= 5 && len(significant) <= 9
}

// isTime reports whether digits are a date and a time, as position answers print it: 20260411123455.
func isTime(digits string) bool {
	if len(digits) != 14 || !isDigits(digits) {
		return false
	}
	_, err := time.Parse("20060102150405", digits)
	return err == nil && digits >= "1980" && digits < "2100"
}

// hexICCID finds an ICCID that holds letters, as some networks number, or one as the SIM stores it, with the digits of each
// byte swapped (TS 102 221 13.2). It begins among the digits from i to end, and goes on to the end of the word. Cell
// identities have 16 digits at most.
func hexICCID(line string, i, end int) (start, last int) {
	for last = i; last < len(line) && last < end+22 && isHex(line[last]); {
		last++
	}
	for start = i; start < end && last-start >= 18; start++ {
		if last-start <= 22 && (line[start:start+2] == "89" || line[start:start+2] == "98") {
			return start, last
		}
	}
	return 0, 0
}

// fillerEnd takes in the F, and the digit that it was swapped with, after an ICCID or IMSI of odd length.
func fillerEnd(line string, end int) int {
	_, last := hexWord(line, end)
	if last > end && last-end <= 2 && (line[end] == 'F' || line[end] == 'f') {
		return last
	}
	return end
}

// grouped finds an IMEI or an ICCID printed in groups: 35-209900-176148-1, 354000/06/123456/7, 8949 0200 0012 3456 789. It
// gives the end and the number of digits; 0 when there is none.
func grouped(line string, start int) (end, digits int) {
	var sizes []int
	for i := start; ; i = end + 1 {
		end = digitsEnd(line, i)
		sizes = append(sizes, end-i)
		digits += end - i
		more := len(sizes) < 12 && end+1 < len(line) && strings.IndexByte("- ./", line[end]) >= 0 && isDigit(line[end+1]) &&
			line[end] == line[start+sizes[0]]
		switch {
		case len(sizes) == 1 && !more:
			return 0, 0
		case isIMEIGroups(sizes) && !isTime(strings.ReplaceAll(line[start:end], line[start+sizes[0]:start+sizes[0]+1], "")):
			if last := digitsEnd(line, end+1); more && last-end <= 3 { // check digit, or software version
				return last, digits + last - end - 1
			}
			return end, digits
		case more:
		case isICCIDGroups(line[start:], sizes, digits):
			return end, digits
		default:
			return 0, 0
		}
	}
}

// isIMEIGroups knows the groups of an IMEI but for its last one or two digits, or with them (TS 23.003 6.2). Before the
// first of three groups other digits may stick.
func isIMEIGroups(sizes []int) bool {
	switch len(sizes) {
	case 2:
		return sizes[0] == 8 && sizes[1] >= 6 && sizes[1] <= 8
	case 3:
		return sizes[2] == 6 && (sizes[0] >= 2 && sizes[1] == 6 || sizes[0] >= 6 && sizes[1] == 2)
	}
	return false
}

func isICCIDGroups(text string, sizes []int, digits int) bool {
	last := len(sizes) - 1
	return digits >= 18 && digits <= 22 && text[:2] == "89" && sizes[0] <= 6 && sizes[last] <= sizes[0] &&
		!slices.ContainsFunc(sizes[:last], func(n int) bool { return n != sizes[0] })
}

// isUCS2 reports whether hexadecimal digits are text in UCS2 (TS 27.007 5.5) of an alphabet in which operators write their
// names: Latin, Greek, Cyrillic, Hebrew, Arabic. Where none of them is a letter it must be digits, as in a PLMN.
func isUCS2(hex string) bool {
	if len(hex) < 8 || len(hex) > maxWord || len(hex)%4 != 0 {
		return false
	}
	for _, r := range decodeUCS2(hex) {
		if r >= 0x0700 || !unicode.IsPrint(r) || isDigits(hex) && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}

func decodeUCS2(hex string) string {
	var b strings.Builder
	for i := 0; i+4 <= len(hex); i += 4 {
		n, _ := strconv.ParseUint(hex[i:i+4], 16, 16)
		b.WriteRune(rune(n))
	}
	return b.String()
}

// replacer collects the replacements made in a line, from left to right.
type replacer struct {
	b    strings.Builder
	kept int // where the line has been copied to
	n    int
}

func (r *replacer) replace(line string, start, end int, with string) {
	r.b.WriteString(line[r.kept:start])
	r.b.WriteString(with)
	r.kept = end
	r.n++
}

func (r *replacer) done(line string) (string, int) {
	if r.n == 0 {
		return line, 0
	}
	r.b.WriteString(line[r.kept:])
	return r.b.String(), r.n
}
