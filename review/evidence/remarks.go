package evidence

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"vigie/storage"
)

// Note is what somebody wrote about an event or a case.
type Note struct {
	ID     string
	Text   string
	Author string
	Time   time.Time
}

// Case is what is known of a case: events that somebody put together, with a name.
type Case struct {
	ID      string
	Name    string
	Who     string // who works on it; empty: nobody
	State   string // storage.CaseOpen, CaseWaiting, CaseClosed
	Tags    []string
	Notes   []Note // of the case as a whole, oldest first
	Made    time.Time
	Changed time.Time

	events map[string]bool // ids as stored
	stores map[int]bool    // that have remarks of it, by index
	texts  string          // what a search looks through, in lower case
}

// Events is how many events belong to the case, in any store.
func (c *Case) Events() int { return len(c.events) }

// CasesOf are those of some cases to which an event belongs.
func CasesOf(all []*Case, e *Entry) (list []*Case) {
	for _, c := range all {
		if c.Has(e) {
			list = append(list, c)
		}
	}
	return list
}

// Has reports whether an event belongs to the case.
func (c *Case) Has(e *Entry) bool { return !e.Elsewhere() && c.events[e.Key] }

// Says reports whether a text, in lower case, is in the name, the tags, the notes or the rest of what was written of the case.
func (c *Case) Says(text string) bool { return strings.Contains(c.texts, text) }

// remarks are those of all stores, united.
type remarks struct {
	mu    sync.Mutex
	marks []int64 // of the stores; nil: never read
	cases []*Case // the one that changed last first; never changed in place
	notes map[string][]Note
	texts map[string]string // of the events, for searching: notes, and the names and tags of cases
}

