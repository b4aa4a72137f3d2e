package console

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFormats(t *testing.T) {
	require.Equal(t, "1 record", Plural(1, "record"))
	require.Equal(t, "0 records", Plural(0, "record"))
	require.Equal(t, "12,345 records", Plural(12345, "record"))
	require.Equal(t, "-1,234,567", Thousands(-1234567))
	require.Equal(t, "119 s", Duration(119*time.Second))
	require.Equal(t, "119 min", Duration(119*time.Minute+59*time.Second))
	require.Equal(t, "47 h", Duration(47*time.Hour))
	require.Equal(t, "2 days", Duration(48*time.Hour))
	require.Equal(t, "1023 B", Size(1023))
	require.Equal(t, "8.0 MiB", Size(8<<20))
	require.Equal(t, "one two\n  three", Wrap("one  two three", 8, "  "))
	require.Equal(t, "a b?c?d", OneLine("a\nb\x1bc\u202ed"))
	require.Equal(t, "Été", Capitalise("été"))
	require.Empty(t, Capitalise(""))
}

func TestReport(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		text   string
	}{
		{nil, 0, ""},
		{errors.New("it broke\x1b[31m"), 1, "vigie: it broke?[31m\n"},
		{Usage(errors.New("no such flag"), "vigie --help"), 2, "vigie: no such flag\nhint: vigie --help\n"},
		{fmt.Errorf("reading: %w", WithHint(errors.New("no key"), "name it")), 1, "vigie: reading: no key\nhint: name it\n"},
		{fmt.Errorf("reading: %w", fs.ErrNotExist), 1, "vigie: reading: file does not exist\nhint: check the spelling of the path\n"},
	} {
		var out bytes.Buffer
		require.Equal(t, c.status, Report(&out, c.err))
		require.Equal(t, c.text, out.String())
	}
	require.NoError(t, WithHint(nil, "nothing to do"))
}

// A pipe gets plain text: no colour unless it is asked for, no progress line.
func TestPipeIsPlain(t *testing.T) {
	var out bytes.Buffer
	pipe := New(&out, "auto")
	pipe.Progress("half of it")
	pipe.Printf("%s\n", pipe.Paint(Red, "done"))
	require.Equal(t, "done\n", out.String())
	out.Reset()
	colour := New(&out, "always")
	colour.Printf("%s", colour.Paint(Red, "a\nb"))
	require.Equal(t, "\x1b[31;1ma\x1b[0m\n\x1b[31;1mb\x1b[0m", out.String())
}
