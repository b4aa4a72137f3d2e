package main

import (
	"bytes"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
)

// gpsd is a stand-in that reports one place to every client, and then that it has lost it. The real one is tried in position.
func gpsd(t *testing.T, lines ...string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			fmt.Fprintln(c, strings.Join(lines, "\n"))
		}
	}()
	return l.Addr().String()
}

// A position from gpsd is stored with what the modem reported at that time, as coarse as was chosen, and once.
func TestWatchWithPosition(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	addr := gpsd(t, `{"class":"VERSION","release":"3.22"}`, `{"class":"TPV","mode":3,"lat":50.84711,"lon":4.35717,"eph":6.5,"speed":0.2}`)
	db, conf := filepath.Join(dir, "s.db"), writeFile(t, dir, "v.toml", "[modem]\nfast = \"40ms\"\nslow = \"200ms\"\n[position]\ngpsd = \""+addr+"\"\ncoarse = \"1km\"\n")
	em, ctx := emulate(t, demoScenario, emulator.Options{Speed: 8})
	var out, stderr bytes.Buffer
	require.Zero(t, run(ctx, []string{"watch", "--config", conf, "--port", em.Path(), "--store", db}, nil, &out, &stderr), stderr.String())
	require.Less(t, strings.Index(out.String(), "take the SIM out"), strings.Index(out.String(), "watching "+em.Path()), "said before the modem is used")
	exported, _, _ := vigie(t, "export", "--store", db, "-")
	require.True(t, strings.Contains(exported, `"position":{"lat":50.8489,"lon":4.36089,"accuracy_m":707,"source":"gpsd"}`), "the middle of the square")
	require.Equal(t, 1, strings.Count(exported, `"lat":`), "nothing is carried on from an earlier observation")
	require.False(t, strings.Contains(exported, "50.847"), "the exact place")
	require.True(t, strings.Contains(exported, `"position","unsolicited"]`), "the source says that it reports positions")
}

func TestPositionConfig(t *testing.T) {
	for text, want := range map[string]string{
		"[position]\ncoarse = \"1 mile\"\n": `"1 mile" is not a length`,
		"[position]\ngps = \"x\"\n":         `unknown key "position.gps"`,
	} {
		conf := writeFile(t, t.TempDir(), "v.toml", text)
		_, stderr, status := vigie(t, "watch", "--config", conf, "--port", "/dev/null", "--store", filepath.Join(t.TempDir(), "s.db"))
		require.Equal(t, 2, status)
		require.Contains(t, stderr, want)
	}
}
