package console

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Lines are broken between words, with their indentation; a word that is too long, a prompt and JSON stay whole; a shell takes a broken command.
func TestFold(t *testing.T) {
	t.Setenv("COLUMNS", "40")
	var b bytes.Buffer
	term := &Terminal{w: &b, Interactive: true, Coloured: true}
	term.Printf("  one two three four five six seven eight nine\n\nshort\n")
	term.Printf("%s and what follows it on the line\n", term.Paint(Red, "something that is red"))
	term.Printf("    vigie review --password-file /etc/vigie/users --set-password NAME\n")
	term.Printf("%s\n", strings.Repeat("x", 60))
	term.Printf("a question that is longer than forty columns [y/N] ")
	require.Equal(t, "  one two three four five six seven\n    eight nine\n\nshort\n"+
		"\x1b[31;1msomething that is red\x1b[0m and what follows\n  it on the line\n"+
		"    vigie review --password-file \\\n      /etc/vigie/users --set-password \\\n      NAME\n"+
		strings.Repeat("x", 60)+"\na question that is longer than forty columns [y/N] ", b.String())
	b.Reset()
	require.NoError(t, term.WriteJSON(map[string]string{"a": "one two three four five six seven eight nine ten"}))
	require.Equal(t, 1, strings.Count(b.String(), "\n"))
	b.Reset()
	plain := &Terminal{w: &b}
	plain.Printf("in a pipe a line of more than forty columns stays whole\n")
	require.Equal(t, 1, strings.Count(b.String(), "\n"))
}

// shared is a buffer that is read while others write to it.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func (s *shared) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf.Reset()
}

// Work of more than two seconds says that it goes on; not while a question is open, not in a pipe, and not over progress of its own.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, told shared
		p := &Program{Out: &Terminal{w: &out, Interactive: true}, Err: &Terminal{w: &told, Interactive: true}}
		p.Out.Above(p.Err)
		stop := p.Busy()
		wait := func(d time.Duration) { <-time.After(d); synctest.Wait() }
		wait(1900 * time.Millisecond)
		require.Empty(t, told.String())
		wait(time.Second)
		require.Contains(t, told.String(), "still at work, 2 s")
		p.Out.Printf("delete it? [y/N] ")
		told.Reset()
		wait(3 * time.Second)
		require.NotContains(t, told.String(), "still")
		p.Out.Printf("y\n")
		p.Err.Progress("3 records")
		told.Reset()
		wait(900 * time.Millisecond)
		require.Empty(t, told.String())
		wait(2 * time.Second)
		require.Contains(t, told.String(), "still at work, ")
		stop()
		require.True(t, strings.HasSuffix(told.String(), "\r\x1b[K"), "%q", told.String())

		pipe := &Program{Out: &Terminal{w: &out}, Err: &Terminal{w: &told}}
		told.Reset()
		stop = pipe.Busy()
		wait(5 * time.Second)
		stop()
		require.Empty(t, told.String())
	})
}
