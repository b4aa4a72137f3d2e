package main

import (
	"slices"
	"strings"

	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/modem/at"
	"vigie/modem/dialect"
	"vigie/words"
)

// inLanguage translates an English text that is its own key, and sentences of events from before these had phrases. Without a translation
// it returns the text and false.
func inLanguage(lang, text string) (string, bool) {
	if s, ok := words.Lookup(lang, text); ok {
		return s, true
	}
	return rules.TranslateOld(lang, text)
}

// asked says which command a line of a modem answers, and why Vigie asks it. The commands are not stored, because the answer
// tells: by the dialect of the modem that the source line names, or of the line. A line that came unasked has none,
// nor has one that several commands could have asked for.
func asked(source *cell.Source, line string) (command, why string) {
	if source == nil {
		return "", ""
	}
	prefix, fields := at.Fields(nil, line)
	if prefix == "" {
		return "", ""
	}
	d := dialect.For(dialect.Ident{Model: source.Model, Firmware: source.Firmware})
	if all := dialect.All(); d.Name == "generic" { // a source line does not name the maker; the line itself may
		if i := slices.IndexFunc(all, func(d *dialect.Dialect) bool {
			return d.Evidence != dialect.Experimental && d.Knows != nil && d.Knows(line)
		}); i >= 0 {
			d = all[i]
		}
	}
	var found []at.Command
	for _, c := range slices.Concat(d.Serving, d.Around, d.Position, dialect.Once, d.Surveys) {
		if !slices.Contains(c.Prefixes, prefix) || c.Owns != nil && !c.Owns(line) {
			continue
		}
		if _, about, ok := strings.Cut(c.Text, `="`); ok && len(fields) > 0 && strings.HasPrefix(strings.Trim(fields[0], `"`), strings.TrimRight(about, `"`)) {
			return "AT" + c.Text, c.Why // the answer repeats what was asked about
		}
		found = append(found, c)
	}
	if len(found) != 1 {
		return "", ""
	}
	return "AT" + found[0].Text, found[0].Why
}
