package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
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
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem"
)

// SetupCmd asks a few questions and writes what a service needs.
type SetupCmd struct {
	DryRun bool   `help:"Show what would be written, and write nothing."`
	Undo   bool   `help:"Take back what setup wrote, where nobody has changed it since."`
	Yes    bool   `help:"Write without asking once more."`
	Root   string `help:"Write below this directory instead of /: for an image of a kit." default:"/" placeholder:"DIR" type:"path"`
}

// answers are what somebody said to the questions.
type answers struct {
	french              bool
	mode                cell.Mode
	sensor              string
	modem               string // its USB identity; "": all that are found
	seal                string // public key
	protected           bool   // by a passphrase
	passphrase          string // a secret, of a fixed sensor; of a carried one it comes on a medium
	page                string // address to listen at; "": no page
	gpsd, phone, coarse bool
	influx              string
	token               string   // a secret; "": it is given later
	alerts              []string // addresses, which are secrets
	led                 string
}

// in is a text in the language that was chosen.
func (a *answers) in(english, french string) string {
	if a.french {
		return french
	}
	return english
}

// Run asks, shows, asks once more, and writes.
func (c *SetupCmd) Run(ctx context.Context, p *program) error {
	if c.Undo {
		return c.undo(p)
	}
	v := &interview{p: p, lines: bufio.NewReader(p.in)}
	if v.ask(); v.err != nil {
		return v.err
	}
	files := v.files(c)
	done, err := c.done()
	if err != nil {
		return err
	}
	p.out.Printf("\n")
	for _, f := range files {
		state, err := c.state(f, done)
		if err != nil {
			return err
		}
		text := f.text
		if f.secret {
			text = v.in("(a secret, which is not shown; root alone may read it)\n", "(un secret, qui n’est pas montré ; seul root peut le lire)\n")
		}
		p.out.Printf("--- %s (%s)\n%s\n", f.path, v.in(state.english, state.french), text)
	}
	for _, w := range done.stale(files) {
		p.out.Printf("--- %s (%s)\n\n", w.Path, v.in("is taken back: it is no longer wanted", "est repris : il n’est plus voulu"))
	}
	p.out.Printf("%s\n", v.next(c))
	if c.DryRun {
		p.out.Printf("%s\n", v.in("nothing was written", "rien n’a été écrit"))
		return nil
	}
	if !c.Yes && v.choose("Write these files?", "Écrire ces fichiers ?", no, yes) != "yes" {
		p.out.Printf("%s\n", v.in("nothing was written", "rien n’a été écrit"))
		return v.err
	}
	if err := c.write(p, files, done); err != nil {
		return console.WithHint(err, "run it as root, or write an image with --root DIR; vigie setup --undo takes back what was written")
	}
	p.out.Printf("%s\n", v.in("written; vigie setup --undo takes it back", "écrit ; vigie setup --undo le reprend"))
	return nil
}

// at is where a path is below the root; what an image says that setup wrote leads nowhere else.
func (c *SetupCmd) at(path string) string { return filepath.Join(c.Root, filepath.Join("/", path)) }

// interview puts the questions. After an error it asks nothing more.
type interview struct {
	answers
	p     *program
	lines *bufio.Reader
	err   error
}

// choice is one of several answers: its name here, and how it is said.
type choice struct{ name, english, french string }

var (
	yes = choice{"yes", "yes", "oui"}
	no  = choice{"no", "no", "non"}
)

// line asks for a line; an empty one is the usual answer.
func (v *interview) line(english, french, usual string) string {
	if v.err != nil {
		return usual
	}
	if v.p.out.Printf("%s", v.in(english, french)); usual != "" {
		v.p.out.Printf(" [%s]", usual)
	}
	v.p.out.Printf(": ")
	line, err := v.lines.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		v.err = err
	}
	return cmp.Or(strings.TrimSpace(line), usual)
}

// fail says that an answer cannot be used: on a terminal it is asked again, else setup ends.
func (v *interview) fail(err error, hint string) {
	if f, ok := v.p.in.(*os.File); ok && console.IsTerminal(f) {
		v.p.out.Printf("%s; %s\n", console.OneLine(err.Error()), console.OneLine(hint))
		return
	}
	v.err = console.Usage(err, hint)
}

// until asks until check takes the answer, which may change it.
func (v *interview) until(ask func() string, check func(string) (string, error), hint string) string {
	for {
		said := ask()
		if v.err != nil {
			return ""
		}
		good, err := check(said)
		if err == nil {
			return good
		}
		if v.fail(err, cmp.Or(console.HintOf(err), hint)); v.err != nil {
			return ""
		}
	}
}

