package influx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Setup says what the server should have.
type Setup struct {
	Keep time.Duration // how long points are kept; 0: forever. Hourly summaries are kept forever
}

// Step is one thing that is to be made on the server.
type Step struct {
	Says string // for people
	Does string // the statement or request, literally
	run  func(context.Context) error
}

// Plan asks the server what it has, and returns what is missing. Nothing is changed until Step.Do. What exists is left as it
// is, even if it differs; the notes say so.
func (x *Sink) Plan(ctx context.Context, s Setup) (steps []Step, notes []string, err error) {
	server, err := x.Server(ctx)
	if err != nil {
		return nil, nil, err
	}
	switch server.Generation {
	case 1:
		return x.plan1(ctx, s)
	case 2:
		return x.plan2(ctx, s)
	case 3:
		return x.plan3(ctx, s)
	}
	return nil, []string{"the server does not say that it is an InfluxDB: there is nothing to set up on it; the retention of VictoriaMetrics is its flag -retentionPeriod"}, nil
}

// Do carries out the step.
func (s Step) Do(ctx context.Context) error { return s.run(ctx) }

// Hourly summaries, which a dashboard shows over years.
const (
	summaryPolicy = "summary"
	summaryName   = "serving_1h"
	summarySelect = `SELECT count("level") AS "samples", mean("level") AS "level_mean", min("level") AS "level_min", max("level") AS "level_max"`
)

func (x *Sink) plan1(ctx context.Context, s Setup) (steps []Step, notes []string, err error) {
	database, policy := x.database()
	if policy == "" {
		policy = "vigie"
	}
	do := func(says, q string) {
		steps = append(steps, Step{says, q, func(ctx context.Context) error {
			return x.query(ctx, q, func(Table) bool { return true })
		}})
	}
	keep := "INF"
	if s.Keep > 0 {
		keep = fmt.Sprintf("%dh", int(s.Keep.Hours()))
	}
	found, err := x.column(ctx, "SHOW DATABASES", 0)
	if err != nil {
		return nil, nil, err
	}
	there := slices.Contains(found, database)
	if !there {
		do(fmt.Sprintf("database %s", database), "CREATE DATABASE "+ident(database))
	}
	var policies, queries []string
	if there {
		if policies, err = x.column(ctx, "SHOW RETENTION POLICIES ON "+ident(database), 0); err != nil {
			return nil, nil, err
		}
		for t, err := range x.Query(ctx, "SHOW CONTINUOUS QUERIES") {
			if err != nil {
				return nil, nil, err
			}
			for _, row := range t.Values {
				if name, _ := row[0].(string); t.Name == database {
					queries = append(queries, name)
				}
			}
		}
	}
	if !slices.Contains(policies, policy) {
		as := ""
		if _, named, _ := strings.Cut(x.o.Bucket, "/"); named == "" { // writes without a policy go to the default one
			as = " DEFAULT"
		}
		do(fmt.Sprintf("retention policy %s: points are kept %s", policy, forHowLong(s.Keep)),
			fmt.Sprintf("CREATE RETENTION POLICY %s ON %s DURATION %s REPLICATION 1%s", ident(policy), ident(database), keep, as))
	} else {
		notes = append(notes, fmt.Sprintf("retention policy %s is there and stays as it is", policy))
	}
	if !slices.Contains(policies, summaryPolicy) {
		do("retention policy "+summaryPolicy+": hourly summaries are kept for ever",
			fmt.Sprintf("CREATE RETENTION POLICY %s ON %s DURATION INF REPLICATION 1", ident(summaryPolicy), ident(database)))
	}
	if !slices.Contains(queries, summaryName) {
		do("continuous query "+summaryName+": levels by the hour, network and band, up to a week late",
			fmt.Sprintf(`CREATE CONTINUOUS QUERY %s ON %s RESAMPLE EVERY 1h FOR 7d BEGIN %s INTO %s.%s.%s FROM %s.%s."serving" GROUP BY time(1h), "sensor", "plmn", "rat", "band" END`,
				ident(summaryName), ident(database), summarySelect, ident(database), ident(summaryPolicy), ident(summaryName), ident(database), ident(policy)))
	}
	return steps, notes, nil
}

