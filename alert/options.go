package alert

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
)

// Options say what to report, when and in which language. New applies the defaults.
type Options struct {
	To []Destination // from ReadDestinations

	Severity    string        // least severity of an anomaly: "info", "low", "medium" (the default) or "high"
	Tell        []string      // kinds of message, such as TellEvents; nil: DefaultTell
	Language    string        // "en", the default, or "fr"
	Zone        string        // IANA name, for quiet hours and times; empty: the zone of this machine
	Quiet       string        // such as "22:00-07:00"; empty: never
	QuietPasses string        // least severity that passes in quiet hours; empty: high; "none": nothing does
	BlindAfter  time.Duration // report a gap that is longer; 0: 10 minutes; at least 10 s
	Repeat      time.Duration // repeat an anomaly of severity high until somebody gives a verdict; 0: never; at least 10 s
	RepeatTimes int           // how often at most; 0: 3
	PerHour     int           // messages to one destination; more become a single one; 0: 10
	Cells       bool          // name cells, and include the summary of the analyzer
	Positions   bool          // include the position of the sensor
	Review      string        // address of the review desk, to which messages link; empty: they do not

	LED  string // name under LEDs; empty: none
	LEDs string // directory; empty: /sys/class/leds

	// In translates the English sentence of an event that was found before events had phrases; nil: it stays English.
	Translate func(lang, text string) (string, bool)

	Proxy func(*http.Request) (*url.URL, error) // chooses the proxy of what goes over HTTP; nil: none, whatever the environment says

	Log func(line string) // called when a destination fails or works again, never with contents or addresses; may be nil
}

// The kinds of message for Options.Tell.
const (
	TellEvents = "events" // an anomaly, and that it has become more severe
	TellClosed = "closed" // an anomaly that has ended
	TellBlind  = "blind"  // nothing received for longer than BlindAfter, and the end of that
	TellHealth = "health" // the disk, the battery, the clock, the store
)

// DefaultTell is every kind but the end of anomalies.
var DefaultTell = []string{TellEvents, TellBlind, TellHealth}

// policy is a set of checked Options.
type policy struct {
	Options
	severity    analyzer.Severity
	quietPasses analyzer.Severity // above High: nothing passes
	zone        *time.Location
	quiet       quietHours
}

func (o Options) check() (w policy, err error) {
	w = policy{Options: o, severity: analyzer.Medium, quietPasses: analyzer.High, zone: time.Local}
	if w.Tell == nil {
		w.Tell = DefaultTell
	}
	for _, k := range w.Tell {
		if !slices.Contains([]string{TellEvents, TellClosed, TellBlind, TellHealth}, k) {
			return w, configError(`tell has %q`, `it is a list of "events", "closed", "blind", "health"`, clean(k))
		}
	}
	if o.Severity != "" {
		if err := w.severity.UnmarshalText([]byte(o.Severity)); err != nil {
			return w, configError("severity is %q", `it is "info", "low", "medium" or "high"; the default is "medium"`, clean(o.Severity))
		}
	}
	switch o.QuietPasses {
	case "":
	case "none":
		w.quietPasses = analyzer.High + 1
	default:
		if err := w.quietPasses.UnmarshalText([]byte(o.QuietPasses)); err != nil {
			return w, configError("quiet_passes is %q", `it is "info", "low", "medium", "high" (the default) or "none"`, clean(o.QuietPasses))
		}
	}
	switch o.Language {
	case "":
		w.Language = "en"
	case "en", "fr":
	default:
		return w, configError("language is %q", `it is "en" or "fr"`, clean(o.Language))
	}
	if o.Zone != "" {
		if w.zone, err = time.LoadLocation(o.Zone); err != nil {
			return w, configError("zone is %q", `it is a name such as "Europe/Zurich"; leave it out to use the zone of this machine`, clean(o.Zone))
		}
	}
	if w.quiet, err = parseHours(o.Quiet); err != nil {
		return w, err
	}
	for name, d := range map[string]time.Duration{"blind_after": o.BlindAfter, "repeat": o.Repeat} {
		if d < 0 || d > 0 && d < 10*time.Second {
			return w, configError("%s is %s", "it is a duration of ten seconds at least", name, d)
		}
	}
	if o.RepeatTimes < 0 || o.PerHour < 0 {
		return w, configError("repeat_times and per_hour are %d and %d", "they are numbers from 1 up; leave them out for the defaults", o.RepeatTimes, o.PerHour)
	}
	if o.Review != "" {
		u, err := url.Parse(o.Review)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return w, configError("review is not the address of a review desk", `write it like "https://desk.example.org:8440", without user or password`)
		}
		w.Review = strings.TrimRight(u.String(), "/")
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
	if w.Translate == nil {
		w.Translate = func(_, text string) (string, bool) { return text, false }
	}
	if w.Log == nil {
		w.Log = func(string) {}
	}
	return w, nil
}

// summary is the summary of an event in the reader's language, in English where it has no translation.
func (w *policy) summary(e *analyzer.Event) string {
	text, ok := e.SummaryIn(w.Language)
	if !ok {
		text, _ = w.Translate(w.Language, e.Summary)
	}
	return text
}

func (w *policy) wants(kind string) bool { return slices.Contains(w.Tell, kind) }

// hinted is an error with a hint on what to do.
type hinted struct {
	error
	hint string
}

// Hint says what to do about the error.
func (h *hinted) Hint() string { return h.hint }

func configError(format, hint string, args ...any) error {
	return &hinted{fmt.Errorf("alert: "+format, args...), hint}
}

// quietHours is a daily interval in minutes since midnight. It may span midnight; from equal to to means never.
type quietHours struct{ from, to int }

func parseHours(s string) (quietHours, error) {
	if s == "" {
		return quietHours{}, nil
	}
	a, b, ok := strings.Cut(s, "-")
	from, err1 := time.Parse("15:04", strings.TrimSpace(a))
	to, err2 := time.Parse("15:04", strings.TrimSpace(b))
	h := quietHours{from.Hour()*60 + from.Minute(), to.Hour()*60 + to.Minute()}
	if !ok || errors.Join(err1, err2) != nil || h.from == h.to {
		return quietHours{}, configError("quiet is %q", `it is two times of the day such as "22:00-07:00"`, clean(s))
	}
	return h, nil
}

// until is when the current quiet hours end; zero outside of them. It searches minute by minute, so it is right on the days on which
// clocks change.
func (h quietHours) until(now time.Time, zone *time.Location) time.Time {
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

func (h quietHours) contain(t time.Time) bool {
	m := t.Hour()*60 + t.Minute()
	if h.from < h.to {
		return m >= h.from && m < h.to
	}
	return m >= h.from || m < h.to
}
