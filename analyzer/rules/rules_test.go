package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

var update = flag.Bool("update", false, "rewrite the expected events in testdata")

// expand turns the traces of testdata into records. They are written by hand, one line for each stretch of time in which
// nothing changes:
//
//	OFFSET xTIMES STEP JSON   an observation (or gap) repeated; its time is 2026-03-01T12:00:00Z + OFFSET + n*STEP
//	{"vigie":1,...}           a source line, as it is
func expand(t *testing.T, text string) []cell.Record {
	t.Helper()
	t0 := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "atlas"):
		case strings.HasPrefix(line, `{`):
			out.WriteString(line + "\n")
		default:
			head := strings.SplitN(line, " ", 4)
			require.Len(t, head, 4, line)
			offset, err := time.ParseDuration(head[0])
			require.NoError(t, err, line)
			var times int
			require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(head[1], "x")), &times), line)
			step, err := time.ParseDuration(head[2])
			require.NoError(t, err, line)
			for n := range times {
				at := t0.Add(offset + time.Duration(n)*step).Format(time.RFC3339Nano)
				out.WriteString(`{"time":"` + at + `",` + head[3][1:] + "\n")
			}
		}
	}
	var recs []cell.Record
	r := cell.NewReader(&out, "trace")
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return recs
		}
		require.NoError(t, err)
		recs = append(recs, rec)
	}
}

// replay feeds records to a new engine with every rule on and returns the events at the end, in order.
func replay(recs []cell.Record) []analyzer.Event { return replayWith(analyzer.Options{}, recs) }

func replayWith(o analyzer.Options, recs []cell.Record) []analyzer.Event {
	e := analyzer.New(All(), o)
	last := map[string]analyzer.Event{}
	for _, r := range recs {
		e.Feed(r)
		for _, ev := range e.Take() {
			last[ev.ID] = ev
		}
	}
	e.Finish()
	for _, ev := range e.Take() {
		last[ev.ID] = ev
	}
	var list []analyzer.Event
	for _, ev := range last {
		list = append(list, ev)
	}
	analyzer.SortEvents(list)
	return list
}

// atlasOf reads the cell database of a trace: none without such lines, else one line a cell, or a line without a cell for
// one that lists nothing.
//
//	atlas LTE 272-03 2820612 51.9 -8.4 2000      RAT, PLMN, identity, place, range in metres
//	atlas LTE 272-03 100+256x60 51.9 -8.4 2000   sixty identities
func atlasOf(t *testing.T, text string) (a analyzer.Atlas) {
	t.Helper()
	type key struct {
		rat  cell.RAT
		plmn string
		id   uint64
	}
	list := map[key]analyzer.Place{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "atlas" {
			continue
		}
		a.ID = "of the trace"
		if len(f) == 1 {
			continue
		}
		require.Len(t, f, 7, line)
		rat, ok := cell.ParseRAT(f[1])
		require.True(t, ok, line)
		var first, step, n uint64
		var p analyzer.Place
		if _, err := fmt.Sscanf(f[3], "%d+%dx%d", &first, &step, &n); err != nil {
			_, err = fmt.Sscan(f[3], &first)
			require.NoError(t, err, line)
			n = 1
		}
		_, err := fmt.Sscan(f[4]+" "+f[5]+" "+f[6], &p.Lat, &p.Lon, &p.Range)
		require.NoError(t, err, line)
		for i := range n {
			list[key{rat, f[2], first + i*step}] = p
		}
	}
	if a.ID != "" {
		a.Find = func(c *cell.Cell) (analyzer.Place, bool, error) {
			id, _ := c.ID.Get()
			p, ok := list[key{c.RAT, c.PLMN().String(), id}]
			return p, ok, nil
		}
	}
	return a
}

