package review

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"vigie/review/evidence"
)

// sketch is the chart of a series as an SVG drawing, for pages without scripts and for reports.
type sketch struct {
	W, H       int
	Lines      []stroke // level of the serving cell, one colour for each cell
	Best       string   // strongest neighbour
	Band       string   // baseline of other days, filled
	EventX     int
	EventW     int
	Blind      []stretch
	RATs       []stretch
	X, Y       []tick
	Regs       []registered
	Legend     []legend
	PlotH      int
	Left, Base int
}

// stretch is a part of the time, in units of the drawing.
type stretch struct {
	X, W   int
	Kind   string
	Reason string
}

type stroke struct {
	Class int // which colour
	Path  string
}

type tick struct {
	At   int
	Text string
}

// registered is a moment at which registration changed, or was first reported.
type registered struct {
	At   int
	What evidence.Status
	Bad  bool
}

type legend struct {
	Class int
	Name  string
}

const colours = 6

// sketchOf draws a series, with the baseline if there is one.
func sketchOf(s *evidence.Series, b *evidence.Baseline, z *time.Location) *sketch {
	k := &sketch{W: 960, H: 300, PlotH: 230, Left: 44}
	k.Base = k.PlotH + 8
	low, high := -120.0, -60.0
	for _, vs := range [][]*float64{s.Level, s.Best} {
		for _, v := range vs {
			if v != nil {
				low, high = math.Min(low, *v), math.Max(high, *v)
			}
		}
	}
	low, high = math.Max(math.Floor(low/10)*10, -200), math.Min(math.Ceil(high/10)*10, 50)
	width := math.Max(s.To-s.From, 1)
	x := func(t float64) int {
		return k.Left + int(math.Round(math.Max(0, math.Min(1, (t-s.From)/width))*float64(k.W-k.Left-8)))
	}
	y := func(v float64) int {
		return 8 + int(math.Round((high-math.Max(low, math.Min(high, v)))/(high-low)*float64(k.PlotH-8)))
	}
	for v := low; v <= high; v += 10 {
		if math.Mod(v, 20) == 0 {
			k.Y = append(k.Y, tick{y(v), fmt.Sprintf("%.0f", v)})
		}
	}
	every := tickEvery(width)
	for t := math.Ceil(s.From/every) * every; t < s.To; t += every {
		at := time.Unix(int64(t), 0).In(z)
		layout := "15:04"
		switch {
		case every < 60:
			layout = "15:04:05"
		case every >= 86400:
			layout = "01-02"
		}
		text := at.Format(layout)
		if x(t) > k.W-30 { // half of it would be cut off
			text = ""
		}
		k.X = append(k.X, tick{x(t), text})
	}
	k.Best = trace(s.Time, s.Best, evidence.Hole, x, y)
	if s.Event[0] > 0 {
		k.EventX = x(s.Event[0])
		k.EventW = max(x(s.Event[1])-k.EventX, 3)
	}
	for _, r := range s.Blind {
		k.Blind = append(k.Blind, stretch{X: x(r.From), W: max(x(r.To)-x(r.From), 3), Reason: r.Name})
	}
	for _, r := range s.RATs {
		if r.Kind > 0 {
			k.RATs = append(k.RATs, stretch{X: x(r.From), W: max(x(r.To)-x(r.From), 2), Kind: fmt.Sprint("g", r.Kind), Reason: r.Name})
		}
	}
	for _, r := range s.Regs {
		if r.Denied || len(k.Regs) < 80 { // refusals are drawn however many changes there are
			k.Regs = append(k.Regs, registered{x(r.At), r.Status, r.Denied})
		}
	}
	k.strokes(s, x, y)
	if b != nil && b.Days > 0 {
		k.Band = area(b, s.Break, x, y)
	}
	return k
}

// strokes draws the level of the serving cell, a line for each cell.
func (k *sketch) strokes(s *evidence.Series, x func(float64) int, y func(float64) int) {
	named := map[int]bool{}
	for _, r := range s.Cells {
		if r.Kind < 0 {
			continue
		}
		var ts []float64
		var vs []*float64
		for i, t := range s.Time {
			if t >= r.From && (t < r.To || r.From == r.To) { // the last moment of a run is the first of the next
				ts, vs = append(ts, t), append(vs, s.Level[i])
			}
		}
		if p := trace(ts, vs, cmp.Or(s.Break, evidence.Hole), x, y); p != "" {
			k.Lines = append(k.Lines, stroke{r.Kind % colours, p})
			if !named[r.Kind] && len(k.Legend) < 8 {
				named[r.Kind] = true
				k.Legend = append(k.Legend, legend{r.Kind % colours, r.Name})
			}
		}
	}
}

// trace is a line through values, broken where there is none for longer than hole, in seconds.
func trace(ts []float64, vs []*float64, hole float64, x func(float64) int, y func(float64) int) string {
	var b strings.Builder
	last := math.Inf(-1)
	px, py := -1, -1
	for i, t := range ts {
		if vs[i] == nil {
			continue
		}
		cx, cy := x(t), y(*vs[i])
		switch {
		case t-last > hole:
			fmt.Fprintf(&b, "M%d %dh1", cx, cy) // a single value is visible too
			if px = cx + 1; true {
				py = cy
			}
		case cx != px || cy != py:
			fmt.Fprintf(&b, "L%d %d", cx, cy)
			px, py = cx, cy
		}
		last = t
	}
	return b.String()
}

// area is the band between low and high, broken where there is no value for longer than gap, in seconds; 0: never.
func area(b *evidence.Baseline, gap float64, x func(float64) int, y func(float64) int) string {
	var path strings.Builder
	var up, down []string
	end := func() {
		if len(up) == 0 {
			return
		}
		slices.Reverse(down)
		path.WriteString("M" + strings.Join(up, "L") + "L" + strings.Join(down, "L") + "Z")
		up, down = nil, nil
	}
	last := math.Inf(-1)
	for i, t := range b.Time {
		if b.Low[i] == nil {
			continue
		}
		if gap > 0 && t-last > gap {
			end()
		}
		last = t
		for _, at := range []int{x(t), x(t) + 1}[:1+min(1, int(gap))] { // a single sample is visible too
			up = append(up, fmt.Sprintf("%d %d", at, y(*b.High[i])))
			down = append(down, fmt.Sprintf("%d %d", at, y(*b.Low[i])))
		}
	}
	if gap == 0 && len(up) < 2 {
		return ""
	}
	end()
	return path.String()
}

// tickEvery is the distance of the times on the axis, in seconds, for a width in seconds.
func tickEvery(width float64) float64 {
	for _, t := range []float64{1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400} {
		if width/t <= 9 {
			return t
		}
	}
	return math.Ceil(width/9/(7*86400)) * 7 * 86400
}
