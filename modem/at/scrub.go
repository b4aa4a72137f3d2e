package at

import (
	"slices"
	"strings"
)

// Scrub removes from a line whatever looks like an identity of a subscriber or of a device, and returns how many it removed. It is
// the second net under the declared fields, and the only one for text of unknown origin. It finds
//
//   - lines and commands whose very purpose is a number, an identity, a PIN or an address: +CLIP, +CNUM, +CIMI, +CGPADDR (scrub.go),
//   - what stands after a label: IMEI:, MSIN, PUK, Temporary Mobile Subscriber Identity (scrub_labels.go),
//   - strings of 12 and more digits, also in UCS2 and in hexadecimal: IMSI, IMEI, ICCID, EID (TS 23.003 2.2 and 6.2, ITU-T E.118),
//     and numbers that begin with a plus (scrub_digits.go),
//   - the same in groups, and as the bytes in which a SIM or a message codes them (scrub_groups.go, scrub_bytes.go, scrub_separators.go),
//   - numbers before a type of address (TS 27.007 6.1), and in lines that are no rows of cells, by nothing but their length
//     (scrub_numbers.go),
//   - addresses that a network gives, network access identifiers, SUCI (scrub_address.go).
//
// Digits of any script count, and blanks and dashes of any kind (scrub_unicode.go). Stamps before a line (stamp.go) change nothing. Cell
// identities in any padding, times, levels and operator names in UCS2 stay: in the rows of cells (rows) only what is of a certain shape is
// taken. A scrubbed line is not changed by scrubbing it again.
func Scrub(line string) (string, int) {
	if isVisible(line) {
		return scrubStamped(line)
	}
	out, n := scrubStamped(visibleText(line))
	if bare := withoutSequences(out); bare != out { // they may stand in the middle of an identity, or hold one
		if again, m := scrubStamped(bare); m > 0 {
			out, n = again, n+m
		}
	}
	if n == 0 {
		return line, 0
	}
	return out, n
}

func scrubStamped(line string) (string, int) {
	end := stampEnd(line)
	if end == 0 {
		return scrubRows(line)
	}
	stamp, n := scrubRow(line[:end], "", survey(line[:end]))
	rows, m := scrubRows(line[end:])
	return stamp + rows, n + m
}

// scrubRows scrubs a line, and each row by itself where the firmware forgot to end one.
func scrubRows(line string) (string, int) {
	t := survey(line)
	prefix, _ := Prefix(line)
	if !t.mark {
		return scrubRow(line, prefix, t)
	}
	var out strings.Builder
	n := 0
	for line != "" {
		end := nextRow(line)
		if out.Len() == 0 && end == len(line) {
			return scrubRow(line, prefix, t)
		}
		prefix, _ = Prefix(line)
		if isIdentityLine(prefix) || privateArgument(line) > 0 {
			end = len(line) // nobody knows where what is private ends
		}
		row, m := scrubRow(line[:end], prefix, survey(line[:end]))
		out.WriteString(row)
		line, n = line[end:], n+m
	}
	return out.String(), n
}

// nextRow finds where another prefix begins in a line.
func nextRow(line string) int {
	for i := 1; i+3 < len(line); i++ {
		if isMark(line[i]) && isLetter(line[i+1]) {
			if prefix, _ := Prefix(line[i:]); len(prefix) > 2 && prefix == strings.ToUpper(prefix) {
				return i
			}
		}
	}
	return len(line)
}

// scrubRow scrubs one row, of which t tells what it may hold.
func scrubRow(line, prefix string, t traits) (out string, n int) {
	known := rows[prefix]
	if !known {
		if head, rest := private(line, prefix); head != "" {
			if rest = strings.TrimSpace(rest); rest == "" || rest == redacted {
				return line, 0
			}
			return head + redacted, 1
		}
	}
	do := func(changed string, m int) { line, n = changed, n+m }
	if t.word >= 9 || t.dots > 0 {
		do(scrubConcealed(line)) // whole, before the digits in it
	}
	do(scrubLabels(line))
	loose := !known && (prefix != "" || t.commas < 4)
	if !known {
		do(scrubSeparated(line, loose))
	}
	if t.run < 5 && t.word < 12 && t.cluster < 9 && t.bytes < 6 && t.colons < 2 && t.dots < 3 && !t.plus && !t.at {
		return line, n
	}
	if t.run >= 5 {
		do(scrubNumbers(line))
	}
	if t.run >= 12 || t.word >= 18 || t.plus {
		do(scrubDigits(line))
	}
	if t.cluster >= 14 || t.bytes >= 6 || t.word >= 12 || loose && t.cluster >= 9 {
		do(scrubGroups(line, !known, loose))
	}
	if loose && t.run >= 6 {
		do(scrubLoose(line, prefix))
	}
	if t.colons >= 2 || t.dots >= 3 || t.at {
		do(scrubAddresses(line, loose && !namesVersion(line, prefix)))
	}
	return line, n
}

