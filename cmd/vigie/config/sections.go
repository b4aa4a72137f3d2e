package config

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/alecthomas/kong"

	"vigie/alert"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/safefile"
	"vigie/storage"
	"vigie/storage/influx"
)

// Modem is [modem], or for several modems each [[modem]].
type Modem struct {
	Port         string   `toml:"port" help:"device, such as \"/dev/ttyUSB2\"" default:"every modem found"`
	USB          string   `toml:"usb" help:"or its USB identity, as vigie probe prints it" default:"every modem found"`
	Sensor       string   `toml:"sensor" help:"name of this one" default:"sensor, and where there are several the modem's place after it"`
	Family       string   `toml:"family" help:"modem family" default:"from what the modem reports"`
	Fast         Duration `toml:"fast" bounds:"1ms to 1h" help:"between questions about the serving cell" default:"1s"`
	Slow         Duration `toml:"slow" bounds:"1ms to 24h" help:"between questions about neighbours" default:"5s"`
	CharPause    Duration `toml:"char_pause" bounds:"1us to 1s" help:"between two characters, for a modem that loses some" default:"none"`
	CommandPause Duration `toml:"command_pause" bounds:"1us to 1m" help:"between an answer and the next command" default:"none"`
	Reauthorize  bool     `toml:"reauthorize" help:"a modem that stays silent may be removed from the USB bus and put back, network card and all (it needs permission to write to /sys/bus/usb/devices/.../authorized)" default:"false"`
}

// Analyzer is [analyzer].
type Analyzer struct {
	AlertsPerMonth float64 `toml:"alerts_per_month" bounds:"0.001 to 10000" help:"the false alarms that you accept of a fixed sensor in a quiet month" default:"4"`
	AlertsPerDay   float64 `toml:"alerts_per_day" bounds:"0.001 to 10000" help:"those that you accept of a moving sensor in a quiet day of moving" default:"1"`
	SwitchedOff    string  `toml:"switched_off" help:"your own table of RATs that are switched off (vigie rules --switched-off prints the built-in one)" default:"the built-in table"`

	off rules.SwitchedOff // read from SwitchedOff; nil: the built-in table
}

func (a *Analyzer) readSwitchedOff() error {
	if a.SwitchedOff == "" {
		return nil
	}
	f, err := safefile.Open(kong.ExpandPath(a.SwitchedOff))
	if err != nil {
		return console.Usage(fmt.Errorf("switched_off: %w", err), console.HintOf(err))
	}
	defer f.Close()
	list, err := rules.ReadSwitchedOff(f)
	if err != nil {
		return console.Usage(fmt.Errorf("%s: %w", a.SwitchedOff, err), "vigie rules --switched-off prints the built-in table, to start from")
	}
	if list == nil {
		list = rules.SwitchedOff{} // nothing is switched off
	}
	a.off = list
	return nil
}

// Keep is [keep]: what the store keeps, and for how long. The window around every event stays at full rate.
type Keep struct {
	FullRateDays *int `toml:"full_rate_days" bounds:"0 to 36500" help:"older observations become summaries of a minute; 0: never" default:"90 when mode is \"fixed\", else 0"`
	SummaryDays  int  `toml:"summary_days" bounds:"0 to 36500" help:"older summaries are deleted; 0: never" default:"0"`
	EventDays    int  `toml:"event_days" bounds:"0 to 36500" help:"older events without a verdict are deleted; 0: never" default:"0"`
	Size         Size `toml:"size" help:"what the store may take, such as \"2GB\"" default:"what the disk has"`
}

// fullRateDays is for how long a fixed sensor keeps every observation unless told otherwise.
const fullRateDays = 90

// Retention is what the store keeps by age and size.
func (c *Config) Retention() storage.Retention {
	const day = 24 * time.Hour
	full := 0
	if c.Mode == cell.Fixed {
		full = fullRateDays
	}
	return storage.Retention{FullRate: time.Duration(valueOr(c.Keep.FullRateDays, full)) * day, Summaries: time.Duration(c.Keep.SummaryDays) * day,
		Events: time.Duration(c.Keep.EventDays) * day, Size: int64(c.Keep.Size)}
}

