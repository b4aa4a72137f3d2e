package review

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"vigie/review/evidence"
)

// Names of the members of a bundle that are put into a store.
const (
	MemberRecords  = "observations.ndjson.gz"
	MemberEvents   = "events.ndjson"
	MemberVerdicts = "verdicts.ndjson"
	MemberNotes    = "notes.ndjson"
)

// ErrNotWhole is wrapped by the error of OpenBundle for a bundle that does not pass Verify.
var ErrNotWhole = errors.New("it does not pass the check")

// Bundle is a bundle that passed Verify, open for reading.
type Bundle struct {
	*Verification
	r       io.ReaderAt
	entries []entry
	listed  []member
}

// OpenBundle verifies a bundle and opens it. With keys, one of them must have signed it. The error wraps ErrNotWhole, with every
// problem, or is that of Verify.
func OpenBundle(ctx context.Context, r io.ReaderAt, size int64, keys ...note.Verifier) (*Bundle, error) {
	v, err := Verify(ctx, r, size, keys...)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Verification: v, r: r}
	if v.Good() {
		if b.entries, err = readArchive(r, size); err != nil {
			return nil, err
		}
		if err := b.readManifest(ctx); err != nil {
			return nil, err
		}
		for _, name := range []string{MemberRecords, MemberEvents, MemberVerdicts, MemberNotes} {
			if err := b.checkKind(ctx, name); err != nil {
				return nil, err
			}
		}
	}
	if !v.Good() {
		return nil, fmt.Errorf("%w: %s", ErrNotWhole, strings.Join(v.Problems, "; "))
	}
	return b, nil
}

// readManifest reads the manifest again, for what each member must be when it is read.
func (b *Bundle) readManifest(ctx context.Context) error {
	at := slices.IndexFunc(b.entries, func(e entry) bool { return e.name == manifestName })
	if at < 0 {
		return ErrNotWhole
	}
	var text bytes.Buffer
	if _, err := b.entries[at].hashOf(ctx, b.r, &text); err != nil {
		return err
	}
	body, _, signed := strings.Cut(text.String(), "\n\n— ")
	if signed {
		body += "\n"
	}
	m, err := parseManifest(body)
	if err == nil {
		b.listed = m.Members
	}
	return err
}

// archiveHeads are how files begin that hold other files.
var archiveHeads = []string{"PK\x03\x04", "PK\x05\x06", sealedHead, "\x1f\x8b"}

// checkKind notes the problem of a member that is not lines: an archive within the bundle is read by nobody who checks it.
func (b *Bundle) checkKind(ctx context.Context, name string) error {
	r, ok := b.Open(ctx, name)
	if !ok {
		return nil
	}
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(r)
		if err != nil {
			b.problem("%s is not gzip", name)
			return ctx.Err()
		}
		r = z
	}
	head := make([]byte, len(sealedHead))
	n, _ := io.ReadFull(r, head)
	if slices.ContainsFunc(archiveHeads, func(s string) bool { return bytes.HasPrefix(head[:n], []byte(s)) }) {
		b.problem("%s is an archive within the bundle", name)
	}
	return ctx.Err()
}

// Open returns the contents of a member. Reading it fails at its end if it is no longer what the manifest says: the file was changed
// after it was checked. ok is false if the bundle has no such member.
func (b *Bundle) Open(ctx context.Context, name string) (r io.Reader, ok bool) {
	at := slices.IndexFunc(b.entries, func(e entry) bool { return e.name == name })
	want := slices.IndexFunc(b.listed, func(f member) bool { return f.Name == name })
	if at < 0 || want < 0 {
		return nil, false
	}
	return &checkedReader{r: b.entries[at].open(ctx, b.r), sum: newCounting(nil), want: b.listed[want]}, true
}

// checkedReader compares what was read with what the manifest says.
type checkedReader struct {
	r    io.Reader
	sum  *counting
	want member
}

func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && hex.EncodeToString(c.sum.h.Sum(nil)) != c.want.Hash {
		err = fmt.Errorf("%s was changed while it was read", evidence.PlainTo(c.want.Name, 200))
	}
	return n, err
}
