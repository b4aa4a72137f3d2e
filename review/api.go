package review

import (
	"context"
	_ "embed"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/storage"
)

// The API gives programs the evidence of the pages, with the same access rules, the same scrubbing and the field names of the
// interchange format. openapi.json describes it; a test compares the two.

//go:embed openapi.json
var openapi []byte

// api answers the API.
type api struct{ *Review }

// apiPaths are the paths of the API, as the multiplexer writes them.
func (rv *Review) apiPaths() map[string]http.HandlerFunc {
	a := api{rv}
	return map[string]http.HandlerFunc{
		"GET /api/v1/openapi.json":         a.description,
		"GET /api/v1/events":               a.answer(a.events),
		"GET /api/v1/events/{id}":          a.answer(a.event),
		"GET /api/v1/events/{id}/series":   a.answer(a.series),
		"GET /api/v1/events/{id}/baseline": a.answer(a.baseline),
		"GET /api/v1/events/{id}/places":   a.answer(a.places),
		"GET /api/v1/events/{id}/verdicts": a.answer(a.verdicts),
		"POST /api/v1/verdicts":            rv.deciding(rv.giveVerdicts),
		"POST /api/v1/verdicts/undo":       rv.deciding(rv.undoVerdicts),
		"GET /api/v1/cells":                a.answer(a.cells),
		"GET /api/v1/sensors":              a.answer(a.sensors),
		"GET /api/v1/sensors/{name}/blind": a.answer(a.blind),
		"GET /api/v1/sensors/{name}/hours": a.answer(a.hours),
		"GET /api/v1/rules":                a.answer(a.rules),
	}
}

