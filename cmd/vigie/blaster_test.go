package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/modem/emulator"
	"vigie/monitor"
	"vigie/monitor/pipeline"
	"vigie/storage"
)

// An SMS blaster captures, downgrades and releases within ten seconds. Each seed is another one: other cells, levels, causes
// and times, with a modem that reports changes unasked or does not. VIGIE_SEEDS=100 (make blaster) plays a hundred of them
// in real time, and logs how long each took to be noticed; by default two are played.
func TestBlasterIsCaught(t *testing.T) {
	seeds, hundred := 2, false
	if n, err := strconv.Atoi(os.Getenv("VIGIE_SEEDS")); err == nil {
		seeds, hundred = n, true
	}
	learned := filepath.Join(t.TempDir(), "learned.db")
	learnPlace(t, learned)
	var (
		mu    sync.Mutex
		took  []time.Duration
		lanes = make(chan struct{}, 10)
		all   sync.WaitGroup
	)
	for seed := range seeds {
		all.Go(func() {
			lanes <- struct{}{}
			defer func() { <-lanes }()
			d := blast(t, uint64(seed), learned)
			mu.Lock()
			took = append(took, d)
			mu.Unlock()
		})
	}
	all.Wait()
	require.Len(t, took, seeds)
	slices.Sort(took)
	late := 0
	for _, d := range took {
		if d > 5*time.Second {
			late++
		}
	}
	t.Logf("opened within 5 s of the capture: %d of %d; median %s, slowest %s", seeds-late, seeds, took[seeds/2].Round(time.Millisecond), took[seeds-1].Round(time.Millisecond))
	if hundred {
		require.Zero(t, late)
	}
}

// learnPlace makes a store that knows the place of the demo.
func learnPlace(t *testing.T, path string) {
	t.Helper()
	s, err := storage.Open(t.Context(), path, storage.Options{Create: true})
	require.NoError(t, err)
	conf := config.Config{Sensor: "demo", Mode: cell.Fixed, Store: path}.WithDefaults()
	l := pipeline.New(pipeline.Options{NewEngine: conf.NewEngine(analyzer.Atlas{}), Store: s})
	_, err = learnDemo(t.Context(), l, &console.Program{Out: console.New(os.Stderr, "never"), Err: console.New(os.Stderr, "never")}, time.Now())
	require.NoError(t, err)
	require.NoError(t, l.Close(t.Context()))
	require.NoError(t, s.Close())
}

// blaster is the scenario of a seed.
func blaster(seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 7))
	at := 3*time.Second + time.Duration(r.IntN(2000))*time.Millisecond
	tac, lac := 0x1000+r.IntN(0xE000), 0x1000+r.IntN(0xE000)
	eci, ci := 0x1000000+r.IntN(0xE000000), 1+r.IntN(0xFFFE)
	quiet := r.IntN(5) == 0 // no unsolicited line tells of it
	var b strings.Builder
	b.WriteString(calm)
	say := func(after time.Duration, format string, args ...any) {
		at += after
		fmt.Fprintf(&b, "\nat %s\n"+format+"\n", append([]any{at}, args...)...)
	}
	register := func(text string) string {
		if quiet {
			return "# " + text
		}
		return text
	}
	say(0, "note captured\nanswer AT+QENG=\"servingcell\"\n  +QENG: \"servingcell\",\"NOCONN\",\"LTE\",\"FDD\",222,01,%X,%d,1350,3,5,5,%X,%d,-9,%d,19,11,120,-\nanswer AT+QENG=\"neighbourcell\"\nanswer AT+QCAINFO\n%s",
		eci, r.IntN(504), tac, -50-r.IntN(15), -20-r.IntN(10), register(fmt.Sprintf("register +CEREG 2,\"%04X\",\"%X\",7", tac, eci)))
	if r.IntN(10) < 7 {
		say(time.Duration(300+r.IntN(900))*time.Millisecond, "%s", register(fmt.Sprintf("register +CEREG 3,\"%04X\",\"%X\",7 cause 0,%d", tac, eci, []int{11, 13, 14, 15}[r.IntN(4)])))
	}
	say(time.Duration(700+r.IntN(1500))*time.Millisecond, "answer AT+QENG=\"servingcell\"\n  +QENG: \"servingcell\",\"LIMSRV\",\"GSM\",222,01,%X,%X,%d,%d,-,%d,255,255,0,60,60,1,-,-,-,-,-,-,-,-,-,\"-\"",
		lac, ci, r.IntN(64), 1+r.IntN(124), -42-r.IntN(20))
	_, back, _ := strings.Cut(demoScenario, "note stage: released; everything is as before\n")
	back, _, _ = strings.Cut(back, "at 18s")
	say(time.Duration(5500+r.IntN(2500))*time.Millisecond, "note released\n%s", strings.TrimSpace(back))
	say(2*time.Second, "note end")
	return b.String()
}

