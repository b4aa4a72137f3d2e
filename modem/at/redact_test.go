package at

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestScrub(t *testing.T) {
	for line, want := range map[string]string{
		// by shape
		`262011234567890`:                          `<15 digits>`,
		`26201123456789`:                           `<14 digits>`,
		`"310410123456789"`:                        `"<15 digits>"`,
		`+XID: 1,"262011234567890",7`:              `+XID: 1,"<15 digits>",7`,
		`-93262011234567890`:                       `-<17 digits>`,
		`A204B1310410123456789,"AT&T"`:             `A204B<16 digits>,"AT&T"`,
		"2620112\uFFFD4567890":                     `<14 digits>`,
		`358723090123456`:                          `<15 digits>`,
		`3587230901234567`:                         `<16 digits>`,
		`35-872309-012345-6`:                       `<15 digits>`,
		`35 872309 012345 6`:                       `<15 digits>`,
		`358723/09/012345/6`:                       `<15 digits>`,
		`35872309.012345`:                          `<14 digits>`,
		`89490200001234567890`:                     `<20 digits>`,
		`8949020000123456789F`:                     `<19 digits>`,
		`98942000002143658709`:                     `<20 digits>`,
		`984902000021436587F9`:                     `<18 digits>`,
		`898600810906F8048812`:                     `<20 digits>`,
		`8949 0200 0012 3456 789`:                  `<19 digits>`,
		`from +491711234567 at`:                    `from <number> at`,
		`0032003600320030003100310032003300340035`: `<40 digits>`,
		`"003300310030003200360030"`:               `"003300310030003200360030"`, // a network
		`"003200360032003000310031003200330034003500360037003800390030"`: `"<60 digits>"`,
		`002B003400390031003700310031003200330034003500360037`:           `<52 digits>`,

		// by label
		`IMEI: 359072066012345`:          `IMEI: <redacted>`,
		`IMEI SV: 12`:                    `IMEI SV: 12`,
		`imei=35-872309-012345-6 SVN 12`: `imei=<redacted> SVN 12`,
		`"IMEI","358723090123456"`:       `"IMEI","<redacted>"`,
		`IMEI2:358723090123456`:          `IMEI2:<redacted>`,
		`IMEI358723090123456`:            `IMEI<redacted>`,
		`IMSI (262 01 1234567890)`:       `IMSI (<redacted>)`,
		`ICCID: 8949 0200`:               `ICCID: <redacted>`,
		`TMSI: C1D2E3F4 RSRP: -88`:       `TMSI: <redacted> RSRP: -88`,
		`mTmsi=0xc1d2e3f4,RAC=01`:        `mTmsi=<redacted>,RAC=01`,
		`P-TMSI: "FEDCBAFE"`:             `P-TMSI: "<redacted>"`,
		`S-TMSI A1 B2 C3 D4 E5 TAC 1234`: `S-TMSI <redacted> TAC 1234`,
		`GUTI: 26201-8001-01-C1D2E3F4`:   `GUTI: <redacted>`,
		`5G-S-TMSI:10401234abcd`:         `5G-S-TMSI:<redacted>`,
		`FSN: LR7040012345`:              `FSN: <redacted>`,
		`Serial Number: 1234-ABC`:        `Serial Number: <redacted>`,
		`MEID: 35907206601234`:           `MEID: <redacted>`,
		`TMSI: C1D2E3FAx`:                `TMSI: <redacted>`,
		`TMSI: -`:                        `TMSI: -`,
		`SNR: 1234`:                      `SNR: 1234`,
		`TMSI,FREQ`:                      `TMSI,FREQ`,

		// by the type of address
		`+XID: 1,"0612345678",129`:                           `+XID: 1,"<number>",129`,
		`^XID: "31612345678", 145,4`:                         `^XID: "<number>", 145,4`,
		`*XID: 1,0612345678,129`:                             `*XID: 1,<number>,129`,
		`+XID: "11880",129`:                                  `+XID: "<number>",129`,
		`+XID: "061234567890123",129`:                        `+XID: "<15 digits>",129`,
		`+XID: "0612345678",12`:                              `+XID: "<10 digits>",12`,
		`#SERVINFO: 6300,-85,"vodafone NL","20404",129,00DE`: `#SERVINFO: 6300,-85,"vodafone NL","20404",129,00DE`,
		`#RFSTS:"310410",128,-80`:                            `#RFSTS:"310410",128,-80`,
		`+XID: "00101",161`:                                  `+XID: "00101",161`,

		// by purpose
		`+QIND: "ccinfo",1,1,4,0,0,"0612345678",129`: `+QIND: "ccinfo",<redacted>`,
		`+QIND: "act","LTE"`:                         `+QIND: "act","LTE"`,
		`+QIND: "csq",20,99`:                         `+QIND: "csq",20,99`,
		`^DSCI: 1,1,4,0,0,0612345678,129`:            `^DSCI: <redacted>`,
		`*ECAV: 1,6,1,,,"0612345678",129`:            `*ECAV: <redacted>`,
		`#ECAM: 0,6,1,,,"0612345678",129`:            `#ECAM: <redacted>`,
		`^ORIG:1,0,"0612345678"`:                     `^ORIG: <redacted>`,
		`+CIEV: "CALL",1,"0612345678"`:               `+CIEV: "CALL",<redacted>`,
		`+CIEV: CALL,1,0612345678`:                   `+CIEV: CALL,<redacted>`,
		`+CIEV: 2,4`:                                 `+CIEV: 2,4`,
		`+CNAP: "ALICE SMITH",0`:                     `+CNAP: <redacted>`,
		`+CLIP: "01711234567",129`:                   `+CLIP: <redacted>`,
		`+CMTI: "SM",3`:                              `+CMTI: <redacted>`,
		`+CRING: VOICE`:                              `+CRING: <redacted>`,
		`+CUSD: 0,"Ihre Nummer 0171",15`:             `+CUSD: <redacted>`,
		`+CNUM: ,"01711234567",129`:                  `+CNUM: <redacted>`,
		`+CCID:1234`:                                 `+CCID: <redacted>`,
		`^ICCID: 98940200`:                           `^ICCID: <redacted>`,
		`%XICCID: 8949`:                              `%XICCID: <redacted>`,
		`#CGSN: 1`:                                   `#CGSN: <redacted>`,
		`+CMTI:`:                                     `+CMTI:`,
		`ATD01711234567;`:                            `ATD<redacted>`,
		`AT+CMGS="01711234567"`:                      `AT+CMGS=<redacted>`,
		`at+cpin="1234"`:                             `at+cpin=<redacted>`,
		`AT+CREG=2;+CPIN=1234;+CSQ`:                  `AT+CREG=2;+CPIN=<redacted>`,
		`AT+CPIN=?`:                                  `AT+CPIN=?`,
		`AT+CGSN`:                                    `AT+CGSN`,
		`+CME ERROR: SIM 262011234567890 no`:         `+CME ERROR: SIM <15 digits> no`,
	} {
		got, n := Scrub(line)
		require.Equal(t, want, got)
		require.Equal(t, want != line, n > 0, line)
		again, n := Scrub(got)
		require.Equal(t, got, again)
		require.Zero(t, n)
	}
}

