package review

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// bag is a review in a bag, whose state a test sets.
type bag struct {
	review   *Review
	now      atomic.Pointer[Glance]
	places   chan cell.Position
	panicked atomic.Int32
	kit      *FieldMode
}

func newBag(t testing.TB, change ...func(*bag, *Options)) *bag {
	t.Helper()
	s, err := storage.Open(context.Background(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	b := &bag{places: make(chan cell.Position, 8)}
	b.kit = &FieldMode{
		Look: func() Glance { return *b.now.Load() },
		Place: func(p cell.Position) error {
			if p.Lat > 90 {
				return errors.New("no place")
			}
			b.places <- p
			return nil
		},
		Wipe: func() (time.Duration, error) { b.panicked.Add(1); return 12 * time.Millisecond, nil },
	}
	b.set(quietGlance())
	b.review = newReview(t, s, func(o *Options) {
		inFull(o)
		o.FieldMode = b.kit
		for _, c := range change {
			c(b, o)
		}
	})
	return b
}

func (b *bag) set(g Glance) { b.now.Store(&g) }

var bagTime = time.Date(2026, 11, 23, 20, 30, 0, 0, time.UTC)

func quietGlance() Glance {
	return Glance{Now: bagTime, Since: bagTime.Add(-92 * time.Minute), Level: Quiet, Motion: "moving", Place: "gpsd", Battery: cell.Some(81.0), Disk: cell.Some(64.0),
		Sensors: []GlanceSensor{{Name: "bag", Serving: lteCell(11016962, 4660, 101, 1300, -96)}}}
}

func alarmGlance() Glance {
	g := quietGlance()
	g.Level, g.Changed = Alarm, bagTime.Add(-40*time.Second)
	g.Sensors[0].Serving = &cell.Cell{RAT: cell.GSM, MCC: "206", MNC: "01", ID: cell.Some(uint64(3633)), RSSI: cell.Some(cell.DBm(-47))}
	g.Events = []analyzer.Event{
		{ID: "e2", Severity: analyzer.High, State: analyzer.Open, Last: bagTime.Add(-40 * time.Second), Findings: []analyzer.Finding{{Rule: "downgrade-2g"}},
			Summary: "the modem fell from LTE cell 11016962 (area 4660) at -96 dBm to a 2G cell never seen here at -47 dBm: GSM cell 3633 (area 1000)."},
		{ID: "e1", Severity: analyzer.Medium, State: analyzer.Closed, Last: bagTime.Add(-30 * time.Minute), Findings: []analyzer.Finding{{Rule: "<b>of another program"}}, Summary: "LTE cell 11016962 (area 4661) had been known under area 4660."}}
	return g
}

func TestGlance(t *testing.T) {
	b := newBag(t)
	body := func(lang string) string {
		t.Helper()
		w := get(b.review, "/glance", cookie("vigie-lang", lang), cookie("vigie-zone", "UTC"))
		require.Equal(t, 200, w.Code)
		require.Equal(t, "geolocation=(self), camera=(), microphone=()", w.Header().Get("Permissions-Policy"))
		text := w.Body.String()
		require.NotContains(t, text, "%!")
		require.NotContains(t, text, "ZgotmplZ")
		require.NotRegexp(t, `>(glance|neutral)\.`, text, "a key stands for its word")
		require.NotContains(t, text, " style=")
		require.NotContains(t, text, `="&#34;`, "an attribute was taken for a script, and quoted")
		return text
	}
	quiet := body("en")
	for _, want := range []string{"<h1>Quiet</h1>", "Watching since", "18:58:00", "1 h 32 min", "Nothing unusual", "4G LTE · 206-01 · 11016962 · -96 dBm", "81 %", "64 %", "position from gpsd", "moving", "none yet",
		`<noscript><meta http-equiv="refresh" content="5"></noscript>`, assetPath("glance.css"), assetPath("glance.js")} {
		require.Contains(t, quiet, want)
	}
	require.NotContains(t, quiet, "Destroy", "nobody has logged in, so nobody can destroy anything")
	require.Equal(t, 200, get(b.review, "/assets/glance.css").Code)
	require.Contains(t, body("fr"), "<h1>Calme</h1>")

	g := alarmGlance()
	b.set(g)
	alarm := body("en")
	for _, want := range []string{"<h1>Alarm</h1>", "since <time", "40 s", "flight mode", "2G GSM", ">A fall to 2G</a>", ">Something unusual was noticed</a>", `class="state alarm"`} {
		require.Contains(t, alarm, want)
	}
	french := body("fr")
	require.Contains(t, french, "mode avion")
	require.Contains(t, french, ">Une chute vers la 2G</a>", "what was seen is said in French too")

	g = quietGlance()
	g.Blind, g.Since, g.Battery, g.Disk, g.Trouble, g.Catchable, g.Motion, g.Place = "unplugged", bagTime.Add(-time.Minute), cell.Some(9.0), cell.Some(2.0), true, true, "", ""
	b.set(g)
	for _, want := range []string{"<h1>Blind</h1>", "Blind since", "the modem was pulled out", "battery is low", "disk is nearly full", "takes nothing now", "a false cell can catch it", "no position; all else works"} {
		require.Contains(t, body("en"), want)
	}
	g.Starting, g.Blind, g.Sensors, g.Battery = true, "", nil, cell.Opt[float64]{}
	b.set(g)
	require.Contains(t, body("fr"), "<h1>Démarrage</h1>")
	require.Equal(t, 404, get(newReview(t, b.review.o.Stores[0].Store), "/glance").Code, "a desk that is no kit has no such page")
}

// A discreet page says neither what it is nor what it is for, also before anybody has logged in.
func TestDiscreet(t *testing.T) {
	b := newBag(t, func(b *bag, o *Options) {
		b.kit.Discreet = true
		u, err := NewUser("a", "long enough to be one", Reviewer)
		require.NoError(t, err)
		o.Users = []User{u}
	})
	b.set(alarmGlance())
	login := get(b.review, "/login").Body.String()
	require.Contains(t, login, "<title>Status</title>")
	require.NotContains(t, login, "fingerprint", "there is no certificate on plain HTTP")
	secure := get(b.review, "/login", func(r *http.Request) { r.TLS = &tls.ConnectionState{} }).Body.String()
	require.Contains(t, secure, "fingerprint")
	for _, page := range []string{login, secure} {
		require.NotRegexp(t, `(?i)vigie|imsi|catcher|watch`, page)
	}
	require.Equal(t, "/login", get(b.review, "/glance").Header().Get("Location"))
	require.Equal(t, 401, get(b.review, "/glance/live").Code)
	strangersSeeNothing(t, b.review)

	b = newBag(t)
	b.set(alarmGlance())
	page := get(b.review, "/glance", cookie("vigie-looks", "neutral")).Body.String()
	require.Contains(t, page, "<title>Status</title>")
	require.Contains(t, page, "<h1>Read</h1>")
	require.NotRegexp(t, `(?i)vigie|alarm<|imsi|id="sound"|id="buzz"`, page)
	for _, p := range []string{"/", "/cells", "/sensors", "/period", "/about"} { // what one taps on the page
		body := get(b.review, p, cookie("vigie-looks", "neutral")).Body.String()
		require.Contains(t, body, "<title>Status</title>\n<link rel=\"icon\" href=\"data:,\">", p)
		open, shut := strings.Index(body, `<details class="curtain">`), strings.Index(body, "</main>")
		require.Positive(t, open, p)
		seen := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body[strings.Index(body, "<body"):open]+body[shut:], " ")
		require.NotRegexp(t, `(?i)vigie|events?\b|cells?\b|sensors?\b|hand on|transmit|anomal`, seen, p)
		require.NotContains(t, get(b.review, p).Body.String(), "curtain", "only by choice")
	}
	w := post(b.review, "/glance/looks", url.Values{"looks": {"neutral"}})
	require.Equal(t, "/glance", w.Header().Get("Location"))
	require.Contains(t, w.Header().Get("Set-Cookie"), "vigie-looks=neutral")
}

// strangersSeeNothing asks a discreet kit for everything it serves, and for what it does not: who has not logged in cannot tell
// which is which, and no answer says what this is, neither by a text nor by a name, a header, a cookie or a style.
func strangersSeeNothing(t *testing.T, rv *Review) {
	t.Helper()
	tells := regexp.MustCompile(`(?i)vigie|imsi|catcher|anomal|verdict|cells?\b|sensor|glance\.|alarm|leaflet|quiet`)
	look := func(w *httptest.ResponseRecorder, what string) string {
		require.NotRegexp(t, tells, w.Body.String(), what)
		for name, values := range w.Result().Header {
			require.NotRegexp(t, tells, name+": "+strings.Join(values, " "), what)
		}
		return fmt.Sprint(w.Code, w.Header().Get("Location"), w.Header().Get("Content-Type"), w.Body.Len())
	}
	paths := []string{"/", "/cells", "/about", "/sessions", "/live", "/tiles.pmtiles", "/glance/live", "/glance/panic", "/event/1", "/period/report", "/api/v1/events", "/api/v1/openapi.json"}
	for name := range assets() {
		paths = append(paths, "/assets/"+name)
	}
	for _, p := range paths {
		nowhere := "/" + strings.Repeat("x/", strings.Count(p, "/")-1) + "x"
		require.Equal(t, look(get(rv, nowhere), nowhere), look(get(rv, p), p), p)
	}
	for _, p := range []string{"/verdicts", "/settings", "/glance/position", "/glance/panic", "/api/v1/verdicts"} {
		require.Equal(t, look(post(rv, "/nothing", nil), "/nothing"), look(post(rv, p, nil), p), p)
	}
	look(get(rv, "/login"), "/login")
	look(get(rv, plainPath), plainPath)
	w := post(rv, "/login", url.Values{"name": {"a"}, "password": {"wrong"}})
	look(w, "a wrong password")
	w = post(rv, "/login", url.Values{"name": {"a"}, "password": {"long enough to be one"}})
	require.Equal(t, "/glance", w.Header().Get("Location"))
	require.NotRegexp(t, tells, strings.Join(w.Header()["Set-Cookie"], " "), "what stays in the browser")
	require.Contains(t, w.Header().Get("Set-Cookie"), "session=")
	in := w.Result().Cookies()[0]
	for _, p := range append(paths, assetPath("glance.css"), assetPath("vigie.css")) {
		if p != "/live" && p != "/glance/live" { // which do not end
			w := get(rv, p, func(r *http.Request) { r.AddCookie(in) })
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"), "what a browser keeps of %s", p)
		}
	}
}

func TestPlaceOfThePhone(t *testing.T) {
	b := newBag(t)
	send := func(text string) int {
		return post(b.review, "/glance/position", nil, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Body = http.MaxBytesReader(nil, readCloser(text), mostBody)
		}).Code
	}
	require.Equal(t, 204, send(`{"lat":50.85,"lon":4.35,"accuracy":12}`))
	require.Equal(t, cell.Position{Lat: 50.85, Lon: 4.35, Accuracy: cell.Some(12.0)}, <-b.places)
	for _, bad := range []string{``, `{}`, `{"lat":1}`, `{"lat":"x","lon":2}`, `{"lat":95,"lon":2}`, `[]`} {
		require.Equal(t, 400, send(bad), bad)
	}
	require.Empty(t, b.places)
	b.kit.Place = nil
	require.Equal(t, 404, send(`{"lat":50.85,"lon":4.35}`))
	require.NotContains(t, get(b.review, "/glance").Body.String(), `id="place"`)
}

