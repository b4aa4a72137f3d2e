package modem

import (
	"time"

	"golang.org/x/sys/unix"

	"vigie/cell"
)

// clockStep is by how much the wall clock must part from the one that only runs forward to have been set. NTP turns both
// when it corrects little by little; it steps one of them only.
const clockStep = time.Second

// arrival is when bytes came, by both clocks.
type arrival struct {
	time.Time               // by the wall clock, as records hold it
	ran       time.Duration // by the stopwatch
}

// now is this moment.
func (c *Collector) now() arrival { return arrival{stamp(c.Now()), c.Options.Stopwatch()} }

// keepTime tells that the clock was set, before anything is told that is stamped by the new time. A computer without a
// clock of its own starts in the past, or where it was switched off, and hears of the right time minutes later.
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

// Stopwatch starts one that goes on while the computer sleeps, which that of package time does not on Linux.
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