// realLines were printed by modems and hold no identity of a person: not a byte of them may change.
var realLines = []string{
	`+C5GREG: 2,1,"2D6600","00000001CA74B017",11`,
	`+C5GREG: 2,1,"2D6600","0000000123456789",11,1,"01"`,
	`+C5GREG: 2,1,"2D6600","1CA74B017",11,1,"01"`,
	`+CREG: 2,1,"5D4","01BC7511",13`,
	`+CREG: 2,1,"8BDC","00000000",7`,
	`+CEREG: 1,"1F07","0079AA02",7,,,"11100000","00100110"`,
	`+CGREG: 2,1,"1234","00123456",7,"FF"`,
	`+COPS: 0,2,"003300310030003200360030",7`,
	`+COPS: 0,0,"0056006F006400610066006F006E0065",2`,
	`+COPS: 0,0,"041C04350433043004240043043E043D",2`,
	`+COPS: (2,"Verizon","Verizon","311480",7),(1,"T-Mobile","T-Mobile","310260",7),,(0-4),(0-2)`,
	`+COPS: 0,0,"AT&T",7`,
	saRow,
	`+QENG: "servingcell","NOCONN","LTE","FDD",222,01,4940206,427,1350,3,5,5,BFF,-93,-11,-61,11,7,50,-`,
	`+QENG: "servingcell","LIMSRV","NTN NBIoT","FDD",901,98,DC379,9,7685,23,0,0,7D9,-123,-14,-108,85,17`,
	`+QENG: "neighbourcell intra","LTE",275,280,-14,-99,-67,-,-,-,-,-,-`,
	`+QENG: "neighbourcell","WCDMA",10713,-723,398,-880,-155,6,-32768,-`,
	`+QCAINFO: "SCC",648768,10,"NR5G BAND 78",920`,
	`+QNWINFO: "FDD LTE","22288","LTE BAND 7",3350`,
	`+QSPN: "CHN-UNICOM","UNICOM","",0,"46001"`,
	`+QGPSLOC: 113355.0,44.74770,-85.56527,1.2,192.0,2,277.11,0.0,0.0,250420,10`,
	`+CGPSINFO: 3113.343286,N,12121.234064,E,250311,072809.3,44.1,0.0,0`,
	`+CGNSINF: 1,1,20260411123455.000,44.747701,-85.565271,192.000,0.00,0.0,1,,1.2,1.5,0.9,,12,9,,,42,,`,
	`+UULOC: 13/04/2011,09:54:51.000,45.6334520,13.0618620,49,1`,
	`+QLTS: "2026/11/23,03:40:48+32,0"`,
	`+CPSI: LTE,Online,252-02,0x260A,196089506,299,EUTRAN-BAND7,2850,5,5,21,47,43,17`,
	`+CPSI: WCDMA,Online,252-02,0x2612,-294967296,WCDMA IMT 2000,437,10687,0,-3,-83,-32768,-83,-15`,
	`+CMGRMI: Ant_Cfg,4,0x000000000000003F,0,0`,
	`+CNWINFO: LTE,00000000000000,0x7C4C7,0,0,UNKOWN,UNKOWN,0,0,-99`,
	`#RFSTS: "204 04",1001,-80,00DE,01,5,19,10,2,9878,"000000000000000","vodafone NL",1,2`,
	`#SERVINFO: 65535,-0,"vodafone NL(","20404",65535,00DE,64,3,-255,"II",FF`,
	`#MONI: S 70 55FA 1D23 736 -83dbm 19 33 1 0 I WIND`,
	`#MONI: RSRP:-101 RSRQ:-13 Id:00000EC EARFCN:66786 PWR:-68dbm`,
	`^HCSQ:"LTE",53,45,181,18`,
	`^MONSC: LTE,460,00,38400,D975244,8,24C8,-85,-10,-54`,
	`800 310 410 35666 0A14666A  2 5 5  22 404 -14.1  -79.6  -45.5 --`,
	`!LTEINFO: Serving: EARFCN MCC MNC TAC CID Bd D U SNR PCI RSRQ RSRP RSSI RXLV 2100 311 480 7939 007A230C 4 3 3 -10 390 -11.1 -70.9 -42.6 53`,
	`Tx Power:      --		TAC:         E2EA (58090)`,
	`RSRQ (dB):     -12.7		Cell ID:     02C3484A (46352458)`,
	`Revision: SWI9X30C_02.33.03.00 r8209 CARMD-EV-FRMWR2 2019/08/28 20:59:30`,
	`81600.0000.00.29.19.16_GC C40`,
	`eNB ID(PCI): 112819-3(16)`,
	`RSRP: -88.3dBm rx_diversity: 15 (-91.6dBm,-88.8dBm,-256.0dBm,-256.0dBm)`,
	`%NCELLMEAS: 0,"0199F10A","44020","107E",65535,3750,5,49,27,107504,3750,251,33,4,0,475,107,26,14,25,475,58,26,17,25`,
	`%XMONITOR: 1,"EDAV","EDAV","26295","00B7",7,4,"00011B07",7,2300,63,39,"", "11100000","11100000"`,
	`+SQNMONI: Singtel Cc:525 Nc:01 RSRP:-78.40 RSRQ:-15.60 TAC:678 Id:472 EARFCN:3716 PWR:-55.02 PAGING:256 CID:0xB36BC27 BAND:8 BW:20000`,
	`+EEMLTESVC: 1120, 2, 17, 6342, 81, 1650, 1650, 3, 5, 111742881, 65535, 51, 21, 6, 51, 21, 51, 21, 65535, 0, 255, 0, 0, 0`,
	`+XMCI: 4,510,11,"0xCF71","0x08096708","0x002E","0x00000145","0x00004795","0xFFFFFFFF",70,25,50,"0x00000000","0x00000000"`,
	`1,9,,,FFFFFFF,00FFFFFFF,723322,143,5079,500,13,68,68,80`,
	`SCC 1:2,0,138,18,38100,100,255,0,255,0,255,-102`,
	`+UCELLINFO:       1,     2,  310,  410, 7f05, 57b14e2, 395, 1032, 255, 255`,
	`+CCINFO:[SCELL],UARFCN:4436,MCC:505,MNC:001,LAC:338,ID:14302219,PSC:214,SSC:0,RSCP:88,ECIO:8.0,RXLev:-88dbm,TXPWR:0`,
	`+ZCELLINFO: 0XFFFE,0XFFFFFFFF,0X00000000,LTE B3,1600`,
	`+CSCON: 1,7,4`, `+CEER: EMM detached`, `RDY`, `OK`, `+CME ERROR: 516`, `+QIND: "act","LTE"`,
}

func TestRealLinesSurvive(t *testing.T) {
	for _, line := range realLines {
		got, n := Scrub(line)
		require.Equal(t, line, got)
		require.Zero(t, n)
	}
}

// Cell identities survive in every padding that modems print, also when they have no letter.
func TestCellIdentitiesSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nci := rapid.Uint64Range(0, 1<<36-1).Draw(t, "nci")
		if rapid.Bool().Draw(t, "all decimal") {
			nci = rapid.Uint64Range(0, 999999999).Draw(t, "digits")
			nci, _ = parseHex(fmt.Sprint(nci))
		}
		by := rapid.SampledFrom([]int{128, 129, 145, 161, 702}).Draw(t, "next column")
		for _, line := range []string{
			fmt.Sprintf(`+C5GREG: 2,1,"%06X","%09X",11,1,"01"`, nci>>12&0xFFFFFF, nci),
			fmt.Sprintf(`+C5GREG: 2,1,"%06X","%016X",11`, nci>>12&0xFFFFFF, nci),
			fmt.Sprintf(`+C5GREG: 1,"%06x","%016x",11`, nci>>12&0xFFFFFF, nci),
			fmt.Sprintf(`+QENG: "servingcell","NOCONN","NR5G-SA","TDD",460,11,%X,702,%X,633984,78,12,-89,-8,15,1,34`, nci, nci>>12&0xFFFFFF),
			fmt.Sprintf(`+CPSI: NR5G_SA,Online,311-480,0x%X,%d,257,NR5G_BAND78,629952,-920,-110,150`, nci>>12&0xFFFFFF, nci),
			fmt.Sprintf(`+CEREG: 2,1,"%04X","%08X",7`, nci&0xFFFF, nci&0xFFFFFFF),
			fmt.Sprintf(`^MONSC: NR,460,00,633984,1,%X,8,%X,-85,-10,15`, nci, nci>>12&0xFFFFFF),
			fmt.Sprintf(`1,9,262,02,%X,%09X,641760,940,5078,450,19,76,76,84`, nci>>12&0xFFFFFF, nci),
			// what stands behind may be a type of address by chance
			fmt.Sprintf(`+CPSI: NR5G_SA,Online,311-480,0x%X,%d,%d,NR5G_BAND78,629952,-920,-110,150`, nci>>12&0xFFFFFF, nci, by),
			fmt.Sprintf(`+QENG: "servingcell","NOCONN","NR5G-SA","TDD",460,11,%X,%d,%X,633984,78,12,-89,-8,15,1,34`, nci, by, nci>>12&0xFFFFFF),
			fmt.Sprintf(`+QENG: "servingcell","NOCONN","LTE","FDD",262,03,%X,%d,6200,20,3,3,2AFB,-105,-11,-76,10,23`, nci&0xFFFFFFF, by),
			fmt.Sprintf(`1,9,262,02,%X,%09X,%d,940,5078,450,19,76,76,84`, nci>>12&0xFFFFFF, nci, by),
			fmt.Sprintf(`%%XMONITOR: 1,"EDAV","EDAV","26295","00B7",7,4,"%08X",7,2300,%d,39,"", "11100000","11100000"`, nci&0xFFFFFFF, by),
			fmt.Sprintf(`#SERVINFO: 6300,-85,"vodafone NL","%d",%d,00DE,64,3,-255,"II",FF`, 20000+nci%60000, by),
		} {
			got, n := Scrub(line)
			require.Equal(t, line, got)
			require.Zero(t, n)
		}
	})
}

