package modem

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/modem/at"
	"vigie/modem/dialect"
	"vigie/modem/emulator"
)

// willing is a modem of a model that accepts every command it is asked, and whose reporting switches have their i-th values. It prints a line
// every 50 ms, so that a test that waits for records continues.
func willing(t *testing.T, d *dialect.Dialect, model string, i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "answer AT+CGMM\n  %s\n", model)
	for _, c := range slices.Concat(dialect.IdentifyCommands, dialect.Once, d.Serving, d.Around, d.Position) {
		if c.Text != "+CGMM" {
			fmt.Fprintf(&b, "answer AT%s\n  OK\n", c.Text)
		}
	}
	for _, s := range d.Settings {
		first := s.Values[i%len(s.Values)]
		name, now, _ := strings.Cut(s.Write+first, "=")
		var values []string
		for _, v := range s.Values {
			_, value, _ := strings.Cut(s.Write+v, "=")
			values = append(values, value)
			fmt.Fprintf(&b, "answer AT%s when %s=%s\n  %s\n", s.Read.Text, name, value, printed(t, s, v))
		}
		fmt.Fprintf(&b, "setting %s %s of %s\n", name, now, strings.Join(values, " "))
	}
	for n := range 200 {
		fmt.Fprintf(&b, "at %dms\nurc +CGEV: ME PDN ACT %d\n", 50*(n+1), n)
	}
	return b.String()
}

// printed finds what a modem answers to the reading of a setting that has a value.
func printed(t *testing.T, s at.Setting, value string) string {
	t.Helper()
	name, argument, _ := strings.Cut(strings.TrimRight(s.Read.Text, "?="), "=")
	for _, shape := range []string{"%s: %s", "%s: %s,1", "%s: 0,%s", "%s: 0,%s,\"27203\",7", "%s: (0-7,%s)", "%s: (0-7),%s", "%s: " + argument + ",%s"} {
		line := fmt.Sprintf(shape, name, value)
		if v, ok := s.Current([]string{line}); ok && v == value && (s.Read.Owns == nil || s.Read.Owns(line)) {
			return line
		}
	}
	require.FailNow(t, "no answer is known that says this", "AT%s%s", s.Write, value)
	return ""
}

// The commands that modems of all families receive while they are watched are exactly the list that vigie rules --commands prints.
func TestEveryCommandIsWrittenAndNoOther(t *testing.T) {
	var mu sync.Mutex
	received := map[string]bool{}
	t.Run("families", func(t *testing.T) {
		shared, err := dialect.ByName("generic")
		require.NoError(t, err)
		covered := map[string]bool{}
		for _, d := range append([]*dialect.Dialect{shared}, dialect.All()...) {
			runs := 1
			for _, s := range d.Settings {
				if !covered[s.Write] {
					runs = max(runs, len(s.Values))
					covered[s.Write] = true
				}
			}
			models := make([]string, runs) // unknown ones are asked all, but for what is a switch on another series
			if d.Name == "quectel" {
				models = append(models, "BC26")
			}
			for i, model := range models {
				t.Run(fmt.Sprintf("%s %d", d.Name, i), func(t *testing.T) {
					d := d.As(dialect.Ident{Model: model})
					virtual(t, func(t *testing.T) {
						var in slot
						e := in.plug(t, steps(t, willing(t, d, model, i)), emulator.Options{})
						before := e.Settings()
						w := in.watch(t, Config{Family: d.Name, Position: true, Limit: time.Second})
						w.until("every question to be asked", func([]cell.Record) bool {
							got := e.Received()
							for _, c := range slices.Concat(dialect.IdentifyCommands, dialect.Once, d.Serving, d.Around, d.Position) {
								if !slices.Contains(got, "AT"+c.Text) {
									return false
								}
							}
							return true
						})
						w.end()
						require.Equal(t, before, e.Settings(), "put back")
						mu.Lock()
						defer mu.Unlock()
						for _, r := range e.Received() {
							received[r] = true
						}
					})
				})
			}
		}
	})
	list, err := dialect.Commands()
	require.NoError(t, err)
	var want, got []string
	for _, l := range list.All() {
		want = append(want, strings.TrimSuffix(l.Bytes, "\r"))
	}
	for r := range received {
		got = append(got, r)
	}
	slices.Sort(got)
	require.Equal(t, strings.Join(want, "\n"), strings.Join(got, "\n"))
}

// recordings are the answers that a family's transcripts hold, byte for byte, as a scenario.
func recordings(t *testing.T, family string) string {
	paths, err := filepath.Glob("dialect/testdata/" + family + "/*.txtar")
	require.NoError(t, err)
	var b strings.Builder
	for _, p := range paths {
		text, err := os.ReadFile(p)
		require.NoError(t, err)
		for _, x := range emulator.Transcript(txtar.Parse(text).Files[0].Data) {
			if command := strings.ToUpper(x.Command); !strings.Contains(command, " ") {
				fmt.Fprintf(&b, "answer %s bytes %q\n", command, x.Bytes)
			}
		}
	}
	return b.String()
}

// One byte in ten is corrupted, and the modem is unplugged at some moment: with every family the collector recovers, reports the
// gap, reports no impossible value, and writes nothing that is not listed.
func TestEveryFamilyUnderFaults(t *testing.T) {
	for n, d := range dialect.All() {
		t.Run(d.Name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				var in slot
				e := in.plug(t, steps(t, willing(t, d, "", 0)+recordings(t, d.Name)), emulator.Options{Seed: uint64(n)})
				w := in.watch(t, Config{Family: d.Name, Limit: 50 * time.Millisecond})
				observed := func(n int) func([]cell.Record) bool {
					return func(r []cell.Record) bool { return len(all[*cell.Observation](r)) >= n }
				}
				w.until("observations", observed(5))
				back := strings.Builder{} // printed over and over once it is plugged in again
				for i := range 200 {
					fmt.Fprintf(&back, "\nat %dms\nurc +CGEV: BACK", 1000+100*i)
				}
				e.Play(steps(t, fmt.Sprintf("corrupt 10\nat 500ms\ncorrupt 0\nat %dms\nunplug 100ms%s", 510+7*n, &back)))
				w.within(time.Minute, "it to be back", said("+CGEV: BACK"))
				w.until("the gap to end", func(r []cell.Record) bool {
					return slices.ContainsFunc(gaps(r), func(g *cell.Gap) bool { return !g.Until.IsZero() })
				})
				records := w.until("more", observed(1+len(all[*cell.Observation](w.seen()))))
				w.end()
				passive(t, e)
				for _, o := range all[*cell.Observation](records) {
					for _, c := range append(slices.Concat(o.Neighbours, o.Secondary), servingOf(o)...) {
						possible(t, &c, o.Raw)
					}
				}
			})
		})
	}
}

func (w *watched) seen() []cell.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.records
}

func servingOf(o *cell.Observation) []cell.Cell {
	if o.Serving == nil {
		return nil
	}
	return []cell.Cell{*o.Serving}
}

// possible fails when a cell has what no cell can have.
func possible(t *testing.T, c *cell.Cell, raw []string) {
	t.Helper()
	require.NotZero(t, c.RAT, "%q", raw)
	require.LessOrEqual(t, c.PCI.Or(0), c.RAT.MaxPCI(), "%q", raw)
	require.LessOrEqual(t, c.Area.Or(0), c.RAT.MaxArea(), "%q", raw)
	require.LessOrEqual(t, c.ID.Or(0), c.RAT.MaxCellID(), "%q", raw)
	require.LessOrEqual(t, c.Priority.Or(0), uint8(7), "%q", raw)
	if v, ok := c.Level().Get(); ok {
		require.True(t, v >= -160 && v <= 0, "%v dBm in %q", v, raw)
	}
}
