package review

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/storage"
)

// eventPage is the page of an event.
type eventPage struct {
	*evidence.Dossier
	Several    bool // more than one store
	Chart      *sketch
	Earlier    []*evidence.Entry     // of this sensor, before
	Similar    []*evidence.Entry     // by rule or cell
	Concurrent []evidence.Concurrent // that other sensors saw
	Standing   *storage.Verdict
	Next       string // id of the event after this one in the inbox, and before
	Previous   string
	Rerun      bool
	Map        *ownMap // of the user; nil: the coarse one
}

func (d *Desk) showEvent(w http.ResponseWriter, r *http.Request) {
	p, err := d.eventPage(r.Context(), r.PathValue("id"), zone(r))
	if errors.Is(err, storage.ErrNotFound) && d.o.Elsewhere != nil {
		d.showElsewhere(w, r, r.PathValue("id"))
		return
	}
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.render(w, r, http.StatusOK, "event", "event.title", p)
}

func (d *Desk) eventPage(ctx context.Context, id string, z *time.Location) (*eventPage, error) {
	known, err := d.evidence.Dossier(ctx, id, evidence.DossierOptions{Zone: z})
	if err != nil {
		return nil, err
	}
	withText(known.Series)
	p := &eventPage{Dossier: known, Several: d.several(), Chart: sketchOf(known.Series, known.Baseline, z), Rerun: d.evidence.CanRerun(), Map: readMap(d.o.Tiles)}
	all, err := d.evidence.Entries(ctx)
	if err != nil {
		return nil, err
	}
	p.Earlier, p.Similar = known.Entry.Alike(all)
	if p.Concurrent, err = d.evidence.Concurrent(ctx, known.Entry); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(o *evidence.Entry) bool { return o.ID == known.Entry.ID }); i >= 0 {
		if i+1 < len(all) {
			p.Next = all[i+1].ID
		}
		if i > 0 {
			p.Previous = all[i-1].ID
		}
	}
	for i := range p.Verdicts {
		if p.Verdicts[i].Undone.IsZero() {
			p.Standing = &p.Verdicts[i]
		}
	}
	return p, nil
}

// several reports whether there is more than one store.
func (d *Desk) several() bool { return len(d.evidence.Stores()) > 1 }

// elsewherePage is an event that is on the shared server alone.
type elsewherePage struct {
	Event      analyzer.Event
	Entry      *evidence.Entry
	Cells      []string
	Concurrent []evidence.Concurrent
}

func (d *Desk) showElsewhere(w http.ResponseWriter, r *http.Request, id string) {
	e, err := d.evidence.RemoteEvent(r.Context(), id)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	_, ev, err := e.Events(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	p := &elsewherePage{Event: ev, Entry: e}
	for j := range ev.Cells[:min(len(ev.Cells), 12)] {
		p.Cells = append(p.Cells, cell.Describe(&ev.Cells[j]))
	}
	if p.Concurrent, err = d.evidence.Concurrent(r.Context(), e); err != nil {
		d.fail(w, r, err)
		return
	}
	d.render(w, r, http.StatusOK, "elsewhere", "event.title", p)
}
