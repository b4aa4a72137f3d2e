// Command notices writes the licences of everything that others made and that is in the program or was used to make it: the modules
// of go.mod, the standard library of Go, and the scripts and maps of the review desk. Every package that the project makes
// contains what it writes.
//
//	go run ./tools/notices > THIRD-PARTY-NOTICES
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	err := write(out, ".")
	if err = errors.Join(err, out.Flush()); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

// part is something that others made.
type part struct {
	name string // as people know it, with its version
	dir  string
}

// write writes the notices of the checkout in dir.
func write(w io.Writer, dir string) error {
	parts, err := modules(dir)
	if err != nil {
		return err
	}
	root, err := golang("env", "GOROOT")
	if err != nil {
		return err
	}
	version, err := golang("env", "GOVERSION")
	if err != nil {
		return err
	}
	parts = append(parts, part{"the standard library of Go, " + version, root})
	scripts, err := filepath.Glob(filepath.Join(dir, "review/assets/*/LICENSE"))
	if err != nil {
		return err
	}
	for _, s := range scripts {
		parts = append(parts, part{"review desk: " + filepath.Base(filepath.Dir(s)), filepath.Dir(s)})
	}
	fmt.Fprintf(w, "Vigie contains what others made, or was made with it. These are their licences.\n")
	for _, p := range parts {
		texts, err := licences(p.dir)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		for _, t := range texts {
			fmt.Fprintf(w, "\n%s\n%s, %s\n%s\n\n%s\n", rule, p.name, t.name, rule, strings.TrimSpace(t.text))
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "NOTICE"))
	if err == nil {
		_, err = fmt.Fprintf(w, "\n%s\ndata, NOTICE\n%s\n\n%s\n", rule, rule, bytes.TrimSpace(data))
	}
	return err
}

const rule = "------------------------------------------------------------------------"

// modules are those of go.mod, all of them: some only test, which is easier to say than to be wrong about.
func modules(dir string) (parts []part, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil, err
	}
	args := []string{"list", "-m", "-f", "{{.Path}}\t{{.Version}}\t{{.Dir}}"}
	for _, r := range mod.Require {
		args = append(args, r.Mod.Path)
	}
	list, err := golang(args...)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(list) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 3 {
			return nil, fmt.Errorf("%s is not in the module cache: go mod download fetches it", strings.TrimSpace(line))
		}
		parts = append(parts, part{f[0] + " " + f[1], f[2]})
	}
	return parts, nil
}

// golang runs the go command.
func golang(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

// isLicence matches the names under which licences are kept.
var isLicence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|copyright|unlicense)([.-].*)?$`)

type licence struct{ name, text string }

// licences are the different texts at the top of a directory; none is an error.
func licences(dir string) (texts []licence, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.IsDir() || !isLicence.MatchString(f.Name()) || strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(texts, func(t licence) bool { return t.text == string(text) }) {
			texts = append(texts, licence{f.Name(), string(text)})
		}
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("no licence in %s: %w", dir, fs.ErrNotExist)
	}
	return texts, nil
}
