// Package storagetest has the test suites that every store and every sink must pass, and what they use: generators of records
// and events, some of them hostile, and a plausible day of a fixed monitor. It is imported by tests only.
package storagetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
)

// Time draws times of all kinds: usual ones, to the nanosecond, and those of year 1, 1677, 2262 and 9999.
func Time() *rapid.Generator[time.Time] {
	return rapid.OneOf(
		rapid.Map(rapid.Int64Range(1790000000, 1790000100), func(s int64) time.Time { return time.Unix(s, 0).UTC() }),
		rapid.Map(rapid.Int64(), func(n int64) time.Time { return time.Unix(0, n).UTC() }),
		rapid.Map(rapid.SampledFrom([]int{1, 1677, 1678, 1969, 2261, 2262, 9999}), func(y int) time.Time {
			return time.Date(y, 12, 31, 23, 59, 59, 999999999, time.UTC)
		}),
		rapid.Just(time.Time{}),
	)
}

// Text draws texts, among them empty ones, NULs and what is not UTF-8.
func Text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "roof-1", "\x00", "a\x00b", "\xff\xfe", "'; drop table record; --", "line\nline", "\u202egnp.exe", "2026-11-23T20:00:00Z"}),
		rapid.String(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
}

func opt[T any](g *rapid.Generator[T]) *rapid.Generator[cell.Opt[T]] {
	return rapid.Custom(func(t *rapid.T) cell.Opt[T] {
		if !rapid.Bool().Draw(t, "known") {
			return cell.Opt[T]{}
		}
		return cell.Some(g.Draw(t, "value"))
	})
}

// level draws measurements: whole, in halves and tenths, and any float except NaN, which equals nothing.
func level[T ~float64]() *rapid.Generator[T] {
	return rapid.Map(rapid.OneOf(
		rapid.Map(rapid.IntRange(-160, 40), func(n int) float64 { return float64(n) }),
		rapid.Map(rapid.IntRange(-1600, 400), func(n int) float64 { return float64(n) / 10 }),
		rapid.Float64(),
	), func(f float64) T { return T(f) })
}

// Cell draws a cell with any of its values absent.
func Cell() *rapid.Generator[cell.Cell] {
	return rapid.Custom(func(t *rapid.T) cell.Cell {
		return cell.Cell{
			RAT:         cell.RAT(rapid.Uint8Range(0, 5).Draw(t, "rat")),
			MCC:         rapid.SampledFrom([]string{"", "272", "1"}).Draw(t, "mcc"),
			MNC:         rapid.SampledFrom([]string{"", "03", "999", "\xff"}).Draw(t, "mnc"),
			Area:        opt(rapid.Map(rapid.Uint32(), func(u uint32) cell.Area { return cell.Area(u) })).Draw(t, "area"),
			ID:          opt(rapid.Uint64()).Draw(t, "id"),
			PCI:         opt(rapid.Uint16()).Draw(t, "pci"),
			ARFCN:       opt(rapid.Uint32()).Draw(t, "arfcn"),
			Band:        opt(rapid.Map(rapid.Uint16(), func(u uint16) cell.Band { return cell.Band(u) })).Draw(t, "band"),
			Bandwidth:   opt(rapid.Map(rapid.Uint32(), func(u uint32) cell.KHz { return cell.KHz(u) })).Draw(t, "bandwidth"),
			RSRP:        opt(level[cell.DBm]()).Draw(t, "rsrp"),
			RSRQ:        opt(level[cell.DB]()).Draw(t, "rsrq"),
			RSSI:        opt(level[cell.DBm]()).Draw(t, "rssi"),
			SINR:        opt(level[cell.DB]()).Draw(t, "sinr"),
			RSCP:        opt(level[cell.DBm]()).Draw(t, "rscp"),
			EcIo:        opt(level[cell.DB]()).Draw(t, "ecio"),
			TA:          opt(rapid.Uint16()).Draw(t, "ta"),
			Priority:    opt(rapid.Uint8()).Draw(t, "priority"),
			ThreshHigh:  opt(level[cell.DB]()).Draw(t, "high"),
			ThreshLow:   opt(level[cell.DB]()).Draw(t, "low"),
			SRxLev:      opt(level[cell.DB]()).Draw(t, "srxlev"),
			Placeholder: cell.Fields(rapid.Uint32().Draw(t, "placeholder")),
		}
	})
}

