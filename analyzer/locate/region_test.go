package locate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Outlines hold exactly the cells of the region, whatever its form; no ring touches itself, and each part has one outer ring.
func TestOutlines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inside := make([]bool, fineSide*fineSide)
		x0, y0 := rapid.SampledFrom([]int{0, 100, fineSide - 8}).Draw(t, "x"), rapid.SampledFrom([]int{0, 50, fineSide - 8}).Draw(t, "y")
		cells := 0
		for i, in := range rapid.SliceOfN(rapid.Bool(), 64, 64).Draw(t, "cells") {
			inside[(y0+i/8)*fineSide+x0+i%8] = in
			if in {
				cells++
			}
		}
		pl := newPlane(50, 4)
		g := grid{point{-1000, -1000}, 25}
		r := Region{Polygons: g.polygons(inside, pl)}
		_, n := parts(inside)
		require.Len(t, r.Polygons, n)
		for i, in := range inside {
			if x, y := i%fineSide, i/fineSide; x >= x0-1 && x <= x0+8 && y >= y0-1 && y <= y0+8 {
				var at LatLon
				at.Lat, at.Lon = pl.degrees(g.at(x, y))
				require.Equal(t, in, r.Holds(at), "%d, %d", x-x0, y-y0)
			}
		}
		area := 0.0
		for _, rings := range r.Polygons {
			for k, ring := range rings {
				a := ringArea(ring, pl)
				require.Equal(t, k == 0, a > 0, "the outer ring comes first and turns left, holes turn right")
				require.Equal(t, ring[0], ring[len(ring)-1])
				seen := map[LatLon]bool{}
				for _, p := range ring[1:] {
					require.False(t, seen[p], "a ring touches itself")
					seen[p] = true
				}
				area += a
			}
		}
		require.InDelta(t, float64(cells)*625, area, 0.01)
	})
}

func ringArea(ring []LatLon, pl plane) float64 {
	sum := 0.0
	for i := 1; i < len(ring); i++ {
		a, b := pl.point(ring[i-1].Lat, ring[i-1].Lon), pl.point(ring[i].Lat, ring[i].Lon)
		sum += (a.x*b.y - b.x*a.y) / 2
	}
	return sum
}

// Degrees and metres round trip anywhere, over the antimeridian too.
func TestPlane(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pl := newPlane(rapid.Float64Range(-maxLatitude, maxLatitude).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lon"))
		at := point{rapid.Float64Range(-50e3, 50e3).Draw(t, "x"), rapid.Float64Range(-50e3, 50e3).Draw(t, "y")}
		lat, lon := pl.degrees(at)
		if lon > 180 {
			lon -= 360
		}
		if lon < -180 {
			lon += 360
		}
		back := pl.point(lat, lon)
		require.InDelta(t, at.x, back.x, 1e-3)
		require.InDelta(t, at.y, back.y, 1e-3)
	})
	// One minute of latitude at 45 degrees is a nautical mile, 1852 m, by its old definition.
	lat, _ := newPlane(45, 0).degrees(point{0, 1852})
	require.InDelta(t, 1.0/60, lat-45, 1e-4/60*20)
	_, lon := newPlane(60, 0).degrees(point{1000, 0})
	require.InDelta(t, 1000/(111319.49*math.Cos(60*math.Pi/180)), lon, 5e-5)
}
