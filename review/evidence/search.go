package evidence

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"vigie/storage"
)

// Search is what somebody looks for, in events or cells: words, or identifiers of cells as they are printed anywhere (decimal, hexadecimal
// with 0x or letters, eNB/sector, PLMN, area code).
type Search struct {
	whole string
	terms []term
}

// term is a word of a search.
type term struct {
	text    string
	number  bool   // it has digits only: it is found as a whole number
	decimal string // of what can be read as a hexadecimal number
}

// ParseSearch reads a search. The empty search finds everything.
func ParseSearch(text string) Search {
	text = typed(text)
	s := Search{whole: strings.TrimSpace(text)}
	for _, w := range strings.Fields(text) {
		t := term{text: w, number: strings.Trim(w, "0123456789") == ""}
		hex := strings.TrimSuffix(strings.TrimPrefix(w, "0x"), "h")
		if n, err := strconv.ParseUint(hex, 16, 64); err == nil && !t.number && len(hex) > 1 {
			t.decimal = strconv.FormatUint(n, 10)
		}
		s.terms = append(s.terms, t)
	}
	return s
}

var keyboard = strings.NewReplacer("’", "'", "\u202f", " ", "\u00a0", " ")

// typed is a text as people type it.
func typed(s string) string { return strings.ToLower(keyboard.Replace(s)) }

// Finds reports whether each word of the search is in one of the texts, or all of it in one.
func (s Search) Finds(texts ...string) bool {
	if s.whole == "" {
		return true
	}
	for i := range texts {
		texts[i] = typed(texts[i])
		if len(s.terms) > 1 && strings.Contains(texts[i], s.whole) {
			return true
		}
	}
	for _, t := range s.terms {
		if !t.in(texts) {
			return false
		}
	}
	return true
}

func (t term) in(texts []string) bool {
	for _, text := range texts {
		switch {
		case t.number && wordIn(text, t.text), !t.number && strings.Contains(text, t.text), t.decimal != "" && wordIn(text, t.decimal):
			return true
		}
	}
	return false
}

// wordIn reports whether a number is in a text, and not a part of a longer one.
func wordIn(text, number string) bool {
	part := func(r byte) bool { return r < 0x80 && (unicode.IsDigit(rune(r)) || unicode.IsLetter(rune(r))) }
	for from := 0; ; {
		i := strings.Index(text[from:], number)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(number)
		if (i == 0 || !part(text[i-1])) && (end == len(text) || !part(text[end])) {
			return true
		}
		from = i + 1
	}
}

// Finds reports whether a search finds an event: by its id or its beginning, what was found, its rules, sensor, store and cells, and by the
// verdict that counts, its author and reason. More texts are those in the language of the reader.
func (e *Entry) Finds(s Search, more ...string) bool {
	if len(s.terms) == 1 && strings.HasPrefix(typed(e.ID), s.whole) {
		return true
	}
	texts := append(more, e.Summary, e.Headline.In("en"), e.Sensor, e.StoreName())
	texts = append(texts, e.Rules...)
	texts = append(texts, e.Cells...)
	texts = append(texts, e.Places...)
	if v := e.Verdict; v != nil {
		texts = append(texts, string(v.Judgement), v.Author, v.Reason)
	}
	return s.Finds(texts...)
}

// finds reports whether a search finds a cell: by every identifier of it, its operator, or its sensor.
func (k *KnownCell) finds(s Search) bool {
	texts := []string{k.Name, k.Sensor, k.Operator, k.Store}
	if k.MCC != "" {
		texts = append(texts, k.MCC+k.MNC, fmt.Sprintf("%s-%s-%d", k.MCC, k.MNC, k.Area.Or(0)))
	}
	return s.Finds(texts...)
}

// found reports whether a search finds a stored cell.
func (s *Store) found(cs storage.Corrections, k storage.KnownCell, q Search) (KnownCell, bool) {
	known := s.known(cs, k)
	return known, known.finds(q)
}
