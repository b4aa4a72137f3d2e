package review

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"vigie/safefile"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file that pages load, as it is sent.
type asset struct {
	kind   string
	tag    string        // ETag
	file   string        // in assetFiles
	packed func() []byte // gzip, made on the first request; nil: not worth it
}

// assets are all files that a page may ask for, by path. Any other path is not found.
var assets = sync.OnceValue(func() map[string]*asset {
	all := map[string]*asset{}
	fs.WalkDir(assetFiles, "assets", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := assetFiles.ReadFile(p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		a := &asset{kind: mime.TypeByExtension(path.Ext(p)), tag: `"` + hex.EncodeToString(sum[:8]) + `"`, file: p, packed: sync.OnceValue(func() []byte { return pack(p) })}
		switch path.Ext(p) {
		case ".js":
			a.kind = "text/javascript; charset=utf-8"
		case ".css":
			a.kind = "text/css; charset=utf-8"
		case ".json":
			a.kind = "application/json"
		case ".svg":
			a.kind = "image/svg+xml"
		case "":
			a.kind = "text/plain; charset=utf-8"
		}
		all[strings.TrimPrefix(p, "assets/")] = a
		return nil
	})
	return all
})

func pack(file string) []byte {
	data, _ := assetFiles.ReadFile(file) // it is there: it was found
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	z.Write(data)
	z.Close()
	if b.Len() >= len(data)*9/10 {
		return nil
	}
	return b.Bytes()
}

// version is a digest of all assets. It is part of their addresses, so that browsers may cache them permanently.
var version = sync.OnceValue(func() string {
	h := sha256.New()
	fs.WalkDir(assetFiles, "assets", func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			io.WriteString(h, p+assets()[strings.TrimPrefix(p, "assets/")].tag)
		}
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:6])
})

// assetPath is the address of an asset.
func assetPath(name string) string { return "/assets/" + name + "?" + version() }

func (rv *Review) sendAsset(w http.ResponseWriter, r *http.Request) {
	a := assets()[r.PathValue("file")]
	if a == nil {
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("ETag", a.tag)
	h.Set("Vary", "Accept-Encoding")
	switch {
	case rv.discreet(): // no-store: what a browser keeps would say what it was
	case r.URL.RawQuery == version():
		h.Set("Cache-Control", "max-age=31536000, immutable")
	default:
		h.Set("Cache-Control", "no-cache")
	}
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if takesGzip(r) {
		if packed := a.packed(); packed != nil {
			h.Set("Content-Encoding", "gzip")
			w.Write(packed)
			return
		}
	}
	data, _ := assetFiles.ReadFile(a.file)
	w.Write(data)
}

// ownMap describes the user's PMTiles file (version 3), from its header.
type ownMap struct {
	Zoom  int    // the finest
	Least int    // the coarsest
	Kind  string // of its tiles: "mvt", or the media type of an image
}

// mapKinds are the kinds of tiles that a page can draw, by byte 99 of the header. Tiles are decoded in the browser only.
var mapKinds = map[byte]string{1: "mvt", 2: "image/png", 3: "image/jpeg", 4: "image/webp"}

// readMap reads the header of a map; nil if there is no file, or none that a page can draw.
func readMap(path string) *ownMap {
	if path == "" {
		return nil
	}
	f, err := safefile.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var head [127]byte
	if _, err := io.ReadFull(f, head[:]); err != nil || string(head[:8]) != "PMTiles\x03" || mapKinds[head[99]] == "" || head[101] > 24 || head[100] > head[101] {
		return nil
	}
	return &ownMap{int(head[101]), int(head[100]), mapKinds[head[99]]}
}

// Drawable reports whether pages can draw a map file: PMTiles, version 3, with vector tiles, or with PNG, JPEG or WebP.
func Drawable(path string) bool { return readMap(path) != nil }

// sendTiles sends the requested parts of the user's PMTiles file.
func (rv *Review) sendTiles(w http.ResponseWriter, r *http.Request) {
	if rv.o.Tiles == "" {
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	f, err := safefile.Open(rv.o.Tiles)
	if err != nil {
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		rv.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", info.ModTime(), f)
}

func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		if name, q, _ := strings.Cut(strings.TrimSpace(part), ";"); name == "gzip" {
			return strings.ReplaceAll(q, " ", "") != "q=0"
		}
	}
	return false
}

var packers = sync.Pool{New: func() any { z, _ := gzip.NewWriterLevel(nil, gzip.DefaultCompression); return z }}

// compressed gzips pages and JSON. Assets, the live stream and bundles are left as they are, by their Content-Encoding or type.
func compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !takesGzip(r) || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		z := &packing{ResponseWriter: w}
		defer z.done()
		next.ServeHTTP(z, r)
	})
}

type packing struct {
	http.ResponseWriter
	z       *gzip.Writer
	decided bool
}

func (p *packing) decide(status int) {
	p.decided = true
	h := p.Header()
	kind := h.Get("Content-Type")
	if h.Get("Content-Encoding") != "" || status == http.StatusNotModified || status == http.StatusNoContent ||
		!strings.HasPrefix(kind, "text/html") && !strings.HasPrefix(kind, "application/json") {
		return
	}
	h.Set("Content-Encoding", "gzip")
	h.Add("Vary", "Accept-Encoding")
	h.Del("Content-Length")
	p.z = packers.Get().(*gzip.Writer)
	p.z.Reset(p.ResponseWriter)
}

func (p *packing) WriteHeader(status int) {
	if !p.decided {
		p.decide(status)
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *packing) Write(b []byte) (int, error) {
	if !p.decided {
		p.WriteHeader(http.StatusOK)
	}
	if p.z != nil {
		return p.z.Write(b)
	}
	return p.ResponseWriter.Write(b)
}

func (p *packing) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *packing) done() {
	if p.z != nil {
		p.z.Close()
		packers.Put(p.z)
	}
}
