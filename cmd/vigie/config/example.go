package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"vigie/cmd/vigie/console"
)

// examples are values for keys whose help and default give none.
var examples = map[string]string{
	"passphrase_file":       `"/etc/vigie/passphrase"`,
	"store":                 `"/var/lib/vigie/vigie.db"`,
	"modem.usb":             `"usb:2c7c:0125:1-1.2:02"`,
	"modem.sensor":          `"roof-1"`,
	"modem.family":          `"quectel"`,
	"modem.char_pause":      `"2ms"`,
	"modem.command_pause":   `"50ms"`,
	"analyzer.switched_off": `"/etc/vigie/switched-off.txt"`,
	"keep.full_rate_days":   `90`,
	"influx.bucket":         `"vigie"`,
	"influx.org":            `"home"`,
	"influx.token_file":     `"/etc/vigie/influx-token"`,
	"influx.ca_file":        `"/etc/vigie/influx-ca.pem"`,
	"alert.to_file":         `"/etc/vigie/alert-to"`,
	"alert.tell":            `["events", "blind", "health"]`,
	"alert.repeat":          `"1h"`,
	"alert.led":             `"ACT"`,
	"glance.host":           `["kit.local"]`,
	"glance.password_file":  `"/etc/vigie/users"`,
	"seal.to":               `["age1..."]`,
	"seal.file":             `"/var/lib/vigie/vigie.sealed"`,
	"panic.file":            `"/run/vigie/panic"`,
	"heartbeat.url_file":    `"/etc/vigie/heartbeat-url"`,
	"celldb.file":           `"/var/lib/vigie/cells.vigie"`,
}

var quoted = regexp.MustCompile(`such as ("[^"]+")|^(?:[^"]*[:,] )?("[^"]+")`)

// example is a value for a key, as it is written in the file.
func (k key) example(section string) string {
	name := strings.TrimPrefix(section+"."+k.name, ".")
	if v := examples[name]; v != "" {
		return v
	}
	if m := quoted.FindStringSubmatch(k.help); m != nil {
		if k.kind.Kind() == reflect.Slice {
			return "[" + m[1] + m[2] + "]"
		}
		return m[1] + m[2]
	}
	switch k.kind {
	case reflect.TypeFor[Duration]():
		if _, err := time.ParseDuration(k.usual); err == nil {
			return strconv.Quote(k.usual)
		}
		return `"10m"`
	case reflect.TypeFor[Size]():
		return `"2GB"`
	}
	switch k.kind.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(k.usual != "true")
	case reflect.Int, reflect.Int64, reflect.Float64:
		if _, err := strconv.ParseFloat(k.usual, 64); err == nil {
			return k.usual
		}
		return "1"
	case reflect.Slice:
		return `["..."]`
	}
	return strconv.Quote(k.usual)
}

// Example is a configuration file with every section and key, made from the code. Every key is behind a #, so that the file as it
// is means the defaults.
func Example() string {
	var b strings.Builder
	b.WriteString(`# The configuration of Vigie: every section and key, with its meaning, its default and an example.
# Every key has a default. To set one, remove the # before it. "vigie config check" checks the file.
# It is ~/.config/vigie/vigie.toml, else /etc/vigie/vigie.toml, or what --config names.
`)
	for _, s := range sections() {
		if s.name != "" {
			fmt.Fprintf(&b, "\n[%s]\n", s.name)
		}
		if s.name == "modem" {
			b.WriteString("# For several modems, a section [[modem]] for each.\n")
		}
		for _, k := range s.keys {
			text := k.help
			if k.usual != "" {
				text += "; default: " + k.usual
			}
			fmt.Fprintf(&b, "\n# %s\n#%s = %s\n", console.Wrap(console.Capitalise(text), 98, "# "), k.name, k.example(s.name))
		}
	}
	return b.String()
}
