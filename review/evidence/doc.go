// Package evidence answers what one or several stores know of an event, a period, a sensor or a cell: what was recorded around
// it, in which order things changed, what could be seen at all, what is usual at the place, and what other sensors saw.
//
// A Library covers the stores and, if there is one, a shared server. A Store is one of them, a Sensor is one sensor in it, an
// Entry is the summary of an event in the list of all, and a Window is what was recorded in a period. All times that it returns
// are corrected: where the clock of a sensor was set later, they are the times at which things happened. The stored record stays
// unchanged, and is returned only where the name says so (Stored, Was).
//
// It refuses to write to a store, to reach a network, to ask a clock (Options.Now is an input), to produce HTML, and to return the
// identity of a subscriber or device: everything that leaves it passes Cleaner. It holds no rules: what today's rules would find is
// a function that the caller provides.
package evidence
