// Package rules is the list of what Vigie looks for: one file and one page per rule. A rule is a value that reads the engine's view;
// what it must remember is in a statistic that it declares in the same file. It asks no clock and does not know the other
// rules.
package rules

import "vigie/analyzer"

// All returns every rule, in the order in which they look at an observation.
func All() []analyzer.Rule { return With(shipped()) }

// With is All with another table of RATs that are switched off.
func With(off SwitchedOff) []analyzer.Rule {
	return []analyzer.Rule{
		// identity: what the cell claims to be
		testPLMN,
		foreignNetwork,
		areaCodeMismatch,
		strangeArea,
		lonelyArea,
		newCell,
		newResident,
		strayNumber,
		movedCell,
		twinCell,
		farFromHome,
		unlistedCell,
		newChannel,
		impossibleChannel,
		lostArea,
		// radio: how it is heard
		tooStrong,
		loudNewcomer,
		levelStep,
		poorQuality,
		timingJump,
		dominantCell,
		noNeighbours,
		strangeNeighbours,
		jamming,
		jamCapture,
		lostBand,
		narrowCell,
		lostCarriers,
		// behaviour: what it does to the modem
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
