package review

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/review/bundletest"
)

// A bundle that can be read in two ways, or has anything that no bundle has, is not whole.
func TestHostileBundles(t *testing.T) {
	bundle := makeBundle(t, readTown(t), BundleOptions{})
	seen := map[string]string{}
	for _, h := range bundletest.HostileBundles {
		t.Run(h.Name, func(t *testing.T) {
			hostile := h.Make(t, bundle)
			require.NotEqual(t, bundle, hostile)
			r := &measured{r: bytes.NewReader(hostile)}
			v, err := Verify(t.Context(), r, int64(len(hostile)))
			if err != nil {
				require.ErrorContains(t, err, "not a bundle")
				t.Log(err)
			} else {
				require.False(t, v.Good(), "it passes for whole")
				t.Log(strings.Join(v.Problems, "; "))
				require.Less(t, len(v.Problems), 20)
			}
			require.LessOrEqual(t, r.n, 3*int64(len(hostile)), "bytes read")
			require.Error(t, Attach(t.Context(), io.Discard, bytes.NewReader(hostile), int64(len(hostile)), "tsr", []byte("x")), "a timestamp is attached to it")
			sum := sha256.Sum256(hostile)
			require.Empty(t, seen[hex.EncodeToString(sum[:])], "the same as")
			seen[hex.EncodeToString(sum[:])] = h.Name
		})
	}
}

// measured counts what is read.
type measured struct {
	r io.ReaderAt
	n int64
}

func (m *measured) ReadAt(p []byte, at int64) (int, error) {
	n, err := m.r.ReadAt(p, at)
	m.n += int64(n)
	return n, err
}

// A check ends when its context does, also in the middle of a member.
func TestVerifyEnds(t *testing.T) {
	bundle := makeBundle(t, readTown(t), BundleOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	r := &measured{r: bytes.NewReader(bundle)}
	_, err := Verify(ctx, cancelling{r, cancel}, int64(len(bundle)))
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, r.n, int64(len(bundle)))
}

type cancelling struct {
	*measured
	cancel context.CancelFunc
}

func (c cancelling) ReadAt(p []byte, at int64) (int, error) {
	if c.n > 50_000 {
		c.cancel()
	}
	return c.measured.ReadAt(p, at)
}

// FuzzVerify: what passes for whole is, to another reader of archives too, exactly what its manifest lists.
func FuzzVerify(f *testing.F) {
	bundle := smallBundle(f)
	f.Add(bundle)
	for _, h := range bundletest.HostileBundles {
		if hostile := h.Make(f, bundle); len(hostile) < 100_000 {
			f.Add(hostile)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Verify(t.Context(), bytes.NewReader(data), int64(len(data)))
		if err != nil || !v.Good() {
			return
		}
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		got := map[string]string{}
		for _, f := range z.File {
			r, err := f.Open()
			require.NoError(t, err)
			text, err := io.ReadAll(r)
			require.NoError(t, err)
			require.NotContains(t, got, f.Name)
			got[f.Name] = string(text)
		}
		text, _, _ := strings.Cut(got[manifestName], "\n\n— ")
		m, err := parseManifest(text)
		require.NoError(t, err)
		for _, want := range m.Members {
			sum := sha256.Sum256([]byte(got[want.Name]))
			require.Equal(t, want.Hash, hex.EncodeToString(sum[:]))
			delete(got, want.Name)
		}
		delete(got, manifestName)
		for _, s := range stamps {
			delete(got, s)
		}
		require.Empty(t, got)
	})
}

// smallBundle is a bundle whose members are short.
func smallBundle(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	p := &packer{zip: zip.NewWriter(&b)}
	p.m = manifest{Made: townNow, Software: "vigie", About: "a test", Location: "exact"}
	for _, name := range bundleNames[:len(bundleNames)-1] {
		require.NoError(t, p.add(name, func(w io.Writer) error { _, err := io.WriteString(w, "a line of "+name+"\n"); return err }))
	}
	require.NoError(t, p.finish(nil))
	return b.Bytes()
}
