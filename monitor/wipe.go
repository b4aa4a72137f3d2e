package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
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
	File    string   // destroys when it is there; empty: none
	Keys    []string // small files, overwritten
	Store   string   // path of the store; empty if it is in memory
	Files   []string // destroyed after the store

	armed *wipe // by ArmWipe; nil: Run arms it
}

// wipe destroys what a watch has recorded: first the key of the store, which takes milliseconds and makes the rest unreadable, then
// the store, newest first, then all else. It ends the program at once, and with it what is in memory. Nothing waits before the
// first byte is gone, and it says that something is destroyed only after it has looked.
type wipe struct {
	WipeOptions
	log    func(string)
	exit   func(int)
	once   sync.Once // destroy
	begun  atomic.Bool
	ending sync.Once     // finish
	ended  chan struct{} // closed after exit, which ends the program
	took   time.Duration
	done   string // what finish says; empty: the usual
	err    error
}

// early holds a SIGUSR2 that comes before the configuration is read; nil if nobody catches one.
var early chan os.Signal

// CatchWipe catches SIGUSR2 from the first moment of the program on, which is ignored otherwise. ArmWipe then obeys it.
func CatchWipe() {
	early = make(chan os.Signal, 1)
	signal.Notify(early, syscall.SIGUSR2)
}

// ArmWipe begins to wait for SIGUSR2 and for the file, before a store is opened or a passphrase worked on, until stop is called. A
// file that is there already destroys now. log gets what became of it, one line each. What it returns is for Options.Wipe.
func ArmWipe(ctx context.Context, o WipeOptions, log func(string)) (armed WipeOptions, stop func(), err error) {
	k, err := newWipe(o, log)
	if k == nil {
		return o, func() {}, err
	}
	if k.triggered() {
		k.done = fmt.Sprintf("the panic file %s was there: what was recorded is destroyed; remove the file before the next start", k.File)
		k.now()
	}
	ending := background(ctx, func(ctx context.Context) error { k.run(ctx); return nil })
	o.armed = k
	return o, func() { _ = ending() }, nil
}

// destroy may be called at any time, from any goroutine; the first call does it. It returns when everything is gone.
func (k *wipe) destroy() (time.Duration, error) {
	k.once.Do(func() {
		k.begun.Store(true)
		began := time.Now()
		var err error
		if k.Store != "" {
			err = storage.DestroyKey(k.Store)
		}
		k.took = time.Since(began)
		k.err = errors.Join(err, k.files())
		for _, name := range k.Keys {
			k.err = errors.Join(k.err, storage.Shred(name))
		}
	})
	return k.took, k.err
}

// files destroys all that is not a key, the store first.
func (k *wipe) files() error {
	var err error
	if k.Store != "" {
		err = storage.Destroy(k.Store)
	}
	return errors.Join(err, storage.DestroyFiles(k.Files))
}

// logTime bounds how long the end waits for somebody to read why: the log may be a pipe that nobody reads.
const logTime = time.Second

// finish looks once more, since the watch ran on until now, says what became of it, and ends the program.
func (k *wipe) finish() {
	k.ending.Do(func() {
		text := cmp.Or(k.done, fmt.Sprintf("ended; keys took %d ms", k.took.Milliseconds()))
		if err := errors.Join(k.err, k.files()); err != nil {
			text = fmt.Sprintf("not all could be destroyed: %v", err)
		}
		said := make(chan struct{})
		go func() { k.log(text); close(said) }()
		select {
		case <-said:
		case <-time.After(logTime):
		}
		k.exit(StatusWiped)
		close(k.ended)
	})
}

// wait returns at once if nothing is destroyed, and otherwise not before finish has ended the program: a watch that stops because
// its store is gone must not end it first, with another status or before the phone has its answer.
func (k *wipe) wait() {
	if k != nil && k.begun.Load() {
		<-k.ended
	}
}

// now destroys, and ends the program.
func (k *wipe) now() {
	_, _ = k.destroy() // finish reports what failed
	k.finish()
}

// answerTime is how long the program stays after everything is gone, so that the phone that asked gets its answer.
const answerTime = 200 * time.Millisecond

// button is destroy as the phone page calls it; nil if there is no wipe.
func (k *wipe) button() func() (time.Duration, error) {
	if k == nil {
		return nil
	}
	return func() (time.Duration, error) {
		took, err := k.destroy()
		time.AfterFunc(answerTime, k.finish)
		return took, err
	}
}

// newWipe checks what was configured; nil if it is not wanted.
func newWipe(o WipeOptions, log func(string)) (*wipe, error) {
	if !o.Enabled {
		if o.File != "" {
			return nil, words.WrongUsage(errors.New("[panic] names a file and is not enabled"), "write enabled = true, or take the section out")
		}
		return nil, nil
	}
	return &wipe{WipeOptions: o, log: log, exit: os.Exit, ended: make(chan struct{})}, nil
}

// triggered reports whether the file that destroys is there.
func (k *wipe) triggered() bool {
	if k.File == "" {
		return false
	}
	_, err := os.Lstat(k.File)
	return err == nil
}

// wipeLook is the interval at which the trigger file is looked for.
const wipeLook = 500 * time.Millisecond

// run waits for SIGUSR2 and for the file until ctx ends.
func (k *wipe) run(ctx context.Context) {
	signals := early
	if signals == nil {
		signals = make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGUSR2)
	}
	defer signal.Stop(signals)
	look := time.NewTicker(wipeLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		case <-look.C:
			if !k.triggered() {
				continue
			}
		}
		k.now()
	}
}
