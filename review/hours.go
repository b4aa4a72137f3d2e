package review

import (
	"net/http"
	"time"

	"vigie/review/evidence"
)

// Hour describes what a rule could see in an hour.
func (p *page) Hour(h evidence.Hour) string {
	const minutes = int(evidence.Step / time.Minute)
	if h.Visibility == evidence.SawPart {
		return p.Format("could.part", h.Seen*minutes, h.Known*minutes)
	}
	return p.Format("could." + string(h.Visibility))
}

// Oclock is the hour of the day.
func (p *page) Oclock(t time.Time) string { return t.In(p.Zone).Format("15") }

// hours answers which rules of a sensor could see, for each hour of a day.
func (rv api) hours(r *http.Request) (any, error) {
	ctx := r.Context()
	a, err := rv.evidence.Sensor(ctx, r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	from, ok := readTime(r.URL.Query().Get("day"), time.UTC, false)
	if !ok {
		from = a.Last
	}
	from = evidence.Midnight(from, time.UTC)
	c, err := a.CoverageOf(ctx, from, from.AddDate(0, 0, 1))
	if err != nil {
		return nil, err
	}
	v, err := a.Hours(ctx, c, from, from.AddDate(0, 0, 1))
	if err != nil {
		return nil, err
	}
	type row struct {
		Rules   []string              `json:"rules"`
		Missing []string              `json:"missing,omitempty"`
		Hours   []evidence.Visibility `json:"hours"`
	}
	rows := []row{}
	for _, h := range v.Rows {
		one := row{Missing: h.Missing}
		for _, rule := range h.Rules {
			one.Rules = append(one.Rules, rule.ID)
		}
		for _, x := range h.Hours {
			one.Hours = append(one.Hours, x.Visibility)
		}
		rows = append(rows, one)
	}
	return map[string]any{"day": from.Format(time.DateOnly), "rows": rows}, nil
}
