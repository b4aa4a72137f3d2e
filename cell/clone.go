package cell

import "slices"

// Clone returns a copy of a record that shares nothing with it, for code that keeps records while the caller goes on using them.
func Clone(r Record) Record {
	switch r := r.(type) {
	case *Observation:
		o := *r
		if r.Serving != nil {
			serving := *r.Serving
			o.Serving = &serving
		}
		if r.Position != nil {
			position := *r.Position
			o.Position = &position
		}
		o.Neighbours, o.Secondary = slices.Clone(r.Neighbours), slices.Clone(r.Secondary)
		o.Registration, o.Raw = slices.Clone(r.Registration), slices.Clone(r.Raw)
		return &o
	case *Health:
		h := *r
		h.Raw = slices.Clone(r.Raw)
		return &h
	case *Source:
		s := *r
		return &s
	case *Gap:
		g := *r
		return &g
	case *Clock:
		c := *r
		return &c
	}
	return r
}
