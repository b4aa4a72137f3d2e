package pipeline

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
)

// impatient makes a pipeline that waits for its store until the test says that this takes too long.
func (p *spot) impatient() (tooLong *bool) {
	tooLong = new(bool)
	at := make(chan time.Time)
	close(at)
	p.line.Tolerant = true
	p.line.Patience = func() <-chan time.Time {
		if *tooLong {
			return at
		}
		return nil
	}
	return tooLong
}

// hang keeps the store from answering to anything that writes, as a disk does that hangs in a write or in a sync.
func hang(t *testing.T, s *storage.Store) (release func()) {
	hangs, let, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- s.Update(context.WithoutCancel(t.Context()), func(*storage.Tx) error {
			close(hangs)
			<-let
			return nil
		})
	}()
	<-hangs
	return func() {
		close(let)
		require.NoError(t, <-done)
	}
}

// A disk that hangs during an attack changes nothing about it: the attack is analysed and reported while the disk hangs, with
// the same times and the same severity, and everything is stored afterwards, once and in order.
func TestHungDiskChangesNothing(t *testing.T) {
	free := newSpot(t)
	want := free.visitThird()
	require.NotEmpty(t, want)

	p := newSpot(t)
	tooLong := p.impatient()
	var late []bool
	p.line.OnLate = func(is bool) { late = append(late, is) }
	release := hang(t, p.line.Store)
	*tooLong = true
	got := p.visitThird() // all of it while the disk hangs
	require.Equal(t, want, got)
	require.Equal(t, []bool{true}, late, "the store is waited for once")
	require.NotNil(t, p.line.Late())
	require.Empty(t, p.line.Outage(), "a store that has not answered yet has not failed")
	require.Contains(t, p.line.Waiting(), "366 records and")
	require.NoError(t, p.line.save(t.Context()))
	require.NoError(t, p.line.Continue(t.Context()), "it has nothing to continue with")

	release()
	<-p.line.Late()
	*tooLong = false
	require.NoError(t, p.line.Continue(t.Context()))
	require.Equal(t, []bool{true, false}, late)
	require.Nil(t, p.line.Late())
	require.False(t, p.line.behind())
	p.on(60, 2820612, 4660, -94)
	require.NoError(t, p.line.save(t.Context()))
	p.sameAgain()
	count := 0
	for e, err := range p.line.Store.Records(t.Context(), storage.Query{Kinds: storage.Observations}) {
		require.NoError(t, err)
		require.False(t, e.Record.When().After(p.now))
		count++
	}
	free.on(60, 2820612, 4660, -94)
	same := 0
	for _, err := range free.line.Store.Records(t.Context(), storage.Query{Kinds: storage.Observations}) {
		require.NoError(t, err)
		same++
	}
	require.Equal(t, same, count, "every observation is there, once")
}

// A watch that ends while the disk hangs waits for it, and what came meanwhile is stored.
func TestCloseWhileTheDiskHangs(t *testing.T) {
	p := newSpot(t)
	tooLong := p.impatient()
	release := hang(t, p.line.Store)
	*tooLong = true
	p.on(100, 2820612, 4660, -94)
	closed := make(chan error)
	go func() { closed <- p.line.Close(t.Context()) }()
	release()
	require.NoError(t, <-closed)
	*tooLong = false
	p.sameAgain()
	require.NoError(t, p.line.Store.Close())
	p.line = nil
}

// A verdict that is given while the disk hangs waits, and is taught once the store answers.
func TestVerdictWaitsForAHungDisk(t *testing.T) {
	p := newSpot(t)
	first := p.visitThird()
	require.NotEmpty(t, first)
	p.giveVerdict(first[0].ID, storage.Benign)
	tooLong := p.impatient()
	release := hang(t, p.line.Store)
	*tooLong = true
	require.NotEmpty(t, p.visitThird(), "the verdict is not known yet")
	release()
	<-p.line.Late()
	*tooLong = false
	require.NoError(t, p.line.Continue(t.Context()))
	p.on(10, 2820612, 4660, -94)
	require.Empty(t, p.visitThird(), "it has been taught")
	p.sameAgain()
}

// A store that fails in the end, after it did not answer, is an outage as any other: nothing is lost, and it is tried again.
func TestHungDiskThatFails(t *testing.T) {
	p, _, warned, alarmed := watch(t)
	require.NoError(t, p.Feed(t.Context(), seconds(0, 1)...))
	good := p.Store
	require.NoError(t, good.Flush())
	at := make(chan time.Time)
	close(at)
	asked := make(chan struct{})
	p.Patience = func() <-chan time.Time { return at }
	failed := false
	answered, err := p.ask(func() error { <-asked; return storage.ErrReadOnly }, func(err error) error {
		failed = true
		return p.written(p.outage.offer(nil, start), 0, err)
	})
	require.NoError(t, err)
	require.False(t, answered)
	require.NoError(t, p.Feed(t.Context(), seconds(1, 3)...))
	close(asked)
	<-p.Late()
	p.Patience = nil
	require.NoError(t, p.Continue(t.Context()))
	require.True(t, failed)
	require.Len(t, *alarmed, 1)
	require.Contains(t, p.Outage(), "3 records and 0 events wait")
	require.NoError(t, p.Feed(t.Context(), seconds(10, 1)...))
	require.Contains(t, (*warned)[len(*warned)-1], "can be written again")
	require.NoError(t, p.Close(t.Context()))
	require.Len(t, stored(t, good), 5)
}

// The file of a recording may be on a disk that hangs too: the analyzer does not wait for it, and it has everything in the end.
func TestRecordingOnAHungDisk(t *testing.T) {
	p, _, _, _ := watch(t)
	file := filepath.Join(t.TempDir(), "r.ndjson")
	r, err := NewRecorder(file, 0)
	require.NoError(t, err)
	p.Recorder = r
	let := make(chan struct{})
	p.file.late = unanswered(let)
	p.Patience = func() <-chan time.Time { return nil }
	seen := 0
	p.OnRecord = func(cell.Record) { seen++ }
	require.NoError(t, p.Feed(t.Context(), seconds(0, 20)...))
	require.Equal(t, 20, seen)
	require.Len(t, p.file.waits, 20)
	close(let)
	<-p.file.late.done
	require.NoError(t, p.Feed(t.Context(), seconds(20, 1)...))
	require.NoError(t, p.Close(t.Context()))
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	in := cell.NewReader(f, file)
	for n := range 21 {
		rec, err := in.Next()
		require.NoError(t, err)
		require.Equal(t, start.Add(time.Duration(n)*time.Second), rec.When())
	}
	_, err = in.Next()
	require.ErrorIs(t, err, io.EOF)

	p, _, warned, _ := watch(t)
	p.Recorder, err = NewRecorder(filepath.Join(t.TempDir(), "r.ndjson"), 0)
	require.NoError(t, err)
	let = make(chan struct{})
	p.file.late = unanswered(let)
	p.Patience = func() <-chan time.Time { return nil }
	require.NoError(t, p.Feed(t.Context(), seconds(0, outageMost+1)...))
	require.Nil(t, p.Recorder, "memory is bounded")
	require.Contains(t, (*warned)[0], "recording to the file ends, watching continues")
	close(let)
	require.NoError(t, p.Close(t.Context()))
}

// unanswered is a request that is answered when let is closed.
func unanswered(let <-chan struct{}) *request { return launch(func() error { <-let; return nil }) }
