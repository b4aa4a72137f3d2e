package monitor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"vigie/cell"
	"vigie/monitor/pipeline"
	"vigie/storage"
)

// Room grades how much room there is on the disk of the store.
type Room string

// The grades. From RoomTight on the store does not grow: the oldest full rate makes room, early.
const (
	RoomOK    Room = "ok"
	RoomLow   Room = "low"   // nine tenths are taken
	RoomTight Room = "tight" // 99 of 100
	RoomFull  Room = "full"  // nothing can be written
)

// RoomState is in the store under RoomName, for vigie status, alerts and the review desk.
type RoomState struct {
	Room           Room       `json:"room"`
	Since          time.Time  `json:"since"`
	DiskFree       int64      `json:"disk_free_bytes"`
	Disk           int64      `json:"disk_bytes"`
	Store          int64      `json:"store_bytes"`              // files
	Used           int64      `json:"used_bytes"`               // of them
	Limit          int64      `json:"limit_bytes,omitempty"`    // [keep] size
	FullRateFrom   *time.Time `json:"full_rate_from,omitempty"` // before this only summaries and what is near events
	BySize         bool       `json:"by_size"`                  // it was cut earlier than by age, for lack of room
	Unsent         int64      `json:"unsent"`                   // records deleted before they were sent, since the watch began
	WindowsDropped int64      `json:"bare"`                     // events whose records were deleted for lack of room, since the watch began
}

// RoomName is the name of RoomState in the store.
const RoomName = "room"

// retention keeps the store small enough while a watch runs: what is old becomes summaries or is deleted, earlier where the disk
// has no room.
type retention struct {
	keep   storage.Retention
	store  *storage.Store
	file   string // that grows on a disk: the store, or what it is sealed to; "": none does
	sensor string
	log    func(string)
	emit   chan<- cell.Record // to the pipeline
	failed chan struct{}      // the store could not be written

	disk   func() (free, all int64)
	synced func() bool // whether the clock is known to be right

	newest time.Time // of the records, when the watch began
	began  time.Time

	mu    sync.Mutex
	state RoomState
}

const (
	roomEvery  = time.Minute
	sweepEvery = 10 * time.Minute
	fullEvery  = 5 * time.Second
	spareRoom  = 8 << 20  // bytes that are set aside on the disk, so that there is Room to make room
	wantedRoom = 16 << 20 // bytes that a tight disk should leave free inside the store
	memoryRoom = 4 << 20  // bytes that a store in memory may take, where [keep] size says nothing
)

// newRetention makes one for a store. file is what grows on a disk: the store, or what it is sealed to; empty if nothing does.
func newRetention(keep storage.Retention, s *storage.Store, file string, log func(string), emit chan<- cell.Record) *retention {
	k := &retention{keep: keep, store: s, file: file, log: log, emit: emit, failed: make(chan struct{}, 1), state: RoomState{Room: RoomOK}}
	k.keep.State = pipeline.StateName
	if s.Path() == "" {
		k.keep.Size = cmp.Or(k.keep.Size, memoryRoom)
	}
	k.disk = func() (free, all int64) { return DiskOf(filepath.Dir(k.file)) }
	if k.file == "" {
		k.disk = func() (free, all int64) { return 0, 0 }
	}
	k.synced = ClockSynced
	return k
}

// mustHave adds a follower that must have had a record before it is deleted for its age.
func (k *retention) mustHave(follower string) { k.keep.Followers = append(k.keep.Followers, follower) }

// believed is the time by which ages are counted. A clock that is not known to be right may be years ahead, and would thin all that
// is there: then no more time has gone by than was watched, and a day.
func (k *retention) believed(now time.Time) time.Time {
	if k.newest.IsZero() || k.synced() {
		return now
	}
	if most := k.newest.Add(now.Sub(k.began) + 24*time.Hour); now.After(most) {
		return most
	}
	return now
}

// run works until ctx ends.
func (k *retention) run(ctx context.Context) {
	k.setAside()
	defer k.giveBack()
	var swept time.Time
	k.began = time.Now()
	if newest, err := k.store.NewestOfAll(ctx); err == nil {
		k.newest = newest
	}
	for {
		wait := roomEvery
		now := time.Now()
		k.look(now)
		if r := k.State().Room; r == RoomTight || r == RoomFull || now.Sub(swept) >= sweepEvery {
			if k.sweep(ctx, now) {
				wait = time.Second
			} else {
				swept = now
			}
			if r == RoomFull {
				wait = fullEvery
			}
		}
		select {
		case <-time.After(wait):
		case <-k.failed:
			k.become(RoomFull, time.Now())
		case <-ctx.Done():
			return
		}
	}
}

// notStored takes an error of writing to the store or to what it is sealed to.
func (k *retention) notStored(err error) {
	if !errors.Is(err, storage.ErrFull) {
		return
	}
	select {
	case k.failed <- struct{}{}:
	default:
	}
}

// State is how it is.
func (k *retention) State() RoomState {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.state
}

// look sees how full the disk is.
func (k *retention) look(now time.Time) {
	free, all := k.disk()
	if all == 0 {
		return
	}
	k.mu.Lock()
	k.state.DiskFree, k.state.Disk = free, all
	is := k.state.Room
	k.mu.Unlock()
	if _, err := os.Stat(k.spare()); err == nil {
		free += spareRoom // ours to give
	}
	k.become(RoomBy(free, all, is), now)
}

