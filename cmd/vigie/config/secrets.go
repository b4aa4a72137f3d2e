package config

import (
	"cmp"

	"github.com/alecthomas/kong"

	"vigie/safefile"
)

// Secret is a file that holds a secret, and what it is for.
type Secret struct{ What, Path string }

// Secrets are the files of secrets that a configuration uses: of each kind the one that is named, else the credential.
func (f *StoreFlags) Secrets(c Config) (all []Secret) {
	credential := func(name string) string { path, _ := safefile.Credential(name); return path }
	for _, s := range []Secret{
		{"passphrase", f.secretFile(c)},
		{"token of InfluxDB", cmp.Or(kong.ExpandPath(c.Influx.TokenFile), credential("influx-token"))},
		{"addresses of alerts", cmp.Or(kong.ExpandPath(c.Alert.ToFile), credential("alert-to"))},
	} {
		if s.Path != "" {
			all = append(all, s)
		}
	}
	return all
}
