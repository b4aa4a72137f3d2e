package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

// A clone that copies the id of the serving cell and differs in PLMN, PCI and channel is a move in the timeline of its event, there
// and back. A row that names the same cell without its id is none; a change of area alone is shown as such.
func TestTimelineTellsCellsApart(t *testing.T) {
	start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	near := cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(4660)), ID: cell.Some(uint64(11016962)),
		PCI: cell.Some(uint16(101)), ARFCN: cell.Some(uint32(1300))}
	clone, half, moved := near, near, near
	clone.MNC, clone.PCI, clone.ARFCN = "01", cell.Some(uint16(3)), cell.Some(uint32(3600))
	half.ID, half.Area = cell.Opt[uint64]{}, cell.Opt[cell.Area]{}
	moved.Area = cell.Some(cell.Area(9))
	for _, c := range []struct {
		what string
		rows []cell.Cell
		want []string
	}{
		{"a clone of the id", []cell.Cell{near, clone, near}, []string{"timeline.cell", "timeline.cell"}},
		{"a clone after rows without the id", []cell.Cell{near, half, clone, clone, near}, []string{"timeline.cell", "timeline.cell"}},
		{"a row without the id", []cell.Cell{near, half, near}, nil},
		{"another area", []cell.Cell{near, half, moved, moved}, []string{"timeline.area"}},
	} {
		var w Window
		for i := range c.rows {
			w.Records = append(w.Records, &cell.Observation{Time: start.Add(time.Duration(i) * time.Second), Serving: &c.rows[i]})
		}
		list, _ := w.Timeline(&analyzer.Event{First: start, Opened: start.Add(time.Hour), Last: start.Add(time.Minute)})
		var got []string
		for _, m := range list {
			if m.Kind == "cell" {
				got = append(got, m.Key)
			}
		}
		require.Equal(t, c.want, got, c.what)
	}
}
