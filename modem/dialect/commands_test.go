package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/modem/at"
)

// Every command of every dialect must pass the fence of package at, surveys only where a survey is meant.
func TestCommands(t *testing.T) {
	watching, err := Commands()
	require.NoError(t, err)
	surveying, err := SurveyCommands()
	require.NoError(t, err)
	require.Greater(t, len(surveying.All()), len(watching.All()))
	for _, c := range watching.All() {
		require.NotEqual(t, at.Survey, c.Kind, c.Bytes)
		require.NotContains(t, c.Bytes, "COPS=?")
		require.NotEmpty(t, c.Why, c.Bytes)
	}
	for _, d := range All() {
		for _, c := range d.Surveys {
			require.Equal(t, at.Survey, c.Kind, c.Text)
			require.NotContains(t, watching.All(), at.Listed{Bytes: "AT" + c.Text + "\r", Kind: c.Kind, Why: c.Why})
		}
		for _, c := range append(append(append([]at.Command{}, d.Serving...), d.Around...), d.Position...) {
			require.Equal(t, at.Query, c.Kind, c.Text)
			require.NotEmpty(t, c.Prefixes, c.Text)
			require.NotEmpty(t, c.Why, c.Text)
		}
		require.NotEmpty(t, d.Title)
		require.NotZero(t, d.Capabilities(Ident{}))
	}
}

// A setting that is set must be one that can be restored.
func TestSettings(t *testing.T) {
	for _, d := range All() {
		for _, s := range d.Settings {
			require.NotEmpty(t, s.Want, s.Write)
			for _, v := range s.Want {
				require.Contains(t, s.Values, v, s.Write)
			}
			require.Equal(t, at.Query, s.Read.Kind, s.Write)
		}
	}
	for _, x := range []struct {
		write, line, current string
	}{
		{"+CREG=", `+CREG: 0,1`, "0"},
		{"+CREG=", `+CREG: 2,1,"0587","293A",0`, "2"},
		{"+CREG=", `+CREG: 1`, ""},                     // unsolicited
		{"+CEREG=", `+CEREG: 1,"1F00","79D903",7`, ""}, // unsolicited
		{"+CEREG=", `+CEREG: 5,3,,,,0,15`, "5"},
		{"+CGREG=", `+CGREG:1,0`, "1"},
		{"+C5GREG=", `+C5GREG: 2,1,"2D6600","1CA74B017",11,1,"01"`, "2"},
		{"+CMEE=", `+CMEE: 2`, "2"},
		{"+CSCON=", `+CSCON: 1,0`, "1"},
		{"+COPS=3,", `+COPS: 0,0,"vodafone, or so",7`, "0"},
		{"+COPS=3,", `+COPS: 0`, ""}, // the format in force is not told
		{"+CGEREP=", `+CGEREP: 1,0`, "1,0"},
		{"+CTZR=", `+CTZR: 0`, "0"},
	} {
		for _, s := range Settings {
			if s.Write != x.write {
				continue
			}
			got, ok := s.Current([]string{"", "+QIND: 1", x.line})
			require.Equal(t, x.current != "", ok, x.line)
			require.Equal(t, x.current, got, x.line)
		}
	}
}

func TestByName(t *testing.T) {
	for i, d := range All() {
		got, err := ByName(d.Name)
		require.NoError(t, err)
		require.Same(t, d, got)
		require.Equal(t, d.Name == "generic", i == len(All())-1, "generic is last")
	}
	_, err := ByName("nokia")
	require.ErrorContains(t, err, "quectel")
}

func TestFor(t *testing.T) {
	for _, x := range []struct {
		id   Ident
		name string
	}{
		{Ident{Manufacturer: "Quectel", Model: "EC25"}, "quectel"},
		{Ident{Manufacturer: "QUECTEL WIRELESS"}, "quectel"},
		{Ident{VID: 0x2c7c, PID: 0x0125}, "quectel"},
		{Ident{Manufacturer: "Nokia"}, "generic"},
		{Ident{}, "generic"},
	} {
		require.Equal(t, x.name, For(x.id).Name, "%+v", x.id)
	}
}

func TestIdentify(t *testing.T) {
	ati := Answer{Command: "I", Lines: []string{"Quectel", "RM500U-CNV", "Revision: RM500UCNVCAR03A12M2G"}}
	for _, x := range []struct {
		answers []Answer
		want    Ident
	}{
		{[]Answer{ati}, Ident{Manufacturer: "Quectel", Model: "RM500U-CNV", Firmware: "RM500UCNVCAR03A12M2G"}},
		{[]Answer{{Command: "+CGMI", Lines: []string{"Quectel"}}, {Command: "+CGMM", Lines: []string{"EG25"}},
			{Command: "+CGMR", Lines: []string{"EG25GGBR07A08M2G"}}, ati},
			Ident{Manufacturer: "Quectel", Model: "EG25", Firmware: "EG25GGBR07A08M2G"}},
		{[]Answer{{Command: "+CGMR", Lines: []string{"", `+CGMR: "AirM2M_V1: x"`}}}, Ident{Firmware: "AirM2M_V1: x"}},
		{[]Answer{{Command: "I", Lines: []string{"Manufacturer: SIMCOM INCORPORATED", "Model: SIM7600E-H", "Revision: LE20B03", "IMEI: [redacted]"}}},
			Ident{Manufacturer: "SIMCOM INCORPORATED", Model: "SIM7600E-H", Firmware: "LE20B03"}},
		{[]Answer{{Command: "I", Lines: []string{"332"}}, {Command: "+CGMI"}}, Ident{}},
	} {
		require.Equal(t, x.want, Identify(x.answers))
	}
}

func TestHint(t *testing.T) {
	for _, d := range All() {
		for _, l := range []string{"+CREG: 1", `+CEREG: 3,,,,0,15`, "+CGEV: NW DETACH", `+CTZV: "+32"`} {
			require.True(t, d.Hint(l), l)
		}
		for _, l := range []string{"", "+CSCON: 0", "RING", "+CSQ: 3,99", "+CMTI: 1"} {
			require.False(t, d.Hint(l), l)
		}
	}
	require.True(t, quectel.Hint(`+QIND: "act","HSDPA"`))
}

func TestCapabilities(t *testing.T) {
	has := func(model string) func(string) bool {
		words := For(Ident{Manufacturer: "Quectel", Model: model}).Capabilities(Ident{Manufacturer: "Quectel", Model: model}).Words()
		return func(w string) bool {
			for _, x := range words {
				if x == w {
					return true
				}
			}
			return false
		}
	}
	require.True(t, has("EC25")("neighbours.priority"))
	require.False(t, has("RM500U-CNV")("neighbours.priority"))
	require.True(t, has("RM520N-GL")("secondary"))
	require.False(t, has("BG96")("secondary"))
}
