package main

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

// Config is what the user may write into vigie.toml. Every key has a default; the command line wins over the file.
type Config struct {
	Sensor         string    `toml:"sensor"`          // a name for this sensor; default: "vigie"
	Mode           cell.Mode `toml:"mode"`            // "fixed" or "mobile"; default: mobile
	Store          string    `toml:"store"`           // path of the store
	Language       string    `toml:"language"`        // of pages, reports and alerts, "en" or "fr"; default: English, and on pages what the browser asks for
	PassphraseFile string    `toml:"passphrase_file"` // its first line encrypts the store at rest
	Analyzer       struct {
		AlertsPerMonth float64 `toml:"alerts_per_month"` // false-alarm budget; default 4
		SwitchedOff    string  `toml:"switched_off"`     // a table of RATs that are switched off, in place of the one that is built in
	} `toml:"analyzer"`
	Influx   InfluxConfig   `toml:"influx"`
	Alert    AlertConfig    `toml:"alert"`
	Keep     KeepConfig     `toml:"keep"`
	Position PositionConfig `toml:"position"`
	Seal     SealConfig     `toml:"seal"`
	Glance   GlanceConfig   `toml:"glance"`
	Panic    PanicConfig    `toml:"panic"`
	Battery  BatteryConfig  `toml:"battery"`
	Health   HealthConfig   `toml:"health"`
	CellDB   CellDBConfig   `toml:"celldb"`

	Modems []ModemConfig `toml:"-"` // of [modem], or of every [[modem]]; at least one

	atlas analyzer.Atlas    // see useCells
	off   rules.SwitchedOff // of [analyzer] switched_off; nil: the one that is built in
}

// ModemConfig is what may stand under [modem], or for several modems under each [[modem]].
type ModemConfig struct {
	Port   string   `toml:"port"`   // device; default: all modems found
	USB    string   `toml:"usb"`    // or its stable USB identity, as vigie probe prints it
	Sensor string   `toml:"sensor"` // a name for this one; default: Config.Sensor, and where there are several the modem's place behind it
	Family string   `toml:"family"` // dialect; default: from what the modem says it is
	Fast   duration `toml:"fast"`   // between questions about the serving cell; default 1s
	Slow   duration `toml:"slow"`   // between questions about neighbours; default 5s

	CharPause    duration `toml:"char_pause"`    // between two characters, for a modem that loses some; default none
	CommandPause duration `toml:"command_pause"` // between an answer and the next command; default none
	Reauthorize  bool     `toml:"reauthorize"`   // a modem that stays silent may be taken off the USB bus and put back
}

// duration is a time.Duration written as "1s".
type duration time.Duration

// UnmarshalText reads "1s", "250ms", "5m".
func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err == nil && v <= 0 {
		err = errors.New("must be more than nothing")
	}
	*d = duration(v)
	if err != nil {
		return fmt.Errorf("%q is not a duration like \"1s\" or \"250ms\": %w", text, err)
	}
	return nil
}

// loadConfig reads the named file, or the first of the usual places that exists, or gives the defaults.
func loadConfig(named string, usual bool) (Config, error) {
	if named != "" {
		return readConfig(named)
	}
	if usual {
		for _, p := range usualConfigs() {
			if _, err := os.Stat(p); err == nil {
				return readConfig(p)
			}
		}
	}
	return withDefaults(Config{}), nil
}

func usualConfigs() []string {
	var ps []string
	if dir, err := os.UserConfigDir(); err == nil {
		ps = append(ps, filepath.Join(dir, "vigie", "vigie.toml"))
	}
	return append(ps, "/etc/vigie/vigie.toml")
}

func readConfig(path string) (Config, error) {
	var c Config
	text, err := os.ReadFile(path)
	if err != nil {
		return c, console.Usage(fmt.Errorf("configuration: %w", err), configHint(err))
	}
	var file struct {
		*Config
		Modem toml.Primitive `toml:"modem"`
	}
	file.Config = &c
	meta, err := toml.Decode(string(text), &file)
	if err == nil && meta.IsDefined("modem") {
		c.Modems, err = decodeModems(meta, file.Modem)
	}
	var bad toml.ParseError
	if errors.As(err, &bad) {
		return c, console.Usage(fmt.Errorf("%s:%d: %s", path, bad.Position.Line, bad.Message), "the file is TOML: key = value, texts in quotes, [sections] in brackets")
	}
	if err != nil {
		return c, console.Usage(fmt.Errorf("%s: %w", path, err), "see the table of keys in the README")
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		key := unknown[0]
		return c, console.Usage(fmt.Errorf("%s:%d: unknown key %q", path, lineOf(string(text), key), key.String()),
			"keys are: sensor, mode, store, language, passphrase_file; [modem] port, usb, sensor, family, fast, slow, char_pause, command_pause, reauthorize; [analyzer] alerts_per_month, switched_off; "+influxKeys+"; "+alertKeys+"; "+keepKeys+"; "+kitKeys+"; "+healthKeys+"; "+cellDBKeys)
	}
	switch c.Mode {
	case "", cell.Fixed, cell.Mobile:
	default:
		return c, console.Usage(fmt.Errorf("%s: mode is %q", path, c.Mode), `mode is "fixed" or "mobile"`)
	}
	switch c.Language {
	case "", "en", "fr":
	default:
		return c, console.Usage(fmt.Errorf("%s: language is %q", path, c.Language), `language is "en" or "fr"`)
	}
	if c.Analyzer.AlertsPerMonth < 0 {
		return c, console.Usage(fmt.Errorf("%s: alerts_per_month is %v", path, c.Analyzer.AlertsPerMonth), "it is how many false alarms a quiet month may bring: 4 is the default")
	}
	if c.Analyzer.SwitchedOff != "" {
		if c.off, err = readSwitchedOff(c.Analyzer.SwitchedOff); err != nil {
			return c, err
		}
	}
	if err := c.Keep.check(path); err != nil {
		return c, err
	}
	for _, path := range []*string{&c.Store, &c.PassphraseFile} {
		if *path != "" {
			*path = kong.ExpandPath(*path) // as the flags do: ~ is the home directory
		}
	}
	return withDefaults(c), nil
}

// decodeModems reads [modem], or every [[modem]].
func decodeModems(meta toml.MetaData, modem toml.Primitive) ([]ModemConfig, error) {
	if meta.Type("modem") == "Array" || meta.Type("modem") == "ArrayHash" {
		var several []ModemConfig
		err := meta.PrimitiveDecode(modem, &several)
		return several, err
	}
	one := make([]ModemConfig, 1)
	err := meta.PrimitiveDecode(modem, &one[0])
	return one, err
}

func configHint(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no such file; leave out --config to use the defaults"
	}
	return console.HintOf(err)
}

// lineOf finds the line on which a key stands; the decoder does not say.
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

func withDefaults(c Config) Config {
	if c.Sensor == "" {
		c.Sensor = "vigie"
	}
	if len(c.Modems) == 0 {
		c.Modems = make([]ModemConfig, 1)
	}
	c.Alert.Language = cmp.Or(c.Alert.Language, c.Language)
	for i := range c.Modems {
		m := &c.Modems[i]
		m.Fast = cmp.Or(m.Fast, duration(time.Second))
		m.Slow = cmp.Or(m.Slow, duration(5*time.Second))
	}
	if c.Store == "" {
		c.Store = defaultStore()
	}
	return c
}

// defaultStore is where a user's own store lives (XDG base directory specification).
func defaultStore() string {
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
