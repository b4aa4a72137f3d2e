package review

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"vigie/review/evidence"
)

// Verification is the result of checking a bundle.
type Verification struct {
	Problems []string // each with the name of the member; none: the bundle is intact
	Notes    []string // worth knowing, without harm to the bundle
	Made     time.Time
	Software string
	About    string
	Location evidence.Precision
	Members  int
	Manifest string   // SHA-256 of the manifest, which outside timestamps are of
	Signers  []string // keys that signed and were checked
	Unknown  []string // keys that signed and were not given
	Stamps   []string // outside timestamps, attached and not checked
}

// Good reports whether there are no problems.
func (v *Verification) Good() bool { return len(v.Problems) == 0 }

func (v *Verification) problem(format string, a ...any) {
	v.Problems = append(v.Problems, fmt.Sprintf(format, a...))
}

// mostManifest is the longest manifest that is read, in bytes.
const mostManifest = 1 << 20

// ErrSealed is the error of Verify for a bundle that is sealed to a key.
var ErrSealed = errors.New("the bundle is sealed: who holds the key opens it")

const sealedHead = "age-encryption.org/v1\n"

// Verify checks a bundle offline: that it has every member unchanged and nothing else, that it can be read in one way only, and that the
// given keys signed it. It reads every byte of an archive that can be whole, and of a member no more than the manifest says that there is.
// The error is for input that is no archive, and that of ctx when it ends.
func Verify(ctx context.Context, r io.ReaderAt, size int64, keys ...note.Verifier) (*Verification, error) {
	v := &Verification{}
	all, err := readArchive(r, size)
	var odd *notWhole
	switch {
	case errors.As(err, &odd):
		v.problem("%v", odd)
		return v, nil
	case errors.Is(err, errNoArchive) && sealed(r, size):
		return nil, ErrSealed
	case err != nil:
		return nil, fmt.Errorf("not a bundle: %w", err)
	}
	at := slices.IndexFunc(all, func(e entry) bool { return e.name == manifestName })
	if at < 0 {
		v.problem("%s is missing: nothing says what should be here", manifestName)
		return v, nil
	}
	var text bytes.Buffer
	if all[at].size > mostManifest {
		v.problem("%s is too long", manifestName)
		return v, nil
	}
	if _, err := all[at].hashOf(ctx, r, &text); err != nil {
		return v, v.cannotRead(ctx, manifestName, err)
	}
	sum := sha256.Sum256(text.Bytes())
	v.Manifest = hex.EncodeToString(sum[:])
	m, err := v.openManifest(text.Bytes(), keys)
	if err != nil {
		v.problem("%v", err)
		return v, nil
	}
	v.Made, v.Software, v.About, v.Location, v.Members = m.Made, m.Software, m.About, m.Location, len(m.Members)
	found, err := v.readMembers(ctx, r, all, m)
	if err != nil {
		return v, err
	}
	v.compare(m, found)
	if v.Good() && !canonical(ctx, r, size, all) {
		v.Notes = append(v.Notes, "the headers around the members are not as Vigie wrote them (a time or an attribute changed); the members themselves are intact")
	}
	return v, ctx.Err()
}

// sealed reports whether something is sealed to a key.
func sealed(r io.ReaderAt, size int64) bool {
	head := make([]byte, len(sealedHead))
	if size < int64(len(head)) {
		return false
	}
	_, err := r.ReadAt(head, 0)
	return err == nil && string(head) == sealedHead
}

// cannotRead is the problem of a member, or the error of ctx.
func (v *Verification) cannotRead(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	v.problem("%s cannot be read: %v", name, err)
	return nil
}

// readMembers hashes the members that the manifest lists. One that is longer than the longest that is listed is not read.
func (v *Verification) readMembers(ctx context.Context, r io.ReaderAt, all []entry, m *manifest) (map[string]member, error) {
	longest := int64(0)
	for _, f := range m.Members {
		longest = max(longest, f.Size)
	}
	found := map[string]member{}
	for i := range all {
		e := &all[i]
		found[e.name] = member{Name: e.name, Size: e.size, Lines: -1}
		listed := slices.ContainsFunc(m.Members, func(f member) bool { return f.Name == e.name })
		if !listed || e.size > longest {
			continue
		}
		got, err := e.hashOf(ctx, r, nil)
		if err != nil {
			if err := v.cannotRead(ctx, e.name, err); err != nil {
				return nil, err
			}
		}
		found[e.name] = got
	}
	return found, nil
}

// openManifest checks the signatures of the manifest and returns its text.
func (v *Verification) openManifest(text []byte, keys []note.Verifier) (*manifest, error) {
	if !bytes.Contains(text, []byte("\n\n— ")) {
		if len(keys) > 0 {
			v.problem("the manifest is not signed, and a key was given to check it with")
		}
		return parseManifest(string(text))
	}
	n, err := note.Open(text, note.VerifierList(keys...))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		n = unverified.Note
		if len(keys) > 0 {
			v.problem("the manifest is signed by another key than the one given: %s", strings.Join(signatures(n.UnverifiedSigs), ", "))
		}
	case err != nil:
		var bad *note.InvalidSignatureError
		if errors.As(err, &bad) {
			v.problem("the signature by %s does not fit the manifest: one of them was changed", bad.Name)
			if body, _, ok := strings.Cut(string(text), "\n\n— "); ok {
				return parseManifest(body + "\n")
			}
		}
		return nil, fmt.Errorf("the signature under the manifest cannot be read: %w", err)
	}
	v.Signers, v.Unknown = signatures(n.Sigs), signatures(n.UnverifiedSigs)
	return parseManifest(n.Text)
}

