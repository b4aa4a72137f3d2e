// Package setup is the interview of vigie setup: a few questions, the files that follow from the answers, and the way back.
//
// It shows everything before it writes, writes below its root alone, keeps what was there before, and starts nothing.
package setup

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"vigie/alert"
	"vigie/cell"
	"vigie/cmd/vigie/checkup"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/words"
)

// Cmd asks a few questions and writes what a service needs.
type Cmd struct {
	DryRun bool   `help:"Show what would be written, and write nothing."`
	Undo   bool   `help:"Remove what setup wrote, unless it was changed since."`
	Yes    bool   `help:"Write without asking once more."`
	Root   string `help:"Write below this directory instead of /: for an image of a kit." default:"/" placeholder:"DIR" type:"path"`

	dir *os.Root // of Root; nil while that is not there
}

// answers are the answers to the questions.
type answers struct {
	lang                string // of the questions, and of what is written
	mode                cell.Mode
	sensor              string
	modem               string // its USB identity; "": all that are found
	seal                string // public key
	protected           bool   // by a passphrase
	passphrase          string // a secret, of a fixed sensor; of a carried one it comes on a medium
	page                string // address to listen at; "": no page
	gpsd, phone, coarse bool
	influx, bucket, org string
	token               string   // a secret; "": it is given later
	alerts              []string // addresses, which are secrets
	led                 string
	health              string // address to listen at; "": nowhere
	backup              string // directory for a copy a day; "": none
	destroys            bool   // on request
	panicFile           string // that requests it; "": none
}

// text is a text in the language that was chosen: the English one is its key in words/setup.json.
func (a *answers) text(key string, args ...any) string { return words.Format(a.lang, key, args...) }

// Run asks, shows, asks once more, and writes.
func (c *Cmd) Run(ctx context.Context, p *console.Program) error {
	if err := c.open(); err != nil {
		return err
	}
	if c.Undo {
		return c.undo(p)
	}
	v := &interview{here: c.Root == "/", p: p, lines: bufio.NewReader(p.In)}
	if v.ask(); v.err != nil {
		return v.err
	}
	files := v.files(c)
	done, err := c.done()
	if err != nil {
		return err
	}
	p.Out.Printf("\n")
	for _, w := range done.stale(files) {
		p.Out.Printf("--- %s (%s)\n\n", w.Path, v.text("is removed: it is no longer wanted"))
	}
	if c.DryRun {
		p.Out.Printf("%s\n\n", v.next(c))
	}
	for _, f := range files { // the configuration last: it is what a person looks at
		state, err := c.state(f, done)
		if err != nil {
			return err
		}
		text := f.text
		if f.secret {
			text = v.text("(a secret, which is not shown; root alone may read it)") + "\n"
		}
		p.Out.Printf("--- %s (%s)\n%s\n", f.path, v.text(state), text)
	}
	if c.DryRun {
		p.Out.Printf("%s\n", v.text("nothing was written"))
		return nil
	}
	if !c.Yes && v.choose("Write these files?", no, yes) != "yes" {
		p.Out.Printf("%s\n", v.text("nothing was written"))
		return v.err
	}
	if err := c.write(p, files, done); err != nil {
		return console.WithHint(err, "run it as root, or write an image with --root DIR; vigie setup --undo takes back what was written")
	}
	p.Out.Printf("%s\n%s\n", v.text("written; vigie setup --undo removes it again"), v.next(c))
	return c.check(ctx, v)
}

// check looks at what was written as vigie config check does. In an image only the file is looked at: what it names is elsewhere.
func (c *Cmd) check(ctx context.Context, v *interview) error {
	conf, file := config.Inspect(filepath.Join(c.Root, configPath))
	var notes []*config.Fault
	if len(file.Faults) == 0 && c.Root == "/" {
		notes = checkup.Configuration(ctx, conf, file, &config.StoreFlags{})
	}
	for _, f := range checkup.Sorted(file.Faults, notes) {
		v.p.Out.Printf("%s; %s\n", console.OneLine(f.Error()), console.OneLine(console.HintOf(f)))
	}
	if len(file.Faults) > 0 {
		return console.WithHint(errors.New(v.text("a watch would not start yet")), v.text("do what is left to do, then look again: vigie config check"))
	}
	v.p.Out.Printf("%s\n", v.text("checked: a watch would start with this configuration"))
	return nil
}

