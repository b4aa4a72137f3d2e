package review

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"vigie/review/evidence"
)

// A bundle is a zip archive whose members are stored without compression, so that any program opens it and every byte is checked.
// Its last member is the manifest: what the bundle is about, and the SHA-256, size, number of lines and name of each other member.
// A signature, if there is one, follows the text of the manifest in the form of signed notes (golang.org/x/mod/sumdb/note: Ed25519).
const (
	manifestName = "MANIFEST.txt"
	firstLine    = "vigie bundle 1"
)

// bundleNames are the members of a bundle; it need not have all of them. The list is closed: a bundle with another name in it is not whole.
var bundleNames = []string{"README.txt", "report.html", "events.ndjson", "verdicts.ndjson", "notes.ndjson", "observations.ndjson.gz", "observations.csv", "positions.geojson",
	"positions.kml", "rules.json", "modem-lines.txt", "cells-known-here.csv", "signalling.pcapng", manifestName}

// stamps are members that may be added to a bundle later: timestamps of the manifest from an outside service.
var stamps = []string{manifestName + ".tsr", manifestName + ".ots"}

// member is a line of the manifest.
type member struct {
	Name  string
	Hash  string // SHA-256, hexadecimal
	Size  int64
	Lines int64
}

// manifest describes a bundle.
type manifest struct {
	Made     time.Time
	Software string
	About    string
	Location evidence.Precision
	Members  []member
}

// oneLine is a text without line breaks, for a line of the manifest.
func oneLine(s string) string { return strings.ReplaceAll(evidence.PlainTo(s, 300), "\n", " ") }

func (m *manifest) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nmade %s\nsoftware %s\nabout %s\nlocation %s\n", firstLine, m.Made.UTC().Format(time.RFC3339), oneLine(m.Software), oneLine(m.About), m.Location)
	for _, f := range m.Members {
		fmt.Fprintf(&b, "file %s %d %d %s\n", f.Hash, f.Size, f.Lines, f.Name)
	}
	return b.String()
}

// parseManifest is strict: what it accepts is what text writes, so that nothing can be hidden in a manifest either.
func parseManifest(text string) (*manifest, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != firstLine {
		return nil, errors.New("the manifest does not begin as one of a bundle of this version")
	}
	m := &manifest{}
	for n, l := range lines[1:] {
		key, rest, _ := strings.Cut(l, " ")
		heads := []string{"made", "software", "about", "location"}
		want := "file"
		if n < len(heads) {
			want = heads[n]
		}
		ok := key == want
		switch key {
		case "made":
			t, err := time.Parse(time.RFC3339, rest)
			m.Made, ok = t, ok && err == nil
		case "software":
			m.Software = rest
		case "about":
			m.About = rest
		case "location":
			m.Location = evidence.Precision(rest)
		case "file":
			f, good := parseMember(rest)
			m.Members, ok = append(m.Members, f), ok && good && len(m.Members) < mostMembers
		}
		if !ok {
			return nil, fmt.Errorf("%s:%d: not understood", manifestName, n+2)
		}
	}
	return m, nil
}

// parseMember reads what follows the word "file" in a line of the manifest.
func parseMember(text string) (f member, ok bool) {
	w := strings.SplitN(text, " ", 4)
	if len(w) != 4 || len(w[0]) != 64 || w[3] == "" {
		return f, false
	}
	size, err1 := strconv.ParseInt(w[1], 10, 64)
	lines, err2 := strconv.ParseInt(w[2], 10, 64)
	f = member{w[3], w[0], size, lines}
	return f, err1 == nil && err2 == nil && size >= 0 && lines >= 0 && lines <= size
}

// packer writes a bundle, member by member, and collects the manifest.
type packer struct {
	zip *zip.Writer
	m   manifest
}

// add writes a member.
func (p *packer) add(name string, write func(io.Writer) error) error {
	if err := checkName(name); err != nil {
		return err
	}
	w, err := p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err != nil {
		return err
	}
	c := newCounting(w)
	if err := write(c); err != nil {
		return err
	}
	p.m.Members = append(p.m.Members, c.member(name))
	return nil
}

// finish writes the manifest, signed if there is a signer.
func (p *packer) finish(signer note.Signer) error {
	text := []byte(p.m.text())
	if signer != nil {
		signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
		if err != nil {
			return fmt.Errorf("signing the manifest: %w", err)
		}
		text = signed
	}
	w, err := p.zip.CreateHeader(&zip.FileHeader{Name: manifestName, Method: zip.Store})
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	return p.zip.Close()
}

// counting hashes and counts what is written.
type counting struct {
	w     io.Writer // nil: what is written is not kept
	h     hash.Hash
	size  int64
	lines int64
}

func newCounting(w io.Writer) *counting { return &counting{w: w, h: sha256.New()} }

// member describes what was written.
func (c *counting) member(name string) member {
	return member{name, hex.EncodeToString(c.h.Sum(nil)), c.size, c.lines}
}

func (c *counting) Write(p []byte) (int, error) {
	c.h.Write(p)
	c.size += int64(len(p))
	c.lines += int64(bytes.Count(p, []byte{'\n'}))
	if c.w == nil {
		return len(p), nil
	}
	return c.w.Write(p)
}
