package alert

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"vigie/safefile"
)

// credential is the name of the addresses as a credential: vigie.alert-to.
const credential = "alert-to"

// Destination is where messages are sent. Its address holds tokens and passwords, so people see its name, and nothing in this
// package prints the address.
type Destination struct {
	Name string
	url  *url.URL
}

// String is the name.
func (d Destination) String() string { return d.Name }

// GoString keeps %#v from printing the address.
func (d Destination) GoString() string { return d.Name }

// isMachine reports whether the receiver is a program that decides for itself what to show and when: it gets every change.
func (d Destination) isMachine() bool { return d.url.Scheme == "mqtt" || d.url.Scheme == "mqtts" }

// ReadDestinations reads addresses from a file, one per line, each with an optional name before it; # begins a comment:
//
//	ntfy://ntfy.sh/TOPIC
//	desk  https://example.org/hook/TOKEN
//
// Without a file name it reads the credential vigie.alert-to; without that there are no destinations. A file that others may read or
// change is refused. An address with several mailboxes or rooms becomes one destination for each, so that a failure of one does not
// send the message to the others again. Errors have a hint and never contain an address.
func ReadDestinations(file string) ([]Destination, error) {
	if file == "" {
		if file, _ = safefile.Credential(credential); file == "" {
			return nil, nil
		}
	}
	f, err := safefile.Open(file)
	if err != nil {
		return nil, fmt.Errorf("alert: addresses: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, fmt.Errorf("alert: addresses: %w", err)
	} else if mode := info.Mode().Perm(); mode&0o027 != 0 {
		return nil, configError("%s holds secrets, and its mode %03o lets others read or change it", "chmod 600 it, or 640 with a group of its own", file, mode)
	}
	return ParseDestinations(f, file)
}

// ParseDestinations reads addresses as ReadDestinations does; name is what errors call the input.
func ParseDestinations(r io.Reader, name string) ([]Destination, error) {
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("alert: addresses: %w", err)
	}
	if len(text) > most {
		return nil, configError("%s holds more than %d KiB", "one address a line; is it the right file?", name, most>>10)
	}
	var all []Destination
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		as := ""
		if len(words) > 1 {
			as, words = words[0], words[1:]
		}
		if len(words) > 1 {
			return nil, configError("line %d of %s has more than a name and an address", "one address a line; a space within one is written %%20", n, name)
		}
		ds, err := parse(as, words[0])
		if err != nil {
			return nil, &hinted{fmt.Errorf("alert: line %d of %s: %w", n, name, err), cmp.Or(hintIn(err), "docs/alerts.md has an address of each kind to copy")}
		}
		for _, d := range ds {
			base := d.Name
			for i := 2; slices.ContainsFunc(all, func(o Destination) bool { return o.Name == d.Name }); i++ {
				d.Name = fmt.Sprintf("%s-%d", base, i)
			}
			all = append(all, d)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("alert: addresses: %w", err)
	}
	return all, nil
}

func hintIn(err error) string {
	var h *hinted
	if errors.As(err, &h) {
		return h.hint
	}
	return ""
}

var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,30}$`)

// parse reads one address. Its errors contain no part of the address.
func parse(name, address string) ([]Destination, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, errors.New("this is not an address")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if name == "" {
		name = map[string]string{"smtp": "mail", "http": "webhook", "https": "webhook", "mqtts": "mqtt"}[u.Scheme]
		name = cmp.Or(name, u.Scheme)
	}
	if !nameForm.MatchString(name) {
		return nil, &hinted{errors.New("the name before the address is not one"), "letters, digits and hyphens, at most 31, beginning with a letter"}
	}
	several := []*url.URL{u}
	for _, key := range []string{"to", "toaddresses", "rooms", "room"} {
		if list := u.Query().Get(key); strings.Contains(list, ",") && (u.Scheme == "smtp" || u.Scheme == "matrix") {
			several = nil
			for _, one := range strings.Split(list, ",") {
				q, v := u.Query(), *u
				q.Set(key, strings.TrimSpace(one))
				v.RawQuery = q.Encode()
				several = append(several, &v)
			}
		}
	}
	var all []Destination
	for _, u := range several {
		d := Destination{name, u}
		if err := d.check(); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

func (d Destination) check() error {
	switch d.url.Scheme {
	case "http", "https":
		return nil
	case "mqtt", "mqtts":
		_, err := newMQTT(d, nil)
		return err
	}
	_, err := openService(d.url, &patience{})
	return d.redact(err)
}

// secrets are the parts of the address that must never be printed, in each encoding in which an error may contain them, longest first.
func (d Destination) secrets() (all []string) {
	add := func(s string) {
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s))} {
			if len(form) >= 3 {
				all = append(all, form)
			}
		}
	}
	add(d.url.String())
	if u := d.url.User; u != nil {
		password, _ := u.Password()
		add(u.Username() + ":" + password)
		add(password)
		add(u.Username())
	}
	add(strings.Trim(d.url.Path, "/"))
	for _, p := range strings.Split(d.url.Path, "/") {
		add(p)
	}
	for _, vs := range d.url.Query() {
		for _, v := range vs {
			add(v)
		}
	}
	add(d.url.RawQuery)
	add(d.url.Fragment)
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

var addressForm = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>]+`)

// redact returns an error whose text contains no part of the address.
func (d Destination) redact(err error) error {
	var ours *hinted
	if err == nil || errors.As(err, &ours) { // ours never contain one
		return err
	}
	text := addressForm.ReplaceAllString(explain(err), "(address)")
	for _, s := range d.secrets() {
		text = strings.ReplaceAll(text, s, "(secret)")
	}
	return errors.New(cut(clean(text), 200)) // not wrapped: the wrapped error could print the address
}
