package review

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
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
		get(tw.review, "/api/v1/events/"+tw.events[1].ID+"/places").Body.String())
	require.JSONEq(t, `{"tiles": [], "cells": []}`, get(tw.review, "/api/v1/events/"+tw.events[0].ID+"/places").Body.String())
}

func TestFilterByPosition(t *testing.T) {
	tw := readTown(t)
	for place, n := range map[string]int{"50.855, 4.362": 1, "50.855,4.362,5 km": 1, "50.9, 4.36": 0, "50.9, 4.36, 20": 1, "206-01": 8, "91, 0": 0, "1,2,3,4": 0} {
		require.Equal(t, n, strings.Count(get(tw.review, "/?verdict=all&severity=info&place="+url.QueryEscape(place)).Body.String(), `<li class="entry`), place)
	}
	require.Contains(t, get(tw.review, "/api/v1/events?place=50.855,4.362").Body.String(), `"total":1`)
}
