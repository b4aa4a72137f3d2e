package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
	"vigie/storage/transfer"
)

// DeleteCmd deletes for good.
type DeleteCmd struct {
	config.StoreFlags
	Since  string `help:"What was recorded from this time on: 2026-11-23, 2026-11-23T20:00:00Z, or 36h ago as 36h." placeholder:"TIME"`
	Until  string `help:"What was recorded before this time." placeholder:"TIME"`
	Sensor string `help:"What this sensor recorded; with --since and --until of that time." placeholder:"NAME"`
	Event  string `help:"This event, and what was recorded within ten minutes of it." placeholder:"ID"`
	All    bool   `help:"Everything."`
	Yes    bool   `help:"Do not ask."`
}

// keptStates are what the store keeps that tells nothing of what was observed: what modems had been set to, home zones.
var keptStates = []string{"settings ", transfer.HomesState}

// Run counts, asks, and deletes.
func (c *DeleteCmd) Run(ctx context.Context, p *console.Program) error {
	what := storage.DeleteQuery{Sensor: c.Sensor, Event: c.Event, KeepStates: keptStates}
	ranged := c.Since != "" || c.Until != "" || c.Sensor != ""
	if c.All && (ranged || c.Event != "") || c.Event != "" && ranged {
		return console.Usage(errors.New("say either --all, or --event, or --since, --until and --sensor"), "vigie delete --help tells what each deletes")
	}
	if !c.All && c.Event == "" && !ranged {
		return console.Usage(errors.New("what is to be deleted?"), "say --since and --until, --sensor, --event or --all")
	}
	if c.All {
		what.KeepStates = keptStates[:1]
	}
	var err error
	if what.From, err = parseSince(c.Since); err != nil {
		return err
	}
	if what.To, err = parseSince(c.Until); err != nil {
		return err
	}
	conf, err := config.Load(p.ConfigFile, true)
	if err != nil {
		return err
	}
	s, err := c.Open(ctx, conf, storage.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	out, err := s.Delete(ctx, what, true)
	if errors.Is(err, storage.ErrNotFound) {
		return console.WithHint(fmt.Errorf("no event %q in the store", c.Event), "vigie events lists them; to delete one, its whole id is needed")
	}
	if err != nil {
		return err
	}
	p.Out.Printf("to be deleted for good: %s, %s, %s with %s\n", console.Plural(int(out.Records), "record"), console.Plural(int(out.Summaries), "summarised minute"),
		console.Plural(int(out.Events), "event"), console.Plural(int(out.Verdicts), "verdict"))
	p.Out.Printf("what was learned of this place goes too, and is learned again from what is left\n")
	p.Out.Printf("copies stay: backups, exports, bundles, recordings, an InfluxDB server\n")
	if !c.Yes {
		p.Out.Printf("delete it? [y/N] ")
		var answer string
		_, _ = fmt.Fscanln(p.In, &answer)
		if !strings.HasPrefix(strings.ToLower(answer), "y") {
			return console.WithHint(errors.New("nothing was deleted"), "say y, or --yes where nobody is there to be asked")
		}
	}
	p.Err.Progress("deleting, and writing the store anew")
	_, err = s.Delete(ctx, what, false)
	p.Err.ClearProgress()
	if errors.Is(err, storage.ErrLocked) {
		return console.WithHint(err, "stop vigie review and whatever else reads the store, then say the same again")
	}
	if err != nil {
		return err
	}
	p.Out.Printf("deleted\n")
	return nil
}
