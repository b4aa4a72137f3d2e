// Package config is vigie.toml: every section, every key with its default and its bounds, and how the file is found and read.
//
// It opens nothing but the configuration file and the table of switched-off RATs that it may name, it starts nothing, and a
// key that it does not know is an error with a line number.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/cmd/vigie/console"
)

// Config is what the user may write into vigie.toml. Every key has a default; the command line wins over the file. The help
// tags are the reference page docs/configuration.md and the hint that lists the keys.
type Config struct {
	Sensor         string    `toml:"sensor" help:"name of this sensor" default:"vigie"`
	Mode           cell.Mode `toml:"mode" help:"\"fixed\" where it stays at one place for long, \"mobile\" where it is carried" default:"mobile"`
	Store          string    `toml:"store" help:"path of the store; \":memory:\" keeps all in memory" default:"~/.local/share/vigie/vigie.db"`
	Language       string    `toml:"language" help:"of pages, reports and alerts: \"en\" or \"fr\"" default:"English, and on pages what the browser asks for"`
	PassphraseFile string    `toml:"passphrase_file" help:"file whose first line encrypts the store at rest" default:"not encrypted"`

	Modem    []Modem  `toml:"modem"` // at least one
	Analyzer Analyzer `toml:"analyzer"`
	Keep     Keep     `toml:"keep"`
	Influx   Influx   `toml:"influx"`
	Alert    Alert    `toml:"alert"`
	Health   Health   `toml:"health"`
	Position Position `toml:"position"`
	Glance   Glance   `toml:"glance"`
	Seal     Seal     `toml:"seal"`
	Panic    Panic    `toml:"panic"`
	Battery  Battery  `toml:"battery"`
	CellDB   CellDB   `toml:"celldb"`
}

// Load reads the named file. If named is empty and usual is true it reads the first of the usual places that exists. If there
// is none it returns the defaults.
func Load(named string, usual bool) (Config, error) {
	if usual {
		named = Find(named)
	}
	if named == "" {
		return Config{}.WithDefaults(), nil
	}
	return Read(named)
}

// Find returns the configuration file to use: the named one, else the first of the usual places that exists; empty if there is none.
func Find(named string) string {
	if named != "" {
		return named
	}
	for _, p := range UsualPlaces() {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

// UsualPlaces are where a configuration is looked for: the user's own (XDG base directory specification), then the system's.
func UsualPlaces() []string {
	var ps []string
	if dir, err := os.UserConfigDir(); err == nil {
		ps = append(ps, filepath.Join(dir, "vigie", "vigie.toml"))
	}
	return append(ps, "/etc/vigie/vigie.toml")
}

// Read reads a file and checks it. Its errors name the file, the line where it is known, and what to write instead.
func Read(path string) (Config, error) {
	var c Config
	text, err := os.ReadFile(path)
	if err != nil {
		return c, console.Usage(fmt.Errorf("configuration: %w", err), readHint(err))
	}
	var file struct {
		*Config
		Modem toml.Primitive `toml:"modem"` // one table or several
	}
	file.Config = &c
	meta, err := toml.Decode(string(text), &file)
	if err == nil && meta.IsDefined("modem") {
		c.Modem, err = decodeModems(meta, file.Modem)
	}
	var bad toml.ParseError
	if errors.As(err, &bad) {
		return c, console.Usage(fmt.Errorf("%s:%d: %s", path, bad.Position.Line, bad.Message), "the file is TOML: key = value, texts in quotes, [sections] in brackets")
	}
	if err != nil {
		return c, console.Usage(fmt.Errorf("%s: %w", path, err), "docs/configuration.md lists every key with what it takes")
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		key := unknown[0]
		return c, console.Usage(fmt.Errorf("%s:%d: unknown key %q", path, lineOf(string(text), key), key.String()), "keys are: "+strings.Join(keys(), "; "))
	}
	if err := c.check(path); err != nil {
		return c, err
	}
	for _, path := range []*string{&c.Store, &c.PassphraseFile} {
		if *path != "" {
			*path = kong.ExpandPath(*path) // as the flags do: ~ is the home directory
		}
	}
	return c.WithDefaults(), nil
}

// check reports the first value that cannot be.
func (c *Config) check(path string) error {
	wrong := func(hint, format string, args ...any) error {
		return console.Usage(fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...)), hint)
	}
	switch {
	case c.Mode != "" && c.Mode != cell.Fixed && c.Mode != cell.Mobile:
		return wrong(`mode is "fixed" or "mobile"`, "mode is %q", c.Mode)
	case c.Language != "" && c.Language != "en" && c.Language != "fr":
		return wrong(`language is "en" or "fr"`, "language is %q", c.Language)
	case c.Analyzer.AlertsPerMonth < 0:
		return wrong("it is how many false alarms a quiet month may bring: 4 is the default", "alerts_per_month is %v", c.Analyzer.AlertsPerMonth)
	case c.Battery.Most < 0 || c.Battery.Most > 60:
		return wrong("it is how many times less often the modem is asked: 4 is the default, 60 the most", "[battery] most is %d", c.Battery.Most)
	case c.Battery.Lasts != 0 && !c.Battery.Saving:
		return wrong("add saving = true, or take lasts out", "[battery] lasts is set, and saving is not")
	}
	for name, days := range map[string]int{"full_rate_days": valueOr(c.Keep.FullRateDays, 0), "summary_days": c.Keep.SummaryDays, "event_days": c.Keep.EventDays} {
		if days < 0 || days > 36500 {
			return wrong("it is a number of days; 0 is forever", "%s is %d", name, days)
		}
	}
	return c.Analyzer.readSwitchedOff()
}

