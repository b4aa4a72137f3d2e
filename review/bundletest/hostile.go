// Package bundletest makes bundles that somebody made to deceive or to hurt who checks them. It is for tests: each of HostileBundles is
// tried by the tests of the checker, by its fuzzer and by those of the program. It refuses to know what a checker looks at.
package bundletest

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// HostileBundle is a change of a bundle after which it must not pass for whole.
type HostileBundle struct {
	Name   string
	change func(a *archive)
}

// Make changes a bundle that is whole.
func (h *HostileBundle) Make(t testing.TB, bundle []byte) []byte {
	t.Helper()
	a := read(t, bundle)
	h.change(a)
	return a.bytes()
}

const manifest = "MANIFEST.txt"

// HostileBundles are the changes.
var HostileBundles = []HostileBundle{
	{"a second member of one name, in the directory", func(a *archive) { a.add(member{name: "events.ndjson", data: []byte("{}\n")}) }},
	{"a second member of one name, before the first", func(a *archive) {
		a.members = append([]member{{name: "events.ndjson", data: []byte("{}\n")}}, a.members...)
	}},
	{"a second manifest", func(a *archive) { a.add(member{name: manifest, data: a.of(manifest).data}) }},
	{"a name in other letters", func(a *archive) { a.add(member{name: "Events.ndjson", data: []byte("{}\n")}) }},
	{"a manifest in other letters", func(a *archive) { a.of(manifest).name = "manifest.txt" }},
	{"a header of another name", func(a *archive) { a.of("events.ndjson").localName = "rules.json" }},
	{"a header of another size", func(a *archive) {
		m := a.of("events.ndjson")
		m.flags, m.localSize = 0, uint32(len(m.data)-1)
	}},
	{"a header of another checksum", func(a *archive) { m := a.of("events.ndjson"); m.flags, m.localCRC = 0, 7 }},
	{"a header of another method", func(a *archive) { a.of("events.ndjson").localMethod = 8 }},
	{"a directory with another size", func(a *archive) { a.of("events.ndjson").dirSize = 1 }},
	{"a directory with another checksum", func(a *archive) { m := a.of("events.ndjson"); m.crc ^= 1 }},
	{"a descriptor with another size", func(a *archive) { a.of("events.ndjson").descriptorSize = 1 }},
	{"a member that the directory does not name", func(a *archive) { a.of("events.ndjson").hidden = a.header("extra.txt", "hidden") }},
	{"a second member of one name that the directory does not name", func(a *archive) { a.of("events.ndjson").hidden = a.header("events.ndjson", "{}\n") }},
	{"bytes between two members", func(a *archive) { a.of("rules.json").hidden = []byte("x") }},
	{"bytes before the archive", func(a *archive) { a.before = []byte("#!/bin/sh\n") }},
	{"a program before the archive, with offsets that know of it", func(a *archive) { a.before, a.shifted = []byte("MZ and a program"), true }},
	{"a member before the archive", func(a *archive) { a.before = a.header("events.ndjson", "{}\n") }},
	{"bytes before the directory", func(a *archive) { a.beforeDirectory = []byte("x") }},
	{"bytes after the directory", func(a *archive) { a.afterDirectory = []byte("x") }},
	{"bytes after the archive", func(a *archive) { a.after = []byte("\x00") }},
	{"a hundred kilobytes after the archive", func(a *archive) { a.after = make([]byte, 100_000) }},
	{"another archive after the archive", func(a *archive) {
		b := archive{members: []member{{name: "events.ndjson", data: []byte("{}\n")}}}
		a.after = b.bytes()
	}},
	{"a comment", func(a *archive) { a.comment = []byte("read me first") }},
	{"a comment that looks like an end", func(a *archive) { a.comment = append(le32(endMark), make([]byte, 18)...) }},
	{"a comment on a member", func(a *archive) { a.of("rules.json").comment = []byte("x") }},
	{"a path that leaves", func(a *archive) { a.add(member{name: "../../.bashrc", data: []byte("x")}) }},
	{"a path from the root", func(a *archive) { a.add(member{name: "/etc/cron.d/x", data: []byte("x")}) }},
	{"a path of Windows", func(a *archive) { a.add(member{name: `..\..\x.txt`, data: []byte("x")}) }},
	{"a drive of Windows", func(a *archive) { a.add(member{name: "C:x.txt", data: []byte("x")}) }},
	{"a path that leaves and is listed", func(a *archive) { a.add(member{name: "../x", data: []byte("x")}); a.list("../x") }},
	{"a directory", func(a *archive) { a.add(member{name: "events.ndjson/", attributes: 0o40755 << 16}) }},
	{"a file more that is listed", func(a *archive) { a.add(member{name: "invoice.exe", data: []byte("x")}); a.list("invoice.exe") }},
	{"a name that ends with a null", func(a *archive) { a.add(member{name: "rules.json\x00.exe", data: []byte("x")}) }},
	{"an empty name", func(a *archive) { a.add(member{name: "", data: []byte("x")}) }},
	{"a link", func(a *archive) { a.of("events.ndjson").attributes = 0o120777 << 16 }},
	{"a device", func(a *archive) { a.of("events.ndjson").attributes = 0o20666 << 16 }},
	{"a pipe", func(a *archive) { a.of("events.ndjson").attributes = 0o10666 << 16 }},
	{"a directory of DOS", func(a *archive) { a.of("events.ndjson").attributes = 0x10 }},
	{"an encrypted member", func(a *archive) { a.of("events.ndjson").flags |= 1 }},
	{"a member that is patched data", func(a *archive) { a.of("events.ndjson").flags |= 1 << 5 }},
	{"a member on another disk", func(a *archive) { a.of("events.ndjson").disk = 1 }},
	{"an archive of several disks", func(a *archive) { a.disk = 1 }},
	{"another name in an appendix", func(a *archive) {
		m := a.of("events.ndjson")
		m.extra = append(append(le16(0x7075), le16(uint16(5+9))...), append(append([]byte{1}, le32(crc32.ChecksumIEEE([]byte(m.name)))...), "other.txt"...)...)
	}},
	{"an appendix in a header", func(a *archive) { a.of("events.ndjson").localExtra = append(le16(0xcafe), 4, 0, 'e', 'v', 'i', 'l') }},
	{"a compressed member", func(a *archive) { a.of("events.ndjson").deflate() }},
	{"a member that is compressed a thousand times", func(a *archive) { m := a.of("events.ndjson"); m.data = make([]byte, 64<<20); m.deflate() }},
	{"a thousand members", func(a *archive) {
		for i := range 1000 {
			a.add(member{name: fmt.Sprint(i), data: []byte("x")})
		}
	}},
	{"members that overlap", func(a *archive) { a.of("rules.json").over = "events.ndjson" }},
	{"a size that the directory has in an appendix", func(a *archive) {
		m := a.of("events.ndjson")
		m.dirSize, m.extra = 0xffffffff, append(append(le16(1), le16(16)...), bytes.Repeat([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}, 2)...)
	}},
	{"an end that names another place", func(a *archive) { a.directoryAt = 1 << 30 }},
	{"more entries than there are", func(a *archive) { a.entries = 3 }},
	{"fewer entries than there are", func(a *archive) { a.entries = -3 }},
	{"no manifest", func(a *archive) { a.drop(manifest) }},
	{"a manifest of two megabytes", func(a *archive) {
		m := a.of(manifest)
		m.data = append(m.data, bytes.Repeat([]byte("file\n"), 400_000)...)
	}},
	{"a member that the manifest does not list", func(a *archive) { a.unlist("rules.json") }},
	{"a member that is missing", func(a *archive) { a.drop("rules.json") }},
	{"a member that is longer", func(a *archive) { m := a.of("rules.json"); m.data = append(m.data, make([]byte, 1<<20)...) }},
	{"a member that the manifest lists twice", func(a *archive) { a.list("rules.json") }},
	{"a line more in the manifest", func(a *archive) { m := a.of(manifest); m.data = append(m.data, "note all is well\n"...) }},
	{"a second date in the manifest", func(a *archive) { a.edit("location ", "made 2020-01-01T00:00:00Z\nlocation ") }},
	{"a size in the manifest that is none", func(a *archive) {
		m := a.of(manifest)
		m.data = regexp.MustCompile(`(?m)^(file [0-9a-f]+) \d+ `).ReplaceAll(m.data, []byte("$1 -1 "))
	}},
}

