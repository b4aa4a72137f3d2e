package influx

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"vigie/storage"
)

// State is how copying goes.
type State string

// The states.
const (
	Idle    State = "idle"    // nothing was sent yet
	Sending State = "sending" // the last request succeeded
	Waiting State = "waiting" // the server is unreachable or asks to wait; retried automatically
	Stopped State = "stopped" // the server refuses everything until the operator acts; retried at Reload, and every 5 minutes
)

// Status is the progress of copying.
type Status struct {
	State    State
	Problem  string    // why it is waiting or stopped, for people; otherwise empty
	Retry    time.Time // time of the next attempt; zero while sending
	Sent     int64     // points that the server accepted
	Requests int64     // made
	Rejected int64     // points rejected since the start; Store.Rejected has those of all time
	TooOld   int64     // points that the server dropped because they are older than its retention
	Through  int64     // every entry up to this sequence number is at the server or rejected; set by Follow
	Behind   int64     // entries of the store after Through, without those that were sent out of order
	Outages  int64     // how often the server was unreachable or failed (5xx), and recovered
	LastSent time.Time // when the server last accepted something
}

// Status returns the current progress.
func (x *Sink) Status() Status {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.status
}

// waits are the times to wait before another attempt.
type waits struct {
	first, most time.Duration // of the back-off
	after       time.Duration // the longest Retry-After that is respected
	stopped     time.Duration // between attempts while stopped
}

var defaultWaits = waits{first: time.Second, most: 2 * time.Minute, after: 5 * time.Minute, stopped: 5 * time.Minute}

// outcome is what an answer requires.
type outcome int

const (
	accepted outcome = iota
	retry            // later: network, 5xx, 429 and every unknown status
	blocked          // 401, 403, 404: nothing is accepted until the operator acts
	tooLarge         // 413
	refused          // 400, 422: something in the request is wrong
)

// outcomeOf depends only on the status of an answer. Messages differ between servers, and the client library loses data by its
// own reading of them.
func outcomeOf(status int) outcome {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return blocked
	case http.StatusRequestEntityTooLarge:
		return tooLarge
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return refused
	}
	return retry
}

type answer struct {
	outcome outcome
	status  int           // 0: none came
	words   string        // of the server, or of the network
	after   time.Duration // Retry-After
}

// post makes one request.
func (x *Sink) post(ctx context.Context, body string) answer {
	x.mu.Lock()
	x.status.Requests++
	x.mu.Unlock()
	err := x.writer.WriteRecord(ctx, body)
	var e *influxhttp.Error
	var u *url.Error // repeats the URL
	switch {
	case err == nil:
		return answer{outcome: accepted}
	case errors.As(err, &u):
		return answer{outcome: retry, words: u.Err.Error()}
	case !errors.As(err, &e) || e.StatusCode == 0:
		return answer{outcome: retry, words: err.Error()}
	}
	return answer{outcomeOf(e.StatusCode), e.StatusCode, clean(e.Message, maxText), parseRetryAfter(e.Header.Get("Retry-After"), time.Now())}
}

// parseRetryAfter reads the header: seconds, or a date (RFC 9110 section 10.2.3).
func parseRetryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// delivery is one batch that is being sent.
type delivery struct {
	x     *Sink
	p     *points
	proof bool // the server has accepted something since it last refused everything
}

// send sends the points from i to before j, and returns once each was accepted or stored as rejected.
func (d *delivery) send(ctx context.Context, i, j int) error {
	x := d.x
	for attempt := 0; ; attempt++ {
		body := d.p.lines(i, j)
		less := x.without(body)
		known := less != body && x.leavesOut(time.Now())
		if known {
			body = less
		}
		a := answer{outcome: accepted}
		if body != "" {
			a = x.post(ctx, body)
		}
		if a.outcome == refused && less != body { // it may be what it refused before
			x.fieldsRefused(time.Now())
			if a = (answer{outcome: accepted}); less != "" {
				a = x.post(ctx, less)
			}
		} else if a.outcome == accepted && !known {
			x.fieldsTaken(body)
		}
		if err := ctx.Err(); err != nil && a.outcome != accepted {
			return err
		}
		switch a.outcome {
		case accepted:
			d.proof = true
			x.took(j - i)
			return nil
		case tooLarge, refused:
			if n := droppedForAge(a.words); a.outcome == refused && n == j-i {
				x.dropped(n)
				return nil
			}
			if j-i > 1 {
				middle := i + (j-i)/2
				if err := d.send(ctx, i, middle); err != nil {
					return err
				}
				return d.send(ctx, middle, j)
			}
			if !d.proof { // does it refuse this point, or everything?
				probe, _ := x.probe(ctx)
				if d.proof = probe.outcome == accepted; !d.proof {
					if probe.outcome == refused || probe.outcome == tooLarge {
						probe.outcome = blocked
					}
					if err := x.pause(ctx, probe, attempt); err != nil {
						return err
					}
				}
				continue // also if the probe was accepted: the cause may have been fixed in between
			}
			if a.outcome == refused {
				if took, err := d.strip(ctx, i, a); took || err != nil {
					return err
				}
			}
			return x.reject(ctx, storage.Rejected{Seq: d.p.seqs[i], Point: d.p.line(i), Status: a.status, Reason: a.words})
		default:
			if err := x.pause(ctx, a, attempt); err != nil {
				return err
			}
		}
	}
}

