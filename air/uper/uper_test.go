package uper

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// toy has every kind of type.
const toy = `# a toy
M S5+2 id I0:9 flag? B what C2+1 a N b E3+1 x y z w c @1 bits b3 names? L0:3 Name E2+0 p q more? @2 _ S2 g? I5:5 h o
- S1 deep? O @0
- b
`

func schema(t *testing.T, table string) *Schema {
	t.Helper()
	s, err := Parse(table)
	require.NoError(t, err)
	return s
}

// octets reads "101 1111" and fills the last octet.
func octets(t *testing.T, bits string) []byte {
	t.Helper()
	var w writer
	for _, c := range bits {
		if c == '0' || c == '1' {
			w.put(uint64(c-'0'), 1)
		}
	}
	return w.data
}

// text draws a tree: name=value, and what is within it in brackets.
func text(t *Tree, from, to int) string {
	var all []string
	for i := from; i < to; i = int(t.Nodes[i].End) {
		n := t.Nodes[i]
		s := n.Field.Name
		switch n.Field.Type.Kind {
		case Boolean, Integer, Enumerated, Choice, List:
			s += fmt.Sprintf("=%d", n.Value)
		case BitString, OctetString, Unknown, Padding:
			s += fmt.Sprintf("=%x/%d", AppendBits(nil, t.Data, int(n.Bit), int(n.Bits)), n.Bits)
		}
		if int(n.End) > i+1 {
			s += "[" + text(t, i+1, int(n.End)) + "]"
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

func TestDecode(t *testing.T) {
	s := schema(t, toy)
	for name, c := range map[string]struct {
		bits, want             string
		unknown, damaged, rest int
	}{
		"least":                 {bits: "0 00 0111 0 0 101", want: "M[id=7 what=0[a] bits=a0/3]"},
		"all of the root":       {bits: "0 11 1001 1 0 1 0 10 010 10 0 0 0 1", want: "M[id=9 flag=1 what=1[b=2] bits=40/3 names=2[Name=0 Name=1]]"},
		"a name added later":    {bits: "0 00 0001 0 1 1 0 000000 111", want: "M[id=1 what=1[b=3] bits=e0/3]"},
		"a name of the future":  {bits: "0 00 0001 0 1 1 0 000010 111", want: "M[id=1 what=1[b=5] bits=e0/3]"},
		"an alternative added":  {bits: "0 00 0000 1 0 000000 00000001 0 0000000 000", want: "M[id=0 what=2[c] bits=00/3]"},
		"an alternative within": {bits: "0 00 0000 1 0 000000 00000100 1 00000010 0 00 0111 0 0 101 0000 0000000 000", want: "M[id=0 what=2[c[deep=0e50/16[[id=7 what=0[a] bits=a0/3]]]] bits=00/3]"},
		"an alternative of the future": {bits: "0 00 0000 1 0 000111 00000010 11110000 00001111 000",
			want: "M[id=0 what=9[unknown=f00f/16] bits=00/3]", unknown: 1},
		"additions":                         {bits: "1 00 0111 0 0 101 0 000001 11 00000010 00000101 10100000 00000011 1 00000001 11111111 0000000", want: "M[id=7 what=0[a] bits=a0/3 more=a0/5 [g=5 h=ff/8]]"},
		"an addition of the future":         {bits: "1 00 0111 0 0 101 0 000010 001 00000001 11000000", want: "M[id=7 what=0[a] bits=a0/3 unknown=c0/8]", unknown: 1},
		"many additions":                    {bits: "1 00 0111 0 0 101 1 01000001" + strings.Repeat("0", 64) + "1 00000001 11000000", want: "M[id=7 what=0[a] bits=a0/3 unknown=c0/8]", unknown: 1},
		"a damaged addition":                {bits: "1 00 0111 0 0 101 0 000001 01 00000001 1 0111111", want: "M[id=7 what=0[a] bits=a0/3 [g=5] unknown=7e/7]", damaged: 1},
		"an addition with padding":          {bits: "1 00 0111 0 0 101 0 000001 01 00000011 1 00000001 11111111 0000001", want: "M[id=7 what=0[a] bits=a0/3 [g=5 h=ff/8] padding=02/7]", unknown: 1},
		"an addition that grew by an octet": {bits: "1 00 0111 0 0 101 0 000001 01 00000100 1 00000001 11111111 0000000 00000000", want: "M[id=7 what=0[a] bits=a0/3 [g=5 h=ff/8] unknown=0000/15]", unknown: 1},
		"padding":                           {bits: "0 00 0111 0 0 101 0000 00000000 00000000", want: "M[id=7 what=0[a] bits=a0/3]"},
		"something behind it":               {bits: "0 00 0111 0 0 101 0100 00000000 10000000", want: "M[id=7 what=0[a] bits=a0/3]", rest: 13},
		"a contained value that cannot be read": {bits: "0 00 0000 1 0 000000 00000011 1 00000001 11111111 0000000 000",
			want: "M[id=0 what=2[c[deep=ff/8[unknown=80/1]]] bits=00/3]", damaged: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var tree Tree
			require.NoError(t, tree.Decode(s.Root("M"), octets(t, c.bits)))
			require.Equal(t, c.want, text(&tree, 0, len(tree.Nodes)))
			require.Equal(t, []int{c.unknown, c.damaged, c.rest}, []int{tree.Unknown, tree.Damaged, tree.Rest}, "unknown, damaged, rest")
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	s := schema(t, toy+"Deep S1 in @4\n- S1 in @4\nWide L0:65535 Row L2 Cell N\nLong o\n")
	for name, c := range map[string]struct {
		root string
		data []byte
		want string
	}{
		"nothing":          {"M", nil, "bit 0, M: the message ends too early"},
		"an end too early": {"M", octets(t, "0 00 0111"), "bit 8, M.what: the message ends too early"},
		"a value too high": {"M", octets(t, "0 00 1010 0"), "bit 3, M.id: the value 10 is above the most, 9"},
		"values within values": {"Deep", nil,
			"too deep"},
		"too many values":  {"Wide", []byte{0xff, 0xff}, "too many values"},
		"fragments":        {"Long", []byte{0xc1, 0}, "fragments"},
		"a length too far": {"Long", []byte{0x20, 0}, "bit 8, Long: the message ends too early"},
		"too long":         {"M", make([]byte, maxBytes+1), "a message of 65537 bytes"},
		"no such type":     {"X", nil, "not in the table"},
	} {
		t.Run(name, func(t *testing.T) {
			var tree Tree
			err := tree.Decode(s.Root(c.root), c.data)
			require.ErrorContains(t, err, c.want)
			require.LessOrEqual(t, len(tree.Nodes), maxNodes)
		})
	}
}

// What was read before an error is kept.
func TestDecodeKeepsWhatItRead(t *testing.T) {
	var tree Tree
	require.Error(t, tree.Decode(schema(t, toy).Root("M"), octets(t, "0 10 0111 1")))
	require.Equal(t, "M[id=7 flag=1]", text(&tree, 0, len(tree.Nodes)))
}

// A secret value is never refused, so that it does not decide what is shown.
func TestSecretValueIsNotRefused(t *testing.T) {
	s := schema(t, "M S2 id I0:9 of S1 name E3 a b c\n")
	s.Mark(func(name string) bool { return name == "id" || name == "of" })
	var tree Tree
	require.NoError(t, tree.Decode(s.Root("M"), octets(t, "1111 11")))
	require.Equal(t, "M[id=15 of[name=3]]", text(&tree, 0, len(tree.Nodes)))
}

func TestEncode(t *testing.T) {
	s := schema(t, toy)
	least := func(more map[string]any) map[string]any {
		m := map[string]any{"id": 7, "what": map[string]any{"a": nil}, "bits": BitsValue{[]byte{0xa0}, 3}}
		for k, v := range more {
			m[k] = v
		}
		return m
	}
	for name, c := range map[string]struct {
		value any
		want  string // hex, or what the error says
	}{
		"least":             {least(nil), "0e50"},
		"all":               {least(map[string]any{"flag": true, "names": []any{"p", "q"}, "h": []byte{255}}), "ef2c"},
		"one too high":      {least(map[string]any{"id": 10}), "M: id: 10 is not within 0..9"},
		"no number":         {least(map[string]any{"id": "7"}), "M: id: wants an int, not string"},
		"no such field":     {least(map[string]any{"nothing": 1}), `M: has no field "nothing"`},
		"no field":          {map[string]any{"id": 1}, "M: what is not there"},
		"no alternative":    {least(map[string]any{"what": map[string]any{"x": nil}}), `M: what: has no alternative "x"`},
		"two alternatives":  {least(map[string]any{"what": map[string]any{"a": nil, "b": "x"}}), "M: what: wants a map of one alternative"},
		"no name":           {least(map[string]any{"names": []any{"x"}}), `M: names: Name: "x" is not one of its names`},
		"too many":          {least(map[string]any{"names": []any{"p", "p", "p", "p"}}), "M: names: has 4, wants 0..3"},
		"a size too small":  {least(map[string]any{"bits": BitsValue{[]byte{0}, 2}}), "M: bits: has 2, wants 3..3"},
		"more bits than it": {least(map[string]any{"bits": BitsValue{nil, 3}}), "M: bits: wants BitsValue"},
		"fragments":         {least(map[string]any{"h": make([]byte, 1<<14)}), "fragments"},
		"not a map":         {3, "M: wants a map of its fields, not int"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Encode(s.Root("M"), c.value)
			if err != nil {
				require.Contains(t, err.Error(), c.want)
				return
			}
			require.True(t, strings.HasPrefix(hex.EncodeToString(got), c.want), "%x", got)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, table := range []string{
		"M", "M X", "M S1", "M S1 a", "M S1 a @9", "M S1 a @-1", "M I5", "M I5:4", "M I0:x", "M E3 a b", "M b9:8", "M o65536", "M o-1", "M L1:2",
		"M S99999999 a B", "M B B", "M @0 1", "M E18446744073709551615 a", "M S1+99 a B",
	} {
		_, err := Parse(table)
		require.Error(t, err, table)
	}
}

func FuzzDecode(f *testing.F) {
	s, err := Parse(toy)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0x0e, 0x50})
	f.Add([]byte{0x8e, 0x50, 0x0f, 0x81})
	f.Fuzz(func(t *testing.T, data []byte) {
		var tree Tree
		if tree.Decode(s.Root("M"), data) == nil {
			checkTree(t, &tree)
		}
	})
}

// checkTree holds what is true of every tree: nodes lie within each other, and within the message.
func checkTree(t *testing.T, tree *Tree) {
	for i, n := range tree.Nodes {
		if int(n.End) <= i || int(n.End) > len(tree.Nodes) || n.Bit < 0 || n.Bits < 0 || int(n.Bit+n.Bits) > 8*len(tree.Data) {
			t.Fatalf("node %d of %d is %+v, of %d bytes", i, len(tree.Nodes), n, len(tree.Data))
		}
	}
}
