package modem

import (
	"strings"
	"time"

	"vigie/modem/at"
	"vigie/modem/dialect"
)

// between takes a line that came while something was asked.
func (w *connection) between(line at.Line, ok bool) {
	if ok && line.Behind > w.answered {
		w.behind = append(w.behind, heldLine{line.Text, w.serial.lastByte()})
		return
	}
	w.line(line, ok)
}

// catchUp takes the lines that had to wait.
func (w *connection) catchUp() {
	for len(w.behind) > 0 {
		e := w.behind[0]
		w.behind = w.behind[1:]
		w.take(e)
	}
}

// line takes an unsolicited line. Until the modem was identified it has to wait, since the source and the end of the gap come
// first.
func (w *connection) line(line at.Line, ok bool) {
	if !ok {
		w.lines = nil
		return
	}
	w.take(heldLine{line.Text, w.serial.lastByte()})
}

func (w *connection) take(e heldLine) {
	if !w.known {
		w.held = append(w.held, e)
		return
	}
	w.unsolicited(e.line, e.at)
}

// unsolicited makes an observation of an unsolicited line. The modem was where its answers so far say before the line.
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

// observe tells what some answers, or an unsolicited line, say. earlier are answers of the same round that were told. saw tells
// that one of them is about the serving cell, with which a gap ends. news is false when all that was said are registrations as
// they were.
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
		news = !w.last.repeated(o)
		if w.last.moved(o) {
			w.schedule.moved(time.Now())
		}
		w.report(o)
	}
	for _, r := range decoded.Rejects {
		w.complain(1, string(r.Reason), rejectDetail[r.Reason], r.Line)
	}
	return news
}

var rejectDetail = map[dialect.Reason]string{
	dialect.UnknownToken:  "this firmware prints a word that Vigie does not know; the line is kept as it is",
	dialect.UnknownLayout: "this firmware prints columns that Vigie does not know; the line is kept as it is",
	dialect.BadValue:      "a value is out of its range, so that its row is not believed; the line is kept as it is",
	dialect.Truncated:     "a line ended too early; it is kept as it is",
}
