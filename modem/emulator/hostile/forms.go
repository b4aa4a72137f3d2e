// Package hostile makes what a hostile modem prints: identities in every form, stamps, endless lines, floods, escapes, wrong lengths
// (modem.go). Tests and fuzzers of several packages use it. It prints nothing itself: the emulator plays its scenario. It is for tests
// only, and takes no identity of anybody: all are made up.
package hostile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf16"
)

// Form is an identity as it may be printed.
type Form struct {
	Kind    string   // "imsi in groups"
	Text    string   // one line, or several that a line end (\r\n) separates
	Secrets []string // what of it must be found nowhere (Leaks)
	Loose   bool     // a row of cells may hold the same: it is an identity only in other lines
	Whole   bool     // it is a whole line, with its prefix
}

// Person is a made-up subscriber with a device.
type Person struct {
	MCC, MNC, MSIN   string
	IMEI, ICCID, EID string
	National, Abroad string // a number as dialled at home, and with the code of the country
	TMSI, Key, PUK   string
	IPv4, IPv6       string
}

// IMSI is that of the person.
func (p Person) IMSI() string { return p.MCC + p.MNC + p.MSIN }

// NewPerson makes one up.
func NewPerson(r *rand.Rand) Person {
	digits := func(n int) string { // no two neighbours are the same, so that none of them is a filler
		b := []byte{byte('1' + r.IntN(9))}
		for len(b) < n {
			if c := byte('0' + r.IntN(10)); c != b[len(b)-1] {
				b = append(b, c)
			}
		}
		return string(b)
	}
	hex := func(n int) string {
		b := []byte("C")
		for len(b) < n {
			b = append(b, "0123456789ABCDEF"[r.IntN(16)])
		}
		return string(b)
	}
	p := Person{MCC: []string{"262", "310", "234", "208", "460", "901", "724", "250"}[r.IntN(8)], MNC: []string{"01", "26", "10", "410"}[r.IntN(4)],
		National: "0" + digits(10), TMSI: hex(8), Key: hex(32), PUK: digits(8),
		IPv4: fmt.Sprintf("10.%d.%d.%d", 20+r.IntN(200), 20+r.IntN(200), 20+r.IntN(200)),
		IPv6: fmt.Sprintf("2a02:%x:%x:%x::%x", 0x1000+r.IntN(0xefff), 0x1000+r.IntN(0xefff), 0x1000+r.IntN(0xefff), 0x1000+r.IntN(0xefff))}
	p.MSIN = digits(15 - len(p.MCC) - len(p.MNC))
	p.Abroad = "49" + p.National[1:]
	p.IMEI = checked([]string{"35", "86", "01"}[r.IntN(3)] + digits(12))
	p.ICCID = checked("8949" + digits(15-r.IntN(2)))
	p.EID = "8904" + digits(28)
	return p
}

