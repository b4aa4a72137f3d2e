package config

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigie/air"
	"vigie/cmd/vigie/console"
	"vigie/modem/at"
	"vigie/safefile"
	"vigie/storage"
	"vigie/words"
)

// Cleaner removes what the AT session removes from what a modem prints: from what is put into a store, from what is read, and from files,
// names of sensors included.
var Cleaner = storage.Cleaner{Text: at.Scrub, Lines: at.ScrubLines, Payload: air.Scrubbed, Names: true}

// StoreFlags choose the store. The passphrase comes from a file or a systemd credential, never from an argument.
type StoreFlags struct {
	Store          string `help:"The store: one file that holds records, events and what was learned; :memory: keeps all in memory and nothing on disk. Default: ~/.local/share/vigie/vigie.db, or what the configuration says." placeholder:"DB" type:"path"`
	PassphraseFile string `help:"File whose first line encrypts the store at rest." placeholder:"FILE" type:"path" env:"VIGIE_PASSPHRASE_FILE"`
	AskPassphrase  bool   `help:"Ask for the passphrase when starting."`

	asked *string // the answer
}

// InMemory reports whether the store is in memory and nothing is kept on disk. The command line made a path of the name.
func (f *StoreFlags) InMemory(c Config) bool {
	return filepath.Base(f.Path(c)) == InMemory
}

// Passphrase is the secret of the store; "" when it has none.
func (f *StoreFlags) Passphrase(c Config) (string, error) {
	if !f.AskPassphrase {
		return ReadPassphrase(f.secretFile(c))
	}
	if f.asked != nil {
		return *f.asked, nil
	}
	var secret string
	_, err := os.Stat(f.Path(c))
	if err == nil {
		secret, err = console.AskSecret(os.Stdin, os.Stderr, "passphrase of the store")
	} else {
		secret, err = console.AskNewSecret(os.Stdin, os.Stderr, "passphrase of the store", "again, since the store will be new")
	}
	if err == nil && secret == "" {
		err = console.Usage(errors.New("no passphrase was given"), "type the passphrase that the store was made with, or a new one for a new store")
	}
	f.asked = &secret
	if err != nil && console.HintOf(err) == "" {
		err = console.WithHint(err, "give the passphrase on standard input, or name its file with --passphrase-file")
	}
	return secret, err
}

// Path is the store to use: the flag, else the configuration.
func (f *StoreFlags) Path(c Config) string {
	if f.Store != "" {
		return f.Store
	}
	return c.Store
}

// Open opens the store, and makes it where create allows.
func (f *StoreFlags) Open(ctx context.Context, c Config, o storage.Options) (*storage.Store, error) {
	path := f.Path(c)
	o.Clean = Cleaner
	o.Clean.Names = false // the configuration chooses them
	if o.Memory = o.Memory || f.InMemory(c); o.Memory {
		return storage.Open(ctx, "", o)
	}
	secret, err := f.Passphrase(c)
	if err != nil {
		return nil, err
	}
	o.Passphrase = secret
	if err := Become(path); err != nil {
		return nil, err
	}
	if o.Create {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("store %s: %w", path, err)
		}
	}
	began := time.Now()
	s, err := storage.Open(ctx, path, o)
	switch {
	case err == nil:
		console.Detail(ctx, "store %s: opened for %s, %s, in %s", path, map[bool]string{true: "reading", false: "writing"}[o.ReadOnly],
			map[bool]string{true: "encrypted", false: "not encrypted"}[secret != ""], time.Since(began).Round(time.Millisecond))
		return s, nil
	case words.Hint(err) != "":
		return nil, err
	case errors.Is(err, fs.ErrPermission):
		return nil, console.WithHint(err, "run vigie with sudo, or as the user who owns the store: ls -l shows who")
	case errors.Is(err, storage.ErrNotFound):
		return nil, console.WithHint(err, `nothing was watched into it yet: "vigie watch" or "vigie replay --store" makes it, or name another with --store`)
	case errors.Is(err, storage.ErrKey):
		return nil, console.WithHint(err, "name the file that holds its passphrase with --passphrase-file; without the passphrase nobody can read it")
	case errors.Is(err, storage.ErrLocked):
		return nil, console.WithHint(err, "stop the other vigie first, or read it meanwhile with vigie events")
	case errors.Is(err, storage.ErrDamaged):
		return nil, console.WithHint(err, "keep the file as it is, it is evidence; a copy may still be read with: vigie export --store COPY -")
	case o.ReadOnly && errors.Is(err, storage.ErrReadOnly): // to read needs no leave to write, unless the schema is an older one
		return nil, console.WithHint(err, "this adds tables and nothing else: vigie import --store DB /dev/null; an older Vigie does not open it any more then")
	case errors.Is(err, storage.ErrForeign):
		return nil, console.WithHint(err, "name a file that vigie made, or a path where nothing is yet")
	}
	return nil, err
}

