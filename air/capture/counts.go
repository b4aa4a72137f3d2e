package capture

import (
	"encoding/json"
	"errors"
	"fmt"

	"vigie/air"
	"vigie/modem/diag"
)

// Counts is what was in a capture, and what of it was not read.
type Counts struct {
	Kind     Kind
	Frames   int // frames of a DIAG stream, records of a DLF file, packets of a pcap
	Messages int
	Blanked  int // pieces that are no message and were zeroed in a copy

	states   [5]int // frames by diag.State
	logs     map[uint16]int
	commands map[byte]int
	versions map[byte]int // RRC messages by version of their header
	others   map[string]int
}

func newCounts() Counts {
	return Counts{logs: map[uint16]int{}, commands: map[byte]int{}, versions: map[byte]int{}, others: map[string]int{}}
}

func (c *Counts) add(what string)   { c.others[what]++ }
func (c *Counts) command(code byte) { c.commands[code]++ }

// Undecoded counts what package air could not read of a message.
func (c *Counts) Undecoded(layer string, err error) {
	var some *air.Unread
	if !errors.As(err, &some) {
		c.add(layer + "_undecoded")
		return
	}
	c.others[layer+"_unknown_additions"] += some.Unknown
	c.others[layer+"_damaged_additions"] += some.Damaged
	if some.Rest > 0 {
		c.add(layer + "_bits_behind")
	}
}

// skip counts a log packet whose message is not read, by the reason.
func (c *Counts) skip(layer string, err error) {
	var why diag.SkipError
	if !errors.As(err, &why) {
		why = "unknown"
	}
	c.add(layer + "_skipped_" + string(why))
}

// Bad returns how many frames of a DIAG stream could not be read.
func (c *Counts) Bad() int {
	return c.states[diag.BadCRC] + c.states[diag.Short] + c.states[diag.Long]
}

// Of returns a count by its name in Map.
func (c *Counts) Of(name string) int { return c.Map()[name] }

// Map returns all counts that are not zero by name: "frames", "messages", "ok", "resynced", "bad" and its reasons, "log_B0C0",
// "cmd_7d", "rrc_hdr_v20", "rrc_skipped_nb_iot" and the like.
func (c *Counts) Map() map[string]int {
	m := map[string]int{"frames": c.Frames, "messages": c.Messages, "blanked": c.Blanked}
	if c.Kind == DIAG {
		m["ok"], m["resynced"], m["bad"] = c.states[diag.Good], c.states[diag.Resynced], c.Bad()
		m["bad_crc"], m["bad_short"], m["bad_long"] = c.states[diag.BadCRC], c.states[diag.Short], c.states[diag.Long]
	}
	for code, n := range c.logs {
		m[fmt.Sprintf("log_%04X", code)] = n
	}
	for code, n := range c.commands {
		m[fmt.Sprintf("cmd_%02x", code)] = n
	}
	for v, n := range c.versions {
		m[fmt.Sprintf("rrc_hdr_v%d", v)] = n
	}
	for what, n := range c.others {
		m[what] = n
	}
	for what, n := range m {
		if n == 0 && what != "frames" && what != "messages" {
			delete(m, what)
		}
	}
	return m
}

// MarshalJSON writes the counts as one object, next to the container.
func (c *Counts) MarshalJSON() ([]byte, error) {
	out := map[string]any{"kind": "counts", "container": c.Kind}
	for what, n := range c.Map() {
		out[what] = n
	}
	return json.Marshal(out)
}

// NotRead returns the counts of what was not read, or not whole, by name.
func (c *Counts) NotRead() map[string]int {
	m := map[string]int{"encrypted log": c.others["secure"], "wrong CRC": c.states[diag.BadCRC], "too short": c.states[diag.Short], "too long": c.states[diag.Long]}
	for what, n := range c.others {
		if what != "secure" && what != "multi_radio" {
			m[what] += n
		}
	}
	for code, name := range map[uint16]string{0xB821: "5G message", 0x412F: "3G message", 0x512F: "2G message", 0x713A: "2G or 3G NAS message", 0x11EB: "user traffic"} {
		m[name] = c.logs[code]
	}
	for what, n := range m {
		if n == 0 {
			delete(m, what)
		}
	}
	return m
}

// Hint says what the counts mean where nothing could be read; empty where something could.
func (c *Counts) Hint() string {
	switch {
	case c.Messages > 0:
		return ""
	case c.others["secure"] > 0:
		return "the logs are encrypted (command 0x9E): this chip lets nobody but its maker read them"
	case c.Kind == DIAG && c.Frames > 0 && c.Bad() == c.Frames:
		return "the CRC of every frame is wrong: this is no Qualcomm DIAG stream"
	case c.Kind == PCAP || c.Kind == PCAPNG:
		return "no packet is LTE RRC or EPS NAS in GSMTAP (UDP port 4729), or EPS NAS of link type 148"
	}
	return "no log packet of LTE RRC (0xB0C0) or EPS NAS (0xB0E0 to 0xB0ED) is in it: the modem was not asked for them"
}
