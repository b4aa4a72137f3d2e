package at

import (
	"slices"
	"strings"
)

// labels are the words, or their ends ("mTMSI", "PTMSI"), that stand before an identity.
var labels = strings.Fields("IMSI IMEI IMEISV CCID TMSI GUTI SUPI SUCI MSISDN MSIN MEID ESN FSN EID GPSI IMPI IMPU KASME USERID")

// secrets are whole words before what unlocks a SIM or is stored in it: codes of four digits and more, keys.
var secrets = []struct {
	word  string
	least int // digits
}{{"PIN", 4}, {"PUK", 4}, {"CHV", 4}, {"ADM", 4}, {"KI", 8}, {"OPC", 8}, {"KC", 8}, {"MDN", 6}}

// phrases are labels of more than one word, and one too short to be an end.
var phrases = []string{"serial number", "serial no", "phone number", "own number", "subscriber number", "telephone number", "mobile number", "SIM number",
	"card number", "directory number", "mobile subscriber identity", "mobile equipment identity", "station equipment identity", "circuit card id",
	"circuit card identifier", "circuit card identity", "card identifier", "station identification number", "subscriber identification number",
	"permanent identifier", "concealed identifier", "unique temporary identity", "unique temporary identifier", "unique temporary id",
	"identification number", "unblocking key", "unlocking key", "unlock code", "authentication key", "subscriber key", "S/N", "SN"}

func scrubLabels(line string) (string, int) {
	var out replacer
	for i := 0; i < len(line); i++ {
		if !isLetter(line[i]) || i > 0 && isLetter(line[i-1]) {
			continue
		}
		end, least := labelEnd(line, i)
		if end == 0 {
			continue
		}
		if start, stop := labelled(line, end, least); start < stop {
			out.replace(line, start, stop, redacted)
			i = stop - 1
		}
	}
	return out.done(line)
}

// labelEnd finds the end of the label that begins at start, and how many digits its value has at least; 0 when none does.
func labelEnd(line string, start int) (end, least int) {
	end = start
	for end < len(line) && isLetter(line[end]) {
		end++
	}
	if end-start < 2 {
		return phraseEnd(line, start), 4 // S/N
	}
	if labelEnds[line[end-2]&31][line[end-1]&31] {
		for _, l := range labels {
			more := end - start - len(l)
			if (more == 0 || more > 0 && more < 4 && len(l) > 3) && strings.EqualFold(line[end-len(l):end], l) {
				return end, 4
			}
		}
	}
	if end-start < 4 && labelStarts[line[start]&31][line[start+1]&31] {
		for _, s := range secrets {
			if strings.EqualFold(line[start:end], s.word) {
				return end, s.least
			}
		}
	}
	return phraseEnd(line, start), 4
}

// labelEnds and labelStarts are the two letters with which labels end, and secrets and phrases begin: most words are no label.
var labelEnds, labelStarts = func() (ends, starts [32][32]bool) {
	for _, l := range labels {
		ends[l[len(l)-2]&31][l[len(l)-1]&31] = true
	}
	for _, s := range secrets {
		starts[s.word[0]&31][s.word[1]&31] = true
	}
	for _, p := range phrases {
		starts[p[0]&31][p[1]&31] = true
	}
	return ends, starts
}()

func phraseEnd(line string, start int) int {
	if start+1 >= len(line) || !labelStarts[line[start]&31][line[start+1]&31] {
		return 0
	}
	for _, p := range phrases {
		if e := start + len(p); e < len(line) && (line[start]^p[0])&^0x20 == 0 && samePhrase(line[start:e], p) && !isLetter(line[e]) && (len(p) > 3 || !isWord(line[e])) {
			return e
		}
	}
	return 0
}

// samePhrase compares with a phrase, whose blanks may be written as dashes or underscores.
func samePhrase(s, phrase string) bool {
	for i := range len(s) {
		if phrase[i] == ' ' {
			if s[i] != ' ' && s[i] != '-' && s[i] != '_' {
				return false
			}
		} else if s[i] != phrase[i] && ((s[i]^phrase[i]) != 0x20 || !isLetter(s[i])) {
			return false
		}
	}
	return true
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// between are words that may stand between a label and its value.
var between = strings.Fields("is code number no value of")

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
	if start+1 < len(line) && (line[start] == '-' || line[start] == '_') && isHex(line[start+1]) {
		start++ // imsi-262...
	}
	start = afterSigns(line, start)
	if word := start + len(line[start:]) - len(strings.TrimLeft(line[start:], letters)); start > from && slices.Contains(between, strings.ToLower(line[start:word])) {
		start = afterSigns(line, word)
	}
	end = valueEnd(line, start)
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

// afterSigns skips what stands between a label and its value.
func afterSigns(line string, at int) int {
	for range 8 {
		if at < len(line) && strings.IndexByte(" \t\":='(),[#", line[at]) >= 0 {
			at++
		}
	}
	return at
}

// valueEnd finds the end of a value, which may be in groups: 35 209900 176148 1, A1 B2 C3 D4.
func valueEnd(line string, start int) int {
	end := wordEnd(line, start)
	size := end - start
	if !isDigits(line[start:end]) && !(size > 0 && size <= 16 && size%2 == 0 && consistsOf(line[start:end], isHex)) {
		return end
	}
	for end < len(line) && line[end] == ' ' && end-start < 64 {
		next := wordEnd(line, end+1)
		group := line[end+1 : next]
		if group == "" || !isDigits(group) && (len(group) != size || !consistsOf(group, isHex)) {
			break
		}
		end = next
	}
	return end
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
