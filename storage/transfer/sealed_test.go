package transfer_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
	"vigie/storage/transfer"
)

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	return id
}

func sealed(t testing.TB, path string, id *age.X25519Identity) *transfer.Sealed {
	t.Helper()
	s, err := transfer.OpenSealed(path, id.Recipient())
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// unsealed puts a sealed file into a new store.
func unsealed(t testing.TB, text []byte, id age.Identity) (*storage.Store, transfer.Unsealed) {
	t.Helper()
	s, err := storage.Open(context.Background(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	u, err := transfer.Unseal(context.Background(), bytes.NewReader(text), s, id)
	require.NoError(t, err)
	return s, u
}

func recordsOf(t testing.TB, s *storage.Store) (recs []cell.Record) {
	for e, err := range s.Records(context.Background(), storage.Query{}) {
		require.NoError(t, err)
		recs = append(recs, e.Record)
	}
	return recs
}

func eventsOf(t testing.TB, s *storage.Store) (evs []analyzer.Event) {
	for e, err := range s.Events(context.Background(), storage.EventQuery{}) {
		require.NoError(t, err)
		evs = append(evs, e)
	}
	return evs
}

// sink is a follower's view of a sealed file, read back as frames hold it.
func TestSealedIsASink(t *testing.T) {
	storagetest.Sink(t, func(t testing.TB) storagetest.Subject {
		path, id := filepath.Join(t.TempDir(), "day.sealed"), identity(t)
		lines := func(t testing.TB) (recs []cell.Record, evs []analyzer.Event) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			return transfer.SealedEntries(t, text, id)
		}
		return storagetest.Subject{
			Open:    func(t testing.TB) storage.Sink { return sealed(t, path, id) },
			Records: func(t testing.TB) []cell.Record { recs, _ := lines(t); return recs },
			Events:  func(t testing.TB) []analyzer.Event { _, evs := lines(t); return evs },
		}
	})
}

// What was sealed and opened at home is what a store would have held.
func TestUnsealedEqualsNeverSealed(t *testing.T) {
	ctx := context.Background()
	day, evs := storagetest.WithSignalling(storagetest.Day(2000)), storagetest.Events(6)
	never, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer never.Close()
	path, id := filepath.Join(t.TempDir(), "day.sealed"), identity(t)
	for part := range 4 { // four runs
		require.NoError(t, never.Append(ctx, day[500*part:500*part+500]...))
		evs[part].State = analyzer.Closed
		require.NoError(t, never.PutEvents(ctx, evs[:part+3]...))
		s := sealed(t, path, id)
		require.NoError(t, storage.Follow(ctx, never, "seal", s, storage.FollowOptions{Batch: 100, UntilDone: true}))
		require.NoError(t, s.Close())
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	got, u := unsealed(t, text, id)
	require.Equal(t, recordsOf(t, never), recordsOf(t, got))
	require.Equal(t, eventsOf(t, never), eventsOf(t, got))
	require.Zero(t, u.Damaged)
	_, err = transfer.Unseal(ctx, bytes.NewReader(text), got, id)
	require.NoError(t, err)
	require.Equal(t, recordsOf(t, never), recordsOf(t, got), "a second time adds nothing")
	require.Equal(t, eventsOf(t, never), eventsOf(t, got))
	for _, part := range []string{"roof-1", "QENG", "RSRP", `"time"`, string(cell.AppendRecord(nil, day[7]))[:40]} {
		require.NotContains(t, string(text), part, "nothing is there to read")
	}
	_, err = transfer.Unseal(ctx, bytes.NewReader(text), got, identity(t))
	require.ErrorIs(t, err, storage.ErrKey)
}

// A file that was cut or changed anywhere loses the frames that were hit, is appended to, and names what was lost.
func TestSealedFileIsHurt(t *testing.T) {
	ctx := context.Background()
	dir, id, day := t.TempDir(), identity(t), storagetest.Day(12)
	whole := filepath.Join(dir, "whole")
	s := sealed(t, whole, id)
	var ends []int64
	for i := 1; i < len(day); i++ {
		require.NoError(t, s.Write(ctx, []storage.Entry{{Seq: 1, Record: day[0]}, {Seq: int64(i), Record: day[i]}}))
		info, err := os.Stat(whole)
		require.NoError(t, err)
		ends = append(ends, info.Size())
	}
	require.NoError(t, s.Close())
	text, err := os.ReadFile(whole)
	require.NoError(t, err)
	for at := int64(1); at < int64(len(text)); at += 167 {
		complete := 0 // frames before the place
		for complete < len(ends) && ends[complete] <= at {
			complete++
		}
		cut := filepath.Join(dir, "cut")
		require.NoError(t, os.WriteFile(cut, text[:at], 0o600))
		s := sealed(t, cut, id)
		require.NoError(t, s.Write(ctx, []storage.Entry{{Seq: 1, Record: day[0]}, {Seq: 99, Record: day[len(day)-1]}}))
		require.NoError(t, s.Close())
		mended, err := os.ReadFile(cut)
		require.NoError(t, err)
		got, u := unsealed(t, mended, id)
		require.Zero(t, u.Damaged, "what was cut off is gone before something is appended")
		require.Len(t, recordsOf(t, got), 1+min(complete+1, len(ends)), "cut at %d", at)

		flipped := bytes.Clone(text)
		flipped[at] ^= 0x20
		got, u = unsealed(t, flipped, id)
		require.Equal(t, 1, u.Damaged, "changed at %d", at)
		require.Len(t, recordsOf(t, got), len(ends), "changed at %d: one frame is lost", at)
	}
}

func TestSealedFileIsNotOne(t *testing.T) {
	ctx := context.Background()
	id, path := identity(t), filepath.Join(t.TempDir(), "notes.txt")
	notes := strings.Repeat("buy bread\n", 100)
	require.NoError(t, os.WriteFile(path, []byte(notes), 0o600))
	_, err := transfer.OpenSealed(path, id.Recipient())
	require.ErrorIs(t, err, storage.ErrForeign)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, notes, string(text), "what is not ours is left alone")
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	_, err = transfer.Unseal(ctx, strings.NewReader(notes), s, id)
	require.ErrorIs(t, err, storage.ErrForeign)
	_, err = transfer.OpenSealed(filepath.Join(t.TempDir(), "x"))
	require.ErrorContains(t, err, "public key")
	one := sealed(t, filepath.Join(t.TempDir(), "day"), id)
	_, err = transfer.OpenSealed(one.Name(), id.Recipient())
	require.ErrorIs(t, err, storage.ErrLocked)
}

func FuzzUnseal(f *testing.F) {
	id := identity(f)
	path := filepath.Join(f.TempDir(), "day")
	s := sealed(f, path, id)
	require.NoError(f, s.Write(context.Background(), []storage.Entry{{Seq: 1, Record: storagetest.Day(2)[1]}}))
	text, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(text)
	f.Add(append(bytes.Clone(text[:30]), text...))
	store, err := storage.Open(context.Background(), "", storage.Options{Memory: true})
	require.NoError(f, err)
	f.Cleanup(func() { store.Close() })
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := transfer.Unseal(context.Background(), bytes.NewReader(text), store, id)
		if err != nil {
			require.NotErrorIs(t, err, io.ErrUnexpectedEOF)
		}
	})
}
