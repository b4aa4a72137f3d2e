package config

import (
	"fmt"
	"strings"
)

// pages are where a section is explained at length.
var pages = map[string]string{"keep": "keeping.md", "influx": "influxdb.md", "alert": "alerts.md", "health": "health.md",
	"position": "mobile-kit.md", "glance": "mobile-kit.md", "seal": "mobile-kit.md", "panic": "mobile-kit.md", "battery": "mobile-kit.md", "celldb": "celldb.md", "backup": "keeping.md", "heartbeat": "health.md"}

// reference is docs/configuration.md: every section and key with its default, in Markdown.
func reference() string {
	var b strings.Builder
	b.WriteString(`# Configuration

Configuration is optional: every key has a default, and the command line wins over the file. Vigie reads the file that
` + "`--config`" + ` names, else ` + "`~/.config/vigie/vigie.toml`, else `/etc/vigie/vigie.toml`" + `. The file is [TOML](https://toml.io). A key that
Vigie does not know is refused with its line.

This page is made from the code: ` + "`make golden`" + ` writes it, and a test compares it.
`)
	for _, s := range sections() {
		switch {
		case s.name == "":
			b.WriteString("\n## At the top of the file\n\n")
		case s.name == "modem":
			b.WriteString("\n## `[modem]`, or for several modems each `[[modem]]`\n\n")
		default:
			fmt.Fprintf(&b, "\n## `[%s]`\n\n", s.name)
		}
		if page := pages[s.name]; page != "" {
			fmt.Fprintf(&b, "[%s](%s) explains it.\n\n", strings.TrimSuffix(page, ".md"), page)
		}
		b.WriteString("| key | meaning | default |\n| --- | --- | --- |\n")
		for _, k := range s.keys {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.name, k.help, k.usual)
		}
	}
	return b.String()
}
