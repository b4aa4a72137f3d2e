package review

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// get asks the review, as a browser on this machine would.
func get(d *Review, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://localhost"+path, nil)
	r.RemoteAddr = "127.0.0.1:50000"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	return w
}

// post sends a form, as a page of the review would.
func post(d *Review, path string, form url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://localhost"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://localhost")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.RemoteAddr = "127.0.0.1:50000"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	return w
}

func cookie(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: name, Value: value}) }
}

// pages are one of each kind.
func pages(tw *town) []string {
	id := tw.events[0].ID
	return []string{"/", "/?verdict=all&severity=info", "/?part=list", "/event/" + id, "/event/" + tw.events[1].ID, "/event/" + id + "/report", "/event/" + id + "/rerun", "/cells", "/cells?q=11016962",
		"/cell?rat=LTE&mcc=206&mnc=01&id=11016962", "/sensors", "/period", "/period?from=2026-11-22&to=2026-11-22", "/period/report?from=2026-11-22&to=2026-11-22", "/period/rerun?from=2026-11-22&to=2026-11-22", "/about", "/sessions", "/cases", "/cases?text=march&state=all",
		"/case?id=" + townCase, "/case/report?id=" + townCase}
}

// The language: what the reader chose, else what the review was set to, else what the browser asks for.
func TestWhichLanguage(t *testing.T) {
	browser := func(r *http.Request) { r.Header.Set("Accept-Language", "de, fr-CA;q=0.8, en;q=0.5") }
	unset, french := newTown(t).review, newTown(t, func(o *Options) { o.Language = "fr" }).review
	for _, c := range []struct {
		review *Review
		want   string
		how    []func(*http.Request)
	}{
		{unset, "en", nil}, {unset, "fr", []func(*http.Request){browser}}, {unset, "en", []func(*http.Request){browser, cookie("vigie-lang", "en")}},
		{french, "fr", nil}, {french, "en", []func(*http.Request){cookie("vigie-lang", "en")}},
	} {
		require.Contains(t, get(c.review, "/about", c.how...).Body.String(), `<html lang="`+c.want+`"`)
	}
}

func TestEveryPageInBothLanguages(t *testing.T) {
	tw := readTown(t)
	for _, lang := range []string{"en", "fr"} {
		for _, p := range pages(tw) {
			w := get(tw.review, p, cookie("vigie-lang", lang))
			body := w.Body.String()
			require.Equal(t, 200, w.Code, "%s: %s", p, body)
			require.NotContains(t, body, "%!", "%s: a word was given the wrong values", p)
			require.NotContains(t, body, " style=", "%s: an inline style, which the policy forbids", p)
			require.NotContains(t, body, "ZgotmplZ", p)
			for _, key := range pageWords() {
				if strings.Contains(key, ".") && len(key) > 8 {
					require.NotContains(t, body, ">"+key+"<", "%s: a key stands for its word", p)
				}
			}
		}
	}
}

func gzipped(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") }