// private splits a line whose purpose is private where that begins; head is empty where there is nothing of the kind.
func private(line, prefix string) (head, rest string) {
	if isIdentityLine(prefix) {
		return prefix + ": ", line[len(prefix)+1:]
	}
	at := max(privateArgument(line), callEvent(line))
	return line[:at], line[at:]
}

// rows are the prefixes of rows of cells, levels and registrations. Their columns hold cell identities of up to eleven digits, channels and
// levels, so that in them a number counts as one of a subscriber only by its shape. TestRowsAreKnown of modem/dialect says what is missing.
var rows = func() map[string]bool {
	all := map[string]bool{}
	for prefix := range strings.FieldsSeq("" +
		"+C5GREG +CEER +CEREG +CESQ +CGATT +CGEREP +CGED +CGREG +CMEE +COPS +CPIN +CREG +CSCON +CSQ +CTZR +CTZV +CCLK +CFUN " + // standard
		"+QCAINFO +QCELL +QCFG +QCSQ +QENG +QGPSLOC +QLTS +QNWCFG +QNWINFO +QNWLOCK +QNWPREFCFG +QOPS +QRSRP +QRSRQ +QSCAN +QSINR +QSPN " + // Quectel
		"+CCINFO +CENG +CGNSINF +CGNSSINFO +CGPSINFO +CMGRMI +CNBP +CNETCI +CNETCINONINFO +CNETCISRVINFO +CNETSCAN +CNSMOD +CNWINFO +CPSI +CSNR +CSYSSEL " + // SIMCom
		"#BND #CEERNET #CSURV #CSURVC #MONI #RFSTS #SERVINFO $GPSACP " + // Telit
		"!GPSLOC !GSTATUS !LTEINFO !NRINFO +KCELL " + // Sierra
		"^CA_INFO ^DEBUG +SQNMONI +SQNQRCC " + // Foxconn, Sequans
		"+GTCAINFO +GTCCINFO +GTRAT +XCCINFO +XCESQ +XCESQI +XLEC +XMCI +RSRP +RSRQ " + // Fibocom
		"+UBANDMASK +UCELLINFO +UCGED +ULTECELL +URAT +UREG +UULOC " + // u-blox
		"%CESQ %MDMEV %NCELLMEAS %NCELLMEASS %XCBAND %XMONITOR %XSNRSQ %XSYSTEMMODE +CNEC +CNEC_EMM +CNEC_ESM " + // Nordic
		"^ANQUERY ^CERSSI ^CHIPTEMP ^CSNR ^HCSQ ^HFREQINFO ^LTERSRP ^MODE ^MONNC ^MONSC ^MONSSC ^NRSSBID ^REJINFO ^RSSI ^SRVST ^SYSINFO ^SYSINFOEX " + // Huawei
		"+ZCAINFO +ZCELLINFO +ZRSSI +ZSINR +ZPAS +ZPASR +ZSNT +ZDON +ZDONR " + // ZTE
		"*BAND +CCED +EEMGINFO +EEMGINFOBASIC +EEMGINFONC +EEMGINFOSVC +EEMLTEINTER +EEMLTEINTERRAT +EEMLTEINTRA +EEMLTESVC +EEMOPT +EEMUMTSINTER " +
		"+EEMUMTSINTRA +EEMUMTSSVC +SGCELLINFO +SGCELLINFOEX " + // Unisoc, MeiG
		"^SMONI ^SMONP ^SMONC ^MONI ^MONP ^SCFG $QCRSRP $QCRSRQ $QCSQ +ECSTATUS +NUESTATS +CGCELLI +CELLINFO") {
		all[prefix] = true
	}
	return all
}()

// IsRow reports whether lines with a prefix are rows of cells to Scrub.
func IsRow(prefix string) bool { return rows[prefix] }

// traits are what a row may hold, at most.
type traits struct {
	run     int  // decimal digits in a row
	word    int  // hexadecimal digits in a row
	cluster int  // decimal digits with nothing but hexadecimal letters and separators of groups between them
	bytes   int  // words of two hexadecimal digits in a row, with separators or commas between them
	dots    int  // dots in a row of digits and dots
	colons  int  // in a row of words
	commas  int  //
	plus    bool // before a digit
	mark    bool // before a letter, not at the start
	at      bool //
}

// What a byte is to survey.
const (
	other = iota
	digit
	hexLetter
	groupGap
	fieldEnd
	mark
	atSign
	unclear // a broken byte may have been a digit
)

var classes = func() (table [256]uint8) {
	for c := range table {
		switch b := byte(c); {
		case isDigit(b):
			table[c] = digit
		case isHex(b):
			table[c] = hexLetter
		case isGap(b) || b|0x20 == 'x' || b == 'u': // of 0x, \x and \u
			table[c] = groupGap
		case b == ',':
			table[c] = fieldEnd
		case isMark(b):
			table[c] = mark
		case b == '@':
			table[c] = atSign
		case b >= 0x80:
			table[c] = unclear
		}
	}
	return table
}()

