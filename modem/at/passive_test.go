package at

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// dangerous are commands that must never leave, one a line: what the promise names, and what modems of all families offer
// to change a radio, a network, a SIM, a memory, to call, to send, or to print an identity.
const dangerous = `
D
D112;
D*99#
D*99***1#
DT0123456789
D>1;
A
H
H0
O
O0
&F
&F0
&W
&W0
&V
&Y0
&C1
&D2
\Q3
Z
Z0
Z1
E
E2
E0Q0V1
IE0
Q1
V0
X4
S0=1
S7?
S3=13
T
P
L3
M0
N1
+++
/
I;D112
I9
+CFUN=0
+CFUN=1
+CFUN=1,1
+CFUN=4
+CFUN
+cfun=1
+COPS=0
+COPS=1,2,"26201"
+COPS=1,2,"26201",7
+COPS=2
+COPS=3
+COPS=3,3
+COPS=3,2,"26201"
+COPS=4,2,"26201"
+COPS
+COPS=3,2;+CFUN=0
+COPS?;+COPS=2
+WS46=22
+CGATT=0
+CGATT=1
+CGACT=1,1
+CGACT=0,1
+CGDCONT=1,"IP","internet"
+CGDATA="PPP",1
+CGAUTH=1,1,"user","pass"
+CPLS=0
+CPOL=1,2,"26201"
+CMGS="+491711234567"
+CMGS=23
+CMGW="0171"
+CMGD=1
+CMGD=1,4
+CMGR=1
+CMGL="ALL"
+CMGL=4
+CMGL?
+CMGC=1
+CMSS=1
+CMGF=1
+CNMI=2,1
+CNMA
+CSCA="+491710760000"
+CSCA?
+CPMS="SM","SM","SM"
+CSMP=17,167,0,0
+CPBR=1
+CPBR=1,250
+CPBW=1,"0171"
+CPBF="a"
+CPBS="ON"
+CNUM
+CNUM?
+CIMI
+CIMI?
+CIMI=?
+CGSN
+CGSN=1
+CGSN?
+GSN
+GSN?
+CCID
+CCID?
+QCCID
+QCCID?
+ICCID
+ICCID?
^ICCID?
#CCID
%CCID
+CRSM=176,28423,0,0,9
+CRSM=214,28539,0,0,12,"64F01064F020"
+CRSM?
+CSIM=14,"A0A40000022FE2"
+CCHO="A0000000871002"
+CGLA=1,10,"00A4000402"
+CPIN="1234"
+CPIN=1234
+CPIN="12345678","1234"
+CPIN2=1234
+CLCK="SC",0,"1234"
+CLCK="SC",2
+CPWD="SC","1234","4321"
+CPINR
+CUSD=1,"*100#"
+CHUP
+CHLD=1
+CLCC
+CLIP=1
+CCFC=0,3,"0171"
+CLIR=1
+VTS=1
+CPOF
+QPOWD
+QPOWD=1
+CPWROFF
+CRESET
#SHDN
#REBOOT
#ENHRST=1,0
!RESET
!GRESET
^RESET
%RESET
+QRST=1
+QRFTESTMODE=1
+NRB
+QCFG="band",0,8000000,0
+QCFG="band"
+QCFG="nwscanmode",3,1
+QCFG="nwscanseq",0403,1
+QCFG="usbnet",1
+QCFG="usbcfg",0x2C7C,0x0125,1,1,1,1,1,0,0
+QCFG="servicedomain",2,1
+QCFG="roamservice",2
+QCFG
+QNWPREFCFG="mode_pref",LTE
+QNWPREFCFG="mode_pref",AUTO
+QNWPREFCFG="lte_band",1:3
+QNWPREFCFG="nr5g_disable_mode",1
+QNWPREFCFG="all_band_reset"
+QNWPREFCFG="roam_pref",255
+QNWLOCK="common/lte",1,1300,101
+QNWLOCK="common/4g",1,1300,101
+QNWCFG="csi_ctrl",1,1
+QNWCFG="nr5g_meas_info",2
+QNWCFG="nr5g_meas_info",1,1
+QCFG="nr5g_meas_info",1
+QENG=2
+QENG=1,2
+QCELL=1,"CMNET"
+NUESTATS=ALL
+KCELL=1
^SMONI=1
^MONI=5
^MONP=5
^SNMON="NBC",2
^SXRAT=3
^SMSO
^SCFG="Radio/Band","3"
+QLOCKF=1
+QURCCFG="urcport","usbat"
+QGPS=1
+QGPS=1,30,50,0,1
+QGPSEND
+QGPSDEL=0
+QGPSCFG="autogps",1
+QGPSXTRA=1
+QGPSLOC=3
+QMBNCFG="AutoSel",1
+QMBNCFG="Deactivate"
+QPRTPARA=1
+QPRTPARA=3
+QFASTBOOT
+QDOWNLOAD=1
+QABFOTA="start"
+QFOTADL="http://example.org/x"
+QNVFR="/nv/item_files/modem/mmode/lte_bandpref"
+QNVFW="/nv/item_files/modem/mmode/lte_bandpref",FFFF
+QNVR=6828,0
+QNVW=1,0,"0"
+QUSBCFG=1
+QSCLK=1
+QUIMSLOT=1
+QDSIM=1
+QNETDEVCTL=1,1,1
+QIACT=1
+QIOPEN=1,0,"TCP","example.org",80
+QPING=1,"example.org"
+QHTTPGET=80
+QFUPL="x",10
+QFDEL="*"
+EGMR=1,7,"860000000000000"
+EGMR=0,7
$QCRMCALL=1,1
$QCRMCALL?
$QCDMG
$QCDGEN=1
!ENTERCND="A710"
!ENTERCND?
!SELRAT=06
!SELRAT=00
!BAND=00
!BAND=09
!NV=1
!NVRESTORE=0
!RMARESET=1
!USBCOMP=1,1,100D
!UDUSBCOMP=6
!SETCND="A710"
!IMPREF="GENERIC"
!SCACT=1,1
!GPSFIX=1,60,50
!LTEFREQ=1
^SYSCFGEX="03",3FFFFFFF,1,2,7FFFFFFFFFFFFFFF,,
^SYSCFG=2,2,3FFFFFFF,1,2
^SETPORT="FF;10,12,16"
^SETPORT="A1,A2"
^LTEFREQLOCK=1,0,1,1300
^FREQLOCK=1,1
^CELLLOCK=1
^NDISDUP=1,1
^DIALMODE=0
^CURC=2
^CARDLOCK="12345678"
^NVWR=1,1,0
^NVRD=1
^FORCESUSPEND
^CARDMODE=1
+CNMP=38
+CNMP=2
+CMNB=1
+CNBP=0xFFFF
+CBANDCFG="CAT-M",3
+CBAND="ALL_BAND"
+CCELLCFG=1,101,1300
+CLCELL=0,1
+CGPS=1,1
+CGNSPWR=1
+CNACT=0,1
+CUSBPIDSWITCH=9011,1,1
+CSYSSEL="lte_band",1
+CFTPSGET="x"
+SIMEI=860000000000000
+SIMEI?
+CSCLK=1
+CMUX=0
+IPR=115200
+ICF=3,3
+IFC=2,2
#BND=0,0
#BND=0,0,1
#BND
#CIMI
#CGSN
#CEMODE=2
+CEMODE=2
#FWSWITCH=1,1
#USBCFG=3
#PORTCFG=1
#NVM=1
#SD=1,0,80,"example.org"
#ECM=1,0
#RXDIV=0,1
#CODEC=1
$GPSP=1
$GPSR=0
+URAT=3
+URAT=1,3
+UBANDMASK=0,1
+UBANDSEL=1800
+UMNOPROF=1
+UGPS=1,0
+UFACTORY=2,2
+USOCR=6
+UPSDA=0,3
+UUSBCONF=2
+UCGED=1
+CGED=1
+XACT=2,,,104
+XSYSTEMMODE=1
%XSYSTEMMODE=1,0,0,0
%XBANDLOCK=1,"1"
%XFACTORYRESET=0
%XMODEMTRACE=1,2
%XSUDO=7,"x"
%NCELLMEASSTOP
%CMNG=0,1,0,"x"
%XICCID
%XVBAT=1
+GTACT=2
+GTRAT=10
+GTUSBMODE=40
+GTCELLLOCK=1,0,0,1300,101
+XCCINFO=1
+ZSNT=6,0,0
+ZLOCKCELL=1
+ZCDRUN=8
+ZIMEI?
+MODODR=5
+SMSWEN=1
+EEMOPT=2
+EEMGINFO
*BAND=5
*CNTI=1
*MGIMEI?
*EHPLMN=1
+SQNMONI=1
+SQNRFTEST
+SQNINS=0
+CCLK="26/11/23,20:00:00+04"
+CTZU=1
+CEDRXS=2
+CPSMS=1
+CSCS="UCS2"
+CREG=6
+CREG=2;+CFUN=0
+CREG
+CEREG=
+CEREG=3,1
+CEREG=03
+CMEE=3
+CMEE
+CSCON=9
E01
+KCOPS=?
$QCCOPS=?
+COPN
+QENG="servingcell";D112
+QENG="servingcell",1
+QENG="servingcell
+QENG=servingcell
+QENG="SERVINGCELL"
+QENG
+CSQ;D112;
+CSQ +CFUN=0
+CSQ?;
+CSQ=1
+CSQ?=
+CSQ??
+CSQ!
+?
+=?
?
=?
+CS Q
+csq
AT+CSQ
AT
`

