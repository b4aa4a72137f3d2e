package celldb

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sort"
	"time"

	"vigie/cell"
	"vigie/words"
)

// The file, all numbers big-endian:
//
//	head   64 bytes: magic, version, pages, rows, length and checksum of the tail, checksum of the head
//	page   4096 bytes each: 170 records in order, how many they are, the page's number, a checksum
//	tail   the first key of every page, then Info as JSON
//
// Checksums are CRC-32C. A look-up reads and checks one page; the keys of the tail are in memory.
const (
	magic     = "vigie cells\n\x00\x00\x00\x00"
	version   = 1
	headSize  = 64
	pageSize  = 4096
	perPage   = 170
	maxPages  = maxRows/perPage + 1
	maxInfo   = 4 << 20
	maxRun    = 1 << 16 / perPage * 2 // pages that list one cell: a cell identity is listed under at most 65,536 areas
	countAt   = perPage * recordSize
	numberAt  = countAt + 4
	pageSumAt = pageSize - 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged is wrapped by every error about a file whose contents are not as they were written.
var ErrDamaged = errors.New("the cell database is damaged")

func damaged(path, what string) error {
	return words.WithHint(fmt.Errorf("%s: %w: %s", path, ErrDamaged, what), "make it again from the export: vigie celldb import FILE")
}

// Licence is the notice that must be shown with data of OpenCellID.
const Licence = "OpenCellID data: CC BY-SA 4.0, opencellid.org. Mozilla's (Ichnaea) were in the public domain (CC0)."

// Info describes a file.
type Info struct {
	Made    time.Time      `json:"made"`
	Rows    int            `json:"rows"`
	Pages   int            `json:"-"`
	ID      string         `json:"id"`     // of its contents: equal data, equal id
	Newest  time.Time      `json:"newest"` // the last day on which a cell of it was seen; zero: not known
	RATs    map[string]int `json:"rats"`   // rows by RAT
	MCCs    map[string]int `json:"mccs"`   // rows by country code
	Sources []Source       `json:"sources"`
}

// DB is an open file. It is safe for concurrent use.
type DB struct {
	f    *os.File
	info Info
	keys []uint64 // the first of every page
}

// Open opens a file and checks its head and tail. A page is checked when it is read; Verify reads all.
func Open(path string) (*DB, error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() { // a pipe would be waited for
		return nil, words.WithHint(fmt.Errorf("%s is not a file", path), "name a file that vigie celldb import made")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	d := &DB{f: f}
	if err := d.open(); err != nil {
		f.Close()
		return nil, err
	}
	return d, nil
}

func (d *DB) open() error {
	path := d.f.Name()
	var head [headSize]byte
	if _, err := d.f.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(head[:len(magic)]) != magic {
		return words.WithHint(fmt.Errorf("%s is not a cell database", path), "vigie celldb import makes one of an export of OpenCellID or Ichnaea")
	}
	if sum := crc32.Checksum(head[:headSize-4], castagnoli); sum != binary.BigEndian.Uint32(head[headSize-4:]) {
		return damaged(path, "its head has another checksum")
	}
	if v := binary.BigEndian.Uint32(head[16:]); v != version {
		return words.WithHint(fmt.Errorf("%s has version %d of the format, want %d", path, v, version), "make it again from the export: vigie celldb import FILE")
	}
	pages, rows := int64(binary.BigEndian.Uint32(head[20:])), int64(binary.BigEndian.Uint64(head[24:]))
	tailSize := int64(binary.BigEndian.Uint64(head[32:]))
	st, err := d.f.Stat()
	if err != nil {
		return err
	}
	if pages < 1 || pages > maxPages || tailSize < 8*pages || st.Size() != headSize+pages*pageSize+tailSize {
		return damaged(path, fmt.Sprintf("it has %d bytes, want %d", st.Size(), headSize+pages*pageSize+tailSize))
	}
	if tailSize > 8*pages+maxInfo {
		return damaged(path, "its index is too large")
	}
	tail := make([]byte, tailSize)
	if _, err := d.f.ReadAt(tail, headSize+pages*pageSize); err != nil {
		return err
	}
	if crc32.Checksum(tail, castagnoli) != binary.BigEndian.Uint32(head[40:]) {
		return damaged(path, "its index has another checksum")
	}
	d.keys = make([]uint64, pages)
	for i := range d.keys {
		d.keys[i] = binary.BigEndian.Uint64(tail[8*i:])
		if i > 0 && d.keys[i] < d.keys[i-1] || i >= maxRun && d.keys[i] == d.keys[i-maxRun] {
			return damaged(path, "its index is not in order")
		}
	}
	if rows < pages || rows > pages*perPage {
		return damaged(path, fmt.Sprintf("it says that it has %d rows on %d pages", rows, pages))
	}
	if err := json.Unmarshal(tail[8*pages:], &d.info); err != nil {
		return damaged(path, err.Error())
	}
	d.info.Rows, d.info.Pages = int(rows), int(pages)
	return nil
}

// Close closes the file.
func (d *DB) Close() error { return d.f.Close() }

// Info describes the file.
func (d *DB) Info() Info { return d.info }

// page reads a page and checks it; it returns the records as they are stored.
func (d *DB) page(i int, room *[pageSize]byte) ([]byte, error) {
	if _, err := d.f.ReadAt(room[:], headSize+int64(i)*pageSize); err != nil {
		return nil, fmt.Errorf("%s: page %d: %w", d.f.Name(), i, err)
	}
	n := binary.BigEndian.Uint32(room[countAt:])
	if crc32.Checksum(room[:pageSumAt], castagnoli) != binary.BigEndian.Uint32(room[pageSumAt:]) ||
		binary.BigEndian.Uint32(room[numberAt:]) != uint32(i) || n < 1 || n > perPage || binary.BigEndian.Uint64(room[:]) != d.keys[i] {
		return nil, damaged(d.f.Name(), fmt.Sprintf("page %d of %d has another checksum", i, len(d.keys)))
	}
	rows := room[:n*recordSize]
	var last, r record
	for k := range int(n) {
		if r.get(rows[k*recordSize:]); !r.possible() || k > 0 && last.compare(&r) >= 0 {
			return nil, damaged(d.f.Name(), fmt.Sprintf("row %d of page %d is no cell, or not in order", k, i))
		}
		last = r
	}
	if i+1 < len(d.keys) && last.key > d.keys[i+1] {
		return nil, damaged(d.f.Name(), fmt.Sprintf("page %d is not in order", i))
	}
	return rows, nil
}

// Find looks a cell up by its identity. If the cell is listed under several areas, Find returns the row of the given area, else
// the one with the most measurements; in GSM, where a cell id is unique only within its area, the area must match. MNC are
// compared as numbers, because many exports do not distinguish 01 and 001. False means that the cell is not listed, and no more.
func (d *DB) Find(rat cell.RAT, p cell.PLMN, area cell.Opt[cell.Area], id uint64) (Cell, bool, error) {
	mcc, mncs, ok := numbers(p)
	if !ok || id > rat.MaxCellID() || rat == cell.UnknownRAT {
		return Cell{}, false, nil
	}
	for _, mnc := range mncs {
		if mnc < 0 {
			continue
		}
		best, ok, err := d.find(keyOf(mcc, mnc, rat, id), area, rat == cell.GSM)
		if err == nil && !ok && rat == cell.UMTS && id > 0xFFFF { // old phones reported the 16 bits without the RNC
			best, ok, err = d.find(keyOf(mcc, mnc, rat, id&0xFFFF), area, true)
		}
		if err != nil || ok {
			return best, ok, err
		}
	}
	return Cell{}, false, nil
}

// find goes through the rows of a key; needArea takes only that of the area.
func (d *DB) find(key uint64, area cell.Opt[cell.Area], needArea bool) (Cell, bool, error) {
	var room [pageSize]byte
	var best record
	found := false
	for i := max(0, sort.Search(len(d.keys), func(i int) bool { return d.keys[i] >= key })-1); i < len(d.keys) && d.keys[i] <= key; i++ {
		rows, err := d.page(i, &room)
		if err != nil {
			return Cell{}, false, err
		}
		n := len(rows) / recordSize
		for k := sort.Search(n, func(k int) bool { return binary.BigEndian.Uint64(rows[k*recordSize:]) >= key }); k < n; k++ {
			var r record
			r.get(rows[k*recordSize:])
			if r.key != key {
				break
			}
			a, known := area.Get()
			if known && uint32(a) == r.inArea() {
				return r.cell(), true, nil
			}
			if !needArea && (!found || r.samples() > best.samples()) {
				best, found = r, true
			}
		}
	}
	return best.cell(), found, nil
}

// Each calls yield for every cell in the order of the file. It stops at an error of yield and returns it.
func (d *DB) Each(ctx context.Context, yield func(Cell) error) error {
	var room [pageSize]byte
	for i := range d.keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := d.page(i, &room)
		if err != nil {
			return err
		}
		for ; len(rows) > 0; rows = rows[recordSize:] {
			var r record
			r.get(rows)
			if err := yield(r.cell()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Verify reads the whole file and checks every page.
func (d *DB) Verify(ctx context.Context) error {
	n := 0
	if err := d.Each(ctx, func(Cell) error { n++; return nil }); err != nil {
		return err
	}
	if n != d.info.Rows {
		return damaged(d.f.Name(), fmt.Sprintf("it has %d rows, want %d", n, d.info.Rows))
	}
	return nil
}
