package review

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/storage"
)

// These tests open the review in a real Chromium. Where there is none they are skipped, loudly.

var screenshots = flag.String("screenshots", "", "write a picture of each page into this directory")

// chromium finds the browser.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	fmt.Fprintln(os.Stderr, "SKIPPED: the review desk in a real browser, for lack of Chromium. This provides it: apt-get install chromium")
	t.Skip("no Chromium. This provides it: apt-get install chromium")
	return ""
}

// browser is a Chromium with the review in it, and what went wrong there.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string
	mu   sync.Mutex
	bad  []string
}

// look is how a page is looked at.
type look struct {
	width, height int64
	lang          string
	dark          bool
	noScript      bool
	host          string // under which the review is asked for, where that is not loopback: no secure context
}

// open starts a browser on a review. At the end nothing may have left this host, nor been refused by the policy, nor have
// failed in a script.
func open(t *testing.T, d *Review, l look) *browser {
	t.Helper()
	path := chromium(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	serving, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- d.Serve(serving, listener, nil) }()
	l.width, l.height = cmp.Or(l.width, 1280), cmp.Or(l.height, 900)
	if l.lang == "" {
		l.lang = "en"
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("accept-lang", l.lang), chromedp.Flag("host-resolver-rules", "MAP "+cmp.Or(l.host, "localhost")+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.WindowSize(int(l.width), int(l.height)), chromedp.Env("TZ=Europe/Brussels"), chromedp.WSURLReadTimeout(time.Minute))
	allocated, cancelAllocated := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(allocated)
	ctx, cancelTime := context.WithTimeout(ctx, 3*time.Minute)
	b := &browser{t: t, ctx: ctx, base: "http://" + listener.Addr().String()}
	if l.host != "" {
		b.base = strings.Replace(b.base, "127.0.0.1", l.host, 1)
	}
	t.Cleanup(func() {
		cancelTime()
		cancel()
		cancelAllocated()
		stop()
		require.NoError(t, <-served)
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Empty(t, b.bad)
	})
	require.NoError(t, chromedp.Do(ctx)) // opens the tab
	require.NoError(t, chromedp.Listen(ctx, b.hear))
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	call(b, runtime.Enable, cdp.Empty{})
	call(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Brussels"})
	b.look(l)
	return b
}

// look changes how pages are looked at.
func (b *browser) look(l look) {
	b.t.Helper()
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: l.height, DeviceScaleFactor: 1, Mobile: l.width < 600})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: l.noScript})
}

// call gives the browser a command.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
}

// hear takes down what must not happen.
func (b *browser) hear(ev any) {
	wrong := func(format string, a ...any) {
		b.mu.Lock()
		b.bad = append(b.bad, fmt.Sprintf(format, a...))
		b.mu.Unlock()
	}
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		if u := ev.Request.URL; !strings.HasPrefix(u, b.base+"/") && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
			wrong("a request would leave the host: %s", u)
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError {
			wrong("%s: %s", ev.Entry.URL, ev.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		wrong("a script failed: %s", ev.ExceptionDetails.Text)
	}
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

func (b *browser) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// wait waits until a condition holds in the page.
func (b *browser) wait(condition string) {
	b.t.Helper()
	var err error
	for range 10 {
		_, err = chromedp.Run(b.ctx, chromedp.Poll[any]("!!("+condition+")", chromedp.WithPollingTimeout(20*time.Second)))
		if err == nil || !strings.Contains(err.Error(), "context") && !strings.Contains(err.Error(), "navigated") || b.ctx.Err() != nil { // another page came meanwhile
			break
		}
	}
	require.NoError(b.t, err, condition)
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	return eval[string](b, "document.querySelector("+strconv.Quote(selector)+").innerText")
}

// eval is the value of an expression in the page.
func eval[T any](b *browser, expression string, opts ...chromedp.EvaluateOption) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, opts...))
	require.NoError(b.t, err)
	return v
}

