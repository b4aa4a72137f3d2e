package review

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/words"
)

// FieldMode adds a page for a phone to the review of a watch that is carried: it answers at a glance whether the watch works, whether
// something is wrong, since when, and what to do now. It works on a network without names, certificates and scripts.
type FieldMode struct {
	// Look returns the present state of the watch. It is called from many goroutines.
	Look func() Glance
	// Place takes the position of the phone, after its user agreed; nil: the page does not ask.
	Place func(cell.Position) error
	// Wipe destroys the keys and then the files of what was recorded, and returns how long the keys took; nil: not available.
	Wipe func() (time.Duration, error)
	// Discreet gives the page, and the way to it, neutral names and looks, and keeps it silent.
	Discreet bool
}

// Glance is the state of a watch at a moment.
type Glance struct {
	Now       time.Time
	Starting  bool      // nothing was heard yet
	Blind     string    // why nothing can be seen; empty: it is watching
	Since     time.Time // when it began to watch, or became blind
	Level     Level
	Changed   time.Time // since when the level is what it is
	Events    []analyzer.Event
	Sensors   []GlanceSensor
	Motion    string            // "standing", "moving"; empty: not known
	Place     string            // source of the position: "gpsd", "gnss", "phone"; empty: none
	Battery   cell.Opt[float64] // percent
	Charging  bool
	Disk      cell.Opt[float64] // percent that is free
	Trouble   bool              // the store cannot be written
	Catchable bool              // a modem is registered: it transmits, and its network knows it
}

// GlanceSensor is one modem.
type GlanceSensor struct {
	Name    string
	Serving *cell.Cell
	Blind   string // why it sees nothing; empty: it sees
}

// Level is how unusual the state is.
type Level string

// The levels.
const (
	Quiet Level = "quiet"
	Odd   Level = "odd"   // events that alert
	Alarm Level = "alarm" // events of high severity
)

// glanceBody is what the template shows.
type glanceBody struct {
	Glance
	Discreet, Wipe bool
	AskPlace       bool // the page may offer to tell where the phone is
}

// Word is the key of the large word for the state.
func (g glanceBody) Word() string { return g.key("word") }

// Do is the key of what to do now.
func (g glanceBody) Do() string { return g.key("do") }

func (g glanceBody) key(what string) string {
	switch {
	case g.Starting:
		return what + ".starting"
	case g.Blind != "" && g.Level == Quiet:
		return what + ".blind"
	}
	return what + "." + string(g.Level)
}

// Look is the class of the state.
func (g glanceBody) Look() string {
	w := string(g.Level)
	if g.Blind != "" || g.Starting {
		w += " blind"
	}
	return w
}

// Percent of an optional share.
func (g glanceBody) Percent(o cell.Opt[float64]) string {
	v, ok := o.Get()
	if !ok {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", v)
}

// Low reports whether a share is below a limit.
func (g glanceBody) Low(o cell.Opt[float64], below float64) bool {
	v, ok := o.Get()
	return ok && v < below
}

// Why is the reason of a gap in words; one that has none is not named.
func (p *page) Why(reason string) string {
	if words.Has("gap." + reason) {
		return p.Format("gap." + reason)
	}
	return p.Format("gap.other")
}

// G is a word of the glance; discreet, it has another one.
func (p *page) FormatGlance(key string) string {
	if b, ok := p.Body.(glanceBody); ok && b.Discreet {
		if words.Has("neutral." + key) {
			return p.Format("neutral." + key)
		}
	}
	return p.Format("glance." + key)
}

// Radio is a serving cell in few words: what it is, whose, how strong; discreet, its generation alone.
func (p *page) Radio(c *cell.Cell, discreet bool) string {
	if discreet {
		return evidence.Generation(c.RAT)
	}
	w := []string{strings.TrimSpace(evidence.Generation(c.RAT) + " " + c.RAT.String())}
	if n := c.PLMN().String(); n != "" {
		w = append(w, evidence.PlainTo(n, 12))
	}
	if id, ok := c.ID.Get(); ok {
		w = append(w, fmt.Sprint(id))
	}
	if v, ok := c.Level().Get(); ok {
		w = append(w, number(float64(v))+" dBm")
	}
	return strings.Join(w, " · ")
}

// fieldPages answers for the phone of field mode.
type fieldPages struct{ *Review }

func (rv *Review) glanceRoutes(m *http.ServeMux) {
	if rv.o.FieldMode == nil {
		return
	}
	f := fieldPages{rv}
	m.HandleFunc("GET "+plainPath, sendPlainStyle)
	m.HandleFunc("GET /glance", f.showGlance)
	m.HandleFunc("GET /glance/live", f.streamGlance)
	m.HandleFunc("POST /glance/looks", rv.form(f.setLooks))
	m.HandleFunc("POST /glance/position", rv.deciding(f.takePlace))
	m.HandleFunc("GET /glance/panic", f.askWipe)
	m.HandleFunc("POST /glance/panic", f.wipe)
}

// front is where a user goes after logging in.
func (rv *Review) front() string {
	if rv.o.FieldMode != nil {
		return "/glance"
	}
	return "/"
}

// discreet reports whether what is seen without logging in must not say what this is.
func (rv *Review) discreet() bool { return rv.o.FieldMode != nil && rv.o.FieldMode.Discreet }

// neutral reports whether the pages of a reader must not say what this is, to who looks at the screen, at the tabs or at what was visited
// before: by the choice of the reader, or else of the kit.
func (rv *Review) neutral(r *http.Request) bool {
	if rv.o.FieldMode == nil {
		return false
	}
	if c, err := readCookie(r, "looks"); err == nil {
		return c.Value == "neutral"
	}
	return rv.o.FieldMode.Discreet
}

// HeadlineOf is the headline of an event that is in no list.
func (p *page) HeadlineOf(e analyzer.Event) string { return p.Headline(evidence.HeadlineOf(&e)) }

// layout is the frame of a page.
func (rv *Review) layout(name string) string {
	if rv.discreet() && (name == "login" || name == "refused") {
		return "neutral"
	}
	return "layout.html"
}

// plainPath is the only file that the neutral pages load. It has nothing of the style of other pages.
const plainPath = "/style.css"

const plainStyle = `:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 34rem; padding: 1rem; font: 18px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
label { display: block; margin: .6rem 0; }
input, button { font: inherit; min-height: 48px; border: 1px solid; border-radius: .5rem; }
input { display: block; box-sizing: border-box; width: 100%; padding: .5rem; }
button { padding: .55rem .9rem; cursor: pointer; }
`

func sendPlainStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	io.WriteString(w, plainStyle)
}

