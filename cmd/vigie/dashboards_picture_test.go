package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage/influxdtest"
)

var dashboardPicture = flag.String("dashboard", "", "draw dashboards/site.json into this SVG")

// The picture of docs/influxdb.md: what the panels of the dashboard ask, answered by a real server, drawn by ourselves since no
// Grafana could be had. make dashboard draws it again.
func TestDashboardPicture(t *testing.T) {
	if *dashboardPicture == "" {
		t.Skip("draws docs/dashboard.svg; this runs it: make dashboard")
	}
	srv := influxdtest.Start(t)
	dir := t.TempDir()
	db := filepath.Join(dir, "s.db")
	file := writeFile(t, dir, "day.ndjson", string(dayWithTrouble()))
	status, _, errs := runVigie("", "replay", "--store", db, file)
	require.Equal(t, 0, status, errs)
	conf := writeFile(t, dir, "v.toml", fmt.Sprintf("store = %q\n[influx]\nurl = %q\nbucket = %q\ntoken_file = %q\nfull_rate = true\n", db, srv.URL, influxdtest.Database, writeFile(t, dir, "token", influxdtest.Token)))
	status, _, errs = runVigie("", "influx", "send", "--config", conf)
	require.Equal(t, 0, status, errs)

	from := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	to := from.Add(24 * time.Hour)
	fill := strings.NewReplacer("$timeFilter", fmt.Sprintf("time >= %d AND time < %d", from.UnixNano(), to.UnixNano()), "$__interval", "10m", "$sensor", "roof")
	text, err := os.ReadFile("../../dashboards/site.json")
	require.NoError(t, err)
	var d struct {
		Title  string
		Panels []struct {
			Title, Type string
			Targets     []struct{ Query string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &d))
	var out bytes.Buffer
	const width, height, gap = 400.0, 120.0, 46.0
	rows := (len(d.Panels) + 1) / 2
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="11"><rect width="100%%" height="100%%" fill="white"/>`+"\n", 2*(width+70)+20, float64(rows)*(height+gap)+40)
	fmt.Fprintf(&out, `<text x="20" y="22" font-size="14">%s: what its panels get from a real InfluxDB 1.8.10, drawn without Grafana</text>`+"\n", html.EscapeString(d.Title))
	for i, p := range d.Panels {
		x, y := 66+float64(i%2)*(width+70), 60+float64(i/2)*(height+gap)
		fmt.Fprintf(&out, `<text x="%.0f" y="%.0f" font-weight="bold">%s</text><rect x="%.0f" y="%.0f" width="%.0f" height="%.0f" fill="none" stroke="#bbb"/>`+"\n", x, y-6, html.EscapeString(p.Title), x, y, width, height)
		var tables []influxdtest.Table
		for _, q := range p.Targets {
			got := srv.Exec(fill.Replace(q.Query))
			if field := quotedField.FindStringSubmatch(q.Query); len(p.Targets) > 1 && field != nil {
				for i := range got {
					got[i].Tags = map[string]string{"": field[1]}
				}
			}
			tables = append(tables, got...)
		}
		if p.Type == "table" {
			drawTable(&out, tables, x, y, int(height)/16)
		} else {
			drawCurves(&out, tables, x, y, width, height, from, to)
		}
	}
	fmt.Fprintln(&out, "</svg>")
	require.NoError(t, os.WriteFile(*dashboardPicture, out.Bytes(), 0o644))
}

var quotedField = regexp.MustCompile(`\("(\w+)"\)`)

// drawTable writes the first rows of an answer as text.
func drawTable(out *bytes.Buffer, tables []influxdtest.Table, x, y float64, rows int) {
	for _, table := range tables {
		for _, row := range table.Values[:min(rows, len(table.Values))] {
			ns, _ := row[0].(json.Number).Int64()
			line := time.Unix(0, ns).UTC().Format("15:04")
			for _, v := range row[1:] {
				if v != nil && v != "" {
					line += "  " + fmt.Sprint(v)
				}
			}
			y += 15
			fmt.Fprintf(out, `<text x="%.0f" y="%.0f" font-size="9">%s</text>`+"\n", x+4, y, html.EscapeString(line[:min(len(line), 84)]))
		}
	}
}

// drawCurves draws each series of an answer over the day.
func drawCurves(out *bytes.Buffer, tables []influxdtest.Table, x, y, width, height float64, from, to time.Time) {
	type point struct{ at, v float64 }
	var curves [][]point
	var names []string
	low, high := 0.0, 0.0
	first := true
	for _, table := range tables {
		var curve []point
		for _, row := range table.Values {
			n, ok := row[1].(json.Number)
			if !ok {
				curve = append(curve, point{-1, 0}) // a hole
				continue
			}
			ns, _ := row[0].(json.Number).Int64()
			v, _ := n.Float64()
			curve = append(curve, point{float64(time.Unix(0, ns).Sub(from)) / float64(to.Sub(from)), v})
			if first {
				low, high, first = v, v, false
			}
			low, high = min(low, v), max(high, v)
		}
		name := table.Columns[1]
		for _, v := range table.Tags {
			name = v
		}
		curves, names = append(curves, curve), append(names, name)
	}
	if low > 0 && low < high/2 {
		low = 0
	}
	if high == low {
		high++
	}
	fmt.Fprintf(out, `<text x="%.0f" y="%.0f" text-anchor="end">%.3g</text><text x="%.0f" y="%.0f" text-anchor="end">%.3g</text>`+"\n", x-4, y+10, high, x-4, y+height, low)
	for h := 0; h <= 24; h += 6 {
		fmt.Fprintf(out, `<text x="%.0f" y="%.0f" text-anchor="middle" fill="#777">%02d:00</text>`+"\n", x+width*float64(h)/24, y+height+13, h)
	}
	colours := []string{"#36c", "#c63", "#1b6", "#a3a"}
	for i, curve := range curves {
		colour := colours[i%len(colours)]
		for _, part := range slices.Collect(func(yield func([]point) bool) {
			for len(curve) > 0 {
				n := slices.IndexFunc(curve, func(p point) bool { return p.at < 0 })
				if n < 0 {
					n = len(curve)
				}
				if n > 0 && !yield(curve[:n]) {
					return
				}
				curve = curve[min(n+1, len(curve)):]
			}
		}) {
			text := ""
			if len(part) == 1 {
				fmt.Fprintf(out, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`, x+width*part[0].at, y+height*(1-(part[0].v-low)/(high-low)), colour)
			}
			for _, p := range part {
				text += fmt.Sprintf("%.1f,%.1f ", x+width*p.at, y+height*(1-(p.v-low)/(high-low)))
			}
			fmt.Fprintf(out, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.3" stroke-linecap="round"/>`+"\n", text, colour)
		}
		if len(curves) > 1 {
			fmt.Fprintf(out, `<text x="%.0f" y="%.0f" text-anchor="end" fill="%s">%s</text>`+"\n", x+width-4, y+12+13*float64(i), colour, html.EscapeString(names[i]))
		}
	}
}

