package at

import (
	"slices"
	"strings"
)

// Unstamped returns a line without what a logger or a terminal program wrote before it: times, epochs, levels, names of programs,
// channels, arrows. A line that a modem printed begins with none of these.
//
//	12:34:56.789 -> +CSQ: 20,99                     Arduino
//	00> +CSQ: 20,99                                 SEGGER RTT
//	[00:00:12.345,678] <inf> modem: +CSQ: 20,99     Zephyr
//	[2024-01-01 12:00:00] +CSQ: 20,99               minicom, tio, PuTTY
//	Jan 01 12:00:00 host prog[1]: +CSQ: 20,99       journald, syslog
//	I (12345) modem: +CSQ: 20,99                    ESP-IDF
//	1704110400.123 << +CSQ: 20,99                   ts, candump and others
func Unstamped(line string) string { return line[stampEnd(line):] }

// stampEnd finds where the stamps before a line end; 0 when there are none. What may also begin a line of a modem, such as a name
// with a colon, counts only before what can only be of a modem.
func stampEnd(line string) int {
	if line == "" || isMark(line[0]) || line[0] == 'A' && isCommand(line) || isFinal(line) {
		return 0
	}
	sure, end := 0, 0
	timed, doubtful := false, false // a time stands before; something weak does
	for range 10 {
		rest := line[end:]
		skip := len(rest) - len(strings.TrimLeft(rest, " \t"))
		rest = rest[skip:]
		if rest == "" || isMark(rest[0]) || isFinal(rest) {
			break
		}
		n, strong := timeStamp(rest)
		if n > 0 {
			timed = true
		} else if n, strong = otherStamp(rest, timed); n == 0 {
			break
		}
		end += skip + n
		doubtful = doubtful || !strong
		if !doubtful {
			sure = end
		}
	}
	if end > sure && ofModem(strings.TrimLeft(line[end:], " \t")) {
		sure = end
	}
	for sure > 0 && sure < len(line) && isSpace(line[sure]) {
		sure++
	}
	return sure
}

// ofModem reports whether only a modem, or who types to one, writes such a line.
func ofModem(s string) bool {
	if len(s) > 1 && isMark(s[0]) && isLetter(s[1]) || isFinal(s) || isCommand(s) {
		return true
	}
	return slices.ContainsFunc(selfSaid, func(said string) bool { return strings.EqualFold(said, s) })
}

// timeStamp measures a time at the start of s: of day, with or without a date, or since 1970; bare or in brackets. Weak are numbers
// that may be something else.
func timeStamp(s string) (n int, strong bool) {
	if n := redactedStamp(s); n > 0 {
		return n, true
	}
	inner, closing := s, byte(0)
	switch s[0] {
	case '[':
		closing = ']'
	case '(':
		closing = ')'
	case '<':
		closing = '>'
	}
	if closing == 0 {
		if n = clock(s); n > 0 && (n+1 >= len(s) || !isWord(s[n]) && (isSpace(s[n]) || !isDigit(s[n+1]))) {
			return separator(s, n), true
		}
		n, strong = counter(s)
		return separator(s, n), strong
	}
	inner = strings.TrimLeft(s[1:], " ")
	n = clock(inner)
	if n == 0 {
		n, _ = counter(inner)
	}
	if n == 0 {
		n = date(inner)
	}
	rest := strings.TrimLeft(inner[n:], " s")
	if n == 0 || rest == "" || rest[0] != closing {
		return 0, false
	}
	return separator(s, len(s)-len(rest)+1), true
}

// separator takes in a colon or the like behind a stamp.
func separator(s string, n int) int {
	if n > 0 && n < len(s) && strings.IndexByte(":,;|", s[n]) >= 0 && (n+1 == len(s) || !isDigit(s[n+1])) {
		n++
	}
	return n
}

// clock measures a time of day at the start of s, with a date before it or without, and with a zone: ISO 8601, syslog and their kin.
func clock(s string) int {
	n := date(s)
	if n > 0 {
		if n == len(s) || strings.IndexByte(" T,_-", s[n]) < 0 {
			return 0
		}
		n++
		for n < len(s) && s[n] == ' ' {
			n++
		}
	}
	for part := range 3 { // hours of an uptime may have three digits
		end := digitsEnd(s, n)
		if end == n || end-n > 3 || part > 0 && (end-n != 2 || s[n] > '5') || part < 2 && (end == len(s) || s[end] != ':') {
			return 0
		}
		n = end + 1
	}
	n--
	for range 2 { // 12.345,678
		if end := digitsEnd(s, min(n+1, len(s))); end > n+1 && strings.IndexByte(".,:", s[n]) >= 0 {
			n = end
		}
	}
	return zone(s, n)
}

