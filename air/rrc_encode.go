package air

import (
	"fmt"

	"vigie/air/uper"
)

// EncodeRRC writes an RRC message of a logical channel from a value in the form of uper.Encode. It is for traces and tests: Vigie
// sends nothing.
func EncodeRRC(channel string, message any) ([]byte, error) {
	root := rrcRoots[channel]
	if root == "" {
		return nil, fmt.Errorf("RRC messages of channel %q are not written", channel)
	}
	return uper.Encode(rrcSchema().Root(root), message)
}
