package cell

import "time"

// Cell is a cell as one answer of a modem describes it. Only RAT is always set.
type Cell struct {
	RAT         RAT
	MCC, MNC    string      // digit strings as printed; "" is absent
	Area        Opt[Area]   // LAC or TAC, by RAT
	ID          Opt[uint64] // CI, UTRAN cell identity, ECI or NCI, by RAT
	PCI         Opt[uint16] // BSIC (NCC*8+BCC), PSC or PCI, by RAT
	ARFCN       Opt[uint32] // ARFCN, UARFCN (DL), EARFCN (DL) or NR-ARFCN, by RAT
	Band        Opt[Band]   // 3GPP number of the operating band
	Bandwidth   Opt[KHz]    // downlink
	RSRP        Opt[DBm]    // LTE and NR
	RSRQ        Opt[DB]     // LTE and NR
	RSSI        Opt[DBm]    // GSM RxLev too
	SINR        Opt[DB]     //
	RSCP        Opt[DBm]    // UMTS
	EcIo        Opt[DB]     // UMTS
	TA          Opt[uint16] // timing advance in the RAT's steps: GSM 0..63, LTE 0..1282
	Priority    Opt[uint8]  // cell reselection priority of the frequency, 0..7 (TS 36.304 clause 5.2.4)
	ThreshHigh  Opt[DB]     // threshX,High of the frequency (TS 36.304 clause 5.2.4.5)
	ThreshLow   Opt[DB]     // threshX,Low, or threshServing,Low
	SRxLev      Opt[DB]     // cell selection receive level (TS 36.304 clause 5.2.3.2)
	Placeholder Fields      // keys for which the modem printed a reserved or filler value
}

// PLMN returns the network that the cell broadcasts.
func (c *Cell) PLMN() PLMN { return PLMN{c.MCC, c.MNC} }

// Level returns the received level in dBm: RSRP, else RSCP, else RSSI.
func (c *Cell) Level() Opt[DBm] {
	switch {
	case c.RSRP.known:
		return c.RSRP
	case c.RSCP.known:
		return c.RSCP
	}
	return c.RSSI
}

// State is the state of the modem towards the network. Empty: not reported.
type State string

// The states of a modem.
const (
	Searching State = "searching"
	Limited   State = "limited"
	Idle      State = "idle"
	Connected State = "connected"
	NoService State = "no_service"
)

// Domain is the part of the network that a registration is with.
type Domain string

// The domains, with the command that reports each (TS 27.007 clauses 7.2, 10.1.20, 10.1.22, 10.1.47).
const (
	CS  Domain = "cs"  // +CREG
	PS  Domain = "ps"  // +CGREG
	EPS Domain = "eps" // +CEREG
	FGS Domain = "5gs" // +C5GREG
)

// Registration is the registration of the modem in one domain, as it reports it.
type Registration struct {
	Domain    Domain
	Status    Opt[uint8]  // <stat> (TS 27.007): 0 not searching, 1 home, 2 searching, 3 denied, 5 roaming, ...
	AcT       Opt[uint8]  // <AcT> (TS 27.007): 0 GSM, 2 UTRAN, 7 E-UTRAN, 11 NR, ...
	Area      Opt[Area]   // as that answer gave it; the LAC of +CREG on LTE is the CS area, not the TAC
	CellID    Opt[uint64] // as that answer gave it
	CauseType Opt[uint8]  // 0: Cause is a 3GPP cause; 1: the manufacturer's own
	Cause     Opt[uint16] // reject cause: MM or GMM (TS 24.008 annex G, 10.5.5.14), EMM (TS 24.301 9.9.3.9), 5GMM (TS 24.501 9.11.3.2)
}

// RAT is the RAT that the registration is over: by its AcT, else by its domain. A registration of the CS or PS domain without
// AcT leaves it open.
func (r *Registration) RAT() RAT {
	if act, ok := r.AcT.Get(); ok {
		return RATByAcT(act)
	}
	switch r.Domain {
	case EPS:
		return LTE
	case FGS:
		return NR
	}
	return UnknownRAT
}

// Registered reports whether the status means service: home, roaming, or their variants (TS 27.007: 1, 5, 6, 7, 9, 10).
func (r Registration) Registered() bool {
	s, ok := r.Status.Get()
	return ok && (s == 1 || s == 5 || s == 6 || s == 7 || s == 9 || s == 10)
}

