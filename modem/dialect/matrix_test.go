package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/modem/at"
)

// The fault matrix: every family's answers go through a session, whole and then with every fault that a line, a cable or a
// firmware can have, in virtual time. What must hold: nothing panics; a line that did not end whole gives no value;
// no column is read as another; nothing is out of its range; whatever is given is what the whole answer gives; the next
// command gets its own answer; and what was missing is counted. What cannot hold: a digit flipped into another digit in a
// field without a check cannot be recognised in the text. Nor can an answer that the modem printed for an older question.

// exchange is one command of a family and what a modem answered.
type exchange struct {
	command at.Command
	lines   []string
}

// wire is the answer as a modem frames it.
func (x *exchange) wire(lines []string, final string) []byte {
	var b bytes.Buffer
	for _, l := range lines {
		fmt.Fprintf(&b, "\r\n%s", l)
	}
	if len(x.command.After) > 0 && final == "OK" { // these lines come after the OK
		return []byte("\r\nOK\r\n" + b.String() + "\r\n")
	}
	fmt.Fprintf(&b, "\r\n\r\n%s\r\n", final)
	return b.Bytes()
}

// matrixBudget is how many bytes of a family's answers go through the matrix.
const matrixBudget = 500

// exchanges are answers of a family's transcripts to commands of the family, one for each command, as many as the budget allows.
func exchanges(t *testing.T, family string) []exchange {
	d, err := ByName(family)
	require.NoError(t, err)
	commands := slices.Concat(d.Serving, d.Around)
	whose := func(command, line string) (at.Command, bool) {
		prefix, _ := at.Prefix(line)
		for _, c := range commands {
			if command != "" && c.Text == command || command == "" && prefix != "" && slices.Contains(c.Prefixes, prefix) {
				return c, true
			}
		}
		return at.Command{}, false
	}
	var all []exchange
	seen := map[string]bool{}
	budget := matrixBudget
	for _, x := range transcripts(t) {
		if x.family != family || strings.Contains(x.path, "malformed") {
			continue
		}
		recorded, err := at.ReadTranscript(strings.NewReader(x.input), commands...)
		require.NoError(t, err)
		for _, r := range recorded {
			if len(r.Lines) == 0 {
				continue
			}
			c, ok := whose(r.Command, r.Lines[0])
			own := func(l string) bool {
				p, _ := at.Prefix(l)
				return p == "" && c.Bare || slices.Contains(c.Prefixes, p)
			}
			end := slices.IndexFunc(r.Lines, func(l string) bool { return !own(l) })
			if end >= 0 {
				r.Lines = r.Lines[:end] // the rest came without being asked for
			}
			if ok && strings.HasSuffix(c.Text, "REG?") && len(r.Lines) > 0 {
				r.Lines = r.Lines[:1]
			}
			if len(r.Lines) == 0 || c.Owns != nil && !ownsAll(c, r.Lines) {
				continue
			}
			size := len(strings.Join(r.Lines, "")) + 10
			if !ok || seen[c.Text] || size > budget || slices.Contains(r.Lines, "") {
				continue
			}
			whole := d.Decode([]Answer{{Command: c.Text, Lines: r.Lines, Final: "OK"}})
			if whole.Empty() || len(whole.Rejects) > 0 {
				continue
			}
			seen[c.Text] = true
			budget -= size
			all = append(all, exchange{c, r.Lines})
		}
	}
	return all
}

func ownsAll(c at.Command, lines []string) bool {
	for _, l := range lines {
		if !c.Owns(l) {
			return false
		}
	}
	return true
}

// line is a port on which a modem answers one command badly and all others well.
type line struct {
	command string // that is answered badly, with its AT
	answer  []byte // to it
	ends    bool   // the port is gone after it

	mu      sync.Mutex
	typed   []byte
	out     chan []byte
	rest    []byte
	closed  chan struct{}
	closing sync.Once
}

func newLine(command string, answer []byte, ends bool) *line {
	return &line{command: command, answer: answer, ends: ends, out: make(chan []byte, 64), closed: make(chan struct{})}
}

func (l *line) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range p {
		if c != '\r' {
			l.typed = append(l.typed, c)
			continue
		}
		command := string(l.typed)
		l.typed = nil
		switch command {
		case l.command:
			l.out <- append([]byte(command+"\r"), l.answer...)
			if l.ends {
				close(l.out)
			}
		case "AT+CSQ":
			l.out <- []byte(command + "\r\r\n+CSQ: 17,99\r\n\r\nOK\r\n")
		default:
			l.out <- []byte(command + "\r\r\nOK\r\n")
		}
	}
	return len(p), nil
}

func (l *line) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		select {
		case b, ok := <-l.out:
			if !ok {
				return 0, io.EOF
			}
			l.rest = b
		case <-l.closed:
			return 0, io.ErrClosedPipe
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

func (l *line) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return nil
}

// outcome is what a session made of a bad answer.
type outcome struct {
	reply  at.Reply
	err    error
	heard  []string // unsolicited
	next   at.Reply // the answer to the command after it
	nextly error
	counts at.Counts
}

