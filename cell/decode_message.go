package cell

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// signallingLine holds the keys that only messages and broadcasts have.
type signallingLine struct {
	rat       RAT
	arfcn     Opt[uint32]
	pci       Opt[uint16]
	message   Message
	broadcast Broadcast
	keys      []string // all that were read, in case the line is of another kind
}

// signalling reads the value of a key that only messages and broadcasts have.
func (d *decoder) signalling(key []byte, l *line) error {
	s := l.signalling
	if s == nil {
		s = &signallingLine{}
	}
	read := d.signallingKey(key, s)
	if read == nil {
		return d.ignore(key)
	}
	l.signalling, s.keys = s, append(s.keys, d.short(key))
	return read()
}

// signallingKey returns how the value of a key is read; nil for a key that no line has.
func (d *decoder) signallingKey(key []byte, s *signallingLine) func() error {
	m, b := &s.message, &s.broadcast
	switch string(key) {
	case "rat":
		return func() error { return d.rat(key, &s.rat) }
	case "arfcn":
		return func() error { return optUint(d, key, &s.arfcn, maxARFCN) }
	case "pci":
		return func() error { return optUint(d, key, &s.pci, 1007) }
	case "frame":
		return func() error { return plainInt(d, key, &m.Frame, math.MaxInt32) }
	case "layer":
		return func() error { return oneOf(d, key, &m.Layer, RRC, NAS) }
	case "channel":
		return func() error { return d.label(key, &m.Channel) }
	case "direction":
		return func() error { return oneOf(d, key, &m.Direction, Down, Up) }
	case "log":
		return func() error { return d.logCode(key, &m.Log) }
	case "message":
		return func() error { return d.label(key, &m.Name) }
	case "fields":
		return func() error { return d.messageFields(key, &m.Fields) }
	case "payload":
		return func() error { return d.payload(key, &m.Payload) }
	case "plmns":
		return func() error { return d.plmns(key, &b.PLMNs) }
	case "area":
		return func() error { return optUint(d, key, &b.Area, 1<<24-1) }
	case "cell_id":
		return func() error { return optUint(d, key, &b.CellID, 1<<36-1) }
	case "band":
		return func() error { return optUint(d, key, &b.Band, 4096) }
	case "barred":
		return func() error { return d.optFlag(key, &b.Barred) }
	case "intra_freq_reselection":
		return func() error { return d.optFlag(key, &b.Reselect) }
	case "csg":
		return func() error { return d.optFlag(key, &b.CSG) }
	case "q_rx_lev_min":
		return func() error { return optSignedIn(d, key, &b.QRxLevMin, mostNumber) }
	case "si_count":
		return func() error { return optSignedIn(d, key, &b.SICount, mostNumber) }
	case "value_tag":
		return func() error { return optSignedIn(d, key, &b.ValueTag, mostNumber) }
	case "sibs":
		return func() error { return d.numbers(key, &b.SIBs, 255) }
	case "serving_priority":
		return func() error { return optUint(d, key, &b.Priority, 7) }
	case "carriers":
		return func() error { return d.carriers(key, &b.Carriers) }
	case "neighbour_pcis":
		return func() error { return d.numbers(key, &b.Neighbours, 1007) }
	case "changed":
		return func() error { return d.texts(key, &b.Changed) }
	}
	return nil
}

// foreign counts the keys of messages and broadcasts in a line of another kind.
func (d *decoder) foreign(l *line) {
	if l.signalling != nil {
		for _, k := range l.signalling.keys {
			count(&d.unknown, k)
		}
	}
}

func (d *decoder) message(l *line) (Record, error) {
	var m Message
	if s := l.signalling; s != nil {
		m = s.message
		m.RAT, m.ARFCN, m.PCI = s.rat, s.arfcn, s.pci
	}
	if m.Layer == "" {
		return nil, errors.New("a message without its layer")
	}
	m.Time, m.Sensor, m.Count = l.observation.Time, l.observation.Sensor, int(l.count.value)
	d.pciInRange(m.RAT, &m.PCI)
	return &m, nil
}

func (d *decoder) broadcast(l *line) (Record, error) {
	var b Broadcast
	if s := l.signalling; s != nil {
		b = s.broadcast
		b.RAT, b.ARFCN, b.PCI = s.rat, s.arfcn, s.pci
	}
	if b.RAT == UnknownRAT {
		return nil, errors.New("a broadcast without its RAT")
	}
	b.Time, b.Sensor = l.observation.Time, l.observation.Sensor
	d.pciInRange(b.RAT, &b.PCI)
	drop(d, "area", &b.Area, b.RAT.MaxArea())
	drop(d, "cell_id", &b.CellID, b.RAT.MaxCellID())
	return &b, nil
}

func (d *decoder) pciInRange(rat RAT, pci *Opt[uint16]) {
	if rat != UnknownRAT {
		drop(d, "pci", pci, rat.MaxPCI())
	}
}

func (d *decoder) rat(key []byte, dst *RAT) error {
	var s string
	if err := d.name(key, &s); err != nil {
		return err
	}
	if r, ok := ParseRAT(s); ok {
		*dst = r
	} else if s != "" {
		count(&d.bad, string(key))
	}
	return nil
}

// label reads a name of a specification: up to 64 letters, digits and dashes.
func (d *decoder) label(key []byte, dst *string) error {
	var s string
	if err := d.name(key, &s); err != nil {
		return err
	}
	if !isLabel(s) {
		count(&d.bad, string(key))
		return nil
	}
	*dst = s
	return nil
}

