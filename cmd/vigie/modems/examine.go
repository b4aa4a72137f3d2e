package modems

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/modem/at"
	"vigie/modem/dialect"
)

// RuleSight is whether a modem feeds a rule.
type RuleSight struct {
	Port      string   `json:"port"`
	Rule      string   `json:"rule"`
	Available bool     `json:"available"`
	Missing   []string `json:"missing,omitempty"` // the fields that the modem does not report
}

// Examine checks modems by asking them once what watching asks. It changes nothing on them. Without devices it examines every
// modem that it finds. What was found goes to checks; it returns rule by rule what Vigie can see, and an error if there is no modem.
func Examine(ctx context.Context, p *console.Program, checks *console.Checks, host modem.Host, devices ...string) (sights []RuleSight, err error) {
	ports := named(host, devices)
	if len(ports) == 0 {
		if ports, err = find(ctx, p, host); err != nil {
			return nil, err
		}
	}
	for _, port := range ports {
		p.Err.Progress("asking %s", port.Device)
		r, err := host.Probe(ctx, port)
		p.Err.ClearProgress()
		checks.Part(strings.Join(strings.Fields(port.Device+" "+r.Ident.Manufacturer+" "+r.Ident.Model), " "))
		if err != nil {
			checks.Add(true, "port", err.Error(), console.HintOf(err))
			continue
		}
		examine(checks, &r)
		for _, a := range analyzer.Available(rules.All(), r.Reports) {
			sights = append(sights, RuleSight{port.Device, a.Rule.ID, a.Missing == 0, a.Missing.Words()})
		}
	}
	return sights, nil
}

// examine checks what a modem is, and prints rule by rule what Vigie can see with it.
func examine(t *console.Checks, r *modem.Report) {
	t.Add(false, "port", "opens, and a modem answers on it", heldBy(r.Holders))
	t.Add(false, "firmware", cmp.Or(r.Ident.Firmware, "unknown"), "")
	says, hint := "read as "+r.Dialect.Title+"; evidence: "+string(r.Dialect.Evidence), ""
	switch {
	case r.Dialect.Name == "generic" && dialect.Suspect(r.Ident) != nil:
		name := dialect.Suspect(r.Ident).Name
		hint = "it may be of the family " + name + ", of which nobody has recorded an answer: try vigie watch --family " + name + ", and contribute what vigie record writes"
	case r.Dialect.Name == "generic":
		hint = "no family is known for this modem: only what the 3GPP standard prints is read. If you know better, name it to vigie watch with --family; vigie record makes a transcript with which it can be added"
	case r.Dialect.Evidence != dialect.Recorded:
		hint = "nobody has shown us what such a modem really prints; compare with what you know, and contribute what vigie record writes"
	}
	t.Add(false, "family", says, hint)
	simHint := ""
	if r.SIM != modem.SIMReady && r.SIM != "" {
		simHint = "most modems hear the same cells without; some report a serving cell only while they are registered"
	}
	t.Add(false, "SIM", r.SIM.String(), simHint)
	says, hint = "nothing at the moment", "move the antenna, wait half a minute after plugging in, and look at vigie probe; a modem in flight mode stays silent, and Vigie never switches a radio on"
	if o := &r.Heard; o.Serving != nil {
		says, hint = cell.Heard(o.Serving), ""
		if o.State != "" {
			says += ", " + string(o.State)
		}
		if o.Neighbours != nil {
			says += ", " + console.Plural(len(o.Neighbours), "neighbour")
		}
	} else if o.State != "" {
		says = string(o.State)
	}
	t.Add(false, "hears", says, hint)
	checkPace(t, r)
	if n := len(r.Rejects); n > 0 {
		t.Add(false, "unread", fmt.Sprintf("%s that this firmware prints in a way not seen before, such as %q (%s)", console.Plural(n, "line"), r.Rejects[0].Line, r.Rejects[0].Reason),
			"they are kept raw and counted, never guessed at; contribute what vigie record writes, so that they can be read")
	}
	if n := r.Counts.Garbage + r.Counts.Echoes; n > 0 {
		t.Add(false, "line", fmt.Sprintf("%d bytes of garbage, %s of commands that Vigie did not write", r.Counts.Garbage, console.Plural(r.Counts.Echoes, "echo")),
			"does another program use the port? is the cable good? for a modem that loses characters set char_pause = \"2ms\" in its [modem]")
	}
	t.Printf("\n  What Vigie can see with it\n")
	available := analyzer.Available(rules.All(), r.Reports)
	for _, a := range available {
		if a.Missing == 0 {
			t.Printf("  %s  %-24s %s\n", t.Out.Paint(console.Green, "yes"), a.Rule.ID, a.Rule.Title)
		}
	}
	for _, a := range available {
		if a.Missing != 0 {
			t.Printf("  %s  %-24s %s\n", t.Out.Paint(console.Yellow, "no "), a.Rule.ID, a.Rule.Title)
			t.Printf("       %s\n", t.Out.Paint(console.Faint, console.Wrap(missingWords(r, a.Missing), t.Out.Width()-7, "       ")))
		}
	}
	if missing := neededOf(available); missing != 0 {
		t.Printf("\n  What to try\n")
		for _, try := range remedies(r, missing) {
			t.Printf("  - %s\n", console.Wrap(try, t.Out.Width()-4, "    "))
		}
	}
}

