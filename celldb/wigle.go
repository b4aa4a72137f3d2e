package celldb

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/cell"
)

// The WiGLE app writes what a phone saw on its way, a row a sight, after a line about the phone (api.wigle.net/csvFormat.html):
//
//	WigleWifi-1.6,appRelease=2.78,model=...
//	MAC,SSID,AuthMode,FirstSeen,Channel,Frequency,RSSI,CurrentLatitude,CurrentLongitude,AltitudeMeters,AccuracyMeters,RCOIs,MfgrId,Type
//	26202_45711_12941827,Operator,LTE;de,2026-11-23 20:00:00,1300,,-97,50.1,8.6,100,8,,,LTE
//
// Type is GSM, WCDMA, LTE or NR for a cell, whose key is the digits of its network, its area and its identity; rows of Wi-Fi, Bluetooth
// and CDMA are left out. A row says where the phone was, not the cell, so the sights of a cell become one row: their middle, and how
// far they reach from it.
const wigleHead = "WigleWifi-"

const (
	badWigle = "not a cell: Wi-Fi, Bluetooth or another network"

	mostSights = 4 << 20 // cells of one file, 64 bytes each about
)

// sights are those of one cell.
type sights struct {
	n              int
	lat, lon       float64 // sums
	south, north   float64
	west, east     float64
	days           uint16
	area, mcc, mnc int
	rat            cell.RAT
	id             uint64
}

func isWigle(in *bufio.Reader) bool {
	head, _ := in.Peek(len(wigleHead))
	return string(head) == wigleHead
}

// readWigle takes the cells of a file of WiGLE.
func (im *importer) readWigle(ctx context.Context, in *bufio.Reader, name string, src *Source, refuse func(string)) error {
	all := map[[2]uint64]*sights{}
	if _, err := in.ReadSlice('\n'); err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		return fmt.Errorf("after its first line: %w", err)
	}
	t := csv.NewReader(in)
	t.FieldsPerRecord, t.LazyQuotes, t.ReuseRecord = -1, true, true
	head, err := t.Read()
	if err != nil {
		return fmt.Errorf("its second line names no columns: %w", err)
	}
	at := map[string]int{}
	for i, column := range head {
		at[strings.TrimSpace(column)] = i
	}
	for _, column := range []string{"MAC", "FirstSeen", "CurrentLatitude", "CurrentLongitude", "Type"} {
		if _, there := at[column]; !there {
			return fmt.Errorf("a file of WiGLE without the column %s", column)
		}
	}
	for {
		row, err := t.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return im.takeSights(all, name, src)
		case errors.As(err, &bad):
			refuse(badLine)
		case err != nil:
			return fmt.Errorf("after %d rows: %w", src.Rows, err)
		}
		src.Rows++
		im.rows++
		if im.rows > maxRows {
			return fmt.Errorf("more than %d rows: there are not so many cells", maxRows)
		}
		if im.rows%(1<<16) == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			im.report(name, 0)
		}
		if bad != nil {
			continue
		}
		if why := addSight(all, row, at); why != "" {
			refuse(why)
		}
		if len(all) > mostSights {
			return fmt.Errorf("more than %d cells in one file of WiGLE", mostSights)
		}
	}
}

// addSight adds a row to the sights of its cell, or says why not.
func addSight(all map[[2]uint64]*sights, row []string, at map[string]int) (why string) {
	field := func(column string) string {
		if i := at[column]; i < len(row) {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	rat := radioOf([]byte(field("Type")))
	if rat == cell.UnknownRAT {
		return badWigle
	}
	one, why := wigleKey(rat, field("MAC"))
	if why != "" {
		return why
	}
	lat, err1 := strconv.ParseFloat(field("CurrentLatitude"), 64)
	lon, err2 := strconv.ParseFloat(field("CurrentLongitude"), 64)
	if err1 != nil || err2 != nil || !(math.Abs(lat) <= 90) || !(math.Abs(lon) <= 180) || lat == 0 && lon == 0 {
		return badPosition
	}
	key := [2]uint64{keyOf(one.mcc, one.mnc, rat, one.id), uint64(one.area)}
	s := all[key]
	if s == nil {
		s = &one
		s.south, s.north, s.west, s.east = lat, lat, lon, lon
		all[key] = s
	}
	s.n, s.lat, s.lon = s.n+1, s.lat+lat, s.lon+lon
	s.south, s.north, s.west, s.east = min(s.south, lat), max(s.north, lat), min(s.west, lon), max(s.east, lon)
	if t, err := time.Parse("2006-01-02 15:04:05", field("FirstSeen")); err == nil && t.Unix() > 0 {
		s.days = max(s.days, uint16(min(t.Unix()/86400, math.MaxUint16)))
	}
	return ""
}

// wigleKey reads the key of a cell: the digits of its network, its area and its identity, with _ between.
func wigleKey(rat cell.RAT, key string) (s sights, why string) {
	part := strings.Split(key, "_")
	if len(part) != 3 {
		return s, badID
	}
	p, err := cell.ParsePLMN(part[0])
	if err != nil {
		return s, badNetwork
	}
	mcc, mncs, ok := numbers(p)
	if !ok {
		return s, badNetwork
	}
	area, ok := whole([]byte(part[1]))
	if !ok || area > uint64(rat.MaxArea()) || cell.Area(area).Reserved(rat) {
		if rat == cell.GSM {
			return s, badArea
		}
		area = 0
	}
	id, ok := whole([]byte(part[2]))
	if !ok || id == 0 || id >= rat.MaxCellID() {
		return s, badID
	}
	return sights{mcc: mcc, mnc: mncs[0], rat: rat, area: int(area), id: id}, ""
}

// takeSights makes a row of the sights of each cell.
func (im *importer) takeSights(all map[[2]uint64]*sights, name string, src *Source) error {
	for key, s := range all {
		if len(im.only) > 0 && !slices.Contains(im.only, s.mcc) {
			src.Others++
			continue
		}
		lat, lon := s.lat/float64(s.n), s.lon/float64(s.n)
		reach := 0.0
		for _, corner := range [][2]float64{{s.south, s.west}, {s.south, s.east}, {s.north, s.west}, {s.north, s.east}} {
			reach = max(reach, metres(lat, lon, corner[0], corner[1]))
		}
		r := record{key: key[0], area: uint32(s.area)<<8 | uint32(min(s.n, 255)), lat: int32(math.Round(lat * 1e6)), lon: int32(math.Round(lon * 1e6)),
			tens: uint16(min(math.Ceil(reach/10), math.MaxUint16)), days: s.days}
		src.Kept++
		im.kept++
		if err := im.add(r); err != nil {
			return err
		}
	}
	im.report(name, 0)
	return nil
}

// metres is the distance of two positions, on a plane: sights of a cell are close together.
func metres(lat, lon, lat2, lon2 float64) float64 {
	const perDegree = 111_195
	dLon := (lon2 - lon) * math.Cos(lat*math.Pi/180)
	return perDegree * math.Hypot(lat2-lat, dLon)
}
