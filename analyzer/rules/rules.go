// Package rules is the list of what Vigie looks for, one file and one page a rule. A rule is a value that reads the
// engine's view; it keeps no state, asks no clock, and knows no other rule.
package rules

import "vigie/analyzer"

// All lists every rule, in the order in which they look at an observation.
func All() []analyzer.Rule {
	return []analyzer.Rule{
		testPLMN,
		areaCodeMismatch,
		downgrade2G,
		registrationRejected,
	}
}