// open opens the root, if it is there. Everything below it is reached through this descriptor, which leads nowhere else: neither a
// path of the undo file of an image does, nor a link that somebody puts into it meanwhile.
func (c *Cmd) open() (err error) {
	if c.dir, err = os.OpenRoot(c.Root); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// at is a path as the root takes it. Links of the machine itself may be absolute, which a root does not follow: only root makes
// them, so they are resolved first.
func (c *Cmd) at(path string) string {
	path = filepath.Join("/", path)
	if c.Root == "/" {
		if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			path = filepath.Join(dir, filepath.Base(path))
		}
	}
	return "." + path
}

// read reads a file below the root.
func (c *Cmd) read(path string) ([]byte, error) {
	if c.dir == nil {
		return nil, fs.ErrNotExist
	}
	return c.dir.ReadFile(c.at(path))
}

// has reports whether there is something below the root.
func (c *Cmd) has(path string) bool {
	if c.dir == nil {
		return false
	}
	_, err := c.dir.Stat(c.at(path))
	return err == nil
}

// interview asks the questions. After an error it asks no more.
type interview struct {
	answers
	here  bool // for this computer, and not for an image
	p     *console.Program
	lines *bufio.Reader
	err   error
}

// Answers that are often asked for.
const yes, no = "yes", "no"

// line asks for a line; an empty one is the usual answer.
func (v *interview) line(key, usual string) string {
	if v.err != nil {
		return usual
	}
	if v.p.Out.Printf("%s", v.text(key)); usual != "" {
		v.p.Out.Printf(" [%s]", usual)
	}
	v.p.Out.Printf(": ")
	line, err := v.lines.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		v.err = err
	}
	return cmp.Or(strings.TrimSpace(line), usual)
}

// fail reports an answer that cannot be used: on a terminal the question is asked again, otherwise setup ends.
func (v *interview) fail(err error, hint string) {
	if console.IsTerminal(v.p.In) {
		v.p.Out.Printf("%s; %s\n", console.OneLine(err.Error()), console.OneLine(hint))
		return
	}
	v.err = console.Usage(err, hint)
}

// until asks until check accepts the answer, which it may change.
func (v *interview) until(ask func() string, check func(string) (string, error), hint string) string {
	for {
		answer := ask()
		if v.err != nil {
			return ""
		}
		good, err := check(answer)
		if err == nil {
			return good
		}
		if v.fail(err, cmp.Or(console.HintOf(err), hint)); v.err != nil {
			return ""
		}
	}
}

// choose asks for one of several answers, of which the first is the usual one. It takes them in every language, and returns the
// English one.
func (v *interview) choose(key string, choices ...string) string {
	var names []string
	for _, c := range choices {
		names = append(names, v.text(c))
	}
	ask := func() string {
		return v.line(v.text(key)+" "+strings.Join(names, " / "), names[0])
	}
	return v.until(ask, func(answer string) (string, error) {
		for _, c := range choices {
			for _, lang := range words.Languages {
				if strings.ToLower(answer) == words.Translate(lang, c) {
					return c, nil
				}
			}
		}
		return "", fmt.Errorf(v.text("%q is not one of the answers"), answer)
	}, v.text("answer one of: ")+strings.Join(names, ", "))
}

// secret asks for what is not shown on a terminal. It may be empty.
func (v *interview) secret(key string) string {
	if !console.IsTerminal(v.p.In) {
		return v.line(key, "")
	}
	if v.err != nil {
		return ""
	}
	text, err := console.AskSecret(v.p.In, v.p.Out, v.text(key))
	v.err = err
	return strings.TrimSpace(text)
}

