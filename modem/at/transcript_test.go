package at

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestReadTranscript(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []Exchange
	}{
		"empty":             {"", nil},
		"lines only":        {"+CREG: 2,0,00,0", []Exchange{{Lines: []string{"+CREG: 2,0,00,0"}}}},
		"echo CR CR LF":     {"AT+CSQ\r\r\n+CSQ: 18,99\r\n\r\nOK\r\n", []Exchange{{"+CSQ", []string{"+CSQ: 18,99"}, "OK"}}},
		"echo, no answer":   {"AT+CSQ\n", []Exchange{{Command: "+CSQ"}}},
		"two, no final":     {"AT+CSQ\n+CSQ: 1,99\nAT+COPS?\n+COPS: 0\n", []Exchange{{"+CSQ", []string{"+CSQ: 1,99"}, ""}, {"+COPS?", []string{"+COPS: 0"}, ""}}},
		"no echo":           {"+CEREG: 2,2\r\n\r\nOK\r\n+COPS: 0\r\n\r\nOK\r\n", []Exchange{{"", []string{"+CEREG: 2,2"}, "OK"}, {"", []string{"+COPS: 0"}, "OK"}}},
		"final only":        {"\r\nERROR\r\n", []Exchange{{Final: "ERROR"}}},
		"lower case":        {"at+qeng=\"servingcell\"\n" + saRow, []Exchange{{`+QENG="servingcell"`, []string{saRow}, ""}}},
		"spaces":            {"AT+CEER \n+CEER: No cause\nOK\n", []Exchange{{"+CEER", []string{"+CEER: No cause"}, "OK"}}},
		"trailing ;":        {"AT+QENG=\"servingcell\";\r\r\n+QENG: \"servingcell\",\"SEARCH\"\r\nOK\r\n", []Exchange{{`+QENG="servingcell"`, []string{`+QENG: "servingcell","SEARCH"`}, "OK"}}},
		"doubled echo":      {"AT+CSQ\nAT+CSQ\n+CSQ: 1,99\nOK\n", []Exchange{{"+CSQ", []string{"+CSQ: 1,99"}, "OK"}}},
		"asked again":       {"AT+CSQ\n+CSQ: 1,99\nAT+CSQ\n+CSQ: 2,99\n", []Exchange{{"+CSQ", []string{"+CSQ: 1,99"}, ""}, {"+CSQ", []string{"+CSQ: 2,99"}, ""}}},
		"another glued":     {"AT+CEREG?\n+CSCON: 1+CEREG: 2,1\n", []Exchange{{"+CEREG?", []string{"+CSCON: 1", "+CEREG: 2,1"}, ""}}},
		"asked twice":       {"AT+CSQ\nOK\nAT+CSQ\nOK\n", []Exchange{{"+CSQ", nil, "OK"}, {"+CSQ", nil, "OK"}}},
		"comment":           {"# model: EC25\nAT\nOK\n", []Exchange{{"", nil, "OK"}}},
		"a # row":           {"AT#MONI\n#MONI: S 70\n", []Exchange{{"#MONI", []string{"#MONI: S 70"}, ""}}},
		"bare":              {"ATI\r\r\nQuectel\r\nEC25\r\n\r\nOK\r\n", []Exchange{{"I", []string{"Quectel", "EC25"}, "OK"}}},
		"behind the result": {"AT%NCELLMEAS\n\nOK\n\n%NCELLMEAS: 1\n", []Exchange{{"%NCELLMEAS", nil, "OK"}, {"", []string{"%NCELLMEAS: 1"}, ""}}},
		"glued rows":        {"AT+QCAINFO\n+QCAINFO: 1,-+QCAINFO: 2OK\n", []Exchange{{"+QCAINFO", []string{"+QCAINFO: 1,-", "+QCAINFO: 2"}, "OK"}}},
		"glued, no echo":    {"+QCAINFO: 1,-+QCAINFO: 2\n", []Exchange{{"", []string{"+QCAINFO: 1,-", "+QCAINFO: 2"}, ""}}},
		"stale echo":        {"RDATE0Q0V1\nCOMMAND NOT SUPPORT\n", []Exchange{{"E0Q0V1", nil, "COMMAND NOT SUPPORT"}}},
		"echo in an error": {"AT+UPSDA=0,4\n\n+CME ERROR:AT+CGATT=1\n Unspecified GPRS error\n\n+CGATT:1\n\nOK\n",
			[]Exchange{{"+UPSDA=0,4", nil, "+CME ERROR: Unspecified GPRS error"}, {"+CGATT=1", []string{"+CGATT:1"}, "OK"}}},
		"lost characters": {"at_acq_order\" \nERROR\nAT+CSQ \n+CSQ: 19,99\n\nOK\nATT? \nERROR\n",
			[]Exchange{{"", []string{`at_acq_order"`}, "ERROR"}, {"+CSQ", []string{"+CSQ: 19,99"}, "OK"}, {"T?", nil, "ERROR"}}},
		"compound": {"at+qnwinfo;+qeng=\"servingcell\";+qspn\n\n+QNWINFO: \"x\"\n\n+QENG: \"servingcell\",\"NOCONN\"\n+QENG: \"LTE\"\n\n+QSPN: 1\nOK\n",
			[]Exchange{{"+QNWINFO", []string{`+QNWINFO: "x"`}, "OK"}, {`+QENG="servingcell"`, []string{`+QENG: "servingcell","NOCONN"`, `+QENG: "LTE"`}, "OK"}, {"+QSPN", []string{"+QSPN: 1"}, "OK"}}},
		"compound out of order": {"AT+CSQ;+CREG?\n+CREG: 2,1\n+CSQ: 1,99\nOK\n", []Exchange{{"+CSQ", []string{"+CSQ: 1,99"}, "OK"}, {"+CREG?", []string{"+CREG: 2,1"}, "OK"}}},
		"compound, asked twice": {"AT+COPS=3,0;+COPS?;+COPS=3,2;+COPS?\n+COPS: 0,0,\"x\",7\n+COPS: 0,2,\"26201\",7\nOK\n",
			[]Exchange{{"+COPS=3,0", nil, "OK"}, {"+COPS?", []string{`+COPS: 0,0,"x",7`}, "OK"}, {"+COPS=3,2", nil, "OK"}, {"+COPS?", []string{`+COPS: 0,2,"26201",7`}, "OK"}}},
		"compound by argument": {"AT+QENG=\"neighbourcell\";+QENG=\"servingcell\"\n+QENG: \"servingcell\",\"NOCONN\"\n+QENG: \"LTE\"\n+QENG: \"neighbourcell intra\",\"LTE\"\nOK\n",
			[]Exchange{{`+QENG="neighbourcell"`, []string{`+QENG: "neighbourcell intra","LTE"`}, "OK"}, {`+QENG="servingcell"`, []string{`+QENG: "servingcell","NOCONN"`, `+QENG: "LTE"`}, "OK"}}},
		"compound, bare rows": {"AT+GTCCINFO?;+GTCAINFO?\n+GTCCINFO:\n1,4,250\n+GTCAINFO:\nPCC:103\nOK\n",
			[]Exchange{{"+GTCCINFO?", []string{"+GTCCINFO:", "1,4,250"}, "OK"}, {"+GTCAINFO?", []string{"+GTCAINFO:", "PCC:103"}, "OK"}}},
		"quoted semicolon": {"AT+X=\"a;b\";+Y\nOK\n", []Exchange{{`+X="a;b"`, nil, "OK"}, {"+Y", nil, "OK"}}},
		"open quote":       {"AT+X=\"a;b\nOK\n", []Exchange{{`+X="a;b`, nil, "OK"}}},
		"private commands": {"AT+CPIN=1234\nOK\nATD0171 1234567;\nNO CARRIER\nAT+X=26201 1234567890\nOK\n", []Exchange{{"+CPIN=<redacted>", nil, "OK"}, {"D<redacted>", nil, "NO CARRIER"}, {"+X=<15 digits>", nil, "OK"}}},
		"identities":       {"AT+CIMI\n262011234567890\n\nOK\nAT+CCID\n+CCID: 89490200001234567890\nOK\n", []Exchange{{"+CIMI", []string{"<15 digits>"}, "OK"}, {"+CCID", []string{"+CCID: <redacted>"}, "OK"}}},
		"NULs and garbage": {"\x00\x00AT+CSQ\r\r\n\x00+CSQ: 1\xff,99\r\n\x00OK\r\n\x00\x00", []Exchange{{"+CSQ", []string{"+CSQ: 1\uFFFD,99"}, "OK"}}},
		"a line too long":  {"AT+CSQ\n" + strings.Repeat("x", 1<<20) + "\n+CSQ: 1,99\nOK\n", []Exchange{{"+CSQ", []string{"+CSQ: 1,99"}, "OK"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadTranscript(strings.NewReader(c.text))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			got, err = ReadTranscript(iotest.OneByteReader(strings.NewReader(c.text)))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestReadTranscriptKeepsWhatCameBeforeAnError(t *testing.T) {
	torn := errors.New("torn")
	got, err := ReadTranscript(io.MultiReader(strings.NewReader("AT+CSQ\n+CSQ: 1,99\nOK\nAT+CO"), iotest.ErrReader(torn)))
	require.ErrorIs(t, err, torn)
	require.Equal(t, "OK", got[0].Final)
}

// Recorded text comes out whole: every information line of it is in an exchange, and nothing else is.
func TestRecordedTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		got, err := ReadTranscript(strings.NewReader(string(text)))
		require.NoError(t, err)
		var printed, read strings.Builder
		for line := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return r == '\r' || r == '\n' }) {
			if line = strings.TrimSpace(line); commandAt(line) < 0 && !isFinal(line) {
				printed.WriteString(line)
			}
		}
		for _, e := range got {
			read.WriteString(strings.Join(e.Lines, ""))
			_, cut, _ := strings.Cut(e.Final, "+CME ERROR: Unspecified") // by an echo
			if cut != "" {
				read.WriteString("Unspecified" + cut)
			}
		}
		require.Equal(t, printed.String(), read.String(), file)
	}
}

