package storage

import (
	"slices"
	"strings"

	"vigie/analyzer"
	"vigie/cell"
)

// Cleaner removes identities of subscribers and devices from records and events. The collector removes them before anybody sees a line; what
// comes another way (an imported file, a store of an older version) may hold them. Options.Clean has a store apply it to everything that
// is put in, and to everything that is read. What holds none is returned as it is; nothing is changed in place. The zero Cleaner removes
// nothing.
type Cleaner struct {
	Text    func(string) (string, int)     // a text without identities, and how many were in it
	Lines   func([]string) ([]string, int) // the same for lines in the order in which a modem printed them; nil: Text, line by line
	Payload func(*cell.Message) []byte     // the bytes of a message without identities; nil: no payload is kept
	Names   bool                           // names of sensors too: otherwise they are those by which a store finds its records
}

// Scrub is a text without identities.
func (c Cleaner) Scrub(s string) string {
	if c.Text == nil || len(s) < 9 && strings.IndexFunc(s, func(r rune) bool { return r < 'A' || r > 'z' }) < 0 {
		return s // a word such as idle, which nearly every record holds
	}
	s, _ = c.Text(s)
	return s
}

func (c Cleaner) sensor(s string) string {
	if !c.Names {
		return s
	}
	return c.Scrub(s)
}

// lines returns the same slice if nothing is in it.
func (c Cleaner) lines(lines []string) []string {
	if c.Text == nil || len(lines) == 0 {
		return lines
	}
	if c.Lines != nil {
		lines, _ = c.Lines(lines)
		return lines
	}
	for i, l := range lines {
		if _, n := c.Text(l); n > 0 {
			out := slices.Clone(lines)
			for ; i < len(out); i++ {
				out[i] = c.Scrub(out[i])
			}
			return out
		}
	}
	return lines
}

// Record is a record without identities.
func (c Cleaner) Record(r cell.Record) cell.Record {
	if c.Text == nil {
		return r
	}
	if o, ok := r.(*cell.Observation); ok && c.isClean(o) { // there is one a second
		return o
	}
	w := cell.Rewriter{Sensor: c.sensor, Word: c.Scrub, Reason: c.Scrub, Private: c.Scrub, Lines: c.lines, Cell: cleanCell, Registration: cleanRegistration,
		Message: c.message, Broadcast: cleanBroadcast}
	return w.Record(r)
}

// Records are records without identities.
func (c Cleaner) Records(recs []cell.Record) []cell.Record {
	if c.Text == nil {
		return recs
	}
	out := make([]cell.Record, len(recs))
	for i, r := range recs {
		out[i] = c.Record(r)
	}
	return out
}

// message removes what the digits of an identity could be hidden in. Its texts were scrubbed before.
func (c Cleaner) message(m *cell.Message) {
	if m.Payload != nil && c.Payload != nil {
		m.Payload = c.Payload(m)
	} else {
		m.Payload = nil
	}
	if id, ok := m.Fields.CellID.Get(); ok && uint64(id) > cell.LTE.MaxCellID() {
		m.Fields.CellID = cell.Opt[uint32]{}
	}
}

func cleanBroadcast(b *cell.Broadcast) {
	if id, ok := b.CellID.Get(); ok && id > max(b.RAT.MaxCellID(), maxCellID) {
		b.CellID = cell.Opt[uint64]{}
	}
}

func cleanRegistration(g *cell.Registration) {
	if id, ok := g.CellID.Get(); ok && id > maxCellID {
		g.CellID = cell.Opt[uint64]{}
	}
}

