package config

import (
	"github.com/alecthomas/kong"

	"vigie/safefile"
)

// Secret is a file that holds a secret, and what it is: "passphrase", "token" (of InfluxDB), "alerts" (their addresses).
type Secret struct{ What, Path string }

// Secrets are the files of secrets that a configuration uses: of each kind the one that is named, else the credential.
func (f *StoreFlags) Secrets(c Config) (all []Secret) {
	of := func(named, credential string) string {
		if named != "" {
			return kong.ExpandPath(named)
		}
		path, _ := safefile.Credential(credential)
		return path
	}
	for _, s := range []Secret{
		{"passphrase", f.secretFile(c)},
		{"token", of(c.Influx.TokenFile, "influx-token")},
		{"alerts", of(c.Alert.ToFile, "alert-to")},
	} {
		if s.Path != "" {
			all = append(all, s)
		}
	}
	return all
}