func ask(t *testing.T, list at.List, x *exchange, answer []byte, ends bool) outcome {
	t.Helper()
	s := at.NewSession(newLine("AT"+x.command.Text, answer, ends), list, at.Options{})
	require.NoError(t, s.Sync(t.Context()))
	var o outcome
	o.reply, o.err = s.Do(t.Context(), x.command)
	o.next, o.nextly = s.Do(t.Context(), at.Command{Text: "+CSQ", Prefixes: []string{"+CSQ"}})
	s.Close()
	for l := range s.Unsolicited() {
		o.heard = append(o.heard, l.Text)
	}
	o.counts = s.Counts()
	return o
}

// decoded is what the collector would make of it.
func (o *outcome) decoded(d *Dialect) []Decoded {
	all := []Decoded{d.Decode([]Answer{{Command: o.reply.Command.Text, Lines: o.reply.Lines, Final: o.reply.Final}})}
	for _, l := range o.heard {
		all = append(all, d.Decode([]Answer{{Lines: []string{l}}}))
	}
	return all
}

// matrix runs f on every exchange of every family, in a bubble.
func matrix(t *testing.T, f func(t *testing.T, d *Dialect, list at.List, x *exchange)) {
	list, err := Commands()
	require.NoError(t, err)
	for _, d := range All() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			all := exchanges(t, d.Name)
			require.NotEmpty(t, all, "no transcript of this family holds an answer to one of its commands")
			for i := range all {
				synctest.Test(t, func(t *testing.T) { f(t, d, list, &all[i]) })
			}
		})
	}
}

// within checks that everything reported is in the whole answer, and that the next command got its own answer.
func within(t *testing.T, d *Dialect, x *exchange, o *outcome, text string) {
	t.Helper()
	whole := d.Decode([]Answer{{Command: x.command.Text, Lines: x.lines, Final: "OK"}})
	for _, part := range o.decoded(d) {
		sane(t, &part.Observation)
		for i := range part.Sweep {
			sane(t, &part.Sweep[i])
		}
		requirePart(t, &part, &whole, text)
	}
	if !errors.Is(o.nextly, at.ErrClosed) {
		require.NoError(t, o.nextly, text)
		require.Equal(t, []string{"+CSQ: 17,99"}, o.next.Lines, text)
	}
}

func TestMatrixWhole(t *testing.T) {
	matrix(t, func(t *testing.T, d *Dialect, list at.List, x *exchange) {
		o := ask(t, list, x, x.wire(x.lines, "OK"), false)
		require.NoError(t, o.err)
		require.Equal(t, x.lines, o.reply.Lines)
		within(t, d, x, &o, "whole")
	})
}

// Cut anywhere, then silence, or the port gone: only lines that ended whole are in the answer, and the timeout is counted.
func TestMatrixCut(t *testing.T) {
	for _, ends := range []bool{false, true} {
		matrix(t, func(t *testing.T, d *Dialect, list at.List, x *exchange) {
			wire := x.wire(x.lines, "OK")
			for i := range wire[:len(wire)-1] {
				o := ask(t, list, x, wire[:i], ends)
				text := fmt.Sprintf("cut to %q", wire[:i])
				complete := bytes.HasSuffix(wire[:i], []byte("OK\r")) || o.reply.Final == "OK"
				require.True(t, complete || o.err != nil, text)
				for _, l := range slices.Concat(o.reply.Lines, o.heard) {
					require.Contains(t, x.lines, l, "%s: a line that did not end whole", text)
				}
				switch {
				case ends && !complete:
					require.ErrorIs(t, o.err, at.ErrClosed, text)
				case !complete:
					require.ErrorIs(t, o.err, at.ErrTimeout, text)
					require.Equal(t, 1, o.counts.Timeouts, text)
				}
				within(t, d, x, &o, text)
			}
		})
	}
}

// Each line glued to the next, doubled, or lost. The loss of a whole line cannot be recognised in the others: where the first
// row is the serving cell and nothing else marks it as such, the next one takes its place. So every cell reported must be one of
// those in the answer or in one of its lines, with no value of another.
func TestMatrixLines(t *testing.T) {
	matrix(t, func(t *testing.T, d *Dialect, list at.List, x *exchange) {
		for i := range x.lines {
			if strings.Contains(x.lines[i], "RxM") {
				continue // Sierra: without the main antenna's line the level of the other one stands for it
			}
			for fault, lines := range map[string][]string{
				"doubled": slices.Concat(x.lines[:i+1], x.lines[i:]),
				"lost":    slices.Concat(x.lines[:i], x.lines[i+1:]),
			} {
				o := ask(t, list, x, x.wire(lines, "OK"), false)
				require.NoError(t, o.err)
				asThemselves(t, d, x, &o, fmt.Sprintf("%s: %q", fault, x.lines[i]))
			}
			wire := x.wire(x.lines, "OK")
			glued := bytes.Replace(wire, []byte(x.lines[i]+"\r\n"), []byte(x.lines[i]), 1)
			o := ask(t, list, x, glued, false)
			asThemselves(t, d, x, &o, fmt.Sprintf("glued: %q", glued))
		}
	})
}

