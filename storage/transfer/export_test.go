package transfer

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"filippo.io/age"

	"vigie/analyzer"
	"vigie/cell"
)

// Name is the path of the file.
func (s *Sealed) Name() string { return s.file.Name() }

// SealedEntries are the records of a sealed file in their order, and the last form of each event.
func SealedEntries(t testing.TB, text []byte, ids ...age.Identity) (recs []cell.Record, evs []analyzer.Event) {
	f, u := &frames{r: bytes.NewReader(text)}, Unsealed{}
	for {
		text, err := u.open(f, ids)
		if err == nil {
			err = u.lines(text, Takers{Record: func(r cell.Record) error { recs = append(recs, r); return nil }, Event: func(e analyzer.Event) error {
				if i := slices.IndexFunc(evs, func(o analyzer.Event) bool { return o.ID == e.ID }); i >= 0 {
					evs[i] = e
				} else {
					evs = append(evs, e)
				}
				return nil
			}})
		}
		if errors.Is(err, io.EOF) {
			return recs, evs
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
