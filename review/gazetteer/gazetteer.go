// Package gazetteer names places on the land from a list that is part of the program: the 49,000 towns of GeoNames with at least 5,000
// inhabitants. It asks no network, knows no streets, and claims no more than how far away the nearest of them is, and in which direction.
package gazetteer

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// places.tsv.gz has a line for each town, sorted by latitude: how much further north it is than the one before, its longitude, both in
// thousandths of a degree, its country (ISO 3166), and its name. From geonames.org, under CC BY 4.0.
//
//go:embed places.tsv.gz
var packed []byte

// Place is a town, seen from a position.
type Place struct {
	Name    string
	Country string  // ISO 3166, two letters
	Km      float64 // from its middle to the position
	Octant  int     // in which direction from the town the position is: 0 is north, 1 north-east, ... 7
}

// Within reports whether the position is in the town, as far as the list tells.
func (p Place) Within() bool { return p.Km < 1.5 }

type list struct {
	lat, lon []int32 // thousandths of a degree
	rest     []string
}

var all = sync.OnceValue(func() *list {
	l, err := load(packed)
	if err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	return l
})

func load(packed []byte) (*list, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	l := &list{}
	lat := 0
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(f) != 3 {
			return nil, fmt.Errorf("places: line %d", len(l.rest)+1)
		}
		north, err := strconv.Atoi(f[0])
		if err != nil {
			return nil, err
		}
		lon, err := strconv.Atoi(f[1])
		if err != nil {
			return nil, err
		}
		lat += north
		l.lat, l.lon, l.rest = append(l.lat, int32(lat)), append(l.lon, int32(lon)), append(l.rest, f[2])
	}
	return l, nil
}

const (
	farthest = 50.0  // km; a town that is further away names no place
	kmDegree = 111.2 // km in a degree of latitude
)

// Town is a town and where it is, in degrees.
type Town struct {
	Name     string
	Lat, Lon float64
}

// In are the towns in a part of the land, from south to north, at most as many as said.
func In(south, north, west, east float64, most int) (towns []Town) {
	l := all()
	from := sort.Search(len(l.lat), func(i int) bool { return float64(l.lat[i]) >= south*1000 })
	for i := from; i < len(l.lat) && float64(l.lat[i]) <= north*1000 && len(towns) < most; i++ {
		if lon := float64(l.lon[i]) / 1000; lon >= west && lon <= east {
			_, name, _ := strings.Cut(l.rest[i], "\t")
			towns = append(towns, Town{name, float64(l.lat[i]) / 1000, lon})
		}
	}
	return towns
}

// Near is the nearest town to a position in degrees; ok is false if there is none within 50 km.
func Near(lat, lon float64) (p Place, ok bool) {
	if !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) {
		return p, false
	}
	l, reach := all(), farthest/kmDegree*1000
	from := sort.Search(len(l.lat), func(i int) bool { return float64(l.lat[i]) >= lat*1000-reach })
	best, north, east := -1, 0.0, 0.0
	p.Km = farthest
	shrink := math.Cos(lat * math.Pi / 180)
	for i := from; i < len(l.lat) && float64(l.lat[i]) <= lat*1000+reach; i++ {
		dy := (lat - float64(l.lat[i])/1000) * kmDegree
		dx := math.Remainder(lon-float64(l.lon[i])/1000, 360) * kmDegree * shrink
		if d := math.Hypot(dx, dy); d < p.Km {
			best, p.Km, north, east = i, d, dy, dx
		}
	}
	if best < 0 {
		return Place{}, false
	}
	p.Country, p.Name, _ = strings.Cut(l.rest[best], "\t")
	p.Octant = (int(math.Round(math.Atan2(east, north)/(math.Pi/4))) + 8) % 8
	return p, true
}
