package transfer

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

	"vigie/storage"
)

// A store is copied into a directory as chunks. Each chunk is a file that is complete by itself; its name has the number of
// the store (Store.ID) and the sequence numbers that the chunk holds: those after AFTER, up to and including THROUGH.
//
//	vigie-STORE-AFTER-THROUGH.ndjson.gz    lines of the interchange format, and events as {"kind":"event","event":...}
//	vigie-STORE-AFTER-THROUGH.sealed       the same in frames (sealed.go)
//
// "-trimmed" follows the numbers if something was left out. A sealed file that a kit wrote is copied in chunks too: its
// number is a hash of its first frame, and AFTER and THROUGH are offsets in bytes.
//
// A chunk gets its name only once it is complete and on the disk, so the names are the cursor. It is in the directory that it
// describes, and nothing need be written to the store, which a watch may be writing to.
var chunkName = regexp.MustCompile(`^vigie-([0-9a-f]{16})-([0-9]{12,18})-([0-9]{12,18})(-trimmed)?\.(ndjson\.gz|sealed)$`)

// Chunk is what the name of a chunk says.
type Chunk struct {
	Store          string // its number: 16 hexadecimal digits
	After, Through int64  // sequence numbers, or bytes of a sealed file: more than After, up to Through
	Trimmed        bool   // something was left out
	Sealed         bool
}

// ParseName reads the name of a file; ok is false if it is not that of a chunk.
func ParseName(path string) (c Chunk, ok bool) {
	m := chunkName.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return c, false
	}
	c = Chunk{Store: m[1], Trimmed: m[4] != "", Sealed: m[5] == "sealed"}
	c.After, _ = strconv.ParseInt(m[2], 10, 64)
	c.Through, _ = strconv.ParseInt(m[3], 10, 64)
	return c, c.After < c.Through
}

func (c Chunk) name() string {
	return fmt.Sprintf("vigie-%s-%012d-%012d%s%s", c.Store, c.After, c.Through, map[bool]string{true: "-trimmed"}[c.Trimmed],
		map[bool]string{true: ".sealed", false: ".ndjson.gz"}[c.Sealed])
}

// complete reports whether a chunk is complete, or, without reading it, whether it is a file that is not empty.
func complete(path string, read bool) (bool, error) {
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
		if errors.Is(err, storage.ErrForeign) {
			return false, nil
		}
		return end == info.Size(), err
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<20))
	if err == nil {
		_, err = io.Copy(io.Discard, z)
	}
	var failed *fs.PathError
	if errors.As(err, &failed) { // the disk failed, not the contents
		return false, err
	}
	return err == nil, nil
}
