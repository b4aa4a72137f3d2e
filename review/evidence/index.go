package evidence

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/words"
)

// Entry is the summary of an event in the list of all; its findings and their evidence stay in the store. An entry is never
// changed: when something about its event changes, another takes its place.
type Entry struct {
	Store    *Store // nil: the event is on the shared server alone
	ID       string // safe to show, like all texts here
	Sensor   string
	Severity analyzer.Severity
	State    analyzer.State
	First    time.Time // corrected, like Opened and Last
	Opened   time.Time
	Last     time.Time
	Shift    time.Duration // what was added to the recorded times; 0: the clock was right
	Score    float64
	Summary  string // English; see SummaryIn
	Headline Headline
	Rules    []string
	Cells    []string         // one line each
	Places   []string         // networks and area codes: "272-03", "272-03-4660"
	Verdict  *storage.Verdict // that counts now; nil: none
	Key      string           // the ID as stored; not safe to show

	name       string       // the ID as it can be shown; ID is another if several events have this name
	translated *translation // of Summary, made when it is first asked for
	remote     *remoteEvent // of an event that is elsewhere
	sensor     string       // as stored
	was        [3]time.Time // First, Opened and Last as recorded
	sighting   analyzer.Sighting
}

// Elsewhere reports whether the event is in no store of the library.
func (e *Entry) Elsewhere() bool { return e.Store == nil }

// StoreName is the name of the store; empty if the event is elsewhere.
func (e *Entry) StoreName() string {
	if e.Elsewhere() {
		return ""
	}
	return e.Store.Name
}

// endsAfter is how long after its last record a sensor is taken to be watching still: an event ends after ten minutes without evidence.
const endsAfter = 12 * time.Minute

// GoesOn reports whether the event goes on: it was not closed, and what recorded it still records. An event of a recording that ended before
// it was closed does not go on.
func (e *Entry) GoesOn(ctx context.Context) (bool, error) {
	if e.State != analyzer.Open {
		return false, nil
	}
	if e.Elsewhere() {
		return e.remote.asked.Sub(e.Last) < time.Hour+endsAfter, nil
	}
	_, last, err := e.Store.Span(ctx, e.sensor)
	return err == nil && e.Store.o.Now().Sub(last) < endsAfter, err
}

// Was is the first sign as recorded.
func (e *Entry) Was() time.Time { return e.was[0] }

// correct sets the corrected times.
func (e *Entry) correct(cs storage.Corrections) {
	is, by := cs.Event(analyzer.Event{Sensor: e.sensor, First: e.was[0], Opened: e.was[1], Last: e.was[2]})
	e.First, e.Opened, e.Last, e.Shift = is.First, is.Opened, is.Last, by
}

// newestFirst orders entries.
func newestFirst(a, b *Entry) int {
	return cmp.Or(b.Opened.Compare(a.Opened), cmp.Compare(a.ID, b.ID))
}

// maxEntries is how many entries are kept unless Options.Most says otherwise.
const maxEntries = 20000

// index is the list of entries. It is brought up to date by reading what changed since the last time.
type index struct {
	mu      sync.Mutex
	stores  []indexed         // in the order of the stores
	list    []*Entry          // newest first; replaced, never changed, so that a reader may keep it
	byID    map[string]*Entry // nil for a name that several events have
	dropped bool              // there are older events than those of the list
}

// indexed is what the index has of one store.
type indexed struct {
	seq    int64               // of the last event that was read
	mark   int64               // of the verdicts that were read
	clocks storage.Corrections // that the entries are corrected by
	byKey  map[string]*Entry
	cut    bool // older ones were left out
}

// Entries lists the newest events of all stores, newest first. The list must not be changed.
func (l *Library) Entries(ctx context.Context) ([]*Entry, error) {
	x := &l.index
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stores == nil {
		x.stores = make([]indexed, len(l.stores))
		for i := range x.stores {
			x.stores[i] = indexed{mark: -1, byKey: map[string]*Entry{}}
		}
	}
	changed := false
	for i, s := range l.stores {
		c, err := s.refresh(ctx, &x.stores[i], cmp.Or(l.o.Most, maxEntries))
		if err != nil {
			return nil, err
		}
		changed = changed || c
	}
	if changed || x.list == nil {
		x.rebuild(cmp.Or(l.o.Most, maxEntries))
	}
	return x.list, nil
}