var forAge = regexp.MustCompile(`^partial write: points beyond retention policy dropped=(\d+)$`)

// droppedForAge is how many points InfluxDB says it dropped because they are older than its retention. It counts only if that
// is every point of the request, and saves splitting months of backlog into single points.
func droppedForAge(words string) int {
	if m := forAge.FindStringSubmatch(words); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return -1
}

// probes are the measurements of a point that a server accepts: another program may have filled the first with something else.
var probes = []string{"probe", "vigie_probe"}

// probe writes such a point, and returns its measurement. It has no time: the server gives it that of its arrival, which no
// retention of the server and no clock of ours can make too old.
func (x *Sink) probe(ctx context.Context) (a answer, measurement string) {
	for _, measurement = range probes {
		if a = x.post(ctx, measurement+",by=vigie ok=true"); a.outcome != refused {
			break
		}
	}
	return a, measurement
}

// took counts points that the server accepted.
func (x *Sink) took(n int) {
	x.mu.Lock()
	x.status.Sent += int64(n)
	was := x.status.State
	x.status.State, x.status.Problem, x.status.Retry = Sending, "", time.Time{}
	x.status.LastSent = time.Now()
	if x.away {
		x.away = false
		x.status.Outages++
	}
	x.mu.Unlock()
	if was == Waiting || was == Stopped {
		x.log("influx: the server takes points again")
	}
}

func (x *Sink) dropped(n int) {
	x.mu.Lock()
	first := x.status.TooOld == 0
	x.status.TooOld += int64(n)
	x.mu.Unlock()
	if first {
		x.log("influx: the server keeps nothing as old as what it was just given (its retention policy); the store still has it")
	}
}

func (x *Sink) log(line string) {
	if x.o.Log != nil {
		x.o.Log(line)
	}
}

// pause waits before the next attempt, and reports a change of state.
func (x *Sink) pause(ctx context.Context, a answer, attempt int) error {
	state, problem := Waiting, ""
	d := min(x.wait.first<<min(attempt, 20), x.wait.most)
	d = d/2 + rand.N(d/2+1) // jitter, so that a fleet does not return all at once
	if a.after > 0 {
		d = min(a.after, x.wait.after) + rand.N(d/4+1)
	}
	switch {
	case a.outcome == blocked:
		state, d = Stopped, x.wait.stopped
		problem = x.refusal(a.status)
	case a.status == 0:
		problem = "no answer from the server: " + clean(a.words, 200)
	default:
		problem = fmt.Sprintf("the server answers %d %s", a.status, http.StatusText(a.status))
	}
	x.mu.Lock()
	x.away = x.away || a.status == 0 || a.status >= 500
	news := x.status.State != state || state == Stopped && x.status.Problem != problem
	x.status.State, x.status.Problem, x.status.Retry = state, problem, time.Now().Add(d)
	x.mu.Unlock()
	if news {
		x.log("influx: " + problem)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-x.reload:
	case <-time.After(d):
		if state == Stopped {
			_ = x.reloadToken()
		}
	}
	return nil
}

// refusal says in one line what the operator must do. It holds none of the server's words, which may repeat what was sent.
func (x *Sink) refusal(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "the server does not know the token (401); nothing is sent until token_file is right"
	case http.StatusForbidden:
		return fmt.Sprintf("the token may not write to %q (403); nothing is sent until it may", x.o.Bucket)
	case http.StatusNotFound:
		return fmt.Sprintf("the server has no bucket or database %q (404); nothing is sent until it has: vigie influx init makes it", x.o.Bucket)
	}
	return fmt.Sprintf("the server refuses every point (%d); nothing is sent until bucket and org are right: vigie doctor --influx looks closer", status)
}
