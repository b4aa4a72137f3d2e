package cell

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListedNetworks(t *testing.T) {
	for _, c := range []struct {
		mcc, mnc string
		want     Network
	}{
		{"272", "03", Network{"272-03", "Eir", "IE", Operational}},
		{"262", "01", Network{"262-01", "Telekom", "DE", Operational}},
		{"262", "1", Network{"262-01", "Telekom", "DE", Operational}},
		{"262", "001", Network{"262-01", "Telekom", "DE", Operational}},
		{"262", "16", Network{"262-16", "Telogic Germany GmbH", "DE", NotOperational}},
		{"310", "26", Network{"310-026", "T-Mobile", "US", StatusUnknown}}, // 026 and 260 are two; the padded one is asked first, as Canonical spells it
		{"310", "260", Network{"310-260", "T-Mobile", "US", Operational}},
		{"001", "01", Network{"001-01", "TEST", "", TestNetwork}},
		{"001", "1", Network{"001-01", "TEST", "", TestNetwork}},
		{"262", "66", Network{Country: "DE"}},
		{"800", "01", Network{}},
		{"", "", Network{}},
		{"27x", "03", Network{}},
		{"2722", "03", Network{}},
	} {
		require.Equal(t, c.want, PLMN{c.mcc, c.mnc}.Listed(), "%s-%s", c.mcc, c.mnc)
	}
	require.Equal(t, "Ireland", PLMN{"272", "01"}.Listed().CountryName())
	require.Equal(t, "", Network{}.CountryName())
	require.True(t, PLMN{"262", "01"}.Listed().Exists())
	require.False(t, PLMN{"262", "16"}.Listed().Exists())
	require.False(t, PLMN{"001", "01"}.Listed().Exists())
	require.False(t, PLMN{"262", "66"}.Listed().Exists())
	require.Equal(t, "test network", TestNetwork.String())
}

func TestCountry(t *testing.T) {
	for _, same := range [][]string{{"310", "311", "312", "313", "314", "316"}, {"234", "235"}, {"404", "405"}, {"440", "441"}, {"460", "461"}} {
		for _, mcc := range same {
			require.NotEmpty(t, Country(mcc), mcc)
			require.Equal(t, Country(same[0]), Country(mcc), mcc)
		}
	}
	for _, mcc := range []string{"", "1", "901", "001", "999", "9999", "a00", "-10"} {
		require.Empty(t, Country(mcc), mcc)
	}
}

// Every row of the table is read, and no two rows are one network in another print.
func TestTableOfNetworks(t *testing.T) {
	n := 0
	for line := range strings.Lines(plmnText) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if line[0] == '#' || f[0] == "=" {
			continue
		}
		n++
		p := PLMN{f[0], f[1]}
		require.NotEqual(t, NotListed, p.Listed().Status, line)
		if c := f[3]; len(f) > 3 && c != "" {
			require.NotEmpty(t, p.Listed().CountryName(), line)
		}
	}
	require.Greater(t, n, 3000)
	require.Len(t, networks().byCode, n)
}

func TestListedAllocatesNothing(t *testing.T) {
	p := PLMN{"262", "01"}
	p.Listed()
	require.Zero(t, testing.AllocsPerRun(100, func() { p.Listed() }))
}

func BenchmarkListedNetwork(b *testing.B) {
	b.ReportAllocs()
	p := PLMN{"262", "01"}
	for b.Loop() {
		p.Listed()
	}
}
