package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/influxdtest"
)

// Every panel of the dashboards that we ship has rows when it is asked of a real server that holds what the demo recorded, and
// the files are what Grafana's own schema calls a dashboard.
func TestDashboards(t *testing.T) {
	t.Parallel()
	srv := influxdtest.Start(t)
	dir := t.TempDir()
	db := filepath.Join(dir, "demo.db")
	status, _, errs := runVigie("", "demo", "--store", db)
	require.Equal(t, 0, status, errs)
	s, err := storage.Open(context.Background(), db, storage.Options{}) // in the demo nothing breaks
	require.NoError(t, err)
	stats, err := s.Stats(context.Background())
	require.NoError(t, err)
	require.NoError(t, s.Append(context.Background(), &cell.Gap{Time: stats.Newest.Add(-time.Hour), Sensor: "demo", Reason: "unplugged", Until: stats.Newest.Add(-time.Hour + time.Minute)},
		&cell.Health{Time: stats.Newest, Sensor: "demo", Reason: "unknown_token", Count: 1}))
	require.NoError(t, s.Close())
	conf := filepath.Join(dir, "vigie.toml")
	token := filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(token, []byte(influxdtest.Token), 0o600))
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, "store = %q\n[influx]\nurl = %q\nbucket = %q\ntoken_file = %q\n", db, srv.URL, influxdtest.Database, token), 0o600))
	status, _, errs = runVigie("", "influx", "send", "--config", conf)
	require.Equal(t, 0, status, errs)
	sensors := srv.Exec(`SHOW TAG VALUES FROM "serving" WITH KEY = "sensor"`)
	require.NotEmpty(t, sensors)
	newest, err := srv.Exec(`SELECT last("generation") FROM "serving"`)[0].Values[0][0].(json.Number).Int64()
	require.NoError(t, err)

	fill := strings.NewReplacer("$timeFilter", fmt.Sprintf("time >= %d AND time <= %d", newest-int64(60*24*3600e9), newest+int64(24*3600e9)),
		"$__interval", "1m", "$sensor", "demo")
	files, err := filepath.Glob("../../dashboards/*.json")
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var strict dashboard.Dashboard
		if err := strict.UnmarshalJSONStrict(text); err != nil { // its error may be a list of none
			require.Empty(t, err.Error(), file)
		}
		var d struct {
			Panels []struct {
				Title, Description string
				Targets            []struct{ Query string }
			}
			Annotations struct {
				List []struct {
					Name   string
					Target struct{ Query string }
				}
			}
		}
		require.NoError(t, json.Unmarshal(text, &d))
		ask := func(title, q string) {
			q = fill.Replace(q)
			require.NotRegexp(t, `\$[a-z_{]`, q, title)
			rows := 0
			for _, table := range srv.Exec(q) {
				for _, row := range table.Values {
					for _, v := range row[1:] {
						if v != nil {
							rows++
							break
						}
					}
				}
			}
			if rows == 0 {
				t.Errorf("%s: %s: no rows: %s", filepath.Base(file), title, q)
			}
		}
		require.GreaterOrEqual(t, len(d.Panels), 8)
		for _, p := range d.Panels {
			require.NotEmpty(t, p.Description, p.Title)
			require.NotEmpty(t, p.Targets, p.Title)
			for _, target := range p.Targets {
				ask(p.Title, target.Query)
			}
		}
		for _, a := range d.Annotations.List {
			ask("annotation "+a.Name, a.Target.Query)
		}
		require.NotRegexp(t, regexp.MustCompile(`https?://(?:[^l1]|l[^o]|1[^2])`), string(text), "a dashboard that we ship points nowhere but to the user's own host")
	}
}
