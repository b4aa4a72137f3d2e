package analyzer

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"slices"

	"vigie/cell"
)

// Statistic is what one rule has learned at one sensor. The engine makes it with Rule.Learns, calls Learn for every observation
// after all rules have looked at it (but not for rows of a survey), and saves it with encoding/gob under the ID of the rule:
// exported fields are kept, others are not. A Statistic asks no clock, is bounded (see Table and PerCell), contains no map (the
// order of maps would make saved states differ), and allocates nothing for an observation that brings nothing new.
type Statistic interface {
	Learn(v *View, l *Lesson)
}

// Reconsiderer is a Statistic that learns something of each cell and must be able to take it back: Reconsider is called when a
// cell comes under suspicion or is cleared (see Known.Suspect), at now in milliseconds since 1970. It may be called for the same
// cell again.
type Reconsiderer interface {
	Statistic
	Reconsider(k *Known, now int64)
}

// Lesson is what the engine itself has learned from the observation that a Statistic is given.
type Lesson struct {
	Stay    *Stay  // the present stay; nil: the modem is on no cell
	Cell    *Known // what is known of its cell, this observation included; nil: the cell has no identity
	NewCell bool   // the cell is known since this observation
	NewArea bool   // its area is known since this observation
}

// Trusted returns the cell of the lesson, or nil if it is under suspicion.
func (l *Lesson) Trusted() *Known {
	if l.Cell == nil || l.Cell.Suspect {
		return nil
	}
	return l.Cell
}

// PerCell holds one T for each cell in the baseline, and is bounded like it.
type PerCell[T any] struct{ Vals []T }

// Of returns the value of a cell.
func (p *PerCell[T]) Of(k *Known) *T {
	for int(k.slot) >= len(p.Vals) {
		var zero T
		p.Vals = append(p.Vals, zero)
	}
	return &p.Vals[k.slot]
}

// Renew clears the value of a new cell: it takes the place of one that was forgotten. Call it for every lesson.
func (p *PerCell[T]) Renew(l *Lesson) {
	if l.NewCell && int(l.Cell.slot) < len(p.Vals) {
		var zero T
		p.Vals[l.Cell.slot] = zero
	}
}

// PerRAT holds one T for each RAT.
type PerRAT[T any] [5]T

// Of returns the value of a RAT; RATs that do not exist share the place of the unknown one.
func (p *PerRAT[T]) Of(r cell.RAT) *T {
	if int(r) >= len(p) {
		r = cell.UnknownRAT
	}
	return &p[r]
}

// Share is n as a share of all, shrunk towards a prior that counts as weight cases.
func Share(n, all, prior, weight float64) float64 { return (n + weight*prior) / (all + weight) }

// begin gives a site an empty statistic for each rule that declares one.
func (s *site) begin(e *Engine) {
	s.stats = make([]Statistic, len(e.rules))
	for _, i := range e.learners {
		s.stats[i] = e.rules[i].Learns()
		s.learners = append(s.learners, s.stats[i])
	}
}

// reconsider passes on that a cell came under suspicion or was cleared.
func (s *site) reconsider(k *Known) {
	for _, x := range s.learners {
		if r, ok := x.(Reconsiderer); ok {
			r.Reconsider(k, s.Now)
		}
	}
}

// saveStatistics encodes what each rule has learned.
func (e *Engine) saveStatistics() ([][]byte, error) {
	all := make([][]byte, len(e.rules))
	for _, i := range e.learners {
		var b bytes.Buffer
		enc := gob.NewEncoder(&b)
		for _, s := range e.sites {
			if err := enc.Encode(s.stats[i]); err != nil {
				return nil, fmt.Errorf("rule %s: %w", e.rules[i].ID, err)
			}
		}
		all[i] = b.Bytes()
	}
	return all, nil
}

// restoreStatistics decodes what each rule has learned. A rule that is not in the state starts empty.
func (e *Engine) restoreStatistics(sites []*site, rules []string, all [][]byte) error {
	for _, i := range e.learners {
		k := slices.Index(rules, e.rules[i].ID)
		if k < 0 || k >= len(all) || len(all[k]) == 0 {
			continue
		}
		dec := gob.NewDecoder(bytes.NewReader(all[k]))
		for _, s := range sites {
			if err := dec.Decode(s.stats[i]); err != nil {
				return fmt.Errorf("rule %s: %w", e.rules[i].ID, err)
			}
		}
	}
	return nil
}
