package modem

import (
	"time"

	"vigie/cell"
)

// healthEvery is the least time between two health lines with one reason.
const healthEvery = time.Minute

// complaints counts recurring problems by reason. The first is reported at once, later ones every healthEvery with their number.
type complaints struct {
	sensor string
	kept   map[string]*complaint
	order  []string // of the reasons, by first occurrence
}

type complaint struct {
	reported time.Time
	count    int
	detail   string
	first    []string // the lines of the first since it was reported
}

// add counts n problems, and returns the health line to emit; nil if the reason was reported less than healthEvery ago.
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
	if ago := now.Sub(k.reported); ago >= 0 && ago < healthEvery { // a clock that was set back suppresses nothing
		return nil
	}
	return c.report(now, reason)
}

// due returns the health lines that are due; at the end, all that were held back.
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