func cells() *rapid.Generator[[]cell.Cell] { return list(Cell(), 4) }

// list draws nil, an empty list, or some.
func list[T any](g *rapid.Generator[T], most int) *rapid.Generator[[]T] {
	return rapid.OneOf(rapid.Just[[]T](nil), rapid.Just([]T{}), rapid.SliceOfN(g, 1, most))
}

func registration() *rapid.Generator[cell.Registration] {
	return rapid.Custom(func(t *rapid.T) cell.Registration {
		return cell.Registration{
			Domain:    cell.Domain(rapid.SampledFrom([]string{"", "cs", "eps", "5gs", "other"}).Draw(t, "domain")),
			Status:    opt(rapid.Uint8()).Draw(t, "status"),
			AcT:       opt(rapid.Uint8()).Draw(t, "act"),
			Area:      opt(rapid.Map(rapid.Uint32(), func(u uint32) cell.Area { return cell.Area(u) })).Draw(t, "area"),
			CellID:    opt(rapid.Uint64()).Draw(t, "id"),
			CauseType: opt(rapid.Uint8()).Draw(t, "cause type"),
			Cause:     opt(rapid.Uint16()).Draw(t, "cause"),
		}
	})
}

func position() *rapid.Generator[*cell.Position] {
	return rapid.Custom(func(t *rapid.T) *cell.Position {
		if rapid.Bool().Draw(t, "nowhere") {
			return nil
		}
		degrees := rapid.OneOf(rapid.Map(rapid.IntRange(-1800000000, 1800000000), func(n int) float64 { return float64(n) / 1e7 }), rapid.Float64())
		return &cell.Position{Lat: degrees.Draw(t, "lat"), Lon: degrees.Draw(t, "lon"),
			Accuracy: opt(level[float64]()).Draw(t, "accuracy"), Speed: opt(level[float64]()).Draw(t, "speed"), Source: Text().Draw(t, "source")}
	})
}

// Sensor draws one of a few sensors.
func Sensor() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"", "roof-1", "bag", "\x00\xff"})
}

// Observation draws an observation.
func Observation() *rapid.Generator[cell.Record] {
	return rapid.Custom(func(t *rapid.T) cell.Record {
		o := &cell.Observation{
			Time:         Time().Draw(t, "time"),
			Sensor:       Sensor().Draw(t, "sensor"),
			State:        cell.State(rapid.SampledFrom([]string{"", "idle", "no_service", "other"}).Draw(t, "state")),
			Neighbours:   cells().Draw(t, "neighbours"),
			Secondary:    cells().Draw(t, "secondary"),
			Registration: list(registration(), 3).Draw(t, "registration"),
			Position:     position().Draw(t, "position"),
			Survey:       rapid.Bool().Draw(t, "survey"),
			Raw:          list(Text(), 4).Draw(t, "raw"),
		}
		if rapid.Bool().Draw(t, "serving") {
			c := Cell().Draw(t, "cell")
			o.Serving = &c
		}
		return o
	})
}

