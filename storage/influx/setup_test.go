package influx_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/storage/influx"
	"vigie/storage/influxdtest"
	"vigie/storage/storagetest"
)

// settable is a server that can be set up, as InfluxDB 2 and 3 document it: what was made is there the next time.
type settable struct {
	*httptest.Server
	version string
	token   string              // who may
	made    map[string][]object // by path
	refuse  map[string]answer   // what is answered to making, by path
}

type (
	object map[string]any
	answer struct {
		status int
		body   string
	}
)

func newSettable(t testing.TB, version string) *settable {
	t.Helper()
	s := &settable{version: version, token: influxdtest.Token, made: map[string][]object{"/api/v2/orgs": {{"id": "0a", "name": "home"}}}, refuse: map[string]answer{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body := s.answer(r)
		w.Header().Set("X-Influxdb-Version", s.version)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *settable) answer(r *http.Request) (int, string) {
	if r.URL.Path == "/ping" {
		return http.StatusNoContent, ""
	}
	two := strings.HasPrefix(r.URL.Path, "/api/v2/")
	if two != strings.HasPrefix(s.version, "v2") {
		return 404, `{"code":"not found","message":"path not found"}`
	}
	if want := map[bool]string{true: "Token ", false: "Bearer "}[two] + s.token; r.Header.Get("Authorization") != want {
		if two {
			return 401, `{"code":"unauthorized","message":"unauthorized access"}`
		}
		return 401, `{"error": "the request was not authenticated"}`
	}
	made := s.made[r.URL.Path]
	if r.Method == http.MethodGet {
		switch r.URL.Path {
		case "/api/v2/orgs":
			if made = matching(made, "name", r.URL.Query().Get("org")); len(made) == 0 {
				return 404, fmt.Sprintf(`{"code":"not found","message":"organization name \"%s\" not found"}`, r.URL.Query().Get("org"))
			}
			return 200, jsonOf(object{"orgs": made})
		case "/api/v2/buckets":
			if made = matching(made, "name", r.URL.Query().Get("name")); len(made) == 0 {
				return 404, fmt.Sprintf(`{"code":"not found","message":"bucket \"%s\" not found"}`, r.URL.Query().Get("name"))
			}
			return 200, jsonOf(object{"links": object{}, "buckets": made})
		case "/api/v2/dbrps":
			return 200, jsonOf(object{"content": matching(made, "database", r.URL.Query().Get("db"))})
		case "/api/v2/tasks":
			return 200, jsonOf(object{"links": object{}, "tasks": matching(made, "name", r.URL.Query().Get("name"))})
		case "/api/v3/configure/database":
			all := []object{{"iox::database": "_internal"}}
			for _, m := range made {
				all = append(all, object{"iox::database": m["db"], "deleted": false})
			}
			return 200, jsonOf(all)
		}
		return 404, `{"code":"not found","message":"path not found"}`
	}
	if a, ok := s.refuse[r.URL.Path]; ok {
		return a.status, a.body
	}
	var o object
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil || r.Header.Get("Content-Type") != "application/json" {
		return 400, `{"code":"invalid","message":"json"}`
	}
	if flux, ok := o["flux"].(string); ok { // its name is in it
		o["name"] = regexp.MustCompile(`name: "([^"]*)"`).FindStringSubmatch(flux)[1]
	}
	o["id"] = fmt.Sprintf("%016x", len(s.made)*100+len(made))
	s.made[r.URL.Path] = append(made, o)
	return 201, jsonOf(o)
}

func matching(all []object, key, want string) (found []object) {
	for _, o := range all {
		if o[key] == want {
			found = append(found, o)
		}
	}
	return found
}

func jsonOf(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// setUp plans and carries out all of it, and returns what was planned.
func setUp(t testing.TB, x *influx.Sink, keep time.Duration) (says, notes []string, err error) {
	t.Helper()
	steps, notes, err := x.Plan(context.Background(), influx.Setup{Keep: keep})
	for _, s := range steps {
		require.NotContains(t, s.Does, "secretpw")
		says = append(says, s.Says)
		if err == nil {
			err = s.Do(context.Background())
		}
	}
	return says, notes, err
}

const twoYears = 730 * 24 * time.Hour

// On InfluxDB 2 a bucket, a database that maps to it, a bucket for summaries and a task are made, each only where it is not there yet.
func TestSetup2(t *testing.T) {
	srv := newSettable(t, "v2.7.12")
	x := newInflux(t, newStore(t), influx.Options{URL: srv.URL, Bucket: "vigie", Org: "home"})
	says, notes, err := setUp(t, x, twoYears)
	require.NoError(t, err)
	require.Empty(t, notes)
	require.Equal(t, []string{"bucket vigie: kept 730 days", "bucket vigie-summary: kept for ever", "database vigie: InfluxQL reads the bucket by this name",
		"task vigie-serving_1h: levels by the hour, up to a week late"}, says)
	require.Equal(t, []any{"vigie", "0a", []any{map[string]any{"type": "expire", "everySeconds": 63_072_000.0}}},
		[]any{srv.made["/api/v2/buckets"][0]["name"], srv.made["/api/v2/buckets"][0]["orgID"], srv.made["/api/v2/buckets"][0]["retentionRules"]})
	require.Empty(t, srv.made["/api/v2/buckets"][1]["retentionRules"])
	require.Equal(t, srv.made["/api/v2/buckets"][0]["id"], srv.made["/api/v2/dbrps"][0]["bucketID"])
	require.Equal(t, "vigie", srv.made["/api/v2/dbrps"][0]["database"])

	says, notes, err = setUp(t, x, 0)
	require.NoError(t, err)
	require.Empty(t, says, "all is there")
	require.Len(t, notes, 2)
	srv.made["/api/v2/tasks"] = nil
	says, _, err = setUp(t, x, 0)
	require.NoError(t, err)
	require.Len(t, says, 1, "and only what is missing is made")
}

// An error has the words of the server. What was made before stays and is not made again.
func TestSetupRefused(t *testing.T) {
	srv := newSettable(t, "v2.7.12")
	o := influx.Options{URL: srv.URL, Bucket: "vigie", Org: "home"}
	x := newInflux(t, newStore(t), o)
	srv.refuse["/api/v2/tasks"] = answer{403, `{"code":"forbidden","message":"insufficient permissions for tasks"}`}
	_, _, err := setUp(t, x, twoYears)
	require.ErrorContains(t, err, "403 Forbidden: insufficient permissions for tasks")
	require.Len(t, srv.made["/api/v2/buckets"], 2)
	delete(srv.refuse, "/api/v2/tasks")
	says, _, err := setUp(t, x, twoYears)
	require.NoError(t, err)
	require.Len(t, says, 1)

	o.Org = "elsewhere"
	_, _, err = setUp(t, newInflux(t, newStore(t), o), 0)
	require.ErrorContains(t, err, `organization name "elsewhere" not found`)
	o.Org = ""
	_, _, err = setUp(t, newInflux(t, newStore(t), o), 0)
	require.ErrorContains(t, err, "write org into [influx]")
	srv.token = "another"
	_, _, err = setUp(t, x, 0)
	require.ErrorContains(t, err, "401 Unauthorized: unauthorized access")
	require.NotContains(t, err.Error(), "secretpw")
}

// On InfluxDB 3 there is a database to make and nothing else.
func TestSetup3(t *testing.T) {
	srv := newSettable(t, "3.2.1")
	x := newInflux(t, newStore(t), influx.Options{URL: srv.URL, Bucket: "vigie"})
	srv.refuse["/api/v3/configure/database"] = answer{422, `{"error": "Update to schema would exceed number of databases limit of 5 databases"}`}
	_, _, err := setUp(t, x, twoYears)
	require.ErrorContains(t, err, "limit of 5 databases")
	delete(srv.refuse, "/api/v3/configure/database")
	says, notes, err := setUp(t, x, twoYears)
	require.NoError(t, err)
	require.Equal(t, []string{"database vigie: kept 730 days, which cannot be changed later"}, says)
	require.Contains(t, notes[0], "nothing is downsampled")
	require.Equal(t, "730d", srv.made["/api/v3/configure/database"][0]["retention_period"])
	says, notes, err = setUp(t, x, 0)
	require.NoError(t, err)
	require.Empty(t, says)
	require.Contains(t, notes[1], "is there and stays as it is")
}

// The task that an InfluxDB 2 is given says the same as the continuous query of a 1.8: its Flux is run by a real 1.8, which
// has an older Flux and cannot store what it finds.
func TestSummariesOf2(t *testing.T) {
	t.Parallel()
	two := newSettable(t, "v2.7.12")
	_, _, err := setUp(t, newInflux(t, newStore(t), influx.Options{URL: two.URL, Bucket: "obs/autogen", Org: "home"}), 0)
	require.NoError(t, err)
	flux, _ := two.made["/api/v2/tasks"][0]["flux"].(string)
	require.Contains(t, flux, "option task = {")
	require.Contains(t, flux, `to(bucket: "obs/autogen-summary")`)
	flux = flux[strings.Index(flux, "\n"):]
	flux = strings.Replace(flux, `to(bucket: "obs/autogen-summary")`, "yield(name: field)", 1)
	flux = strings.Replace(flux, "range(start: -7d)", "range(start: "+storagetest.Start.Truncate(time.Hour).Format(time.RFC3339)+")", 1)

	srv := influxdtest.Start(t)
	s := newStore(t)
	appendAll(t, s, storagetest.Day(9000))
	x := newInflux(t, s, influx.Options{URL: srv.URL, FullRate: true})
	follow(t, x)
	until(t, "everything is sent", 2*time.Minute, everythingSent(x, s))

	req, err := http.NewRequest(http.MethodPost, srv.URL+"/api/v2/query", strings.NewReader(flux))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Token "+influxdtest.Token)
	req.Header.Set("Content-Type", "application/vnd.flux")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	got, want := map[string]float64{}, map[string]float64{}
	rows := csv.NewReader(resp.Body)
	rows.FieldsPerRecord = -1
	var head []string
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch {
		case strings.HasPrefix(row[0], "#"): // what is said of the columns of the next table
		case slices.Contains(row, "_value"):
			head = row
		case head != nil && len(row) == len(head):
			at := func(name string) string {
				if i := slices.Index(head, name); i >= 0 {
					return row[i]
				}
				return ""
			}
			require.Equal(t, "serving_1h", at("_measurement"))
			when, err := time.Parse(time.RFC3339, at("_time"))
			require.NoError(t, err)
			v, err := strconv.ParseFloat(at("_value"), 64)
			require.NoError(t, err)
			got[fmt.Sprint(when.UnixNano(), at("sensor"), at("plmn"), at("rat"), at("band"), at("_field"))] = v
		}
	}
	for _, table := range srv.Exec(`SELECT count("level") AS "samples", mean("level") AS "level_mean", min("level") AS "level_min", max("level") AS "level_max" FROM "serving" WHERE time > 0 GROUP BY time(1h), "sensor", "plmn", "rat", "band" fill(none)`) {
		for _, row := range table.Values {
			for i, field := range table.Columns[1:] {
				v, err := row[i+1].(json.Number).Float64()
				require.NoError(t, err)
				want[fmt.Sprint(row[0], table.Tags["sensor"], table.Tags["plmn"], table.Tags["rat"], table.Tags["band"], field)] = v
			}
		}
	}
	require.Greater(t, len(want), 10)
	require.Len(t, got, len(want))
	for k, v := range want {
		require.InDelta(t, v, got[k], 1e-9, k)
	}
}
