package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vigie/analyzer/locate"
	"vigie/cell"
)

// pause parts one drive of a sensor from the next.
const pause = 30 * time.Minute

// drive is what one sensor recorded without a pause.
type drive struct {
	name    string
	records []*cell.Observation
}

// compareDrives prints, for each set of traces, how the places of a cell from two separate drives agree.
func compareDrives(w io.Writer, dir string) error {
	sets, err := filepath.Glob(filepath.Join(dir, "*", "*.ndjson.gz"))
	if err != nil || len(sets) == 0 {
		return errors.Join(err, fmt.Errorf("no traces in %s", dir))
	}
	bySet := map[string][]string{}
	for _, name := range sets {
		set := filepath.Base(filepath.Dir(name))
		bySet[set] = append(bySet[set], name)
	}
	fmt.Fprintln(w, "| set | cells | pairs that hold | 90 % region, median | searched, least | best points apart, median | 90 % | weighted centroids apart, median | directional, moving, no place |")
	fmt.Fprintln(w, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	var all agreement
	for _, set := range slices.Sorted(maps.Keys(bySet)) {
		drives, changes, err := readSet(bySet[set])
		if err != nil {
			return err
		}
		a := compareSet(drives)
		if a.pairs == 0 {
			continue
		}
		name := set
		if changes {
			name += " (a row a change: not counted)"
		} else {
			all.add(a)
		}
		a.print(w, name)
	}
	all.print(w, "all that count")
	return nil
}

// readSet reads the traces of a set, drive by drive. changes reports that its rows are changes of cell alone.
func readSet(names []string) (drives []drive, changes bool, err error) {
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, false, err
		}
		r := cell.NewReader(f, name)
		var last time.Time
		for {
			rec, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, false, err
			}
			switch rec := rec.(type) {
			case *cell.Source:
				changes = changes || strings.HasSuffix(rec.Set, "_changes")
			case *cell.Observation:
				if len(drives) == 0 || drives[len(drives)-1].name != name || rec.Time.Sub(last) > pause {
					drives = append(drives, drive{name: name})
				}
				last = rec.Time
				d := &drives[len(drives)-1]
				d.records = append(d.records, rec)
			}
		}
		f.Close()
	}
	return drives, changes, nil
}

// agreement is how the places of a set agree.
type agreement struct {
	cells, pairs, holds         int
	directional, moving, none   int
	area, window, apart, centre []float64
}

func (a *agreement) add(b agreement) {
	a.cells, a.pairs, a.holds = a.cells+b.cells, a.pairs+b.pairs, a.holds+b.holds
	a.directional, a.moving, a.none = a.directional+b.directional, a.moving+b.moving, a.none+b.none
	a.area, a.window = append(a.area, b.area...), append(a.window, b.window...)
	a.apart, a.centre = append(a.apart, b.apart...), append(a.centre, b.centre...)
}

func (a *agreement) print(w io.Writer, name string) {
	if a.pairs == 0 {
		fmt.Fprintf(w, "| %s | 0 | | | | | | | |\n", name)
		return
	}
	fmt.Fprintf(w, "| %s | %d | %d of %d (%s) | %.1f km² | %.0f km² | %.0f m | %.0f m | %.0f m | %d, %d, %d |\n", name, a.cells, a.holds, a.pairs, percent(a.holds, a.pairs),
		quantile(a.area, 0.5), slices.Min(a.window), quantile(a.apart, 0.5), quantile(a.apart, 0.9), quantile(a.centre, 0.5), a.directional, a.moving, a.none)
}

// identity is what makes two rows one cell.
type identity struct {
	rat  cell.RAT
	plmn cell.PLMN
	area cell.Area
	id   uint64
}

func of(c *cell.Cell) (identity, bool) {
	id, ok := c.ID.Get()
	return identity{c.RAT, c.PLMN().Canonical(), c.Area.Or(0), id}, ok
}

