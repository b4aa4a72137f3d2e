package air

import "slices"

// Range is bits of a message, From inclusive, To exclusive. Bit 0 is the most significant bit of the first byte.
type Range struct{ From, To int }

// octets is the range of whole octets.
func octets(from, to int) Range { return Range{8 * from, 8 * to} }

// Zero sets the bits of the ranges to 0. What lies beyond the message is ignored.
func Zero(message []byte, ranges []Range) {
	for _, r := range ranges {
		for bit := max(r.From, 0); bit < min(r.To, 8*len(message)); {
			if bit%8 == 0 && r.To-bit >= 8 {
				message[bit/8] = 0
				bit += 8
				continue
			}
			message[bit/8] &^= 0x80 >> (bit % 8)
			bit++
		}
	}
}

// Merge sorts the ranges, joins those that touch, and drops the empty ones.
func Merge(ranges []Range) []Range {
	slices.SortFunc(ranges, func(a, b Range) int { return a.From - b.From })
	out := ranges[:0]
	for _, r := range ranges {
		switch {
		case r.To <= r.From:
		case len(out) > 0 && r.From <= out[len(out)-1].To:
			out[len(out)-1].To = max(out[len(out)-1].To, r.To)
		default:
			out = append(out, r)
		}
	}
	return out
}