// signatures are the keys that signed, by name and hash.
func signatures(sigs []note.Signature) (names []string) {
	for _, s := range sigs {
		names = append(names, fmt.Sprintf("%s+%08x", s.Name, s.Hash))
	}
	return names
}

// compare lists each difference between the manifest and the members.
func (v *Verification) compare(m *manifest, found map[string]member) {
	byHash := map[string]string{}
	for _, want := range m.Members {
		byHash[want.Hash] = want.Name
	}
	listed := map[string]bool{manifestName: true}
	for _, want := range m.Members {
		name := evidence.PlainTo(want.Name, 200)
		if listed[want.Name] {
			v.problem("%s is listed twice", name)
		}
		listed[want.Name] = true
		got, there := found[want.Name]
		switch {
		case !there:
			v.problem("%s is missing", name)
		case got.Hash == want.Hash && got.Size == want.Size:
		case got.Lines < 0:
			v.problem("%s was changed: it has %d bytes, and had %d", name, got.Size, want.Size)
		case byHash[got.Hash] != "":
			v.problem("%s holds what should be %s: files were swapped", name, evidence.PlainTo(byHash[got.Hash], 200))
		case got.Lines < want.Lines:
			v.problem("%s was changed: %d lines are left of %d", name, got.Lines, want.Lines)
		case got.Lines > want.Lines:
			v.problem("%s was changed: it has %d lines, and had %d", name, got.Lines, want.Lines)
		default:
			v.problem("%s was changed: its %d bytes are not those that the manifest was made of", name, got.Size)
		}
	}
	var extra []string
	for name := range found {
		switch {
		case listed[name]:
		case slices.Contains(stamps, name):
			v.Stamps = append(v.Stamps, name)
		default:
			extra = append(extra, name)
		}
	}
	slices.Sort(extra)
	slices.Sort(v.Stamps)
	for _, name := range extra {
		v.problem("%s is not in the manifest: it was added later", evidence.PlainTo(name, 200))
	}
}

// canonical reports whether an archive is, byte for byte, what packer would write of its members.
func canonical(ctx context.Context, r io.ReaderAt, size int64, all []entry) bool {
	same := &comparing{r: io.NewSectionReader(r, 0, size)}
	w := zip.NewWriter(same)
	for i := range all {
		to, err := w.CreateHeader(&zip.FileHeader{Name: all[i].name, Method: zip.Store})
		if err != nil {
			return false
		}
		if _, err = io.Copy(to, all[i].open(ctx, r)); err != nil {
			return false
		}
	}
	return w.Close() == nil && same.n == size
}

var errDiffers = errors.New("differs")

// comparing accepts what is written as long as it equals what r reads.
type comparing struct {
	r   io.Reader
	n   int64
	buf []byte
}

func (c *comparing) Write(p []byte) (int, error) {
	if len(c.buf) < len(p) {
		c.buf = make([]byte, len(p))
	}
	if _, err := io.ReadFull(c.r, c.buf[:len(p)]); err != nil || !bytes.Equal(c.buf[:len(p)], p) {
		return 0, errDiffers
	}
	c.n += int64(len(p))
	return len(p), nil
}

// Attach copies a bundle and adds an outside timestamp of its manifest: an RFC 3161 answer (.tsr) or an OpenTimestamps
// proof (.ots). The timestamp is not checked; the bundle is.
func Attach(ctx context.Context, w io.Writer, r io.ReaderAt, size int64, kind string, stamp []byte) error {
	name := manifestName + "." + kind
	if !slices.Contains(stamps, name) {
		return &refusal{fmt.Sprintf("%q is not a kind of timestamp", kind), "a file that ends in .tsr (RFC 3161) or .ots (OpenTimestamps)"}
	}
	v, err := Verify(ctx, r, size)
	if err != nil {
		return err
	}
	if !v.Good() {
		return fmt.Errorf("the bundle is not whole: %s", v.Problems[0])
	}
	all, err := readArchive(r, size)
	if err != nil {
		return err
	}
	out := zip.NewWriter(w)
	for i := range all {
		if all[i].name == name {
			return fmt.Errorf("a timestamp %s is attached already", name)
		}
		to, err := out.CreateHeader(&zip.FileHeader{Name: all[i].name, Method: zip.Store})
		if err != nil {
			return err
		}
		if _, err := io.Copy(to, all[i].open(ctx, r)); err != nil {
			return err
		}
	}
	to, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err != nil {
		return err
	}
	if _, err := to.Write(stamp); err != nil {
		return err
	}
	return out.Close()
}

// Proves lists what a check of a bundle shows, in sentences for people.
func (v *Verification) Proves() []string {
	s := []string{"every file in the bundle is, byte for byte, what the manifest was made of"}
	if len(v.Signers) > 0 {
		s = append(s, "whoever holds the key "+strings.Join(v.Signers, ", ")+" signed this manifest")
	}
	return s
}

// ProvesNot lists what it does not show.
func (v *Verification) ProvesNot() []string {
	s := []string{
		"when it was made: times in it are what the machine's clock said. An outside timestamp of the manifest's SHA-256 would show that it existed by then",
		"that the modem, or the machine, told the truth, or that nothing was left out before the bundle was made",
		"who transmitted, or why: an event is an anomaly with its evidence, not a verdict",
	}
	if len(v.Signers)+len(v.Unknown) > 0 {
		s = append(s, "that several bundles with this key have nothing to do with each other: one key links all of them")
	} else {
		s = append(s, "who made it: it is not signed, and anybody can make another manifest for other files")
	}
	return s
}
