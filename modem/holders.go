package modem

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"vigie/safefile"
)

// Holder is a program that has a port open.
type Holder struct {
	PID     int
	Program string // as /proc/PID/comm says: "ModemManager"
}

// String is for people: "ModemManager (pid 812)".
func (h Holder) String() string { return h.Program + " (pid " + strconv.Itoa(h.PID) + ")" }

// Holders lists the other programs that have a device open, as far as this user may look into /proc: root sees all processes,
// other users see their own. A link to the device counts as the device.
func (h Host) Holders(device string) (holders []Holder) {
	_ = safefile.AsCaller(func() error { holders = h.holders(device); return nil })
	return holders
}

func (h Host) holders(device string) []Holder {
	device = resolve(device)
	entries, err := os.ReadDir(h.proc())
	if err != nil {
		return nil
	}
	var holders []Holder
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() || !h.opens(pid, device) {
			continue
		}
		comm, _ := os.ReadFile(h.proc(e.Name(), "comm"))
		holders = append(holders, Holder{PID: pid, Program: strings.TrimSpace(string(comm))})
	}
	slices.SortFunc(holders, func(a, b Holder) int { return a.PID - b.PID })
	return holders
}

func (h Host) opens(pid int, device string) bool {
	dir := h.proc(strconv.Itoa(pid), "fd")
	fds, err := os.ReadDir(dir)
	if err != nil {
		return false // no permission, or the process has ended
	}
	return slices.ContainsFunc(fds, func(fd os.DirEntry) bool {
		target, err := os.Readlink(filepath.Join(dir, fd.Name()))
		return err == nil && target == device
	})
}
