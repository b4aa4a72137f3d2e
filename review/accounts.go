package review

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/alexedwards/argon2id"

	"vigie/safefile"
)

// accounts are the users who may log in. Those of a file are read again when it changes: a password that is changed, and a user
// who is removed, count at once. While the file cannot be read, nobody is let in.
type accounts struct {
	path string // empty: users are as they were given
	log  *slog.Logger

	mu    sync.Mutex
	users []User
	read  os.FileInfo // of the file when it was read last; nil: it was not there
}

// openAccounts reads the file, if there is one.
func openAccounts(o Options, log *slog.Logger) (a *accounts, err error) {
	a = &accounts{path: o.PasswordFile, log: log, users: o.Users}
	if a.path != "" {
		a.read, _ = safefile.Stat(a.path)
		a.users, err = ReadUsers(a.path)
	}
	return a, err
}

// needed reports whether a login is needed at all.
func (a *accounts) needed() bool { return a.path != "" || len(a.users) > 0 }

// find is the user of a name now.
func (a *accounts) find(name string) (User, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refresh()
	for _, u := range a.users {
		if u.Name == name && name != "" {
			return u, true
		}
	}
	return User{}, false
}

func (a *accounts) refresh() {
	if a.path == "" {
		return
	}
	now, err := safefile.Stat(a.path)
	if err != nil {
		now = nil
	}
	if sameFile(a.read, now) {
		return
	}
	a.read = now
	if a.users, err = ReadUsers(a.path); err != nil {
		a.log.Error("nobody can log in", "err", err)
	}
}

// sameFile reports whether a file has not changed, as far as the system tells.
func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode()
}

// Bounds of a hash: what a try costs, far above what vigie review --set-password writes, and how short it may be.
const (
	mostMemory   = 256 << 10 // KiB
	mostPasses   = 16
	shortestHash = 16 // bytes; every password fits one of none
)

// affordable reports whether a hash is complete, and cheap enough to be compared on a small computer.
func affordable(p *argon2id.Params) bool {
	return p.Memory <= mostMemory && p.Iterations >= 1 && p.Iterations <= mostPasses && p.Parallelism >= 1 && p.KeyLength >= shortestHash
}

// ReadUsers reads a password file: one line for each user: name, role ("review" or "read") and hash, separated by spaces; lines
// that begin with # are comments.
func ReadUsers(path string) ([]User, error) {
	f, err := safefile.Open(path)
	if err != nil {
		return nil, fmt.Errorf("password file: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, &refusal{fmt.Sprintf("password file %s can be read by others", path), "chmod 600 " + path}
	}
	var users []User
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 3 || words[1] != string(Reader) && words[1] != string(Reviewer) {
			return nil, &refusal{fmt.Sprintf("%s:%d: not a user", path, n), "a line is: name, review or read, and a hash as vigie review --set-password writes it"}
		}
		cost, _, _, err := argon2id.DecodeHash(words[2])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if !affordable(cost) {
			return nil, &refusal{fmt.Sprintf("%s:%d: a hash of m=%d, t=%d, p=%d with %d bytes is not accepted", path, n, cost.Memory, cost.Iterations, cost.Parallelism, cost.KeyLength),
				fmt.Sprintf("at most m=%d and t=%d, at least %d bytes; vigie review --set-password NAME writes one that a small computer can afford", mostMemory, mostPasses, shortestHash)}
		}
		users = append(users, User{words[0], Role(words[1]), words[2]})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("password file: %w", err)
	}
	if len(users) == 0 {
		return nil, &refusal{fmt.Sprintf("password file %s names nobody", path), "vigie review --set-password NAME adds somebody"}
	}
	return users, nil
}

const mostAccounts = 1 << 20 // bytes of a password file

// WriteUser adds a user to a password file, in place of an older line of the same name.
func WriteUser(path string, u User) error {
	var keep []string
	var text []byte
	f, err := safefile.Open(path)
	if err == nil {
		defer f.Close()
		if text, err = io.ReadAll(io.LimitReader(f, mostAccounts+1)); len(text) > mostAccounts {
			err = fmt.Errorf("%s is longer than 1 MiB", path) // its owner may be another than who adds a user
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("password file: %w", err)
	}
	for l := range strings.Lines(string(text)) {
		if w := strings.Fields(l); len(w) > 0 && w[0] != u.Name {
			keep = append(keep, strings.TrimSpace(l))
		}
	}
	keep = append(keep, fmt.Sprintf("%s %s %s", u.Name, u.Role, u.Hash))
	if err := safefile.Replace(path, []byte(strings.Join(keep, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("password file: %w", err)
	}
	return nil
}