// refresh reads the remarks of the stores again if there are new ones.
func (l *Library) readRemarks(ctx context.Context) error {
	x := &l.remarks
	marks := make([]int64, len(l.stores))
	for i, s := range l.stores {
		var err error
		if marks[i], err = s.RemarkMark(ctx); err != nil {
			return err
		}
	}
	if x.marks != nil && slices.Equal(marks, x.marks) {
		return nil
	}
	var all []storage.Remark
	stores := map[string]map[int]bool{}
	for i, s := range l.stores {
		rs, err := s.Remarks(ctx)
		if err != nil {
			return err
		}
		for _, r := range rs {
			if all = append(all, l.whole().Remark(r)); stores[r.Case] == nil {
				stores[r.Case] = map[int]bool{}
			}
			stores[r.Case][i] = true
		}
	}
	slices.SortFunc(all, func(a, b storage.Remark) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	all = slices.CompactFunc(all, func(a, b storage.Remark) bool { return a.ID == b.ID })
	x.fold(all)
	for _, c := range x.cases {
		c.stores = stores[c.ID]
	}
	x.marks = marks
	return nil
}

// fold makes notes and cases of remarks in their order.
func (x *remarks) fold(all []storage.Remark) {
	x.notes, x.texts, x.cases = map[string][]Note{}, map[string]string{}, nil
	gone, byID := map[string]bool{}, map[string]*Case{}
	for i := range all {
		if all[i].Kind == storage.Withdraw {
			gone[all[i].Text] = true
		}
	}
	for i := range all {
		r := &all[i]
		note := Note{ID: r.ID, Text: PlainText(r.Text, storage.MostNote), Author: PlainTo(r.Author, 80), Time: r.Time}
		if r.Case == "" {
			if r.Kind == storage.Note && !gone[r.ID] {
				x.notes[r.Event] = append(x.notes[r.Event], note)
			}
			continue
		}
		c := byID[r.Case]
		if c == nil {
			c = &Case{ID: r.Case, State: storage.CaseOpen, Made: r.Time, events: map[string]bool{}}
			byID[r.Case] = c
			x.cases = append(x.cases, c)
		}
		c.Changed = r.Time
		if r.Kind == storage.Note {
			if !gone[r.ID] {
				c.Notes = append(c.Notes, note)
			}
			continue
		}
		c.apply(r)
	}
	x.index()
}

// apply applies a change of a case.
func (c *Case) apply(r *storage.Remark) {
	text := PlainTo(r.Text, storage.MostLabel)
	switch r.Kind {
	case storage.CaseName:
		c.Name = text
	case storage.CaseWho:
		c.Who = text
	case storage.CaseIs:
		c.State = text
	case storage.Tag:
		if !slices.Contains(c.Tags, text) {
			c.Tags = append(c.Tags, text)
		}
	case storage.Untag:
		c.Tags = slices.DeleteFunc(c.Tags, func(t string) bool { return t == text })
	case storage.Include:
		c.events[r.Event] = true
	case storage.Exclude:
		delete(c.events, r.Event)
	}
}

// index makes the texts that are searched.
func (x *remarks) index() {
	for event, notes := range x.notes {
		for _, n := range notes {
			x.texts[event] += strings.ToLower(n.Text+"\n"+n.Author) + "\n"
		}
	}
	for _, c := range x.cases {
		if c.Name == "" {
			c.Name = c.ID
		}
		slices.Sort(c.Tags)
		head := strings.ToLower(c.Name + "\n" + strings.Join(c.Tags, "\n") + "\n" + c.Who + "\n")
		c.texts = head
		for _, n := range c.Notes {
			c.texts += strings.ToLower(n.Text+"\n"+n.Author) + "\n"
		}
		for event := range c.events {
			x.texts[event] += head
		}
	}
	slices.SortFunc(x.cases, func(a, b *Case) int { return cmp.Or(b.Changed.Compare(a.Changed), cmp.Compare(a.ID, b.ID)) })
}

// Cases lists the cases of all stores, the one that changed last first. They must not be changed.
func (l *Library) Cases(ctx context.Context) ([]*Case, error) {
	l.remarks.mu.Lock()
	defer l.remarks.mu.Unlock()
	err := l.readRemarks(ctx)
	return l.remarks.cases, err
}

// Case returns a case. The error wraps storage.ErrNotFound if there is none with this id.
func (l *Library) Case(ctx context.Context, id string) (*Case, error) {
	all, err := l.Cases(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.ID == id {
			return c, nil
		}
	}
	return nil, storage.ErrNotFound
}

// StoresOf are the stores that have a case.
func (l *Library) StoresOf(c *Case) (list []*Store) {
	for i, s := range l.stores {
		if c.stores[i] {
			list = append(list, s)
		}
	}
	return list
}

// Notes are the notes on an event, oldest first.
func (l *Library) Notes(ctx context.Context, e *Entry) ([]Note, error) {
	if e.Elsewhere() {
		return nil, nil
	}
	l.remarks.mu.Lock()
	defer l.remarks.mu.Unlock()
	err := l.readRemarks(ctx)
	return l.remarks.notes[e.Key], err
}

// Wrote returns the test whether a text, in lower case, is in what people wrote next to an event: notes on it, and the names and tags of
// its cases.
func (l *Library) Wrote(ctx context.Context) (func(e *Entry, text string) bool, error) {
	l.remarks.mu.Lock()
	defer l.remarks.mu.Unlock()
	err := l.readRemarks(ctx)
	texts := l.remarks.texts
	return func(e *Entry, text string) bool { return !e.Elsewhere() && strings.Contains(texts[e.Key], text) }, err
}

// About is a verdict or a remark as it is handed on, word for word and without identities, with the sensor of its event.
type About struct {
	Sensor  string
	Verdict *storage.Verdict
	Remark  *storage.Remark
}

// Written are the verdicts and remarks that are handed on with a selection: of each event, and of the case that it is of as a whole.
func (x *Selection) Written(ctx context.Context) (verdicts, remarks []About, err error) {
	done := map[*Store]bool{}
	for i := range x.Events {
		s := x.Events[i].Entry.Store
		all, err := s.Verdicts(ctx, x.Events[i].Entry.Key)
		if err != nil {
			return nil, nil, err
		}
		for _, v := range all {
			v = s.clean.whole().Verdict(v)
			verdicts = append(verdicts, About{Sensor: x.Events[i].Stored.Sensor, Verdict: &v})
		}
		if done[s] {
			continue
		}
		done[s] = true
		some, err := x.remarksIn(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		remarks = append(remarks, some...)
	}
	return verdicts, compactRemarks(remarks), nil
}

// remarksIn are those of one store: on the selected events, and of the selected case.
func (x *Selection) remarksIn(ctx context.Context, s *Store) (list []About, err error) {
	sensors := map[string]string{}
	for i := range x.Events {
		if x.Events[i].Entry.Store == s {
			sensors[s.clean.whole().Event(x.Events[i].Stored).ID] = x.Events[i].Stored.Sensor
		}
	}
	all, err := s.Remarks(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		r = s.clean.whole().Remark(r)
		sensor, chosen := sensors[r.Event]
		if r.Case != "" && r.Case != x.Case || r.Event != "" && !chosen {
			continue
		}
		if r.Case == "" && r.Event == "" || r.Case != "" && x.Case == "" {
			continue
		}
		list = append(list, About{Sensor: sensor, Remark: &r})
	}
	return list, nil
}

// compactRemarks leaves out what several stores have.
func compactRemarks(list []About) []About {
	slices.SortFunc(list, func(a, b About) int {
		return cmp.Or(a.Remark.Time.Compare(b.Remark.Time), cmp.Compare(a.Remark.ID, b.Remark.ID))
	})
	return slices.CompactFunc(list, func(a, b About) bool { return a.Remark.ID == b.Remark.ID })
}

// AllWritten are the verdicts and remarks of all stores, as they are handed on.
func (l *Library) AllWritten(ctx context.Context) (verdicts, remarks []About, err error) {
	for _, s := range l.stores {
		sensors := map[string]string{}
		sensorOf := func(id string) (string, error) {
			if name, known := sensors[id]; known || id == "" {
				return name, nil
			}
			e, err := s.Event(ctx, id)
			if errors.Is(err, storage.ErrNotFound) {
				err = nil
			}
			sensors[id] = l.whole().Event(e).Sensor
			return sensors[id], err
		}
		vs, err := s.AllVerdicts(ctx)
		if err != nil {
			return nil, nil, err
		}
		rs, err := s.Remarks(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, v := range vs {
			sensor, err := sensorOf(v.Event)
			if err != nil {
				return nil, nil, err
			}
			v = l.whole().Verdict(v)
			verdicts = append(verdicts, About{Sensor: sensor, Verdict: &v})
		}
		for _, r := range rs {
			sensor, err := sensorOf(r.Event)
			if err != nil {
				return nil, nil, err
			}
			r = l.whole().Remark(r)
			remarks = append(remarks, About{Sensor: sensor, Remark: &r})
		}
	}
	return verdicts, compactRemarks(remarks), nil
}
