package at

import "strings"

// asks is a row of a table of exact texts, separated by spaces, and what they are for.
type asks struct {
	texts string
	why   string
}

// questions are the commands that ask in another form than +X? or +X=?. With these very literals they report and change
// nothing, by the document named or by the vendor's AT commands manual.
var questions = []asks{
	{`I`, "says what the modem is (V.250 6.1.3)"},
	{`+CGMI +GMI`, "names the manufacturer (TS 27.007 5.1)"},
	{`+CGMM +GMM`, "names the model (TS 27.007 5.2)"},
	{`+CGMR +GMR`, "names the firmware (TS 27.007 5.3)"},
	{`+CSQ`, "reads the signal quality (TS 27.007 8.5)"},
	{`+CESQ`, "reads the signal quality, extended (TS 27.007 8.69)"},
	{`+CEER`, "reads why the last call, attach or context failed (TS 27.007 6.10)"},
	{`+CGED=0 +CGED=3`, "reads the GSM cells once (GSM modems)"},

	{`+QENG="servingcell"`, "Quectel: reads the serving cell"},
	{`+QENG="neighbourcell"`, "Quectel: reads the neighbour cells"},
	{`+QNWINFO`, "Quectel: reads the network, band and channel"},
	{`+QCAINFO`, "Quectel: reads the carriers in use"},
	{`+QSPN`, "Quectel: reads the operator's name and PLMN"},
	{`+QCSQ`, "Quectel: reads the signal quality of the RAT in use"},
	{`+QRSRP +QRSRQ +QSINR`, "Quectel: reads a level at each antenna"},
	{`+QNWPREFCFG="mode_pref" +QNWPREFCFG="nr5g_disable_mode"`, "Quectel: reads which RATs the modem may use"},
	{`+QCFG="nwscanmode" +QCFG="servicedomain"`, "Quectel: reads which RATs and domains the modem may use"},
	{`+QGPSLOC=0 +QGPSLOC=1 +QGPSLOC=2`, "Quectel: reads the position where GNSS is already on"},

	{`+CCINFO`, "SIMCom: reads the serving and neighbour cells (SIM5320)"},
	{`+CMGRMI=4`, "SIMCom: reads the LTE cells in detail (SIM7600, SIM7906)"},
	{`+CGPSINFO +CGNSINF +CGNSSINFO`, "SIMCom: reads the position where GNSS is already on"},

	{`^MONSC ^MONSSC ^CSERSSI`, "Huawei: reads the serving cells"},
	{`^MONNC`, "Huawei: reads the neighbour cells"},
	{`^SYSINFO ^SYSINFOEX`, "Huawei, ZTE: reads the service state"},

	{`#RFSTS #SERVINFO`, "Telit: reads the serving cell"},
	{`#MONI`, "Telit: reads the cells that #MONI=n chose"},
	{`#CEERNET`, "Telit: reads the last cause that the network gave"},

	{`+XMCI=0 +XMCI=1`, "Fibocom L8xx: reads the cells"},
	{`+ZRSSI +ZSINR`, "ZTE: reads the levels of the serving cell"},
	{`+CELLINFO +CELLINFO=3 +SGCELLINFO +SGCELLINFOEX +PSRAT`, "MeiG: reads the cells"},
	{`+SQNMONI=0 +SQNMONI=7 +SQNMONI=9`, "Sequans: reads the serving and neighbour cells"},
	{`+CCED=0,1 +CCED=0,2`, "Unisoc: reads the serving and neighbour cells"},
	{`%XMONITOR`, "Nordic: reads the serving cell"},
	{`%NCELLMEAS %NCELLMEAS=1 %NCELLMEAS=2`, "Nordic: measures the neighbour cells, without leaving the serving one"},
}

// switches are the reporting switches: they change what the modem prints, never what its radio does. The list is closed,
// and so are the values.
var switches = []struct {
	write  string
	values string // separated by spaces
	why    string
}{
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
	{"+CENG=", "0 1 2 3 0,0 0,1 1,0 1,1 2,0 2,1 3,0 3,1", "SIMCom: which cells +CENG? prints"},
	{"+CNSMOD=", "0 1", "SIMCom: reports of the RAT in use"},
	{"+CNETCI=", "0 1", "SIMCom: reports of the cells heard"},
	{"^CURC=", "0 1", "Huawei: whether unsolicited lines are printed"},
	{"#MONI=", "0 1 2 3 4 5 6 7", "Telit: which cells #MONI prints"},
	{"+UCGED=", "0 2 3 5", "u-blox: which cells +UCGED? prints"},
	{"+UCELLINFO=", "0 1", "u-blox: reports of the cells heard"},
	{"+UREG=", "0 1", "u-blox: reports of the RAT in use"},
	{"%CESQ=", "0 1", "Nordic: reports of signal quality"},
	{"+CNEC=", "0 8 16 24", "Nordic: reports of EMM and ESM causes (TS 27.007 9.1B)"},
	{"%MDMEV=", "0 1", "Nordic: reports of what the modem searches"},
	{"+EEMOPT=", "0 1", "Unisoc: whether +EEMGINFO? prints cells"},
}

// surveys are the scans: the radio leaves its cell and service drops, for up to three minutes.
var surveys = []asks{
	{`+COPS=?`, "lists the operators heard (TS 27.007 7.3)"},
	{`+QSCAN=1 +QSCAN=2 +QSCAN=3 +QSCAN=1,1 +QSCAN=2,1 +QSCAN=3,1`, "Quectel: scans for LTE and NR cells"},
	{`+QOPS`, "Quectel: scans for cells, by operator"},
	{`#CSURV #CSURVC`, "Telit: scans for cells"},
	{`+CNETSCAN`, "SIMCom: scans for GSM cells"},
	{`%NCELLMEAS=3 %NCELLMEAS=4 %NCELLMEAS=5`, "Nordic: searches for cells beyond the neighbours"},
}

// lookUp finds a text in a table.
func lookUp(table []asks, text string) (why string, ok bool) {
	for _, row := range table {
		if holds(row.texts, text) {
			return row.why, true
		}
	}
	return "", false
}

// lookUpSwitch finds a text among the reporting switches.
func lookUpSwitch(text string) (why string, ok bool) {
	for _, row := range switches {
		if value, ok := strings.CutPrefix(text, row.write); ok && holds(row.values, value) {
			return row.why, true
		}
	}
	return "", false
}

// holds says whether word is one of the words, which are separated by spaces.
func holds(words, word string) bool {
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}