// member is a file of an archive, and what its headers say of it. What is zero is as it should be.
type member struct {
	name, localName string
	data            []byte
	hidden          []byte // before its header
	over            string // it lies in the place of this member

	packed                     []byte // nil: stored
	flags, method, disk        uint16
	localMethod                uint16
	crc, localCRC              uint32 // crc: xor with the right one
	localSize, dirSize         uint32
	descriptorSize             uint32
	attributes                 uint32
	extra, localExtra, comment []byte
}

func (m *member) deflate() {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = w.Write(m.data)
	_ = w.Close()
	m.packed, m.method = b.Bytes(), 8
}

// archive is what bytes writes.
type archive struct {
	members                                        []member
	before, beforeDirectory, afterDirectory, after []byte
	comment                                        []byte
	shifted                                        bool // offsets count what is before
	disk                                           uint16
	directoryAt                                    uint32
	entries                                        int // more than there are
}

func read(t testing.TB, bundle []byte) *archive {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	require.NoError(t, err)
	a := &archive{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		a.add(member{name: f.Name, data: data})
	}
	require.Equal(t, bundle, a.bytes(), "an unchanged bundle is written as it was")
	return a
}

func (a *archive) add(m member) {
	if m.flags == 0 {
		m.flags = 8
	}
	a.members = append(a.members, m)
}