// accessible runs axe-core over the page; serious and critical findings fail.
func (b *browser) accessible(what string) {
	b.t.Helper()
	axe, err := os.ReadFile("browser/axe-core-4.14.1/axe.min.js")
	require.NoError(b.t, err)
	eval[int](b, string(axe)+";0")
	found := eval[[]string](b, `axe.run({resultTypes: ["violations"]}).then(r => r.violations.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.failureSummary.slice(0, 200)).join(" | ")))`, chromedp.EvalAwaitPromise)
	require.Empty(b.t, found, what)
}

// fits checks that nothing is wider than the screen.
func (b *browser) fits(what string) {
	b.t.Helper()
	wide := eval[[]string](b, `document.documentElement.scrollWidth <= innerWidth ? [] : [document.documentElement.scrollWidth + " > " + innerWidth, ...[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, .plot, .words, .strip, svg")).slice(0, 5).map(e => e.outerHTML.slice(0, 120))]`)
	require.Empty(b.t, wide, what)
}

// A reviewer decides by mouse, from the inbox to the report.
func TestBrowserByMouse(t *testing.T) {
	tw := newTown(t)
	b := open(t, tw.review, look{})
	id := tw.events[0].ID
	b.open("/")
	b.wait(`document.documentElement.dataset.zone === "Europe/Brussels" && document.documentElement.classList.contains("script")`)
	b.accessible("inbox")
	b.do(chromedp.Click(chromedp.CSS(`[data-id="`+id+`"] .sum`)), chromedp.WaitVisible(chromedp.CSS("#decide")))
	b.wait(`document.querySelector("#chart.alive canvas")`)
	require.Contains(t, b.text(".timeline"), "Fell from 4G to 2G")
	require.Contains(t, b.text(".facts"), "22:14:07 UTC+1")
	require.Contains(t, b.text(".facts"), "21:14:07 UTC")
	b.accessible("event")
	b.do(chromedp.SendKeys(chromedp.CSS(`#decide textarea`), "the same on three phones"), chromedp.SendKeys(chromedp.CSS(`#decide [name="author"]`), "Ada"),
		chromedp.Click(chromedp.CSS(`#decide button.suspicious`)), chromedp.WaitVisible(chromedp.CSS(`.history .verdict.suspicious`)))
	v, ok, err := tw.store.VerdictOf(context.Background(), id)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, []string{"suspicious", "the same on three phones", "Ada"}, []string{string(v.Judgement), v.Reason, v.Author})
	b.do(chromedp.Click(chromedp.CSS(`#decide button.plain`)), chromedp.WaitVisible(chromedp.CSS(`.history .undone`)))
	b.do(chromedp.Click(chromedp.CSS(`.hand button`)), chromedp.WaitVisible(chromedp.CSS("article")))
	b.wait(`document.readyState === "complete"`)
	require.Contains(t, b.text("body"), "An event is an anomaly")
	require.Contains(t, b.text("body"), "the same on three phones")
}

// And by keyboard alone; another verdict arrives while watching.
func TestBrowserByKeyboard(t *testing.T) {
	tw := newTown(t)
	b := open(t, tw.review, look{})
	b.open("/?verdict=all")
	b.wait(`document.documentElement.dataset.zone === "Europe/Brussels"`)
	press := func(keys ...string) {
		for _, k := range keys {
			b.do(chromedp.KeyEvent(k))
		}
	}
	press("j", "j", "k", "s")
	b.wait(`document.querySelector(".entry.at .verdict.suspicious")`)
	v, ok, err := tw.store.VerdictOf(context.Background(), tw.events[0].ID)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, storage.Suspicious, v.Judgement)
	press("z")
	b.wait(`!document.querySelector(".entry .verdict")`)
	press("j", "x", "j", "x")
	b.wait(`document.querySelector(".bulk.some")`)
	press("e")
	b.wait(`document.querySelectorAll(".entry .verdict.benign").length === 2`)
	press("?")
	b.wait(`document.querySelector("#keys[open]")`)
	b.do(chromedp.KeyEvent("\u001b"))
	// Somebody else decides: the list says so by itself.
	_, err = tw.store.AddVerdict(context.Background(), storage.Verdict{Event: tw.events[0].ID, Judgement: storage.Unsure, Author: "bob", Time: townNow})
	require.NoError(t, err)
	b.wait(`document.querySelector('[data-id="` + tw.events[0].ID + `"] .verdict.unsure')`)
	press("k", "k", "k", "\r")
	b.wait(`location.pathname.startsWith("/event/") && document.querySelector("article.event")`)
}

