package storagetest

import (
	"time"

	"vigie/cell"
)

// WithSignalling adds to records of one sensor, in order of time, a message after every tenth observation and a broadcast after
// every fiftieth. The result is always the same.
func WithSignalling(recs []cell.Record) (all []cell.Record) {
	n := 0
	for _, r := range recs {
		all = append(all, r)
		o, ok := r.(*cell.Observation)
		if !ok {
			continue
		}
		if n++; n%10 == 0 {
			all = append(all, AMessage(o.Sensor, o.Time.Add(time.Microsecond), n))
		}
		if n%50 == 0 {
			all = append(all, ABroadcast(o.Sensor, o.Time.Add(2*time.Microsecond), n))
		}
	}
	return all
}

// AMessage is an identity request of a number.
func AMessage(sensor string, at time.Time, n int) *cell.Message {
	return &cell.Message{Time: at, Sensor: sensor, Frame: n, RAT: cell.LTE, Layer: cell.NAS, Channel: "EMM", Direction: cell.Down, Log: 0xB0EC, Name: "identity-request",
		Fields: cell.MessageFields{Security: cell.Some(0), IdentityType: cell.Some(n % 4)}, Payload: []byte{7, 0x55, byte(n % 4)}}
}

// ABroadcast is what a cell says of itself, with a number.
func ABroadcast(sensor string, at time.Time, n int) *cell.Broadcast {
	return &cell.Broadcast{Time: at, Sensor: sensor, RAT: cell.LTE, ARFCN: cell.Some(uint32(1300)), PCI: cell.Some(uint16(101)), PLMNs: []string{"001-01"}, Area: cell.Some(cell.Area(4660)),
		CellID: cell.Some(uint64(11016962)), Barred: cell.Some(false), ValueTag: cell.Some(n % 32), SIBs: []int{1, 3, 5}, Priority: cell.Some(uint8(5)),
		Carriers: []cell.Carrier{{RAT: cell.LTE, ARFCN: 6300, Priority: cell.Some(uint8(4))}, {RAT: cell.GSM, ARFCN: 62}}, Neighbours: []int{7, 44}, Changed: []string{"value_tag"}}
}