func (a *archive) of(name string) *member {
	for i := range a.members {
		if a.members[i].name == name {
			return &a.members[i]
		}
	}
	panic("no " + name + " in the bundle")
}

func (a *archive) drop(name string) {
	var left []member
	for _, m := range a.members {
		if m.name != name {
			left = append(left, m)
		}
	}
	a.members = left
}

// list adds a member to the manifest.
func (a *archive) list(name string) {
	m, data := a.of(manifest), a.of(name).data
	m.data = append(m.data, fmt.Sprintf("file %x %d %d %s\n", sha256.Sum256(data), len(data), bytes.Count(data, []byte("\n")), name)...)
}

func (a *archive) unlist(name string) {
	m := a.of(manifest)
	m.data = regexp.MustCompile(`(?m)^file .* `+regexp.QuoteMeta(name)+"\n").ReplaceAll(m.data, nil)
}

func (a *archive) edit(old, now string) {
	m := a.of(manifest)
	m.data = []byte(strings.Replace(string(m.data), old, now, 1))
}

const endMark = 0x06054b50

func le16(v uint16) []byte { return binary.LittleEndian.AppendUint16(nil, v) }
func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// header is a header and its contents as packed bytes, for what the directory does not name.
func (a *archive) header(name, text string) []byte {
	b := archive{members: []member{{name: name, data: []byte(text)}}}
	whole := b.bytes()
	return whole[:bytes.Index(whole, le32(0x02014b50))]
}

// bytes writes the archive as archive/zip does, but for what was changed.
func (a *archive) bytes() []byte {
	base := 0
	out := append([]byte{}, a.before...)
	if !a.shifted {
		base = len(out)
	}
	var dir []byte
	places := map[string]uint32{}
	for i := range a.members {
		m := &a.members[i]
		flags := m.flags
		packed, method := m.data, m.method
		if m.packed != nil {
			packed = m.packed
		}
		crc := crc32.ChecksumIEEE(m.data)
		out = append(out, m.hidden...)
		at := uint32(len(out) - base)
		if m.over != "" {
			at = places[m.over]
		}
		places[m.name] = at
		if m.over == "" {
			out = append(out, local(m, flags, method, packed, crc)...)
		}
		dir = append(dir, entry(m, flags, method, packed, crc, at)...)
	}
	out = append(out, a.beforeDirectory...)
	start, n := uint32(len(out)-base), uint16(len(a.members)+a.entries)
	if a.directoryAt != 0 {
		start = a.directoryAt
	}
	out = append(append(out, dir...), a.afterDirectory...)
	for _, part := range [][]byte{le32(endMark), le16(a.disk), le16(a.disk), le16(n), le16(n), le32(uint32(len(dir))), le32(start), le16(uint16(len(a.comment))), a.comment, a.after} {
		out = append(out, part...)
	}
	return out
}

func local(m *member, flags, method uint16, packed []byte, crc uint32) (out []byte) {
	name, sizes, sum := m.name, [2]uint32{uint32(len(packed)), uint32(len(m.data))}, crc
	if m.localName != "" {
		name = m.localName
	}
	if m.localMethod != 0 {
		method = m.localMethod
	}
	if flags&8 != 0 {
		sizes, sum = [2]uint32{}, 0
	}
	if m.localSize != 0 {
		sizes = [2]uint32{m.localSize, m.localSize}
	}
	if m.localCRC != 0 {
		sum = m.localCRC
	}
	parts := [][]byte{le32(0x04034b50), le16(20), le16(flags), le16(method), le32(0), le32(sum), le32(sizes[0]), le32(sizes[1]), le16(uint16(len(name))), le16(uint16(len(m.localExtra))),
		[]byte(name), m.localExtra, packed}
	if flags&8 != 0 {
		sizes := [2]uint32{uint32(len(packed)), uint32(len(m.data))}
		if m.descriptorSize != 0 {
			sizes[0] = m.descriptorSize
		}
		parts = append(parts, le32(0x08074b50), le32(crc), le32(sizes[0]), le32(sizes[1]))
	}
	return bytes.Join(parts, nil)
}

func entry(m *member, flags, method uint16, packed []byte, crc, at uint32) []byte {
	sizes := [2]uint32{uint32(len(packed)), uint32(len(m.data))}
	if m.dirSize != 0 {
		sizes = [2]uint32{m.dirSize, m.dirSize}
	}
	return bytes.Join([][]byte{le32(0x02014b50), le16(20), le16(20), le16(flags), le16(method), le32(0), le32(crc ^ m.crc), le32(sizes[0]), le32(sizes[1]), le16(uint16(len(m.name))),
		le16(uint16(len(m.extra))), le16(uint16(len(m.comment))), le16(m.disk), le16(0), le32(m.attributes), le32(at), []byte(m.name), m.extra, m.comment}, nil)
}
