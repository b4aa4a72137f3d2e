package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
)

// setting is one way to run the analyzer: a budget, and one rule whose probabilities are multiplied (to see how much
// hangs on its priors).
type setting struct {
	budget float64
	rule   string
	factor float64
}

func (s setting) engine() *analyzer.Engine {
	list := rules.All()
	for i := range list {
		if r := &list[i]; r.ID == s.rule {
			inner := r.Observe
			r.Observe = func(v *analyzer.View, sg *analyzer.Signal) bool {
				ok := inner(v, sg)
				sg.P = min(1, sg.P*s.factor)
				return ok
			}
		}
	}
	return analyzer.New(list, analyzer.Options{AlertsPerMonth: s.budget})
}

// truth is what the bench wrote next to an injected copy.
type truth struct {
	Recipe, Mode, Set string
	Windows           []struct{ Start, End time.Time }
	Cells             []cell.Cell
}

// run is one file under every setting.
type run struct {
	truth  *truth // nil: an unchanged trace
	set    string
	mode   cell.Mode
	survey bool
	hours  float64
	events [][]analyzer.Event // by setting
}

// replay feeds one file to an engine of each setting.
func replay(path string, settings []setting) (*run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &run{set: filepath.Base(filepath.Dir(path))}
	if text, err := os.ReadFile(path + ".truth.json"); err == nil {
		r.truth = &truth{}
		if err := json.Unmarshal(text, r.truth); err != nil {
			return nil, fmt.Errorf("%s.truth.json: %w", path, err)
		}
		r.set = r.truth.Set
	}
	var engines []*analyzer.Engine
	for _, s := range settings {
		engines = append(engines, s.engine())
	}
	in := cell.NewReader(f, path)
	var last time.Time
	for {
		rec, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch x := rec.(type) {
		case *cell.Source:
			r.mode, r.survey = x.Mode, x.Survey
		case *cell.Observation:
			if !last.IsZero() {
				r.hours += min(x.Time.Sub(last), time.Minute).Hours() // a pause counts as a minute
			}
			last = x.Time
		}
		for _, e := range engines {
			e.Feed(rec)
		}
	}
	for _, e := range engines {
		e.Finish()
		r.events = append(r.events, e.Take())
	}
	return r, nil
}

// measure replays every unchanged trace and every copy.
func measure(traces, copies string, settings []setting) ([]*run, error) {
	paths, err := filepath.Glob(filepath.Join(traces, "*", "*.ndjson.gz"))
	if err != nil {
		return nil, err
	}
	for _, dir := range strings.FieldsFunc(copies, func(r rune) bool { return r == ',' }) { // none is not the working directory
		more, err := filepath.Glob(filepath.Join(dir, "*.ndjson"))
		if err != nil {
			return nil, err
		}
		for _, p := range more {
			if !strings.HasSuffix(p, "-cut.ndjson") { // cut copies check that `opened` is no hindsight
				paths = append(paths, p)
			}
		}
	}
	runs, errs := make([]*run, len(paths)), make([]error, len(paths))
	next := make(chan int)
	var wait sync.WaitGroup
	for range runtime.NumCPU() {
		wait.Go(func() {
			for i := range next {
				runs[i], errs[i] = replay(paths[i], settings)
			}
		})
	}
	for i := range paths {
		next <- i
	}
	close(next)
	wait.Wait()
	return runs, errors.Join(errs...)
}

// falseAlerts counts the alerts of an unchanged trace; one that continues counts again each day.
func falseAlerts(events []analyzer.Event) (alerts, high int) {
	for _, e := range events {
		n := 1 + int(e.Last.Sub(e.Opened)/(24*time.Hour))
		if e.Severity >= analyzer.Medium {
			alerts += n
		}
		if e.Severity >= analyzer.High {
			high += n
		}
	}
	return alerts, high
}

// hits reports for each window of a copy whether an alert fits it, and how soon after its start it was opened.
func (t *truth) hits(events []analyzer.Event) (hit []bool, after []time.Duration) {
	earlier := map[string]bool{}
	const slack, late = 500 * time.Millisecond, 30 * time.Second
	for _, w := range t.Windows {
		found, soonest := false, time.Duration(1<<62)
		var ids []string
		for _, e := range events {
			if e.Severity < analyzer.Medium {
				continue
			}
			inside := !e.Opened.Before(w.Start.Add(-slack)) && !e.Opened.After(w.End.Add(late)) &&
				(t.named(e) || !e.First.Before(w.Start.Add(-slack)) && !e.First.After(w.End.Add(slack)))
			goesOn := earlier[e.ID] && !e.Last.Before(w.Start.Add(-slack))
			if inside {
				soonest = min(soonest, max(0, e.Opened.Sub(w.Start)))
			} else if goesOn {
				soonest = 0
			} else {
				continue
			}
			found, ids = true, append(ids, e.ID)
		}
		for _, id := range ids {
			earlier[id] = true
		}
		hit, after = append(hit, found), append(after, soonest)
	}
	return hit, after
}

// named reports whether an event names an injected cell.
func (t *truth) named(e analyzer.Event) bool {
	for i := range e.Cells {
		for k := range t.Cells {
			c, x := &e.Cells[i], &t.Cells[k]
			if c.ID.Known() && c.ID == x.ID && (!c.Area.Known() || !x.Area.Known() || c.Area == x.Area) {
				return true
			}
		}
	}
	return false
}

// loud reports whether a look-alike brought an alert in its window or a minute after it.
func (t *truth) loud(events []analyzer.Event) bool {
	for _, w := range t.Windows {
		for _, e := range events {
			if e.Severity >= analyzer.Medium && !e.Opened.Before(w.Start) && !e.Opened.After(w.End.Add(time.Minute)) {
				return true
			}
		}
	}
	return false
}
