package review

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vigie/review/evidence"
	"vigie/storage"
)

// A case is what people keep together: events with a name, notes and tags, who works on it and how far it is. It is stored as remarks next
// to the events (storage.Remark), goes into bundles and answers, and is never in an event.

// casesPage lists the cases.
type casesPage struct {
	Text  string
	State string // storage.CaseOpen, ...; empty: those that are not closed; "all"
	Cases []*evidence.Case
	All   int // without the filter
}

// CaseStates are the states that a case can have, in their order.
func (*page) CaseStates() []string {
	return []string{storage.CaseOpen, storage.CaseWaiting, storage.CaseClosed}
}

func (rv *Review) casesPage(r *http.Request) (*casesPage, error) {
	all, err := rv.evidence.Cases(r.Context())
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	p := &casesPage{Text: evidence.PlainTo(strings.TrimSpace(q.Get("text")), 100), State: q.Get("state"), All: len(all)}
	for _, c := range all {
		if p.State == "" && c.State == storage.CaseClosed || p.State != "" && p.State != "all" && c.State != p.State {
			continue
		}
		if c.Says(strings.ToLower(p.Text)) {
			p.Cases = append(p.Cases, c)
		}
	}
	return p, nil
}

// casePage is one case.
type casePage struct {
	*evidence.Case
	Entries []caseEntry
	Missing int    // events that no store here has
	Query   string // of the addresses of its report and bundle
}

// caseEntry is an event of a case.
type caseEntry struct {
	*evidence.Entry
	Notes []evidence.Note
}