// zone takes in what follows a time of day: AM, UTC, Z, +0100.
func zone(s string, n int) int {
	for _, name := range []string{" AM", " PM", " UTC", " GMT", "Z"} {
		if rest, ok := strings.CutPrefix(s[n:], name); ok && (rest == "" || !isWord(rest[0])) {
			return n + len(name)
		}
	}
	i := n
	if i < len(s) && s[i] == ' ' {
		i++
	}
	if i == len(s) || s[i] != '+' && s[i] != '-' {
		return n
	}
	end := digitsEnd(s, i+1)
	if end == i+3 && end < len(s) && s[end] == ':' {
		if last := digitsEnd(s, end+1); last == end+3 {
			return last
		}
	}
	if end == i+5 {
		return end
	}
	return n
}

var months = strings.Fields("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")

// date measures a date at the start of s: 2024-01-31, 31.01.2024, 01/31/24, 01-31, 20240131, Jan 31, with or without the year and the
// day of the week.
func date(s string) int {
	if len(s) > 4 && isLetter(s[0]) {
		start := 0
		if s[3] == ' ' && strings.Contains("Mon Tue Wed Thu Fri Sat Sun", s[:3]) {
			start = 4
		}
		if len(s) < start+5 || s[start+3] != ' ' || !slices.Contains(months, s[start:start+3]) {
			return 0
		}
		day := start + 4
		if s[day] == ' ' {
			day++
		}
		end := digitsEnd(s, day)
		if end == day || end-day > 2 {
			return 0
		}
		if year := digitsEnd(s, min(end+1, len(s))); year == end+5 && s[end] == ' ' {
			end = year
		}
		return end
	}
	first := digitsEnd(s, 0)
	switch {
	case first == 8 && (s[0] == '1' || s[0] == '2'):
		return first
	case first == 0 || first > 4 || first == 3 || first+2 >= len(s) || strings.IndexByte("-/.", s[first]) < 0:
		return 0
	}
	second := digitsEnd(s, first+1)
	if second == first+1 || second > first+3 {
		return 0
	}
	if second < len(s) && s[second] == s[first] {
		third := digitsEnd(s, second+1)
		if n := third - second - 1; n == 1 || n == 2 || n == 4 && first < 3 {
			return third
		}
		return 0
	}
	if first == 2 && second == 5 && s[first] == '-' {
		return second // of logcat: month and day
	}
	return 0
}

// counter measures a number of seconds, or of their parts, since 1970 or since a start. Strong are those since 1970: ten digits between
// 2010 and 2035, or as many more as parts have.
func counter(s string) (n int, strong bool) {
	if n = digitsEnd(s, 0); n == 0 {
		return 0, false
	}
	whole := s[:n]
	if fraction := digitsEnd(s, min(n+1, len(s))); fraction > n+2 && s[n] == '.' {
		n = fraction
	}
	epoch := (len(whole) == 10 || len(whole) == 13 || len(whole) == 16) && whole[:3] >= "126" && whole[:3] <= "205"
	if n == len(s) {
		return n, epoch
	}
	if !isSpace(s[n]) && strings.IndexByte(":]),;|", s[n]) < 0 || n+1 < len(s) && s[n] == ',' && s[n+1] != ' ' {
		return 0, false
	}
	return n, epoch && isSpace(s[n])
}

// redactedStamp measures a number of seconds that Scrub took away, because it could be a number of a subscriber.
func redactedStamp(s string) int {
	for _, was := range []string{"<10 digits> ", "<13 digits> ", "<16 digits> "} {
		if strings.HasPrefix(s, was) {
			return len(was) - 1
		}
	}
	return 0
}

// levels are those of loggers, in brackets or bare.
var levels = strings.Fields("I D W E V T N INF DBG WRN ERR INFO DEBUG WARN WARNING TRACE NOTICE VERBOSE")

