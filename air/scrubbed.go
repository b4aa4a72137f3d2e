package air

import (
	"bytes"

	"vigie/cell"
)

// Secret appends the bits of payload, a message of m.Layer and, of RRC, m.Channel, that say, or may say, who somebody is. What cannot
// be read is secret whole.
func Secret(dst []Range, m *cell.Message, payload []byte) []Range {
	switch m.Layer {
	case cell.NAS:
		return SecretNAS(dst, payload)
	case cell.RRC:
		dst, _ = SecretRRC(dst, m.Channel, payload)
		return dst
	}
	return append(dst, octets(0, len(payload)))
}

// Scrubbed returns the payload of a message as it may be stored and handed on: a copy with the secret bits set to 0; nil if it has none.
// Lengths stay, and what the message says does. Scrubbing twice changes nothing more.
func Scrubbed(m *cell.Message) []byte {
	p := bytes.Clone(m.Payload)
	Zero(p, Secret(nil, m, p))
	return p
}