// Wiping is offered to those who have logged in and may decide, to nobody else, and never by one tap.
func TestWipeNeedsLoginAndConfirmation(t *testing.T) {
	sure := url.Values{"sure": {"yes"}}
	b := newBag(t)
	require.Equal(t, 404, post(b.review, "/glance/panic", sure).Code, "without login")
	require.Equal(t, 404, get(b.review, "/glance/panic").Code)

	b = newBag(t, func(b *bag, o *Options) {
		for name, role := range map[string]Role{"ada": Reviewer, "bob": Reader} {
			u, err := NewUser(name, "long enough to be one", role)
			require.NoError(t, err)
			o.Users = append(o.Users, u)
		}
	})
	require.NotEqual(t, 200, post(b.review, "/glance/panic", sure).Code)
	as := func(name string) func(*http.Request) {
		w := post(b.review, "/login", url.Values{"name": {name}, "password": {"long enough to be one"}})
		require.Equal(t, "/glance", w.Header().Get("Location"), "a kit opens with its glance")
		session := w.Result().Cookies()[0]
		return func(r *http.Request) { r.AddCookie(session) }
	}
	bob, ada := as("bob"), as("ada")
	require.Equal(t, 404, post(b.review, "/glance/panic", sure, bob).Code)
	require.NotContains(t, get(b.review, "/glance", bob).Body.String(), `id="panic"`)
	require.Contains(t, get(b.review, "/glance", ada).Body.String(), `id="panic"`)
	require.Contains(t, get(b.review, "/glance/panic", ada).Body.String(), "can be an offence")
	require.Equal(t, 303, post(b.review, "/glance/panic", url.Values{}, ada).Code)
	require.Zero(t, b.panicked.Load(), "nothing was confirmed")
	require.Equal(t, "Done. (12 ms)\n", post(b.review, "/glance/panic", sure, ada).Body.String())
	require.EqualValues(t, 1, b.panicked.Load())
	b.kit.Wipe = nil
	require.Equal(t, 404, post(b.review, "/glance/panic", sure, ada).Code, "not set up")
}

