package analyzer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func seen(id, sensor string, at, lasted time.Duration, c cell.Cell, rules ...string) Sighting {
	e := Event{ID: id, Sensor: sensor, First: noon.Add(at), Last: noon.Add(at + lasted), Cells: []cell.Cell{c}}
	for _, r := range rules {
		e.Findings = append(e.Findings, Finding{Rule: r})
	}
	return SightingOf(&e)
}

func aCell(mnc string, area cell.Area, id uint64) cell.Cell {
	c := cell.Cell{RAT: cell.LTE, MCC: "206", MNC: mnc, Area: cell.Some(area)}
	if id > 0 {
		c.ID = cell.Some(id)
	}
	return c
}

func place(lat, lon float64) *cell.Position { return &cell.Position{Lat: lat, Lon: lon} }

func TestCorrelate(t *testing.T) {
	false2 := aCell("01", 39321, 2)
	for name, c := range map[string]struct {
		all    []Sighting
		where  []*cell.Position
		groups [][]int
	}{
		"one cell, three kits": {[]Sighting{seen("1", "a", 0, time.Minute, false2, "x"), seen("2", "b", 30*time.Second, time.Minute, false2, "y"), seen("3", "c", 2*time.Minute, 0, false2, "z")},
			nil, [][]int{{0, 1, 2}}},
		"however the MNC is printed": {[]Sighting{seen("1", "a", 0, time.Minute, false2), seen("2", "b", 0, 0, aCell("1", 7, 2))}, nil, [][]int{{0, 1}}},
		"one kit elsewhere at the same time": {[]Sighting{seen("1", "a", 0, time.Minute, false2, "x"), seen("2", "b", 0, time.Minute, false2, "x"), seen("3", "c", 0, time.Minute, aCell("01", 512, 9), "x")},
			nil, [][]int{{0, 1}}},
		"the same defaults in another town": {[]Sighting{seen("1", "a", 0, time.Minute, false2, "x"), seen("2", "b", 0, time.Minute, false2, "x")},
			[]*cell.Position{place(50.85, 4.35), place(48.85, 2.35)}, nil},
		"one sensor twice":              {[]Sighting{seen("1", "a", 0, time.Minute, false2), seen("2", "a", 0, time.Minute, false2)}, nil, nil},
		"one event in two copies":       {[]Sighting{seen("1", "a/old", 0, time.Minute, false2), seen("1", "a/new", 0, time.Minute, false2)}, nil, nil},
		"an hour later":                 {[]Sighting{seen("1", "a", 0, time.Minute, false2), seen("2", "b", time.Hour, 0, false2)}, nil, nil},
		"clocks two minutes apart":      {[]Sighting{seen("1", "a", 0, 0, false2), seen("2", "b", 2*time.Minute, 0, false2)}, nil, [][]int{{0, 1}}},
		"clocks more apart":             {[]Sighting{seen("1", "a", 0, 0, false2), seen("2", "b", 2*time.Minute+1, 0, false2)}, nil, nil},
		"a rule and an area":            {[]Sighting{seen("1", "a", 0, 0, aCell("01", 7, 0), "x"), seen("2", "b", 0, 0, aCell("01", 7, 0), "x")}, nil, [][]int{{0, 1}}},
		"an area, and different rules":  {[]Sighting{seen("1", "a", 0, 0, aCell("01", 7, 0), "x"), seen("2", "b", 0, 0, aCell("01", 7, 0), "y")}, nil, nil},
		"a rule, close by":              {[]Sighting{seen("1", "a", 0, 0, cell.Cell{}, "x"), seen("2", "b", 0, 0, cell.Cell{}, "x")}, []*cell.Position{place(50.85, 4.35), place(50.86, 4.36)}, [][]int{{0, 1}}},
		"a rule, a few kilometres away": {[]Sighting{seen("1", "a", 0, 0, cell.Cell{}, "x"), seen("2", "b", 0, 0, cell.Cell{}, "x")}, []*cell.Position{place(50.85, 4.35), place(50.88, 4.35)}, nil},
		"a rule, and no position":       {[]Sighting{seen("1", "a", 0, 0, cell.Cell{}, "x"), seen("2", "b", 0, 0, cell.Cell{}, "x")}, []*cell.Position{place(50.85, 4.35), nil}, nil},
		"no chain through a busy day": {[]Sighting{seen("1", "a", 0, time.Minute, false2), seen("2", "b", 2*time.Minute, 5*time.Minute, false2), seen("3", "a", 8*time.Minute, 5*time.Minute, false2), seen("4", "b", 14*time.Minute, time.Minute, false2)},
			nil, [][]int{{0, 1}, {2, 3}}},
		"nothing": {nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var position func(int) *cell.Position
			if c.where != nil {
				position = func(i int) *cell.Position { return c.where[i] }
			}
			require.Equal(t, c.groups, Correlate(c.all, position))
			slices.Reverse(c.all) // whatever the order in which they come
			require.Len(t, Correlate(c.all, func(i int) *cell.Position {
				if c.where == nil {
					return nil
				}
				return c.where[len(c.where)-1-i]
			}), len(c.groups))
		})
	}
}

// For any events: each is in one group at most, a group has two sensors or more, and all of it overlaps the first.
func TestCorrelateHoldsWhatItPromises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var all []Sighting
		for i := range rapid.IntRange(0, 40).Draw(rt, "n") {
			num := func(most int) int { return rapid.IntRange(0, most).Draw(rt, "v") }
			all = append(all, seen(fmt.Sprint(i), string(rune('a'+num(3))), time.Duration(num(900))*time.Second, time.Duration(num(300))*time.Second, aCell("01", cell.Area(num(3)), uint64(num(3))), fmt.Sprint(num(2))))
		}
		in := map[int]bool{}
		for _, g := range Correlate(all, nil) {
			sensors := map[string]bool{}
			for n, i := range g {
				require.False(rt, in[i])
				in[i] = true
				sensors[all[i].Sensor] = true
				require.False(rt, all[i].First.After(all[g[0]].Last.Add(clocksApart)))
				require.False(rt, n > 0 && all[i].First.Before(all[g[n-1]].First))
			}
			require.Greater(rt, len(sensors), 1)
		}
	})
}

// BenchmarkCorrelate groups 20,000 events of three sensors, of which every tenth is seen by all; hostile: all at the same time,
// with one rule and each with another cell.
func BenchmarkCorrelate(b *testing.B) {
	many, hostile := make([]Sighting, 20_000), make([]Sighting, 20_000)
	for i := range many {
		id := uint64(i)
		if i/3%10 == 0 {
			id = uint64(i / 3)
		}
		many[i] = seen(fmt.Sprint(i), string(rune('a'+i%3)), time.Duration(i/3)*time.Hour, time.Minute, aCell("01", cell.Area(i), 1000+id), "x", "y")
		hostile[i] = seen(fmt.Sprint(i), string(rune('a'+i%3)), 0, time.Hour, aCell("01", 7, 0), "x", fmt.Sprint(i))
		hostile[i].Cells[0].Area = cell.Some(cell.Area(i))
	}
	for name, all := range map[string][]Sighting{"ordinary": many, "hostile": hostile} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Correlate(all, func(i int) *cell.Position { return place(float64(i%170)-85, float64(i%360)-180) })
			}
		})
	}
}
