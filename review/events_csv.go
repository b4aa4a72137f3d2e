package review

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"strconv"
	"strings"

	"vigie/review/evidence"
)

// eventColumns are the columns of a table of events. Times are UTC, corrected.
var eventColumns = []string{"event", "sensor", "severity", "state", "first", "opened", "last", "seconds", "score", "rules", "cells", "summary", "verdict", "reason", "author", "notes"}

// EventsCSV writes the events of a selection as a table, with what people decided and noted. In a coarse one neither cells nor texts of
// people are told.
func (rv *Review) EventsCSV(ctx context.Context, w io.Writer, x *evidence.Selection, coarse *evidence.Coarsener) error {
	out := csv.NewWriter(w)
	out.Write(eventColumns)
	for i := range x.Events {
		row, err := rv.eventRow(ctx, &x.Events[i], coarse)
		if err != nil {
			return err
		}
		out.Write(row)
	}
	out.Flush()
	return out.Error()
}

func (rv *Review) eventRow(ctx context.Context, e *evidence.Selected, coarse *evidence.Coarsener) ([]string, error) {
	ev, judgement, reason, author, cells := e.Event, "", "", "", strings.Join(e.Entry.Cells, "; ")
	if v := e.Entry.Verdict; v != nil {
		judgement, reason, author = string(v.Judgement), v.Reason, v.Author
	}
	notes, err := rv.evidence.Notes(ctx, e.Entry)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, n := range notes {
		texts = append(texts, n.Author+": "+strings.ReplaceAll(n.Text, "\n", " "))
	}
	if coarse != nil {
		ev, reason, author, cells, texts = coarse.Event(ev), "", "", "", nil
	}
	at := func(t interface{ Format(string) string }) string { return t.Format("2006-01-02T15:04:05.000Z") }
	row := []string{ev.ID, ev.Sensor, ev.Severity.String(), string(ev.State), at(ev.First.UTC()), at(ev.Opened.UTC()), at(ev.Last.UTC()),
		strconv.FormatFloat(ev.Last.Sub(ev.First).Seconds(), 'f', 1, 64), strconv.FormatFloat(ev.Score, 'f', 1, 64), strings.Join(e.Entry.Rules, "; "), cells, ev.Summary,
		judgement, reason, author, strings.Join(texts, " | ")}
	for i := range row {
		row[i] = cellText(row[i])
	}
	return row, nil
}

func (rv *Review) sendEventsCSV(w http.ResponseWriter, r *http.Request, x *evidence.Selection, o BundleOptions) {
	var b bytes.Buffer
	if err := rv.EventsCSV(r.Context(), &b, x, evidence.NewCoarsener(o.Location)); err != nil {
		rv.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+fileName(x, "csv")+`"`)
	w.Write(b.Bytes())
}
