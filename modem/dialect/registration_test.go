package dialect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
)

// registrationOf decodes one line and gives its registration; none when it was refused.
func registrationOf(line, command string) (g cell.Registration, refused bool) {
	x := generic.Decode([]Answer{{Command: command, Lines: []string{line}}})
	if len(x.Observation.Registration) == 0 {
		return g, true
	}
	return x.Observation.Registration[0], false
}

// What modems print, as ModemManager's tests, drivers and logs in public have it. "" in want is a refusal.
func TestRegistrationForms(t *testing.T) {
	for _, x := range []struct{ line, want, asked string }{ // status, area, cell id, act; asked only where it differs
		{`+CREG: 2`, "2", ""},
		{`+CEREG: 1,2`, "2", ""},
		{`+CREG:002,001`, "1", ""},
		{`+CEREG: 5,"FFFE"`, "5", ""},
		{`+CEREG: 5,1F00`, "5 7936", ""},
		{`+CREG: 1,0005`, "", ""}, // a status or an area
		{`+CREG: 2,12`, "2 18", ""},
		{`+CREG: 12`, "", ""},
		{`+CREG: 2,7x`, "", ""},
		{`+CREG: 7,5`, "", ""},
		{`+CREG: 2,,`, "2", ""},
		// quoted
		{`+CREG: 1,1,"2B2A","1F2D3D"`, "1 11050 2043197", ""},
		{`+CREG: 0,1,"1A3B","1F2E"`, "1 6715 7982", ""},
		{`+CREG:002,001,"18f8","ffff"`, "1 6392", ""},
		{`+CREG: 001,"0001","0010",000`, "1 1 16 0", ""},
		{`+CREG: 2,"1","1A2D001",7`, "2 1 27447297 7", ""},
		{`+CREG: 11,"0101","0201",0`, "11 257 513 0", ""},
		{`+CGREG: 2, 1, "0426", "F00F"`, "1 1062 61455", ""},
		{`+CGREG: 1,"1422","00000142",3,"00"`, "1 5154 322 3", ""},
		{`+CGREG: 1, "0426", "F0,0F"`, "1 1062", ""}, // Thuraya: a cell id in two pieces
		{`+CEREG: 2,"1234","01020304",14`, "2 4660 16909060 14", ""},
		{`+CEREG: 1,"1F00","20","79D903",7`, "1 7936 7985411 7", ""},
		{`+CREG: 6,1,"1A3B","1F2E"`, "", ""}, // quotes say that it is a reply, and n is none
		{`+CREG: 2,13,"1A3B","1F2E"`, "", ""},
		{`+CREG: 12,"1A3B","1F2E"`, "", ""},
		{`+CREG: "2","1","2B2A","1F2D3D"`, "1 11050 2043197", ""},
		{`+CREG: "1","84CD","00D30173"`, "1 33997 13828467", ""},
		{`+CREG: “2”,“1”,“2B2A”,“1F2D3D”`, "1 11050 2043197", ""},
		{`+CREG: 1,1,“2B2A”,“1F2D3D”`, "1 11050 2043197", ""},
		{`+CREG: 2,1,“2B2A","1F2D3D”,"7"`, "1 11050 2043197 7", ""},
		{`+CREG: 1,"9999",,"0001",0`, "1 39321", ""},
		{`+CREG: 5,\"2A1B\",\"0012AB03\",6`, "", ""},
		{`+CREG: 2,5,\"2A1B\",\"0012AB03\",6`, "", ""},
		{`+CEREG: 2,1,"1F00","79D903",77`, "1 7936", ""},
		{`+CREG: 2,1,"2D6600","1CA74B017",11`, "1 2975232 7691612183 11", ""},
		{`+CREG: 2,1,"12345","FFFFFFFFFF",7`, "", ""},
		// without quotes
		{`+CREG: 0,1,84CD,00D30173`, "1 33997 13828467", ""},
		{`+CREG: 1,84CD,00D30156`, "1 33997 13828438", ""},
		{`+CREG: 2,8BE3,2BAF`, "2 35811 11183", ""},
		{`+CREG: 2,1,8BE3,2BAF`, "1 35811 11183", ""},
		{`+CREG:2,1,0001,0010`, "1 1 16", ""},
		{`+CREG: 1,0001,0010,0`, "1 1 16 0", "1 16"},
		{`+CREG: 2,0,00,0`, "0", ""},
		{`+CGREG: 2,1, 81ED, 1A9CEB`, "1 33261 1744107", ""},
		{`+CREG: 2,1,000B,2816, B, C2816`, "1 11", ""},
		{`+CREG: 2,1,  0 5, 2715`, "1 - 10005", ""},
		{`+CEREG: 2,1, 1F00, 79D903 ,7`, "1 7936 7985411 7", ""},
		{`+CEREG: 1, 1F00, 79D903 ,7`, "1 7936 7985411 7", ""},
		{`+CEREG: 1, 2, 0002, 00000110, 7`, "2 2 272 7", ""},
		{`+CEREG: 2, 0001, 00000100, 7`, "2 1 256 7", ""},
		{`+CEREG: 2,1, 1F00, 20 ,79D903 ,7`, "1 7936 7985411 7", ""},
		{`+CEREG: 1, 1F00, 20 ,79D903 ,7`, "1 7936 7985411 7", ""},
		{`+C5GREG: 2,1,1F00,79D903,11,6,ABCDEF`, "1 7936 7985411 11", ""},
		{`+C5GREG: 1,1F00,79D903,11,6,ABCDEF`, "1 7936 7985411 11", ""},
		{`+CREG: 1,5,2715`, "1 5 10005", "5 10005"},
		{`+CREG: 6,5,2715`, "6 5 10005", ""},
		{`+CREG: 5,5,1F00,79D903,7`, "5 7936 7985411 7", ""},
		{`+CREG: 5,1F00,79D903,7,0,15`, "5 7936 7985411 7", ""},
		{`+CREG: 2,1,1A2D001,7`, "2 1 27447297 7", "2 1 27447297 7"}, // the next column is too long for an area
		{`+CREG: 3,3,,,,0,15`, "3", ""},
		{`+CREG: 3,,,,0,15`, "3", ""},
		{`+CEREG: 3,3,,,,0,15`, "3", ""},
		{`+CREG: 5,5,ZZZZ,0001,7`, "", ""},
		{`+CREG: 1,84CD,00D30173,ZZ`, "1 33997", ""},
		{`+CREG: 1,,00D30173`, "", ""},
		{`+CEREG: 5,1,1F00,79D903,7,0`, "1 7936 7985411 7", ""},
	} {
		for _, asked := range []bool{false, true} {
			name, _, _ := strings.Cut(x.line, ":")
			command, want := "", x.want
			if asked {
				command = name + "?"
				if x.asked != "" {
					want = x.asked
				}
			}
			g, refused := registrationOf(x.line, command)
			require.Equal(t, want == "", refused, "%s, asked: %v", x.line, asked)
			if refused {
				continue
			}
			got := []string{fmt.Sprint(g.Status.Or(255)), "-", "-", "-"}
			if a, ok := g.Area.Get(); ok {
				got[1] = fmt.Sprint(a)
			}
			if id, ok := g.CellID.Get(); ok {
				got[2] = fmt.Sprint(id)
			}
			if act, ok := g.AcT.Get(); ok {
				got[3] = fmt.Sprint(act)
			}
			require.Equal(t, want, strings.TrimRight(strings.Join(got, " "), " -"), "%s, asked: %v", x.line, asked)
		}
	}
}

