package celldb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// goodFile is a database with the given number of cells.
func goodFile(t testing.TB, cells int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cells")
	var text strings.Builder
	for i := range cells {
		fmt.Fprintf(&text, "LTE,272,3,7,%d,,-8.%03d,51.%03d,100,%d,1,0,1486870610,0\n", i*3+1, i%1000, i%1000, i%200)
	}
	_, err := importText(t, path, text.String())
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

// seal gives a file the checksums that it has to have, after bytes of it were changed. It does not fail on a file that is none.
func seal(data []byte) {
	if len(data) < headSize {
		return
	}
	pages := int(binary.BigEndian.Uint32(data[20:]))
	at := headSize
	for ; pages > 0 && at+pageSize <= len(data); pages, at = pages-1, at+pageSize {
		page := data[at : at+pageSize]
		binary.BigEndian.PutUint32(page[pageSumAt:], crc32.Checksum(page[:pageSumAt], castagnoli))
	}
	binary.BigEndian.PutUint64(data[32:], uint64(len(data)-at))
	binary.BigEndian.PutUint32(data[40:], crc32.Checksum(data[at:], castagnoli))
	binary.BigEndian.PutUint32(data[headSize-4:], crc32.Checksum(data[:headSize-4], castagnoli))
}

// useAll opens a file and asks it everything.
func useAll(t testing.TB, ctx context.Context, path string) error {
	d, err := Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	info := d.Info()
	require.Positive(t, info.Rows)
	require.LessOrEqual(t, info.Rows, perPage*info.Pages)
	for id := uint64(1); id < 2000; id += 7 {
		c, ok, err := d.Find(cell.LTE, cell.PLMN{MCC: "272", MNC: "03"}, area(7), id)
		if err == nil && ok {
			require.Equal(t, id, c.ID)
			require.True(t, c.Lat >= -90 && c.Lat <= 90 && c.Lon >= -180 && c.Lon <= 180, "%+v", c)
		}
	}
	return d.Verify(ctx)
}

// A file that somebody made, with right checksums, is refused or answers with cells that can be.
func TestHostileDatabases(t *testing.T) {
	good := goodFile(t, 3*perPage)
	page := func(data []byte, n int) []byte { return data[headSize+n*pageSize : headSize+(n+1)*pageSize] }
	tail := func(data []byte) []byte { return data[headSize+3*pageSize:] }
	for name, change := range map[string]func(data []byte) []byte{
		"a RAT that is none":         func(d []byte) []byte { page(d, 1)[2] |= 0x70; page(d, 1)[3] |= 0xf0; return d },
		"a latitude of 2000 degrees": func(d []byte) []byte { binary.BigEndian.PutUint32(page(d, 1)[12:], 2_000_000_000); return d },
		"a longitude of -2000":       func(d []byte) []byte { binary.BigEndian.PutUint32(page(d, 1)[16:], 2_294_967_296); return d },
		"a country of 30,000":        func(d []byte) []byte { page(d, 2)[5*recordSize] = 0xff; return d },
		"rows not in order": func(d []byte) []byte {
			p, one := page(d, 1), make([]byte, recordSize)
			copy(one, p[recordSize:])
			copy(p[recordSize:], p[2*recordSize:3*recordSize])
			copy(p[2*recordSize:], one)
			return d
		},
		"a row twice":        func(d []byte) []byte { p := page(d, 1); copy(p[recordSize:2*recordSize], p); return d },
		"pages not in order": func(d []byte) []byte { swap(page(d, 0), page(d, 1)); swap(tail(d)[:8], tail(d)[8:16]); return d },
		"an index that leads back": func(d []byte) []byte {
			copy(tail(d)[16:24], tail(d)[:8])
			return d
		},
		"more rows than it has": func(d []byte) []byte { binary.BigEndian.PutUint64(d[24:], 1<<62); return d },
		"less than no rows":     func(d []byte) []byte { binary.BigEndian.PutUint64(d[24:], 1<<63); return d },
		"no rows":               func(d []byte) []byte { binary.BigEndian.PutUint64(d[24:], 0); return d },
		"a page without rows":   func(d []byte) []byte { binary.BigEndian.PutUint32(page(d, 1)[countAt:], 0); return d },
		"a page of a million":   func(d []byte) []byte { binary.BigEndian.PutUint32(page(d, 1)[countAt:], 1_000_000); return d },
		"one cell on every page": func(d []byte) []byte {
			var out []byte
			const pages = maxRun + 1
			for n := range uint32(pages) {
				p := bytes.Clone(page(good, 0))
				for k := range perPage {
					copy(p[k*recordSize:], page(good, 0)[:8])
					binary.BigEndian.PutUint32(p[k*recordSize+8:], (n*perPage+uint32(k))<<8)
				}
				binary.BigEndian.PutUint32(p[numberAt:], n)
				out = append(out, p...)
			}
			out = append(append(bytes.Clone(d[:headSize]), out...), bytes.Repeat(page(good, 0)[:8], pages)...)
			binary.BigEndian.PutUint32(out[20:], pages)
			binary.BigEndian.PutUint64(out[24:], perPage*pages)
			return append(out, tail(good)[24:]...)
		},
		"a description that is no JSON":   func(d []byte) []byte { return append(d[:headSize+3*pageSize+24], "{{{"...) },
		"a description of five megabytes": func(d []byte) []byte { return append(d, bytes.Repeat([]byte(" "), 5<<20)...) },
		"a description of a million open brackets": func(d []byte) []byte {
			return append(d[:headSize+3*pageSize+24], `{"sources":`+strings.Repeat("[", 1_000_000)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := change(bytes.Clone(good))
			seal(data)
			path := filepath.Join(t.TempDir(), "cells")
			require.NoError(t, os.WriteFile(path, data, 0o600))
			err := useAll(t, t.Context(), path)
			require.ErrorIs(t, err, ErrDamaged)
			t.Log(err)
		})
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err := Open(pipe)
	require.ErrorContains(t, err, "is not a file")
	require.NoError(t, useAll(t, t.Context(), write(t, good)))
}

func write(t testing.TB, data []byte) string {
	path := filepath.Join(t.TempDir(), "cells")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func swap(a, b []byte) {
	c := bytes.Clone(a)
	copy(a, b)
	copy(b, c)
}

// FuzzDatabase changes bytes of a file, and with sealed its checksums fit again.
func FuzzDatabase(f *testing.F) {
	good := goodFile(f, 2*perPage+5)
	for _, at := range []uint32{0, 16, 20, 24, 32, 40, 64, 72, 76, 80, 84, headSize + countAt, headSize + numberAt, headSize + pageSize, headSize + 3*pageSize, headSize + 3*pageSize + 24} {
		f.Add([]byte{0xff}, at, true)
		f.Add([]byte{0, 0, 0, 1}, at, true)
	}
	f.Add([]byte{1}, uint32(100), false)
	f.Fuzz(func(t *testing.T, change []byte, at uint32, sealed bool) {
		data := bytes.Clone(good)
		copy(data[int(at)%len(data):], change)
		if sealed {
			seal(data)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := useAll(t, ctx, write(t, data)); err != nil {
			require.NoError(t, ctx.Err(), "it does not end")
		}
	})
}
