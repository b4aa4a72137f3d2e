package storage_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// childMain makes the test binary, if the environment says so, a program that writes to a store or a file until it is killed. It
// prints the number of what it has written each time the writing was acknowledged.
func childMain() {
	what, path := os.Getenv("STORAGE_TEST_CHILD"), os.Getenv("STORAGE_TEST_PATH")
	if what == "" {
		return
	}
	first, _ := strconv.Atoi(os.Getenv("STORAGE_TEST_FIRST"))
	batch, _ := strconv.Atoi(os.Getenv("STORAGE_TEST_BATCH"))
	write := map[string]func(string, int, int) error{"store": writeStore, "gather": appendLaterStore, "ndjson": writeNDJSON}[what]
	if err := write(path, first, batch); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// numbered is the record of a number, which stands in its time and its raw line or frame. Of ten, one is a message and one a broadcast.
func numbered(i int) cell.Record {
	switch at := time.Unix(1790000000+int64(i), 0).UTC(); i % 10 {
	case 3:
		return storagetest.AMessage("crash", at, i)
	case 7:
		return storagetest.ABroadcast("crash", at, i)
	}
	return &cell.Observation{Time: time.Unix(1790000000+int64(i), 0).UTC(), Sensor: "crash", State: cell.Idle,
		Serving: &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", ID: cell.Some(uint64(i % 50)), RSRP: cell.Some(cell.DBm(-90))},
		Raw:     []string{`+QENG: "servingcell","NOCONN","LTE","FDD",272,03,A80000,101,1300,3,5,5,1234,-96,-11,-65,12,28`, "number " + strconv.Itoa(i)}}
}

func numberedEvent(i int) analyzer.Event {
	at := numbered(i).When()
	return analyzer.Event{ID: "event " + strconv.Itoa(i), Sensor: "crash", First: at, Opened: at, Last: at, State: analyzer.Open}
}

const crashKey = "0123456789abcdef0123456789abcdef"

func crashOptions(path string) (o storage.Options) {
	if filepath.Base(path) == "keyed.db" {
		o.Key = []byte(crashKey)
	}
	return o
}

// writeStore writes as watching does: a batch of records, an event for its last, and the state, in one transaction.
func writeStore(path string, next, batch int) error {
	s, err := storage.Open(ctx, path, crashOptions(path))
	if err != nil {
		return err
	}
	for {
		err := s.Update(ctx, func(t *storage.Tx) error {
			for i := range batch {
				if _, err := t.Append(numbered(next + i)); err != nil {
					return err
				}
			}
			if err := t.PutEvents(numberedEvent(next + batch - 1)); err != nil {
				return err
			}
			return t.SaveState("n", []byte(strconv.Itoa(next+batch)), t.Seq())
		})
		if err != nil {
			return err
		}
		next += batch
		fmt.Println(next)
	}
}

// appendLaterStore writes as watching does while nothing happens: one record at a time, and an event now and then.
func appendLaterStore(path string, next, batch int) error {
	s, err := storage.Open(ctx, path, crashOptions(path))
	if err != nil {
		return err
	}
	for {
		seq, ok, err := s.AppendLater(ctx, numbered(next))
		if err != nil {
			return err
		}
		if !ok {
			return errors.New("it is new and should be taken")
		}
		if next++; next%batch == 0 {
			err := s.Update(ctx, func(t *storage.Tx) error {
				if t.Seq() != seq {
					return fmt.Errorf("number %d was given, and is %d now", seq, t.Seq())
				}
				return t.SaveState("n", []byte(strconv.Itoa(next)), t.Seq())
			})
			if err != nil {
				return err
			}
		}
		fmt.Println(next)
	}
}

func writeNDJSON(path string, next, batch int) error {
	n, err := storage.OpenNDJSON(path)
	if err != nil {
		return err
	}
	for {
		var recs []cell.Record
		for i := range batch {
			recs = append(recs, numbered(next+i))
		}
		if err := n.Append(recs...); err != nil {
			return err
		}
		next += batch
		fmt.Println(next)
	}
}

// killed runs the child until it has acknowledged a few more, kills it in the middle of what it does, and returns the
// last number that it acknowledged.
func killed(t *testing.T, what, path string, first, batch int, rnd *rand.Rand) int {
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "STORAGE_TEST_CHILD="+what, "STORAGE_TEST_PATH="+path,
		"STORAGE_TEST_FIRST="+strconv.Itoa(first), "STORAGE_TEST_BATCH="+strconv.Itoa(batch))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	acked, lines := first, bufio.NewScanner(out)
	for n := 1 + rnd.IntN(20); n > 0 && lines.Scan(); n-- {
		acked, err = strconv.Atoi(lines.Text())
		require.NoError(t, err)
	}
	spin := make([]byte, rnd.IntN(1<<20)) // a moment that is never the same
	for i := range spin {
		spin[i] = byte(i)
	}
	require.NoError(t, cmd.Process.Kill())
	for lines.Scan() { // printed before it died
		if n, err := strconv.Atoi(lines.Text()); err == nil && n > acked { // the last may be cut
			acked = n
		}
	}
	_ = cmd.Wait()
	require.Greater(t, acked, first, "the child wrote nothing")
	return acked
}

func TestKilledWhileWriting(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	for _, name := range []string{"plain.db", "keyed.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
			path := filepath.Join(t.TempDir(), name)
			o := crashOptions(path)
			o.Create = true
			require.NoError(t, open(t, path, o).Close())
			next := 0
			for range rounds {
				acked := killed(t, "store", path, next, []int{1, 7, 300}[rnd.IntN(3)], rnd)
				s := open(t, path, crashOptions(path))
				require.Empty(t, s.Notices())
				require.NoError(t, s.Check(ctx))
				next = 0
				for e, err := range s.Records(ctx, storage.Query{}) {
					require.NoError(t, err)
					require.Equal(t, numbered(next), e.Record)
					next++
				}
				require.GreaterOrEqual(t, next, acked, "acknowledged and lost")
				// The last event and the state belong to the last record: neither ahead of it nor behind.
				_, err := s.Event(ctx, numberedEvent(next-1).ID)
				require.NoError(t, err)
				state, seq, err := s.LoadState(ctx, "n")
				require.NoError(t, err)
				require.Equal(t, strconv.Itoa(next), string(state))
				st, err := s.Stats(ctx)
				require.NoError(t, err)
				require.Equal(t, st.Seq, seq)
				require.EqualValues(t, next, st.Observations+st.Others)
				require.NoError(t, s.Close())
			}
			t.Logf("%d records in %d lives", next, rounds)
		})
	}
}

func big(i int) analyzer.Event {
	e := numberedEvent(i)
	e.Summary = string(make([]byte, 3<<20))
	return e
}
