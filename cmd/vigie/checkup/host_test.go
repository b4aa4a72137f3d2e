package checkup

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
	writeFile := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	db, secret, wrong := filepath.Join(dir, "s.db"), writeFile("secret", "four words\n"), writeFile("wrong", "five words\n")
	s, err := storage.Open(t.Context(), db, storage.Options{Create: true, Passphrase: "four words"})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	open := writeFile("to", "ntfy://ntfy.example.org/T0PIC\n") // others may read it
	require.NoError(t, os.Chmod(open, 0o644))
	look := func(passphrase, to string) (string, error) {
		var out bytes.Buffer
		path := writeFile("v.toml", "[influx]\nurl = \"https://influx.example.org\"\nbucket = \"b\"\n[alert]\nto_file = \""+to+"\"\n")
		checks := &console.Checks{Out: console.New(&out, "never")}
		Host(t.Context(), checks, path, &config.StoreFlags{Store: db, PassphraseFile: passphrase})
		return out.String(), checks.Err()
	}
	text, err := look(wrong, open)
	require.ErrorIs(t, err, console.ErrCheck)
	require.Regexp(t, `(?m)^BAD   store `, text)
	require.Regexp(t, `(?s)BAD   alerts .*mode\s+644`, text)
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