func parseHex(s string) (n uint64, err error) {
	_, err = fmt.Sscanf(s, "%x", &n)
	return n, err
}

// identity is one planted identity: how it is spelled, and what of it must not be found again.
type identity struct{ spelled, secret string }

func digits(n int) *rapid.Generator[string] {
	return rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), n, n, -1)
}

// identities spells IMSI, IMEI, ICCID, TMSI and numbers as modems do.
func identities() *rapid.Generator[identity] {
	return rapid.Custom(func(t *rapid.T) identity {
		imsi := rapid.SampledFrom([]string{"26201", "310410", "00101", "46000", "90170", "23415"}).Draw(t, "plmn")
		imsi += digits(15-len(imsi)).Draw(t, "msin")
		imei := rapid.SampledFrom([]string{"35", "86", "01", "99"}).Draw(t, "body") + digits(13).Draw(t, "imei")
		iccid := "89" + digits(17).Draw(t, "iccid")
		tmsi := fmt.Sprintf("%08X", rapid.Uint32Range(0x10000000, 0xFFFFFFFF).Draw(t, "tmsi"))
		number := "49171" + digits(7).Draw(t, "number")
		label := rapid.SampledFrom([]string{"IMEI: ", "IMEI:", "imei=", `"IMEI","`, "IMSI ", "Imsi: ", "IMEISV:", "ICCID:", "IMEI (", "IMEI2: "}).Draw(t, "label")
		ids := []identity{
			{imsi, imsi}, {`"` + imsi + `"`, imsi}, {imsi[:14], imsi[:14]}, {"  " + imsi + "  ", imsi},
			{imei, imei}, {imei[:14], imei[:14]}, {imei + "1", imei},
			{imei[:2] + "-" + imei[2:8] + "-" + imei[8:14] + "-" + imei[14:], imei},
			{imei[:2] + " " + imei[2:8] + " " + imei[8:14] + " " + imei[14:], imei},
			{imei[:6] + "/" + imei[6:8] + "/" + imei[8:14] + "/" + imei[14:], imei},
			{label + imei, imei}, {label + imei[:8] + "-" + imei[8:14] + "-" + imei[14:], imei}, {label + imsi, imsi},
			{imsi[:7] + "\x00" + imsi[7:], imsi[:7]}, {imsi[:7] + "\x11\x13" + imsi[7:], imsi}, {imei[:10] + "\xff" + imei[10:], imei[:10]},
			{iccid, iccid}, {iccid + "F", iccid}, {iccid + "7", iccid}, {iccid[:18], iccid[:18]}, {swapped(iccid + "F"), swapped(iccid + "F")[:18]},
			{iccid[:11] + "F" + iccid[12:] + "0", iccid[12:]}, {iccid[:4] + " " + iccid[4:8] + " " + iccid[8:12] + " " + iccid[12:16] + " " + iccid[16:], iccid},
			{"TMSI: " + tmsi, tmsi}, {"P-TMSI:" + tmsi, tmsi}, {`"mTmsi","` + tmsi + `"`, tmsi}, {"GUTI: 26201-8001-01-" + tmsi, tmsi}, {"S-TMSI 0x01" + tmsi, tmsi},
			{"+" + number, number}, {`"+` + number + `"`, number}, {ucs2(imsi), ucs2(imsi)}, {`"` + ucs2("+"+number) + `"`, ucs2(number)},
		}
		return rapid.SampledFrom(ids).Draw(t, "identity")
	})
}

func swapped(s string) string {
	var b strings.Builder
	for i := 0; i+1 < len(s); i += 2 {
		b.WriteByte(s[i+1])
		b.WriteByte(s[i])
	}
	return b.String()
}

func ucs2(s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, "%04X", r)
	}
	return b.String()
}

// planted are lines that hold one identity at %s, whole and with commas, quotes or line ends lost. Fixed text has no digit
// next to it that could begin a shorter secret.
var planted = []string{
	"%s", "x%s", "%sx", "(%s)", `"%s"`, ",%s,", "IMEI: %s", "Revision: EC25%s", "RDY%s", "  %s\t",
	`#RFSTS: "310 410",800,-93,-59,-14,8B1E,255,-5,1280,19,2,A20400,"%s","AT&T",3,2`,
	`#RFSTS: "310 410",800,-93,-59,-14,8B1E,255,-5,1280,19,2,A20400 %s AT&T,3,2`,
	`+QENG: "servingcell","NOCONN","LTE","FDD",222,01,4940206,%s,-93,-11,-61`,
	`+QENG: "servingcell","NOCONN",%s+QENG: "LTE","FDD",222,01,328261F`,
	`%s+CEREG: 2,1,"1F07","0079AA02",7`, `+CEREG: 2,%s`, `+XID:%s`, `^SIM: "a",%s`, `+CME ERROR: %s`, `+CME ERROR: SIM %s failed`,
	`+CLIP: %s,129`, `+CMT: %s,,"26/11/23,20:00:00+04"`, `+CNUM: ,%s,129`, `+CUSD: 1,"%s`, `%s OK`, `"%s""AT&T"`, `AT+XID=%s`, `ATD%s;`, `!ID %s;`, `*X:{%s}`,
}

