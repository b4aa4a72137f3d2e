package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// Without a modem too the doctor checks everything else; one thing that is wrong hides no other.
func TestDoctorLooksAtTheHost(t *testing.T) {
	dir := t.TempDir()
	db, secret, wrong := filepath.Join(dir, "s.db"), writeFile(t, dir, "secret", "four words\n"), writeFile(t, dir, "wrong", "five words\n")
	s, err := storage.Open(t.Context(), db, storage.Options{Create: true, Passphrase: "four words"})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	open := writeFile(t, dir, "to", "ntfy://ntfy.example.org/T0PIC\n") // others may read it
	require.NoError(t, os.Chmod(open, 0o644))
	look := func(passphrase, to string) (string, error) {
		var out bytes.Buffer
		path := writeFile(t, dir, "v.toml", "[influx]\nurl = \"https://influx.example.org\"\nbucket = \"b\"\n[alert]\nto_file = \""+to+"\"\n")
		conf, err := config.Read(path)
		require.NoError(t, err)
		p := &console.Program{ConfigFile: path, Out: console.New(&out, "never"), Err: console.New(&out, "never")}
		c := DoctorCmd{StoreFlags: config.StoreFlags{Store: db, PassphraseFile: passphrase}}
		err = c.host(t.Context(), p, conf)
		return out.String(), err
	}
	text, err := look(wrong, open)
	require.ErrorIs(t, err, console.ErrCheck)
	require.Regexp(t, `(?m)^BAD   store `, text)
	require.Regexp(t, `(?s)BAD   alerts .*mode 644`, text)
	require.Regexp(t, `(?m)^ok    configuration +`+dir, text)
	require.Regexp(t, `(?m)^(ok|note)  +clock `, text)
	require.Regexp(t, `(?m)^note  InfluxDB `, text)
	require.NotContains(t, text, "T0PIC")

	require.NoError(t, os.Chmod(open, 0o600))
	text, err = look(secret, open)
	require.NotContains(t, text, "BAD", "%v", err)
	require.Regexp(t, `(?s)ok    store  .* encrypted`, text)
	require.Regexp(t, `(?m)^note  alerts  +1 destination`, text)
	require.NoError(t, err)
}
