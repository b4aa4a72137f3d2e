package diag

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// A DIAG port takes memory, NV and EFS writes, mode changes and resets from anybody. What Vigie may write to one is this list and
// nothing else. Passes looks at the bytes alone, not at who made them: it is the last check before the port.

// Command is a content that may be written, without CRC and escapes.
type Command struct {
	Why     string
	Content []byte
}

// Fixed are all contents that may be written except the masks of LogMask, which depend on the count that the modem answers.
func Fixed() []Command {
	return []Command{
		{"is it DIAG: version", []byte{0x00}},
		{"is it DIAG: version of the protocol", []byte{0x1C}},
		{"is it DIAG: build", []byte{0x7C}},
		{"events off", []byte{0x60, 0}},
		{"debug messages off", []byte{0x7D, 5, 0, 0, 0, 0, 0, 0}},
		{"logs off", []byte{0x73, 0, 0, 0, 0, 0, 0, 0}},
		{"how many items each equipment has", []byte{0x73, 0, 0, 0, 1, 0, 0, 0}},
	}
}

const (
	logConfig = 0x73
	setMask   = 3
	maxItems  = 4096
)

// Wanted are the log codes that Vigie may ask for. All are plain: those of protected NAS would count a message twice, and user traffic
// (0x11EB) is nobody's business.
var Wanted = []uint16{0x412F, 0x512F, 0x713A, LogRRC, LogMIB, LogServing, 0xB0E2, 0xB0E3, 0xB0EC, 0xB0ED}

// LogMask returns the content that asks for the wanted logs of one equipment: the upper four bits of a log code. items is how many
// items the modem said that it has; a code beyond is not asked for.
func LogMask(equipment, items int) (Command, error) {
	if !slices.ContainsFunc(Wanted, func(code uint16) bool { return int(code>>12) == equipment }) {
		return Command{}, fmt.Errorf("equipment %d has no log that is wanted", equipment)
	}
	if items < 0 || items > maxItems {
		return Command{}, fmt.Errorf("%d items of equipment %d: at most %d are believed", items, equipment, maxItems)
	}
	content := []byte{logConfig, 0, 0, 0, setMask, 0, 0, 0}
	content = binary.LittleEndian.AppendUint32(content, uint32(equipment))
	content = binary.LittleEndian.AppendUint32(content, uint32(items))
	return Command{Why: fmt.Sprintf("logs of equipment %d", equipment), Content: append(content, mask(equipment, items)...)}, nil
}

// mask has bit i of byte i/8 for each wanted item i.
func mask(equipment, items int) []byte {
	bits := make([]byte, (items+7)/8)
	for _, code := range Wanted {
		if item := int(code & 0xFFF); int(code>>12) == equipment && item < items {
			bits[item/8] |= 1 << (item % 8)
		}
	}
	return bits
}

// refused are commands that do harm, for the reason of a refusal.
var refused = map[byte]string{
	0x02: "reads memory", 0x03: "reads memory", 0x04: "reads memory",
	0x05: "writes memory", 0x06: "writes memory", 0x07: "writes memory",
	0x0C: "asks for the state of the terminal, which says who it is",
	0x26: "reads NV memory, where identities are", 0x27: "writes NV memory",
	0x29: "changes the mode, or resets the modem",
	0x3A: "switches to download mode",
	0x4B: "reaches subsystems: files, resets, others",
	0x63: "asks for the state of the terminal, which says who it is",
}

// Passes returns nil if content is on the list of what may be written, else why not.
func Passes(content []byte) error {
	if len(content) == 0 {
		return errors.New("not written: there is no command")
	}
	for _, c := range Fixed() {
		if slices.Equal(c.Content, content) {
			return nil
		}
	}
	if isMask(content) {
		return nil
	}
	if why := refused[content[0]]; why != "" {
		return fmt.Errorf("not written: command 0x%02X %s", content[0], why)
	}
	return fmt.Errorf("not written: command 0x%02X of %d bytes is not on the list of what may be written", content[0], len(content))
}

// isMask reports whether content asks for logs, and for none that is not wanted.
func isMask(content []byte) bool {
	if len(content) < 16 {
		return false
	}
	equipment, items := binary.LittleEndian.Uint32(content[8:]), binary.LittleEndian.Uint32(content[12:])
	if equipment > 15 || items > maxItems {
		return false
	}
	c, err := LogMask(int(equipment), int(items))
	return err == nil && slices.Equal(c.Content[:16], content[:16]) && subset(content[16:], c.Content[16:])
}

func subset(bits, of []byte) bool {
	if len(bits) != len(of) {
		return false
	}
	for i := range bits {
		if bits[i]&^of[i] != 0 {
			return false
		}
	}
	return true
}
