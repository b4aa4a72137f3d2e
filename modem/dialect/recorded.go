package dialect

import (
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"encoding/gob"
	"errors"
	"io"
	"slices"

	"vigie/modem/at"
)

// recorded is a text, to be read several times: whose it is shows only at its end. Its exchanges are held compressed.
type recorded struct {
	ctx       context.Context
	given     *Dialect   // nil: to be guessed
	found     []*Dialect // whose lines are in it
	several   bool       // it is of modems of several families
	text      chunks
	exchanges int
	lines     int
	parts     int
	cut       bool // it ends in the middle of a line
}

// newRecorded reads a text.
func newRecorded(ctx context.Context, text io.Reader, given *Dialect) (*recorded, error) {
	r := &recorded{ctx: ctx, given: given}
	zip, err := flate.NewWriter(&r.text, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	out, end, last := gob.NewEncoder(zip), &counted{Reader: text, ctx: ctx}, part{}
	err = at.EachExchange(end, func(x at.Exchange, more bool) error {
		if !last.More {
			r.exchanges++
		}
		last = part{x, more}
		r.parts++
		r.lines += len(x.Lines)
		r.found = families(r.found, append([]string{"AT" + x.Command}, x.Lines...))
		return out.Encode(last)
	}, everything(true)...)
	if err := errors.Join(err, zip.Close()); err != nil {
		return nil, err
	}
	r.cut = last.Final == "" && len(last.Lines) > 0 && end.last != '\n' && end.last != '\r'
	r.several = (given == nil || given == generic) && len(r.found) > 1
	return r, nil
}

// family is that of all of the text, where it is not of several.
func (r *recorded) family() *Dialect {
	switch {
	case r.given == nil && len(r.found) == 1:
		return r.found[0]
	case r.given == nil:
		return generic
	}
	return r.given
}

// part is an exchange, or a part of it where more follows.
type part struct {
	at.Exchange
	More bool
}

// piece is an answer, or a part of it.
type piece struct {
	Answer
	goesOn bool // it is the rest of the one before
}

// pieces calls each with every answer, numbered from 0.
func (r *recorded) pieces(each func(i int, p piece) error) error {
	in := gob.NewDecoder(flate.NewReader(r.text.reader()))
	i, goesOn := 0, false
	for n := range r.parts {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		var x part
		if err := in.Decode(&x); err != nil {
			return err
		}
		a := Answer{Command: x.Command, Lines: x.Lines, Final: x.Final, cut: r.cut && n == r.parts-1}
		for _, a := range r.split(a) {
			if err := each(i, piece{a, goesOn}); err != nil {
				return err
			}
			i, goesOn = i+1, false
		}
		goesOn = x.More
	}
	return nil
}

// split splits lines without a command where another family's begin, in a text of several.
func (r *recorded) split(a Answer) (all []Answer) {
	if a.Command != "" || !r.several {
		return []Answer{a}
	}
	from := 0
	var before *Dialect
	for i := range a.Lines {
		found := Guess(a.Lines[i : i+1])
		if found == nil || found == before {
			continue
		}
		if before != nil {
			all = append(all, Answer{Lines: a.Lines[from:i]})
			from = i
		}
		before = found
	}
	a.Lines = a.Lines[from:]
	return append(all, a)
}

// stretch is what one modem printed.
type stretch struct {
	dialect *Dialect
	from    int // number of its first piece
	identifier
}

// mostStretches is how many modems are told apart in one text.
const mostStretches = 1000

// stretches splits a text by modem: where a line or a command is known by another family than those before, or another model
// names itself, a new one begins. A family that is given is that of all, and only where it is generic may they be several modems.
func (r *recorded) stretches() (all []stretch, err error) {
	bounds := []stretch{{dialect: r.family()}}
	if r.several {
		if bounds, err = r.byFamily(); err != nil {
			return nil, err
		}
	}
	model, next := "", 0
	err = r.pieces(func(i int, p piece) error {
		if next < len(bounds) && bounds[next].from == i {
			all, model = append(all, bounds[next]), ""
			next++
		}
		if !isIdentify(p.Command) || p.goesOn {
			return nil
		}
		now := Identify([]Answer{p.Answer}).Model
		if now != "" && model != "" && now != model && len(all) < mostStretches {
			all = append(all, stretch{dialect: all[len(all)-1].dialect, from: i})
		}
		model = cmp.Or(now, model)
		all[len(all)-1].add(p.Answer)
		return nil
	})
	if len(all) == 0 { // of a text without an answer
		all = bounds[:1]
	}
	return all, err
}

// byFamily splits a text of several families. What no family knows belongs to the modem before it; at the beginning, and after a modem
// was asked what it is, to the one that follows.
func (r *recorded) byFamily() (all []stretch, err error) {
	held := 0 // pieces that wait for the family that follows
	var now *Dialect
	err = r.pieces(func(i int, p piece) error {
		found := families(nil, append([]string{"AT" + p.Command}, p.Lines...))
		if len(found) == 0 && (now == nil || held > 0 || isIdentify(p.Command)) {
			held++
			return nil
		}
		if len(found) > 0 && !slices.Contains(found, now) && len(all) < mostStretches {
			now = found[0]
			all = append(all, stretch{dialect: now, from: i - held})
			if r.given != nil {
				all[len(all)-1].dialect = r.given
			}
		}
		held = 0
		return nil
	})
	if len(all) == 0 {
		all = []stretch{{dialect: r.family()}}
	}
	return all, err
}

// mostText bounds the text that is held.
const mostText = 64 << 20

// ErrTooLong is the error of a text of more than 64 MiB.
var ErrTooLong = errors.New("the text is longer than 64 MiB")

// counted bounds a text, ends it with its context, and remembers how it ended: without a line end the last line may be half a line.
type counted struct {
	io.Reader
	ctx  context.Context
	n    int
	last byte
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if n > 0 {
		c.last = p[n-1]
	}
	if c.n += n; c.n > mostText {
		return 0, ErrTooLong
	}
	return n, cmp.Or(c.ctx.Err(), err)
}

// chunks are bytes that are written once, in pieces so that none need be copied for more.
type chunks [][]byte

const chunkSize = 256 << 10

func (c *chunks) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		last := len(*c) - 1
		if last < 0 || len((*c)[last]) == chunkSize {
			*c = append(*c, make([]byte, 0, chunkSize))
			last++
		}
		n := min(len(rest), chunkSize-len((*c)[last]))
		(*c)[last] = append((*c)[last], rest[:n]...)
		rest = rest[n:]
	}
	return len(p), nil
}

func (c chunks) reader() io.Reader {
	var all []io.Reader
	for _, chunk := range c {
		all = append(all, bytes.NewReader(chunk))
	}
	return io.MultiReader(all...)
}
