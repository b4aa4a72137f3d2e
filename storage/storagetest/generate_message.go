package storagetest

import (
	"reflect"

	"pgregory.net/rapid"

	"vigie/cell"
)

// Message draws a signalling message with any of its values absent, and texts that no message has.
func Message() *rapid.Generator[cell.Record] {
	return rapid.Custom(func(t *rapid.T) cell.Record {
		m := &cell.Message{
			Time: Time().Draw(t, "time"), Sensor: Sensor().Draw(t, "sensor"), Frame: rapid.Int().Draw(t, "frame"), RAT: cell.RAT(rapid.Uint8Range(0, 5).Draw(t, "rat")),
			Layer:     rapid.SampledFrom([]cell.Layer{"", cell.RRC, cell.NAS, "other"}).Draw(t, "layer"),
			Channel:   rapid.SampledFrom([]string{"", "DL-DCCH", "EMM", "other"}).Draw(t, "channel"),
			Direction: rapid.SampledFrom([]cell.Direction{"", cell.Up, cell.Down, "other"}).Draw(t, "direction"),
			PCI:       opt(rapid.Uint16()).Draw(t, "pci"), ARFCN: opt(rapid.Uint32()).Draw(t, "arfcn"), Log: rapid.Uint16().Draw(t, "log"),
			Name:  rapid.OneOf(rapid.SampledFrom([]string{"", "rrcConnectionRelease", "identity-request"}), Text()).Draw(t, "name"),
			Count: rapid.Int().Draw(t, "count"), Payload: list(rapid.Byte(), 40).Draw(t, "payload"), Leaves: list(Text(), 3).Draw(t, "leaves"),
		}
		f := reflect.ValueOf(&m.Fields).Elem()
		for i := range f.NumField() {
			draw(t, f.Field(i).Addr().Interface(), f.Type().Field(i).Name)
		}
		return m
	})
}

// draw sets what p points to, one of the types that fields of messages have, to any value or to none.
func draw(t *rapid.T, p any, name string) {
	switch p := p.(type) {
	case *cell.Opt[int]:
		*p = opt(rapid.Int()).Draw(t, name)
	case *cell.Opt[bool]:
		*p = opt(rapid.Bool()).Draw(t, name)
	case *cell.Opt[uint16]:
		*p = opt(rapid.Uint16()).Draw(t, name)
	case *cell.Opt[uint32]:
		*p = opt(rapid.Uint32()).Draw(t, name)
	case *cell.Opt[cell.Band]:
		*p = opt(band()).Draw(t, name)
	case *string:
		*p = Text().Draw(t, name)
	case *bool:
		*p = rapid.Bool().Draw(t, name)
	case *[]int:
		*p = list(rapid.Int(), 3).Draw(t, name)
	case *[]string:
		*p = list(Text(), 3).Draw(t, name)
	case *[]cell.LayerOffer:
		*p = list(rapid.Custom(func(t *rapid.T) cell.LayerOffer {
			return cell.LayerOffer{Channel: rapid.Int().Draw(t, "channel"), Priority: opt(rapid.Int()).Draw(t, "priority")}
		}), 3).Draw(t, name)
	default:
		t.Fatalf("%s is a %T: teach this generator", name, p)
	}
}

func band() *rapid.Generator[cell.Band] {
	return rapid.Map(rapid.Uint16(), func(u uint16) cell.Band { return cell.Band(u) })
}

// Broadcast draws what a cell says of itself, with any of its values absent.
func Broadcast() *rapid.Generator[cell.Record] {
	carrier := rapid.Custom(func(t *rapid.T) cell.Carrier {
		return cell.Carrier{RAT: cell.RAT(rapid.Uint8Range(0, 5).Draw(t, "rat")), ARFCN: rapid.Uint32().Draw(t, "arfcn"), Priority: opt(rapid.Uint8()).Draw(t, "priority")}
	})
	return rapid.Custom(func(t *rapid.T) cell.Record {
		flag, number := opt(rapid.Bool()), opt(rapid.Int())
		return &cell.Broadcast{
			Time: Time().Draw(t, "time"), Sensor: Sensor().Draw(t, "sensor"), RAT: cell.RAT(rapid.Uint8Range(0, 5).Draw(t, "rat")),
			ARFCN: opt(rapid.Uint32()).Draw(t, "arfcn"), PCI: opt(rapid.Uint16()).Draw(t, "pci"), PLMNs: list(Text(), 3).Draw(t, "plmns"),
			Area:   opt(rapid.Map(rapid.Uint32(), func(u uint32) cell.Area { return cell.Area(u) })).Draw(t, "area"),
			CellID: opt(rapid.Uint64()).Draw(t, "id"), Band: opt(band()).Draw(t, "band"), Barred: flag.Draw(t, "barred"), Reselect: flag.Draw(t, "reselect"),
			CSG: flag.Draw(t, "csg"), QRxLevMin: number.Draw(t, "level"), SICount: number.Draw(t, "si"), ValueTag: number.Draw(t, "tag"),
			SIBs: list(rapid.Int(), 4).Draw(t, "sibs"), Priority: opt(rapid.Uint8()).Draw(t, "priority"), Carriers: list(carrier, 4).Draw(t, "carriers"), Neighbours: list(rapid.Int(), 4).Draw(t, "neighbours"),
			Changed: list(Text(), 3).Draw(t, "changed"),
		}
	})
}
