package review

import (
	"fmt"
	"math"
	"time"

	"vigie/cell"
	"vigie/review/evidence"
	"vigie/review/gazetteer"
)

// fact is one of the three things that a reader wants to know first of an event.
type fact struct {
	Title string
	Lines []translation
}

// Facts are how sure the event is and why, where it was, and what to do now.
func (p *page) Facts(d *evidence.Dossier) []fact {
	return []fact{{p.Format("fact.sure"), p.sure(d)}, {p.Format("fact.where"), p.where(d)}, {p.Format("fact.now"), p.now(d)}}
}

// sure says what the severity of an event rests on, and what else it may be.
func (p *page) sure(d *evidence.Dossier) []translation {
	severity := p.Format("sev." + d.Event.Severity.String())
	text := p.Format("fact.weak", severity, p.Decimal(d.Event.Score))
	if g := d.Grading; g != nil {
		heaviest := g.Rows[0]
		for _, r := range g.Rows {
			if r.Counted > heaviest.Counted {
				heaviest = r
			}
		}
		text = p.Format("fact.why", severity, p.Count("grade.causes", g.Causes), p.Decimal(g.Sum), p.Rule(heaviest.Rule).Title)
	}
	lines := []translation{{Text: text}}
	if causes := p.Causes(d.Event); len(causes) > 0 {
		lines = append(lines, translation{p.Format("fact.else", causes[0].Text), causes[0].Foreign})
	}
	return lines
}

// where says where the event began, as exactly as the dossier may, and the nearest town.
func (p *page) where(d *evidence.Dossier) []translation {
	sensor := evidence.Plain(d.Event.Sensor)
	at := d.Series.At()
	switch {
	case at != nil && d.Coarse:
		return []translation{{Text: p.Format("fact.at", fmt.Sprintf("%.2f, %.2f", at.Lat, at.Lon), p.accuracy(at))}}
	case at != nil:
		lines := []translation{{Text: p.Format("fact.at", fmt.Sprintf("%.4f, %.4f", at.Lat, at.Lon), p.accuracy(at))}}
		if town := p.Town(at.Lat, at.Lon); town != "" {
			lines = append([]translation{{Text: town}}, lines...)
		}
		return lines
	case d.Coarse:
		return []translation{{Text: p.Format("fact.hidden")}}
	case d.Source != nil && d.Source.Mode == cell.Fixed:
		return []translation{{Text: p.Format("fact.at.fixed", sensor)}}
	}
	return []translation{{Text: p.Format("fact.at.none", sensor)}}
}

// Town names a position by the nearest town; empty if there is none.
func (p *page) Town(lat, lon float64) string {
	town, ok := gazetteer.Near(lat, lon)
	switch {
	case !ok:
		return ""
	case town.Within():
		return p.Format("town.in", town.Name, town.Country)
	}
	return p.Format("town.near", p.Decimal(town.Km), p.Format(fmt.Sprint("octant.", town.Octant)), town.Name, town.Country)
}

// Accuracy is how exact a position is.
func (p *page) Accuracy(s evidence.Spot) string { return p.accuracy(&s) }

// Unix is a time of a series.
func (p *page) Unix(at float64) time.Time { return time.UnixMilli(int64(math.Round(at * 1000))) }

// Number is a measurement of a series.
func (p *page) Number(f *float64) string { return number(*f) }

func (p *page) accuracy(s *evidence.Spot) string {
	switch {
	case s.Accuracy == nil:
		return p.Format("fact.at.unsure")
	case *s.Accuracy >= 2000:
		return p.Format("fact.at.km", fmt.Sprintf("%.0f", *s.Accuracy/1000))
	}
	return p.Format("fact.at.exact", fmt.Sprintf("%.0f", *s.Accuracy))
}

// now is what to do first.
func (p *page) now(d *evidence.Dossier) []translation {
	advice := p.Advice(d.Event, d.Checks)
	return advice[:min(len(advice), 2)]
}

// step is a moment of a timeline, or several ordinary ones in a row that are folded away.
type step struct {
	evidence.Moment
	Fold []evidence.Moment
	Day  time.Time // of this and the following ones, where it changes; zero: it is that of the one before
}

// Steps folds the ordinary moments of a timeline.
func (p *page) Steps(list []evidence.Moment) (all []step) {
	day := ""
	for i, m := range list {
		n := len(all) - 1
		if at := m.Time.In(p.Zone).Format(time.DateOnly); at != day {
			if day = at; i > 0 {
				all, n = append(all, step{Day: m.Time}), n+1
			}
		}
		switch {
		case !m.Ordinary:
			all = append(all, step{Moment: m})
		case n >= 0 && all[n].Fold != nil:
			all[n].Fold = append(all[n].Fold, m)
		default:
			all = append(all, step{Fold: []evidence.Moment{m}})
		}
	}
	return all
}

// Last is the last of the moments that are folded.
func (s step) Last() evidence.Moment { return s.Fold[len(s.Fold)-1] }

// Headline is the headline of an event.
func (p *page) Headline(h evidence.Headline) string { return capital(h.In(p.Lang)) }
