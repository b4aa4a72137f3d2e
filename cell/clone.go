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
	case *Message:
		m := *r
		m.Fields = r.Fields.clone()
		m.Payload, m.Leaves = slices.Clone(r.Payload), slices.Clone(r.Leaves)
		return &m
	case *Broadcast:
		b := *r
		b.PLMNs, b.SIBs, b.Carriers = slices.Clone(r.PLMNs), slices.Clone(r.SIBs), slices.Clone(r.Carriers)
		b.Neighbours, b.Changed = slices.Clone(r.Neighbours), slices.Clone(r.Changed)
		return &b
	}
	return r
}

func (f MessageFields) clone() MessageFields {
	f.PLMNs, f.SIBs, f.Neighbours, f.Heard = slices.Clone(f.PLMNs), slices.Clone(f.SIBs), slices.Clone(f.Neighbours), slices.Clone(f.Heard)
	f.EUTRA, f.UTRA, f.GERAN = slices.Clone(f.EUTRA), slices.Clone(f.UTRA), slices.Clone(f.GERAN)
	return f
}