// choose asks for one of several answers, of which the first is the usual one. It takes them in both languages.
func (v *interview) choose(english, french string, choices ...choice) string {
	var names []string
	for _, c := range choices {
		names = append(names, v.in(c.english, c.french))
	}
	ask := func() string {
		return v.line(english+" "+strings.Join(names, " / "), french+" "+strings.Join(names, " / "), names[0])
	}
	return v.until(ask, func(said string) (string, error) {
		for _, c := range choices {
			if slices.Contains([]string{c.name, c.english, c.french}, strings.ToLower(said)) {
				return c.name, nil
			}
		}
		return "", fmt.Errorf(v.in("%q is no answer to that", "%q n’est pas une réponse à cela"), said)
	}, v.in("answer one of: ", "répondez par : ")+strings.Join(names, ", "))
}

// secret asks for what is not shown on a terminal. It may be empty.
func (v *interview) secret(english, french string) string {
	f, ok := v.p.in.(*os.File)
	if !ok || !console.IsTerminal(f) {
		return v.line(english, french, "")
	}
	if v.err != nil {
		return ""
	}
	text, err := console.AskSecret(f, v.p.out, v.in(english, french))
	v.err = err
	return strings.TrimSpace(text)
}

// ask puts all questions.
func (v *interview) ask() {
	english, french := choice{"en", "en", "en"}, choice{"fr", "fr", "fr"}
	usual := []choice{english, french}
	if v.french = speaksFrench(os.Getenv); v.french {
		usual = []choice{french, english}
	}
	v.french = v.choose("Language, of questions, pages and alerts", "Langue des questions, des pages et des alertes", usual...) == "fr"
	v.mode = cell.Mode(v.choose("Is it carried (mobile), or does it stay at one place (fixed)?", "Est-il porté (mobile), ou reste-t-il en place (fixe) ?",
		choice{string(cell.Mobile), "mobile", "mobile"}, choice{string(cell.Fixed), "fixed", "fixe"}))
	v.sensor = v.until(func() string {
		return v.line("A neutral name for this sensor, no address", "Un nom neutre pour ce capteur, pas une adresse", "vigie")
	}, plainText, v.in("letters, digits, spaces and hyphens, at most 40", "lettres, chiffres, espaces et traits d’union, 40 au plus"))
	if ports, err := (modem.Host{}).Find(); err == nil {
		for _, port := range modem.Candidates(ports) {
			v.p.out.Printf("  %s: %s\n", v.in("found", "trouvé"), port.Identity)
		}
	}
	v.modem = v.until(func() string {
		return v.line("Which modem: its USB identity, or all", "Quel modem : son identité USB, ou all (tous)", "all")
	}, plainText, v.in("it is as vigie probe prints it", "elle est telle que vigie probe l’écrit"))
	if v.modem == "all" {
		v.modem = ""
	}
	v.askProtection()
	v.askPage()
	v.askInflux()
	v.askAlerts()
}

func (v *interview) askProtection() {
	ways := []choice{{"sealed", "sealed", "scellé"}, {"passphrase", "passphrase", "phrase"}, {"nothing", "nothing", "rien"}}
	if v.mode == cell.Fixed {
		ways[0], ways[1] = ways[1], ways[0]
	}
	switch v.choose("What protects the store: sealed to a key whose private half is at home, a passphrase, or nothing?",
		"Qu’est-ce qui protège la base : scellée pour une clé dont la moitié privée est chez vous (scellé), une phrase de passe (phrase), ou rien ?", ways...) {
	case "passphrase":
		if v.protected = true; v.mode == cell.Mobile {
			return
		}
		v.passphrase = v.until(func() string {
			return v.secret("The passphrase, which you keep elsewhere too: nobody reads the store without it", "La phrase de passe, que vous gardez aussi ailleurs : sans elle, personne ne lit la base")
		}, func(said string) (string, error) {
			if said == "" {
				return "", errors.New(v.in("no passphrase was given", "aucune phrase de passe n’a été donnée"))
			}
			if again := v.secret("Once more", "Encore une fois"); v.err == nil && again != said {
				return "", errors.New(v.in("the two are not the same", "les deux ne sont pas les mêmes"))
			}
			return said, nil
		}, v.in("some words that nobody guesses", "quelques mots que personne ne devine"))
	case "sealed":
		v.seal = v.until(func() string {
			return v.line("The public key, as age-keygen prints it (age1...)", "La clé publique, telle que age-keygen l’écrit (age1...)", "")
		}, func(said string) (string, error) {
			_, err := config.Recipients([]string{said})
			return said, err
		}, "")
	}
}