// WithDefaults fills in what was not set.
func (c Config) WithDefaults() Config {
	c.Sensor = cmp.Or(c.Sensor, "vigie")
	if len(c.Modem) == 0 {
		c.Modem = make([]Modem, 1)
	}
	c.Alert.Language = cmp.Or(c.Alert.Language, c.Language)
	for i := range c.Modem {
		m := &c.Modem[i]
		m.Fast = cmp.Or(m.Fast, Duration(time.Second))
		m.Slow = cmp.Or(m.Slow, Duration(5*time.Second))
	}
	if c.Store == "" {
		c.Store = DefaultStore()
	}
	return c
}

// NewEngine returns a maker of analyzers by the configuration, with an atlas of known cells; the zero Atlas is none.
func (c Config) NewEngine(atlas analyzer.Atlas) func() *analyzer.Engine {
	return func() *analyzer.Engine {
		return analyzer.New(c.Rules(), analyzer.Options{AlertsPerMonth: c.Analyzer.AlertsPerMonth, Atlas: atlas})
	}
}

// Rules are the shipped rules, with the user's own table of RATs that are switched off if there is one.
func (c Config) Rules() []analyzer.Rule {
	if c.Analyzer.off != nil {
		return rules.With(c.Analyzer.off)
	}
	return rules.All()
}

// DefaultStore is where a user's own store lives (XDG base directory specification).
func DefaultStore() string {
	dir := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(dir) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "vigie.db"
		}
		dir = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(dir, "vigie", "vigie.db")
}

// decodeModems reads [modem], or every [[modem]].
func decodeModems(meta toml.MetaData, modem toml.Primitive) ([]Modem, error) {
	if meta.Type("modem") == "Array" || meta.Type("modem") == "ArrayHash" {
		var several []Modem
		err := meta.PrimitiveDecode(modem, &several)
		return several, err
	}
	one := make([]Modem, 1)
	err := meta.PrimitiveDecode(modem, &one[0])
	return one, err
}

func readHint(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no such file; leave out --config to use the defaults"
	}
	return console.HintOf(err)
}

// lineOf finds the line of a key, which the decoder does not report; 1 if it is not found.
func lineOf(text string, key toml.Key) int {
	last, section := key[len(key)-1], strings.Join(key[:len(key)-1], ".")
	in := ""
	for i, l := range strings.Split(text, "\n") {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			in = strings.Trim(l, "[] ")
			if in == key.String() {
				return i + 1
			}
			continue
		}
		name, _, ok := strings.Cut(l, "=")
		if ok && strings.Trim(strings.TrimSpace(name), `"'`) == last && in == section {
			return i + 1
		}
	}
	return 1
}

func valueOr[T any](p *T, or T) T {
	if p != nil {
		return *p
	}
	return or
}
