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
		"[analyzer]\nalerts_per_day = -1":          "alerts_per_day is -1",
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

// All faults of a file are found, each with its line; an inline table, a dotted key and the second of two tables have theirs.
func TestEveryFaultHasItsLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.toml")
	require.NoError(t, os.WriteFile(path, []byte("keep.size = 3\nbattery = {most = 'x', saving = true}\ninflux = 7\n[[modem]]\nport = 'a'\n[[modem]]\n\nport = 4 # a number\n"), 0o600))
	_, f := Inspect(path)
	var got []string
	for _, fault := range f.Faults {
		require.NotEmpty(t, console.HintOf(fault))
		got = append(got, strings.TrimPrefix(fault.Error(), path))
	}
	require.Len(t, got, 4, "%q", got)
	for i, want := range []string{":1: keep.size: ", ":2: battery.most: ", ":3: influx is a section", ":8: modem.port: "} {
		require.True(t, strings.HasPrefix(got[i], want), "%q", got)
	}
	_, err := Read(path)
	require.ErrorContains(t, err, "(and 3 more faults: vigie config check lists them)")
}

// The example has every section and key, and each value that it shows can be read.
func TestExample(t *testing.T) {
	text := Example()
	c, err := read(t, text)
	require.NoError(t, err)
	require.Equal(t, Config{}.WithDefaults(), c, "as it is, the defaults")
	for _, l := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(l)), 100, l)
	}
	var all, saving []string
	in := ""
	for _, l := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(l, "["):
			in = l
			all = append(all, l)
		case strings.HasPrefix(l, "#") && !strings.HasPrefix(l, "# "):
			all = append(all, l[1:])
			if in == "[battery]" {
				saving = append(saving, l[1:])
			}
			if name, _, _ := strings.Cut(l[1:], " "); name != "switched_off" && name != "lasts" { // a file, and a key that needs another
				_, err := read(t, in+"\n"+l[1:]+"\n")
				require.NoError(t, err, l)
			}
		}
	}
	require.NotEmpty(t, saving)
	path := filepath.Join(t.TempDir(), "all.toml")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(all, "\n")), 0o600))
	_, f := Inspect(path)
	require.LessOrEqual(t, len(f.Faults), 1)
	for _, s := range sections() {
		for _, k := range s.keys {
			require.NotContains(t, k.example(s.name), `""`, "[%s] %s: give it a value in examples", s.name, k.name)
			require.Contains(t, strings.Join(all, "\n"), k.name+" = ")
		}
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
