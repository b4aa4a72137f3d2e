package at

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFields(t *testing.T) {
	for line, want := range map[string][]string{ // the prefix first
		``:                                  {"", ""},
		`+CSQ: 21,99`:                       {"+CSQ", "21", "99"},
		`+CSQ:21 , 99 `:                     {"+CSQ", "21", "99"},
		`+CREG: 2,,`:                        {"+CREG", "2", "", ""},
		`+GTCCINFO:`:                        {"+GTCCINFO", ""},
		`+QENG: "servingcell","LTE", 460,-`: {"+QENG", "servingcell", "LTE", "460", "-"},
		`+COPS: 0,0,"a,b",7`:                {"+COPS", "0", "0", "a,b", "7"},
		`+COPS: 0,0,"a,b`:                   {"+COPS", "0", "0", "a,b"},
		`+COPS: 0,0,"a" ,7`:                 {"+COPS", "0", "0", "a", "7"},
		`+X: "a"b,c`:                        {"+X", `"a"b`, "c"},
		`+X: a"b,c"`:                        {"+X", `a"b`, `c"`},
		`+X: "",""`:                         {"+X", "", ""},
		`+X: "  0 5"`:                       {"+X", "  0 5"},
		`^HCSQ:"LTE",53`:                    {"^HCSQ", "LTE", "53"},
		`%XMONITOR: 1`:                      {"%XMONITOR", "1"},
		`!GSTATUS: `:                        {"!GSTATUS", ""},
		`6,4,fff,fff`:                       {"", "6", "4", "fff", "fff"},
		`PCC:103,470`:                       {"", "PCC:103", "470"},
		`+CME ERROR: 10`:                    {"", "+CME ERROR: 10"},
		`+: 1`:                              {"", "+: 1"},
		`+QENG "x": 1`:                      {"", `+QENG "x": 1`},
		`#MONI: S 70 55FA`:                  {"#MONI", "S 70 55FA"},
		"+CEREG: 1,\uFFFD,\"\uFFFD\"":       {"+CEREG", "1", "\uFFFD", "\uFFFD"},
	} {
		prefix, fields := Fields(nil, line)
		require.Equal(t, want, append([]string{prefix}, fields...), line)
	}
}

func TestFieldsTakesRoom(t *testing.T) {
	room := make([]string, 1, 40)
	room[0] = "kept"
	_, fields := Fields(room, saRow)
	require.Equal(t, "kept", fields[0])
	require.Zero(t, testing.AllocsPerRun(100, func() { _, fields = Fields(room[:0], saRow) }))
}

func FuzzFields(f *testing.F) {
	for _, seed := range append([]string{`+X: "a"b,"c`, `"`, `,`, `+:`, `+X:",",`, " \t,\t "}, realLines...) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		prefix, fields := Fields(nil, line)
		require.NotEmpty(t, fields)
		require.LessOrEqual(t, len(fields), strings.Count(line, ",")+1)
		rest := strings.TrimPrefix(line, prefix)
		if prefix != "" {
			require.Equal(t, byte(':'), rest[0])
		}
		for _, field := range fields { // in order, and all of it from the line
			at := strings.Index(rest, field)
			require.GreaterOrEqual(t, at, 0)
			rest = rest[at+len(field):]
		}
		if !strings.Contains(line, `"`) {
			require.Len(t, fields, strings.Count(line, ",")+1)
			for _, field := range fields {
				require.Equal(t, strings.Trim(field, " \t"), field)
			}
		}
	})
}