// blast plays one, and returns how long after the capture there was an event that alerts.
func blast(t *testing.T, seed uint64, learned string) time.Duration {
	dir := t.TempDir()
	text, err := os.ReadFile(learned)
	require.NoError(t, err)
	path := filepath.Join(dir, "s.db")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	scenario, err := emulator.Parse(blaster(seed), nil)
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	var mu sync.Mutex
	var captured, released, opened time.Time
	s, err := storage.Open(ctx, path, storage.Options{})
	require.NoError(t, err)
	conf := config.Config{Sensor: "demo", Mode: cell.Fixed, Store: path}.WithDefaults()
	l := pipeline.New(pipeline.Options{NewEngine: conf.NewEngine(analyzer.Atlas{}), Store: s})
	require.NoError(t, l.Resume(ctx, nil))
	l.OnEvent = func(e analyzer.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Severity >= analyzer.Medium && opened.IsZero() && !captured.IsZero() {
			opened = time.Now()
		}
	}
	em, err := emulator.Start(t.Context(), scenario, emulator.Options{Note: func(text string) {
		mu.Lock()
		defer mu.Unlock()
		switch text {
		case "captured":
			captured = time.Now()
		case "released":
			released = time.Now()
		case "end":
			stop()
		}
	}})
	require.NoError(t, err)
	defer em.Close()
	one := conf.Modem[0]
	require.NoError(t, monitor.Watch(ctx, l, modem.Config{Device: em.Path(), Sensor: "demo", Mode: cell.Fixed, Fast: time.Duration(one.Fast), Slow: time.Duration(one.Slow)}))
	require.NoError(t, l.Close(t.Context()))
	require.NoError(t, s.Close())

	mu.Lock()
	defer mu.Unlock()
	require.False(t, captured.IsZero() || released.IsZero(), "seed %d came to its end", seed)
	require.False(t, opened.IsZero(), "seed %d: nothing was noticed", seed)
	// The whole of it is recorded, with the modem's own lines, and so is what came before.
	kept, err := storage.Open(t.Context(), path, storage.Options{ReadOnly: true})
	require.NoError(t, err)
	defer kept.Close()
	var before, during, gsm, after int
	for e, err := range kept.Records(t.Context(), storage.Query{From: captured.Add(-3 * time.Second), Kinds: storage.Observations}) {
		require.NoError(t, err)
		o, ok := e.Record.(*cell.Observation)
		if !ok || len(o.Raw) == 0 {
			continue
		}
		switch {
		case o.Time.Before(captured):
			before++
		case o.Time.Before(released):
			during++
			if o.Serving != nil && o.Serving.RAT == cell.GSM {
				gsm++
			}
		default:
			after++
		}
	}
	require.True(t, before >= 2 && during >= 5 && gsm >= 3 && after >= 1, "seed %d: %d observations before, %d during (%d of 2G), %d after", seed, before, during, gsm, after)
	return opened.Sub(captured)
}