// ask asks all questions.
func (v *interview) ask() {
	v.lang = localeLanguage(os.Getenv)
	usual := []string{v.lang}
	for _, lang := range words.Languages {
		if lang != v.lang {
			usual = append(usual, lang)
		}
	}
	v.lang = v.choose("Language, of questions, pages and alerts", usual...)
	v.mode = cell.Mode(v.choose("Is it carried (mobile), or does it stay at one place (fixed)?",
		string(cell.Mobile), string(cell.Fixed)))
	v.sensor = v.until(func() string {
		return v.line("A neutral name for this sensor, no address", "vigie")
	}, plainText, v.text("letters, digits, spaces and hyphens, at most 40"))
	if ports, err := (modem.Host{}).Find(); err == nil {
		for _, port := range modem.Candidates(ports) {
			v.p.Out.Printf("  %s: %s\n", v.text("found"), port.Identity)
		}
	}
	v.modem = v.until(func() string {
		return v.line("Which modem: its USB identity, or all", "all")
	}, plainText, v.text("write it as vigie probe prints it"))
	if v.modem == "all" {
		v.modem = ""
	}
	v.askProtection()
	v.askPage()
	v.askInflux()
	v.askAlerts()
	v.askCare()
}

func (v *interview) askProtection() {
	ways := []string{"sealed", "passphrase", "nothing"}
	if v.mode == cell.Fixed {
		ways[0], ways[1] = ways[1], ways[0]
	}
	switch v.choose("What protects the store: sealed to a key whose private half is at home, a passphrase, or nothing?", ways...) {
	case "passphrase":
		if v.protected = true; v.mode == cell.Mobile {
			return
		}
		v.passphrase = v.until(func() string {
			return v.secret("The passphrase; keep a copy elsewhere: without it nobody can read the store")
		}, func(answer string) (string, error) {
			if answer == "" {
				return "", errors.New(v.text("no passphrase was given"))
			}
			if again := v.secret("Once more"); v.err == nil && again != answer {
				return "", errors.New(v.text("the two are not the same"))
			}
			return answer, nil
		}, v.text("choose several words that nobody can guess"))
	case "sealed":
		v.seal = v.until(func() string {
			return v.line("The public key, as age-keygen prints it (age1...)", "")
		}, func(answer string) (string, error) {
			_, err := config.Recipients([]string{answer})
			return answer, err
		}, "")
	}
}

func (v *interview) askPage() {
	usual := []string{yes, no}
	if v.mode == cell.Fixed {
		usual = []string{no, yes}
	}
	if v.choose("A page for a phone?", usual...) == "yes" {
		v.page = v.until(func() string {
			return v.line("Address of this computer to listen at", "10.42.0.1:8440")
		}, func(answer string) (string, error) {
			if _, _, err := net.SplitHostPort(answer); err != nil {
				return "", errors.New(v.text("this is not an address with a port"))
			}
			return plainText(answer)
		}, "10.42.0.1:8440")
		v.phone = v.choose("May the page ask the phone where it is?", no, yes) == "yes"
	}
	v.gpsd = v.choose("Is there a GPS receiver at gpsd?", no, yes) == "yes"
	if v.gpsd || v.phone {
		v.coarse = v.choose("Keep positions only to the square kilometre?", yes, no) == "yes"
	}
}

func (v *interview) askInflux() {
	v.influx = v.until(func() string {
		return v.line("Copy to an InfluxDB: its address (https://...), or no", v.text("no"))
	}, func(answer string) (string, error) {
		if v.isNo(answer) {
			return "", nil
		}
		u, err := url.Parse(answer)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			return "", errors.New(v.text("this is not the address of a server"))
		}
		return plainText(answer)
	}, v.text("write https://HOST:8086, without user or password"))
	if v.influx == "" {
		return
	}
	v.bucket = v.until(func() string {
		return v.line("Its bucket (of InfluxDB 1.8: the database)", "vigie")
	}, plainText, "vigie")
	v.org = v.until(func() string {
		return v.line("Its organisation (of InfluxDB 2; empty: none)", "")
	}, func(answer string) (string, error) {
		if answer == "" {
			return "", nil
		}
		return plainText(answer)
	}, "")
	v.token = v.secret("Its token (empty: later)")
}

