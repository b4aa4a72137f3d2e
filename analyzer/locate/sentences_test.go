package locate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer/locate"
	"vigie/cell"
	"vigie/words"
)

func TestSentences(t *testing.T) {
	named := locate.Result{Samples: 40, Loudest: cell.Some(cell.DBm(-71)), Regions: []locate.Region{{P: 0.5, Area: 0.042}, {P: 0.9, Area: 0.4}},
		Best: locate.LatLon{Lat: 50.85031, Lon: -4.35}, Within: 128, ShowBest: true, Window: 64}
	large := named
	large.ShowBest, large.Mirror, large.Widened, large.Loudest = false, true, locate.Moving, cell.Some(cell.DBm(-90))
	large.Offsets = []locate.Offset{{Sensor: "a\x1b", DB: -1.25}, {Sensor: "b", DB: 1.25}}
	large.Refused = locate.Refused{Duplicate: 2}
	for _, test := range []struct {
		lang   string
		result locate.Result
		want   []string
	}{
		{"en", named, []string{"Within about 130\u00a0m of 50.8503, −4.35, with one chance in two; with 9 chances in 10 somewhere in 0.4\u00a0km².", "heard at −71 dBm at most", "Do not go looking for it."}},
		{"fr", named, []string{"À environ 130\u00a0m de 50,8503", "avec 9 chances sur 10 quelque part dans 0,4\u00a0km².", "N’allez pas à sa recherche."}},
		{"en", large, []string{"somewhere in 0.4\u00a0km², with one chance in two in 0.04\u00a0km², of 64 km² that were searched", "its other side is about as likely", "It may have been moving", "a? −1.3 dB, b 1.3 dB", "2 samples were not used"}},
		{"en", locate.Result{NoPlace: locate.NotHeard}, []string{"No place: it was never heard"}},
		{"en", locate.Result{NoPlace: locate.TooFew, Samples: 4}, []string{"only 4 moments", "At least 5"}},
		{"en", locate.Result{NoPlace: locate.TooWeak, Loudest: cell.Some(cell.DBm(-99))}, []string{"heard at −99 dBm at most. Under −95 dBm"}},
		{"fr", locate.Result{NoPlace: locate.ShortPath}, []string{"sur moins de 100"}},
	} {
		text := strings.Join(test.result.Sentences(test.lang), " ")
		for _, want := range test.want {
			require.Contains(t, text, want)
		}
		require.NotContains(t, text, "%!")
		if test.result.NoPlace != "" {
			require.NotContains(t, text, "km²")
		}
	}
	require.NotContains(t, strings.Join(large.Sentences("en"), " "), "50.85", "no point where the area is large")
}

// Every text of the catalogue is used.
func TestEverySentenceIsUsed(t *testing.T) {
	var all strings.Builder
	for _, lang := range []string{"en"} {
		for _, r := range []locate.Result{
			{NoPlace: locate.NotHeard, Refused: locate.Refused{Absurd: 1}}, {NoPlace: locate.TooFew, Refused: locate.Refused{Absurd: 2}}, {NoPlace: locate.TooWeak}, {NoPlace: locate.ShortPath},
			{ShowBest: true, Mirror: true, Widened: locate.Moving, Loudest: cell.Some(cell.DBm(-60)), Regions: make([]locate.Region, 2), Offsets: []locate.Offset{{Sensor: "a"}}},
			{Widened: locate.Directional, Loudest: cell.Some(cell.DBm(-70)), Regions: make([]locate.Region, 2)}, {Loudest: cell.Some(cell.DBm(-90)), Regions: make([]locate.Region, 2)},
		} {
			all.WriteString(strings.Join(r.Sentences(lang), "\n") + "\n")
		}
	}
	for _, key := range words.Keys("locate") {
		begin, _, _ := strings.Cut(words.Translate("en", key), "%")
		require.Contains(t, all.String(), strings.TrimSpace(begin), key)
	}
}