// lostCommas are lines in which the comma before or behind the identity is gone, so that other digits touch it.
var lostCommas = []string{
	`#RFSTS: "310 410",800,-93,8B1E,255,-5%s,"AT&T",3,2`, `+QENG: "servingcell",-93%s,-11`, `+XID: 7%s`, `+XID: %s77,1`, `+XID: A204B1%s,1`, `+XID: 0%s0`,
}

// calls are lines that tell of one, in which a number without a plus stands at %s.
var calls = []string{
	`+QIND: "ccinfo",1,1,4,0,0,"%s",129`, `^DSCI: 1,1,4,0,0,%s,129`, `*ECAV: 1,6,1,,,"%s",129`, `#ECAM: 0,6,1,,,"%s",129`, `^ORIG:1,0,"%s"`,
	`+CIEV: "CALL",1,"%s"`, `+CLIP: "%s",161,,,,0`, `+CNAP: "%s",0`, `+CSSU: 1,,"%s",129`, `+XID: "%s",128`, `!XID: 1,2,"%s" , 145,0`, `*XID: 1,0%s,161`,
}

// Whatever a modem prints, no identity gets out: not in an answer, an unsolicited line, a trace, an error or a transcript.
func TestNoIdentitySurvives(t *testing.T) {
	t.Parallel()
	list, err := NewList(csq, cereg, serving, ati, rfsts, ucged, qgpsloc)
	require.NoError(t, err)
	commands := []Command{csq, cereg, serving, ati, rfsts, ucged}
	rapid.Check(t, func(t *rapid.T) {
		id := identities().Draw(t, "identity")
		frames, failure := planted, "+CME ERROR: "+id.spelled
		if rapid.Bool().Draw(t, "call") {
			number := rapid.StringMatching(`[1-9][0-9]{8,11}`).Draw(t, "number")
			id = identity{number, number}
			frames, failure = calls, "ERROR"
		}
		if bare := strings.Trim(id.spelled, " \""); failure != "ERROR" && consistsOf(bare, isDigit) && len(bare) < 19 {
			frames = append(frames[:len(frames):len(frames)], lostCommas...)
		}
		var screen strings.Builder
		for range rapid.IntRange(1, 4).Draw(t, "lines") {
			line := rapid.SampledFrom(realLines).Draw(t, "line")
			if rapid.Bool().Draw(t, "planted") {
				line = strings.ReplaceAll(rapid.SampledFrom(frames).Draw(t, "frame"), "%s", id.spelled)
			}
			screen.WriteString(line)
			screen.WriteString(rapid.SampledFrom([]string{"\r\n", "\n", "\r", "\r\r\n", "\r\n\r\n"}).Draw(t, "end"))
		}
		screen.WriteString(rapid.SampledFrom([]string{"\r\nOK\r\n", "\r\nERROR\r\n", "\r\n" + failure + "\r\n"}).Draw(t, "final"))
		command := rapid.SampledFrom(commands).Draw(t, "command")

		var seen strings.Builder
		trace := func(_ Direction, line string) { seen.WriteString(line + "\n") }
		m := newFakeModem(func(m *fakeModem, c string) {
			if c == "" {
				m.print("\r\nOK\r\n")
			} else {
				m.print(screen.String())
			}
		})
		s := NewSession(m, list, Options{Trace: trace})
		s.synced, s.stale = true, false // spares the test the wait for stale bytes; nothing has been sent yet
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		reply, err := s.Do(ctx, command)
		require.NotErrorIs(t, err, ErrTimeout)
		require.NoError(t, s.Close())
		fmt.Fprintln(&seen, reply.Lines, reply.Final, err, s.Counts(), s.Err())
		for line := range s.Unsolicited() {
			seen.WriteString(line.Text + "\n")
		}
		_, err = s.Do(ctx, Command{Text: "D" + id.spelled})
		fmt.Fprintln(&seen, err)
		exchanges, err := ReadTranscript(strings.NewReader("AT"+command.Text+"\r\n"+screen.String()), commands...)
		require.NoError(t, err)
		for _, e := range exchanges {
			fmt.Fprintf(&seen, "%s\n%s\n%s\n", e.Command, strings.Join(e.Lines, "\n"), e.Final)
		}
		for _, line := range strings.FieldsFunc(screen.String(), func(r rune) bool { return r == '\r' || r == '\n' }) {
			scrubbed, _ := Scrub(strings.ToValidUTF8(strings.NewReplacer("\x00", broken, "\x11", "", "\x13", "").Replace(line), broken))
			seen.WriteString(scrubbed + "\n")
		}
		for i := 0; i+6 <= len(id.secret); i++ {
			part := id.secret[i : i+6]
			if strings.Contains(strings.Join(realLines, "\n")+strings.Join(planted, "\n")+strings.Join(lostCommas, "\n")+strings.Join(calls, "\n"), part) {
				continue
			}
			require.NotContains(t, seen.String(), part, "of %q in %q", id.spelled, screen.String())
		}
	})
}

