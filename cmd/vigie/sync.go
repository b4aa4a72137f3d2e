package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
	"vigie/storage/transfer"
)

// SyncCmd copies what a kit recorded to where it is kept, and again only what is new.
type SyncCmd struct {
	config.StoreFlags
	TrimFlags
	To     []string `help:"Seal the copy to this public key (age1...), so that only its private half reads it; may be given several times." placeholder:"KEY"`
	DryRun bool     `help:"Print what would be copied, and copy nothing."`
	Check  bool     `help:"Check every file that is there already, not only the newest."`
	Target string   `arg:"" help:"A directory (a USB disk, a mounted share), - for a stream on standard output (| ssh desk vigie import -), or influx for the server of the configuration."`
}

// Run copies.
func (c *SyncCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	to, err := config.Recipients(c.To)
	if err != nil {
		return err
	}
	if conf.Seal.On() && c.Store == "" {
		return c.sealed(ctx, p, conf)
	}
	s, err := c.openNumbered(ctx, conf)
	if err != nil {
		return err
	}
	defer s.Close()
	if c.Target == "influx" {
		return c.influx(ctx, p, conf, s)
	}
	if secret, err := c.Passphrase(conf); err != nil {
		return err
	} else if secret != "" && len(to) == 0 {
		p.Err.Printf("the store is encrypted, and the copy is not: anyone who has it can read it; --to age1... seals it\n")
	}
	trim, err := c.trimmer(ctx, s, time.Now())
	if err != nil {
		return err
	}
	o := transfer.Options{To: to, DryRun: c.DryRun, Check: c.Check, Progress: func(n transfer.Result) { p.Err.Progress("%s copied", console.Plural(n.Records, "record")) }}
	if !trim.All() {
		o.Filter = trim.Decide
	}
	var done transfer.Result
	if c.Target != "-" {
		done, err = transfer.Sync(ctx, s, c.Target, o)
	} else if p.Out.IsTerminal() && !c.DryRun {
		return console.Usage(errors.New("the stream is not for a terminal"), "pipe it: vigie sync - | ssh desk vigie import -")
	} else {
		done, err = transfer.Stream(ctx, s, p.Out.Raw(), o)
	}
	p.Err.ClearProgress()
	warnUnplaced(p.Err, trim)
	return c.report(p, done, err)
}

// openNumbered opens the store for reading, perhaps next to a watch. One that has no number yet is given one.
func (c *SyncCmd) openNumbered(ctx context.Context, conf config.Config) (*storage.Store, error) {
	s, err := c.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	if id, err := s.ID(ctx); err == nil && id != "" {
		return s, nil
	}
	s.Close()
	if s, err = c.Open(ctx, conf, storage.Options{}); err != nil {
		return nil, fmt.Errorf("the store has no number yet, and takes none: %w", err)
	}
	return s, nil
}

// sealed copies the file that a kit with [seal] writes, which it cannot read itself.
func (c *SyncCmd) sealed(ctx context.Context, p *console.Program, conf config.Config) error {
	switch path := c.SealTo(conf); {
	case c.Target == "influx" || c.Target == "-":
		return console.Usage(errors.New("what is sealed can only be copied to a directory"), "name a directory; the sealed file itself can be carried as it is: "+path)
	case c.Trim != 0 || len(c.To) > 0:
		return console.Usage(errors.New("what is sealed can be neither trimmed nor sealed again here, without the private key"), "leave out --trim and --to; vigie export trims, after vigie unseal where the private key is")
	default:
		done, err := transfer.SyncSealed(ctx, path, c.Target, transfer.Options{DryRun: c.DryRun, Check: c.Check})
		return c.report(p, done, err)
	}
}

// influx sends what the server does not have yet.
func (c *SyncCmd) influx(ctx context.Context, p *console.Program, conf config.Config, s *storage.Store) error {
	homes, err := transfer.LoadHomes(ctx, s)
	switch {
	case err != nil:
		return err
	case c.Trim != 0 || len(c.To) > 0:
		return console.Usage(errors.New("what goes to InfluxDB is neither trimmed nor sealed"), "leave out --trim and --to, or sync to a directory; coordinates go only with [influx] positions = true")
	case len(homes) > 0 && !c.WithHomes:
		return console.Usage(errors.New("the store has home zones, and what goes to InfluxDB is not trimmed"), "give --with-homes if the server may have them, or sync to a directory")
	}
	if c.DryRun {
		cursor, err := s.Cursor(ctx, "influx")
		if err != nil {
			return err
		}
		st, err := s.Stats(ctx)
		if err == nil {
			p.Out.Printf("to be sent: up to %s\n", console.Plural(int(max(0, st.Seq-cursor)), "record"))
		}
		return err
	}
	s.Close()
	send := InfluxSendCmd{StoreFlags: c.StoreFlags}
	return send.Run(ctx, p, conf)
}

// report prints what was copied, and adds a hint to the error.
func (c *SyncCmd) report(p *console.Program, done transfer.Result, err error) error {
	out, did := p.Out, "copied"
	if c.Target == "-" {
		out = p.Err
	}
	if c.DryRun {
		did = "to be copied:"
	}
	for _, name := range done.Damaged {
		p.Err.Printf("%s was not whole: it is kept as %s.damaged, and copied again\n", name, name)
	}
	switch {
	case done.Records+done.Events+done.Chunks == 0 && err != nil: // nothing was done, and the error says why
	case done.Chunks == 0 && c.Target != "-" && err == nil:
		out.Printf("nothing new; %s there\n", console.Plural(done.Present, "file"))
	case done.Records+done.Events == 0 && done.Chunks > 0 && done.Withheld == 0:
		out.Printf("%s %s, %s sealed; %s there before\n", did, console.Plural(done.Chunks, "file"), console.Plural(int(done.Bytes), "byte"), console.Thousands(done.Present))
	case c.Target == "-":
		out.Printf("%s %s and %s\n", did, console.Plural(done.Records, "record"), console.Plural(done.Events, "event"))
	default:
		out.Printf("%s %s and %s in %s, %s; %s there before\n", did, console.Plural(done.Records, "record"), console.Plural(done.Events, "event"), console.Plural(done.Chunks, "file"), console.Plural(int(done.Bytes), "byte"), console.Thousands(done.Present))
	}
	if done.Withheld > 0 {
		out.Printf("left out %s, for --trim and home zones\n", console.Plural(done.Withheld, "line"))
	}
	reportLeft(out, done.Left, c.more())
	if done.Written > 0 {
		out.Printf("verdicts and notes in the copy: %s\n", console.Thousands(done.Written))
	}
	if done.WrittenLeft > 0 {
		out.Printf("verdicts and notes left out, about events that stay behind: %s\n", console.Thousands(done.WrittenLeft))
	}
	if done.Deferred {
		out.Printf("the last walk has not ended, so its records wait: the same command half an hour after its end copies the rest\n")
	}
	switch {
	case errors.Is(err, storage.ErrFull):
		return console.WithHint(err, "what is there is whole; make room, or name another disk, and run the same command again")
	case errors.Is(err, storage.ErrLocked):
		return console.WithHint(err, "another vigie sync is copying there; wait for it")
	}
	return err
}