// tricks are commands that carry another one in bytes that end or hide it.
var tricks = []string{
	"+CSQ\rAT+CFUN=0", "+CSQ\nAT+CFUN=0", "+CSQ\r\nATD112;", "+CSQ\x00", "+CSQ\x1a", "+CSQ\x1b", "+CSQ\x08\x08", "+CSQ?\r", "\r", "\n", " ", ";", "\x00", "+CSQ\u2028",
	"+CSQ\u00a0", "+ＣＦＵＮ=0", "+CSQ\xff", "+QENG=\"servingcell\"\r", "+QENG=\"serving\rcell\"", "+QENG=\"serving;cell\"", `+QENG="servingcell\"`, `+QCFG="a;+CFUN=0"?`,
	"+" + strings.Repeat("A", 70) + "?", "+CSQ\t", "I\r", "E0\rD112;", "+CEREG=3\r+CFUN=0",
}

func refusals() []string {
	return append(strings.Split(strings.TrimSpace(dangerous), "\n"), tricks...)
}

// Nothing dangerous gets on a list, whatever it is declared as.
func TestNothingDangerousIsListed(t *testing.T) {
	require.Greater(t, len(refusals()), 350)
	for _, text := range refusals() {
		for _, kind := range []Kind{Query, Reporting, Survey} {
			for _, make := range []func(...Command) (List, error){NewList, NewSurveyList} {
				list, err := make(csq, Command{Text: text, Kind: kind})
				require.Error(t, err, "%q as %s", text, kind)
				require.ErrorContains(t, err, strconv.Quote("AT"+text))
				require.Len(t, list.All(), 1, "a list with one bad command is no list")
			}
		}
	}
}

