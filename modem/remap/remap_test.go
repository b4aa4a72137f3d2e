package remap

import (
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/modem/dialect"
)

// Every transcript can be given other cells: it says the same but for these (which Text itself checks), and none of the
// numbers that told the place is left in it.
func TestText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)).Uint64N
	paths, err := filepath.Glob("../dialect/testdata/*/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			d, err := dialect.ByName(filepath.Base(filepath.Dir(path)))
			require.NoError(t, err)
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			text := strings.ReplaceAll(string(archive.Files[0].Data), "\r", "")
			before, _, err := dialect.DecodeText(strings.NewReader(text), d)
			require.NoError(t, err)
			out, err := Text(d, text, random)
			if err != nil && strings.Contains(err.Error(), "positions") {
				t.Skip(err)
			}
			require.NoError(t, err)
			told := map[uint64]bool{}
			note := func(area cell.Opt[cell.Area], id cell.Opt[uint64]) {
				told[uint64(area.Or(0))], told[id.Or(0)] = true, true
			}
			for i := range before {
				o := &before[i].Observation
				if o.Serving != nil {
					note(o.Serving.Area, o.Serving.ID)
				}
				for _, c := range o.Neighbours {
					note(c.Area, c.ID)
				}
				for _, g := range o.Registration {
					note(g.Area, g.CellID)
				}
			}
			for _, word := range number.FindAllString(out, -1) {
				if len(word) < 6 || strings.Contains(word, "x") {
					continue // shorter ones come about by chance
				}
				for _, base := range []int{10, 16} {
					if v, err := strconv.ParseUint(word, base, 64); err == nil && v > 0xffff {
						require.False(t, told[v], "%s is still in\n%s", word, out)
					}
				}
			}
		})
	}
}

func TestTextIsConsistent(t *testing.T) {
	text := `AT+QENG="servingcell"
+QENG: "servingcell","NOCONN","LTE","FDD",272,03,A81A02,101,1300,3,5,5,1234,-96,-11,-65,12,30
OK
AT+CEREG?
+CEREG: 2,1,"1234","0A81A02",7
OK
`
	quectel, err := dialect.ByName("quectel")
	require.NoError(t, err)
	out, err := Text(quectel, text, rand.New(rand.NewPCG(3, 4)).Uint64N)
	require.NoError(t, err)
	require.NotContains(t, out, "A81A02")
	require.NotContains(t, out, "1234")
	all, _, err := dialect.DecodeText(strings.NewReader(out), quectel)
	require.NoError(t, err)
	o := all[0].Observation
	require.Equal(t, o.Serving.ID, o.Registration[0].CellID)
	require.Equal(t, o.Serving.Area, o.Registration[0].Area)
	require.EqualValues(t, 2, o.Serving.ID.Or(0)&0xff, "the sector stays")
	require.Equal(t, cell.Some[uint16](101), o.Serving.PCI)

	_, err = Text(quectel, "+QGPSLOC: 102233.0,51.93560,-8.38810,1.2,50.0,3,0.0,0.4,0.2,231126,08\n", rand.Uint64N)
	require.ErrorContains(t, err, "positions")
}

// Numbers that would make the text say something else are drawn again.
func TestTextDrawsAgain(t *testing.T) {
	d, err := dialect.ByName("sierra")
	require.NoError(t, err)
	text := "AT!GSTATUS?\n!GSTATUS:\nSystem mode:   LTE        \tPS state:    Attached\nLTE band:      B66    \t\tLTE bw:      20 MHz\n" +
		"Tx Power:      --\t\tTAC:         550d (21773)\nRSRQ (dB):     -11.6\t\tCell ID:     00a51b02 (10820354)\nOK\n"
	for seed := range uint64(40) { // about every seventh first draw has a digit less, which the row cannot show
		_, err := Text(d, text, rand.New(rand.NewPCG(seed, 7)).Uint64N)
		require.NoError(t, err, "seed %d", seed)
	}
}
