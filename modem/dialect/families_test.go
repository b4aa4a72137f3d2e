package dialect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
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
		{Ident{Manufacturer: "Cinterion", Model: "PLS62-W"}, "cinterion"},
		{Ident{Manufacturer: "SIEMENS", Model: "MC55"}, "cinterion"},
		{Ident{Manufacturer: "Telit Cinterion", Model: "PLS63-W"}, "cinterion"},
		{Ident{Manufacturer: "Telit Cinterion", Model: "FN990A28"}, "telit"},
		{Ident{VID: 0x1e2d, PID: 0x0058}, "cinterion"},
		{Ident{Manufacturer: "THALES", Model: "MV31-W", VID: 0x1e2d, PID: 0x00b3}, "foxconn"},
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
		{reportNRCells, []string{`+QNWCFG: "nr5g_meas_info",0`}, "0"},
		{reportNRCells, []string{`+QNWCFG: "nr5g_meas_info",1,428910,277,-64,-11`, `+QNWCFG: "nr5g_meas_info",1,627264,198,-97,-13`}, "1"},
		{reportNRCells, []string{`+QNWCFG: "lte_earfcn_lock",0`}, ""},
		{reportGSMCells, []string{"+QENG: 1,0", "+QENG: 0,404,20,3e95,6abf,14,41,-85,80,80,5,5,x,x,x,x,x,x,x"}, "1,0"},
		{reportGSMCells, []string{"+QENG: 0,404,20,3e95,6abf,14,41,-85,80,80,5,5,x,x,x,x,x,x,x"}, ""},
	} {
		got, ok := x.setting.Current(x.lines)
		require.Equal(t, x.current != "", ok, x.lines)
		require.Equal(t, x.current, got, x.lines)
		if ok {
			require.Contains(t, x.setting.Values, got)
		}
	}
}

// A model is asked what its series has, an unknown one everything; what changes a switch on one series is not asked as a question of it.
func TestModelsAreAskedTheirOwn(t *testing.T) {
	for _, x := range []struct {
		id         Ident
		asked, not []string
	}{
		{Ident{Manufacturer: "Quectel", Model: "EC25"}, []string{`+QENG="servingcell"`, `+QENG="neighbourcell"`, "+QCAINFO"},
			[]string{"+QENG=0", "+QENG=1", "+QENG?", "+NUESTATS", `+QNWCFG="nr5g_meas_info"`, "+QCELL?"}},
		{Ident{Manufacturer: "Quectel", Model: "RM520N-GL"}, []string{`+QENG="servingcell"`, `+QNWCFG="nr5g_meas_info"`}, []string{"+QENG=0", "+QENG?"}},
		{Ident{Manufacturer: "Quectel", Model: "RM500U-CNV"}, []string{`+QENG="servingcell"`}, []string{`+QNWCFG="nr5g_meas_info"`}},
		{Ident{Manufacturer: "Quectel", Model: "EC200A"}, []string{`+QENG="servingcell"`, "+QCELL?"}, []string{"+QENG?"}},
		{Ident{Manufacturer: "Quectel", Model: "Quectel_M95"}, []string{"+QENG?", "+CREG?"}, []string{"+QENG=0", "+QENG=1", `+QENG="servingcell"`, "+QCAINFO"}},
		{Ident{Manufacturer: "Quectel", Model: "BC660K-GL"}, []string{"+QENG=0", "+QENG=1", "+CEREG?"}, []string{"+QENG?", "+NUESTATS", `+QENG="servingcell"`}},
		{Ident{Manufacturer: "Quectel", Model: "BC95-B5"}, []string{"+NUESTATS", "+NUESTATS=CELL"}, []string{"+QENG?"}},
		{Ident{Manufacturer: "Quectel"}, []string{"+QENG?", `+QENG="servingcell"`, "+NUESTATS", `+QNWCFG="nr5g_meas_info"`, "+QCELL?"}, []string{"+QENG=0", "+QENG=1"}},
		{Ident{Manufacturer: "Cinterion"}, []string{"^SMONI", "^SMONP", "^MONI", "^SMONC"}, nil},
		{Ident{Manufacturer: "Cinterion", Model: "ELS61-E2"}, []string{"^SMONI", "^SMONP"}, []string{"^MONI", "^SMONC"}},
		{Ident{Manufacturer: "SIEMENS", Model: "TC63"}, []string{"^MONI", "^SMONC"}, []string{"^SMONI", "^SMONP"}},
		{Ident{Manufacturer: "Sierra Wireless, Incorporated", Model: "MC7455"}, []string{"!GSTATUS?", "!LTEINFO?"}, []string{"!NRINFO?", "+KCELL=0"}},
		{Ident{Manufacturer: "Sierra Wireless, Incorporated", Model: "EM9191"}, []string{"!NRINFO?"}, []string{"+KCELL=0"}},
		{Ident{Manufacturer: "Sierra Wireless, Incorporated", Model: "HL8548"}, []string{"+KCELL=0"}, []string{"!NRINFO?"}},
	} {
		d := For(x.id)
		var texts []string
		for _, c := range commandsOf(d) {
			texts = append(texts, c.Text)
		}
		require.Subset(t, texts, x.asked, "%+v", x.id)
		for _, text := range x.not {
			require.NotContains(t, texts, text, "%+v", x.id)
		}
	}
	for _, c := range commandsOf(For(Ident{Manufacturer: "Quectel", Model: "BC26"})) {
		require.False(t, c.Kind == at.Reporting && strings.HasPrefix(c.Text, "+QENG="), "the engineering mode is of GSM modules: %s", c.Text)
	}
}