// placed is a cell placed from one drive.
type placed struct {
	result   locate.Result
	centroid locate.LatLon
}

// compareSet places each cell that several drives heard, and compares the two drives that heard it most and in which a place is named.
func compareSet(drives []drive) (a agreement) {
	heard := map[identity][]sighting{}
	example := map[identity]cell.Cell{}
	for i := range drives {
		for id, rows := range drives[i].cells(example) {
			heard[id] = append(heard[id], sighting{i, rows})
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(heard), compareIdentities) {
		slices.SortStableFunc(heard[id], func(x, y sighting) int { return cmp.Compare(y.rows, x.rows) })
		var places []placed
		if len(heard[id]) < 2 {
			continue
		}
		for _, s := range heard[id] {
			p := drives[s.drive].place(example[id])
			if p.result.NoPlace != "" {
				a.none++
				continue
			}
			if places = append(places, p); len(places) == 2 {
				break
			}
		}
		if len(places) < 2 {
			continue
		}
		a.cells++
		a.pair(&places[0], &places[1])
		a.pair(&places[1], &places[0])
	}
	return a
}

// sighting is a drive that heard a cell.
type sighting struct{ drive, rows int }

// pair judges the place of one drive by another.
func (a *agreement) pair(one, other *placed) {
	a.pairs++
	count(&a.holds, other.result.Share(&one.result.Regions[1]) >= 0.5)
	count(&a.directional, one.result.Widened == locate.Directional)
	count(&a.moving, one.result.Widened == locate.Moving)
	a.area, a.window = append(a.area, one.result.Regions[1].Area), append(a.window, one.result.Window)
	a.apart = append(a.apart, distance(one.result.Best, other.result.Best))
	a.centre = append(a.centre, distance(one.centroid, other.centroid))
}

func distance(a, b locate.LatLon) float64 {
	north := (a.Lat - b.Lat) * 111195
	east := (a.Lon - b.Lon) * 111195 * math.Cos(a.Lat*math.Pi/180)
	return math.Hypot(north, east)
}

func compareIdentities(a, b identity) int {
	return cmp.Or(cmp.Compare(a.rat, b.rat), strings.Compare(a.plmn.String(), b.plmn.String()), cmp.Compare(a.area, b.area), cmp.Compare(a.id, b.id))
}

// cells are those of which a drive heard five rows or more with a position, with how many. example gets one of each.
func (d *drive) cells(example map[identity]cell.Cell) map[identity]int {
	n := map[identity]int{}
	for _, o := range d.records {
		if o.Position == nil {
			continue
		}
		rows := o.Neighbours
		if o.Serving != nil {
			rows = append(slices.Clone(rows), *o.Serving)
		}
		for i := range rows {
			if id, ok := of(&rows[i]); ok {
				n[id]++
				example[id] = cell.Cell{RAT: rows[i].RAT, MCC: rows[i].MCC, MNC: rows[i].MNC, Area: rows[i].Area, ID: rows[i].ID}
			}
		}
	}
	maps.DeleteFunc(n, func(_ identity, rows int) bool { return rows < locate.Fewest })
	return n
}

// place locates a cell from a drive.
func (d *drive) place(c cell.Cell) (p placed) {
	collect := locate.NewCollector(c)
	for _, o := range d.records {
		collect.Add(o)
	}
	samples := collect.Samples()
	p.result = locate.Locate(samples, c.RAT)
	var sum float64
	for _, s := range samples {
		level, ok := s.Level.Get()
		if !ok {
			continue
		}
		weight := 1 / float64(level*level) // as Ichnaea weighs observations
		p.centroid.Lat, p.centroid.Lon = p.centroid.Lat+weight*s.Lat, p.centroid.Lon+weight*s.Lon
		sum += weight
	}
	p.centroid = locate.LatLon{Lat: p.centroid.Lat / sum, Lon: p.centroid.Lon / sum}
	return p
}
