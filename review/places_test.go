package review

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

func TestPlaces(t *testing.T) {
	tw := readTown(t, func(o *Options) {
		o.Learned = func(_ context.Context, _ *storage.Store, sensor string) (analyzer.Places, error) {
			require.Equal(t, "bag", sensor) // the one on the roof has no position
			c := lteCell(11020001, 4660, 20, 1300, -90)
			return analyzer.Places{Tiles: []analyzer.Tile{{Corners: [4][2]float64{{50.85, 4.35}, {50.85, 4.37}, {50.86, 4.37}, {50.86, 4.35}}, Stays: 3, New: 1}, {Corners: [4][2]float64{{10, 10}}}},
				Cells: []analyzer.CellPlace{{Cell: *c, Lat: 50.85, Lon: 4.36, Radius: 120.4, Count: 2}, {Cell: *c, Lat: -50, Lon: 4.36}}}, nil
		}
	})
	require.JSONEq(t, `{"tiles": [{"corners": [[50.85,4.35],[50.85,4.37],[50.86,4.37],[50.86,4.35]], "stays": 3, "new": 1}],
		"cells": [{"name": "LTE PLMN 206-01 (Proximus) TAC 4660 ECI 11020001 (eNB 43046/225) PCI 20 EARFCN 1300 (B3)", "lat": 50.85, "lon": 4.36, "radius_m": 120, "stays": 2, "suspect": false}]}`,
		get(tw.desk, "/api/v1/events/"+tw.events[1].ID+"/places").Body.String())
	require.JSONEq(t, `{"tiles": [], "cells": []}`, get(tw.desk, "/api/v1/events/"+tw.events[0].ID+"/places").Body.String())
}

func TestFilterByPosition(t *testing.T) {
	tw := readTown(t)
	for place, n := range map[string]int{"50.855, 4.362": 1, "50.855,4.362,5 km": 1, "50.9, 4.36": 0, "50.9, 4.36, 20": 1, "206-01": 8, "91, 0": 0, "1,2,3,4": 0} {
		require.Equal(t, n, strings.Count(get(tw.desk, "/?verdict=all&severity=info&place="+url.QueryEscape(place)).Body.String(), `<li class="entry`), place)
	}
	require.Contains(t, get(tw.desk, "/api/v1/events?place=50.855,4.362").Body.String(), `"total":1`)
}

// A cell that has been heard for days is shown over all of them, from samples; that it was once another is told.
func TestCellOverItsWholeTime(t *testing.T) {
	tw := newTown(t)
	odd := lteCell(11016962, 4660, 77, 1300, -80)
	require.NoError(t, tw.store.Append(t.Context(), &cell.Observation{Time: townNow.Add(-50 * time.Minute), Sensor: "roof-1", Serving: odd}))
	p, err := tw.desk.cellPage(t.Context(), cell.LTE, cell.PLMN{MCC: "206", MNC: "01"}, 11016962, time.UTC)
	require.NoError(t, err)
	require.NotNil(t, p.History)
	require.Equal(t, mostSlots, p.History.Slots)
	require.Positive(t, p.History.Heard)
	require.NotEmpty(t, p.History.Chart.Lines)
	require.NotEmpty(t, p.History.Chart.Band)
	require.Len(t, p.Forms, 2)
	require.Contains(t, p.Forms[0].What, "PCI 101")
	require.True(t, p.Forms[0].First.Before(townStart.Add(36*time.Hour)), p.Forms[0].First)
	require.Contains(t, p.Forms[1].What, "PCI 77")
}