// A phone on the kit's own network: no secure context, a name that is not localhost. It logs in, sees the state change by
// itself, in French too; holds to destroy; learns that the kit is gone; and does without scripts.
func TestBrowserGlance(t *testing.T) {
	b := newBag(t, func(b *bag, o *Options) {
		o.Hosts = []string{"kit.lan"}
		u, err := NewUser("ada", "long enough to be one", Reviewer)
		require.NoError(t, err)
		o.Users = []User{u}
	})
	br := open(t, b.review, look{width: 360, height: 740, host: "kit.lan"})
	br.do(chromedp.Navigate(br.base+"/"), chromedp.SendKeys(chromedp.CSS(`[name="name"]`), "ada"), chromedp.SendKeys(chromedp.CSS(`[name="password"]`), "long enough to be one\r"),
		chromedp.WaitVisible(chromedp.CSS("#state.quiet")))
	require.False(t, eval[bool](br, "isSecureContext"), "as a phone on the kit's own network")
	br.wait(`document.getElementById("place").disabled`)
	require.Contains(t, br.text("#place"), "gives no position")
	br.fits("glance, quiet")
	snap(t, br, "glance-quiet")

	b.set(alarmGlance())
	br.wait(`document.querySelector("#state.alarm")`) // by itself
	require.Equal(t, "Alarm", br.text("#state h1"))
	br.fits("glance, alarm")
	snap(t, br, "glance-alarm")
	br.do(chromedp.Click(chromedp.CSS(`.tools button[lang="fr"]`)), chromedp.WaitVisible(chromedp.CSS(`html[lang="fr"] #state`)))
	require.Equal(t, "Alerte", br.text("#state h1"))
	br.do(chromedp.Click(chromedp.CSS(`.tools [name="theme"]`)), chromedp.WaitVisible(chromedp.CSS(`html[data-theme="dark"] #state`)))
	br.accessible("glance, alarm, dark, French")
	snap(t, br, "glance-alarm-fr-dark")
	br.do(chromedp.Click(chromedp.CSS(`.tools [name="looks"]`)), chromedp.WaitVisible(chromedp.CSS(`html[data-discreet] #state`)))
	snap(t, br, "glance-discreet")
	br.do(chromedp.Navigate(br.base+"/sensors"), chromedp.WaitReady(chromedp.CSS(".curtain"))) // neutral after the first tap too, also in what was visited
	require.Equal(t, "État", eval[string](br, "document.title"))
	require.NotRegexp(t, `(?i)vigie|capteur|cellule|événement`, br.text("body"))
	br.do(chromedp.Click(chromedp.CSS(".curtain > summary")))
	br.wait(`document.querySelector(".curtain").innerText.includes("Capteurs")`)
	br.do(chromedp.Navigate(br.base+"/glance"), chromedp.WaitVisible(chromedp.CSS("html[data-discreet] #state")))
	br.do(chromedp.Click(chromedp.CSS(`.tools [name="looks"]`)), chromedp.WaitVisible(chromedp.CSS(`html:not([data-discreet]) #state`)))

	br.look(look{width: 360, height: 740, noScript: true})
	br.open("/glance")
	require.Equal(t, "Alerte", br.text("#state h1"))
	b.set(quietGlance())
	br.wait(`document.querySelector("#state.quiet")`) // loaded again by itself
	br.do(chromedp.Click(chromedp.CSS(`#panic`)), chromedp.WaitVisible(chromedp.CSS(`[name="sure"]`)))
	snap(t, br, "glance-panic-fr")
	br.look(look{width: 360, height: 740})

	br.open("/glance")
	br.wait(`document.getElementById("panic").onpointerdown`)
	eval[int](br, `panic.dispatchEvent(new PointerEvent("pointerdown", {cancelable: true})), panic.dispatchEvent(new PointerEvent("pointerup")), 0`)
	require.Zero(t, b.panicked.Load(), "a tap does nothing")
	eval[int](br, `panic.dispatchEvent(new PointerEvent("pointerdown", {cancelable: true})), 0`)
	br.wait(`document.body.textContent.includes("Fait.")`)
	require.EqualValues(t, 1, b.panicked.Load())

	br.open("/glance")
	eval[int](br, `(now => { globalThis.fetch = () => Promise.reject(); Date.now = () => now() + 60000; return 0 })(Date.now)`)
	br.wait(`!document.getElementById("lost").hidden`)
	require.Contains(t, br.text("#lost"), "Pas de contact")
}

// snap keeps a picture where that was asked for.
func snap(t *testing.T, b *browser, name string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(*screenshots, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644))
}

func readCloser(text string) stringCloser { return stringCloser{strings.NewReader(text)} }

type stringCloser struct{ *strings.Reader }

func (stringCloser) Close() error { return nil }
