package witness

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"vigie/cell"
)

// CellGuard (iOS, SEEMOO) exports a zip archive (.cells2) of CSV files and info.json. Of these are read:
//
//	user-cells.csv   collected,json,status,score    (of before: also technology, country, network, area, cell, ...)
//	locations.csv    collected,latitude,longitude,horizontalAccuracy,altitude,verticalAccuracy,speed,speedAccuracy,background
//
// Times are seconds since 1970; nil stands for nothing. json is what CoreTelephony told the app: a list of cells, each with
// CellRadioAccessTechnology, CellType (CellTypeServing, CellTypeNeighbor, ...), MCC, MNC, TAC or LAC, CellId, PID (the PCI of LTE, and of a
// serving NR cell), PCI (of an NR neighbour), UARFCN (the EARFCN in LTE), ARFCN (GSM), NRARFCN and BandInfo. A level of 0 is none.
//
// What CellGuard concluded of a cell (status, score) is its own and is not read, nor are the packets, which hold what a modem told a
// phone of its subscriber; nor info.json, which names the phone.

const (
	cellGuardCells     = "user-cells.csv"
	cellGuardLocations = "locations.csv"

	mostFiles     = 100
	mostPositions = 1 << 20
	mostMemberOf  = 2 << 30 // bytes of one file of the archive, unpacked
)

// positionFresh is for how long a position is that of a cell.
const positionFresh = time.Minute

// IsZip reports whether an archive is an export of CellGuard.
func IsZip(z *zip.Reader) bool { return cellGuardFile(z, cellGuardCells) != nil }

// cellGuardFile is a file of the archive by its name, in whatever directory; nil if there is none, or if there are too many files.
func cellGuardFile(z *zip.Reader, name string) *zip.File {
	if len(z.File) > mostFiles {
		return nil
	}
	i := slices.IndexFunc(z.File, func(f *zip.File) bool { return path.Base(f.Name) == name && f.Mode().IsRegular() })
	if i < 0 {
		return nil
	}
	return z.File[i]
}

// ReadZip reads an export of CellGuard. The error wraps ErrUnknown for any other archive.
func ReadZip(ctx context.Context, in io.ReaderAt, size int64, o Options, to Takers) (*Report, error) {
	z, err := zip.NewReader(in, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	if len(z.File) > mostFiles {
		return nil, fmt.Errorf("%w: an archive of %d files", ErrUnknown, len(z.File))
	}
	if !IsZip(z) {
		return nil, fmt.Errorf("%w: no %s is in the archive", ErrUnknown, cellGuardCells)
	}
	r := &Report{Format: "CellGuard"}
	if o.Sensor == "" {
		o.Sensor = sensorName(r.Format)
	}
	places, err := cellGuardPlaces(ctx, z, r)
	if err != nil {
		return r, err
	}
	t, done, err := zipTable(cellGuardFile(z, cellGuardCells), r)
	if err != nil {
		return r, err
	}
	defer done()
	if err := to.Record(source(o.Sensor, "CellGuard")); err != nil {
		return r, err
	}
	for {
		err := t.next(ctx)
		if errors.Is(err, io.EOF) {
			return r, r.end(nil)
		}
		if err != nil {
			return r, err
		}
		obs, why := t.cellGuardRow(o.Sensor)
		if why != "" {
			r.leave(why)
			continue
		}
		obs.Position = places.at(obs.Time)
		r.Observations++
		if err := to.Record(obs); err != nil {
			return r, err
		}
	}
}

// zipTable opens a table of an archive.
func zipTable(f *zip.File, r *Report) (*table, func() error, error) {
	in, err := f.Open()
	if err != nil {
		return nil, nil, err
	}
	buf, err := unzipped(io.LimitReader(in, mostMemberOf))
	if err != nil {
		return nil, nil, errors.Join(err, in.Close())
	}
	t, err := newTable(bufio.NewReader(buf), ',', r)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", f.Name, err), in.Close())
	}
	return t, in.Close, nil
}

// places are positions in their order.
type places []place

type place struct {
	time time.Time
	p    cell.Position
}

