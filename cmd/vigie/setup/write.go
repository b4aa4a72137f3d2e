package setup

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/argon2"

	"vigie/cmd/vigie/console"
	"vigie/safefile"
)

// undoFile remembers what setup wrote, so that it can be taken back.
const undoFile = "/etc/vigie/setup-undo.json"

// keptBefore is the suffix of what was in the place of a file of setup.
const keptBefore = ".before-vigie"

// done is what setup has written.
type done struct {
	Files []written `json:"files"`
	Dirs  []string  `json:"dirs"` // that were made, each after the one it is in
}

// written is a file that setup wrote: its content then, and whether another was there before, which is kept next to it.
type written struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256,omitempty"` // of what is no secret
	Salted string `json:"salted,omitempty"` // of a secret: salt and Argon2id of it, in hexadecimal: a bare hash could be guessed
	Before bool   `json:"before"`
}

func (d *done) find(path string) int {
	return slices.IndexFunc(d.Files, func(w written) bool { return w.Path == path })
}

// stale are the files of an earlier setup that are no longer wanted.
func (d *done) stale(files []file) (all []written) {
	for _, w := range d.Files {
		if !slices.ContainsFunc(files, func(f file) bool { return f.path == w.Path }) {
			all = append(all, w)
		}
	}
	return all
}

// done reads what setup has written so far.
func (c *Cmd) done() (d done, err error) {
	text, err := c.read(undoFile)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", undoFile, err)
	}
	return d, err
}

// save stores what setup has written, or removes the record when nothing is left.
func (c *Cmd) save(d done) error {
	name := c.at(undoFile)
	if len(d.Files) == 0 {
		if err := c.dir.Remove(name); !errors.Is(err, fs.ErrNotExist) && err != nil {
			return err
		}
		for _, dir := range slices.Backward(d.Dirs) {
			_ = c.dir.Remove(c.at(dir)) // only where nothing else is in it by now
		}
		return nil
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return safefile.ReplaceIn(c.dir, name, text, 0o600)
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// note notes the content of a file.
func (w *written) note(f file) {
	w.SHA256, w.Salted = "", ""
	if !f.secret {
		w.SHA256 = sumOf([]byte(f.text))
		return
	}
	salt := make([]byte, 16)
	rand.Read(salt)
	w.Salted = hex.EncodeToString(salt) + " " + salted([]byte(f.text), salt)
}

// salted is slow on purpose: the first recommended parameters of RFC 9106 that a small computer can bear.
func salted(text, salt []byte) string {
	return hex.EncodeToString(argon2.IDKey(text, salt, 3, 64<<10, 4, 32))
}

// is reports whether a file still has the content that was noted.
func (w *written) is(text []byte) bool {
	if w.Salted == "" {
		return sumOf(text) == w.SHA256
	}
	of, sum, _ := strings.Cut(w.Salted, " ")
	salt, err := hex.DecodeString(of)
	return err == nil && salted(text, salt) == sum
}

// state is what is in the place of a file, as a key of words/setup.json. One that somebody has changed since setup wrote it is an
// error.
func (c *Cmd) state(f file, done done) (string, error) {
	old, err := c.read(f.path)
	i := done.find(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "new", nil
	case err != nil:
		return "", err
	case string(old) == f.text:
		return "the same as what is there", nil
	case i < 0:
		return "in place of what is there, which is kept next to it", nil
	case done.Files[i].is(old):
		return "in place of what setup wrote before", nil
	}
	return "", console.Usage(fmt.Errorf("%s was changed since setup wrote it", f.path), "move it away; what is in its place then is new")
}

// write puts the files in their places, and takes back those of an earlier setup that are no longer wanted. What it did is noted
// before it is done: whatever happens, it can be taken back.
func (c *Cmd) write(p *console.Program, files []file, done done) error {
	if c.dir == nil {
		if err := os.MkdirAll(c.Root, 0o755); err != nil {
			return err
		}
		if err := c.open(); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := c.makeDir(filepath.Dir(f.path), f.secret, &done); err != nil {
			return err
		}
		name := c.at(f.path)
		i := done.find(f.path)
		if i < 0 {
			w := written{Path: f.path}
			if _, err := c.dir.Lstat(name); err == nil {
				w.Before = true
			}
			i, done.Files = len(done.Files), append(done.Files, w)
		}
		done.Files[i].note(f)
		if err := c.makeDir(filepath.Dir(undoFile), false, &done); err != nil {
			return err
		}
		if err := c.save(done); err != nil {
			return err
		}
		if done.Files[i].Before {
			if _, err := c.dir.Lstat(name + keptBefore); errors.Is(err, fs.ErrNotExist) {
				if err := c.dir.Rename(name, name+keptBefore); err != nil {
					return err
				}
			}
		}
		if err := safefile.ReplaceIn(c.dir, name, []byte(f.text), f.mode()); err != nil {
			return err
		}
	}
	return c.takeBack(p, done.stale(files), done)
}

// makeDir makes a directory, and notes which were not there.
func (c *Cmd) makeDir(dir string, secret bool, done *done) error {
	var missing []string
	for d := dir; d != "/" && d != "."; d = filepath.Dir(d) {
		if c.has(d) {
			break
		}
		missing = append(missing, d)
	}
	for _, d := range slices.Backward(missing) {
		mode := os.FileMode(0o755)
		if secret && strings.HasSuffix(d, "/credstore") {
			mode = 0o700
		}
		if err := c.dir.Mkdir(c.at(d), mode); err != nil {
			return err
		}
		done.Dirs = append(done.Dirs, d)
	}
	return nil
}

func (c *Cmd) undo(p *console.Program) error {
	done, err := c.done()
	if err == nil && len(done.Files) == 0 {
		return console.Usage(errors.New("setup has written nothing here"), "it remembers what it wrote in "+undoFile)
	}
	if err != nil {
		return err
	}
	return c.takeBack(p, done.Files, done)
}

// takeBack removes files that setup wrote, and puts what was there before in their places. One that somebody has changed since
// is kept.
func (c *Cmd) takeBack(p *console.Program, files []written, done done) error {
	text := (&answers{lang: localeLanguage(os.Getenv)}).text
	for _, w := range files {
		name := c.at(w.Path)
		now, err := c.read(w.Path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		ours, kept := err == nil && w.is(now), true
		if _, err := c.dir.Lstat(name + keptBefore); err != nil {
			kept = false
		}
		switch {
		case ours && w.Path == passphrasePath && c.has(storePath):
			p.Out.Printf("%s\n", text("kept: %s, without which nobody can read the store", w.Path))
			continue
		case err == nil && !ours && (kept || !w.Before): // else it was noted and not done
			p.Out.Printf("%s\n", text("kept: %s, which was changed since", w.Path))
			continue
		case w.Before && kept:
			err = c.dir.Rename(name+keptBefore, name)
		case ours:
			err = c.dir.Remove(name)
		default:
			err = nil
		}
		if err != nil {
			return err
		}
		done.Files = slices.DeleteFunc(slices.Clone(done.Files), func(o written) bool { return o.Path == w.Path })
		if err := c.save(done); err != nil {
			return err
		}
		p.Out.Printf("%s\n", text("undone: %s", w.Path))
	}
	return nil
}
