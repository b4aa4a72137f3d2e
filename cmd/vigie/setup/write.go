package setup

import (
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

	"vigie/cmd/vigie/console"
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
	SHA256 string `json:"sha256"`
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
	text, err := os.ReadFile(c.at(undoFile))
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
		if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) && err != nil {
			return err
		}
		for _, dir := range slices.Backward(d.Dirs) {
			_ = os.Remove(c.at(dir)) // only where nothing else is in it by now
		}
		return nil
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return replace(name, text, 0o600)
}

// replace puts a file in the place of another, or of none, at once, and with this mode from its first byte on.
func replace(name string, text []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".vigie-setup-")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// state is what is in the place of a file, as a key of words/setup.json. One that somebody has changed since setup wrote it is an
// error.
func (c *Cmd) state(f file, done done) (string, error) {
	old, err := os.ReadFile(c.at(f.path))
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
	case sumOf(old) == done.Files[i].SHA256:
		return "in place of what setup wrote before", nil
	}
	return "", console.Usage(fmt.Errorf("%s was changed since setup wrote it", f.path), "move it away; what is in its place then is new")
}

// write puts the files in their places, and takes back those of an earlier setup that are no longer wanted. What it did is noted
// before it is done: whatever happens, it can be taken back.
func (c *Cmd) write(p *console.Program, files []file, done done) error {
	for _, f := range files {
		if err := c.makeDir(filepath.Dir(f.path), f.secret, &done); err != nil {
			return err
		}
		name := c.at(f.path)
		i := done.find(f.path)
		if i < 0 {
			w := written{Path: f.path}
			if _, err := os.Lstat(name); err == nil {
				w.Before = true
			}
			i, done.Files = len(done.Files), append(done.Files, w)
		}
		done.Files[i].SHA256 = sumOf([]byte(f.text))
		if err := c.makeDir(filepath.Dir(undoFile), false, &done); err != nil {
			return err
		}
		if err := c.save(done); err != nil {
			return err
		}
		if done.Files[i].Before {
			if _, err := os.Lstat(name + keptBefore); errors.Is(err, fs.ErrNotExist) {
				if err := os.Rename(name, name+keptBefore); err != nil {
					return err
				}
			}
		}
		if err := replace(name, []byte(f.text), f.mode()); err != nil {
			return err
		}
	}
	return c.takeBack(p, done.stale(files), done)
}

// makeDir makes a directory, and notes which were not there.
func (c *Cmd) makeDir(dir string, secret bool, done *done) error {
	var missing []string
	for d := dir; d != "/" && d != "."; d = filepath.Dir(d) {
		if _, err := os.Stat(c.at(d)); err == nil {
			break
		}
		missing = append(missing, d)
	}
	for _, d := range slices.Backward(missing) {
		mode := os.FileMode(0o755)
		if secret && strings.HasSuffix(d, "/credstore") {
			mode = 0o700
		}
		if err := os.MkdirAll(filepath.Dir(c.at(d)), 0o755); err != nil { // the directory of --root itself
			return err
		}
		if err := os.Mkdir(c.at(d), mode); err != nil {
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
		now, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		ours, kept := err == nil && sumOf(now) == w.SHA256, true
		if _, err := os.Lstat(name + keptBefore); err != nil {
			kept = false
		}
		_, store := os.Stat(c.at(storePath))
		switch {
		case ours && w.Path == passphrasePath && store == nil:
			p.Out.Printf("%s\n", text("kept: %s, without which nobody can read the store", w.Path))
			continue
		case err == nil && !ours && (kept || !w.Before): // else it was noted and not done
			p.Out.Printf("%s\n", text("kept: %s, which was changed since", w.Path))
			continue
		case w.Before && kept:
			err = os.Rename(name+keptBefore, name)
		case ours:
			err = os.Remove(name)
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
