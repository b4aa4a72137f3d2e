package influx

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/storage"
)

// Another program may have written a field of ours with another type, or an older Vigie did. The server then refuses every
// point with that field. Such a field is found by writing the fields of a refused point one by one, and left out afterwards:
// it costs that field, not the points. Whether the server takes it again is tried from time to time, since InfluxDB decides
// anew for each shard.

const (
	retryFields = 10 * time.Minute // how long a field that was refused is left out before it is tried again
	mostFutile  = 20               // points of which no field is taken, after which no more are taken apart
)

// refusedField is a field that the server does not take.
type refusedField struct {
	measurement, name string
	tried             time.Time // when the server last refused it
}

// line is a point of the line protocol in its parts.
type line struct {
	series string   // measurement and tags
	fields []string // NAME=VALUE
	at     string
}

// parseLine takes a line of ours apart: spaces and commas in tags are escaped, those in texts are between quotes.
func parseLine(text string) (l line) {
	part, begin, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"' && part == 1:
			quoted = !quoted
		case quoted || c != ' ' && (c != ',' || part == 0):
		case part == 0:
			l.series, part, begin = text[:i], 1, i+1
		default:
			l.fields = append(l.fields, text[begin:i])
			if begin = i + 1; c == ' ' {
				l.at = text[begin:]
				return l
			}
		}
	}
	return l
}

func (l line) with(fields ...string) string {
	return l.series + " " + strings.Join(fields, ",") + " " + l.at
}

func (l line) measurement() string {
	name, _, _ := strings.Cut(l.series, ",")
	return name
}

func fieldName(field string) string {
	name, _, _ := strings.Cut(field, "=")
	return name
}

// without is the lines without the fields that the server does not take. It is what it was given if none of them has such a
// field. A line without another field is left out.
func (x *Sink) without(lines string) string {
	x.mu.Lock()
	refused := slices.Clone(x.refusedFields)
	x.mu.Unlock()
	if len(refused) == 0 {
		return lines
	}
	var out []string
	for _, text := range strings.Split(lines, "\n") {
		l := parseLine(text)
		fields := slices.DeleteFunc(l.fields, func(f string) bool {
			return slices.ContainsFunc(refused, func(r refusedField) bool { return r.measurement == l.measurement() && r.name == fieldName(f) })
		})
		if len(fields) > 0 {
			out = append(out, l.with(fields...))
		}
	}
	return strings.Join(out, "\n")
}

// leavesOut reports whether fields were refused so recently that the server is not to be asked again whether it takes them.
func (x *Sink) leavesOut(now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.ContainsFunc(x.refusedFields, func(r refusedField) bool { return now.Sub(r.tried).Abs() < retryFields })
}

// fieldsTaken notes that the server took lines as they are: fields that were refused are taken again if they are among them.
func (x *Sink) fieldsTaken(lines string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.refusedFields) == 0 {
		return
	}
	for _, text := range strings.Split(lines, "\n") {
		l := parseLine(text)
		for _, f := range l.fields {
			x.refusedFields = slices.DeleteFunc(x.refusedFields, func(r refusedField) bool { return r.measurement == l.measurement() && r.name == fieldName(f) })
		}
	}
}

// fieldsRefused notes that the server still refuses the fields.
func (x *Sink) fieldsRefused(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range x.refusedFields {
		x.refusedFields[i].tried = now
	}
}

// strip writes each field of a refused point by itself, and notes those that the server refuses. It reports whether it took
// any: then the point is at the server without the others. refusal is the answer to the whole point.
func (d *delivery) strip(ctx context.Context, i int, refusal answer) (took bool, err error) {
	l := parseLine(d.p.line(i))
	named := slices.ContainsFunc(l.fields, func(f string) bool { return strings.Contains(refusal.words, fieldName(f)) })
	if len(l.fields) < 2 || !named || d.x.futile >= mostFutile { // a server that means a field names it; each try takes a request per field
		return false, nil
	}
	var bad []string
	for _, f := range l.fields {
		a, err := d.one(ctx, l.with(f))
		if err != nil {
			return false, err
		}
		if a.outcome == accepted {
			took = true
		} else {
			bad = append(bad, fieldName(f))
		}
	}
	if !took {
		d.x.futile++
		return false, nil
	}
	for _, name := range bad {
		if err := d.x.refuseField(ctx, d.p.seqs[i], l.measurement(), name, refusal); err != nil {
			return true, err
		}
	}
	d.x.took(1)
	return true, nil
}

// one posts a body until the server takes or refuses it.
func (d *delivery) one(ctx context.Context, body string) (answer, error) {
	for attempt := 0; ; attempt++ {
		a := d.x.post(ctx, body)
		if a.outcome == accepted || a.outcome == refused || a.outcome == tooLarge {
			return a, nil
		}
		if err := ctx.Err(); err != nil {
			return a, err
		}
		if err := d.x.pause(ctx, a, attempt); err != nil {
			return a, err
		}
	}
}

// refuseField notes a field that the server does not take, and stores that once as a dead letter: what was sent without it
// can be sent again from that entry on (SendRejected).
func (x *Sink) refuseField(ctx context.Context, seq int64, measurement, name string, a answer) error {
	x.mu.Lock()
	x.refusedFields = append(x.refusedFields, refusedField{measurement, name, time.Now()})
	x.refusals++
	x.mu.Unlock()
	letter := measurement + " " + name
	_, letters, err := x.store.Rejected(ctx)
	if err != nil {
		return fmt.Errorf("influx: looking for a rejected field: %w", err)
	}
	for r, err := range letters {
		if err != nil {
			return fmt.Errorf("influx: looking for a rejected field: %w", err)
		}
		if r.Point == letter {
			return nil
		}
	}
	x.log(fmt.Sprintf("influx: the server does not take the field %s of %s, which another program has given another type; points go without it: vigie influx aside says more", name, measurement))
	return x.reject(ctx, storage.Rejected{Seq: seq, Point: letter, Status: a.status, Reason: a.words})
}
