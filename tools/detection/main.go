// Command detection measures what the rules find and what they find wrongly, on traces and injected copies that the bench
// made, and writes the tables of docs/detection-results.md and the picture next to it:
//
//	score.py --vigie bin/vigie --seeds 20 --keep COPIES        # makes the copies, and scores by itself
//	go run ./tools/detection -traces TRACES -copies COPIES -peers peers.json -docs docs
//
// It runs the shipped rules in this process, as vigie replay does, under several budgets and with the priors of each rule
// changed; then it holds out one set of traces after the other. It never writes anything that was cut from a trace.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vigie/analyzer/rules"
)

// budgets are the alerts a month that are tried; the first is what is shipped.
var budgets = []float64{4, 400, 100, 40, 20, 10, 2, 1, 0.4, 0.1}

const nudge = 3 // by which the priors of a rule are multiplied and divided

func main() {
	traces := flag.String("traces", "", "directory of unchanged traces")
	copies := flag.String("copies", "", "directories of injected copies, separated by commas")
	peers := flag.String("peers", "", "result of peers.py --json, if there is one")
	docs := flag.String("docs", "", "write the tables and the picture here; default: print the tables")
	flag.Parse()
	if err := write(*traces, *copies, *peers, *docs); err != nil {
		fmt.Fprintln(os.Stderr, "detection:", err)
		os.Exit(1)
	}
}

func write(traces, copies, peers, docs string) error {
	var settings []setting
	for _, b := range budgets {
		settings = append(settings, setting{budget: b})
	}
	for _, r := range rules.All() {
		settings = append(settings, setting{budgets[0], r.ID, nudge}, setting{budgets[0], r.ID, 1.0 / nudge})
	}
	runs, err := measure(traces, copies, settings)
	if err != nil {
		return err
	}
	others, err := readPeers(peers)
	if err != nil {
		return err
	}
	tables := report(runs, settings, others)
	if docs == "" {
		_, err := os.Stdout.WriteString(tables)
		return err
	}
	page := filepath.Join(docs, "detection-results.md")
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	fresh, err := put(string(text), tables)
	if err != nil {
		return fmt.Errorf("%s %w", page, err)
	}
	if err := os.WriteFile(page, []byte(fresh), 0o644); err != nil {
		return err
	}
	var picture bytes.Buffer
	draw(&picture, dots(runs, others))
	return os.WriteFile(filepath.Join(docs, "detection-results.svg"), picture.Bytes(), 0o644)
}

// put puts the tables in the place of the old ones on a page.
func put(page, tables string) (string, error) {
	const begin, end = "<!-- measured: written by tools/detection -->\n", "<!-- end of measured -->\n"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("has no place for the tables: want the lines %q and %q", begin, end)
	}
	return before + begin + tables + end + after, nil
}

// peer is one result of peers.py.
type peer struct {
	Recall float64 `json:"recall"`
	Worst  float64 `json:"worst_recall"`
	False  map[string]struct {
		PerDay float64 `json:"medium_per_day"`
	} `json:"false"`
	Quiet int `json:"j_quiet"`
	Looks int `json:"j_total"`
}

func readPeers(path string) (map[string]peer, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list := map[string]peer{}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: not a result of peers.py --json: %w", path, err)
	}
	return list, nil
}
