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

// State is how the copying goes.
type State string

// The states.
const (
	Idle    State = "idle"    // nothing was sent yet
	Sending State = "sending" // the last request was answered well
	Waiting State = "waiting" // the server is out of reach or asks for patience; tried again by itself
	Stopped State = "stopped" // the server refuses us: somebody must do something. Tried again at Reload, and slowly
)

// Status is what there is to know about the copying.
type Status struct {
	State    State
	Problem  string    // why waiting or stopped, for people; "" when neither
	Retry    time.Time // when it is tried again; zero when sending
	Sent     int64     // points that the server took
	Requests int64     // requests that were made
	Rejected int64     // points rejected since the start; Store.Rejected has those of all time
	TooOld   int64     // points older than the server keeps, which it dropped
	Through  int64     // every entry up to this number is at the server or set aside; from Follow
	Behind   int64     // entries of the store after it, those excepted that were sent before their turn
	Outages  int64     // how often the server was away, or in trouble (5xx), and came back
	LastSent time.Time // when the server last took something
}

// Status is how the copying goes at this moment.
func (x *Sink) Status() Status {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.status
}

// waits are how long it is waited for what.
type waits struct {
	first, most time.Duration // of the back-off
	after       time.Duration // the most that a Retry-After is believed
	stopped     time.Duration // between tries when the server refuses us
}

var usualWaits = waits{first: time.Second, most: 2 * time.Minute, after: 5 * time.Minute, stopped: 5 * time.Minute}

// verdict is what an answer asks for.
type verdict int

const (
	taken    verdict = iota
	again            // later: network, 5xx, 429 and whatever else we do not know
	stop             // 401, 403, 404: nothing will be taken until somebody does something
	tooLarge         // 413
	refused          // 400, 422: something in it is wrong
)

// judge reads the answer by its status alone. Texts of servers differ, and the client's own reading of them loses data.
func judge(status int) verdict {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return stop
	case http.StatusRequestEntityTooLarge:
		return tooLarge
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return refused
	}
	return again
}

type answer struct {
	verdict verdict
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
	var u *url.Error // says again where to
	switch {
	case err == nil:
		return answer{verdict: taken}
	case errors.As(err, &u):
		return answer{verdict: again, words: u.Err.Error()}
	case !errors.As(err, &e) || e.StatusCode == 0:
		return answer{verdict: again, words: err.Error()}
	}
	return answer{judge(e.StatusCode), e.StatusCode, cleaned(e.Message, mostText), parseRetryAfter(e.Header.Get("Retry-After"), time.Now())}
}

// parseRetryAfter reads the header: seconds, or a date (RFC 9110 clause 10.2.3).
func parseRetryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// delivery is one batch on its way.
type delivery struct {
	x     *Sink
	p     *points
	proof bool // the server has taken something since the last time it refused everything
}

// deliver sends the points from i to before j, and comes back when each was taken or set aside.
func (x *Sink) deliver(ctx context.Context, p *points, i, j int) error {
	d := delivery{x: x, p: p}
	return d.send(ctx, i, j)
}

func (d *delivery) send(ctx context.Context, i, j int) error {
	x := d.x
	for attempt := 0; ; attempt++ {
		a := x.post(ctx, d.p.lines(i, j))
		if err := ctx.Err(); err != nil && a.verdict != taken {
			return err
		}
		switch a.verdict {
		case taken:
			d.proof = true
			x.took(j - i)
			return nil
		case tooLarge, refused:
			if n := droppedForAge(a.words); a.verdict == refused && n == j-i {
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
			if !d.proof { // is it this point, or everything?
				probe := x.post(ctx, probeLine)
				if d.proof = probe.verdict == taken; !d.proof {
					if probe.verdict == refused || probe.verdict == tooLarge {
						probe.verdict = stop
					}
					if err := x.pause(ctx, probe, attempt); err != nil {
						return err
					}
				}
				continue // also where the probe was taken: what was wrong may have been mended between the two
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

// droppedForAge is how many points InfluxDB says it dropped because they are older than it keeps anything. Only when that is every
// point of the request is it believed, and saves splitting months of backlog into single points.
func droppedForAge(words string) int {
	if m := forAge.FindStringSubmatch(words); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return -1
}

// probeLine is a point that every server takes, always the same one.
const probeLine = `probe,by=vigie ok=true 1700000000000000000`

// took counts points that the server has.
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
		x.say("influx: the server takes points again")
	}
}

func (x *Sink) dropped(n int) {
	x.mu.Lock()
	first := x.status.TooOld == 0
	x.status.TooOld += int64(n)
	x.mu.Unlock()
	if first {
		x.say("influx: the server keeps nothing as old as what it was just given (its retention policy); the store still has it")
	}
}

func (x *Sink) say(line string) {
	if x.o.Log != nil {
		x.o.Log(line)
	}
}

// pause waits before the next try, and says why when that is news.
func (x *Sink) pause(ctx context.Context, a answer, attempt int) error {
	state, problem := Waiting, ""
	d := min(x.wait.first<<min(attempt, 20), x.wait.most)
	d = d/2 + rand.N(d/2+1) // jitter, so that a fleet does not come back all at once
	if a.after > 0 {
		d = min(a.after, x.wait.after) + rand.N(d/4+1)
	}
	switch {
	case a.verdict == stop:
		state, d = Stopped, x.wait.stopped
		problem = x.refusal(a.status)
	case a.status == 0:
		problem = "no answer from the server: " + cleaned(a.words, 200)
	default:
		problem = fmt.Sprintf("the server answers %d %s", a.status, http.StatusText(a.status))
	}
	x.mu.Lock()
	x.away = x.away || a.status == 0 || a.status >= 500
	news := x.status.State != state || state == Stopped && x.status.Problem != problem
	x.status.State, x.status.Problem, x.status.Retry = state, problem, time.Now().Add(d)
	x.mu.Unlock()
	if news {
		x.say("influx: " + problem)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-x.reload:
	case <-timer.C:
		if state == Stopped {
			_ = x.readAgain()
		}
	}
	return nil
}

// refusal says in one line what somebody must do. It holds no words of the server, which may echo what was sent.
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
