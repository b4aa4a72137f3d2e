package at

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// fence decides what a command is, from its text alone. It is the second of two locks: whatever a dialect declares, only what is
// clearly passive passes. Passive are
//
//   - the bare AT, and the read form +X?, which only reports (V.250 5.4.4.4, TS 27.007 4.2),
//   - the test form +X=?, which only reports what could be set, except where it is a scan,
//   - the exact texts of the tables (passive.go, passive_FAMILY.go): questions, where TS 27.007 or a vendor asks in another
//     form, and switches, which change only what the modem prints,
//
// and of these nothing that the table forbidden names. The scans of the tables pass as surveys. A text is one command
// in upper case: it may hold no space, no semicolon, no control byte and no quote that stays open, so that none can hide
// in another.
func fence(text string) (Kind, string, error) {
	if err := wellFormed(text); err != nil {
		return 0, "", err
	}
	if text == attention.Text {
		return attention.Kind, attention.Why, nil
	}
	name, form := splitForm(text)
	if why := whyForbidden(name, form); why != "" {
		return 0, "", errors.New(why)
	}
	if kind, why, ok := lookUp(text); ok {
		return kind, why, nil
	}
	switch {
	case name == "":
		return 0, "", errors.New("of the basic commands only AT, ATI, ATE0 and ATE1 may be sent")
	case form == "?":
		return Query, "reads what is set or in force", nil
	case form == "=?" && strings.Contains(name, "COPS"):
		return 0, "", errors.New("may scan for operators")
	case form == "=?":
		return Query, "asks which values there are", nil
	}
	return 0, "", errors.New("does or sets something: in this form only what a table of modem/at/passive.go or passive_FAMILY.go names may be sent")
}

// wellFormed checks the alphabet and the length.
func wellFormed(text string) error {
	if len(text) > 64 {
		return errors.New("is longer than 64 characters")
	}
	quoted := false
	for _, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case r <= ' ' || r > '~' || r == ';' || r == '\\':
			return fmt.Errorf("holds %q, which could end a command or begin another", r)
		case !quoted && 'a' <= r && r <= 'z':
			return errors.New("is not in upper case")
		}
	}
	if quoted {
		return errors.New("holds a quote that is never closed")
	}
	return nil
}

// splitForm splits an extended command into its name with the mark, "+QENG", and the form: "", "?", "=?", "=...". The name
// is empty when the text is no extended command.
func splitForm(text string) (name, form string) {
	if text == "" || !isMark(text[0]) {
		return "", text
	}
	end := 1
	for end < len(text) && isWord(text[end]) {
		end++
	}
	form = text[end:]
	if end == 1 || form != "" && form != "?" && form[0] != '=' {
		return "", text
	}
	return text[:end], form
}

// forms are the forms in which a command is forbidden.
type forms uint8

const (
	always  forms = iota // in every form
	setting              // in every form but +X? and +X=?
	valued               // with a value after the name of what it configures: +QCFG="band" asks, +QCFG="band",F sets
)