// isClean reports whether nothing in an observation holds an identity.
func (c Cleaner) isClean(o *cell.Observation) bool {
	if raw := c.lines(o.Raw); len(raw) > 0 && &raw[0] != &o.Raw[0] {
		return false
	}
	if c.Scrub(string(o.State)) != string(o.State) || c.sensor(o.Sensor) != o.Sensor {
		return false
	}
	dirty := func(k cell.Cell) bool { return isLong(&k) }
	if o.Serving != nil && isLong(o.Serving) || slices.ContainsFunc(o.Neighbours, dirty) || slices.ContainsFunc(o.Secondary, dirty) {
		return false
	}
	for i := range o.Registration {
		g := &o.Registration[i]
		if g.CellID.Or(0) > maxCellID || len(g.Domain) > 3 && c.Scrub(string(g.Domain)) != string(g.Domain) {
			return false
		}
	}
	return o.Position == nil || c.Scrub(o.Position.Source) == o.Position.Source
}

// maxCellID is the longest cell identity: an NCI has 36 bits.
const maxCellID = 1<<36 - 1

func isLong(k *cell.Cell) bool {
	return len(k.MCC) > 3 || len(k.MNC) > 3 || k.ID.Or(0) > max(k.RAT.MaxCellID(), maxCellID)
}

// CleanCell keeps the numbers that its RAT can have; what is longer is not of a cell, and may be an identity.
func CleanCell(k cell.Cell) cell.Cell {
	k.MCC, k.MNC = ShortDigits(k.MCC), ShortDigits(k.MNC)
	if id, ok := k.ID.Get(); ok && id > max(k.RAT.MaxCellID(), maxCellID) {
		k.ID = cell.Opt[uint64]{}
	}
	return k
}

func cleanCell(k *cell.Cell) { *k = CleanCell(*k) }

func cleanCells(cs []cell.Cell) []cell.Cell {
	cs = slices.Clone(cs)
	for i := range cs {
		cs[i] = CleanCell(cs[i])
	}
	return cs
}

// ShortDigits is s if it is short enough for an MCC or MNC, else empty.
func ShortDigits(s string) string {
	if len(s) > 3 {
		return ""
	}
	return s
}

// Event is a copy of an event without identities. Its phrases stay, even if they say more than what is left: HidePhrases drops those.
func (c Cleaner) Event(e analyzer.Event) analyzer.Event {
	if c.Text == nil {
		return e
	}
	before := e.Summary
	e.Sensor, e.Summary = c.sensor(e.Sensor), c.Scrub(e.Summary)
	e.ID, e.State = c.id(e.ID), analyzer.State(c.Scrub(string(e.State)))
	e.InnocentCauses = Cleaner{Text: c.Text}.lines(e.InnocentCauses)
	e.Cells = cleanCells(e.Cells)
	e.Findings = slices.Clone(e.Findings)
	hidden := e.Summary != before
	for i := range e.Findings {
		f := &e.Findings[i]
		before := f.Summary
		f.Rule, f.Summary = c.Scrub(f.Rule), c.Scrub(f.Summary)
		hidden = hidden || f.Summary != before
		f.Evidence = slices.Clone(f.Evidence)
		for j := range f.Evidence {
			f.Evidence[j].Raw = c.lines(f.Evidence[j].Raw)
		}
	}
	if hidden {
		e.HidePhrases(nil)
	}
	return e
}

// Events are events without identities.
func (c Cleaner) Events(events []analyzer.Event) []analyzer.Event {
	if c.Text == nil {
		return events
	}
	out := make([]analyzer.Event, len(events))
	for i := range events {
		out[i] = c.Event(events[i])
	}
	return out
}

// id keeps an id as the analyzer makes it, 16 hexadecimal digits of a digest, and scrubs anything else.
func (c Cleaner) id(id string) string {
	if len(id) == 16 && strings.Trim(id, "0123456789abcdef") == "" {
		return id
	}
	return c.Scrub(id)
}

// entries are entries without identities.
func (c Cleaner) entries(entries []Entry) []Entry {
	for i := range entries {
		entries[i] = c.entry(entries[i])
	}
	return entries
}

func (c Cleaner) entry(e Entry) Entry {
	if e.Record != nil {
		e.Record = c.Record(e.Record)
	}
	if e.Event != nil {
		event := c.Event(*e.Event)
		e.Event = &event
	}
	return e
}
