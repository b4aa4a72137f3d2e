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
//	+CEREG: n, stat, tac, rac, ci, AcT       Novatel E362
//	+CREG: n, stat, lac, short ci, lac, ci   Samsung S8500: no AcT where it belongs; only stat and lac are read
//	+CGREG: n, stat, lac, ci                 unsolicited on Alcatel X220D, which prints n there too

// registrationDomain is the domain that a prefix reports on; "" when it is none of the four.
func registrationDomain(name string) cell.Domain {
	switch name {
	case "+CREG":
		return cell.CS
	case "+CGREG":
		return cell.PS
	case "+CEREG":
		return cell.EPS
	case "+C5GREG":
		return cell.FGS
	}
	return ""
}

// shape tells replies from unsolicited lines.
type shape uint8

const (
	isReply shape = iota
	isURC
	isEither
)

// registrationShape looks at the columns alone. One is <stat>, two are <n>,<stat>. With more, a second column that
// cannot be <stat> is the area of an unsolicited line, and so is one before something too long for an area. Only n of 2
// and more is followed by an area, so what starts with 0 or 1 and goes on is unsolicited, unless the modem was just asked.
func registrationShape(f []string) shape {
	switch {
	case len(f) == 1:
		return isURC
	case len(f) == 2:
		return isReply
	case len(f[1]) > 2 || !validStat(f[1]), len(f[0]) != 1 || f[0] > "5", len(strings.TrimLeft(f[2], "0")) > 6:
		return isURC
	case f[0] < "2":
		return isEither
	}
	return isReply
}

func validStat(s string) bool {
	v, ok := parseWhole(s, 10)
	return ok && (v <= 11 || v >= 90 && v <= 99) // 90 is "UICC failure" on Nordic modems
}

// ownsRegistration is for at.Command.Owns.
func ownsRegistration(fields []string) bool {
	return len(fields) > 0 && registrationShape(fields) != isURC
}

// inQuotes reports whether column i of a row without commas in quotes is quoted. An area may be: "1" is one, 1 a status.
func (w *row) inQuotes(i int) bool {
	_, rest := at.Prefix(w.line)
	for ; i > 0; i-- {
		_, rest, _ = strings.Cut(rest, ",")
	}
	return strings.HasPrefix(strings.TrimLeft(rest, " "), `"`)
}

// registration reads a row of one of the four commands. The answer to the read command decides what the shape leaves open.
func (r *round) registration(w *row, domain cell.Domain) {
	kind := registrationShape(w.f)
	if len(w.f) > 2 && w.inQuotes(1) {
		kind = isURC
	}
	if kind == isReply || kind == isEither && r.command == w.name+"?" {
		w.drop(1)
	}
	g := cell.Registration{Domain: domain}
	if s := w.text(0); s != "" {
		if !validStat(s) {
			w.reject(BadValue)
			return
		}
		v, _ := parseWhole(s, 10)
		g.Status = cell.Some(uint8(v))
	}
	w.drop(1)
	area, id, act := 0, 1, 2
	if domain == cell.EPS && len(w.f) == 4 && w.text(1) != "" && len(w.f[1]) <= 2 && len(w.f[2]) > 2 && validAcT(w.f[3]) {
		id, act = 2, 3 // the rac of an E362
	}
	if w.text(area) == "" && w.text(id) != "" {
		w.reject(UnknownLayout) // no modem names a cell without its area
		return
	}
	c := cell.Cell{RAT: cell.UMTS} // the widest of the RATs that +CREG and +CGREG without AcT may mean
	switch domain {
	case cell.EPS:
		c.RAT = cell.LTE
	case cell.FGS:
		c.RAT = cell.NR
	}
	sure := true // that the columns are where they should be
	if s := w.text(act); s != "" {
		if sure = validAcT(s); sure {
			v, _ := parseWhole(s, 10)
			g.AcT = cell.Some(uint8(v))
			if rat := cell.RATByAcT(uint8(v)); domain != cell.FGS {
				c.RAT = rat
			}
		} else {
			w.reject(UnknownLayout)
		}
	}
	w.area(area, 16, &c)
	gobi := w.bad && strings.Contains(w.text(area), " ") // Gobi 1000 prints an area of "0 5", and the rest well
	if sure && !(w.cut && len(w.text(id)) <= 2) {        // half a line of an E362 has its rac there
		w.cellID(id, 16, &c)
	}
	if w.bad && !gobi {
		return // two columns in one, and who knows which
	}
	g.Area, g.CellID = c.Area, c.ID
	if sure {
		w.cause(domain, act+1, &g)
	}
	if g != (cell.Registration{Domain: domain}) {
		r.obs.Registration = append(r.obs.Registration, g)
		r.fillers = append(r.fillers, c.Placeholder)
	}
}

// cause reads the reject cause, which stands behind what the domain has of its own, and before the two or three timers
// of power saving. Nordic modems print 0,0 for none.
func (w *row) cause(domain cell.Domain, i int, g *cell.Registration) {
	own, timers := 0, []int{}
	switch domain {
	case cell.PS:
		own, timers = 1, []int{2, 3}
	case cell.EPS:
		timers = []int{2}
	case cell.FGS:
		own = 2
	}
	n := len(w.f) - i
	switch {
	case n <= 0, n == own, w.cut:
		return
	case n == own+2, n > own+2 && slices.Contains(timers, n-own-2):
		i += own
	case domain == cell.PS && n == 2 && len(w.f[i]) <= 1: // a +CGREG without <rac>
	default:
		w.reject(UnknownLayout)
		return
	}
	kind, ok := w.whole(i, 10)
	cause, ok2 := w.whole(i+1, 10)
	switch {
	case !ok2 || kind == 0 && cause == 0:
	case kind > 1 || cause > 0xFFFF:
		w.reject(BadValue)
	default:
		if ok {
			g.CauseType = cell.Some(uint8(kind))
		}
		g.Cause = cell.Some(uint16(cause))
	}
}

func validAcT(s string) bool {
	v, ok := parseWhole(s, 10)
	return ok && len(s) <= 2 && v <= 13
}

// readRegistration is the query of one of the four.
func readRegistration(name, what string) at.Command {
	return at.Command{Text: name + "?", Prefixes: []string{name}, Owns: ownsRegistration,
		Why: "registration " + what + ": status, area, cell and reject cause"}
}

// reportRegistration has the modem report changes of registration by itself. 3 adds the reject cause to what 2 gives,
// in the fewest columns. 5 gives it too, with the timers of power saving; few modems know 5 and not 3. 2 is the last
// resort, without causes.
func reportRegistration(name, what string, values, want []string) at.Setting {
	return at.Setting{
		Read:   readRegistration(name, what),
		Write:  name + "=",
		Values: values,
		Want:   want,
		Current: func(lines []string) (string, bool) {
			for _, l := range lines {
				if prefix, f := at.Fields(nil, l); prefix == name && ownsRegistration(f) {
					return f[0], true
				}
			}
			return "", false
		},
		Why: "hear of changes of registration " + what + " at once, with the cell and the reject cause",
	}
}
