package review

import (
	_ "embed"
	"net/http"
	"strconv"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// The API is what the pages stand on, for those who build on it: the same access rules, the same scrubbing, the same
// words as the interchange format. openapi.json describes it, and a test compares the two.

//go:embed openapi.json
var openapi []byte

// apiPaths are the paths of the API, as the multiplexer writes them.
func (d *Desk) apiPaths() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /api/v1/openapi.json":         d.apiDescription,
		"GET /api/v1/events":               d.apiEvents,
		"GET /api/v1/events/{id}":          d.apiEvent,
		"GET /api/v1/events/{id}/series":   d.apiSeries,
		"GET /api/v1/events/{id}/baseline": d.apiBaseline,
		"GET /api/v1/events/{id}/places":   d.apiPlaces,
		"GET /api/v1/events/{id}/verdicts": d.apiVerdicts,
		"POST /api/v1/verdicts":            d.judging(d.giveVerdicts),
		"POST /api/v1/verdicts/undo":       d.judging(d.undoVerdicts),
		"GET /api/v1/cells":                d.apiCells,
		"GET /api/v1/sensors":              d.apiSensors,
		"GET /api/v1/sensors/{name}/blind": d.apiBlind,
		"GET /api/v1/sensors/{name}/hours": d.apiHours,
		"GET /api/v1/rules":                d.apiRules,
	}
}

func (d *Desk) apiRoutes(m *http.ServeMux) {
	for p, h := range d.apiPaths() {
		m.HandleFunc(p, h)
	}
}

func (d *Desk) apiDescription(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(openapi)
}

// verdictJSON is a verdict as the API writes it.
type verdictJSON struct {
	Event     string     `json:"event"`
	Judgement string     `json:"judgement"`
	Reason    string     `json:"reason,omitempty"`
	Author    string     `json:"author,omitempty"`
	Time      time.Time  `json:"time"`
	Undone    *time.Time `json:"undone,omitempty"`
	UndoneBy  string     `json:"undone_by,omitempty"`
}

func verdictOf(v *storage.Verdict) *verdictJSON {
	if v == nil {
		return nil
	}
	j := &verdictJSON{Event: plainTo(v.Event, 64), Judgement: string(v.Judgement), Reason: v.Reason, Author: v.Author, Time: v.Time, UndoneBy: v.UndoneBy}
	if !v.Undone.IsZero() {
		j.Undone = &v.Undone
	}
	return j
}

// eventJSON is an event as the interchange format writes it, and the verdict beside it.
type eventJSON struct {
	Event     analyzer.Event `json:"event"`
	Corrected *times         `json:"corrected,omitempty"` // where the clock of the sensor was set later
	Verdict   *verdictJSON   `json:"verdict,omitempty"`
	Store     string         `json:"store"`
	Also      []alsoJSON     `json:"also,omitempty"` // what other sensors saw at the same time
}

// times are those that really were.
type times struct {
	Seconds float64   `json:"by_s"` // to add to the recorded ones
	First   time.Time `json:"first"`
	Opened  time.Time `json:"opened"`
	Last    time.Time `json:"last"`
}

func (e *entry) times() *times {
	if e.Shift == 0 {
		return nil
	}
	return &times{e.Shift.Seconds(), e.First, e.Opened, e.Last}
}

// apiMost is the most that one answer lists.
const apiMost = 500

func limitOf(r *http.Request) (skip, limit int) {
	skip, _ = strconv.Atoi(r.URL.Query().Get("skip"))
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit <= 0 {
		limit = 100
	}
	return max(skip, 0), min(limit, apiMost)
}

func (d *Desk) apiEvents(w http.ResponseWriter, r *http.Request) {
	all, err := d.entries(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	groups, err := d.groupsNow(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	q := r.URL.Query()
	f := readFilter(q, time.UTC)
	if q.Get("verdict") == "" {
		f.Verdict = "all"
	} else if q.Get("verdict") == "none" {
		f.Verdict = ""
	}
	skip, limit := limitOf(r)
	found, list := 0, []eventJSON{}
	for _, e := range all {
		if !f.matches(e) || f.Verdict != "all" && f.Verdict != judged(e) {
			continue
		}
		if f.Near != nil {
			if ok, err := d.near(r.Context(), e, f.Near); err != nil {
				d.fail(w, r, err)
				return
			} else if !ok {
				continue
			}
		}
		if found++; found <= skip || len(list) == limit {
			continue
		}
		s := d.o.Stores[e.Store]
		ev, err := s.Event(r.Context(), e.key)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		list = append(list, eventJSON{d.cleanEvent(ev), e.times(), verdictOf(e.Verdict), s.Name, d.alsoOf(e, groups)})
	}
	writeJSON(w, http.StatusOK, map[string]any{"total": found, "events": list})
}

func (d *Desk) apiEvent(w http.ResponseWriter, r *http.Request) {
	e, s, err := d.lookup(r.Context(), r.PathValue("id"))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	ev, err := s.Event(r.Context(), e.key)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	groups, err := d.groupsNow(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, eventJSON{d.cleanEvent(ev), e.times(), verdictOf(e.Verdict), s.Name, d.alsoOf(e, groups)})
}

func (d *Desk) apiSeries(w http.ResponseWriter, r *http.Request) {
	h, err := d.eventHandover(r.Context(), r.PathValue("id"))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	win, err := d.window(r.Context(), h.sensors[0].store, h.sensors[0].key, h.from, h.to, false)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, draw(win, &h.events[0]))
}

func (d *Desk) apiBaseline(w http.ResponseWriter, r *http.Request) {
	h, err := d.eventHandover(r.Context(), r.PathValue("id"))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	b, err := d.baseline(r.Context(), h.sensors[0].store, h.sensors[0].key, h.from, h.to)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, b)
}

