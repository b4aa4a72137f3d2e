package monitor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"vigie/cell"
)

// battery returns the charge in percent (power_supply class of sysfs) and whether it is being charged; absent if there is no
// battery. Of several the emptiest counts.
func battery(sys string) (percent cell.Opt[float64], charging bool) {
	supplies, _ := filepath.Glob(filepath.Join(sys, "class/power_supply/*"))
	read := func(dir, name string) string {
		text, _ := os.ReadFile(filepath.Join(dir, name))
		return strings.TrimSpace(string(text))
	}
	for _, dir := range supplies {
		if read(dir, "type") != "Battery" || read(dir, "scope") == "Device" { // a mouse has one too
			continue
		}
		v, err := strconv.ParseFloat(read(dir, "capacity"), 64)
		if err != nil || v < 0 || v > 100 {
			continue
		}
		if least, known := percent.Get(); !known || v < least {
			percent = cell.Some(v)
		}
		status := read(dir, "status")
		charging = charging || status == "Charging" || status == "Full"
	}
	return percent, charging
}

// chargeWatch records when the battery becomes low, and when it no longer is: for the page, the store and alerts.
type chargeWatch struct {
	sys, sensor string
	low         bool
}

const (
	enoughBattery = 20.0 // percent: above lowBattery, so that one that goes up and down there is recorded once
	chargeEvery   = time.Minute
)

// look returns what has changed; nil if nothing has.
func (w *chargeWatch) look(now time.Time) cell.Record {
	charge, charging := battery(w.sys)
	percent, there := charge.Get()
	reason, text := "battery_low", fmt.Sprintf("%.0f %%", percent)
	switch {
	case !there: // no battery, or one that says nothing for a moment
		return nil
	case !w.low && percent < lowBattery && !charging:
		w.low = true
	case w.low && (percent >= enoughBattery || charging):
		w.low = false
		if reason = "battery_ok"; charging {
			text += ", charging"
		}
	default:
		return nil
	}
	return &cell.Health{Time: now.UTC().Truncate(time.Millisecond), Sensor: w.sensor, Reason: reason, Detail: text}
}

// run looks every minute until ctx ends, and emits what has changed.
func (w *chargeWatch) run(ctx context.Context, emit chan<- cell.Record) {
	tick := time.NewTicker(chargeEvery)
	defer tick.Stop()
	for {
		if r := w.look(time.Now()); r != nil {
			select {
			case emit <- r:
			case <-ctx.Done():
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