// dayWithTrouble is the day of a fixed monitor with an hour unplugged, rejects, and some minutes on a loud 2G cell.
func dayWithTrouble() []byte {
	var out bytes.Buffer
	r := cell.NewReader(bytes.NewReader(day()), "day")
	var enc cell.Encoder
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for {
		rec, err := r.Next()
		if err != nil {
			return out.Bytes()
		}
		if o, ok := rec.(*cell.Observation); ok {
			s := int(o.Time.Sub(start) / time.Second)
			if s%5 != 0 || s >= 33000 && s < 36000 {
				continue // each fifth second will do for a picture
			}
			if s == 36000 {
				out.Write(enc.Append(nil, &cell.Gap{Time: start.Add(33000 * time.Second), Sensor: "roof", Until: o.Time, Reason: "unplugged"}))
			}
			o.Serving.SINR = cell.Some(cell.DB(8 + s/13%9))
			o.Registration = []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1)), AcT: cell.Some(uint8(7))}}
			if s >= 64800 && s < 64860 {
				o.Registration[0].Status, o.Registration[0].Cause = cell.Some(uint8(3)), cell.Some(uint16(15))
			}
			if s >= 64860 && s < 65400 {
				o.Serving = &cell.Cell{RAT: cell.GSM, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(9999)), ID: cell.Some(uint64(777)), ARFCN: cell.Some(uint32(62)), RSSI: cell.Some(cell.DBm(-51))}
				o.Neighbours = []cell.Cell{}
				o.Raw = []string{`+QENG: "servingcell","NOCONN","GSM",272,03,270F,309,20,62,0,-51,255,255,0,50,50,1,-,-,-,-,-,-,-,-,-,"-"`}
			}
			if s%14400 == 7200 {
				out.Write(enc.Append(nil, &cell.Health{Time: o.Time, Sensor: "roof", Reason: "unknown_token", Detail: "a word that this firmware never said before", Count: 1}))
			}
		}
		out.Write(enc.Append(nil, rec))
	}
}
