package evidence

import (
	"slices"

	"vigie/analyzer"
	"vigie/words"
)

// Headline is what an event looks like in at most twelve words: the key of a text of the catalogue. It says what was seen, and never who
// did it.
type Headline string

const otherHeadline Headline = "headline.other"

// strange are the rules that notice a cell that was not there before.
var strange = []string{"loud-newcomer", "new-cell", "too-strong", "dominant-cell", "unlisted-cell", "new-channel", "strange-area", "lonely-area", "stray-number", "poor-quality", "narrow-cell", "strange-neighbours", "no-neighbours"}

// patterns are what findings look like together. The first that fits gives the headline.
var patterns = []struct {
	headline Headline
	all      []string // rules that found something
	any      []string // and one of these; nil: none is needed
}{
	{"headline.blaster", []string{"capture-release"}, []string{"downgrade-2g", "priority-lure"}},
	{"headline.refused.fall", []string{"registration-rejected", "downgrade-2g"}, nil},
	{"headline.priority.fall", []string{"priority-lure", "downgrade-2g"}, nil},
	{"headline.lure.fall", []string{"downgrade-2g"}, append([]string{"area-code-mismatch", "moved-cell", "twin-cell"}, strange...)},
	{"headline.jammed.fall", []string{"downgrade-2g"}, []string{"jamming", "lost-band"}},
	{"headline.clone.area", []string{"area-code-mismatch"}, append([]string{"moved-cell", "twin-cell"}, strange...)},
	{"headline.lure.refused", []string{"registration-rejected"}, append([]string{"area-code-mismatch", "moved-cell", "twin-cell", "limited-service"}, strange...)},
	{"headline.release", []string{"capture-release"}, nil},
	{"headline.detach.fall", []string{"network-detach"}, []string{"downgrade-2g", "downgrade-3g"}},
	{"headline.jammed.lure", []string{"lost-band"}, strange},
	{"headline.clone.channel", []string{"moved-cell"}, strange},
	{"headline.loud", nil, []string{"loud-newcomer", "too-strong", "dominant-cell"}},
	{"headline.foreign", nil, []string{"foreign-network"}},
	{"headline.new", []string{"new-cell"}, strange[2:]},
}

// HeadlineOf is the headline of an event: that of a pattern of its findings, or else what the gravest of them is called.
func HeadlineOf(e *analyzer.Event) Headline {
	has := func(rule string) bool {
		return slices.ContainsFunc(e.Findings, func(f analyzer.Finding) bool { return f.Rule == rule })
	}
	for _, p := range patterns {
		if !slices.ContainsFunc(p.all, func(r string) bool { return !has(r) }) && (p.any == nil || slices.ContainsFunc(p.any, has)) {
			return p.headline
		}
	}
	best, weight := otherHeadline, -1.0
	for i := range e.Findings {
		w, _, _ := numberIn(weighs, e.Findings[i].Summary)
		if key := Headline(e.Findings[i].Rule + ".plain"); w > weight && words.Has(string(key)) {
			best, weight = key, w
		}
	}
	return best
}

// In is the headline in a language.
func (h Headline) In(lang string) string { return words.Translate(lang, string(h)) }
