package at

// List is the one allow-list.
type List struct{}

// Listed is one string of bytes that a session may write.
type Listed struct {
	Bytes string // "AT+CSQ\r"
	Kind  Kind
	Why   string
}

// NewList makes a list for watching; survey commands are refused.
func NewList(cmds ...Command) (List, error) { return List{}, nil }

// NewSurveyList is NewList that takes survey commands too.
func NewSurveyList(cmds ...Command) (List, error) { return List{}, nil }

// All is everything that a session with this list can ever write.
func (l List) All() []Listed { return nil }