// Source draws a source line.
func Source() *rapid.Generator[cell.Record] {
	return rapid.Custom(func(t *rapid.T) cell.Record {
		return &cell.Source{Version: 1, Sensor: Sensor().Draw(t, "sensor"), Mode: cell.Mode(rapid.SampledFrom([]string{"", "fixed", "mobile", "other"}).Draw(t, "mode")),
			Model: rapid.SampledFrom([]string{"EC25", "EG21"}).Draw(t, "model"), Firmware: Text().Draw(t, "firmware"),
			Reports: opt(rapid.Map(rapid.Uint32(), func(u uint32) cell.Fields { return cell.Fields(u) })).Draw(t, "reports"),
			Skew:    rapid.Bool().Draw(t, "skew"), Assumed: cell.Fields(rapid.Uint32().Draw(t, "assumed")),
			Survey: rapid.Bool().Draw(t, "survey"), Set: Text().Draw(t, "set"), Kit: Text().Draw(t, "kit"), AT: rapid.Bool().Draw(t, "at")}
	})
}

// Record draws a record of any kind.
func Record() *rapid.Generator[cell.Record] {
	gap := rapid.Custom(func(t *rapid.T) cell.Record {
		return &cell.Gap{Time: Time().Draw(t, "time"), Sensor: Sensor().Draw(t, "sensor"), Until: Time().Draw(t, "until"), Reason: Text().Draw(t, "reason")}
	})
	health := rapid.Custom(func(t *rapid.T) cell.Record {
		return &cell.Health{Time: Time().Draw(t, "time"), Sensor: Sensor().Draw(t, "sensor"), Reason: Text().Draw(t, "reason"),
			Detail: Text().Draw(t, "detail"), Count: rapid.Int().Draw(t, "count"), Raw: list(Text(), 3).Draw(t, "raw")}
	})
	clock := rapid.Custom(func(t *rapid.T) cell.Record {
		return &cell.Clock{Time: Time().Draw(t, "time"), Sensor: Sensor().Draw(t, "sensor"), Offset: time.Duration(rapid.Int64().Draw(t, "offset")), Since: Time().Draw(t, "since")}
	})
	return rapid.OneOf(Observation(), gap, health, clock, Source(), Message(), Broadcast())
}

// Event draws an event.
func Event() *rapid.Generator[analyzer.Event] {
	evidence := rapid.Custom(func(t *rapid.T) analyzer.Evidence {
		return analyzer.Evidence{Time: Time().Draw(t, "time"), Raw: list(Text(), 3).Draw(t, "raw")}
	})
	finding := rapid.Custom(func(t *rapid.T) analyzer.Finding {
		return analyzer.Finding{Rule: Text().Draw(t, "rule"), Version: rapid.Int().Draw(t, "version"),
			Severity: analyzer.Severity(rapid.Uint8Range(0, 3).Draw(t, "severity")), First: Time().Draw(t, "first"), Last: Time().Draw(t, "last"),
			Summary: Text().Draw(t, "summary"), Evidence: list(evidence, 3).Draw(t, "evidence")}
	})
	return rapid.Custom(func(t *rapid.T) analyzer.Event {
		return analyzer.Event{ID: Text().Draw(t, "id"), Sensor: Sensor().Draw(t, "sensor"),
			Severity: analyzer.Severity(rapid.Uint8Range(0, 3).Draw(t, "severity")), State: analyzer.State(Text().Draw(t, "state")),
			First: Time().Draw(t, "first"), Opened: Time().Draw(t, "opened"), Last: Time().Draw(t, "last"), Score: level[float64]().Draw(t, "score"),
			Cells: cells().Draw(t, "cells"), Findings: list(finding, 3).Draw(t, "findings"), Summary: Text().Draw(t, "summary"),
			InnocentCauses: list(Text(), 3).Draw(t, "causes")}
	})
}

// Start is the time at which Day and Events begin.
var Start = time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)

