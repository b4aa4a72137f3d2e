package celldb

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

const benchRows = 5_000_000

// synthetic writes an export as large as that of a large country, in no order: 5 million cells of 4 networks.
func synthetic(b *testing.B, path string) {
	f, err := os.Create(path)
	require.NoError(b, err)
	w := bufio.NewWriterSize(f, 1<<20)
	w.WriteString(header)
	rng := rand.New(rand.NewPCG(1, 2))
	var line []byte
	for i := range uint64(benchRows) {
		n := i * 2654435761 % benchRows // each once, scattered
		line = append(line[:0], [...]string{"GSM", "UMTS", "LTE", "LTE"}[n%4]...)
		for _, v := range []uint64{262, n%4 + 1, n/4%500 + 1000, benchID(n)} {
			line = strconv.AppendUint(append(line, ','), v, 10)
		}
		line = append(line, ",0,"...)
		line = strconv.AppendFloat(line, 6+rng.Float64()*9, 'f', 6, 64)
		line = strconv.AppendFloat(append(line, ','), 47+rng.Float64()*8, 'f', 6, 64)
		line = append(line, ",1000,"...)
		line = strconv.AppendUint(line, n%300, 10)
		line = append(line, ",1,1459813819,"...)
		line = strconv.AppendUint(line, 1459813819+n, 10)
		line = append(line, ",0\n"...)
		w.Write(line)
	}
	require.NoError(b, w.Flush())
	require.NoError(b, f.Close())
}

func benchID(n uint64) uint64 {
	if n%4 == 0 {
		return n/2000%65535 + 1
	}
	return n + 70000
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

func BenchmarkCellsImport(b *testing.B) {
	dir := b.TempDir()
	csv, dst := filepath.Join(dir, "cells.csv"), filepath.Join(dir, "cells")
	synthetic(b, csv)
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak so far is forgotten
	var info Info
	for b.Loop() {
		f, err := os.Open(csv)
		require.NoError(b, err)
		info, err = Import(b.Context(), dst, Options{Now: now}, Input{csv, f})
		require.NoError(b, err)
		f.Close()
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		kib, _ := strconv.Atoi(string(peak.FindSubmatch(status)[1]))
		b.ReportMetric(float64(kib)/1024, "peak-MiB")
	}
	st, err := os.Stat(dst)
	require.NoError(b, err)
	b.ReportMetric(float64(st.Size())/(1<<20), "file-MiB")
	require.Equal(b, benchRows, info.Rows)
}

func BenchmarkCellsFind(b *testing.B) {
	dir := b.TempDir()
	csv, dst := filepath.Join(dir, "cells.csv"), filepath.Join(dir, "cells")
	synthetic(b, csv)
	f, err := os.Open(csv)
	require.NoError(b, err)
	defer f.Close()
	_, err = Import(b.Context(), dst, Options{Now: now}, Input{csv, f})
	require.NoError(b, err)
	d := open(b, dst)
	rats := [...]cell.RAT{cell.GSM, cell.UMTS, cell.LTE, cell.LTE}
	mnc := [...]string{"01", "02", "03", "04"}
	rng := rand.New(rand.NewPCG(3, 4))
	b.ReportAllocs()
	for b.Loop() {
		n := rng.Uint64N(benchRows)
		_, ok, err := d.Find(rats[n%4], cell.PLMN{MCC: "262", MNC: mnc[n%4]}, area(cell.Area(n/4%500+1000)), benchID(n))
		if err != nil || !ok {
			b.Fatal(n, ok, err)
		}
	}
}
