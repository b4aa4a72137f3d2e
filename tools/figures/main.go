// Command figures prints what the benchmarks measured next to the goals of the design. It judges nothing: a timing is
// never a pass or a failure.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: figures GOALS.tsv BENCH.txt")
		os.Exit(2)
	}
	measured, err := read(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goals, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%-62s %14s %-12s %s\n", "what", "measured", "", "goal")
	for _, l := range strings.Split(strings.TrimSpace(string(goals)), "\n") {
		f := strings.Split(l, "\t")
		if len(f) != 4 || strings.HasPrefix(l, "#") {
			continue
		}
		value, ok := measured[f[0]+"\t"+f[1]]
		if !ok {
			value = "not measured"
		}
		fmt.Printf("%-62s %14s %-12s %s\n", f[2], value, f[1], f[3])
	}
}

// read collects the metrics of every benchmark, by name and unit.
func read(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := map[string]string{}
	in := bufio.NewScanner(f)
	for in.Scan() {
		w := strings.Fields(in.Text())
		if len(w) < 4 || !strings.HasPrefix(w[0], "Benchmark") {
			continue
		}
		name := w[0]
		if i := strings.LastIndex(name, "-"); i > 0 {
			name = name[:i]
		}
		for i := 2; i+1 < len(w); i += 2 {
			m[name+"\t"+w[i+1]] = w[i]
		}
	}
	return m, in.Err()
}
