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
	Close      *sketch               // the event alone; nil: Chart shows no more
	Earlier    []*evidence.Entry     // of this sensor, before
	Similar    []*evidence.Entry     // by rule or cell
	Concurrent []evidence.Concurrent // that other sensors saw
	Standing   *storage.Verdict
	Next       string // id of the next event of the inbox; empty: none
	Previous   string
	Rerun      bool
	Map        *ownMap // of the user; nil: the coarse one
	Land       *landMap
	Towns      []townJSON
	Wrote      notesPart
}

func (rv *Review) showEvent(w http.ResponseWriter, r *http.Request) {
	p, err := rv.eventPage(r.Context(), r.PathValue("id"), zone(r))
	if errors.Is(err, storage.ErrNotFound) && rv.o.Elsewhere != nil {
		show(rv, "elsewhere", "event.title", rv.elsewherePage)(w, r)
		return
	}
	if err != nil {
		rv.fail(w, r, err)
		return
	}
	rv.render(w, r, http.StatusOK, "event", "event.title", p)
}

func (rv *Review) eventPage(ctx context.Context, id string, z *time.Location) (*eventPage, error) {
	known, err := rv.evidence.Dossier(ctx, id, evidence.DossierOptions{Zone: z})
	if err != nil {
		return nil, err
	}
	p := &eventPage{Dossier: known, Several: rv.several(), Chart: sketchOf(known.Series, known.Baseline, z), Close: closeUp(known.Series, known.Baseline, z), Rerun: rv.evidence.CanRerun(), Map: readMap(rv.o.Tiles),
		Land: landMapOf(known.Series), Towns: townsAround(known.Series)}
	if p.Wrote, err = rv.notesPart(ctx, known.Entry); err != nil {
		return nil, err
	}
	all, err := rv.evidence.Entries(ctx)
	if err != nil {
		return nil, err
	}
	p.Earlier, p.Similar = known.Entry.Alike(all)
	if p.Concurrent, err = rv.evidence.Concurrent(ctx, known.Entry); err != nil {
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
func (rv *Review) several() bool { return len(rv.evidence.Stores()) > 1 }

// elsewherePage is an event that is on the shared server alone.
type elsewherePage struct {
	Event      analyzer.Event
	Entry      *evidence.Entry
	Cells      []string
	Concurrent []evidence.Concurrent
}

func (rv *Review) elsewherePage(r *http.Request) (*elsewherePage, error) {
	e, err := rv.evidence.RemoteEvent(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	_, ev, err := e.Events(r.Context())
	if err != nil {
		return nil, err
	}
	p := &elsewherePage{Event: ev, Entry: e}
	for j := range ev.Cells[:min(len(ev.Cells), 12)] {
		p.Cells = append(p.Cells, cell.Describe(&ev.Cells[j]))
	}
	p.Concurrent, err = rv.evidence.Concurrent(r.Context(), e)
	return p, err
}

// Judgements are what a reader can decide, in the order of the buttons.
func (p *page) Judgements() []storage.Judgement {
	return []storage.Judgement{storage.Benign, storage.Suspicious, storage.Unsure}
}