// Become gives up root's rights for those of who owns the directory of a store or of what is sealed.
func Become(path string) error {
	err := safefile.Become(path)
	if err != nil {
		err = console.WithHint(fmt.Errorf("%s: %w", path, err), "run vigie as the user who owns its directory; stores of several users are opened one at a time")
	}
	return err
}

// longestPassphrase bounds what is read of a file that may have no line end, in bytes.
const longestPassphrase = 4 << 10

// secretFile is the file of the passphrase: that which is named, else the credential. Root's credential, which is the service's, is
// for an encrypted store, and for the one of the configuration where it is made.
func (f *StoreFlags) secretFile(c Config) string {
	if name := cmp.Or(f.PassphraseFile, c.PassphraseFile); name != "" {
		return name
	}
	name, system := safefile.Credential("passphrase")
	if !system {
		return name
	}
	path := f.Path(c)
	_, unencrypted := safefile.Stat(path + "-key")
	_, missing := safefile.Stat(path)
	if unencrypted == nil || missing != nil && path == c.Store {
		return name
	}
	return ""
}

// ReadPassphrase reads the first line of a file; without a name there is none.
func ReadPassphrase(name string) (string, error) {
	if name != "" {
		console.GuardMemory()
		f, err := safefile.Open(name)
		if err != nil {
			err = fmt.Errorf("passphrase: %w", err)
			if errors.Is(err, fs.ErrNotExist) {
				err = console.WithHint(err, "make that file, readable for you alone (chmod 600), with the passphrase on its first line")
			}
			return "", err
		}
		defer f.Close()
		text, err := bufio.NewReader(io.LimitReader(f, longestPassphrase+1)).ReadString('\n')
		if len(text) > longestPassphrase {
			return "", console.Usage(fmt.Errorf("passphrase: the first line of %s is longer than %d bytes", name, longestPassphrase), "name a file whose first line is the passphrase")
		}
		if text = strings.TrimRight(text, "\r\n"); text == "" {
			return "", console.Usage(fmt.Errorf("passphrase: the first line of %s is empty", name), "write the passphrase on its first line, and make the file readable for you alone (chmod 600)")
		}
		_ = err // a last line without an end is a line
		if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") || strings.ContainsRune(text, 0) {
			return "", console.Usage(fmt.Errorf("passphrase: %s is in UTF-16", name), "save it as UTF-8, which every editor offers: the passphrase is the same then")
		}
		return text, nil
	}
	return "", nil
}

// SealTo is the file that is sealed to.
func (f *StoreFlags) SealTo(c Config) string {
	if c.Seal.File != "" {
		return c.Seal.File
	}
	path := f.Path(c)
	if f.InMemory(c) {
		path = filepath.Join(filepath.Dir(DefaultStore()), "vigie.db")
	}
	return strings.TrimSuffix(path, ".db") + ".sealed"
}