// Every rule has a trace that makes it speak in an event of at least the severity in the trace's comment, and a
// look-alike that brings no alert at all. What the events say word for word is beside them, so that a change is seen.
func TestGoldenTraces(t *testing.T) {
	for _, r := range All() {
		dir := filepath.Join("testdata", strings.ReplaceAll(r.ID, "-", "_"))
		files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
		require.NoError(t, err)
		var fires, quiet int
		for _, path := range files {
			t.Run(r.ID+"/"+filepath.Base(path), func(t *testing.T) {
				ar, err := txtar.ParseFile(path)
				require.NoError(t, err)
				require.Equal(t, "trace", ar.Files[0].Name)
				text := string(ar.Files[0].Data)
				events := replayWith(analyzer.Options{Atlas: atlasOf(t, text)}, expand(t, text))
				if strings.HasPrefix(filepath.Base(path), "fires") {
					want := regexp.MustCompile(`(?m)^severity: (low|medium|high)$`).FindSubmatch(ar.Comment)
					require.NotNil(t, want, "the comment must say the least severity")
					var least analyzer.Severity
					require.NoError(t, least.UnmarshalText(want[1]))
					require.True(t, slices.ContainsFunc(events, func(e analyzer.Event) bool {
						return e.Severity >= least && slices.ContainsFunc(e.Findings, func(f analyzer.Finding) bool { return f.Rule == r.ID })
					}), "no %s event with a finding of this rule", want[1])
				} else {
					for _, e := range events {
						require.Less(t, e.Severity, analyzer.Medium, e.Summary)
					}
				}
				var got bytes.Buffer
				for _, e := range events {
					line, err := json.MarshalIndent(e, "", " ")
					require.NoError(t, err)
					got.Write(append(line, '\n'))
				}
				if *update {
					ar.Files = []txtar.File{ar.Files[0], {Name: "events", Data: got.Bytes()}}
					require.NoError(t, os.WriteFile(path, txtar.Format(ar), 0o644))
					return
				}
				require.True(t, len(ar.Files) == 2, "no expected events yet: run make golden and read them")
				require.Equal(t, string(ar.Files[1].Data), got.String())
			})
			if strings.HasPrefix(filepath.Base(path), "fires") {
				fires++
			} else {
				quiet++
			}
		}
		require.NotZero(t, fires, "%s has no trace that fires", r.ID)
		require.NotZero(t, quiet, "%s has no look-alike", r.ID)
	}
}

// The page of a rule says what its code does: the same version, needs, cause, range, status, weight and innocent causes.
func TestPages(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range All() {
		require.False(t, seen[r.ID], "%s twice", r.ID)
		seen[r.ID] = true
		name := strings.ReplaceAll(r.ID, "-", "_")
		_, err := os.Stat(name + ".go")
		require.NoError(t, err)
		page, err := os.ReadFile(name + ".md")
		require.NoError(t, err)
		text := string(page)
		require.True(t, strings.HasPrefix(text, "# "+r.ID+": "+r.Title+"\n"), "%s: title", name)
		row := func(key, value string) {
			require.Contains(t, text, "| "+key+" | "+value+" |", name)
		}
		row("version", strconv.Itoa(r.Version))
		row("needs", strings.Join(r.Needs.Words(), ", "))
		row("cause", r.Cause)
		row("severity", r.Min.String()+" to "+r.Max.String())
		row("status", string(r.Status))
		row("telling", r.Telling.String())
		for _, h := range []string{"What it sees", "Why it matters", "Innocent causes", "Known evasions", "Weight", "Sources"} {
			require.Contains(t, text, "\n## "+h+"\n", name)
		}
		require.NotEmpty(t, r.Innocent, name)
		_, after, _ := strings.Cut(text, "\n## Innocent causes\n")
		section, _, _ := strings.Cut(after, "\n## ")
		flat := strings.Join(strings.Fields(section), " ")
		for _, c := range r.Innocent {
			require.Contains(t, flat, c, name)
		}
		require.NotZero(t, r.Needs, name)
		require.LessOrEqual(t, r.Min, r.Max, name)
	}
	pages, err := filepath.Glob("*.md")
	require.NoError(t, err)
	require.Len(t, pages, len(seen), "a page without a rule")
}
