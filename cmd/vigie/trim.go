package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/position"
	"vigie/storage"
	"vigie/storage/transfer"
)

// TrimFlags leave out of an export what says where somebody lives.
type TrimFlags struct {
	Trim      time.Duration `help:"Leave out so much of the start and of the end of each walk: 15m. A walk ends where nothing was observed for half an hour." placeholder:"TIME"`
	WithHomes bool          `help:"Copy what was recorded in the home zones too (vigie homes)."`
}

// walkBreak is how long nothing is observed between two walks.
const walkBreak = 30 * time.Minute

// home is a zone that is left out of exports.
type home struct {
	Lat    float64 `json:"lat"`
	Lon    float64 `json:"lon"`
	Metres float64 `json:"metres"`
}

func (h home) holds(p *cell.Position) bool {
	return position.Metres(cell.Position{Lat: h.Lat, Lon: h.Lon}, *p) <= h.Metres+p.Accuracy.Or(0)
}

// span is a time, both ends in it.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && !t.After(s.to) }

// trimmer tells which records and events may leave.
type trimmer struct {
	all   bool          // everything may
	kept  []span        // in order: what is in one of them may
	waits time.Time     // from here on a walk goes on, of which the end cannot be told yet; zero: none
	left  int           // records left out
	blank time.Duration // how much of kept came after the last position of its walk, or of a walk without any, where there are homes
}

// warning says what home zones could not do, "" if nothing.
func (t *trimmer) warning() string {
	if t.blank < time.Minute {
		return ""
	}
	return console.Duration(t.blank) + " at the end of walks are without a position, and may be of a home zone: they are not left out; --trim 15m leaves out the ends"
}

// trimmer looks through the store for walks, where anything is to be left out. Where positions are known in a walk, nothing
// leaves before the first that is in no home zone, nor after one that is in one.
func (f TrimFlags) trimmer(ctx context.Context, s *storage.Store, now time.Time) (*trimmer, error) {
	if f.Trim < 0 {
		return nil, console.Usage(fmt.Errorf("--trim is %s", f.Trim), "give a time like 15m")
	}
	var homes []home
	var err error
	if !f.WithHomes {
		if homes, err = loadHomes(ctx, s); err != nil {
			return nil, err
		}
	}
	t := &trimmer{all: f.Trim == 0 && len(homes) == 0}
	if t.all {
		return t, nil
	}
	var w walk
	for e, err := range s.Records(ctx, storage.Query{Kinds: storage.Observations, NoRaw: true}) {
		if err != nil {
			return nil, err
		}
		o, ok := e.Record.(*cell.Observation)
		if !ok {
			continue
		}
		if w.from.IsZero() || o.Time.Sub(w.to) > walkBreak {
			t.add(w, f.Trim, homes)
			w = walk{span: span{o.Time, o.Time}}
		}
		w.to = o.Time
		if o.Position != nil && len(homes) > 0 {
			w.at(o.Time, slices.ContainsFunc(homes, func(h home) bool { return h.holds(o.Position) }))
		}
	}
	t.add(w, f.Trim, homes)
	if now.Sub(w.to) <= walkBreak {
		t.waits = w.to.Add(-f.Trim)
		if len(homes) > 0 && !w.placed {
			t.waits = w.from
		}
	}
	return t, nil
}

// add takes what may leave of a walk.
func (t *trimmer) add(w walk, trim time.Duration, homes []home) {
	kept := w.kept(trim)
	t.kept = append(t.kept, kept...)
	if len(homes) == 0 {
		return
	}
	for _, s := range kept {
		from := s.from
		if w.known.After(from) {
			from = w.known
		}
		t.blank += max(0, s.to.Sub(from))
	}
}

// walk is a time in which records came without a long break.
type walk struct {
	span
	placed bool      // positions were known in it
	known  time.Time // the last of them
	out    []span    // times outside the home zones; the last one lasts while since is zero
	since  time.Time // outside since; zero: at home, or not known
}

// at hears a position.
func (w *walk) at(t time.Time, home bool) {
	w.placed, w.known = true, t
	switch {
	case home && !w.since.IsZero():
		w.out, w.since = append(w.out, span{w.since, t.Add(-1)}), time.Time{}
	case !home && w.since.IsZero():
		w.since = t
	}
}