// askCare asks what keeps a monitor in order, and what ends it.
func (v *interview) askCare() {
	v.health = v.until(func() string {
		return v.line("An address for a monitoring system, such as 127.0.0.1:9184, or no", v.text("no"))
	}, func(answer string) (string, error) {
		if v.isNo(answer) {
			return "", nil
		}
		host, _, err := net.SplitHostPort(answer)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return "", errors.New(v.text("this is not an address of this computer alone with a port"))
		}
		return plainText(answer)
	}, "127.0.0.1:9184")
	if v.seal == "" {
		v.backup = v.until(func() string {
			return v.line("A directory for a copy of the store every day, on another disk, or no", v.text("no"))
		}, func(answer string) (string, error) {
			if v.isNo(answer) {
				return "", nil
			}
			if !directoryName.MatchString(answer) {
				return "", fmt.Errorf(v.text("%q is not the name of a directory that begins with /"), answer)
			}
			return answer, nil
		}, "/srv/vigie-backup")
	}
	if v.destroys = v.choose("May it be told to destroy what it has recorded (panic)?", no, yes) == yes; !v.destroys {
		return
	}
	v.panicFile = v.until(func() string {
		return v.line("A file that destroys everything when it appears, made by a button or a script, or no", v.text("no"))
	}, func(answer string) (string, error) {
		if v.isNo(answer) {
			return "", nil
		}
		if !directoryName.MatchString(answer) {
			return "", fmt.Errorf(v.text("%q is not the name of a file that begins with /"), answer)
		}
		return answer, nil
	}, "/run/vigie/panic")
}

// directoryName is an absolute path that can be written into a unit and a shell without quoting.
var directoryName = regexp.MustCompile(`^/[A-Za-z0-9][A-Za-z0-9/._+-]{0,200}$`)

// isNo reports whether an answer is no, in any language.
func (v *interview) isNo(answer string) bool {
	return slices.ContainsFunc(words.Languages, func(lang string) bool { return strings.ToLower(answer) == words.Translate(lang, no) })
}

func (v *interview) askAlerts() {
	for v.err == nil {
		address := v.until(func() string {
			return v.secret("An address to alert to anomalies, as docs/alerts.md lists them: ntfy://HOST/TOPIC, smtp://... (empty: no more)")
		}, func(answer string) (string, error) {
			if answer == "" {
				return "", nil
			}
			to, err := alert.ParseDestinations(strings.NewReader(answer+"\n"), v.text("this"))
			if err == nil && len(to) == 0 {
				err = errors.New(v.text("this is not an address"))
			}
			return answer, err
		}, "")
		if address == "" {
			break
		}
		v.alerts = append(v.alerts, address)
	}
	there, _ := os.ReadDir("/sys/class/leds")
	if v.here && len(there) == 0 {
		return
	}
	for _, led := range there {
		v.p.Out.Printf("  LED: %s\n", console.OneLine(led.Name()))
	}
	v.led = v.until(func() string {
		return v.line("An LED of this computer that shows how the watch is: its name under /sys/class/leds, or no", v.text("no"))
	}, func(answer string) (string, error) {
		if v.isNo(answer) {
			return "", nil
		}
		if !ledName.MatchString(answer) || v.here && !slices.ContainsFunc(there, func(led os.DirEntry) bool { return led.Name() == answer }) {
			return "", fmt.Errorf(v.text("%q is not the name of an LED"), answer)
		}
		return answer, nil
	}, "ls /sys/class/leds")
}

// ledName is the name of an LED that can be written into a udev rule and a unit without quoting.
var ledName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:._+-]{0,60}$`)

// plainText accepts what can be written between quotes in the configuration.
func plainText(answer string) (string, error) {
	if answer == "" || len(answer) > 200 || strings.ContainsFunc(answer, func(r rune) bool { return !unicode.IsPrint(r) || r == '"' || r == '\\' }) {
		return "", fmt.Errorf("%q cannot be written into the configuration", console.OneLine(answer))
	}
	return answer, nil
}

// localeLanguage is the language of the locale (locale(7)), where there are texts in it: the first of these that is set counts.
func localeLanguage(getenv func(string) string) string {
	locale := cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))
	lang, _, _ := strings.Cut(strings.ReplaceAll(locale, ".", "_"), "_")
	if slices.Contains(words.Languages, lang) {
		return lang
	}
	return "en"
}