func (d *Desk) apiVerdicts(w http.ResponseWriter, r *http.Request) {
	e, s, err := d.lookup(r.Context(), r.PathValue("id"))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	all, err := d.verdicts(r.Context(), s, e.key)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	list := []*verdictJSON{}
	for i := range all {
		list = append(list, verdictOf(&all[i]))
	}
	writeJSON(w, http.StatusOK, map[string]any{"verdicts": list})
}

// cellJSON is a known cell, in the words of the interchange format.
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

func (d *Desk) apiCells(w http.ResponseWriter, r *http.Request) {
	p, err := d.cellsPage(r.Context(), r.URL.Query())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	list := []cellJSON{}
	for _, k := range p.Cells {
		list = append(list, cellJSON{cell.Cell{RAT: k.RAT, MCC: k.MCC, MNC: k.MNC, Area: k.Area, ID: cell.Some(k.ID), PCI: k.PCI, ARFCN: k.ARFCN},
			k.First, k.Last, k.Count, k.KnownCell.Serving, value(k.Weakest), value(k.Strongest), k.Sensor, k.Store})
	}
	writeJSON(w, http.StatusOK, map[string]any{"total": p.Found, "cells": list})
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

func ruleOf(v ruleView) ruleJSON {
	return ruleJSON{v.ID, v.Version, v.Title, string(v.Status), v.Needs.Words(), v.Missing}
}

func (d *Desk) apiSensors(w http.ResponseWriter, r *http.Request) {
	all, err := d.sensors(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	list := []sensorJSON{}
	for _, a := range all {
		j := sensorJSON{Name: a.Name, Store: a.StoreName, First: a.First, Last: a.Last, Silent: a.Silent > 0, Rules: []ruleJSON{}}
		if s := a.Source; s != nil {
			j.Mode, j.Model, j.Firmware, j.Reports = string(s.Mode), s.Model, s.Firmware, s.Reports.Or(0).Words()
		}
		for _, v := range d.availability(a.Source) {
			j.Rules = append(j.Rules, ruleOf(v))
		}
		list = append(list, j)
	}
	writeJSON(w, http.StatusOK, map[string]any{"sensors": list})
}

func (d *Desk) apiBlind(w http.ResponseWriter, r *http.Request) {
	all, err := d.sensors(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	q := r.URL.Query()
	for _, a := range all {
		if a.Name != r.PathValue("name") {
			continue
		}
		from, ok1 := readTime(q.Get("from"), time.UTC, false)
		to, ok2 := readTime(q.Get("to"), time.UTC, true)
		if !ok1 || !ok2 {
			to = a.Last.Truncate(time.Hour).Add(time.Hour)
			from = to.Add(-24 * time.Hour)
		}
		if !to.After(from) || to.Sub(from) > longestPeriod {
			d.refuse(w, r, http.StatusBadRequest, "refuse.form")
			return
		}
		recorded, err := d.gaps(r.Context(), d.o.Stores[a.Store], a.key, from, to)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		c, err := d.cover(r.Context(), a.Store, a.key, from, to, a.First, recorded)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		type gapJSON struct {
			From   time.Time `json:"from"`
			To     time.Time `json:"to"`
			Reason string    `json:"reason"`
		}
		gaps := []gapJSON{}
		for _, g := range c.Gaps {
			gaps = append(gaps, gapJSON(g))
		}
		writeJSON(w, http.StatusOK, map[string]any{"from": from, "to": to, "watched_s": c.Watched.Seconds(), "blind_s": c.Blind.Seconds(),
			"unrecorded_s": c.Off.Seconds(), "gaps": gaps})
		return
	}
	d.refuse(w, r, http.StatusNotFound, "refuse.missing")
}

func (d *Desk) apiRules(w http.ResponseWriter, r *http.Request) {
	list := []ruleJSON{}
	for _, rule := range d.o.Rules {
		list = append(list, ruleOf(ruleView{Rule: rule}))
	}
	writeJSON(w, http.StatusOK, map[string]any{"rules": list})
}
