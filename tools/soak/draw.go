package main

import (
	"fmt"
	"html"
	"io"
	"slices"
	"time"
)

// mark is when something was done to the modem.
type mark struct {
	at   time.Duration
	name string
}

// line is one of the curves. Its last quarter may be flat times its second, and slack more; 0: it may grow.
type line struct {
	name, colour string
	values       []float64
	flat, slack  float64
}

func series(samples []sample) []line {
	all := []line{
		{name: "memory, resident, MiB", colour: "#1b6", flat: 1.15, slack: 2},
		{name: "goroutines", colour: "#36c", flat: 1, slack: 2},
		{name: "file descriptors", colour: "#c63", flat: 1, slack: 2},
		{name: "written, MB", colour: "#777"},
	}
	for _, s := range samples {
		for i, v := range []float64{s.Resident, s.Goroutines, s.Files, s.Written} {
			all[i].values = append(all[i].values, v)
		}
	}
	return all
}

const (
	left, top, width, height, between = 70.0, 110.0, 640.0, 90.0, 34.0
)

// draw writes the picture: a panel for each curve, from nothing up, above each other.
func draw(w io.Writer, samples []sample, marks []mark) {
	lines := series(samples)
	end := samples[len(samples)-1].At
	x := func(t time.Duration) float64 { return left + width*float64(t)/float64(end) }
	bottom := top + float64(len(lines))*(height+between)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", left+width+30, bottom+30)
	fmt.Fprintln(w, `<rect x="0" y="0" width="100%" height="100%" fill="white"/>`)
	for _, m := range marks {
		if m.at > end || m.name == "nothing" {
			continue
		}
		fmt.Fprintf(w, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#e8d9b0"/><text x="%.1f" y="%.1f" font-size="10" fill="#875" transform="rotate(-55 %.1f %.1f)">%s</text>`+"\n",
			x(m.at), top-20, x(m.at), bottom-between, x(m.at), top-24, x(m.at), top-24, html.EscapeString(m.name))
	}
	for i, l := range lines {
		y0 := top + float64(i)*(height+between)
		most := slices.Max(l.values) * 1.15
		if most == 0 {
			most = 1
		}
		fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="none" stroke="#999"/><text x="%.1f" y="%.1f" fill="%s">%s</text>`+"\n", left, y0, width, height, left+6, y0-5, l.colour, html.EscapeString(l.name))
		fmt.Fprintf(w, `<text x="%.1f" y="%.1f" text-anchor="end">%.3g</text><text x="%.1f" y="%.1f" text-anchor="end">0</text>`+"\n", left-8, y0+10, most, left-8, y0+height)
		points := ""
		for j, v := range l.values {
			points += fmt.Sprintf("%.1f,%.1f ", x(samples[j].At), y0+height*(1-v/most))
		}
		fmt.Fprintf(w, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", points, l.colour)
	}
	for t := time.Duration(0); t <= end; t += 5 * time.Minute {
		fmt.Fprintf(w, `<text x="%.1f" y="%.1f" text-anchor="middle">%.0f</text>`+"\n", x(t), bottom-between+18, t.Minutes())
	}
	fmt.Fprintf(w, `<text x="%.1f" y="%.1f" text-anchor="middle">minutes</text>`+"\n</svg>\n", left+width/2, bottom+14)
}