func heldBy(holders []modem.Holder) string {
	if len(holders) == 0 {
		return ""
	}
	return fmt.Sprintf("%v has it open too: two programs that read one port take answers from each other; vigie probe --udev prints the rules that keep ModemManager off", holders)
}

// checkPace prints how long the modem takes to answer, and whether that fits the two rates of watching.
func checkPace(t *console.Checks, r *modem.Report) {
	took := func(commands []at.Command) (sum time.Duration, slowest string) {
		for _, c := range commands {
			if sum += r.Took[c.Text]; slowest == "" || r.Took[c.Text] > r.Took[slowest] {
				slowest = c.Text
			}
		}
		return sum, slowest
	}
	serving, slow := took(r.Dialect.Serving)
	around, slower := took(r.Dialect.Around)
	round := func(d time.Duration) time.Duration { return d.Truncate(time.Millisecond) + time.Millisecond } // never 0
	says := fmt.Sprintf("%v for the serving cell, %v for all the rest", round(serving), round(around))
	hint := ""
	switch {
	case serving > time.Second:
		hint = fmt.Sprintf("AT%s takes %v: the serving cell cannot be asked about more often than that; what lasts less can be missed", slow, round(r.Took[slow]))
	case around > 5*time.Second:
		hint = fmt.Sprintf("AT%s takes %v, and the serving cell is not asked about meanwhile: slow = \"30s\" in its [modem] asks the rest less often", slower, round(r.Took[slower]))
	}
	t.Add(false, "answers", says, hint)
}

// fieldWords names what a rule needs, for a person.
var fieldWords = map[cell.Fields]string{
	cell.FieldRAT: "the radio technology", cell.FieldState: "whether it camps, searches or has limited service", cell.FieldMCC: "the country code",
	cell.FieldMNC: "the network code", cell.FieldArea: "the area code", cell.FieldCellID: "the cell identity", cell.FieldPCI: "the physical cell identity",
	cell.FieldARFCN: "the channel", cell.FieldBand: "the band", cell.FieldBandwidth: "the bandwidth", cell.FieldRSRP: "the level (RSRP)",
	cell.FieldRSRQ: "the quality (RSRQ)", cell.FieldRSSI: "the level (RSSI)", cell.FieldSINR: "the quality (SINR)", cell.FieldRSCP: "the level (RSCP)",
	cell.FieldEcIo: "the quality (Ec/Io)", cell.FieldTA: "the timing advance", cell.FieldPriority: "the reselection priority",
	cell.FieldNeighbours: "the neighbour cells", cell.FieldNeighbourIdentity: "the identity of neighbour cells", cell.FieldNeighbourPriority: "the reselection priority of neighbours",
	cell.FieldSecondary: "the carriers next to the serving cell", cell.FieldRegistration: "the registration", cell.FieldCause: "the cause of a refused registration",
	cell.FieldPosition: "its position", cell.FieldUnsolicited: "changes without being asked",
	cell.FieldBroadcast: "what cells say of themselves", cell.FieldSignalling: "signalling messages", cell.FieldPaging: "how others are paged",
}

func describeFields(f cell.Fields) string {
	var all []string
	for _, w := range f.Words() {
		one, _ := cell.ParseField(w)
		all = append(all, fieldWords[one])
	}
	return strings.Join(all, ", ")
}

// missingWords lists what a rule lacks, and whether the family never reports it or this modem refuses to.
func missingWords(r *modem.Report, missing cell.Fields) string {
	var parts []string
	if f := missing &^ r.Offers; f != 0 {
		parts = append(parts, "modems of this family do not report "+describeFields(f))
	}
	if f := missing & r.Offers; f != 0 {
		parts = append(parts, "this one could report "+describeFields(f)+", and refuses to")
	}
	return "not available here: " + strings.Join(parts, "; ")
}

func neededOf(all []analyzer.Availability) (f cell.Fields) {
	for _, a := range all {
		f |= a.Missing
	}
	return f
}

// remedies are what a person may try for what is missing.
func remedies(r *modem.Report, missing cell.Fields) []string {
	var try []string
	if refused := missing & r.Offers; refused != 0 {
		var names []string
		for _, c := range r.Refused {
			if r.Dialect.Only[c.Text]&refused != 0 {
				names = append(names, "AT"+c.Text)
			}
		}
		slices.Sort(names)
		try = append(try, fmt.Sprintf("this firmware refuses %s; another firmware of the same modem may answer", cmp.Or(strings.Join(names, ", "), "the questions about it")))
	}
	if missing&cell.FieldPosition != 0 {
		try = append(try, "for its position: vigie watch --position, where the GNSS of the modem is on already")
	}
	switch {
	case missing&^r.Offers&^cell.FieldPosition == 0:
	case r.Dialect.Name == "generic":
		try = append(try, "if the modem is of a family that Vigie knows, name it: --family with one of the names that vigie decode --help lists")
	default:
		try = append(try, "for the rest, a modem of another family next to it: vigie watch takes several at once, and firmware-notes/README.md lists what each family reports")
	}
	return try
}
