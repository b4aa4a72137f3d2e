package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"vigie/cell"
)

// battery is the charge in percent, by sysfs, and whether it is being charged; absent where there is no battery. Of several
// the emptiest counts.
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
