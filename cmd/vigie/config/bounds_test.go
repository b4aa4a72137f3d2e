package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cmd/vigie/console"
)

// Every number that the configuration can hold has bounds, in both directions, that can be read; its default is within them.
func TestEveryNumberHasBounds(t *testing.T) {
	numbers := 0
	var walk func(t reflect.Type)
	walk = func(of reflect.Type) {
		for f := range of.Fields() {
			ft := f.Type
			if ft.Kind() == reflect.Slice || ft.Kind() == reflect.Pointer {
				ft = ft.Elem()
			}
			switch {
			case !f.IsExported():
			case ft.Kind() == reflect.Struct:
				walk(ft)
			case ft == reflect.TypeFor[Size](): // checks itself
			case ft.Kind() >= reflect.Int && ft.Kind() <= reflect.Float64:
				numbers++
				least, most, ok := strings.Cut(f.Tag.Get("bounds"), " to ")
				require.True(t, ok, "%s has no bounds", f.Tag.Get("toml"))
				v := reflect.New(ft).Elem()
				require.Less(t, bound(v, least), bound(v, most))
			}
		}
	}
	walk(reflect.TypeFor[Config]())
	require.GreaterOrEqual(t, numbers, 15)
	c := Config{}.WithDefaults()
	var f File
	c.checkBounds(&f)
	require.Empty(t, f.Faults)
}

// A number out of its bounds is refused, with its key and what it may be.
func TestNumbersOutOfBounds(t *testing.T) {
	for text, says := range map[string]string{
		"[analyzer]\nalerts_per_month = inf":           "[analyzer] alerts_per_month is +Inf",
		"[analyzer]\nalerts_per_month = -inf":          "alerts_per_month is -Inf",
		"[analyzer]\nalerts_per_month = nan":           "alerts_per_month is NaN",
		"[analyzer]\nalerts_per_month = 1e308":         "alerts_per_month is 1e+308",
		"[analyzer]\nalerts_per_month = 1e-9":          "alerts_per_month is 1e-09",
		"[modem]\nfast = \"2h\"":                       "[modem] fast is 2h0m0s",
		"[[modem]]\n[[modem]]\nslow = \"1ns\"":         "[modem] slow is 1ns",
		"[modem]\nchar_pause = \"1m\"":                 "char_pause is 1m0s",
		"[modem]\ncommand_pause = \"1h\"":              "command_pause is 1h0m0s",
		"[keep]\nfull_rate_days = -1":                  "[keep] full_rate_days is -1",
		"[keep]\nevent_days = 99999999":                "event_days is 99999999",
		"[alert]\nper_hour = -1":                       "[alert] per_hour is -1",
		"[alert]\nrepeat_times = 100000":               "repeat_times is 100000",
		"[alert]\nblind_after = \"1s\"":                "blind_after is 1s",
		"[alert]\nrepeat = \"9000h\"":                  "repeat is 9000h0m0s",
		"[seal]\nevery = \"9000h\"":                    "[seal] every is 9000h0m0s",
		"[battery]\nmost = 0x7fffffff":                 "most is 2147483647",
		"[battery]\nsaving = true\nlasts = \"99999h\"": "lasts is 99999h0m0s",
	} {
		path := filepath.Join(t.TempDir(), "v.toml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := Read(path)
		require.ErrorContains(t, err, says)
		require.Contains(t, console.HintOf(err), "it is from ")
	}
}
