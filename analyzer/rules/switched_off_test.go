package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

func TestSwitchedOffTable(t *testing.T) {
	list := shipped()
	require.NotEmpty(t, list)
	for _, x := range list {
		require.NotEmpty(t, cell.Country(x.plmn.MCC), "%+v", x)
		require.NotEmpty(t, x.source, "%+v: say unverified where it is", x)
	}
	own, err := ReadSwitchedOff(strings.NewReader("# mine\n\n310 GSM 2025-01-01\n272-03 UMTS 2024-05-01 unverified, a friend says\n262 UMTS 2022-02-01 a notice # of the regulator\n"))
	require.NoError(t, err)
	at := func(s string) int64 { x, _ := time.Parse(time.DateOnly, s); return x.UnixMilli() }
	for _, c := range []struct {
		mcc, mnc string
		rat      cell.RAT
		when     string
		found    bool
		verified bool
	}{
		{"311", "480", cell.GSM, "2026-01-01", true, false}, // another MCC of the same country
		{"310", "260", cell.GSM, "2024-12-31", false, false},
		{"310", "260", cell.UMTS, "2026-01-01", false, false},
		{"272", "3", cell.UMTS, "2026-01-01", true, false},
		{"272", "02", cell.UMTS, "2026-01-01", false, false},
		{"262", "", cell.UMTS, "2026-01-01", true, true},
		{"", "", cell.UMTS, "2026-01-01", false, false},
	} {
		x := own.find(cell.PLMN{MCC: c.mcc, MNC: c.mnc}, c.rat, at(c.when))
		require.Equal(t, c.found, x != nil, "%+v", c)
		if x != nil {
			require.Equal(t, c.verified, x.verified, "%+v", c)
		}
	}
	require.Equal(t, "a notice", own[2].source)
	for _, bad := range []string{"262", "262 UMTS", "26 UMTS 2022-01-01", "262- UMTS 2022-01-01", "262-1 UMTS 2022-01-01", "xxx UMTS 2022-01-01", "262 3G 2022-01-01", "262 UMTS 01.02.2022", strings.Repeat("x", 1<<17)} {
		_, err := ReadSwitchedOff(strings.NewReader("# first\n" + bad))
		require.Error(t, err, bad)
		if len(bad) < 100 {
			require.ErrorContains(t, err, "line 2", bad)
		}
	}
}

func FuzzSwitchedOff(f *testing.F) {
	f.Add(SwitchedOffText)
	f.Add("272-03 UMTS 2024-05-01 unverified # said")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ReadSwitchedOff(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, x := range list {
			if x.plmn.MNC == "" && cell.Country(x.plmn.MCC) == "" {
				continue
			}
			require.NotNil(t, list.find(x.plmn, x.rat, x.since.UnixMilli()), "%+v", x)
			require.False(t, x.verified && x.source == "", "%+v", x)
		}
	})
}