// rebuild makes the list of the newest entries of all stores.
func (x *index) rebuild(most int) {
	x.list, x.byID = []*Entry{}, map[string]*Entry{}
	named, here := map[string]int{}, map[string]int{}
	for i := range x.stores {
		for _, e := range x.stores[i].byKey {
			named[e.name]++
			here[numbered(e.name, i)]++
		}
		x.dropped = x.dropped || x.stores[i].cut
	}
	for name, n := range named {
		if n > 1 {
			x.byID[name] = nil
		}
	}
	for i := range x.stores {
		for key, e := range x.stores[i].byKey {
			id := e.name
			if named[id] > 1 || strings.Contains(id, "~") {
				id = numbered(id, i)
			}
			if here[numbered(e.name, i)] > 1 {
				id = fmt.Sprintf("%s~%x", numbered(e.name, i), sha256.Sum256([]byte(key)))
			}
			if e.ID != id {
				copied := *e
				copied.ID, e = id, &copied
				x.stores[i].byKey[key] = e
			}
			x.list, x.byID[id] = append(x.list, e), e
		}
	}
	slices.SortFunc(x.list, newestFirst)
	if len(x.list) > most {
		for _, e := range x.list[most:] {
			delete(x.stores[e.Store.index].byKey, e.Key)
			delete(x.byID, e.ID)
		}
		x.list, x.dropped = x.list[:most:most], true
	}
}

// numbered is the id of an event whose name events of other stores have too: with the number of its store, from 1. The name alone
// is then nobody's, so that what was meant for one event never reaches another.
func numbered(name string, store int) string { return fmt.Sprintf("%s~%d", name, store+1) }

// unnumbered is the inverse; store is -1 for an id without a number.
func unnumbered(id string) (name string, store int) {
	if at := strings.LastIndexByte(id, '~'); at > 0 {
		if n, err := strconv.Atoi(id[at+1:]); err == nil && n > 0 {
			return id[:at], n - 1
		}
	}
	return id, -1
}

// newest keeps the newest entries of one store, so that the list is bounded while it is read.
func (x *indexed) newest(most int) {
	if len(x.byKey)/2 < most {
		return
	}
	list := slices.SortedFunc(maps.Values(x.byKey), newestFirst)
	for _, e := range list[most:] {
		delete(x.byKey, e.Key)
	}
	x.cut = true
}

// Dropped reports whether there are older events than those that Entries last returned.
func (l *Library) Dropped() bool {
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	return l.index.dropped
}

// State is a text that changes whenever the list of entries does.
func (l *Library) State(ctx context.Context) (string, error) {
	list, err := l.Entries(ctx)
	if err != nil {
		return "", err
	}
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	s := ""
	for i := range l.index.stores {
		s += fmt.Sprintf("%d.%d ", l.index.stores[i].seq, l.index.stores[i].mark)
	}
	return s + fmt.Sprint(len(list)), nil
}

// refresh reads what changed in a store: corrections, events, verdicts.
func (s *Store) refresh(ctx context.Context, x *indexed, most int) (changed bool, err error) {
	cs, err := s.Corrections(ctx)
	if err != nil {
		return false, err
	}
	if !maps.EqualFunc(cs, x.clocks, slices.Equal) {
		x.clocks, changed = cs, true
		x.replace(func(e *Entry) { e.correct(cs) })
	}
	for {
		const page = 500
		entries, err := s.EventsSince(ctx, x.seq, page)
		if err != nil {
			return false, err
		}
		for _, from := range entries {
			e := s.clean.entry(s, from.Event)
			e.correct(cs)
			if old := x.byKey[e.Key]; old != nil {
				e.Verdict = old.Verdict
			}
			x.byKey[e.Key] = e
			x.seq, changed = from.Seq, true
		}
		x.newest(most)
		if len(entries) == 0 {
			break
		}
	}
	mark, err := s.VerdictMark(ctx)
	if err != nil || mark == x.mark && !changed {
		return changed, err
	}
	verdicts, err := s.CurrentVerdicts(ctx)
	if err != nil {
		return false, err
	}
	x.replace(func(e *Entry) {
		e.Verdict = nil
		if v, ok := verdicts[e.Key]; ok {
			e.Verdict = s.clean.shortVerdict(v)
		}
	})
	x.mark = mark
	return true, nil
}

// replace puts a changed copy in the place of each entry: others may be reading the old one.
func (x *indexed) replace(change func(*Entry)) {
	for key, e := range x.byKey {
		copied := *e
		change(&copied)
		x.byKey[key] = &copied
	}
}

// shortVerdict is a verdict for the list, without identities.
func (c Cleaner) shortVerdict(v storage.Verdict) *storage.Verdict {
	v.Author, v.Reason = c.Scrub(v.Author), c.Scrub(v.Reason)
	return &v
}

// SummaryIn is the summary in a language; ok is false where there is none in it. It is the English summary then.
func (e *Entry) SummaryIn(lang string) (text string, ok bool) {
	if text, ok := e.translated.in(lang); ok {
		return text, true
	}
	return e.Summary, lang == "en"
}

// translation makes the summary of an event in other languages than English, once: most entries are never shown.
type translation struct {
	once  sync.Once
	event analyzer.Event // of which only the summary and its phrases are kept; without identities
	text  map[string]string
}

func (t *translation) in(lang string) (text string, ok bool) {
	t.once.Do(func() {
		t.text = map[string]string{}
		for _, lang := range words.Languages {
			if text, ok := t.event.SummaryIn(lang); ok && lang != "en" {
				t.text[lang] = PlainTo(text, Longest)
			}
		}
		t.event = analyzer.Event{}
	})
	text, ok = t.text[lang]
	return text, ok
}

