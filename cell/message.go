package cell

import "time"

// Message is one signalling message between a network and a terminal, as the modem's own log or a capture holds it: what it is
// and what it says, never who somebody is. As a record it may stand for several in a row that say the same.
type Message struct {
	Sensor    string
	Frame     int         // number in its capture, from 1; 0: it is from none
	RAT       RAT         // always LTE
	Layer     Layer       // protocol
	Channel   string      // logical channel of an RRC message ("DL-DCCH"), protocol of a NAS message (EMM or ESM); "" is absent
	Direction Direction   // "" is absent: the capture does not say
	PCI       Opt[uint16] // of the cell, where the log says it
	ARFCN     Opt[uint32] // EARFCN of the cell, where the log says it
	Log       uint16      // DIAG log code; 0 is absent
	Time      time.Time   // of the device or of the capture, not of the host
	Name      string      // the message, as TS 36.331 or TS 24.301 name it ("rrcConnectionRelease", "attach-reject"); "" if ciphered
	Fields    MessageFields
	Count     int      // how often it came in a row, from Time on; 0 is absent, and means once
	Payload   []byte   // the bytes of the message, with those that say who somebody is set to zero; nil: not kept
	Leaves    []string // NAME=VALUE of each leaf of an RRC message; nil: not asked for. They are not read back: the payload has them
}

// MaxPayload is the longest payload of a message, in bytes: that of an RRC message is at most 8,188 (TS 36.323 clause 4.3.1).
const MaxPayload = 16 << 10

func (m *Message) When() time.Time { return m.Time }
func (m *Message) From() string    { return m.Sensor }

// Layer is a signalling protocol.
type Layer string

// The layers.
const (
	RRC Layer = "rrc" // TS 36.331
	NAS Layer = "nas" // TS 24.301
)

// Direction is which side sent a message.
type Direction string

// The directions.
const (
	Down Direction = "down"
	Up   Direction = "up"
)

// MessageFields are the values of a message that Vigie reads. What a message does not have, or does not give, is absent; a nil
// list is absent, an empty one is not. The comment gives the message that has the field.
type MessageFields struct {
	// RRC, TS 36.331 clause 6
	PLMNs                []string     // SIB1: "001-01"
	TAC                  Opt[uint16]  // SIB1
	CellID               Opt[uint32]  // SIB1: 28 bits
	Barred               Opt[bool]    // SIB1
	IntraFreqReselection Opt[bool]    // SIB1: allowed
	CSG                  Opt[bool]    // SIB1: csg-Indication
	QRxLevMin            Opt[int]     // SIB1: dBm
	Band                 Opt[Band]    // SIB1: freqBandIndicator
	SICount              Opt[int]     // SIB1: entries of schedulingInfoList
	ValueTag             Opt[int]     // SIB1: systemInfoValueTag
	SIBs                 []int        // systemInformation: numbers of the blocks it holds
	ServingPriority      Opt[int]     // SIB3: cellReselectionPriority
	Neighbours           []int        // SIB4: PCI of intraFreqNeighCellList
	EUTRA                []LayerOffer // SIB5
	UTRA                 []LayerOffer // SIB6: FDD, then TDD
	GERAN                []LayerOffer // SIB7: starting ARFCN of each group
	Records              Opt[int]     // paging
	IMSIRecords          Opt[int]     // paging: records that page by IMSI
	SIModification       Opt[bool]    // paging: systemInfoModification
	ReleaseCause         string       // rrcConnectionRelease
	Redirect             string       // rrcConnectionRelease: alternative of redirectedCarrierInfo
	RedirectARFCN        Opt[uint32]  // rrcConnectionRelease
	IdlePriorities       Opt[bool]    // rrcConnectionRelease: has idleModeMobilityControlInfo
	EEA                  Opt[int]     // ciphering algorithm: RRC and NAS security mode command, handover
	EIA                  Opt[int]     // integrity algorithm: the same
	TargetPCI            Opt[int]     // rrcConnectionReconfiguration with mobilityControlInfo
	HandoverType         string       // rrcConnectionReconfiguration with securityConfigHO
	Purpose              string       // mobilityFromEUTRACommand
	TargetRAT            string       // mobilityFromEUTRACommand
	EstablishmentCause   string       // rrcConnectionRequest
	InitialIdentity      string       // rrcConnectionRequest: alternative of ue-Identity
	WaitTime             Opt[int]     // rrcConnectionReject: s
	ReestablishmentCause string       // rrcConnectionReestablishmentRequest
	RSRPIndex            Opt[int]     // measurementReport: of the serving cell, 0..97 (TS 36.133 clause 9.1.4)
	Heard                []int        // measurementReport: PCI of the E-UTRA list

	// NAS, TS 24.301 clause 9.9.3
	Security        Opt[int] // security header type of an EMM message
	Ciphered        bool     // the content is ciphered, and not read
	AttachType      Opt[int] // attach-request
	UpdateType      Opt[int] // tau-request
	IdentityType    Opt[int] // 1 IMSI, 2 IMEI, 3 IMEISV, 4 TMSI, 6 GUTI
	LastTAIPLMN     string   // attach-request, tau-request: of the last visited TAI, MCC and MNC as numbers: "1-1" is 001-01
	Result          Opt[int] // attach-accept, tau-accept
	Cause           Opt[int] // EMM or ESM cause
	DetachUp        Opt[int] // detach-request of a terminal: type of detach
	DetachDown      Opt[int] // detach-request of a network: type of detach
	IMEISVRequested Opt[int] // security-mode-command
}

// LayerOffer is a frequency that a cell names for reselection.
type LayerOffer struct {
	Channel  int
	Priority Opt[int] // 0..7
}
