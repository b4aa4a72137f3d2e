package air

import (
	"encoding/hex"
	"strconv"

	"vigie/air/uper"
)

// leaves lists NAME=VALUE of each value of a message that holds no others, in its order: an INTEGER as a number, ENUMERATED and
// CHOICE as their index, BOOLEAN as 0 or 1, a list as its length, strings as hex, moved to begin with a byte. Names are those of
// 36.331 with _ for -. A value that says who somebody is, or may hold it, is *. What a terminal can do is not listed: it is a
// fingerprint of the device.
func (r rrcMessage) leaves(message string) []string {
	if message == "ueCapabilityInformation" {
		return []string{}
	}
	text := make([]byte, 0, 24*len(r.Nodes)) // the parts of one string
	ends := make([]int, 0, len(r.Nodes))
	secret := int32(0) // nodes before this number are within a secret one
	for i := range r.Nodes {
		n := &r.Nodes[i]
		if n.Field.Secret {
			secret = max(secret, n.End)
		}
		if !isLeaf(n) {
			continue
		}
		text = append(appendName(text, n.Field.Name), '=')
		if int32(i) < secret || r.holdsSecret(i) {
			text = append(text, '*')
		} else {
			text = r.appendValue(text, i)
		}
		ends = append(ends, len(text))
	}
	leaves, all, from := make([]string, 0, len(ends)), string(text), 0
	for _, end := range ends {
		leaves = append(leaves, all[from:end])
		from = end
	}
	return leaves
}

func isLeaf(n *uper.Node) bool {
	switch n.Field.Type.Kind {
	case uper.Sequence, uper.Null, uper.Unknown, uper.Padding:
		return false
	case uper.BitString, uper.OctetString:
		return n.Bits > 0
	}
	return n.Field.Name != ""
}

// holdsSecret reports whether an OCTET STRING contains a value that is secret, or bits that nobody can name. Padding decides
// nothing: it is shown as 0.
func (r rrcMessage) holdsSecret(i int) bool {
	n := &r.Nodes[i]
	if n.Field.Type.Kind != uper.OctetString {
		return false
	}
	for k := i + 1; k < int(n.End); k++ {
		if f := r.Nodes[k].Field; f.Secret && f.Type.Kind != uper.Padding {
			return true
		}
	}
	return false
}

func appendName(dst []byte, name string) []byte {
	for k := range len(name) {
		c := name[k]
		if c == '-' {
			c = '_'
		}
		dst = append(dst, c)
	}
	return dst
}

func (r rrcMessage) appendValue(dst []byte, i int) []byte {
	n := &r.Nodes[i]
	if k := n.Field.Type.Kind; k != uper.BitString && k != uper.OctetString {
		return strconv.AppendInt(dst, n.Value, 10)
	}
	var room [64]byte
	octets := uper.AppendBits(room[:0], r.Data, int(n.Bit), int(n.Bits))
	for _, within := range r.Nodes[i+1 : n.End] {
		if within.Field.Type.Kind == uper.Padding {
			at := int(within.Bit - n.Bit)
			Zero(octets, []Range{{at, at + int(within.Bits)}})
		}
	}
	return hex.AppendEncode(dst, octets)
}