// forbidden lists dangerous commands. The fence would refuse nearly all of them anyway; this stops a row that is added to a table
// of passive*.go by mistake.
var forbidden = []struct {
	verbs  string // without the mark, separated by spaces
	forms  forms  //
	except string // forms that are passive all the same
	why    string
}{
	{"CFUN", setting, "", "switches the radio or restarts the modem"},
	{"CPOF QPOWD CPWROFF CRESET RESET GRESET QRST QRFTESTMODE REBOOT SHDN ENHRST TRB NRB MSO POWERDOWN", always, "",
		"switches the modem off or restarts it"},
	{"COPS", setting, "=3,0 =3,1 =3,2", "chooses the network"},
	{"WS46 CGATT CNMP CMNB CEMODE SYSCFG SYSCFGEX SELRAT SELACQ XACT GTACT GTRAT URAT UMNOPROF UMNOCONF ZSNT MODODR " +
		"XSYSTEMMODE CPLS CPOL CNAOP CACAP", setting, "", "chooses the network or the radio access technology"},
	{"BND BAND CBAND CBANDCFG BANDSEL UBANDMASK BANDLOCK XBANDLOCK QNWLOCK QLOCKF CELLLOCK LOCKCELL FREQLOCK LTEFREQLOCK " +
		"NRFREQLOCK GTCELLLOCK CCELLCFG CLCELL PCILOCK CMSSN UFREQLOCK RATLOCK ZLOCKCELL LOCKBAND", setting, "",
		"locks the modem to a band, a channel or a cell"},
	{"QCFG QNWPREFCFG QNWCFG QSIMDET CSYSSEL", valued, `="nr5g_meas_info",0 ="nr5g_meas_info",1`,
		"writes a configuration that stays in the modem"},
	{"CMGS CMGW CMGD CMGC CMGR CMGL CMGDA CMSS CMMS CNMA CSCA CRES CSAS QMGDA QCMGS QCMGR", always, "",
		"touches short messages"},
	{"CNMI CMGF CPMS CSMP CSCB CSDH CSMS", setting, "", "changes how short messages are handled"},
	{"CPBR CPBW CPBF CPBS CPBP", always, "", "touches the phone book"},
	{"CSIM CRSM CRLA CGLA CCHO CCHC CUAD QCSIM", always, "", "talks to the SIM itself, which holds identities"},
	{"CPIN CPIN2 CPINR CLCK CPWD SPIC QPINC QUIMSLOT GTDUALSIM SIMSWITCH SWITCHSIM QDSIM", setting, "",
		"touches the SIM or one of its locks"},
	{"CGDCONT CGDSCONT CGACT CGDATA CGAUTH CGQREQ CGEQREQ CGCMOD CGANS CGPADDR CGCONTRDP CNACT QIACT QIDEACT QNETDEVCTL " +
		"NDISDUP UPSDA UPSD DIALMODE SCACT XDATACHANNEL CEUS", setting, "", "changes a data connection or shows its address"},
	{"QCRMCALL CHUP CHLD CLCC CVHU CBST CRLP CLVL VTS VTD CTFR CUSD CLIR CLIP COLP CDIP CCFC CCWA CAOC CACM", always, "",
		"calls somebody or touches supplementary services"},
	{"QIOPEN QISEND QPING QHTTPGET QHTTPPOST QHTTPURL QFUPL QFDWL QFDEL QMTOPEN USOCR USOCO USOWR UPING CIPSTART CIPSEND " +
		"HTTPACTION SD XSEND", always, "", "sends data"},
	{"QGPS QGPSCFG QGPSEND QGPSDEL QGPSXTRA CGPS CGNSPWR CGNSSPWR GPSP WGPS UGPS GTGPSPOWER GPSFIX GPSTRACK GPSEND XGPS " +
		"GPSCOLDSTART", setting, "", "switches GNSS or changes its settings"},
	{"ENTERCND SETCND ENTERDM UNLOCK SPC OPENLOCK", always, "", "unlocks a service mode"},
	{"EGMR QPRTPARA QNVFR QNVFW QNVR QNVW NV NVRD NVWR NVREAD NVWRITE NVRESTORE NVBACKUP NVDEFAULT RMARESET DEFAULT " +
		"FACTORYRESET QFASTBOOT QDOWNLOAD QABFOTA QFOTADL QMBNCFG FSWRITE FSDELETE PRIVATE CKPD", always, "",
		"reads or writes the modem's memory or firmware"},
	{"USBCOMP UDUSBCOMP USBSWITCH QUSBCFG USBCFG GTUSBMODE SETPORT PORTCFG FASTBOOT BOOTHOLD CUSBPIDSWITCH CDCMODE ZCDRUN " +
		"QURCCFG QDAI", always, "", "changes the USB configuration or the use of the ports"},
	{"QCDMG QCDMR QCDGEN QCLOG QLOG DIAG TRACE XTRACE ULOG XLOG", always, "", "opens a diagnostic stream"},
	{"IPR IFC ICF CMUX CSCLK QSCLK CSCS CEDRXS CPSMS CALA CCLK CTZU", setting, "",
		"changes the line, the sleep or the clock of the modem"},
}

// identityNames are parts of the names of commands that ask for an identity of the subscriber or device, in the spelling of any vendor.
var identityNames = strings.Fields("IMEI IMSI CIMI CCID GSN CNUM MSISDN TMSI GUTI SUPI SUCI MEID SERIAL")

func namesIdentity(name string) bool {
	return slices.ContainsFunc(identityNames, func(part string) bool { return strings.Contains(name, part) })
}

// whyForbidden returns why an extended command is never sent; empty if it is not forbidden.
func whyForbidden(name, form string) string {
	if name == "" {
		return ""
	}
	verb := name[1:]
	if namesIdentity(verb) {
		return "asks for an identity of the subscriber or of the device"
	}
	for _, f := range forbidden {
		if !holds(f.verbs, verb) || holds(f.except, form) {
			continue
		}
		switch f.forms {
		case setting:
			if form == "?" || form == "=?" {
				continue
			}
		case valued:
			if !strings.Contains(form, ",") && form != "" {
				continue
			}
		}
		return f.why
	}
	return ""
}
