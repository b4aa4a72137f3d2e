package at

import "io"

// Exchange is one command and what the modem printed for it.
type Exchange struct {
	Command string   // as Command.Text, upper case outside quotes; "" when the text has no echo for these lines
	Lines   []string // redacted
	Final   string   // "" when the text has none
}

// ReadTranscript splits recorded modem text into exchanges.
func ReadTranscript(r io.Reader) ([]Exchange, error) { return nil, nil }
