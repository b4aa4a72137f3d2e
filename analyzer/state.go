package analyzer

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
)

// stateVersion is raised with every change of what the saved state means. Version 1, before rules had statistics of their own,
// can still be read. A state of any other version is refused: the baseline is then learned again from the recorded observations.
const stateVersion = 2

var stateMagic = []byte("vigie-analyzer\n")

type saved struct {
	Version  int
	Rules    []string // their IDs, in the order of Stay.Reported
	Networks networks
	Sites    []*site
	Learned  [][]byte // by rule: its statistics, one for each site
	Pending  []byte   // events not yet taken, as JSON
	Counts   Counts
}

// Save returns the whole state: what was learned, candidates, and events not yet taken. An engine with the same rules that
// restores it continues as this one would have.
func (e *Engine) Save() ([]byte, error) {
	worded := make([]Worded, len(e.out))
	for i := range worded {
		worded[i] = e.out[i].Wording()
	}
	pending, err := json.Marshal(worded)
	if err != nil {
		return nil, fmt.Errorf("saving the analyzer's state: %w", err)
	}
	var b bytes.Buffer
	b.Write(stateMagic)
	b.Write(make([]byte, 4)) // for the checksum of what follows
	learned, err := e.saveStatistics()
	if err != nil {
		return nil, fmt.Errorf("saving the analyzer's state: %w", err)
	}
	err = gob.NewEncoder(&b).Encode(saved{stateVersion, ids(e.rules), e.nets, e.sites, learned, pending, e.counts})
	if err != nil {
		return nil, fmt.Errorf("saving the analyzer's state: %w", err)
	}
	out := b.Bytes()
	body := out[len(stateMagic)+4:]
	binary.BigEndian.PutUint32(out[len(stateMagic):], crc32.ChecksumIEEE(body))
	return out, nil
}

// Restore replaces the state by a saved one. On an error the engine is unchanged.
func (e *Engine) Restore(state []byte) error {
	rest, ok := bytes.CutPrefix(state, stateMagic)
	if !ok || len(rest) < 4 {
		return fmt.Errorf("restoring the analyzer's state: this is not one")
	}
	sum, rest := binary.BigEndian.Uint32(rest), rest[4:]
	if sum != crc32.ChecksumIEEE(rest) {
		return fmt.Errorf("restoring the analyzer's state: damaged; learn again from the recorded observations")
	}
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(rest)).Decode(&s); err != nil {
		return fmt.Errorf("restoring the analyzer's state: damaged: %w", err)
	}
	if s.Version != stateVersion && s.Version != 1 {
		return fmt.Errorf("restoring the analyzer's state: it has version %d, want %d; learn again from the recorded observations", s.Version, stateVersion)
	}
	var worded []Worded
	if err := json.Unmarshal(s.Pending, &worded); err != nil {
		return fmt.Errorf("restoring the analyzer's state: damaged: %w", err)
	}
	var out []Event
	for _, w := range worded {
		out = append(out, w.Take())
	}
	for _, x := range s.Sites {
		x.begin(e)
	}
	var err error
	if s.Version == 1 {
		err = e.restoreVersion1(s.Sites, rest)
	} else {
		err = e.restoreStatistics(s.Sites, s.Rules, s.Learned)
	}
	if err != nil {
		return fmt.Errorf("restoring the analyzer's state: %w; learn again from the recorded observations", err)
	}
	byID := map[string]int{}
	for i := range e.rules {
		byID[e.rules[i].ID] = i
	}
	byName := map[string]*site{}
	for _, x := range s.Sites {
		for i := range x.Base.Cells.Vals {
			x.Base.Cells.Vals[i].slot = int32(i)
		}
		x.fed = nil
		for i := range x.Candidates {
			x.Candidates[i].remap(byID)
		}
		for i := range x.Stays {
			x.Stays[i].remap(s.Rules, byID)
		}
		byName[x.Sensor] = x
	}
	e.nets, e.sites, e.byName, e.last, e.out, e.counts = s.Networks, s.Sites, byName, nil, out, s.Counts
	return nil
}

func ids(rules []Rule) (list []string) {
	for i := range rules {
		list = append(list, rules[i].ID)
	}
	return list
}

// remap finds the rules that have reported a stay in the present list.
func (s *Stay) remap(saved []string, byID map[string]int) {
	keep := s.Reported[:0]
	for _, old := range s.Reported {
		if int(old) >= len(saved) {
			continue
		}
		if i, ok := byID[saved[old]]; ok {
			keep = append(keep, uint16(i))
		}
	}
	slices.Sort(keep)
	s.Reported = keep
}

// remap finds the rules of a candidate in the present list. Findings of a rule that is no longer there are dropped.
func (c *candidate) remap(byID map[string]int) {
	keep := c.Findings[:0]
	for _, f := range c.Findings {
		if i, ok := byID[f.RuleID]; ok {
			f.Rule = i
			keep = append(keep, f)
		}
	}
	c.Findings = keep
}
