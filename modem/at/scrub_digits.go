package at

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

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
	}
	if found < 12 { // the longest cell identity has eleven
		return i, end, 0
	}
	first, last := hexWord(line, i)
	if n := last - first; found < 14 && n > found && n%2 == 0 && n <= 64 && identityBytes(unhex(line[first:last])) > 0 {
		return first, last, n
	}
	if isUCS2(line[first:last]) {
		text := decodeUCS2(line[first:last])
		if isDigits(text) && len(text) < 7 {
			return i, last, 0 // a network
		}
		if _, hidden := Scrub(text); hidden == 0 {
			return i, last, 0
		}
		return first, last, last - first
	}
	if isPadded(line[i:end]) || isTime(line[i:end]) || found == 12 && isMinute(line[i:end]) {
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

// isMinute reports whether twelve digits are a date and a time without seconds, and not an IMSI of France that is cut off: 208102030206.
func isMinute(digits string) bool { return digits < "2080" && isTime(digits+"00") }

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
