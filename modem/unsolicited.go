package modem

import (
	"strings"
	"time"

	"vigie/modem/at"
	"vigie/modem/dialect"
)

// between handles a line that arrived while a command was pending.
func (w *connection) between(line at.Line, ok bool) {
	if ok && line.Behind > w.answered {
		w.behind = append(w.behind, heldLine{line.Text, w.serial.lastByte()})
		return
	}
	w.line(line, ok)
}

// catchUp handles the lines that had to wait for an answer.
func (w *connection) catchUp() {
	for len(w.behind) > 0 {
		e := w.behind[0]
		w.behind = w.behind[1:]
		w.handle(e)
	}
}

// line handles an unsolicited line. Until the modem is identified the line has to wait, because the source and the end of the gap
// are reported first.
func (w *connection) line(line at.Line, ok bool) {
	if !ok {
		w.lines = nil
		return
	}
	w.handle(heldLine{line.Text, w.serial.lastByte()})
}

func (w *connection) handle(e heldLine) {
	if !w.known {
		w.held = append(w.held, e)
		return
	}
	w.unsolicited(e.line, e.at)
}

// unsolicited makes an observation of an unsolicited line. Pending answers are reported first: they are older.
func (w *connection) unsolicited(line string, at arrival) {
	w.flush()
	if strings.HasPrefix(line, "+CPIN:") {
		w.setSIM(simOf([]string{line}, nil))
	}
	if news := w.observe(nil, []dialect.Answer{{Lines: []string{line}}}, at, false); news && w.dialect.Hint(line) {
		w.hinted = true
		w.schedule.moved(time.Now())
	}
}

// observe reports the observation in some answers, or in an unsolicited line. earlier are answers of the same round that were
// reported before. saw means that one of the answers is about the serving cell, which ends a gap. news is false if the
// observation only repeats known registrations.
func (w *connection) observe(earlier, answers []dialect.Answer, at arrival, saw bool) (news bool) {
	if len(answers) == 0 {
		return false
	}
	decoded := w.dialect.DecodeAfter(earlier, answers)
	if saw {
		w.endGap(at)
	}
	if o := &decoded.Observation; !decoded.Empty() || len(o.Raw) > 0 {
		w.keepTime(at)
		o.Time, o.Sensor = at.Time, w.Sensor
		w.lastReport = o.Time
		news = !w.camping.repeated(o)
		if w.camping.moved(o) {
			w.schedule.moved(time.Now())
		}
		w.report(o)
	}
	for _, r := range decoded.Rejects {
		detail := rejectDetail[r.Reason]
		if r.Columns != "" {
			detail = r.Columns + " is out of its range, and left out; the rest of its row is used; the line is kept as it is"
		}
		w.complain(1, string(r.Reason), detail, r.Line)
	}
	return news
}

var rejectDetail = map[dialect.Reason]string{
	dialect.UnknownToken:  "this firmware prints a word that Vigie does not know; the line is kept as it is",
	dialect.UnknownLayout: "this firmware prints columns that Vigie does not know; the line is kept as it is",
	dialect.BadValue:      "a value is out of its range, so that its row is not believed; the line is kept as it is",
	dialect.Truncated:     "a line ended too early; it is kept as it is",
}
