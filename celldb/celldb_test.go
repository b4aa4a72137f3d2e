package celldb

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
)

const header = "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal\n"

var now = time.Date(2026, 11, 24, 10, 30, 0, 0, time.UTC)

func importText(t testing.TB, dst, text string, mcc ...string) (Info, error) {
	t.Helper()
	return Import(t.Context(), dst, Options{MCC: mcc, Now: now}, Input{"export.csv", strings.NewReader(text)})
}

func open(t testing.TB, path string) *DB {
	t.Helper()
	d, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func area(a cell.Area) cell.Opt[cell.Area] { return cell.Some(a) }

func TestImportAndFind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "cells.vigie")
	info, err := importText(t, path, header+
		"LTE,272,3,4660,2820612,101,-8.4,51.9,2514,47,1,1345493598,1486870610,0\n"+
		"LTE,272,3,4661,2820612,101,-8.5,51.9,1000,5,1,1345493598,1486870610,0\n"+
		"GSM,272,3,100,7,0,-8.1,51.1,0,0,0,0,0,0\n"+
		"GSM,272,3,200,7,0,-8.2,51.2,0,300,0,0,0,0\n"+
		"UMTS,272,3,100,5000,,-8.3,51.3,70000,1,1,1,1,\n"+
		"NR,272,3,1048576,68719476734,,-8.3,51.4,,,,,,\n"+
		"LTE,310,260,7,99,,-80,30,1,1,1,1,1,\n"+
		"LTE,310,26,7,100,,-81,31,1,1,1,1,1,\n")
	require.NoError(t, err)
	require.Equal(t, 8, info.Rows)
	require.Equal(t, map[string]int{"GSM": 2, "UMTS": 1, "LTE": 4, "NR": 1}, info.RATs)
	require.Equal(t, map[string]int{"272": 6, "310": 2}, info.MCCs)
	require.Equal(t, time.Date(2017, 2, 12, 0, 0, 0, 0, time.UTC), info.Newest)
	d := open(t, path)
	require.Equal(t, info, d.Info())
	require.NoError(t, d.Verify(t.Context()))

	eir := cell.PLMN{MCC: "272", MNC: "03"}
	none := cell.Opt[cell.Area]{}
	for _, c := range []struct {
		what string
		rat  cell.RAT
		plmn cell.PLMN
		area cell.Opt[cell.Area]
		id   uint64
		lat  float64 // 0: not found
	}{
		{"under its area", cell.LTE, eir, area(4660), 2820612, 51.9},
		{"MNC in one digit", cell.LTE, cell.PLMN{MCC: "272", MNC: "3"}, area(4660), 2820612, 51.9},
		{"under another area", cell.LTE, eir, area(9), 2820612, 51.9},
		{"without an area", cell.LTE, eir, none, 2820612, 51.9},
		{"of another network", cell.LTE, cell.PLMN{MCC: "272", MNC: "02"}, area(4660), 2820612, 0},
		{"of another RAT", cell.NR, eir, area(4660), 2820612, 0},
		{"GSM goes by its area", cell.GSM, eir, area(200), 7, 51.2},
		{"GSM goes by its other area", cell.GSM, eir, area(100), 7, 51.1},
		{"GSM of another area", cell.GSM, eir, area(300), 7, 0},
		{"GSM without an area", cell.GSM, eir, none, 7, 0},
		{"UMTS listed without its RNC", cell.UMTS, eir, area(100), 3<<16 | 5000, 51.3},
		{"UMTS without its RNC, of another area", cell.UMTS, eir, area(101), 3<<16 | 5000, 0},
		{"36 bit", cell.NR, eir, area(1048576), 68719476734, 51.4},
		{"a dropped zero", cell.LTE, cell.PLMN{MCC: "310", MNC: "26"}, none, 99, 30},
		{"three digits are three", cell.LTE, cell.PLMN{MCC: "310", MNC: "026"}, none, 99, 0},
		{"no network", cell.LTE, cell.PLMN{}, none, 2820612, 0},
		{"letters", cell.LTE, cell.PLMN{MCC: "27x", MNC: "03"}, none, 2820612, 0},
		{"impossible", cell.LTE, eir, none, 1 << 63, 0},
	} {
		got, ok, err := d.Find(c.rat, c.plmn, c.area, c.id)
		require.NoError(t, err, c.what)
		require.Equal(t, c.lat != 0, ok, c.what)
		if ok {
			require.InDelta(t, c.lat, got.Lat, 1e-6, c.what)
		}
	}
	got, _, _ := d.Find(cell.LTE, eir, none, 2820612)
	require.Equal(t, Cell{RAT: cell.LTE, MCC: 272, MNC: 3, Area: 4660, ID: 2820612, Lat: 51.9, Lon: -8.4, Range: 2520, Samples: 47,
		Updated: time.Date(2017, 2, 12, 0, 0, 0, 0, time.UTC)}, got)
	got, _, _ = d.Find(cell.GSM, eir, area(200), 7)
	require.Equal(t, 255, got.Samples)
	require.True(t, got.Updated.IsZero())
}

