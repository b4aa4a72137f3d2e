package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
	"vigie/storage/transfer"
)

// TrimFlags leave out of an export what says where somebody lives.
type TrimFlags struct {
	Trim      time.Duration `help:"Leave out this much of the start and of the end of each walk: 15m. A walk ends where nothing was observed for half an hour." placeholder:"TIME"`
	WithHomes bool          `help:"Copy what was recorded in the home zones too (vigie homes)."`
}

// trimmer looks through the store for what may not leave it.
func (f TrimFlags) trimmer(ctx context.Context, s *storage.Store, now time.Time) (*transfer.Trimmer, error) {
	if f.Trim < 0 {
		return nil, console.Usage(fmt.Errorf("--trim is %s", f.Trim), "give a time like 15m")
	}
	var homes []transfer.Home
	if !f.WithHomes {
		var err error
		if homes, err = transfer.LoadHomes(ctx, s); err != nil {
			return nil, err
		}
	}
	return transfer.NewTrimmer(ctx, s, f.Trim, homes, now)
}

// reportLeft reports events that a copy leaves behind, and how they would go along.
func reportLeft(out *console.Terminal, left transfer.Left, how string) {
	if left.Events == 0 {
		return
	}
	var parts []string
	for s := analyzer.High; ; s-- {
		if n := left.BySeverity[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", console.Thousands(n), s))
		}
		if s == analyzer.Info {
			break
		}
	}
	out.Printf("left behind: %s (%s), from %s to %s: %s\n", console.Plural(left.Events, "event"), strings.Join(parts, ", "), left.First.UTC().Format(time.DateTime), left.Last.UTC().Format(time.DateTime+" UTC"), how)
}

// more is how to copy what is left out.
func (f TrimFlags) more() string {
	if f.Trim > 0 {
		return "a shorter --trim, or none, copies what is near the ends of a walk, and --with-homes what is in home zones"
	}
	return "--with-homes copies what is in home zones"
}

// warnUnplaced warns of what home zones could not leave out.
func warnUnplaced(out *console.Terminal, t *transfer.Trimmer) {
	if t.Unplaced >= time.Minute {
		out.Printf("%s at the end of walks are without a position, and may be of a home zone: they are not left out; --trim 15m leaves out the ends\n", console.Duration(t.Unplaced))
	}
}

// HomesCmd lists and changes the home zones, which only an encrypted store keeps.
type HomesCmd struct {
	config.StoreFlags
	Add   string `help:"Add a zone: latitude, longitude and how many metres around: 50.8467,4.3525,400" placeholder:"LAT,LON,METRES"`
	Clear bool   `help:"Remove all zones."`
}

// Run adds to the zones or removes them, and lists them.
func (c *HomesCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	if secret, err := c.Passphrase(conf); err != nil {
		return err
	} else if secret == "" {
		return console.Usage(errors.New("home zones are kept only in an encrypted store"), "give the store a passphrase: --passphrase-file FILE, or --ask-passphrase")
	}
	s, err := c.Open(ctx, conf, storage.Options{Create: c.Add != ""})
	if err != nil {
		return err
	}
	defer s.Close()
	homes, err := transfer.LoadHomes(ctx, s)
	if err != nil {
		return err
	}
	if c.Clear {
		homes = nil
	}
	if c.Add != "" {
		h, err := transfer.ParseHome(c.Add)
		if err != nil {
			return console.Usage(err, "write latitude, longitude and metres with commas between: 50.8467,4.3525,400")
		}
		homes = append(homes, h)
	}
	if c.Clear || c.Add != "" {
		if err := transfer.SaveHomes(ctx, s, homes); err != nil {
			return err
		}
	}
	for _, h := range homes {
		p.Out.Printf("%.5f,%.5f,%.0f\n", h.Lat, h.Lon, h.Metres)
	}
	p.Out.Printf("%s; exports leave them out\n", console.Plural(len(homes), "home zone"))
	return nil
}