// Fields that commands declare are stripped wherever their lines turn up.
func TestDeclaredIdentity(t *testing.T) {
	row := `#RFSTS:"204 04",1001,-80,00DE,01,5,19,10,2,9878,"12345","vodafone NL",1,2`
	stripped := `#RFSTS:"204 04",1001,-80,00DE,01,5,19,10,2,<redacted>,"<redacted>","vodafone NL",1,2`
	cells := "+UCGED: 2\r\n6,4,001,01\r\n2525,5,50,50,e8fe,1a2d001,1,c1d2e3f4,8001,01,28,31,13.75,3,1,10,28,-50,-6,0,255,255,0\r\n\r\nOK\r\n"
	cell := "2525,5,50,50,e8fe,1a2d001,1,<redacted>,8001,01,28,31,13.75,3,1,10,28,-50,-6,0,255,255,0"

	m := newFakeModem(scripted(map[string]string{
		rfsts.Text: row + "\r\n\r\nOK\r\n", csq.Text: row + "\r\n+CSQ: 1,99\r\n2525,5,50,50,e8fe,1a2d001,1,c1d2e3f4,8001\r\nOK\r\n", ucged.Text: cells,
	}))
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		reply, err := s.Do(t.Context(), rfsts)
		require.NoError(t, err)
		require.Equal(t, []string{stripped}, reply.Lines)
		forged := rfsts
		forged.Identity = nil
		reply, err = s.Do(t.Context(), forged)
		require.NoError(t, err)
		require.Equal(t, []string{stripped}, reply.Lines)
		reply, err = s.Do(t.Context(), ucged)
		require.NoError(t, err)
		require.Equal(t, []string{"+UCGED: 2", "6,4,001,01", cell}, reply.Lines)
		_, err = s.Do(t.Context(), csq)
		require.NoError(t, err)
		require.Equal(t, []string{stripped, "2525,5,50,50,e8fe,1a2d001,1,<redacted>,8001"}, drain(s), "late answers to other commands too")
		require.Equal(t, 1, s.Counts().Orphans)
		require.Equal(t, 8, s.Counts().Redactions)
	})
	exchanges, err := ReadTranscript(strings.NewReader("AT+UCGED?\n"+cells), ucged)
	require.NoError(t, err)
	require.Equal(t, cell, exchanges[0].Lines[2])
}

