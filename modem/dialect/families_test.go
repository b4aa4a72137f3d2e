package dialect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/modem/at"
)

// Modems go to their dialects by what they say and by USB; what Foxconn makes for others goes to foxconn.
func TestForByIdent(t *testing.T) {
	for _, x := range []struct {
		id   Ident
		name string
	}{
		{Ident{Manufacturer: "SIMCOM INCORPORATED", Model: "SIMCOM_SIM7600G-H"}, "simcom"},
		{Ident{Manufacturer: "SIMCOM_Ltd", Model: "SIMCOM_SIM800L"}, "simcom"},
		{Ident{Manufacturer: "INCORPORATED", Model: "A7670E-FASE"}, "simcom"},
		{Ident{VID: 0x1e0e, PID: 0x9001}, "simcom"},
		{Ident{Manufacturer: "Telit", Model: "LM960A18"}, "telit"},
		{Ident{Manufacturer: "Telit", Model: "LN940", VID: 0x1bc7, PID: 0x1900}, "foxconn"},
		{Ident{VID: 0x1bc7, PID: 0x1901}, "foxconn"},
		{Ident{Manufacturer: "DELL", Model: "DW5821e Snapdragon X20 LTE"}, "foxconn"},
		{Ident{Manufacturer: "QUALCOMM", Model: "T99W175"}, "foxconn"},
		{Ident{Manufacturer: "Sierra Wireless, Incorporated", Model: "DW5811e Snapdragon X7 LTE", VID: 0x413c, PID: 0x81b6}, "sierra"},
		{Ident{Manufacturer: "Sierra Wireless, Incorporated", Model: "MC7455"}, "sierra"},
		{Ident{Manufacturer: "SEQUANS Communications", Model: "VZ20Q"}, "sequans"},
		{Ident{Model: "GM02S"}, "sequans"},
	} {
		require.Equal(t, x.name, For(x.id).Name, "%+v", x.id)
	}
}

// The switches of the families are read before they are changed.
func TestSwitchesOfFamilies(t *testing.T) {
	for _, x := range []struct {
		setting at.Setting
		lines   []string
		current string
	}{
		{reportCENG, []string{"+CENG: 1,1", `+CENG: 0,"0154,28,00,310,411,12,000f,00,05,178d,255"`}, "1,1"},
		{reportCENG, []string{"+CENG: 0,0"}, "0,0"},
		{reportCENG, []string{"+CENG: 1,1,2,LTE CAT-M1", `+CENG: 0,"1550,339,-73,-47,-12,17,102,303617,284,05,255"`}, "1,1"},
		{reportCENG, []string{`+CENG:0,"0154,28,00,310,411,12,000f,00,05,178d,255"`}, ""},
		{reportMONI, []string{"#MONI: (5,7)"}, "7"},
		{reportMONI, []string{"#MONI: (0-7)"}, ""},
	} {
		got, ok := x.setting.Current(x.lines)
		require.Equal(t, x.current != "", ok, x.lines)
		require.Equal(t, x.current, got, x.lines)
		if ok {
			require.Contains(t, x.setting.Values, got)
		}
	}
}

// The IMSI of #RFSTS is stripped in every layout, and with it nothing else; the row reads the same.
func TestRFSTSWithoutIMSI(t *testing.T) {
	for _, row := range []string{
		`#RFSTS: "310 260",66786,-101,-68,-13,2D18,255,,640,1,0,3089F02,"IMSI","T-Mobile",3,66`,
		`#RFSTS: "310 260",66786,-101,-68,-13,2D18,255,,640,1,0,3089F02,"IMSI","T-Mobile",3,66,720,3240,108`,
		`#RFSTS: "286 01",1795,-101,-67,-15,2242,,128,3,1,0B5D121,"IMSI","Turkcell",3,3,108`,
		`#RFSTS: "204 16",848,-89,03F8,,0,19,29,,14BB,"IMSI","T-Mobile NL",0,3`,
	} {
		masked := strings.ReplaceAll(row, "IMSI", "000000000000000")
		want := telit.Decode([]Answer{{Command: "#RFSTS", Lines: []string{masked}}}).Observation.Serving
		require.True(t, want != nil && want.ID.Known(), row)
		for _, imsi := range []string{"310260123456789", "28601633961249"} {
			line, n := at.Scrub(strings.ReplaceAll(row, "IMSI", imsi))
			require.Equal(t, 1, n, line)
			require.NotContains(t, line, imsi[3:])
			require.Equal(t, want, telit.Decode([]Answer{{Command: "#RFSTS", Lines: []string{line}}}).Observation.Serving, line)
		}
	}
}

// Table printers are read by words: however a program in between wraps the lines, the same comes out.
func TestTablesWrappedAnywhere(t *testing.T) {
	for _, x := range transcripts(t) {
		if x.family != "sierra" || x.header["evidence"] == "hand-made" {
			continue
		}
		out, _, err := DecodeText(strings.NewReader(x.input), sierra)
		require.NoError(t, err)
		for width := 40; width < 120; width += 17 {
			wrapped, _, err := DecodeText(strings.NewReader(wrap(x.input, width)), sierra)
			require.NoError(t, err)
			require.Len(t, wrapped, len(out), x.path)
			for i := range out {
				wrapped[i].Observation.Raw, out[i].Observation.Raw = nil, nil
				require.Equal(t, out[i].Observation, wrapped[i].Observation, "%s at %d", x.path, width)
			}
		}
	}
}

// wrap puts the words of each answer on lines of some width, as RouterOS does; commands and results stay.
func wrap(text string, width int) string {
	var b strings.Builder
	column := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "OK" || strings.HasPrefix(strings.ToUpper(line), "AT") || strings.HasPrefix(line, "!") {
			b.WriteString("\n" + line + "\n")
			column = 0
			continue
		}
		for _, word := range strings.Fields(line) {
			if column+len(word) > width {
				b.WriteString("\n")
				column = 0
			}
			b.WriteString("    " + word)
			column += len(word) + 1
		}
	}
	return b.String() + "\n"
}
