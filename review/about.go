package review

import (
	"net/http"
	"slices"

	"vigie/analyzer"
)

func (rv *Review) showAbout(w http.ResponseWriter, r *http.Request) {
	rv.render(w, r, http.StatusOK, "about", "about.title", struct {
		Software string
		Rules    []analyzer.Rule
		Licences []string
	}{rv.o.Software, rv.o.Rules, licences()})
}

// licences are the paths of the licences of third-party files.
func licences() []string {
	var all []string
	for p := range assets() {
		if len(p) > 8 && p[len(p)-8:] == "/LICENSE" {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all
}