// RoomBy grades the room; to become better takes a little more than to become worse.
func RoomBy(free, all int64, is Room) Room {
	share := float64(free) / float64(all)
	limit := func(r Room, below float64) float64 {
		if is == r {
			return below * 1.2
		}
		return below
	}
	switch {
	case free < 1<<20:
		return RoomFull
	case share < limit(RoomTight, 0.01) || is == RoomFull && share < 0.012:
		return RoomTight
	case share < limit(RoomLow, 0.1):
		return RoomLow
	}
	return RoomOK
}

// become announces a change: a line in the log, a health record for followers and reviewers, and the state.
func (k *retention) become(r Room, now time.Time) {
	k.mu.Lock()
	before := k.state.Room
	if r == before {
		k.mu.Unlock()
		return
	}
	k.state.Room, k.state.Since = r, now.UTC().Truncate(time.Second)
	st := k.state
	k.mu.Unlock()
	text := map[Room]string{
		RoomOK:    "the disk has room again",
		RoomLow:   "nine tenths of the disk are taken; at 99 of 100 the oldest observations become summaries of a minute early",
		RoomTight: "the disk is nearly full: the oldest observations now become summaries of a minute early; events and what is around them stay",
		RoomFull:  "the disk is full: what comes waits in memory, and the oldest observations make room; events stay",
	}[r]
	if st.Disk > 0 && r != RoomFull {
		text += fmt.Sprintf(" (%.1f of %.1f GB free)", float64(st.DiskFree)/1e9, float64(st.Disk)/1e9)
	}
	k.announce("disk_"+string(r), text, 0, now)
	switch r {
	case RoomFull:
		k.giveBack()
	case RoomOK, RoomLow:
		k.setAside()
	}
	k.saveState()
}

// announce writes a text to the log and a health record to the store.
func (k *retention) announce(reason, text string, count int, now time.Time) {
	k.log(text)
	select {
	case k.emit <- &cell.Health{Time: now.UTC().Truncate(time.Millisecond), Sensor: k.sensor, Reason: reason, Detail: text, Count: count}:
	default: // the pipeline hangs; the log has it
	}
}

// spare is a file that holds some room: when the disk is full it is removed, so that deleting has room to work in.
func (k *retention) spare() string { return k.file + "-spare" }

func (k *retention) setAside() {
	if free, _ := k.disk(); free < 4*spareRoom {
		return
	}
	f, err := os.OpenFile(k.spare(), os.O_WRONLY|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return // it only makes things easier
	}
	defer f.Close()
	if unix.Fallocate(int(f.Fd()), 0, 0, spareRoom) != nil {
		os.Remove(k.spare())
	}
}

func (k *retention) giveBack() {
	if k.file != "" {
		os.Remove(k.spare())
	}
}

// sweep deletes what is due. more reports that there is more to do soon.
func (k *retention) sweep(ctx context.Context, now time.Time) (more bool) {
	keep := k.keep
	if st := k.State(); k.store.Path() != "" && (st.Room == RoomTight || st.Room == RoomFull) { // make room inside the file, since it cannot grow
		if stats, err := k.store.Stats(ctx); err == nil {
			if most := stats.Bytes + storage.LogRoom - wantedRoom; keep.Size == 0 || keep.Size > most {
				keep.Size = max(most, storage.MinSize)
			}
		}
	}
	out, err := k.store.Purge(ctx, keep, k.believed(now))
	if err != nil && ctx.Err() == nil {
		if errors.Is(err, storage.ErrFull) {
			k.become(RoomFull, now)
		} else {
			k.log(err.Error())
		}
	}
	k.mu.Lock()
	st := &k.state
	wasBySize, wasUnsent, wasDropped := st.BySize, st.Unsent, st.WindowsDropped
	st.Store, st.Used, st.Limit = out.Size, out.Used, k.keep.Size
	st.BySize = st.BySize || out.BySize
	st.Unsent += out.Unsent
	st.WindowsDropped += out.WindowsDropped
	if !out.Upto.IsZero() {
		st.FullRateFrom = &out.Upto
	}
	unsent, dropped := st.Unsent, st.WindowsDropped
	k.mu.Unlock()
	switch {
	case out.BySize && !wasBySize:
		why := "there is no room for what [keep] says"
		if k.store.Path() == "" {
			why = "memory does not hold the whole run"
		}
		k.announce("full_rate_cut", fmt.Sprintf("%s: full rate is kept from %s on, before that summaries of a minute and what is around events", why, out.Upto.Format("2006-01-02 15:04")), 0, now)
	case unsent > wasUnsent && wasUnsent == 0:
		k.announce("unsent_deleted", "records were deleted for lack of room before InfluxDB, the sealed file or alerts had them; vigie status counts them", int(unsent), now)
	case dropped > wasDropped && wasDropped == 0:
		k.announce("windows_deleted", "there is no room for what is around the oldest events: they stay, their observations became summaries", int(dropped), now)
	}
	if out.Records+out.Events+out.Summaries+out.WindowsDropped > 0 {
		k.saveState()
	}
	return out.More && err == nil
}

func (k *retention) saveState() {
	text, err := json.Marshal(k.State())
	if err == nil {
		_ = k.store.SaveState(context.Background(), RoomName, text, 0) // the log has it where the store takes nothing
	}
}
