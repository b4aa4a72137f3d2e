package monitor

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/monitor/pipeline"
	"vigie/storage"
	"vigie/storage/transfer"
)

// walked is what a modem reports every six seconds of a walk in which another cell serves every five minutes.
func walked(at time.Time, i int) *cell.Observation {
	c := int(at.Unix()/300) % 300
	o := &cell.Observation{Time: at, Sensor: "bag", State: cell.Idle,
		Serving: &cell.Cell{RAT: cell.LTE, MCC: "222", MNC: "01", Area: cell.Some(cell.Area(3043)), ID: cell.Some(uint64(52962847 + c)), PCI: cell.Some(uint16(c)),
			ARFCN: cell.Some(uint32(275)), RSRP: cell.Some(cell.DBm(-99 + i%17)), RSRQ: cell.Some(cell.DB(-14))},
		Raw: []string{fmt.Sprintf(`+QENG: "servingcell","NOCONN","LTE","FDD",222,01,%X,%d,275,1,4,4,BE3,%d,-14,-66,7,4,30,-`, 52962847+c, c, -99+i%17)}}
	for n := range 5 {
		pci, level := (c*7+n*31)%504, -105+(i+n)%13
		o.Neighbours = append(o.Neighbours, cell.Cell{RAT: cell.LTE, PCI: cell.Some(uint16(pci)), ARFCN: cell.Some(uint32(1350)), RSRP: cell.Some(cell.DBm(level))})
		o.Raw = append(o.Raw, fmt.Sprintf(`+QENG: "neighbourcell inter","LTE",1350,%d,-18,%d,-68,-,-,-,-,-`, pci, level))
	}
	return o
}

// Three days sealed, in a process of its own: what is kept in memory reaches its bound and stays there. Events and what is
// around them stay, the cut is recorded, and the sealed file has everything.
func TestMemoryOfALongRun(t *testing.T) {
	if os.Getenv("VIGIE_MEMORY") == "" {
		cmd := exec.Command(os.Args[0], "-test.v", "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "VIGIE_MEMORY=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		t.Logf("%s", out)
		return
	}
	ctx, dir := t.Context(), t.TempDir()
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	file := filepath.Join(dir, "v.sealed")
	sealed, err := transfer.OpenSealed(file, id.Recipient())
	require.NoError(t, err)
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	debug.SetGCPercent(thrifty)
	own := make(chan cell.Record, 8)
	keep := newRetention(storage.Retention{}, s, file, func(text string) { t.Log(text) }, own)
	keep.sensor = "bag"
	keep.mustHave(SealName)
	l := pipeline.New(pipeline.Options{NewEngine: newEngine, Store: s, Tolerant: true, Warn: func(text string, err error) { t.Log(text, err) }})
	start := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	when := start.Add(time.Hour)
	event := analyzer.Event{ID: "early", Sensor: "bag", First: when, Opened: when, Last: when, State: analyzer.Closed}
	require.NoError(t, s.PutEvents(ctx, event))

	const every, hours = 6 * time.Second, 72
	var live [hours]float64 // MiB
	reported := 0
	for i := range int(hours * time.Hour / every) {
		now := start.Add(time.Duration(i+1) * every)
		require.NoError(t, l.Feed(ctx, walked(now, i)))
		if now.Sub(start)%sweepEvery == 0 {
			require.NoError(t, storage.Follow(ctx, s, SealName, sealed, storage.FollowOptions{UntilDone: true}))
			for keep.sweep(ctx, now) {
			}
		}
		for ; len(own) > 0; reported++ {
			require.NoError(t, l.Feed(ctx, <-own))
		}
		if now.Sub(start)%time.Hour == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			live[now.Sub(start)/time.Hour-1] = float64(m.HeapAlloc) / (1 << 20)
		}
	}
	st := keep.State()
	require.True(t, st.BySize)
	require.Zero(t, st.Unsent, "all was sealed before it was deleted")
	require.Equal(t, 1, reported, "the cut is a health record")
	require.LessOrEqual(t, st.Used, int64(memoryRoom))
	full := int(st.FullRateFrom.Sub(start) / time.Hour)
	t.Logf("MiB in use, hour 1, 24, 48, 72: %.1f %.1f %.1f %.1f; full rate from hour %d", live[0], live[23], live[47], live[71], full)
	require.InDelta(t, live[47], live[71], 1.5, "it does not grow")
	around := 0
	for _, err := range s.Records(ctx, storage.Query{From: when.Add(-10 * time.Minute), To: when.Add(10 * time.Minute)}) {
		require.NoError(t, err)
		around++
	}
	require.GreaterOrEqual(t, around, int(20*time.Minute/every), "what is around an event is whole")

	require.NoError(t, l.Close(ctx))
	require.NoError(t, sealed.Close())
	home, err := storage.Open(ctx, filepath.Join(dir, "home.db"), storage.Options{Create: true})
	require.NoError(t, err)
	defer home.Close()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	u, err := transfer.Unseal(ctx, f, home, id)
	require.NoError(t, err)
	stats, err := home.Stats(ctx)
	require.NoError(t, err)
	require.EqualValues(t, hours*time.Hour/every, stats.Observations, "%+v", u)
}
