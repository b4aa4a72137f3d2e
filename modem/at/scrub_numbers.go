package at

import (
	"slices"
	"strconv"
	"strings"
)

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

// scrubLoose finds numbers of subscribers by nothing but their length, in lines that are no rows of cells: an MSIN, or a number as it is
// dialled at home. Prefix is that of the line, "" without one.
func scrubLoose(line, prefix string) (string, int) {
	least := 9
	switch {
	case isDigits(strings.Trim(line, " \t\"'()[].,;:"+broken)):
		least = 6 // the line holds nothing else
	case prefix != "" && strings.Count(line, ",") < 3:
		least = 7
	case prefix != "":
		least = 10
	}
	var out replacer
	for i := 0; i < len(line); i++ {
		if !isDigit(line[i]) {
			continue
		}
		end, n := digitRun(line, i)
		if (n >= least || n >= 9 && isTrunk(line[i:end])) && !isHarmless(line[out.kept:], i-out.kept, end-out.kept, n) {
			out.replace(line, i, end, "<"+strconv.Itoa(n)+" digits>")
		}
		i = end
	}
	return out.done(line)
}

// isTrunk reports whether digits begin as a number that is dialled at home: with one zero.
func isTrunk(digits string) bool { return digits[0] == '0' && digits[1] != '0' }

// isHarmless reports whether the digits from start to end are something else than a number of a subscriber: a date, a fraction, a filler, a part
// of a hexadecimal number or of a name in UCS2, or what its label says.
func isHarmless(line string, start, end, n int) bool {
	digits := line[start:end]
	before, after := byte(' '), byte(' ')
	if start > 0 {
		before = line[start-1]
	}
	if end < len(line) {
		after = line[end]
	}
	switch {
	case before == '.' && start > 1 && isDigit(line[start-2]), after == '.' && end+1 < len(line) && isDigit(line[end+1]):
		return true
	case n == 8 && isTime(digits+"000000"), n == 12 && isMinute(digits):
		return true
	case strings.Trim(digits, digits[:1]) == "":
		return true
	case n < 10 && (isWord(before) || isWord(after)):
		return true
	}
	first, last := hexWord(line, start)
	return isPadded(line[first:last]) || isUCS2(line[first:last]) || ofCell(line[:start]) || before == '(' && after == ')' && ofTable(line, start, end)
}

// ofTable reports whether a number in brackets is the decimal form of a cell identity in a table of labels, however it was wrapped: the
// hexadecimal form is before it, or it begins a line in which other labels follow.
func ofTable(line string, start, end int) bool {
	if start == 1 {
		return end+2 < len(line) && line[end+1] == ' ' && isLetter(line[end+2]) && strings.IndexByte(line[end:], ':') > 0
	}
	head := strings.TrimRight(line[:start-1], " \t")
	if head == "" || len(head) == start-1 || !isHex(head[len(head)-1]) {
		return false
	}
	first, last := hexWord(head, len(head)-1)
	hex, err := strconv.ParseUint(line[first:last], 16, 64)
	decimal, err2 := strconv.ParseUint(line[start:end], 10, 64)
	return err == nil && err2 == nil && hex == decimal
}

// cellLabels are the ends of labels before numbers that are no numbers of subscribers, and words before a cell in a sentence.
var cellLabels = strings.Fields("cell cellid cell_id cellidentity ci cid eci nci uci enb gnb rnc enb_id gnb_id tac lac arfcn earfcn uarfcn chan channel freq frequency " +
	"time uptime timestamp")

// rats are words before the number of a cell in a sentence: the LTE cell, la cellule LTE.
var rats = strings.Fields("gsm umts lte nr")

// ofCell reports whether a text before a number ends in a label of a cell or of a time, or in the name of a cell:
//
//	Cell ID: 01F5C481 (
//	the cell of NCI
func ofCell(before string) bool {
	before = strings.ToLower(before[max(0, len(before)-40):])
	if word := lastWord(strings.TrimSuffix(strings.TrimRight(before, " \t(#"), " number")); slices.Contains(cellLabels, word) || slices.Contains(rats, word) {
		return true
	}
	colon := strings.LastIndexAny(before, ":=")
	if colon < 0 {
		return false
	}
	label := strings.TrimSpace(before[:colon])
	if open := strings.LastIndexByte(label, '('); open > 0 && label[len(label)-1] == ')' {
		label = label[:open] // EARFCN(DL/UL)
	}
	word := lastWord(strings.TrimSuffix(strings.TrimSuffix(label, " id"), " identity"))
	return slices.ContainsFunc(cellLabels, func(end string) bool { return word == end || strings.HasSuffix(word, "_"+end) })
}

func lastWord(s string) string { return s[strings.LastIndexAny(s, " \t,;(\"")+1:] }
