package at

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func lex(x *lexer, chunks ...string) []string {
	var lines []string
	for _, c := range chunks {
		x.feed([]byte(c), func(line string) { lines = append(lines, line) })
	}
	return lines
}

func TestLexer(t *testing.T) {
	for _, c := range []struct {
		bytes   string
		lines   []string
		garbage int
	}{
		{"OK\r\n", []string{"OK"}, 0},
		{"OK\n", []string{"OK"}, 0},
		{"OK\r", []string{"OK"}, 0},
		{"AT\r\r\nOK\r\n", []string{"AT", "", "OK"}, 0},
		{"\r\nOK\r\n\r\n", []string{"", "OK", ""}, 0},
		{"  a\tb  \r\n", []string{"a\tb"}, 0},
		{"unfinished", nil, 0},
		{"\x00\x00OK\r\n\x00", []string{"OK"}, 2},
		{"\xff\xfe+CSQ: 1\n", []string{"+CSQ: 1"}, 2},
		{"\x0012,3\n", []string{"\uFFFD12,3"}, 1},
		{"1\x0023\x00\n", []string{"1\uFFFD23\uFFFD"}, 2},
		{"1\x00\x01\x7f2\n", []string{"1\uFFFD2"}, 3},
		{"1\x112\x133\n", []string{"123"}, 2},
		{"\x1b[31mred\n", []string{"\uFFFD[31mred"}, 1},
		{"\x00\x00\n", []string{""}, 2},
		{"Österreich \xc3\n", []string{"Österreich \uFFFD"}, 1},
		{"a\u0085b\n", []string{"a\uFFFDb"}, 2},
		{"\uFFFDx\n", []string{"x"}, 0},
	} {
		var x lexer
		require.Equal(t, c.lines, lex(&x, c.bytes), "%q", c.bytes)
		require.Equal(t, c.garbage, x.garbage, "%q", c.bytes)
		x = lexer{}
		require.Equal(t, c.lines, lex(&x, strings.Split(c.bytes, "")...), "%q byte by byte", c.bytes)
	}
}

func TestLexerBounds(t *testing.T) {
	var x lexer
	long := strings.Repeat("x", maxLine)
	require.Equal(t, []string{long, "OK"}, lex(&x, long, "\r\n", long, "x\r\nOK\r\n"))
	require.Equal(t, 1, x.overlong)
	require.LessOrEqual(t, cap(x.line), 2*maxLine)
}

func TestLexerTear(t *testing.T) {
	var x lexer
	require.Empty(t, lex(&x, "+CSQ: 2"))
	x.tear()
	require.Equal(t, []string{"OK"}, lex(&x, "1,99\r\nOK\r\n"))
	require.Equal(t, len("+CSQ: 21,99"), x.garbage)
	x.tear()
	require.Equal(t, []string{"", "OK"}, lex(&x, "\r\nOK\r\n"), "between lines there is nothing to tear")
	require.Empty(t, lex(&x, "RD"))
	x.drop()
	require.Equal(t, []string{"OK"}, lex(&x, "OK\r\n"))
}

func TestClassify(t *testing.T) {
	only := func(n int) func(string) bool {
		return func(line string) bool { _, f := Fields(nil, line); return len(f) == n }
	}
	for _, c := range []struct {
		line    string
		command *Command
		class   class
	}{
		{"OK", &csq, final}, {"OK", nil, final}, {"ERROR", &csq, final}, {"+CME ERROR: 10", &csq, final}, {"+CME ERROR:", &csq, final},
		{"+CMS ERROR: network timeout", &csq, final}, {"ABORTED", &csq, final}, {"NO CARRIER", &csq, final}, {"COMMAND NOT SUPPORT", &csq, final},
		{"ok", &csq, unsolicited}, {"OK ", &csq, unsolicited}, {"+CMEE: 1", &csq, unsolicited},
		{"AT+CSQ", &csq, ownEcho}, {"at+csq", &csq, ownEcho}, {"RDAT+CSQ", &csq, ownEcho}, {"+CEREG: 2AT+CSQ", &csq, ownEcho},
		{"AT", &attention, ownEcho}, {"RDAT", &attention, ownEcho}, {"+X: AT", &attention, unsolicited},
		{"ATI", &ati, ownEcho}, {"KARATI", &ati, information},
		{"AT+CEREG?", &csq, otherEcho}, {"AT+CEREG?", nil, otherEcho}, {"AT", nil, otherEcho}, {"ATT?", &csq, otherEcho}, {"ATE0Q0V1", &csq, otherEcho},
		{"ATD112;", nil, otherEcho}, {"AT&F", nil, otherEcho}, {"AT&T", nil, unsolicited}, {"ATLANTIC", nil, unsolicited}, {"AT+", nil, unsolicited}, {"A", nil, unsolicited},
		{"+CSQ: 1,2", &csq, information}, {"+CSQ:1,2", &csq, information}, {"+CSQN: 1", &csq, unsolicited}, {"+CSQ", &csq, unsolicited}, {"+csq: 1", &csq, unsolicited},
		{"+CEREG: 2", &cereg, unsolicited}, {"+CEREG: 2,1", &cereg, information}, {`+CEREG: 1,"1F07","0079AA02",7`, &cereg, unsolicited},
		{"+A: 1,2", &Command{Prefixes: []string{"+A"}, Owns: only(2)}, information}, {"+A: 1", &Command{Prefixes: []string{"+A"}, Owns: only(2)}, unsolicited},
		{"PCC: 1,2", &Command{Prefixes: []string{"PCC"}}, information},
		{"EC25", &ati, information}, {"EC25", &csq, unsolicited}, {"EC25", nil, unsolicited}, {"RING", &ati, unsolicited}, {"Call Ready", &ati, unsolicited},
		{"+CREG: 1", &ati, unsolicited}, {"*****", &ati, information}, {"AT&T", &ati, information},
		{"%NCELLMEAS: 1", &ncell, information},
	} {
		require.Equal(t, c.class, classify(c.line, c.command), "%q", c.line)
	}
}

