package main

import (
	"vigie/analyzer"
	"vigie/cmd/vigie/config"
)

// engineMaker makes analyzers by the configuration, with the cell database of a store.
func engineMaker(c config.Config, atlas analyzer.Atlas) func() *analyzer.Engine {
	return func() *analyzer.Engine {
		return analyzer.New(c.Rules(), analyzer.Options{AlertsPerMonth: c.Analyzer.AlertsPerMonth, Atlas: atlas})
	}
}
