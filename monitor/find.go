package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"vigie/modem"
	"vigie/words"
)

// FindModems finds the AT port of every modem that is here. Where the ports of a modem are not known, it is the first that
// answers AT; asking is called before each is asked. Without a modem the error is ErrNoModem, with a hint how to name one.
func FindModems(ctx context.Context, host modem.Host, asking func(device string)) ([]modem.Port, error) {
	ports, err := host.Find()
	if err != nil {
		return nil, fmt.Errorf("looking for modems: %w", err)
	}
	var found []modem.Port
	var why error
	for _, candidates := range byDevice(modem.Candidates(ports)) {
		if len(candidates) == 1 || candidates[0].Role == modem.AT {
			found = append(found, candidates[0])
			continue
		}
		for _, port := range candidates {
			asking(port.Device)
			if why = host.Answers(ctx, port); why == nil {
				found = append(found, port)
				break
			}
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	hint := "plug it in; name its AT port with --port if it is a plain serial one; \"vigie demo\" needs none"
	if len(ports) > 0 {
		hint = "vigie probe lists the ports that are here; name the AT port with --port"
	}
	if why != nil {
		return nil, words.WithHint(fmt.Errorf("%w; the last one tried: %w", ErrNoModem, why), hint)
	}
	return nil, words.WithHint(ErrNoModem, hint)
}

// ErrNoModem is that there is nothing to watch with.
var ErrNoModem = errors.New("no modem with an AT port was found")

// byDevice groups ports by USB device, in the order in which they come.
func byDevice(ports []modem.Port) [][]modem.Port {
	var all [][]modem.Port
	at := map[string]int{}
	for _, p := range ports {
		key := cmp.Or(p.USBPath, p.Device)
		i, known := at[key]
		if !known {
			i = len(all)
			at[key] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], p)
	}
	return all
}