// The user's own PMTiles file is drawn under the strict policy, and nothing else is asked for.
func TestBrowserOwnMap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "land.pmtiles")
	require.NoError(t, os.WriteFile(path, tilesOf(1, landTile()), 0o600))
	tw := readTown(t, func(o *Options) { o.Tiles = path })
	b := open(t, tw.review, look{})
	b.open("/event/" + tw.events[1].ID)
	b.wait(`[...document.querySelectorAll("#map canvas.leaflet-tile")].some(c => c.width && c.getContext("2d").getImageData(c.width / 2, c.height / 2, 1, 1).data.slice(0, 3).join() === "226,223,218")`) // land, and not the bare background
}

// A map of images is drawn too; one that is larger than any tile is left out.
func TestBrowserOwnMapOfImages(t *testing.T) {
	for kind, encode := range map[byte]func(io.Writer, image.Image) error{2: png.Encode, 3: func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }} {
		path := filepath.Join(t.TempDir(), "photo.pmtiles")
		picture := func(size int) []byte {
			m := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{color.RGBA{200, 100, 50, 255}})
			var b bytes.Buffer
			require.NoError(t, encode(&b, m))
			return b.Bytes()
		}
		require.NoError(t, os.WriteFile(path, tilesOf(kind, picture(256)), 0o600))
		require.True(t, Drawable(path))
		tw := readTown(t, func(o *Options) { o.Tiles = path })
		b := open(t, tw.review, look{})
		b.open("/event/" + tw.events[1].ID)
		b.wait(`[...document.querySelectorAll("#map img.leaflet-tile-loaded")].some(i => { const c = document.createElement("canvas"); c.width = c.height = 1; c.getContext("2d").drawImage(i, 0, 0); return Math.abs(c.getContext("2d").getImageData(0, 0, 1, 1).data[0] - 200) < 4 && i.naturalWidth === 256; })`)
		if kind != 2 {
			continue
		}
		require.NoError(t, os.WriteFile(path, tilesOf(kind, picture(9000)), 0o600))
		b.open("/event/" + tw.events[1].ID)
		b.wait(`document.querySelector("#map img.leaflet-tile-loaded") && [...document.querySelectorAll("#map img.leaflet-tile")].every(i => !i.naturalWidth)`)
	}
}

// landTile is a vector tile of which all is land.
func landTile() []byte {
	geometry := []byte{9, 0, 0, 26, 0x80, 0x40, 0, 0, 0x80, 0x40, 0xff, 0x3f, 0, 15} // MoveTo, three LineTo, ClosePath; zigzag varints
	feature := append([]byte{0x18, 3, 0x22, byte(len(geometry))}, geometry...)
	layer := append([]byte{0x78, 2, 0x0a, 5}, "earth"...)
	layer = append(append(layer, 0x12, byte(len(feature))), feature...)
	layer = append(layer, 0x28, 0x80, 0x20) // extent 4096
	return append([]byte{0x1a, byte(len(layer))}, layer...)
}

