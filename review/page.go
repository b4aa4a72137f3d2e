package review

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the reader's zone may be one that this machine does not know

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/words"
)

//go:embed templates
var templateFiles embed.FS

// page is the data of every template. Templates call its methods for texts and times, so that one set of templates serves every
// language and time zone.
type page struct {
	Lang      string
	Zone      *time.Location
	Theme     string // "light", "dark"; empty: as the device is set
	Title     string // key of a text
	Path      string // of the request, with the query
	Neutral   bool   // the reader chose, or the kit has, looks that do not say what this is
	Small     bool   // the browser says that it is that of a phone
	Section   string
	User      User
	Login     bool // there are users
	CanDecide bool
	Author    string // who signs verdicts
	Now       time.Time
	Body      any
	review    *Review
	ctx       context.Context // of the request
}

// Format is a text of the catalogue in the reader's language.
func (p *page) Format(key string, args ...any) string {
	return words.Format(p.Lang, key, args...)
}

// Discreet reports whether pages that strangers see must not say what this is.
func (p *page) Discreet() bool { return p.review.discreet() }

// Count is a text with a count: KEY.one or KEY.many. More arguments follow the count.
func (p *page) Count(key string, n int, more ...any) string {
	return words.Count(p.Lang, key, n, more...)
}

// Mode is how a sensor is used. A value of a file that is not known is shown as it is.
func (p *page) Mode(m cell.Mode) string { return p.known("mode.", string(m)) }

// Going reports whether an event goes on.
func (p *page) Going(e *evidence.Entry) (bool, error) { return e.GoesOn(p.ctx) }

// State is the state of an event, see Mode; of one that was not closed, whether it goes on or its recording ended.
func (p *page) State(e *evidence.Entry) (string, error) {
	going, err := e.GoesOn(p.ctx)
	if err == nil && e.State == analyzer.Open && !going {
		return p.Format("state.cut"), nil
	}
	return p.known("state.", string(e.State)), err
}

// Gap is the reason of a gap; see Mode.
func (p *page) Gap(reason string) string { return p.known("gap.", reason) }

// Finder is the source of a position; see Mode.
func (p *page) Finder(who string) string { return p.known("place.", who) }

// Trims reports whether what is handed on can be trimmed.
func (p *page) Trims() bool { return p.review.evidence.CanTrim() }

func (p *page) known(family, word string) string {
	if words.Has(family + word) {
		return p.Format(family + word)
	}
	return evidence.PlainTo(word, 40)
}

// When is a time: its date and time in the reader's zone with the offset, and UTC beside it, with its date where that is another.
func (p *page) When(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	return p.moment(t, "2006-01-02 15:04:05")
}

// Clock is When without the date, where that is shown elsewhere.
func (p *page) Clock(t time.Time) template.HTML { return p.moment(t, "15:04:05") }

// Minute is When without seconds, for long lists.
func (p *page) Minute(t time.Time) template.HTML { return p.moment(t, "2006-01-02 15:04") }

// moment is a time in the reader's zone, in a layout, with the offset from UTC, and the time in UTC if that is another one.
func (p *page) moment(t time.Time, layout string) template.HTML {
	local, utc := t.In(p.Zone), t.UTC()
	s := `<time datetime="` + utc.Format(time.RFC3339Nano) + `" title="` + evidence.UTC(t) + `">` + local.Format(layout) + " " + offset(t, p.Zone)
	if _, secs := local.Zone(); secs != 0 {
		of := strings.TrimPrefix(layout, "2006-01-02 ")
		if local.Format(time.DateOnly) != utc.Format(time.DateOnly) {
			of = "2006-01-02 " + of
		}
		s += ` <span class="utc">` + utc.Format(of) + ` UTC</span>`
	}
	return template.HTML(s + `</time>`)
}

// Day is a date with its weekday.
func (p *page) Day(t time.Time) string {
	t = t.In(p.Zone)
	return p.Format("day."+fmt.Sprint(int(t.Weekday()))) + " " + t.Format("2006-01-02")
}

// ZoneName is the zone in which times are shown.
func (p *page) ZoneName() string { return p.Zone.String() + " (" + offset(p.Now, p.Zone) + ")" }

// UTC is a time in UTC, in a sentence.
func (p *page) UTC(t time.Time) string { return evidence.UTC(t) }

// Span is a duration.
func (p *page) Span(d time.Duration) string {
	return strings.Replace(span(d), " d", " "+p.Format("unit.day"), 1)
}

// Decimal is a number with one place after the point.
func (p *page) Decimal(f float64) string {
	return strings.Replace(fmt.Sprintf("%.1f", f), ".", p.Format("decimal.point"), 1)
}

// Asset is the address of a file of the page.
func (p *page) Asset(name string) string { return assetPath(name) }

// Plain makes any text safe to show.
func (p *page) Plain(s string) string { return evidence.Plain(s) }

