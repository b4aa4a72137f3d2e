package dialect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
)

// Whatever the standard lets a modem print reads back as what it meant: every n, quotes or none, zeros or none, blanks
// or none, reply or unsolicited, with a cause or without, with timers or without.
func TestRegistrationReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"+CREG", "+CGREG", "+CEREG", "+C5GREG"}).Draw(t, "name")
		domain := registrationDomain(name)
		n := rapid.IntRange(2, 5).Draw(t, "n")
		reply := rapid.Bool().Draw(t, "reply")
		want := cell.Registration{Domain: domain, Status: cell.Some(uint8(rapid.IntRange(0, 11).Draw(t, "stat")))}
		rat := map[cell.Domain]cell.RAT{cell.CS: cell.UMTS, cell.PS: cell.UMTS, cell.EPS: cell.LTE, cell.FGS: cell.NR}[domain]
		act := map[cell.RAT]uint8{cell.UMTS: 2, cell.LTE: 7, cell.NR: 11}[rat]
		named := func(a uint32) bool { return !cell.Area(a).Reserved(rat) }
		area := cell.Area(rapid.Uint32Range(1, uint32(rat.MaxArea())-2).Filter(named).Draw(t, "area"))
		id := rapid.Uint64Range(0x100, rat.MaxCellID()-1).Filter(func(v uint64) bool { return !allOnes(v) }).Draw(t, "id")
		want.AcT, want.Area, want.CellID = cell.Some(act), cell.Some(area), cell.Some(id)

		quote := rapid.SampledFrom([]string{`"`, ""}).Draw(t, "quote")
		blank := rapid.SampledFrom([]string{"", " "}).Draw(t, "blank")
		width := 0 // without quotes an area of one or two digits could be a status
		if quote == "" || rapid.Bool().Draw(t, "zeros") {
			width = map[cell.RAT]int{cell.NR: 6}[rat]
			width = max(width, 4)
		}
		f := []string{fmt.Sprint(want.Status.Or(0)), fmt.Sprintf("%s%0*X%s", quote, width, area, quote),
			fmt.Sprintf("%s%X%s", quote, id, quote), fmt.Sprint(act)}
		if reply {
			f = append([]string{fmt.Sprint(n)}, f...)
		}
		own := map[cell.Domain][]string{cell.PS: {`"FF"`}, cell.FGS: {"1", `"01"`}}[domain]
		switch rapid.IntRange(0, 2).Draw(t, "more") {
		case 1:
			f = append(f, own...)
		case 2:
			kind, cause := rapid.IntRange(0, 1).Draw(t, "cause type"), rapid.IntRange(1, 255).Draw(t, "cause")
			f = append(append(f, own...), fmt.Sprint(kind), fmt.Sprint(cause))
			want.CauseType, want.Cause = cell.Some(uint8(kind)), cell.Some(uint16(cause))
			if (domain == cell.EPS || domain == cell.PS) && rapid.Bool().Draw(t, "timers") {
				f = append(f, `"11100000"`, `"00100110"`)
			}
		}
		line := name + ":" + blank + strings.Join(f, ","+blank)
		for _, command := range []string{"", name + "?"} {
			got := generic.Decode([]Answer{{Command: command, Lines: []string{line}}})
			if len(got.Rejects) > 0 || len(got.Observation.Registration) != 1 || got.Observation.Registration[0] != want {
				t.Fatalf("%q to %q\ngot  %+v %v\nwant %+v", line, command, got.Observation.Registration, got.Rejects, want)
			}
		}
	})
}

// Where the shape is ambiguous, the command decides.
func TestRegistrationShape(t *testing.T) {
	for _, x := range []struct {
		columns string
		want    shape
		owns    bool
	}{
		{"1", isURC, false},
		{"2,1", isReply, true},
		{"2,,", isURC, false},
		{"2,1,81ED,1A9CEB", isReply, true},
		{"2,0,00,0", isReply, true},
		{"1,84CD,00D30173", isURC, false},
		{"1,5,2715", isEither, true},
		{"6,5,2715", isURC, false},
		{"5,1F00,79D903,7,0,15", isURC, false},
		{"5,5,1F00,79D903,7", isReply, true},
		{"2,1,1A2D001,7", isURC, false}, // the area is 1: the next column is too long for one
		{"3,3,,,,0,15", isReply, true},
		{"3,,,,0,15", isURC, false},
	} {
		f := strings.Split(x.columns, ",")
		require.Equal(t, x.want, registrationShape(f), x.columns)
		require.Equal(t, x.owns, ownsRegistration(f), x.columns)
	}
	require.False(t, ownsRegistration(nil))
	line := []string{"+CREG: 1,5,2715"}
	asked := generic.Decode([]Answer{{Command: "+CREG?", Lines: line}})
	require.Equal(t, cell.Some(uint8(5)), asked.Observation.Registration[0].Status)
	told := generic.Decode([]Answer{{Lines: line}})
	require.Equal(t, cell.Some(uint8(1)), told.Observation.Registration[0].Status)
}
