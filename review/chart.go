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
	Lines      []stroke // level of the serving cell, suspects last
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
	Class string // "suspect" and which one, "other", or which colour
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
	Class string
	Name  string
	Count int    // of cells that the entry stands for, where it names none
	Note  string // key of what else there is to say
}

const (
	colours = 6
	dashes  = 4 // kinds of lines of suspects
)

// closeMargin is how much is drawn before and after an event, in seconds: as long as it was, and at least half a minute.
func closeMargin(s *evidence.Series) float64 { return max(s.Event[1]-s.Event[0], 30) }

// closeUp draws the event of a series with the time just before and after it; nil if that is all of the series.
func closeUp(s *evidence.Series, b *evidence.Baseline, z *time.Location) *sketch {
	from, to := s.Event[0]-closeMargin(s), s.Event[1]+closeMargin(s)
	if s.Event[0] == 0 || from <= s.From && to >= s.To {
		return nil
	}
	return sketchIn(s, b, z, max(from, s.From), min(to, s.To))
}

// sketchOf draws a series, with the baseline if there is one.
func sketchOf(s *evidence.Series, b *evidence.Baseline, z *time.Location) *sketch {
	return sketchIn(s, b, z, s.From, s.To)
}

// sketchIn draws a part of the time of a series.
func sketchIn(s *evidence.Series, b *evidence.Baseline, z *time.Location, from, to float64) *sketch {
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
	width := math.Max(to-from, 1)
	d := &drawing{sketch: k, s: s, from: from, to: to}
	d.x = func(t float64) int {
		return k.Left + int(math.Round(math.Max(0, math.Min(1, (t-from)/width))*float64(k.W-k.Left-8)))
	}
	d.y = func(v float64) int {
		return 8 + int(math.Round((high-math.Max(low, math.Min(high, v)))/(high-low)*float64(k.PlotH-8)))
	}
	for v := low; v <= high; v += 10 {
		if math.Mod(v, 20) == 0 {
			k.Y = append(k.Y, tick{d.y(v), fmt.Sprintf("%.0f", v)})
		}
	}
	d.ticks(z, width)
	k.Best = d.trace(s.Time, s.Best, evidence.Hole)
	if s.Event[0] > 0 {
		k.EventX = d.x(s.Event[0])
		k.EventW = max(d.x(s.Event[1])-k.EventX, 3)
	}
	d.stretches()
	for _, r := range s.Regs {
		if d.shows(r.At, r.At) && (r.Denied || len(k.Regs) < 80) { // refusals are drawn however many changes there are
			k.Regs = append(k.Regs, registered{d.x(r.At), r.Status, r.Denied})
		}
	}
	d.strokes()
	d.heard()
	if b != nil && b.Days > 0 {
		k.Band = area(b, s.Break, d)
	}
	return k
}

// drawing draws a part of the time of a series into a sketch.
type drawing struct {
	*sketch
	s        *evidence.Series
	from, to float64
	x, y     func(float64) int
}

// shows reports whether any of a time is in the drawing.
func (d *drawing) shows(from, to float64) bool { return to >= d.from && from <= d.to }

// ticks draws the times on the axis.
func (d *drawing) ticks(z *time.Location, width float64) {
	every := tickEvery(width)
	for t := math.Ceil(d.from/every) * every; t < d.to; t += every {
		at := time.Unix(int64(t), 0).In(z)
		layout := "15:04"
		switch {
		case every < 60:
			layout = "15:04:05"
		case every >= 86400:
			layout = "01-02"
		}
		text := at.Format(layout)
		if d.x(t) > d.W-30 { // half of it would be cut off
			text = ""
		}
		d.X = append(d.X, tick{d.x(t), text})
	}
}

// stretches draws blind times and RATs.
func (d *drawing) stretches() {
	for _, r := range d.s.Blind {
		if d.shows(r.From, r.To) {
			d.Blind = append(d.Blind, stretch{X: d.x(r.From), W: max(d.x(r.To)-d.x(r.From), 3), Reason: r.Name})
		}
	}
	for _, r := range d.s.RATs {
		if r.Kind > 0 && d.shows(r.From, r.To) {
			d.RATs = append(d.RATs, stretch{X: d.x(r.From), W: max(d.x(r.To)-d.x(r.From), 2), Kind: fmt.Sprint("g", r.Kind), Reason: r.Name})
		}
	}
}

