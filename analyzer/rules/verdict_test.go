package rules

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

// A cell that a reviewer called benign is known from then on; one that he did not stays news.
func TestVerdict(t *testing.T) {
	for _, benign := range []bool{true, false} {
		s := home(6)
		s.on(60, lteCell(90112345, 39321, -60))
		s.hold(3600, 10, "idle", lteCell(2820612, 4660, -94))
		engine := analyzer.New(All(), analyzer.Options{})
		var alert *analyzer.Event
		feed := func(recs []cell.Record) (n int) {
			for _, r := range recs {
				engine.Feed(r)
				for _, e := range engine.Take() {
					if e.Severity >= analyzer.Medium {
						alert = &e
						n++
					}
				}
			}
			return n
		}
		done := expand(t, s.b.String())
		require.Positive(t, feed(done))
		engine.Verdict(alert, benign)
		s.on(60, lteCell(90112345, 39321, -60))
		s.on(60, lteCell(2820612, 4660, -94))
		again := feed(expand(t, s.b.String())[len(done):])
		require.Equal(t, benign, again == 0)
	}
}
