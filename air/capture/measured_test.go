package capture

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/air"
	"vigie/cell"
)

// TestMeasured goes through real captures, which are never committed: VIGIE_AIR names the directory (make air). Each secret range of each
// message is inverted, and nothing that is printed changes; a scrubbed copy says the same.
func TestMeasured(t *testing.T) {
	root := os.Getenv("VIGIE_AIR")
	if root == "" {
		t.Skip("SKIPPED: real captures, of which there are none here. make air AIR=DIRECTORY reads them")
	}
	messages, ranges := 0, 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".txt") {
			return err
		}
		file := read(t, name)
		want, before := lines(t, file)
		for _, p := range packets(t, file) {
			messages++
			ranges += invertSecrets(t, name, p)
		}
		clean, _ := scrubbed(t, file)
		got, after := lines(t, clean)
		require.Equal(t, want, got, "%s: the copy says something else", name)
		require.Equal(t, before.Counts.Frames, after.Counts.Frames, name)
		require.Equal(t, before.Counts.Messages, after.Counts.Messages, name)
		return nil
	})
	require.NoError(t, err)
	require.NotZero(t, messages, "no capture below %s", root)
	t.Logf("%d messages, %d secret ranges inverted", messages, ranges)
}

// invertSecrets inverts each secret range of a message alone, and all of them at once, and returns how many there were.
func invertSecrets(t *testing.T, name string, p Packet) int {
	say := func() string {
		again := Packet{Message: p.Message, Payload: p.Payload}
		_ = again.Decode(true)
		return string(cell.AppendMessage(nil, &again.Message))
	}
	want := say()
	ranges := air.Merge(p.secret(nil))
	invert := func(rs []air.Range) {
		for _, r := range rs {
			for bit := r.From; bit < r.To; bit++ {
				p.Payload[bit/8] ^= 0x80 >> (bit % 8)
			}
		}
	}
	for i := range ranges {
		invert(ranges[i : i+1])
		if got := say(); got != want {
			t.Fatalf("%s frame %d: bits %d to %d are read", name, p.Message.Frame, ranges[i].From, ranges[i].To)
		}
		invert(ranges[i : i+1])
	}
	before := bytes.Clone(p.Payload)
	invert(ranges)
	require.Equal(t, want, say(), "%s frame %d", name, p.Message.Frame)
	invert(ranges)
	require.Equal(t, before, p.Payload)
	return len(ranges)
}
