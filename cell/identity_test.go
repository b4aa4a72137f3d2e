package cell

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestRATNames(t *testing.T) {
	for rat, c := range map[RAT]struct {
		name       string
		generation int
	}{UnknownRAT: {"", 0}, GSM: {"GSM", 2}, UMTS: {"UMTS", 3}, LTE: {"LTE", 4}, NR: {"NR", 5}, NR + 1: {"", 0}, 255: {"", 0}} {
		require.Equal(t, c.name, rat.String())
		require.Equal(t, c.generation, rat.Generation(), "%d", rat)
		back, ok := ParseRAT(c.name)
		require.Equal(t, c.name != "", ok)
		if ok {
			require.Equal(t, rat, back)
		}
	}
	for _, s := range []string{"lte", "WCDMA", "NR5G", "LTE "} {
		_, ok := ParseRAT(s)
		require.False(t, ok, "%q", s)
	}
}

func TestParsePLMN(t *testing.T) {
	for s, want := range map[string]PLMN{"26201": {"262", "01"}, "310260": {"310", "260"}, "00101": {"001", "01"},
		"001001": {"001", "001"}, "901098": {"901", "098"}} {
		p, err := ParsePLMN(s)
		require.NoError(t, err)
		require.Equal(t, want, p)
		require.True(t, p.Known())
	}
	for _, s := range []string{"", "0", "2620", "2620100", "262-1", "26 01", " 26201", "+2620", "2620a", "26２01", "000000\x00"} {
		p, err := ParsePLMN(s)
		require.ErrorContains(t, err, "want 5 or 6 digits", "%q", s)
		require.Equal(t, PLMN{}, p)
	}
}

func TestPLMNString(t *testing.T) {
	require.Equal(t, "262-01", PLMN{"262", "01"}.String())
	require.Equal(t, "1-1", PLMN{"1", "1"}.String(), "as printed")
	require.Equal(t, "262-", PLMN{"262", ""}.String())
	require.Equal(t, "", PLMN{}.String())
	require.False(t, PLMN{"262", ""}.Known())
	require.False(t, PLMN{"", "01"}.Known())
}

// TS 23.003 clause 2.2 and ITU-T E.212: how long an MNC is depends on its country.
func TestPLMNCanonical(t *testing.T) {
	for _, c := range []struct{ printed, want PLMN }{
		{PLMN{"1", "1"}, PLMN{"001", "01"}}, {PLMN{"001", "01"}, PLMN{"001", "01"}}, {PLMN{"01", "001"}, PLMN{"001", "01"}},
		{PLMN{"001", "001"}, PLMN{"001", "01"}}, {PLMN{"262", "1"}, PLMN{"262", "01"}}, {PLMN{"262", "001"}, PLMN{"262", "01"}},
		{PLMN{"262", "0"}, PLMN{"262", "00"}}, {PLMN{"262", "10"}, PLMN{"262", "10"}}, {PLMN{"262", "100"}, PLMN{"262", "100"}},
		{PLMN{"310", "260"}, PLMN{"310", "260"}}, {PLMN{"310", "26"}, PLMN{"310", "026"}}, {PLMN{"310", "4"}, PLMN{"310", "004"}},
		{PLMN{"302", "0"}, PLMN{"302", "000"}}, {PLMN{"330", "110"}, PLMN{"330", "110"}}, {PLMN{"330", "000"}, PLMN{"330", "000"}},
		{PLMN{"405", "854"}, PLMN{"405", "854"}}, {PLMN{"405", "05"}, PLMN{"405", "05"}}, // India has both
		{PLMN{"", ""}, PLMN{"", ""}}, {PLMN{"262", ""}, PLMN{"262", ""}}, {PLMN{"", "1"}, PLMN{"", "01"}},
	} {
		require.Equal(t, c.want, c.printed.Canonical(), "%v", c.printed)
	}
}

func TestPLMNSame(t *testing.T) {
	for _, c := range []struct {
		p, q PLMN
		same bool
		why  string
	}{
		{PLMN{"1", "1"}, PLMN{"001", "01"}, true, "leading zeros"},
		{PLMN{"001", "01"}, PLMN{"001", "001"}, true, "the test network in both lengths"},
		{PLMN{"1", "01"}, PLMN{"001", "001"}, true, "leading zeros"},
		{PLMN{"262", "1"}, PLMN{"262", "01"}, true, "leading zero"},
		{PLMN{"310", "26"}, PLMN{"310", "260"}, true, "dropped last zero"},
		{PLMN{"310", "26"}, PLMN{"310", "026"}, true, "dropped first zero"},
		{PLMN{"310", "260"}, PLMN{"310", "026"}, false, "both printed whole"},
		{PLMN{"310", "41"}, PLMN{"310", "410"}, true, "dropped last zero"},
		{PLMN{"310", "41"}, PLMN{"310", "411"}, false, "a one is not dropped"},
		{PLMN{"310", "410"}, PLMN{"311", "410"}, false, "another MCC"},
		{PLMN{"262", "01"}, PLMN{"262", "010"}, false, "Germany has two digits: 010 is 10"},
		{PLMN{"262", "01"}, PLMN{"262", "10"}, false, "another network"},
		{PLMN{"262", "01"}, PLMN{"262", ""}, false, "MNC not reported"},
		{PLMN{"262", "01"}, PLMN{}, false, "nothing reported"},
		{PLMN{}, PLMN{}, true, "equal"},
		{PLMN{"405", "85"}, PLMN{"405", "850"}, false, "India has both lengths"},
	} {
		require.Equal(t, c.same, c.p.Same(c.q), "%v and %v: %s", c.p, c.q, c.why)
		require.Equal(t, c.same, c.q.Same(c.p), "%v and %v: %s", c.q, c.p, c.why)
	}
}