// checked adds the check digit of ISO/IEC 7812-1.
func checked(digits string) string {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

// gaps stand between the groups of what is printed in groups.
var gaps = []string{"-", ".", "/", ":", " ", "\u00a0", "\u2009", "\u2011", "  ", " - ", "_", "\t"}

// Forms are all forms of a person's identities: several hundred, by kind.
func (p Person) Forms() []Form {
	return slices.Concat(p.plain(), p.groups(), p.separated(), p.bytes(), p.coded(), p.labels(), p.scripts(), p.cut(), p.numbers(), p.addresses(), p.identifiers())
}

func (p Person) plain() []Form {
	return []Form{
		{Kind: "imsi", Text: p.IMSI(), Secrets: []string{p.MSIN}}, {Kind: "imsi", Text: `"` + p.IMSI() + `"`, Secrets: []string{p.MSIN}},
		{Kind: "imsi that is cut off", Text: p.IMSI()[:12], Secrets: []string{p.IMSI()[:12]}}, {Kind: "imei", Text: p.IMEI, Secrets: []string{p.IMEI}}, {Kind: "imeisv", Text: p.IMEI[:14] + "07", Secrets: []string{p.IMEI[:14]}},
		{Kind: "iccid", Text: p.ICCID, Secrets: []string{p.ICCID[8:]}}, {Kind: "iccid", Text: p.ICCID[:19] + "F", Secrets: []string{p.ICCID[8:18]}},
		{Kind: "eid", Text: p.EID, Secrets: []string{p.EID[8:]}},
	}
}

// split puts a gap between groups of these sizes; the last size holds for the rest.
func split(digits, gap string, sizes ...int) string {
	var parts []string
	for i := 0; digits != ""; i++ {
		n := min(sizes[min(i, len(sizes)-1)], len(digits))
		parts = append(parts, digits[:n])
		digits = digits[n:]
	}
	return strings.Join(parts, gap)
}

func (p Person) groups() (all []Form) {
	plmn := len(p.MCC) + len(p.MNC)
	add := func(kind, digits, secret, gap string, sizes ...int) {
		text := split(digits, gap, sizes...)
		all = append(all, Form{Kind: kind + " in groups", Text: text, Secrets: []string{secret}})
	}
	for _, gap := range gaps {
		for _, sizes := range [][]int{{3, len(p.MNC), 15}, {plmn, 15}, {3, len(p.MNC), 3, 3, 4}, {3, len(p.MNC), 5, 5}, {3}, {5}, {3, 12}, {4}, {2}} {
			add("imsi", p.IMSI(), p.MSIN, gap, sizes...)
		}
		for _, sizes := range [][]int{{2, 6, 6, 1}, {6, 2, 6, 1}, {8, 6, 1}, {8, 7}, {3}, {5}, {2}} {
			add("imei", p.IMEI, p.IMEI, gap, sizes...)
		}
		for _, sizes := range [][]int{{2}, {4}, {5}, {3}, {6}} {
			add("iccid", p.ICCID, p.ICCID[8:], gap, sizes...)
		}
		for _, sizes := range [][]int{{4}, {3, 3, 3, 3, 4}, {5}} {
			text := split(p.IMEI[:14]+"07", gap, sizes...)
			all = append(all, Form{Kind: "imeisv in groups", Text: text, Secrets: []string{p.IMEI[:14]}, Loose: gap == "."})
		}
		add("imsi", p.IMSI(), p.MSIN, gap, 2, 2, 4)
		add("imei", p.IMEI, p.IMEI, gap, 2, 2, 4)
		add("iccid", p.ICCID, p.ICCID[8:], gap, 2, 2, 4)
		for _, sizes := range [][]int{{2}, {4}, {8}} {
			add("eid", p.EID, p.EID[8:], gap, sizes...)
		}
	}
	return all
}

// separated are identities with separators of fields between their groups.
func (p Person) separated() (all []Form) {
	add := func(kind, text, secret string) {
		all = append(all, Form{Kind: kind + " with separators", Text: text, Secrets: []string{secret}, Loose: true})
	}
	for _, gap := range []string{"|", ";", "*", "#", "~", "=", "'", " | ", "; ", "&nbsp;", "%20", "+"} {
		for _, sizes := range [][]int{{3, len(p.MNC), 15}, {3, len(p.MNC), 5, 5}, {3}, {5}, {4}, {2}} {
			add("imsi", split(p.IMSI(), gap, sizes...), p.MSIN)
		}
		for _, sizes := range [][]int{{2, 6, 6, 1}, {8, 6, 1}, {3}, {5}} {
			add("imei", split(p.IMEI, gap, sizes...), p.IMEI)
		}
		add("imsi", split(p.IMSI(), ", ", 3, len(p.MNC), 15), p.MSIN)
		add("iccid", split(p.ICCID, gap, 4), p.ICCID[8:])
		add("iccid", split(p.ICCID, gap, 5), p.ICCID[8:])
	}
	bcd := swap(p.IMSI() + "F")
	for _, hex := range []string{bcd, "08" + swap("9"+p.IMSI())} {
		for _, gap := range []string{"|", ";", "%", `","`, `", "`, "h ", "h,", "','"} {
			text := split(hex, gap, 2)
			switch gap[0] {
			case 'h':
				text += "h"
			case '%':
				text = gap + text
			}
			add("imsi in bytes", text, hex[len(hex)-8:])
		}
		for _, gap := range []string{" ", "-", ":"} {
			add("imsi in words", split(hex, gap, 4), hex[len(hex)-8:])
		}
	}
	var tens, hexes []string
	for _, c := range p.IMSI() {
		tens, hexes = append(tens, fmt.Sprint(c)), append(hexes, fmt.Sprintf("0x%x", c))
	}
	add("imsi in ascii", strings.Join(tens, ","), strings.Join(tens[6:], ","))
	add("imsi in ascii", strings.Join(hexes, ","), strings.Join(hexes[6:], ","))
	add("imsi in ascii", strings.Join(hexes, ", "), strings.Join(hexes[6:], ", "))
	return all
}

// swap swaps the digits of each byte; F fills the last.
func swap(digits string) string {
	if len(digits)%2 != 0 {
		digits += "F"
	}
	b := []byte(digits)
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

// bytes are identities as SIM and messages code them.
func (p Person) bytes() (all []Form) {
	plmn := swap(p.MCC + "F" + p.MNC)
	if len(p.MNC) == 3 {
		plmn = swap(p.MCC + p.MNC[2:] + p.MNC[:2])
	}
	for _, c := range []struct{ kind, hex string }{
		{"imsi of a sim", "08" + swap("9"+p.IMSI())}, {"imsi of a message", swap("9" + p.IMSI())}, {"iccid of a sim", swap(p.ICCID[:19] + "F")},
		{"imei of a message", "08" + swap("A"+p.IMEI)}, {"guti", "0BF6" + plmn + "800101" + p.TMSI}, {"tmsi of a message", "05F4" + p.TMSI},
	} {
		secret := c.hex[len(c.hex)-8:]
		for _, gap := range []string{" ", ":", "-", " 0x", ":0x", ",0x", `\x`, "\u00a0", "  "} {
			text := split(c.hex, gap, 2)
			if i := strings.IndexAny(gap, `0\`); i >= 0 && !strings.HasPrefix(gap, "\u00a0") {
				text = gap[i:] + text
			}
			all = append(all, Form{Kind: c.kind, Text: text, Secrets: []string{secret}}, Form{Kind: c.kind, Text: strings.ToLower(text), Secrets: []string{secret}})
		}
		if c.kind != "tmsi of a message" {
			all = append(all, Form{Kind: c.kind, Text: c.hex, Secrets: []string{secret}}, Form{Kind: c.kind, Text: "0x" + c.hex, Secrets: []string{secret}})
		}
		all = append(all, Form{Kind: c.kind, Text: split(c.hex, ",", 2), Secrets: []string{secret}, Loose: true})
	}
	return all
}

func ucs2(s string) string {
	var b strings.Builder
	for _, c := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", c)
	}
	return b.String()
}

// coded are identities in the character sets of modems.
func (p Person) coded() (all []Form) {
	for _, c := range []struct{ kind, text, secret string }{{"imsi in ucs2", p.IMSI(), p.MSIN}, {"number in ucs2", p.National, p.National[1:]},
		{"number in ucs2", "+" + p.Abroad, p.National[1:]}, {"msin in ucs2", p.MSIN, p.MSIN}, {"imei in ucs2", p.IMEI, p.IMEI}} {
		hex := ucs2(c.text)
		secret := []string{ucs2(c.secret)}
		all = append(all, Form{Kind: c.kind, Text: hex, Secrets: secret}, Form{Kind: c.kind, Text: `"` + hex + `"`, Secrets: secret},
			Form{Kind: c.kind, Text: strings.ToLower(hex), Secrets: secret}, Form{Kind: c.kind, Text: split(hex, " ", 2), Secrets: secret, Loose: true},
			Form{Kind: c.kind, Text: split(hex, " ", 4), Secrets: secret}, Form{Kind: c.kind, Text: `\u` + split(hex, `\u`, 4), Secrets: secret})
	}
	return append(all, Form{Kind: "imsi in ascii", Text: fmt.Sprintf("%X", p.IMSI()), Secrets: []string{fmt.Sprintf("%X", p.MSIN)}})
}

func (p Person) labels() (all []Form) {
	for _, c := range []struct{ labels, value, secret string }{
		{"IMSI|Imsi|imsi|International Mobile Subscriber Identity|USIM IMSI", p.IMSI(), p.MSIN},
		{"IMEI|IMEISV|imei1|IMEI2|International Mobile Equipment Identity", p.IMEI, p.IMEI},
		{"MSIN|msin|Mobile Subscriber Identification Number", p.MSIN, p.MSIN},
		{"ICCID|CCID|Integrated Circuit Card Identifier", p.ICCID, p.ICCID[8:]}, {"EID", p.EID, p.EID[8:]},
		{"TMSI|P-TMSI|M-TMSI|S-TMSI|5G-S-TMSI|GUTI|Temporary Mobile Subscriber Identity", p.TMSI, p.TMSI},
		{"PUK|PUK1|PUK2|PIN|PIN1|PIN code|Personal Unblocking Key", p.PUK, p.PUK}, {"Ki|KI|OPc|Kc|Authentication Key", p.Key, p.Key[4:]},
		{"MSISDN|MDN|Phone Number|Own number|Subscriber Number", p.National[1:], p.National[1:]}, {"Serial Number|S/N|MEID|FSN", p.IMEI[:14], p.IMEI[:14]},
	} {
		for label := range strings.SplitSeq(c.labels, "|") {
			for _, sign := range []string{": ", ":", "=", " = ", " "} {
				all = append(all, Form{Kind: "label " + label, Text: label + sign + c.value, Secrets: []string{c.secret}})
			}
			all = append(all, Form{Kind: "label " + label, Text: `"` + label + `","` + c.value + `"`, Secrets: []string{c.secret}},
				Form{Kind: "label " + label, Text: label + " (" + c.value + ")", Secrets: []string{c.secret}})
		}
	}
	return all
}

// zeros are the digits zero of scripts; nine others follow each.
var zeros = []rune{0x2080, 0xFF10, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0xA620, 0x104A0, 0x1D7CE, 0x1D7D8, 0x1D7F6}

// otherDigits are from zero to nine what is no digit of a script, and in keycaps.
var otherDigits = [][]string{strings.Split("⁰¹²³⁴⁵⁶⁷⁸⁹", ""), strings.Split("⓪①②③④⑤⑥⑦⑧⑨", ""), strings.Split("⓿❶❷❸❹❺❻❼❽❾", ""), strings.Split("⓪⓵⓶⓷⓸⓹⓺⓻⓼⓽", ""), strings.Split("🄋➀➁➂➃➄➅➆➇➈", ""),
	strings.Split("🄌➊➋➌➍➎➏➐➑➒", ""), strings.Split("🄀⒈⒉⒊⒋⒌⒍⒎⒏⒐", ""), strings.Split("🄁🄂🄃🄄🄅🄆🄇🄈🄉🄊", ""), strings.SplitAfter("0️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣9️⃣", "⃣")[:10]}

// pairs are the arguments of a replacer that writes digits so.
func pairs(digits []string) (all []string) {
	for i, d := range digits {
		all = append(all, string(rune('0'+i)), d)
	}
	return all
}

func (p Person) scripts() (all []Form) {
	for _, zero := range zeros {
		write := func(s string) string {
			return strings.Map(func(r rune) rune {
				if '0' <= r && r <= '9' {
					return zero + r - '0'
				}
				return r
			}, s)
		}
		kind := fmt.Sprintf("digits of U+%04X", zero)
		all = append(all, Form{Kind: kind, Text: write(p.IMSI()), Secrets: []string{p.MSIN}}, Form{Kind: kind, Text: write(split(p.IMSI(), " ", 3, len(p.MNC), 15)), Secrets: []string{p.MSIN}},
			Form{Kind: kind, Text: "IMEI: " + write(p.IMEI), Secrets: []string{p.IMEI}}, Form{Kind: kind, Text: write(p.MSIN), Secrets: []string{p.MSIN}, Loose: true},
			Form{Kind: kind, Text: write(p.National), Secrets: []string{p.National[1:]}, Loose: true})
	}
	for _, digits := range otherDigits {
		write := strings.NewReplacer(pairs(digits)...).Replace
		kind := "digits like " + string(digits[1])
		all = append(all, Form{Kind: kind, Text: write(p.IMSI()), Secrets: []string{p.MSIN}}, Form{Kind: kind, Text: "IMEI: " + write(p.IMEI), Secrets: []string{p.IMEI}},
			Form{Kind: kind, Text: write(p.National), Secrets: []string{p.National[1:]}, Loose: true})
	}
	wide := func(s string) string {
		return strings.Map(func(r rune) rune { return r - '!' + 0xFF01 }, s)
	}
	return append(all, Form{Kind: "full-width letters", Text: wide("IMSI:" + p.IMSI()), Secrets: []string{p.MSIN}},
		Form{Kind: "invisible characters", Text: p.IMSI()[:6] + "\u200b" + p.IMSI()[6:10] + "\u2060" + p.IMSI()[10:], Secrets: []string{p.MSIN}},
		Form{Kind: "directions", Text: "\u202e" + p.IMSI() + "\u202c", Secrets: []string{p.MSIN}})
}

// cut are identities that line ends divide.
func (p Person) cut() (all []Form) {
	for i := 4; i < 13; i++ {
		for _, end := range []string{"\r\n", "\r\n\r\n"} {
			secret := []string{p.IMSI()[i:], p.MSIN}
			if len(p.IMSI())-i < 5 {
				secret = []string{p.MSIN, p.MSIN[:len(p.MSIN)-15+i]}
			}
			all = append(all, Form{Kind: "imsi over two lines", Text: p.IMSI()[:i] + end + p.IMSI()[i:], Secrets: secret, Loose: true})
		}
	}
	for _, size := range []int{1, 2, 3, 4, 5, 6} {
		for _, c := range []struct{ digits, secret string }{{p.IMSI(), p.MSIN}, {p.IMEI, p.IMEI[8:]}, {p.ICCID, p.ICCID[8:]}} {
			all = append(all, Form{Kind: "over many lines", Text: split(c.digits, "\r\n", size), Secrets: []string{c.secret}, Loose: true})
		}
	}
	return append(all, Form{Kind: "imsi over many lines", Text: split(p.IMSI(), "\r\n", 3, 5, 7), Secrets: []string{p.MSIN}, Loose: true},
		Form{Kind: "label over two lines", Text: "IMSI:\r\n" + p.MSIN, Secrets: []string{p.MSIN}, Loose: true},
		Form{Kind: "label over two lines", Text: "TMSI: \r\n" + p.TMSI, Secrets: []string{p.TMSI}, Loose: true})
}

func (p Person) numbers() (all []Form) {
	n, local := p.National, p.National[1:]
	for _, text := range []string{n, p.MSIN, "+" + p.Abroad, `"` + n + `"`, "00" + p.Abroad, "call " + n, n + ";", "(" + n + ")"} {
		secret := local
		if text == p.MSIN {
			secret = p.MSIN
		}
		all = append(all, Form{Kind: "number", Text: text, Secrets: []string{secret}, Loose: text[0] != '+'})
	}
	for _, gap := range []string{" ", "-", "/", "\u00a0"} {
		all = append(all, Form{Kind: "number in groups", Text: n[:4] + gap + n[4:], Secrets: []string{local}, Loose: true},
			Form{Kind: "number in groups", Text: split(n, gap, 4, 3, 4), Secrets: []string{local}, Loose: true},
			Form{Kind: "number in groups", Text: split(p.Abroad[:12]+"5", gap, 3, 3, 3, 4), Secrets: []string{p.Abroad[2:12]}, Loose: true},
			Form{Kind: "number in groups", Text: "+" + split(p.Abroad, gap, 2, 3, 8), Secrets: []string{local}, Loose: true},
			Form{Kind: "number in groups", Text: "00" + split(p.Abroad, gap, 2, 3, 8), Secrets: []string{local}, Loose: true})
	}
	for _, line := range []string{`+XRING: "%s",129`, `+CLIP: "%s",161`, `+CNUM: ,"%s",129`, `+XCALL: %s`, `^NUMBER: 1,2,3,4,"%s"`, `+CIEV: "CALL",1,"%s"`, `*ECAV: 1,6,1,,,"%s",129`} {
		all = append(all, Form{Kind: "number in a line about calls", Text: fmt.Sprintf(line, n), Secrets: []string{local}, Whole: true})
	}
	return append(all, Form{Kind: "msin in an unsolicited line", Text: "+XMSIN: " + p.MSIN, Secrets: []string{p.MSIN}, Whole: true},
		Form{Kind: "msin in an unsolicited line", Text: `^SUBSCRIBER: 1,"` + p.MSIN + `"`, Secrets: []string{p.MSIN}, Whole: true})
}

func (p Person) addresses() (all []Form) {
	add := func(secret, text string) {
		all = append(all, Form{Kind: "address", Text: text, Secrets: []string{secret}, Whole: true})
	}
	masked := p.IPv4 + ".255.255.255.0"
	octets := "42.2." + strings.ReplaceAll(strings.TrimPrefix(p.IPv4, "10."), ".", ".") + ".18.52.0.1.0.0.0.0.0.0.17"
	for _, a := range []string{p.IPv4, masked, p.IPv6, octets} {
		secret := a
		if a == masked {
			secret = p.IPv4
		}
		for _, line := range []string{`+CGPADDR: 1,"%s"`, `+CGPADDR: 1,%s`, `+CGCONTRDP: 1,5,"internet","%s","10.1.1.1","8.8.8.8"`, `+CGDCONT: 1,"IP","internet","%s",0,0`, `+QIACT: 1,1,1,"%s"`,
			`+CNACT: 0,1,"%s"`, `+UPSND: 0,0,"%s"`, `+XIPADDR: "%s"`, `IP: %s`, `^IPADDR: %s`} {
			add(secret, fmt.Sprintf(line, a))
		}
	}
	padded := strings.Split(p.IPv4, ".")
	for i, o := range padded {
		padded[i] = fmt.Sprintf("%03s", o)
	}
	for _, line := range []string{"%s:5060", "addr=%send", "v%s", "[%s]:80", "http://%s:8080/x", "%s/24"} {
		add(p.IPv4, fmt.Sprintf(line, p.IPv4))
	}
	add(strings.Join(padded, "."), "IP "+strings.Join(padded, "."))
	return all
}

// identifiers are those of TS 23.003 that look like names on the internet.
func (p Person) identifiers() (all []Form) {
	realm := fmt.Sprintf("mnc%03s.mcc%s.3gppnetwork.org", p.MNC, p.MCC)
	for _, text := range []string{
		"0" + p.IMSI() + "@nai.epc." + realm, p.IMSI() + "@ims." + realm, "suci-0-" + p.MCC + "-" + p.MNC + "-0000-0-0-" + p.MSIN,
		"SUCI: 0-" + p.MCC + "-" + p.MNC + "-0000-0-0-" + p.MSIN, "type0.rid0000.schid0.userid" + p.MSIN + "@5gc." + realm, "type0.rid0000.schid0.userid" + p.MSIN,
		"imsi-" + p.IMSI(), "SUPI imsi-" + p.IMSI(), "userid" + p.MSIN,
	} {
		all = append(all, Form{Kind: "identifier", Text: text, Secrets: []string{p.MSIN}})
	}
	return append(all,
		Form{Kind: "identifier", Text: "type1.rid678.schid1.hnkey27.ecckey" + p.Key + p.Key + ".cip" + p.TMSI + ".mac" + p.Key[:16] + "@5gc." + realm, Secrets: []string{p.Key, p.TMSI}},
		Form{Kind: "identifier", Text: "sip:+" + p.Abroad + "@ims." + realm, Secrets: []string{p.National[1:]}}, Form{Kind: "identifier", Text: "tel:+" + p.Abroad, Secrets: []string{p.National[1:]}},
		Form{Kind: "identifier", Text: "msisdn-" + p.Abroad, Secrets: []string{p.National[1:]}})
}
