package transfer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"vigie/cell"
	"vigie/storage"
)

// Written is what a person decided or wrote: a verdict, or a remark. One of the two is set.
type Written struct {
	Sensor  string // of the event; empty: not told
	Verdict *storage.Verdict
	Remark  *storage.Remark
}

// writtenOfLine reads the line of a verdict or remark; is reports whether it is one.
func writtenOfLine(line []byte) (w Written, is bool, err error) {
	switch {
	case bytes.HasPrefix(line, []byte(cell.VerdictLine)):
		w.Verdict = new(storage.Verdict)
		w.Sensor, *w.Verdict, err = storage.VerdictOfLine(line)
		return w, true, err
	case bytes.HasPrefix(line, []byte(cell.RemarkLine)):
		w.Remark = new(storage.Remark)
		w.Sensor, *w.Remark, err = storage.RemarkOfLine(line)
		return w, true, err
	}
	return w, false, nil
}

// Append appends it as a line.
func (w *Written) Append(dst []byte) ([]byte, error) {
	if w.Verdict != nil {
		return storage.AppendVerdict(dst, w.Sensor, w.Verdict)
	}
	return storage.AppendRemark(dst, w.Sensor, w.Remark)
}

// event is the id of the event that it is about; empty: of none.
func (w *Written) event() *string {
	if w.Verdict != nil {
		return &w.Verdict.Event
	}
	return &w.Remark.Event
}

// take stores it, and reports whether anything changed.
func (w *Written) take(t *storage.Tx) (bool, error) {
	if w.Verdict != nil {
		changed, err := t.TakeVerdict(*w.Verdict)
		if errors.Is(err, storage.ErrNotFound) {
			err = nil
		}
		return changed, err
	}
	return t.TakeRemark(*w.Remark)
}

// WrittenIn returns what people decided and wrote in a store, verdicts first; the order is the same in every store that has the same.
// may reports whether what is about an event may be handed on, and is asked once for each event; nil: everything may. A case with an
// event that may not is left out whole: what is written of it as a whole may be about that event. left counts what is left out.
func WrittenIn(ctx context.Context, s *storage.Store, may func(storage.Entry) bool) (all []Written, left int, err error) {
	verdicts, err := s.AllVerdicts(ctx)
	if err != nil {
		return nil, 0, err
	}
	remarks, err := s.Remarks(ctx)
	if err != nil {
		return nil, 0, err
	}
	events := asked{ctx: ctx, s: s, may: may, known: map[string]answer{}}
	closed := map[string]bool{} // cases
	for i := range remarks {
		if r := &remarks[i]; r.Case != "" && r.Event != "" {
			a, err := events.of(r.Event)
			if err != nil {
				return nil, 0, err
			}
			closed[r.Case] = closed[r.Case] || !a.may
		}
	}
	add := func(w Written) error {
		a, err := events.of(*w.event())
		if !a.may || w.Remark != nil && closed[w.Remark.Case] {
			left++
			return err
		}
		w.Sensor = a.sensor
		all = append(all, w)
		return err
	}
	for i := range verdicts {
		if err := add(Written{Verdict: &verdicts[i]}); err != nil {
			return nil, 0, err
		}
	}
	for i := range remarks {
		if err := add(Written{Remark: &remarks[i]}); err != nil {
			return nil, 0, err
		}
	}
	return all, left, nil
}

// asked remembers what was asked of events.
type asked struct {
	ctx   context.Context
	s     *storage.Store
	may   func(storage.Entry) bool
	known map[string]answer
}

type answer struct {
	may    bool
	sensor string
}

// of answers for an event; the empty id is no event, and may. An event that is not in the store may if every event may.
func (q *asked) of(id string) (answer, error) {
	if id == "" {
		return answer{may: true}, nil
	}
	a, ok := q.known[id]
	if ok {
		return a, nil
	}
	e, err := q.s.Event(q.ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		a = answer{may: q.may == nil}
	case err != nil:
		return a, err
	default:
		a = answer{q.may == nil || q.may(storage.Entry{Event: &e}), e.Sensor}
	}
	q.known[id] = a
	return a, nil
}

