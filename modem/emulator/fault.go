package emulator

import (
	"slices"
	"time"
)

// transmitLimit is how long the terminal may refuse bytes before they are dropped, as a modem drops them.
const transmitLimit = 100 * time.Millisecond

// output is what the modem prints in one go.
type output struct {
	command string // that it answers; "" is an unsolicited line
	text    string // without echo, for the record; "" is not recorded
	cut     bool   // some of it did not get to the terminal
}

// transmit writes bytes to the terminal when the line is free. Depending on the scenario, it writes them in pieces, and loses or
// corrupts some.
func (e *Emulator) transmit(b []byte, o output) {
	if e.lose > 0 {
		kept := b[:0:0]
		for _, c := range b {
			if e.random.IntN(e.lose) > 0 {
				kept = append(kept, c)
			}
		}
		o.cut = len(kept) < len(b)
		b = kept
	}
	if e.corrupt > 0 {
		b = slices.Clone(b)
		for i := range b {
			if e.random.IntN(e.corrupt) == 0 {
				b[i], o.cut = byte(e.random.Uint32()), true
			}
		}
	}
	now := time.Now()
	if e.chunk == 0 && !e.free.After(now) {
		e.write(b, &o, true)
		return
	}
	if e.free.Before(now) {
		e.free = now
	}
	size := len(b)
	if e.chunk > 0 {
		size = e.chunk
	}
	c := e.connection
	for first := true; first || len(b) > 0; first = false {
		piece := b[:min(size, len(b))]
		b = b[len(piece):]
		last := len(b) == 0
		e.at(e.free, func() {
			if e.connection != c {
				piece, o.cut = nil, true
			}
			e.write(piece, &o, last)
		})
		e.free = e.free.Add(e.pause)
	}
}

// write writes a piece, and records the output after its last piece, under the lock: what a reader has read is recorded.
func (e *Emulator) write(b []byte, o *output, last bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	switch {
	case e.connection == nil || e.muted():
		o.cut = true
	default:
		// A terminal that is not read fills up.
		_ = e.connection.master.SetWriteDeadline(now.Add(transmitLimit))
		n, err := e.connection.master.Write(b)
		o.cut = o.cut || err != nil || n < len(b)
	}
	if last && o.text != "" {
		e.printed = append(e.printed, Printed{now, o.command, o.text, !o.cut})
	}
}

func (e *Emulator) urc(line string) {
	e.transmit([]byte("\r\n"+line+"\r\n"), output{text: line})
}

func (e *Emulator) note(text string) {
	if e.options.Note != nil {
		e.options.Note(text)
	}
}

// garbage prints random bytes, as a loose cable or a second reader makes them.
func (e *Emulator) garbage(n int) {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(e.random.Uint32())
	}
	e.transmit(b, output{})
}

func (e *Emulator) silence(d time.Duration) {
	if until := time.Now().Add(e.scaled(d)); until.After(e.silent) {
		e.silent = until
	}
}

func (e *Emulator) muted() bool { return time.Now().Before(e.silent) }

// inFlight is the time in which the last bytes are read before the modem is unplugged. Closing a terminal discards bytes that
// were not read; a USB cable does not: what was printed whole has arrived.
const inFlight = 50 * time.Millisecond

// unplug pulls the modem out and plugs it in again. It comes back with its settings as they were: few lose them.
func (e *Emulator) unplug(d time.Duration) {
	now := time.Now()
	if until := now.Add(inFlight); until.After(e.silent) {
		e.silent = until
	}
	e.at(now.Add(inFlight), e.pull)
	e.at(now.Add(inFlight+e.scaled(d)), e.replug)
}

func (e *Emulator) replug() {
	if e.connection != nil {
		return
	}
	if err := e.plug(); err != nil {
		e.note(err.Error())
		e.at(time.Now().Add(time.Second), e.replug)
	}
}
