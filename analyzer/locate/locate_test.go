package locate_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer/locate"
	"vigie/analyzer/locate/locatetest"
	"vigie/cell"
)

func row(t *testing.T, name string) *locatetest.Row {
	i := slices.IndexFunc(locatetest.Rows, func(r locatetest.Row) bool { return r.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return &locatetest.Rows[i]
}

// named are the runs of a row in which a place must be named.
func named(t *testing.T, r *locatetest.Row, seeds int, f func(r *locate.Result, truth locatetest.XY)) {
	for seed := range seeds {
		samples, truth := r.Run(uint64(seed + 1))
		if got := locate.Locate(samples, cell.LTE); got.NoPlace == "" {
			f(&got, truth)
		}
	}
}

// A small part of make locate, with fixed seeds: the 90 % region holds the truth in three of four runs at least.
func TestCoverage(t *testing.T) {
	for _, name := range []string{"walk 10 min", "walk 10 min, with timing advance", "20 fixed sensors in 4 km2, offsets 2 dB", "suspect walks at 1.5 m/s, walk 10 min"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runs, most, half := 0, 0, 0
			var off []float64
			named(t, row(t, name), 20, func(r *locate.Result, truth locatetest.XY) {
				runs++
				if r.Regions[1].Holds(truth.LatLon()) {
					most++
				}
				if r.Regions[0].Holds(truth.LatLon()) {
					half++
				}
				off = append(off, locatetest.Distance(locatetest.Place(r.Best), truth))
			})
			require.GreaterOrEqual(t, runs, 6)
			require.GreaterOrEqual(t, float64(most), 0.75*float64(runs), "the 90 %% region")
			require.GreaterOrEqual(t, float64(half), 0.2*float64(runs), "the 50 %% region")
			slices.Sort(off)
			require.Less(t, off[len(off)/2], 300.0, "the best point")
		})
	}
}

