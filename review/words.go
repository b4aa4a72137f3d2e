package review

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"sync"
)

// catalogue holds every word of the pages: key, English, French.
//
//go:embed words.json
var catalogue []byte

//go:embed glance_words.json
var glanceCatalogue []byte // of the page for a phone

var words = sync.OnceValue(func() map[string]map[string]string {
	var all map[string]map[string]string
	for _, text := range [][]byte{catalogue, glanceCatalogue} {
		if err := json.Unmarshal(text, &all); err != nil {
			panic(err) // a test reads it
		}
	}
	return all
})

// wordIn is a word in a language, in English where it has none in that; a key that has none stands for itself, and a test finds
// it.
func wordIn(lang, key string) string {
	w := words()[key]
	return cmp.Or(w[lang], w["en"], key)
}
