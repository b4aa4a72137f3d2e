// Command detection draws docs/detection-results.svg, alarms against recall, from the JSON that the bench writes:
//
//	go run ./tools/detection "4 a month=vigie.json" "40 a month=loose.json" peers.json > docs/detection-results.svg
//
// An argument NAME=FILE is one result of score.py --json and joins the line of Vigie's budgets; a FILE alone is one of
// peers.py --json, a result for each peer. It measures nothing itself and reads nothing but these files.
package main

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"os"
	"sort"
	"strings"
)

type result struct {
	Recall float64 `json:"recall"`
	False  map[string]struct {
		PerDay float64 `json:"medium_per_day"`
	} `json:"false"`
}

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

func main() {
	var dots []dot
	for _, arg := range os.Args[1:] {
		name, file, named := strings.Cut(arg, "=")
		if !named {
			file = arg
		}
		text, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		list := map[string]result{}
		if named {
			var r result
			err = json.Unmarshal(text, &r)
			list[name] = r
		} else {
			err = json.Unmarshal(text, &list)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: not a result of the bench: %v\n", file, err)
			os.Exit(1)
		}
		for n, r := range list {
			dots = append(dots, dot{n, r.False["mobile"].PerDay, r.Recall, !named})
		}
	}
	sort.Slice(dots, func(i, j int) bool { return dots[i].name < dots[j].name })
	fmt.Printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", left+width+90, top+height+60)
	fmt.Printf(`<rect x="0" y="0" width="100%%" height="100%%" fill="white"/><rect x="%.0f" y="%.0f" width="%.0f" height="%.0f" fill="none" stroke="#999"/>`+"\n", left, top, width, height)
	for d := 0.0; d <= decades; d++ {
		x := px(low * math.Pow(10, d))
		fmt.Printf(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="middle">%g</text>`+"\n", x, top, x, top+height, x, top+height+18, low*math.Pow(10, d))
	}
	for r := 0.0; r <= 1; r += 0.25 {
		fmt.Printf(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%.2f</text>`+"\n", left, py(r), left+width, py(r), left-8, py(r)+4, r)
	}
	fmt.Printf(`<text x="%.1f" y="%.1f" text-anchor="middle">false alerts in a day on the move</text>`+"\n", left+width/2, top+height+40)
	fmt.Printf(`<text x="18" y="%.1f" text-anchor="middle" transform="rotate(-90 18 %.1f)">recall, mean over recipes</text>`+"\n", top+height/2, top+height/2)
	for _, d := range dots {
		colour, who := "#1b6", "Vigie, "
		if d.peer {
			colour, who = "#777", ""
		}
		fmt.Printf(`<circle cx="%.1f" cy="%.1f" r="5" fill="%s"/><text x="%.1f" y="%.1f">%s</text>`+"\n", px(d.x), py(d.y), colour, px(d.x)+8, py(d.y)+4, html.EscapeString(who+d.name))
	}
	fmt.Println("</svg>")
}
