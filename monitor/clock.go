package monitor

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"vigie/modem"
)

// Clocks are the clocks of a computer. The zero Clocks are those of this one.
type Clocks struct {
	Wall   func() time.Time
	Ran    func() time.Duration // continues while the computer sleeps, and cannot be set
	Synced func() bool          // whether the wall clock is known to be right
}

// timekeeper provides the time on a computer that may not know it: a Raspberry Pi has no clock of its own and begins where it
// was switched off, or in 1970. While the wall clock is behind what the store holds, it is certainly wrong: then time is
// counted on from there by a clock that cannot be set, so that no record comes before an older one. Once the wall clock is
// set, it is trusted. The collector sees the step and records it as a *cell.Clock, by which earlier times are corrected.
//
// It does not trust the time that a network broadcasts (NITZ): the operator of a false cell chooses it, and would move the
// record.
type timekeeper struct {
	Clocks

	mu       sync.Mutex
	guessing bool
	floor    time.Time     // what the store holds is not newer
	base     time.Time     // our time
	at       time.Duration // reading of Ran at base,
	was      time.Time     // and of Wall
	asked    time.Duration // when it was last asked whether it is synced
}

const (
	clockSet  = time.Second      // by how much the wall clock must part from the other to have been set, as in package modem
	askSynced = 10 * time.Second // how often
)

// newTimekeeper begins; newest is the time of the newest record in the store, zero if there is none.
func newTimekeeper(c Clocks, newest time.Time) *timekeeper {
	if c.Wall == nil {
		c = Clocks{time.Now, modem.Stopwatch(), ClockSynced}
	}
	k := &timekeeper{Clocks: c, floor: newest}
	k.was, k.at = k.Wall().Round(0), k.Ran() // without the reading that cannot be set
	k.guessing = k.was.Before(newest) && !k.Synced()
	k.base, k.asked = newest.Add(time.Second), k.at
	return k
}

// guesses reports whether time is still counted on from the store.
func (k *timekeeper) guesses() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.guessing
}

// now is this moment.
func (k *timekeeper) now() time.Time {
	wall := k.Wall().Round(0)
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.guessing {
		return wall
	}
	ran := k.Ran()
	now := k.base.Add(ran - k.at)
	set := (wall.Sub(k.was) - (ran - k.at)).Abs() >= clockSet
	right := set && !wall.Before(k.floor)
	if ran-k.asked >= askSynced || set {
		k.asked = ran
		right = right || k.Synced()
	}
	if right {
		k.guessing = false
		return wall
	}
	if set {
		k.base, k.at, k.was = now, ran, wall
	}
	return now
}

// ClockSynced reports whether the kernel's clock is synchronised (adjtimex(2)), or systemd reports that it was set. Under the
// service's unit only the latter can be asked.
func ClockSynced() bool {
	var t unix.Timex
	const timeError = 5 // TIME_ERROR
	if state, err := unix.Adjtimex(&t); err == nil && state != timeError {
		return true
	}
	_, err := os.Stat("/run/systemd/timesync/synchronized")
	return err == nil
}
