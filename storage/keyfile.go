package storage

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// A store that is protected by a passphrase has a random key, which the file PATH-key holds, sealed by the passphrase:
//
//	vigie-key 1
//	argon2id PASSES KIB THREADS SALT     how the passphrase becomes a key (RFC 9106); the salt in hexadecimal
//	sealed NONCE+CIPHERTEXT              the key of the store under AES-256-GCM, in hexadecimal
//
// So each store has its own salt, the passphrase can change without rewriting the store, a wrong passphrase is distinguished
// from a damaged store, and destroying this small file destroys the store.
const keyFileForm = "vigie-key 1\nargon2id %d %d %d %s\nsealed %s\n"

// The second recommended parameters of RFC 9106 clause 4: 64 MiB, which a Pi Zero can spare while it starts. A key file that asks for
// more than argonMost times that work, or that memory, is refused before any work: it may come from a stranger.
const (
	argonPasses  = 3
	argonKiB     = 64 << 10
	argonThreads = 4
	argonMost    = 8
	mostKeyFile  = 4 << 10 // bytes
)

func keyFile(path string) string { return path + "-key" }

// newKey returns the key for a store to be created; nil for a plain one. With a passphrase it writes the key file, or uses the
// one that an interrupted start left.
func newKey(path string, o Options) ([]byte, error) {
	if o.Passphrase == "" {
		if _, err := os.Stat(keyFile(path)); err == nil {
			return nil, fmt.Errorf("%w: %s belongs to an encrypted store that is not there; put the store back or move the key file away", ErrKey, keyFile(path))
		}
		if len(o.Key) == 0 {
			return nil, nil
		}
		return o.Key, nil
	}
	if key, err := readKey(path, o.Passphrase); !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key := make([]byte, 32)
	rand.Read(key)
	return key, writeKey(path, key, o.Passphrase)
}

// writeKey puts a key file in its place, at once: the key of a store, sealed by a passphrase.
func writeKey(path string, key []byte, passphrase string) error {
	salt, nonce := make([]byte, 16), make([]byte, 12)
	rand.Read(salt)
	rand.Read(nonce)
	gcm, err := sealer(forms(passphrase)[0], salt, argonPasses, argonKiB, argonThreads)
	if err != nil {
		return err
	}
	sealed := gcm.Seal(nonce, nonce, key, nil)
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = fmt.Fprintf(f, keyFileForm, argonPasses, argonKiB, argonThreads, hex.EncodeToString(salt), hex.EncodeToString(sealed))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), keyFile(path)); err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

// unlock returns the key of an existing store; nil for a plain one.
func unlock(path string, o Options, plain bool) ([]byte, error) {
	_, err := os.Stat(keyFile(path))
	sealed := err == nil
	switch given := len(o.Key) != 0 || o.Passphrase != ""; {
	case plain && given:
		return nil, fmt.Errorf("%w: the store is not encrypted; open it without", ErrKey)
	case plain:
		return nil, nil
	case !given && sealed:
		return nil, fmt.Errorf("%w: the store is encrypted; it needs its passphrase", ErrKey)
	case !given:
		return nil, fmt.Errorf("%w: not a database, or an encrypted store (give its key), or the beginning of the file was overwritten", ErrForeign)
	case o.Passphrase == "":
		return o.Key, nil
	case !sealed:
		return nil, fmt.Errorf("%w: the key file %s is missing, without which the passphrase opens nothing", ErrKey, keyFile(path))
	}
	return readKey(path, o.Passphrase)
}

// readKeyFile reads the key file of a store.
func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(keyFile(path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostKeyFile+1))
	if err == nil && len(text) > mostKeyFile {
		err = fmt.Errorf("%w: the key file %s is longer than any", ErrDamaged, keyFile(path))
	}
	return text, err
}

func readKey(path, passphrase string) ([]byte, error) {
	text, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	var passes, kib, threads uint32
	var saltHex, sealedHex string
	_, err = fmt.Sscanf(string(text), keyFileForm, &passes, &kib, &threads, &saltHex, &sealedHex)
	salt, err1 := hex.DecodeString(saltHex)
	sealed, err2 := hex.DecodeString(sealedHex)
	if err := errors.Join(err, err1, err2); err != nil || len(sealed) < 12 || passes == 0 || threads-1 > 63 {
		return nil, fmt.Errorf("%w: the key file %s cannot be read", ErrDamaged, keyFile(path))
	}
	if uint64(passes)*uint64(kib) > argonMost*argonPasses*argonKiB || kib > argonMost*argonKiB {
		return nil, fmt.Errorf("%w: the key file %s asks for %d passes over %d MiB of memory, and Vigie makes such files with %d over %d; the passphrase was not tried",
			ErrKey, keyFile(path), passes, kib>>10, argonPasses, argonKiB>>10)
	}
	for _, form := range forms(passphrase) {
		gcm, err := sealer(form, salt, passes, kib, uint8(threads))
		if err != nil {
			return nil, err
		}
		if key, err := gcm.Open(nil, sealed[:12], sealed[12:], nil); err == nil && len(key) == 32 {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%w: the passphrase does not open this store", ErrKey)
}

// forms are the forms of a passphrase to try. The first one is the same whatever editor, keyboard or system it comes from: in
// NFC (Unicode Standard Annex 15), without a byte order mark. Older stores have the passphrase as it was given.
func forms(passphrase string) []string {
	normal := norm.NFC.String(strings.TrimPrefix(passphrase, "\ufeff"))
	if normal == passphrase {
		return []string{normal}
	}
	return []string{normal, passphrase}
}

func sealer(passphrase string, salt []byte, passes, kib uint32, threads uint8) (cipher.AEAD, error) {
	block, err := aes.NewCipher(argon2.IDKey([]byte(passphrase), salt, passes, kib, threads, 32))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