// refuseStranger answers who has not logged in to a discreet kit. Paths that exist and others have the same answers: a page of one
// name leads to the login, all else is refused.
func (rv *Review) refuseStranger(w http.ResponseWriter, r *http.Request) {
	if !safeMethod(r.Method) || strings.Count(r.URL.Path, "/") > 1 {
		rv.refuse(w, r, http.StatusUnauthorized, "refuse.login")
		return
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// cookieName is what a cookie is called here: a discreet kit leaves no name in the browser that says what it is.
func (rv *Review) cookieName(name string) string {
	if rv.discreet() {
		return name
	}
	return cookiePrefix + name
}

const cookiePrefix = "vigie-"

// readCookie reads a cookie under either name.
func readCookie(r *http.Request, name string) (*http.Cookie, error) {
	if c, err := r.Cookie(cookiePrefix + name); err == nil {
		return c, nil
	}
	return r.Cookie(name)
}

func (rv fieldPages) glanceBody(r *http.Request) glanceBody {
	k := rv.o.FieldMode
	b := glanceBody{Glance: k.Look(), Discreet: rv.neutral(r), Wipe: k.Wipe != nil && rv.mayWipe(r), AskPlace: k.Place != nil && rv.mayDecide(r)}
	return b
}

func (rv fieldPages) showGlance(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Permissions-Policy", "geolocation=(self), camera=(), microphone=()")
	part := "glance.page"
	if r.URL.Query().Has("part") {
		part = "glance.part"
	}
	rv.renderPart(w, r, http.StatusOK, "glance", part, "", rv.glanceBody(r))
}

// glanceEvery is how often an open page gets the state; a page that gets nothing for longer shows that the watch is out of reach.
const glanceEvery = 2 * time.Second

// streamGlance sends the level to an open page over server-sent events.
func (rv fieldPages) streamGlance(w http.ResponseWriter, r *http.Request) {
	send, done := rv.stream(w, r)
	if send == nil {
		return
	}
	defer done()
	beat := time.NewTicker(glanceEvery)
	defer beat.Stop()
	for {
		if !send(fmt.Sprintf("retry: 2000\ndata: %s\n\n", rv.o.FieldMode.Look().Level)) {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-rv.stop:
			return
		case <-beat.C:
			if !rv.stillLoggedIn(r) {
				return
			}
		}
	}
}

// setLooks keeps whether the page looks neutral, in a cookie.
func (rv fieldPages) setLooks(w http.ResponseWriter, r *http.Request) {
	v := "plain"
	if r.PostForm.Get("looks") == "neutral" {
		v = "neutral"
	}
	http.SetCookie(w, &http.Cookie{Name: rv.cookieName("looks"), Value: v, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil, HttpOnly: true})
	http.Redirect(w, r, "/glance", http.StatusSeeOther)
}

// takePlace takes the position of the phone, of somebody who may write: it goes into the record.
func (rv fieldPages) takePlace(w http.ResponseWriter, r *http.Request) {
	if rv.o.FieldMode.Place == nil {
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	var at struct {
		Lat, Lon        *float64
		Accuracy, Speed *float64
	}
	if err := json.NewDecoder(r.Body).Decode(&at); err != nil || at.Lat == nil || at.Lon == nil {
		rv.refuse(w, r, http.StatusBadRequest, "refuse.form")
		return
	}
	p := cell.Position{Lat: *at.Lat, Lon: *at.Lon}
	for v, dst := range map[*float64]*cell.Opt[float64]{at.Accuracy: &p.Accuracy, at.Speed: &p.Speed} {
		if v != nil && !math.IsNaN(*v) {
			*dst = cell.Some(*v)
		}
	}
	if err := rv.o.FieldMode.Place(p); err != nil {
		rv.refuse(w, r, http.StatusBadRequest, "refuse.form")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// mayWipe reports whether the user may destroy what was recorded: a reviewer who has logged in.
func (rv fieldPages) mayWipe(r *http.Request) bool { return who(r).Role == Reviewer }

func (rv fieldPages) askWipe(w http.ResponseWriter, r *http.Request) {
	if rv.o.FieldMode.Wipe == nil || !rv.mayWipe(r) {
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	rv.renderPart(w, r, http.StatusOK, "glance", "glance.panic", "", rv.glanceBody(r))
}

func (rv fieldPages) wipe(w http.ResponseWriter, r *http.Request) {
	if rv.o.FieldMode.Wipe == nil || !rv.mayWipe(r) {
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("sure") != "yes" {
		http.Redirect(w, r, "/glance/panic", http.StatusSeeOther)
		return
	}
	took, err := rv.o.FieldMode.Wipe()
	text := words.Translate(rv.language(r), "neutral.done")
	if err != nil {
		rv.log.Error("wiping", "err", err)
		text = words.Translate(rv.language(r), "neutral.undone")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "%s (%d ms)\n", text, took.Milliseconds())
}
