package at

import "strings"

// Fields splits an information line at its commas, outside quotes, into dst, which it returns; surrounding spaces and
// quotes are removed from each field. The prefix is the text before the first colon if the line begins with a prefix mark of
// TS 27.007 or of a vendor ("+QENG", "^HCSQ", "#RFSTS"), else "".
//
// A quote that is never closed makes one field of the rest of the line. Text after a closing quote is kept with the quotes
// ("ab"c stays `"ab"c`), so that the reader of the field can see that it is broken. The fields are substrings of the line:
// nothing is allocated if dst has room.
func Fields(dst []string, line string) (prefix string, fields []string) {
	prefix, rest := Prefix(line)
	for {
		start := 0
		for start < len(rest) && isSpace(rest[start]) {
			start++
		}
		if start < len(rest) && rest[start] == '"' {
			var field string
			field, rest = nextField(rest)
			dst = append(dst, field)
		} else { // the common case of nextField
			comma := start
			for comma < len(rest) && rest[comma] != ',' {
				comma++
			}
			end := comma
			for end > start && isSpace(rest[end-1]) {
				end--
			}
			dst = append(dst, rest[start:end])
			rest = rest[comma:]
		}
		if rest == "" {
			return prefix, dst
		}
		rest = rest[1:]
	}
}

// Prefix splits a line at the colon after its prefix: "+QENG" and the rest. A line that does not begin with a prefix
// mark has none.
func Prefix(line string) (prefix, rest string) {
	if line == "" || !isMark(line[0]) {
		return "", line
	}
	for i := 1; i < len(line); i++ {
		switch {
		case isWord(line[i]):
		case line[i] == ':' && i > 1:
			return line[:i], line[i+1:]
		default:
			return "", line
		}
	}
	return "", line
}

// nextField takes one field off s; rest begins with the comma that ended it, or is empty.
func nextField(s string) (field, rest string) {
	start := 0
	for start < len(s) && isSpace(s[start]) {
		start++
	}
	end := start
	if end < len(s) && s[end] == '"' {
		closing := strings.IndexByte(s[end+1:], '"')
		if closing < 0 {
			return strings.TrimRight(s[start+1:], " \t"), ""
		}
		closing += end + 1
		after := closing + 1
		for after < len(s) && isSpace(s[after]) {
			after++
		}
		if after == len(s) || s[after] == ',' {
			return s[start+1 : closing], s[after:]
		}
		end = closing + 1
	}
	for end < len(s) && s[end] != ',' {
		end++
	}
	rest = s[end:]
	for end > start && isSpace(s[end-1]) {
		end--
	}
	return s[start:end], rest
}

func isMark(c byte) bool {
	switch c {
	case '+', '^', '%', '#', '!', '$', '*':
		return true
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'A' <= c&^0x20 && c&^0x20 <= 'F' }

func isLetter(c byte) bool { return 'A' <= c&^0x20 && c&^0x20 <= 'Z' }

func isWord(c byte) bool { return isDigit(c) || isLetter(c) || c == '_' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// isDigits reports whether s has nothing but decimal digits, and at least one.
func isDigits(s string) bool { return consistsOf(s, isDigit) }

func consistsOf(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return s != ""
}
