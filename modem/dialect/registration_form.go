package dialect

import (
	"slices"
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// The four registration commands of TS 27.007 (clauses 7.2, 10.1.20, 10.1.22, 10.1.47) print a reply and an unsolicited
// line under the same prefix. With n the value set by the write command, and everything after <stat> optional:
//
//	+CREG:   [n,] stat, "lac", "ci", AcT                      [, cause_type, reject_cause]
//	+CGREG:  [n,] stat, "lac", "ci", AcT, "rac"               [, cause_type, reject_cause [, psm timers]]
//	+CEREG:  [n,] stat, "tac", "ci", AcT                      [, cause_type, reject_cause [, psm timers]]
//	+C5GREG: [n,] stat, "tac", "ci", AcT, length, "nssai"     [, cause_type, reject_cause [, ...]]
//
// lac, tac, ci and rac are hex. Quotes, leading zeros and blanks vary between modems. Also seen:
//
//	+CEREG: n, stat, tac, rac, ci, AcT       Novatel E362, also without n
//	+CREG: n, stat, lac, short ci, lac, ci   Samsung S8500: no AcT where it belongs; only stat and lac are read
//	+CGREG: n, stat, lac, ci                 unsolicited on Alcatel X220D, which prints n there too
//	+CEREG: 2, 0001, 00000100, 7             unsolicited on Altair, which pads what it does not quote

// registrationLine is a line of one of them, split into columns without blanks and quotes around them.
type registrationLine struct {
	domain cell.Domain
	f      []string
	quoted uint64 // bit i: column i was in quotes
	cut    bool   // the last column is not known, and others may have followed
}

// registrationForm says which column holds what.
type registrationForm struct {
	stat, area, id, act int
	sure                bool // false: only status and area are where they should be
}

// reply reports whether <n> is in column 0.
func (f registrationForm) reply() bool { return f.stat == 1 }

// registrationFormAt is the form whose <stat> is in a column; with rac, Novatel's <rac> is before <ci>.
func registrationFormAt(stat int, rac bool) registrationForm {
	id := stat + 2
	if rac {
		id++
	}
	return registrationForm{stat, stat + 1, id, id + 1, true}
}

var replyForm, unsolicitedForm = registrationFormAt(1, false), registrationFormAt(0, false)

// form finds the form of a line; asked says that the read command is pending. Nothing is guessed: a line of which neither
// form is possible, or both and nothing decides, is refused with a reason. Lengths are those without leading zeros.
func (l *registrationLine) form(asked bool) (registrationForm, Reason) {
	telling := l.quoted&1 == 0 // a modem that quotes even the first number tells nothing by its quotes
	quoted := func(i int) bool { return telling && l.quoted>>i&1 != 0 }
	switch n := len(l.f); {
	case n <= 2 && l.cut && !quoted(1):
		return replyForm, Truncated
	case n == 1 && validStat(l.f[0]):
		return unsolicitedForm, ""
	case n == 1:
		return unsolicitedForm, BadValue
	case n == 2:
		return l.twoColumns(quoted(1), telling)
	case quoted(1):
		return l.quotedForm(false)
	case quoted(2):
		return l.quotedForm(true)
	}
	return l.unquotedForm(asked)
}

// twoColumns tells <n>,<stat> from <stat>,<area>.
func (l *registrationLine) twoColumns(quoted, telling bool) (registrationForm, Reason) {
	switch {
	case !quoted && validN(l.f[0]) && validStat(l.f[1]):
		if !telling || l.padded() {
			return replyForm, UnknownLayout // it may be an area as well
		}
		return replyForm, ""
	case validStat(l.f[0]) && (l.cut || l.f[1] == "" || l.validArea(unsolicitedForm)) && (quoted || !validStat(l.f[1])):
		return unsolicitedForm, ""
	}
	return replyForm, BadValue
}

// quotedForm takes the form that the quotes show, where the numbers before them are possible. Columns behind the area are
// judged one by one when they are read; here it only matters whether there is a <rac> among them.
func (l *registrationLine) quotedForm(reply bool) (registrationForm, Reason) {
	stat := 0
	if reply {
		stat = 1
	}
	if reply && !validN(l.f[0]) || !validStat(l.f[stat]) {
		return replyForm, UnknownLayout
	}
	f := registrationFormAt(stat, false)
	if moved := registrationFormAt(stat, true); l.domain == cell.EPS && len(l.f) > f.act+1 && !l.whole(f) && l.whole(moved) {
		f = moved
	}
	if id := f.id; id < len(l.f) && l.f[id] != "" {
		f.sure = hexDigits(l.f[id]) <= 9
	} else {
		f.sure = l.quoted>>f.act&1 == 0 // else a comma came twice
	}
	return f, ""
}

// unquotedForm tries both readings: whole, then up to the access technology, then status and area alone.
func (l *registrationLine) unquotedForm(asked bool) (registrationForm, Reason) {
	reply, ok := l.reading(1, l.whole)
	unsolicited, ok2 := l.reading(0, l.whole)
	switch {
	case ok && ok2:
		f := l.either(reply, unsolicited, asked)
		if l.cut && !f.reply() {
			return f, Truncated // the rest may have told that it is a reply
		}
		return f, ""
	case ok:
		return reply, ""
	case ok2:
		return unsolicited, ""
	}
	reply, ok = l.reading(1, l.core)
	unsolicited, ok2 = l.reading(0, l.core)
	switch {
	case l.cut:
		return reply, Truncated
	case ok && !ok2:
		return reply, ""
	case ok2 && !ok:
		return unsolicited, ""
	}
	return l.headForm()
}

// reading finds a possible form with <stat> in a column.
func (l *registrationLine) reading(stat int, possible func(registrationForm) bool) (registrationForm, bool) {
	if stat == 1 && !validN(l.f[0]) {
		return replyForm, false
	}
	for _, rac := range []bool{false, true} {
		if f := registrationFormAt(stat, rac); possible(f) {
			return f, true
		}
	}
	return replyForm, false
}

// either decides between two readings that are both possible. A status is never padded to the width of an area, and only n of
// 2 and more is followed by an area.
func (l *registrationLine) either(reply, unsolicited registrationForm, asked bool) registrationForm {
	wide := l.padded() && len(l.f[2]) > l.areaDigits(reply)
	switch n, _ := parseWhole(l.f[0], 10); {
	case wide, !asked && (l.padded() || n < 2):
		return unsolicited
	}
	return reply
}

// headForm takes status and area of a line that goes on in a way that is not known, where the width of the second or third
// column shows which of them is the area.
func (l *registrationLine) headForm() (registrationForm, Reason) {
	status := validStat(l.f[1])
	f := replyForm
	if !status {
		f = unsolicitedForm
	}
	f.sure = false
	width := len(l.f[f.area])
	switch {
	case width < 3 || width > l.areaDigits(f) || !l.validArea(f) || status && len(l.f[1]) > 3:
	case status && validN(l.f[0]), !status && validStat(l.f[0]):
		return f, ""
	}
	return f, BadValue
}

// padded reports whether the second column alone has zeros before it, as an area has and a status next to a plain <n> has not.
func (l *registrationLine) padded() bool { return len(l.f[1]) > 3 && len(l.f[1]) > len(l.f[0]) }

// whole reports whether every column can be what a form makes of it.
func (l *registrationLine) whole(f registrationForm) bool {
	if !l.core(f) {
		return false
	}
	n := len(l.f)
	return n <= f.act+1 || l.cut || validTail(l.domain, l.f[f.act+1:])
}

// core is whole up to the access technology.
func (l *registrationLine) core(f registrationForm) bool {
	known := len(l.f) // columns from here on are not
	if l.cut {
		known--
	}
	text := func(i int) string {
		if i < known {
			return l.f[i]
		}
		return ""
	}
	area, id := text(f.area), text(f.id)
	if f.id > f.area+1 { // a rac is never empty, nor is what follows it
		rac := text(f.area + 1)
		if l.domain != cell.EPS || len(l.f) <= f.act && !l.cut || f.area+1 < known && (len(rac) > 2 || hexDigits(rac) > 2) || f.id < known && id == "" {
			return false
		}
	}
	return validStat(text(f.stat)) && (area == "" || l.validArea(f)) && (id == "" || area != "" && hexDigits(id) <= 9) &&
		(text(f.act) == "" || validAcT(text(f.act)))
}

// validArea reports whether the area of a form can be one. Gobi 1000 prints "0 5": that is no number, but no other column
// looks like it.
func (l *registrationLine) validArea(f registrationForm) bool {
	area := l.f[f.area]
	if high, low, torn := strings.Cut(area, " "); torn {
		area = high + strings.TrimLeft(low, " ")
	}
	return hexDigits(area) <= l.areaDigits(f)
}

// areaDigits is the most hex digits of an area: a TAC of NR has 24 bits, of whatever domain.
func (l *registrationLine) areaDigits(f registrationForm) int {
	nr := l.domain == cell.FGS
	if f.act < len(l.f) {
		act, ok := parseWhole(l.f[f.act], 10)
		nr = nr || ok && act < 256 && cell.RATByAcT(uint8(act)) == cell.NR
	}
	if nr {
		return 6
	}
	return 4
}

// hexDigits counts the digits of a hex number without leading zeros; it is large for anything else.
func hexDigits(s string) int {
	for i := range len(s) {
		if c := s[i] | 0x20; (s[i] < '0' || s[i] > '9') && (c < 'a' || c > 'f') {
			return 99
		}
	}
	if s == "" {
		return 99
	}
	return len(strings.TrimLeft(s, "0"))
}

// timersOf lists how many timers of power saving a domain prints after its cause.
var timersOf = map[cell.Domain][]int{cell.PS: {2, 3}, cell.EPS: {2}}

// ownOf is how many columns of its own a domain has after the access technology: the rac, or what NSSAI is allowed.
var ownOf = map[cell.Domain]int{cell.PS: 1, cell.FGS: 2}

// causeAt finds the reject cause among the columns after the access technology; -1 when there is none. Not ok is a number of
// columns that is not known.
func causeAt(domain cell.Domain, tail []string) (at int, ok bool) {
	own, n := ownOf[domain], len(tail)
	switch {
	case n == 0, n == own:
		return -1, true
	case n == own+2, n > own+2 && slices.Contains(timersOf[domain], n-own-2):
		return own, true
	case domain == cell.PS && n == 2 && len(tail[0]) <= 1: // a +CGREG without <rac>
		return 0, true
	}
	return -1, false
}

// validTail reports whether the columns after the access technology can be what the domain prints there.
func validTail(domain cell.Domain, tail []string) bool {
	i, ok := causeAt(domain, tail)
	switch {
	case !ok:
		return false
	case domain == cell.PS && i != 0 && len(tail) > 0 && tail[0] != "" && hexDigits(tail[0]) > 2:
		return false
	case i < 0:
		return true
	}
	if kind := tail[i]; kind != "" && strings.TrimLeft(kind, "0") != "" && strings.TrimLeft(kind, "0") != "1" {
		return false
	}
	if cause, ok := parseWhole(tail[i+1], 10); tail[i+1] != "" && (!ok || cause > 0xFFFF) {
		return false
	}
	for _, timer := range tail[i+2:] {
		if timer != "" && (len(timer) != 8 || strings.Trim(timer, "01") != "") {
			return false
		}
	}
	return true
}

// validN reports whether a column can be what the write command set.
func validN(s string) bool {
	v, ok := parseWhole(s, 10)
	return ok && v <= 5
}

func validStat(s string) bool {
	v, ok := parseWhole(s, 10)
	return ok && (v <= 11 || v >= 90 && v <= 99) // 90 is "UICC failure" on Nordic modems
}

// validAcT reports whether a column is an access technology. 14 and 15 are E-UTRAN over satellite, in NB-S1 and WB-S1 mode,
// 16 is NG-RAN over satellite (TS 27.007 clauses 7.3 and 10.1.22).
func validAcT(s string) bool {
	v, ok := parseWhole(s, 10)
	return ok && v <= 16
}

// ownsRegistration is for at.Command.Owns: the line is a reply, now that the read command is pending.
func ownsRegistration(line string) bool {
	_, ok := registrationReply(line)
	return ok
}

// registrationReply gives the <n> of a reply.
func registrationReply(line string) (n string, ok bool) {
	var columns [16]string
	name, f := at.Fields(columns[:0], line)
	domain := registrationDomain(name)
	if domain == "" || escapesQuotes(line) {
		return "", false
	}
	l := registrationLine{domain: domain, f: trimmed(f), quoted: quotedColumns(line[len(name)+1:])}
	form, why := l.form(true)
	if why != "" || !form.reply() {
		return "", false
	}
	v, _ := parseWhole(f[0], 10)
	return string('0' + byte(v)), true
}

// trimmed takes the blanks off columns, also those inside quotes, and makes a dash nothing.
func trimmed(f []string) []string {
	for i, s := range f {
		if s != "" && (s[0] <= ' ' || s[len(s)-1] <= ' ') {
			s = strings.TrimSpace(s)
			f[i] = s
		}
		if s != "" && s[0] == '-' && isDash(s) {
			f[i] = ""
		}
	}
	return f
}
