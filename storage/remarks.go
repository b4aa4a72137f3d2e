package storage

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Remark is what a person wrote next to events: a note, or one change of a case. A remark is never changed; a note is withdrawn by
// another remark. So the remarks of two stores are united by putting them together, in any order, and give the same notes and cases.
type Remark struct {
	ID     string     `json:"id"` // 16 hexadecimal digits, random: the same in every store
	Time   time.Time  `json:"time"`
	Author string     `json:"author,omitempty"`
	Case   string     `json:"case,omitempty"`  // id of the case, of the same form; empty: about an event alone
	Event  string     `json:"event,omitempty"` // id of the event; empty: about a case as a whole
	Kind   RemarkKind `json:"what"`
	Text   string     `json:"text,omitempty"`
}

// RemarkKind is what a remark does.
type RemarkKind string

// The kinds, and what Text is.
const (
	Note     RemarkKind = "note"     // the note: of an event, or of a case
	Withdraw RemarkKind = "withdraw" // the id of a note, which no longer holds
	CaseName RemarkKind = "name"     // what the case is called from now on; the first one makes the case
	CaseWho  RemarkKind = "who"      // who works on it from now on; empty: nobody
	CaseIs   RemarkKind = "state"    // CaseOpen, CaseWaiting or CaseClosed
	Tag      RemarkKind = "tag"      // a tag that the case has from now on
	Untag    RemarkKind = "untag"    // a tag that it has no longer
	Include  RemarkKind = "include"  // Event belongs to the case from now on
	Exclude  RemarkKind = "exclude"  // Event belongs to it no longer
)

// The states of a case.
const (
	CaseOpen    = "open"
	CaseWaiting = "waiting"
	CaseClosed  = "closed"
)

// Bounds of the texts of a remark, in bytes.
const (
	MostNote  = 8000
	MostLabel = 200 // of every other text, and of the author
)

var remarkID = regexp.MustCompile(`^[0-9a-f]{16}$`)

// NewRemarkID is an id for a remark or a case.
func NewRemarkID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Check reports what is wrong with a remark: an id, a kind or a state that is none, a text that is too long, or what its kind needs and
// is not there.
func (r *Remark) Check() error {
	most, aboutCase, aboutEvent, text := MostLabel, true, false, true // what the kind needs
	switch r.Kind {
	case Note, Withdraw:
		most, aboutCase = MostNote, false
	case CaseWho:
		text = false
	case CaseName, CaseIs, Tag, Untag:
	case Include, Exclude:
		aboutEvent, text = true, false
	default:
		return fmt.Errorf("%q is no kind of remark", clip(string(r.Kind)))
	}
	switch {
	case !remarkID.MatchString(r.ID) || r.Case != "" && !remarkID.MatchString(r.Case) || r.Kind == Withdraw && !remarkID.MatchString(r.Text):
		return fmt.Errorf("remark %q: an id in it is none: 16 hexadecimal digits", clip(r.ID))
	case len(r.Text) > most || len(r.Author) > MostLabel || len(r.Event) > MostNote:
		return fmt.Errorf("remark %s: longer than %d bytes", r.ID, most)
	case !utf8.ValidString(r.Text + r.Author + r.Event):
		return fmt.Errorf("remark %s: not UTF-8", r.ID)
	case aboutCase && r.Case == "" || aboutEvent && r.Event == "" || r.Case+r.Event == "" || text && r.Text == "":
		return fmt.Errorf("remark %s: a %s says more than this one", r.ID, r.Kind)
	case r.Kind == CaseIs && r.Text != CaseOpen && r.Text != CaseWaiting && r.Text != CaseClosed:
		return fmt.Errorf("%q is no state of a case; use open, waiting or closed", clip(r.Text))
	}
	return nil
}

// AddRemark stores a remark; without an id it gets one. What the store has already changes nothing.
func (s *Store) AddRemark(ctx context.Context, r Remark) (Remark, error) {
	if r.ID == "" {
		r.ID = NewRemarkID()
	}
	err := s.Update(ctx, func(t *Tx) error {
		_, err := t.TakeRemark(r)
		return err
	})
	return r, err
}

