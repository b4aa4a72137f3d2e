package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"vigie/safefile"
)

// CopyName is the name of a copy of a store that is made at a time, among others in one directory: "vigie-20261130-091500.db".
func CopyName(store string, at time.Time) string {
	return copyPrefix(store) + at.UTC().Format("20060102-150405") + ".db"
}

func copyPrefix(store string) string {
	return strings.TrimSuffix(filepath.Base(store), ".db") + "-"
}

// PruneCopies deletes the oldest copies of a store in a directory, which CopyName has named, until keep are left. Anything else there
// stays. It works with the rights of who owns the directory.
func PruneCopies(dir, store string, keep int) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	name := regexp.MustCompile("^" + regexp.QuoteMeta(copyPrefix(store)) + `\d{8}-\d{6}\.db$`)
	var copies []string
	for _, e := range entries {
		if e.Type().IsRegular() && name.MatchString(e.Name()) {
			copies = append(copies, e.Name())
		}
	}
	slices.Sort(copies) // by time
	for _, old := range copies[:max(0, len(copies)-keep)] {
		for _, end := range []string{"", "-key"} { // the copy first: a key alone opens nothing, and a copy without its key is lost
			if err := safefile.Remove(filepath.Join(dir, old+end)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