func TestBadRowsAreCountedByReason(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cells")
	good := "LTE,272,3,4660,%d,101,-8.4,51.9,2514,47,1,1345493598,1486870610,0\n"
	info, err := Import(t.Context(), path, Options{Now: now, MCC: []string{"272"}}, Input{"dir/a.csv", strings.NewReader(
		"\xef\xbb\xbf" + header + fmt.Sprintf(good, 1) + header + "\r\n" +
			"LTE,272,3\n" + "WIMAX,272,3,1,1,1,1,1\n" + "CDMA,310,3,1,1,1,1,1\n" + "LTE,0,3,1,1,,1,1\n" + "LTE,272,1000,1,1,,1,1\n" +
			"LTE,272,3,70000,1,,1,1\n" + "GSM,272,3,0,1,,1,1\n" + "LTE,272,3,1,268435455,,1,1\n" + "LTE,272,3,1,-1,,1,1\n" +
			"LTE,272,3,1,1,,0,0\n" + "LTE,272,3,1,1,,NaN,1\n" + "LTE,272,3,1,1,,181,1\n" + "LTE,272,3,1,1,,1,+Inf\n" +
			"LTE,272,3,1," + strings.Repeat("9", 1<<17) + "\n" +
			`"LTE",272,3,1,"2",,1,1` + "\r\n" + `LTE,"272,3,1,1,,1,1` + "\n" +
			"LTE,234,3,1,1,,1,1\n" + "lte,272,3,0,3,,1.5,1.5")})
	require.NoError(t, err)
	require.Equal(t, []Source{{Name: "a.csv", Rows: 19, Kept: 4, Others: 1, Bad: map[string]int{badColumns: 1, badRadio: 1, badCDMA: 1,
		badNetwork: 2, badArea: 2, badID: 2, badPosition: 4, badLine: 1}}}, info.Sources)
	require.Equal(t, 4, info.Rows)
}

func TestColumnsGoByTheHeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cells")
	_, err := importText(t, path, "lat,lon,MCC,net,cell,area,Radio\n51.9,-8.4,272,3,5,6,LTE\n")
	require.NoError(t, err)
	c, ok, err := open(t, path).Find(cell.LTE, cell.PLMN{MCC: "272", MNC: "03"}, area(6), 5)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, Cell{RAT: cell.LTE, MCC: 272, MNC: 3, Area: 6, ID: 5, Lat: 51.9, Lon: -8.4}, c)
}

// A failed import leaves the old file as it was, and no other file.
func TestAFailedImportChangesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cells")
	row := "LTE,272,3,4660,1,101,-8.4,51.9,2514,47,1,1345493598,1486870610,0\n"
	_, err := importText(t, path, row)
	require.NoError(t, err)
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	for i := range 5000 {
		fmt.Fprintf(w, "LTE,272,3,4660,%d,,-8.%d,51.9\n", i, i)
	}
	require.NoError(t, w.Close())
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for what, do := range map[string]func() error{
		"nothing usable": func() error { _, err := importText(t, path, "hello\n\n"); return err },
		"other country":  func() error { _, err := importText(t, path, row, "234"); return err },
		"no such MCC":    func() error { _, err := importText(t, path, row, "Ireland"); return err },
		"cut short": func() error {
			_, err := Import(t.Context(), path, Options{}, Input{"x", bytes.NewReader(z.Bytes()[:z.Len()-100])})
			return err
		},
		"not gzip inside": func() error {
			_, err := Import(t.Context(), path, Options{}, Input{"x", strings.NewReader("\x1f\x8bnonsense, and more of it")})
			return err
		},
		"a reader that fails": func() error {
			_, err := Import(t.Context(), path, Options{}, Input{"x", io.MultiReader(strings.NewReader(row), failing{})})
			return err
		},
		"interrupted": func() error {
			_, err := Import(cancelled, path, Options{}, Input{"x", strings.NewReader(row)})
			return err
		},
		"being written": func() error {
			out, err := create(path)
			require.NoError(t, err)
			defer out.discard()
			_, err = importText(t, path, row)
			return err
		},
	} {
		require.Error(t, do(), what)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(before, after), what)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, left, 1, what)
	}
	require.NoError(t, os.WriteFile(path+".new", before[:100], 0o600)) // as a killed import leaves it
	_, err = importText(t, path, row)
	require.NoError(t, err)
	require.NoError(t, open(t, path).Verify(t.Context()))
}

