package cell

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is changed after it was cloned does not change the clone, and absent stays absent.
func TestClone(t *testing.T) {
	now := time.Date(2026, 11, 29, 20, 0, 0, 0, time.UTC)
	o := &Observation{Time: now, Sensor: "roof", Serving: &Cell{RAT: LTE, PCI: Some(uint16(1))}, Neighbours: []Cell{{RAT: GSM}},
		Registration: []Registration{{Domain: EPS}}, Position: &Position{Lat: 1}, Raw: []string{"a"}}
	got := Clone(o).(*Observation)
	require.Equal(t, o, got)
	o.Serving.PCI, o.Neighbours[0].RAT, o.Registration[0].Domain, o.Position.Lat, o.Raw[0] = Some(uint16(2)), NR, CS, 2, "b"
	require.Equal(t, &Observation{Time: now, Sensor: "roof", Serving: &Cell{RAT: LTE, PCI: Some(uint16(1))}, Neighbours: []Cell{{RAT: GSM}},
		Registration: []Registration{{Domain: EPS}}, Position: &Position{Lat: 1}, Raw: []string{"a"}}, got)
	for _, r := range []Record{&Observation{}, &Observation{Neighbours: []Cell{}}, &Source{Model: "m"}, &Gap{Reason: "r"}, &Health{Raw: []string{"x"}}, &Clock{Offset: 1}} {
		require.Equal(t, r, Clone(r))
		require.NotSame(t, r, Clone(r))
	}
}
