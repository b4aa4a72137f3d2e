package capture

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/air"
	"vigie/cell"
)

// TestMeasured goes through real captures, which are never committed: VIGIE_AIR names the directory (make air). Each secret range of each
// message is inverted, and nothing that is printed changes; a scrubbed copy says the same, also to tshark.
func TestMeasured(t *testing.T) {
	root := os.Getenv("VIGIE_AIR")
	if root == "" {
		t.Skip("SKIPPED: real captures, of which there are none here. make air AIR=DIRECTORY reads them")
	}
	_, err := exec.LookPath("tshark")
	judged := err == nil
	if !judged {
		t.Log("NOT MEASURED: whether tshark reads the copies. This provides it: apt-get install tshark")
	}
	messages, ranges := 0, 0
	err = filepath.WalkDir(filepath.Join(root, "captures"), func(name string, d fs.DirEntry, err error) error {
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
		if judged {
			require.LessOrEqual(t, faults(t, clean), faults(t, file), "%s: tshark finds more faults in the copy", name)
		}
		return nil
	})
	require.NoError(t, err)
	require.NotZero(t, messages, "no capture below %s", root)
	t.Logf("%d messages, %d secret ranges inverted", messages, ranges)
}

// faults is how many packets tshark calls malformed or wrong: of a DIAG stream, when it is written as GSMTAP.
func faults(t *testing.T, file []byte) int {
	if kind := Open(NewReader(bytes.NewReader(file))).Kind; kind == DIAG {
		file = asPCAPNG(t, file)
	}
	name := filepath.Join(t.TempDir(), "capture")
	require.NoError(t, os.WriteFile(name, file, 0o600))
	const errors = "_ws.malformed or _ws.expert.severity >= 8388608"
	out := tshark(t, "-n", "-r", name, "-Y", errors, "-T", "fields", "-e", "frame.number", "-o", `uat:user_dlts:"User 1 (DLT=148)","nas-eps","0","","0",""`)
	n := 0
	for _, line := range strings.Split(out, "\n") {
		if _, err := strconv.Atoi(line); err == nil { // and no warning of the program
			n++
		}
	}
	return n
}

// invertSecrets inverts each secret range of a message alone, and all of them at once, and returns how many there were.
func invertSecrets(t *testing.T, name string, p Packet) int {
	say := func() string {
		again := Packet{Message: p.Message, Payload: p.Payload}
		_ = again.Decode(true)
		return string(cell.AppendRecord(nil, &again.Message))
	}
	want := say()
	ranges := air.Merge(air.Secret(nil, &p.Message, p.Payload))
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
