package position

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"vigie/cell"
)

const perDegree = 111_320 // metres of latitude

// Metres between two places. Plane geometry is within a percent for the kilometres that matter here.
func Metres(a, b cell.Position) float64 {
	dLon := math.Remainder(b.Lon-a.Lon, 360)
	return math.Hypot((b.Lat-a.Lat)*perDegree, dLon*perDegree*math.Cos((a.Lat+b.Lat)/2*math.Pi/180))
}

// Coarsen moves a position to the centre of its square in a grid of the given size in metres, so that all positions in the square
// become the same. The accuracy is set accordingly, and the speed is removed. 0 metres change nothing.
func Coarsen(p cell.Position, metres float64) cell.Position {
	if metres <= 0 {
		return p
	}
	step := metres / perDegree
	lat := min(middle(p.Lat, step), 90)
	lonStep := step / math.Max(math.Cos(lat*math.Pi/180), step/360)
	lon := math.Remainder(middle(p.Lon, lonStep), 360)
	accuracy := max(p.Accuracy.Or(0), math.Round(metres*math.Sqrt2/2))
	return cell.Position{Lat: round(lat), Lon: round(lon), Accuracy: cell.Some(accuracy), Source: p.Source}
}

func middle(v, step float64) float64 { return (math.Floor(v/step) + 0.5) * step }

func round(v float64) float64 { return math.Round(v*1e5) / 1e5 } // about a metre

// Size reads a length such as "1km" or "250 m", in metres.
func Size(text string) (float64, error) {
	number, unit := strings.TrimSpace(text), 1.0
	switch {
	case strings.HasSuffix(number, "km"):
		number, unit = strings.TrimSuffix(number, "km"), 1000
	case strings.HasSuffix(number, "m"):
		number = strings.TrimSuffix(number, "m")
	default:
		return 0, fmt.Errorf(`%q is not a length like "1km" or "250m"`, text)
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if v *= unit; err != nil || !(v >= 10 && v <= 1e5) {
		return 0, fmt.Errorf(`%q is not a length from 10m to 100km`, text)
	}
	return v, nil
}
