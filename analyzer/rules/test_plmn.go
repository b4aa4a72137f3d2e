package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// labPLMNs are networks that nobody runs for the public: the test MCC 001 and the internal-use MCC 999 (ITU-T E.212 annex A), and
// the defaults of free base station software. An empty MNC means all.
var labPLMNs = []struct {
	plmn cell.PLMN
	what string
}{
	{cell.PLMN{MCC: "001"}, "a test network by ITU-T E.212"},
	{cell.PLMN{MCC: "999"}, "for internal use by ITU-T E.212"},
	{cell.PLMN{MCC: "208", MNC: "92"}, "a test network, and a default of OpenAirInterface"},
	{cell.PLMN{MCC: "208", MNC: "93"}, "not assigned, and a default of OpenAirInterface"},
	{cell.PLMN{MCC: "901", MNC: "70"}, "a default of Osmocom and srsRAN test set-ups"},
}

var testPLMN = analyzer.Rule{
	ID: "test-plmn", Version: 2, Title: "a network that nobody runs: test, lab or not allotted",
	Needs: cell.FieldMCC | cell.FieldMNC, Cause: "plmn",
	Min: analyzer.Medium, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Defining,
	Innocent: []string{
		"a laboratory, a school or a private network near by that transmits more than it should",
		"a femtocell or repeater that was never configured",
		"a network that was allotted its code after the built-in table was made",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Entered() {
			return false
		}
		p := v.PLMN(&on.Cell)
		what, prior := unusedPLMN(p)
		if what == "" {
			return false
		}
		if n := v.Base.Network(&on.Cell); n != nil && n.N > 20 && v.Now-n.First > 24*3600_000 {
			return false // it is in regular use here
		}
		s.P = v.Rate(prior, analyzer.PerStay)
		s.Say("%s says that it belongs to network %s, which is %s", &on.Cell, p, what)
		s.Suspect(&on.Cell)
		return true
	},
}

// unusedPLMN says why nobody runs a network, and how rare it is by chance; what is empty if somebody may run it.
func unusedPLMN(p cell.PLMN) (what string, prior float64) {
	if !p.Known() {
		return "", 0
	}
	for _, l := range labPLMNs {
		if p.Same(l.plmn) || l.plmn.MNC == "" && p.Canonical().MCC == l.plmn.MCC {
			return l.what, 1e-4
		}
	}
	switch n := p.Listed(); {
	case n.Status == cell.NotListed && n.Country == "" && p.MCC != "901": // shared by ships, aircraft and satellites; more each year
		return "of a country code that no country has", 1e-3
	case n.Status == cell.NotListed:
		return "not allotted, as far as the built-in table of networks knows", 0.02 // the table may be old
	case n.Status == cell.NotOperational:
		return "closed or never opened, as far as the built-in table of networks knows", 0.05
	}
	return "", 0
}
