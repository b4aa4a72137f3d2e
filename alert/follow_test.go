package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// friend is a destination in memory; down is the error with which it fails.
type friend struct {
	mu   sync.Mutex
	down error
	mute bool // accepts messages and never answers
	got  []Message
}

func (f *friend) send(ctx context.Context, m Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down != nil {
		return f.down
	}
	f.got = append(f.got, m)
	if f.mute {
		return errors.New("no answer")
	}
	return nil
}

func (f *friend) set(err error) { f.mu.Lock(); defer f.mu.Unlock(); f.down = err }

// take returns the titles of the messages since the last call.
func (f *friend) take() (titles []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.got {
		titles = append(titles, m.Title)
	}
	f.got = nil
	return titles
}

func memory(t *testing.T) *storage.Store {
	s, err := storage.Open(ctx, "", storage.Options{Memory: true, Create: true})
	require.NoError(t, err)
	return s
}

// lookout follows a store until stop is called, with friends instead of network destinations.
func lookout(t *testing.T, s *storage.Store, o Options, friends ...*friend) (a *Alerts, stop func()) {
	var lines []string
	for i := range friends {
		lines = append(lines, fmt.Sprintf("f%d https://example.org/s3cret", i))
	}
	o.To = place(t, lines...)
	a, err := New(s, o)
	require.NoError(t, err)
	for i, f := range friends {
		a.outlets[i].sender = f
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- a.Follow(running) }()
	return a, func() {
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	}
}

func put(t *testing.T, s *storage.Store, id string, sev analyzer.Severity, state analyzer.State) {
	require.NoError(t, s.PutEvents(ctx, *event(id, sev, state, time.Now().UTC())))
	synctest.Wait()
}

func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		defer s.Close()
		put(t, s, "before", analyzer.High, analyzer.Open)
		f, g := &friend{}, &friend{}
		a, stop := lookout(t, s, Options{Zone: "UTC"}, f, g)
		synctest.Wait()
		require.Empty(t, f.take(), "what was there before somebody asked is no news")

		put(t, s, "a", analyzer.Medium, analyzer.Open)
		require.Equal(t, []string{"roof-1: anomaly, severity medium"}, f.take())
		put(t, s, "a", analyzer.Medium, analyzer.Open)
		require.Empty(t, f.take())
		put(t, s, "a", analyzer.High, analyzer.Open)
		require.Equal(t, []string{"roof-1: the anomaly is now of severity high"}, f.take())
		put(t, s, "a", analyzer.High, analyzer.Closed)
		require.Empty(t, f.take(), "its end was not asked for")
		require.Len(t, g.take(), 2)

		// One friend is down; the other gets its messages.
		f.set(&net.OpError{Op: "dial", Err: errors.New("sending to https://example.org/s3cret: no route")})
		for i := range 12 {
			put(t, s, fmt.Sprint("o", i), analyzer.Medium, analyzer.Open)
			wait(10 * time.Minute)
		}
		require.Len(t, g.take(), 12)
		status := a.Status()
		require.Equal(t, "f0", status[0].Name)
		require.NotEmpty(t, status[0].Problem)
		require.NotContains(t, status[0].Problem, "s3cret")
		require.Equal(t, 12, status[0].Waiting)
		require.Empty(t, status[1].Problem)

		// After a restart nothing is lost and nothing is repeated.
		stop()
		_, stop = lookout(t, s, Options{Zone: "UTC"}, f, g)
		wait(time.Second)
		f.set(nil)
		wait(6 * time.Minute)
		require.Equal(t, []string{"Vigie: 12 messages in one"}, f.take())
		require.Empty(t, g.take())
		put(t, s, "o3", analyzer.Medium, analyzer.Open)
		put(t, s, "last", analyzer.Medium, analyzer.Open)
		require.Len(t, f.take(), 1, "only the new one")
		stop()
	})
}

// A server whose answer is lost gets the same message again, byte for byte, whatever was added since and even after a restart: it can
// recognise the duplicate.
func TestTheSameAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		defer s.Close()
		f := &friend{mute: true}
		_, stop := lookout(t, s, Options{Zone: "UTC", Quiet: "00:00-01:00", QuietPasses: "none"}, f)
		synctest.Wait()
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			put(t, s, id, analyzer.Medium, analyzer.Open)
		}
		wait(time.Hour)
		put(t, s, "a", analyzer.High, analyzer.Open)
		put(t, s, "f", analyzer.Medium, analyzer.Open)
		wait(time.Hour)
		stop()
		_, stop = lookout(t, s, Options{Zone: "UTC"}, f)
		wait(time.Hour)
		f.mu.Lock()
		f.mute = false
		require.Greater(t, len(f.got), 3)
		for _, m := range f.got {
			require.Equal(t, f.got[0].ID, m.ID)
			require.Equal(t, f.got[0].Notices, m.Notices)
		}
		f.got = nil
		f.mu.Unlock()
		wait(6 * time.Minute)
		require.Equal(t, []string{"Vigie: 5 messages in one", "roof-1: the anomaly is now of severity high", "roof-1: anomaly, severity medium"}, f.take())
		stop()
	})
}

func TestFollowBlindAndTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		defer s.Close()
		f := &friend{}
		a, stop := lookout(t, s, Options{BlindAfter: time.Minute}, f)
		defer stop()
		synctest.Wait()
		began := time.Now().UTC()
		require.NoError(t, s.Append(ctx, &cell.Gap{Time: began, Sensor: "bag", Reason: "unplugged"}))
		wait(59 * time.Second)
		require.Empty(t, f.take())
		wait(2 * time.Second)
		require.Equal(t, []string{"bag: blind"}, f.take(), "nothing came, and that is the message")
		require.NoError(t, s.Append(ctx, &cell.Gap{Time: began, Until: time.Now().UTC(), Sensor: "bag", Reason: "unplugged"}))
		wait(time.Second)
		require.Equal(t, []string{"bag: sees again"}, f.take())
		for range 3 {
			a.Trouble("bag", Trouble, "the sealed file takes nothing: interrupted")
			synctest.Wait()
		}
		require.Equal(t, []string{"bag: needs care"}, f.take())
		for range 3 {
			a.Trouble("bag", "disk_full", "the store takes nothing, watching goes on: no space left")
			synctest.Wait()
		}
		require.Equal(t, []string{"bag: needs care"}, f.take())
		require.NoError(t, s.Append(t.Context(), &cell.Health{Time: time.Now().UTC(), Sensor: "bag", Reason: "disk_full", Detail: "the disk is full"}))
		wait(time.Second)
		require.Empty(t, f.take(), "the record that comes once there is room is the same failure")
	})
}

func TestQuietNight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // synctest begins at midnight UTC
		s := memory(t)
		defer s.Close()
		f := &friend{}
		_, stop := lookout(t, s, Options{Quiet: "23:00-07:00", Zone: "UTC"}, f)
		defer stop()
		synctest.Wait()
		for i := range 5 {
			put(t, s, fmt.Sprint(i), analyzer.Medium, analyzer.Open)
			wait(time.Hour)
		}
		require.Empty(t, f.take())
		put(t, s, "grave", analyzer.High, analyzer.Open)
		require.Equal(t, []string{"roof-1: anomaly, severity high"}, f.take())
		wait(3 * time.Hour)
		require.Equal(t, []string{"Vigie: 5 messages in one"}, f.take(), "in the morning")
	})
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		defer s.Close()
		f := &friend{down: errors.New("401")}
		var lines []string
		a, stop := lookout(t, s, Options{Log: func(l string) { lines = append(lines, l) }}, f)
		defer stop()
		synctest.Wait()
		put(t, s, "a", analyzer.Medium, analyzer.Open)
		require.ErrorContains(t, a.Reload(Options{Language: "tlh"}), "language")
		set, err := a.configure(Options{To: place(t, "f0 https://example.org/fr3sh", "f1 https://example.org/x")})
		require.NoError(t, err)
		fresh, other := &friend{}, &friend{}
		set.outlets[0].sender, set.outlets[1].sender = fresh, other
		a.reloads <- set
		synctest.Wait()
		require.Len(t, fresh.take(), 1, "what waited under this name goes to its new address")
		require.Empty(t, other.take())
		require.Equal(t, []string{"f0: 401; sending is retried, and nothing is lost"}, lines)
	})
}

type hung struct{}

func (hung) send(ctx context.Context, _ Message) error { <-ctx.Done(); return errors.New("401") }

// A destination that is removed while a message to it hangs leaves no problem in the status.
func TestReloadWithAMessageOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		defer s.Close()
		a, stop := lookout(t, s, Options{}, &friend{})
		defer stop()
		synctest.Wait()
		for _, to := range []struct {
			name string
			sender
		}{{"gone", hung{}}, {"fresh", &friend{}}} {
			set, err := a.configure(Options{To: place(t, to.name+" https://example.org/x")})
			require.NoError(t, err)
			set.outlets[0].sender = to.sender
			a.reloads <- set
			synctest.Wait()
			put(t, s, to.name, analyzer.Medium, analyzer.Open)
		}
		wait(time.Hour)
		status := a.Status()
		require.Len(t, status, 1)
		require.Equal(t, "fresh", status[0].Name)
		require.Equal(t, 1, status[0].Sent)
		require.Empty(t, status[0].Problem)
	})
}

// The status counts what waits for the morning.
func TestStatusInQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		defer s.Close()
		a, stop := lookout(t, s, Options{Zone: "UTC", Quiet: "00:00-07:00"}, &friend{}) // synctest begins at midnight
		defer stop()
		synctest.Wait()
		for n, id := range []string{"a", "b", "c", "d", "e"} {
			put(t, s, id, analyzer.Medium, analyzer.Open)
			require.Equal(t, n+1, a.Status()[0].Waiting)
		}
		wait(8 * time.Hour)
		require.Zero(t, a.Status()[0].Waiting)
		require.Equal(t, 1, a.Status()[0].Sent)
	})
}

// After a kill at any moment a new process continues from what was stored: nothing else is left.
func TestWhatIsDecidedIsStoredBeforeTheCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		defer s.Close()
		f := &friend{down: errors.New("no")}
		_, stop := lookout(t, s, Options{}, f)
		synctest.Wait()
		put(t, s, "a", analyzer.High, analyzer.Open)
		text, seq, err := s.LoadState(ctx, Cursor)
		require.NoError(t, err)
		at, err := s.Cursor(ctx, Cursor)
		require.NoError(t, err)
		require.LessOrEqual(t, at, seq)
		var st state
		require.NoError(t, json.Unmarshal(text, &st))
		require.Len(t, st.Boxes["f0"].Waiting, 1)
		require.NotContains(t, string(text), "s3cret", "addresses are not in the store")
		require.False(t, strings.Contains(string(text), "424242"), "nor cells, unless asked for")
		stop()
	})
}
