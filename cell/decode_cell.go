package cell

import (
	"errors"
	"fmt"
)

// cells reads a list of cells. A cell without a RAT that the format knows is left out and counted.
func (d *decoder) cells(key []byte, dst *[]Cell) error {
	*dst = nil
	if ok, err := d.opens(key, '['); !ok {
		return err
	}
	*dst = []Cell{}
	return d.array(func() error {
		if d.peek() != '{' {
			return d.wrong(key)
		}
		c, ok, err := d.cell()
		if ok && d.room(key, len(*dst)) {
			*dst = append(*dst, c)
		}
		return err
	})
}

func (d *decoder) cell() (c Cell, ok bool, err error) {
	err = d.object(func(key []byte) error {
		switch string(key) {
		case "rat":
			var s string
			if err := d.name(key, &s); err != nil {
				return err
			}
			c.RAT, ok = ParseRAT(s)
			return nil
		case "mcc":
			return d.code(key, &c.MCC)
		case "mnc":
			return d.code(key, &c.MNC)
		case "area":
			return optUint(d, key, &c.Area, 1<<24-1)
		case "cell_id":
			return optUint(d, key, &c.ID, 1<<36-1)
		case "pci":
			return optUint(d, key, &c.PCI, 1007)
		case "arfcn":
			return optUint(d, key, &c.ARFCN, 3279165)
		case "band":
			return optUint(d, key, &c.Band, 4096)
		case "bandwidth_khz":
			return optUint(d, key, &c.Bandwidth, 10_000_000)
		case "rsrp":
			return optNumber(d, key, &c.RSRP, 1000)
		case "rsrq":
			return optNumber(d, key, &c.RSRQ, 1000)
		case "rssi":
			return optNumber(d, key, &c.RSSI, 1000)
		case "sinr":
			return optNumber(d, key, &c.SINR, 1000)
		case "rscp":
			return optNumber(d, key, &c.RSCP, 1000)
		case "ecio":
			return optNumber(d, key, &c.EcIo, 1000)
		case "ta":
			return optUint(d, key, &c.TA, 4095)
		case "priority":
			return optUint(d, key, &c.Priority, 7)
		case "thresh_high":
			return optNumber(d, key, &c.ThreshHigh, 1000)
		case "thresh_low":
			return optNumber(d, key, &c.ThreshLow, 1000)
		case "srxlev":
			return optNumber(d, key, &c.SRxLev, 1000)
		case "placeholder":
			_, err := d.fields(key, &c.Placeholder)
			return err
		}
		return d.ignore(key)
	})
	if !ok && err == nil {
		count(&d.bad, "rat")
	}
	d.inRange(&c)
	return c, ok, err
}

// inRange drops identities that their RAT cannot have.
func (d *decoder) inRange(c *Cell) {
	if c.RAT == UnknownRAT {
		return
	}
	drop(d, "area", &c.Area, c.RAT.MaxArea())
	drop(d, "cell_id", &c.ID, c.RAT.MaxCellID())
	drop(d, "pci", &c.PCI, c.RAT.MaxPCI())
}

func drop[T Area | uint64 | uint16](d *decoder, key string, v *Opt[T], most T) {
	if v.value > most {
		count(&d.bad, key)
		*v = Opt[T]{}
	}
}

// UnmarshalJSON reads a cell as the interchange format writes it.
func (c *Cell) UnmarshalJSON(text []byte) error {
	d := decoder{cursor: cursor{b: text}, intern: map[string]string{}}
	v, ok, err := d.cell()
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return fmt.Errorf("cell: %w", err)
	}
	if !ok {
		return errors.New("cell: its RAT is not known")
	}
	*c = v
	return nil
}

// code reads the digits of an MCC or MNC: one to three, kept as printed.
func (d *decoder) code(key []byte, dst *string) error {
	var s string
	if err := d.name(key, &s); err != nil {
		return err
	}
	if len(s) > 3 || !digits(s) {
		count(&d.bad, string(key))
		return nil
	}
	*dst = s
	return nil
}

func (d *decoder) registrations(key []byte, dst *[]Registration) error {
	if ok, err := d.opens(key, '['); !ok {
		return err
	}
	*dst = []Registration{}
	return d.array(func() error {
		if d.peek() != '{' {
			return d.wrong(key)
		}
		var r Registration
		err := d.object(func(key []byte) error {
			switch string(key) {
			case "domain":
				return oneOf(d, key, &r.Domain, CS, PS, EPS, FGS)
			case "status":
				return optUint(d, key, &r.Status, 255)
			case "act":
				return optUint(d, key, &r.AcT, 255)
			case "area":
				return optUint(d, key, &r.Area, 1<<24-1)
			case "cell_id":
				return optUint(d, key, &r.CellID, 1<<36-1)
			case "cause_type":
				return optUint(d, key, &r.CauseType, 255)
			case "cause":
				return optUint(d, key, &r.Cause, 65535)
			}
			return d.ignore(key)
		})
		if d.room(key, len(*dst)) {
			*dst = append(*dst, r)
		}
		return err
	})
}

func (d *decoder) position(key []byte, dst **Position) error {
	if ok, err := d.opens(key, '{'); !ok {
		return err
	}
	var p Position
	var lat, lon Opt[float64]
	err := d.object(func(key []byte) error {
		switch string(key) {
		case "lat":
			return optNumber(d, key, &lat, 90)
		case "lon":
			return optNumber(d, key, &lon, 180)
		case "accuracy_m":
			return optNumber(d, key, &p.Accuracy, 1e9)
		case "speed_mps":
			return optNumber(d, key, &p.Speed, 1e5)
		case "source":
			return d.name(key, &p.Source)
		}
		return d.ignore(key)
	})
	if !lat.known || !lon.known {
		count(&d.bad, string(key))
		return err
	}
	p.Lat, p.Lon = lat.value, lon.value
	*dst = &p
	return err
}
