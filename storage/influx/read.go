package influx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Table is a part of the answer to an InfluxQL query: the rows of one measurement and one set of tags.
type Table struct {
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags"`
	Columns []string          `json:"columns"`
	Values  [][]any           `json:"values"` // string, bool, json.Number or nil; time in nanoseconds since 1970
}

// Query sends an InfluxQL query, which InfluxDB 1.8 and 3 understand, and 2 for a bucket that a database is mapped to (DBRP).
// The answer streams. An error holds what the server says is wrong.
func (x *Sink) Query(ctx context.Context, q string) iter.Seq2[Table, error] {
	return func(yield func(Table, error) bool) {
		if err := x.query(ctx, q, func(t Table) bool { return yield(t, nil) }); err != nil {
			yield(Table{}, fmt.Errorf("influx: %w", err))
		}
	}
}

// database is the bucket as InfluxQL names it.
func (x *Sink) database() (database, policy string) {
	database, policy, _ = strings.Cut(x.o.Bucket, "/")
	return database, policy
}

func (x *Sink) query(ctx context.Context, q string, yield func(Table) bool) error {
	database, policy := x.database()
	form := url.Values{"q": {q}, "db": {database}, "epoch": {"ns"}, "chunked": {"true"}}
	if policy != "" {
		form.Set("rp", policy)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.o.URL+"query", strings.NewReader(form.Encode()))
	if err != nil {
		return errors.New("the url cannot be used")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	resp, err := x.http.Do(req)
	if err != nil {
		return networkError(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		return statusError(resp.StatusCode, text)
	}
	d := json.NewDecoder(resp.Body)
	d.UseNumber()
	for {
		var chunk struct {
			Error   string `json:"error"`
			Results []struct {
				Error  string  `json:"error"`
				Series []Table `json:"series"`
			} `json:"results"`
		}
		if err := d.Decode(&chunk); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("the answer cannot be read: %w", err)
		}
		for _, r := range chunk.Results {
			chunk.Error += r.Error
			for _, t := range r.Series {
				if !yield(t) {
					return nil
				}
			}
		}
		if chunk.Error != "" {
			return errors.New(clean(chunk.Error, 500))
		}
	}
}

// StatusError is an answer other than success.
type StatusError struct {
	Status int
	Words  string // of the server, cleaned
}

func (e *StatusError) Error() string {
	return strings.TrimRight(fmt.Sprintf("the server answers %d %s: %s", e.Status, http.StatusText(e.Status), e.Words), ": ")
}

// statusError is an answer other than success, with the message in its body.
func statusError(status int, body []byte) error {
	var said struct{ Message, Error string }
	_ = json.Unmarshal(body, &said)
	return &StatusError{status, clean(said.Message+said.Error, 500)}
}

// networkError leaves out the URL, which the reader knows.
func networkError(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("no answer from the server: %w", err)
}

// Events yields the events that sensors wrote to the server, in order of their first evidence, as vigie events --from influx
// lists them. Of the query it uses From, To, Sensor, Severity, State, Rule and Limit.
func (x *Sink) Events(ctx context.Context, q storage.EventQuery) iter.Seq2[analyzer.Event, error] {
	return func(yield func(analyzer.Event, error) bool) {
		where := []string{fmt.Sprintf("severity_level >= %d", q.Severity)}
		if !q.To.IsZero() {
			where = append(where, fmt.Sprintf("time < %d", q.To.UnixNano()))
		}
		if q.Sensor != "" {
			where = append(where, "sensor = "+quoted(tagged(q.Sensor)))
		}
		if q.State != "" {
			where = append(where, "state = "+quoted(string(q.State)))
		}
		n := 0
		for t, err := range x.Query(ctx, "SELECT json FROM event WHERE "+strings.Join(where, " AND ")) {
			if err != nil {
				yield(analyzer.Event{}, err)
				return
			}
			for _, row := range t.Values {
				text, _ := row[len(row)-1].(string)
				e, err := storage.EventFromJSON(text)
				if err != nil {
					yield(analyzer.Event{}, fmt.Errorf("influx: an event cannot be read back: %w", err))
					return
				}
				if e.Last.Before(q.From) || q.Rule != "" && !slices.ContainsFunc(e.Findings, func(f analyzer.Finding) bool { return f.Rule == q.Rule }) {
					continue
				}
				if !yield(e, nil) {
					return
				}
				if n++; n == q.Limit {
					return
				}
			}
		}
	}
}

// Corrections reads when the clocks of these sensors were set, to the millisecond. Points keep their time; the caller corrects
// the events that it shows.
func (x *Sink) Corrections(ctx context.Context, sensors []string) (storage.Corrections, error) {
	sets := map[string][]cell.Clock{}
	for t, err := range x.Query(ctx, "SELECT offset_s, since, sensor FROM health WHERE reason = 'clock' AND since <> ''") {
		if err != nil {
			return nil, err
		}
		for _, row := range t.Values { // the time, and the columns of the query
			at, _ := row[0].(json.Number)
			offset, _ := row[1].(json.Number)
			text, _ := row[2].(string)
			sensor, _ := row[3].(string)
			ns, _ := at.Int64()
			seconds, _ := offset.Float64()
			since, err := time.Parse(time.RFC3339, text)
			if err != nil {
				continue
			}
			sets[sensor] = append(sets[sensor], cell.Clock{Sensor: sensor, Time: time.Unix(0, ns).UTC().Truncate(time.Millisecond),
				Since: since.Truncate(time.Millisecond), Offset: time.Duration(math.Round(seconds * float64(time.Second)))})
		}
	}
	cs := storage.Corrections{}
	for _, sensor := range sensors { // the tag may differ from the name
		if all := sets[tagged(sensor)]; len(all) > 0 {
			cs[sensor] = storage.Stretches(all)
		}
	}
	return cs, nil
}

// quoted is a text in InfluxQL.
func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(s) + "'"
}
