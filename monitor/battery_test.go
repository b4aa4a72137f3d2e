package monitor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// supply makes a directory like /sys with a battery in it.
func supply(t *testing.T) (sys string, set func(percent int, status string)) {
	sys = t.TempDir()
	dir := filepath.Join(sys, "class/power_supply/BAT0")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	writeFile(t, dir, "type", "Battery\n")
	return sys, func(percent int, status string) {
		writeFile(t, dir, "capacity", fmt.Sprintln(percent))
		writeFile(t, dir, "status", status+"\n")
	}
}

// A low battery is reported once, however it goes up and down there, and so is that it is no longer low.
func TestLowBatteryIsReported(t *testing.T) {
	sys, set := supply(t)
	synctest.Test(t, func(t *testing.T) {
		own := make(chan cell.Record, 1)
		set(16, "Discharging")
		watch := &chargeWatch{sys: sys, sensor: "bag"}
		stop := background(t.Context(), func(ctx context.Context) error { watch.run(ctx, own); return nil })
		defer stop()
		var reported []string
		after := func(percent int, status string) []string {
			set(percent, status)
			reported = nil
			for range 3 {
				<-time.After(chargeEvery)
				synctest.Wait()
				for len(own) > 0 {
					h := (<-own).(*cell.Health)
					require.Equal(t, "bag", h.Sensor)
					require.WithinDuration(t, time.Now(), h.Time, chargeEvery*3)
					reported = append(reported, h.Reason+" "+h.Detail)
				}
			}
			return reported
		}
		require.Empty(t, after(15, "Discharging"))
		require.Equal(t, []string{"battery_low 14 %"}, after(14, "Discharging"))
		require.Empty(t, after(16, "Discharging"))
		require.Empty(t, after(19, "Not charging"))
		require.Empty(t, after(3, "Discharging"))
		require.Equal(t, []string{"battery_ok 4 %, charging"}, after(4, "Charging"))
		require.Empty(t, after(12, "Charging"))
		require.Equal(t, []string{"battery_low 12 %"}, after(12, "Discharging"), "the cable was pulled out")
		require.Equal(t, []string{"battery_ok 80 %"}, after(80, "Discharging"), "another battery")
		require.NoError(t, os.RemoveAll(filepath.Join(sys, "class")))
		require.NoError(t, os.MkdirAll(filepath.Join(sys, "class/power_supply/BAT0"), 0o755))
		require.Empty(t, after(3, "Discharging"), "that is no battery")
	})
}
