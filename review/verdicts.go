package review

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"vigie/review/evidence"
	"vigie/storage"
)

// Verdicts are stored next to events, never inside them. A verdict is never removed, only taken back.

const (
	mostReason = 4000 // bytes
	mostAuthor = 80
	mostBulk   = 500 // events decided at once
)

// author is the name under verdicts: the user who is logged in, else the name that was given last.
func (rv *Review) author(r *http.Request) string {
	if u := who(r); u.Name != "" {
		return u.Name
	}
	if c, err := readCookie(r, "author"); err == nil {
		if name, err := url.QueryUnescape(c.Value); err == nil {
			return evidence.PlainTo(name, mostAuthor)
		}
	}
	return ""
}

// authorCookie remembers the name that was given.
func (rv *Review) authorCookie(r *http.Request, name string) *http.Cookie {
	return &http.Cookie{Name: rv.cookieName("author"), Value: url.QueryEscape(name), Path: "/", MaxAge: 365 * 24 * 3600,
		SameSite: http.SameSiteStrictMode, HttpOnly: true, Secure: r.TLS != nil}
}

// decision is a request of a form or a program.
type decision struct {
	Events    []string `json:"events"`
	Judgement string   `json:"judgement"`
	Reason    string   `json:"reason"`
	Author    string   `json:"author"`
}

func (rv *Review) readDecision(r *http.Request) (decision, error) {
	var v decision
	if isJSON(r) {
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
			return v, err
		}
	} else {
		v = decision{r.PostForm["event"], r.PostForm.Get("judgement"), r.PostForm.Get("reason"), r.PostForm.Get("author")}
	}
	if u := who(r); u.Name != "" {
		v.Author = u.Name // a user who is logged in signs with that name
	} else if v.Author = strings.TrimSpace(v.Author); v.Author == "" {
		v.Author = rv.author(r)
	}
	v.Reason = strings.TrimSpace(v.Reason)
	switch {
	case len(v.Events) == 0 || len(v.Events) > mostBulk:
		return v, errors.New("between 1 and 500 events")
	case len(v.Reason) > mostReason || len(v.Author) > mostAuthor:
		return v, errors.New("the reason or the name is too long")
	}
	// People paste what they have: an identity in a reason must not be stored either.
	v.Reason, v.Author = rv.evidence.Scrub(v.Reason), rv.evidence.Scrub(v.Author)
	return v, nil
}

// decide stores a verdict on each event; missing are the ids that no store has.
func (rv *Review) decide(ctx context.Context, v decision) (done, missing []string, err error) {
	for _, id := range v.Events {
		e, err := rv.evidence.Find(ctx, id)
		if errors.Is(err, storage.ErrNotFound) {
			missing = append(missing, evidence.PlainTo(id, 64))
			continue
		}
		if err != nil {
			return done, missing, err
		}
		writer := rv.o.Verdicts[e.Store.Store]
		if writer == nil {
			return done, missing, errNoVerdicts
		}
		_, err = writer.AddVerdict(ctx, storage.Verdict{Event: e.Key, Judgement: storage.Judgement(v.Judgement), Reason: v.Reason, Author: v.Author, Time: rv.now().UTC()})
		if err != nil {
			return done, missing, err
		}
		done = append(done, id)
	}
	return done, missing, nil
}

var errNoVerdicts = errors.New("this store takes no verdicts here")

func (rv *Review) undo(ctx context.Context, v decision) (done, missing []string, err error) {
	for _, id := range v.Events {
		e, err := rv.evidence.Find(ctx, id)
		if err == nil {
			writer := rv.o.Verdicts[e.Store.Store]
			if writer == nil {
				return done, missing, errNoVerdicts
			}
			err = writer.UndoVerdict(ctx, e.Key, v.Author, rv.now().UTC())
		}
		switch {
		case errors.Is(err, storage.ErrNotFound):
			missing = append(missing, evidence.PlainTo(id, 64))
		case err != nil:
			return done, missing, err
		default:
			done = append(done, id)
		}
	}
	return done, missing, nil
}

func (rv *Review) giveVerdicts(w http.ResponseWriter, r *http.Request) {
	rv.change(w, r, func(ctx context.Context, v decision) ([]string, []string, error) {
		switch storage.Judgement(v.Judgement) {
		case storage.Benign, storage.Suspicious, storage.Unsure:
			return rv.decide(ctx, v)
		}
		return nil, nil, errBadForm
	})
}

func (rv *Review) undoVerdicts(w http.ResponseWriter, r *http.Request) { rv.change(w, r, rv.undo) }

var errBadForm = errors.New("no such judgement")

// change carries out a decision. A program gets JSON back, a person the page of the form.
func (rv *Review) change(w http.ResponseWriter, r *http.Request, do func(context.Context, decision) (done, missing []string, err error)) {
	v, err := rv.readDecision(r)
	if err != nil {
		rv.refuseForm(w, r, err)
		return
	}
	done, missing, err := do(r.Context(), v)
	switch {
	case errors.Is(err, errNoVerdicts), errors.Is(err, storage.ErrReadOnly):
		rv.refuse(w, r, http.StatusForbidden, "refuse.readonly")
		return
	case err != nil:
		rv.fail(w, r, err)
		return
	}
	if who(r).Name == "" && v.Author != "" {
		http.SetCookie(w, rv.authorCookie(r, v.Author))
	}
	if isJSON(r) || strings.HasPrefix(r.URL.Path, "/api/") {
		writeJSON(w, http.StatusOK, map[string]any{"done": nonNil(done), "missing": nonNil(missing)})
		return
	}
	if len(done) == 0 {
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	http.Redirect(w, r, backTo(r), http.StatusSeeOther)
}

// nonNil is a list that is never null in JSON.
func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
