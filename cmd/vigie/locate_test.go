package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer/locate"
	"vigie/analyzer/locate/locatetest"
	"vigie/cell"
)

// writeWalk writes a simulated walk around a suspect as files of observations, as a modem would that lists neighbours.
func writeWalk(t *testing.T, path string, seed uint64) locatetest.XY {
	t.Helper()
	samples, truth := locatetest.Rows[0].Named(seed)
	var buf bytes.Buffer
	buf.WriteString(`{"vigie":1,"sensor":"kit","mode":"mobile"}` + "\n")
	for _, s := range samples {
		o := cell.Observation{Time: s.Time, Position: &cell.Position{Lat: s.Lat, Lon: s.Lon, Source: "gnss"}, Neighbours: []cell.Cell{}}
		if level, ok := s.Level.Get(); ok {
			o.Serving = &cell.Cell{RAT: cell.LTE, MCC: "001", MNC: "01", Area: cell.Some(cell.Area(77)), ID: cell.Some(uint64(4242)), ARFCN: cell.Some(uint32(1300)), PCI: cell.Some(uint16(9)), RSRP: cell.Some(level)}
		} else {
			o.Serving = &cell.Cell{RAT: cell.LTE, MCC: "001", MNC: "01", Area: cell.Some(cell.Area(1)), ID: cell.Some(uint64(7)), ARFCN: cell.Some(uint32(1300)), PCI: cell.Some(uint16(8)), RSRP: cell.Some(cell.DBm(-112))}
		}
		buf.Write(append(cell.AppendRecord(nil, &o), '\n'))
	}
	require.NoError(t, os.WriteFile(path, buf.Bytes(), 0o600))
	return truth
}

// From files and from a store it is the same place, in the form that tools rely on.
func TestLocate(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	file, store := filepath.Join(dir, "walk.ndjson"), filepath.Join(dir, "s.db")
	truth := writeWalk(t, file, 2)
	out, errs, status := vigie(t, "locate", "--json", "--debug-best", "--cell", "LTE:001-01:77:4242", file)
	require.Equal(t, 0, status, errs)
	var got map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, []string{"best", "cell", "loudest_dbm", "mirror", "no_place", "regions", "samples", "widened"}, slices.Sorted(maps.Keys(got)))
	var place struct {
		Samples int
		Regions []struct {
			P        float64
			Area     float64 `json:"area_km2"`
			Geometry struct {
				Type        string
				Coordinates [][][][2]float64
			}
		}
		Best *locate.LatLon
	}
	var cellOut struct {
		RAT    string `json:"rat"`
		CellID uint64 `json:"cell_id"`
		Area   uint32 `json:"area"`
	}
	require.NoError(t, json.Unmarshal(got["cell"], &cellOut))
	require.Equal(t, "LTE 4242 77", fmt.Sprint(cellOut.RAT, " ", cellOut.CellID, " ", cellOut.Area))
	delete(got, "cell")
	rest, err := json.Marshal(got)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(rest, &place))
	require.Len(t, place.Regions, 2)
	require.Equal(t, 0.5, place.Regions[0].P)
	require.Equal(t, 0.9, place.Regions[1].P)
	require.Equal(t, "MultiPolygon", place.Regions[1].Geometry.Type)
	require.InDelta(t, locatetest.Origin.Lon, place.Regions[1].Geometry.Coordinates[0][0][0][0], 0.2, "longitude first")
	require.Less(t, locatetest.Distance(locatetest.Place(*place.Best), truth), 600.0)

	_, errs, status = vigie(t, "import", "--store", store, file)
	require.Equal(t, 0, status, errs)
	for _, args := range [][]string{{"LTE:::4242"}, {"--cell", "LTE::77:4242"}, {"--cell", "LTE:001-01::4242", "--sensor", "kit", "--from", "2026-05-01T00:00:00Z"}} {
		again, errs, status := vigie(t, append([]string{"locate", "--json", "--debug-best", "--store", store}, args...)...)
		require.Equal(t, 0, status, errs)
		require.Equal(t, out, again, "%v", args)
	}
	none, errs, status := vigie(t, "locate", "--json", "--store", store, "LTE:::4242", "--sensor", "another")
	require.Equal(t, 0, status, errs)
	require.Contains(t, none, `"samples":0,"loudest_dbm":null,"regions":[],"best":null,"mirror":false,"widened":null,"no_place":"not heard"`)
}

// For people: the area in words, what it is not, and a file for a map program.
func TestLocateInWords(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	file, area := filepath.Join(dir, "walk.ndjson"), filepath.Join(dir, "area.geojson")
	writeWalk(t, file, 2)
	out, errs, status := vigie(t, "locate", "--cell", "LTE:::4242", "--geojson", area, file)
	require.Equal(t, 0, status, errs)
	require.Regexp(t, `^LTE PLMN 001-01 .*ECI 4242`, out)
	require.Contains(t, strings.Join(strings.Fields(out), " "), "9 chances in 10")
	require.Contains(t, out, "Do not go looking for it.")
	text, err := os.ReadFile(area)
	require.NoError(t, err)
	require.True(t, json.Valid(text))
	require.Equal(t, 2, bytes.Count(text, []byte(`"type":"Feature"`)))
	require.NotContains(t, string(text), `"Point"`)
	_, errs, status = vigie(t, "locate", "--cell", "LTE:::4242", "--geojson", area, file)
	require.Equal(t, 2, status)
	require.Contains(t, errs, "is there already")
}

func TestLocateRefuses(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"locate"}, "neither one event nor a cell is named"},
		{[]string{"locate", "a", "b"}, "neither one event nor a cell is named"},
		{[]string{"locate", "--cell", "LTE:1"}, "is not a cell"},
		{[]string{"locate", "5G:::1"}, "is not a cell"},
	} {
		_, errs, status := vigie(t, test.args...)
		require.Equal(t, 2, status, "%v", test.args)
		require.Contains(t, errs, test.want)
	}
}
