package alert

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/email/smtp"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
)

var ctx = context.Background()

// place writes an address file and reads it.
func place(t testing.TB, lines ...string) []Destination {
	t.Helper()
	to, err := ReadDestinations(placeFile(t, lines...))
	require.NoError(t, err)
	return to
}

func placeFile(t testing.TB, lines ...string) string {
	file := filepath.Join(t.TempDir(), "alert-to")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	return file
}

func outletOf(t testing.TB, address string) *outlet {
	t.Helper()
	a, err := New(nil, Options{To: place(t, address)})
	require.NoError(t, err)
	return a.outlets[0]
}

var high = Message{ID: "e1 opened high", Kind: Opened, Sensor: "roof-1", Severity: analyzer.High, Title: "roof-1 : gravité haute", Text: "one\ntwo é",
	Notices: []Notice{{ID: "e1 opened high", Kind: Opened, Event: "e1", Sensor: "roof-1", Severity: analyzer.High}}}

// got is a request that a server received.
type got struct {
	path, query, body string
	header            http.Header
}

// answering is a server that gives each request the same answer, and records the requests.
func answering(t testing.TB, code int, body string) (host string, all func() []got) {
	var mu sync.Mutex
	var reqs []got
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		mu.Lock()
		reqs = append(reqs, got{r.URL.Path, r.URL.RawQuery, string(text), r.Header})
		mu.Unlock()
		if code/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://"), func() []got { mu.Lock(); defer mu.Unlock(); return reqs }
}

const gotifyToken = "Abcdefghij12345"

func TestServicesOverHTTP(t *testing.T) {
	for name, c := range map[string]struct {
		address, answer string
		check           func(t *testing.T, all []got)
	}{
		"ntfy": {"ntfy://:tk_secret@HOST/lookout?scheme=http", `{"id":"x","time":1}`, func(t *testing.T, all []got) {
			require.Len(t, all, 1)
			require.Equal(t, "/lookout", all[0].path)
			require.Equal(t, high.Text, all[0].body)
			require.Equal(t, "=?utf-8?q?roof-1_:_gravit=C3=A9_haute?=", all[0].header.Get("Title"))
			require.Equal(t, "High", all[0].header.Get("Priority"))
			require.NotEmpty(t, all[0].header.Get("Authorization"))
		}},
		"gotify": {"gotify://HOST/" + gotifyToken + "?disabletls=yes", `{"id":1}`, func(t *testing.T, all []got) {
			require.Len(t, all, 1)
			require.Equal(t, "/message", all[0].path)
			require.NotContains(t, all[0].query, gotifyToken, "a token in a query is in every log on the way")
			require.Equal(t, gotifyToken, all[0].header.Get("X-Gotify-Key"))
			var m struct {
				Message, Title string
				Priority       int
			}
			require.NoError(t, json.Unmarshal([]byte(all[0].body), &m))
			require.Equal(t, high.Text, m.Message)
			require.Equal(t, high.Title, m.Title)
			require.Equal(t, 8, m.Priority)
		}},
		"matrix": {"matrix://:syt_secret@HOST/?rooms=!room:example.org&disableTLS=yes", `{"room_id":"!room:example.org","event_id":"$1"}`, func(t *testing.T, all []got) {
			require.Len(t, all, 2) // joins, then sends
			require.Contains(t, all[1].path, "/rooms/!room:example.org/send/m.room.message")
			require.JSONEq(t, `{"msgtype":"m.text","body":"roof-1 : gravité haute\none\ntwo é"}`, all[1].body)
		}},
		"signal": {"signal://user:pa55word@HOST/+41790000001/+41790000002?disabletls=yes", `{"timestamp":"1"}`, func(t *testing.T, all []got) {
			require.Len(t, all, 1)
			require.Equal(t, "/v2/send", all[0].path)
			require.JSONEq(t, `{"message":"roof-1 : gravité haute\none\ntwo é","number":"+41790000001","recipients":["+41790000002"]}`, all[0].body)
		}},
		"webhook": {"http://HOST/hook/s3cret", ``, func(t *testing.T, all []got) {
			require.Len(t, all, 1)
			require.Equal(t, "/hook/s3cret", all[0].path)
			require.Regexp(t, "^[0-9a-f]{32}$", all[0].header.Get("Idempotency-Key"))
			var m Message
			require.NoError(t, json.Unmarshal([]byte(all[0].body), &m))
			require.Equal(t, high, m)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			host, all := answering(t, 200, c.answer)
			out := outletOf(t, strings.ReplaceAll(c.address, "HOST", host))
			require.Equal(t, name, out.Name)
			require.NoError(t, out.sender.send(ctx, high))
			c.check(t, all())
			for _, g := range all() {
				require.NotContains(t, g.path, "elsewhere")
			}
		})
		t.Run(name+" hostile", func(t *testing.T) { // a message that cannot be sent would block all others
			host, all := answering(t, 200, c.answer)
			out := outletOf(t, strings.ReplaceAll(c.address, "HOST", host))
			bad := strings.Repeat("a\x00\r\nX-Evil: yes\r\n\r\n\xff\u202e<b>", 300)
			w := wish(t, Options{Cells: true})
			s := newState()
			notices := s.event(&analyzer.Event{ID: bad, Sensor: bad, Severity: analyzer.High, State: analyzer.Open, First: noon, Last: noon, Summary: bad, Findings: []analyzer.Finding{{Rule: bad}}}, w, noon)
			require.NoError(t, out.sender.send(ctx, compose(&batch{notices: notices}, w, noon)))
			for _, g := range all() {
				require.Empty(t, g.header.Get("X-Evil"))
			}
		})
		// No error contains the address, whatever a server or the network answers.
		for _, code := range []int{302, 307, 400, 401, 404, 429, 500, 503} {
			t.Run(fmt.Sprint(name, " ", code), func(t *testing.T) {
				host, all := answering(t, code, `{"error":"no, `+c.address+`"}`)
				out := outletOf(t, strings.ReplaceAll(c.address, "HOST", host))
				err := out.redact(out.sender.send(ctx, high))
				if code < 400 && name == "matrix" {
					t.Skip("shoutrrr's Matrix follows a redirection; its errors are tested below")
				}
				require.Error(t, err)
				hunt(t, out, err.Error())
				if code/100 == 3 && name != "signal" {
					require.Len(t, all(), 1, "not followed")
				}
			})
		}
		t.Run(name+" refused", func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			host := l.Addr().String()
			l.Close()
			out := outletOf(t, strings.ReplaceAll(c.address, "HOST", host))
			err = out.redact(out.sender.send(ctx, high))
			require.EqualError(t, err, "the server refuses the connection")
		})
		t.Run(name+" hangs", func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and never answers
			require.NoError(t, err)
			defer l.Close()
			out := outletOf(t, strings.ReplaceAll(c.address, "HOST", l.Addr().String()))
			short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			require.EqualError(t, out.redact(out.sender.send(short, high)), "no answer in time")
		})
	}
}

