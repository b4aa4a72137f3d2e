package modem

import (
	"time"

	"golang.org/x/sys/unix"

	"vigie/cell"
)

// clockStep is the least difference between wall clock and stopwatch that means that the wall clock was set. NTP slews both
// when it corrects little by little, and steps only the wall clock.
const clockStep = time.Second

// arrival is the time at which bytes arrived, by both clocks.
type arrival struct {
	time.Time               // by the wall clock, as records hold it
	ran       time.Duration // by the stopwatch
}

// now is the present time by both clocks.
func (c *Collector) now() arrival { return arrival{stamp(c.Now()), c.Options.Stopwatch()} }

// keepTime reports that the clock was set, before any record that has the new time. A computer without a real-time clock starts
// in the past, or at the time at which it was switched off, and gets the right time minutes later.
func (c *Collector) keepTime(at arrival) {
	if c.clock == (arrival{}) {
		c.clock, c.since = at, at.Time
		return
	}
	set := at.Sub(c.clock.Time) - (at.ran - c.clock.ran)
	if set.Abs() < clockStep {
		return
	}
	c.clock = at
	since := c.since
	c.since = at.Time
	c.report(&cell.Clock{Time: at.Time, Sensor: c.Sensor, Offset: set.Round(time.Millisecond), Since: since})
}

// Stopwatch starts a stopwatch that also counts the time that the computer sleeps. The monotonic clock of package time does not,
// on Linux.
func Stopwatch() func() time.Duration {
	began, slept := time.Now(), asleep()
	return func() time.Duration { return time.Since(began) + asleep() - slept }
}

// asleep is how long the computer has slept since it was started (clock_gettime(2)).
func asleep() time.Duration {
	var all, awake unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &awake) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &all) != nil {
		return 0
	}
	return max(0, time.Duration(all.Nano()-awake.Nano())).Truncate(10 * time.Millisecond)
}
