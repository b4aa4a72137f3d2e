package config

import (
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// salvaged are what panic needs of a configuration.
var salvaged = []string{"store", "panic", "seal"}

// Salvage takes from a configuration that Load refuses what panic needs: the store, what is sealed, and [panic]. It takes every line
// by itself, so that an error in another line does no harm. unread are the keys among them that cannot be understood, and [panic] if it
// is there without a word on whether it is enabled. The error is that of reading the file.
func Salvage(named string) (c Config, unread []string, err error) {
	text, err := os.ReadFile(Find(named))
	if err != nil {
		return c, nil, err
	}
	section, silent := "", strings.Contains(strings.ToLower(string(text)), "panic") // until it is read
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		line = strings.TrimSpace(line)
		if head, ok := strings.CutPrefix(line, "["); ok {
			head, _, _ = strings.Cut(head, "]")
			section = strings.TrimSpace(head)
			continue
		}
		key, _, _ := strings.Cut(line, "=")
		if key = strings.Trim(strings.TrimSpace(key), `"'`); section != "" {
			key, line = section+"."+key, "["+section+"]\n"+line
		}
		if first, _, _ := strings.Cut(key, "."); strings.HasPrefix(key, "#") || !strings.Contains(line, "=") || !slices.Contains(salvaged, first) {
			continue
		}
		if key == "panic" || key == "panic.enabled" {
			silent = false
		}
		switch _, bad := toml.Decode(line, &c); {
		case bad == nil:
		case key == "seal.to": // a list of several lines: it is enough that something is sealed
			c.Seal.To = append(c.Seal.To, key)
		default:
			unread = append(unread, key)
		}
	}
	if silent {
		unread = append(unread, "panic")
	}
	if c.Store != "" {
		c.Store = kong.ExpandPath(c.Store)
	}
	return c.WithDefaults(), unread, nil
}
