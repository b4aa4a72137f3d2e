package main

import (
	"fmt"
	"html"
	"io"
	"math"
	"sort"
)

// dot is one detector in the picture: false alerts in a day on the move against recall.
type dot struct {
	name string
	x, y float64
	peer bool
}

// Alarms lie on a logarithmic scale from 0.1 a day to 10,000; what is less lies on its edge.
const (
	left, top, width, height = 70.0, 30.0, 620.0, 360.0
	low, decades             = 0.1, 5.0
)

func px(alarms float64) float64 {
	return left + width*math.Log10(max(alarms, low)/low)/decades
}

func py(recall float64) float64 { return top + height*(1-recall) }

// draw writes the picture.
func draw(w io.Writer, dots []dot) {
	sort.Slice(dots, func(i, j int) bool { return dots[i].x < dots[j].x })
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", left+width+90, top+height+60)
	fmt.Fprintf(w, `<rect x="0" y="0" width="100%%" height="100%%" fill="white"/><rect x="%.0f" y="%.0f" width="%.0f" height="%.0f" fill="none" stroke="#999"/>`+"\n", left, top, width, height)
	for d := 0.0; d <= decades; d++ {
		x := px(low * math.Pow(10, d))
		fmt.Fprintf(w, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="middle">%g</text>`+"\n", x, top, x, top+height, x, top+height+18, low*math.Pow(10, d))
	}
	for r := 0.0; r <= 1; r += 0.25 {
		fmt.Fprintf(w, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%.2f</text>`+"\n", left, py(r), left+width, py(r), left-8, py(r)+4, r)
	}
	fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#1b6" fill-opacity="0.12"/><text x="%.1f" y="%.1f" fill="#175">goal</text>`+"\n", px(low), py(1), px(1)-px(low), py(0.95)-py(1), px(low)+4, py(0.95)+12)
	fmt.Fprintf(w, `<text x="%.1f" y="%.1f" text-anchor="middle">false alerts in a day on the move</text>`+"\n", left+width/2, top+height+40)
	fmt.Fprintf(w, `<text x="18" y="%.1f" text-anchor="middle" transform="rotate(-90 18 %.1f)">recall, mean over recipes</text>`+"\n", top+height/2, top+height/2)
	line := ""
	for _, d := range dots {
		if !d.peer {
			line += fmt.Sprintf("%.1f,%.1f ", px(d.x), py(d.y))
		}
	}
	fmt.Fprintf(w, `<polyline points="%s" fill="none" stroke="#1b6"/>`+"\n", line)
	for _, d := range dots {
		colour, who := "#1b6", "Vigie, "
		if d.peer {
			colour, who = "#777", ""
		}
		fmt.Fprintf(w, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`, px(d.x), py(d.y), colour)
		if d.name != "" {
			fmt.Fprintf(w, `<text x="%.1f" y="%.1f">%s</text>`, px(d.x)+8, py(d.y)+14, html.EscapeString(who+d.name))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "</svg>")
}