// Influx is [influx]: the InfluxDB server to which the store is copied.
type Influx struct {
	URL       string `toml:"url" help:"address of the server, such as \"https://influx.example.org:8086\"" default:"nothing is copied"`
	Bucket    string `toml:"bucket" help:"bucket; of InfluxDB 1.8 DATABASE or DATABASE/RETENTION-POLICY"`
	Org       string `toml:"org" help:"organisation, of InfluxDB 2"`
	TokenFile string `toml:"token_file" help:"file with the token on its first line; of 1.8 USER:PASSWORD" default:"the credential vigie.influx-token, of /etc/credstore"`
	CAFile    string `toml:"ca_file" help:"certificates to trust instead of the system's" default:"the system's"`
	Gzip      bool   `toml:"gzip" help:"compress, for slow links" default:"false"`
	FullRate  bool   `toml:"full_rate" help:"every observation, instead of changes and one sample a minute" default:"false"`
	Positions bool   `toml:"positions" help:"coordinates too" default:"false"`

	proxy string // of the configuration
}

// Open makes the sink. s may be nil if nothing is to be copied.
func (c Influx) Open(s *storage.Store, log func(string)) (*influx.Sink, error) {
	if c.URL == "" {
		return nil, console.Usage(errors.New("no InfluxDB is configured"), "write a section [influx] with url, bucket and token_file into the configuration; docs/influxdb.md has one to copy")
	}
	x, err := influx.New(s, influx.Options{URL: c.URL, Bucket: c.Bucket, Org: c.Org, TokenFile: c.TokenFile, CAFile: c.CAFile,
		Gzip: c.Gzip, FullRate: c.FullRate, Positions: c.Positions, Proxy: proxyFunc(c.proxy), Log: log})
	if err != nil {
		return nil, orHint(err, "the section [influx] of the configuration says where to; docs/influxdb.md has one to copy")
	}
	return x, nil
}

// Sinks are the further copies of the store that the configuration asks for. A new sink is added here, as CONTRIBUTING.md says.
func (c *Config) Sinks() (all []storage.NamedSink) {
	return all
}

// Alert is [alert]: who is alerted, and of what.
type Alert struct {
	ToFile      string   `toml:"to_file" help:"file of addresses, one per line; they are secrets" default:"the credential vigie.alert-to, of /etc/credstore; without either nobody is alerted"`
	Severity    string   `toml:"severity" help:"the least severity that alerts" default:"medium"`
	Tell        []string `toml:"tell" help:"of \"events\", \"closed\", \"blind\", \"health\"" default:"all but \"closed\""`
	Language    string   `toml:"language" help:"\"en\" or \"fr\"" default:"language, else \"en\""`
	Zone        string   `toml:"zone" help:"time zone, such as \"Europe/Zurich\"" default:"that of the machine"`
	Quiet       string   `toml:"quiet" help:"quiet hours, such as \"22:00-07:00\"" default:"none"`
	QuietPasses string   `toml:"quiet_passes" help:"severity that passes in quiet hours, or \"none\"" default:"high"`
	BlindAfter  Duration `toml:"blind_after" bounds:"10s to 720h" help:"a longer gap alerts" default:"10m"`
	Repeat      Duration `toml:"repeat" bounds:"10s to 720h" help:"an anomaly of severity high is repeated after this until somebody gives a verdict" default:"not repeated"`
	RepeatTimes int      `toml:"repeat_times" bounds:"1 to 1000" help:"how many times at most" default:"3"`
	PerHour     int      `toml:"per_hour" bounds:"1 to 1000" help:"messages per hour to one destination; more are combined into one" default:"10"`
	Cells       bool     `toml:"cells" help:"name cells: a reader with a list of cells then knows the place" default:"false"`
	Positions   bool     `toml:"positions" help:"say where the sensor was" default:"false"`
	Review      string   `toml:"review" help:"address of the review desk, to which messages link, such as \"https://desk.example.org:8440\"" default:"they do not"`
	LED         string   `toml:"led" help:"name under /sys/class/leds" default:"none"`

	proxy string // of the configuration
}

