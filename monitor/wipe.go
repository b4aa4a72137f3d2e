package monitor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"vigie/storage"
	"vigie/words"
)

// StatusWiped is the exit status of a watch that destroyed what it had recorded: the unit does not start it again
// (RestartPreventExitStatus=), or it would come back with an empty store.
const StatusWiped = 3

// WipeOptions choose what is destroyed on request, and how that can be requested besides the phone page and SIGUSR2.
type WipeOptions struct {
	Enabled bool
	File    string   // destroys when it appears; empty: none
	Keys    []string // small files, overwritten first
	Store   string   // path of the store; empty if it is in memory
	Files   []string // removed after the keys and the store
}

// wipe destroys what a watch has recorded: first the keys, which takes milliseconds and makes the rest unreadable, then the
// files. What was sealed needs no key here: the files go. It ends the program at once, and with it what is in memory.
type wipe struct {
	WipeOptions
	log  func(string)
	exit func(int)
	once sync.Once
	took time.Duration
	err  error
}

// destroy may be called at any time, from any goroutine; the first call does it. It returns when the keys are gone; the files
// follow and the program ends.
func (k *wipe) destroy() (time.Duration, error) {
	k.once.Do(func() {
		began := time.Now()
		var errs []error
		if k.Store != "" {
			errs = append(errs, storage.DestroyKey(k.Store))
		}
		for _, name := range k.Keys {
			errs = append(errs, storage.Shred(name))
		}
		k.took, k.err = time.Since(began), errors.Join(errs...)
		go k.remove()
	})
	return k.took, k.err
}

// remove removes the files, a moment later so that the phone that asked gets its answer, and ends the program.
func (k *wipe) remove() {
	time.Sleep(200 * time.Millisecond)
	var errs []error
	if k.Store != "" {
		errs = append(errs, storage.Remove(k.Store))
	}
	for _, name := range k.Files {
		if err := os.Remove(name); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(append(errs, k.err)...); err != nil {
		k.log(fmt.Sprintf("not all could be destroyed: %v", err))
	} else {
		k.log(fmt.Sprintf("ended; keys took %d ms", k.took.Milliseconds()))
	}
	k.exit(StatusWiped)
}

// button is destroy as the phone page calls it; nil if there is no wipe.
func (k *wipe) button() func() (time.Duration, error) {
	if k == nil {
		return nil
	}
	return k.destroy
}

// newWipe checks what was configured; nil if it is not wanted.
func newWipe(o WipeOptions, log func(string)) (*wipe, error) {
	if !o.Enabled {
		if o.File != "" {
			return nil, words.WrongUsage(errors.New("[panic] names a file and is not enabled"), "write enabled = true, or take the section out")
		}
		return nil, nil
	}
	if _, err := os.Lstat(o.File); o.File != "" && err == nil {
		return nil, words.WrongUsage(fmt.Errorf("the panic file %s is there already", o.File), "remove it first: when it appears, all that was recorded is destroyed")
	}
	return &wipe{WipeOptions: o, log: log, exit: os.Exit}, nil
}

// wipeLook is the interval at which the trigger file is looked for.
const wipeLook = 500 * time.Millisecond

// run waits for SIGUSR2 and for the file until ctx ends.
func (k *wipe) run(ctx context.Context) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2)
	defer signal.Stop(signals)
	look := time.NewTicker(wipeLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		case <-look.C:
			if _, err := os.Lstat(k.File); err != nil {
				continue
			}
		}
		_, _ = k.destroy() // what failed is reported at the end
	}
}
