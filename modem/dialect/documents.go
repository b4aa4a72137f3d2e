package dialect

// documents name what the reading of a row rests on, by family and prefix; "" is for rows without one. The lines above each
// reader draw the layout; the firmware notes list the sources in full.
var documents = map[string]map[string]string{
	"generic": {
		"+CREG":   "3GPP TS 27.007 clause 7.2",
		"+CGREG":  "3GPP TS 27.007 clause 10.1.20",
		"+CEREG":  "3GPP TS 27.007 clause 10.1.22",
		"+C5GREG": "3GPP TS 27.007 clause 10.1.47",
		"+COPS":   "3GPP TS 27.007 clause 7.3",
		"+CSQ":    "3GPP TS 27.007 clause 8.5",
		"+CESQ":   "3GPP TS 27.007 clause 8.69",
		"+CSCON":  "3GPP TS 27.007 clause 10.1.30",
		"+CPIN":   "3GPP TS 27.007 clause 8.3",
		"+CEER":   "3GPP TS 27.007 clause 6.10",
		"+CGED":   "the labels in the row",
	},
	"quectel": {
		"+QENG":    "Quectel EC2x AT manual 6.17; RM5xx network application note 3.2.2",
		"+QCAINFO": "Quectel EC2x AT manual; RM5xx network application note 3.2.3",
		"+QNWINFO": "Quectel EC2x AT manual 6.9; RM5xx network application note 3.2.1",
		"+QSPN":    "Quectel EC2x AT manual 6.10",
		"+QCSQ":    "Quectel EC2x and BG9x AT manuals",
		"+QGPSLOC": "Quectel GNSS manual",
		"+QSCAN":   "Quectel RM5xx AT manual 5",
		"+QOPS":    "Quectel EC2x AT manual 6.15",
		"":         "Quectel EC2x AT manual 6.15",
	},
	"simcom": {
		"+CPSI":          "SIMCom SIM5320, SIM7000, SIM7070, SIM7600, SIM82xx, A76xx manuals, AT+CPSI",
		"+CENG":          "SIMCom SIM800 manual 3.2.22; SIM7000 manual 5.2.13",
		"+CMGRMI":        "SIMCom SIM7600 manual 4.2.19",
		"+CNETCI":        "SIMCom A76xx manual 4.2.12",
		"+CNETCISRVINFO": "SIMCom A76xx manual 4.2.12",
		"+CNETCINONINFO": "SIMCom A76xx manual 4.2.12",
		"+CCINFO":        "SIMCom SIM5320 manual 4.13",
		"+CNSMOD":        "SIMCom SIM7600 manual 4.2.13",
		"+CGPSINFO":      "SIMCom SIM7600 manual 24.2.5",
		"+CGNSINF":       "SIMCom SIM7000 manual 9.2",
		"+CNETSCAN":      "recordings of SIM800",
		"":               "recordings of SIM800",
	},
	"telit": {
		"#RFSTS":    "Telit LE910, ME910, LM960, GE910 manuals, AT#RFSTS",
		"#SERVINFO": "Telit GE910, HE910, LE910, LM960 manuals, AT#SERVINFO",
		"#MONI":     "Telit GM862, HE863, LE910, ME910 manuals, AT#MONI",
		"#CEERNET":  "Telit LE910 manual, AT#CEERNET; kept as text",
		"$GPSACP":   "Telit GE864 manual, AT$GPSACP",
		"#CSURVC":   "Telit LM960, GE910 manuals, AT#CSURVC",
		"":          "Telit LM960, GE910 manuals, AT#CSURVC",
	},
	"sierra": {
		"!GSTATUS": "Sierra EM74xx, EM75xx, EM91xx AT command references, AT!GSTATUS",
		"!LTEINFO": "Sierra EM74xx AT command reference, AT!LTEINFO",
		"!GPSLOC":  "Sierra EM74xx AT command reference, AT!GPSLOC",
		"":         "Sierra EM74xx, EM75xx, EM91xx AT command references",
	},
	"foxconn": {
		"^DEBUG":   "recordings of DW5821e, T99W175, MV31-W; ROOterSource2203",
		"^CA_INFO": "recordings of T77W968",
		"":         "recordings of DW5821e, T99W175, MV31-W; ROOterSource2203",
	},
	"sequans": {"+SQNMONI": "recordings of Monarch in Pycom GPy, Monarch 2 in GM02SP"},
	"fibocom": {
		"+GTCCINFO": "Fibocom FM350 AT manual",
		"+GTCAINFO": "Fibocom FM350 AT manual",
		"+XMCI":     "Fibocom L8xx AT manual; on GSM and UMTS Intel's RIL for XMM7260",
		"+XLEC":     "Fibocom L860 AT manual",
		"+XCCINFO":  "Fibocom L8xx AT manual",
		"+XCESQ":    "Fibocom L8xx AT manual",
		"+RSRP":     "Fibocom L8xx AT manual",
		"+RSRQ":     "Fibocom L8xx AT manual",
		"":          "Fibocom FM350 AT manual",
	},
	"ublox": {
		"+UCGED":     "u-blox SARA-R5, SARA-R422, LARA-R6 AT manuals",
		"+UCELLINFO": "u-blox AT manual",
		"+RSRP":      "u-blox SARA-R4 AT manual",
		"+RSRQ":      "u-blox SARA-R4 AT manual",
		"":           "u-blox SARA-R5, SARA-R422, LARA-R6 AT manuals",
	},
	"nordic": {
		"%XMONITOR":  "nRF91 AT manual, %XMONITOR",
		"%NCELLMEAS": "nRF91 AT manual, %NCELLMEAS",
		"%CESQ":      "recordings of nRF9160",
		"+CNEC_EMM":  "3GPP TS 27.007 clause 9.1B; nRF91 AT manual",
		"+CNEC":      "3GPP TS 27.007 clause 9.1B",
	},
	"huawei": {
		"^HCSQ":      "Huawei E3372 AT manual",
		"^MONSC":     "Huawei MT5700M AT manual; Balong AT source",
		"^MONNC":     "Huawei MT5700M AT manual; Balong AT source",
		"^MONSSC":    "Huawei MT5700M AT manual; Balong AT source",
		"^HFREQINFO": "Huawei E3372 AT manual",
		"^SYSINFOEX": "Huawei E3372 AT manual",
		"^SYSINFO":   "Huawei and ZTE AT manuals",
		"^RSSI":      "Huawei E3372 AT manual",
		"^CSNR":      "Huawei E3372 AT manual",
		"^LTERSRP":   "Huawei E3372 AT manual",
		"^REJINFO":   "Huawei MT5700M AT manual, at second hand",
	},
	"zte": {
		"+ZCELLINFO": "public test tools and router scripts",
		"+ZRSSI":     "router scripts",
		"+ZCAINFO":   "router scripts",
		"^SYSINFO":   "Huawei and ZTE AT manuals",
	},
	"unisoc": {
		"+CCED":        "LuatOS AT manual, AT+CCED",
		"+EEMGINFO":    "LuatOS AT manual, AT+EEMGINFO",
		"+EEMLTESVC":   "LuatOS AT manual, AT+EEMGINFO",
		"+EEMLTEINTRA": "LuatOS AT manual, AT+EEMGINFO",
		"+EEMLTEINTER": "LuatOS AT manual, AT+EEMGINFO",
	},
	"meig": {"+SGCELLINFOEX": "ROOter meigdata.sh; no recording"},
}

// Document names what the reading of a row rests on, by its prefix; "" is for rows without one. It is empty where none is
// known.
func (d *Dialect) Document(prefix string) string {
	if s := documents[d.Name][prefix]; s != "" {
		return s
	}
	return documents["generic"][prefix]
}
