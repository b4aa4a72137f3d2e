package console

import (
	"fmt"
	"time"
)

// Moment is a time as it is written on the command line; zero if it was not given.
type Moment struct {
	time.Time
	Day bool // only a date was given
}

// UnmarshalText reads a date, a time, or how long ago. Dates and times without a zone are in the local one.
func (m *Moment) UnmarshalText(text []byte) error {
	s := string(text)
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		m.Time = time.Now().Add(-d)
		return nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			*m = Moment{t, layout == time.DateOnly}
			return nil
		}
	}
	return Usage(fmt.Errorf("%q is not a time", s), "write 2026-11-23, 2026-11-23T20:00:00Z, or 36h for the last 36 hours")
}