func isLabel(s string) bool {
	for i := range len(s) {
		switch ch := s[i]; {
		case ch >= 'a' && ch <= 'z', ch >= 'A' && ch <= 'Z', ch >= '0' && ch <= '9', ch == '-', ch == '_':
		default:
			return false
		}
	}
	return len(s) <= 64
}

// logCode reads a DIAG log code in hexadecimal.
func (d *decoder) logCode(key []byte, dst *uint16) error {
	var s string
	if err := d.name(key, &s); err != nil || s == "" {
		return err
	}
	v, err := strconv.ParseUint(s, 16, 16)
	if err != nil {
		count(&d.bad, string(key))
		return nil
	}
	*dst = uint16(v)
	return nil
}

// payload reads bytes in hexadecimal.
func (d *decoder) payload(key []byte, dst *[]byte) error {
	if ok, err := d.opens(key, '"'); !ok {
		return err
	}
	t, err := d.text()
	if err != nil {
		return err
	}
	b := make([]byte, 0, min(len(t)/2, MaxPayload))
	if len(t) > 2*MaxPayload {
		err = fmt.Errorf("longer than %d bytes", MaxPayload)
	} else {
		b, err = hex.AppendDecode(b, t)
	}
	if err != nil {
		count(&d.bad, string(key))
		return nil
	}
	*dst = b
	return nil
}

const (
	maxARFCN   = 3279165
	mostNumber = 1 << 24 // of a number whose range depends on its message
)

// optSignedIn reads a whole number of at most limit, or at least -limit.
func optSignedIn(d *decoder, key []byte, dst *Opt[int], limit int) error {
	var v Opt[float64]
	if err := optNumber(d, key, &v, float64(limit)); err != nil || !v.known {
		return err
	}
	if v.value != math.Trunc(v.value) {
		count(&d.bad, string(key))
		return nil
	}
	*dst = Some(int(v.value))
	return nil
}

func plainInt(d *decoder, key []byte, dst *int, limit uint64) error {
	var v Opt[uint64]
	err := optUint(d, key, &v, limit)
	*dst = int(v.value)
	return err
}

func (d *decoder) optFlag(key []byte, dst *Opt[bool]) error {
	switch {
	case d.word("true"):
		*dst = Some(true)
	case d.word("false"):
		*dst = Some(false)
	case d.null():
	default:
		return d.wrong(key)
	}
	return nil
}

// numbers reads a list of numbers from 0 to limit.
func (d *decoder) numbers(key []byte, dst *[]int, limit int) error {
	if ok, err := d.opens(key, '['); !ok {
		return err
	}
	*dst = []int{}
	return d.array(func() error {
		var v Opt[uint64]
		err := optUint(d, key, &v, uint64(limit))
		if v.known && d.room(key, len(*dst)) {
			*dst = append(*dst, int(v.value))
		}
		return err
	})
}

// plmns reads a list of networks, "001-01".
func (d *decoder) plmns(key []byte, dst *[]string) error {
	if ok, err := d.opens(key, '['); !ok {
		return err
	}
	*dst = []string{}
	return d.array(func() error {
		var s string
		err := d.name(key, &s)
		if err != nil || s == "" {
			return err
		}
		if !isPLMN(s) {
			count(&d.bad, string(key))
		} else if d.room(key, len(*dst)) {
			*dst = append(*dst, s)
		}
		return nil
	})
}

// isPLMN reports whether a text is up to three digits, a dash, and up to three digits.
func isPLMN(s string) bool {
	for i := range len(s) {
		if s[i] == '-' {
			return i <= 3 && len(s)-i <= 4 && digits(s[:i]) && digits(s[i+1:])
		}
	}
	return false
}

// carriers reads lists of RAT, channel and priority.
func (d *decoder) carriers(key []byte, dst *[]Carrier) error {
	if ok, err := d.opens(key, '['); !ok {
		return err
	}
	*dst = []Carrier{}
	return d.array(func() error {
		var c Carrier
		var arfcn Opt[uint32]
		err := d.row(key, []func() error{
			func() error { return d.rat(key, &c.RAT) },
			func() error { return optUint(d, key, &arfcn, maxARFCN) },
			func() error { return optUint(d, key, &c.Priority, 7) },
		})
		if c.RAT == UnknownRAT || !arfcn.known {
			count(&d.bad, string(key))
		} else if d.room(key, len(*dst)) {
			c.ARFCN = arfcn.value
			*dst = append(*dst, c)
		}
		return err
	})
}

// offers reads pairs of channel and priority.
func (d *decoder) offers(key []byte, dst *[]LayerOffer) error {
	if ok, err := d.opens(key, '['); !ok {
		return err
	}
	*dst = []LayerOffer{}
	return d.array(func() error {
		var channel, priority Opt[int]
		err := d.row(key, []func() error{
			func() error { return optSignedIn(d, key, &channel, maxARFCN) },
			func() error { return optSignedIn(d, key, &priority, 7) },
		})
		if !channel.known {
			count(&d.bad, string(key))
		} else if d.room(key, len(*dst)) {
			*dst = append(*dst, LayerOffer{channel.value, priority})
		}
		return err
	})
}

// row reads a list whose places have a meaning each. What is behind them is counted and skipped.
func (d *decoder) row(key []byte, places []func() error) error {
	if d.peek() != '[' {
		return d.skip()
	}
	i := 0
	return d.array(func() error {
		if i++; i > len(places) {
			return d.wrong(key)
		}
		return places[i-1]()
	})
}