func (v *interview) askPage() {
	usual := []choice{yes, no}
	if v.mode == cell.Fixed {
		usual = []choice{no, yes}
	}
	if v.choose("A page for a phone?", "Une page pour un téléphone ?", usual...) == "yes" {
		v.page = v.until(func() string {
			return v.line("At which address of this computer", "À quelle adresse de cet ordinateur", "10.42.0.1:8440")
		}, func(said string) (string, error) {
			if _, _, err := net.SplitHostPort(said); err != nil {
				return "", errors.New(v.in("this is not an address with a port", "ce n’est pas une adresse avec un port"))
			}
			return plainText(said)
		}, "10.42.0.1:8440")
		v.phone = v.choose("May the page ask the phone where it is?", "La page peut-elle demander au téléphone où il est ?", no, yes) == "yes"
	}
	v.gpsd = v.choose("Is there a GPS receiver at gpsd?", "Y a-t-il un récepteur GPS chez gpsd ?", no, yes) == "yes"
	if v.gpsd || v.phone {
		v.coarse = v.choose("Keep places by the square kilometre only?", "Ne garder les lieux qu’au kilomètre carré ?", yes, no) == "yes"
	}
}

func (v *interview) askInflux() {
	v.influx = v.until(func() string {
		return v.line("Copy to an InfluxDB: its address (https://...), or no", "Copier vers un InfluxDB : son adresse (https://...), ou non", v.in("no", "non"))
	}, func(said string) (string, error) {
		if said == "no" || said == "non" {
			return "", nil
		}
		u, err := url.Parse(said)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			return "", errors.New(v.in("this is not the address of a server", "ce n’est pas l’adresse d’un serveur"))
		}
		return plainText(said)
	}, v.in("write https://HOST:8086, without user or password", "écrivez https://HÔTE:8086, sans nom ni mot de passe"))
	if v.influx != "" {
		v.token = v.secret("Its token (empty: later)", "Son jeton (vide : plus tard)")
	}
}

func (v *interview) askAlerts() {
	for v.err == nil {
		address := v.until(func() string {
			return v.secret("An address that is told of anomalies, as docs/alerts.md lists them: ntfy://HOST/TOPIC, smtp://... (empty: no more)",
				"Une adresse à prévenir des anomalies, voir docs/alerts.md : ntfy://HÔTE/SUJET, smtp://... (vide : c’est tout)")
		}, func(said string) (string, error) {
			if said == "" {
				return "", nil
			}
			to, err := alert.ParseDestinations(strings.NewReader(said+"\n"), v.in("this", "ceci"))
			if err == nil && len(to) == 0 {
				err = errors.New(v.in("this is not an address", "ce n’est pas une adresse"))
			}
			return said, err
		}, "")
		if address == "" {
			break
		}
		v.alerts = append(v.alerts, address)
	}
	if there, err := os.ReadDir("/sys/class/leds"); err == nil && len(there) > 0 {
		for _, led := range there {
			v.p.out.Printf("  LED: %s\n", console.OneLine(led.Name()))
		}
	}
	v.led = v.until(func() string {
		return v.line("An LED of this computer that shows how it goes: its name under /sys/class/leds, or no",
			"Une LED de cet ordinateur qui montre comment ça va : son nom sous /sys/class/leds, ou non", v.in("no", "non"))
	}, func(said string) (string, error) {
		if said == "no" || said == "non" {
			return "", nil
		}
		if !ledName.MatchString(said) {
			return "", fmt.Errorf(v.in("%q is not the name of an LED", "%q n’est pas le nom d’une LED"), said)
		}
		return said, nil
	}, "ls /sys/class/leds")
}

// ledName is what stands in a udev rule and in a unit as it is.
var ledName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:._+-]{0,60}$`)

// plainText is what may stand between quotes in the configuration.
func plainText(said string) (string, error) {
	if said == "" || len(said) > 200 || strings.ContainsFunc(said, func(r rune) bool { return !unicode.IsPrint(r) || r == '"' || r == '\\' }) {
		return "", fmt.Errorf("%q cannot be written into the configuration", console.OneLine(said))
	}
	return said, nil
}

// speaksFrench tells whether the locale is a French one (locale(7)): the first of these that is set counts.
func speaksFrench(getenv func(string) string) bool {
	locale := cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))
	return locale == "fr" || strings.HasPrefix(locale, "fr_") || strings.HasPrefix(locale, "fr.")
}
