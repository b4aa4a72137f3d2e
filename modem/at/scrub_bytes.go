package at

import (
	"slices"
	"strconv"
	"strings"
)

// byteGroups reports how many tokens are the bytes of an identity as a SIM or a message codes it, and how many digits they have. One
// token may hold all of them. In a loose line any eight bytes in a row are taken for one, and a hardware address is.
func byteGroups(line string, tokens []token, loose bool) (n, digits int) {
	if size := tokens[0].size(); size > 2 {
		if size%2 == 0 && size <= 64 && identityBytes(unhex(line[tokens[0].start:tokens[0].end])) > 0 {
			return 1, size
		}
		return 0, 0
	}
	row, uniform := 1, true
	for row < min(len(tokens), 64) && tokens[row].size() == 2 && tokens[row].gap != '*' {
		uniform = uniform && tokens[row].gap == tokens[1].gap
		row++
	}
	if loose && row >= 8 || row == 6 && row == len(tokens) && uniform && isHardware(line, tokens) {
		return row, 2 * row
	}
	if row < 6 {
		return 0, 0
	}
	var text strings.Builder
	for _, t := range tokens[:min(row, 32)] {
		text.WriteString(line[t.start:t.end])
	}
	n = identityBytes(unhex(text.String()))
	if !loose && n > 1 && tokens[1].gap == ':' && isDigits(text.String()[:min(2*n, text.Len())]) && (tokens[0].gap == ':' || row > n && tokens[n].gap == ':') {
		return 0, 0 // a list of bands
	}
	return n, 2 * n
}

// isHardware reports whether six bytes are a hardware address, and no list of bands.
func isHardware(line string, tokens []token) bool {
	if gap := tokens[1].gap; gap != ':' && gap != '-' {
		return false
	}
	var digits string
	for _, t := range tokens {
		digits += line[t.start:t.end]
	}
	return !isDigits(digits) || tokens[0].gap != tokens[1].gap && !rises(digits, []int{2, 2, 2, 2, 2, 2})
}

func unhex(s string) []byte {
	b := make([]byte, 0, len(s)/2)
	for i := 0; i+2 <= len(s); i += 2 {
		v, _ := strconv.ParseUint(s[i:i+2], 16, 8)
		b = append(b, byte(v))
	}
	return b
}

// identityBytes reports how many bytes at the start of b are an identity in swapped digits: an IMSI or IMEI as a SIM or a message holds it
// (TS 31.102 4.2.2, TS 24.008 10.5.1.4), with its length before it or without, an ICCID (TS 102 221 13.2), a TMSI or a GUTI
// (TS 24.301 9.9.3.12, TS 24.501 9.11.3.4).
func identityBytes(b []byte) int {
	switch {
	case len(b) >= 9 && (b[0] == 8 || b[0] == 7) && isMobileIdentity(b[1:]):
		return 9
	case len(b) >= 8 && isMobileIdentity(b):
		return 8
	case len(b) >= 8 && b[7]>>4 == 0xF && swappedDigits(b[:8]) == 15 && isMCC(string([]byte{'0' + b[0]&0xF, '0' + b[0]>>4, '0' + b[1]&0xF})):
		return 8 // an IMSI, with a filler
	case len(b) >= 9 && b[0] == 0x98 && swappedDigits(b[:9]) == 18:
		return min(len(b), 10)
	case len(b) >= 6 && b[0] == 5 && b[1] == 0xF4:
		return 6
	case len(b) >= 12 && b[0] == 0x0B && (b[1] == 0xF6 || b[1] == 0xF2) && isPLMNBytes(b[2:5]):
		return 12
	case len(b) >= 11 && (b[0] == 0xF6 || b[0] == 0xF2) && isPLMNBytes(b[1:4]):
		return 11
	}
	return 0
}

// isMobileIdentity reports whether eight bytes are an IMSI (low half 9 or 1) or an IMEI (low half A).
func isMobileIdentity(b []byte) bool {
	kind := b[0] & 0xF
	if kind != 9 && kind != 1 && kind != 0xA || b[0]>>4 > 9 {
		return false
	}
	n := swappedDigits(b[1:8])
	if n != 14 && !(n == 13 && kind != 9) {
		return false
	}
	digits := []byte{'0' + b[0]>>4}
	for _, c := range b[1:8] {
		digits = append(digits, '0'+c&0xF, '0'+c>>4)
	}
	if kind == 0xA {
		return slices.Contains(bodies, string(digits[:2]))
	}
	return isMCC(string(digits))
}

// swappedDigits counts the decimal digits at the start of bytes that hold two each, the low half first.
func swappedDigits(b []byte) (n int) {
	for _, c := range b {
		if c&0xF > 9 {
			return n
		}
		if n++; c>>4 > 9 {
			return n
		}
		n++
	}
	return n
}

// isPLMNBytes reports whether three bytes are a PLMN (TS 24.008 10.5.1.13).
func isPLMNBytes(b []byte) bool {
	if b[0]&0xF > 9 || b[0]>>4 > 9 || b[1]&0xF > 9 {
		return false
	}
	return isMCC(string([]byte{'0' + b[0]&0xF, '0' + b[0]>>4, '0' + b[1]&0xF}))
}
