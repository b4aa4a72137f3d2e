package at

import "strings"

// Identities may also be printed with separators that other lines hold between their fields: 262;01;9876543217, 62|02|91, "62","02","91",
// 62h 02h 91h. In rows of cells, whose grammar is known, such a separator ends a field. In other lines it counts as one of groups.

// fieldGap stands for what separates fields. Numbers of a cell may be added up over it to the length of an identity, so that groups of any size
// are none: 262, 01, 4940206, 427.
const fieldGap = '('

// scrubSeparated replaces the identities that have such separators between their groups, in a line that is no row of cells. loose is as for
// scrubGroups.
func scrubSeparated(line string, loose bool) (string, int) {
	if !maySeparate(line) {
		return line, 0
	}
	plain, places := withDashes(line, loose)
	if plain == "" {
		return line, 0
	}
	var out replacer
	eachGroup(plain, true, false, func(start, end int, with string) {
		out.replace(line, max(places[start], out.kept), places[end-1]+1, with)
	})
	return out.done(line)
}

// maySeparate reports whether a line has digits for an identity, and something between them that is no separator of scrubGroups.
func maySeparate(line string) bool {
	digits, odd := 0, 0
	for i := 0; i < len(line); i++ {
		switch class := classes[line[i]]; {
		case class == digit:
			digits++
		case i > 0 && (isHex(line[i-1]) || isSpace(line[i-1])) && isOdd(line[i]):
			odd++
		}
	}
	return digits >= 8 && odd > 0
}

func isOdd(c byte) bool { return strings.IndexByte(`|;*_#~='+%&,"h`, c) >= 0 }

// withDashes writes a dash, a fieldGap or a comma in place of every such separator, and gives where the bytes of the text were in the line; "" when there is none.
func withDashes(line string, loose bool) (string, []int) {
	var out []byte
	var places []int
	found := false
	for i := 0; i < len(line); {
		if i > 0 && isHex(line[i-1]) {
			if next, dash := separatorAt(line, i, loose); next > 0 {
				out, places, found = append(out, dash), append(places, i), true
				i = next
				continue
			}
		}
		out, places = append(out, line[i]), append(places, i)
		i++
	}
	if !found {
		return "", nil
	}
	return string(out), places
}

// separatorAt measures the separator that begins behind a hexadecimal digit, and gives what stands for it. Where it has a comma, that is fieldGap,
// or, where the line is not loose, a comma, which may be between bytes only. It is 0 when there is none, or one that scrubGroups knows.
func separatorAt(line string, start int, loose bool) (next int, dash byte) {
	dash = '-'
	odd := false
	next = start
	if line[start] == 'h' && start > 1 && isHex(line[start-2]) { // 62h
		next, odd = start+1, true
	}
	for next < len(line) && next < start+8 && !isHex(line[next]) {
		switch rest := line[next:]; {
		case strings.HasPrefix(rest, "&nbsp;"):
			next, odd = next+len("&nbsp;"), true
			continue
		case strings.HasPrefix(rest, "%20") && !(start > 2 && line[start-3] == '%'):
			next, odd = next+len("%20"), true
			continue
		case rest[0] == ',':
			dash = fieldGap
			if !loose {
				dash = ','
			}
			odd = odd || strings.IndexByte(` "'`, line[next-1]) >= 0 || len(rest) > 1 && strings.IndexByte(` "'`, rest[1]) >= 0
		case rest[0] == 'h' || !isOdd(rest[0]) && !isSpace(rest[0]):
			return 0, 0
		default:
			odd = odd || isOdd(rest[0])
		}
		next++
	}
	if !odd || next == len(line) || !isHex(line[next]) {
		return 0, 0
	}
	return next, dash
}
