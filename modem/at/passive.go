package at

import "strings"

// passive is what may be sent to the modems of one family besides +X? and +X=?. Each row holds exact texts, and only surveys
// change what the radio does. A new family gets a file passive_FAMILY.go with its table, and a line in tables.
type passive struct {
	questions []asks      // they ask in another form than +X? or +X=?, and change nothing
	switches  []reporting // they change what the modem prints, never what its radio does
	surveys   []asks      // scans: the radio leaves its cell and service drops, for up to three minutes
}

// asks is a row of exact texts, separated by spaces, and what they are for. The source is the document named, else the vendor's
// AT commands manual.
type asks struct {
	texts string
	why   string
}

// reporting is a reporting switch: the texts are write followed by one of the values, which are separated by spaces.
type reporting struct {
	write  string
	values string
	why    string
}

// tables are all of them. The list is closed.
var tables = []passive{
	standard,
	cinterion,
	fibocom,
	huawei,
	meig,
	nordic,
	quectel,
	sequans,
	sierra,
	simcom,
	telit,
	ublox,
	unisoc,
	zte,
}

// standard is what V.250 and TS 27.007 define, for modems of every family.
var standard = passive{
	questions: []asks{
		{`I`, "says what the modem is (V.250 6.1.3)"},
		{`+CGMI +GMI`, "names the manufacturer (TS 27.007 5.1)"},
		{`+CGMM +GMM`, "names the model (TS 27.007 5.2)"},
		{`+CGMR +GMR`, "names the firmware (TS 27.007 5.3)"},
		{`+CSQ`, "reads the signal quality (TS 27.007 8.5)"},
		{`+CESQ`, "reads the signal quality, extended (TS 27.007 8.69)"},
		{`+CEER`, "reads why the last call, attach or context failed (TS 27.007 6.10)"},
		{`+CGED=0 +CGED=3`, "reads the GSM cells once (GSM modems)"},
	},
	switches: []reporting{
		{"E", "0 1", "echo of what is written (V.250 6.2.4)"},
		{"+CMEE=", "0 1 2", "form of error results (TS 27.007 9.1)"},
		{"+CREG=", "0 1 2 3 4 5", "reports of circuit-switched registration (TS 27.007 7.2)"},
		{"+CGREG=", "0 1 2 3 4 5", "reports of GPRS registration (TS 27.007 10.1.20)"},
		{"+CEREG=", "0 1 2 3 4 5", "reports of EPS registration (TS 27.007 10.1.22)"},
		{"+C5GREG=", "0 1 2 3 4 5", "reports of 5GS registration (TS 27.007 10.1.47)"},
		{"+COPS=", "3,0 3,1 3,2", "form in which +COPS? prints the operator; selects nothing (TS 27.007 7.3)"},
		{"+CSCON=", "0 1 2 3 4", "reports of the signalling connection (TS 27.007 10.1.30)"},
		{"+CGEREP=", "0 1 2 0,0 1,0 2,0 0,1 1,1 2,1", "reports of packet domain events (TS 27.007 10.1.19)"},
		{"+CTZR=", "0 1 2 3", "reports of the network's time zone (TS 27.007 8.41)"},
	},
	surveys: []asks{
		{`+COPS=?`, "lists the operators heard (TS 27.007 7.3)"},
	},
}

// lookUp finds a text in the tables.
func lookUp(text string) (kind Kind, why string, ok bool) {
	for _, t := range tables {
		if why, ok := find(t.questions, text); ok {
			return Query, why, true
		}
		if why, ok := find(t.surveys, text); ok {
			return Survey, why, true
		}
		for _, row := range t.switches {
			if value, ok := strings.CutPrefix(text, row.write); ok && holds(row.values, value) {
				return Reporting, row.why, true
			}
		}
	}
	return 0, "", false
}

func find(rows []asks, text string) (why string, ok bool) {
	for _, row := range rows {
		if holds(row.texts, text) {
			return row.why, true
		}
	}
	return "", false
}

// holds reports whether word is one of the words, which are separated by spaces.
func holds(words, word string) bool {
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}
