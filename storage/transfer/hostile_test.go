package transfer_test

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/storage"
	"vigie/storage/storagetest"
	"vigie/storage/transfer"
)

// Whatever stands between two frames, reading ends, and what was before it was read. VIGIE_HOSTILE=1 tries the large ones too.
func TestHostileSealedFiles(t *testing.T) {
	id := identity(t)
	good := storagetest.GoodFrame(t, id.Recipient())
	for _, h := range storagetest.HostileSealeds {
		if h.Large && os.Getenv("VIGIE_HOSTILE") == "" {
			continue
		}
		t.Run(h.Name, func(t *testing.T) {
			text := append(append(bytes.Clone(good), h.Make(t, id.Recipient())...), good...)
			s, err := storage.Open(t.Context(), "", storage.Options{Memory: true})
			require.NoError(t, err)
			defer s.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			u, err := transfer.Unseal(ctx, bytes.NewReader(text), s, id)
			require.NoError(t, ctx.Err())
			t.Logf("%+v, %v", u, err)
			if err != nil {
				require.True(t, errors.Is(err, storage.ErrDamaged) || errors.Is(err, storage.ErrKey), "%v", err)
			}
			require.Len(t, recordsOf(t, s), len(storagetest.Day(2)), "what was before it")
		})
	}
}

// Reading ends when its context does.
func TestUnsealEnds(t *testing.T) {
	id := identity(t)
	text := bytes.Repeat(storagetest.GoodFrame(t, id.Recipient()), 50)
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r := &cancelling{bytes.NewReader(text), cancel}
	_, err = transfer.Unseal(ctx, r, s, id)
	require.ErrorIs(t, err, context.Canceled)
}

type cancelling struct {
	*bytes.Reader
	cancel context.CancelFunc
}

func (c *cancelling) ReadAt(p []byte, at int64) (int, error) {
	if at > 5000 {
		c.cancel()
	}
	return c.Reader.ReadAt(p, at)
}

// FuzzUnsealText seals what a fuzzer makes: what a frame holds is input too.
func FuzzUnsealText(f *testing.F) {
	id := identity(f)
	f.Add([]byte(`{"time":"2026-11-23T20:00:00Z","state":"idle"}` + "\n"))
	f.Add([]byte(`{"kind":"event","body":"AQF4AAAAAAAAAAAAAAAAAA=="}` + "\n"))
	f.Add([]byte(`{"kind":"event","event":{"id":"x","cells":[{"rat":"LTE"}],"findings":[{}]},"phrases":{"summary":[{"format":"%.999999999f","args":[{"kind":"number"}]}]}}` + "\n"))
	store, err := storage.Open(context.Background(), "", storage.Options{Memory: true})
	require.NoError(f, err)
	f.Cleanup(func() { store.Close() })
	f.Fuzz(func(t *testing.T, text []byte) {
		frame := storagetest.SealedFrame(storagetest.SealTo(t, id.Recipient(), func(w *flate.Writer) { _, _ = w.Write(text) }))
		_, err := transfer.Unseal(context.Background(), bytes.NewReader(frame), store, id)
		require.NoError(t, err)
	})
}