// answer writes what a method of the API returns.
func (rv api) answer(of func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := of(r)
		if err != nil {
			rv.fail(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

func (rv api) description(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(openapi)
}

// verdictOf is a verdict as the API writes it.
func verdictOf(v *storage.Verdict) *storage.Verdict {
	if v == nil {
		return nil
	}
	plain := *v
	plain.Event = evidence.PlainTo(v.Event, 64)
	return &plain
}

// eventJSON is an event as the interchange format writes it, with what is known of it.
type eventJSON struct {
	Event     analyzer.Event   `json:"event"`
	Corrected *times           `json:"corrected,omitempty"` // absent: the clock of the sensor was right
	Verdict   *storage.Verdict `json:"verdict,omitempty"`
	Store     string           `json:"store"`
	Also      []alsoJSON       `json:"also,omitempty"` // what other sensors saw at the same time
}

// alsoJSON is an event that another sensor saw at the same time.
type alsoJSON struct {
	Event    string            `json:"event"`
	Sensor   string            `json:"sensor"`
	Store    string            `json:"store,omitempty"` // absent: on the shared server alone
	Severity analyzer.Severity `json:"severity"`
	First    time.Time         `json:"first"`
	Last     time.Time         `json:"last"`
}

// eventOf reads an event.
func eventOf(ctx context.Context, e *evidence.Entry, groups evidence.Groups) (eventJSON, error) {
	stored, _, err := e.Events(ctx)
	if strings.HasPrefix(e.ID, stored.ID+"~") { // other stores have an event of this id
		stored.ID = e.ID
	}
	v := eventJSON{Event: stored, Corrected: timesOf(e), Verdict: verdictOf(e.Verdict), Store: e.StoreName()}
	for _, c := range groups.Concurrent(e) {
		v.Also = append(v.Also, alsoJSON{c.ID, c.Sensor, c.StoreName(), c.Severity, c.First, c.Last})
	}
	return v, err
}

// times are the corrected times of an event.
type times struct {
	Seconds float64   `json:"by_s"` // added to the recorded times
	First   time.Time `json:"first"`
	Opened  time.Time `json:"opened"`
	Last    time.Time `json:"last"`
}

func timesOf(e *evidence.Entry) *times {
	if e.Shift == 0 {
		return nil
	}
	return &times{e.Shift.Seconds(), e.First, e.Opened, e.Last}
}

// apiMost is how many things one answer lists at most.
const apiMost = 500

func limitOf(r *http.Request) (skip, limit int) {
	skip, _ = strconv.Atoi(r.URL.Query().Get("skip"))
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit <= 0 {
		limit = 100
	}
	return max(skip, 0), min(limit, apiMost)
}

func (rv api) events(r *http.Request) (any, error) {
	all, err := rv.evidence.Entries(r.Context())
	if err != nil {
		return nil, err
	}
	groups, err := rv.evidence.AllGroups(r.Context())
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	f := readFilter(q, time.UTC)
	if q.Get("verdict") == "" {
		f.Verdict = "all"
	} else if q.Get("verdict") == "none" {
		f.Verdict = ""
	}
	if f.wrote, err = rv.evidence.Wrote(r.Context()); err != nil {
		return nil, err
	}
	skip, limit := limitOf(r)
	found, list := 0, []eventJSON{}
	for _, e := range all {
		if ok, err := f.matches(r.Context(), e); err != nil {
			return nil, err
		} else if !ok || f.Verdict != "all" && f.Verdict != outcome(e) {
			continue
		}
		if found++; found <= skip || len(list) == limit {
			continue
		}
		v, err := eventOf(r.Context(), e, groups)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return map[string]any{"total": found, "events": list}, nil
}

func (rv api) event(r *http.Request) (any, error) {
	e, err := rv.evidence.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	groups, err := rv.evidence.AllGroups(r.Context())
	if err != nil {
		return nil, err
	}
	return eventOf(r.Context(), e, groups)
}

// eventWindow is the event that an address names, and what was recorded around it, without the modem's lines.
func (rv *Review) eventWindow(r *http.Request) (*evidence.Selection, *evidence.Window, error) {
	x, err := rv.evidence.SelectEvent(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, nil, err
	}
	w, err := x.Sensors[0].Store.Window(r.Context(), x.Sensors[0].Key, x.From, x.To, false)
	return x, w, err
}

func (rv api) series(r *http.Request) (any, error) {
	x, win, err := rv.eventWindow(r)
	if err != nil {
		return nil, err
	}
	return win.Series(&x.Events[0].Event), nil
}

func (rv api) baseline(r *http.Request) (any, error) {
	x, err := rv.evidence.SelectEvent(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return x.Sensors[0].Store.Baseline(r.Context(), x.Sensors[0].Key, x.From, x.To)
}

func (rv api) verdicts(r *http.Request) (any, error) {
	e, err := rv.evidence.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	all, err := e.Verdicts(r.Context())
	if err != nil {
		return nil, err
	}
	list := []*storage.Verdict{}
	for i := range all {
		list = append(list, verdictOf(&all[i]))
	}
	return map[string]any{"verdicts": list}, nil
}

// cellJSON is a known cell, in the terms of the interchange format.
type cellJSON struct {
	Cell      cell.Cell `json:"cell"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	Count     int64     `json:"observations"`
	Serving   int64     `json:"serving"`
	Weakest   *float64  `json:"weakest_dbm,omitempty"`
	Strongest *float64  `json:"strongest_dbm,omitempty"`
	Sensor    string    `json:"sensor"`
	Store     string    `json:"store"`
}

func (rv api) cells(r *http.Request) (any, error) {
	p, err := rv.cellsPage(r)
	if err != nil {
		return nil, err
	}
	list := []cellJSON{}
	for _, k := range p.Cells {
		list = append(list, cellJSON{k.Cell(), k.First, k.Last, k.Count, k.KnownCell.Serving, evidence.Value(k.Weakest), evidence.Value(k.Strongest), k.Sensor, k.Store})
	}
	return map[string]any{"total": p.Found, "cells": list}, nil
}

// sensorJSON is a sensor and what it can report.
type sensorJSON struct {
	Name     string     `json:"name"`
	Store    string     `json:"store"`
	First    time.Time  `json:"first"`
	Last     time.Time  `json:"last"`
	Silent   bool       `json:"silent"`
	Mode     string     `json:"mode,omitempty"`
	Model    string     `json:"model,omitempty"`
	Firmware string     `json:"firmware,omitempty"`
	Reports  []string   `json:"reports,omitempty"`
	Rules    []ruleJSON `json:"rules"`
}

type ruleJSON struct {
	ID      string   `json:"id"`
	Version int      `json:"version"`
	Title   string   `json:"title"`
	Status  string   `json:"status"`
	Needs   []string `json:"needs"`
	Missing []string `json:"missing,omitempty"`
}

func ruleOf(r analyzer.Rule, missing cell.Fields) ruleJSON {
	return ruleJSON{r.ID, r.Version, r.Title, string(r.Status), r.Needs.Words(), missing.Words()}
}

func (rv api) sensors(r *http.Request) (any, error) {
	all, err := rv.evidence.Sensors(r.Context())
	if err != nil {
		return nil, err
	}
	list := []sensorJSON{}
	for _, a := range all {
		j := sensorJSON{Name: a.Name, Store: a.Store.Name, First: a.First, Last: a.Last, Silent: a.Silent > 0, Rules: []ruleJSON{}}
		if s := a.Source; s != nil {
			j.Mode, j.Model, j.Firmware, j.Reports = string(s.Mode), s.Model, s.Firmware, s.Reports.Or(0).Words()
		}
		for _, v := range rv.evidence.Availability(a.Source) {
			j.Rules = append(j.Rules, ruleOf(v.Rule, v.Missing))
		}
		list = append(list, j)
	}
	return map[string]any{"sensors": list}, nil
}

func (rv api) blind(r *http.Request) (any, error) {
	a, err := rv.evidence.Sensor(r.Context(), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	from, ok1 := readTime(r.URL.Query().Get("from"), time.UTC, false)
	to, ok2 := readTime(r.URL.Query().Get("to"), time.UTC, true)
	if !ok1 || !ok2 {
		to = a.Last.Truncate(time.Hour).Add(time.Hour)
		from = to.Add(-24 * time.Hour)
	}
	if !to.After(from) || to.Sub(from) > longestPeriod {
		return nil, errBadForm
	}
	c, err := a.CoverageOf(r.Context(), from, to)
	if err != nil {
		return nil, err
	}
	return map[string]any{"from": from, "to": to, "watched_s": c.Watched.Seconds(), "blind_s": c.Blind.Seconds(),
		"unrecorded_s": c.Off.Seconds(), "gaps": nonNil(c.Gaps)}, nil
}

func (rv api) rules(r *http.Request) (any, error) {
	list := []ruleJSON{}
	for _, rule := range rv.o.Rules {
		list = append(list, ruleOf(rule, 0))
	}
	return map[string]any{"rules": list}, nil
}
