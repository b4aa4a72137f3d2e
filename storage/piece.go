package storage

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A store is copied into a directory as pieces: files that are complete by themselves, each named by the store and by the
// sequence numbers that it holds,
//
//	vigie-STORE-AFTER-THROUGH.ndjson.gz    lines of the interchange format, and events as {"kind":"event","event":...}
//	vigie-STORE-AFTER-THROUGH.sealed       the same in frames (sealed.go)
//
// with "-trimmed" behind the numbers where something was left out. A sealed file that a kit wrote is copied in pieces too: its
// number is the hash of its first frame, and AFTER and THROUGH are bytes. A piece has its name only once it is whole and on
// the disk. So the names are the cursor: it lies beside what it speaks of, holds for this directory alone, and needs no leave
// to write to a store that a watch is writing to.
var pieceName = regexp.MustCompile(`^vigie-([0-9a-f]{16})-([0-9]{12,18})-([0-9]{12,18})(-trimmed)?\.(ndjson\.gz|sealed)$`)

// Piece is what the name of a piece says.
type Piece struct {
	Store          string // its number
	After, Through int64
	Trimmed        bool // something was left out
	Sealed         bool
}

// PieceOf reads the name of a file.
func PieceOf(path string) (p Piece, ok bool) {
	m := pieceName.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return p, false
	}
	p = Piece{Store: m[1], Trimmed: m[4] != "", Sealed: m[5] == "sealed"}
	p.After, _ = strconv.ParseInt(m[2], 10, 64)
	p.Through, _ = strconv.ParseInt(m[3], 10, 64)
	return p, p.After < p.Through
}

func (p Piece) name() string {
	return fmt.Sprintf("vigie-%s-%012d-%012d%s%s", p.Store, p.After, p.Through, map[bool]string{true: "-trimmed"}[p.Trimmed],
		map[bool]string{true: ".sealed", false: ".ndjson.gz"}[p.Sealed])
}

// wholePiece tells whether a piece is whole; without reading it, whether there is anything of it.
func wholePiece(path string, read bool) (bool, error) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 || !read { // a pipe would never end, a link leads elsewhere
		return err == nil && info.Mode().IsRegular() && info.Size() > 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if strings.HasSuffix(path, ".sealed") {
		end, err := goodFrames(f)
		if errors.Is(err, ErrForeign) {
			return false, nil
		}
		return end == info.Size(), err
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<20))
	if err == nil {
		_, err = io.Copy(io.Discard, z)
	}
	var failed *fs.PathError
	if errors.As(err, &failed) { // the disk, not what is on it
		return false, err
	}
	return err == nil, nil
}
