package alert

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
)

// Options say what is told, when, and in which words. New fills in what is absent.
type Options struct {
	To []Destination // from ReadDestinations

	Severity    string        // the least that is told: "info", "low", "medium" (the default) or "high"
	Tell        []string      // of Kinds; nil: DefaultTell
	Language    string        // "en", the default, or "fr"
	Zone        string        // IANA name for quiet hours and times; "": that of the machine
	Quiet       string        // "22:00-07:00"; "": never
	QuietPasses string        // severity from which an anomaly is told in quiet hours; "": high; "none": nothing is
	BlindAfter  time.Duration // a gap longer than this is told; 0: 10 minutes
	Repeat      time.Duration // an anomaly of severity high is told again after this, until somebody gave a verdict; 0: not
	RepeatTimes int           // at most so often; 0: 3
	PerHour     int           // messages to one destination; more are folded into one. 0: 10
	Cells       bool          // name cells, in the words of the analyzer
	Positions   bool          // say where the sensor was

	LED  string // name under LEDs; "": none
	LEDs string // "": /sys/class/leds

	// In translates the English sentence of an event that was found before events had phrases; nil: it stays English.
	In func(lang, text string) (string, bool)

	Log func(line string) // is told, in one line, when a destination fails or works again; never of contents or addresses. May be nil
}

// The kinds of message that may be asked for in Options.Tell.
const (
	TellEvents = "events" // an anomaly, and that it has become graver
	TellClosed = "closed" // that it has ended
	TellBlind  = "blind"  // nothing is seen for longer than BlindAfter; it sees again
	TellHealth = "health" // the disk, the clock, what Vigie stands on
)

// DefaultTell is all but the end of anomalies.
var DefaultTell = []string{TellEvents, TellBlind, TellHealth}

// wishes are checked Options.
type wishes struct {
	Options
	severity analyzer.Severity
	passes   analyzer.Severity // above High: nothing passes
	zone     *time.Location
	quiet    hours
}

func (o Options) check() (w wishes, err error) {
	w = wishes{Options: o, severity: analyzer.Medium, passes: analyzer.High, zone: time.Local}
	if w.Tell == nil {
		w.Tell = DefaultTell
	}
	for _, k := range w.Tell {
		if !slices.Contains([]string{TellEvents, TellClosed, TellBlind, TellHealth}, k) {
			return w, wrong(`tell has %q`, `it is a list of "events", "closed", "blind", "health"`, clean(k))
		}
	}
	if o.Severity != "" {
		if err := w.severity.UnmarshalText([]byte(o.Severity)); err != nil {
			return w, wrong("severity is %q", `it is "info", "low", "medium" or "high"; the default is "medium"`, clean(o.Severity))
		}
	}
	switch o.QuietPasses {
	case "":
	case "none":
		w.passes = analyzer.High + 1
	default:
		if err := w.passes.UnmarshalText([]byte(o.QuietPasses)); err != nil {
			return w, wrong("quiet_passes is %q", `it is "info", "low", "medium", "high" (the default) or "none"`, clean(o.QuietPasses))
		}
	}
	switch o.Language {
	case "":
		w.Language = "en"
	case "en", "fr":
	default:
		return w, wrong("language is %q", `it is "en" or "fr"`, clean(o.Language))
	}
	if o.Zone != "" {
		if w.zone, err = time.LoadLocation(o.Zone); err != nil {
			return w, wrong("zone is %q", `it is a name such as "Europe/Zurich"; leave it out to use the zone of this machine`, clean(o.Zone))
		}
	}
	if w.quiet, err = parseHours(o.Quiet); err != nil {
		return w, err
	}
	for name, d := range map[string]time.Duration{"blind_after": o.BlindAfter, "repeat": o.Repeat} {
		if d < 0 || d > 0 && d < 10*time.Second {
			return w, wrong("%s is %s", "it is a duration of ten seconds at least", name, d)
		}
	}
	if o.RepeatTimes < 0 || o.PerHour < 0 {
		return w, wrong("repeat_times and per_hour are %d and %d", "they are numbers from 1 up; leave them out for the defaults", o.RepeatTimes, o.PerHour)
	}
	if w.BlindAfter == 0 {
		w.BlindAfter = 10 * time.Minute
	}
	if w.RepeatTimes == 0 {
		w.RepeatTimes = 3
	}
	if w.PerHour == 0 {
		w.PerHour = 10
	}
	if w.In == nil {
		w.In = func(_, text string) (string, bool) { return text, false }
	}
	if w.Log == nil {
		w.Log = func(string) {}
	}
	return w, nil
}

// summary is the summary of an event in the reader's language, in English where it has no translation.
func (w *wishes) summary(e *analyzer.Event) string {
	text, ok := e.SummaryIn(w.Language)
	if !ok {
		text, _ = w.In(w.Language, e.Summary)
	}
	return text
}

func (w *wishes) tells(kind string) bool { return slices.Contains(w.Tell, kind) }

// hinted is an error with what to do about it.
type hinted struct {
	error
	hint string
}

// Hint is what to do about it.
func (h *hinted) Hint() string { return h.hint }

func wrong(format, hint string, args ...any) error {
	return &hinted{fmt.Errorf("alert: "+format, args...), hint}
}

// hours are the quiet hours of a day, in minutes since midnight; they may pass midnight.
type hours struct{ from, to int }

func parseHours(s string) (hours, error) {
	if s == "" {
		return hours{}, nil
	}
	a, b, ok := strings.Cut(s, "-")
	from, err1 := time.Parse("15:04", strings.TrimSpace(a))
	to, err2 := time.Parse("15:04", strings.TrimSpace(b))
	h := hours{from.Hour()*60 + from.Minute(), to.Hour()*60 + to.Minute()}
	if !ok || errors.Join(err1, err2) != nil || h.from == h.to {
		return hours{}, wrong("quiet is %q", `it is two times of the day such as "22:00-07:00"`, clean(s))
	}
	return h, nil
}

// until is when the quiet hours in which now falls end; the zero time outside of them. The days on which clocks change are
// right: the end is looked for on the clock, minute by minute.
func (h hours) until(now time.Time, zone *time.Location) time.Time {
	if h.from == h.to || !h.contain(now.In(zone)) {
		return time.Time{}
	}
	t := now.Truncate(time.Minute)
	for range 26 * 60 {
		if t = t.Add(time.Minute); !h.contain(t.In(zone)) {
			break
		}
	}
	return t
}

func (h hours) contain(t time.Time) bool {
	m := t.Hour()*60 + t.Minute()
	if h.from < h.to {
		return m >= h.from && m < h.to
	}
	return m >= h.from || m < h.to
}
