package at

import (
	"strconv"
	"strings"
)

// scrubAddresses replaces the addresses that a network gives to a subscriber: IPv4 and IPv6, also as octets with a mask (TS 27.007
// 10.1.23), network access identifiers and what stands for a subscriber in them (TS 23.003 14, 19 and 28). loose says that the line is no
// row of cells and names no version, so that four numbers with dots are an address.
func scrubAddresses(line string, loose bool) (string, int) {
	var out replacer
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case i < out.kept:
		case c == '@':
			if start := localPart(line, i); start < i && isAccessIdentifier(line[start:i], line[i:min(len(line), i+256)]) {
				out.replace(line, max(start, out.kept), i, redacted)
			}
		case (isHex(c) || c == ':') && (i == 0 || !isWord(line[i-1]) && line[i-1] != ':' && line[i-1] != '.'):
			end := i
			for end < len(line) && (isHex(line[end]) || line[end] == ':' || line[end] == '.') {
				end++
			}
			if word := strings.TrimRight(line[i:end], "."); loose && isDigit(c) && ipv4End(line, i) > 0 {
				out.replace(line, i, ipv4End(line, i), "<address>")
			} else if (end == len(line) || !isWord(line[end])) && isAddress(word, loose) {
				out.replace(line, i, i+len(word), "<address>")
			}
		case loose && isDigit(c) && isLetter(line[i-1]):
			if end := ipv4End(line, i); end > 0 && end-i >= len("10.20.30.40") {
				out.replace(line, i, end, "<address>") // v1.2.3.4 is a version
			}
		}
	}
	return out.done(line)
}

// ipv4End finds the end of the four numbers with dots that begin at start, whatever follows but more of them: a port, a mask, a word. Zeros
// may pad all to three digits. It is 0 when there are none, and for 0.0.0.0.
func ipv4End(line string, start int) int {
	sum, end := uint64(0), start
	for i := range 4 {
		if i > 0 {
			if end == len(line) || line[end] != '.' {
				return 0
			}
			end++
		}
		from := end
		end = digitsEnd(line, from)
		v, err := strconv.ParseUint(line[from:end], 10, 8)
		if err != nil || line[from] == '0' && end-from == 2 {
			return 0
		}
		sum += v
	}
	if sum == 0 || end+1 < len(line) && line[end] == '.' && isDigit(line[end+1]) {
		return 0
	}
	return end
}

// localPart finds where the part of an address begins whose @ is at a place.
func localPart(line string, at int) int {
	for at > 0 && (isWord(line[at-1]) || strings.IndexByte(".+-%:", line[at-1]) >= 0) {
		at--
	}
	return at
}

func isAccessIdentifier(local, domain string) bool {
	digits := 0
	for i := range len(local) {
		if isDigit(local[i]) {
			digits++
		}
	}
	return digits >= 4 || indexFold(domain, "3gppnetwork", 0) >= 0
}

// scrubConcealed replaces what concealed finds.
func scrubConcealed(line string) (string, int) {
	var out replacer
	for i := 0; i < len(line); i++ {
		if line[i]|0x20 != 't' {
			continue
		}
		if end := concealed(line, i); end > 0 {
			out.replace(line, i, end, redacted)
			i = end - 1
		}
	}
	return out.done(line)
}

// concealed measures a SUCI in the form of a NAI (TS 23.003 28.7.3): type1.rid678.schid1.hnkey27.ecckey...
func concealed(line string, start int) int {
	if start+9 > len(line) || !strings.EqualFold(line[start:start+4], "type") || !isDigit(line[start+4]) || !strings.EqualFold(line[start+5:start+9], ".rid") {
		return 0
	}
	end := start + 9
	for end < len(line) && (isWord(line[end]) || line[end] == '.') {
		end++
	}
	return end
}

// isAddress reports whether a word of hexadecimal digits, colons and dots is an address of IPv6, or one of IPv4 with a mask or, where loose,
// without. None is 0.0.0.0.
func isAddress(word string, loose bool) bool {
	if strings.IndexByte(word, ':') >= 0 {
		return isIPv6(word)
	}
	octets := strings.Split(word, ".")
	switch len(octets) {
	case 4:
		if !loose {
			return false
		}
	case 8, 16, 20, 32:
	default:
		return false
	}
	sum := 0
	for _, o := range octets {
		v, err := strconv.ParseUint(o, 10, 8)
		if err != nil || len(o) > 1 && o[0] == '0' {
			return false
		}
		sum += int(v)
	}
	return sum > 0
}

func isIPv6(word string) bool {
	if strings.Contains(word, ".") {
		word = word[:strings.LastIndexByte(word, ':')] + ":0:0" // its last 32 bits as IPv4
	}
	groups := strings.Split(word, ":")
	short := strings.Count(word, "::")
	if short > 1 || len(groups) > 9 || short == 0 && len(groups) != 8 {
		return false
	}
	if short == 0 && len(groups[0]) < 4 && isDigits(strings.ReplaceAll(word, ":", "")) {
		return false // a list of bands: no network gives an address that begins so
	}
	digits := 0
	for _, g := range groups {
		if len(g) > 4 || !consistsOf(g, isHex) && g != "" {
			return false
		}
		digits += len(g)
	}
	return digits > 1
}