// Day is a source line and n observations of a fixed monitor, one per second: a serving cell that sometimes changes, four
// neighbours, the registration, and the raw lines of a modem for them. The result is always the same.
func Day(n int) []cell.Record {
	rnd := rand.New(rand.NewPCG(1, 2))
	recs := []cell.Record{&cell.Source{Version: 1, Sensor: "roof-1", Mode: cell.Fixed, Model: "EC25", Firmware: "EC25EFAR06A01M4G"}}
	serving := 0
	for i := range n {
		if rnd.IntN(600) == 0 {
			serving = rnd.IntN(8)
		}
		o := &cell.Observation{Time: Start.Add(time.Duration(i)*time.Second + time.Duration(rnd.IntN(1000))*time.Millisecond), Sensor: "roof-1", State: cell.Idle}
		id, pci, rsrp := 11016960+serving, 100+serving, -96-rnd.IntN(6)
		o.Serving = &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(4660)), ID: cell.Some(uint64(id)), PCI: cell.Some(uint16(pci)),
			ARFCN: cell.Some(uint32(1300)), Band: cell.Some(cell.Band(3)), Bandwidth: cell.Some(cell.KHz(20000)), RSRP: cell.Some(cell.DBm(rsrp)),
			RSRQ: cell.Some(cell.DB(-11)), RSSI: cell.Some(cell.DBm(-65)), SINR: cell.Some(cell.DB(12)), SRxLev: cell.Some(cell.DB(28))}
		o.Raw = append(o.Raw, fmt.Sprintf(`+QENG: "servingcell","NOCONN","LTE","FDD",272,03,%X,%d,1300,3,5,5,1234,%d,-11,-65,12,28`, id, pci, rsrp))
		for j := range 4 {
			rsrp := -101 - j - rnd.IntN(9)
			o.Neighbours = append(o.Neighbours, cell.Cell{RAT: cell.LTE, ARFCN: cell.Some(uint32(1300)), PCI: cell.Some(uint16(40 + j)), RSRP: cell.Some(cell.DBm(rsrp)),
				RSRQ: cell.Some(cell.DB(-13)), RSSI: cell.Some(cell.DBm(rsrp + 30)), SRxLev: cell.Some(cell.DB(rsrp + 122))})
			o.Raw = append(o.Raw, fmt.Sprintf(`+QENG: "neighbourcell intra","LTE",1300,%d,-13,%d,%d,0,%d,7,2,16,20`, 40+j, rsrp, rsrp+30, rsrp+122))
		}
		o.Registration = []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1)), AcT: cell.Some(uint8(7)), Area: cell.Some(cell.Area(4660)), CellID: cell.Some(uint64(id))}}
		o.Raw = append(o.Raw, fmt.Sprintf(`+CEREG: 2,1,"1234","%X",7`, id))
		recs = append(recs, o)
	}
	return recs
}

// Events is n events of the sensor of Day, a minute apart, each with two findings. The result is always the same.
func Events(n int) []analyzer.Event {
	var evs []analyzer.Event
	for i := range n {
		at := Start.Add(time.Duration(i) * time.Minute)
		c := cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(39321)), ID: cell.Some(uint64(2 + i)), PCI: cell.Some(uint16(3)), ARFCN: cell.Some(uint32(3600))}
		evidence := []analyzer.Evidence{{Time: at, Raw: []string{`+CEREG: 5,3,,,,0,15`}}}
		evs = append(evs, analyzer.Event{ID: fmt.Sprintf("event-%04d", i), Sensor: "roof-1", Severity: analyzer.Severity(i % 4), State: analyzer.Open,
			First: at, Opened: at.Add(2 * time.Second), Last: at.Add(9 * time.Second), Score: 12.4, Cells: []cell.Cell{c},
			Findings: []analyzer.Finding{
				{Rule: "area-code-mismatch", Version: 1, Severity: analyzer.Medium, First: at, Last: at, Summary: "a known cell under another area code", Evidence: evidence},
				{Rule: fmt.Sprintf("rule-%d", i%3), Version: 2, First: at, Last: at, Summary: "something else", Evidence: evidence},
			},
			Summary: "a cell gave another area code than before", InnocentCauses: []string{"the operator renumbers"}})
	}
	return evs
}
