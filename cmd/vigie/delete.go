package main

import (
	"context"
	"errors"
	"fmt"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
	"vigie/storage/transfer"
)

// DeleteCmd deletes permanently.
type DeleteCmd struct {
	config.StoreFlags
	Since  moment `help:"What was recorded from this time on: 2026-11-23, 2026-11-23T20:00:00Z, or 36h ago as 36h." placeholder:"TIME"`
	Until  moment `help:"What was recorded before this time." placeholder:"TIME"`
	Sensor string `help:"What this sensor recorded; with --since and --until of that time." placeholder:"NAME"`
	Event  string `help:"This event, and what was recorded within ten minutes of it." placeholder:"ID"`
	All    bool   `help:"Everything."`
	Yes    bool   `help:"Do not ask."`
	JSON   bool   `help:"Print what is deleted as JSON, and ask nothing: without --yes only what would be; docs/json.md lists the fields."`
}

// keptStates are the saved states that hold nothing observed: the original settings of modems, and home zones.
var keptStates = []string{"settings ", transfer.HomesState}

// Run counts, asks, and deletes.
func (c *DeleteCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	what := storage.DeleteQuery{Sensor: c.Sensor, Event: c.Event, From: c.Since.Time, To: c.Until.Time, KeepStates: keptStates}
	ranged := !c.Since.IsZero() || !c.Until.IsZero() || c.Sensor != ""
	if c.All && (ranged || c.Event != "") || c.Event != "" && ranged {
		return console.Usage(errors.New("give either --all, or --event, or --since, --until and --sensor"), "vigie delete --help lists what each deletes")
	}
	if !c.All && c.Event == "" && !ranged {
		return console.Usage(errors.New("nothing is named to delete"), "give --since and --until, --sensor, --event or --all")
	}
	if c.All {
		what.KeepStates = keptStates[:1]
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
	if c.JSON {
		if c.Yes {
			_, err = s.Delete(ctx, what, false)
		}
		if err != nil {
			return hintDelete(err)
		}
		return p.Out.WriteJSON(deleted{c.Yes, out.Records, out.Summaries, out.Events, out.Verdicts})
	}
	p.Out.Printf("to be deleted permanently: %s, %s, %s with %s\n", console.Plural(int(out.Records), "record"), console.Plural(int(out.Summaries), "summarised minute"),
		console.Plural(int(out.Events), "event"), console.Plural(int(out.Verdicts), "verdict"))
	p.Out.Printf("what was learned of this place goes too, and is learned again from what is left\n")
	p.Out.Printf("copies stay: backups, exports, bundles, recordings, an InfluxDB server\n")
	if !c.Yes && !p.Confirm("delete it?") {
		return console.WithHint(errors.New("nothing was deleted"), "answer y, or give --yes where nobody is there to answer")
	}
	p.Err.Progress("deleting, and rewriting the store")
	_, err = s.Delete(ctx, what, false)
	p.Err.ClearProgress()
	if err != nil {
		return hintDelete(err)
	}
	p.Out.Printf("deleted\n")
	return nil
}

func hintDelete(err error) error {
	if errors.Is(err, storage.ErrLocked) {
		return console.WithHint(err, "stop vigie review and every other program that reads the store, then run the same command again")
	}
	return err
}

// deleted is how much was deleted, or would be.
type deleted struct {
	Deleted   bool  `json:"deleted"`
	Records   int64 `json:"records"`
	Summaries int64 `json:"summaries"`
	Events    int64 `json:"events"`
	Verdicts  int64 `json:"verdicts"`
}