// One walk, its samples in another order, gives the same bytes; so does the same walk again.
func TestSameBytes(t *testing.T) {
	samples, _ := locatetest.Rows[0].Named(2)
	encode := func(s []locate.Sample) []byte {
		return locate.Places{{Result: locate.Locate(s, cell.LTE)}}.JSON(true)
	}
	first := encode(samples)
	require.Equal(t, first, encode(samples))
	mixed := slices.Clone(samples)
	rand.New(rand.NewPCG(5, 6)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	require.Equal(t, first, encode(mixed))
	require.True(t, bytes.Contains(first, []byte(`"type":"MultiPolygon"`)))
}

// The whole path moved, or put into another part of the world: the answer moves with it.
func TestMovedPath(t *testing.T) {
	samples, _ := row(t, "walk 10 min, with timing advance").Named(4)
	at := locate.Locate(samples, cell.LTE)
	require.Empty(t, at.NoPlace)
	for _, by := range []struct{ lat, lon float64 }{{0.0123, -0.0456}, {-80, 170}, {-50.8, 175.6}} { // the last over the antimeridian
		moved := slices.Clone(samples)
		origin := locatetest.Origin
		shrink := math.Cos(origin.Lat*math.Pi/180) / math.Cos((origin.Lat+by.lat)*math.Pi/180)
		wrap := func(lon float64) float64 { return math.Remainder(lon, 360) }
		for i := range moved {
			moved[i].Lat += by.lat
			moved[i].Lon = wrap(origin.Lon + by.lon + (moved[i].Lon-origin.Lon)*shrink)
		}
		got := locate.Locate(moved, cell.LTE)
		require.Empty(t, got.NoPlace)
		wantLat, wantLon := at.Best.Lat+by.lat, wrap(origin.Lon+by.lon+(at.Best.Lon-origin.Lon)*shrink)
		require.InDelta(t, wantLat, got.Best.Lat, 30/111e3, "%v", by)
		require.InDelta(t, 0, wrap(wantLon-got.Best.Lon)/shrink, 30/70e3, "%v", by)
		require.InEpsilon(t, at.Regions[1].Area, got.Regions[1].Area, 0.15)
	}
}

func walk(level func(i int) cell.Opt[cell.DBm], n int, metres float64) []locate.Sample {
	var all []locate.Sample
	for i := range n {
		at := locatetest.XY{X: metres * float64(i)}.LatLon()
		all = append(all, locate.Sample{Sensor: "kit", Time: locatetest.Start.Add(time.Duration(i) * 10 * time.Second), Lat: at.Lat, Lon: at.Lon, Level: level(i), Limit: -118})
	}
	return all
}

func at(dbm float64) func(int) cell.Opt[cell.DBm] {
	return func(int) cell.Opt[cell.DBm] { return cell.Some(cell.DBm(dbm)) }
}

func TestNoPlace(t *testing.T) {
	for name, test := range map[string]struct {
		samples []locate.Sample
		want    locate.NoPlace
	}{
		"none":      {nil, locate.NotHeard},
		"unheard":   {walk(func(int) cell.Opt[cell.DBm] { return cell.Opt[cell.DBm]{} }, 20, 20), locate.NotHeard},
		"four":      {walk(at(-70), 4, 100), locate.TooFew},
		"five":      {walk(at(-70), 5, 100), ""},
		"weak":      {walk(at(-95.5), 20, 20), locate.TooWeak},
		"just":      {walk(at(-95), 20, 20), ""},
		"short":     {walk(at(-70), 20, 5), locate.ShortPath},
		"on a roof": {walk(at(-70), 200, 0), locate.ShortPath},
		"with unheard": {walk(func(i int) cell.Opt[cell.DBm] {
			if i > 0 {
				return cell.Opt[cell.DBm]{}
			}
			return cell.Some(cell.DBm(-80))
		}, 20, 20), ""},
	} {
		got := locate.Locate(test.samples, cell.LTE)
		require.Equal(t, test.want, got.NoPlace, name)
		require.Equal(t, test.want == "", got.Regions != nil, name)
		require.False(t, test.want != "" && (got.ShowBest || got.Mirror), name)
	}
	// Two receivers that stand still are no short path.
	two := walk(at(-70), 6, 0)
	for i := range two {
		if i%2 == 1 {
			two[i].Sensor = "other"
			two[i].Lat += 0.01
		}
	}
	require.Empty(t, locate.Locate(two, cell.LTE).NoPlace)
}

// What makes no sense is refused and counted, and changes nothing.
func TestRefused(t *testing.T) {
	good, _ := locatetest.Rows[0].Named(2)
	want := locate.Locate(good, cell.LTE)
	one := good[10]
	bad := func(f func(*locate.Sample)) locate.Sample {
		s := one
		f(&s)
		return s
	}
	all := append(slices.Clone(good),
		bad(func(s *locate.Sample) { s.Lat = math.NaN() }),
		bad(func(s *locate.Sample) { s.Lon = math.Inf(1) }),
		bad(func(s *locate.Sample) { s.Level = cell.Some(cell.DBm(math.NaN())) }),
		bad(func(s *locate.Sample) { s.Level = cell.Opt[cell.DBm]{}; s.Limit = cell.DBm(math.Inf(-1)) }),
		bad(func(s *locate.Sample) { s.Lat, s.Lon = 0, 0 }),
		bad(func(s *locate.Sample) { s.Lat = 91 }),
		bad(func(s *locate.Sample) { s.Lon = 181 }),
		bad(func(s *locate.Sample) { s.Lat = 89.5 }),
		bad(func(s *locate.Sample) { s.Lat += 2 }),
		bad(func(s *locate.Sample) { s.Level = cell.Some(cell.DBm(40)) }),
		bad(func(s *locate.Sample) { s.Accuracy = cell.Some(151.0) }),
		bad(func(s *locate.Sample) { s.Accuracy = cell.Some(math.NaN()) }),
		one, one)
	// A sample that differs from another in its position alone is a second answer about one moment.
	got := locate.Locate(all, cell.LTE)
	require.Equal(t, locate.Refused{NotANumber: 4, Absurd: 5, Coarse: 2, Duplicate: 3}, got.Refused)
	require.Equal(t, 14, got.Refused.Total())
	require.Equal(t, want.Samples, got.Samples)
	require.Equal(t, want.Regions, got.Regions)
	require.Equal(t, want.Best, got.Best)
}

// A drive along one street cannot tell its two sides apart; a turn can.
func TestMirror(t *testing.T) {
	mirrored := 0
	named(t, row(t, "drive-by 60 s, with timing advance"), 20, func(r *locate.Result, truth locatetest.XY) {
		if r.Mirror {
			mirrored++
			require.Greater(t, math.Abs(truth.Y), 40.0, "a suspect in the street has no mirror image")
		}
	})
	require.GreaterOrEqual(t, mirrored, 6)
	named(t, row(t, "drive of two streets, 80 s"), 12, func(r *locate.Result, _ locatetest.XY) { require.False(t, r.Mirror) })
}

// A modem that reads 8 dB high is found out by the others.
func TestOffsets(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	suspect := locatetest.Suspect{At: locatetest.XY{X: 150, Y: 250}, Power: -25, Exponent: 3.2}
	var asked []locatetest.Receiver
	for _, name := range []string{"a", "b", "c"} {
		for i, p := range locatetest.Walk(r, 600) {
			if name == "b" {
				p.Offset = 8
			}
			p.Sensor, p.Second = name, float64(i)*10
			asked = append(asked, p)
		}
	}
	got := locate.Locate(locatetest.Hear(r, suspect, asked), cell.LTE)
	require.Empty(t, got.NoPlace)
	require.Len(t, got.Offsets, 3)
	require.Equal(t, "b", got.Offsets[1].Sensor)
	require.InDelta(t, 5.3, got.Offsets[1].DB, 3, "of 8 dB against one, 5.3 dB against the mean of three")
	require.InDelta(t, 0, got.Offsets[0].DB+got.Offsets[1].DB+got.Offsets[2].DB, 0.02)
}

// FuzzLocate: whatever the samples say, a result has finite numbers and regions inside each other.
func FuzzLocate(f *testing.F) {
	samples, _ := locatetest.Rows[1].Named(3)
	var seed []byte
	for _, s := range samples[:12] {
		seed = append(seed, byte(s.Time.Sub(locatetest.Start)/time.Second), byte(int(s.Lat*1e5)), byte(int(s.Lon*1e5)), byte(-s.Level.Or(-200)), byte(s.TA.Or(0)))
	}
	f.Add(uint8(3), uint8(2), seed)
	f.Fuzz(func(t *testing.T, rat, scale uint8, data []byte) {
		if len(data) > 400 {
			return
		}
		var all []locate.Sample
		for ; len(data) >= 5; data = data[5:] {
			s := locate.Sample{Sensor: string('a' + rune(data[0]>>6)), Time: locatetest.Start.Add(time.Duration(data[0]) * time.Duration(scale) * time.Second),
				Lat: locatetest.Origin.Lat + float64(int8(data[1]))*math.Pow(10, float64(scale%8)-6), Lon: locatetest.Origin.Lon + float64(int8(data[2]))*math.Pow(10, float64(scale%8)-6),
				Limit: cell.DBm(data[4]) - 180}
			if data[3] != 0 {
				s.Level = cell.Some(-cell.DBm(data[3]))
			}
			if data[4]&1 != 0 {
				s.TA = cell.Some(uint16(data[4]) << (scale % 9))
			}
			if data[3] == 255 {
				s.Lat = math.NaN()
			}
			all = append(all, s)
		}
		r := locate.Locate(all, cell.RAT(rat%5))
		require.Equal(t, len(all), r.Samples+r.Refused.Total())
		require.Equal(t, r.NoPlace == "", len(r.Regions) == 2)
		if r.NoPlace == "" {
			require.LessOrEqual(t, r.Regions[0].Area, r.Regions[1].Area)
			require.Greater(t, r.Regions[0].Area, 0.0)
			require.LessOrEqual(t, r.Regions[1].Area, r.Window)
			require.InDelta(t, 0.9, r.Share(&r.Regions[1]), 0.1)
		}
		require.NotEmpty(t, locate.Places{{Result: r}}.JSON(true))
		require.NotEmpty(t, r.Sentences("fr"))
	})
}
