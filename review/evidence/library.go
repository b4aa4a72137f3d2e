package evidence

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Options of New.
type Options struct {
	Stores []Named         // may be empty if Elsewhere is set
	Rules  []analyzer.Rule // today's, in the order of the pages
	// Scrub replaces in a text what looks like the identity of a subscriber or device, and counts the replacements. Required.
	Scrub func(string) (string, int)
	// Now is the time. Required.
	Now  func() time.Time
	Most int          // entries that are kept of the stores, and of the shared server, the newest; 0: 20,000 and 5,000
	Log  *slog.Logger // nil: slog.Default

	// Rerun returns what today's rules find in the records of a sensor in a period, at the recorded times; nil: not available.
	Rerun func(ctx context.Context, s *storage.Store, sensor string, from, to time.Time) ([]analyzer.Event, error)
	// Asked returns the command that a line of a modem answers, and why it is sent; "" for an unsolicited line, or where it
	// is not known. nil: never known.
	Asked func(source *cell.Source, line string) (command, why string)
	// May returns the test of what may be handed on of a store: without the given time at both ends of each walk and, unless
	// homes is set, without home zones. nil: everything may.
	May func(ctx context.Context, s *storage.Store, ends time.Duration, homes bool) (May, error)
	// Learned returns what the analyzer has learned of the places of a sensor; nil: nothing is known.
	Learned func(ctx context.Context, s *storage.Store, sensor string) (analyzer.Places, error)
	// Elsewhere lists, in any order, the events that sensors wrote to a shared server; nil: there is no server.
	Elsewhere func(ctx context.Context) Events
	// Clocks returns the clock corrections of those sensors; nil: not known.
	Clocks func(ctx context.Context, sensors []string) (storage.Corrections, error)
}

// Named is a store under a name for people.
type Named struct {
	Name  string
	Store *storage.Store
}

// Events is a list of events that may end with an error.
type Events = iter.Seq2[analyzer.Event, error]

// Library is one or several stores and, if there is one, a shared server. It is safe for use by many goroutines.
type Library struct {
	Cleaner
	o      Options
	rules  map[string]analyzer.Rule
	stores []*Store
	index  index
	remote remote
	groups groupCache

	remarks remarks

	closed chan struct{}
	once   sync.Once
}

// Store is one store of a library, and a cache of what was read from it. It is safe for use by many goroutines.
type Store struct {
	*storage.Store
	Name     string
	o        *Options
	clean    Cleaner
	index    int // among the stores of the library
	clocks   clockCache
	heard    cache[dayKey, heardDay]
	spans    cache[dayKey, stretchOfTime] // see heardSpan
	fields   cache[dayKey, fieldDay]
	learned  learnedCache
	position cache[string, *cell.Position] // of events, by their key; nil: none was recorded
}

// New returns a library over the stores of the options. It does not read from them yet.
func New(o Options) (*Library, error) {
	switch {
	case len(o.Stores) == 0 && o.Elsewhere == nil:
		return nil, errors.New("no store is given")
	case o.Scrub == nil:
		return nil, errors.New("no function that removes identities is given")
	case o.Now == nil:
		return nil, errors.New("no clock is given")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	l := &Library{Cleaner: Cleaner{o.Scrub}, o: o, rules: map[string]analyzer.Rule{}, closed: make(chan struct{})}
	for _, r := range o.Rules {
		l.rules[r.ID] = r
	}
	for i, s := range o.Stores {
		l.stores = append(l.stores, &Store{Store: s.Store, Name: s.Name, o: &l.o, clean: l.Cleaner, index: i})
	}
	return l, nil
}

// Stores are the stores, in the order of the options.
func (l *Library) Stores() []*Store { return l.stores }

// Rule is today's rule of an id.
func (l *Library) Rule(id string) (analyzer.Rule, bool) {
	r, ok := l.rules[id]
	return r, ok
}

// Close ends a question to the shared server that is still open. The stores stay open.
func (l *Library) Close() { l.once.Do(func() { close(l.closed) }) }