// A session sends no byte of a dangerous command, even for a forged Command.
func TestNothingDangerousLeaves(t *testing.T) {
	m := newFakeModem(scripted(nil))
	s := NewSession(m, testList(t), Options{})
	for _, text := range append(refusals(), "+COPS=?", "+QSCAN=3", "+CEREG=5", "+CREG?", "E1", `+QENG="neighbourcell"`) {
		for _, kind := range []Kind{Query, Reporting, Survey} {
			reply, err := s.Do(t.Context(), Command{Text: text, Kind: kind, Bare: true, Prefixes: []string{"+CSQ"}})
			require.ErrorIs(t, err, ErrNotListed, "%q", text)
			require.Empty(t, reply.Lines)
		}
	}
	require.NoError(t, s.Close())
	require.Empty(t, m.received())
}

// A session writes what its list says, byte for byte, and the bare AT.
func TestWhatLeavesIsListed(t *testing.T) {
	list := testList(t)
	var all strings.Builder
	for _, l := range list.All() {
		all.WriteString(l.Bytes)
		require.NotEmpty(t, l.Why, "%q", l.Bytes)
	}
	m := newFakeModem(scripted(nil))
	s := NewSession(m, list, Options{})
	for _, l := range list.All() {
		_, _ = s.Do(t.Context(), Command{Text: l.Bytes[2 : len(l.Bytes)-1]})
	}
	require.NoError(t, s.Close())
	sent := strings.SplitAfter(strings.TrimPrefix(m.received(), "AT\r"), "\r")
	require.Equal(t, all.String(), strings.Join(sent, ""), "the first AT is the session's own")
}

func TestZeroListHoldsAT(t *testing.T) {
	require.Equal(t, []Listed{{"AT\r", Query, attention.Why}}, List{}.All())
	declared, err := NewList(Command{})
	require.NoError(t, err)
	require.Equal(t, List{}.All(), declared.All())
	m := newFakeModem(scripted(nil))
	s := NewSession(m, List{}, Options{})
	require.NoError(t, s.Sync(t.Context()))
	_, err = s.Do(t.Context(), Command{})
	require.NoError(t, err)
	_, err = s.Do(t.Context(), csq)
	require.ErrorIs(t, err, ErrNotListed)
	require.NoError(t, s.Close())
	require.Equal(t, "AT\rAT\r", m.received())
}

