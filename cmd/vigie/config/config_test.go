package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

var update = flag.Bool("update", false, "rewrite docs/configuration.md")

func read(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v.toml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return Read(path)
}

func TestDefaults(t *testing.T) {
	c, err := read(t, "")
	require.NoError(t, err)
	require.Equal(t, "vigie", c.Sensor)
	require.Equal(t, []Modem{{Fast: Duration(time.Second), Slow: Duration(5 * time.Second)}}, c.Modem)
	require.Equal(t, Config{}.WithDefaults(), c)
	_, err = Load(filepath.Join(t.TempDir(), "none.toml"), true)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Contains(t, console.HintOf(err), "leave out --config")
}

func TestOneModemOrSeveral(t *testing.T) {
	one, err := read(t, "[modem]\nport = '/dev/a'\nslow = '9s'\n")
	require.NoError(t, err)
	require.Equal(t, []Modem{{Port: "/dev/a", Fast: Duration(time.Second), Slow: Duration(9 * time.Second)}}, one.Modem)
	two, err := read(t, "[[modem]]\nport = '/dev/a'\n[[modem]]\nusb = 'usb:x'\n")
	require.NoError(t, err)
	require.Len(t, two.Modem, 2)
	require.Equal(t, "usb:x", two.Modem[1].USB)
}

func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]storage.Retention{
		"":               {},
		`mode = "fixed"`: {FullRate: 90 * day},
		"mode = \"fixed\"\n[keep]\nfull_rate_days = 0\n":                                      {},
		"[keep]\nfull_rate_days = 7\nsummary_days = 730\nevent_days = 365\nsize = \"2 GB\"\n": {FullRate: 7 * day, Summaries: 730 * day, Events: 365 * day, Size: 2_000_000_000},
	} {
		c, err := read(t, text)
		require.NoError(t, err)
		require.Equal(t, want, c.Retention(), text)
	}
	require.Equal(t, cell.Mode(""), Config{}.WithDefaults().Mode, "watching decides")
}

// What cannot be is refused with its file and what to write instead.
func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"mode = \"still\"":                         `mode is "still"`,
		"language = \"de\"":                        `language is "de"`,
		"[analyzer]\nalerts_per_month = -1":        "alerts_per_month is -1",
		"[analyzer]\nswitched_off = \"/nowhere\"":  "switched_off",
		"[keep]\nsummary_days = -1":                "summary_days is -1",
		"[keep]\nsize = \"12\"":                    `"12" is not a size`,
		"[keep]\nsize = \"nanGB\"":                 "is not a size",
		"[modem]\nfast = \"0s\"":                   "is not a duration",
		"[battery]\nmost = 61":                     "most is 61",
		"[battery]\nlasts = \"8h\"":                "saving is not",
		"sensor = ":                                "v.toml:1",
		"[keep]\nfull_rate_days = 7\n[x]\ny = 1":   `v.toml:3: unknown key "x"`,
		"[[modem]]\nport = '/dev/a'\nprot = 'b'\n": `v.toml:3: unknown key "modem.prot"`,
	} {
		_, err := read(t, text)
		require.ErrorContains(t, err, want, text)
		require.NotEmpty(t, console.HintOf(err), text)
	}
}

// The hint of an unknown key names every key of every section.
func TestUnknownKeyListsKeys(t *testing.T) {
	_, err := read(t, "sensr = 'x'")
	hint := console.HintOf(err)
	for _, want := range []string{"sensor, mode, store, language, passphrase_file", "[modem] port, usb, sensor", "[keep] full_rate_days, summary_days, event_days, size", "[celldb] file", "[panic] enabled, file"} {
		require.Contains(t, hint, want)
	}
}

// Every key has a meaning, and docs/configuration.md is what the code says.
func TestGoldenReference(t *testing.T) {
	for _, s := range sections() {
		for _, k := range s.keys {
			require.NotEmpty(t, k.name, "%s: a key without a name", s.name)
			require.NotEmpty(t, k.help, "[%s] %s says nothing", s.name, k.name)
		}
	}
	const page = "../../../docs/configuration.md"
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(reference()), 0o644))
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, reference(), string(text), "make golden writes the page again")
	for _, link := range pages {
		require.FileExists(t, filepath.Join("../../../docs", link))
	}
	require.NotContains(t, strings.ReplaceAll(reference(), "| |", ""), "|  | ")
}
