package review

import (
	"archive/zip"
	"bytes"
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

// Verify checks a bundle offline: that it has every member unchanged and nothing else, and that the given keys signed it. It reads
// every byte. The error is for input that is no archive.
func Verify(r io.ReaderAt, size int64, keys ...note.Verifier) (*Verification, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		if head := make([]byte, len(sealedHead)); size >= int64(len(head)) {
			if _, err := r.ReadAt(head, 0); err == nil && string(head) == sealedHead {
				return nil, ErrSealed
			}
		}
		return nil, fmt.Errorf("not a bundle: %w", err)
	}
	v := &Verification{}
	found := map[string]member{}
	var text []byte
	for _, f := range z.File {
		name := evidence.PlainTo(f.Name, 200)
		if _, twice := found[f.Name]; twice {
			v.problem("%s is there twice", name)
			continue
		}
		got, data, err := readMember(f)
		if err != nil {
			v.problem("%s cannot be read: %v", name, err)
		}
		found[f.Name] = got
		if f.Name == manifestName {
			text = data
		}
	}
	if text == nil {
		v.problem("%s is missing: nothing says what should be here", manifestName)
		return v, nil
	}
	sum := sha256.Sum256(text)
	v.Manifest = hex.EncodeToString(sum[:])
	m, err := v.openManifest(text, keys)
	if err != nil {
		v.problem("%v", err)
		return v, nil
	}
	v.Made, v.Software, v.About, v.Location, v.Members = m.Made, m.Software, m.About, m.Location, len(m.Members)
	v.compare(m, found)
	if v.Good() && !canonical(r, size, z) {
		v.Notes = append(v.Notes, "the archive around the members is not as Vigie wrote it (packed anew, or a byte of a header changed); the members themselves are intact")
	}
	return v, nil
}

func readMember(f *zip.File) (member, []byte, error) {
	c := &counting{h: sha256.New()}
	r, err := f.Open()
	if err != nil {
		return member{Name: f.Name}, nil, err
	}
	defer r.Close()
	var keep *bytes.Buffer
	w := io.Writer(c)
	if f.Name == manifestName {
		keep = &bytes.Buffer{}
		w = io.MultiWriter(c, keep)
		if f.UncompressedSize64 > mostManifest {
			return member{Name: f.Name}, nil, errors.New("too long")
		}
	}
	_, err = io.Copy(w, r)
	got := member{f.Name, hex.EncodeToString(c.h.Sum(nil)), c.size, c.lines}
	if keep != nil {
		return got, keep.Bytes(), err
	}
	return got, nil, err
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
func canonical(r io.ReaderAt, size int64, z *zip.Reader) bool {
	same := &comparing{r: io.NewSectionReader(r, 0, size)}
	w := zip.NewWriter(same)
	for _, f := range z.File {
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store})
		if err != nil {
			return false
		}
		from, err := f.Open()
		if err != nil {
			return false
		}
		_, err = io.Copy(to, from)
		from.Close()
		if err != nil {
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
// proof (.ots). The timestamp is not checked.
func Attach(w io.Writer, r io.ReaderAt, size int64, kind string, stamp []byte) error {
	name := manifestName + "." + kind
	if !slices.Contains(stamps, name) {
		return &refusal{fmt.Sprintf("%q is not a kind of timestamp", kind), "a file that ends in .tsr (RFC 3161) or .ots (OpenTimestamps)"}
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("not a bundle: %w", err)
	}
	out := zip.NewWriter(w)
	for _, f := range z.File {
		if f.Name == name {
			return fmt.Errorf("a timestamp %s is attached already", name)
		}
		to, err := out.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store})
		if err != nil {
			return err
		}
		from, err := f.Open()
		if err != nil {
			return err
		}
		_, err = io.Copy(to, from)
		if err := errors.Join(err, from.Close()); err != nil {
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