func (rv *Review) casePage(r *http.Request) (*casePage, error) {
	ctx := r.Context()
	c, err := rv.evidence.Case(ctx, r.URL.Query().Get("id"))
	if err != nil {
		return nil, err
	}
	p := &casePage{Case: c, Query: url.Values{"id": {c.ID}}.Encode()}
	x, err := rv.evidence.SelectCase(ctx, c.ID)
	if errors.Is(err, storage.ErrNotFound) {
		p.Missing = c.Events()
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range x.Events {
		notes, err := rv.evidence.Notes(ctx, e.Entry)
		if err != nil {
			return nil, err
		}
		p.Entries = append(p.Entries, caseEntry{e.Entry, notes})
	}
	p.Missing = max(0, c.Events()-len(x.Events))
	return p, nil
}

// notesPart is what people wrote next to an event, on its page.
type notesPart struct {
	Notes []evidence.Note
	In    []*evidence.Case // cases to which it belongs
	Other []*evidence.Case // that are not closed, to which it does not
}

func (rv *Review) notesPart(ctx context.Context, e *evidence.Entry) (n notesPart, err error) {
	if n.Notes, err = rv.evidence.Notes(ctx, e); err != nil {
		return n, err
	}
	all, err := rv.evidence.Cases(ctx)
	n.In = evidence.CasesOf(all, e)
	n.Other = slices.DeleteFunc(openCases(all), func(c *evidence.Case) bool { return c.Has(e) })
	return n, err
}

// openCases are those that are not closed.
func openCases(all []*evidence.Case) (list []*evidence.Case) {
	for _, c := range all {
		if c.State != storage.CaseClosed {
			list = append(list, c)
		}
	}
	return list
}

// changing is a form that adds remarks, and what it is about.
type changing struct {
	rv     *Review
	ctx    context.Context
	author string
	form   url.Values
	at     time.Time
}

// changeCases answers a form that adds remarks: do adds them and returns where to go.
func (rv *Review) changeCases(do func(*changing) (back string, err error)) http.HandlerFunc {
	return rv.deciding(func(w http.ResponseWriter, r *http.Request) {
		c := &changing{rv: rv, ctx: r.Context(), form: r.PostForm, at: rv.now().UTC()}
		if u := who(r); u.Name != "" {
			c.author = u.Name
		} else {
			c.author = rv.evidence.Scrub(evidence.PlainTo(cmp.Or(strings.TrimSpace(r.PostForm.Get("author")), rv.author(r)), mostAuthor))
		}
		back, err := do(c)
		switch {
		case errors.Is(err, errNoVerdicts), errors.Is(err, storage.ErrReadOnly):
			rv.refuse(w, r, http.StatusForbidden, "refuse.readonly")
		case errors.Is(err, errRemark):
			rv.refuse(w, r, http.StatusBadRequest, "refuse.remark")
		case err != nil:
			rv.fail(w, r, err)
		default:
			if who(r).Name == "" && c.author != "" {
				http.SetCookie(w, rv.authorCookie(r, c.author))
			}
			http.Redirect(w, r, cmp.Or(back, backTo(r)), http.StatusSeeOther)
		}
	})
}

var errRemark = errors.New("nothing to note, or too much")

// text is a text of the form without identities: people paste what they have.
func (c *changing) text(key string) string {
	return c.rv.evidence.ScrubText(strings.TrimSpace(strings.ReplaceAll(c.form.Get(key), "\r\n", "\n")))
}

// add stores a remark in some stores.
func (c *changing) add(r storage.Remark, stores ...*evidence.Store) error {
	r.ID, r.Time, r.Author = storage.NewRemarkID(), c.at, c.author
	if r.Check() != nil {
		return errRemark
	}
	for _, s := range stores {
		w := c.rv.o.Verdicts[s.Store]
		if w == nil {
			return errNoVerdicts
		}
		if _, err := w.AddRemark(c.ctx, r); err != nil {
			return err
		}
	}
	c.at = c.at.Add(1) // the next one of this form comes after it
	return nil
}

// caseOf is the case of the form, and the stores that have it. What is added comes after all that was written of it, also where the clock
// was put back.
func (c *changing) caseOf() (*evidence.Case, []*evidence.Store, error) {
	found, err := c.rv.evidence.Case(c.ctx, c.form.Get("case"))
	if err != nil {
		return nil, nil, err
	}
	if !c.at.After(found.Changed) {
		c.at = found.Changed.Add(1)
	}
	return found, c.rv.evidence.StoresOf(found), nil
}

// addNote notes something on an event or a case.
func (c *changing) addNote() (string, error) {
	note := storage.Remark{Kind: storage.Note, Text: c.text("text")}
	if c.form.Get("case") != "" {
		found, stores, err := c.caseOf()
		if err != nil {
			return "", err
		}
		note.Case = found.ID
		return "", c.add(note, stores...)
	}
	e, err := c.rv.evidence.Find(c.ctx, c.form.Get("event"))
	if err != nil {
		return "", err
	}
	note.Event = e.Key
	return "", c.add(note, e.Store)
}

// withdrawNote withdraws a note.
func (c *changing) withdrawNote() (string, error) {
	gone := storage.Remark{Kind: storage.Withdraw, Text: c.form.Get("note")}
	if c.form.Get("case") != "" {
		found, stores, err := c.caseOf()
		if err != nil {
			return "", err
		}
		gone.Case = found.ID
		return "", c.add(gone, stores...)
	}
	e, err := c.rv.evidence.Find(c.ctx, c.form.Get("event"))
	if err != nil {
		return "", err
	}
	gone.Event = e.Key
	return "", c.add(gone, e.Store)
}

// caseChanges are what a form can change of a case, by the name of its button.
var caseChanges = map[string]storage.RemarkKind{"name": storage.CaseName, "who": storage.CaseWho, "state": storage.CaseIs, "tag": storage.Tag, "untag": storage.Untag}

// changeCase changes one thing of a case.
func (c *changing) changeCase() (string, error) {
	found, stores, err := c.caseOf()
	if err != nil {
		return "", err
	}
	kind, ok := caseChanges[c.form.Get("what")]
	if !ok {
		return "", errRemark
	}
	return "", c.add(storage.Remark{Kind: kind, Case: found.ID, Text: c.text("text")}, stores...)
}

// openCase makes a case, with the events of the form if it has any.
func (c *changing) openCase() (string, error) {
	id := storage.NewRemarkID()
	name := storage.Remark{Kind: storage.CaseName, Case: id, Text: c.text("name")}
	entries, err := c.entries()
	if err != nil {
		return "", err
	}
	stores := c.rv.evidence.Stores()[:min(1, len(c.rv.evidence.Stores()))]
	if len(entries) > 0 {
		stores = []*evidence.Store{entries[0].Store}
	}
	if err := c.add(name, stores...); err != nil {
		return "", err
	}
	c.form.Set("case", id)
	return "/case?id=" + id, c.includeAll(entries)
}

// entries are the events of the form.
func (c *changing) entries() (list []*evidence.Entry, err error) {
	ids := c.form["event"]
	if len(ids) > mostBulk {
		return nil, errRemark
	}
	for _, id := range ids {
		e, err := c.rv.evidence.Find(c.ctx, id)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// include puts the events of the form into a case: the one of the form, or a new one.
func (c *changing) include() (string, error) {
	if c.form.Get("case") == "" {
		return c.openCase()
	}
	entries, err := c.entries()
	if err != nil {
		return "", err
	}
	if len(entries) == 0 {
		return "", errRemark
	}
	return "", c.includeAll(entries)
}

// includeAll puts events into the case of the form. A store that does not have the case yet gets all that was written of it first.
func (c *changing) includeAll(entries []*evidence.Entry) error {
	for _, e := range entries {
		found, stores, err := c.caseOf()
		if err != nil {
			return err
		}
		if found.Has(e) {
			continue
		}
		if err := c.copyCase(found, stores, e.Store); err != nil {
			return err
		}
		if err := c.add(storage.Remark{Kind: storage.Include, Case: found.ID, Event: e.Key}, e.Store); err != nil {
			return err
		}
	}
	return nil
}

// copyCase gives a store what others have of a case.
func (c *changing) copyCase(found *evidence.Case, from []*evidence.Store, to *evidence.Store) error {
	w := c.rv.o.Verdicts[to.Store]
	if w == nil {
		return errNoVerdicts
	}
	for _, s := range from {
		if s == to {
			return nil
		}
	}
	for _, s := range from {
		all, err := s.Remarks(c.ctx)
		if err != nil {
			return err
		}
		for _, r := range all {
			if r.Case != found.ID {
				continue
			}
			if _, err := w.AddRemark(c.ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// exclude takes the events of the form out of a case.
func (c *changing) exclude() (string, error) {
	entries, err := c.entries()
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		found, stores, err := c.caseOf()
		if err != nil {
			return "", err
		}
		if err := c.add(storage.Remark{Kind: storage.Exclude, Case: found.ID, Event: e.Key}, stores...); err != nil {
			return "", err
		}
	}
	return "", nil
}

// caseRoutes are the addresses of cases and notes that are no pages.
func (rv *Review) caseRoutes(m *http.ServeMux) {
	m.HandleFunc("GET /case/report", rv.handOn(rv.sendReport))
	m.HandleFunc("GET /case/bundle", rv.handOn(rv.sendBundle))
	m.HandleFunc("GET /case/csv", rv.handOn(rv.sendEventsCSV))
	for pattern, do := range map[string]func(*changing) (string, error){
		"POST /notes": (*changing).addNote, "POST /notes/withdraw": (*changing).withdrawNote, "POST /cases": (*changing).openCase,
		"POST /case/change": (*changing).changeCase, "POST /case/include": (*changing).include, "POST /case/exclude": (*changing).exclude,
	} {
		m.HandleFunc(pattern, rv.changeCases(do))
	}
}