// Rows that one family owns are read as its own where the family is not known, and never mixed with those of another modem.
func TestGenericReadsRowsOfOneFamily(t *testing.T) {
	read := func(text string) (all []string, n TextCounts) {
		found, n, err := DecodeText(strings.NewReader(text), generic)
		require.NoError(t, err)
		for _, x := range found {
			all = append(all, string(cell.AppendRecord(nil, &x.Observation)))
		}
		return all, n
	}
	cinterionRow := "^SMONI: 4G,3725,8,5,5,FDD,525,01,02C5,B5F9409,396,37,-82,-12.5,NOCONN\n"
	quectelRow := "+QENG: \"servingcell\",\"LIMSRV\",\"WCDMA\",460,01,A538,1EB578B,10763,60,2,-106,-13,-,-,-,-,-\n"
	simcomRow := "+CPSI: GSM,Online,460-00,0x182d,12401,27 EGSM 900,-64,2110,42-42\n"
	standardRow := "+CREG: 2,0\n"
	for _, row := range []string{cinterionRow, quectelRow, simcomRow} {
		own, _, err := DecodeText(strings.NewReader(row), nil)
		require.NoError(t, err)
		got, n := read(row)
		require.Equal(t, []string{string(cell.AppendRecord(nil, &own[0].Observation))}, got)
		require.Equal(t, "generic", n.Dialect.Name)
		require.Empty(t, n.Rejects)
	}
	got, n := read(cinterionRow + "OK\n" + quectelRow + standardRow + "OK\n" + simcomRow + "OK\n")
	require.Len(t, got, 3)
	require.Contains(t, got[0], `"cell_id":190813193`)
	require.Contains(t, got[1], `"cell_id":32200587`)
	require.Contains(t, got[1], `"registration":[{"domain":"cs","status":0}]`)
	require.Contains(t, got[2], `"cell_id":12401`)
	require.Empty(t, n.Rejects)
	got, n = read("+ECSTATUS: RRC, State:\"IDLE\", TAC:6342, CellId:111742891\nOK\n+SGCELLINFOEX: LTE,1,2,3\nOK\n")
	require.Len(t, got, 1)
	require.Contains(t, got[0], `"area":6342,"cell_id":111742891`)
	require.Equal(t, []string{"+SGCELLINFOEX: LTE,1,2,3"}, n.Unread, "an experimental family is read only if it is named")
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
