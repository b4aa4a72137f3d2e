package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

func FuzzUnisoc(f *testing.F) { fuzz(f, unisocModem) }
func FuzzZTE(f *testing.F)    { fuzz(f, zte) }
func FuzzMeig(f *testing.F)   { fuzz(f, meig) }

func BenchmarkDecodeUnisoc(b *testing.B) {
	benchmark(b, Ident{Firmware: "AirM2M_780EPV_V1011"}, []Answer{
		{Command: "+CCED=0,1", Final: "OK", Lines: []string{"+CCED:LTE current cell: 460,00,<redacted>,1,3,5,1300,164654196,63,14,37289,31,442"}},
		{Command: "+CCED=0,2", Final: "OK", Lines: []string{"+CCED:LTE neighbor cell: 460,00,38400,185861504,57,8,37289,65535,369",
			"+CCED:LTE neighbor cell: 460,00,36275,185861438,45,10,37289,65535,371"}}})
}

func BenchmarkDecodeZTE(b *testing.B) {
	benchmark(b, Ident{Manufacturer: "ZTE"}, []Answer{
		{Command: "+ZCELLINFO?", Final: "OK", Lines: []string{"+ZCELLINFO: 0X2AFB,0X02FAA03,0X000000BB,LTE B20,6300"}},
		{Command: "+ZRSSI", Final: "OK", Lines: []string{"+ZRSSI: -102,-6.5,-76,19"}}})
}

// MCC and MNC are BCD printed as a number; the number of digits of the MNC is printed too.
func TestBCD(t *testing.T) {
	const rest = ", 6342, 81, 1650, 1650, 3, 5, 111742881, 65535, 51, 21, 6, 51, 21, 51, 21, 65535, 0, 255, 0, 0, 0, 0, 0, 65535, 0, 0, 0"
	for plmn, want := range map[string]cell.PLMN{
		"1120, 2, 17": {MCC: "460", MNC: "11"},
		"1120, 2, 0":  {MCC: "460", MNC: "00"},
		"784, 3, 608": {MCC: "310", MNC: "260"},
		"1, 2, 1":     {MCC: "001", MNC: "01"},
	} {
		require.Equal(t, want, decode(unisocModem, "+EEMLTESVC: "+plmn+rest).Serving.PLMN(), plmn)
	}
	for _, plmn := range []string{"1120, 1, 17", "1130, 2, 26", "9999, 2, 1"} {
		require.Nil(t, decode(unisocModem, "+EEMLTESVC: "+plmn+rest).Serving, plmn)
	}
}

// The TMSI and the IMSI go, also from text of unknown origin.
func TestUnisocIdentity(t *testing.T) {
	require.Equal(t, []int{-1}, eemTMSI(make([]string, 30)))
	require.Len(t, eemTMSI(make([]string, 58)), 28)
	require.Equal(t, []int{2}, ccedIMSI([]string{"LTE current cell:460", "00", "1", "0"}))
	require.Empty(t, ccedIMSI([]string{"GSM current cell info:460", "00", "18be"}))
}

// There is no recording of a MeiG modem: it is decoded only if the user names the family.
func TestMeigIsExperimental(t *testing.T) {
	require.Equal(t, Experimental, meig.Evidence)
	require.Equal(t, "generic", For(Ident{Manufacturer: "MEIG INCORPORATED", Model: "SLM770A"}).Name)
	require.Nil(t, Guess([]string{"AT+SGCELLINFOEX?", "+SGCELLINFOEX: LTE,FDD,460,00"}))
	d, err := ByName("meig")
	require.NoError(t, err)
	require.Same(t, meig, d)
}

// Each family is chosen by what the modem says it is, or by its USB id.
func TestForFamilies(t *testing.T) {
	for _, x := range []struct {
		id   Ident
		name string
	}{
		{Ident{Manufacturer: "Fibocom Wireless Inc.", Model: "FM350-GL"}, "fibocom"},
		{Ident{VID: 0x2cb7, PID: 0x0007}, "fibocom"},
		{Ident{VID: 0x0e8d, PID: 0x7126}, "fibocom"},
		{Ident{VID: 0x0e8d, PID: 0x0003}, "generic"},
		{Ident{Manufacturer: "u-blox", Model: "SARA-R510S"}, "ublox"},
		{Ident{VID: 0x1546, PID: 0x1010}, "ublox"},
		{Ident{Manufacturer: "Nordic Semiconductor ASA", Model: "nRF9160-SICA"}, "nordic"},
		{Ident{Manufacturer: "huawei", Model: "E3372"}, "huawei"},
		{Ident{Manufacturer: "TD Tech Ltd", Model: "MT5700M-CN"}, "huawei"},
		{Ident{VID: 0x12d1, PID: 0x1506}, "huawei"},
		{Ident{Manufacturer: "ZTE CORPORATION", Model: "MF286D"}, "zte"},
		{Ident{VID: 0x19d2, PID: 0x1432}, "zte"},
		{Ident{Firmware: "LuatOS-Air_V4032_RDA8910", Model: "Air724UG"}, "unisoc"},
		{Ident{Manufacturer: "AirM2M", Model: "Air780EPV"}, "unisoc"},
	} {
		require.Equal(t, x.name, For(x.id).Name, "%+v", x.id)
	}
}