// directions are words for who wrote a line.
var directions = strings.Fields("RX TX RECV RECEIVED RECEIVE SENT SEND READ WRITE IN OUT RSP RESP CMD")

var arrows = []string{"<--", "-->", "<<<", ">>>", "<==", "==>", "<-", "->", "<<", ">>", "<=", "=>", "←", "→", "«", "»", "<", ">", "|", "~$"}

// otherStamp measures anything else that stands before a line: an arrow, a channel, a level, the name of a program. timed says that a time
// stands before it.
func otherStamp(s string, timed bool) (n int, strong bool) {
	if s[0] >= 0x80 || strings.IndexByte("<>-=|~", s[0]) >= 0 {
		for _, a := range arrows {
			if rest, ok := strings.CutPrefix(s, a); ok && (rest == "" || isSpace(rest[0]) || ofModem(rest)) {
				return len(a), a != "|"
			}
		}
	}
	if n = digitsEnd(s, 0); n > 0 && n < 3 && (s[n:] == ">" || strings.HasPrefix(s[n:], "> ")) {
		return n + 1, true // a channel of RTT
	}
	if n = strings.IndexByte("[(<", s[0]); n >= 0 {
		end := strings.IndexByte(s, "])>"[n])
		if end < 2 || end > 40 || strings.HasSuffix(s[:end], "digits") || s[1:end] == redacted[1:len(redacted)-1] || s[1:end] == "number" {
			return 0, false
		}
		return separator(s, end+1), timed && (isLevel(s[1:end]) || isDirection(s[1:end]))
	}
	if !isLetter(s[0]) && s[0] != '_' {
		return 0, false
	}
	end := 1
	for end < len(s) && (isWord(s[end]) || strings.IndexByte(".-/@~$", s[end]) >= 0) {
		end++
	}
	word, rest := s[:end], s[end:]
	if isDirection(word) && rest != "" {
		switch {
		case rest[0] == ':' || rest[0] == '|':
			return end + 1, true
		case rest[0] == '<' || rest[0] == '>' || strings.HasPrefix(rest, " <") || strings.HasPrefix(rest, " >"):
			return end, true
		}
		return end, false
	}
	if n := espressif(s); n > 0 {
		return n, true
	}
	if after := strings.TrimPrefix(rest, ":"); timed && isLevel(word) && (after != "" && isSpace(after[0]) || after == "" && len(word) > 2) {
		return len(s) - len(after), true
	}
	return program(s, end, timed)
}

func isLevel(word string) bool {
	return slices.Contains(levels, strings.ToUpper(strings.TrimSpace(word)))
}

func isDirection(word string) bool { return slices.Contains(directions, strings.ToUpper(word)) }

// espressif measures the stamp of ESP-IDF: a level, milliseconds and a tag.
func espressif(s string) int {
	if len(s) < 6 || strings.IndexByte("EWIDV", s[0]) < 0 || s[1:3] != " (" {
		return 0
	}
	end := digitsEnd(s, 3)
	if end == 3 || !strings.HasPrefix(s[end:], ") ") {
		return 0
	}
	tag := strings.IndexByte(s[end:], ':')
	if tag < 0 || tag > 40 || end+tag+1 < len(s) && s[end+tag+1] != ' ' {
		return 0
	}
	return end + tag + 1
}

// program measures the name of a program that ends at end: prog[1]: after a time also behind the name of a host, or a name and a colon,
// which is weak.
func program(s string, end int, timed bool) (n int, strong bool) {
	from := end
	if timed && end < len(s) && s[end] == ' ' {
		for from++; from < len(s) && (isWord(s[from]) || strings.IndexByte(".-/@", s[from]) >= 0); {
			from++
		}
	}
	for _, at := range []int{end, from} {
		if at < len(s) && s[at] == '[' {
			if last := digitsEnd(s, at+1); last > at+1 && strings.HasPrefix(s[last:], "]:") {
				return last + len("]:"), true
			}
		}
	}
	for timed && end < len(s) && s[end] == ' ' { // of logcat
		end++
	}
	if end == len(s) || s[end] != ':' {
		return 0, false
	}
	if last := digitsEnd(s, end+1); last > end+1 && last < len(s) && s[last] == ':' { // name.c:12:
		end = last
	}
	return end + 1, false
}