// Where the column moves with the layout, a function finds it.
func TestDeclaredFind(t *testing.T) {
	tmsi := func(f []string) []int {
		if len(f) < 9 {
			return nil
		}
		return []int{7, 40, -40} // what is not there does no harm
	}
	cells := Command{Text: "+UCGED?", Bare: true, Identity: []Identity{{Find: tmsi}, {Prefix: "+XUCGED", Find: tmsi, Fields: []int{0}}}}
	r := newRedactor([]Command{cells})
	for line, want := range map[string]string{
		"2525,5,50,50,e8fe,1a2d001,1,c1d2e3f4,8001": "2525,5,50,50,e8fe,1a2d001,1,<redacted>,8001",
		"6,4,001,01": "6,4,001,01",
		"+XUCGED: 5,5,50,50,e8fe,1a2d001,1,c1d2e3f4,80": "+XUCGED: <redacted>,5,50,50,e8fe,1a2d001,1,<redacted>,80",
		"+OTHER: 25,5,50,50,e8fe,1a2d001,1,c1d2e3f4,80": "+OTHER: 25,5,50,50,e8fe,1a2d001,1,c1d2e3f4,80",
	} {
		got, _ := r.line(line)
		require.Equal(t, want, r.stray(got), "as a stray line")
		if prefix, _ := Prefix(got); prefix == "" {
			require.Equal(t, want, r.answer(got, &cells), "in the answer")
		}
	}
}

func TestDeclaredLabel(t *testing.T) {
	r := newRedactor([]Command{{Text: "I", Identity: []Identity{{Label: "SVN:"}, {Label: "(owner "}}}})
	for line, want := range map[string]string{
		"svn: 12, SVN:7":       "svn: <redacted>, SVN:<redacted>",
		"eSVN: 12":             "eSVN: 12",
		"x(owner ab-1) (OWNER": "x(owner <redacted>) (OWNER",
		"SVN: -":               "SVN: -",
		"SVN: xyz, 1":          "SVN: <redacted>, 1",
	} {
		got, _ := r.line(line)
		require.Equal(t, want, got)
	}
	require.Equal(t, 4, r.count)
}

func TestMessageBodies(t *testing.T) {
	for text, want := range map[string][]string{
		"+CMT: \"x\",,\"t\"\r\nmeet me\r\nat 0171\r\n\r\n+CREG: 1\r\n": {"+CMT: <redacted>", "<redacted>", "<redacted>", "+CREG: 1"},
		"+CMT: \"x\",,\"t\"\r\n+CREG: 3\r\n+CREG: 1\r\n":               {"+CMT: <redacted>", "<redacted>", "+CREG: 1"},
		"+CMT: ,24\r\n\r\n07911326040000F0\r\n\r\nRDY\r\n":             {"+CMT: <redacted>", "<redacted>", "RDY"},
		"+CMT: ,24\r\n\r\n+CREG: 1\r\n":                                {"+CMT: <redacted>", "+CREG: 1"},
		"+CDS: 25\r\n0006\r\n\r\nRDY\r\n":                              {"+CDS: <redacted>", "<redacted>", "RDY"},
		"+CUSD: 1,\"Your number\r\nis 0171\",15\r\n+CREG: 1\r\n":       {"+CUSD: <redacted>", "<redacted>", "+CREG: 1"},
		"+XID: \"26201123456789\r\n01\",2\r\n+CREG: 1\r\n":             {"+XID: \"<14 digits>", "<redacted>", "+CREG: 1"},
		"+CMTI: \"SM\",1\r\nRDY\r\n":                                   {"+CMTI: <redacted>", "RDY"},
	} {
		exchanges, err := ReadTranscript(strings.NewReader(text))
		require.NoError(t, err)
		require.Len(t, exchanges, 1)
		require.Equal(t, want, exchanges[0].Lines, "%q", text)
	}
}