// Options reads the addresses too. log gets one line for each thing that is worth one.
func (c Alert) Options(log func(string)) (alert.Options, error) {
	file := c.ToFile
	if file != "" {
		file = kong.ExpandPath(file) // ~ is the home directory; of nothing it would make the working directory
	}
	to, err := alert.ReadDestinations(file)
	if err == nil && file != "" && len(to) == 0 {
		err = fmt.Errorf("alert: %s holds no address", file)
	}
	if err != nil {
		return alert.Options{}, orHint(err, "docs/alerts.md has an address of each kind to copy")
	}
	return alert.Options{To: to, Severity: c.Severity, Tell: c.Tell, Language: c.Language, Zone: c.Zone, Quiet: c.Quiet, QuietPasses: c.QuietPasses,
		BlindAfter: time.Duration(c.BlindAfter), Repeat: time.Duration(c.Repeat), RepeatTimes: c.RepeatTimes, PerHour: c.PerHour,
		Cells: c.Cells, Positions: c.Positions, Review: c.Review, LED: c.LED, Translate: rules.TranslateOld, Proxy: proxyFunc(c.proxy), Log: log}, nil
}

// Open makes what alerts people; nil if nobody is to be alerted. s may be nil for a test message.
func (c Alert) Open(s *storage.Store, log func(string)) (*alert.Alerts, error) {
	o, err := c.Options(log)
	if err != nil || len(o.To) == 0 && o.LED == "" {
		return nil, err
	}
	a, err := alert.New(s, o)
	if err != nil {
		return nil, orHint(err, "docs/alerts.md lists the keys of [alert]")
	}
	return a, nil
}

// orHint is an error of usage with the hint that it brings, or with this one. A file that is not there, or not yet, is no wrong
// usage: a service tries again.
func orHint(err error, hint string) error {
	if h := console.HintOf(err); h != "" {
		hint = h
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return console.WithHint(err, hint)
	}
	return console.Usage(err, hint)
}

// Health is [health]: where a watch reports how it is.
type Health struct {
	Listen string `toml:"listen" help:"address that serves /healthz, /metrics and /status, such as \"127.0.0.1:9184\"" default:"nowhere"`
	Open   bool   `toml:"open" help:"listen may be an address that others can reach; they need no password" default:"false"`

	DownAfter Duration `toml:"down_after" bounds:"1m to 24h" help:"a copy or an alert channel that does not get through for longer is a problem, and alerts" default:"15m"`
}

// Position is [position]. Without any of it there are no positions.
type Position struct {
	Modem  bool   `toml:"modem" help:"ask the modem, where its GNSS is on already; as --position does" default:"false"`
	GPSD   string `toml:"gpsd" help:"address of a gpsd, such as \"127.0.0.1:2947\"" default:"none"`
	Phone  bool   `toml:"phone" help:"the page on a phone may send the phone's position, after asking its user" default:"false"`
	Coarse string `toml:"coarse" help:"keep only the square of this size, such as \"1km\"" default:"exact"`
}

// Glance is [glance]: the page for a phone, with the review desk behind it.
type Glance struct {
	Listen       string   `toml:"listen" help:"address, such as \"10.42.0.1:8440\"" default:"nowhere"`
	Host         []string `toml:"host" help:"further names under which phones ask for it"`
	PasswordFile string   `toml:"password_file" help:"who may log in; needed beyond this machine (vigie review --set-password)"`
	PlainHTTP    bool     `toml:"plain_http" help:"without TLS, beyond this machine: only on a network of the kit's own that WPA encrypts" default:"false"`
	Discreet     bool     `toml:"discreet" help:"neutral names and looks, no sound" default:"false"`
}

