package review

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"vigie/review/evidence"
	"vigie/words"
)

// sensorsPage is the page of sensors: seven days of each, which end with the chosen day or with its last.
type sensorsPage struct {
	Sensors []sensorView
	Day     string // that was chosen; empty: the last of each sensor
	Before  string // address of the seven days before; empty: there is nothing
	After   string
}

type sensorView struct {
	evidence.Sensor
	Days    []sensorDay
	Hours   *evidence.Hours // of the chosen day
	Gaps    []evidence.Gap  // the newest
	Health  []evidence.Complaint
	Watched time.Duration
	Blind   time.Duration
	Off     time.Duration
	Reports []string
	Assumed []string
}

// sensorDay is a day of a sensor, and the address that shows its hours.
type sensorDay struct {
	Day day
	URL string // empty: this page
}

// Complaint is the reason of a health record in a few words; one without words is shown as it is written.
func (p *page) Complaint(reason string) string {
	if words.Has("health." + reason) {
		return p.Format("health." + reason)
	}
	return p.Gap(reason)
}

// unheeded is the detail for a command that the modem refuses: the command, the answer, and the purpose.
var unheeded = regexp.MustCompile(`^(AT\S*): the modem answered ([^(;]+); it is asked for (.+), and will be asked again now and then$`)

// FormatComplaint is a complaint in full, translated if its text is known.
func (p *page) FormatComplaint(h evidence.Complaint) translation {
	key := "health." + h.Reason + ".said"
	switch {
	case h.Offset != 0:
		return translation{Text: p.Span(h.Offset)}
	case p.Lang == "en":
		return translation{Text: h.Detail}
	case words.Translate("en", key) == h.Detail:
		return translation{Text: p.Format(key)}
	}
	if _, rest, _ := strings.Cut(words.Translate("en", "health.bad_value.part"), "%s"); strings.HasSuffix(h.Detail, rest) {
		return translation{Text: p.Format("health.bad_value.part", strings.TrimSuffix(h.Detail, rest))} // the columns are keys of the format
	}
	if m := unheeded.FindStringSubmatch(h.Detail); m != nil {
		if why := p.Translate(m[3]); !why.Foreign {
			return translation{Text: p.Format("health.unheeded", m[1], m[2], why.Text)}
		}
	}
	return translation{h.Detail, true}
}

// sensorDays is how many days the page of sensors shows.
const sensorDays = 7

// sensorsPage shows a day of each sensor hour by hour, and seven days of it; without a chosen day, the last day of each.
func (rv *Review) sensorsPage(r *http.Request) (*sensorsPage, error) {
	ctx, z := r.Context(), zone(r)
	chosen, _ := readTime(r.URL.Query().Get("day"), z, false)
	all, err := rv.evidence.Sensors(ctx)
	if err != nil {
		return nil, err
	}
	p := &sensorsPage{}
	var first, last, top time.Time // of all sensors, and the last day that is shown
	for i := range all {
		a := &all[i]
		if first.IsZero() || a.First.Before(first) {
			first = a.First
		}
		last = evidence.Later(last, evidence.Midnight(a.Last, z))
	}
	if !chosen.IsZero() {
		if chosen = evidence.Earlier(evidence.Midnight(chosen, z), last); chosen.Before(first) {
			chosen = evidence.Midnight(first, z)
		}
		p.Day, top = chosen.Format(time.DateOnly), chosen
	}
	for i := range all {
		v, ends, err := sensorViewOf(ctx, &all[i], z, chosen)
		if err != nil {
			return nil, err
		}
		top = evidence.Later(top, ends)
		p.Sensors = append(p.Sensors, *v)
	}
	if week := top.AddDate(0, 0, -sensorDays); !top.IsZero() && week.AddDate(0, 0, 1).After(first) {
		p.Before = "?day=" + week.Format(time.DateOnly)
	}
	if top.Before(last) {
		p.After = "?day=" + evidence.Earlier(top.AddDate(0, 0, sensorDays), last).Format(time.DateOnly)
	}
	return p, nil
}

// sensorViewOf is a sensor in the seven days that end with its last day if the chosen day is one of them, else with the chosen day;
// ends is the last of them.
func sensorViewOf(ctx context.Context, a *evidence.Sensor, z *time.Location, chosen time.Time) (v *sensorView, ends time.Time, err error) {
	v = &sensorView{Sensor: *a}
	ends = evidence.Midnight(a.Last, z)
	switch {
	case chosen.IsZero() || chosen.After(ends):
		chosen = ends
	case chosen.Before(ends.AddDate(0, 0, 1-sensorDays)):
		ends = chosen
	}
	gaps, err := a.Gaps(ctx, ends.AddDate(0, 0, 1-sensorDays), ends.AddDate(0, 0, 1))
	if err != nil {
		return nil, ends, err
	}
	for n := range sensorDays {
		at := ends.AddDate(0, 0, -n)
		if at.AddDate(0, 0, 1).Before(a.First) {
			break
		}
		one, address := day{From: at, To: at.AddDate(0, 0, 1)}, "?day="+at.Format(time.DateOnly)
		one.Width = int(one.To.Sub(one.From) / time.Minute)
		c, err := a.Coverage(ctx, one.From, one.To, gaps)
		if err != nil {
			return nil, ends, err
		}
		if at.Equal(chosen) {
			address = ""
			if v.Hours, err = a.Hours(ctx, c, one.From, one.To); err != nil {
				return nil, ends, err
			}
		}
		one.Covers, one.Watched, one.Blind, one.Off = []*evidence.Coverage{c}, c.Watched, c.Blind, c.Off
		v.Days = append(v.Days, sensorDay{one, address})
		v.Gaps = append(v.Gaps, c.Gaps...)
		v.Watched, v.Blind, v.Off = v.Watched+c.Watched, v.Blind+c.Blind, v.Off+c.Off
	}
	slices.SortFunc(v.Gaps, func(a, b evidence.Gap) int { return b.From.Compare(a.From) })
	v.Gaps = v.Gaps[:min(len(v.Gaps), 20)]
	if v.Health, err = a.Complaints(ctx, ends.AddDate(0, 0, 1-sensorDays), ends.AddDate(0, 0, 1)); err != nil {
		return nil, ends, err
	}
	if a.Source != nil {
		v.Reports, v.Assumed = a.Source.Reports.Or(0).Words(), a.Source.Assumed.Words()
	}
	return v, ends, nil
}