// Input without end and without a row is left when the context ends.
func TestEndlessInputCanBeInterrupted(t *testing.T) {
	for _, with := range []byte("\nx") {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Import(ctx, filepath.Join(t.TempDir(), "cells"), Options{}, Input{"x", endless{with, cancel}})
		require.ErrorIs(t, err, context.Canceled)
	}
}

// endless gives one byte forever, and calls when it is first read.
type endless struct {
	with  byte
	first func()
}

func (e endless) Read(b []byte) (int, error) {
	e.first()
	for i := range b {
		b[i] = e.with
	}
	return len(b), nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the stick was pulled") }

// Sorting in runs gives what a map gives, whatever the order of rows, files and compression.
func TestImportIsAMap(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		type id struct {
			mnc, area int
			cell      uint64
		}
		want := map[id]record{}
		texts := []*bytes.Buffer{{}, {}}
		for range rapid.IntRange(1, 400).Draw(t, "rows") {
			k := id{rapid.IntRange(1, 3).Draw(t, "mnc"), rapid.IntRange(1, 4).Draw(t, "area"), rapid.Uint64Range(1, 40).Draw(t, "cell")}
			r := record{key: keyOf(272, k.mnc, cell.LTE, k.cell), area: uint32(k.area)<<8 | uint32(rapid.IntRange(0, 3).Draw(t, "samples")),
				lat: int32(rapid.IntRange(-90e6, 90e6).Draw(t, "lat")), lon: int32(rapid.IntRange(1, 180e6).Draw(t, "lon")), days: uint16(rapid.IntRange(1, 3).Draw(t, "days"))}
			if old, ok := want[k]; !ok || r.better(&old) {
				want[k] = r
			}
			fmt.Fprintf(texts[rapid.IntRange(0, 1).Draw(t, "file")], "LTE,272,%d,%d,%d,,%.6f,%.6f,0,%d,0,0,%d,0\n", k.mnc, k.area, k.cell, float64(r.lon)/1e6, float64(r.lat)/1e6, r.samples(), int(r.days)*86400+7)
		}
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		w.Write(texts[1].Bytes())
		w.Close()
		path := filepath.Join(dir, "cells")
		run := rapid.IntRange(1, 50).Draw(t, "run")
		out, err := create(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSorter(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer s.spill.Close()
		im := importer{sorter: s}
		for _, in := range []Input{{"a", bytes.NewReader(texts[0].Bytes())}, {"b", &z}} {
			if err := im.read(context.Background(), in); err != nil {
				t.Fatal(err)
			}
			for len(s.run) > run { // short runs
				rest := append([]record{}, s.run[run:]...)
				s.run = s.run[:run]
				if err := s.flush(); err != nil {
					t.Fatal(err)
				}
				s.run = append(s.run, rest...)
			}
		}
		info, err := out.write(context.Background(), s, Info{}, func(int) {})
		if err != nil || info.Rows != len(want) {
			t.Fatal(err, info.Rows, len(want))
		}
		d, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Verify(context.Background()); err != nil {
			t.Fatal(err)
		}
		for k, r := range want {
			got, ok, err := d.Find(cell.LTE, cell.PLMN{MCC: "272", MNC: fmt.Sprintf("%02d", k.mnc)}, area(cell.Area(k.area)), k.cell)
			if err != nil || !ok || got != r.cell() {
				t.Fatalf("%+v: got %+v %v %v, want %+v", k, got, ok, err, r.cell())
			}
		}
	})
}

// Equal data give equal bytes, in whatever order they come: only the names and counts of the sources differ.
func TestOrderDoesNotMatter(t *testing.T) {
	var rows []string
	for i := range 2000 {
		rows = append(rows, fmt.Sprintf("LTE,272,%d,%d,%d,,%d.5,%d.25,100,%d,1,0,%d,0\n", i%3+1, i%40+1, i*7+1, i%90, i%80, i%9, i*86400))
	}
	a, err := importText(t, filepath.Join(t.TempDir(), "a"), strings.Join(rows, ""))
	require.NoError(t, err)
	rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	b, err := importText(t, filepath.Join(t.TempDir(), "b"), strings.Join(append(rows, rows[:100]...), ""))
	require.NoError(t, err)
	require.Equal(t, a.ID, b.ID)
	require.Equal(t, a.Rows, b.Rows)
	require.Equal(t, a.Rows+100, b.Sources[0].Kept)
}

// A file of which a bit has flipped, or that was cut anywhere, never answers otherwise than before: it does not open, or
// fails when the page is asked for; and Verify always finds it.
func TestADamagedFileNeverLies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cells")
	var text strings.Builder
	for i := range 3*perPage + 10 {
		fmt.Fprintf(&text, "LTE,272,3,7,%d,,-8.%03d,51.%03d,100,%d,1,0,1486870610,0\n", i*3+1, i, i, i%200)
	}
	_, err := importText(t, path, text.String())
	require.NoError(t, err)
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	type answer struct {
		c  Cell
		ok bool
	}
	ask := func(d *DB, id int) (answer, error) {
		c, ok, err := d.Find(cell.LTE, cell.PLMN{MCC: "272", MNC: "03"}, area(7), uint64(id))
		return answer{c, ok}, err
	}
	truth := map[int]answer{}
	d := open(t, path)
	for id := range 3 * (3*perPage + 12) {
		truth[id], err = ask(d, id)
		require.NoError(t, err)
	}
	hurt := filepath.Join(t.TempDir(), "hurt")
	hunt := func(what string, data []byte) {
		require.NoError(t, os.WriteFile(hurt, data, 0o600))
		d, err := Open(hurt)
		if err != nil {
			return
		}
		defer d.Close()
		require.ErrorIs(t, d.Verify(t.Context()), ErrDamaged, what)
		for id := 0; id < len(truth); id += 37 {
			if a, err := ask(d, id); err == nil {
				require.Equal(t, truth[id], a, what)
			} else {
				require.ErrorIs(t, err, ErrDamaged, what)
			}
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 800 {
		at, bit := rng.IntN(len(good)), rng.IntN(8)
		data := bytes.Clone(good)
		data[at] ^= 1 << bit
		hunt(fmt.Sprintf("bit %d of byte %d", bit, at), data)
	}
	for at := range headSize {
		data := bytes.Clone(good)
		data[at] ^= 0x10
		hunt(fmt.Sprintf("byte %d", at), data)
	}
	for _, n := range []int{0, 1, 15, 16, headSize - 1, headSize, headSize + pageSize, len(good) - 1} {
		hunt(fmt.Sprintf("cut at %d", n), good[:n])
	}
	hunt("one byte more", append(bytes.Clone(good), 0))
	swapped := bytes.Clone(good) // two pages that changed places are each as they were written
	copy(swapped[headSize:], good[headSize+pageSize:headSize+2*pageSize])
	copy(swapped[headSize+pageSize:], good[headSize:headSize+pageSize])
	hunt("pages swapped", swapped)
	_, err = Open(t.TempDir())
	require.Error(t, err)
}

// A file that was made to hurt, with right checksums and a tail of 64 GiB, is refused before any of it is read.
func TestOpenTakesNoMoreMemoryThanADatabaseNeeds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cells")
	_, err := importText(t, path, "LTE,272,3,4660,1,101,-8.4,51.9,2514,47,1,1345493598,1486870610,0\n")
	require.NoError(t, err)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	head := make([]byte, headSize)
	_, err = f.ReadAt(head, 0)
	require.NoError(t, err)
	const tail = 1 << 36
	binary.BigEndian.PutUint64(head[32:], tail)
	binary.BigEndian.PutUint32(head[headSize-4:], crc32.Checksum(head[:headSize-4], castagnoli))
	_, err = f.WriteAt(head, 0)
	require.NoError(t, err)
	require.NoError(t, f.Truncate(headSize+pageSize+tail)) // a hole
	_, err = Open(path)
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "its index is too large")
}

