package uper

// reader takes bits from a message, the top bit of each byte first. Past its end it gives nothing, and the caller asks has.
type reader struct {
	data []byte
	at   int // bit
	end  int // bit
}

func (r *reader) has(n int) bool { return n <= r.end-r.at }

// take reads n bits, 0..64; the caller made sure that it has them.
func (r *reader) take(n int) uint64 {
	v := Bits(r.data, r.at, n)
	r.at += n
	return v
}

// Bits is the number in the n bits, 0..64, of data that begin at bit at.
func Bits(data []byte, at, n int) uint64 {
	var v uint64
	for n > 0 {
		left := 8 - at&7
		take := min(left, n)
		v = v<<take | uint64(data[at>>3])>>(left-take)&(1<<take-1)
		at += take
		n -= take
	}
	return v
}

// AppendBits appends the n bits of data that begin at bit at, moved to begin with a byte, with zeros behind them.
func AppendBits(dst, data []byte, at, n int) []byte {
	for ; n >= 8; at, n = at+8, n-8 {
		dst = append(dst, byte(Bits(data, at, 8)))
	}
	if n > 0 {
		dst = append(dst, byte(Bits(data, at, n)<<(8-n)))
	}
	return dst
}

// writer collects bits.
type writer struct {
	data []byte
	n    int // bits
}

// put writes the lower n bits of v, 0..64.
func (w *writer) put(v uint64, n int) {
	for n > 0 {
		if w.n&7 == 0 {
			w.data = append(w.data, 0)
		}
		left := 8 - w.n&7
		take := min(left, n)
		w.data[len(w.data)-1] |= byte(v >> (n - take) & (1<<take - 1) << (left - take))
		w.n += take
		n -= take
	}
}

// bits writes the first n bits of data.
func (w *writer) bits(data []byte, n int) {
	for i := 0; i < n; i += 8 {
		take := min(8, n-i)
		w.put(uint64(data[i>>3])>>(8-take), take)
	}
}