// tilesOf is a PMTiles archive (version 3) of one tile for everywhere.
func tilesOf(kind byte, tile []byte) []byte {
	dir := binary.AppendUvarint([]byte{1, 0, 5}, uint64(len(tile))) // one entry: from tile 0 on for five (zooms 0 and 1), so long,
	dir = append(dir, 1)                                            // at the beginning
	meta := append([]byte("{}"), make([]byte, 20_000)...)           // so that the beginning is not all of it, as in real files
	for i := range meta[2:] {
		meta[2+i] = ' '
	}
	h := make([]byte, 127)
	copy(h, "PMTiles\x03")
	at := uint64(len(h))
	for i, n := range []int{len(dir), len(meta), 0, len(tile)} { // root directory, metadata, leaf directories, tiles
		binary.LittleEndian.PutUint64(h[8+16*i:], at)
		binary.LittleEndian.PutUint64(h[16+16*i:], uint64(n))
		at += uint64(n)
	}
	for i := range 3 { // tiles addressed, entries, contents
		binary.LittleEndian.PutUint64(h[72+8*i:], 1)
	}
	h[96], h[97], h[98], h[99], h[101] = 1, 1, 1, kind, 1 // clustered, nothing compressed, to zoom 1
	for i, d := range []int32{-180, -85, 180, 85} {
		binary.LittleEndian.PutUint32(h[102+4*i:], uint32(d*10_000_000))
	}
	return slices.Concat(h, dir, meta, tile)
}

// A phone, French, the dark, and all pages.
func TestBrowserPhoneFrenchDark(t *testing.T) {
	tw := readTown(t)
	b := open(t, tw.review, look{width: 360, height: 740, lang: "fr", dark: true})
	for _, p := range []string{"/", "/event/" + tw.events[0].ID, "/event/" + tw.events[1].ID, "/cells", "/cell?rat=LTE&mcc=206&mnc=01&id=11016962", "/sensors", "/period", "/about", "/event/" + tw.events[0].ID + "/rerun"} {
		b.open(p)
		b.wait(`document.documentElement.dataset.zone === "Europe/Brussels"`)
		require.Equal(t, "fr", eval[string](b, `document.documentElement.lang`))
		b.accessible(p)
		b.fits(p)
	}
}

// Without scripts all that is text is there, and verdicts can be given.
func TestBrowserWithoutScripts(t *testing.T) {
	tw := newTown(t)
	b := open(t, tw.review, look{noScript: true})
	b.do(chromedp.Navigate(b.base+"/"), chromedp.Click(chromedp.CSS(`[data-id="`+tw.events[0].ID+`"] .sum`)), chromedp.WaitVisible(chromedp.CSS("svg.sketch")))
	b.do(chromedp.WaitVisible(chromedp.CSS("svg.sketch path.band")))
	require.Contains(t, b.text(".baseline"), "Recorded on 7 of the 7 days before.")
	require.Contains(t, b.text(".timeline"), "Fell from 4G to 2G")
	require.Contains(t, b.text(".words"), "+CEREG: 5,3,,,,0,15")
	b.do(chromedp.Click(chromedp.CSS(`#decide button.benign`)), chromedp.WaitVisible(chromedp.CSS(`.history .verdict.benign`)))
}

