package locate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer/locate"
	"vigie/cell"
)

const (
	suspect = `{"rat":"LTE","mcc":"001","mnc":"01","area":7,"cell_id":99,"pci":5,"arfcn":1300,"rsrp":-80,"ta":3}`
	other   = `{"rat":"LTE","mcc":"001","mnc":"01","area":8,"cell_id":11,"pci":6,"arfcn":1300,"rsrp":-90}`
	place   = `"position":{"lat":50.1,"lon":4.1,"source":"gnss"}`
)

// collect reads rounds, one each ten seconds, and writes what became of each: its level, or the limit under which it was unheard.
func collect(t *testing.T, name string, rounds ...string) (string, *locate.Collector) {
	t.Helper()
	want, err := cell.ParseName(name)
	require.NoError(t, err)
	c := locate.NewCollector(want)
	var lines []string
	for i, r := range rounds {
		lines = append(lines, fmt.Sprintf(`{"time":%q,%s}`, time.Date(2026, 5, 1, 12, 0, 10*i, 0, time.UTC).Format(time.RFC3339), r))
	}
	r := cell.NewReader(strings.NewReader(strings.Join(lines, "\n")), "test")
	for range rounds {
		rec, err := r.Next()
		require.NoError(t, err)
		c.Add(rec)
	}
	require.Zero(t, r.Counts().Skipped)
	var got []string
	for _, s := range c.Samples() {
		if level, ok := s.Level.Get(); ok {
			got = append(got, fmt.Sprint(level))
		} else {
			got = append(got, fmt.Sprint("<", s.Limit))
		}
	}
	return strings.Join(got, " "), c
}

func TestCollector(t *testing.T) {
	heard := `"serving":` + suspect + `,` + place
	for name, test := range map[string]struct {
		rounds []string
		want   string
	}{
		"serving":                            {[]string{heard}, "-80"},
		"without a position":                 {[]string{`"serving":` + suspect}, ""},
		"neighbour with identity":            {[]string{`"neighbours":[` + suspect + `],` + place}, "-80"},
		"neighbour without, known before":    {[]string{heard, `"neighbours":[{"rat":"LTE","pci":5,"arfcn":1300,"rsrp":-85}],` + place}, "-80 -85"},
		"neighbour without, known later":     {[]string{`"serving":` + other + `,"neighbours":[{"rat":"LTE","pci":5,"arfcn":1300,"rsrp":-85}],` + place, heard}, "-85 -80"},
		"neighbour on another channel":       {[]string{heard, `"serving":` + other + `,"neighbours":[{"rat":"LTE","pci":5,"arfcn":1400,"rsrp":-85}],` + place}, "-80 <-96"},
		"asked, unheard":                     {[]string{heard, `"serving":` + other + `,"neighbours":[],` + place}, "-80 <-96"},
		"asked, unheard, before":             {[]string{`"serving":` + other + `,"neighbours":[],` + place, heard}, "<-96 -80"},
		"not asked":                          {[]string{heard, `"serving":` + other + `,` + place}, "-80"},
		"asked on another channel":           {[]string{heard, strings.Replace(`"serving":`+other+`,"neighbours":[],`+place, "1300", "6300", 1)}, "-80"},
		"on another channel, before":         {[]string{strings.Replace(`"serving":`+other+`,"neighbours":[],`+place, "1300", "6300", 1), heard}, "-80"},
		"another RAT":                        {[]string{heard, `"serving":{"rat":"GSM","cell_id":4,"rssi":-60},"neighbours":[],` + place}, "-80"},
		"no service after camping":           {[]string{heard, `"state":"no_service",` + place}, "-80 <-118"},
		"no service, never camped":           {[]string{`"neighbours":[` + suspect + `],` + place, `"state":"no_service",` + place}, "-80"},
		"a full list":                        {[]string{heard, `"neighbours":[` + strings.Repeat(`{"rat":"LTE","pci":77,"arfcn":1300,"rsrp":-92},`, 5) + `{"rat":"LTE","pci":78,"arfcn":1300,"rsrp":-101}],` + place}, "-80 <-101"},
		"the identity, another PLMN":         {[]string{strings.Replace(heard, `"01"`, `"02"`, 1)}, ""},
		"the identity, another area":         {[]string{strings.Replace(heard, `"area":7`, `"area":8`, 1)}, ""},
		"the identity without an area":       {[]string{strings.Replace(heard, `"area":7,`, ``, 1)}, "-80"},
		"no power of the pilot, only a band": {[]string{strings.Replace(heard, `rsrp`, `rssi`, 1)}, ""},
	} {
		got, _ := collect(t, "LTE:001-01:7:99", test.rounds...)
		require.Equal(t, test.want, got, name)
	}
	_, c := collect(t, "LTE:::99", heard)
	known := c.Cell()
	require.Equal(t, "LTE PLMN 001-01 (TEST) TAC 7 ECI 99 (eNB 0/99) PCI 5 EARFCN 1300", cell.Describe(&known))
	require.Equal(t, cell.Some(uint16(3)), c.Samples()[0].TA)
}

// What was asked long after the cell was last heard says nothing: it may have been switched off.
func TestCollectorForgets(t *testing.T) {
	var rounds []string
	for range 80 {
		rounds = append(rounds, `"serving":`+other+`,"neighbours":[],`+place)
	}
	rounds = append(rounds, `"serving":`+suspect+`,`+place)
	for range 80 {
		rounds = append(rounds, `"serving":`+other+`,"neighbours":[],`+place)
	}
	got, _ := collect(t, "LTE:::99", rounds...)
	require.Len(t, strings.Fields(got), 121, "sixty rounds before and after, of ten seconds")
}

// More rounds than are held do not fill the memory, and all parts of the time are still there.
func TestCollectorIsBounded(t *testing.T) {
	want, err := cell.ParseName("LTE:::99")
	require.NoError(t, err)
	c := locate.NewCollector(want)
	o := cell.Observation{Serving: &cell.Cell{RAT: cell.LTE, ID: cell.Some(uint64(99)), RSRP: cell.Some(cell.DBm(-80))}, Position: &cell.Position{Lat: 50, Lon: 4}}
	for i := range 400_000 {
		o.Time = time.Unix(int64(i), 0)
		c.Add(&o)
	}
	n := len(c.Samples())
	require.Less(t, n, 1<<17+1)
	require.Greater(t, n, 1<<15)
	require.Less(t, c.Samples()[0].Time.Unix(), int64(100))
	require.Greater(t, c.Samples()[n-1].Time.Unix(), int64(399_000))
}
