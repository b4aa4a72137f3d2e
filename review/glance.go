package review

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/words"
)

// Kit is what a desk that is part of a carried watch shows beside: a page for a phone that answers at a glance whether it
// works, whether something is wrong, since when, and what to do now. It works on a network without names, certificates and
// scripts, since that is what a kit in a bag has.
type Kit struct {
	// Look is how it stands now. It is called from many goroutines.
	Look func() Glance
	// Place is told where the phone is, after its user agreed; nil: the page does not ask.
	Place func(cell.Position) error
	// Panic destroys the keys, and then the files, of what was recorded, and says how long the keys took; nil: not set up.
	Panic func() (time.Duration, error)
	// Discreet gives the page, and the way to it, neutral names and looks, and keeps it silent.
	Discreet bool
}

// Glance is how a watch stands at a moment.
type Glance struct {
	Now       time.Time
	Starting  bool      // nothing was heard yet
	Blind     string    // why nothing can be seen; "" it is watching
	Since     time.Time // it has been so
	Level     Level
	Changed   time.Time // since when the level is what it is
	Events    []analyzer.Event
	Sensors   []GlanceSensor
	Motion    string            // "standing", "moving" or "": not known
	Place     string            // who says where it is: "gpsd", "gnss", "phone"; "" nobody
	Battery   cell.Opt[float64] // percent
	Charging  bool
	Disk      cell.Opt[float64] // percent that is free
	Trouble   bool              // the store takes nothing
	Catchable bool              // a modem is registered: it transmits, and its network knows it
}

// GlanceSensor is one modem.
type GlanceSensor struct {
	Name    string
	Serving *cell.Cell
	Blind   string // why it sees nothing; "" it does
}

// Level is how odd it is.
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
	Discreet, Panic bool
	AskPlace        bool // the page may offer to tell where the phone is
}

// Word is the key of what it says in large: how it is, and Do of what to do now.
func (g glanceBody) Word() string { return g.key("word") }
func (g glanceBody) Do() string   { return g.key("do") }

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

// Low tells whether a share is so low that something must be done.
func (g glanceBody) Low(o cell.Opt[float64], below float64) bool {
	v, ok := o.Get()
	return ok && v < below
}

// Why is the reason of a gap in words; one that has none is not named.
func (p *page) Why(reason string) string {
	if words.Has("gap." + reason) {
		return p.T("gap." + reason)
	}
	return p.T("gap.other")
}

// G is a word of the glance; discreet, it has another one.
func (p *page) G(key string) string {
	if b, ok := p.Body.(glanceBody); ok && b.Discreet {
		if words.Has("neutral." + key) {
			return p.T("neutral." + key)
		}
	}
	return p.T("glance." + key)
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

func (d *Desk) glanceRoutes(m *http.ServeMux) {
	if d.o.Kit == nil {
		return
	}
	m.HandleFunc("GET /glance", d.showGlance)
	m.HandleFunc("GET /glance/live", d.streamGlance)
	m.HandleFunc("POST /glance/looks", d.setLooks)
	m.HandleFunc("POST /glance/position", d.takePlace)
	m.HandleFunc("GET /glance/panic", d.askPanic)
	m.HandleFunc("POST /glance/panic", d.panic)
}

// front is where somebody goes who has logged in.
func (d *Desk) front() string {
	if d.o.Kit != nil {
		return "/glance"
	}
	return "/"
}

// layout is what a page is put into: a discreet kit says to nobody who has not logged in what it is.
func (d *Desk) layout(name string) string {
	if d.o.Kit != nil && d.o.Kit.Discreet && (name == "login" || name == "refused") {
		return "neutral"
	}
	return "layout.html"
}

func (d *Desk) glanceBody(r *http.Request) glanceBody {
	k := d.o.Kit
	b := glanceBody{Glance: k.Look(), Discreet: k.Discreet, Panic: k.Panic != nil && d.mayPanic(r), AskPlace: k.Place != nil}
	if c, err := r.Cookie("vigie-looks"); err == nil {
		b.Discreet = c.Value == "neutral"
	}
	return b
}

func (d *Desk) showGlance(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Permissions-Policy", "geolocation=(self), camera=(), microphone=()")
	part := "glance.page"
	if r.URL.Query().Has("part") {
		part = "glance.part"
	}
	d.renderPart(w, r, http.StatusOK, "glance", part, "", d.glanceBody(r))
}

// glanceEvery is how often an open page hears from the kit, so that silence tells that it is gone.
const glanceEvery = 2 * time.Second

// streamGlance tells an open page, over server-sent events, that something changed or that all is as it was.
func (d *Desk) streamGlance(w http.ResponseWriter, r *http.Request) {
	send, done := d.stream(w, r)
	if send == nil {
		return
	}
	defer done()
	beat := time.NewTicker(glanceEvery)
	defer beat.Stop()
	for {
		if !send(fmt.Sprintf("retry: 2000\ndata: %s\n\n", d.o.Kit.Look().Level)) {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-d.stop:
			return
		case <-beat.C:
		}
	}
}

// setLooks keeps whether the page looks neutral, in a cookie.
func (d *Desk) setLooks(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		d.refuse(w, r, http.StatusBadRequest, "refuse.form")
		return
	}
	v := "plain"
	if r.PostForm.Get("looks") == "neutral" {
		v = "neutral"
	}
	http.SetCookie(w, &http.Cookie{Name: "vigie-looks", Value: v, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil, HttpOnly: true})
	http.Redirect(w, r, "/glance", http.StatusSeeOther)
}

// takePlace takes where the phone is.
func (d *Desk) takePlace(w http.ResponseWriter, r *http.Request) {
	if d.o.Kit.Place == nil {
		d.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	var at struct {
		Lat, Lon        *float64
		Accuracy, Speed *float64
	}
	if err := json.NewDecoder(r.Body).Decode(&at); err != nil || at.Lat == nil || at.Lon == nil {
		d.refuse(w, r, http.StatusBadRequest, "refuse.form")
		return
	}
	p := cell.Position{Lat: *at.Lat, Lon: *at.Lon}
	for v, dst := range map[*float64]*cell.Opt[float64]{at.Accuracy: &p.Accuracy, at.Speed: &p.Speed} {
		if v != nil && !math.IsNaN(*v) {
			*dst = cell.Some(*v)
		}
	}
	if err := d.o.Kit.Place(p); err != nil {
		d.refuse(w, r, http.StatusBadRequest, "refuse.form")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// mayPanic tells whether somebody may destroy what was recorded: who has logged in as one who decides.
func (d *Desk) mayPanic(r *http.Request) bool { return who(r).Role == Reviewer }

func (d *Desk) askPanic(w http.ResponseWriter, r *http.Request) {
	if d.o.Kit.Panic == nil || !d.mayPanic(r) {
		d.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	d.renderPart(w, r, http.StatusOK, "glance", "glance.panic", "", d.glanceBody(r))
}

func (d *Desk) panic(w http.ResponseWriter, r *http.Request) {
	if d.o.Kit.Panic == nil || !d.mayPanic(r) {
		d.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("sure") != "yes" {
		http.Redirect(w, r, "/glance/panic", http.StatusSeeOther)
		return
	}
	took, err := d.o.Kit.Panic()
	text := words.Translate(d.language(r), "neutral.done")
	if err != nil {
		d.log.Error("panic", "err", err)
		text = words.Translate(d.language(r), "neutral.undone")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "%s (%d ms)\n", text, took.Milliseconds())
}
