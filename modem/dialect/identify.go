package dialect

import (
	"cmp"
	"strings"

	"vigie/modem/at"
)

// IdentifyCommands ask a modem of unknown family what it is (TS 27.007 clauses 5.1 to 5.3, V.250 clause 6.1.3). None
// asks for an identity, but on many modems the answer to ATI contains the IMEI.
var IdentifyCommands = []at.Command{
	{Text: "+CGMI", Prefixes: []string{"+CGMI"}, Bare: true, Why: "the manufacturer, to choose the dialect"},
	{Text: "+CGMM", Prefixes: []string{"+CGMM"}, Bare: true, Why: "the model, to choose the dialect"},
	{Text: "+CGMR", Prefixes: []string{"+CGMR"}, Bare: true, Why: "the firmware, because layouts differ by firmware"},
	{Text: "I", Bare: true, Identity: []at.Identity{
		{Label: "IMEI:"}, {Label: "IMEI SV:"}, {Label: "IMEISV:"}, {Label: "MEID:"}, {Label: "ESN:"}, {Label: "SVN:"},
		{Label: "FSN:"}, {Label: "SN:"}, {Label: "S/N:"}, {Label: "ICCID:"}, {Label: "IMSI:"}},
		Why: "what the modem is, where the commands above are not known"},
}

// Identify decodes the answers to IdentifyCommands. The answers of the three commands take precedence over that of ATI, which
// prints either labelled lines, or manufacturer and model without labels on the first two.
func Identify(answers []Answer) Ident {
	var i identifier
	for _, a := range answers {
		i.add(a)
	}
	return i.ident()
}

// identifier identifies a modem by its answers, one after the other.
type identifier struct{ id, ati Ident }

func (i *identifier) add(a Answer) {
	lines := values(a.Lines)
	if len(lines) == 0 {
		return
	}
	switch strings.ToUpper(a.Command) {
	case "+CGMI":
		i.id.Manufacturer = lines[0]
	case "+CGMM":
		i.id.Model = lines[0]
	case "+CGMR":
		i.id.Firmware = lines[0]
	case "I":
		i.ati = identATI(lines)
	}
}

func (i *identifier) ident() Ident {
	id, ati := i.id, i.ati
	id.Manufacturer = cmp.Or(id.Manufacturer, ati.Manufacturer)
	id.Model = cmp.Or(id.Model, ati.Model)
	id.Firmware = cmp.Or(id.Firmware, ati.Firmware)
	return id
}

func identATI(lines []string) Ident {
	var id Ident
	var bare []string
	for _, l := range lines {
		label, value, labelled := strings.Cut(l, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(label)) {
		case "manufacturer":
			id.Manufacturer = value
		case "model":
			id.Model = value
		case "revision", "firmware revision":
			id.Firmware = value
		default:
			if !labelled {
				bare = append(bare, l)
			}
		}
	}
	if id.Manufacturer == "" && id.Model == "" && len(bare) >= 2 {
		id.Manufacturer, id.Model = bare[0], bare[1]
	}
	return id
}

// values are the lines of an answer without the prefix and quotes that some modems put around a value.
func values(lines []string) []string {
	var out []string
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if name, rest, ok := strings.Cut(l, ":"); ok && strings.HasPrefix(name, "+") && !strings.Contains(name, " ") {
			l = strings.TrimSpace(rest)
		}
		if l = strings.Trim(l, `"`); l != "" {
			out = append(out, l)
		}
	}
	return out
}
