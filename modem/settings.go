package modem

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"vigie/modem/at"
)

// restoreLimit is the time for restoring the switches at the end of a run.
const restoreLimit = 1200 * time.Millisecond

// key is the key of the modem for Load and Save.
func (c *Collector) key() string { return cmp.Or(c.port.Identity, c.port.Device) }

// pendingSetting is a setting whose current value is not the preferred one.
type pendingSetting struct {
	at.Setting
	current string
}

// set turns the reporting switches on. It returns those whose current value cannot be read, for a later attempt: they are not
// changed, because they could not be restored. The original values are saved before anything is changed.
func (w *connection) set(ctx context.Context, settings []at.Setting) (deferred []at.Setting, err error) {
	if len(w.originals) == 0 && w.Load != nil {
		maps.Copy(w.originals, w.Load(w.key()))
	}
	var changes []pendingSetting
	for _, s := range settings {
		if !w.patience.asks(s.Read.Text, time.Now()) {
			deferred = append(deferred, s)
			continue
		}
		reply, err := w.ask(ctx, s.Read)
		if err != nil {
			return nil, err
		}
		current, ok := s.Current(reply.Lines)
		switch {
		case !ok || !slices.Contains(s.Values, current):
			deferred = append(deferred, s)
		case len(s.Want) > 0 && current != s.Want[0]:
			changes = append(changes, pendingSetting{s, current})
		}
	}
	var fresh []string
	for _, s := range changes {
		if _, known := w.originals[s.Write]; !known {
			w.originals[s.Write] = s.current
			fresh = append(fresh, s.Write)
		}
	}
	if len(fresh) > 0 {
		if err := w.save(); err != nil {
			// If the original values are not saved, nothing may be changed: a crash would leave it changed.
			for _, write := range fresh {
				delete(w.originals, write)
			}
			w.complain(1, "settings_not_saved", err.Error())
			return deferred, nil
		}
	}
	for _, s := range changes {
		touched, err := w.change(ctx, s)
		if err != nil {
			return nil, err
		}
		if !touched && slices.Contains(fresh, s.Write) {
			delete(w.originals, s.Write)
		}
	}
	return deferred, nil
}

// change writes the preferred values, best first, until the modem accepts one or already has the next best. touched is false if
// the modem refused every change.
func (w *connection) change(ctx context.Context, s pendingSetting) (touched bool, err error) {
	for _, value := range s.Want {
		if value == s.current {
			return false, nil
		}
		reply, err := w.ask(ctx, s.Command(value))
		if err != nil || reply.Final == "OK" || reply.Final == "" {
			return true, err
		}
	}
	return false, nil
}

func (c *Collector) save() error {
	if c.Save == nil {
		return nil
	}
	return c.Save(c.key(), maps.Clone(c.originals))
}

// restore sets the switches back to their original values. It has a time limit of its own, because the context of the run has ended.
func (w *connection) restore(ctx context.Context, settings []at.Setting) error {
	if len(w.originals) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreLimit)
	defer cancel()
	var failed []error
	for _, s := range slices.Backward(settings) {
		value, changed := w.originals[s.Write]
		if !changed || !slices.Contains(s.Values, value) {
			continue
		}
		if _, err := w.during(ctx, func(ctx context.Context) (at.Reply, error) { return w.session.Do(ctx, s.Command(value)) }); err != nil {
			failed = append(failed, fmt.Errorf("the modem keeps its changed reporting switch, it was AT%s%s: %w", s.Write, value, err))
			continue
		}
		delete(w.originals, s.Write)
	}
	return errors.Join(append(failed, w.save())...)
}
