// Package rules is the list of what Vigie looks for, one file and one page a rule. A rule is a value that reads the
// engine's view; it keeps no state, asks no clock, and knows no other rule.
package rules

import "vigie/analyzer"

// All lists every rule, in the order in which they look at an observation.
func All() []analyzer.Rule { return With(shipped()) }

// With is All by another table of RATs that are switched off.
func With(off SwitchedOff) []analyzer.Rule {
	return []analyzer.Rule{
		// who the cell says it is
		testPLMN,
		foreignNetwork,
		areaCodeMismatch,
		strangeArea,
		lonelyArea,
		newCell,
		strayNumber,
		movedCell,
		twinCell,
		farFromHome,
		unlistedCell,
		newChannel,
		impossibleChannel,
		lostArea,
		// how it sounds
		tooStrong,
		loudNewcomer,
		levelStep,
		poorQuality,
		timingJump,
		dominantCell,
		noNeighbours,
		strangeNeighbours,
		jamming,
		lostBand,
		narrowCell,
		lostCarriers,
		// what it does to you
		downgrade2G,
		downgrade3G,
		switchedOffRAT(off),
		modemsDisagree,
		captureRelease,
		stepBack,
		registrationRejected,
		limitedService,
		networkDetach,
		priorityLure,
		pingPong,
		networkTime,
	}
}
