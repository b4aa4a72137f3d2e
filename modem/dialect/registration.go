package dialect

import (
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

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

// registration reads a row of one of the four commands. Whether its read command is pending decides what the row leaves open.
func (r *round) registration(w *row, domain cell.Domain) {
	if len(w.f) == 1 && w.text(0) == "" {
		return
	}
	l := registrationLine{domain: domain, f: trimmed(w.f), quoted: w.quoted(), cut: w.cut}
	form, why := l.form(r.command == w.name+"?")
	if why != "" {
		w.reject(why)
		return
	}
	g := cell.Registration{Domain: domain}
	v, _ := parseWhole(w.text(form.stat), 10)
	g.Status = cell.Some(uint8(v))
	w.explain(form.stat, "registration.status")
	c := cell.Cell{RAT: cell.UMTS} // the widest of the RATs that +CREG and +CGREG without AcT may mean
	switch domain {
	case cell.EPS:
		c.RAT = cell.LTE
	case cell.FGS:
		c.RAT = cell.NR
	}
	sure := form.sure
	if s := w.text(form.act); sure && s != "" {
		if sure = validAcT(s); sure {
			v, _ := parseWhole(s, 10)
			g.AcT = cell.Some(uint8(v))
			w.explain(form.act, "registration.act")
			if rat := cell.RATByAcT(uint8(v)); domain != cell.FGS {
				c.RAT = rat
			}
		}
	}
	w.area(form.area, 16, &c)
	gobi := w.bad && strings.Contains(w.text(form.area), " ") // Gobi 1000 prints an area of "0 5", and the rest well
	if w.bad && !gobi || w.text(form.area) == "" && w.text(form.id) != "" {
		w.reject(UnknownLayout) // two columns in one, or a cell without its area, which no modem names
		return
	}
	if !sure {
		w.reject(UnknownLayout)
	}
	if sure && !(w.cut && len(w.text(form.id)) <= 2) { // half a line of an E362 has its rac there
		w.cellID(form.id, 16, &c)
	}
	w.use()
	if g.Area, g.CellID = c.Area, c.ID; w.r.explains {
		w.explainRest(&c)
	}
	if sure {
		w.cause(domain, form.act+1, &g)
	}
	r.obs.Registration = append(r.obs.Registration, g)
	r.fillers = append(r.fillers, c.Placeholder)
}

// cause reads the reject cause. Nordic modems print 0,0 for none.
func (w *row) cause(domain cell.Domain, i int, g *cell.Registration) {
	if i > len(w.f) || w.cut {
		return
	}
	at, ok := causeAt(domain, w.f[i:])
	if !ok {
		w.reject(UnknownLayout)
	}
	if at < 0 {
		return
	}
	kind, ok := w.whole(i+at, 10)
	cause, ok2 := w.whole(i+at+1, 10)
	switch {
	case !ok2 || kind == 0 && cause == 0:
	case kind > 1 || cause > 0xFFFF:
		w.reject(BadValue)
	default:
		if ok {
			g.CauseType = cell.Some(uint8(kind))
			w.explain(i+at, "registration.cause_type")
		}
		g.Cause = cell.Some(uint16(cause))
		w.explain(i+at+1, "registration.cause")
	}
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
				if prefix, _ := at.Prefix(l); prefix != name {
					continue
				}
				if n, ok := registrationReply(l); ok {
					return n, true
				}
			}
			return "", false
		},
		Why: "hear of changes of registration " + what + " at once, with the cell and the reject cause",
	}
}