// TestScreenshots takes a picture of each page: go test ./review -run TestScreenshots -screenshots ../docs/screenshots
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("only on request: make screenshots")
	}
	require.NoError(t, os.MkdirAll(*screenshots, 0o755))
	tw := newTown(t, func(o *Options) {
		o.Words = func(lang, rule string) (RuleWords, bool) {
			w, ok := rules.WordsOf(lang, rule)
			return RuleWords(w), ok
		}
		o.Translate, o.Learned = rules.TranslateOld, walked
		o.Asked = func(_ *cell.Source, line string) (string, string) {
			switch {
			case strings.Contains(line, `"servingcell"`):
				return `AT+QENG="servingcell"`, "the serving cell"
			case strings.Contains(line, `"neighbourcell`):
				return `AT+QENG="neighbourcell"`, "neighbours"
			}
			return "AT+CEREG?", "registration"
		}
	})
	for i, v := range []storage.Verdict{{Event: tw.events[2].ID, Judgement: storage.Benign, Reason: "the operator said so", Author: "Ada"}, {Event: tw.events[7].ID, Judgement: storage.Unsure, Author: "Bob"}, {Event: tw.events[0].ID, Judgement: storage.Unsure, Reason: "wait for the other sensors", Author: "Bob"}} {
		v.Time = townNow.Add(time.Duration(i-40) * time.Minute)
		_, err := tw.store.AddVerdict(context.Background(), v)
		require.NoError(t, err)
	}
	require.NoError(t, tw.store.UndoVerdict(context.Background(), tw.events[0].ID, "Bob", townNow.Add(-10*time.Minute)))
	shots := []struct {
		name, path string
		look       look
		whole      bool
	}{
		{"inbox", "/?verdict=all", look{}, false}, {"inbox-dark", "/?verdict=all", look{dark: true}, false}, {"event", "/event/" + tw.events[0].ID, look{height: 1400}, false},
		{"event-dark", "/event/" + tw.events[0].ID, look{dark: true, height: 1400}, false}, {"event-moving", "/event/" + tw.events[1].ID, look{}, true},
		{"inbox-phone", "/?verdict=all", look{width: 390, height: 844}, false}, {"event-phone-fr", "/event/" + tw.events[0].ID, look{width: 390, height: 844, lang: "fr"}, false},
		{"event-fr", "/event/" + tw.events[0].ID, look{lang: "fr", height: 3400}, false}, {"event-wide", "/event/" + tw.events[1].ID, look{width: 1920, height: 1200}, false}, {"cells", "/cells", look{}, false}, {"cell", "/cell?rat=LTE&mcc=206&mnc=01&id=11016962", look{}, true}, {"sensors", "/sensors?day=2026-11-18", look{height: 1300}, false}, {"sensors-phone-dark", "/sensors?day=2026-11-18", look{width: 390, height: 1400, dark: true}, false}, {"period", "/period?from=2026-11-15&to=2026-11-22", look{height: 560}, false},
		{"rerun", "/event/" + tw.events[0].ID + "/rerun", look{height: 560}, false}, {"report", "/event/" + tw.events[0].ID + "/report", look{width: 900, height: 1200}, false},
	}
	b := open(t, tw.review, look{})
	for _, s := range shots {
		s.look.width, s.look.height = cmp.Or(s.look.width, 1280), cmp.Or(s.look.height, 900)
		b.look(s.look)
		_, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: "vigie-lang", Value: cmp.Or(s.look.lang, "en"), URL: b.base})
		require.NoError(t, err)
		b.do(chromedp.Navigate(b.base+s.path), chromedp.WaitReady(chromedp.CSS("body")))
		if s.name != "report" {
			b.wait(`document.documentElement.dataset.zone === "Europe/Brussels"`)
		}
		if strings.HasPrefix(s.name, "event") {
			b.wait(`document.querySelector("#chart.alive canvas")`)
		}
		b.do(chromedp.Sleep(400 * time.Millisecond)) // canvases
		take := chromedp.CaptureScreenshot()
		if s.whole {
			take = chromedp.FullScreenshot(100)
		}
		png, err := chromedp.Run(b.ctx, take)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(*screenshots, s.name+".png"), png, 0o644))
	}
}

// walked is what the sensor in the bag has learned around its way.
func walked(_ context.Context, _ *storage.Store, _ string) (p analyzer.Places, err error) {
	for i := range 9 {
		lat, lon := 50.837+.012*float64(i/3), 4.334+.018*float64(i%3)
		p.Tiles = append(p.Tiles, analyzer.Tile{Corners: [4][2]float64{{lat, lon}, {lat, lon + .018}, {lat + .012, lon + .018}, {lat + .012, lon}}, Stays: uint32(1 + i*i%7)})
		p.Cells = append(p.Cells, analyzer.CellPlace{Cell: *lteCell(uint64(11020001+i*256), 4660, 20, 1300, -90), Lat: lat + .004 + .001*float64(i%4), Lon: lon + .011 - .002*float64(i%5), Radius: 150 + 40*float64(i), Count: 3})
	}
	p.Cells = append(p.Cells, analyzer.CellPlace{Cell: *lteCell(2, 39321, 3, 3600, -45), Lat: 50.8553, Lon: 4.3620, Radius: 60, Count: 1, Suspect: true})
	return p, nil
}
