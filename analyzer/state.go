package analyzer

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
)

// stateVersion is raised by every change of what the saved state means. A state of another version is refused: what a
// place is like is learned again from the recorded observations.
const stateVersion = 1

var stateMagic = []byte("vigie-analyzer\n")

type saved struct {
	Version  int
	Networks networks
	Sites    []*site
	Pending  []byte // events not yet taken, as JSON
	Counts   Counts
}

// Save returns the whole state: what was learned, what is going on, and events not yet taken. An engine with the same
// rules that restores it goes on as this one would have.
func (e *Engine) Save() ([]byte, error) {
	pending, err := json.Marshal(e.out)
	if err != nil {
		return nil, fmt.Errorf("saving the analyzer's state: %w", err)
	}
	var b bytes.Buffer
	b.Write(stateMagic)
	err = gob.NewEncoder(&b).Encode(saved{stateVersion, e.nets, e.sites, pending, e.counts})
	if err != nil {
		return nil, fmt.Errorf("saving the analyzer's state: %w", err)
	}
	return b.Bytes(), nil
}

// Restore replaces the state by a saved one. On an error the engine is as it was.
func (e *Engine) Restore(state []byte) error {
	rest, ok := bytes.CutPrefix(state, stateMagic)
	if !ok {
		return fmt.Errorf("restoring the analyzer's state: this is not one")
	}
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(rest)).Decode(&s); err != nil {
		return fmt.Errorf("restoring the analyzer's state: damaged: %w", err)
	}
	if s.Version != stateVersion {
		return fmt.Errorf("restoring the analyzer's state: it has version %d, want %d; learn again from the recorded observations", s.Version, stateVersion)
	}
	var out []Event
	if err := json.Unmarshal(s.Pending, &out); err != nil {
		return fmt.Errorf("restoring the analyzer's state: damaged: %w", err)
	}
	byID := map[string]int{}
	for i := range e.rules {
		byID[e.rules[i].ID] = i
	}
	byName := map[string]*site{}
	for _, x := range s.Sites {
		if x == nil || !x.sound(len(s.Networks.List)) {
			return fmt.Errorf("restoring the analyzer's state: damaged")
		}
		x.Base.reindex()
		x.usable = 0
		for i := range x.Stories {
			x.Stories[i].remap(byID)
		}
		byName[x.Sensor] = x
	}
	e.nets, e.sites, e.byName, e.last, e.out, e.counts = s.Networks, s.Sites, byName, nil, out, s.Counts
	return nil
}

// sound tells whether a decoded site can be worked with: every table has as many keys as values.
func (s *site) sound(nets int) bool {
	b := &s.Base
	return len(b.Cells.Keys) == len(b.Cells.Vals) && len(b.Phys.Keys) == len(b.Phys.Vals) && len(b.Areas.Keys) == len(b.Areas.Vals) &&
		len(b.Channels.Keys) == len(b.Channels.Vals) && len(b.Heard.Keys) == len(b.Heard.Vals) && len(b.Tiles.Keys) == len(b.Tiles.Vals) &&
		len(b.Networks.Keys) == len(b.Networks.Vals) && len(s.Neigh) == len(s.NeighLev) && len(s.Neigh) == len(s.NeighPrio) &&
		len(s.Stays) <= maxStays && len(s.Stories) <= maxStories && s.TrackN >= 0 &&
		b.Cells.handOK() && b.Phys.handOK() && b.Areas.handOK() && b.Channels.handOK() && b.Heard.handOK() && b.Tiles.handOK() && b.Networks.handOK()
}

func (t *table[K, V]) handOK() bool { return t.Hand >= 0 && t.Hand <= len(t.Keys) }

// remap finds the rules of a story in the present list. A finding of a rule that is no longer there is dropped.
func (st *story) remap(byID map[string]int) {
	keep := st.Findings[:0]
	for _, f := range st.Findings {
		if i, ok := byID[f.RuleID]; ok {
			f.Rule = i
			keep = append(keep, f)
		}
	}
	st.Findings = keep
}
