package config

import (
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// salvaged are the keys that panic needs, by section.
var salvaged = map[string][]string{"": {"store"}, "panic": {"enabled", "file"}, "seal": {"to", "file"}}

// Salvage takes from a configuration that Load refuses what panic needs: the store, what is sealed, and [panic]. It takes every line
// by itself, so that an error in another line does no harm. sure is false where the file says something of panic that cannot be understood. The
// error is that of reading the file.
func Salvage(named string) (c Config, sure bool, err error) {
	text, err := os.ReadFile(Find(named))
	if err != nil {
		return c, false, err
	}
	section, enabled := "", false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if head, ok := strings.CutPrefix(line, "["); ok {
			head, _, _ = strings.Cut(head, "]")
			section = strings.TrimSpace(head)
			continue
		}
		key, _, _ := strings.Cut(line, "=")
		if key = strings.Trim(strings.TrimSpace(key), `"'`); !slices.Contains(salvaged[section], key) {
			continue
		}
		if section != "" {
			line = "[" + section + "]\n" + line
		}
		if _, bad := toml.Decode(line, &c); bad == nil && section == "panic" && key == "enabled" {
			enabled = true
		}
	}
	c.Store = kong.ExpandPath(c.Store)
	sure = enabled || !strings.Contains(strings.ToLower(string(text)), "panic")
	return c.WithDefaults(), sure, nil
}
