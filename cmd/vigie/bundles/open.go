// Package bundles has what the commands do with a bundle that somebody sent: check it, open it on the review desk, answer it, import it.
// It refuses to use anything of a bundle before all of it has passed the check, and to leave what was sealed readable on a disk.
package bundles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"golang.org/x/mod/sumdb/note"

	"vigie/cmd/vigie/console"
	"vigie/review"
	"vigie/review/evidence"
	"vigie/safefile"
	"vigie/storage/transfer"
)

// OpenFlags say how a bundle is opened.
type OpenFlags struct {
	Key      []string `help:"File with the public key of somebody who should have signed the bundle. May be given several times." placeholder:"FILE" type:"path"`
	Identity string   `help:"File with the private key (age) that opens what was sealed, as age-keygen wrote it." placeholder:"FILE" type:"path"`
}

// verifiers are the keys of which one must have signed.
func (f OpenFlags) verifiers() (keys []note.Verifier, err error) {
	for _, name := range f.Key {
		text, err := ReadSmall(name)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		k, err := note.NewVerifier(strings.TrimSpace(string(text)))
		if err != nil {
			return nil, console.Usage(fmt.Errorf("key %s: %w", name, err), "the file holds the one line that vigie bundle --new-key printed")
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// OpenBundle checks a bundle and opens it; done closes it.
func (f OpenFlags) OpenBundle(ctx context.Context, path string) (b *review.Bundle, done func(), err error) {
	keys, err := f.verifiers()
	if err != nil {
		return nil, nil, err
	}
	r, size, done, err := f.open(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	if b, err = review.OpenBundle(ctx, r, size, keys...); err != nil {
		done()
		return nil, nil, notOpened(path, err)
	}
	return b, done, nil
}

// OpenBundles opens several bundles; done closes them.
func (f OpenFlags) OpenBundles(ctx context.Context, paths []string) (all []*review.Bundle, done func(), err error) {
	var closers []func()
	done = func() {
		for _, c := range closers {
			c()
		}
	}
	for _, path := range paths {
		b, closeOne, err := f.OpenBundle(ctx, path)
		if err == nil && b.Location != evidence.Exact {
			closeOne()
			err = console.Usage(fmt.Errorf("%s: its places were made coarse: cells and areas in it have numbers that hold for this bundle alone, and would pass for real ones in a store", path),
				"vigie review "+path+" opens it; ask its maker for one with --location exact")
		}
		if err != nil {
			done()
			return nil, nil, err
		}
		all, closers = append(all, b), append(closers, closeOne)
	}
	return all, done, nil
}

// notOpened adds to the error of a bundle which one it is, and what helps.
func notOpened(path string, err error) error {
	err = fmt.Errorf("%s: %w", path, err)
	switch {
	case errors.Is(err, review.ErrSealed):
		return console.Usage(err, "give the file with the age identity that it was sealed to: --identity FILE")
	case errors.Is(err, review.ErrNotWhole):
		return console.WithHint(err, "nothing of it was used; compare the SHA-256 of the manifest, and the key if you gave one, with those of its maker, and ask for another copy")
	}
	return console.WithHint(err, "a bundle is a zip file that vigie bundle or the review desk wrote; a sealed one needs --identity")
}

// mostSealed bounds what is opened in memory; a sealed bundle leaves nothing readable on the disk.
const mostSealed = 1 << 30

func (f OpenFlags) open(ctx context.Context, path string) (r io.ReaderAt, size int64, done func(), err error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() { // a pipe would be waited for
		err = console.Usage(fmt.Errorf("%s is not a file", path), "a bundle is one zip file")
	}
	if err != nil {
		return nil, 0, nil, err
	}
	file, err := safefile.Open(path)
	if err != nil {
		return nil, 0, nil, err
	}
	if f.Identity == "" || !isAge(file) {
		return file, info.Size(), func() { file.Close() }, nil
	}
	defer file.Close()
	ids, err := Identities(f.Identity)
	if err != nil {
		return nil, 0, nil, err
	}
	data, err := unsealed(ctx, file, ids)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return bytes.NewReader(data), int64(len(data)), func() {}, nil
}

// unsealed is what was sealed into a file.
func unsealed(ctx context.Context, file *os.File, ids []age.Identity) ([]byte, error) {
	var in io.Reader = file
	if isArmored(file) {
		in = armor.NewReader(file)
	}
	plain, err := transfer.OpenAge(in, ids...)
	if err != nil {
		return nil, console.WithHint(err, "it is sealed to somebody else, or not sealed at all")
	}
	defer context.AfterFunc(ctx, func() { file.Close() })() // ends the reading
	data, err := io.ReadAll(io.LimitReader(plain, mostSealed+1))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil && len(data) > mostSealed:
		return nil, errors.New("larger than 1 GiB")
	}
	return data, err
}

// Is reports whether a file is a zip archive, or sealed as bundles are, by its first bytes.
func Is(path string) (bool, error) {
	if path == "-" {
		return false, nil
	}
	file, err := safefile.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	return isAge(file) || begins(file, "PK\x03\x04") || begins(file, "PK\x05\x06"), nil
}

func isAge(file io.ReaderAt) bool     { return begins(file, "age-encryption.org/v1\n") || isArmored(file) }
func isArmored(file io.ReaderAt) bool { return begins(file, armor.Header) }

func begins(file io.ReaderAt, text string) bool {
	head := make([]byte, len(text))
	_, err := file.ReadAt(head, 0)
	return err == nil && string(head) == text
}

// Identities reads private keys as age-keygen writes them.
func Identities(path string) ([]age.Identity, error) {
	console.GuardMemory()
	key, err := safefile.Open(path)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	defer key.Close()
	ids, err := age.ParseIdentities(key)
	if err != nil {
		return nil, console.Usage(fmt.Errorf("identity %s: %w", path, err), "the file is what age-keygen wrote")
	}
	return ids, nil
}

// mostSmall is the longest key or timestamp that is read.
const mostSmall = 1 << 20

// ReadSmall reads a file that is small if it is what it should be.
func ReadSmall(name string) ([]byte, error) {
	f, err := safefile.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostSmall+1))
	if err == nil && len(text) > mostSmall {
		err = fmt.Errorf("%s is longer than 1 MiB", name)
	}
	return text, err
}