// strokes draws the level of the serving cell, a line for each time in which a cell served. Of an event the suspects have their own colour,
// are drawn over the others, and are named even if they did not serve.
func (d *drawing) strokes() {
	class := map[int]string{} // by cell
	var named []legend
	for i, x := range d.s.Suspect {
		l := legend{Class: fmt.Sprintf("suspect d%d", i%dashes), Name: x.Name}
		if x.Kind < 0 {
			l.Note = "chart.notserving"
		} else {
			class[x.Kind] = l.Class
		}
		d.Legend = append(d.Legend, l)
	}
	var over []stroke
	others := map[int]bool{}
	for _, r := range d.s.Cells {
		if r.Kind < 0 || !d.shows(r.From, r.To) {
			continue
		}
		var ts []float64
		var vs []*float64
		for i, t := range d.s.Time {
			if t >= r.From && (t < r.To || r.From == r.To) { // the last moment of a run is the first of the next
				ts, vs = append(ts, t), append(vs, d.s.Level[i])
			}
		}
		path := d.trace(ts, vs, cmp.Or(d.s.Break, evidence.Hole))
		switch suspect := class[r.Kind]; {
		case path == "":
		case suspect != "":
			over = append(over, stroke{suspect, path})
		case d.s.Event[0] > 0:
			others[r.Kind] = true
			d.Lines = append(d.Lines, stroke{"other", path})
		default:
			colour := fmt.Sprint("c", r.Kind%colours)
			d.Lines = append(d.Lines, stroke{colour, path})
			if len(named) < 8 && !slices.ContainsFunc(named, func(l legend) bool { return l.Name == r.Name }) {
				named = append(named, legend{Class: colour, Name: r.Name})
			}
		}
	}
	d.Lines = append(d.Lines, over...)
	if len(others) > 0 {
		named = append(named, legend{Class: "other", Count: len(others)})
	}
	d.Legend = append(d.Legend, named...)
}

// heard draws the levels at which suspects were neighbours, as dots: nothing is known of the time between.
func (d *drawing) heard() {
	for i, x := range d.s.Suspect {
		var b strings.Builder
		for _, h := range x.Heard {
			if d.shows(h[0], h[0]) {
				fmt.Fprintf(&b, "M%d %dh0", d.x(h[0]), d.y(h[1]))
			}
		}
		if b.Len() > 0 {
			d.Lines = append(d.Lines, stroke{"suspect dot", b.String()})
			d.Legend[i].Note = cmp.Or(d.Legend[i].Note, "chart.both")
			if x.Kind < 0 {
				d.Legend[i].Note = "chart.neighbour"
			}
		}
	}
}

// trace is a line through values, broken where there is none for longer than hole, in seconds.
func (d *drawing) trace(ts []float64, vs []*float64, hole float64) string {
	var b strings.Builder
	last := math.Inf(-1)
	px, py := -1, -1
	for i, t := range ts {
		if vs[i] == nil || !d.shows(t, t) {
			continue
		}
		cx, cy := d.x(t), d.y(*vs[i])
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
func area(b *evidence.Baseline, gap float64, d *drawing) string {
	var path strings.Builder
	slot := (d.s.To - d.s.From) / 40 // one more at each side, so that the band reaches the edge
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
		if b.Low[i] == nil || !d.shows(t-slot, t+slot) {
			continue
		}
		if gap > 0 && t-last > gap {
			end()
		}
		last = t
		for _, at := range []int{d.x(t), d.x(t) + 1}[:1+min(1, int(gap))] { // a single sample is visible too
			up = append(up, fmt.Sprintf("%d %d", at, d.y(*b.High[i])))
			down = append(down, fmt.Sprintf("%d %d", at, d.y(*b.Low[i])))
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
