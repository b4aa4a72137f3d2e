package locate_test

import (
	"testing"

	"vigie/analyzer/locate"
	"vigie/analyzer/locate/locatetest"
	"vigie/cell"
)

// BenchmarkLocate is a walk of ten minutes, 78 samples: the goal is a second on one core.
func BenchmarkLocate(b *testing.B) {
	samples, _ := locatetest.Rows[0].Named(3)
	for b.Loop() {
		locate.Locate(samples, cell.LTE)
	}
}
