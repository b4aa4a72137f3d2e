package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"vigie/cell"
)

// stream is what a command reads for as long as it likes: a text again and again, or once, and then nothing comes.
type stream struct {
	head, text string
	stalls     bool
}

// feed writes until nobody reads; read is called once a command must have begun to read.
func (e stream) feed(w io.WriteCloser, read func()) {
	defer w.Close()
	_, err := io.WriteString(w, e.head)
	block := strings.Repeat(e.text, 1+(16<<10)/len(e.text))
	for n := 0; err == nil; n += len(block) {
		if n > 256<<10 { // more than a pipe holds
			read()
			if e.stalls {
				return
			}
			n = 0
		}
		_, err = io.WriteString(w, block)
	}
}

// The first Ctrl-C ends every command that reads, with the status of an error, also where it waits for input that does not come; and
// nothing is left of what it was writing. VIGIE names another binary to try.
func TestFirstInterruptEnds(t *testing.T) {
	t.Parallel()
	qmdl, err := os.ReadFile("../../air/capture/testdata/benign-attach.qmdl")
	require.NoError(t, err)
	record := string(cell.AppendRecord(nil, &cell.Observation{Time: time.Unix(1700000000, 0).UTC(), Sensor: "bag", State: cell.Idle})) + "\n"
	const answer, row = "AT+CSQ\r\n+CSQ: 20,99\r\nOK\r\n", "LTE,262,1,1,1,0,1.0,1.0,1000,1,1,1700000000,1700000000\n"
	for _, c := range []struct {
		what  string
		gives stream
		args  []string
	}{
		{"decode of text", stream{text: answer}, []string{"decode", "-"}},
		{"decode of a capture", stream{text: string(qmdl)}, []string{"decode", "--json", "-"}},
		{"scrub", stream{text: string(qmdl)}, []string{"scrub", "/dev/stdin", "out.qmdl"}},
		{"replay", stream{text: record}, []string{"replay", "-"}},
		{"replay of what is no record", stream{text: "{}\n"}, []string{"replay", "-"}},
		{"import", stream{text: record}, []string{"import", "--store", "v.db", "-"}},
		{"import of what is no record", stream{text: "{}\n"}, []string{"import", "--store", "v.db", "-"}},
		{"a list of cells", stream{text: row}, []string{"celldb", "import", "--db", "cells.vigie", "-"}},
	} {
		for _, stalls := range []bool{false, true} {
			if c.gives.stalls = stalls; stalls {
				c.what += " that stalls"
			}
			t.Run(c.what, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				cmd := exec.Command(program(), c.args...)
				var errs bytes.Buffer
				cmd.Dir, cmd.Stderr, cmd.Env = dir, &errs, append(os.Environ(), "HOME="+dir)
				r, w, err := os.Pipe()
				require.NoError(t, err)
				cmd.Stdin = r
				require.NoError(t, cmd.Start())
				r.Close()
				began := make(chan struct{}, 1)
				go c.gives.feed(hold{w, c.gives.stalls}, func() {
					select {
					case began <- struct{}{}:
					default:
					}
				})
				t.Cleanup(func() { w.Close() })
				<-began
				endsByOneInterrupt(t, cmd, &errs)
				left, err := filepath.Glob(filepath.Join(dir, "*"))
				require.NoError(t, err)
				hidden, err := filepath.Glob(filepath.Join(dir, ".vigie-*"))
				require.NoError(t, err)
				for _, name := range append(left, hidden...) {
					require.Contains(t, filepath.Base(name), "v.db", "left behind")
				}
			})
		}
	}
}

// hold is a pipe that may stay open when all was written.
type hold struct {
	*os.File
	open bool
}

func (h hold) Close() error {
	if h.open {
		return nil
	}
	return h.File.Close()
}

// endsByOneInterrupt interrupts a program once and waits for its end.
func endsByOneInterrupt(t *testing.T, cmd *exec.Cmd, errs *bytes.Buffer) {
	t.Helper()
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	require.True(t, late.Stop(), "one Ctrl-C did not end it")
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), errs.String())
}

// A command whose output nobody takes ends too.
func TestFirstInterruptEndsWhatNobodyReads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := longStore(t, dir, 5000)
	cmd := exec.Command(program(), "export", "--store", store, "-")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		n, err := unix.IoctlGetInt(int(out.(*os.File).Fd()), unix.TIOCINQ)
		return err == nil && n > 60<<10
	}, time.Minute, 10*time.Millisecond, "the pipe is full")
	endsByOneInterrupt(t, cmd, &errs)
}

// longStore is a store that takes a while to write out.
func longStore(t *testing.T, dir string, records int) string {
	t.Helper()
	text := append(cell.AppendRecord(nil, &cell.Source{Version: 1, Sensor: "bag"}), '\n')
	for i := range records {
		o := &cell.Observation{Time: time.Unix(1700000000+int64(i), 0).UTC(), Sensor: "bag", State: cell.Idle, Serving: &cell.Cell{RAT: cell.LTE, MCC: "262", MNC: "01", PCI: cell.Some(uint16(i % 500))}}
		text = append(cell.AppendRecord(text, o), '\n')
	}
	store := filepath.Join(dir, "v.db")
	out, err := exec.Command(program(), "import", "--store", store, writeFile(t, dir, "all.ndjson", string(text))).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return store
}

// What a command writes has its name only once it is whole, whatever ends the command before.
func TestNoPartHasTheName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := longStore(t, dir, 30_000)
	for _, c := range []struct {
		out  string
		args []string
	}{
		{"e.ndjson", []string{"export", "--store", store}},
		{"e.ndjson.gz", []string{"export", "--store", store}},
		{"r.html", []string{"report", "--store", store, "--from", "2023-11-14"}},
		{"b.zip", []string{"bundle", "--store", store, "--from", "2023-11-14"}},
		{"c.db", []string{"backup", "--store", store}},
	} {
		for _, with := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
			t.Run(c.out+" "+with.String(), func(t *testing.T) {
				t.Parallel()
				to := t.TempDir()
				out := filepath.Join(to, c.out)
				cmd := exec.Command(program(), append(c.args, out)...)
				require.NoError(t, cmd.Start())
				require.Eventually(t, func() bool {
					names, err := os.ReadDir(to)
					return err == nil && len(names) > 0
				}, time.Minute, time.Millisecond, "it writes")
				_ = cmd.Process.Signal(with)
				err := cmd.Wait()
				if err == nil {
					require.FileExists(t, out)
					return
				}
				require.NoFileExists(t, out)
				if with == syscall.SIGINT {
					left, err := os.ReadDir(to)
					require.NoError(t, err)
					require.Empty(t, left)
				}
			})
		}
	}
}
