// Command locate makes the tables of docs/locate.md: how often the regions of package locate hold the truth, in simulation and
// on real traces.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	runs := flag.Int("runs", 200, "runs of each row of the simulation; 0: none")
	first := flag.Uint64("seed", 1, "seed of the first run of each row")
	only := flag.String("row", "", "only the row of this name")
	traces := flag.String("traces", "", "directory with sets of traces; empty: the simulation alone")
	flag.Parse()
	if *runs > 0 {
		simulate(os.Stdout, *runs, *first, *only)
	}
	if *traces == "" {
		return
	}
	if err := compareDrives(os.Stdout, *traces); err != nil {
		fmt.Fprintln(os.Stderr, "locate:", err)
		os.Exit(1)
	}
}
