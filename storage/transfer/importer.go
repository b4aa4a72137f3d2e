package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"

	"filippo.io/age"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/safefile"
	"vigie/storage"
)

// Importer puts what other stores hold into a store: their records, and their events in their newest form. A sensor keeps its
// name unless another one here has it. What the store has already adds nothing.
type Importer struct {
	Clean storage.Cleaner // removes identities from events and from what is sealed; Merge has one for the rest

	store *storage.Store
	as    string
	added func(records int)

	names   map[string]map[string]string // by store and sensor: what it is called here
	taken   map[string]bool              // names of sensors that are here
	renamed map[string]Renamed           // by the name here
	naming  bool                         // names changed

	batch  []cell.Record
	events []analyzer.Event
	failed error // while a line was taken

	written     []Written // until the events that it is about are there
	writtenSize int

	Records, Changes, Duplicates, Summarised int
	Written, WrittenKnown, WrittenLeft       int // verdicts and remarks: added or taken back; here before; about events that are not here
}

// Renamed is a sensor of another store that has another name here.
type Renamed struct {
	Store  string // the beginning of its number
	Sensor string // as it is called there
}

// importBatch is how many records, or events, are stored in one transaction.
const importBatch = 1000

// namesState is where a store keeps what the sensors of other stores are called in it.
const namesState = "imported"

// mostSensors bounds the stores, and the sensors of each, that are remembered: a file may be hostile.
const mostSensors = 1000

// NewImporter makes an importer into a store. as is what the sensor of the files is called here; empty: as there. added gets
// the number of records added so far, before each transaction.
func NewImporter(ctx context.Context, s *storage.Store, as string, added func(records int)) (*Importer, error) {
	t := &Importer{store: s, as: as, added: added, names: map[string]map[string]string{}, taken: map[string]bool{}, renamed: map[string]Renamed{}}
	text, _, err := s.LoadState(ctx, namesState)
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &t.names)
	}
	if err != nil {
		return nil, fmt.Errorf("names of imported sensors: %w", err)
	}
	sensors, err := s.Sensors(ctx)
	for _, s := range sensors {
		t.taken[s.Name] = true
	}
	return t, err
}

// Renamed returns the sensors that are called otherwise here, by their name here.
func (t *Importer) Renamed() map[string]Renamed { return t.renamed }

// name is what a sensor of another store is called here: as there, unless another one has that name.
func (t *Importer) name(store, sensor string) string {
	if store == "" && t.as == "" {
		return sensor
	}
	known, short := t.names[store], "here" // of a file that names no store, for this run alone
	if name, ok := known[sensor]; ok {
		return name
	}
	if store != "" {
		short = store[:4]
	}
	name := sensor
	switch {
	case len(known) >= mostSensors, known == nil && len(t.names) >= mostSensors:
		return sensor + "-" + short
	case t.as != "" && len(known) > 0:
		name = t.as + "-" + sensor
	case t.as != "":
		name = t.as
	case t.taken[sensor]:
		name = sensor + "-" + short
	}
	if known == nil {
		known = map[string]string{}
		t.names[store] = known
	}
	known[sensor], t.taken[name], t.naming = name, true, true
	if name != sensor && store != "" {
		t.renamed[name] = Renamed{Store: short, Sensor: sensor}
	}
	return name
}

// Rename gives a record of another store the name that its sensor has here.
func (t *Importer) Rename(store string, r cell.Record) {
	name := t.name(store, r.From())
	if s, ok := r.(*cell.Source); ok && s.Kit != "" && store != "" && name != s.Sensor {
		s.Kit += "-" + store[:4] // another kit of that name
	}
	cell.SetSensor(r, name)
}

// Line takes a line that is for a store: which one it is from, or an event.
func (t *Importer) Line(ctx context.Context, in *Input, line []byte) {
	if store := storage.StoreOfLine(line); store != "" {
		in.Store = store
	} else if w, is, err := writtenOfLine(line); is {
		if err != nil {
			in.Bad++
		} else if t.failed == nil {
			t.failed = t.keep(in.Store, w)
		}
	} else if e, err := storage.EventOfLine(line); err != nil {
		in.Bad++
	} else if t.failed == nil {
		t.failed = t.event(ctx, in.Store, e)
	}
}

// eventName is what an event of another store, and its sensor, are called here.
func (t *Importer) eventName(store, id, sensor string) (newID, name string) {
	if name = t.name(store, sensor); name == sensor {
		return id, name
	}
	sum := sha256.Sum256([]byte(id + "\x00" + name)) // the one of that name may have begun at the same moment
	return hex.EncodeToString(sum[:8]), name
}

func (t *Importer) event(ctx context.Context, store string, e analyzer.Event) error {
	e = t.Clean.Event(e)
	e.ID, e.Sensor = t.eventName(store, e.ID, e.Sensor)
	if t.events = append(t.events, e); len(t.events) < importBatch {
		return nil
	}
	return t.Flush(ctx)
}

// Add takes records.
func (t *Importer) Add(ctx context.Context, recs ...cell.Record) error {
	if t.batch = append(t.batch, recs...); len(t.batch) < importBatch {
		return nil
	}
	t.added(t.Records)
	return t.Flush(ctx)
}

// Flush stores what was taken.
func (t *Importer) Flush(ctx context.Context) error {
	if t.failed != nil {
		return t.failed
	}
	err := t.store.Update(ctx, func(tx *storage.Tx) error {
		for _, r := range t.batch {
			if err := t.append(tx, r); err != nil {
				return err
			}
		}
		for _, e := range t.events {
			changed, err := tx.TakeEvent(e)
			if err != nil {
				return err
			}
			if changed {
				t.Changes++
			}
		}
		if !t.naming {
			return nil
		}
		lasting := maps.Clone(t.names)
		delete(lasting, "")
		text, err := json.Marshal(lasting)
		if err != nil {
			return err
		}
		return tx.SaveState(namesState, text, 0)
	})
	t.batch, t.events, t.naming = t.batch[:0], t.events[:0], false
	return err
}

func (t *Importer) append(tx *storage.Tx, r cell.Record) error {
	before := tx.Seq()
	if summarised, err := tx.Summarised(r); err != nil {
		return err
	} else if summarised {
		t.Summarised++
		return nil
	}
	after, err := tx.Append(r)
	if err != nil {
		return err
	}
	if _, isSource := r.(*cell.Source); isSource {
		return nil
	}
	if after == before {
		t.Duplicates++
	} else {
		t.Records++
	}
	return nil
}

// Unseal takes what is in a sealed file, and returns how many places of it could not be read.
func (t *Importer) Unseal(ctx context.Context, path string, ids []age.Identity) (damaged int, err error) {
	f, err := safefile.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	chunk, ok := ParseName(path)
	if m := writtenName.FindStringSubmatch(filepath.Base(path)); m != nil {
		chunk.Store = m[1]
	} else if !ok {
		chunk.Store = SealedID(f)
	}
	u, err := ReadSealed(ctx, f, ids, Takers{func(r cell.Record) error {
		r = t.Clean.Record(r)
		t.Rename(chunk.Store, r)
		return t.Add(ctx, r)
	}, func(e analyzer.Event) error {
		return t.event(ctx, chunk.Store, e)
	}, func(w Written) error {
		return t.keep(chunk.Store, w)
	}})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return u.Damaged, nil
}
