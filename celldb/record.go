package celldb

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"vigie/cell"
)

// Cell is one row: a cell and its position.
type Cell struct {
	RAT      cell.RAT
	MCC, MNC int // as numbers: an export does not distinguish 01 and 001
	Area     cell.Area
	ID       uint64
	Lat, Lon float64   // degrees, WGS 84
	Range    float64   // metres; 0 is not known
	Samples  int       // measurements that made it; 0 is not known, 255 is 255 or more
	Updated  time.Time // the day of the last one; zero is not known
}

// record is a Cell as it is sorted and stored: 24 bytes. The key holds MCC, MNC, RAT and cell identity, so that a network's
// cells of one RAT lie together.
type record struct {
	key      uint64 // MCC 10 bit, MNC 10 bit, RAT 3 bit, cell 36 bit
	area     uint32 // area 24 bit, samples 8 bit
	lat, lon int32  // millionths of a degree
	tens     uint16 // range in tens of metres, rounded up
	days     uint16 // since 1970
}

const recordSize = 24

func keyOf(mcc, mnc int, rat cell.RAT, id uint64) uint64 {
	return uint64(mcc)<<49 | uint64(mnc)<<39 | uint64(rat)<<36 | id
}

func (r *record) rat() cell.RAT   { return cell.RAT(r.key >> 36 & 7) }
func (r *record) mcc() int        { return int(r.key >> 49) }
func (r *record) inArea() uint32  { return r.area >> 8 }
func (r *record) samples() uint32 { return r.area & 0xFF }

// compare is the order of the file: by key, then by area.
func (r *record) compare(o *record) int {
	switch {
	case r.key != o.key:
		if r.key < o.key {
			return -1
		}
		return 1
	default:
		return int(r.inArea()) - int(o.inArea())
	}
}

// possible reports whether a record is of a cell that an import would take: a file may come from a stranger.
func (r *record) possible() bool {
	c := r.cell()
	return c.RAT != cell.UnknownRAT && c.RAT <= cell.NR && c.MCC >= 1 && c.MCC <= 999 && c.MNC <= 999 && c.ID <= c.RAT.MaxCellID() && c.Area <= c.RAT.MaxArea() &&
		math.Abs(c.Lat) <= 90 && math.Abs(c.Lon) <= 180
}

// better tells which of two rows about one cell is kept: the one seen last, then the one made of more measurements. The
// rest only makes the choice not depend on the order of the input.
func (r *record) better(o *record) bool {
	switch {
	case r.days != o.days:
		return r.days > o.days
	case r.samples() != o.samples():
		return r.samples() > o.samples()
	case r.lat != o.lat:
		return r.lat < o.lat
	case r.lon != o.lon:
		return r.lon < o.lon
	}
	return r.tens < o.tens
}

func (r *record) put(b []byte) {
	_ = b[recordSize-1]
	binary.BigEndian.PutUint64(b, r.key)
	binary.BigEndian.PutUint32(b[8:], r.area)
	binary.BigEndian.PutUint32(b[12:], uint32(r.lat))
	binary.BigEndian.PutUint32(b[16:], uint32(r.lon))
	binary.BigEndian.PutUint16(b[20:], r.tens)
	binary.BigEndian.PutUint16(b[22:], r.days)
}

func (r *record) get(b []byte) {
	_ = b[recordSize-1]
	r.key = binary.BigEndian.Uint64(b)
	r.area = binary.BigEndian.Uint32(b[8:])
	r.lat = int32(binary.BigEndian.Uint32(b[12:]))
	r.lon = int32(binary.BigEndian.Uint32(b[16:]))
	r.tens = binary.BigEndian.Uint16(b[20:])
	r.days = binary.BigEndian.Uint16(b[22:])
}

func (r *record) cell() Cell {
	c := Cell{RAT: r.rat(), MCC: r.mcc(), MNC: int(r.key >> 39 & 1023), Area: cell.Area(r.inArea()), ID: r.key & (1<<36 - 1),
		Lat: float64(r.lat) / 1e6, Lon: float64(r.lon) / 1e6, Range: float64(r.tens) * 10, Samples: int(r.samples())}
	if r.days != 0 {
		c.Updated = time.Unix(int64(r.days)*86400, 0).UTC()
	}
	return c
}

// numbers are the codes under which an export may list a network: a modem that prints two digits of three drops the last.
func numbers(p cell.PLMN) (mcc int, mncs [2]int, ok bool) {
	mcc, err := strconv.Atoi(p.MCC)
	mnc, err2 := strconv.Atoi(p.MNC)
	if err != nil || err2 != nil || mcc < 1 || mcc > 999 || mnc < 0 || mnc > 999 {
		return 0, mncs, false
	}
	mncs = [2]int{mnc, -1}
	if len(p.MNC) == 2 && p.Same(cell.PLMN{MCC: p.MCC, MNC: p.MNC + "0"}) {
		mncs[1] = mnc * 10
	}
	return mcc, mncs, true
}
