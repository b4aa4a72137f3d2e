package review

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// What several sensors flagged at the same time stands together: one row of the inbox, which unfolds, and beside each other on
// the page of an event. It is worked out when it is shown (analyzer.Together says by what); every event stays what it is, with
// its own verdict.

// together is the last grouping. It is made again when an event came or changed.
type together struct {
	mu   sync.Mutex
	list []*entry
	of   map[*entry][]*entry
}

// together gives for each event that others have seen too the events of its group, itself among them, in order of beginning.
func (d *Desk) together(ctx context.Context, all []*entry) (map[*entry][]*entry, error) {
	x := &d.groups
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
		if e.Elsewhere() { // what our own sensor sent there is no second witness
			sightings[i].Sensor = cmp.Or(ours[e.Sensor], e.sighting.Sensor)
		}
		sightings[i].First, sightings[i].Last = e.First, e.Last // where a clock was set later, those that really were
	}
	var failed error
	groups := analyzer.Together(sightings, func(i int) *cell.Position {
		p, err := d.position(ctx, all[i])
		failed = cmp.Or(failed, err)
		return p
	})
	if failed != nil {
		return nil, failed
	}
	x.list, x.of = slices.Clone(all), map[*entry][]*entry{}
	for _, g := range groups {
		var members []*entry
		for _, i := range g {
			members = append(members, all[i])
		}
		for _, e := range members {
			x.of[e] = members
		}
	}
	return x.of, nil
}

// everywhere lists the events of the stores and of the shared server, newest first.
func (d *Desk) everywhere(ctx context.Context) (all []*entry, failed bool, err error) {
	if all, err = d.entries(ctx); err != nil {
		return nil, false, err
	}
	others, failed, err := d.remote(ctx)
	if err != nil || len(others) == 0 {
		return all, failed, err
	}
	all = slices.Concat(all, others)
	slices.SortStableFunc(all, func(a, b *entry) int { return b.Opened.Compare(a.Opened) })
	return all, failed, nil
}

// beside lists the other events of the group of an event.
func (d *Desk) beside(ctx context.Context, e *entry) ([]also, error) {
	all, _, err := d.everywhere(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := d.together(ctx, all)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(o *entry) bool { return o.ID == e.ID && o.Store == e.Store })
	if i < 0 { // older than the index reaches
		return nil, nil
	}
	return d.others(all[i], groups[all[i]]), nil
}

// also is an event that stands beside another.
type also struct {
	*entry
	Who   string        // the sensor, and its store where another sensor of that name is in the group
	Later time.Duration // that it began after the one beside which it stands
}

const several = -2 // stores; see nowhere

// mostBeside is how many are shown beside one; the nearest in time.
const mostBeside = 20

func (d *Desk) others(e *entry, group []*entry) (list []also) {
	in := map[string]int{} // by sensor: its store, or several
	for _, o := range group {
		if n, ok := in[o.Sensor]; ok && n != o.Store {
			in[o.Sensor] = several
			continue
		}
		in[o.Sensor] = o.Store
	}
	for _, o := range group {
		if o == e {
			continue
		}
		a := also{o, o.Sensor, o.First.Sub(e.First)}
		if in[o.Sensor] == several {
			a.Who = fmt.Sprintf("%s (%s)", o.Sensor, d.storeName(o))
		}
		list = append(list, a)
	}
	slices.SortStableFunc(list, func(a, b also) int { return cmp.Compare(a.Later.Abs(), b.Later.Abs()) })
	list = list[:min(len(list), mostBeside)]
	slices.SortStableFunc(list, func(a, b also) int { return cmp.Compare(a.Later, b.Later) })
	return list
}

// storeName is the name of the store of an event, "" where it is in none here.
func (d *Desk) storeName(e *entry) string {
	if e.Elsewhere() {
		return ""
	}
	return d.o.Stores[e.Store].Name
}

// row is a row of the inbox: an event, and those that stand beside it.
type row struct {
	*entry
	Also []also
}

// By names the sensors of the others.
func (r row) By() string {
	var names []string
	for _, a := range r.Also {
		if !slices.Contains(names, a.Who) && a.Who != r.Sensor {
			names = append(names, a.Who)
		}
	}
	const most = 4
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("+%d", more))
	}
	return strings.Join(names, ", ")
}

// fold makes rows of events that a filter found, newest first: of those of one group the gravest has the row, and the first of
// several as grave.
func fold(found []*entry, groups map[*entry][]*entry) []row {
	head := map[*entry]*entry{} // by the first of a group
	for _, e := range found {
		if group := groups[e]; len(group) > 0 {
			o := head[group[0]]
			if o == nil || cmp.Or(cmp.Compare(e.Severity, o.Severity), o.First.Compare(e.First), cmp.Compare(o.ID, e.ID)) > 0 {
				head[group[0]] = e
			}
		}
	}
	rows := make([]row, 0, len(found))
	for _, e := range found {
		if group := groups[e]; len(group) == 0 || head[group[0]] == e {
			rows = append(rows, row{entry: e})
		}
	}
	return rows
}

// alsoJSON is an event beside another, as the API writes it.
type alsoJSON struct {
	Event    string            `json:"event"`
	Sensor   string            `json:"sensor"`
	Store    string            `json:"store,omitempty"` // absent: on the shared server alone
	Severity analyzer.Severity `json:"severity"`
	First    time.Time         `json:"first"`
	Last     time.Time         `json:"last"`
}

func (d *Desk) alsoOf(e *entry, groups map[*entry][]*entry) (list []alsoJSON) {
	for _, a := range d.others(e, groups[e]) {
		list = append(list, alsoJSON{a.ID, a.Sensor, d.storeName(a.entry), a.Severity, a.First, a.Last})
	}
	return list
}

// groupsNow are the groups of all events.
func (d *Desk) groupsNow(ctx context.Context) (map[*entry][]*entry, error) {
	all, _, err := d.everywhere(ctx)
	if err != nil {
		return nil, err
	}
	return d.together(ctx, all)
}

// Before is how long before the one beside which it stands it began.
func (a also) Before() time.Duration { return -a.Later }
