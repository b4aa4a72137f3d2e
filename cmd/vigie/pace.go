package main

import (
	"fmt"
	"time"

	"vigie/position"
	"vigie/review"
)

// BatteryConfig is what may stand under [battery].
type BatteryConfig struct {
	Saving bool `toml:"saving"` // ask the modem less often while nothing is odd, when it stands still or the battery is low
	Most   int  `toml:"most"`   // how many times less often, at most; default 4
}

const batteryKeys = "[battery] saving, most"

func (c BatteryConfig) check() error {
	if c.Most < 0 || c.Most > 60 {
		return usage(fmt.Errorf("[battery] most is %d", c.Most), "it is how many times less often the modem is asked: 4 is the default, 60 the most")
	}
	return nil
}

const lowBattery = 15.0 // percent

// stretch is how many times less often than usual a modem is asked. While something is odd, while it moves, and while it
// is charged or has no battery, as often as ever.
func (c BatteryConfig) stretch(g review.Glance) int {
	most := c.Most
	if most == 0 {
		most = 4
	}
	charge, has := g.Battery.Get()
	switch {
	case !has || g.Charging || g.Level != review.Quiet || g.Starting || g.Blind != "":
		return 1
	case charge < lowBattery:
		return most
	case g.Motion == string(position.Standing):
		return max(1, most/2)
	}
	return 1
}

// lookAgain is how long an answer of stretch holds: reading sysfs costs too.
const lookAgain = 10 * time.Second

// stretching is stretch for a collector, which asks before each round.
func (c BatteryConfig) stretching(look *lookout) func() int {
	var until time.Time
	n := 1
	return func() int {
		now := look.now()
		quiet := look.stand(now).Level == review.Quiet
		if now.Before(until) && quiet {
			return n
		}
		until, n = now.Add(lookAgain), c.stretch(look.Look())
		return n
	}
}
