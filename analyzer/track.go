package analyzer

import (
	"math"

	"vigie/cell"
)

// fix is one position.
type fix struct {
	At       int64
	Lat, Lon float64
	Speed    float32
	HasSpeed bool
	Coarse   bool // good enough for a tile, not to see whether the sensor moves
}

func (s *site) locate(e *Engine, p *cell.Position) {
	ok := !math.IsNaN(p.Lat) && !math.IsNaN(p.Lon) && math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 && (p.Lat != 0 || p.Lon != 0)
	if !ok {
		e.note("bad position")
		return
	}
	f := fix{At: s.Now, Lat: p.Lat, Lon: p.Lon}
	if a, known := p.Accuracy.Get(); known && !(a < 50) {
		f.Coarse = true
	}
	if v, known := p.Speed.Get(); known && v >= 0 && v < 1000 {
		f.Speed, f.HasSpeed = float32(v), true
	}
	if s.TrackN > 0 && s.Now-s.Track[(s.TrackN-1)%len(s.Track)].At < 1000 {
		s.TrackN--
	}
	s.Track[s.TrackN%len(s.Track)] = f
	s.TrackN++
}

// here is the last position, if it is not older than half a minute.
func (s *site) here() (fix, bool) {
	if s.TrackN == 0 {
		return fix{}, false
	}
	f := s.Track[(s.TrackN-1)%len(s.Track)]
	return f, s.Now-f.At <= 30_000
}

// moved is how many metres lie between the last position and one at least ms earlier, and how much earlier; false if that is not
// known.
func (s *site) moved(ms int64) (far float64, ago int64, ok bool) {
	f, ok := s.here()
	if !ok {
		return 0, 0, false
	}
	for k := 2; k <= min(s.TrackN, len(s.Track)); k++ {
		o := s.Track[(s.TrackN-k)%len(s.Track)]
		if ago := f.At - o.At; ago >= ms {
			return metres(f.Lat, f.Lon, o.Lat, o.Lon), ago, ago < 4*ms
		}
	}
	return 0, 0, false
}

// metres is the distance between two positions: plane geometry is within a percent for the few kilometres that matter here.
func metres(lat1, lon1, lat2, lon2 float64) float64 {
	const perDegree = 111_195
	x := (lon2 - lon1) * math.Cos((lat1+lat2)/2*math.Pi/180)
	return perDegree * math.Hypot(x, lat2-lat1)
}
