// Package config is vigie.toml: every section, every key with its default and its bounds, and how the file is found and read.
//
// It opens nothing but the configuration file and the table of switched-off RATs that it may name, it starts nothing, and a
// key that it does not know is an error with a line number.
package config

import (
	"cmp"
	"os"
	"path/filepath"
	"time"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
)

// Config is what the user may write into vigie.toml. Every key has a default; the command line wins over the file. The help
// tags are the reference page docs/configuration.md and the hint that lists the keys.
type Config struct {
	Sensor         string    `toml:"sensor" help:"name of this sensor" default:"vigie"`
	Mode           cell.Mode `toml:"mode" help:"\"fixed\" where it stays at one place for long, \"mobile\" where it is carried" default:"mobile"`
	Store          string    `toml:"store" help:"path of the store; \":memory:\" keeps all in memory" default:"~/.local/share/vigie/vigie.db"`
	Language       string    `toml:"language" help:"of pages, reports and alerts: \"en\" or \"fr\"" default:"English, and on pages what the browser asks for"`
	PassphraseFile string    `toml:"passphrase_file" help:"file whose first line encrypts the store at rest" default:"not encrypted"`
	Proxy          string    `toml:"proxy" help:"proxy for InfluxDB and alerts over HTTP: an address such as \"http://192.0.2.1:3128\", or \"environment\" for HTTPS_PROXY and the like" default:"none, whatever the environment says"`

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
	Backup   Backup   `toml:"backup"`

	Heartbeat Heartbeat `toml:"heartbeat"`
}

// check reports the values that cannot be.
func (c *Config) check(f *File) {
	if c.Mode != "" && c.Mode != cell.Fixed && c.Mode != cell.Mobile {
		f.wrong("mode", `mode is "fixed" or "mobile"`, "mode is %q", c.Mode)
	}
	if c.Language != "" && c.Language != "en" && c.Language != "fr" {
		f.wrong("language", `language is "en" or "fr"`, "language is %q", c.Language)
	}
	if c.Battery.Lasts != 0 && !c.Battery.Saving {
		f.wrong("battery.lasts", "add saving = true, or take lasts out", "[battery] lasts is set, and saving is not")
	}
	c.checkBounds(f)
	c.checkProxy(f)
	if c.Backup.Keep < 0 {
		f.wrong("backup.keep", "it is a number of copies: 7 is the default", "[backup] keep is %d", c.Backup.Keep)
	}
	if err := c.Analyzer.readSwitchedOff(); err != nil {
		f.Add("analyzer.switched_off", err)
	}
}

// WithDefaults fills in what was not set.
func (c Config) WithDefaults() Config {
	c.Sensor = cmp.Or(c.Sensor, "vigie")
	if len(c.Modem) == 0 {
		c.Modem = make([]Modem, 1)
	}
	c.Alert.Language = cmp.Or(c.Alert.Language, c.Language)
	if c.Influx.URL != "" {
		c.Influx.proxy = c.Proxy
	}
	c.Alert.proxy = c.Proxy
	for i := range c.Modem {
		m := &c.Modem[i]
		m.Fast = cmp.Or(m.Fast, Duration(time.Second))
		m.Slow = cmp.Or(m.Slow, Duration(5*time.Second))
	}
	c.Backup.Keep = cmp.Or(c.Backup.Keep, 7)
	if c.Store == "" {
		c.Store = DefaultStore()
	}
	return c
}

// NewEngine returns a maker of analyzers by the configuration, with an atlas of known cells; the zero Atlas is none.
func (c Config) NewEngine(atlas analyzer.Atlas) func() *analyzer.Engine {
	return func() *analyzer.Engine {
		return analyzer.New(c.Rules(), analyzer.Options{AlertsPerMonth: c.Analyzer.AlertsPerMonth, AlertsPerDay: c.Analyzer.AlertsPerDay, Atlas: atlas})
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

func valueOr[T any](p *T, or T) T {
	if p != nil {
		return *p
	}
	return or
}