// TakeRemark stores a remark of another store if it is new here, and reports whether it was.
func (t *Tx) TakeRemark(r Remark) (bool, error) {
	if err := t.check(); err != nil {
		return false, err
	}
	t.urgent = true
	return addRemark(t.ctx, t.w.conn, t.clean.Remark(r))
}

func addRemark(ctx context.Context, db execer, r Remark) (bool, error) {
	if err := r.Check(); err != nil {
		return false, err
	}
	n, err := affected(db.ExecContext(ctx, "INSERT INTO remark (id, time, author, folder, event, kind, text) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
		r.ID, keyOf(r.Time), r.Author, r.Case, r.Event, string(r.Kind), r.Text))
	return n > 0, err
}

// remarkSchema is the first schema that has remarks. An older store is read without them.
const remarkSchema = 8

func (s *Store) hasRemarks(ctx context.Context) (has bool, err error) {
	var version int
	err = s.rdb.QueryRowContext(ctx, "SELECT user_version FROM pragma_user_version").Scan(&version)
	return version >= remarkSchema, reading("remarks", err)
}

// Remarks returns all remarks, oldest first: an order that is the same in every store.
func (s *Store) Remarks(ctx context.Context) (all []Remark, err error) {
	if has, err := s.hasRemarks(ctx); err != nil || !has {
		return nil, err
	}
	size := 0
	err = eachRow(ctx, s.rdb, "SELECT id, time, author, folder, event, kind, text FROM remark ORDER BY time, id", nil, func(rows *sql.Rows) error {
		var r Remark
		var at int64
		err := rows.Scan(&r.ID, &at, &r.Author, &r.Case, &r.Event, &r.Kind, &r.Text)
		r.Time = keyTime(at)
		all = append(all, s.clean.Remark(r))
		if size += rowHeap + len(r.ID) + len(r.Author) + len(r.Case) + len(r.Event) + len(r.Text); size > mostGathered && err == nil {
			err = errTooMany
		}
		return err
	})
	if len(all) > 0 && err != nil {
		err = fmt.Errorf("after remark %s: %w", clip(all[len(all)-1].ID), err)
	}
	return all, reading("remarks", err)
}

// RemarkMark is a number that changes with every remark that is added.
func (s *Store) RemarkMark(ctx context.Context) (mark int64, err error) {
	if has, err := s.hasRemarks(ctx); err != nil || !has {
		return 0, err
	}
	err = s.rdb.QueryRowContext(ctx, "SELECT ifnull(max(seq), 0) FROM remark").Scan(&mark)
	return mark, reading("remarks", err)
}

// Remark is a remark without identities.
func (c Cleaner) Remark(r Remark) Remark {
	r.Author, r.Text = c.Scrub(r.Author), strings.Join(c.lines(strings.Split(r.Text, "\n")), "\n") // a note has lines
	r.Event = c.id(r.Event)
	return r
}

// Verdict is a verdict without identities.
func (c Cleaner) Verdict(v Verdict) Verdict {
	v.Reason, v.Author, v.UndoneBy = c.Scrub(v.Reason), c.Scrub(v.Author), c.Scrub(v.UndoneBy)
	v.Event = c.id(v.Event)
	return v
}

// emptiedCases deletes the cases of some events that include no event any more: what people wrote in them is about these events.
func (t *Tx) emptiedCases(cases []string) error {
	for _, id := range cases {
		t.w.exec("DELETE FROM remark WHERE folder = ?1 AND NOT EXISTS (SELECT 1 FROM remark WHERE folder = ?1 AND kind = ?2)", id, string(Include))
	}
	return t.w.failed
}

// casesOf are the cases that include an event.
func (t *Tx) casesOf(event string) (cases []string, err error) {
	err = eachRow(t.ctx, t.w.conn, "SELECT DISTINCT folder FROM remark WHERE event = ? AND folder <> ''", []any{event}, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		cases = append(cases, id)
		return err
	})
	return cases, err
}