func forHowLong(d time.Duration) string {
	if d == 0 {
		return "for ever"
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// ident is a name in InfluxQL.
func ident(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// column is one column of an answer, as texts.
func (x *Sink) column(ctx context.Context, q string, n int) (all []string, err error) {
	for t, err := range x.Query(ctx, q) {
		if err != nil {
			return nil, err
		}
		for _, row := range t.Values {
			if text, ok := row[n].(string); ok {
				all = append(all, text)
			}
		}
	}
	return all, nil
}

// plan2 uses the API of InfluxDB 2: buckets with a retention rule, a database that maps to the bucket so that InfluxQL reads
// it, and a task in Flux for the summaries.
func (x *Sink) plan2(ctx context.Context, s Setup) (steps []Step, notes []string, err error) {
	if x.o.Org == noOrg {
		return nil, nil, errors.New("influx: no organisation is named, and InfluxDB 2 wants one: write org into [influx]")
	}
	var orgs struct{ Orgs []struct{ ID string } }
	if err := x.api(ctx, http.MethodGet, "api/v2/orgs?"+url.Values{"org": {x.o.Org}}.Encode(), nil, &orgs); err != nil {
		return nil, nil, fmt.Errorf("influx: organisation %q: %w", x.o.Org, err)
	}
	if len(orgs.Orgs) != 1 {
		return nil, nil, fmt.Errorf("influx: the server has no organisation %q, or the token may not see it", x.o.Org)
	}
	org := orgs.Orgs[0].ID
	for _, b := range []struct {
		name string
		keep time.Duration
	}{{x.o.Bucket, s.Keep}, {x.o.Bucket + "-" + summaryPolicy, 0}} {
		var found struct{ Buckets []struct{ Name string } }
		err := x.api(ctx, http.MethodGet, "api/v2/buckets?"+url.Values{"orgID": {org}, "name": {b.name}}.Encode(), nil, &found)
		var status *StatusError
		if err != nil && !(errors.As(err, &status) && status.Status == http.StatusNotFound) {
			return nil, nil, fmt.Errorf("influx: bucket %q: %w", b.name, err)
		}
		if len(found.Buckets) > 0 {
			notes = append(notes, fmt.Sprintf("bucket %s is there and stays as it is", b.name))
			continue
		}
		rules := []map[string]any{}
		if b.keep > 0 {
			rules = append(rules, map[string]any{"type": "expire", "everySeconds": int64(b.keep.Seconds())})
		}
		steps = append(steps, x.create(fmt.Sprintf("bucket %s: kept %s", b.name, forHowLong(b.keep)), "api/v2/buckets",
			map[string]any{"orgID": org, "name": b.name, "retentionRules": rules}))
	}
	var mappings struct{ Content []struct{ Database string } } // from OSS 2.2 every bucket has a virtual one
	if err := x.api(ctx, http.MethodGet, "api/v2/dbrps?"+url.Values{"orgID": {org}, "db": {x.o.Bucket}}.Encode(), nil, &mappings); err != nil {
		return nil, nil, fmt.Errorf("influx: database mappings: %w", err)
	}
	if len(mappings.Content) == 0 {
		steps = append(steps, x.mapping(org))
	}
	var tasks struct{ Tasks []struct{ Name string } }
	name := x.o.Bucket + "-" + summaryName
	if err := x.api(ctx, http.MethodGet, "api/v2/tasks?"+url.Values{"orgID": {org}, "name": {name}}.Encode(), nil, &tasks); err != nil {
		return nil, nil, fmt.Errorf("influx: tasks: %w", err)
	}
	if len(tasks.Tasks) == 0 {
		flux := fmt.Sprintf(`option task = {name: %s, every: 1h}
data = from(bucket: %s) |> range(start: -7d) |> filter(fn: (r) => r._measurement == "serving" and r._field == "level")
put = (tables=<-, fn, field) => tables |> aggregateWindow(every: 1h, fn: fn, timeSrc: "_start", createEmpty: false)
  |> set(key: "_measurement", value: %s) |> set(key: "_field", value: field) |> to(bucket: %s)
data |> put(fn: count, field: "samples")
data |> put(fn: mean, field: "level_mean")
data |> put(fn: min, field: "level_min")
data |> put(fn: max, field: "level_max")
`, fluxText(name), fluxText(x.o.Bucket), fluxText(summaryName), fluxText(x.o.Bucket+"-"+summaryPolicy))
		steps = append(steps, x.create("task "+name+": levels by the hour, up to a week late", "api/v2/tasks", map[string]any{"orgID": org, "flux": flux}))
	}
	return steps, notes, nil
}

// mapping maps a database with the bucket's name to the bucket, whose ID is known only once it exists.
func (x *Sink) mapping(org string) Step {
	body := map[string]any{"orgID": org, "bucketID": "of that bucket", "database": x.o.Bucket, "retention_policy": "autogen", "default": true}
	step := x.create("database "+x.o.Bucket+": InfluxQL reads the bucket by this name", "api/v2/dbrps", body)
	post := step.run
	step.run = func(ctx context.Context) error {
		var found struct{ Buckets []struct{ ID string } }
		if err := x.api(ctx, http.MethodGet, "api/v2/buckets?"+url.Values{"orgID": {org}, "name": {x.o.Bucket}}.Encode(), nil, &found); err != nil {
			return err
		}
		if len(found.Buckets) != 1 {
			return fmt.Errorf("influx: the bucket %q is not there", x.o.Bucket)
		}
		body["bucketID"] = found.Buckets[0].ID
		return post(ctx)
	}
	return step
}

// plan3 uses the API of InfluxDB 3 Core.
func (x *Sink) plan3(ctx context.Context, s Setup) (steps []Step, notes []string, err error) {
	notes = []string{"InfluxDB 3 keeps no summaries by itself: points are kept as long as said, and nothing is downsampled"}
	var found []struct {
		Name string `json:"iox::database"`
	}
	if err := x.api(ctx, http.MethodGet, "api/v3/configure/database?format=json", nil, &found); err != nil {
		return nil, nil, fmt.Errorf("influx: databases: %w", err)
	}
	for _, d := range found {
		if d.Name == x.o.Bucket {
			return nil, append(notes, fmt.Sprintf("database %s is there and stays as it is", x.o.Bucket)), nil
		}
	}
	body := map[string]any{"db": x.o.Bucket}
	if s.Keep > 0 {
		body["retention_period"] = fmt.Sprintf("%dd", int(s.Keep.Hours()/24))
	}
	return []Step{x.create(fmt.Sprintf("database %s: kept %s, which cannot be changed later", x.o.Bucket, forHowLong(s.Keep)), "api/v3/configure/database", body)}, notes, nil
}

func fluxText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", `\${`).Replace(s) + `"`
}

func (x *Sink) create(says, path string, body map[string]any) Step {
	text, _ := json.Marshal(body)
	return Step{says, "POST /" + path + " " + string(text), func(ctx context.Context) error {
		return x.api(ctx, http.MethodPost, path, body, nil)
	}}
}

// api makes a request and reads a JSON answer.
func (x *Sink) api(ctx context.Context, method, path string, body, into any) error {
	resp, text, err := x.ask(ctx, method, path, body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return statusError(resp.StatusCode, text)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	return nil
}
