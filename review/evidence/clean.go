package evidence

import (
	"math"
	"slices"
	"strings"

	"vigie/air"
	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Cleaner removes identities of subscribers and devices from what leaves a store. The collector removes them before anything is
// stored; a store may hold what came another way (an imported file), so everything that leaves passes here once more.
type Cleaner struct {
	scrub func(string) (string, int)
}

// Scrub is a text without identities.
func (c Cleaner) Scrub(s string) string {
	s, _ = c.scrub(s)
	return s
}

// SensorName is the name of a sensor as it is shown.
func (c Cleaner) SensorName(s string) string { return PlainTo(c.Scrub(s), 80) }

// ScrubText is Scrub for a text whose line ends are to stay.
func (c Cleaner) ScrubText(s string) string {
	_, whole := c.scrub(strings.ReplaceAll(s, "\n", " "))
	lines, found := strings.Split(s, "\n"), 0
	for i, l := range lines {
		text, n := c.scrub(l)
		lines[i], found = text, found+n
	}
	if whole > found { // one is cut over lines
		return c.Scrub(s)
	}
	return strings.Join(lines, "\n")
}

func (c Cleaner) lines(lines []string) []string {
	if lines == nil {
		return nil
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = c.Scrub(l)
	}
	return out
}

// whole is the cleaner of records and events: the one of the store, and the names of sensors too.
func (c Cleaner) whole() storage.Cleaner {
	return storage.Cleaner{Text: c.scrub, Payload: air.Scrubbed, Names: true}
}

// CleanEvent is a copy of an event without identities.
func (c Cleaner) CleanEvent(e analyzer.Event) analyzer.Event {
	e = c.texts(e)
	e.HidePhrases(nil) // drop those that say more than what is left
	return e
}

// texts is CleanEvent, but for phrases that say more than the sentences: SummaryIn does not use those.
func (c Cleaner) texts(e analyzer.Event) analyzer.Event { return c.whole().Event(e) }

func (c Cleaner) source(s *cell.Source) *cell.Source { return c.whole().Record(s).(*cell.Source) }

// CleanRecord is a copy of a record without identities.
func (c Cleaner) CleanRecord(r cell.Record) cell.Record {
	if o, ok := r.(*cell.Observation); ok {
		return c.observation(o)
	}
	return c.whole().Record(r)
}

// observation is a copy that shares nothing with r.
func (c Cleaner) observation(r *cell.Observation) *cell.Observation {
	o := *c.whole().Record(r).(*cell.Observation)
	if o.Serving != nil {
		k := *o.Serving
		o.Serving = &k
	}
	o.Raw, o.Neighbours, o.Secondary, o.Registration = slices.Clone(o.Raw), slices.Clone(o.Neighbours), slices.Clone(o.Secondary), slices.Clone(o.Registration)
	if p := o.Position; p != nil {
		q := *p
		q.Lat, q.Lon = degrees(q.Lat), degrees(q.Lon)
		q.Accuracy, q.Speed = tenths(q.Accuracy), tenths(q.Speed)
		o.Position = &q
	}
	return &o
}

// degrees rounds to about a centimetre: more digits are not a measurement, and could hide an identity.
func degrees(f float64) float64 { return math.Round(f*1e7) / 1e7 }

func tenths(o cell.Opt[float64]) cell.Opt[float64] {
	if f, ok := o.Get(); ok {
		return cell.Some(math.Round(f*10) / 10)
	}
	return o
}
