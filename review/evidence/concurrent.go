package evidence

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Groups are the events that several sensors saw at the same time (analyzer.Correlate says by what), by each of their members:
// the entries of its group, itself included, in the order of their beginning. Every event stays what it is, with its own verdict.
type Groups map[*Entry][]*Entry

// groupCache holds the groups of a list. They are worked out again when the list changes.
type groupCache struct {
	mu   sync.Mutex
	list []*Entry
	of   Groups
}

// Groups groups the given entries.
func (l *Library) Groups(ctx context.Context, all []*Entry) (Groups, error) {
	x := &l.groups
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.of != nil && slices.Equal(x.list, all) {
		return x.of, nil
	}
	ours := map[string]string{} // the sensors of our stores, by the name that they have on the shared server
	for _, e := range all {
		if !e.Elsewhere() {
			ours[e.Sensor] = e.sighting.Sensor
		}
	}
	sightings := make([]analyzer.Sighting, len(all))
	for i, e := range all {
		sightings[i] = e.sighting
		if e.Elsewhere() { // what our own sensor sent to the server is no second witness
			sightings[i].Sensor = cmp.Or(ours[e.Sensor], e.sighting.Sensor)
		}
		sightings[i].First, sightings[i].Last = e.First, e.Last
	}
	var failed error
	groups := analyzer.Correlate(sightings, func(i int) *cell.Position {
		p, err := all[i].position(ctx)
		failed = cmp.Or(failed, err)
		return p
	})
	if failed != nil {
		return nil, failed
	}
	x.list, x.of = slices.Clone(all), Groups{}
	for _, g := range groups {
		var members []*Entry
		for _, i := range g {
			members = append(members, all[i])
		}
		for _, e := range members {
			x.of[e] = members
		}
	}
	return x.of, nil
}

// Everywhere lists the entries of the stores and of the shared server, newest first. failed: the server gave no complete answer.
func (l *Library) Everywhere(ctx context.Context) (all []*Entry, failed bool, err error) {
	if all, err = l.Entries(ctx); err != nil {
		return nil, false, err
	}
	others, failed, err := l.Remote(ctx)
	if err != nil || len(others) == 0 {
		return all, failed, err
	}
	all = slices.Concat(all, others)
	slices.SortStableFunc(all, func(a, b *Entry) int { return b.Opened.Compare(a.Opened) })
	return all, failed, nil
}

// AllGroups are the groups of all entries, those of the shared server included.
func (l *Library) AllGroups(ctx context.Context) (Groups, error) {
	all, _, err := l.Everywhere(ctx)
	if err != nil {
		return nil, err
	}
	return l.Groups(ctx, all)
}

// Concurrent is an event that another sensor saw at the same time.
type Concurrent struct {
	*Entry
	Label string        // the sensor, with its store if the group has another sensor of that name
	Later time.Duration // that it began after the event it is listed for; negative: before
}

// Earlier is how long before the event it is listed for it began.
func (c Concurrent) Earlier() time.Duration { return -c.Later }

// maxConcurrent is how many concurrent events are listed for one; the nearest in time.
const maxConcurrent = 20

// Concurrent lists the other events of the group of e, in the order of their beginning; none if only one sensor saw it.
func (g Groups) Concurrent(e *Entry) (list []Concurrent) {
	group := g[e]
	several := map[string]bool{} // names of sensors in more than one store
	store := map[string]*Store{}
	for _, o := range group {
		if s, ok := store[o.Sensor]; ok && s != o.Store {
			several[o.Sensor] = true
		}
		store[o.Sensor] = o.Store
	}
	for _, o := range group {
		if o == e {
			continue
		}
		c := Concurrent{o, o.Sensor, o.First.Sub(e.First)}
		if several[o.Sensor] {
			c.Label = fmt.Sprintf("%s (%s)", o.Sensor, o.StoreName())
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b Concurrent) int { return cmp.Compare(a.Later.Abs(), b.Later.Abs()) })
	list = list[:min(len(list), maxConcurrent)]
	slices.SortStableFunc(list, func(a, b Concurrent) int { return cmp.Compare(a.Later, b.Later) })
	return list
}

// Concurrent lists the events that other sensors saw at the time of e.
func (l *Library) Concurrent(ctx context.Context, e *Entry) ([]Concurrent, error) {
	all, _, err := l.Everywhere(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := l.Groups(ctx, all)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(o *Entry) bool { return o.ID == e.ID && o.Store == e.Store })
	if i < 0 { // older than the index reaches
		return nil, nil
	}
	return groups.Concurrent(all[i]), nil
}