func FuzzReadTranscript(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Add([]byte("AT+A;+B?;+B?\n+B: 1\n+CME ERROR:AT+C\n x\n+CMT: 1\n26201\n1234567890\nOK\n"))
	f.Add([]byte("ATD1 2;+\n35 872309 012345 6\nIMEI:\"1 2 3 4\n5\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		exchanges, err := ReadTranscript(strings.NewReader(string(text)), rfsts, ucged, ati)
		require.NoError(t, err)
		for _, e := range exchanges {
			for _, line := range append([]string{"AT" + e.Command, e.Final}, e.Lines...) {
				require.True(t, utf8.ValidString(line))
				require.NotContains(t, line, "\n")
				again, n := Scrub(line)
				require.Equal(t, line, again)
				require.Zero(t, n)
			}
		}
	})
}

func FuzzScrub(f *testing.F) {
	for _, seed := range append([]string{"IMEI: 35 872309 012345 6", "+491711234567", "TMSI: A1 B2 C3 D4", "8949 0200 0012 3456 789", "AT+CPIN=1;+CSQ",
		"002B003400390031003700310031", "898600810906F8048812", "2620112\uFFFD4567890", "0\x0002000200020002A", "IMSI IMEI: IMEISV: SN S/N: 1234"}, realLines...) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, n := Scrub(line)
		require.Equal(t, got != line, n > 0)
		again, more := Scrub(got)
		require.Equal(t, got, again)
		require.Zero(t, more)
		seen := visibleText(got)
		for i := 0; i < len(seen); i++ { // no IMSI, IMEI or ICCID among plain digits
			if end := digitsEnd(seen, i); end-i >= 14 {
				first, last := hexWord(seen, i)
				require.True(t, isPadded(seen[i:end]) || isTime(seen[i:end]) || isUCS2(seen[first:last]), "%q", got)
				i = end
			}
		}
	})
}