// asThemselves checks that each cell is one that the whole answer or one of its lines describes, in any role.
func asThemselves(t *testing.T, d *Dialect, x *exchange, o *outcome, text string) {
	t.Helper()
	var known []cell.Cell
	tells := func(x *Decoded) (all []cell.Cell) {
		if s := x.Observation.Serving; s != nil {
			all = append(all, *s)
		}
		return slices.Concat(all, x.Observation.Neighbours, x.Observation.Secondary, cells(x.Sweep))
	}
	whole := d.Decode([]Answer{{Command: x.command.Text, Lines: x.lines, Final: "OK"}})
	known = append(known, tells(&whole)...)
	for _, l := range x.lines {
		alone := d.Decode([]Answer{{Command: x.command.Text, Lines: []string{l}, Final: "OK"}})
		known = append(known, tells(&alone)...)
	}
	for _, part := range o.decoded(d) {
		sane(t, &part.Observation)
		for _, c := range tells(&part) {
			require.True(t, slices.ContainsFunc(known, func(k cell.Cell) bool { return partOf(&c, &k) }), "%s\ngot  %+v\nfrom %+v", text, c, known)
		}
	}
	require.NoError(t, o.nextly, text)
	require.Equal(t, []string{"+CSQ: 17,99"}, o.next.Lines, text)
}

// An unsolicited line between any two lines changes nothing, and is heard.
func TestMatrixUnsolicited(t *testing.T) {
	matrix(t, func(t *testing.T, d *Dialect, list at.List, x *exchange) {
		for _, urc := range []string{"+CTZV: +04", "+CGEV: ME DETACH", "^RSSI: 20", "+QIND: \"csq\",20,99", "%CESQ: 1,1,1,1"} {
			if p, _ := at.Prefix(urc); slices.Contains(x.command.Prefixes, p) {
				continue
			}
			for i := range len(x.lines) + 1 {
				o := ask(t, list, x, x.wire(slices.Insert(slices.Clone(x.lines), i, urc), "OK"), false)
				require.NoError(t, o.err)
				require.Equal(t, x.lines, o.reply.Lines)
				require.Equal(t, []string{urc}, o.heard)
				require.NoError(t, o.nextly)
			}
		}
	})
}

// Every error that a modem can give instead of OK, with and without lines before it.
func TestMatrixErrors(t *testing.T) {
	finals := []string{"ERROR", "ABORTED", "NO CARRIER", "COMMAND NOT SUPPORT", "+CME ERROR: SIM not inserted", "+CME ERROR: unknown", "+CMS ERROR: 500"}
	for code := range 256 {
		finals = append(finals, fmt.Sprintf("+CME ERROR: %d", code))
	}
	matrix(t, func(t *testing.T, d *Dialect, list at.List, x *exchange) {
		if len(x.command.After) > 0 {
			return // its lines come after an OK only
		}
		for i, final := range finals {
			lines := x.lines[:i%(len(x.lines)+1)]
			o := ask(t, list, x, x.wire(lines, final), false)
			var refused *at.FinalError
			require.ErrorAs(t, o.err, &refused, final)
			require.Equal(t, final, o.reply.Final)
			require.Len(t, o.reply.Lines, len(lines))
			within(t, d, x, &o, final)
		}
	})
}

// Lines in another order: rows that say themselves what they are say the same; nothing is out of range.
func TestMatrixOrder(t *testing.T) {
	matrix(t, func(t *testing.T, d *Dialect, list at.List, x *exchange) {
		random := rand.New(rand.NewPCG(1, uint64(len(x.lines))))
		for range 8 {
			lines := slices.Clone(x.lines)
			random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			o := ask(t, list, x, x.wire(lines, "OK"), false)
			require.NoError(t, o.err)
			if !strings.Contains(strings.Join(lines, ""), "RxM") {
				asThemselves(t, d, x, &o, fmt.Sprintf("%q", lines))
			}
		}
	})
}

// One byte in ten is another one. Which digit was meant cannot be known, so that only ranges are checked; and that the
// session finds its way back: another command is answered rightly, if not at once.
func TestMatrixCorrupted(t *testing.T) {
	matrix(t, func(t *testing.T, d *Dialect, list at.List, x *exchange) {
		random := rand.New(rand.NewPCG(7, uint64(len(x.lines))))
		wire := x.wire(x.lines, "OK")
		for range 60 {
			bad := bytes.Clone(wire)
			for i := range bad {
				if random.IntN(10) == 0 {
					bad[i] = byte(random.Uint32())
				}
			}
			o := ask(t, list, x, bad, false)
			for _, part := range o.decoded(d) {
				sane(t, &part.Observation)
				for i := range part.Sweep {
					sane(t, &part.Sweep[i])
				}
			}
			if o.nextly == nil {
				require.Equal(t, []string{"+CSQ: 17,99"}, o.next.Lines, "%q", bad)
			}
		}
	})
}