// hunt fails if a text contains a secret part of an address.
func hunt(t testing.TB, d interface{ secrets() []string }, text string) {
	t.Helper()
	for _, s := range []string{"secret", "s3cret", "pa55word", "syt_", "tk_", gotifyToken, "+4179", "lookout", "://"} {
		if s == "secret" {
			text = strings.ReplaceAll(text, "(secret)", "")
		}
		require.NotContains(t, text, s)
	}
	for _, s := range d.secrets() {
		if len(s) > 5 {
			require.NotContains(t, text, s)
		}
	}
}

func TestSendingThatHangsIsGivenUpAFewTimesOnly(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	out := outletOf(t, "smtp://"+l.Addr().String()+"/?from=a@b.example&to=c@d.example")
	short, cancel := context.WithCancel(ctx)
	cancel()
	for range maxStuck {
		require.ErrorIs(t, out.sender.send(short, high), context.Canceled)
	}
	require.ErrorIs(t, out.sender.send(short, high), errStuck)
}

// mailServer speaks just enough SMTP. If rude it hangs up instead of answering QUIT; extra are its extensions.
func mailServer(t *testing.T, rude bool, answers map[string]string) (host string, lines func() []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	var mu sync.Mutex
	var all []string
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				fmt.Fprint(c, "220 test\r\n")
				data := false
				for in := bufio.NewScanner(c); in.Scan(); {
					line := in.Text()
					mu.Lock()
					all = append(all, line)
					mu.Unlock()
					verb, _, _ := strings.Cut(line, " ")
					switch {
					case data && line != ".":
					case data:
						data = false
						fmt.Fprint(c, "250 taken\r\n")
					case answers[verb] != "":
						fmt.Fprint(c, answers[verb]+"\r\n")
					case verb == "EHLO":
						fmt.Fprint(c, "250-test\r\n250 AUTH PLAIN\r\n")
					case verb == "AUTH":
						fmt.Fprint(c, "235 ok\r\n")
					case verb == "DATA":
						data = true
						fmt.Fprint(c, "354 go on\r\n")
					case verb == "QUIT" && rude:
						return
					default:
						fmt.Fprint(c, "250 ok\r\n")
					}
				}
			}()
		}
	}()
	return l.Addr().String(), func() []string { mu.Lock(); defer mu.Unlock(); return all }
}