func cellGuardPlaces(ctx context.Context, z *zip.Reader, r *Report) (all places, err error) {
	f := cellGuardFile(z, cellGuardLocations)
	if f == nil {
		return nil, nil
	}
	rows := &Report{} // rows of positions are not counted as rows of cells
	t, done, err := zipTable(f, rows)
	if err != nil {
		return nil, err
	}
	defer done()
	for err = t.next(ctx); err == nil && len(all) < mostPositions; err = t.next(ctx) {
		at, ok := timeOf(t.text("collected"))
		p := t.position("latitude", "longitude", "horizontalAccuracy", "speed", "phone")
		if ok && p != nil {
			all = append(all, place{at, *p})
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	slices.SortFunc(all, func(a, b place) int { return a.time.Compare(b.time) })
	return all, nil
}

// at is the position that was newest at a time, if it was fresh; nil if none was.
func (all places) at(t time.Time) *cell.Position {
	i, there := slices.BinarySearchFunc(all, t, func(p place, t time.Time) int { return p.time.Compare(t) })
	if !there {
		i--
	}
	if i < 0 || t.Sub(all[i].time) > positionFresh {
		return nil
	}
	p := all[i].p
	return &p
}

// cellGuardRow is the observation of a row; why says why there is none.
func (t *table) cellGuardRow(sensor string) (o *cell.Observation, why string) {
	at, ok := timeOf(t.text("collected"))
	if !ok {
		return nil, "a row without a time"
	}
	o = &cell.Observation{Time: at, Sensor: sensor}
	text := t.text("json")
	if text == "" {
		return t.cellGuardColumns(o)
	}
	var list []map[string]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&list) != nil {
		return nil, "a row whose cells cannot be read"
	}
	for _, m := range list[:min(len(list), cell.MaxList)] {
		c, kind, ok := t.cellOfPhone(m)
		switch {
		case !ok: // the last one holds the time and no cell
		case kind == "CellTypeServing" && o.Serving == nil:
			o.Serving = &c
		default:
			o.Neighbours = append(o.Neighbours, c)
		}
	}
	if o.Serving == nil {
		return nil, "a row without a serving cell that Vigie sees"
	}
	return o, ""
}

// cellGuardColumns is for the exports of before, with a column for each value.
func (t *table) cellGuardColumns(o *cell.Observation) (*cell.Observation, string) {
	c := cell.Cell{RAT: ratOf(t.text("technology"))}
	if c.RAT == cell.UnknownRAT {
		return nil, "a row of a network type that Vigie does not see"
	}
	t.identity(&c, "country", "network", "area", "cell", "physicalCell", "frequency")
	o.Serving = &c
	return o, ""
}

// cellOfPhone is a cell as CoreTelephony tells it.
func (t *table) cellOfPhone(m map[string]any) (c cell.Cell, kind string, ok bool) {
	word := func(key string) string {
		for _, k := range []string{key, "kCTCellMonitor" + key} {
			switch v := m[k].(type) {
			case string:
				return strings.TrimPrefix(v, "kCTCellMonitor")
			case json.Number:
				return v.String()
			}
		}
		return ""
	}
	c.RAT = ratOf(strings.TrimPrefix(word("CellRadioAccessTechnology"), "RadioAccessTechnology"))
	if c.RAT == cell.UnknownRAT {
		return c, "", false
	}
	area, channel, pci := "TAC", "UARFCN", word("PID")
	switch c.RAT {
	case cell.GSM:
		area, channel, pci = "LAC", "ARFCN", ""
	case cell.UMTS:
		area, pci = "LAC", word("PSC")
	case cell.NR:
		channel = "NRARFCN"
		if pci == "" {
			pci = word("PCI")
		}
	}
	one := table{at: map[string]int{"mcc": 0, "mnc": 1, "area": 2, "id": 3, "pci": 4, "channel": 5, "rsrp": 6, "rsrq": 7},
		row: []string{word("MCC"), word("MNC"), word(area), word("CellId"), pci, word(channel), word("RSRP"), word("RSRQ")}, report: t.report}
	one.identity(&c, "mcc", "mnc", "area", "id", "pci", "channel")
	if rsrp := one.text("rsrp"); rsrp != "0" && (c.RAT == cell.LTE || c.RAT == cell.NR) {
		c.RSRP, c.RSRQ = dbm(one.level("rsrp", -160, -20)), db(one.level("rsrq", -45, 25))
	}
	return c, word("CellType"), true
}