// kept is what may leave of a walk.
func (w *walk) kept(trim time.Duration) (kept []span) {
	out := w.out
	if !w.placed {
		out = []span{w.span}
	} else if !w.since.IsZero() {
		out = append(out, span{w.since, w.to})
	}
	for _, s := range out {
		if from := w.from.Add(trim); s.from.Before(from) {
			s.from = from
		}
		if to := w.to.Add(-trim); s.to.After(to) {
			s.to = to
		}
		if !w.from.IsZero() && !s.to.Before(s.from) {
			kept = append(kept, s)
		}
	}
	return kept
}

// leaves tells whether a record may leave, and counts what may not.
func (t *trimmer) leaves(r cell.Record) bool {
	ok := t.may(r.When(), r.When())
	if !ok {
		t.left++
	}
	return ok
}

// may tells whether what happened from one time to another may leave.
func (t *trimmer) may(from, to time.Time) bool {
	if t.all || to.IsZero() {
		return true
	}
	i, _ := slices.BinarySearchFunc(t.kept, from, func(s span, at time.Time) int { return s.to.Compare(at) })
	return i < len(t.kept) && t.kept[i].holds(from) && t.kept[i].holds(to)
}

// leaving is the same for transfer.Sync.
func (t *trimmer) leaving(e storage.Entry) transfer.Decision {
	var from, to time.Time
	if e.Event != nil {
		from, to = e.Event.First, e.Event.Last
	} else {
		from = e.Record.When()
		to = from
	}
	switch {
	case !t.waits.IsZero() && !to.IsZero() && !to.Before(t.waits):
		return transfer.Defer
	case t.may(from, to):
		return transfer.Send
	}
	return transfer.Withhold
}

const homesState = "homes"

func loadHomes(ctx context.Context, s *storage.Store) ([]home, error) {
	text, _, err := s.LoadState(ctx, homesState)
	var homes []home
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &homes)
	}
	if err != nil {
		return nil, fmt.Errorf("home zones: %w", err)
	}
	return homes, nil
}

// HomesCmd keeps the home zones, in an encrypted store alone.
type HomesCmd struct {
	config.StoreFlags
	Add   string `help:"Add a zone: latitude, longitude and how many metres around: 50.8467,4.3525,400" placeholder:"LAT,LON,METRES"`
	Clear bool   `help:"Forget all zones."`
}

// Run lists, adds or forgets.
func (c *HomesCmd) Run(ctx context.Context, p *console.Program) error {
	conf, err := config.Load(p.ConfigFile, true)
	if err != nil {
		return err
	}
	if secret, err := c.Passphrase(conf); err != nil {
		return err
	} else if secret == "" {
		return console.Usage(errors.New("home zones are kept in an encrypted store alone"), "give the store a passphrase: --passphrase-file FILE, or --ask-passphrase")
	}
	s, err := c.Open(ctx, conf, storage.Options{Create: c.Add != ""})
	if err != nil {
		return err
	}
	defer s.Close()
	homes, err := loadHomes(ctx, s)
	if err != nil {
		return err
	}
	if c.Clear {
		homes = nil
	}
	if c.Add != "" {
		h, err := parseHome(c.Add)
		if err != nil {
			return console.Usage(err, "write latitude, longitude and metres with commas between: 50.8467,4.3525,400")
		}
		homes = append(homes, h)
	}
	if c.Clear || c.Add != "" {
		text, err := json.Marshal(homes)
		if err == nil {
			err = s.SaveState(ctx, homesState, text, 0)
		}
		if err != nil {
			return fmt.Errorf("home zones: %w", err)
		}
	}
	for _, h := range homes {
		p.Out.Printf("%.5f,%.5f,%.0f\n", h.Lat, h.Lon, h.Metres)
	}
	p.Out.Printf("%s; exports leave them out\n", console.Plural(len(homes), "home zone"))
	return nil
}

func parseHome(text string) (h home, err error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return h, fmt.Errorf("%q is not a zone", text)
	}
	for i, v := range []*float64{&h.Lat, &h.Lon, &h.Metres} {
		if *v, err = strconv.ParseFloat(strings.TrimSpace(parts[i]), 64); err != nil {
			return h, fmt.Errorf("%q is not a number", parts[i])
		}
	}
	if !(h.Lat >= -90 && h.Lat <= 90 && h.Lon >= -180 && h.Lon <= 180 && h.Metres > 0 && h.Metres <= 1e5) {
		return h, fmt.Errorf("%q is not a zone on Earth", text)
	}
	return h, nil
}