func FuzzRow(f *testing.F) {
	f.Add([]byte("LTE,272,3,4660,2820612,101,-8.4,51.9,2514,47,1,1345493598,1486870610,0"))
	f.Add([]byte(header))
	f.Add([]byte("lat,lon,MCC,net,cell,area,Radio\n51.9,-8.4,272,3,5,6,LTE"))
	f.Add([]byte("\"GSM\",\"1\",,,,\x00,NaN,1e400,99999999999999999999"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := newParser()
		for line := range bytes.Lines(data) {
			r, ok, why := p.parse(bytes.TrimSpace(line))
			if !ok {
				continue
			}
			require.Empty(t, why)
			c := r.cell()
			require.True(t, c.RAT != cell.UnknownRAT && c.ID < c.RAT.MaxCellID() && c.Area <= c.RAT.MaxArea(), "%+v", c)
			require.True(t, c.MCC >= 1 && c.MCC <= 999 && c.MNC >= 0 && c.MNC <= 999, "%+v", c)
			require.True(t, c.Lat >= -90 && c.Lat <= 90 && c.Lon >= -180 && c.Lon <= 180, "%+v", c)
			var b [recordSize]byte
			var again record
			r.put(b[:])
			again.get(b[:])
			require.Equal(t, r, again)
		}
	})
}
