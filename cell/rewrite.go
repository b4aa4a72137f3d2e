package cell

// Rewriter replaces values of records: to remove what says who or where somebody is. A function that is nil keeps what it is for.
// One walk over the kinds of records serves all that replace something in them, so that a new kind cannot be forgotten by one.
type Rewriter struct {
	Sensor       func(string) string     // names of sensors
	Word         func(string) string     // words of a device or a specification: model, state, domain, cause
	Reason       func(string) string     // reasons of gaps and health records
	Private      func(string) string     // what may say where or by whom something was recorded: name of a collection, details
	Lines        func([]string) []string // the modem's own
	Cell         func(*Cell)
	Registration func(*Registration)
	Position     func(*Position) *Position
	Message      func(*Message)
	Broadcast    func(*Broadcast)
}

// Record returns a record with the values replaced. It shares nothing with r.
func (w *Rewriter) Record(r Record) Record {
	r = Clone(r)
	SetSensor(r, apply(w.Sensor, r.From()))
	switch r := r.(type) {
	case *Source:
		r.Mode = Mode(apply(w.Word, string(r.Mode)))
		for _, s := range []*string{&r.Model, &r.Firmware, &r.Kit} {
			*s = apply(w.Word, *s)
		}
		r.Set = apply(w.Private, r.Set)
	case *Observation:
		w.observation(r)
	case *Gap:
		r.Reason = apply(w.Reason, r.Reason)
	case *Health:
		r.Reason, r.Detail, r.Raw = apply(w.Reason, r.Reason), apply(w.Private, r.Detail), apply(w.Lines, r.Raw)
	case *Clock: // it has numbers only
	case *Message:
		for _, s := range r.words() {
			*s = apply(w.Word, *s)
		}
		rewriteAll(w.Word, r.Fields.PLMNs)
		rewriteAll(w.Word, r.Leaves)
		if w.Message != nil {
			w.Message(r)
		}
	case *Broadcast:
		rewriteAll(w.Word, r.PLMNs)
		rewriteAll(w.Word, r.Changed)
		if w.Broadcast != nil {
			w.Broadcast(r)
		}
	}
	return r
}

func (w *Rewriter) observation(r *Observation) {
	r.State, r.Raw = State(apply(w.Word, string(r.State))), apply(w.Lines, r.Raw)
	if r.Serving != nil && w.Cell != nil {
		w.Cell(r.Serving)
	}
	for _, cells := range [][]Cell{r.Neighbours, r.Secondary} {
		for i := range cells {
			if w.Cell != nil {
				w.Cell(&cells[i])
			}
		}
	}
	for i := range r.Registration {
		g := &r.Registration[i]
		g.Domain = Domain(apply(w.Word, string(g.Domain)))
		if w.Registration != nil {
			w.Registration(g)
		}
	}
	if r.Position != nil {
		r.Position.Source = apply(w.Word, r.Position.Source)
		r.Position = apply(w.Position, r.Position)
	}
}

// words are the texts of a message but for those in lists.
func (m *Message) words() []*string {
	f := &m.Fields
	return []*string{(*string)(&m.Layer), (*string)(&m.Direction), &m.Channel, &m.Name, &f.ReleaseCause, &f.Redirect, &f.HandoverType, &f.Purpose,
		&f.TargetRAT, &f.EstablishmentCause, &f.InitialIdentity, &f.ReestablishmentCause, &f.LastTAIPLMN}
}

func apply[T any](f func(T) T, v T) T {
	if f == nil {
		return v
	}
	return f(v)
}

func rewriteAll(f func(string) string, all []string) {
	for i := range all {
		all[i] = apply(f, all[i])
	}
}
