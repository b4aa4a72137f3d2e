package bundles

import (
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
)

// SignFlags say who signs what is written, and who alone can open it.
type SignFlags struct {
	SignKey string   `help:"File of the key to sign with, made by vigie bundle --new-key. One key links all that it signed; a signature proves no time." placeholder:"FILE" type:"path"`
	SealTo  []string `help:"Seal it to this age recipient (age1...): only who holds the key can open it. May be given several times." placeholder:"RECIPIENT"`
}

// Signing is what SignFlags name. The zero Signing neither signs nor seals.
type Signing struct {
	Signer note.Signer // nil: not signed
	To     []age.Recipient
}

// Signing reads the keys.
func (f SignFlags) Signing() (s Signing, err error) {
	if f.SignKey != "" {
		console.GuardMemory()
		text, err := ReadSmall(f.SignKey)
		if err != nil {
			return s, fmt.Errorf("signing key: %w", err)
		}
		if s.Signer, err = note.NewSigner(strings.TrimSpace(string(text))); err != nil {
			return s, console.WithHint(fmt.Errorf("signing key %s: %w", f.SignKey, err), "vigie bundle --new-key NAME FILE makes one")
		}
	}
	s.To, err = config.Recipients(f.SealTo)
	return s, err
}

// Seal encrypts what is written to w, where there are recipients. The caller closes it.
func (s Signing) Seal(w io.Writer) (io.WriteCloser, error) {
	if len(s.To) == 0 {
		return plain{w}, nil
	}
	return age.Encrypt(w, s.To...)
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }
