package analyzer

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"reflect"
)

// restoreVersion1 reads what a state of version 1 has under other names or in other places. It is not kept which rules had
// reported the present stay: they may report it once more.
func (e *Engine) restoreVersion1(sites []*site, state []byte) error {
	decode := func(into any) error { return gob.NewDecoder(bytes.NewReader(state)).Decode(into) }
	var old struct {
		Sites []struct {
			Told    bool
			Stories []candidate
		}
	}
	var signed struct {
		Sites []struct{ Stories []struct{ Signed int64 } }
	}
	if err := decode(&old); err != nil {
		return err
	}
	if err := decode(&signed); err != nil {
		return err
	}
	for k, s := range sites {
		x := &old.Sites[k]
		s.HasReport, s.Candidates = x.Told, x.Stories
		for i := range s.Candidates {
			s.Candidates[i].Signalled = signed.Sites[k].Stories[i].Signed
		}
	}
	return e.restoreStatistics1(sites, state)
}

// restoreStatistics1 finds what each rule had learned in a state of version 1, where the fields of all statistics were fields of
// a site or of its baseline, with the names that they still have.
func (e *Engine) restoreStatistics1(sites []*site, state []byte) error {
	for _, i := range e.learners {
		t := reflect.TypeOf(e.rules[i].Learns()).Elem()
		inBase := reflect.StructOf([]reflect.StructField{{Name: "Base", Type: t}})
		for _, at := range []reflect.Type{t, inBase} {
			old := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Sites", Type: reflect.SliceOf(at)}}))
			if err := gob.NewDecoder(bytes.NewReader(state)).DecodeValue(old); err != nil {
				return fmt.Errorf("rule %s: %w", e.rules[i].ID, err)
			}
			for k, s := range sites {
				x := old.Elem().Field(0).Index(k)
				if at == inBase {
					x = x.Field(0)
				}
				if !x.IsZero() { // found
					reflect.ValueOf(s.stats[i]).Elem().Set(x)
				}
			}
		}
	}
	return nil
}
