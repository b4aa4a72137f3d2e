package air

import (
	"cmp"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/air/uper"
)

// kindOfMessage is one message of a channel: the alternatives that lead to it.
type kindOfMessage struct {
	channel string
	path    []string
	field   *uper.Field
}

func (k kindOfMessage) String() string { return k.channel + "/" + k.path[len(k.path)-1] }

// kindsOfMessage lists every message of every channel.
func kindsOfMessage() []kindOfMessage {
	var all []kindOfMessage
	for channel, root := range rrcRoots {
		all = messagesWithin(all, kindOfMessage{channel, nil, rrcSchema().Root(root)})
	}
	slices.SortFunc(all, func(a, b kindOfMessage) int {
		return cmp.Or(cmp.Compare(a.channel, b.channel), slices.Compare(a.path, b.path))
	})
	return all
}

func messagesWithin(all []kindOfMessage, k kindOfMessage) []kindOfMessage {
	last := ""
	if len(k.path) > 0 {
		last = k.path[len(k.path)-1]
	}
	if slices.Contains([]string{"", "message", "c1", "c2", "messageClassExtension"}, last) && (k.channel != "BCCH-BCH" || last == "") {
		for i := range k.field.Type.Fields {
			f := &k.field.Type.Fields[i]
			all = messagesWithin(all, kindOfMessage{k.channel, append(slices.Clone(k.path), f.Name), f})
		}
		return all
	}
	return append(all, k)
}

// random is a value of that message, of whatever it may hold.
func (k kindOfMessage) random(seed uint64) any {
	g := generator{rand.New(rand.NewPCG(seed, 18)), 1000, taste(seed % 3)}
	v := g.value(k.field.Type, 0)
	for _, name := range slices.Backward(k.path) {
		v = map[string]any{name: v}
	}
	return v
}

// generator makes random values. Left is how many it makes before it leaves out whatever may be absent.
type generator struct {
	*rand.Rand
	left  int
	taste taste
}

// taste is which of the fields that may be absent are mostly there.
type taste uint64

const (
	early taste = iota // the less deep, the more
	late               // the last one before the extension marker: what later versions of a message added is within it
	added              // those after the extension marker
)

// takes decides whether field i of t is there.
func (g *generator) takes(t *uper.Type, i, depth int) bool {
	last, addition := i == t.Root-1, i >= t.Root
	switch {
	case !t.Fields[i].Optional && !addition:
		return true
	case g.left < 0:
		return false
	case g.taste == early:
		return g.IntN(4+depth) < 3
	case g.taste == late && last || g.taste == added && addition:
		return g.IntN(10) > 0
	}
	return g.IntN(6) == 0
}

func (g *generator) value(t *uper.Type, depth int) any {
	g.left--
	switch t.Kind {
	case uper.Boolean:
		return g.IntN(2) == 1
	case uper.Integer:
		switch g.IntN(4) {
		case 0:
			return t.Lo
		case 1:
			return t.Hi
		}
		return t.Lo + g.Int64N(t.Hi-t.Lo+1)
	case uper.Enumerated:
		return t.Names[g.IntN(len(t.Names))]
	case uper.BitString:
		n := g.size(t, 40)
		data := make([]byte, (n+7)/8)
		for i := range n {
			data[i/8] |= byte(g.IntN(2)) << (7 - i%8)
		}
		return uper.BitsValue{Data: data, N: n}
	case uper.OctetString:
		if t.Element != nil && g.left > 0 {
			return g.value(t.Element.Type, depth)
		}
		data := make([]byte, g.size(t, 20))
		for i := range data {
			data[i] = byte(g.Uint32())
		}
		return data
	case uper.List:
		all := make([]any, g.size(t, 3))
		for i := range all {
			all[i] = g.value(t.Element.Type, depth+1)
		}
		return all
	case uper.Choice:
		f := t.Fields[g.IntN(len(t.Fields))]
		return map[string]any{f.Name: g.value(f.Type, depth+1)}
	case uper.Sequence:
		m := map[string]any{}
		g.fields(t, depth, m)
		return m
	}
	return nil
}

// fields gives fields of a SEQUENCE.
func (g *generator) fields(t *uper.Type, depth int, m map[string]any) {
	for i, f := range t.Fields {
		if !g.takes(t, i, depth) {
			continue
		}
		if f.Name == "" {
			g.fields(f.Type, depth+1, m)
			continue
		}
		m[f.Name] = g.value(f.Type, depth+1)
	}
}

// size is mostly near the least, and now and then the most.
func (g *generator) size(t *uper.Type, more int) int {
	least := int(t.Lo)
	if t.Hi < 0 {
		return least + g.IntN(more+1)
	}
	if g.IntN(20) == 0 && t.Hi < 40 {
		return int(t.Hi)
	}
	return least + g.IntN(min(int(t.Hi)-least, more)+1)
}

// valueOf is what node i of a decoded message is, in the form of uper.Encode.
func valueOf(t *uper.Tree, i int) any {
	n := t.Nodes[i]
	typ := n.Field.Type
	switch typ.Kind {
	case uper.Boolean:
		return n.Value == 1
	case uper.Integer:
		return n.Value
	case uper.Enumerated:
		return typ.Names[n.Value]
	case uper.BitString:
		return uper.BitsValue{Data: append(make([]byte, 0), uper.AppendBits(nil, t.Data, int(n.Bit), int(n.Bits))...), N: int(n.Bits)}
	case uper.OctetString:
		if int(n.End) > i+1 {
			return valueOf(t, i+1)
		}
		return append(make([]byte, 0), uper.AppendBits(nil, t.Data, int(n.Bit), int(n.Bits))...)
	case uper.List:
		all := make([]any, 0)
		for k := i + 1; k < int(n.End); k = int(t.Nodes[k].End) {
			all = append(all, valueOf(t, k))
		}
		return all
	case uper.Choice, uper.Sequence:
		m := map[string]any{}
		fieldsOf(t, i, m)
		return m
	}
	return nil
}

func fieldsOf(t *uper.Tree, i int, m map[string]any) {
	for k := i + 1; k < int(t.Nodes[i].End); k = int(t.Nodes[k].End) {
		if name := t.Nodes[k].Field.Name; name != "" {
			m[name] = valueOf(t, k)
			continue
		}
		fieldsOf(t, k, m)
	}
}

// values is how many random values each message is tried with; VIGIE_VALUES=10000 is make air.
func values(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("VIGIE_VALUES"))
	if os.Getenv("VIGIE_VALUES") == "" {
		return 30
	}
	require.NoError(t, err, "VIGIE_VALUES")
	return n
}

// What the encoder writes of any value, the decoder reads as the same value, with nothing left over.
func TestDecodeIsTheInverseOfEncode(t *testing.T) {
	for _, k := range kindsOfMessage() {
		t.Run(k.String(), func(t *testing.T) {
			var tree uper.Tree
			for seed := range uint64(values(t)) {
				want := k.random(seed)
				payload, err := EncodeRRC(k.channel, want)
				require.NoError(t, err, "seed %d", seed)
				require.NoError(t, tree.Decode(rrcSchema().Root(rrcRoots[k.channel]), payload), "seed %d", seed)
				require.Equal(t, want, valueOf(&tree, 0), "seed %d", seed)
				require.Zero(t, tree.Unknown+tree.Damaged+tree.Rest, "seed %d", seed)
			}
		})
	}
}
