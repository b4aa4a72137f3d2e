package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"vigie/cmd/vigie/console"
)

// PrintCounts prints how often each of some keys was met, the first twelve by name; nothing if there is none.
func PrintCounts(t *console.Terminal, what string, counts map[string]int) {
	if len(counts) == 0 {
		return
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %s", console.OneLine(Cleaner.Scrub(k)), console.Thousands(counts[k])))
	}
	if len(parts) > 12 {
		parts = append(parts[:12], fmt.Sprintf("and %d more", len(parts)-12))
	}
	t.Printf("%s: %s\n", what, strings.Join(parts, ", "))
}