// survey looks at every byte once, so that the searches for what is not there can be left out.
func survey(line string) (t traits) {
	run, word, cluster, bytes, dots, colons := 0, 0, 0, 0, 0, 0
	for i := 0; i < len(line); i++ {
		class := classes[line[i]]
		switch class {
		case digit:
			run++
			word++
			cluster++
			continue
		case hexLetter:
			t.run, run = max(t.run, run), 0
			word++
			continue
		case unclear:
			continue
		}
		t.run, t.word = max(t.run, run), max(t.word, word)
		if word == 2 {
			bytes++
			t.bytes = max(t.bytes, bytes)
		} else if word > 0 && !(word == 1 && line[i]|0x20 == 'x') {
			bytes = 0
		}
		run, word = 0, 0
		if class == groupGap {
			switch line[i] {
			case '.':
				dots++
				t.dots = max(t.dots, dots)
			case ':':
				colons++
				t.colons = max(t.colons, colons)
			case ' ', '\t':
				dots, colons = 0, 0
			}
			continue
		}
		t.cluster = max(t.cluster, cluster)
		cluster, dots, colons = 0, 0, 0
		switch class {
		case fieldEnd:
			t.commas++
			continue
		case mark:
			if i+1 < len(line) {
				t.mark = t.mark || i > 0 && isLetter(line[i+1])
				t.plus = t.plus || line[i] == '+' && isDigit(line[i+1])
			}
		case atSign:
			t.at = true
		}
		bytes = 0
	}
	t.run, t.word, t.cluster = max(t.run, run), max(t.word, word), max(t.cluster, cluster)
	if word == 2 {
		t.bytes = max(t.bytes, bytes+1)
	}
	return t
}

// versions are prefixes and words of lines that name a version, such as 1.2.3.4.
var versions = strings.Fields("REVISION VERSION FIRMWARE BUILD SOFTWARE HARDWARE BASEBAND SVN FW SW")

func namesVersion(line, prefix string) bool {
	switch prefix {
	case "":
	case "+CGMR", "+GMR", "+CGMM", "+GMM", "+CGMI", "+GMI", "+QGMR", "+SIMCOMATI", "+GCAP":
		return true
	}
	upper := strings.ToUpper(line)
	return slices.ContainsFunc(versions, func(word string) bool { return strings.Contains(upper, word) })
}

// identityLines are the names, without the mark, of lines that hold a number, a name, a message, an address or what the SIM stores.
var identityLines = strings.Fields("CLIP CMT CMTI CDS CDSI CRING COLP CCWA CDIP CLCC CUSD CMGR CMGL CPBR CPBF CSCA CSIM " +
	"CRSM CGLA EGMR CNAP CSSU CDNIP DSCI ECAV ECAM ORIG XCALLINFO " +
	"CGPADDR CGCONTRDP CGSCONTRDP CGDCONT CGDSCONT CGAUTH QIACT QICSGP CNACT CIFSR UPSND DHCP DHCPV6 XDNS")

// callEvents are lines that tell of much, and of calls where their first field says so.
var callEvents = map[string][]string{"+QIND": {"ccinfo", "SMS DONE"}, "+CIEV": {"CALL", "MESSAGE"}}

// callEvent finds where the private part of such a line begins; 0 when there is none.
func callEvent(line string) int {
	prefix, rest := Prefix(line)
	kinds := callEvents[prefix]
	if kinds == nil {
		return 0
	}
	kind, rest := nextField(rest)
	if rest == "" || !slices.ContainsFunc(kinds, func(k string) bool { return strings.EqualFold(k, kind) }) {
		return 0
	}
	return len(line) - len(rest) + 1
}

// privateCommands are the names, without the mark, of commands that are given a number, a PIN or a message.
var privateCommands = strings.Fields("CMGS CMGW CMGC CPBW CSCA CUSD CPIN CPIN2 CLCK CPWD CCFC EGMR CSIM CRSM CGLA")

// isIdentityLine reports whether lines with a prefix hold what is private.
func isIdentityLine(prefix string) bool {
	return prefix != "" && !rows[prefix] && (slices.Contains(identityLines, prefix[1:]) || namesIdentity(prefix[1:]))
}

// privateArgument finds where the private part of a recorded command begins; 0 when there is none.
func privateArgument(line string) int {
	if !isCommand(line) || len(line) < 4 {
		return 0
	}
	if line[2] == 'D' || line[2] == 'd' {
		return 3
	}
	for at := range len(line) {
		if line[at] != '=' || at+1 == len(line) || line[at+1] == '?' {
			continue
		}
		start := at
		for start > 0 && isWord(line[start-1]) {
			start--
		}
		if name := strings.ToUpper(line[start:at]); slices.Contains(privateCommands, name) || namesIdentity(name) {
			return at + 1
		}
	}
	return 0
}

// replacer collects the replacements made in a line, from left to right.
type replacer struct {
	b    strings.Builder
	kept int // where the line has been copied to
	n    int
}

func (r *replacer) replace(line string, start, end int, with string) {
	r.b.WriteString(line[r.kept:start])
	r.b.WriteString(with)
	r.kept = end
	r.n++
}

func (r *replacer) done(line string) (string, int) {
	if r.n == 0 {
		return line, 0
	}
	r.b.WriteString(line[r.kept:])
	return r.b.String(), r.n
}
