package evidence

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCoarseTextsKeepMeasurementsOnly(t *testing.T) {
	c := NewCoarsener(Coarse)
	for in, want := range map[string]string{
		"fell from a 4G cell at -45 dBm to a 2G cell":             "fell from a 4G cell at -45 dBm to a 2G cell",
		"cell 11016963 gave area 4661, and 4660 on 6 days before": "cell … gave area …, and … on 6 days before",
		"LTE cell 76808710 (area 12060), eNB 300034/70":           "LTE cell … (area …), eNB …/…",
		"cell 0xA81A02 of 206-01":                                 "cell … of …",
		"for 30 s, v2, 12.5 dB, 99 %":                             "for 30 s, v2, 12.5 dB, 99 %",
		"cell 7 s":                                                "cell 7 s",
		"area 12345 days":                                         "area …",
	} {
		require.Equal(t, want, c.text(in), in)
	}
}
