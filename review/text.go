package review

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// number formats a measurement with one decimal, if it has any.
func number(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "?"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0")
}

// span formats a duration in two units at most.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < 0:
		return "-" + span(max(-d, -(d+1))) // the least duration has no opposite
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return two(d, time.Minute, "min", time.Second, "s")
	case d < 48*time.Hour:
		return two(d, time.Hour, "h", time.Minute, "min")
	}
	return two(d, 24*time.Hour, "d", time.Hour, "h")
}

func two(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	a, b := d/big, d%big/small
	if b == 0 {
		return fmt.Sprintf("%d %s", a, bigName)
	}
	return fmt.Sprintf("%d %s %d %s", a, bigName, b, smallName)
}

func offset(t time.Time, z *time.Location) string {
	_, secs := t.In(z).Zone()
	if secs == 0 {
		return "UTC"
	}
	sign := "+"
	if secs < 0 {
		sign, secs = "−", -secs
	}
	if m := secs / 60 % 60; m != 0 {
		return fmt.Sprintf("UTC%s%d:%02d", sign, secs/3600, m)
	}
	return fmt.Sprintf("UTC%s%d", sign, secs/3600)
}