// maxEntryCells is how many cells of an event its entry names.
const maxEntryCells = 16

// entry is the summary of an event of a store, or of the shared server for nil, at the recorded times.
func (c Cleaner) entry(s *Store, stored *analyzer.Event) *Entry {
	ev := c.texts(*stored)
	name := PlainTo(ev.ID, 64)
	e := &Entry{Store: s, ID: name, name: name, Key: stored.ID, sensor: stored.Sensor, Sensor: PlainTo(ev.Sensor, 80), Severity: ev.Severity,
		State: analyzer.State(PlainTo(string(ev.State), 20)), First: ev.First, Opened: ev.Opened, Last: ev.Last, Score: ev.Score, Summary: PlainTo(ev.Summary, Longest-40),
		Headline: HeadlineOf(&ev), was: [3]time.Time{ev.First, ev.Opened, ev.Last}, sighting: analyzer.SightingOf(&ev)}
	e.translated = &translation{event: analyzer.Event{Summary: ev.Summary, Phrases: ev.Phrases}}
	n := -1
	if s != nil {
		n = s.index
	}
	e.sighting.Sensor = fmt.Sprint(n, " ", ev.Sensor) // sensors of one name in two stores are two
	for i := range ev.Findings {
		if r := PlainTo(ev.Findings[i].Rule, 80); !slices.Contains(e.Rules, r) {
			e.Rules = append(e.Rules, r)
		}
	}
	for i := range ev.Cells[:min(len(ev.Cells), maxEntryCells)] {
		e.Cells = append(e.Cells, cell.Describe(&ev.Cells[i]))
		e.Places = append(e.Places, placesOf(&ev.Cells[i])...)
	}
	return e
}

// placesOf are the network of a cell, and its area code in it.
func placesOf(c *cell.Cell) []string {
	p := c.PLMN()
	if !p.Known() {
		return nil
	}
	ps := []string{p.String()}
	if a, ok := c.Area.Get(); ok {
		ps = append(ps, fmt.Sprintf("%s-%d", p, a))
	}
	return ps
}

// Find returns the entry of the event with this id. The error wraps storage.ErrNotFound if no store has it, and also if several have
// events of this id: Entries lists those with ids of their own.
func (l *Library) Find(ctx context.Context, id string) (*Entry, error) {
	if _, err := l.Entries(ctx); err != nil {
		return nil, err
	}
	name, only := unnumbered(id)
	l.index.mu.Lock()
	e, shared := l.index.byID[id]
	if e == nil && only >= 0 && only < len(l.stores) {
		e = l.index.stores[only].byKey[name]
	}
	l.index.mu.Unlock()
	switch {
	case e != nil:
		return e, nil
	case shared:
		return nil, fmt.Errorf("event %q: %w: several events have this id; name one with the number of its store, as in %s", PlainTo(id, 64), storage.ErrNotFound, numbered(PlainTo(id, 64), 0))
	case only < 0:
		name = id
	}
	var found []*Entry
	var failed error
	for i, s := range l.stores { // it may be older than the index reaches
		if only >= 0 && i != only {
			continue
		}
		stored, err := s.Event(ctx, name)
		if err != nil {
			if !errors.Is(err, storage.ErrNotFound) {
				failed = err
			}
			continue
		}
		e := l.entry(s, &stored)
		if only >= 0 {
			e.ID = numbered(e.name, i)
		}
		if cs, err := s.Corrections(ctx); err == nil {
			e.correct(cs)
		}
		if v, ok, err := s.VerdictOf(ctx, name); err == nil && ok {
			e.Verdict = s.clean.shortVerdict(v)
		}
		found = append(found, e)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		failed = fmt.Errorf("%w: several events have this id; name one with the number of its store, as in %s", storage.ErrNotFound, numbered(PlainTo(id, 64), 0))
	}
	return nil, fmt.Errorf("event %q: %w", PlainTo(id, 64), cmp.Or(failed, storage.ErrNotFound))
}

// entryOf is the entry of an event of a store, at the recorded times if it is older than the list reaches.
func (l *Library) entryOf(ctx context.Context, s *Store, stored *analyzer.Event) (*Entry, error) {
	if _, err := l.Entries(ctx); err != nil {
		return nil, err
	}
	l.index.mu.Lock()
	e := l.index.stores[s.index].byKey[stored.ID]
	l.index.mu.Unlock()
	if e == nil {
		e = l.entry(s, stored)
		e.ID = numbered(e.name, s.index)
	}
	return e, nil
}

// Named lists the entries of the stores whose id begins with a text; the event with exactly this id alone if there is one.
func (l *Library) Named(ctx context.Context, text string) (list []*Entry, err error) {
	if e, err := l.Find(ctx, text); err == nil || !errors.Is(err, storage.ErrNotFound) {
		return []*Entry{e}, err
	}
	all, err := l.Entries(ctx)
	if err != nil || text == "" {
		return nil, err
	}
	for _, e := range all {
		if strings.HasPrefix(e.ID, text) {
			list = append(list, e)
		}
	}
	return list, nil
}
