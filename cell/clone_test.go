package cell

import (
	"reflect"
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
	for _, r := range []Record{&Observation{}, &Observation{Neighbours: []Cell{}}, &Source{Model: "m"}, &Gap{Reason: "r"}, &Health{Raw: []string{"x"}}, &Clock{Offset: 1}, &Message{}, &Broadcast{}} {
		require.Equal(t, r, Clone(r))
		require.NotSame(t, r, Clone(r))
	}
}

// A clone shares no list with its record, whatever lists a later version adds.
func TestCloneSharesNothing(t *testing.T) {
	m := &Message{Payload: []byte{1}, Leaves: []string{"a"}, Fields: MessageFields{PLMNs: []string{"1"}, SIBs: []int{1}, Neighbours: []int{1}, Heard: []int{1},
		EUTRA: []LayerOffer{{}}, UTRA: []LayerOffer{{}}, GERAN: []LayerOffer{{}}}}
	b := &Broadcast{PLMNs: []string{"1"}, SIBs: []int{1}, Carriers: []Carrier{{}}, Neighbours: []int{1}, Changed: []string{"a"}}
	for _, r := range []Record{m, b} {
		got := Clone(r)
		require.Equal(t, r, got)
		lists := 0
		var compare func(a, b reflect.Value)
		compare = func(a, b reflect.Value) {
			switch a.Kind() {
			case reflect.Struct:
				if _, isTime := a.Interface().(time.Time); isTime {
					return
				}
				for i := range a.NumField() {
					if a.Type().Field(i).IsExported() {
						compare(a.Field(i), b.Field(i))
					}
				}
			case reflect.Slice:
				lists++
				require.NotZero(t, a.Len(), "%s: give it a value here", a.Type())
				require.NotEqual(t, a.Pointer(), b.Pointer())
			}
		}
		compare(reflect.ValueOf(r).Elem(), reflect.ValueOf(got).Elem())
		require.NotZero(t, lists)
	}
}
