package pipeline

import (
	"slices"

	"vigie/analyzer"
)

// EventLog keeps the last form of each event.
type EventLog struct {
	byID map[string]int
	list []analyzer.Event
}

// Add keeps an event in place of an earlier form of it.
func (l *EventLog) Add(e analyzer.Event) {
	if l.byID == nil {
		l.byID = map[string]int{}
	}
	if i, ok := l.byID[e.ID]; ok {
		l.list[i] = e
		return
	}
	l.byID[e.ID] = len(l.list)
	l.list = append(l.list, e)
}

// Has reports whether an event of this id was added.
func (l *EventLog) Has(id string) bool { _, ok := l.byID[id]; return ok }

// Sorted returns the events in order of opening; those of one moment keep the order in which they came.
func (l *EventLog) Sorted() []analyzer.Event {
	sorted := slices.Clone(l.list)
	slices.SortStableFunc(sorted, func(a, b analyzer.Event) int { return a.Opened.Compare(b.Opened) })
	return sorted
}
