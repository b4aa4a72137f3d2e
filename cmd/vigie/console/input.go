package console

import (
	"context"
	"io"
)

// Interruptible reads what r holds, and ends with the error of ctx when that ends, even while input is waited for that does not come: a
// pipe, or a terminal at which nobody types. What r gives then is lost.
func Interruptible(ctx context.Context, r io.Reader) io.Reader {
	return &interruptible{ctx: ctx, from: r, pieces: make(chan piece), wanted: make(chan []byte)}
}

type interruptible struct {
	ctx    context.Context
	from   io.Reader
	begun  bool
	wanted chan []byte // where to read to
	pieces chan piece
	spare  []byte
	left   []byte
	err    error
}

type piece struct {
	bytes []byte
	err   error
}

func (i *interruptible) Read(p []byte) (int, error) {
	if !i.begun {
		i.begun = true
		go i.read()
	}
	for len(i.left) == 0 {
		if i.err == nil {
			i.err = i.ctx.Err()
		}
		if i.err != nil {
			return 0, i.err
		}
		if i.spare == nil {
			i.spare = make([]byte, 64<<10)
		}
		select {
		case i.wanted <- i.spare:
		case <-i.ctx.Done():
			continue
		}
		i.spare = nil
		select {
		case got := <-i.pieces:
			i.left, i.err, i.spare = got.bytes, got.err, got.bytes[:cap(got.bytes)]
		case <-i.ctx.Done():
			i.err = i.ctx.Err()
		}
	}
	n := copy(p, i.left)
	i.left = i.left[n:]
	return n, nil
}

// read reads on request, so that nothing is read that nobody asks for.
func (i *interruptible) read() {
	for {
		select {
		case buf := <-i.wanted:
			n, err := i.from.Read(buf)
			select {
			case i.pieces <- piece{buf[:n], err}:
			case <-i.ctx.Done():
				return
			}
			if err != nil {
				return
			}
		case <-i.ctx.Done():
			return
		}
	}
}