// written puts what people decided and wrote into a directory, as one file of its own with all of it: it is little, and it has no
// numbers to continue from. Its name has a digest of what is in it, so that what is there already is not written again.
//
//	vigie-STORE-written-DIGEST.ndjson.gz, or .sealed; "-trimmed" follows the digest if something was left out
func (c *copier) written(ctx context.Context, s *storage.Store) error {
	text, err := c.writtenText(ctx, s)
	if err != nil || len(text) == 0 {
		return err
	}
	sum := sha256.Sum256(text)
	trimmed, end := "", ".ndjson.gz"
	if c.WrittenLeft > 0 {
		trimmed = "-trimmed"
	}
	if c.Sealed {
		end = ".sealed"
	}
	name := fmt.Sprintf("vigie-%s-written-%x%s%s", c.Store, sum[:8], trimmed, end)
	old, present, err := c.oldWritten(name, trimmed == "")
	if err != nil || c.o.DryRun || present {
		return err
	}
	if err := c.writeWritten(text, name); err != nil {
		return err
	}
	return c.rights.Do(func() error {
		for _, path := range old {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
		return storage.SyncIfPossible(c.dir)
	})
}

// writtenText are the lines of what people decided and wrote.
func (c *copier) writtenText(ctx context.Context, s *storage.Store) (text []byte, err error) {
	var may func(storage.Entry) bool
	if c.o.Filter != nil {
		may = func(e storage.Entry) bool { return c.o.Filter(e) == Send }
	}
	all, left, err := WrittenIn(ctx, s, may)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	c.Written, c.WrittenLeft = len(all), left
	if !c.Sealed { // a sealed file has the number in its name
		text = []byte(cell.StoreLine + `"store":"` + c.Store + "\"}\n")
	}
	for i := range all {
		if text, err = all[i].Append(text); err != nil {
			return nil, err
		}
	}
	return text, nil
}

var writtenName = regexp.MustCompile(`^vigie-([0-9a-f]{16})-written-[0-9a-f]{16}(-trimmed)?\.(ndjson\.gz|sealed)$`)

// oldWritten lists the files whose place the one of this name takes; present reports whether that one is there, complete. A trimmed one
// takes the place of trimmed ones alone.
func (c *copier) oldWritten(name string, whole bool) (old []string, present bool, err error) {
	err = c.rights.Do(func() error {
		files, err := os.ReadDir(c.dir)
		for _, f := range files {
			m := writtenName.FindStringSubmatch(f.Name())
			if m == nil || m[1] != c.Store || (m[3] == "sealed") != c.Sealed {
				continue
			}
			path := filepath.Join(c.dir, f.Name())
			switch {
			case f.Name() != name:
				if whole || m[2] != "" {
					old = append(old, path)
				}
			default:
				if present, err = complete(path, true); err != nil {
					return err
				}
				if !present {
					c.Damaged = append(c.Damaged, name)
					if !c.o.DryRun {
						err = os.Rename(path, path+".damaged")
					}
				}
			}
			if err != nil {
				return err
			}
		}
		return err
	})
	return old, present, err
}

// writeWritten writes lines into a file, which has its name once it is complete and on the disk.
func (c *copier) writeWritten(text []byte, name string) error {
	var f *os.File
	err := c.rights.Do(func() (err error) {
		f, err = os.OpenFile(c.part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	err = errors.Join(c.packWritten(f, text), f.Sync())
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return c.rights.Do(func() error { return os.Rename(c.part, filepath.Join(c.dir, name)) })
}

// packWritten writes lines gzipped, or sealed.
func (c *copier) packWritten(w io.Writer, text []byte) error {
	if c.Sealed {
		frame, err := c.seal.frame(func(w io.Writer) error { _, err := w.Write(text); return err })
		if err != nil {
			return err
		}
		_, err = w.Write(frame)
		return err
	}
	out := bufio.NewWriter(w)
	z := gzip.NewWriter(out)
	_, err := z.Write(text)
	return errors.Join(err, z.Close(), out.Flush())
}

// streamWritten ends a stream with what people decided and wrote.
func (c *copier) streamWritten(ctx context.Context, s *storage.Store) error {
	text, err := c.writtenText(ctx, s)
	if err != nil || len(text) == 0 || c.o.DryRun {
		return err
	}
	return c.packWritten(c.stream, text)
}

// mostWritten bounds the verdicts and remarks of the files of one import, in bytes of memory.
const mostWritten = 128 << 20

var errMuchWritten = fmt.Errorf("more verdicts and notes than people write: %d MiB", mostWritten>>20)

// keep keeps a verdict or remark until the events are there.
func (t *Importer) keep(store string, w Written) error {
	if w.Verdict != nil {
		v := t.Clean.Verdict(*w.Verdict)
		w.Verdict = &v
		t.writtenSize += len(v.Reason)
	} else {
		r := t.Clean.Remark(*w.Remark)
		w.Remark = &r
		t.writtenSize += len(r.Text)
	}
	if id := w.event(); *id != "" && w.Sensor != "" {
		sensor := w.Sensor
		if t.Clean.Names {
			sensor = t.Clean.Scrub(sensor)
		}
		*id, w.Sensor = t.eventName(store, *id, sensor)
	}
	if t.writtenSize += 512; t.writtenSize > mostWritten {
		return errMuchWritten
	}
	t.written = append(t.written, w)
	return nil
}

// Finish stores what was taken, and then what people decided and wrote about it.
func (t *Importer) Finish(ctx context.Context) error {
	if err := t.Flush(ctx); err != nil {
		return err
	}
	if t.failed != nil || len(t.written) == 0 {
		return t.failed
	}
	here := asked{ctx: ctx, s: t.store, known: map[string]answer{}, may: func(storage.Entry) bool { return true }}
	keep := t.written[:0]
	for _, w := range t.written {
		a, err := here.of(*w.event())
		if err != nil {
			return err
		}
		if a.may {
			keep = append(keep, w)
		} else {
			t.WrittenLeft++
		}
	}
	err := t.store.Update(ctx, func(tx *storage.Tx) error {
		for i := range keep {
			changed, err := keep[i].take(tx)
			if err != nil {
				return err
			}
			if changed {
				t.Written++
			} else {
				t.WrittenKnown++
			}
		}
		return nil
	})
	t.written, t.writtenSize = nil, 0
	return err
}
