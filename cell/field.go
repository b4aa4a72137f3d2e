package cell

import "strings"

// Fields is a set of the words that the interchange format uses for what a source can report, for what a rule needs,
// and for keys whose value was a placeholder.
type Fields uint32

// The words, in the order in which they are written.
const (
	FieldRAT Fields = 1 << iota
	FieldState
	FieldMCC
	FieldMNC
	FieldArea
	FieldCellID
	FieldPCI
	FieldARFCN
	FieldBand
	FieldBandwidth
	FieldRSRP
	FieldRSRQ
	FieldRSSI
	FieldSINR
	FieldRSCP
	FieldEcIo
	FieldTA
	FieldPriority
	FieldNeighbours
	FieldNeighbourIdentity
	FieldNeighbourPriority
	FieldSecondary
	FieldRegistration
	FieldCause
	FieldPosition
	FieldUnsolicited
	FieldBroadcast  // what cells say of themselves: Broadcast
	FieldSignalling // messages to and from the modem: Message
	FieldPaging     // pagings of others, as sums
)

var fieldNames = [...]string{"rat", "state", "mcc", "mnc", "area", "cell_id", "pci", "arfcn", "band", "bandwidth_khz", "rsrp",
	"rsrq", "rssi", "sinr", "rscp", "ecio", "ta", "priority", "neighbours", "neighbours.identity", "neighbours.priority",
	"secondary", "registration", "registration.cause", "position", "unsolicited", "broadcast", "signalling",
	"paging"}

// ParseField returns the field of one word.
func ParseField(word string) (Fields, bool) {
	for i, n := range fieldNames {
		if n == word {
			return 1 << i, true
		}
	}
	return 0, false
}

// Has reports whether every field of want is in f.
func (f Fields) Has(want Fields) bool { return f&want == want }

// Words lists the fields in their fixed order.
func (f Fields) Words() []string {
	var w []string
	for i, n := range fieldNames {
		if f&(1<<i) != 0 {
			w = append(w, n)
		}
	}
	return w
}

// String is the words, separated by spaces.
func (f Fields) String() string { return strings.Join(f.Words(), " ") }

// Fields are those in which a cell holds a value.
func (c *Cell) Fields() (f Fields) {
	for _, k := range [...]struct {
		known bool
		field Fields
	}{
		{c.RAT != UnknownRAT, FieldRAT}, {c.MCC != "", FieldMCC}, {c.MNC != "", FieldMNC}, {c.Area.Known(), FieldArea}, {c.ID.Known(), FieldCellID},
		{c.PCI.Known(), FieldPCI}, {c.ARFCN.Known(), FieldARFCN}, {c.Band.Known(), FieldBand}, {c.Bandwidth.Known(), FieldBandwidth},
		{c.RSRP.Known(), FieldRSRP}, {c.RSRQ.Known(), FieldRSRQ}, {c.RSSI.Known(), FieldRSSI}, {c.SINR.Known(), FieldSINR},
		{c.RSCP.Known(), FieldRSCP}, {c.EcIo.Known(), FieldEcIo}, {c.TA.Known(), FieldTA}, {c.Priority.Known(), FieldPriority},
	} {
		if k.known {
			f |= k.field
		}
	}
	return f
}

// Fields are those that an observation shows its source to report.
func (o *Observation) Fields() (f Fields) {
	if o.Serving != nil {
		f = o.Serving.Fields()
	}
	for i := range o.Neighbours {
		n := &o.Neighbours[i]
		if n.ID.Known() {
			f |= FieldNeighbourIdentity
		}
		if n.Priority.Known() {
			f |= FieldNeighbourPriority
		}
	}
	for _, r := range o.Registration {
		if r.Cause.Known() {
			f |= FieldCause
		}
	}
	for _, k := range [...]struct {
		known bool
		field Fields
	}{
		{o.State != "", FieldState}, {o.Neighbours != nil, FieldNeighbours}, {o.Secondary != nil, FieldSecondary},
		{o.Registration != nil, FieldRegistration}, {o.Position != nil, FieldPosition},
	} {
		if k.known {
			f |= k.field
		}
	}
	return f
}