// The session takes a line as the answer to a pending query where its reader takes it for a reply.
func TestRegistrationOwned(t *testing.T) {
	for line, n := range map[string]string{
		"+CREG: 1": "", "+CREG: 2,1": "2", "+CREG: 002,001": "2", "+CREG: 2,,": "", `+CREG: 1,1,"2B2A","1F2D3D"`: "1",
		`+CREG: 1,"2B2A","1F2D3D"`: "", "+CREG: 1,84CD,00D30173": "", "+CREG: 1,5,2715": "1", `+CEREG: 5,"FFFE"`: "",
		"+CREG: 2,1,1A2D001,7": "", "+CEREG: 3,3,,,,0,15": "3", "+CREG: 6,5,2715": "", "+CEREG: 1, 2, 0002, 00000110, 7": "1",
		`+CREG: 2,5,\"2A1B\",\"0012AB03\",6`: "", "+COPS: 0": "", "": "", "+CREG:": "", "+CREG: 2,7x": "",
	} {
		require.Equal(t, n != "", ownsRegistration(line), line)
		got, _ := registrationReply(line)
		require.Equal(t, n, got, line)
	}
}

// madeRegistration is a line as a modem may print it, and what it means.
type madeRegistration struct {
	line  string
	reply bool
	want  cell.Registration
	fixed bool // quotes or widths leave no doubt: it must be read
}

