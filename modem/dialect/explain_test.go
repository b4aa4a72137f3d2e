package dialect

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// Each value of recorded text is explained: by a row of the text, a column that it has, and a document.
func TestEveryValueIsExplained(t *testing.T) {
	columns, all := 0, 0
	for _, x := range transcripts(t) {
		d, err := ByName(x.family)
		require.NoError(t, err)
		rounds, _, err := DecodeText(strings.NewReader(x.input), d)
		require.NoError(t, err)
		for i := range rounds {
			o := &rounds[i].Observation
			fields := cell.Fields(0)
			for _, c := range slices.Concat(o.Neighbours, o.Secondary) {
				fields |= c.Fields()
			}
			if o.Serving != nil {
				fields |= o.Serving.Fields()
			}
			words := fields.Words()
			for _, g := range o.Registration {
				if g.Status.Known() {
					words = append(words, "registration.status")
				}
				if g.Cause.Known() {
					words = append(words, "registration.cause")
				}
			}
			if o.Position != nil {
				words = append(words, "position")
			}
			for _, word := range words {
				if !slices.ContainsFunc(rounds[i].Values, func(v Value) bool { return v.Field == word }) {
					t.Errorf("%s: nothing explains %s of\n%s", x.path, word, strings.Join(o.Raw, "\n"))
				}
			}
			for _, v := range rounds[i].Values {
				require.NotEmpty(t, v.Document, "%s: no document for %+v: add one in modem/dialect/documents.go", x.path, v)
				require.NotEmpty(t, v.Line, x.path)
				all++
				if v.Column > 0 || v.Label != "" {
					columns++
					require.NotEmpty(t, v.Text, "%s: %+v", x.path, v)
				}
			}
		}
	}
	require.Greater(t, columns, all*8/10, "nearly every value has a column or a label")
}

func TestExplained(t *testing.T) {
	rounds, _, err := DecodeText(strings.NewReader(`+QENG: "servingcell","NOCONN","LTE","FDD",262,03,2FAA03,187,6200,20,3,3,2AFB,-105,-11,-76,10,23`+"\n"), nil)
	require.NoError(t, err)
	find := func(field string) Value {
		i := slices.IndexFunc(rounds[0].Values, func(v Value) bool { return v.Field == field })
		require.GreaterOrEqual(t, i, 0, field)
		return rounds[0].Values[i]
	}
	for field, column := range map[string]int{"state": 2, "mcc": 5, "mnc": 6, "cell_id": 7, "pci": 8, "arfcn": 9, "band": 10, "bandwidth_khz": 12, "area": 13, "rsrp": 14, "rsrq": 15, "rssi": 16, "sinr": 17, "srxlev": 18} {
		v := find(field)
		require.Equal(t, column, v.Column, field)
		require.Contains(t, v.Document, "Quectel EC2x AT manual 6.17")
	}
	require.Equal(t, "2AFB", find("area").Text)
	x := quectel.Decode([]Answer{{Lines: []string{lteRow}}})
	require.Nil(t, x.Values, "only of recorded text")
}
