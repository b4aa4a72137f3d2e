package dialect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// Cut at any byte, a line gives no value that the whole line does not give at the same place: nothing shifts, and the
// column that was cut is not read.
func TestCutAnywhere(t *testing.T) {
	for _, x := range transcripts(t) {
		t.Run(x.path, func(t *testing.T) {
			d, err := ByName(x.family)
			require.NoError(t, err)
			for line := range strings.Lines(x.input) {
				line = strings.TrimRight(line, "\r\n")
				if line == "" || !strings.Contains("+#!^%", line[:1]) {
					continue
				}
				whole := d.Decode([]Answer{{Lines: []string{line}}})
				if len(whole.Rejects) > 0 {
					continue // nothing is claimed about rows that cannot be read whole
				}
				for i := range len(line) {
					part := d.Decode([]Answer{{Lines: []string{line[:i]}, cut: true}})
					sane(t, &part.Observation)
					requirePart(t, &part, &whole, line[:i])
				}
			}
		})
	}
}

// Cut at any byte with the next line glued to it, a line gives nothing that neither of the two gives.
func TestGluedAnywhere(t *testing.T) {
	next := `+CEREG: 1,"2AFB","02FAA03",7`
	x := generic.Decode([]Answer{{Lines: []string{next}}})
	registered := x.Observation.Serving
	for _, x := range transcripts(t) {
		t.Run(x.path, func(t *testing.T) {
			d, err := ByName(x.family)
			require.NoError(t, err)
			for line := range strings.Lines(x.input) {
				line = strings.TrimRight(line, "\r\n")
				if line == "" || !strings.Contains("+#!^%", line[:1]) || strings.Contains(line, "+COPS: (") {
					continue
				}
				two := d.Decode([]Answer{{Lines: []string{line}}, {Lines: []string{next}}})
				if len(two.Rejects) > 0 {
					continue
				}
				for i := range len(line) {
					one := d.Decode([]Answer{{Lines: []string{line[:i] + next}}})
					sane(t, &one.Observation)
					if i > 0 && !strings.Contains(line[:i], ":") {
						continue // half a prefix; the rest of the line is read
					}
					if s := one.Observation.Serving; s != nil && partOf(s, registered) {
						one.Observation.Serving = nil // made of the second line
					}
					requirePart(t, &one, &two, line[:i]+next)
				}
			}
		})
	}
}

// With any one comma lost or doubled, a line gives nothing that it does not give whole. Registrations without quotes are
// left out: without its second comma, 2,0,00 is 2,000, and that is a well-formed unsolicited line. So is 11,"2B2A" where 1,1,"2B2A" was meant.
func TestCommaLostOrDoubled(t *testing.T) {
	for _, x := range transcripts(t) {
		t.Run(x.path, func(t *testing.T) {
			d, err := ByName(x.family)
			require.NoError(t, err)
			for line := range strings.Lines(x.input) {
				line = strings.TrimRight(line, "\r\n")
				whole := d.Decode([]Answer{{Lines: []string{line}}})
				if len(whole.Rejects) > 0 || strings.Contains(line, "+COPS: (") || strings.Contains(line, "REG:") && !strings.Contains(line, `"`) {
					continue
				}
				for i := range len(line) {
					if line[i] != ',' {
						continue
					}
					for _, broken := range []string{line[:i] + line[i+1:], line[:i] + "," + line[i:]} {
						if strings.HasPrefix(broken, "+CREG: 11,") {
							continue
						}
						one := d.Decode([]Answer{{Lines: []string{broken}}})
						sane(t, &one.Observation)
						requirePart(t, &one, &whole, broken)
					}
				}
			}
		})
	}
}

func requirePart(t *testing.T, part, whole *Decoded, text string) {
	t.Helper()
	p, w := &part.Observation, &whole.Observation
	if p.Serving != nil {
		require.True(t, w.Serving != nil && partOf(p.Serving, w.Serving), "%s\ngot  %+v\nfrom %+v", text, p.Serving, w.Serving)
	}
	for _, list := range []struct{ part, whole []cell.Cell }{{p.Neighbours, w.Neighbours}, {p.Secondary, w.Secondary}, {cells(part.Sweep), cells(whole.Sweep)}} {
		for i := range list.part {
			found := false
			for j := range list.whole {
				found = found || partOf(&list.part[i], &list.whole[j])
			}
			require.True(t, found, "%s\ngot  %+v\nfrom %+v", text, list.part[i], list.whole)
		}
	}
	for _, g := range p.Registration {
		found := false
		for _, h := range w.Registration {
			found = found || g.Domain == h.Domain && !(g.Status.Known() && g.Status != h.Status) && !(g.AcT.Known() && g.AcT != h.AcT) &&
				!(g.Area.Known() && g.Area != h.Area) && !(g.CellID.Known() && g.CellID != h.CellID) &&
				!(g.CauseType.Known() && g.CauseType != h.CauseType) && !(g.Cause.Known() && g.Cause != h.Cause)
		}
		require.True(t, found, "%s\ngot  %+v\nfrom %+v", text, g, w.Registration)
	}
	if p.Position != nil {
		require.Equal(t, w.Position.Lat, p.Position.Lat, text)
		require.Equal(t, w.Position.Lon, p.Position.Lon, text)
	}
}

func cells(sweep []cell.Observation) (list []cell.Cell) {
	for _, o := range sweep {
		list = append(list, *o.Serving)
	}
	return list
}