// Cell is a cell in one line.
func (p *page) Cell(c cell.Cell) string { return cell.Describe(&c) }

// Severities lists the severities for a choice.
func (p *page) Severities() []analyzer.Severity {
	return []analyzer.Severity{analyzer.Info, analyzer.Low, analyzer.Medium, analyzer.High}
}

// templates are parsed once: the layout with each page.
var templates = sync.OnceValue(func() map[string]*template.Template {
	all := map[string]*template.Template{}
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err)
	}
	funcs := template.FuncMap{"dict": dict, "query": url.QueryEscape, "path": url.PathEscape, "add": func(a, b int) int { return a + b }}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".html")
		if name == "layout" || name == "parts" || name == "report" || name == "neutral" {
			continue
		}
		all[name] = template.Must(template.New("layout.html").Funcs(funcs).ParseFS(templateFiles,
			"templates/layout.html", "templates/neutral.html", "templates/parts.html", "templates/"+f.Name()))
	}
	all["report"] = template.Must(template.New("report.html").Funcs(funcs).ParseFS(templateFiles, "templates/report.html", "templates/parts.html"))
	return all
})

// dict makes the data of a part of a page from names and values.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		k, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("key %v is not a text", pairs[i])
		}
		m[k] = pairs[i+1]
	}
	return m, nil
}

func (rv *Review) page(r *http.Request, title string, body any) *page {
	p := &page{Lang: rv.language(r), Zone: zone(r), Title: title, Path: r.URL.RequestURI(), Neutral: rv.neutral(r), Small: strings.Contains(r.UserAgent(), "Mobi"), User: who(r), Login: rv.accounts.needed(),
		CanDecide: rv.mayDecide(r), Now: rv.now(), Body: body, review: rv, ctx: r.Context()}
	p.Section, _, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if c, err := readCookie(r, "theme"); err == nil && (c.Value == "light" || c.Value == "dark") {
		p.Theme = c.Value
	}
	p.Author = rv.author(r)
	return p
}

// render answers with a page. Of a page whose template fails nothing is sent.
func (rv *Review) render(w http.ResponseWriter, r *http.Request, status int, name, title string, body any) {
	rv.renderPart(w, r, status, name, rv.layout(name), title, body)
}

// show answers with a page of the data that body returns.
func show[P any](rv *Review, name, title string, body func(*http.Request) (P, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := body(r)
		if err != nil {
			rv.fail(w, r, err)
			return
		}
		rv.render(w, r, http.StatusOK, name, title, p)
	}
}

func (rv *Review) renderPart(w http.ResponseWriter, r *http.Request, status int, name, part, title string, body any) {
	var b bytes.Buffer
	if err := templates()[name].ExecuteTemplate(&b, part, rv.page(r, title, body)); err != nil {
		rv.log.Error("review: a page could not be made", "page", name, "err", err)
		http.Error(w, "this page could not be made; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(true)
	enc.Encode(v)
}

// zone is the reader's time zone, from a cookie that the page sets; else that of this machine.
func zone(r *http.Request) *time.Location {
	if c, err := readCookie(r, "zone"); err == nil && c.Value != "" && c.Value != "Local" && len(c.Value) < 64 {
		name, err := url.QueryUnescape(c.Value)
		if err == nil {
			if z, err := time.LoadLocation(name); err == nil {
				return z
			}
		}
	}
	return time.Local
}

// language is the one that the reader chose, else that of the options, else the first of the browser's that is available, else English.
func (rv *Review) language(r *http.Request) string {
	if c, err := readCookie(r, "lang"); err == nil && (c.Value == "en" || c.Value == "fr") {
		return c.Value
	}
	if rv.o.Language != "" {
		return rv.o.Language
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		switch tag, _, _ := strings.Cut(strings.TrimSpace(part), ";"); {
		case tag == "fr" || strings.HasPrefix(tag, "fr-"):
			return "fr"
		case tag == "en" || strings.HasPrefix(tag, "en-"):
			return "en"
		}
	}
	return "en"
}

// setSettings stores what a reader prefers in cookies. They identify nobody.
func (rv *Review) setSettings(w http.ResponseWriter, r *http.Request) {
	set := func(name, value string) {
		http.SetCookie(w, &http.Cookie{Name: rv.cookieName(name), Value: value, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil, HttpOnly: name != "zone"})
	}
	switch v := r.PostForm.Get("lang"); v {
	case "en", "fr":
		set("lang", v)
	}
	switch v := r.PostForm.Get("theme"); v {
	case "light", "dark", "auto":
		set("theme", v)
	}
	http.Redirect(w, r, backTo(r), http.StatusSeeOther)
}

// backTo is the page to return to after a form: a path of this server only.
func backTo(r *http.Request) string {
	p := r.PostForm.Get("back")
	u, err := url.Parse(p)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n") {
		return "/"
	}
	return p
}
