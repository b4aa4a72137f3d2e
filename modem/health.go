package modem

import (
	"time"

	"vigie/cell"
)

// healthEvery is how often one reason may be told.
const healthEvery = time.Minute

// complaints counts what goes wrong over and over, by reason, and tells it at once the first time and then now and
// then with the number.
type complaints struct {
	sensor string
	kept   map[string]*complaint
	order  []string // of the reasons, as they came up
}

type complaint struct {
	reported time.Time
	count    int
	detail   string
	first    []string // the first line since it was told
}

// add takes a complaint about n things, and returns the line to emit, nil while the reason was told lately.
func (c *complaints) add(now time.Time, n int, reason, detail string, raw ...string) *cell.Health {
	k := c.kept[reason]
	if k == nil {
		if c.kept == nil {
			c.kept = map[string]*complaint{}
		}
		k = &complaint{}
		c.kept[reason] = k
		c.order = append(c.order, reason)
	}
	if k.count == 0 {
		k.detail, k.first = detail, raw
	}
	k.count += n
	if ago := now.Sub(k.reported); ago >= 0 && ago < healthEvery { // a clock that was set back silences nothing
		return nil
	}
	return c.report(now, reason)
}

// due returns what was held back and may be told now; all of it at the end.
func (c *complaints) due(now time.Time, end bool) []*cell.Health {
	var due []*cell.Health
	for _, reason := range c.order {
		if k := c.kept[reason]; k.count > 0 && (end || now.Sub(k.reported) >= healthEvery) {
			due = append(due, c.report(now, reason))
		}
	}
	return due
}

func (c *complaints) report(now time.Time, reason string) *cell.Health {
	k := c.kept[reason]
	h := &cell.Health{Time: now, Sensor: c.sensor, Reason: reason, Detail: k.detail, Count: k.count, Raw: k.first}
	*k = complaint{reported: now}
	return h
}
