package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// May reports whether what was recorded from one time to another may be handed on.
type May func(from, to time.Time) bool

// ErrTrimmed is wrapped by the error for an event that lies in what is left out.
var ErrTrimmed = errors.New("it lies in what is left out: a home zone, or the start or end of a walk")

// trims are the tests of the stores; nil: everything may be handed on.
type trims map[*Store]May

func (t trims) may(s *Store, from, to time.Time) bool {
	may := t[s]
	return may == nil || may(from, to)
}

// any reports whether anything of a store is left out: then what was gathered from all of it is not handed on either.
func (t trims) any(s *Store) bool { return t[s] != nil }

// Trimmed reports whether anything is left out.
func (x *Selection) Trimmed() bool {
	for _, may := range x.trims {
		if may != nil {
			return true
		}
	}
	return false
}

// TrimmedIn reports whether anything of a store is left out.
func (x *Selection) TrimmedIn(s *Store) bool { return x.trims.any(s) }

// CanTrim reports whether Trim can leave anything out.
func (l *Library) CanTrim() bool { return l.o.May != nil }

// Trim leaves out of a selection the given time at both ends of each walk and, unless homes is set, what was recorded in home
// zones. The error wraps ErrTrimmed if the selected event is among it.
func (l *Library) Trim(ctx context.Context, x *Selection, ends time.Duration, homes bool) error {
	x.trims = trims{}
	if l.o.May == nil {
		return nil
	}
	for _, s := range x.Sensors {
		if _, known := x.trims[s.Store]; known {
			continue
		}
		may, err := l.o.May(ctx, s.Store.Store, ends, homes)
		if err != nil {
			return fmt.Errorf("what may be handed on: %w", err)
		}
		x.trims[s.Store] = may
	}
	if !x.Trimmed() {
		return nil
	}
	x.Events = slices.DeleteFunc(x.Events, func(e Selected) bool { return !x.trims.may(e.Entry.Store, e.Entry.was[0], e.Entry.was[2]) })
	if x.ID != "" && len(x.Events) == 0 {
		return fmt.Errorf("event %s: %w", PlainTo(x.ID, 64), ErrTrimmed)
	}
	return nil
}
