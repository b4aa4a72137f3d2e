package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vigie/cell"
	"vigie/position"
	"vigie/storage"
)

// TrimFlags leave out of an export what says where somebody lives.
type TrimFlags struct {
	Trim      time.Duration `help:"Leave out so much of the start and of the end of each walk: 15m. A walk ends where nothing was observed for half an hour." placeholder:"TIME"`
	WithHomes bool          `help:"Export what was recorded in the home zones too (vigie homes)."`
}

// walkBreak is how long nothing is observed between two walks.
const walkBreak = 30 * time.Minute

// walk is a time in which records came without a long break.
type walk struct {
	from, to time.Time
	placed   bool // positions were known in it
}

// home is a zone that is left out of exports.
type home struct {
	Lat    float64 `json:"lat"`
	Lon    float64 `json:"lon"`
	Metres float64 `json:"metres"`
}

func (h home) holds(p *cell.Position) bool {
	return position.Metres(cell.Position{Lat: h.Lat, Lon: h.Lon}, *p) <= h.Metres+p.Accuracy.Or(0)
}

// trimmer tells which records, in order of time, may leave.
type trimmer struct {
	trim   time.Duration
	homes  []home
	walks  []walk
	inside bool // of a home zone, by the last position
	left   int  // records left out
}

// trimmer looks through the store for walks, where anything is to be left out.
func (f TrimFlags) trimmer(ctx context.Context, s *storage.Store) (*trimmer, error) {
	t := &trimmer{trim: f.Trim}
	if f.Trim < 0 {
		return nil, usage(fmt.Errorf("--trim is %s", f.Trim), "give a time like 15m")
	}
	var err error
	if !f.WithHomes {
		if t.homes, err = loadHomes(ctx, s); err != nil {
			return nil, err
		}
	}
	if t.trim == 0 && len(t.homes) == 0 {
		return t, nil
	}
	for e, err := range s.Records(ctx, storage.Query{Kinds: storage.Observations, NoRaw: true}) {
		if err != nil {
			return nil, err
		}
		o, ok := e.Record.(*cell.Observation)
		if !ok {
			continue
		}
		if n := len(t.walks); n == 0 || o.Time.Sub(t.walks[n-1].to) > walkBreak {
			t.walks = append(t.walks, walk{from: o.Time})
		}
		w := &t.walks[len(t.walks)-1]
		w.to, w.placed = o.Time, w.placed || o.Position != nil
	}
	t.inside = len(t.homes) > 0 && len(t.walks) > 0 && t.walks[0].placed
	return t, nil
}

// leaves tells whether a record may leave. Where positions are known in a walk, nothing leaves before the first that is in
// no home zone, nor after one that is in one.
func (t *trimmer) leaves(r cell.Record) bool {
	at := r.When()
	if at.IsZero() || t.trim == 0 && len(t.homes) == 0 {
		return true
	}
	for len(t.walks) > 1 && !at.Before(t.walks[1].from) {
		t.walks = t.walks[1:]
		t.inside = len(t.homes) > 0 && t.walks[0].placed
	}
	ok := len(t.walks) > 0 && !at.Before(t.walks[0].from.Add(t.trim)) && !at.After(t.walks[0].to.Add(-t.trim))
	if o, is := r.(*cell.Observation); is && o.Position != nil {
		t.inside = false
		for _, h := range t.homes {
			t.inside = t.inside || h.holds(o.Position)
		}
	}
	if ok = ok && !t.inside; !ok {
		t.left++
	}
	return ok
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
	StoreFlags
	Add   string `help:"Add a zone: latitude, longitude and how many metres around: 50.8467,4.3525,400" placeholder:"LAT,LON,METRES"`
	Clear bool   `help:"Forget all zones."`
}

// Run lists, adds or forgets.
func (c *HomesCmd) Run(ctx context.Context, p *program) error {
	config, err := loadConfig(p.cli.Config, true)
	if err != nil {
		return err
	}
	if secret, err := c.passphrase(config); err != nil {
		return err
	} else if secret == "" {
		return usage(errors.New("home zones are kept in an encrypted store alone"), "give the store a passphrase: --passphrase-file FILE, or --ask-passphrase")
	}
	s, err := c.open(ctx, config, storage.Options{Create: c.Add != ""})
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
			return usage(err, "write latitude, longitude and metres with commas between: 50.8467,4.3525,400")
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
		p.out.printf("%.5f,%.5f,%.0f\n", h.Lat, h.Lon, h.Metres)
	}
	p.out.printf("%s; exports leave them out\n", plural(len(homes), "home zone"))
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