// A long exchange comes in parts, which together are what a short one is, and no part is longer than the bound.
func TestLongExchange(t *testing.T) {
	for _, c := range []struct{ name, begin, line, end, final string }{
		{"many lines", "AT+CEREG?\r\n", "+CEREG: 2,1,\"C3C9\",\"A81A02\",7", "OK\r\n", "OK"},
		{"without a command", "", "+CEREG: 1", "", ""},
		{"wide lines", "ATI\r\n", "Revision: " + strings.Repeat("EC25 ", 1000), "OK\r\n", "OK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			const lines = 2*longestPart + 7
			text := c.begin + strings.Repeat(c.line+"\r\n", lines) + c.end
			got, parts := 0, 0
			err := EachExchange(strings.NewReader(text), func(x Exchange, more bool) error {
				parts++
				got += len(x.Lines)
				require.LessOrEqual(t, len(x.Lines), longestPart)
				require.LessOrEqual(t, len(strings.Join(x.Lines, "")), widestPart+maxLine)
				require.Equal(t, got < lines || more, more)
				if !more {
					require.Equal(t, c.final, x.Final)
				}
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, lines, got)
			require.Greater(t, parts, 2)
			all, err := ReadTranscript(strings.NewReader(text))
			require.NoError(t, err)
			require.Len(t, all, 1)
			require.Len(t, all[0].Lines, lines)
		})
	}
	given := errors.New("enough")
	require.ErrorIs(t, EachExchange(strings.NewReader("AT\r\nOK\r\nAT\r\nOK\r\n"), func(Exchange, bool) error { return given }), given)
}
