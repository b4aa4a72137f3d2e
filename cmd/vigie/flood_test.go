package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// madeUp writes 300,000 observations, each of another cell, as the line of a number says.
func madeUp(t *testing.T, line func(i int, at string) string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flood.ndjson")
	f, err := os.Create(path)
	require.NoError(t, err)
	out := bufio.NewWriterSize(f, 1<<20)
	began := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range 300_000 {
		fmt.Fprintln(out, line(i, began.Add(time.Duration(i)*time.Second).Format(time.RFC3339)))
	}
	require.NoError(t, out.Flush())
	require.NoError(t, f.Close())
	return path
}

// 300,000 made-up cells, however they come, cost a replay less than 150 MiB.
func TestAttackWithAFloodOfCells(t *testing.T) {
	const serving = `{"rat":"LTE","mcc":"272","mnc":"03","area":%d,"cell_id":%d,"pci":%d,"arfcn":%d,"rsrp":%d,"rsrq":-9}`
	cell := func(i int) string { return fmt.Sprintf(serving, 1+i/50, 1000+i, i%504, 1300+i%7*50, -60-i%50) }
	for _, flood := range []struct {
		name  string
		short bool
		line  func(i int, at string) string
	}{
		{"serving and neighbours", false, func(i int, at string) string {
			n := fmt.Sprintf(`{"rat":"LTE","pci":%d,"arfcn":%d,"rsrp":-100}`, (i+7)%504, 1000+i)
			return `{"time":"` + at + `","sensor":"roof","state":"idle","serving":` + cell(i) + `,"neighbours":[` + n + `],"raw":["+QENG: \"servingcell\",\"NOCONN\",\"LTE\",\"FDD\",` + fmt.Sprint(i) + `"]}`
		}},
		{"of a test network", true, func(i int, at string) string {
			return fmt.Sprintf(`{"time":"%s","sensor":"roof","state":"idle","serving":{"rat":"LTE","mcc":"001","mnc":"01","area":%d,"cell_id":%d,"pci":%d,"arfcn":1300,"rsrp":-70},"raw":["+QENG: %d"]}`, at, 1+i, 1000+i, i%504, i)
		}},
		{"of every network", false, func(i int, at string) string {
			return fmt.Sprintf(`{"time":"%s","sensor":"roof","state":"idle","serving":{"rat":"LTE","mcc":"%03d","mnc":"%02d","area":%d,"cell_id":%d,"pci":%d,"arfcn":%d,"rsrp":-70}}`, at, 200+i%700, i%100, 1+i, 1000+i, i%504, i%60000)
		}},
		{"of a thousand sensors", false, func(i int, at string) string {
			return fmt.Sprintf(`{"time":"%s","sensor":"kit-%d","state":"idle","serving":%s}`, at, i%1000, cell(i))
		}},
		{"an hour apart", false, func(i int, _ string) string {
			at := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 20 * time.Minute)
			return `{"time":"` + at.Format(time.RFC3339) + `","sensor":"roof","state":"idle","serving":` + cell(i) + `,"raw":["+QENG: ` + fmt.Sprint(i) + `"]}`
		}},
	} {
		t.Run(flood.name, func(t *testing.T) {
			if !flood.short && os.Getenv("VIGIE_FLOODS") == "" {
				t.Skip("only on request: make floods")
			}
			in := madeUp(t, flood.line)
			for _, args := range [][]string{{"replay", "--json", in}, {"replay", in}} {
				if args[1] != "--json" && os.Getenv("VIGIE_FLOODS") == "" {
					continue
				}
				cmd := exec.Command(program(), args...)
				printed, err := os.Create(filepath.Join(t.TempDir(), "out"))
				require.NoError(t, err)
				cmd.Stdout = printed
				began := time.Now()
				most, err := peakUntilItEnds(cmd)
				require.NoError(t, err)
				info, err := printed.Stat()
				require.NoError(t, err)
				t.Logf("%v: %.1f MiB at most, %s, %.1f MiB printed", args[:2], most, time.Since(began).Round(time.Millisecond), float64(info.Size())/(1<<20))
				require.Less(t, most, 150.0)
			}
		})
	}
}

// Recorded text costs a decode less than 150 MiB, whatever is in it: 8 MiB of it, or all 64 MiB that are read with make floods.
func TestDecodeOfLongText(t *testing.T) {
	size := 8 << 20
	if os.Getenv("VIGIE_FLOODS") != "" {
		size = 64<<20 - 1<<10
	}
	noise := rand.New(rand.NewPCG(1, 2))
	for name, line := range map[string]func(i int) string{
		"answers": func(i int) string {
			return fmt.Sprintf("AT+QENG=\"servingcell\"\r\n+QENG: \"servingcell\",\"NOCONN\",\"LTE\",\"FDD\",262,03,%X,187,6200,20,3,3,2AFB,-105,-11,-76,10,23\r\nOK\r\n", 1+i)
		},
		"lines of two bytes": func(int) string { return "a\n" },
		"noise": func(int) string {
			text := make([]byte, 200)
			for i := range text {
				text[i] = byte(' ' + noise.IntN(95))
			}
			return string(text) + "\n"
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "answers" && size < 64<<19 {
				t.Skip("only on request: make floods")
			}
			var text strings.Builder
			for i := 0; text.Len() < size; i++ {
				text.WriteString(line(i))
			}
			began := time.Now()
			most, err := peakUntilItEnds(exec.Command(program(), "decode", "--json", writeFile(t, t.TempDir(), "long.txt", text.String())))
			require.NoError(t, err)
			t.Logf("%d MiB: %.0f MiB, %s", size>>20, most, time.Since(began))
			require.Less(t, most, 150.0, "MiB")
		})
	}
}