func TestMail(t *testing.T) {
	host, lines := mailServer(t, false, nil)
	out := outletOf(t, "smtp://vigie:pa55word@"+host+"/?from=vigie@roof.example&to=ann@home.example")
	require.Equal(t, "mail", out.Name)
	require.NoError(t, out.sender.send(ctx, high))
	mail := strings.Join(lines(), "\n")
	require.Contains(t, mail, "MAIL FROM:<vigie@roof.example>")
	require.Contains(t, mail, "RCPT TO:<ann@home.example>")
	require.Contains(t, mail, "Subject: =?utf-8?q?roof-1_:_gravit=C3=A9_haute?=\n")
	require.Contains(t, mail, "From: Vigie <vigie@roof.example>\n")
	require.Contains(t, mail, "Content-Type: text/plain; charset=\"UTF-8\"\n")
	require.Contains(t, mail, "\n\none\ntwo é\n")

	t.Run("a server that hangs up at the end has the mail", func(t *testing.T) { // otherwise it would be sent repeatedly
		host, lines := mailServer(t, true, nil)
		out := outletOf(t, "smtp://"+host+"/?from=a@b.example&to=c@d.example")
		require.NoError(t, out.sender.send(ctx, high))
		require.Contains(t, strings.Join(lines(), "\n"), "two é")
	})
	for verb, answer := range map[string]string{"AUTH": "535 no, pa55word", "MAIL": "550 not you", "RCPT": "550 nobody of that name", "DATA": "451 later"} {
		t.Run(verb, func(t *testing.T) {
			host, _ := mailServer(t, false, map[string]string{verb: answer})
			out := outletOf(t, "smtp://vigie:pa55word@"+host+"/?from=a@b.example&to=c@d.example")
			err := out.redact(out.sender.send(ctx, high))
			require.EqualError(t, err, "the mail server answered "+answer[:3])
		})
	}
	t.Run("each mailbox by itself", func(t *testing.T) {
		to := place(t, "smtp://h/?from=a@b.example&to=c@d.example,e@f.example")
		require.Len(t, to, 2)
		require.Equal(t, []string{"mail", "mail-2"}, []string{to[0].Name, to[1].Name})
	})
	t.Run("no mail in clear", func(t *testing.T) {
		s, err := openService(mustURL("smtp://mail.example:25/?from=a@b.example&to=c@d.example"), &patience{})
		require.NoError(t, err)
		require.True(t, s.(*smtp.Service).Config.RequireStartTLS)
	})
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

func TestAddresses(t *testing.T) {
	to := place(t, "# mine", "", "ntfy://ntfy.sh/lookout", "  desk \t https://example.org/s3cret", "https://example.org/2", "https://example.org/3", "mqtt://h")
	var names []string
	for _, d := range to {
		names = append(names, d.Name)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", d, d, d, d), "s3cret")
	}
	require.Equal(t, []string{"ntfy", "desk", "webhook", "webhook-2", "mqtt"}, names)

	for address, want := range map[string]string{
		"not-an-address":                         "line 1 of FILE: this is not an address",
		"https://exa mple/s3cret":                "line 1 of FILE: this is not an address",
		"two_words https://example.org/s3cret":   "line 1 of FILE: the name before the address is not one",
		"a b c":                                  "line 1 of FILE has more than a name and an address",
		"carrier-pigeon://loft/s3cret":           "line 1 of FILE: unknown kind of destination",
		"matrix://user:s3cret@h/?rooms=!r:h":     "line 1 of FILE: Matrix wants an access token, not a user and password",
		"matrix://:s3cret@h/":                    "line 1 of FILE: Matrix wants to know the room",
		"mqtt://h/s3cret/#":                      "",
		"mqtt://h/a?s3cret=1":                    "line 1 of FILE: the address has a key that MQTT does not know",
		"mqtt://h/a%2Bs3cret":                    "line 1 of FILE: prefix, discovery and client are names without + # $",
		"smtp://u:s3cret@h/?from=a@b.example":    "",
		"ntfy://h/s3cret?nosuchkey=s3cret":       "",
		"signal://h/not-a-number/s3cret":         "",
		"http://[::1/s3cret":                     "line 1 of FILE: this is not an address",
		"smtp://h/?from=a@b.example&to=c%0d@d.e": "",
	} {
		file := placeFile(t, address)
		_, err := ReadDestinations(file)
		if address == "mqtt://h/s3cret/#" {
			require.NoError(t, err) // the fragment is not sent
			continue
		}
		require.Error(t, err, address)
		text := err.Error() + hintIn(err)
		require.NotContains(t, text, "s3cret", address)
		if want != "" {
			require.Equal(t, "alert: "+strings.ReplaceAll(want, "FILE", file), err.Error())
		}
	}

	file := placeFile(t, "ntfy://ntfy.sh/lookout")
	for _, mode := range []os.FileMode{0o604, 0o644, 0o602, 0o620} {
		require.NoError(t, os.Chmod(file, mode))
		_, err := ReadDestinations(file)
		require.ErrorContains(t, err, "lets others read or change it")
		require.Contains(t, hintIn(err), "chmod 600")
	}
	require.NoError(t, os.Chmod(file, 0o640))
	_, err := ReadDestinations(file)
	require.NoError(t, err)
	_, err = ReadDestinations(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)

	t.Setenv("CREDENTIALS_DIRECTORY", filepath.Dir(file))
	to, err = ReadDestinations("")
	require.NoError(t, err)
	require.Len(t, to, 1)
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
	to, err = ReadDestinations("")
	require.NoError(t, err)
	require.Empty(t, to)
}

// Addresses beyond the size limit are not ignored silently.
func TestTooLongAFileOfAddresses(t *testing.T) {
	_, err := ReadDestinations(placeFile(t, strings.Repeat("# much of it\n", 6000), "phone ntfy://ntfy.example.org/t"))
	require.ErrorContains(t, err, "holds more than 64 KiB")
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"ntfy://h/t", "gotify://h/" + gotifyToken, "matrix://:x@h/?rooms=!a:b,#c:d", "signal://h/+41790000001/+41790000002", "smtp://h/?from=a@b&to=c@d",
		"mqtts://u:p@h:8883/p?discovery=none&client=x", "https://h/p", "x://", "smtp://h/?timeout=-1s", "gotify://h?extras={"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "ca=") {
			return // would open a file
		}
		ds, err := parse("", s)
		if err == nil {
			require.NotEmpty(t, ds)
			for _, d := range ds {
				require.NotEmpty(t, d.Name)
			}
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	for want, o := range map[string]Options{
		`alert: severity is "worst"`:           {Severity: "worst"},
		`alert: quiet_passes is "all"`:         {QuietPasses: "all"},
		`alert: language is "de"`:              {Language: "de"},
		`alert: zone is "Mars/Olympus"`:        {Zone: "Mars/Olympus"},
		`alert: quiet is "late"`:               {Quiet: "late"},
		`alert: tell has "everything"`:         {Tell: []string{"everything"}},
		`alert: repeat is 1s`:                  {Repeat: time.Second},
		`alert: blind_after is 1s`:             {BlindAfter: time.Second},
		`alert: led is "../../etc/passwd"`:     {LED: "../../etc/passwd"},
		`alert: repeat_times and per_hour are`: {PerHour: -1},
	} {
		_, err := New(nil, o)
		require.ErrorContains(t, err, want)
		require.NotEmpty(t, hintIn(err), want)
	}
}

// A server that says when to come again is left alone until then, by each kind of destination whose library lets that through.
func TestRetryAfter(t *testing.T) {
	for name, address := range map[string]string{"webhook": "http://HOST/hook", "ntfy": "ntfy://HOST/lookout?scheme=http", "gotify": "gotify://HOST/" + gotifyToken + "?disabletls=yes"} {
		for header, wait := range map[string]time.Duration{"120": 2 * time.Minute, time.Now().Add(3 * time.Minute).UTC().Format(http.TimeFormat): 3 * time.Minute} {
			t.Run(name, func(t *testing.T) {
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Retry-After", header)
					w.WriteHeader(http.StatusTooManyRequests)
				}))
				defer srv.Close()
				out := outletOf(t, strings.Replace(address, "HOST", strings.TrimPrefix(srv.URL, "http://"), 1))
				err := out.sender.send(ctx, high)
				require.Error(t, err)
				now := time.Now()
				b := &outbox{busy: true}
				b.sent(&batch{}, err, now)
				require.WithinDuration(t, now.Add(wait), b.retry, 5*time.Second)
			})
		}
	}
	require.Zero(t, retryAfter("soon", time.Now()))
}
