package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// statusDestroyed is the exit status of a watch that destroyed what it had recorded: the unit does not start it again
// (RestartPreventExitStatus=), or it would come back with an empty store.
const statusDestroyed = 3

// panicking destroys what a watch has recorded: first the keys, which takes milliseconds and makes the rest unreadable, then
// the files. What was sealed needs no key here: the files go. It ends the program at once, and with it what is in memory.
type panicking struct {
	keys  []string // small files, overwritten
	store string   // "" in memory
	files []string
	say   func(format string, args ...any)
	exit  func(int)
	once  sync.Once
	took  time.Duration
	err   error
}

// destroy may be called by anybody who was asked to, at any time; the first one does it. It returns when the keys are gone;
// the files go and the program ends right after.
func (k *panicking) destroy() (time.Duration, error) {
	k.once.Do(func() {
		began := time.Now()
		var errs []error
		if k.store != "" {
			errs = append(errs, storage.DestroyKey(k.store))
		}
		for _, name := range k.keys {
			errs = append(errs, storage.Shred(name))
		}
		k.took, k.err = time.Since(began), errors.Join(errs...)
		go k.remove()
	})
	return k.took, k.err
}

// remove removes the files, a moment later so that whoever asked hears of it, and ends the program.
func (k *panicking) remove() {
	time.Sleep(200 * time.Millisecond)
	var errs []error
	if k.store != "" {
		errs = append(errs, storage.Remove(k.store))
	}
	for _, name := range k.files {
		if err := os.Remove(name); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(append(errs, k.err)...); err != nil {
		k.say("not all could be destroyed: %v", err)
	} else {
		k.say("ended; keys took %d ms", k.took.Milliseconds())
	}
	k.exit(statusDestroyed)
}

// onPanic sets up what destroys, until stop is called; nil where it is not wanted.
func (c *WatchCmd) onPanic(ctx context.Context, p *program, conf config.Config) (k *panicking, stop func(), err error) {
	if !conf.Panic.Enabled {
		if conf.Panic.File != "" {
			return nil, nil, console.Usage(errors.New("[panic] names a file and is not enabled"), "write enabled = true, or take the section out")
		}
		return nil, func() {}, nil
	}
	k = &panicking{exit: os.Exit, say: func(format string, args ...any) { p.err.Printf(format+"\n", args...) }}
	if c.memory(conf) || conf.Seal.On() {
		k.files = []string{c.sealTo(conf)}
	} else {
		k.store = c.path(conf)
	}
	dir := filepath.Dir(c.path(conf))
	k.keys = []string{filepath.Join(dir, "review-key.pem")}
	k.files = append(k.files, filepath.Join(dir, "review-cert.pem"))
	if c.Record != "" {
		k.files = append(k.files, c.Record)
	}
	if _, err := os.Lstat(conf.Panic.File); conf.Panic.File != "" && err == nil {
		return nil, nil, console.Usage(fmt.Errorf("the panic file %s is there already", conf.Panic.File), "remove it first: when it appears, all that was recorded is destroyed")
	}
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGUSR2)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(done)
		look := time.NewTicker(500 * time.Millisecond)
		defer look.Stop()
		if conf.Panic.File == "" {
			look.Stop()
		}
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
			case <-look.C:
				if _, err := os.Lstat(conf.Panic.File); err != nil {
					continue
				}
			}
			_, _ = k.destroy() // what failed is told at the end
		}
	}()
	return k, func() { signal.Stop(signals); cancel(); <-done }, nil
}