// makeRegistration draws form, domain, quoting, padding and widths.
func makeRegistration(t *rapid.T) madeRegistration {
	name := rapid.SampledFrom([]string{"+CREG", "+CGREG", "+CEREG", "+C5GREG"}).Draw(t, "name")
	m := madeRegistration{reply: rapid.Bool().Draw(t, "reply")}
	domain := registrationDomain(name)
	m.want.Domain = domain
	act := rapid.SampledFrom(map[cell.Domain][]uint8{cell.CS: {0, 2, 7, 13}, cell.PS: {0, 3, 6, 7}, cell.EPS: {7, 9, 14, 15}, cell.FGS: {10, 11, 12, 16}}[domain]).Draw(t, "act")
	rat := cell.RATByAcT(act)
	if domain == cell.FGS {
		rat = cell.NR
	}
	pad := func(s, label string, widths ...int) string {
		if w := rapid.SampledFrom(append(widths, 0)).Draw(t, label); len(s) < w {
			return strings.Repeat("0", w-len(s)) + s
		}
		return s
	}
	number := rapid.SampledFrom([]int{0, 0, 2, 3}).Draw(t, "width of numbers")
	status := rapid.SampledFrom([]uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 90, 99}).Draw(t, "stat")
	m.want.Status = cell.Some(status)
	quote := rapid.SampledFrom([]string{`"`, "", "“"}).Draw(t, "quote")
	closing := strings.ReplaceAll(quote, "“", "”")
	f := []string{fmt.Sprintf("%0*d", number, status)}
	if m.reply {
		f = append([]string{fmt.Sprintf("%0*d", number, rapid.IntRange(0, 5).Draw(t, "n"))}, f...)
	}
	columns := rapid.IntRange(0, 3).Draw(t, "columns") // none, area, and id, and act
	m.fixed = columns == 0 || quote != "" && !(m.reply && columns == 0)
	if columns > 0 {
		area := rapid.Uint32Range(1, uint32(rat.MaxArea())-2).Filter(func(a uint32) bool { return !cell.Area(a).Reserved(rat) }).Draw(t, "area")
		if columns < 3 {
			area = rapid.Uint32Range(1, 0xFFFD).Draw(t, "area without act")
		}
		if rapid.Bool().Draw(t, "small") {
			area = rapid.Uint32Range(1, 0x99).Draw(t, "small area")
		}
		m.want.Area = cell.Some(cell.Area(area))
		f = append(f, quote+pad(fmt.Sprintf("%X", area), "width of area", 4, 8)+closing)
	}
	if columns > 1 {
		most := min(rat.MaxCellID(), 1<<28) - 2
		id := rapid.OneOf(rapid.Uint64Range(1, 0x200), rapid.Uint64Range(1, 0xFFFE), rapid.Uint64Range(1, most)).
			Filter(func(v uint64) bool { return !allOnes(v) && (rat != cell.GSM || v < 0xFFFF) }).Draw(t, "id")
		m.want.CellID = cell.Some(id)
		f = append(f, quote+pad(fmt.Sprintf("%x", id), "width of id", 4, 8, 16)+closing)
	}
	if columns > 2 {
		m.want.AcT = cell.Some(act)
		f = append(f, fmt.Sprintf("%0*d", number, act))
		m.tail(t, domain, func(s string) string { return quote + s + closing }, &f)
	}
	blank := rapid.SampledFrom([]string{"", " "}).Draw(t, "blank")
	m.line = name + ":" + blank + strings.Join(f, ","+blank)
	return m
}

// tail draws what follows the access technology.
func (m *madeRegistration) tail(t *rapid.T, domain cell.Domain, quote func(string) string, f *[]string) {
	own := map[cell.Domain][]string{cell.PS: {quote("FF")}, cell.FGS: {"1", quote("01")}}[domain]
	switch rapid.IntRange(0, 2).Draw(t, "more") {
	case 1:
		*f = append(*f, own...)
	case 2:
		kind, cause := rapid.IntRange(0, 1).Draw(t, "cause type"), rapid.IntRange(1, 255).Draw(t, "cause")
		*f = append(append(*f, own...), fmt.Sprint(kind), fmt.Sprint(cause))
		m.want.CauseType, m.want.Cause = cell.Some(uint8(kind)), cell.Some(uint16(cause))
		if (domain == cell.EPS || domain == cell.PS) && rapid.Bool().Draw(t, "timers") {
			*f = append(*f, quote("11100000"), quote("00100110"))
		}
	}
}

// However a line is made, what is read of it is right, or it is refused; and what is in quotes is read. Lines that mean two
// things by themselves are those without quotes in which an area looks like a status: there the pending question decides, or
// what modems print.
func TestRegistrationIsRightOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := makeRegistration(t)
		name, _, _ := strings.Cut(m.line, ":")
		command := rapid.SampledFrom([]string{"", name + "?"}).Draw(t, "asked")
		got, refused := registrationOf(m.line, command)
		if !m.fixed && m.twofold(command != "") {
			return
		}
		switch {
		case refused && m.fixed:
			t.Fatalf("%q to %q is refused", m.line, command)
		case refused:
		case got != m.want:
			t.Fatalf("%q to %q\ngot  %+v\nwant %+v", m.line, command, got, m.want)
		}
	})
}

// twofold reports whether the other reading of a line without quotes is just as good: no reader can tell.
func (m *madeRegistration) twofold(asked bool) bool {
	_, rest, _ := strings.Cut(m.line, ":")
	f := trimmed(strings.Split(rest, ","))
	l := registrationLine{domain: m.want.Domain, f: f}
	if len(f) < 3 {
		return len(f) == 2 && validN(f[0]) && validStat(f[1])
	}
	_, reply := l.reading(1, l.whole)
	_, other := l.reading(0, l.whole)
	return reply && other && !(asked && m.reply)
}
