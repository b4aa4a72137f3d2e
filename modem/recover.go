package modem

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"vigie/safefile"
)

// The port of a modem that is plugged in and does not answer is reopened repeatedly. If that does not help, and
// Config.Reauthorize allows it, the device is taken off the USB bus and put back, as if it were unplugged for a moment: the
// kernel enumerates it again, and most modems that hang recover. Nothing is written to the modem.
const (
	patienceSilent = 4  // openings without an answer before the first re-authorisation; each takes five seconds and a pause
	patienceLimit  = 64 // most openings between two re-authorisations; the number doubles up to this
)

// silence counts openings of a modem that is plugged in and does not answer. Any answer ends it.
type silence struct {
	openings int // since the last re-authorisation
	wait     int // openings before the next one
	tries    int // re-authorisations so far
}

// due counts one opening, and reports whether a re-authorisation is due.
func (s *silence) due() bool {
	if s.wait == 0 {
		s.wait = patienceSilent
	}
	if s.openings++; s.openings < s.wait {
		return false
	}
	s.openings, s.wait = 0, min(2*s.wait, patienceLimit)
	s.tries++
	return true
}

// reauthorize counts an opening without an answer, and re-authorises the device when that is due.
func (c *Collector) reauthorize(reason string) {
	if reason != GapSilent || !c.Reauthorize || !c.silence.due() {
		return
	}
	if err := c.Host.Reauthorize(c.port); err != nil {
		c.complain(1, "usb_not_reauthorised", err.Error())
		return
	}
	c.complain(1, "usb_reauthorised", fmt.Sprintf("the modem did not answer: it was taken off the USB bus and put back, for the %s time in this silence",
		ordinal(c.silence.tries)))
}

func ordinal(n int) string {
	switch {
	case n%10 == 1 && n%100 != 11:
		return fmt.Sprint(n, "st")
	case n%10 == 2 && n%100 != 12:
		return fmt.Sprint(n, "nd")
	case n%10 == 3 && n%100 != 13:
		return fmt.Sprint(n, "rd")
	}
	return fmt.Sprint(n, "th")
}

// Reauthorize takes the USB device of a port off the bus and puts it back (the kernel's Documentation/usb/authorization.rst):
// its drivers are unbound, and probe it again. The port vanishes and comes back, possibly under another name.
func (h Host) Reauthorize(p Port) error {
	if p.USBPath == "" || strings.ContainsAny(p.USBPath, "/\\") {
		return fmt.Errorf("%s: not a port on USB, so that it cannot be put back on the bus", p.Device)
	}
	file := h.sys("bus", "usb", "devices", p.USBPath, "authorized")
	for _, value := range []string{"0", "1"} {
		err := authorize(file, value)
		switch {
		case errors.Is(err, os.ErrPermission):
			return fmt.Errorf("no permission to take the modem off the USB bus: let Vigie write to %s, or unplug it by hand", file)
		case err != nil:
			return fmt.Errorf("taking the modem off the USB bus and back: %w", err)
		}
	}
	return nil
}

// authorize writes to a file of sysfs, which must exist.
func authorize(file, value string) error {
	return safefile.AsCaller(func() error {
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString(value)
		return errors.Join(err, f.Close())
	})
}