func TestPLMNProperties(t *testing.T) {
	digits := rapid.StringMatching(`[0-9]{0,3}`)
	plmn := rapid.Custom(func(t *rapid.T) PLMN {
		mcc := rapid.OneOf(digits, rapid.SampledFrom([]string{"310", "311", "262", "405", "001", "1"})).Draw(t, "mcc")
		return PLMN{mcc, digits.Draw(t, "mnc")}
	})
	rapid.Check(t, func(t *rapid.T) {
		p, q := plmn.Draw(t, "p"), plmn.Draw(t, "q")
		require.True(t, p.Same(p))
		require.Equal(t, p.Same(q), q.Same(p))
		require.True(t, p.Same(p.Canonical()), "%v", p)
		require.Equal(t, p.Canonical(), p.Canonical().Canonical(), "%v", p)
		if p.Canonical() == q.Canonical() {
			require.True(t, p.Same(q))
		}
		if p.Known() && q.Known() && p.Same(q) {
			require.Equal(t, p.Canonical().MCC, q.Canonical().MCC)
		}
	})
	known := PLMN{"262", "01"}
	require.Zero(t, testing.AllocsPerRun(100, func() { known.Same(PLMN{"262", "02"}) }), "the common case")
}

// TS 23.003 clauses 4.1, 19.4.2.3 and 28.6.
func TestReservedAreas(t *testing.T) {
	for _, c := range []struct {
		area Area
		rat  RAT
		want bool
	}{
		{0, GSM, true}, {0, NR, true}, {1, GSM, false}, {0xFFFD, LTE, false}, {0xFFFE, GSM, true}, {0xFFFE, LTE, true},
		{0xFFFF, UMTS, true}, {0xFFFE, NR, true}, {0xFFFF, NR, true}, {0x10000, NR, false}, {0xFFFFFD, NR, false},
		{0xFFFFFE, NR, true}, {0xFFFFFF, NR, true}, {0xFFFFFE, LTE, false},
	} {
		require.Equal(t, c.want, c.area.Reserved(c.rat), "%X in %v", uint32(c.area), c.rat)
	}
}

func TestCellIdentities(t *testing.T) {
	// DW5821e printed eNB 112819 and sector 3 for this cell.
	require.EqualValues(t, 112819, ECI(28881667).ENB())
	require.EqualValues(t, 3, ECI(28881667).Sector())
	require.EqualValues(t, 0xFFFFF, ECI(1<<28-1).ENB())
	require.EqualValues(t, 0xFF, ECI(1<<28-1).Sector())
	require.Zero(t, ECI(255).ENB())

	require.EqualValues(t, 0x1EB, UCI(0x1EB579B).RNC())
	require.EqualValues(t, 0x579B, UCI(0x1EB579B).CI())
	require.EqualValues(t, 0xFFF, UCI(1<<28-1).RNC())

	for _, c := range []struct {
		nci    NCI
		bits   int
		gnb    uint32
		sector uint16
		ok     bool
	}{
		{0xABCDE1234, 24, 0xABCDE1, 0x234, true}, {0xABCDE1234, 32, 0xABCDE123, 4, true},
		{1<<36 - 1, 22, 1<<22 - 1, 1<<14 - 1, true}, {1<<36 - 1, 32, 1<<32 - 1, 15, true},
		{0xABCDE1234, 21, 0, 0, false}, {0xABCDE1234, 33, 0, 0, false}, {0xABCDE1234, 0, 0, 0, false},
		{0xABCDE1234, -1, 0, 0, false}, {1 << 36, 24, 0, 0, false},
	} {
		gnb, sector, ok := c.nci.Split(c.bits)
		require.Equal(t, c.ok, ok, "%X at %d", uint64(c.nci), c.bits)
		require.Equal(t, c.gnb, gnb, "%X at %d", uint64(c.nci), c.bits)
		require.Equal(t, c.sector, sector, "%X at %d", uint64(c.nci), c.bits)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := NCI(rapid.Uint64Range(0, 1<<36-1).Draw(t, "nci"))
		bits := rapid.IntRange(22, 32).Draw(t, "bits")
		gnb, sector, ok := n.Split(bits)
		require.True(t, ok)
		require.Equal(t, n, NCI(gnb)<<(36-bits)|NCI(sector))
	})
}

func TestLargestValues(t *testing.T) {
	for rat, c := range map[RAT]struct {
		id   uint64
		area Area
		pci  uint16
	}{
		GSM: {0xFFFF, 0xFFFF, 63}, UMTS: {0xFFFFFFF, 0xFFFF, 511}, LTE: {0xFFFFFFF, 0xFFFF, 503}, NR: {0xFFFFFFFFF, 0xFFFFFF, 1007},
		UnknownRAT: {}, NR + 1: {},
	} {
		require.Equal(t, c.id, rat.MaxCellID(), "%v", rat)
		require.Equal(t, c.area, rat.MaxArea(), "%v", rat)
		require.Equal(t, c.pci, rat.MaxPCI(), "%v", rat)
	}
}