func TestSplit(t *testing.T) {
	known := func(p string) bool { return p == "+QENG" || p == "+CEREG" }
	for line, want := range map[string][]string{
		`+QENG: 1,-`:                          {`+QENG: 1,-`},
		`+QENG: 1,-+QENG: 2`:                  {`+QENG: 1,-`, `+QENG: 2`},
		`+QENG: 1,+QENG: 2,+QENG:3`:           {`+QENG: 1,`, `+QENG: 2,`, `+QENG:3`},
		`RDY +CEREG: 2`:                       {`RDY`, `+CEREG: 2`},
		`OK+CEREG: 2`:                         {`OK`, `+CEREG: 2`},
		`+XID: 1+XID: 2`:                      {`+XID: 1`, `+XID: 2`},
		`+XID: 1+YID: 2`:                      {`+XID: 1+YID: 2`},
		`+QENG: "a+CEREG: 1,3"`:               {`+QENG: "a+CEREG: 1,3"`},
		`+QENG: 1+CME ERROR: 3`:               {`+QENG: 1`, `+CME ERROR: 3`},
		`+QENG: 1,2OK`:                        {`+QENG: 1,2`, `OK`},
		`+QENG: "LTE"ERROR`:                   {`+QENG: "LTE"`, `ERROR`},
		`+QENG: BOOK`:                         {`+QENG: BOOK`},
		`+QENG: "x1OK`:                        {`+QENG: "x1OK`},
		`+QENG:OK`:                            {`+QENG:OK`},
		`+GCAP: +CGSM,+DS`:                    {`+GCAP: +CGSM,+DS`},
		`13 Revision OK`:                      {`13 Revision OK`},
		`+CME ERROR: 3+CEREG: 2`:              {`+CME ERROR: 3`, `+CEREG: 2`},
		`+CEREG: 2 +CEREG: 2,1 +QENG: 1`:      {`+CEREG: 2`, `+CEREG: 2,1`, `+QENG: 1`},
		`AT+QENG="servingcell"+QENG: "s",1OK`: {`AT+QENG="servingcell"`, `+QENG: "s",1`, `OK`},
	} {
		var got []string
		split(line, known, func(piece string) { got = append(got, piece) })
		require.Equal(t, want, got, line)
	}
}

func FuzzLexer(f *testing.F) {
	for _, seed := range append(slices.Clone(realLines), "AT\r\r\nOK\r\n", "RDATE0\r\n\x00\xff\r\r", "+QENG: 1+QENG: 2OK\r\n+CME ERROR: x", `+QENG: "a","b`+"\r\n") {
		f.Add([]byte(seed), 3)
	}
	commands := []*Command{nil, &csq, &cereg, &serving, &ati, &attention, &ncell, &ucged}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		var whole, parts lexer
		var lines, again []string
		whole.feed(b, func(line string) { lines = append(lines, line) })
		for rest := b; len(rest) > 0; {
			n := max(1, min(len(rest), cut&0xff))
			parts.feed(rest[:n], func(line string) { again = append(again, line) })
			rest = rest[n:]
		}
		require.Equal(t, lines, again, "the lines do not depend on how the bytes are cut")
		require.Equal(t, whole.garbage, parts.garbage)
		require.Equal(t, whole.overlong, parts.overlong)
		require.LessOrEqual(t, len(whole.line), maxLine)
		for _, line := range lines {
			require.True(t, utf8.ValidString(line))
			require.Equal(t, strings.TrimSpace(line), line)
			require.Negative(t, strings.IndexFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }))
			total := 0
			split(line, func(p string) bool { return p == "+QENG" || p == "+CSQ" }, func(piece string) {
				total += len(strings.Join(strings.Fields(piece), ""))
				for _, c := range commands {
					classify(piece, c)
				}
			})
			require.Equal(t, len(strings.Join(strings.Fields(line), "")), total, "nothing is lost between the pieces")
		}
	})
}
