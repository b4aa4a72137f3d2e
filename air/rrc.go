package air

import (
	_ "embed"
	"fmt"
	"sync"

	"vigie/air/uper"
	"vigie/cell"
)

// rrcTable is the facts of TS 36.331 that tools/asn1gen made.
//
//go:embed rrc.table
var rrcTable string

// rrcSchema is made when the first RRC message is read: most runs of Vigie read none.
var rrcSchema = sync.OnceValue(func() *uper.Schema {
	s, err := uper.Parse(rrcTable)
	if err != nil {
		panic(err) // the table is in the program, and a test reads it
	}
	s.Mark(secretRRC)
	return s
})

// rrcRoots are the messages of each logical channel that is read (TS 36.331 clause 6.2.1).
var rrcRoots = map[string]string{
	"BCCH-BCH": "BCCH-BCH-Message", "BCCH-DL-SCH": "BCCH-DL-SCH-Message", "PCCH": "PCCH-Message",
	"DL-CCCH": "DL-CCCH-Message", "DL-DCCH": "DL-DCCH-Message", "UL-CCCH": "UL-CCCH-Message", "UL-DCCH": "UL-DCCH-Message",
}

// Unread is the error of a message that was read to its end, but for some of its bits.
type Unread struct {
	Unknown int // values that a later version of the specification added
	Damaged int // values in an envelope of their own that could not be read
	Rest    int // bits behind the message that are no padding: a later version is longer, or the modem did not clear its buffer
}

func (u *Unread) Error() string {
	return fmt.Sprintf("read, but for %d additions of a later version, %d damaged ones and %d bits behind the message", u.Unknown, u.Damaged, u.Rest)
}

// DecodeRRC fills m.Name, m.Fields and, with tree, m.Leaves from an RRC message of m.Channel (TS 36.331; UPER). On an error m keeps
// what was read before it. An *Unread says that this is the whole message, but for what nobody here can name.
func DecodeRRC(m *cell.Message, payload []byte, tree bool) error {
	t, err := readRRC(m.Channel, payload)
	r := rrcMessage{t}
	m.Name = r.name(m.Channel)
	if read := rrcFields[m.Name]; read != nil {
		read(r, &m.Fields)
	}
	if tree {
		m.Leaves = r.leaves(m.Name)
	}
	if err == nil && t.Unknown+t.Damaged+t.Rest > 0 {
		return &Unread{t.Unknown, t.Damaged, t.Rest}
	}
	return err
}

func readRRC(channel string, payload []byte) (*uper.Tree, error) {
	t := &uper.Tree{Nodes: make([]uper.Node, 0, 64)}
	root := rrcRoots[channel]
	if root == "" {
		return t, fmt.Errorf("RRC messages of channel %q are not read", channel)
	}
	if err := t.Decode(rrcSchema().Root(root), payload); err != nil {
		return t, fmt.Errorf("RRC message of %s: %w", channel, err)
	}
	return t, nil
}

// rrcMessage is a decoded message. A value in it is the number of its node; none is -1, of which everything is absent.
type rrcMessage struct{ *uper.Tree }

const none = -1

// name is what 36.331 calls the message: the alternative that is no further choice between messages.
func (r rrcMessage) name(channel string) string {
	if channel == "BCCH-BCH" && len(r.Nodes) > 1 {
		return "masterInformationBlock"
	}
	for i := range r.Nodes {
		n := &r.Nodes[i]
		if n.Field.Type.Kind != uper.Choice || n.End <= int32(i+1) {
			continue
		}
		switch alternative := r.Nodes[i+1].Field.Name; alternative {
		case "c1", "c2", "messageClassExtension":
		default:
			return alternative
		}
	}
	return ""
}

// find is the first value of that name within another one; in document order, as deep as it may be.
func (r rrcMessage) find(in int, name string) int {
	if in < 0 || in >= len(r.Nodes) {
		return none
	}
	for i, end := in+1, int(r.Nodes[in].End); i < end; i++ {
		if r.Nodes[i].Field.Name == name {
			return i
		}
	}
	return none
}

// children calls f with each value that is directly within another one.
func (r rrcMessage) children(in int, f func(i int)) {
	if in == none {
		return
	}
	for i, end := in+1, int(r.Nodes[in].End); i < end; i = int(r.Nodes[i].End) {
		f(i)
	}
}

// number is the value of an INTEGER, which alternative or name another one has, or how long a list is.
func (r rrcMessage) number(i int) cell.Opt[int] {
	if i == none {
		return cell.Opt[int]{}
	}
	return cell.Some(int(r.Nodes[i].Value))
}

// bits is the value of a BIT STRING of at most 64 bits.
func (r rrcMessage) bits(i int) uint64 {
	n := r.Nodes[i]
	return uper.Bits(r.Data, int(n.Bit), min(int(n.Bits), 64))
}

// word is the name that an ENUMERATED has, or the alternative of a CHOICE; "" when absent or of a later version.
func (r rrcMessage) word(i int) string {
	if i == none {
		return ""
	}
	n := r.Nodes[i]
	switch t := n.Field.Type; {
	case t.Kind == uper.Enumerated && n.Value < int64(len(t.Names)):
		return t.Names[n.Value]
	case t.Kind == uper.Choice && n.Value < int64(len(t.Fields)):
		return t.Fields[n.Value].Name
	}
	return ""
}