// Position is where the sensor was: WGS 84 degrees.
type Position struct {
	Lat, Lon float64
	Accuracy Opt[float64] // metres
	Speed    Opt[float64] // metres a second
	Source   string       // "gnss", "gpsd", "phone", ...; "" is absent
}

// Record is one line of the interchange format: *Source, *Observation, *Gap, *Health, *Clock, *Message or *Broadcast.
type Record interface {
	// When returns the time of the record; zero for a Source.
	When() time.Time
	// From returns the sensor of the record; empty for the sensor of the source line before it.
	From() string
}

// Observation is what one poll round, or one unsolicited line, reported, and nothing older.
type Observation struct {
	Time         time.Time // UTC, when the answer arrived at the host
	Sensor       string
	State        State
	Serving      *Cell          // nil: absent
	Neighbours   []Cell         // nil: not asked; empty: asked and none
	Secondary    []Cell         // carriers in use next to the serving cell
	Registration []Registration // nil: not asked
	Position     *Position
	Survey       bool     // a row of a sweep over cells: Serving is a cell heard, not the one camped on
	Raw          []string // the modem's own lines, redacted
}

// Source describes the sensor that the following records are from.
type Source struct {
	Version  int // of the format; 1
	Sensor   string
	Mode     Mode
	Model    string
	Firmware string
	Reports  Opt[Fields] // absent: taken from what is seen
	Skew     bool        // area and cell id may be updated at different moments for a second or two
	Assumed  Fields      // what is a guess
	Survey   bool        // every observation is a row of a sweep
	Set      string      // name of the collection it is from
	AT       bool        // recorded over AT commands
	Kit      string      // name shared by sensors that are used together; empty if there is only one
}

// Mode is how the sensor is used; "" is Mobile.
type Mode string

// The modes.
const (
	Fixed  Mode = "fixed"
	Mobile Mode = "mobile"
)

// Gap says when and why nothing could be seen.
type Gap struct {
	Time   time.Time
	Sensor string
	Until  time.Time // zero while it lasts
	Reason string    // "unplugged", "silent", "busy", ...
}

// Health says something about the source itself: a firmware token never seen, decode rejects.
type Health struct {
	Time   time.Time
	Sensor string
	Reason string   // a word from a short closed set: "unknown_token", "decode_reject", "sim_pin", ...
	Detail string   // for people
	Count  int      // how often since the last such line; 0 is absent
	Raw    []string // the lines it is about, redacted
}

// Unwatched is the reason of a Health that ends the events of a sensor, since nothing tells any more whether they go on. Its
// detail is UnwatchedGone or UnwatchedBlind.
const (
	Unwatched      = "unwatched"
	UnwatchedGone  = "gone"  // nobody watches with this sensor any more: it was renamed or taken away
	UnwatchedBlind = "blind" // it has seen nothing for a long time
)

// Clock says by how much earlier times of this sensor were wrong.
type Clock struct {
	Time   time.Time
	Sensor string
	Offset time.Duration // to add to earlier times
	Since  time.Time     // back to this one, by the clock as it was then; zero: not told
}

func (r *Source) When() time.Time      { return time.Time{} }
func (r *Source) From() string         { return r.Sensor }
func (r *Observation) When() time.Time { return r.Time }
func (r *Observation) From() string    { return r.Sensor }
func (r *Gap) When() time.Time         { return r.Time }
func (r *Gap) From() string            { return r.Sensor }
func (r *Health) When() time.Time      { return r.Time }
func (r *Health) From() string         { return r.Sensor }
func (r *Clock) When() time.Time       { return r.Time }
func (r *Clock) From() string          { return r.Sensor }

// SetSensor gives a record another sensor.
func SetSensor(r Record, sensor string) {
	switch r := r.(type) {
	case *Source:
		r.Sensor = sensor
	case *Observation:
		r.Sensor = sensor
	case *Gap:
		r.Sensor = sensor
	case *Health:
		r.Sensor = sensor
	case *Clock:
		r.Sensor = sensor
	case *Message:
		r.Sensor = sensor
	case *Broadcast:
		r.Sensor = sensor
	}
}
