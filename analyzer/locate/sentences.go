package locate

import (
	"math"
	"strconv"
	"strings"

	"vigie/cell"
	"vigie/words"
)

// Sentences say a result in words, in a language of package words, one or more sentences an entry. A place never comes without its
// uncertainty.
func (r *Result) Sentences(lang string) []string {
	var all []string
	say := func(key string, args ...any) { all = append(all, words.Format(lang, "locate."+key, args...)) }
	loudest := number(lang, float64(r.Loudest.Or(0)), 1)
	switch {
	case r.NoPlace == NotHeard:
		say("not-heard")
	case r.NoPlace == TooFew:
		say("too-few", r.Samples, Fewest)
	case r.NoPlace == TooWeak:
		say("too-weak", loudest, number(lang, Weakest, 0))
	case r.NoPlace == ShortPath:
		say("short-path", int(ShortestPath))
	default:
		r.where(lang, loudest, say)
	}
	if n := r.Refused.Total(); n > 0 {
		all = append(all, words.Count(lang, "locate.refused", n, r.Refused.Absurd+r.Refused.NotANumber, r.Refused.Duplicate, r.Refused.Coarse))
	}
	return all
}

func (r *Result) where(lang, loudest string, say func(key string, args ...any)) {
	half, most := r.Regions[0].Area, r.Regions[1].Area
	if r.ShowBest {
		say("small", distanceText(lang, r.Within), number(lang, r.Best.Lat, 4), number(lang, r.Best.Lon, 4), areaText(lang, most))
	} else {
		say("large", areaText(lang, most), areaText(lang, half), number(lang, r.Window, 0))
	}
	if r.Mirror {
		say("mirror")
	}
	switch r.Widened {
	case Moving:
		say("moving", r.Middle.UTC().Format("15:04"))
	case Directional:
		say("directional")
	}
	say(r.more(), loudest)
	if len(r.Offsets) > 0 {
		var list []string
		for _, o := range r.Offsets {
			list = append(list, words.Format(lang, "locate.offset", words.OneLine(o.Sensor), number(lang, o.DB, 1)))
		}
		say("offsets", strings.Join(list, ", "))
	}
	say("safety")
}

// more names the sentence about what another stretch of way would bring, by the loudest level. The figures are those of make locate.
func (r *Result) more() string {
	switch l := r.Loudest.Or(Weakest); {
	case l >= -65:
		return "more.loud"
	case l >= -80:
		return "more.middle"
	}
	return "more.weak"
}

// distanceText rounds to what can be meant.
func distanceText(lang string, metres float64) string {
	if metres >= 1000 {
		return number(lang, metres/1000, 1) + "\u00a0km"
	}
	return strconv.Itoa(int(math.Max(10, math.Round(metres/10)*10))) + "\u00a0m"
}

func areaText(lang string, km2 float64) string {
	digits := 2
	if km2 >= 10 {
		digits = 0
	} else if km2 >= 1 {
		digits = 1
	}
	return number(lang, math.Max(km2, 0.01), digits) + "\u00a0km²"
}

// number has at most some digits after the point, which is a comma in French.
func number(lang string, v float64, digits int) string {
	s := strconv.FormatFloat(round(v, digits), 'f', -1, 64)
	if lang == "fr" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return strings.Replace(s, "-", "−", 1)
}

// Text says each place in words, a sentence a line; wrap breaks long ones.
func (p Places) Text(lang string, wrap func(string) string) string {
	var b strings.Builder
	for i := range p {
		b.WriteString(cell.Describe(&p[i].Cell) + "\n")
		for _, s := range p[i].Result.Sentences(lang) {
			b.WriteString("  " + wrap(s) + "\n")
		}
	}
	return b.String()
}

// Print is JSON, or else Text in English.
func (p Places) Print(asJSON, debugBest bool, wrap func(string) string) string {
	if asJSON {
		return string(p.JSON(debugBest))
	}
	return p.Text("en", wrap)
}