// Seal is [seal]: a kit that starts alone holds a public key, and nothing that reads what it wrote.
type Seal struct {
	To    []string `toml:"to" help:"public keys (age1...) to which everything is sealed" default:"nothing is sealed"`
	File  string   `toml:"file" help:"the sealed file" default:"the name of the store, with .sealed"`
	Every Duration `toml:"every" bounds:"1ms to 1h" help:"between two writes" default:"1s"`
}

// On reports whether everything is sealed.
func (c Seal) On() bool { return len(c.To) > 0 }

// Recipients reads public keys as age-keygen prints them.
func Recipients(keys []string) ([]age.Recipient, error) {
	var to []age.Recipient
	for _, s := range keys {
		all, err := age.ParseRecipients(strings.NewReader(s))
		if err != nil {
			return nil, console.Usage(fmt.Errorf("recipient %s: %w", console.OneLine(s), err), "a public key begins with age1; age-keygen -o KEYFILE makes the pair, at home, and prints it; -y KEYFILE prints it again")
		}
		to = append(to, all...)
	}
	return to, nil
}

// Panic is [panic]. Nothing is destroyed unless it was set up.
type Panic struct {
	Enabled bool   `toml:"enabled" help:"the page (behind login), SIGUSR2, and the file below destroy what was recorded" default:"false"`
	File    string `toml:"file" help:"destroys when it appears: made by a button, a script, another program" default:"none"`
}

// Battery is [battery].
type Battery struct {
	Saving bool     `toml:"saving" help:"ask the modem less often while nothing is odd, when the kit stands still, the battery is low, or lasts demands it" default:"false"`
	Most   int      `toml:"most" bounds:"1 to 60" help:"how many times less often, at most" default:"4"`
	Lasts  Duration `toml:"lasts" bounds:"1m to 1000h" help:"how long a charge is to last, such as \"8h\"" default:"no such demand"`
}

// CellDB is [celldb].
type CellDB struct {
	File string `toml:"file" help:"a file that vigie celldb import made" default:"cells.vigie next to the store, if it exists"`
}

// Heartbeat is [heartbeat]: an address that is asked while all is well, so that somebody elsewhere notices when it is not.
type Heartbeat struct {
	URLFile string   `toml:"url_file" help:"file with the address on its first line, which is asked by GET while all is well; whoever waits there notices silence" default:"nobody is asked"`
	Every   Duration `toml:"every" bounds:"10s to 24h" help:"between two requests" default:"5m"`
}

// URL reads the address; empty if there is none.
func (c Heartbeat) URL() (string, error) {
	if c.URLFile == "" {
		return "", nil
	}
	const hint = "write one address, which begins with https://, on the first line of the file that [heartbeat] names"
	f, err := safefile.Open(kong.ExpandPath(c.URLFile))
	if err != nil {
		return "", console.WithHint(fmt.Errorf("heartbeat: %w", err), hint)
	}
	defer f.Close()
	text, err := bufio.NewReader(io.LimitReader(f, 4<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", console.WithHint(fmt.Errorf("heartbeat: %w", err), hint)
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return "", console.Usage(fmt.Errorf("heartbeat: the first line of %s is not an address", c.URLFile), hint)
	}
	return u.String(), nil
}

// Backup is [backup]: where vigie backup without a file puts its copies.
type Backup struct {
	To   string `toml:"to" help:"directory for the copies of vigie backup, such as \"/srv/vigie-backup\"" default:"none"`
	Keep int    `toml:"keep" bounds:"1 to 10000" help:"how many copies are kept there; the oldest are deleted" default:"7"`
}

// InMemory is the name of a store that is nowhere on disk.
const InMemory = ":memory:"

// cellsName is the cell database next to a store.
const cellsName = "cells.vigie"

// Path is the cell database to use with a store; empty if there is none on disk.
func (c CellDB) Path(store string) string {
	switch {
	case c.File != "":
		return kong.ExpandPath(c.File)
	case store == "" || filepath.Base(store) == InMemory:
		return ""
	}
	return filepath.Join(filepath.Dir(store), cellsName)
}