func TestSurveysNeedAListOfTheirOwn(t *testing.T) {
	for _, row := range all(func(p passive) []asks { return p.surveys }) {
		for text := range strings.FieldsSeq(row.texts) {
			survey := Command{Text: text, Kind: Survey}
			_, err := NewList(survey)
			require.ErrorContains(t, err, "survey")
			list, err := NewSurveyList(csq, survey)
			require.NoError(t, err)
			require.Len(t, list.All(), 3)
			for _, kind := range []Kind{Query, Reporting} {
				_, err = NewSurveyList(Command{Text: text, Kind: kind})
				require.ErrorContains(t, err, "is a survey command")
			}
		}
	}
}

// all are the rows of one kind of every table.
func all[T any](rows func(passive) []T) (found []T) {
	for _, p := range tables {
		found = append(found, rows(p)...)
	}
	return found
}

// The tables of passive*.go hold nothing that the table of fence.go forbids, and no text is in two.
func TestTablesAgree(t *testing.T) {
	seen := map[string]bool{}
	check := func(text, why string, kind Kind) {
		require.False(t, seen[text], text)
		seen[text] = true
		got, reason, err := fence(text)
		require.NoError(t, err, text)
		require.Equal(t, kind, got, text)
		require.Equal(t, why, reason, text)
	}
	for _, row := range all(func(p passive) []asks { return p.questions }) {
		for text := range strings.FieldsSeq(row.texts) {
			check(text, row.why, Query)
		}
	}
	for _, row := range all(func(p passive) []asks { return p.surveys }) {
		for text := range strings.FieldsSeq(row.texts) {
			check(text, row.why, Survey)
		}
	}
	for _, row := range all(func(p passive) []reporting { return p.switches }) {
		for value := range strings.FieldsSeq(row.values) {
			check(row.write+value, row.why, Reporting)
		}
	}
	for _, f := range forbidden {
		for verb := range strings.FieldsSeq(f.verbs) {
			require.Equal(t, strings.ToUpper(verb), verb)
			_, _, err := fence("+" + verb + "=1")
			require.Error(t, err, verb)
			_, _, err = fence("+" + verb)
			require.Error(t, err, verb)
		}
	}
}

// What passes the fence is one command of a form that asks, or an exact text of a table: whatever is tried.
func TestFenceProperty(t *testing.T) {
	pieces := append(strings.Fields(dangerous), "+CSQ", "?", "=?", "=", "\"", ",", ";", "\r", " ", "+", "1", "+COPS", "+QENG", `"servingcell"`)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 3).Draw(t, "pieces"), "")
		kind, _, err := fence(text)
		if err != nil {
			return
		}
		inTable, _, listed := lookUp(text)
		require.Equal(t, listed && inTable == Survey, kind == Survey)
		require.Equal(t, listed && inTable == Reporting, kind == Reporting)
		if !listed {
			require.Regexp(t, `^[+^%#!$*][A-Z0-9_]+(\?|=\?)$`, text)
		}
		require.NotRegexp(t, `[;\r\n\s\\]`, text)
	})
}

func TestListMergesDeclarations(t *testing.T) {
	list, err := NewList(
		Command{Text: "I", Bare: true, Identity: []Identity{{Label: "IMEI:"}}, Why: "who made it"},
		Command{Text: "I", Bare: true, Identity: []Identity{{Label: "SVN:"}}})
	require.NoError(t, err)
	require.Equal(t, []Listed{{"AT\r", Query, attention.Why}, {"ATI\r", Query, "who made it"}}, list.All())
	c, err := list.admit(Command{Text: "I", Identity: nil})
	require.NoError(t, err)
	require.Equal(t, []Identity{{Label: "IMEI:"}, {Label: "SVN:"}}, c.Identity, "a forged command is redacted as the listed one")
	require.True(t, slices.IsSortedFunc(testList(t).All(), func(a, b Listed) int { return strings.Compare(a.Bytes, b.Bytes) }))
}

func TestSettingCommandsAreListed(t *testing.T) {
	setting := Setting{Read: cereg, Write: "+CEREG=", Values: []string{"0", "1", "2", "3", "4", "5"}, Want: []string{"5", "3"}, Why: "causes"}
	list, err := NewList(setting.Commands()...)
	require.NoError(t, err)
	require.Len(t, list.All(), 8)
	_, err = NewList(Setting{Read: cereg, Write: "+CFUN=", Values: []string{"1"}}.Commands()...)
	require.ErrorContains(t, err, `command "AT+CFUN=1": switches the radio or restarts the modem`)
}

func TestKindWords(t *testing.T) {
	require.Equal(t, "query reporting survey Kind(7)", strings.Join([]string{Query.String(), Reporting.String(), Survey.String(), Kind(7).String()}, " "))
}
