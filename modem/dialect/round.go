package dialect

import (
	"slices"
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// round collects the content of the answers of one round. A family adds its rows through serve, neighbour, second, part and the
// fields below; finish then combines them.
type round struct {
	ident   Ident
	dialect *Dialect
	obs     cell.Observation
	sweep   []cell.Observation
	rejects []Reject

	command  string      // of the answer being read
	operator cell.PLMN   // the network registered on, by number, as +COPS? says it
	parts    []cell.Cell // what other answers say of the serving cell; fills it, or makes it where no row gives it whole
	levels   []cell.Cell // the same for answers that give levels only, such as +CESQ
	rrc      cell.Opt[bool]
	nothing  bool // an answer said that there is no service
	noOper   bool // +COPS? named no operator
	csq      cell.Opt[cell.DBm]
	silent   bool              // an answer about the level heard nothing
	earlier  *cell.Observation // what was said before, apart from this: finish measures against it and repeats nothing of it
	fillers  []cell.Fields     // beside each of obs.Registration: for which of area and cell id it printed a filler

	explains bool     // values and unread lines are wanted
	values   []Value  // where each value that was read comes from
	unread   []string // lines that no reader takes

	current row
	columns [32]string
}

// Decode decodes one round: the answers in the order in which they arrived, and unsolicited lines under Command "". It keeps no
// state: the result depends on these lines only. Raw holds every line.
func (d *Dialect) Decode(answers []Answer) Decoded { return d.decode(nil, answers) }

// DecodeAfter decodes answers of a round that began with earlier ones, which were decoded before. Nothing of those is repeated:
// their serving cell is left out of the neighbours, and parts of it, such as its channel, do not make a serving cell again.
func (d *Dialect) DecodeAfter(earlier, answers []Answer) Decoded {
	if len(earlier) == 0 {
		return d.decode(nil, answers)
	}
	before := d.decode(nil, earlier)
	return d.decode(&before.Observation, answers)
}

func (d *Dialect) decode(earlier *cell.Observation, answers []Answer) Decoded {
	return d.decoded(earlier, answers, false)
}

// decoded is decode, and explains where values come from and which lines nobody read.
func (d *Dialect) decoded(earlier *cell.Observation, answers []Answer, explains bool) Decoded {
	n := 0
	for i := range answers {
		n += len(answers[i].Lines)
	}
	if earlier == nil {
		earlier = &cell.Observation{}
	}
	r := &round{ident: d.ident, dialect: d, earlier: earlier, explains: explains}
	if n > 0 {
		r.obs.Raw = make([]string, 0, n)
	}
	for _, a := range answers {
		r.command = a.Command
		for _, l := range a.Lines {
			if l != "" {
				r.obs.Raw = append(r.obs.Raw, l)
			}
		}
		before := len(r.rejects)
		d.read(r, a)
		refused := func(x Reject) bool { return !x.Used }
		if len(r.obs.Neighbours) == 0 && slices.ContainsFunc(r.rejects[before:], refused) {
			r.obs.Neighbours = nil // a list that was refused is not an empty one
		}
	}
	r.finish()
	return Decoded{r.obs, r.sweep, r.rejects, r.values, r.unread}
}

// each calls read for every row of an answer. A line that contains another one, because a line end was lost, is split into
// several rows; all but the last are incomplete.
func (r *round) each(a Answer, read func(*row)) {
	for i, line := range a.Lines {
		cut := a.cut && i == len(a.Lines)-1
		for line != "" {
			end := glued(line)
			if w := r.row(line[:end], cut || end < len(line)); w.name != "" && escapesQuotes(line) {
				w.reject(UnknownLayout)
			} else {
				read(w)
			}
			line = line[end:]
		}
	}
}

// byPrefix reads every row of an answer by its prefix, and the others as rows of the standard.
func (r *round) byPrefix(a Answer, rows map[string]func(*round, *row)) {
	r.each(a, func(w *row) {
		if read, ok := rows[w.name]; ok {
			read(r, w)
		} else {
			r.generic(w)
		}
	})
}

// glued is where the row at the start of a line ends: where another prefix begins in the middle of it, else at the end.
func glued(line string) int {
	colon := strings.IndexByte(line, ':')
	if colon < 0 {
		return len(line)
	}
	if own, rest := at.Prefix(line); own != "" && strings.IndexByte(rest, ':') < 0 { // as in nearly every line
		return len(line)
	}
	for i := 1; i < len(line); i++ {
		if c := line[i]; c > '+' && c != '^' { // as nearly every character
			continue
		}
		switch line[i] {
		default:
			continue
		case '+', '^', '#', '!', '%':
		}
		end := i + 1
		for end < len(line) && (line[end] >= 'A' && line[end] <= 'Z' || line[end] >= '0' && line[end] <= '9' || line[end] == '_') {
			end++
		}
		if end > i+2 && end < len(line) && line[end] == ':' && line[i+1] >= 'A' {
			return i
		}
	}
	return len(line)
}

// serve sets the serving cell from a row that describes all of it.
func (r *round) serve(w *row, c cell.Cell) {
	if w.keeps(&c) {
		r.obs.Serving = &c
	}
}

// asked notes that the modem answered a query for neighbours, so that none means none.
func (r *round) asked(rows int) {
	if r.obs.Neighbours == nil {
		r.obs.Neighbours = make([]cell.Cell, 0, rows)
	}
}

// neighbour adds a neighbour cell.
func (r *round) neighbour(w *row, c cell.Cell) {
	if w.keeps(&c) {
		r.obs.Neighbours = append(r.obs.Neighbours, c)
	}
}

// second takes a carriers in use next to the serving cell. The same carrier may be named by several answers.
func (r *round) second(w *row, c cell.Cell) {
	if !w.keeps(&c) {
		return
	}
	for i := range r.obs.Secondary {
		if s := &r.obs.Secondary[i]; s.RAT == c.RAT && sameCarrier(s, &c) {
			fill(s, &c)
			return
		}
	}
	r.obs.Secondary = append(r.obs.Secondary, c)
}

// part adds what another answer than its row says about the serving cell.
func (r *round) part(w *row, c cell.Cell) {
	if w.keeps(&c) {
		r.parts = append(r.parts, c)
	}
}

// level adds levels of the serving cell from an answer that otherwise says only its RAT.
func (r *round) level(w *row, c cell.Cell) {
	if w.keeps(&c) && c.Level().Known() {
		r.levels = append(r.levels, c)
	}
}

// heard adds a row of a survey.
func (r *round) heard(w *row, c cell.Cell) {
	if w.keeps(&c) {
		r.sweep = append(r.sweep, cell.Observation{Serving: &c, Survey: true, Raw: []string{w.line}})
	}
}

// refused adds the EMM cause with which the network refused the modem.
func (r *round) refused(w *row, cause uint64) {
	w.explain(-1, "registration.cause")
	r.obs.Registration = append(r.obs.Registration,
		cell.Registration{Domain: cell.EPS, CauseType: cell.Some(uint8(0)), Cause: cell.Some(uint16(cause))})
	r.fillers = append(r.fillers, 0)
}

// described takes a serving cell of which another answer may have told more.
func (r *round) described(w *row, c cell.Cell) {
	if r.obs.Serving == nil {
		r.serve(w, c)
	} else {
		r.part(w, c)
	}
}

// listed adds one of up to rows neighbours.
func (r *round) listed(w *row, rows int, c cell.Cell) {
	r.asked(rows)
	r.neighbour(w, c)
}

// place sets the position.
func (r *round) place(w *row, p *cell.Position) {
	switch {
	case p.Lat < -90 || p.Lat > 90 || p.Lon < -180 || p.Lon > 180:
		w.reject(BadValue)
	case !w.bad:
		r.obs.Position = p
		w.explain(-1, "position")
	}
}

func (r *round) finish() {
	o := &r.obs
	r.complete()
	r.deriveState()
	o.Neighbours = distinct(o.Neighbours)
	if s := o.Serving; s != nil {
		if s.MCC == "" && s.MNC == "" && o.State != cell.Limited {
			s.MCC, s.MNC = r.operator.MCC, r.operator.MNC
		}
		if !s.Level().Known() && s.RAT != cell.NR {
			s.RSSI = r.csq
		}
		o.Neighbours = without(o.Neighbours, s)
	}
	if s := r.earlier.Serving; s != nil {
		camped := *s // it was told: what a row adds to it is left
		o.Neighbours = without(o.Neighbours, &camped)
		if o.Serving != nil && !o.Serving.ID.Known() {
			o.Serving = nil
		}
	}
}

// complete fills the serving cell from the other answers, or makes it from them if no row gave one, the most reliable first: a
// registration, a channel, a RAT, levels.
func (r *round) complete() {
	lists := [...][]cell.Cell{r.registered(), r.parts, r.levels}
	for _, list := range lists {
		for i := range list {
			if r.obs.Serving == nil {
				r.obs.Serving = &cell.Cell{RAT: list[i].RAT}
			}
			fill(r.obs.Serving, &list[i])
		}
	}
}

// registered are the cells that the registrations name: that of a domain with service first. The area of +CREG and
// +CGREG on LTE and NR is not the tracking area, so these name nothing there.
func (r *round) registered() []cell.Cell {
	var list []cell.Cell
	for _, service := range []bool{true, false} {
		for _, domain := range []cell.Domain{cell.FGS, cell.EPS, cell.PS, cell.CS} {
			for i := len(r.obs.Registration) - 1; i >= 0; i-- {
				g := &r.obs.Registration[i]
				if g.Domain != domain || g.Registered() != service || !camped(g) {
					continue
				}
				rat := g.RAT()
				tracking := domain == cell.EPS || domain == cell.FGS
				if rat == cell.UnknownRAT || !tracking && rat != cell.GSM && rat != cell.UMTS {
					continue
				}
				c := cell.Cell{RAT: rat, Placeholder: r.fillers[i]}
				if a, ok := g.Area.Get(); ok && a <= rat.MaxArea() {
					c.Area = g.Area
				}
				if id, ok := g.CellID.Get(); ok && id < rat.MaxCellID() {
					c.ID = g.CellID
				}
				list = append(list, c)
				break // the latest of the domain
			}
		}
	}
	return list
}

// camped reports whether a registration says anything of a cell: it has service and names at least the RAT, or it names the
// cell on which the modem tries to register, was refused, or may only make emergency calls. Status 0 and 4 may carry a
// cell long gone.
func camped(g *cell.Registration) bool {
	named := g.Area.Known() || g.CellID.Known()
	if g.Registered() {
		return named || g.AcT.Known()
	}
	s, ok := g.Status.Get()
	return ok && (s == 2 || s == 3 || s == 8) && named
}

// deriveState derives the state if no row gave it. A registration does not distinguish idle from connected, and +CSCON, which does,
// does not show that there is service: both are needed. One domain without service says nothing about the others, so "not
// registered, not searching" becomes no service only if no operator is named and nothing is heard.
func (r *round) deriveState() {
	o := &r.obs
	serving := o.Serving
	if serving == nil {
		serving = r.earlier.Serving
	}
	searching, denied, registered := r.registrationState(serving)
	connected, asked := r.rrc.Get()
	switch {
	case o.State != "" || r.earlier.State != "":
	case registered && connected:
		o.State = cell.Connected
	case registered && asked:
		o.State = cell.Idle
	case denied && !registered:
		o.State = cell.Limited
	case serving != nil:
	case searching && !registered:
		o.State = cell.Searching
	case r.nothing || r.noOper && r.silent && len(o.Registration) > 0 && !registered:
		o.State = cell.NoService
	}
}

// registrationState combines the registrations. A modem that is registered on LTE for data may be refused for calls, or search: CS and
// PS count only if they are over GSM or UMTS, if an answer says that there is no network, or if a second domain was reported and
// none contradicts.
func (r *round) registrationState(serving *cell.Cell) (searching, denied, registered bool) {
	var weak struct{ searching, denied bool }
	var first cell.Domain
	several := false // domains were reported
	for i := range r.obs.Registration {
		g := &r.obs.Registration[i]
		s, ok := g.Status.Get()
		if !ok {
			continue
		}
		several = several || first != "" && g.Domain != first
		first = g.Domain
		registered = registered || g.Registered()
		rat := g.RAT()
		if rat == cell.UnknownRAT && serving != nil {
			rat = serving.RAT
		}
		sure := g.Domain == cell.EPS || g.Domain == cell.FGS || rat == cell.GSM || rat == cell.UMTS
		switch s {
		case 2:
			searching, weak.searching = searching || sure, true
		case 3, 8:
			denied, weak.denied = denied || sure, true
		}
	}
	if !searching && !denied && (several || r.nothing || r.noOper) {
		searching, denied = weak.searching && !weak.denied, weak.denied && !weak.searching
	}
	return searching, denied, registered
}

// without leaves out the rows that are the serving cell itself. What they say of its frequency is the serving cell's.
func without(list []cell.Cell, s *cell.Cell) []cell.Cell {
	pci, ok := s.PCI.Get()
	arfcn, ok2 := s.ARFCN.Get()
	if !ok || !ok2 {
		return list
	}
	kept := list[:0]
	for i := range list {
		n := &list[i]
		p, known := n.PCI.Get()
		a, known2 := n.ARFCN.Get()
		if known && known2 && n.RAT == s.RAT && p == pci && a == arfcn {
			take(&s.Priority, n.Priority)
			take(&s.ThreshLow, n.ThreshLow)
			take(&s.ThreshHigh, n.ThreshHigh)
			continue
		}
		kept = append(kept, *n)
	}
	return kept
}

// distinct leaves each cell once in a list: two commands of a round may name it, or one that lists each frequency by itself.
func distinct(list []cell.Cell) []cell.Cell {
	n := 0
next:
	for i := range list {
		for k := range n {
			if sameNeighbour(&list[k], &list[i]) {
				fill(&list[k], &list[i])
				continue next
			}
		}
		if n < i {
			list[n] = list[i]
		}
		n++
	}
	return list[:n]
}

// sameNeighbour reports whether two rows are about one cell: nothing in them differs, and channel and PCI name it, or its
// identity does. Cells that broadcast several networks may be listed once for each.
func sameNeighbour(a, b *cell.Cell) bool {
	if a.RAT != b.RAT || differ(a.PCI, b.PCI) || differ(a.ARFCN, b.ARFCN) || differ(a.ID, b.ID) || differ(a.Area, b.Area) ||
		a.MCC != "" && b.MCC != "" && !a.PLMN().Same(b.PLMN()) {
		return false
	}
	return a.PCI.Known() && b.PCI.Known() && a.ARFCN.Known() && b.ARFCN.Known() || a.ID.Known() && b.ID.Known()
}

// sameCarrier reports whether two descriptions fit one carrier, and share at least its channel or its PCI.
func sameCarrier(a, b *cell.Cell) bool {
	return !differ(a.PCI, b.PCI) && !differ(a.ARFCN, b.ARFCN) &&
		(a.PCI.Known() && b.PCI.Known() || a.ARFCN.Known() && b.ARFCN.Known())
}

// differ reports whether both are known and not the same.
func differ[T comparable](a, b cell.Opt[T]) bool { return a.Known() && b.Known() && a != b }

// fill takes from src what dst does not have, unless the two are not the same cell: between two commands of a round the
// modem may have moved.
func fill(dst, src *cell.Cell) {
	if src.RAT != dst.RAT || differ(dst.ID, src.ID) || differ(dst.PCI, src.PCI) || differ(dst.ARFCN, src.ARFCN) ||
		differ(dst.Area, src.Area) {
		return
	}
	if dst.MCC == "" && dst.MNC == "" {
		dst.MCC, dst.MNC = src.MCC, src.MNC
	}
	take(&dst.Area, src.Area)
	take(&dst.ID, src.ID)
	take(&dst.PCI, src.PCI)
	take(&dst.ARFCN, src.ARFCN)
	take(&dst.Band, src.Band)
	take(&dst.Bandwidth, src.Bandwidth)
	take(&dst.RSRP, src.RSRP)
	take(&dst.RSRQ, src.RSRQ)
	take(&dst.RSSI, src.RSSI)
	take(&dst.SINR, src.SINR)
	take(&dst.RSCP, src.RSCP)
	take(&dst.EcIo, src.EcIo)
	take(&dst.TA, src.TA)
	take(&dst.Priority, src.Priority)
	take(&dst.ThreshHigh, src.ThreshHigh)
	take(&dst.ThreshLow, src.ThreshLow)
	take(&dst.SRxLev, src.SRxLev)
	dst.Placeholder = (dst.Placeholder | src.Placeholder) &^ dst.Fields()
}

func take[T any](dst *cell.Opt[T], src cell.Opt[T]) {
	if !dst.Known() {
		*dst = src
	}
}
