package main

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"vigie/analyzer/locate"
	"vigie/analyzer/locate/locatetest"
	"vigie/cell"
)

// workers is how many runs are computed at once.
const workers = 2

// tally counts the runs of a row.
type tally struct {
	runs, asked, named int // asked: with five samples and a loudest level of -95 dBm
	holds              [2]int
	moving, direction  int
	mirror, shown      int
	off, area          []float64
	loud               []float64 // off, of runs heard at -65 dBm or louder
}

// simulate prints the table of the simulation.
func simulate(w io.Writer, runs int, seed uint64, only string) {
	fmt.Fprintf(w, "Seeds %d to %d of each row.\n\n", seed, seed+uint64(runs)-1)
	fmt.Fprintln(w, "| | runs that count | no place among them | 50 % region holds | 90 % region holds | best point, median | 90 % of them | heard at -65 dBm or louder | 90 % region, median | point shown | moving / directional |")
	fmt.Fprintln(w, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, row := range locatetest.Rows {
		if only != "" && row.Name != only {
			continue
		}
		results := make([]run, runs)
		var wait sync.WaitGroup
		for part := range workers {
			wait.Go(func() {
				for i := part; i < runs; i += workers {
					samples, truth := row.Run(seed + uint64(i))
					results[i] = run{locate.Locate(samples, cell.LTE), truth}
				}
			})
		}
		wait.Wait()
		var t tally
		for i := range results {
			t.add(&results[i])
		}
		t.print(w, row.Name)
	}
}

// run is one run of a row.
type run struct {
	locate.Result
	truth locatetest.XY
}

// add counts one run.
func (t *tally) add(r *run) {
	t.runs++
	truth := r.truth
	if loudest, ok := r.Loudest.Get(); !ok || loudest < locate.Weakest || r.Samples < locate.Fewest {
		return
	}
	t.asked++
	off := locatetest.Distance(locatetest.Place(r.Best), truth)
	t.off = append(t.off, off)
	if r.Loudest.Or(0) >= -65 {
		t.loud = append(t.loud, off)
	}
	if r.NoPlace != "" {
		return
	}
	t.named++
	for i := range r.Regions {
		if r.Regions[i].Holds(truth.LatLon()) {
			t.holds[i]++
		}
	}
	t.area = append(t.area, r.Regions[1].Area)
	count(&t.shown, r.ShowBest)
	count(&t.mirror, r.Mirror)
	count(&t.moving, r.Widened == locate.Moving)
	count(&t.direction, r.Widened == locate.Directional)
}

func count(n *int, yes bool) {
	if yes {
		*n++
	}
}

func (t *tally) print(w io.Writer, name string) {
	loud := "none"
	if len(t.loud) > 0 {
		loud = fmt.Sprintf("%.0f m (%d)", quantile(t.loud, 0.5), len(t.loud))
	}
	fmt.Fprintf(w, "| %s | %d of %d | %s | %s | %s | %.0f m | %.0f m | %s | %.3f km² | %s | %s / %s |\n", name, t.asked, t.runs, percent(t.asked-t.named, t.asked),
		percent(t.holds[0], t.named), percent(t.holds[1], t.named), quantile(t.off, 0.5), quantile(t.off, 0.9), loud, quantile(t.area, 0.5),
		percent(t.shown, t.named), percent(t.moving, t.named), percent(t.direction, t.named))
}

func percent(n, of int) string {
	if of == 0 {
		return "none"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}

func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	return s[int(q*float64(len(s)-1)+0.5)]
}
